# SPDX-License-Identifier: LGPL-2.1-or-later
"""A captured machine to run the recorded kexec on, and files to give it."""
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import unittest

PROGRAM = os.environ["KEXEC_RECORDED"]
MACHINES = pathlib.Path(os.environ["MACHINES"])


def bzimage(payload=b"\0" * 65536, version=0x020F, xloadflags=0x7F):
    """A 64-bit bzImage by Documentation/arch/x86/boot.rst, with nothing to run inside."""
    setup = bytearray(1024)
    put = lambda fmt, at, value: struct.pack_into(fmt, setup, at, value)
    put("<B", 0x1F1, 1)                     # setup_sects
    put("<I", 0x1F4, len(payload) // 16)    # syssize
    put("<H", 0x1FE, 0xAA55)                # boot_flag
    put("<H", 0x200, 0x6AEB)                # jump over the header, which ends at 0x26c
    setup[0x202:0x206] = b"HdrS"
    put("<H", 0x206, version)
    put("<H", 0x20E, 0x100)                 # kernel_version: string at 0x300
    setup[0x300:0x30C] = b"6.1.0-test #1"[:12]
    put("<B", 0x211, 1)                     # loadflags: LOADED_HIGH
    put("<I", 0x22C, 0x7FFFFFFF)            # initrd_addr_max
    put("<I", 0x230, 0x200000)              # kernel_alignment
    put("<B", 0x234, 1)                     # relocatable_kernel
    put("<B", 0x235, 21)                    # min_alignment
    put("<H", 0x236, xloadflags)
    put("<I", 0x238, 2047)                  # cmdline_size
    put("<I", 0x248, 0x400)                 # payload_offset
    put("<I", 0x24C, len(payload) - 0x800)  # payload_length
    put("<Q", 0x258, 0x1000000)             # pref_address
    put("<I", 0x260, 0x400000)              # init_size
    return bytes(setup) + payload


def elf64(machine=62, type_=2, paddr=0x1000000):
    """A static ELF program header by the System V ABI: one PT_LOAD, no note, no Linux."""
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", type_, machine, 1, paddr, 64, 0,
                         0, 64, 56, 1, 0, 0, 0)
    load = struct.pack("<IIQQQQQQ", 1, 5, 4096, paddr, paddr, 4096, 4096, 4096)
    return (header + load).ljust(4096, b"\0") + b"\xf4" * 4096


def multiboot(load=0x400000, size=8192):
    """A flat multiboot 1 kernel by its specification, sections 3.1.1 to 3.1.3: no code in it."""
    magic, flags = 0x1BADB002, 0x00010000       # bit 16: the addresses are in the header
    header = struct.pack("<IIIIIIII", magic, flags, -(magic + flags) & 0xFFFFFFFF, load, load,
                         load + size, load + size, load + 0x20)
    return header.ljust(size, b"\xf4")


# Of the captured machine qemu-uefi-6g-crash: "Kernel code" of its /proc/iomem; 0xffffffff81000000 and 0xffff888000000000
# are where kernels without KASLR are (Documentation/arch/x86/x86_64/mm.rst).
CODE, TEXT, DIRECT = 0x1D4C00000, 0xFFFFFFFF81000000, 0xFFFF888000000000


def kcore(notes=None):
    """The program headers of /proc/kcore: vmalloc without a physical address, text, a part of RAM. With @notes, bytes, as
    that of arm64: notes, and no text."""
    parts = [(0xFFFFC90000000000, 2 ** 64 - 1, 1 << 45), (DIRECT + 0x100000000, 0x100000000, 0x100000000)]
    if notes is None:
        parts.insert(1, (TEXT, CODE, 0x2800000))
    n_parts = len(parts) + (notes is not None)
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 4, 62, 1, 0, 64, 0, 0, 64, 56, n_parts, 0, 0, 0)
    if notes is not None:
        head += struct.pack("<IIQQQQQQ", 4, 0, 64 + 56 * n_parts, 0, 0, len(notes), 0, 0)
    return head + b"".join(struct.pack("<IIQQQQQQ", 1, 7, 0x1000, virtual, physical, size, size, 0)
                           for virtual, physical, size in parts) + (notes or b"")


