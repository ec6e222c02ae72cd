#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Changes a byte of a loaded image from outside of the machine, as a stray DMA would.

The machine's memory is a file that this host maps, so that nothing of ours takes part in the
damage, and what kexec_file_load took can be damaged as well. On the rungs with our purgatory the
machine has to be reset, after a line on the serial console. On the lowest one it is the kernel's
own purgatory that looks (arch/x86/purgatory/purgatory.c): it stops for ever, whoever loaded it.
"""

import argparse
import dataclasses
import fnmatch
import mmap
import os
import random
import sys
import tempfile
import threading

import guest
import images
import jobs
import vm

MEMORY = 1 << 30
LIMIT = 400  # seconds for one machine
STOPPED = 150  # for one that is meant to stop for ever; its jump comes after a fifth of that
SAID = "changed since the kernel was loaded"
LENGTH = 64  # bytes that are looked for, too many to be there by chance

# name: (options, what comes before)
RUNGS = {
    "zero-copy": ("--fast --console-serial", ""),
    "copy": ("--fast --console-serial", "mount -t tmpfs none /sys/kernel/mm/hugepages"),
    "bzImage": ("-c --console-serial", ""),
    "file": ("-s", ""),
}
# An unpacked kernel is nowhere in its file; tests/vm/load-corrupt.c damages those.
CASES = [(rung, "initrd") for rung in RUNGS] + [("bzImage", "kernel"), ("file", "kernel")]

JOB = """
{prepare}
must kexec -l {options} /boot/kernel --initrd=/boot/initrd --command-line="{cmdline}"
section loaded cat /sys/kernel/kexec_loaded
echo "@@ waiting"
while grep -q waiting /flag; do sleep 1; done
echo "@@ jump"
load-corrupt --jump
echo "@@ failed the jump came back"
"""


@dataclasses.dataclass
class Damage:
    """Waits until the machine is ready for it, and changes every copy of @bytes in its memory."""

    memory: str
    log: str
    bytes: bytes
    flag: bytes
    found: int = 0
    over: threading.Event = dataclasses.field(default_factory=threading.Event)

    def _change(self, view, pattern, byte):
        at, count = view.find(pattern), 0
        while at >= 0:
            view[at + byte] ^= 1
            count, at = count + 1, view.find(pattern, at + 1)
        return count

    def run(self):
        while not self.over.wait(0.2):
            try:
                with open(self.log, encoding="utf-8", errors="replace") as file:
                    if "@@ waiting" not in file.read():
                        continue
                with open(self.memory, "r+b") as file, mmap.mmap(file.fileno(), MEMORY) as view:
                    self.found = self._change(view, self.bytes, LENGTH // 2)
                    self._change(view, self.flag, self.flag.index(b"waiting"))
            except FileNotFoundError:
                continue
            return


def first_initrd(args, rung, marker, flag, folder):
    options, prepare = RUNGS[rung]
    following = guest.base(jobs.REPORT)
    following.data("extra/marker", marker * 256)
    archive = guest.base(JOB.format(prepare=prepare, options=options, cmdline=jobs.CHAIN_CMDLINE))
    guest.add_kexec(archive, args.kexec)
    guest.add_program(archive, "sbin/load-corrupt", args.corrupt)
    archive.data("flag", flag)
    archive.file("boot/kernel", images.kernel(args.suite))
    archive.file("boot/initrd", following.save(os.path.join(folder, "next")))
    return archive.save(os.path.join(folder, "first"))


def kernel_bytes(suite):
    """Some of the middle of the kernel's file."""
    path = images.kernel(suite)
    with open(path, "rb") as file:
        file.seek(os.path.getsize(path) // 2)
        return file.read(LENGTH)


def problems(rung, end, found):
    """Sentences about a machine whose image was damaged in @found places."""
    facts = guest.sections(end.log)
    if facts.get("loaded") != "1" or "@@ jump" not in end.log:
        yield f"it never came to the jump ({end.reason})"
        return
    if not found:
        yield "the bytes were not in memory: nothing was damaged"
    if "Linux version" in end.log.split("@@ jump")[-1] or "second.release" in facts:
        yield "a damaged image was started"
    wanted = "timeout" if rung == "file" else "reset"
    if end.reason != wanted:
        yield f"the machine ended by {end.reason}, not by a {wanted}"
    if rung != "file" and SAID not in end.log:
        yield "the purgatory did not say on the serial line what it found"


def run_case(args, rung, part):
    seed = random.Random(0)
    marker = bytes(seed.choice(b"abcdefghijklmnopqrstuvwxyz") for _ in range(LENGTH))
    flag = marker[::-1] + b" waiting\n"
    with tempfile.TemporaryDirectory(prefix="rapidreboot-vm.") as folder:
        memory = os.path.join(folder, "memory")
        initrd = first_initrd(args, rung, marker, flag, folder)
        machine = vm.Machine(memory="1G", extra=(
            "-object", f"memory-backend-file,id=ram,size=1G,mem-path={memory},share=on",
            "-machine", "memory-backend=ram"))
        damage = Damage(memory, os.path.join(folder, "vm.log"),
                        marker if part == "initrd" else kernel_bytes(args.suite), flag)
        thread = threading.Thread(target=damage.run, daemon=True)
        thread.start()
        end = vm.run(machine, images.kernel(args.suite), initrd,
                     "console=ttyS0 panic=-1 quiet " + jobs.PATIENT, folder,
                     STOPPED if rung == "file" else LIMIT)
        damage.over.set()
        thread.join()
    return end, list(problems(rung, end, damage.found))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--kexec", default=os.path.join(images.TOP, "build/bin/kexec"))
    parser.add_argument("--corrupt", metavar="PATH",
                        default=os.path.join(images.TOP, "build/work/tests/vm/load-corrupt"),
                        help="the program that jumps without a look (tests/vm/load-corrupt.c)")
    parser.add_argument("--suite", default="sid", choices=images.SUITES)
    parser.add_argument("--only", action="append", metavar="PATTERN", help="cases, as RUNG/PART")
    args = parser.parse_args()
    images.fetch(["busybox", f"linux-{args.suite}"])
    failed = passed = 0
    for rung, part in CASES:
        name = f"{rung}/{part}"
        if args.only and not any(fnmatch.fnmatch(name, f"*{word}*") for word in args.only):
            continue
        end, found = run_case(args, rung, part)
        failed, passed = failed + bool(found), passed + (not found)
        print(f"{'FAIL' if found else 'ok  '} stray/{name} ({end.seconds:.0f} s)", flush=True)
        for sentence in found:
            print(f"     {sentence}")
        if found:
            print(end.log[-1500:])
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
