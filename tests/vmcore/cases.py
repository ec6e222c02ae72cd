# SPDX-License-Identifier: LGPL-2.1-or-later
"""The dumps that vmcore-dmesg is tried on: name, bytes, and what has to come out.

    cases.py FOLDER     write each dump to FOLDER/NAME.core, to look at or as seeds of the fuzzer
"""

import dataclasses
import os
import sys

import cores
import kdumps
from cores import Machine, PageTables, Record, Ring


@dataclasses.dataclass
class Case:
    core: bytes
    records: list
    status: int = 0
    stderr: str = "^$"  # a regular expression


def messages(n=6, start=0):
    """Lines of growing length at all levels."""
    return [Record(b"message %d " % i + b"abcdefgh"[:i % 8], time_ns=1_000_000_007 * i,
                   level=i % 8, facility=3 * (i % 2), caller=i | (i % 3 == 0) << 31)
            for i in range(start, start + n)]


def ring(n=6, machine=None, **options):
    out = Ring(machine or Machine(), **options)
    for record in messages(n):
        out.add(record)
    return out


def ring_case(writer, dump=Machine.virtual, **case):
    return Case(dump(writer.store()), writer.log(), **case)


def words_and_orders():
    """Every kind of machine, each log format."""
    for bits, order, elf in ((64, "<", cores.EM_X86_64), (64, ">", cores.EM_PPC64),
                             (32, "<", cores.EM_386), (32, ">", 20)):
        name = f"{bits}{'le' if order == '<' else 'be'}"
        yield f"ring-{name}", ring_case(ring(machine=Machine(bits, order, elf)))
        for caller in (False, True):
            m = Machine(bits, order, elf)
            records = messages(5)
            yield (f"records-{name}{'-caller' * caller}",
                   Case(cores.record_buffer(m, records, has_caller=caller).virtual(), records))
        yield f"text-{name}", plain_case(Machine(bits, order, elf))


def plain_case(machine):
    text = (b"<6>[    0.000000] Linux version 3.4\n<3>no time here\n<30>[12345.678901] daemon\n"
            b"  goes on\n<4>[bracket] but no time\n")
    m = cores.plain_buffer(machine, text)
    plain = {"has_caller": False}
    return Case(m.virtual(), [
        Record(b"Linux version 3.4", 0, 6, 0, **plain),
        Record(b"no time here", None, 3, 0, **plain),
        Record(b"daemon", 12345_678901_000, 6, 3, **plain),
        Record(b"  goes on", None, 6, None, **plain),
        Record(b"[bracket] but no time", None, 4, 0, **plain)])


def plain_wrapped():
    text = b"".join(b"<6>[%5d.%06d] line %d\n" % (i, i, i) for i in range(40))
    m = cores.plain_buffer(Machine(), text)
    kept = text[-256:].split(b"\n")[:-1]
    records = []
    for line in kept[1:]:
        number = int(line.rsplit(b" ", 1)[1])
        records.append(Record(b"line %d" % number, number * 1_000_001_000, 6, 0, has_caller=False))
    first = Record(kept[0], None, None, None, has_caller=False)  # the ring's end cuts it off
    return Case(m.virtual(), [first] + records)


def ring_wraps():
    """Text goes round; a ring exactly filled; ids and positions overflow on the way."""
    yield "ring-round", ring_case(ring(40))
    yield "ring-round-old", ring_case(ring(40, fits_at_end=False))
    yield "ring-round-32", ring_case(ring(40, machine=Machine(32, "<", cores.EM_386)))
    yield "ring-shuffled", ring_case(shuffled())
    for fits in (True, False):
        writer = Ring(Machine(), size_bits=8, fits_at_end=fits)
        for i in range(12):  # blocks of 64 bytes: every fourth ends where the ring does
            writer.add(Record(b"%02d" % i + b"x" * 54, i * 1000))
        yield f"ring-exact-end-{'new' if fits else 'old'}", ring_case(writer)


def shuffled():
    writer = Ring(Machine())
    writer.shuffle = True
    for record in messages(9):
        writer.add(record)
    return writer


