#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the purgatory of aarch64 in QEMU, between two programs that stand for an old and a next kernel.

    aarch64.py PURGATORY.BIN MACHINE.BIN

It is entered at EL1, at EL2, and at EL2 with VHE. Whether the MMU was on is seen by a segment whose contents are
right only at the address that the page tables name. QEMU has no caches: what is cleaned is not tested here.
"""
import concurrent.futures
import pathlib
import struct
import subprocess
import sys
import tempfile
import time

CHECK, SERIAL, CRC32C_INSN = 1, 2, 32    # fundamental/purgatory-abi.h
PL011, UART_8250 = 1, 2
NO_FIRMWARE, HVC, SMC = 0, 1, 2
REGIONS_MAX, CLEAR_MAX = 24, 16
HEADER = struct.Struct("<QIIQQQIHHQQBBBBI")
ARGS = HEADER.size + 16 * CLEAR_MAX + 32 * REGIONS_MAX + 16    # the first instruction follows them
STAMPS_MAGIC = 0x31504D4154535252
NEXT = 0x800            # of machine.S: the next kernel, and the parameters of both
PARAMETERS = 0x1000
TREE = 0x12345678       # the next kernel's argument
TABLE, BLOCK, AF, INNER, AP1 = 3, 1, 1 << 10, 3 << 8, 1 << 6    # Arm ARM, D8.3
NEVER_EXECUTED = 3 << 53
DEVICE = 1 << 2         # attribute 1
PAGE, MIB = 4096, 1 << 20
CONTENTS = bytes(i * 7 % 251 for i in range(3 * 4096 + 1000))


def crc_table():
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        yield n


CRC = list(crc_table())


def digest(data):
    """CRC32C in three lanes, as fundamental/purgatory-abi.h describes them."""
    lanes = [bytearray(), bytearray(), bytearray()]
    whole = len(data) // (3 * 4096) * 3 * 4096
    for i in range(0, whole, 4096):
        lanes[i // 4096 % 3] += data[i:i + 4096]
    lanes[0] += data[whole:]
    result = []
    for lane in lanes:
        crc = 0xFFFFFFFF
        for byte in lane:
            crc = CRC[(crc ^ byte) & 255] ^ crc >> 8
        result.append(crc ^ 0xFFFFFFFF)
    return result


class Virt:
    """-M virt: memory from 1 GiB on, a PL011, PSCI"""
    arguments = ["-M", "virt", "-m", "256"]
    memory, devices = 0x40000000, range(0, 512)     # devices in blocks of 2 MiB
    pl011 = 0x9000000
    serial = (0x9000000, PL011, 0, 1)
    psci = True


class Raspberry:
    """-M raspi3b: memory from 0 on, a port like an 8250, no PSCI; enters at EL3"""
    arguments = ["-M", "raspi3b"]
    memory, devices = 0, range(0x3f000000 // (2 * MIB), 512)
    pl011 = 0x3f201000
    serial = (0x3f215040, UART_8250, 2, 4)
    psci = False


def tables(machine, at, moved):
    """Two roots and what is below them; MOVED = {block of 2 MiB: where it is}"""
    pages = b""
    for extra in 0, AP1:
        below = at + (2 + 3 * (extra == AP1)) * PAGE
        pages += struct.pack("<Q", below | TABLE).ljust(PAGE, b"\0")
    for extra in 0, AP1:
        first = at + (2 + 3 * (extra == AP1)) * PAGE
        pages += struct.pack("<QQ", first + PAGE | TABLE, first + 2 * PAGE | TABLE).ljust(PAGE, b"\0")
        for block in range(1024):
            device = block in machine.devices
            entry = moved.get(block, block) * 2 * MIB | BLOCK | AF | INNER | extra
            pages += struct.pack("<Q", entry | (NEVER_EXECUTED | DEVICE if device else 0))
    return pages


class Case:
    """One run. Options say what is otherwise than in a run that goes well."""

    def __init__(self, name, cpu, level, machine=Virt, vhe=False, **options):
        self.name, self.cpu, self.level, self.machine, self.vhe = name, cpu, level, machine, vhe
        self.options = options
        base = machine.memory
        self.blob, self.program, self.tables = base + 16 * MIB, base + 32 * MIB, base + 48 * MIB
        self.segment, self.moved = base + 64 * MIB, base + 80 * MIB
        self.stamps, self.cleared = base + 96 * MIB, base + 112 * MIB

    def args(self, blob, pages):
        get = self.options.get
        constant = struct.unpack_from("<Q", blob, len(blob) - 8)[0]
        regions = [(self.segment, CONTENTS), (self.blob + ARGS, blob[ARGS:constant])]
        with_tables = not get("without_tables")
        if with_tables:
            regions.insert(0, (self.tables, pages))
        clear = [(self.cleared, 2 * PAGE)] if with_tables else []
        data = HEADER.pack(
            0x317972670A504F48, len(regions), CHECK | SERIAL | (0 if get("by_table") else CRC32C_INSN),
            self.program + NEXT, TREE, get("stamps", self.stamps), 0, 0, 0, self.tables if with_tables else 0,
            *self.machine.serial, get("firmware", HVC if self.level == 1 else SMC), len(clear))
        data += b"".join(struct.pack("<QQ", *c) for c in clear).ljust(16 * CLEAR_MAX, b"\0")
        data += b"".join(struct.pack("<QQ3II", at, len(d), *digest(d), 0) for at, d in regions).ljust(
            32 * REGIONS_MAX, b"\0")
        data += struct.pack("<3II", *digest(data), 0)
        return data + blob[ARGS:]

    def memory(self, blob, program):
        """{address: bytes} before the old kernel's last instruction"""
        get = self.options.get
        moved = {} if get("without_tables") else {self.segment // (2 * MIB): self.moved // (2 * MIB)}
        pages = tables(self.machine, self.tables, moved)
        blob = bytearray(self.args(blob, pages))
        contents = bytearray(CONTENTS)
        pages = bytearray(pages)
        for what, of in ("segment", contents), ("arguments", blob), ("tables", pages):
            if get("damaged") == what:
                of[40] ^= 1
        if get("damaged") == "code":
            blob[-4200] ^= 1    # constants or text: the stack of 4096 bytes is behind them
        words = [self.stamps + 8] + [self.stamps + 24 + 8 * i for i in range(6)] + [
            self.cleared, self.cleared + 2 * PAGE - 8, self.cleared + 2 * PAGE]
        parameters = struct.pack(f"<QQQQ{len(words)}Q", self.blob + ARGS, self.vhe, self.machine.pl011, len(words), *words)
        program = program[:PARAMETERS] + parameters
        stamps = struct.pack("<QIIQ", STAMPS_MAGIC, 1, 0, 0) + bytes(16 * 12)
        return {self.blob: blob, self.program: program, self.tables: pages, self.stamps: stamps,
                (self.segment if get("without_tables") else self.moved): contents,
                self.cleared: b"\xff" * (2 * PAGE + 8)}

    def run(self, blob, program):
        """What the ports said, and whether the machine ended by itself."""
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            command = ["qemu-system-aarch64", *self.machine.arguments, "-display", "none", "-no-reboot", "-monitor",
                       "none", "-net", "none", "-serial", f"file:{folder}/0", "-serial", f"file:{folder}/1"]
            command += ["-cpu", self.cpu] if self.cpu else []
            command[2] += ",virtualization=on" if self.machine is Virt and self.level == 2 else ""
            for i, (address, data) in enumerate(self.memory(blob, program).items()):
                (folder / f"m{i}").write_bytes(data)
                command += ["-device", f"loader,file={folder}/m{i},addr={address:#x},force-raw=on"]
            command += ["-device", f"loader,addr={self.program:#x},cpu-num=0"]
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT) as qemu:
                ended = self.wait(qemu, folder)
                said = "".join((folder / n).read_text(errors="replace") for n in "10" if (folder / n).exists())
                return said.replace("\r", "") + qemu.stdout.read().decode(errors="replace"), ended

    def wait(self, qemu, folder):
        """Until it ends; one that cannot, until it has said its last word."""
        limit = time.monotonic() + 90
        while time.monotonic() < limit and qemu.poll() is None:
            time.sleep(0.05)
            if not self.machine.psci and (folder / "0").exists() and (folder / "0").read_text().endswith("\n"):
                break
        if qemu.poll() is None:
            qemu.kill()
            return False
        return True

    def problem(self, said, ended):
        """What is wrong, or None."""
        wanted = self.options.get("says")
        if self.machine.psci and not ended:
            return "neither started nor reset the machine"
        if wanted:
            return None if wanted in said and said.count("\n") == self.options.get("lines", 1) else f"not only {wanted!r}"
        lines = said.splitlines()
        if len(lines) != 2 or lines[0] != "rapidreboot: starting the kernel":
            return "not two lines"
        (x0, others, sctlr, level, vhe, daif, now, n, id0, t0, id1, t1, id2, t2, first, last,
         behind) = (int(word, 16) for word in lines[1].split())
        if (x0, others, sctlr, level, vhe, daif) != (TREE, 0, 0, self.level, self.vhe, 15):
            return "the next kernel's registers"
        if (n >> 32, id0, id1, id2) != (3, 1, 2, 3) or not 0 < t0 <= t1 <= t2 <= now:
            return "stamps"
        ones = 2 ** 64 - 1
        zeroed = ones if self.options.get("without_tables") else 0
        return None if (first, last, behind) == (zeroed, zeroed, ones) else "what is zeroed"


