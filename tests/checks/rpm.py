#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the packages of packaging/rpm, and installs, upgrades and removes them below a root with a database of rpm.

    rpm.py ROOT [FOLDER]

FOLDER has packages already (RPMS/ARCH/*.rpm): then these are looked at, and nothing is built.
Needs rpmbuild (Debian: rpm) and a static busybox, which is the shell of the root.
"""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import clean_tree
import tally
from tally import check

# What no script of a package may do: start a kernel, load one, restart anything.
FORBIDDEN = re.compile(r"kexec -|\breboot\b|shutdown|poweroff|\bload\b(?!\.)|enable --now|\bstart\b|restart")
# Debian's rpm would have people use alien.
DEBIANS = re.compile(r"^rpm: (RPM should not be used directly|However assuming you know).*\n", re.M)


def run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=3600, errors="replace", check=False, **options)


def build(root, top):
    """rpmbuild of a clean copy, with folders as Fedora has them; those of Debian's rpm are Debian's."""
    version = re.search(r"version : '(.*)'", (root / "meson.build").read_text())[1]
    name = f"rapidreboot-{version}"
    clean_tree.copy(root, top / name)
    (top / "SOURCES").mkdir()
    subprocess.run(["tar", "-C", top, "-cJf", top / f"SOURCES/{name}.tar.xz", name], check=True)
    done = run("rpmbuild", "-bb", "--nodeps", "--define", f"_topdir {top}", "--define", "_libdir /usr/lib64",
               "--define", "_libexecdir /usr/libexec", root / "packaging/rpm/rapidreboot.spec")
    check(done.returncode == 0, f"rpmbuild: {done.stdout[-3000:]}")


def look(package, name):
    """What a package requires, and what its scripts do."""
    requires = run("rpm", "-qp", "--requires", package).stdout.split("\n")
    if name == "rapidreboot":
        odd = [line for line in requires if line and not re.match(
            r"(libc\.so|ld-linux|rtld|rpmlib|/bin/sh|/usr/bin/sh|config\()", line)]
        check(not odd, f"{package.name} requires {odd}")
        check("kexec-tools" in run("rpm", "-qp", "--conflicts", package).stdout, "no conflict with kexec-tools")
        example = [line for line in run("rpm", "-qplv", package).stdout.splitlines()
                   if "/rapidreboot/integration/" in line and line.startswith("-")]
        check(example and all(line.startswith("-rw-r--r--") for line in example), f"executable examples: {example}")
    script = run("rpm", "-qp", "--scripts", package).stdout
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("#")]
    bad = [line for line in lines if FORBIDDEN.search(line.replace("rapidreboot-load.service", ""))
           and "rapidreboot unload" not in line]
    check(not bad, f"{package.name}: {bad}")


def shell_root(where):
    """A root with a shell, in which the scripts of the packages run; it writes down what systemctl is told."""
    (where / "usr/bin").mkdir(parents=True)
    (where / "bin").symlink_to("usr/bin")
    busybox = shutil.which("busybox")
    shutil.copy(busybox, where / "usr/bin/busybox")
    for name in ("sh", "rm", "cat"):
        (where / "usr/bin" / name).symlink_to("busybox")
    (where / "dev").mkdir()
    (where / "dev/null").touch()
    told = where / "usr/bin/systemctl"
    told.write_text('#!/bin/sh\necho "$@" >>/told\n')
    told.chmod(0o755)


def files(where):
    return {str(p.relative_to(where)) for p in where.rglob("*")
            if (p.is_file() or p.is_symlink()) and "var/lib/rpm" not in str(p) and p.name != "told"}


def life(packages, where):
    """Installed, upgraded and removed: afterwards nothing of it is there, and nothing was started."""
    shell_root(where)
    before = files(where)
    common = ("--root", where, "--dbpath", "/var/lib/rpm")
    # Debian's database knows none of the C library; look() has seen what is required.
    for what, words in (("install", ["-i", "--nodeps"]), ("upgrade", ["-U", "--nodeps", "--replacepkgs"])):
        done = run("rpm", *common, *words, *packages)
        said = DEBIANS.sub("", done.stdout).strip()
        check(done.returncode == 0 and not said, f"{what}: {said}")
        check((where / "usr/sbin/rapidreboot").is_file(), f"{what}: no rapidreboot")
        check(not (where / "var/lib/rapidreboot/enabled").exists(), f"{what}: reboots are changed")
    check(run("rpm", *common, "-V", "--nodeps", "rapidreboot").returncode == 0, "rpm -V")
    names = [run("rpm", "-qp", "--qf", "%{name}", p).stdout for p in packages]
    done = run("rpm", *common, "-e", *names)
    check(done.returncode == 0, f"remove: {done.stdout}")
    check(files(where) == before, f"left or lost: {files(where) ^ before}")
    told = (where / "told").read_text().split("\n") if (where / "told").exists() else []
    check(any("preset" in line for line in told), f"systemctl was told {told}")
    check(not any(re.search(r"\b(re)?start\b|--now|isolate", line) for line in told), f"systemctl was told {told}")


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    for program in ("rpmbuild", "busybox"):
        if not shutil.which(program):
            sys.exit(f"rpm: {program} is not here: apt-get install rpm busybox-static")
    with tempfile.TemporaryDirectory(prefix="rpm.") as folder:
        top = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else pathlib.Path(folder) / "top"
        if len(sys.argv) == 2:
            top.mkdir()
            build(root, top)
        packages = sorted((top / "RPMS").rglob("*.rpm"))
        found = {run("rpm", "-qp", "--qf", "%{name}", p).stdout: p for p in packages}
        check(set(found) == {"rapidreboot", "libkexec1", "libkexec-devel"}, f"packages: {sorted(found)}")
        for name, package in found.items():
            look(package, name)
        if found:
            life(packages, pathlib.Path(folder) / "root")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
