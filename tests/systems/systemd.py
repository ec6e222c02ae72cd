# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown on systems with systemd, when all goes as it should."""

import json
import re

from catalogue import scenario

ALL = ("bookworm-systemd", "trixie-systemd", "sid-systemd")
FIRST = ALL[0]
# Every way of asking for it that people have.
POWEROFFS = ("poweroff", "systemctl poweroff", "shutdown -h now", "init 0", "halt -p")
NO_INIT_0 = ("poweroff", "systemctl poweroff", "shutdown -h now", "shutdown -P now", "halt -p")


@scenario(*ALL, quick=FIRST)
def rapidreboot(t):
    """One command into the kernel that the boot loader would start next."""
    t.fast("rapidreboot --yes")
    t.recorded()


@scenario(*ALL)
def without_dbus(t):
    """logind cannot be asked: systemctl asks process 1."""
    t.guest.must("systemctl mask --runtime --now dbus.socket dbus.service 2>&1; sleep 2;"
                 "! busctl status 2>&1")
    t.fast("rapidreboot --yes")
    t.recorded()


@scenario(*ALL, quick=FIRST)
def enable_reboot(t):
    """Enabled, an ordinary reboot is a fast one."""
    t.guest.must("rapidreboot enable")
    t.fast("reboot")
    t.recorded()


@scenario(*ALL)
def enable_systemctl_reboot(t):
    t.guest.must("rapidreboot enable")
    t.fast("systemctl reboot")


@scenario(*ALL)
def enable_shutdown(t):
    t.guest.must("rapidreboot enable")
    t.fast("shutdown -r now")


@scenario(*ALL)
def enable_desktop(t):
    """What the menus of desktops call."""
    t.guest.must("rapidreboot enable")
    t.fast("busctl call org.freedesktop.login1 /org/freedesktop/login1 "
           "org.freedesktop.login1.Manager Reboot b false")


@scenario(*ALL)
def disable(t):
    """Disabled again, it is an ordinary one, and nothing is left of what enable did."""
    before = t.guest.must("find /etc/systemd/system | sort")
    t.guest.must("rapidreboot enable")
    t.guest.must("rapidreboot disable")
    t.equal("links of units", t.guest.must("find /etc/systemd/system | sort"), before)
    t.cold("reboot")


@scenario(*ALL)
def coldreboot(t):
    t.cold("coldreboot --yes")


@scenario(*ALL)
def coldreboot_loaded(t):
    t.guest.must("rapidreboot load")
    t.equal("kexec_loaded", t.loaded(), "1")
    t.cold("coldreboot --yes")


@scenario(*ALL, quick=FIRST)
def coldreboot_enabled(t):
    t.guest.must("rapidreboot enable && rapidreboot load")
    t.cold("rapidreboot cold --yes")


@scenario(FIRST)
def coldreboot_overridden(t):
    """The units that are passed around for `reboot` to be a kexec load when the system goes down, and end
    in a kexec. They work, but not against coldreboot."""
    t.guest.must("cat >/etc/systemd/system/kexec-load.service <<END\n"
                 "[Unit]\nDefaultDependencies=no\nBefore=umount.target\n"
                 "[Service]\nType=oneshot\n"
                 f"ExecStart=$(command -v kexec) -l /boot/vmlinuz-{t.newest}"
                 f" --initrd=/boot/initrd.img-{t.newest} --reuse-cmdline\n"
                 "[Install]\nWantedBy=reboot.target\nEND\n"
                 "mkdir /etc/systemd/system/systemd-reboot.service.d\n"
                 "cat >/etc/systemd/system/systemd-reboot.service.d/override.conf <<'END'\n"
                 "[Service]\nType=oneshot\nExecStart=\nExecStart=/bin/systemctl --force kexec\nEND\n"
                 "systemctl daemon-reload && systemctl enable kexec-load.service")
    said = t.guest.must("rapidreboot check -v --json | grep -c systemd-reboot.service.d; true")
    t.equal("checks that name the override", said.strip(), "1")
    t.fast("reboot")
    t.cold("coldreboot --yes")


