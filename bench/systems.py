#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts whole reboots of whole Debian systems: from Enter to the first service that stops, to multi-user.

    bench/systems.py                        # bookworm under SeaBIOS, every way
    bench/systems.py --only 'rapidreboot'   # ways by name
    bench/systems.py --parts                # what commands cost that do not reboot
    bench/systems.py --list

The systems are those of tests/systems, with what a small server has: ssh, cron, rsyslog, nginx, and a network
by DHCP through ifupdown. QEMU runs with -icount shift=0,sleep=on: while the guest works its clock advances
one nanosecond an instruction, and while it waits as fast as this host's. So seconds here are those of a
machine of 10^9 instructions a second: work looks longer than on hardware, waits do not. Each way starts from
the same saved machine. Figures go to build/systems.json.
"""

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TOP, "tests", "vm"), os.path.join(TOP, "tests", "systems")]
# pylint: disable=wrong-import-position
import images
import machine
import ready
import recipes
import stamp as stamping

CPU = "max,cx16=off,erms=off,fsrm=off"  # as bench/run.py, and tests/vm/vm.py on cmpxchg16b
EXTRA = ("-cpu", CPU, "-icount", "shift=0,sleep=on", "-nic", "user,model=virtio-net-pci")
SERVER = ("openssh-server", "cron", "rsyslog", "ifupdown", "isc-dhcp-client", "nginx-light")
TSC = 1e9  # an instruction is a tick
BOOT_SECONDS = 800

UNITS = {
    # ordered after all others, so it is the last to start and the first to stop
    "bench-last.service": """[Unit]
After=multi-user.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/stamp multi-user
ExecStop=/usr/local/sbin/stamp first-stop
[Install]
WantedBy=multi-user.target
""",
    "bench-first.service": """[Unit]
