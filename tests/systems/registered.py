#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Check G8 (scripts that init does not run) on the files of whole systems, without a machine.

    tests/systems/registered.py [--build DIR] [--debs DIR] [SYSTEM…]

For each system: without the software the check refuses; with the package it finds nothing; after
`make install` it finds nothing where that is enough, and otherwise refuses with a command, which is run
in the tree and after which it finds nothing. Works on a copy of what is on the system's disk
(build.py), by dpkg, update-rc.d and rc-update of that system, in namespaces of their own. Needs root.
"""
import argparse
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "vm")]
# pylint: disable=wrong-import-position
import build
import images
import machine
import ready
import recipes

hook_order = __import__("hook-order")

# Program of process 1 under each init system, and how it is called.
PROCESS_1 = {"sysvinit": ("/usr/sbin/init", "init [2]"), "openrc": ("/usr/sbin/init", "init [2]"),
             "runit": ("/usr/sbin/runit", "runit"), "finit": ("/usr/sbin/finit", "/sbin/init"),
             "systemd": ("/usr/lib/systemd/systemd", "/sbin/init")}
# Where `make install` alone is enough: units are enabled by themselves.
ENOUGH = ("systemd",)
TIMEOUT = 300


def inside(tree, script):
    """Runs a script of the system; what it says is said when it fails."""
    done = subprocess.run(["unshare", "--mount", "--net", "--ipc", "--uts", "--pid", "--fork",
                           "--kill-child", "chroot", tree, "sh", "-ec", script],
                          env={"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                               "DEBIAN_FRONTEND": "noninteractive"},
                          timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise machine.Trouble(f"`{script}` ended with {done.returncode}:\n{done.stdout[-1500:]}")


def take_process_1(tree, init):
    """The tree as if that system ran."""
    program, called = PROCESS_1[init]
    folder = tree / "proc/1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "exe").unlink(missing_ok=True)
    (folder / "exe").symlink_to(program)
    (folder / "cmdline").write_text(called + "\0")
    (folder / "comm").write_text(program.rsplit("/", 1)[1] + "\n")
    (tree / "run").mkdir(exist_ok=True)
    if init == "openrc":
        (tree / "run/openrc").mkdir(exist_ok=True)
        (tree / "run/openrc/softlevel").write_text("default\n")
    if init == "systemd":
        (tree / "run/systemd/system").mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(tree / program.lstrip("/")):
        raise machine.Trouble(f"{init}: no {program} in the tree")


def look(program, tree):
    run = subprocess.run([program, "check", "--json", "--root", tree], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60,
                         check=False)
    checks = json.loads(run.stdout)["checks"]
    return next(check for check in checks if check["id"] == "G8")


def expect(found, status, when):
    if found["status"] != status:
        yield f"{when}: G8 is {found['status']}, not {status}: {found['evidence']}"
    elif status == "finding" and found["severity"] != "refuse":
        yield f"{when}: G8 is a {found['severity']}: {found['evidence']}"


def by_package(program, tree, debs):
    [deb] = glob.glob(os.path.join(debs, "rapidreboot_*.deb"))
    shutil.copy(deb, tree / "root")
    yield from expect(look(program, tree), "finding", "without the software")
    inside(tree, "dpkg -i --force-depends /root/rapidreboot_*.deb")
    yield from expect(look(program, tree), "ok", "with the package")
    inside(tree, "dpkg --purge rapidreboot")
    yield from expect(look(program, tree), "finding", "after the package was purged")


def by_make_install(program, tree, init, payload):
    with tarfile.open(payload) as archive:
        archive.extractall(tree)
    found = look(program, tree)
    if init in ENOUGH:
        yield from expect(found, "ok", "after make install")
        return
    yield from expect(found, "finding", "after make install")
    command = (found["remedy"] or "").partition("as root: ")[2].rstrip(".")
    if not command:
        yield f"after make install: no command in {found['remedy']!r}"
        return
    inside(tree, command)
    yield from expect(look(program, tree), "ok", f"after `{command}`")


def try_system(name, args, payload):
    system = recipes.SYSTEMS[name]
    program = os.path.join(args.build, "src/cli/rapidreboot/rapidreboot")
    with tempfile.TemporaryDirectory(prefix="registered.") as scratch:
        tree = hook_order.tree_of(system, pathlib.Path(scratch))
        os.chmod(scratch, 0o755)
        take_process_1(tree, system.init)
        problems = list(by_package(program, tree, args.debs)) if system.init != "systemd" else []
        return problems + list(by_make_install(program, tree, system.init, payload))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--build", default=os.path.join(images.TOP, "build/work"), metavar="DIR")
    parser.add_argument("--debs", default=os.path.join(images.TOP, "build/deb"), metavar="DIR")
    parser.add_argument("systems", nargs="*", metavar="SYSTEM")
    args = parser.parse_args()
    names = args.systems or [name for name, system in recipes.SYSTEMS.items()
                             if system.init != "systemd" or name == "bookworm-systemd"]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="registered-payload.") as folder:
        payload = ready.payload(args.build, folder)
        for name in names:
            try:
                problems = try_system(name, args, payload)
            except (machine.Trouble, OSError, subprocess.SubprocessError, ValueError) as trouble:
                problems = [str(trouble)]
            print("FAIL" if problems else "ok  ", name, flush=True)
            for problem in problems:
                print("     " + problem.replace("\n", "\n     "), flush=True)
            failed += bool(problems)
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
