#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vmcore-dmesg against real memory of real kernels.

A distribution kernel boots in QEMU, fills its log until the ring has gone round, and prints what
/dev/kmsg says: the oracle, with sequence numbers, levels, times and devices. Then its memory is
read in every way that vmcore-dmesg knows:

  physical   QEMU's dump-guest-memory, addresses through page tables
  paging     the same with paging=true, addresses in p_vaddr; also read by kexec-tools' command
  kcore      /proc/kcore, in the running guest
  vmcore     /proc/vmcore, in the capture kernel after a real panic

Each kernel runs twice where it can: with page tables of four levels and of five. Takes about half a
minute a machine without hardware virtualisation. The last line is "N passed, N failed, N skipped",
a test being one machine.
"""

import argparse
import glob
import json
import lzma
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree may be read-only
import guest  # noqa: E402
import images  # noqa: E402
import jobs  # noqa: E402
import vm  # noqa: E402

BOOT_LIMIT = 600  # seconds from power on to the guest's word; 20 on an idle host
READ_LIMIT = 60  # seconds for one run of a vmcore-dmesg
TRIES = 3  # QEMU's emulation now and then breaks a kernel before its /init
CPUS = {4: vm.CPU + ",la57=off", 5: vm.CPU}  # by levels of page tables
RECORDS_MIN = 500  # fewer records in the oracle than this and the ring was not filled
MODULE = "drivers/firmware/qemu_fw_cfg.ko"  # tells QEMU where VMCOREINFO is

# Lines of changing length, so that text blocks end everywhere, also at the end of the ring; then
# bytes that must not reach a terminal. The host asks for the panic, with an NMI.
JOB = r"""
if [ -e /proc/vmcore ]; then
	section vmcore /sbin/vmcore-dmesg --json /proc/vmcore
	section vmcore-text /sbin/vmcore-dmesg /proc/vmcore
	section vmcore-kexec-tools /opt/kexec-tools/ld.so --library-path /opt/kexec-tools/lib \
		/opt/kexec-tools/vmcore-dmesg /proc/vmcore
	poweroff -f
	sleep 60
