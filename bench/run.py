#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what a kexec reboot costs: ours beside kexec-tools, in instructions; and what a menu does.

QEMU runs the virtual machine with -icount shift=0,sleep=off: the guest's clock, its time-stamp
counter included, advances one nanosecond an instruction and jumps over idle time. The same run
gives the same figure on a busy machine, to about 0.1 %. Instructions are not time: digests seem
more expensive and copies cheaper than they are, so the bytes moved are shown as well.

  load      from before `kexec -l` starts to after it ended
  blackout  from the last instruction before reboot(2) to the first of the next /init
  list      `rapidreboot list` on large menus: bench/listing.py
  dmesg     `vmcore-dmesg` in a capture kernel: bench/dmesg.py
"""

import argparse
import dataclasses
import json
import lzma
import operator
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/vm"))
# pylint: disable=wrong-import-position
import dmesg
import guest
import images
import initramfs
import listing
import stamp as stamping
import vm

# Without these two the guest would clear pages byte by byte with one instruction each (ERMS, FSRM).
CPU = "max,erms=off,fsrm=off"
MACHINE = vm.Machine(memory="3G", cpu=CPU)
SETTLE = 10  # seconds of guest time in which the first kernel finishes what it does after boot
LIMIT = 570  # wall seconds for one machine
TRIES = 2  # see tests/vm/vm.py on cmpxchg16b
CMDLINE = "console=ttyS0 panic=-1"


@dataclasses.dataclass
class Case:
    """One row: what is loaded, and how. Targets are giga-instructions (load, blackout)."""

    name: str
    suite: str
    initrd: str  # "modules" or "tiny"
    packing: str  # "zst", "xz" or ""
    options: tuple
    full: bool = False  # only with --full
    targets: tuple = (None, None)
    prepare: str = ":"  # shell, before anything is loaded
    words: str = ""  # more words of the next kernel's command line


# What `rapidreboot --tune=selftests,console` adds: src/reboot/tune.c.
TUNED = " cryptomgr.notests quiet"
# Without huge pages nothing can be put where it runs.
COPIED = "mount -t tmpfs none /sys/kernel/mm/hugepages"

CASES = [
    Case("modules, zstd, -c", "sid", "modules", "zst", ("-c",), targets=(0.20, None)),
    Case("modules, zstd, -s", "sid", "modules", "zst", ("-s",)),
    Case("modules, zstd, --fast", "sid", "modules", "zst", ("--fast",), targets=(2.9, 1.70)),
    Case("modules, zstd, --fast --diet", "sid", "modules", "zst", ("--diet",),
         targets=(2.9, 1.30)),
    Case("modules, zstd, --fast, copied", "sid", "modules", "zst", ("--fast",), prepare=COPIED,
         full=True),
    Case("tiny, -c", "sid", "tiny", "", ("-c",)),
    Case("tiny, --fast", "sid", "tiny", "", ("--fast",), targets=(None, 1.30)),
    Case("tiny, --fast, tuned", "sid", "tiny", "", ("--fast",), words=TUNED, full=True,
         targets=(None, 0.80)),
    Case("modules, zstd, --diet, tuned", "sid", "modules", "zst", ("--diet",), words=TUNED,
         full=True, targets=(None, 0.90)),
    Case("tiny, --fast, copied", "sid", "tiny", "", ("--fast",), prepare=COPIED, full=True),
    Case("tiny, -s", "sid", "tiny", "", ("-s",)),
    Case("modules, zstd, -c -i", "sid", "modules", "zst", ("-c", "-i"), full=True),
    Case("modules, xz, -c", "sid", "modules", "xz", ("-c",), full=True),
    Case("modules, xz, --fast", "sid", "modules", "xz", ("--fast",), full=True,
         targets=(None, 1.70)),
    Case("modules, xz, -s", "sid", "modules", "xz", ("-s",), full=True),
    Case("modules, zstd, cached", "sid", "modules", "zst", ("--fast", "--cache=/cache"), full=True,
         targets=(0.30, 1.70)),
    Case("modules, zstd, -s --fast", "sid", "modules", "zst", ("-s", "--fast"), full=True),
    Case("modules, xz, -s --fast", "sid", "modules", "xz", ("-s", "--fast"), full=True),
    Case("modules, zstd, -s --diet", "sid", "modules", "zst", ("-s", "--diet"), full=True,
         targets=(None, 5.9)),
    Case("modules, xz, -s --diet", "sid", "modules", "xz", ("-s", "--diet"), full=True,
         targets=(None, 5.9)),
    Case("modules, zstd, -c", "bookworm", "modules", "zst", ("-c",), full=True),
    Case("modules, zstd, --fast", "bookworm", "modules", "zst", ("--fast",), full=True,
         targets=(None, 2.1)),
    Case("modules, zstd, --fast, copied", "bookworm", "modules", "zst", ("--fast",),
         prepare=COPIED, full=True),
    Case("modules, zstd, -s", "bookworm", "modules", "zst", ("-s",), full=True),
]

JOB = """
{prepare}
sleep {settle}
# kernels before 6.8 refuse what kexec-tools asks kexec_file_load for with -d
peak-memory /tmp/peak /sbin/{kexec} -d {words} > /tmp/debug 2>&1 ||
	must peak-memory /tmp/peak /sbin/{kexec} {words}