def ring_states():
    writer = ring(3)
    writer.add(Record(b"committed, may go on"), cores.COMMITTED)
    writer.add(Record(b"never seen"), cores.RESERVED)
    writer.add(Record(b"after it"))
    yield "ring-states", ring_case(writer, stderr="1 record.s. left out")

    writer = ring(3)
    writer.head_id += 1  # a processor stopped in the middle of taking this one
    yield "ring-half-begun", ring_case(writer, stderr="1 record.s. left out")

    writer = ring(8)
    for i in range(3):  # text given up, ids not yet
        index = (writer.tail_id + i) % writer.count
        writer.state[index] = writer.state[index] | cores.REUSABLE << 62
        writer.records[index] = None
    yield "ring-tail-behind", ring_case(writer)

    writer = Ring(Machine())
    yield "ring-never-used", ring_case(writer)

    writer = ring(2)
    writer.add(Record(b""))
    writer.add(Record(b""), lpos=(cores.FAILED_LPOS, cores.FAILED_LPOS))
    writer.add(Record(b"usb 1-1: new device", subsystem=b"usb", device=b"c189:1"))
    yield "ring-no-text", ring_case(writer, stderr="1 record.s. without text")

    writer = ring(2)
    writer.add(Record(b"two\nlines\twith \x1b[31mcolour\x7f and \xc3\xa4 \xc3 \xed\xa0\x80 \xc2\x9b2J\xc2\xa0"))
    yield "ring-bytes", ring_case(writer)


def ring_damage():
    writer = ring()
    writer.state[2] = writer.state_var(77, cores.FINALIZED)
    writer.records[2] = None
    yield "ring-bad-id", ring_case(writer, status=64, stderr="holds id 0x4d")

    writer = ring()
    begin = writer.lpos[3][0] % writer.size
    writer.text[begin:begin + 8] = b"\xaa" * 8
    writer.records[3].text = b""  # printed with its time only
    yield "ring-bad-text-id", ring_case(writer, status=64, stderr="overwritten")

    writer = ring()
    writer.lpos[3] = (writer.lpos[3][0], writer.lpos[3][0] + 4096)
    core = writer.store().virtual()
    writer.records[3].text = b""
    yield "ring-bad-position", Case(core, writer.log(), 64, "goes from position")

    writer = ring()
    writer.tail_id = writer.head_id - 5000
    core = writer.store().virtual()
    writer.tail_id = writer.head_id - 5
    yield "ring-too-long", Case(core, writer.log(), 64, "claims 0x1389 records")


def translations():
    """Dumps of physical memory, through page tables and through windows."""
    for levels, level, encrypted in ((4, 1, 0), (4, 2, 0), (4, 3, 0), (5, 1, 0), (5, 2, 1 << 47)):
        writer = ring(machine=Machine())
        tables = PageTables(levels, encrypted=encrypted)
        delta = 0x3ffff000  # not a multiple of anything large: pages have to be looked up
        if level > 1:
            delta = 5 << 30
        m = writer.store()
        m.info += ["NUMBER(phys_base)=0",
                   f"SYMBOL(init_top_pgt)={cores.TEXT_MAP + tables.start:x}",
                   f"NUMBER(pgtable_l5_enabled)={int(levels == 5)}",
                   f"NUMBER(sme_mask)={encrypted}", "KERNELOFFSET=0"]
        for at, content in m.memory.items():
            for page in range(at & ~4095, at + len(content), 4096):
                tables.map(page, page - 0xffff888000000000 + delta, level)
        core = m.elf(tables.segments() + [
            (0, at - 0xffff888000000000 + delta, content, len(content))
            for at, content in sorted(m.memory.items())])
        yield f"physical-{levels}-levels-{level}{'-encrypted' * bool(encrypted)}", \
            Case(core, writer.log())
    yield "physical-text-map", text_map_case()
    yield "physical-arm64", arm64_case(-1 << 48, -1 << 47)
    yield "physical-arm64-old", arm64_case(-1 << 47, -1 << 48)
    yield "physical-ppc64", direct_map_case(0xc000000000000000)
    # The direct map begins somewhere else than the log's addresses.
    yield "unreachable", dataclasses.replace(direct_map_case(0xd000000000000000), records=[],
                                             status=30, stderr="no segment of the dump covers")


def text_map_case():
    """Everything in the kernel image, which KASLR has moved down: phys_base is negative."""
    m = Machine()
    m.next = cores.TEXT_MAP + 0x20000000
    writer = ring(machine=m)
    writer.store()
    m.info.append("NUMBER(phys_base)=-117440512")
    return Case(m.physical(lambda at: at - cores.TEXT_MAP - 117440512), writer.log())


