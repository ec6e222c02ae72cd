# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown on systems with systemd, when something stands in the way."""

from catalogue import scenario
from systemd import ALL, FIRST

ASK_FIRST = """rm -f /run/answer /run/typescript
mkfifo /run/answer
exec 3<>/run/answer
timeout 300 script -qefc '{command}' /run/typescript <&3 >/dev/null &
until grep -q 'now?' /run/typescript; do
	kill -0 $! || exit 99
	sleep 1
done
{meanwhile}
echo y >&3
wait $!; status=$?
cat /run/typescript
exit $status
"""


def while_asked(meanwhile, command="rapidreboot"):
    """Shell: start @command on a terminal, do @meanwhile when it asks, then answer yes."""
    return ASK_FIRST.format(meanwhile=meanwhile, command=command)


@scenario(*ALL, quick=FIRST)
def inhibitor(t):
    """Somebody holds the shutdown off: refused, and nothing stays loaded."""
    t.guest.must("systemd-inhibit --what=shutdown --mode=block --who=tester --why=busy "
                 "sleep 1000 >/dev/null 2>&1 & sleep 5; systemd-inhibit --list")
    t.refused("rapidreboot --yes", 3, "G2", "tester")
    t.guest.must("pkill sleep")
    t.fast("rapidreboot --yes")


@scenario("trixie-systemd", "sid-systemd")
def inhibitor_at_logind(t):
    """The check is told to go on, and logind says no: what was loaded is unloaded again."""
    t.guest.must("systemd-inhibit --what=shutdown --mode=block --who=tester --why=busy "
                 "sleep 1000 >/dev/null 2>&1 & sleep 5; systemd-inhibit --list")
    t.refused("rapidreboot --yes --force G2", 5, "unloaded again")
    t.equal("attempts", t.attempts(), [])


@scenario(*ALL)
def loading_disabled(t):
    """The sysctl that forbids it until the next boot."""
    t.guest.must("sysctl -w kernel.kexec_load_disabled=1")
    t.refused("rapidreboot --yes", 3, "A5", "kexec_load_disabled")
    t.guest.must("rapidreboot enable")
    t.cold("reboot")


@scenario(*ALL)
def lockdown(t):
    """Under lockdown it is the file call, which checks signatures. These machines have no Secure Boot,
    from whose database the kernel would have the distribution's key: it refuses, and stays up."""
    t.fast("rapidreboot --yes --append lockdown=integrity")
    t.true("lockdown is not on", "[integrity]" in t.guest.must("cat /sys/kernel/security/lockdown"))
    plan = t.guest.must("rapidreboot --dry-run")
    t.true(f"not by the file call:\n{plan}", "kexec_file_load" in plan)
    t.refused("rapidreboot --yes --kexec-syscall", 4)
    t.guest.must("cp /boot/vmlinuz-$(uname -r) /boot/changed && truncate -s -2000 /boot/changed")
    t.refused("rapidreboot --yes --kernel /boot/changed --initrd /boot/initrd.img-$(uname -r) "
              "--reuse-cmdline", 1)
    t.refused("rapidreboot --yes", 4, "locked down", "signature")


@scenario(*ALL)
def truncated_kernel(t):
    """The kernel's file shrinks between the check and the load: no reboot."""
    t.refused(while_asked(f"truncate -s 100000 /boot/vmlinuz-{t.newest}"), 4, "changed")


@scenario(FIRST)
def truncated_kernel_segments(t):
    """The same when the file is read by us."""
    t.refused(while_asked(f"truncate -s 100000 /boot/vmlinuz-{t.newest}",
                          "rapidreboot --kexec-syscall"), 4)


SWEEP = """killed=0 loaded=0
for delay in $(seq {first} {step} {last}); do
	rapidreboot --yes >/run/output 2>&1 &
	pid=$!
	sleep "$delay"
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid
	while pgrep -x systemctl >/dev/null; do sleep 0.5; done
	if systemctl list-jobs | grep -q kexec.target; then
		echo "handed over at $delay after $killed kills"; exit 3
	fi
	rapidreboot status --json >/run/status || exit 4
	[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || loaded=$((loaded + 1))
	rapidreboot unload || exit 5
	[ "$(cat /sys/kernel/kexec_loaded)" = 0 ] || exit 6
done
echo "killed $killed, $loaded of them loaded"
"""


@scenario(FIRST)
def killed(t):
    """SIGKILL at growing delays: the machine stays up or goes the fast way, and works on."""
    start = t.guest.console_size()
    t.guest.must("rapidreboot load && rapidreboot unload")  # the files are in memory now
    t.guest.send(SWEEP.format(first="0.2", step="0.4", last="30"))
    boot = t.guest.wait_boot(1200)
    t.equal("kernel", boot.release, t.newest)
    t.equal("the firmware's banners", t.guest.banners(start), 0)
    t.stopped_well(start)
    t.fast("rapidreboot --yes")


@scenario(*ALL)
def removed(t):
    """Removing the software from a running, enabled system reboots nothing, then or later."""
    t.guest.must("rapidreboot enable")
    t.guest.must("find /usr/local -name '*rapidreboot*' -o -name kexec -o -name coldreboot |"
                 "xargs rm -rf; systemctl daemon-reload; sleep 10")
    t.equal("jobs", t.guest.must("systemctl list-jobs --no-legend"), "")
    t.cold("reboot")


@scenario(FIRST, firmware="uefi")
def firmware_setup(t):
    """The firmware's own menu is asked for: that only a firmware reboot can do."""
    t.guest.must("busctl call org.freedesktop.login1 /org/freedesktop/login1 "
                 "org.freedesktop.login1.Manager SetRebootToFirmwareSetup b true")
    t.guest.send("rapidreboot --yes")
    t.guest.wait_reset()


@scenario(FIRST, firmware="uefi")
def uefi(t):
    """Both ways on a machine with UEFI."""
    t.fast("rapidreboot --yes")
    t.cold("coldreboot --yes")
