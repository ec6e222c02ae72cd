# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown of the package of `make deb` on a running system with systemd."""

import os
import re

import images
import inits
from catalogue import scenario

SYSTEM = "bookworm-systemd"
ALIVE = "cat /proc/sys/kernel/random/boot_id; systemctl list-jobs --no-legend; sleep 5"
LEFT = "find / -xdev -name '*rapidreboot*' ! -path '/root/*' ! -path '/var/lib/dpkg/*' " \
       "! -path '/var/log/*' ! -path '/tmp/*'"


@scenario(SYSTEM, packaged=True)
def package(t):
    """Installed, it does what `make install` does, and the record is closed without another word."""
    t.fast("rapidreboot --yes")
    t.guest.must(f"systemctl is-system-running --wait; {inits.CLOSED}")
    t.equal("the last attempt's result", t.attempts()[-1]["result"], "kexec")


def typed(heading):
    """Lines of the blocks below a heading of the quick start, without sudo: there everybody is root."""
    with open(os.path.join(images.TOP, "docs/quick-start.md"), encoding="utf-8") as file:
        text = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", file.read(), re.M | re.S)[1]
    return [line.removeprefix("sudo ") for block in re.findall(r"^```\n(.*?)^```$", text, re.M | re.S)
            for line in block.splitlines()]


@scenario(SYSTEM, packaged=True)
def quick_start(t):
    """What the quick start tells to type once the package is installed, in its order."""
    lines = typed("Everywhere: look, then reboot") + typed("Make it the usual way")
    t.true("the quick start has other lines", lines.count("rapidreboot") == 1 and len(lines) == 9)
    for line in lines:
        if line == "rapidreboot":
            t.fast(line)
            t.guest.must(f"systemctl is-system-running --wait; {inits.CLOSED}")
            continue
        done = t.guest.run(line)
        # warnings are allowed: the processor is emulated
        t.true(f"{line}: {done.status}\n{done.output}", done.status in ((0, 8) if line == "rapidreboot check" else (0,)))
        if line == "rapidreboot timeline":
            t.true(f"timeline says {done.output}", " kexec " in done.output.splitlines()[0])
            picture = t.guest.must("rapidreboot timeline --svg /root/timeline.svg && cat /root/timeline.svg")
            with open(t.guest.path("timeline.svg"), "w", encoding="utf-8") as file:
                file.write(picture + "\n")


@scenario(SYSTEM, packaged=True)
def package_changed(t):
    """Upgrade, removal and purge reboot nothing on an enabled system with a kernel loaded; after that
    a reboot is an ordinary one."""
    before = t.guest.must(ALIVE)
    t.guest.must("rapidreboot enable && rapidreboot load")
    t.equal("kexec_loaded", t.loaded(), "1")
    for command, loaded in (("dpkg -i /root/rapidreboot_*.deb", "1"), ("dpkg -r rapidreboot", "0"),
                            ("dpkg -P rapidreboot", "0")):
        t.guest.must(command)
        t.equal(f"boot id and jobs after {command}", t.guest.must(ALIVE), before)
        t.equal(f"kexec_loaded after {command}", t.loaded(), loaded)
        there = t.guest.run("test -e /etc/systemd/system/reboot.target").status == 0
        t.equal(f"reboot.target is another after {command}", there, command.startswith("dpkg -i"))
    t.equal("what a purge leaves behind", t.guest.must(LEFT), "")
    t.cold("reboot")


@scenario(SYSTEM, packaged=True)
def package_removed_reboot(t):
    """Removed from an enabled system, the next reboot is an ordinary one."""
    t.guest.must("rapidreboot enable && dpkg -r rapidreboot")
    t.cold("systemctl reboot")