section peak cat /tmp/peak
section debug cat /tmp/debug
section placement sh -c 'dmesg | grep kexec'
must {kexec} -u
sleep {settle}
stamp load-start
must {kexec} {words}
stamp load-end
sleep 1
sync
dmesg -n 1
stamp jump
echo "@@ failed the jump came back"
"""


def say(text):
    print(text, flush=True)


def unpack_modules(suite, folder):
    """Every module of @suite below @folder, uncompressed."""
    root = images.modules(suite)
    for here, _, files in os.walk(root):
        inside = os.path.join(folder, "kernel", os.path.relpath(here, root))
        os.makedirs(inside, exist_ok=True)
        for name in files:
            source = os.path.join(here, name)
            if not name.endswith(".ko.xz"):
                shutil.copyfile(source, os.path.join(inside, name))
                continue
            with lzma.open(source) as packed, open(os.path.join(inside, name[:-3]), "wb") as out:
                shutil.copyfileobj(packed, out)
    for name in ("modules.builtin", "modules.order"):
        shutil.copyfile(os.path.join(root, "..", name), os.path.join(folder, name))


def module_archive(suite):
    """Every module of @suite, uncompressed, and what depmod says of them, as a plain archive: what a
    full initramfs carries."""
    release = images.release(suite)
    folder = os.path.join(images.CACHE, "derived", release)
    path = os.path.join(folder, "all-modules.cpio")
    if os.path.exists(path):
        return path
    os.makedirs(folder, exist_ok=True)
    archive = initramfs.Archive()
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as root:
        place = os.path.join(root, "lib/modules", release)
        unpack_modules(suite, place)
        images.depmod(root, release)
        archive.tree(f"lib/modules/{release}", place)
        archive.save(path + ".new")
    os.rename(path + ".new", path)
    return path


PACKERS = {"zst": ["zstd", "-qc", "-19", "-T0"], "xz": ["xz", "-c", "--check=crc32", "-T0"]}


def packed_modules(case):
    plain = module_archive(case.suite)
    if not case.packing:
        return plain
    path = f"{plain}.{case.packing}"
    if not os.path.exists(path):
        say(f"  packing {os.path.basename(path)} of {images.release(case.suite)}, once")
        part = f"{path}.{os.getpid()}"  # another run may be at it, too
        with open(part, "wb") as out:
            subprocess.run(PACKERS[case.packing] + [plain], stdout=out, check=True, timeout=900)
        os.rename(part, path)
    return path


def build_initrd(case, stamp, folder):
    """The next kernel's initrd: a small archive with /init, then the modules."""
    archive = initramfs.Archive()
    archive.char_device("dev/console", 5, 1)
    archive.file("init", stamp, 0o755)
    path = archive.save(os.path.join(folder, "next"))
    if case.initrd == "modules":
        with open(path, "ab") as out, open(packed_modules(case), "rb") as file:
            out.write(file.read())
    return path


def theirs(options):
    """What kexec-tools has instead of @options."""
    way = "-s" if "-s" in options else "-c"
    return (way, "-i") if "-i" in options else (way,)


def build_first(case, kexec, stamp, initrd, folder):
    """The initramfs of the first kernel."""
    options = case.options if kexec != "kexec-tools" else theirs(case.options)
    words = ["-l", *options, "/boot/kernel", f'--command-line="{CMDLINE}{case.words}"',
             "--initrd=/boot/initrd"]
    name = "kexec-tools" if kexec == "kexec-tools" else "kexec"
    archive = guest.base(JOB.format(kexec=name, words=" ".join(words), settle=SETTLE,
                                    prepare=case.prepare))
    archive.file("bin/peak-memory", stamping.build_program(folder, "tests/cli/peak-memory.c"), 0o755)
    if kexec == "kexec-tools":
        guest.add_kexec_tools(archive)
    else:
        guest.add_kexec(archive, kexec)
    archive.file("bin/stamp", stamp, 0o755)
    archive.file("boot/kernel", images.kernel(case.suite))
    archive.file("boot/initrd", initrd)
    archive.file(f"boot/config-{images.release(case.suite)}", images.config(case.suite))
    return archive.save(os.path.join(folder, "first"))


