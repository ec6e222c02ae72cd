# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the systems under test are made of: suite, init system, layout of the disk.

A system is a plain Debian of minbase with a kernel of its own suite and one of another, so that the
kernel that its boot loader starts next is another one than runs. To it come a console on the first
serial port, the agent on the second (agent.sh), and a service whose stopping leaves a mark.
"""

import dataclasses
import os

import inits

ROOT_UUID = "7c1d8a52-93c6-4a44-8f0e-2b1f6a0c5d10"
BOOT_UUID = "0c6e1a57-2f0b-4b7c-9a43-5f5b8c1f7e21"
# On a busy host an emulated timer comes too late for the kernel's check of it, which panics.
CMDLINE = "console=ttyS0,115200 no_timer_check"
# The second kernel of a system of this suite; the older of the two is booted first.
OTHER_KERNEL = {"bookworm": "trixie", "trixie": "bookworm", "sid": "trixie"}

PACKAGES = ("udev", "kmod", "linux-image-cloud-amd64", "zstd", "e2fsprogs", "logsave", "procps",
            "grub-pc-bin", "grub-efi-amd64-bin", "grub2-common")


@dataclasses.dataclass(frozen=True)
class Initramfs:
    """What makes the initial ramdisks."""

    package: str  # for debootstrap
    command: str  # shell, in the new system's root; a release follows
    files: dict = dataclasses.field(default_factory=dict)


INITRAMFS_TOOLS = Initramfs("initramfs-tools", "update-initramfs -c -k ")
# In a chroot dracut cannot see what the machine will need.
DRACUT = Initramfs("dracut", "dracut --force --kver ",
                   {"/etc/dracut.conf.d/generic.conf": 'hostonly="no"\n'})
# debootstrap takes the first of what the suite's kernel asks for, and the two are in conflict.
INITRAMFS = {"sid": DRACUT}

GRUB = f"""GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{CMDLINE}"
GRUB_TERMINAL=console
"""

MARK_STOP = "/bin/sh -c 'cat /proc/sys/kernel/random/boot_id >>/var/tmp/stopped'"

SYSTEMD_AGENT = """[Unit]
Description=Runs what the test says
DefaultDependencies=no
After=multi-user.target

[Service]
ExecStart=/usr/local/sbin/test-agent
Restart=always

[Install]
WantedBy=multi-user.target
"""

SYSTEMD_MARK = f"""[Unit]
Description=Leaves a mark when it is stopped

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/true
ExecStop={MARK_STOP}

[Install]
WantedBy=multi-user.target
"""


BOOT_SERVICE = "/usr/local/lib/systemd/system/rapidreboot-boot.service"


@dataclasses.dataclass(frozen=True)
class Init:
    """How a system with this init system differs from a plain one."""

    packages: tuple        # for debootstrap
    exclude: tuple = ()    # what debootstrap would install by itself
    later: tuple = ()      # packages that apt adds; see System
    files: dict = dataclasses.field(default_factory=dict)  # path -> text; "#!" makes a program
    commands: tuple = ()   # shell, in the new system's root
    settled: str = "true"  # shell on the running system: succeeds when everything has started
    installed: str = "true"  # shell, after `make install`
    closed: str = "rapidreboot hook boot"  # shell: waits until the record is closed


INITS = {
    "systemd": Init(
        packages=("systemd-sysv", "dbus", "libpam-systemd"),
        files={"/etc/systemd/system/test-agent.service": SYSTEMD_AGENT,
               "/etc/systemd/system/test-mark.service": SYSTEMD_MARK},
        commands=("systemctl enable test-agent.service test-mark.service",),
        settled="systemctl is-system-running --wait",
        installed=f"systemctl daemon-reload; test ! -e {BOOT_SERVICE} || "
                  f"systemctl enable {os.path.basename(BOOT_SERVICE)}",
        closed=f"systemctl is-system-running --wait; test -e {BOOT_SERVICE} || "
               f"rapidreboot hook boot; {inits.CLOSED}"),
    **{name: Init(**entry) for name, entry in inits.INITS.items()},
}


@dataclasses.dataclass(frozen=True)
class System:
    """One disk that is built once."""

    suite: str
    init: str
    layout: str = "plain"  # or "boot": /boot is a file system of its own; or "lvm" (volumes.py)
    extra: tuple = ()      # more packages
    later: tuple = ()      # packages that apt adds, instead of those that they are in conflict with
    purpose: str = ""      # what these are for

    @property
    def initramfs(self):
        return INITRAMFS.get(self.suite, INITRAMFS_TOOLS)

    @property
    def name(self):
        layout = self.layout if self.layout != "plain" else ""
        return "-".join(filter(None, [self.suite, self.init, layout, self.purpose]))


SYSTEMS = {system.name: system for system in (
    System("bookworm", "systemd"),
    System("trixie", "systemd"),
    System("sid", "systemd"),
    System("bookworm", "systemd", "boot"),
    System("bookworm", "systemd", "lvm", later=("dracut", "lvm2")),
    System("bookworm", "systemd", extra=("polkitd", "pkexec"), purpose="desktop"),
    *(System(suite, init, later=inits.standalone(suite))
      for init, suites in inits.SUITES.items() for suite in suites),
)}


def fstab(system):
    lines = [f"UUID={ROOT_UUID} / ext4 errors=remount-ro 0 1"]
    if system.layout != "plain":
        lines.append(f"UUID={BOOT_UUID} /boot ext4 defaults 0 2")
    return "\n".join(lines) + "\n"