def poweroffs(t):
    """systemd 262 has no words of telinit any more: `init 0` ends with an error, and nothing happens."""
    return POWEROFFS if t.guest.run("test -e /sbin/telinit").status == 0 else NO_INIT_0


@scenario(*ALL)
def poweroff_loaded(t):
    """With a kernel loaded the machine is off, ten times of ten."""
    for command in poweroffs(t) * 2:
        t.guest.must("rapidreboot load")
        t.equal("kexec_loaded", t.loaded(), "1")
        t.off(command)
        t.again()


@scenario(*ALL)
def poweroff_enabled(t):
    """Enabled, the machine is off, ten times of ten; half of them with a kernel loaded."""
    for number, command in enumerate(poweroffs(t) * 2):
        t.guest.must("rapidreboot enable")
        if number % 2:
            t.guest.must("rapidreboot load")
        t.off(command)
        t.again()


@scenario(FIRST, quick=FIRST)
def poweroff(t):
    """One of those ten."""
    t.guest.must("rapidreboot enable && rapidreboot load")
    t.off("poweroff")


@scenario("bookworm-systemd-boot")
def separate_boot(t):
    """/boot is unmounted on the way down, and what is loaded comes from there."""
    t.guest.must("mountpoint /boot")
    t.guest.must("rapidreboot enable")
    t.fast("reboot")
    t.recorded()


@scenario(*ALL)
def systemctl_kexec_loaded(t):
    """systemd's own command starts what we have loaded."""
    t.guest.must("rapidreboot load")
    t.fast("systemctl kexec")


@scenario(*ALL)
def systemctl_kexec_refused(t):
    """The same system, systemd alone: it knows nothing of GRUB, so it refuses what we do."""
    done = t.guest.run("systemctl kexec")
    t.true(f"systemctl kexec does not refuse: {done.output}", done.status != 0)
    t.equal("kexec_loaded", t.loaded(), "0")
    t.fast("rapidreboot --yes")


def ramdisk_size(t):
    """What the running kernel got as its initial ramdisk, in bytes; unpacked by a fast reboot."""
    found = re.search(r"RAMDISK: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\]", t.guest.must("dmesg"))
    return int(found[2], 16) + 1 - int(found[1], 16)


@scenario(*ALL, quick=FIRST)
def diet(t):
    """Without most of its modules Debian's own initial ramdisk is smaller, and finds its root on the
    virtio disk; the record knows of it."""
    t.fast("rapidreboot --yes")
    full = ramdisk_size(t)
    said = json.loads(t.guest.must("rapidreboot load --diet --dry-run --json 2>/dev/null"))
    t.true(f"nothing is left out: {said['diet']}", said["is_diet"])
    t.fast("rapidreboot --diet --yes")
    size = ramdisk_size(t)
    t.true(f"the ramdisk had {size} of {full} bytes", 0 < size < full - (4 << 20))
    modules = t.guest.must("cat /proc/modules")
    t.true(f"virtio_blk is not loaded:\n{modules}", "virtio_blk " in modules)
    t.guest.must("dd if=/dev/urandom of=/var/tmp/written bs=64k count=20; sync; sysctl vm.drop_caches=3")
    t.guest.must("md5sum /var/tmp/written")
    t.recorded()
    t.guest.must("grep -q 'diet=1' /var/lib/rapidreboot/attempts")


@scenario(FIRST)
def crash_is_seen(t):
    """What the other scenarios look for is there to be found: a machine that just stops."""
    t.guest.must("dd if=/dev/urandom of=/var/tmp/dirty bs=64k count=20; sync")
    t.guest.send("echo b >/proc/sysrq-trigger")
    start = t.guest.console_size()
    t.guest.wait_boot()
    this = type(t)(t.guest, t.ready)
    this.stopped_well(start)
    t.true(f"a crash went unnoticed: {this.problems}",
           any("were not unmounted" in problem for problem in this.problems) and
           any("was not stopped" in problem for problem in this.problems))