def cases():
    changed = "changed since the kernel was loaded; resetting the machine\n"
    for label, cpu, level, vhe in (("EL1", "cortex-a72", 1, False), ("EL2", "cortex-a72", 2, False),
                                   ("EL2 with VHE", "neoverse-n1", 2, True)):
        def case(name, **options):
            return Case(f"{label}: {name}", cpu, level, vhe=vhe, **options)    # pylint: disable=cell-var-from-loop
        yield case("starts the kernel")
        yield case("digest by table", by_table=True)
        yield case("MMU off without page tables", without_tables=True)
        yield case("damaged segment resets", damaged="segment", says=f"memory at 0x0000000044000000 {changed}")
        yield case("damaged page tables reset", damaged="tables", says=f"memory at 0x0000000043000000 {changed}")
        yield case("damaged arguments reset", damaged="arguments", says=f"the purgatory {changed}")
        yield case("damaged code resets", damaged="code", says="memory at 0x0000000041000458 changed since the kernel was loaded;")    # in text, maybe in this
        yield case("exception resets", stamps=0x7F0000000000,
                   says="in the purgatory at 0x00000000410")
    yield Case("EL1: a processor with 52 bits", "max", 1)
    yield Case("EL2 with VHE: a processor with 52 bits", "max", 2, vhe=True)
    yield Case("EL1: reset by the other call", "cortex-a72", 1, firmware=SMC, damaged="segment", lines=2,
               says=f"memory at 0x0000000044000000 {changed}")
    yield Case("EL2: a port like an 8250", None, 2, machine=Raspberry, firmware=NO_FIRMWARE)


def main():
    blob, program = (pathlib.Path(path).read_bytes() for path in sys.argv[1:])
    failed = 0
    all_cases = list(cases())
    print(f"1..{len(all_cases)}")
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        runs = pool.map(lambda case: case.run(blob, program), all_cases)
        for i, (case, (said, ended)) in enumerate(zip(all_cases, runs), 1):
            why = case.problem(said, ended)
            failed += why is not None
            print(f"{'not ok' if why else 'ok'} {i} - {case.name}")
            if why:
                print(f"# {why}: {said!r}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
