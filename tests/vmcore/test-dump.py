#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Saves made-up dumps with `rapidreboot crash save`, and takes the result apart.

    test-dump.py RAPIDREBOOT VMCORE-DMESG

The crashed machine has struct pages as include/linux/mm_types.h and page-flags.h lay them out, for the
two ways in which Linux has told free and slab pages (6.1, and 6.12); what has to be left out is by
makedumpfile(8), -d. The new dump is read by the format's documents (IMPLEMENTATION of makedumpfile).
"""

import fcntl
import json
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.dont_write_bytecode = True  # the tree may be read-only
import cases  # noqa: E402
import cores  # noqa: E402

DIRECT = 0xffff888000000000
START, PAGES = 0x100, 0x200  # frames of memory
STRUCTS = 0x200 * 4096  # where their struct pages are
TABLES = 0x210 * 4096  # page tables
LRU, SWAP_CACHE, SLAB, PRIVATE, SWAP_BACKED, POISON = (1 << n for n in (5, 10, 9, 13, 19, 22))
NUMBERS = {"PG_lru": 5, "PG_swapcache": 10, "PG_private": 13, "PG_swapbacked": 19, "PG_hwpoison": 22}
ANON = 0xffff888000999001
LIST_POISON2 = 0xdead000000000122  # include/linux/poison.h, of x86_64
OLD = {"free": 0xffffff7f, "slab": 0xffffffff, "slab_flag": SLAB,
       "info": {"PG_slab": 9, "PAGE_BUDDY_MAPCOUNT_VALUE": -129}}
NEW = {"free": 0xf0000000, "slab": 0xf5000003, "slab_flag": 0,
       "info": {"PAGE_BUDDY_MAPCOUNT_VALUE": 0xf0000000, "PAGE_SLAB_MAPCOUNT_VALUE": 0xf5000000}}
# By kind: the lowest bit of --level that leaves it out, and the frames.
LEFT_OUT = {"free": (16, range(0x120, 0x130)), "cache": (2, [0x130, 0x133]),
            "cache_private": (4, [0x131]), "user": (8, [0x132, *range(0x140, 0x148)]),
            "bad": (0, [0x170])}
ZERO = range(0x160, 0x165)


def struct_page(flags=0, head=0, mapping=0, private=0, mapcount=0xffffffff):
    return struct.pack("<QQQQQQIIQ", flags, head, 0, mapping, 0, private, mapcount, 1, 0)


def machine(kind, by_pointer=False):
    """A machine of 2 MiB, its ELF dump, and its log. The symbol mem_section is the table of sections, or
    @by_pointer the address of a pointer to it, as kernels around 4.15 gave it."""
    m = cores.Machine()
    m.next = DIRECT + START * 4096
    writer = cases.ring(40, m, count_bits=6, size_bits=12)
    writer.store()
    at = lambda frame: DIRECT + STRUCTS - START * 64 + frame * 64
    pages = {frame: struct_page() for frame in range(START, START + PAGES)}
    pages[0x120] = struct_page(mapcount=kind["free"], private=4)
    pages[0x130] = struct_page(LRU, mapping=0xffff888000999000)
    pages[0x131] = struct_page(LRU | PRIVATE, mapping=0xffff888000999000)
    pages[0x132] = struct_page(LRU, mapping=ANON)
    pages[0x133] = struct_page(SWAP_CACHE | SWAP_BACKED)
    pages[0x134] = struct_page(SWAP_CACHE)  # the bit means something else without the other
    pages[0x140] = struct_page(LRU, mapping=ANON)
    for frame in range(0x141, 0x148):
        pages[frame] = struct_page(head=at(0x140) | 1, mapping=0x400)
    pages[0x150] = struct_page(kind["slab_flag"], mapping=ANON, mapcount=kind["slab"])
    pages[0x170] = struct_page(POISON)
    root = m.place(struct.pack("<QQ", DIRECT + STRUCTS - START * 64 | 3, 0))
    m.symbol("mem_section", m.long(m.place(m.long(root))) if by_pointer else m.long(root))
    m.symbol("init_uts_ns", b"".join(n.ljust(65, b"\0") for n in (b"Linux", b"here", b"6.0.0-test",
                                                                   b"#1", b"x86_64", b"(none)")))
    m.info += ["LENGTH(mem_section)=1", "NUMBER(SECTION_SIZE_BITS)=27", "OFFSET(uts_namespace.name)=0",
               "NUMBER(phys_base)=0"]
    m.info += [f"NUMBER({name})={value}" for name, value in {**NUMBERS, **kind["info"]}.items()]
    m.struct("mem_section", 16, section_mem_map=0)
    m.struct("page", 64, flags=0, compound_head=8, mapping=24, private=40, _mapcount=48)
    memory = bytearray(b"".join(frame.to_bytes(4, "little") * 1024
                                for frame in range(START, START + PAGES)))
    for frame in ZERO:
        memory[(frame - START) * 4096:(frame - START + 1) * 4096] = b"\0" * 4096
    base = START * 4096
    memory[STRUCTS - base:STRUCTS - base + 64 * PAGES] = b"".join(pages.values())
    # What real kernels have where the section lies when the table is taken for a pointer to it: a word
    # of a list that looks like a section with struct pages.
    trap = STRUCTS - START * 64 + 3 - base
    memory[trap:trap + 8] = m.long(LIST_POISON2)
    for where, content in m.memory.items():
        memory[where - DIRECT - base:where - DIRECT - base + len(content)] = content
    tables = cores.PageTables(start=TABLES)
    for frame in pages:
        tables.map(DIRECT + frame * 4096, frame * 4096)
    _, where, content, _ = tables.segments()[0]
    memory[where - base:where - base + len(content)] = content
    m.info.append(f"SYMBOL(init_top_pgt)={cores.TEXT_MAP + TABLES:x}")
    core = m.elf([(DIRECT + base, base, bytes(memory), len(memory))])
    return core, bytes(memory), writer.log()


class Dump:
    """A compressed dump, read as its documents say."""

    def __init__(self, data):
        number = lambda at, n=4: int.from_bytes(data[at:at + n], "little")
        assert data[:8] == b"KDUMP   " and number(8) == 6 and number(428) == 4096
        sub, blocks = number(432), number(436)
        self.names, self.status, self.frames = data[12:402], number(424), number(440)
        assert number(4096 + 96, 8) == self.frames
        self.info_at, self.notes_at = number(4096 + 32, 8), number(4096 + 48, 8)
        self.info = data[self.info_at:][:number(4096 + 40, 8)]
        self.notes = data[number(4096 + 48, 8):][:number(4096 + 56, 8)]
        bitmap = lambda i: data[(1 + sub + i * blocks // 2) * 4096:][:blocks // 2 * 4096]
        bits = lambda b: [i for i in range(len(b) * 8) if b[i // 8] >> i % 8 & 1]
        self.memory, kept = bits(bitmap(0)), bits(bitmap(1))
        at = (1 + sub + blocks) * 4096
        packed = {}
        for i, frame in enumerate(kept):
            where, n, flags, _ = struct.unpack_from("<QIIQ", data, at + 24 * i)
            packed[frame] = flags, data[where:where + n]
        self.pages = {f: p if flags == 0 else zlib.decompress(p)
                      for f, (flags, p) in packed.items() if flags != 0x20}
        frames = [f for f in packed if f not in self.pages]
        pages = subprocess.run(["zstd", "-dqc"], input=b"".join(packed[f][1] for f in frames),
                               stdout=subprocess.PIPE, check=True).stdout if frames else b""
        assert len(pages) == 4096 * len(frames)
        self.pages.update((f, pages[4096 * i:4096 * i + 4096]) for i, f in enumerate(frames))


class Save(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="dump.")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, data=None):
        path = os.path.join(self.folder, name)
        if data is not None:
            with open(path, "wb") as file:
                file.write(data)
        return path

    def save(self, core, *options, status=0):
        out = self.path(f"out{len(os.listdir(self.folder))}")
        done = subprocess.run([RAPIDREBOOT, "crash", "save", "--json", *options,
                               self.path("core", core), out], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertFalse(os.path.exists(out + ".incomplete"))
        if status:
            self.assertFalse(os.path.exists(out))
            return None, None, done.stderr
        with open(out, "rb") as file:
            return json.loads(done.stdout), Dump(file.read()), done.stderr

    def log(self, path):
        return subprocess.run([DMESG, path], stdout=subprocess.PIPE, check=True, timeout=60).stdout

    def check_pages(self, dump, memory, left_out):
        frames = range(START, START + PAGES)
        self.assertEqual(dump.memory, list(frames))
        self.assertEqual(sorted(dump.pages), [f for f in frames if f not in left_out])
        for frame, page in dump.pages.items():
            at = (frame - START) * 4096
            self.assertEqual(page, memory[at:at + 4096], hex(frame))

    def test_levels(self):
        for kind in (OLD, NEW):
            core, memory, _ = machine(kind)
            for level in (0, 1, 2, 4, 8, 16, 31):
                with self.subTest(level=level, kind=kind["free"]):
                    counts, dump, said = self.save(core, f"--level={level}", "--pack=none")
                    self.assertEqual(said, "")
                    left_out = set()
                    for name, (bit, frames) in LEFT_OUT.items():
                        bits = bit | (4 if name == "cache" else 0)
                        gone = (level & bits or not bit) and level & ~1
                        self.assertEqual(counts[name], len(frames) if gone else 0, name)
                        left_out |= set(frames) if gone else set()
                    self.check_pages(dump, memory, left_out)
                    zero = len(ZERO) if level & 1 else 0
                    self.assertEqual(counts["zero"], zero)
                    self.assertEqual(counts["kept"], PAGES - len(left_out) - zero)
                    self.assertEqual(counts["unknown"] + counts["unreadable"], 0)

    def test_pointer(self):
        core, memory, _ = machine(OLD, by_pointer=True)
        counts, dump, _ = self.save(core)
        self.assertEqual(counts["unknown"], 0)
        self.check_pages(dump, memory, {f for _, frames in LEFT_OUT.values() for f in frames})

    def test_packing(self):
        core, memory, _ = machine(NEW)
        left_out = {f for _, frames in LEFT_OUT.values() for f in frames}
        size = {}
        for name, status in (("zlib", 1), ("zstd", 0x20), ("none", 0)):
            counts, dump, _ = self.save(core, f"--pack={name}")
            self.assertEqual(dump.status, status)
            self.check_pages(dump, memory, left_out)
            size[name] = counts["bytes"]
        self.assertLess(max(size["zlib"], size["zstd"]), size["none"] / 10)

    def test_threads(self):
        """The dump is the same on one processor and on all that this machine has."""
        core, _, _ = machine(NEW)
        all_of_them = os.sched_getaffinity(0)
        made = []
        for processors in (all_of_them, {min(all_of_them)}):
            os.sched_setaffinity(0, processors)
            self.addCleanup(os.sched_setaffinity, 0, all_of_them)
            out = self.path(f"by-{len(processors)}-of-{len(made)}")
            subprocess.run([RAPIDREBOOT, "crash", "save", self.path("core", core), out],
                           stdout=subprocess.DEVNULL, timeout=60, check=True)
            with open(out, "rb") as file:
                made.append(file.read())
        self.assertEqual(made[0], made[1])

    def test_facts(self):
        """Names, VMCOREINFO and registers are taken over; the log is the same."""
        core, _, _ = machine(OLD)
        _, dump, _ = self.save(core)
        self.assertEqual(dump.names[130:140], b"6.0.0-test")
        self.assertIn(b"SIZE(page)=64", dump.info)
        self.assertIn(b"CORE\0", dump.notes)
        self.assertIn(b"VMCOREINFO\0", dump.notes)
        # makedumpfile keeps the distance when it copies the notes, and nothing behind them
        self.assertEqual(dump.notes[dump.info_at - dump.notes_at:][:len(dump.info)], dump.info)
        out, = (n for n in os.listdir(self.folder) if n.startswith("out"))
        self.assertEqual(self.log(self.path(out)), self.log(self.path("core")))
        self.assertEqual(self.log(self.path(out)).count(b"message"), 40)

    def test_again(self):
        """A dump that was made can be copied once more, with less in it."""
        core, memory, _ = machine(NEW)
        self.save(core, "--level=1", "--pack=zstd")
        out, = (n for n in os.listdir(self.folder) if n.startswith("out"))
        with open(self.path(out), "rb") as file:
            _, dump, _ = self.save(file.read())
        for frame, page in dump.pages.items():
            if frame in range(START, START + PAGES):
                at = (frame - START) * 4096
                self.assertEqual(page, memory[at:at + 4096], hex(frame))
        self.assertFalse(set(LEFT_OUT["free"][1]) & set(dump.pages))

    def test_unknown_kernel(self):
        """Without what its pages are used for, all but zeros is kept, and it is said."""
        core, memory, _ = machine(NEW)
        core = core.replace(b"NUMBER(PAGE_BUDDY", b"NUMBER(PAGE_BUNNY")
        counts, dump, said = self.save(core)
        self.assertIn("no PAGE_BUDDY_MAPCOUNT_VALUE in VMCOREINFO", said)
        self.assertEqual(counts["filter_misses"], "PAGE_BUDDY_MAPCOUNT_VALUE")
        self.assertEqual(counts["zero"], len(ZERO))
        self.check_pages(dump, memory, set())

    def test_cut_off(self):
        core, memory, _ = machine(NEW)
        cut = 0x280
        counts, dump, said = self.save(core[:len(core) - (START + PAGES - cut) * 4096],
                                       "--level=0")
        self.assertEqual(counts["unreadable"], START + PAGES - cut)
        self.assertIn("cannot be read and are zero", said)
        self.check_pages(dump, memory[:(cut - START) * 4096].ljust(PAGES * 4096, b"\0"), set())

    def test_refused(self):
        core, _, _ = machine(NEW)
        *_, said = self.save(core[:100], status=1)
        self.assertIn("cut off", said)
        *_, said = self.save(cases.ring_case(cases.ring(machine=cores.Machine(32, "<", 3))).core,
                             status=1)
        self.assertIn("not 64-bit and little endian", said)
        *_, said = self.save(core, "--level=32", status=2)
        self.assertIn("from 0 to 31", said)
        done = subprocess.run([RAPIDREBOOT, "crash", "save", self.path("core", core),
                               self.path("core")], stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("File exists", done.stderr)

    def test_left_over(self):
        """What a killed process left is overwritten; what another one is writing is not, and nothing that
        only has the name."""
        core, _, _ = machine(NEW)
        argv = [RAPIDREBOOT, "crash", "save", self.path("core", core), self.path("to")]
        partial = self.path("to.incomplete", b"x" * (20 << 20))
        subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
        self.assertLess(os.path.getsize(self.path("to")), 20 << 20)
        self.assertFalse(os.path.exists(partial))
        os.unlink(self.path("to"))
        for make, why, kept in (
                (lambda: os.symlink("core", partial), "symbolic links", lambda: os.readlink(partial)),
                (lambda: os.mkfifo(partial), "no file of this user", lambda: os.stat(partial).st_mode),
                (lambda: open(partial, "wb").close(), "another process", lambda: os.path.getsize(partial))):
            make()
            before = kept()
            holder = os.open(partial, os.O_RDWR | os.O_NONBLOCK)
            fcntl.flock(holder, fcntl.LOCK_EX)
            done = subprocess.run(argv, stderr=subprocess.PIPE, text=True, check=False)
            os.close(holder)
            self.assertEqual(done.returncode, 1)
            self.assertIn(why, done.stderr)
            self.assertEqual(kept(), before)
            self.assertFalse(os.path.exists(self.path("to")))
            os.unlink(partial)
        with open(self.path("core"), "rb") as file:
            self.assertEqual(file.read(), core)

    def test_disk_full(self):
        core, _, _ = machine(NEW)
        done = subprocess.run(["sh", "-c", 'ulimit -f 100; trap "" XFSZ; exec "$@"', "-", RAPIDREBOOT,
                               "crash", "save", "--level=0", "--pack=none", self.path("core", core),
                               self.path("out")], stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("File too large; nothing was saved", done.stderr)
        self.assertEqual(os.listdir(self.folder), ["core"])


if __name__ == "__main__":
    RAPIDREBOOT, DMESG = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
