# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of scenarios: which kernel loads which other one, how, on what machine."""

import dataclasses

import images
import races
import rungs
import vm

# A kernel and its /init take 3 s, 15 s with UEFI; on a host that does ten things at once, minutes.
LIMIT = 300  # seconds for one virtual machine
LONG_LIMIT = 600


@dataclasses.dataclass
class Scenario:
    """One virtual machine to run. The name says what is special about it."""

    name: str
    kind: str = "boot"  # boot, panic, chain, xen, corrupt, probe, lost, shell, relay
    first: str = "sid"  # the suite whose kernel loads
    next: str = "sid"  # the suite whose kernel is loaded
    image: str = "bzImage"  # the shape of the loaded kernel: derived.image(), or "uki"
    way: str = ""  # option for the system call: "-c", "-s" or none
    options: tuple = ()  # more words for kexec
    initrds: str = "one"  # none, one, three, packed, big, huge
    machine: vm.Machine = dataclasses.field(default_factory=vm.Machine)
    words: str = ""  # more words for the first kernel's command line
    prepare: str = ""  # shell that the first kernel runs before anything is looked at
    memory: str = "iomem"  # which report of the first kernel is the map to hand on
    between: str = ""  # shell that it runs between load and jump
    loader: str = ""  # what it loads with, if not with kexec -l; "rapidreboot" loads and jumps
    jump: str = ""  # how it jumps, if not by kexec -e
    job: str = ""  # shell: what it does instead; LOAD and PLAIN are the commands that load
    expect: tuple = ()  # patterns that the log has to have
    unchanged: tuple = ()  # sections of the shell that have to show the same memory
    rung: str = "zero-copy"  # what kexec --fast has to say that it did
    next_words: str = ""  # more words for the second kernel's
    compare: bool = False  # run kexec-tools in the same machine and compare the second kernels
    quick: bool = False  # part of the short run
    long: bool = False  # only with --long
    ways: tuple = ()  # relay: how each of them loads the next, in turn
    length: int = 0  # relay: how many kexecs
    limit: int = LIMIT
    tool: str = ""  # "kexec-tools": that one, whatever is under test


WAYS = {"segments": "-c", "file": "-s", "auto": ""}


def kernels():
    """Every kernel loads every other one, by both system calls, by default, and as a UKI."""
    for first in images.SUITES:
        for following in images.SUITES:
            for label, way in WAYS.items():
                quick = (first, following, label) in {
                    ("bookworm", "sid", "segments"), ("sid", "bookworm", "file"),
                    ("trixie", "trixie", "segments"), ("sid", "sid", "auto")}
                yield Scenario(f"kernels/{first}-{following}-{label}", first=first,
                               next=following, way=way, quick=quick)
            yield Scenario(f"kernels/{first}-{following}-uki", first=first, next=following,
                           image="uki", quick=first == following == "sid")
    for suite in images.SUITES:
        yield Scenario(f"kernels/{suite}-32bit", first=suite, next=suite, way="-c",
                       options=("--entry-32bit",))


def shapes():
    for suite in images.SUITES:
        for shape in ("vmlinux", "vmlinux.gz", "vmlinux.xz", "vmlinux.zst", "vmlinux.lz4"):
            yield Scenario(f"images/{suite}-{shape}", first=suite, next=suite, image=shape,
                           way="-c", quick=(suite, shape) == ("sid", "vmlinux.zst"))
    for shape in ("vmlinux.lzma", "vmlinux.bz2", "vmlinux.lzo", "vmlinux.lz4-legacy", "bzImage.gz"):
        yield Scenario(f"images/sid-{shape}", image=shape, way="-c")
    # Without -c or -s: the file system call refuses, kexec_load gets it.
    yield Scenario("images/sid-vmlinux-auto", image="vmlinux")
    yield Scenario("images/sid-bzImage.gz-file", image="bzImage.gz", way="-s")
    for way in ("segments", "file"):
        yield Scenario(f"images/sid-uki-{way}", image="uki", way=WAYS[way])


def initrds():
    for label, way in (("segments", "-c"), ("file", "-s")):
        yield Scenario(f"initrd/none-{label}", kind="panic", initrds="none", way=way,
                       quick=way == "-c")
        yield Scenario(f"initrd/three-{label}", initrds="three", way=way, quick=True)
        yield Scenario(f"initrd/160M-{label}", initrds="big", way=way, limit=LONG_LIMIT,
                       machine=vm.Machine(memory="3G"))
    # The first kernel has it in a root file system that takes half of the memory at most.
    huge = dict(initrds="huge", long=True, limit=LONG_LIMIT, machine=vm.Machine(memory="5G"))
    yield Scenario("initrd/1G-segments", way="-c", **huge)
    yield Scenario("initrd/1G-fast", options=("--fast", "-d"), **huge)
    yield Scenario("initrd/1G-direct", loader="rapidreboot", **huge)