def moved_bytes(log):
    """Bytes of all segments, zero padding included: what is copied (and, digested, hashed)."""
    facts = guest.sections(log)
    text = facts.get("debug", "") + facts.get("placement", "")
    sizes = re.findall(r"segment\[\d+\].*memsz[ :=]+(?:0x)?([0-9a-f]+)", text)
    ranges = re.findall(r"segment\[\d+\] .* at (0x[0-9a-f]+)-(0x[0-9a-f]+)", text)
    return (sum(int(size, 16) for size in sizes) or
            sum(int(last, 16) + 1 - int(first, 16) for first, last in ranges) or None)


def rung(log):
    """What --fast said that it did."""
    found = re.search(r"(?m)^kexec: (zero-copy|copy|bzImage|kexec_file_load)\b",
                      guest.sections(log).get("debug", ""))
    return found[1] if found else None


def measure(case, kexec, stamp, is_wall=False):
    """Run one case; returns its figures. With @is_wall in seconds of this host."""
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as folder:
        initrd = build_initrd(case, stamp, folder)
        first = build_first(case, kexec, stamp, initrd, folder)
        console = os.path.join(folder, "debugcon")
        count = () if is_wall else ("-icount", "shift=0,sleep=off")
        machine = dataclasses.replace(MACHINE, extra=(*count, "-debugcon", f"file:{console}"))
        watch = stamping.Watch(console)
        for _ in range(TRIES):
            end = vm.run(machine, images.kernel(case.suite), first,
                         "console=ttyS0 panic=-1 quiet nokaslr", folder, LIMIT)
            stamps = stamping.read(console)
            if "init" in stamps:
                break
        size = os.path.getsize(initrd)
        seen = watch.stop()
    if "init" not in stamps:
        raise RuntimeError(f"{case.name}: the next /init was not reached ({end.reason})\n"
                           f"{end.log[-1500:]}")
    if is_wall:
        return {"wall_load": seen["load-end"] - seen["load-start"],
                "wall_blackout": seen["init"] - seen["jump"],
                "host_load": os.getloadavg()[0] / os.cpu_count()}
    result = figures(stamps, size, moved_bytes(end.log))
    image = os.path.getsize(images.kernel(case.suite)) + size
    result["peak_beyond_image"] = int(guest.sections(end.log)["peak"]) * 1024 - image
    return result | {"rung": rung(end.log)}


def figures(stamps, initrd_size, moved):
    result = {
        "load": stamps["load-end"] - stamps["load-start"],
        "blackout": stamps["init"] - stamps["jump"],
        "initrd_bytes": initrd_size,
        "segment_bytes": moved,
    }
    if "purgatory-exit" in stamps:
        result["shutdown_and_copy"] = stamps["purgatory-entry"] - stamps["jump"]
        result["digest"] = stamps["purgatory-checked"] - stamps["purgatory-entry"]
        result["kernel"] = stamps["init"] - stamps["purgatory-exit"]
    return result


def giga(count):
    return "-" if count is None else f"{count / 1e9:.3f}"


def table(rows, targets):
    """The results as text, our line above kexec-tools'."""
    head = f"{'kernel and case':34} {'by':12} {'load':>7} {'blackout':>9} {'MB moved':>9}  parts"
    yield head + ("  target load, blackout" if targets else "")
    for row in rows:
        result = row["result"]
        moved = result["segment_bytes"]
        parts = "  ".join(f"{name} {giga(result[key])}" for name, key in (
            ("copy", "shutdown_and_copy"), ("digest", "digest"), ("kernel", "kernel"))
            if key in result)
        line = (f"{row['kernel'] + ', ' + row['case']:34} {row['by']:12} {giga(result['load']):>7} "
                f"{giga(result['blackout']):>9} {'-' if not moved else f'{moved / 1e6:.1f}':>9}  "
                f"{parts}")
        if targets and row["by"] == "rapidreboot":
            line += "  " + ", ".join("-" if t is None else f"<= {t}" for t in row["targets"])
        yield line.rstrip()


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"model name\s*: (.*)", file.read())
    return found.group(1) if found else "unknown"


def qemu_version():
    return subprocess.run([vm.find_qemu(), "--version"], stdout=subprocess.PIPE, text=True,
                          check=True, timeout=30).stdout.splitlines()[0]


