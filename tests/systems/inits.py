# SPDX-License-Identifier: LGPL-2.1-or-later
"""What systems without systemd are made of: files that start the agent and leave the mark."""

MARK_STOP = "cat /proc/sys/kernel/random/boot_id >>/var/tmp/stopped"
AGENT = "/usr/local/sbin/test-agent"

# As Debian's packages install theirs: started in 2 to 5, stopped in the others.
SYSV_MARK = f"""#!/bin/sh
### BEGIN INIT INFO
# Provides:          test-mark
# Required-Start:    $local_fs
# Required-Stop:     $local_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: Leaves a mark when it is stopped
### END INIT INFO
[ "$1" != stop ] || {MARK_STOP}
"""

# inittab(5): the line is behind those that wait for /etc/init.d/rc
SYSV_AGENT = (f"echo 'T9:2345:respawn:{AGENT}' >>/etc/inittab",)
SYSV_CONSOLE = ("sed -i 's/^[1-6]:23*:respawn/#&/' /etc/inittab",)

RUNIT_AGENT = f"""#!/bin/sh
exec {AGENT}
"""

FINIT = f"""service [2345] name:agent {AGENT} -- Runs what the test says
service [2345] name:mark /usr/local/sbin/test-mark -- Leaves a mark when it is stopped
"""
# finit starts scripts of sysvinit again and again when they leave no process behind.
FINIT_MARK = f"""#!/bin/sh
trap '{MARK_STOP}; exit 0' TERM
while :; do
	sleep 1 &
	wait $!
done
"""

NO_SYSTEMD = ("systemd", "systemd-sysv", "libpam-systemd", "libnss-systemd")
SYSV_PACKAGES = ("sysvinit-core", "initscripts", "orphan-sysvinit-scripts", "insserv",
                 "sysvinit-utils")


def standalone(suite):
    """Since trixie udev wants a tool of systemd's, which also is in a package of its own. debootstrap
    takes systemd for it, apt then removes that one."""
    return () if suite == "bookworm" else ("systemd-standalone-sysusers",)


MARK = {"/etc/init.d/test-mark": SYSV_MARK}
ENABLE_MARK = "update-rc.d test-mark defaults"
# The packages of `make deb` are what these systems get. The agent may be up before everything is.
CLOSED = """for i in $(seq 60); do
	rapidreboot timeline --json | grep -q '"result": *"pending"' || exit 0
	sleep 2
done
exit 1"""
INSTALL_PACKAGE = "dpkg -i /root/rapidreboot_*.deb"
INSTALL = {"installed": INSTALL_PACKAGE, "closed": CLOSED}

# Arguments of recipes.Init.
INITS = {
    "sysvinit": dict(packages=(*SYSV_PACKAGES, "sysv-rc"), exclude=NO_SYSTEMD, files=MARK,
                     commands=(*SYSV_CONSOLE, *SYSV_AGENT, ENABLE_MARK), **INSTALL),
    # debootstrap takes the first of "sysv-rc | openrc", and the two are in conflict
    "openrc": dict(packages=(*SYSV_PACKAGES, "sysv-rc"), exclude=NO_SYSTEMD, later=("openrc",),
                   files=MARK, commands=(*SYSV_CONSOLE, *SYSV_AGENT, ENABLE_MARK), **INSTALL),
    "runit": dict(packages=("runit-init", "initscripts", "sysv-rc", "insserv",
                            "orphan-sysvinit-scripts"),
                  exclude=(*NO_SYSTEMD, "sysvinit-core"),
                  files={**MARK, "/etc/sv/test-agent/run": RUNIT_AGENT},
                  commands=(ENABLE_MARK, "ln -s /etc/sv/test-agent /etc/service/",
                            "rm -f /etc/service/getty*"), **INSTALL),
    "finit": dict(packages=("finit-sysv", "finit-plugins"),
                  exclude=(*NO_SYSTEMD, "sysvinit-core"),
                  files={"/usr/local/sbin/test-mark": FINIT_MARK, "/etc/finit.d/test.conf": FINIT},
                  **INSTALL),
}
# finit calls hook scripts since 4.4, and Debian 12 has 4.2
SUITES = {**{init: ("bookworm", "trixie") for init in INITS}, "finit": ("trixie",)}
