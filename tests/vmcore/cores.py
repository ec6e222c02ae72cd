# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds crash dumps, byte by byte, and says what their log is.

Written from the kernel's documentation and structures, not from the program under test:
printk_ringbuffer.{c,h} for the ring ("DOC: printk_ringbuffer overview"), printk.c of Linux 5.4 and
3.4 for the older logs, Documentation/admin-guide/kdump/vmcoreinfo.rst, elf(5), and the Intel SDM,
volume 3, for page tables.
"""

import dataclasses
import struct

EM_386, EM_PPC64, EM_X86_64, EM_AARCH64 = 3, 21, 62, 183
FAILED_LPOS, NO_LPOS = 1, 3
RESERVED, COMMITTED, FINALIZED, REUSABLE = range(4)
TEXT_MAP = 0xffffffff80000000  # x86_64: __START_KERNEL_map


@dataclasses.dataclass
class Record:
    """One message, as the kernel would be given it and as we want it back."""

    text: bytes
    time_ns: int = 1_500_000
    level: int = 6
    facility: int = 0
    caller: int = 1
    subsystem: bytes = b""
    device: bytes = b""
    seq: int = None
    has_caller: bool = True


class Machine:
    """Word size, byte order and ELF machine of the crashed machine; memory as {address: bytes}."""

    def __init__(self, bits=64, order="<", machine=EM_X86_64):
        self.bits, self.order, self.machine = bits, order, machine
        self.word = bits // 8
        self.mask = (1 << bits) - 1
        self.memory = {}
        self.info = ["OSRELEASE=6.0.0-test", "PAGESIZE=4096"]
        # Low addresses would do, but a kernel's are high: they catch sign and overflow mistakes.
        self.next = 0xffff888000100000 & self.mask if bits == 64 else 0xc0100000

    def pack(self, n, value):
        return struct.pack(self.order + {1: "B", 2: "H", 4: "I", 8: "Q"}[n], value)

    def long(self, value):
        return self.pack(self.word, value & self.mask)

    def place(self, content, align=16):
        """Put @content somewhere in memory; returns its address."""
        self.next += -self.next % align
        address = self.next
        self.memory[address] = bytes(content)
        self.next += len(content) + 64
        return address

    def symbol(self, name, content):
        address = self.place(content)
        self.info.append(f"SYMBOL({name})={address:x}")
        return address

    def struct(self, name, size, **fields):
        self.info.append(f"SIZE({name})={size}")
        self.info += [f"OFFSET({name}.{field})={at}" for field, at in fields.items()]

    def notes(self):
        """A register note as every dump has, then VMCOREINFO, both padded to 4 bytes."""
        out = b""
        for name, kind, body in ((b"CORE", 1, b"\0" * 37),
                                 (b"VMCOREINFO", 0, "\n".join(self.info).encode())):
            name += b"\0"
            out += (struct.pack(self.order + "III", len(name), len(body), kind) +
                    name + b"\0" * (-len(name) % 4) + body + b"\0" * (-len(body) % 4))
        return out

    def elf(self, segments, extended=False, notes=None):
        """An ELF core; @segments are (virt, phys, content, size in memory)."""
        notes = self.notes() if notes is None else notes
        n = len(segments) + 1
        eh, ph, sh = (64, 56, 64) if self.bits == 64 else (52, 32, 40)
        offset = eh + n * ph + (sh if extended else 0)
        headers = [self.program_header(4, offset, 0, 0, len(notes), 0)]
        body = notes
        for virt, phys, content, mem_n in segments:
            headers.append(self.program_header(1, offset + len(body), virt, phys, len(content),
                                               mem_n))
            body += content
        ident = b"\x7fELF" + bytes([self.bits // 32, 1 if self.order == "<" else 2, 1]) + b"\0" * 9
        address = "Q" if self.bits == 64 else "I"
        head = ident + struct.pack(self.order + "HHI" + address * 3 + "IHHHHHH", 4, self.machine,
                                   1, 0, eh, eh + n * ph if extended else 0, 0, eh, ph,
                                   0xffff if extended else n, sh, int(extended), 0)
        section = b""
        if extended:  # elf(5), PN_XNUM: the count is sh_info of section header 0
            info = 44 if self.bits == 64 else 28
            section = b"\0" * info + self.pack(4, n) + b"\0" * (sh - info - 4)
        return head + b"".join(headers) + section + body

    def program_header(self, kind, offset, virt, phys, file_n, mem_n):
        if self.bits == 64:
            return struct.pack(self.order + "IIQQQQQQ", kind, 6, offset, virt, phys & self.mask,
                               file_n, mem_n, 0)
        return struct.pack(self.order + "IIIIIIII", kind, offset, virt, phys & self.mask, file_n,
                           mem_n, 6, 0)

    def virtual(self, extended=False):
        """As /proc/vmcore: p_vaddr tells."""
        return self.elf([(at, at - min(self.memory) + 0x1000, content, len(content))
                         for at, content in sorted(self.memory.items())], extended)

    def physical(self, place):
        """As QEMU without paging: p_vaddr is 0, @place turns an address into a physical one."""
        return self.elf([(0, place(at), content, len(content))
                         for at, content in sorted(self.memory.items())])


class Ring:
    """A writer of the lockless ring, one record after the other, as one processor would do it."""

    def __init__(self, machine, count_bits=3, size_bits=9, fits_at_end=True):
        self.m, self.count_bits, self.size_bits = machine, count_bits, size_bits
        # Since Linux 6.18 a block may fill the ring to its very end; before, it was wrapped.
        self.fits_at_end = fits_at_end
        self.count, self.size = 1 << count_bits, 1 << size_bits
        self.id_mask = (1 << (machine.bits - 2)) - 1
        self.text = bytearray(self.size)
        self.state = [0] * self.count
        self.lpos = [(0, 0)] * self.count
        self.records = [None] * self.count
        self.head_id = self.tail_id = -(self.count + 1) & self.id_mask  # DESC0_ID
        self.head_lpos = self.tail_lpos = -self.size & machine.mask  # BLK0_LPOS
        last = self.count - 1
        self.state[last] = self.state_var(self.head_id, REUSABLE)
        self.lpos[last] = (FAILED_LPOS, FAILED_LPOS)
        self.seq = 0
        self.shuffle = False  # another layout of every structure than the kernel's

    def state_var(self, ident, state):
        return ident | state << (self.m.bits - 2)

    def wraps(self, lpos):
        return (lpos & self.m.mask) >> self.size_bits

    def next_lpos(self, lpos, n):
        end = (lpos + n) & self.m.mask
        if self.wraps(lpos) == self.wraps(end - 1 if self.fits_at_end else end):
            return end
        return ((self.wraps(lpos) + 1 << self.size_bits) + n) & self.m.mask

    def push_tail(self):
        """Give up the oldest record, and with it its text."""
        index = self.tail_id % self.count
        begin, after = self.lpos[index]
        if not begin & 1:
            self.tail_lpos = after
        self.state[index] = self.state_var(self.tail_id, REUSABLE)
        self.records[index] = None
        self.tail_id = (self.tail_id + 1) & self.id_mask

    def write_block(self, ident, text):
        word = self.m.word
        n = word + len(text)
        n += -n % word
        begin, after = self.head_lpos, self.next_lpos(self.head_lpos, n)
        while (after - self.tail_lpos) & self.m.mask > self.size:
            self.push_tail()
        at = begin % self.size
        self.text[at:at + word] = self.m.long(ident)
        if self.wraps(begin) != self.wraps(after - 1):
            at = 0
            self.text[:word] = self.m.long(ident)
        self.text[at + word:at + word + len(text)] = text
        self.head_lpos = after
        return begin, after

    def add(self, record, state=FINALIZED, lpos=None):
        ident = (self.head_id + 1) & self.id_mask
        if (ident - self.tail_id) & self.id_mask >= self.count:
            self.push_tail()
        if lpos is None:
            lpos = self.write_block(ident, record.text) if record.text else (NO_LPOS, NO_LPOS)
        self.head_id = ident
        index = ident % self.count
        record.seq, self.seq = self.seq, self.seq + 1
        self.state[index] = self.state_var(ident, state)
        self.lpos[index], self.records[index] = lpos, record
        return index

    def log(self):
        """What a reader should see, oldest first."""
        ids = [(self.tail_id + i) & self.id_mask
               for i in range((self.head_id - self.tail_id & self.id_mask) + 1)]
        return [self.records[i % self.count] for i in ids
                if self.records[i % self.count] and
                self.state[i % self.count] >> (self.m.bits - 2) in (COMMITTED, FINALIZED)]

    def info_bytes(self, record, size):
        m = self.m
        if record is None:
            return b"\0" * size
        # struct printk_info: u8 flags:5, level:3; big-endian machines fill from the other end
        bits = record.level << 5 | 2 if m.order == "<" else 2 << 3 | record.level
        out = (m.pack(8, record.seq) + m.pack(8, record.time_ns) + m.pack(2, len(record.text)) +
               bytes([record.facility, bits]) + m.pack(4, record.caller) +
               record.subsystem.ljust(16, b"\0") + record.device.ljust(48, b"\0"))
        return out.ljust(size, b"\0")

    def store(self):
        """Put the ring into the memory of its machine, and its layout into VMCOREINFO."""
        m, w = self.m, self.m.word
        pad = 24 if self.shuffle else 0
        desc_n, info_n = 3 * w + pad, 88 + pad
        descs = b"".join(b"\0" * pad + m.long(s) + m.long(b) + m.long(n)
                         for s, (b, n) in zip(self.state, self.lpos))
        infos = b"".join(self.info_bytes(r, info_n) for r in self.records)
        at = [m.place(part) for part in (descs, infos, self.text)]
        desc_ring = m.pack(4, self.count_bits) + b"\0" * (w - 4) + m.long(at[0]) + m.long(at[1])
        desc_ring += m.long(self.head_id) + m.long(self.tail_id) + m.long(0)
        text_ring = m.pack(4, self.size_bits) + b"\0" * (w - 4) + m.long(at[2])
        text_ring += m.long(self.head_lpos) + m.long(self.tail_lpos)
        whole = (text_ring + desc_ring if self.shuffle else desc_ring + text_ring) + m.long(0)
        m.symbol("prb", m.long(m.place(whole)))
        m.symbol("clear_seq", b"\0" * 24)
        first, second = len(desc_ring), len(text_ring)
        m.struct("printk_ringbuffer", len(whole), fail=first + second,
                 desc_ring=second if self.shuffle else 0,
                 text_data_ring=0 if self.shuffle else first)
        m.struct("prb_desc_ring", len(desc_ring), count_bits=0, descs=w, infos=2 * w,
                 head_id=3 * w, tail_id=4 * w)
        m.struct("prb_desc", desc_n, state_var=pad, text_blk_lpos=pad + w)
        m.struct("prb_data_blk_lpos", 2 * w, begin=0, next=w)
        m.struct("printk_info", info_n, seq=0, ts_nsec=8, text_len=16, caller_id=20, dev_info=24)
        m.struct("dev_printk_info", 64, subsystem=0, device=16)
        m.info += ["LENGTH(printk_info_subsystem)=16", "LENGTH(printk_info_device)=48"]
        m.struct("prb_data_ring", len(text_ring), size_bits=0, data=w, head_lpos=2 * w,
                 tail_lpos=3 * w)
        m.info += [f"SIZE(atomic_long_t)={w}", "OFFSET(atomic_long_t.counter)=0",
                   "CRASHTIME=1700000000"]
        return m


def record_buffer(machine, records, size=512, first=0, name="printk_log", has_caller=False):
    """The record buffer of 3.5 to 5.9, its first record at index @first; returns the machine."""
    m = machine
    head_n = 20 if has_caller else 16
    ring, at = bytearray(size), first
    for record in records:
        fields = ((b"SUBSYSTEM=", record.subsystem), (b"DEVICE=", record.device))
        extra = b"\0".join(key + value for key, value in fields if value)
        bits = record.level << 5 | 2 if m.order == "<" else 2 << 3 | record.level
        n = head_n + len(record.text) + len(extra)
        n += -n % 4
        if at + n + head_n > size:  # an empty header tells that the ring goes on at its start
            ring[at:at + head_n] = b"\0" * head_n
            at = 0
        body = (m.pack(8, record.time_ns) + m.pack(2, n) + m.pack(2, len(record.text)) +
                m.pack(2, len(extra)) + bytes([record.facility, bits]))
        if has_caller:
            body += m.pack(4, record.caller)
        record.has_caller, record.seq = has_caller, None
        body += record.text + extra
        ring[at:at + len(body)] = body
        at += n
    m.symbol("log_buf", m.long(m.place(ring)))
    m.symbol("log_buf_len", m.pack(4, size))
    m.symbol("log_first_idx", m.pack(4, first))
    m.symbol("log_next_idx", m.pack(4, at))
    m.struct(name, head_n, ts_nsec=0, len=8, text_len=10)
    if has_caller:
        m.info.append(f"OFFSET({name}.caller_id)=16")
    return m


def plain_buffer(machine, text, size=256):
    """The character ring of 3.4 and before; returns the machine."""
    m = machine
    ring = bytearray(size)
    for i, byte in enumerate(text):
        ring[i % size] = byte
    m.symbol("log_buf", m.long(m.place(ring)))
    m.symbol("log_end", m.pack(4, len(text)))
    m.symbol("log_buf_len", m.pack(4, size))
    m.symbol("logged_chars", m.pack(4, min(len(text), size)))
    return m


class PageTables:
    """x86_64 page tables in physical memory from @start on; entries of 8 bytes, 512 a table."""

    def __init__(self, levels=4, start=0x200000, encrypted=0):
        self.levels, self.start, self.encrypted = levels, start, encrypted
        self.tables = [bytearray(4096)]

    def entry(self, table, index, make):
        (old,) = struct.unpack_from("<Q", self.tables[table], index * 8)
        if not old:
            old = make()
            struct.pack_into("<Q", self.tables[table], index * 8, old | self.encrypted | 1 << 63)
        return old

    def new_table(self):
        self.tables.append(bytearray(4096))
        return self.start + 4096 * (len(self.tables) - 1) | 0x67

    def map(self, virt, phys, level=1):
        """Map the page of @virt: 4 KiB at level 1, 2 MiB at 2, 1 GiB at 3."""
        table = 0
        for depth in range(self.levels, level, -1):
            index = virt >> 12 + 9 * (depth - 1) & 511
            old = self.entry(table, index, self.new_table)
            table = ((old & ((1 << 52) - 4096) & ~self.encrypted) - self.start) // 4096
        size = 1 << 12 + 9 * (level - 1)
        large = 0x80 if level > 1 else 0
        self.entry(table, virt >> 12 + 9 * (level - 1) & 511,
                   lambda: phys & ~(size - 1) | 0x63 | large)

    def segments(self):
        return [(0, self.start, b"".join(self.tables), 4096 * len(self.tables))]
