# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown on systems with systemd of the time after: kernels that did not come up, the timeline."""

import re
import threading
import time
import xml.dom.minidom

import machine
from catalogue import scenario

SYSTEM = "bookworm-systemd"
PANIC = "Kernel panic - not syncing: VFS: Unable to mount root fs"
# Without a program in the initramfs to run the kernel looks for the root itself, and knows no UUID=.
DIES = "rapidreboot --yes --append 'rdinit=/nowhere panic=5'"


def dies(t):
    """The next kernel panics, and the machine comes back through the firmware."""
    t.cold("reboot")  # where the error record store lies is not part of what QEMU saves
    start, resets = t.guest.console_size(), t.guest.resets()
    t.guest.send(DIES)
    boot = t.guest.wait_boot()
    console = t.guest.console(start)
    t.equal("kernel", boot.release, t.newest)  # of the boot loader
    t.true("the next kernel did not panic", PANIC in console)
    t.equal("the firmware's banners", t.guest.banners(start), 1)
    t.true("the machine was not reset", t.guest.resets() > resets)
    t.recorded("firmware")
    last = t.attempts()[-1]
    t.true(f"the reason is {last['reason']!r}", PANIC in (last["reason"] or ""))
    t.equal("confirmed", last["confirmed"], False)
    t.refused("rapidreboot --yes", 3, "H1", "never confirmed")


@scenario(SYSTEM)
def dead_kernel_forced(t):
    """The panic is found in the firmware's store, and the next attempt refused until it is forced."""
    dies(t)
    t.fast("rapidreboot --yes --force H1")
    t.recorded()
    t.equal("confirmed", t.attempts()[-1]["confirmed"], True)


@scenario(SYSTEM)
def dead_kernel_cold(t):
    """A cold boot that is confirmed lets it rest."""
    dies(t)
    t.cold("coldreboot --yes")
    t.recorded("firmware")
    t.fast("rapidreboot --yes")


@scenario(SYSTEM)
def dead_kernel_cleared(t):
    """So does a person."""
    dies(t)
    t.guest.must("rapidreboot clear")
    t.fast("rapidreboot --yes")


# ---- the timeline

POINTS = ["asked", "loaded", "stopped", "ended", "purgatory", "checked", "jumped", "kernel", "initramfs",
          "userspace", "target", "ready"]
# Says on the console when a kernel was loaded: hooks are run right after it.
HOOK = "/etc/rapidreboot/hooks.d/10-say"
SAID = "@@ loaded"
# A service that is back five seconds after everything else, and one that takes two seconds to stop.
MAKE_SERVICES = """cat >/etc/systemd/system/late.service <<'END'
[Unit]
After=default.target
[Service]
ExecStart=/bin/sh -c 'sleep 5; echo "@@ answers" >/dev/ttyS0; touch /run/answers'
RemainAfterExit=yes
[Install]
WantedBy=default.target
END
cat >/etc/systemd/system/sluggish.service <<'END'
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop=/bin/sleep 2
[Install]
WantedBy=multi-user.target
END
systemctl enable --now late.service sluggish.service
mkdir -p /var/log/journal && systemd-tmpfiles --create --prefix /var/log/journal && journalctl --flush
echo 'READY_COMMAND="/usr/bin/test -e /run/answers"' >>/etc/rapidreboot.conf
"""
UNTIL_READY = """for i in $(seq 300); do
rapidreboot timeline 1 --json | grep -q '"ready": [0-9]' && exit 0
sleep 1
done
exit 1
"""
MAKE_HOOK = f"""mkdir -p $(dirname {HOOK})
printf '#!/bin/sh\\necho "{SAID} $1" >/dev/ttyS0\\n' >{HOOK} && chmod 755 {HOOK}
"""
# What the console says, and the moment in the record that it stands for. systemd takes its own time
# between the kernel's word at /sbin/init, when its libraries have yet to be loaded, and its first one.
SIGNS = {"loaded": re.escape(SAID) + " pre-handover", "initramfs": "Run /init as init process",
         "userspace": "Not activating Mandatory Access Control", "systemd": r"systemd\[1\]: ",
         "target": r"Reached target \S*graphical\.target", "ready": "@@ answers"}
