# SPDX-License-Identifier: LGPL-2.1-or-later
"""What disturbs a fast reboot in tests/vm/stress.py: shell for a machine that reboots itself, made by chance.

A step is one reboot. Its shell calls what FUNCTIONS has, which says on the console what happened in
lines that tests/vm/outcomes.py reads.
"""

import dataclasses
import random

import jobs

SUITES = ("bookworm", "trixie")  # the kernels that take turns
FIRMWARE = "firmware"  # the mark of the kernel that the firmware starts
FOREIGN = "foreign"  # and of the one that another program loads
BLOCK = 4096  # bytes; one for each step, after one with the number of those that have begun


def cmdline(mark):
    return f"console=ttyS0 panic=-1 quiet {jobs.PATIENT} stress={mark}"


# `reboot` and `poweroff` say that they were called before they ask process 1.
FUNCTIONS = """
export PATH=/sbin:/bin
say() { echo "@@ $*" >/dev/console; }
# what a person does whose fast reboot was refused
ordinary()
{
	say ordinary
	exec busybox reboot
}
did()
{
	say did $1 loaded $(cat /sys/kernel/kexec_loaded)
	[ $1 != 0 ] || sleep 60
	ordinary
}
go() { rapidreboot --yes --force B3 --kernel $kernel --initrd $initrd --cmdline "$words" $more; }
# so many bytes are left
fill()
{
	[ $2 = 0 ] || head -c $2 /dev/zero >$1/left
	cat /dev/zero >$1/fill 2>/dev/null
	rm -f $1/left
}
foreign()
{
	kexec-tools "$@" -l /boot/kernel-0 --initrd=/boot/initrd --command-line="FOREIGN"
}
""".replace("FOREIGN", cmdline(FOREIGN))


@dataclasses.dataclass
class Step:
    """One reboot: @kernels are indices of SUITES that may come up with @mark in the command line."""

    number: int
    kind: str
    mark: str
    kernels: tuple
    shell: str


def _seconds(rng, limit):
    return f"{rng.uniform(0, limit):.2f}"


def _now_or_soon(rng, what, limit=2.5):
    """@what before the command or while it runs."""
    if rng.random() < 0.5:
        return what
    return f"{{ sleep {_seconds(rng, limit)}; {what}; }} &"


def _none(_rng, _step):
    return ""


def _run_full(rng, _step):
    if rng.random() < 0.3:  # no more files, in place of no more bytes
        return "mount -o remount,nr_inodes=40 /run; for i in $(seq 60); do >/run/f$i; done 2>/dev/null"
    return _now_or_soon(rng, f"fill /run {rng.choice((0, 0, 4096, 8192))}")


def _var_full(rng, _step):
    return _now_or_soon(rng, f"fill /var {rng.choice((0, 0, 1024, 4096))}")


def _read_only(rng, _step):
    places = rng.choice((("/",), ("/var",), ("/", "/var"), ("/run",)))
    return _now_or_soon(rng, "; ".join(f"mount -o remount,ro {place}" for place in places))


def _clock(rng, _step):
    seconds = rng.choice((-1, 1)) * int(10 ** rng.uniform(1, 8.7))
    keep = "; hwclock -w -u -f /dev/rtc0" if rng.random() < 0.5 else ""
    return _now_or_soon(rng, f"date -s @$(($(date +%s) + {seconds})) >/dev/null{keep}")


def _locks(rng, _step):
    return f"hold-locks >/tmp/held &\nsleep {rng.choice((0, 1))}\ncat /tmp/held"


def _mounts(rng, _step):
    kind = rng.choice(("-t tmpfs m", "--bind /var", "-t proc m"))
    return f"""while :; do
	i=$(((i + 1) % 20))
	mount {kind} "/mnt/$i a"
	umount "/mnt/$(((i + {rng.randrange(1, 20)}) % 20)) a"
done >/dev/null 2>&1 &"""


