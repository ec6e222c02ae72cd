#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs fuzz/oss-fuzz/build.sh on a clean copy of the tree, with the environment that OSS-Fuzz gives it, and
every harness that it makes.

    oss-fuzz.py ROOT [SANITIZER...]

SANITIZER is address (default) or undefined.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import zipfile

import clean_tree

# infra/base-images/base-builder of OSS-Fuzz: compile, Dockerfile.
FLAGS = {
    "address": "-fsanitize=address -fsanitize-address-use-after-scope",
    "undefined": "-fsanitize=bool,builtin,enum,function,integer-divide-by-zero,null,object-size,return,"
                 "returns-nonnull-attribute,shift,signed-integer-overflow,unsigned-integer-overflow,"
                 "unreachable,vla-bound,vptr -fno-sanitize-recover=bool,builtin,enum,function,"
                 "integer-divide-by-zero,null,object-size,return,returns-nonnull-attribute,shift,"
                 "signed-integer-overflow,unreachable,vla-bound,vptr",
}
COMMON = "-O1 -fno-omit-frame-pointer -gline-tables-only -Wno-error -fsanitize=fuzzer-no-link"
# What the base image that runs harnesses has; everything else has to be linked in.
MAY_NEED = re.compile(r"(linux-vdso|libc|libm|libgcc_s|libstdc\+\+|libpthread|libdl|librt|ld-linux.*)\.so")


def packages_of_dockerfile(root):
    text = (root / "fuzz/oss-fuzz/Dockerfile").read_text().replace("\\\n", " ")
    return set(re.search(r"apt-get install -y (.*)", text)[1].split())


def packages_of_build(root):
    listed = subprocess.run([root / "tools/install-deps", "--list", "build"], stdout=subprocess.PIPE, text=True,
                            check=True).stdout.split()
    base = {"gcc", "libc6-dev", "binutils", "make", "python3", "meson", "ninja-build"}
    return set(listed) - base


def build(root, scratch, sanitizer):
    """OUT of OSS-Fuzz."""
    folders = {name: scratch / name.lower() for name in ("SRC", "WORK", "OUT")}
    for folder in folders.values():
        folder.mkdir()
    clean_tree.copy(root, folders["SRC"] / "rapidreboot")
    compiler = os.environ.get("CC", "")
    env = {**os.environ, **{name: str(folder) for name, folder in folders.items()},
           "CC": compiler if "clang" in compiler else "clang", "SANITIZER": sanitizer,
           "CFLAGS": f"{COMMON} {FLAGS[sanitizer]}", "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer",
           "FUZZING_ENGINE": "libfuzzer", "ARCHITECTURE": "x86_64"}
    result = subprocess.run([folders["SRC"] / "rapidreboot/fuzz/oss-fuzz/build.sh"], env=env, text=True,
                            cwd=folders["SRC"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=3600)
    if result.returncode != 0:
        sys.exit(f"oss-fuzz: build.sh failed:\n{result.stdout[-4000:]}")
    return folders["OUT"]


def try_harness(out, name, scratch):
    """A word about what is wrong, or nothing. Its seeds come from the archive beside it."""
    seeds = scratch / name
    with zipfile.ZipFile(out / f"fuzz-{name}_seed_corpus.zip") as archive:
        archive.extractall(seeds)
    if not any(seeds.iterdir()):
        return "no seeds"
    needed = subprocess.run(["ldd", out / f"fuzz-{name}"], stdout=subprocess.PIPE, text=True,
                            check=True).stdout.split("\n")
    foreign = [line.split()[0] for line in needed if line.strip() and not MAY_NEED.search(line)]
    if foreign:
        return f"needs {', '.join(foreign)}"
    run = subprocess.run([out / f"fuzz-{name}", "-runs=0", seeds], stdin=subprocess.DEVNULL, text=True,
                         errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600)
    if run.returncode != 0 or "INITED cov:" not in run.stdout:
        return f"exit status {run.returncode}\n{run.stdout[-2000:]}"
    return "" if (out / f"fuzz-{name}.options").is_file() else "no options"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    names = subprocess.run([root / "tools/fuzz.py", "--list"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.split()
    differing = packages_of_dockerfile(root) ^ packages_of_build(root)
    failures = [f"packages of Dockerfile and tools/install-deps differ: {differing}"] if differing else []
    passed = not differing
    for sanitizer in sys.argv[2:] or ["address"]:
        with tempfile.TemporaryDirectory(prefix="oss-fuzz.") as folder:
            scratch = pathlib.Path(folder)
            out = build(root, scratch, sanitizer)
            found = {name: try_harness(out, name, scratch / "seeds") for name in names}
        failures += [f"{sanitizer}: fuzz-{name}: {why}" for name, why in found.items() if why]
        passed += sum(not why for why in found.values())
    print("\n".join(failures), end="\n" if failures else "")
    print(f"{passed} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
