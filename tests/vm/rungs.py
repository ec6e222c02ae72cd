# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios for each rung of the ladder: what is loaded in four ways, on every kind of machine."""

import images
import jobs
import vm


def contiguous(scenario):
    """A CMA area, into which Linux 6.17 and newer put what kexec_file_load loads: on x86 misaligned,
    and with tails that are not cleared. We have that switched off; kexec-tools shows what for."""
    for name, words, prepare in (("as-is", " cma=256M", ""),
                                 ("dirty", " cma=256M init_on_alloc=0", jobs.POISON)):
        machine = dict(machine=vm.Machine(memory="1G"), words=words, prepare=prepare, way="-s")
        yield scenario(f"cma/{name}", quick=name == "as-is", **machine)
        yield scenario(f"cma/{name}-auto", **(machine | {"way": ""}))
        yield scenario(f"cma/{name}-in-the-way", kind="lost", limit=150, tool="kexec-tools",
                       **machine)


SUITES = images.SUITES
COPIED = "mount -t tmpfs none /sys/kernel/mm/hugepages\n"  # without huge pages nothing is in place
FRAGMENT = """
fragment {words} > /tmp/fragment &
while ! grep -q ready /tmp/fragment; do sleep 1; done
"""
RUNGS = {
    "zero-copy": dict(options=("--fast", "-d")),
    "copy": dict(options=("--fast", "-d"), rung="copy", prepare=COPIED),
    "bzImage": dict(way="-c"),
    "file": dict(way="-s"),
}
MEMORY = {
    "small": dict(memory="512M"),
    "fragmented": dict(memory="1536M"),
    "above-4G": dict(memory="6G"),
    "crash": dict(memory="3G"),
}
MACHINES = tuple((firmware, cpus) for firmware in ("bios", "uefi") for cpus in (1, 4))


def apart(rung):
    """Free memory in pieces: pages with others between them, or, where huge ones are what is
    wanted, huge ones that hardly ever have a neighbour."""
    if rung == "zero-copy":
        return dict(memory="3G"), FRAGMENT.format(words="huge 85 6")
    return MEMORY["fragmented"], FRAGMENT.format(words="small 90")


def matrix(scenario):
    """Every rung times kernel, firmware, processors and memory. Without --long each pair of those
    occurs, not each combination."""
    for r, (rung, how) in enumerate(RUNGS.items()):
        for s, suite in enumerate(SUITES):
            for m, (memory, size) in enumerate(MEMORY.items()):
                for k, (firmware, cpus) in enumerate(MACHINES):
                    prepare = how.get("prepare", "")
                    if memory == "fragmented":
                        size, pieces = apart(rung)
                        prepare = pieces + prepare
                    yield scenario(
                        f"rungs/{rung}-{suite}-{memory}-{firmware}-{cpus}cpu", first=suite,
                        next=suite, limit=600, long=k != (m + s + r) % len(MACHINES),
                        words=" crashkernel=256M" if memory == "crash" else "",
                        machine=vm.Machine(cpus=cpus, firmware=firmware, **size),
                        **(how | dict(prepare=prepare)))


def damage(scenario):
    """One byte changed of everything that we hand over: each has to reset the machine."""
    shared = ("kernel", "initrd", "boot_params", "purgatory")
    rungs = {"copy": (("--fast",), COPIED, (*shared, "page tables")), "bzImage": ((), "", shared)}
    for suite in SUITES:
        for rung, (options, prepare, segments) in rungs.items():
            for segment in segments:
                yield scenario(f"rungs/{rung}-{suite}-damaged-{segment.replace(' ', '-')}",
                               kind="corrupt", loader="load-corrupt", first=suite, next=suite,
                               way="-c", options=(*options, "-s", segment), prepare=prepare,
                               long=suite != "sid", quick=(suite, segment) == ("sid", "purgatory"))
        yield scenario(f"rungs/copy-{suite}-damaged-constants", kind="corrupt", way="-c",
                       loader="load-corrupt", first=suite, next=suite, prepare=COPIED,
                       options=("--fast", "-x", "-s", "purgatory"), long=suite != "sid")


# Loaded and unloaded, and loading broken off at any time: memory is as it was.
GIVEN_BACK = """
must LOAD
must kexec -u
section before memory
must LOAD
must kexec -u
section after memory
for ms in 1 3 10 30 60 100 150 200 300 500 800 1200; do
	LOAD > /dev/null 2>&1 &
	pid=$!
	usleep ${ms}000
	kill -9 $pid
	wait $pid
done
must kexec -u
section killed memory
"""


# So little memory is left that nothing can be loaded; what was had until then is given back.
TIGHT = """
must LOAD
must kexec -u
section before memory
mkdir /tmp/fill
mount -t tmpfs -o size=100% none /tmp/fill
room=$(($(sed -n 's/^MemFree: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo) / 1024 - 24))
dd if=/dev/zero of=/tmp/fill/zeros bs=1M count=$room
LOAD
section status echo $?
umount /tmp/fill
must kexec -u
section after memory
"""


def given_back(scenario):
    for rung, how in RUNGS.items():
        yield scenario(f"rungs/{rung}-given-back", kind="shell", job=GIVEN_BACK,
                       unchanged=("before", "after", "killed"), limit=600,
                       machine=vm.Machine(memory="1G"), **how)
        yield scenario(f"rungs/{rung}-tight", kind="shell", job=TIGHT, limit=600,
                       unchanged=("before", "after"), expect=(r"@@ begin status\n[1-9]",),
                       machine=vm.Machine(memory="512M"), **how)


# Takes every block of memory away that the kernel lets go of, as for the removal of a module, and
# puts it back: whatever could be moved was moved.
OFFLINE = """
n=0
for block in /sys/devices/system/memory/memory[0-9]*; do
	timeout 20 sh -c "echo offline > $block/state" 2> /dev/null && n=$((n + 1))
done
section offline echo $n
for block in /sys/devices/system/memory/memory[0-9]*; do
	grep -q offline $block/state && echo online > $block/state
done
"""


def meanwhile(scenario):
    """What happens to memory between load and jump must not matter."""
    for rung, how in RUNGS.items():
        yield scenario(f"rungs/{rung}-pressure", between=jobs.POISON, limit=600,
                       machine=vm.Machine(memory="1G"), **how)
        yield scenario(f"rungs/{rung}-offline", between=OFFLINE, limit=600,
                       expect=(r"@@ begin offline\n[1-9]",), machine=vm.Machine(memory="3G"), **how)


def relays(scenario):
    """Many kexecs in a row, each by the next of these ways: the rungs from top to bottom."""
    every = ("kexec --fast", "hidden; kexec --fast", "kexec -c", "kexec -s")
    yield scenario("relay/8", kind="relay", ways=every, length=8, limit=900,
                   machine=vm.Machine(memory="1G"))
    yield scenario("relay/kaslr-20", kind="relay", ways=every[:2], length=20, limit=1800, long=True,
                   machine=vm.Machine(memory="1G"))
    # of the kernels here the one that is up soonest
    yield scenario("relay/100", kind="relay", ways=every, length=100, limit=7200, long=True,
                   first="bookworm", next="bookworm", machine=vm.Machine(memory="1G"))


def scenarios(scenario):
    """@scenario is the class: this module is part of the one that defines it."""
    for group in (contiguous, matrix, damage, given_back, meanwhile, relays):
        yield from group(scenario)