def machines():
    for memory in ("512M", "3G", "6G"):
        for cpus in (1, 2):
            for label, way in (("segments", "-c"), ("file", "-s")):
                yield Scenario(f"machine/{memory}-{cpus}cpu-{label}", way=way, first="trixie",
                               machine=vm.Machine(memory=memory, cpus=cpus),
                               quick=(memory, cpus, way) == ("6G", 2, "-c"))


# Hundreds of memory ranges, more than boot_params' own table holds: a page taken out of each MiB.
# No emulated firmware reports that many, so a directory of our own lies over its map.
MANY_RANGES = """
mkdir /tmp/memmap
n=0
range()
{
	mkdir /tmp/memmap/$n
	cd /tmp/memmap/$n
	n=$((n + 1))
	echo $1 > start
	echo $2 > end
	echo "$3" > type
}
for entry in $(ls /sys/firmware/memmap | sort -n); do
	range $(cd /sys/firmware/memmap/$entry; cat start end; ) "$(cat /sys/firmware/memmap/$entry/type)"
	[ $(($(cat start))) = $((0x100000)) ] && end=$(cat end) && last=$PWD
done
printf '0x%x\n' $((0x10000000 - 1)) > $last/end
at=$((0x10000000))
for i in $(seq 150); do
	range $(printf '0x%x 0x%x' $at $((at + 0xfff))) Reserved
	range $(printf '0x%x 0x%x' $((at + 0x1000)) $((at + 0xfffff))) "System RAM"
	at=$((at + 0x100000))
done
range $(printf '0x%x' $at) $end "System RAM"
cd /
mount --bind /tmp/memmap /sys/firmware/memmap
"""


def ranges():
    yield Scenario("machine/300-ranges-segments", way="-c", machine=vm.Machine(memory="3G"),
                   prepare=MANY_RANGES, memory="memmap")


def comparisons():
    """The second kernel beside the one that kexec-tools starts in the same machine."""
    for suite in images.SUITES:
        for firmware in ("bios", "uefi"):
            for label, way in (("segments", "-c"), ("file", "-s")):
                yield Scenario(
                    f"compare/{suite}-{firmware}-{label}", first=suite, next=suite, way=way,
                    machine=vm.Machine(memory="3G", cpus=2, firmware=firmware), compare=True,
                    quick=(suite, firmware) == ("sid", "uefi"))
    yield Scenario("compare/6G-uefi-segments", way="-c", compare=True,
                   machine=vm.Machine(memory="6G", firmware="uefi"))
    yield Scenario("compare/512M-bios-segments", way="-c", compare=True,
                   machine=vm.Machine(memory="512M"))
    yield Scenario("compare/crashkernel-segments", way="-c", compare=True,
                   machine=vm.Machine(memory="3G"), words=" crashkernel=256M")


def fast():
    """Kernels that are unpacked and moved before the jump."""
    for first in images.SUITES:
        for following in images.SUITES:
            yield Scenario(f"fast/{first}-{following}", first=first, next=following,
                           options=("--fast", "-d"),
                           quick=(first, following) in {("bookworm", "sid"), ("sid", "trixie"),
                                                        ("trixie", "bookworm")})
    for suite in images.SUITES:
        yield Scenario(f"fast/{suite}-nokaslr", first=suite, next=suite,
                       options=("--fast", "-d"), next_words=" nokaslr", quick=suite == "sid")
        yield Scenario(f"fast/{suite}-corrupt-kernel", kind="corrupt", first=suite, next=suite,
                       way="-c", loader="load-corrupt", options=("--fast", "-s", "kernel"),
                       quick=suite == "sid")
        # Free memory is full of ones: what no segment covers is zeroed, and has to be.
        dirty = dict(kind="probe", first=suite, next=suite, words=" init_on_alloc=0",
                     machine=vm.Machine(memory="512M"))
        yield Scenario(f"fast/{suite}-gaps-cleared", options=("--fast",), quick=suite == "sid",
                       **dirty)
        yield Scenario(f"fast/{suite}-gaps-left", options=("--fast", "-g"), **dirty)
    yield Scenario("fast/4-levels", options=("--fast", "-d"),
                   machine=vm.Machine(cpu=vm.CPU + ",la57=off"))
    yield Scenario("fast/4-levels-gaps", kind="probe", options=("--fast",),
                   machine=vm.Machine(memory="512M", cpu=vm.CPU + ",la57=off"))
    for memory, firmware in (("512M", "bios"), ("6G", "bios"), ("3G", "uefi")):
        yield Scenario(f"fast/{memory}-{firmware}", options=("--fast", "-d"),
                       machine=vm.Machine(memory=memory, cpus=4, firmware=firmware))
    yield Scenario("fast/big-initrd", options=("--fast", "-d"), initrds="big", limit=300,
                   machine=vm.Machine(memory="3G"))
    for suite in images.SUITES:
        yield Scenario(f"fast/{suite}-packed", first=suite, next=suite, initrds="packed",
                       options=("--fast", "-d"), quick=suite == "sid")
        yield Scenario(f"fast/{suite}-file", first=suite, next=suite, initrds="packed", way="-s",
                       options=("--fast", "-d"), quick=suite == "bookworm")
    yield Scenario("fast/sid-cached", initrds="packed", options=("--fast", "-d", "--cache=/cache"),
                   prepare="must kexec -l --fast --cache=/cache /boot/kernel "
                   "--initrd=/boot/initrd0\nmust kexec -u\n")
    yield Scenario("fast/five", kind="chain", way="--fast", limit=LONG_LIMIT, quick=True,
                   machine=vm.Machine(memory="3G"))


