#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Build the tree for other architectures and run it under qemu-user.

    tests/cross/run.py [ARCHITECTURE]...        aarch64, riscv64; default: all

The compilers are Debian's cross compilers; libc and libraries are packages of that architecture,
which tools/fetch-images unpacks into the cache, so that nothing foreign is installed. The builds stay
in build/cross/. tests/vm/arm64.py starts kernels with those of aarch64. On riscv64 no kernel can be started yet: what
is shown is that the common code is no code of x86_64, and that a person is told so.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = pathlib.Path(os.environ.get("RAPIDREBOOT_CACHE") or pathlib.Path.home() / ".cache/rapidreboot")
GOLDEN = ROOT / "tests/golden"
sys.path.insert(0, str(GOLDEN))
import plans    # noqa: E402 pylint: disable=wrong-import-position
# architecture: item of tools/fetch-images, e_machine as readelf spells it
ARCHITECTURES = {
    "aarch64": ("sysroot-arm64", "AArch64"),
    "riscv64": ("sysroot-riscv64", "RISC-V"),
}
COMMANDS = {
    "kexec": "kexec/kexec", "rapidreboot": "rapidreboot/rapidreboot",
    "coldreboot": "coldreboot/coldreboot", "vmcore-dmesg": "vmcore-dmesg/vmcore-dmesg",
}
# Unit tests that the emulator, not the program, fails: it starts any script by itself and finds only
# then that its interpreter is missing.
EMULATOR_FAILS = {"hooks"}
FETCHING = threading.Lock()     # one call of apt-get at a time
CROSS_FILE = """\
[binaries]
c = [{ccache}'{arch}-linux-gnu-gcc', '--sysroot={sysroot}', '-B{lib}', '-isystem', '{include}/{arch}-linux-gnu', '-isystem', '{include}']
ar = '{arch}-linux-gnu-ar'
strip = '{arch}-linux-gnu-strip'
pkgconfig = 'pkg-config'
pkg-config = 'pkg-config'
exe_wrapper = ['qemu-{arch}-static', '-L', '{sysroot}']
[properties]
sys_root = '{sysroot}'
pkg_config_libdir = '{lib}/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = '{arch}'
cpu = '{arch}'
endian = 'little'
"""


class Failure(Exception):
    """A sentence about what should have been otherwise."""


def quiet(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=3600, check=False, **options)
    if done.returncode:
        raise Failure(f"{' '.join(map(str, command))}: exit status {done.returncode}\n"
                      f"{done.stdout[-4000:]}")
    return done.stdout