class Result:
    def __init__(self, run, log):
        self.rc, self.out, self.err = run.returncode, run.stdout, run.stderr
        self.first = self.err.split("\n")[0]
        self.log = log.read_text().splitlines() if log.exists() else []
        # What was done to the machine, without arguments that differ from machine to machine.
        self.calls = [short(line) for line in self.log if " " not in line.split("=")[0] or
                      not line.startswith("segment")]
        self.calls = [c for c in self.calls if c]

    def call(self, name):
        """The one line of the log that is a call of @name."""
        lines = [line for line in self.log if line.startswith(name)]
        assert len(lines) == 1, self.log
        return lines[0]


def short(line):
    words = line.split()
    if words[0] == "kexec_file_load":
        flags = int(words[-1].split("=")[1], 16)
        kind = "file-unload" if flags & 1 else "file-load"
        return kind + ("-crash" if flags & 2 else "")
    if words[0] == "kexec_load":
        flags = int(words[-1].split("=")[1], 16)
        kind = "unload" if words[1] == "n=0" else "load"
        return kind + ("-crash" if flags & 1 else "")
    if words[0].startswith(("segment", "entry=")):
        return None
    return line


class MachineTest(unittest.TestCase):
    """Each test gets a machine of its own, with kernel K and initial ramdisk I."""
    machine = "qemu-bios-6g"

    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="kexec-cli-"))
        self.addCleanup(shutil.rmtree, self.dir)
        self.root = self.dir / "root"
        self.take_machine(self.machine)
        self.kernel = self.file("vmlinuz", bzimage())
        self.initrd = self.file("initrd.img", b"070701" + b"\0" * 1000)

    def take_machine(self, name):
        if self.root.exists():
            shutil.rmtree(self.root)
        shutil.copytree(MACHINES / name, self.root)
        for path in self.root.rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def file(self, name, data):
        path = self.dir / name
        path.write_bytes(data)
        return str(path)

    def set(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_kexec(self, *args, errors=None, interfaces="eth0,eth1", root=True, env=None):
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        environ = {"FAKE_LOG": str(log), "FAKE_INTERFACES": interfaces, "LC_ALL": "C",
                   "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environ[name] = os.environ[name]
        if root:
            environ["FAKE_ROOT"] = str(self.root)
        if errors:
            environ["FAKE_ERRORS"] = ",".join(f"{k}={v}" for k, v in errors.items())
        environ.update(env or {})
        words = [self.kernel if a == "K" else a for a in args]
        run = subprocess.run([PROGRAM, *words], env=environ, capture_output=True, text=True,
                             errors="replace", timeout=60)
        result = Result(run, log)
        # Sections 11 and 15 of the contract: these and no other, whatever happens.
        self.assertIn(result.rc, (0, 1, 253, 254, 255), (args, result.err))
        return result

    def assertRun(self, args, rc, calls=None, **kwargs):
        r = self.run_kexec(*args, **kwargs)
        self.assertEqual(r.rc, rc, (args, r.out, r.err, r.log))
        if calls is not None:
            self.assertEqual(r.calls, calls, (args, r.err))
        return r


class CountingResult(unittest.TextTestResult):
    """Counts cases of a table as tests of their own."""
    passed = 0

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        self.passed += err is None

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1


def main():
    run = unittest.TextTestRunner(resultclass=CountingResult)
    result = unittest.main(testRunner=run, exit=False).result
    bad = len(result.failures) + len(result.errors)
    print(f"{result.passed} passed, {bad} failed, {len(result.skipped)} skipped")
    raise SystemExit(bool(bad))