# Starts the program in the background and waits until it has what it wants.
FRAGMENT = """
fragment {words} > /tmp/fragment &
while ! grep -q ready /tmp/fragment; do sleep 1; done
"""
NO_HUGE_PAGES = "mount -t tmpfs none /sys/kernel/mm/hugepages"

UNLOAD = """
must LOAD
must kexec -u
section before memory
must LOAD
section held memory
must kexec -u
section after memory
must LOAD
must PLAIN
must kexec -u
section again memory
"""
# Right after what was got was written down, with the mount made, and with the pages had.
KILLED = """
killed()
{
	LOAD &
	pid=$!
	while ! eval "$1" && kill -0 $pid; do usleep 2000; done
	kill -9 $pid
	wait $pid
	section killed$2 memory
}
must LOAD
must kexec -u
section before memory
killed '[ -e /run/rapidreboot/in-place ]' 1
must kexec -u
section after1 memory
killed 'grep -q rapidreboot /proc/mounts' 2
must kexec -u
section after2 memory
killed '[ -e /dev/.static/dev/image ]' 3
must LOAD
section loaded memory
must kexec -u
section after3 memory
"""
RELEASED = """
section before memory
must LOAD
umount /dev/.static/dev
kexec -e
section after memory
"""
CHANGED = """
section before memory
must LOAD
kexec -e
section after memory
"""


def zero_copy_lifecycle():
    """Pages are had and given back, whatever happens between load and jump."""
    for suite in images.SUITES:
        yield Scenario(f"zero/{suite}-unload", kind="shell", first=suite, next=suite, job=UNLOAD,
                       options=("--fast",), unchanged=("before", "after", "again"),
                       expect=(r"@@ begin held\n[^@]*HugePages_Total: +[1-9]",),
                       quick=suite == "sid")
    yield Scenario("zero/killed", kind="shell", job=KILLED, options=("--fast",),
                   unchanged=("before", "after1", "after2", "after3"), limit=LONG_LIMIT,
                   expect=(r"@@ begin killed3\n[^@]*HugePages_Total: +[1-9]",
                           r"@@ begin loaded\n[^@]*loaded 1"))
    yield Scenario("zero/races", kind="shell", job=races.job(), options=("--fast",),
                   unchanged=("before", "after"), limit=LONG_LIMIT * 2,
                   expect=(f"@@ races {len(races.RACES)}",))
    yield Scenario("zero/all-races", kind="shell", job=races.job(races.ALL_RACES), options=("--fast",), long=True,
                   unchanged=("before", "after"), limit=LONG_LIMIT * 6,
                   expect=(f"@@ races {len(races.ALL_RACES)}",))
    yield Scenario("zero/released", kind="shell", job=RELEASED, options=("--fast",),
                   unchanged=("before", "after"), expect=("next kernel was released",))
    yield Scenario("zero/changed", kind="shell", job=CHANGED, loader="load-corrupt",
                   options=("--fast", "--in-place", "-s", "kernel"), unchanged=("before", "after"),
                   expect=("next kernel was changed in memory",))
    for suite in images.SUITES:
        yield Scenario(f"zero/{suite}-pool-emptied", first=suite, next=suite,
                       options=("--fast", "-d"), between="echo 0 > /proc/sys/vm/nr_hugepages",
                       expect=("loaded again with a copy",), quick=suite == "bookworm")