DefaultDependencies=no
Before=sysinit.target shutdown.target
Conflicts=shutdown.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/stamp systemd
ExecStop=/usr/local/sbin/stamp stopped
[Install]
WantedBy=sysinit.target
"""}
SHUTDOWN = "#!/bin/sh\nexec /usr/local/sbin/stamp reboot\n"

PREPARE = """set -e
dev=$(ls /sys/class/net | grep -v '^lo$' | head -n 1)
printf 'auto lo\\niface lo inet loopback\\nauto %s\\niface %s inet dhcp\\n' $dev $dev >/etc/network/interfaces
systemctl daemon-reload
systemctl enable --now bench-last.service bench-first.service
systemctl enable rapidreboot-boot.service rapidreboot-stopped.service rapidreboot-late.service
systemctl restart networking.service
rapidreboot hook boot
sync
sleep 15
"""


@dataclasses.dataclass(frozen=True)
class Way:
    """One row: how the machine is told to restart."""

    name: str
    command: str
    before: str = "true"  # shell, on the running system
    targets: tuple = ()  # (stamp, seconds)


WAYS = (
    Way("systemctl reboot", "systemctl reboot"),
    Way("rapidreboot --yes, unknown files", "rapidreboot --yes"),
    # as update-initramfs, kernel-install and the package leave it
    Way("rapidreboot --yes", "rapidreboot --yes", "rapidreboot check; sleep 5",
        targets=(("first-stop", 0.25), ("multi-user", 10.1))),
    Way("rapidreboot --yes, filled cache", "rapidreboot --yes",
        "echo CACHE=/var/cache/rapidreboot >>/etc/rapidreboot.conf; rapidreboot load; rapidreboot unload; sleep 5",
        targets=(("multi-user", 9.9),)),
    Way("rapidreboot load, rapidreboot --yes", "rapidreboot --yes", "rapidreboot load; sleep 5"),
    Way("rapidreboot enable, systemctl reboot", "systemctl reboot", "rapidreboot enable; sleep 5"),
)

# Commands that leave the machine up, counted one after the other.
PARTS = (("check", "rapidreboot check"), ("check-again", "rapidreboot check"), ("list", "rapidreboot list"),
         ("dry-run", "rapidreboot --dry-run"), ("load", "rapidreboot load"),
         ("load-again", "rapidreboot load"), ("unload", "rapidreboot unload"),
         ("load-safe", "rapidreboot load --safe --kexec-syscall"),
         ("unit-start", "systemctl start rapidreboot-load.service"),
         ("true", "/bin/true"))
POINTS = ("first-stop", "stopped", "reboot", "systemd", "multi-user")


def server(suite):
    return recipes.System(suite, "systemd", extra=SERVER, purpose="server")


def prepared(args, folder):
    """The saved machine."""
    program = stamping.build(folder)
    files = {"/usr/local/sbin/stamp": program}
    for name, text in {**UNITS, "bench": SHUTDOWN}.items():
        path = os.path.join(folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755 if text.startswith("#!") else 0o644)
        place = "system-shutdown" if text.startswith("#!") else "system"
        files[f"/usr/lib/systemd/{place}/{name}"] = path
    payload = ready.payload(args.build, folder, files)
    kept = os.path.join(TOP, "build", "systems-bench")
    os.makedirs(kept, exist_ok=True)
    return ready.Ready(server(args.suite), args.firmware, False, payload, kept,
                       extra=EXTRA, prepare=PREPARE)


def started(saved, folder):
    """The machine, and the file that its stamps go to."""
    stamps = os.path.join(folder, "stamps")
    guest = saved.start(folder, (*EXTRA, "-debugcon", f"file:{stamps}"))
    return guest, stamps


def reboot(saved, way):
    """Seconds from the command to each point."""
    with tempfile.TemporaryDirectory(prefix="rapidreboot-systems.") as folder:
        guest, path = started(saved, folder)
        with guest:
            guest.must(way.before, 600)
            guest.send(f"stamp enter; {way.command}")
            boot = guest.wait_boot(BOOT_SECONDS)
            guest.must("systemctl is-system-running --wait || true", 600)
            resets = guest.resets()
            guest.must("sleep 2")  # the record is closed beside what is waited for
            told = guest.run("rapidreboot timeline").output
        stamps = stamping.read(path)
    result = {point: (stamps[point] - stamps["enter"]) / TSC for point in POINTS
              if point in stamps}
    return {**result, "resets": resets, "release": boot.release, "timeline": told}


def parts(saved):
    """Seconds that each command takes."""
    with tempfile.TemporaryDirectory(prefix="rapidreboot-systems.") as folder:
        guest, path = started(saved, folder)
        with guest:
            said = [f"# {name}\n" + guest.run(f"stamp {name}-begin; {command}; stamp {name}-end",
                                              600).output for name, command in PARTS]
        stamps = stamping.read(path)
    for text in said:
        print(text)
    return {name: (stamps[f"{name}-end"] - stamps[f"{name}-begin"]) / TSC for name, _ in PARTS}


def show(name, figures, targets=()):
    words = [f"{point} {figures[point]:.3f}" for point in POINTS if point in figures]
    missed = [f"{point} {figures[point]:.3f} (at most {most})" for point, most in targets
              if figures.get(point, 1e9) > most]
    print(f"{name}: {', '.join(words)}; {figures['resets']} resets, {figures['release']}"
          + (f"; MISSED: {', '.join(missed)}" if missed else ""), flush=True)


def keep(args, key, figures):
    """Merge @figures into the results."""
    path = os.path.join(TOP, "build", "systems.json")
    try:
        with open(path, encoding="utf-8") as file:
            known = json.load(file)
    except (OSError, ValueError):
        known = {}
    known.setdefault(f"{args.suite} {args.firmware}", {})[key] = figures
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(known, file, indent=1)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--suite", default="bookworm", choices=("bookworm", "trixie", "sid"))
    parser.add_argument("--firmware", default="bios", choices=("bios", "uefi"))
    parser.add_argument("--build", default=os.path.join(TOP, "build", "dev"))
    parser.add_argument("--only", action="append", default=[], help="ways whose name contains this")
    parser.add_argument("--parts", action="store_true", help="commands that do not reboot")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args()
    ways = [way for way in WAYS if not args.only or any(word in way.name for word in args.only)]
    if args.list:
        print("\n".join(way.name for way in ways))
        return
    if not shutil.which("qemu-img"):
        sys.exit("systems.py: qemu-img is not here: tools/install-deps")
    with tempfile.TemporaryDirectory(prefix="rapidreboot-systems.") as folder:
        saved = prepared(args, folder)
        if args.parts:
            figures = parts(saved)
            keep(args, "parts", figures)
            print("\n".join(f"{name} {seconds:.3f}" for name, seconds in figures.items()))
            return
        for way in ways:
            figures = reboot(saved, way)
            keep(args, way.name, figures)
            show(way.name, figures, way.targets)


if __name__ == "__main__":
    try:
        main()
    except (machine.Trouble, images.Missing, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"systems.py: {trouble}")