class Build:
    """The tree built for one architecture."""

    def __init__(self, arch):
        item, self.elf_machine = ARCHITECTURES[arch]
        self.arch = arch
        self.sysroot = CACHE / item
        self.dir = ROOT / "build/cross" / arch
        self.item = item
        self.starts_kernels = arch == "aarch64"

    def make(self):
        """With gcc, the libraries of the sysroot and all warnings as errors."""
        with FETCHING:
            quiet(sys.executable, ROOT / "tools/fetch-images", self.item)
        cross = self.dir.parent / f"{self.arch}.ini"
        cross.parent.mkdir(parents=True, exist_ok=True)
        text = CROSS_FILE.format(
            arch=self.arch, sysroot=self.sysroot, lib=self.sysroot / f"usr/lib/{self.arch}-linux-gnu",
            include=self.sysroot / "usr/include",
            ccache="'ccache', " if shutil.which("ccache") else "")
        if not cross.exists() or cross.read_text() != text:
            cross.write_text(text)
            shutil.rmtree(self.dir, ignore_errors=True)
        configured = ["--reconfigure"] if (self.dir / "build.ninja").exists() else []
        quiet("meson", "setup", *configured, self.dir, ROOT, "--cross-file", cross, "--werror")
        quiet("meson", "compile", "-C", self.dir, "--ninja-args=--quiet,-k0")
        for name in COMMANDS:
            script = self.dir / name
            script.write_text(f'#!/bin/sh\nexec qemu-{self.arch}-static -L "{self.sysroot}" '
                              f'"{self.program(name)}" "$@"\n')
            script.chmod(0o755)

    def program(self, name):
        return self.dir / "src/cli" / COMMANDS[name]

    def run(self, name, *words):
        """(exit status, stdout, stderr) of a command under the emulator."""
        done = subprocess.run([self.dir / name, *words], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, check=False)
        return done.returncode, done.stdout, done.stderr

    def is_for_the_architecture(self):
        """Commands of that architecture, which need nothing but libc; they and all rooms are hardened."""
        programs = [self.program(name) for name in COMMANDS]
        for program in programs:
            machine = re.search(r"Machine:\s+(.*)", quiet("readelf", "-h", program))[1]
            if machine != self.elf_machine:
                raise Failure(f"{program} is for {machine}")
        quiet(ROOT / "tests/checks/binaries.py", *programs, *(self.dir / "src").rglob("*.a"))

    def unit_tests(self):
        """Unit tests, but for those that need an x86_64 purgatory."""
        log = self.dir / "meson-logs/testlog.json"
        log.unlink(missing_ok=True)
        quiet("meson", "test", "-C", self.dir, "--no-rebuild", "--suite", "unit", "--no-suite",
              "x86_64-purgatory", "--timeout-multiplier", "8", *self.wanted_tests())
        entries = [json.loads(line) for line in log.read_text(errors="replace").splitlines()]
        bad = [entry["name"] for entry in entries if entry["result"] != "OK"]
        if bad or len(entries) < 25:
            raise Failure(f"{len(entries)} unit tests ran, not well: {bad}")

    def wanted_tests(self):
        tests = json.loads(quiet("meson", "introspect", "--tests", self.dir))
        return [t["name"] for t in tests
                if "rapidreboot:unit" in t["suite"] and "rapidreboot:x86_64-purgatory" not in t["suite"]
                and t["name"] not in EMULATOR_FAILS]

    def version(self):
        """kexec --version"""
        status, out, err = self.run("kexec", "--version")
        if status or not re.fullmatch(r"kexec-tools \d+\.\d+\.\d+.*\n", out) or err:
            raise Failure(f"exit status {status}, {out!r}, {err!r}")

    def boot_entries(self):
        """rapidreboot list --root, on every golden tree of boot entries"""
        quiet(sys.executable, GOLDEN / "entries.py", self.dir / "rapidreboot")

    def expect_refusal(self, words, name, *command):
        status, out, err = self.run(name, *command)
        if status == 0 or out or words not in " ".join(err.split()):
            raise Failure(f"{name} {' '.join(map(str, command))}: exit status {status}, not {words!r}:"
                          f"\n{out}{err}")

    def refused(self, words, files):
        """A load on a machine of these @files is refused with @words."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            (root / "vmlinuz").write_bytes(plans.bzimage())
            for way in ("-c", "-s"):
                self.expect_refusal(words, "kexec", "-l", "--dry-run", way, "--root", root, "/vmlinuz")

    def own_machine(self):
        """A load on a machine of this architecture is refused by its name, or, where kernels can be started, one of a kernel for x86_64 by the file."""
        self.refused("not a kernel for arm64" if self.starts_kernels else
                     f"architecture is {self.arch} (/proc/sys/kernel/arch)",
                     {"proc/sys/kernel/arch": f"{self.arch}\n"})

    def silent_machine(self):
        """The same where only the running kernel tells the architecture."""
        self.refused("not a kernel for arm64" if self.starts_kernels else f"architecture is {self.arch} (uname)", {})

    def check_tells(self):
        """rapidreboot check knows whether kernels can be started on it (A16)."""
        with tempfile.TemporaryDirectory() as folder:
            arch = pathlib.Path(folder) / "proc/sys/kernel/arch"
            arch.parent.mkdir(parents=True)
            arch.write_text(f"{self.arch}\n")
            _, out, err = self.run("rapidreboot", "check", "--root", folder, "--json")
        findings = [f for f in json.loads(out)["checks"] if f["id"] == "A16"]
        wanted = "ok" if self.starts_kernels else "refuse"
        if [f["severity"] or f["status"] for f in findings] != [wanted] or self.arch not in findings[0]["evidence"]:
            raise Failure(f"{findings}\n{err}")

    def other_machine(self):
        """An x86_64 machine's plans are those that are made on x86_64; without a compiler for its purgatory they are refused by segments, and made for a file."""
        if shutil.which("x86_64-linux-gnu-gcc"):
            quiet(sys.executable, GOLDEN / "plans.py", self.dir / "kexec")
            return
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder) / "root"
            plans.make_root("qemu-bios-3g", root)
            self.expect_refusal("was built without a compiler for x86_64", "kexec", "-l", "--dry-run", "-c",
                                "--root", root, "/bzImage")
            status, out, err = self.run("kexec", "-l", "--dry-run", "-s", "--json", "--root", root, "/bzImage")
            if status or json.loads(out)["plan"]["architecture"] != "x86_64":
                raise Failure(f"exit status {status}: {out}{err}")


STEPS = ["make", "is_for_the_architecture", "version", "boot_entries", "own_machine", "silent_machine",
         "check_tells", "other_machine", "unit_tests"]


def run_steps(arch):
    """How many steps passed; without a build there are no others."""
    build, passed = Build(arch), 0
    for step in STEPS:
        function = getattr(build, step)
        try:
            function()
        except (Failure, subprocess.TimeoutExpired) as failure:
            print(f"not ok - {arch}: {function.__doc__ or step}\n{failure}", flush=True)
            if step == "make":
                break
        else:
            print(f"ok - {arch}: {function.__doc__}", flush=True)
            passed += 1
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("architectures", nargs="*", metavar="ARCHITECTURE", default=[])
    wanted = parser.parse_args().architectures or list(ARCHITECTURES)
    for arch in wanted:
        if arch not in ARCHITECTURES:
            parser.error(f"no architecture {arch!r}: there are {', '.join(ARCHITECTURES)}")
    # Half of the steps keep one processor busy, so architectures share them.
    with concurrent.futures.ThreadPoolExecutor(max_workers=len(wanted)) as pool:
        passed = sum(pool.map(run_steps, wanted))
    failed = len(wanted) * len(STEPS) - passed
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
