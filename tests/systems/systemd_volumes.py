# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown where the root is on a logical volume: dracut's exit initramfs takes it apart, and it
is dracut's script, not systemd, that jumps."""

import re

import volumes
from catalogue import scenario

LVM = "bookworm-systemd-lvm"


def taken_apart(t, start):
    """The exit initramfs has unmounted the root and removed its volume before it went on."""
    console = t.guest.console(start)
    said = re.findall(re.escape(volumes.LEFT) + ".*", console)
    t.equal("what the exit initramfs has left", said, [volumes.NOTHING_LEFT])
    t.equal("what dracut complains of", re.findall(r"Cannot umount.*|\w+ failed!", console), [])


def ready(t):
    """The next shutdown wants an exit initramfs."""
    t.guest.must("test -e /run/initramfs/.need_shutdown && systemctl is-active dracut-shutdown")
    t.equal("the root", t.guest.must("findmnt -no SOURCE /"), volumes.ROOT)
    return t.guest.console_size()


@scenario(LVM)
def rapidreboot(t):
    """One command, through the exit initramfs."""
    start = ready(t)
    t.fast("rapidreboot --yes")
    taken_apart(t, start)
    t.recorded()


@scenario(LVM)
def enable_reboot(t):
    """Enabled, an ordinary reboot is a fast one; what is loaded comes from a /boot of its own."""
    start = ready(t)
    t.guest.must("rapidreboot enable")
    t.fast("reboot")
    taken_apart(t, start)
    t.recorded()


@scenario(LVM)
def poweroff(t):
    """With a kernel loaded, and enabled, a poweroff is one."""
    start = ready(t)
    t.guest.must("rapidreboot enable && rapidreboot load")
    t.equal("kexec_loaded", t.loaded(), "1")
    t.off("poweroff")
    taken_apart(t, start)


@scenario(LVM)
def coldreboot(t):
    """The firmware is passed, with a kernel loaded."""
    start = ready(t)
    t.guest.must("rapidreboot load")
    t.cold("coldreboot --yes")
    taken_apart(t, start)


@scenario(LVM, packaged=True)
def package(t):
    """The package's kexec, which dracut's script finds by itself."""
    start = ready(t)
    t.fast("rapidreboot --yes")
    taken_apart(t, start)