def zero_copy():
    """Kernel and initrd in huge pages where they run; what fast/* does not have."""
    for suite in images.SUITES:
        for segment in ("kernel", "initrd", "boot_params", "purgatory"):
            yield Scenario(f"zero/{suite}-corrupt-{segment}", kind="corrupt", first=suite,
                           next=suite, loader="load-corrupt", jump="load-corrupt --jump",
                           options=("--fast", "--in-place", "-s", segment),
                           quick=(suite, segment) == ("sid", "initrd"))
        yield Scenario(f"zero/{suite}-uefi-4cpu", first=suite, next=suite,
                       options=("--fast", "-d"),
                       machine=vm.Machine(memory="3G", cpus=4, firmware="uefi"))
    yield Scenario("zero/crashkernel", options=("--fast", "-d"), words=" crashkernel=256M",
                   machine=vm.Machine(memory="3G"))
    yield Scenario("zero/cma", options=("--fast", "-d"), words=" cma=1G",
                   machine=vm.Machine(memory="3G"))
    yield Scenario("zero/holes", options=("--fast", "-d"), machine=vm.Machine(memory="3G"),
                   prepare=FRAGMENT.format(words="huge 85 6"), limit=LONG_LIMIT,
                   expect=(r"kexec: zero-copy: \d+ MiB are copied all the same",), quick=True)
    yield Scenario("zero/no-neighbours", options=("--fast", "-d"), rung="copy",
                   machine=vm.Machine(memory="1536M"), limit=LONG_LIMIT,
                   prepare=FRAGMENT.format(words="small 97"), expect=("huge pages only",))
    yield Scenario("zero/384M", options=("--fast", "-d"), rung="copy", quick=True,
                   machine=vm.Machine(memory="384M"), expect=("must be left",))
    # As the initramfs that takes the root apart finds it: with a /dev of its own, the old one elsewhere.
    yield Scenario("zero/dev-moved", options=("--fast", "-d"), quick=True,
                   between="mkdir /old\nmust mount --move /dev /old\n"
                   "must mount -t devtmpfs devtmpfs /dev")
    without = dict(options=("--fast", "-d"), rung="copy", prepare=NO_HUGE_PAGES,
                   expect=("no huge pages of 2 MiB",))
    for suite in images.SUITES:
        yield Scenario(f"fast/{suite}-copy", first=suite, next=suite, quick=suite == "sid",
                       **without)
    yield Scenario("fast/copy-6G-uefi", **without,
                   machine=vm.Machine(memory="6G", cpus=4, firmware="uefi"))


# kexec-tools' exit statuses for a call that is not there: of -s alone, and of everything else.
REFUSED = {"-s": 253, "-c": 255}
SAYS_NO = """
LOAD
section status echo $?
section loaded cat /sys/kernel/kexec_loaded
"""


def calls():
    """Kernels with one of the two system calls: the other way in is taken, or refused with words."""
    for first, way, sentence in (
            ("segments-only", "-s", "built without CONFIG_KEXEC_FILE"),
            ("file-only", "-c", "built without CONFIG_KEXEC,")):
        own = dict(first=first, long=True)
        yield Scenario(f"calls/{first}", **own)
        yield Scenario(f"calls/{first}-auto", options=("-a",), **own)
        yield Scenario(f"calls/{first}{way}", kind="shell", way=way, job=SAYS_NO,
                       expect=(sentence, rf"@@ begin status\n{REFUSED[way]}\n",
                               r"@@ begin loaded\n0\n"), **own)
    # so small a kernel has no random numbers so early, and without them no place that nobody foresees
    yield Scenario("calls/segments-only-fast", first="segments-only", options=("--fast", "-d"),
                   next_words=" nokaslr", rung="bzImage", expect=("no random numbers",), long=True)
    yield Scenario("calls/segments-only-next", first="segments-only", next="segments-only",
                   way="-c", long=True)


def chains():
    for label, way in (("segments", "-c"), ("file", "-s")):
        yield Scenario(f"chain/five-{label}", kind="chain", way=way, limit=LONG_LIMIT,
                       machine=vm.Machine(memory="3G"))
        yield Scenario(f"chain/five-uefi-{label}", kind="chain", way=way, limit=LONG_LIMIT,
                       machine=vm.Machine(memory="3G", firmware="uefi"))


def special():
    # Xen's own package ships it compressed; its first guest is the other kernel to start.
    # With -cpu max dom0 crashes, also when QEMU itself starts Xen.
    machine = vm.Machine(memory="3G", cpu="qemu64")
    yield Scenario("xen/compressed", kind="xen", image="xen.gz", first="bookworm", limit=LONG_LIMIT,
                   machine=machine, quick=True)
    yield Scenario("xen/segments", kind="xen", image="xen", way="-c", first="sid", limit=LONG_LIMIT,
                   machine=machine)
    # Not under UEFI: Xen faults there while it looks for low memory, with kexec-tools as well.
    yield Scenario("digest/corrupt-resets", kind="corrupt", loader="load-corrupt", way="-c", quick=True)
    yield Scenario("digest/corrupt-unchecked-boots", kind="corrupt", loader="load-corrupt", way="-c", options=("-i",))


def all_scenarios():
    for group in (kernels, shapes, initrds, machines, ranges, comparisons, fast,
                  zero_copy, zero_copy_lifecycle, calls, chains, special):
        yield from group()
    yield from rungs.scenarios(Scenario)