def direct_map_case(page_offset):
    """Nothing but the direct map is known."""
    m = Machine(64, ">", cores.EM_PPC64)
    m.next = 0xc000000000100000
    writer = ring(machine=m)
    writer.store()
    m.info.append(f"NUMBER(PAGE_OFFSET)=0x{page_offset:x}")
    return Case(m.physical(lambda at: at - 0xc000000000000000), writer.log())


def arm64_case(direct, image):
    """The ring in the kernel image; VA_BITS 48, RAM from 1 GiB on."""
    m = Machine(machine=cores.EM_AARCH64)
    m.next = image + 0x10000000 & m.mask
    writer = ring(machine=m)
    writer.store()
    m.info += ["NUMBER(VA_BITS)=48", f"SYMBOL(_stext)={image + 0x10000000 & m.mask:x}",
               f"NUMBER(kimage_voffset)=0x{image + 0x10000000 - 0x41000000 & m.mask:x}",
               "NUMBER(PHYS_OFFSET)=0x40000000"]
    # The pointer that prb is goes into the direct map, so that both windows are used.
    place = {at: at - (image + 0x10000000 & m.mask) + 0x41000000 for at in m.memory}
    descs = min(m.memory)
    moved = (direct & m.mask) + place[descs] - 0x40000000
    for at, content in m.memory.items():
        m.memory[at] = content.replace(m.long(descs), m.long(moved))
    return Case(m.physical(place.get), writer.log())


def containers():
    writer = ring()
    core = writer.store().virtual(extended=True)
    yield "many-headers", Case(core, writer.log())

    writer = ring()
    m = writer.store()
    # A page of zeros that the dump left out, as makedumpfile -E does: in memory, not in the file.
    segments = [(at, 0, content, len(content)) for at, content in sorted(m.memory.items())]
    index, (at, _, content, n) = max(enumerate(segments), key=lambda s: s[1][3])
    used = len(content.rstrip(b"\0"))
    segments[index] = (at, 0, content[:used], n)
    yield "zeros-left-out", Case(m.elf(segments), writer.log())

    writer = ring()
    m = writer.store()
    yield "no-vmcoreinfo", Case(m.elf([(0, 0, b"x", 1)], notes=b"\0" * 32), [], 20, "VMCOREINFO")
    whole = ring().store().virtual()
    yield "cut-in-headers", Case(whole[:200], [], 40, "cut off")
    yield "empty", Case(b"", [], 4, "the file is empty")
    yield "not-elf", Case(b"hello world, this is no core", [], 4, "0x7f ELF")
    yield "diskdump", Case(b"DISKDUMP\6\0\0\0" + b"\0" * 64, [], 4, "diskdump")
    yield "executable", Case(whole[:16] + b"\2\0" + whole[18:], [], 4, "type 2")
    yield "phentsize", Case(whole[:54] + b"\x20\0" + whole[56:], [], 10, "program headers of 32")
    m = Machine()
    m.info += ["SYMBOL(something)=1"]
    yield "no-log", Case(m.elf([(0, 0, b"x", 1)]), [], 50, "names none of prb")
    m = Machine()
    m.symbol("prb", m.long(0))
    yield "no-layout", Case(m.virtual(), [], 50, r"SIZE\(printk_ringbuffer\)")


MOVED = 117440512  # how far KASLR has moved the kernel down
TEXT_AT = cores.TEXT_MAP + 0x20000000


def text_ring(phys_base=True):
    """A machine with a log of several pages in its kernel image, and the log."""
    m = Machine()
    m.next = TEXT_AT
    writer = ring(60, m, count_bits=6, size_bits=12)
    writer.store()
    m.info += [f"NUMBER(phys_base)=-{MOVED}"] * phys_base
    return m, writer.log()


def text_pages(m):
    return kdumps.pages_of(m, lambda at: at - cores.TEXT_MAP - MOVED)


def compressed():
    """makedumpfile's own format, each way of packing a page, each shape of its headers."""
    m, log = text_ring()
    pages = text_pages(m)
    for name, flags in (("raw", 0), ("zlib", kdumps.ZLIB), ("lzo", kdumps.LZO),
                        ("zstd", kdumps.ZSTD)):
        yield f"kdump-{name}", Case(kdumps.compressed(m, pages, flags), log)
    yield "kdump-5", Case(kdumps.compressed(m, pages, kdumps.ZLIB, version=5), log)
    large = kdumps.pages_of(m, lambda at: at - cores.TEXT_MAP - MOVED, 65536)
    yield "kdump-64k", Case(kdumps.compressed(m, large, kdumps.ZLIB, 65536), log)
    m, log = text_ring(phys_base=False)
    yield "kdump-phys-base", Case(kdumps.compressed(m, text_pages(m), kdumps.ZLIB,
                                                    phys_base=-MOVED), log)
    for name, bits, order, elf, start in (("ppc64", 64, ">", cores.EM_PPC64, 0xc000000000000000),
                                          ("i386", 32, "<", cores.EM_386, 0xc0000000)):
        m = Machine(bits, order, elf)
        m.next = start + 0x100000
        writer = ring(machine=m)
        writer.store()
        m.info.append(f"NUMBER(PAGE_OFFSET)=0x{start:x}")
        pages = kdumps.pages_of(m, lambda at, start=start: at - start)
        yield f"kdump-{name}", Case(kdumps.compressed(m, pages, kdumps.ZLIB), writer.log())