LAST_SIGN = {"userspace": "systemd"}
AGREE_SECONDS = 1


class Watch(threading.Thread):
    """Notes at which second of this host's clock the console says what."""

    def __init__(self, guest):
        super().__init__(daemon=True)
        self._guest, self._start = guest, guest.console_size()
        self.seen, self.over = {}, threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            now, console = time.monotonic(), self._guest.console(self._start)
            for point, sign in SIGNS.items():
                if point not in self.seen and re.search(sign, console):
                    self.seen[point] = now


def watched(t, command):
    """A fast reboot by @command; {moment: seconds} of what was seen of it from outside."""
    watch = Watch(t.guest)
    watch.start()
    try:
        t.fast(command)
        t.guest.must(UNTIL_READY, machine.BOOT_SECONDS)
    finally:
        watch.over.set()
        watch.join()
    return watch.seen


def agrees(t, points, seen):
    """The record has what was seen from outside: the same time between the load and everything after."""
    for name in ("loaded", "initramfs", "userspace", "target", "ready"):
        last = LAST_SIGN.get(name, name)
        if name not in seen or last not in seen or points[name] is None:
            t.problems.append(f"{name}: recorded {points[name]}, seen at {seen.get(name)}")
            continue
        recorded = (points[name] - points["loaded"]) / 1e6
        since, until = (seen[sign] - seen["loaded"] for sign in (name, last))
        t.true(f"{name}: {recorded:.3f} s after the load by the record, {since:.3f} to {until:.3f} s "
               "seen", since - AGREE_SECONDS <= recorded <= until + AGREE_SECONDS)


@scenario(SYSTEM)
def timeline(t):
    """Every moment is recorded, in order, and when it was seen to happen from outside."""
    t.guest.must(MAKE_SERVICES)
    t.guest.must("systemctl enable rapidreboot-load.service")  # as a package does it
    t.fast("rapidreboot --yes")
    t.recorded()
    first = t.attempts()[-1]["points_us"]
    t.true("the first one after the installation knows when services had stopped", first["stopped"])
    t.guest.must(MAKE_HOOK)
    seen = watched(t, "rapidreboot --yes")
    t.recorded()
    last = t.attempts()[-1]
    points = last["points_us"]
    t.equal("clock", last["clock"], "counter")
    t.equal("moments", list(points), POINTS)
    t.equal("moments that are not known", [name for name in POINTS if points[name] is None], [])
    times = [points[name] or 0 for name in POINTS]
    t.equal("moments", times, sorted(times))
    ends = [0] + [phase["to_us"] for phase in last["phases"]]
    t.equal("where phases begin", [phase["from_us"] for phase in last["phases"]], ends[:-1])
    t.equal("the end of the last phase", ends[-1], points["ready"])
    slow = {(one["when"], one["what"]): one["us"] for one in last["slow"]}
    t.true(f"the slow: {slow}", slow.get(("stop", "sluggish.service"), 0) >= 2000000)
    t.equal("the number of phases", len(last["phases"]), len(POINTS) - 1)
    agrees(t, points, seen)
    picture(t)


def picture(t):
    """It is XML, and is left beside the console for a person to look at."""
    t.guest.must("rapidreboot timeline --svg /root/timeline.svg")
    svg = t.guest.must("cat /root/timeline.svg")
    with open(t.guest.path("timeline.svg"), "w", encoding="utf-8") as file:
        file.write(svg)
    with open(t.guest.path("timeline.txt"), "w", encoding="utf-8") as file:
        file.write(t.guest.must("LC_ALL=C.UTF-8 rapidreboot timeline"))
    root = xml.dom.minidom.parseString(svg).documentElement
    bars = [rect for rect in root.getElementsByTagName("rect")
            if rect.getAttribute("fill") != "#ffffff" and rect.getAttribute("x")]
    t.equal("the picture's root", root.tagName, "svg")
    t.true(f"{len(bars)} bars", len(bars) >= len(POINTS) - 1)