fi
must insmod /modules/qemu_fw_cfg.ko
fill()
{
	i=0 pad=
	while [ $i -lt 12000 ]; do
		i=$((i + 1)) pad="$pad."
		[ ${#pad} -lt 90 ] || pad=
		echo "<$((i % 8 + 8 * (i % 3)))>filling $i $pad"
	done
}
fill >/dev/kmsg
printf '<3>bell \007 escape \033[31m umlaut \303\244 broken \303 tab\there' >/dev/kmsg
printf '<30>from a daemon' >/dev/kmsg
cat /dev/kmsg >/tmp/kmsg &
sleep 2
kill $!
section kmsg cat /tmp/kmsg
section kcore /sbin/vmcore-dmesg --json /proc/kcore
must /sbin/kexec-tools -p --command-line="$(cat /proc/cmdline) nr_cpus=1 reset_devices" \
	--initrd=/boot/capture /boot/kernel
echo 1 >/proc/sys/kernel/unknown_nmi_panic
echo "@@ ready"
sleep 600
"""


class Trouble(Exception):
    """What went wrong, for a person."""


def add_module(archive, suite):
    found = glob.glob(os.path.join(images.modules(suite), MODULE + "*"))
    if not found:
        raise images.Missing(f"no {MODULE} for {suite}")
    with open(found[0], "rb") as file:
        content = file.read()
    archive.data("modules/qemu_fw_cfg.ko",
                 lzma.decompress(content) if found[0].endswith(".xz") else content)


def build_initrd(folder, suite, command):
    """Two archives: what the capture kernel gets, and the same with that and a kernel inside."""
    archive = guest.base(JOB)
    add_module(archive, suite)
    guest.add_program(archive, "sbin/vmcore-dmesg", command)
    guest.add_kexec_tools(archive)
    archive.file("opt/kexec-tools/vmcore-dmesg",
                 os.path.join(images.CACHE, "kexec-tools/usr/sbin/vmcore-dmesg"), 0o755)
    capture = archive.save(os.path.join(folder, "capture.cpio"))
    archive.file("boot/capture", capture)
    archive.file("boot/kernel", images.kernel(suite))
    return archive.save(os.path.join(folder, "initrd.cpio"))


class Guest:
    """A running QEMU with a serial log in a file and QMP on its stdin and stdout."""

    def __init__(self, folder, suite, initrd, cpu):
        self.log_path = os.path.join(folder, "serial.log")
        argv = [vm.find_qemu(), "-machine", "q35", "-accel", "tcg", "-cpu", cpu, "-smp", "2",
                "-m", "1G", "-display", "none", "-no-reboot", "-nodefaults", "-serial",
                f"file:{self.log_path}", "-qmp", "stdio", "-device", "vmcoreinfo",
                "-kernel", images.kernel(suite), "-initrd", initrd,
                "-append", "console=ttyS0 printk.devkmsg=on crashkernel=320M panic=5 " + jobs.PATIENT]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.command("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def command(self, execute, **arguments):
        self.process.stdin.write(json.dumps({"execute": execute, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            if "error" in answer:
                raise Trouble(f"QEMU: {execute}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
        raise Trouble(f"QEMU ended during {execute}")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            return file.read().replace("\r", "")

    def wait_for(self, pattern):
        """Until the serial log has @pattern or the machine is off."""
        deadline = time.monotonic() + BOOT_LIMIT
        while time.monotonic() < deadline:
            log = self.log()
            if re.search(pattern, log, re.M):
                return log
            if self.process.poll() is not None:
                break
            time.sleep(0.3)
        raise Trouble(f"the guest never said {pattern!r}; the end of its log:\n{log[-3000:]}")


def dump(qemu, path, paging):
    qemu.command("dump-guest-memory", paging=paging, protocol="file:" + path)
    return path


def parse_kmsg(text):
    """/dev/kmsg (Documentation/ABI/testing/dev-kmsg) as {seq: record in our JSON's words}."""
    records = {}
    for line in text.splitlines():
        head = re.match(r"(\d+),(\d+),(\d+),[^;]*;(.*)$", line)
        if head:
            prefix, seq, usec = (int(head.group(n)) for n in (1, 2, 3))
            last = records[seq] = {"seq": seq, "level": prefix & 7, "facility": prefix >> 3,
                                   "time_us": usec, "text": unescape(head.group(4))}
        elif line.startswith(" SUBSYSTEM="):
            last["subsystem"] = line[11:]
        elif line.startswith(" DEVICE="):
            last["device"] = line[8:]
    return records


def unescape(text):
    r"""The bytes of a text of /dev/kmsg, where \xNN stands for what is not printable or a \."""
    return re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes([int(m.group(1), 16)]),
                  text.encode("utf-8", "surrogateescape"))


def printable(text, encoding):
    r"""What vmcore-dmesg makes of bytes: neither printable nor white space becomes \xNN."""
    if encoding == "utf-8":
        text = text.decode("utf-8", "surrogateescape")
    else:
        text = "".join(chr(byte) if byte < 0x80 else chr(0xdc00 + byte) for byte in text)
    return "".join(f"\\x{ord(c) & 0xff:02x}" if 0xdc80 <= ord(c) <= 0xdcff or ord(c) == 0x7f or
                   (ord(c) < 0x20 and c not in "\t\n\v\f\r") else c for c in text)


def compare(name, output, oracle):
    """Each record of the oracle has to be in @output, and nothing else between first and last."""
    ours = {}
    for line in output.splitlines():
        if not line.strip():
            continue
        record = json.loads(line)
        ours[record["seq"]] = record
    first, last = max(min(oracle), min(ours)), max(oracle)
    if first - min(oracle) > 200:
        raise Trouble(f"{name}: begins at record {first}, /dev/kmsg at {min(oracle)}")
    for seq in range(first, last + 1):
        want, have = oracle.get(seq), ours.get(seq)
        if (want is None) != (have is None):
            raise Trouble(f"{name}: record {seq}: /dev/kmsg has {want}, we {have}")
        if want is None:
            continue
        want = dict(want, text=printable(want["text"], "utf-8"))
        have = dict(have, time_us=have["time_ns"] // 1000)
        have.pop("time_ns")
        have.pop("caller")
        if want != have:
            raise Trouble(f"{name}: record {seq}:\n  /dev/kmsg {want}\n  ours      {have}")
    print(f"  {name}: {last - first + 1} records as in /dev/kmsg, {len(ours)} in all", flush=True)
    return ours


def run_command(argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=READ_LIMIT, check=False)
    if done.returncode or done.stderr:
        raise Trouble(f"{' '.join(argv)}: exit status {done.returncode}\n"
                      f"{done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", "surrogateescape")


def kexec_tools_dmesg(path):
    libraries = os.path.join(images.CACHE, "kexec-tools/usr/lib/x86_64-linux-gnu")
    return run_command([os.path.join(libraries, "ld-linux-x86-64.so.2"), "--library-path",
                        libraries, os.path.join(images.CACHE, "kexec-tools/usr/sbin/vmcore-dmesg"),
                        path])


def compare_text(name, ours, theirs):
    if ours == theirs:
        print(f"  {name}: {len(ours.splitlines())} lines byte for byte as kexec-tools prints them",
              flush=True)
        return
    for a, b in zip(ours.splitlines(), theirs.splitlines()):
        if a != b:
            raise Trouble(f"{name}:\n  ours        {a!r}\n  kexec-tools {b!r}")
    raise Trouble(f"{name}: {len(ours)} bytes, kexec-tools has {len(theirs)}")


def boot(folder, suite, initrd, cpu):
    """A guest that is ready, on the third attempt at the latest."""
    for attempt in range(1, TRIES + 1):
        qemu = Guest(folder, suite, initrd, cpu)
        try:
            log = qemu.wait_for(r"^@@ (ready|failed.*)$")
            if guest.failures(log):
                raise Trouble("\n".join(guest.failures(log)))
            return qemu
        except Trouble:
            began = "@@ kernel" in qemu.log()
            qemu.__exit__()
            if began or attempt == TRIES:
                raise
    return None


def read_oracle(said):
    oracle = parse_kmsg(said["kmsg"])
    if len(oracle) < RECORDS_MIN or min(oracle) == 0:
        raise Trouble(f"the ring has not gone round: {len(oracle)} records in /dev/kmsg")
    return oracle


def check_levels(path, levels):
    """VMCOREINFO is among the first things in a dump."""
    with open(path, "rb") as file:
        found = re.search(rb"NUMBER\(pgtable_l5_enabled\)=(\d)", file.read(1 << 20))
    if not found or int(found.group(1)) != (levels == 5):
        raise Trouble(f"the kernel has not got {levels} levels of page tables")


def read_running(qemu, folder, command, oracle, levels):
    """The ways of reading a machine that has not crashed."""
    qemu.command("stop")
    physical = dump(qemu, os.path.join(folder, "physical"), False)
    paging = dump(qemu, os.path.join(folder, "paging"), True)
    qemu.command("cont")
    check_levels(physical, levels)
    compare("physical", run_command([command, "--json", physical]), oracle)
    compare("paging", run_command([command, "--json", paging]), oracle)
    text = run_command([command, paging])
    if text != run_command([command, physical]):
        raise Trouble("physical and paging dumps of one moment give different logs")
    compare_text("paging", text, kexec_tools_dmesg(paging))


def read_crashed(qemu, oracle):
    """The machine panics; what its capture kernel prints."""
    qemu.command("inject-nmi")
    said = guest.sections(qemu.wait_for(r"^@@ end vmcore-kexec-tools$"))
    ours = compare("vmcore", said["vmcore"], oracle)
    if not any("Kernel panic" in record["text"] for record in ours.values()):
        raise Trouble("vmcore: the panic is not in the log")
    compare_text("vmcore", said["vmcore-text"], said["vmcore-kexec-tools"])


def check(suite, levels, command):
    with tempfile.TemporaryDirectory(prefix="vmcore-dmesg.") as folder:
        initrd = build_initrd(folder, suite, command)
        with boot(folder, suite, initrd, CPUS[levels]) as qemu:
            said = guest.sections(qemu.log())
            oracle = read_oracle(said)
            compare("kcore", said["kcore"], oracle)
            read_running(qemu, folder, command, oracle, levels)
            read_crashed(qemu, oracle)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE",
                        help="whose kernels (default: " + " ".join(images.SUITES) + ")")
    parser.add_argument("--quick", action="store_true", help="one machine for each kernel")
    parser.add_argument("--vmcore-dmesg", metavar="PATH", help="the command to test",
                        default=os.path.join(images.TOP, "build/bin/vmcore-dmesg"))
    args = parser.parse_args()
    if not vm.find_qemu():
        sys.exit("qemu-system-x86_64 is not here: install QEMU for x86 (tools/install-deps)")
    suites = args.suites or list(images.SUITES)
    images.fetch(["busybox", "kexec-tools"] + ["linux-" + suite for suite in suites])
    passed = failed = 0
    for number, suite in enumerate(suites):
        for levels in (4 + number % 2,) if args.quick else (4, 5):
            print(f"# {suite}: Linux {images.release(suite)}, {levels} levels", flush=True)
            try:
                check(suite, levels, os.path.abspath(args.vmcore_dmesg))
                passed += 1
            except Trouble as trouble:
                print(f"FAIL {suite}, {levels} levels: {trouble}", flush=True)
                failed += 1
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except images.Missing as missing:
        sys.exit(f"tests/vm: {missing}")