def run_cases(cases, binaries, stamp, is_wall):
    rows, known = [], {}
    for case in cases:
        kernel = ".".join(images.release(case.suite).split(".")[:2])
        for label, binary in binaries.items():
            # kexec-tools does the same for several of our cases
            options = theirs(case.options) if label == "kexec-tools" else case.options
            same = (label, case.suite, case.initrd, case.packing, options,
                    label != "kexec-tools" and case.prepare)
            if same not in known:
                say(f"  {kernel}, {case.name}: {label}")
                known[same] = measure(case, binary, stamp)
                if is_wall:
                    known[same] |= measure(case, binary, stamp, True)
            rows.append({"kernel": kernel, "release": images.release(case.suite),
                         "case": case.name, "by": label, "targets": list(case.targets),
                         "result": known[same]})
    return rows


def with_earlier(path, facts):
    """@facts with the rows of an earlier run at @path that this one did not measure again."""
    try:
        with open(path, encoding="utf-8") as file:
            earlier = json.load(file)
    except (OSError, ValueError):
        return facts
    if any(earlier.get(key) != facts[key] for key in ("qemu", "cpu_model", "memory", "host_cpu")):
        return facts
    name = operator.itemgetter("kernel", "case", "by")
    done = {name(row) for row in facts["rows"]}
    order = [case.name for case in CASES]
    rows = facts["rows"] + [row for row in earlier["rows"] if name(row) not in done]
    rows.sort(key=lambda row: ([-int(number) for number in row["kernel"].split(".")],
                               order.index(row["case"]) if row["case"] in order else len(order)))
    return facts | {"rows": rows, "list": facts["list"] or earlier.get("list", []),
                    "dmesg": facts["dmesg"] or earlier.get("dmesg", {})}


def choose(words, full):
    """The cases whose name is @words, else those that contain it."""
    names = [case.name for case in CASES]
    return [case for case in CASES
            if (full or not case.full) and (case.name == words if words in names
                                            else words in case.name)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--kexec", default=os.path.join(images.TOP, "build/bin/kexec"))
    parser.add_argument("--rapidreboot", default=os.path.join(images.TOP, "build/bin/rapidreboot"))
    parser.add_argument("--vmcore-dmesg", default=os.path.join(images.TOP, "build/bin/vmcore-dmesg"))
    parser.add_argument("--only", metavar="TEXT", help="the case of that name, or all whose name contains TEXT")
    parser.add_argument("--full", action="store_true", help="xz, no digest and Linux 6.1, too")
    parser.add_argument("--targets", action="store_true", help="show the project's goals")
    parser.add_argument("--wall", action="store_true",
                        help="each once more by this host's clock: only on an idle one")
    parser.add_argument("--without", choices=["kexec-tools", "rapidreboot"],
                        help="leave one of the two out")
    parser.add_argument("--output", default=os.path.join(images.TOP, "build/bench.json"))
    args = parser.parse_args()
    cases = choose(args.only or "", args.full)
    binaries = {"rapidreboot": args.kexec, "kexec-tools": "kexec-tools"}
    binaries.pop(args.without, None)
    if "rapidreboot" in binaries and not os.access(args.kexec, os.X_OK):
        sys.exit(f"{args.kexec} is not a program: build it first (make)")
    if not vm.find_qemu():
        sys.exit("qemu-system-x86_64 is not here: install QEMU for x86 (tools/install-deps)")
    images.fetch(["busybox", "kexec-tools", "kmod"] + sorted({f"linux-{case.suite}" for case in cases} | {"linux-sid"}))
    lists, log = [], {}
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as folder:
        stamp = stamping.build(folder)
        rows = run_cases(cases, binaries, stamp, args.wall)
        if (args.only or "") in "list" and args.without != "rapidreboot":
            say("  list: rapidreboot")
            lists = listing.measure(args.rapidreboot, stamp, MACHINE)
        if (args.only or "") in "dmesg" and not args.without:
            say("  vmcore-dmesg: both")
            log = dmesg.measure(args.kexec, args.vmcore_dmesg, stamp, MACHINE)
    facts = {"unit": "guest instructions", "qemu": qemu_version(), "cpu_model": CPU,
             "memory": MACHINE.memory, "host_cpu": processor(), "rows": rows, "list": lists,
             "dmesg": log}
    everything = with_earlier(args.output, facts)
    os.makedirs(os.path.dirname(args.output), exist_ok=True)
    with open(args.output, "w", encoding="utf-8") as file:
        json.dump(everything, file, indent=1)
    if rows:
        say("\nGiga-instructions (initrd of all modules: "
            f"{max(row['result']['initrd_bytes'] for row in rows) / 1e6:.0f} MB packed)\n")
        say("\n".join(table(rows, args.targets)))
    if lists:
        say("\n" + "\n".join(listing.table(lists)))
    if log:
        say("\n" + "\n".join(dmesg.table(log)))
    say(f"\n{facts['qemu']}, -cpu {CPU}, one processor, {MACHINE.memory}; as JSON: {args.output}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (images.Missing, RuntimeError) as trouble:
        sys.exit(f"bench: {trouble}")