def flattened():
    m, log = text_ring()
    dump = kdumps.compressed(m, text_pages(m), kdumps.ZLIB)
    flat = kdumps.flattened(dump, twice=b"KDUMP   not yet")
    yield "flat-kdump", Case(flat, log)
    yield "flat-no-end", Case(flat[:-16], log)
    yield "flat-elf", Case(kdumps.flattened(m.physical(lambda at: at - cores.TEXT_MAP - MOVED)),
                           log)
    yield "flat-cut", Case(flat[:4200], [], 40, "cut off")
    yield "flat-no-size", Case(flat[:4096] + b"\0" * 16, [], 10, "flattened dump claims a part")
    yield "flat-nothing", Case(flat[:4096], [], 4, "the file is empty")


def compressed_damage():
    m, log = text_ring()
    pages = text_pages(m)
    text = max(pages)  # what was placed last is prb, before it the ring, before it the text
    whole = kdumps.compressed(m, pages, kdumps.ZLIB)
    yield "kdump-cut-bitmap", Case(whole[:2 * 4096 + 100], [], 40, "bitmap of its pages")
    yield "kdump-cut-header", Case(whole[:300], [], 40, "its header")
    yield "kdump-no-page-size", Case(whole[:428] + b"\1\2\0\0" + whole[432:], [], 10,
                                     "how large a page is")
    yield "kdump-no-bitmap", Case(whole[:436] + b"\0\0\0\0" + whole[440:], [], 10,
                                  "0 blocks of bitmap")
    yield "kdump-left-out", Case(kdumps.compressed(m, pages, kdumps.ZLIB, left_out=[text]), [], 30,
                                 "its page was left out of the dump")
    m, log = text_ring()
    broken = kdumps.compressed(m, pages, kdumps.LZO)
    at = broken.index(kdumps.lzo(pages[text]))
    yield "kdump-damaged", Case(broken[:at] + b"\xff" * 40 + broken[at + 40:], [], 64,
                                "its page is damaged")
    snappy = kdumps.compressed(m, pages, kdumps.ZLIB)
    index = sorted(pages).index(text)
    at = 4096 * 2 + 4096 * int.from_bytes(snappy[436:440], "little") + 24 * index + 12
    yield "kdump-snappy", Case(snappy[:at] + b"\4" + snappy[at + 1:], [], 50, "not known here")


def record_damage():
    m, records = Machine(), messages(12)
    dump = cores.record_buffer(m, records, size=512, first=300)
    yield "records-round", Case(dump.virtual(), records)
    m, records = Machine(), [Record(b"pci 0000:00:02.0: reg", 5000, 7, 0, subsystem=b"pci",
                                    device=b"+pci:0000:00:02.0"), Record(b"plain", 6000)]
    yield "records-device", Case(cores.record_buffer(m, records, name="log").virtual(), records)
    m, records = Machine(), messages(4)
    dump = cores.record_buffer(m, records)
    at = min(m.memory)
    third = 2 * 16 + sum(-(-len(r.text) // 4) * 4 for r in records[:2])
    content = bytearray(m.memory[at])
    content[third + 8:third + 10] = b"\3\0"  # a record of three bytes
    m.memory[at] = bytes(content)
    yield "records-bad-length", Case(dump.virtual(), records[:2], 64, "claims 3 bytes")


def all_cases():
    for group in (words_and_orders, ring_wraps, ring_states, ring_damage, translations,
                  containers, compressed, flattened, compressed_damage, record_damage):
        yield from group()
    yield "text-round", plain_wrapped()


if __name__ == "__main__":
    for name, case in all_cases():
        with open(os.path.join(sys.argv[1], name + ".core"), "wb") as out:
            out.write(case.core)
