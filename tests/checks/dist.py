#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`make dist` makes the same archive from two clones, of a commit alone, and refuses what is no release.

    dist.py ROOT
"""
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

import clean_tree
import tally
from tally import check


def run(*command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300, **more)


def repository(root, place):
    """The tree as the only commit of a new repository, at a time that does not change."""
    clean_tree.copy(root, place)
    env = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
           "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
           "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@invalid", "GIT_COMMITTER_NAME": "a",
           "GIT_COMMITTER_EMAIL": "a@invalid"}
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "release"]):
        subprocess.run(["git", "-C", place, *words], check=True, env=env)


def make(place, **env):
    return run(place / "tools/make-dist", place / "build/dist", env={**os.environ, **env})


def refused(place, change, text):
    """make-dist says @text after @change, and after that the tree is as before."""
    file, old, new = change
    before = (place / file).read_text()
    assert old in before
    (place / file).write_text(before.replace(old, new, 1))
    run("git", "-C", place, "-c", "user.name=a", "-c", "user.email=a@invalid", "commit", "-qam", "change")
    result = make(place)
    check(result.returncode == 1 and text in result.stdout, f"{file} with {new!r}: {result.stdout}")
    run("git", "-C", place, "reset", "-q", "--hard", "HEAD^")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    version = re.search(r"version : '([^']+)'", (root / "meson.build").read_text())[1]
    with tempfile.TemporaryDirectory(prefix="dist.") as scratch:
        one, two = pathlib.Path(scratch, "one"), pathlib.Path(scratch, "deeper/two")
        repository(root, one)
        subprocess.run(["git", "clone", "-q", one, two], check=True)
        archives = []
        for place, env in ((one, {"TZ": "UTC"}), (two, {"TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8"})):
            result = make(place, **env)
            check(result.returncode == 0, f"make-dist: {result.stdout}")
            archives.append(place / f"build/dist/rapidreboot-{version}.tar.xz")
        digests = [hashlib.sha256(a.read_bytes()).hexdigest() for a in archives]
        check(digests[0] == digests[1], "two clones make different archives")
        check(digests[0] in result.stdout, f"its digest is not printed: {result.stdout}")

        with tarfile.open(archives[0]) as archive:
            names = {n.name.partition("/")[2] for n in archive if n.isfile() or n.issym()}
            check({n.name.partition("/")[0] for n in archive} == {f"rapidreboot-{version}"}, "its one folder")
        tracked = set(run("git", "-C", one, "ls-files").stdout.splitlines())
        check(names == tracked, f"differs from the commit: {sorted(names ^ tracked)[:5]}")

        (one / "stray").write_text("not in the commit\n")
        result = make(one)
        check(result.returncode == 1 and "stray" in result.stdout, f"with a stray file: {result.stdout}")
        (one / "stray").unlink()
        refused(one, ("NEWS.md", f"## {version}", "## 0.0.9"), "NEWS.md begins with 0.0.9")
        refused(one, ("debian/changelog", f"({version})", "(0.0.9)"), "debian/changelog begins with 0.0.9")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
