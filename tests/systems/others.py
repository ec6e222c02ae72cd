# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown on systems without systemd, with the package of `make deb` installed."""

import os

import trial
from catalogue import scenario

SYSV = ("bookworm-sysvinit", "trixie-sysvinit")
OPENRC = ("bookworm-openrc", "trixie-openrc")
RUNIT = ("bookworm-runit", "trixie-runit")
FINIT = ("trixie-finit",)
ALL = (*SYSV, *OPENRC, *RUNIT)
POWEROFFS = 10
LOAD = "rapidreboot load"
SHARED = "/usr/share/rapidreboot/integration"
ALIVE = "cat /proc/sys/kernel/random/boot_id"


@scenario(*ALL, *FINIT)
def rapidreboot(t):
    """One command into the kernel that the boot loader would start next."""
    t.fast("rapidreboot --yes")
    t.recorded()


@scenario(*ALL, *FINIT)
def enabled(t):
    """The words for an ordinary reboot, after `rapidreboot enable`."""
    t.guest.must("rapidreboot enable")
    t.fast("reboot")
    t.fast("shutdown -r now")


@scenario(*ALL, *FINIT)
def loaded_poweroff(t):
    """With a kernel loaded and every reboot a fast one, a poweroff is one each time."""
    for i in range(POWEROFFS):
        folder = t.guest.path(f"poweroff-{i}")
        os.makedirs(folder)
        with t.ready.start(folder) as guest:
            this = trial.Trial(guest, t.ready)
            guest.must("rapidreboot enable && " + LOAD)
            this.equal("kexec_loaded", this.loaded(), "1")
            this.off("poweroff" if i % 2 else "shutdown -h now")
            t.problems += [f"poweroff {i + 1}: {problem}" for problem in this.problems]
        os.unlink(os.path.join(folder, "disk"))


@scenario(*ALL, *FINIT)
def coldreboot(t):
    """The firmware is passed, with a kernel loaded and every reboot a fast one."""
    t.guest.must("rapidreboot enable && " + LOAD)
    t.equal("kexec_loaded", t.loaded(), "1")
    t.cold("coldreboot")


@scenario(*RUNIT)
def boot_service(t):
    """The service for systems whose runit starts no scripts of sysvinit closes the record, once."""
    t.guest.must("rm /etc/rc2.d/S*rapidreboot-load && mkdir /etc/sv/rapidreboot-boot && "
                 f"install {SHARED}/runit/rapidreboot-boot.run /etc/sv/rapidreboot-boot/run && "
                 "ln -s /etc/sv/rapidreboot-boot /etc/service/")
    t.fast("rapidreboot --yes")
    t.recorded()
    t.guest.must("sv status rapidreboot-boot | grep '^down:.*normally up'")


@scenario(*ALL)
def package(t):
    """Upgrade, removal and purge neither drop a kernel nor start one."""
    before = t.guest.must(ALIVE)
    t.guest.must("rapidreboot enable && " + LOAD)
    for command in ("dpkg -i /root/rapidreboot_*.deb", "dpkg -r rapidreboot",
                    "dpkg -P rapidreboot"):
        t.guest.must(command + " && sleep 2")
        t.equal(f"boot id after {command}", t.guest.must(ALIVE), before)
        t.equal(f"kexec_loaded after {command}", t.loaded(), "1")
        there = t.guest.run("test -e /var/lib/rapidreboot/enabled").status == 0
        t.equal(f"enabled after {command}", there, command.startswith("dpkg -i"))
    left = t.guest.run("find /etc /usr /var/lib -name '*rapidreboot*' ! -path '/var/lib/dpkg/*'")
    t.equal("what a purge leaves behind", left.output, "")
    t.cold("reboot")