def _foreign(rng, _step):
    way = rng.choice(("-c", "-s"))
    load = f"foreign {way}"
    text = rng.choice((
        f"sleep {_seconds(rng, 3)}; {load}",
        f"sleep {_seconds(rng, 3)}; kexec-tools -u",
        f"{load}; sleep {_seconds(rng, 2)}; kexec-tools -u",
        f"while :; do {load}; sleep {_seconds(rng, 1)}; kexec-tools -u; sleep {_seconds(rng, 1)}; done"))
    # process 1 leaves it running while it goes down
    return f">/run/spare\n{{ {text}; }} >/dev/null 2>&1 &"


def _signal(name):
    def shell(rng, _step):
        wait = rng.choice((0, 1, 5, 20)) if name == "KILL" else 0
        return (f"go &\nsleep {_seconds(rng, 4)}\nkill -{name} $(pidof rapidreboot)\nwait $!\n"
                f"status=$?\nsleep {wait}\ndid $status")
    return shell


def _hog(rng, _step):
    return (f"for i in $(seq {rng.randrange(2, 7)}); do while :; do :; done & done\n"
            "cat /dev/zero >/dev/null &")


def _upgrade(rng, step):
    """Another kernel under the same name, as a package manager puts it there."""
    step.kernels = (0, 1)
    before = step.number % 2
    return (f"cp /boot/kernel-{before} /boot/next\ncp /boot/kernel-{1 - before} /boot/next.new\n"
            "cp /boot/initrd /boot/initrd.new\nsync\nkernel=/boot/next\n"
            f"{{ sleep {_seconds(rng, 3)}; mv /boot/next.new /boot/next; mv /boot/initrd.new /boot/initrd; }} &")


def _rewrite(rng, _step):
    """The same files, written once more in their places, as dracut does."""
    return ("cp /boot/initrd /boot/next-initrd\nsync\ninitrd=/boot/next-initrd\n"
            f"{{ sleep {_seconds(rng, 2.5)}; cat /boot/initrd >/boot/next-initrd; }} &")


def _off_at_once(rng, _step):
    return f"go &\nsleep {_seconds(rng, 3)}\n/sbin/poweroff\nsleep 100\nordinary"


def _off_ordered(rng, _step):
    return f"more='--when +1'\ngo\nsay ordered $?\nsleep {rng.randrange(1, 20)}\n/sbin/poweroff\nsleep 100\nordinary"


def _off_killed(rng, _step):
    return (f"go &\nsleep {_seconds(rng, 3)}\nkill -KILL $(pidof rapidreboot)\n"
            f"sleep {rng.choice((0, 1, 3))}\n/sbin/poweroff\nsleep 100\nordinary")


# kind -> what makes its shell. Shell that does not reboot by itself is followed by the command.
KINDS = {
    "none": _none, "run-full": _run_full, "var-full": _var_full, "read-only": _read_only,
    "clock": _clock, "locks": _locks, "mounts": _mounts, "foreign": _foreign,
    "sigterm": _signal("TERM"), "sigkill": _signal("KILL"), "hog": _hog, "upgrade": _upgrade,
    "rewrite": _rewrite, "off-at-once": _off_at_once, "off-ordered": _off_ordered,
    "off-killed": _off_killed,
}


def step(number, kind, seed):
    """Step @number, the same for the same @seed."""
    rng = random.Random(f"{seed} {number} {kind}")
    made = Step(number, kind, f"{number}.{rng.randrange(1 << 32):08x}", (rng.randrange(2),), "")
    disturb = KINDS[kind](rng, made)
    made.shell = (f"say step {number} {kind}\nkernel=/boot/kernel-{made.kernels[0]}\ninitrd=/boot/initrd\n"
                  f"words='{cmdline(made.mark)}'\n{disturb}\n"
                  + ("" if "ordinary" in disturb or "\ndid " in disturb else "go\ndid $?\n"))
    if len(made.shell) > BLOCK:
        raise ValueError(f"the shell of {kind} is longer than a block")
    return made


def steps(n, seed, only=()):
    """@n steps: each kind once in each round, in an order made by chance."""
    rng = random.Random(seed)
    kinds = []
    while len(kinds) < n:
        turn = [kind for kind in KINDS if not only or kind in only]
        rng.shuffle(turn)
        kinds += turn
    return [step(number, kind, seed) for number, kind in enumerate(kinds[:n], 1)]
