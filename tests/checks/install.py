#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`make install DESTDIR=… PREFIX=…` puts everything in its place, it works from there, and `make uninstall`
removes all of it.

    install.py ROOT SCRATCH

SCRATCH keeps the build between runs. What must be there follows from the tree: a command for each
table in completions/, a man page for each source in man/, the header, the library, its .pc file.
"""
import os
import pathlib
import shutil
import subprocess
import sys

PREFIX = "/opt/rapid"
VERSION_NODE = "1"


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, what):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"failed: {what}", flush=True)
        return ok


def environment():
    env = dict(os.environ)
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                 "MALLOC_PERTURB_"):
        env.pop(name, None)
    return env


def run(command, **more):
    return subprocess.run(command, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **more)


def expected(root):
    """Path below the prefix -> what it is; LIBDIR stands for the folder of the library."""
    files = {"include/libkexec.h": "header", "LIBDIR/libkexec.so": "link for the linker",
             f"LIBDIR/libkexec.so.{VERSION_NODE}": "library", "LIBDIR/pkgconfig/libkexec.pc": "pkg-config"}
    for table in (root / "completions").glob("*.opts"):
        files[f"sbin/{table.stem}"] = "command"
        files[f"share/bash-completion/completions/{table.stem}"] = "completion"
        files[f"share/zsh/site-functions/_{table.stem}"] = "completion"
        files[f"share/fish/vendor_completions.d/{table.stem}.fish"] = "completion"
    files["libexec/rapidreboot/rapidreboot-capture"] = "program of the capture initramfs"
    for page in (root / "man").glob("*.scd"):
        files[f"share/man/man{page.stem[-1]}/{page.stem}"] = "man page"
    return files


def check_man(checks, installed):
    for page in sorted((installed / "share/man").rglob("*.[1-8]")):
        result = run(["groff", "-man", "-ww", "-Tutf8", "-z", page])
        checks.check(result.returncode == 0 and not result.stdout, f"{page.name}: {result.stdout}")


def check_example(checks, root, scratch, dest, libdir, env):
    """docs/example.c builds with what pkg-config says, and starts with the installed library."""
    env = dict(env, PKG_CONFIG_PATH=str(libdir / "pkgconfig"), PKG_CONFIG_SYSROOT_DIR=str(dest))
    flags = run(["pkg-config", "--cflags", "--libs", "libkexec"], env=env)
    if not checks.check(flags.returncode == 0, f"pkg-config: {flags.stdout}"):
        return
    program = scratch / "example"
    built = run(["cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-o", program,
                 root / "docs/example.c", *flags.stdout.split()])
    if not checks.check(built.returncode == 0, f"docs/example.c: {built.stdout}"):
        return
    started = run([program], env=dict(env, LD_LIBRARY_PATH=str(libdir)))
    checks.check(started.returncode == 2 and "usage" in started.stdout,
                 f"docs/example.c without arguments: {started.returncode} {started.stdout}")


def check_uninstall(checks, root, scratch, dest, env):
    """Only what was not installed stays, and a second time there is nothing to remove."""
    foreign = dest / PREFIX.lstrip("/") / "share/man/man8/foreign.8"
    foreign.write_text("of another package\n")
    command = ["make", "-C", root, f"BUILD={scratch}/build", "uninstall", f"PREFIX={PREFIX}"]
    result = run(command, env=env)
    left = [p for p in dest.rglob("*") if not p.is_dir()]
    checks.check(result.returncode == 0 and left == [foreign], f"make uninstall: {left[:5]} {result.stdout}")
    result = run(command, env=env)
    checks.check(result.returncode == 2 and "nothing was installed" in result.stdout and foreign.exists(),
                 f"a second make uninstall: {result.stdout}")


def main():
    root, scratch = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    dest = scratch / "dest"
    shutil.rmtree(dest, ignore_errors=True)
    scratch.mkdir(parents=True, exist_ok=True)
    env = environment()
    result = run(["make", "-C", root, f"BUILD={scratch}/build", "install",
                  f"DESTDIR={dest}", f"PREFIX={PREFIX}"], env=env)
    checks = Checks()
    if not checks.check(result.returncode == 0, f"make install: {result.stdout[-4000:]}"):
        print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
        return 1

    installed = dest / PREFIX.lstrip("/")
    libdirs = [p.parent for p in installed.rglob("libkexec.so")]
    libdir = libdirs[0] if libdirs else installed / "lib"
    for path, what in sorted(expected(root).items()):
        place = libdir / path[7:] if path.startswith("LIBDIR/") else installed / path
        checks.check(place.exists(), f"{what} {path} was not installed")
    outside = [p for p in dest.rglob("*") if p.is_file() and installed not in p.parents]
    checks.check(not outside, f"installed outside PREFIX: {outside}")
    for table in (root / "completions").glob("*.opts"):
        built = scratch / "build" / "bin" / table.stem
        checks.check(built.is_file() and not built.is_symlink() and os.access(built, os.X_OK),
                     f"build/bin/{table.stem} is no executable regular file")
    checks.check(any((scratch / "build/lib").glob("libkexec.so*")), "no library in build/lib")
    check_man(checks, installed)
    check_example(checks, root, scratch, dest, libdir, env)
    check_uninstall(checks, root, scratch, dest, env)
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
