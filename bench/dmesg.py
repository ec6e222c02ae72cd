# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts what `vmcore-dmesg` costs in a capture kernel, beside kexec-tools', in the bench's instructions.

A kernel panics with a long log; the capture kernel reads it out of /proc/vmcore by both programs, once to
have them in memory and once between stamps. Both have to find the same text.
"""

import dataclasses
import os
import tempfile

import guest
import images
import stamp as stamping
import vm

LIMIT = 570
CASE = "vmcore-dmesg /proc/vmcore"
THEIRS = "/opt/kexec-tools/ld.so --library-path /opt/kexec-tools/lib /opt/kexec-tools/vmcore-dmesg"
PROGRAMS = {"rapidreboot": "/sbin/vmcore-dmesg", "kexec-tools": THEIRS, "empty": "/bin/busybox true"}
LINES = 2000  # beside the kernel's own
JOB = r"""
if [ -e /proc/vmcore ]; then
	sleep 5
	{measure}
	cmp /tmp/rapidreboot /tmp/kexec-tools || echo "@@ failed both find another log"
	section lines wc -l /tmp/rapidreboot
	poweroff -f
	sleep 60
fi
i=0
while [ $i -lt {lines} ]; do
	i=$((i + 1))
	echo "line $i of a log that is as long as one that a machine has which has been up for some days"
done > /dev/kmsg
must kexec -c -p --initrd=/boot/capture --command-line='console=ttyS0 panic=-1 nr_cpus=1 quiet nokaslr' /boot/kernel
echo c > /proc/sysrq-trigger
"""


def build(kexec, program, stamp, folder):
    measure = "\n\t".join(f"must {words} /proc/vmcore > /tmp/{name}\n\tstamp {name}-start\n"
                          f"\tmust {words} /proc/vmcore > /tmp/{name}\n\tstamp {name}-end"
                          for name, words in PROGRAMS.items())
    archive = guest.base(JOB.format(measure=measure, lines=LINES))
    guest.add_program(archive, "sbin/vmcore-dmesg", program)
    guest.add_kexec(archive, kexec)
    guest.add_kexec_tools(archive)
    archive.file("opt/kexec-tools/vmcore-dmesg",
                 os.path.join(images.CACHE, "kexec-tools/usr/sbin/vmcore-dmesg"), 0o755)
    archive.file("bin/stamp", stamp, 0o755)
    archive.file("boot/capture", archive.save(os.path.join(folder, "capture")))
    archive.file("boot/kernel", images.kernel("sid"))
    return archive.save(os.path.join(folder, "first"))


def measure(kexec, program, stamp, machine):
    """The row: instructions of each program, and the lines that were read."""
    with tempfile.TemporaryDirectory(prefix="rapidreboot-bench.") as folder:
        console = os.path.join(folder, "debugcon")
        machine = dataclasses.replace(machine, extra=(
            "-icount", "shift=0,sleep=off", "-debugcon", f"file:{console}"))
        end = vm.run(machine, images.kernel("sid"), build(kexec, program, stamp, folder),
                     "console=ttyS0 panic=-1 quiet nokaslr crashkernel=320M printk.devkmsg=on log_buf_len=1M",
                     folder, LIMIT)
        stamps = stamping.read(console)
    said = guest.sections(end.log)
    if guest.failures(end.log) or "lines" not in said or "empty-end" not in stamps:
        raise RuntimeError(f"{CASE}: the machine did not come to its end ({end.reason})\n{end.log[-1500:]}")
    lines = int(said["lines"].split()[0])
    if lines <= LINES:
        raise RuntimeError(f"{CASE}: the log has {lines} lines, not more than {LINES}")
    return {"case": CASE, "lines": lines} | {name: stamps[f"{name}-end"] - stamps[f"{name}-start"] for name in PROGRAMS}


def table(row):
    yield f"{'':40} {'million instructions':>20}   target"
    name = f"{row['case']}, {row['lines']} lines"
    yield f"{name:40} {row['rapidreboot'] / 1e6:20.1f}   <= kexec-tools'"
    for other in ("kexec-tools", "empty"):
        label = {"kexec-tools": "  kexec-tools' own", "empty": "(an empty program)"}[other]
        yield f"{label:40} {row[other] / 1e6:20.1f}"
