# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown of reboots with a time, on systems with and without systemd."""

import json

from catalogue import scenario
from others import ALL as OTHERS
from systemd import ALL as SYSTEMD

WAITS = "[s]hutdown -r|[h]ook wait"


@scenario(*SYSTEMD, *OTHERS)
def scheduled(t):
    """Later: logind and shutdown(8) of sysvinit wait for it, under runit a process of ours."""
    t.fast("rapidreboot --yes --when +1")
    t.recorded()


@scenario(*SYSTEMD, *OTHERS)
def scheduled_upgraded(t):
    """A kernel that is installed after the order is the one that is started."""
    t.guest.must(f"mkdir /later && mv /boot/*{t.newest} /later && update-grub")
    planned = json.loads(t.guest.must("rapidreboot --dry-run --json 2>/dev/null"))
    t.equal("what is ordered", planned["version"].split()[0], t.oldest)
    t.guest.must("rapidreboot --yes --when +2")
    t.guest.must("mv /later/* /boot && update-grub")
    t.fast("true")
    t.recorded()
    t.equal("what the record says", t.attempts()[-1]["version"].split()[0], t.newest)


def taken_back(t, waits, seconds):
    """--cancel leaves nobody who @waits after that time, no kernel, no request."""
    t.guest.must("rapidreboot --yes --when +30")
    t.equal("kexec_loaded", t.loaded(), "1")
    t.guest.must(waits)
    t.equal("another one on top of it", t.guest.run("rapidreboot --yes --when +40").status, 3)
    t.equal("kexec_loaded after another one", t.loaded(), "1")
    t.guest.must("rapidreboot --cancel")
    t.equal("kexec_loaded", t.loaded(), "0")
    t.guest.must(f"for i in $(seq {seconds}); do {waits} || exit 0; sleep 1; done; exit 1")
    t.equal("nothing to take back", t.guest.run("rapidreboot --cancel").status, 6)


@scenario(*SYSTEMD)
def scheduled_cancelled(t):
    """Taken back: logind's schedule is gone, and a reboot is an ordinary one."""
    schedule = "/run/systemd/shutdown/scheduled"
    taken = "grep HugePages_Total /proc/meminfo; grep rapidreboot /proc/mounts; true"
    before = t.guest.must(taken)
    taken_back(t, f"grep -x MODE=kexec {schedule}", 1)
    t.equal("huge pages and mounts", t.guest.must(taken), before)
    t.true("logind still waits", t.guest.run(f"test -e {schedule}").status != 0)
    t.cold("reboot")


@scenario(*SYSTEMD)
def scheduled_cancelled_by_others(t):
    """`shutdown -c` knows nothing of us: the kernel is unloaded all the same."""
    t.guest.must("rapidreboot --yes --when +30")
    t.equal("kexec_loaded", t.loaded(), "1")
    t.guest.must("shutdown -c && sleep 15")
    t.equal("kexec_loaded", t.loaded(), "0")
    t.equal("nothing to take back", t.guest.run("rapidreboot --cancel").status, 6)
    t.cold("reboot")


@scenario(*OTHERS)
def scheduled_cancelled_process(t):
    """Taken back: the process that waits ends, and a reboot is an ordinary one."""
    taken_back(t, f"pgrep -f '{WAITS}'", 40)
    t.cold("reboot")
