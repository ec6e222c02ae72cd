#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What insserv and Debian's OpenRC make of our scripts: in which order, and with which signals.

    tests/systems/hook-order.py [TREE]

Works on a copy of TREE, a Debian with sysvinit-core, and with openrc if that is to be tried; by default
what is on the disk of bookworm-openrc, which build.py makes. The scripts of the package are put into it
and registered as its postinst does.
OpenRC goes up and down in namespaces without any privilege, with programs that only write down that
they were called in the place of mount, halt, reboot and rapidreboot. Needs root for the copy.
"""
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "vm")]
# pylint: disable=wrong-import-position
import build
import machine
import recipes

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
NAMES = ("load", "stopped", "jump")
RECORDED = ("mount", "umount", "swapoff", "killall5", "reboot", "halt", "poweroff", "shutdown",
            "hwclock", "fstab-decode", "udevadm", "sysctl", "rapidreboot")
RECORD = '#!/bin/sh\necho "%s $* RC_REBOOT=$RC_REBOOT" >>/log\n'
TIMEOUT = 300


def root_offset(raw):
    """Where the last partition of a disk begins, in bytes (UEFI 2.10, 5.3.3); the first table is at 2."""
    with open(raw, "rb") as disk:
        disk.seek(2 * 512)
        entries = [struct.unpack("<16s16sQQQ72s", disk.read(128)) for _ in range(8)]
    return max(first for kind, _, first, *_ in entries if any(kind)) * 512


def tree_of(system, scratch):
    """The files of the disk of @system."""
    build.ensure(system)
    raw, tree = scratch / "raw", scratch / "tree"
    tree.mkdir()
    subprocess.run(["qemu-img", "convert", "-O", "raw", build.disk_of(system), raw], check=True,
                   timeout=TIMEOUT)
    subprocess.run(["debugfs", "-R", f'rdump / "{tree}"', f"{raw}?offset={root_offset(raw)}"],
                   check=True, timeout=TIMEOUT, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    raw.unlink()
    if not (tree / "etc/rc6.d").is_dir():
        raise machine.Trouble(f"{system.name}: the disk's files cannot be read with debugfs")
    return tree


def chroot(tree, script):
    subprocess.run(["chroot", tree, "sh", "-ec", script], check=True, timeout=TIMEOUT,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def prepare(tree):
    for name in NAMES:
        text = (TOP / f"integration/sysvinit/rapidreboot-{name}.in").read_text()
        script = tree / f"etc/init.d/rapidreboot-{name}"
        script.write_text(text.replace("@sbindir@", "/usr/sbin"))
        script.chmod(0o755)
    for name in NAMES:
        chroot(tree, f"update-rc.d rapidreboot-{name} defaults")
    for name in RECORDED:
        found = subprocess.run(["chroot", tree, "sh", "-c", f"command -v {name}"], text=True,
                               capture_output=True, check=False).stdout.strip()
        path = tree / (found or f"/usr/sbin/{name}").lstrip("/")
        path.unlink(missing_ok=True)
        path.write_text(RECORD % name)
        path.chmod(0o755)


def check_insserv(tree):
    """Problems in the links that insserv made."""
    order = {}
    for link in (tree / "etc/rc6.d").glob("K*"):
        order[link.name[3:]] = int(link.name[1:3])
    way = ["rapidreboot-load", "rapidreboot-stopped", "umountroot", "rapidreboot-jump", "reboot"]
    numbers = [order.get(name, -1) for name in way]
    if numbers != sorted(set(numbers)):
        yield f"insserv: rc6.d has {dict(zip(way, numbers))}"
    if not order.get("sendsigs", 99) < order.get("rapidreboot-stopped", -1) <= order.get("umountfs", -1):
        yield f"insserv: rapidreboot-stopped is not between sendsigs and umountfs: {order}"
    halting = [link.name for link in (tree / "etc/rc0.d").glob("K*rapidreboot-*")]
    if [name[3:] for name in halting] != ["rapidreboot-load"]:
        yield f"insserv: rc0.d has {halting}"


def go_down(tree, word):
    """What is called from `openrc off` on, and then by `openrc WORD`."""
    shutil.rmtree(tree / "run/openrc", ignore_errors=True)
    (tree / "log").write_text("")
    script = f"openrc sysinit; openrc default; echo == >>/log; openrc off; openrc {word}"
    subprocess.run(["unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc",
                    "--uts", "--fork", "--kill-child", f"--mount-proc={tree}/proc", "chroot", tree,
                    "sh", "-c", script], timeout=TIMEOUT, stdin=subprocess.DEVNULL, check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return (tree / "log").read_text().partition("==\n")[2].splitlines()


def check_openrc(tree):
    for word, signal in (("reboot", "YES"), ("shutdown", "")):
        calls = go_down(tree, word)
        text = "\n".join(calls)
        way = ["rapidreboot hook load RC_REBOOT=", "killall5 -15", "rapidreboot hook stopped",
               "remount,ro", f"rapidreboot hook jump RC_REBOOT={signal}"]
        places = [next((i for i, call in enumerate(calls) if part in call), -1) for part in way]
        if -1 in places or places != sorted(places) or places[-1] != len(calls) - 1 or \
                not re.search(rf"jump RC_REBOOT={signal}$", text):
            yield f"openrc {word}:\n{text}"
        if re.search(r"(?m)^(reboot|poweroff|halt (?!-w))", text):
            yield f"openrc {word}: a service of that runlevel ends the machine itself:\n{text}"


def main():
    with tempfile.TemporaryDirectory(prefix="hook-order.") as scratch:
        if len(sys.argv) > 1:
            tree = pathlib.Path(scratch) / "tree"
            subprocess.run(["cp", "-a", "--one-file-system", sys.argv[1], tree], check=True,
                           timeout=TIMEOUT)
        else:
            tree = tree_of(recipes.SYSTEMS["bookworm-openrc"], pathlib.Path(scratch))
        os.chmod(scratch, 0o755)
        prepare(tree)
        problems = list(check_insserv(tree))
        checks = 3
        if (tree / "sbin/openrc").exists():
            problems += check_openrc(tree)
            checks += 4
    for problem in problems:
        print(f"failed: {problem}")
    print(f"{checks - len(problems)} passed, {len(problems)} failed, 0 skipped")
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (machine.Trouble, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"hook-order.py: {trouble}")
