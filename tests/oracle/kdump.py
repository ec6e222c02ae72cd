#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What Debian's kdump-config loads for a crash, and what `rapidreboot crash load` loads.

    kdump.py RAPIDREBOOT [--files N] [--seed S]

Makes N machines with an /etc/default/kdump-tools. The real kdump-config of two releases runs on
each: its absolute paths lead into a directory, its kexec is a program that writes down what it is
given, and uname and those that would change this machine are replaced. Both have to load the same
kernel, initial ramdisk and command line by the same system call, or nothing at all. Blanks between words do
not count. Lines with double quotes are left out: kdump-config hides the first one only, and its
own shell then cuts the line. Prints TAP.
"""
import argparse
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("KEXEC_RECORDED", "/bin/false")
os.environ.setdefault("MACHINES", str(TOP / "tests/golden/machines"))
sys.path.insert(0, str(TOP / "tests/cli"))
from kexec_machine import bzimage, kcore    # noqa: E402

CACHE = pathlib.Path(os.environ.get("RAPIDREBOOT_CACHE") or pathlib.Path.home() / ".cache/rapidreboot")
SUITES = ("bookworm", "sid")
RELEASE = "6.1.0-9-amd64"
PROGRAMS = {
    "uname": f'#!/bin/sh\n[ "$1" = -r ] && echo {RELEASE} || echo x86_64\n',
    "kexec": "#!/bin/sh\nfor word; do printf '%s\\n' \"$word\"; done > \"$KEXEC_LOG\"\n",
    "logger": "#!/bin/sh\n",
    "sysctl": "#!/bin/sh\n",
}
WORDS = ["ro", "quiet", "root=/dev/sda1", "crashkernel=256M", "crashkernel=1G,high", "hugepages=8",
         "hugepagesz=2M", "abm=x", "xhugepages=1", "console=ttyS0,115200", "crashkernels=1", "a=b=c", "splash",
         "default_hugepagesz=1G", "BOOT_IMAGE=/vmlinuz"]


def make(rng, tree):
    """Files of a machine."""
    def put(path, data):
        path = tree / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())

    shutil.copytree(TOP / "tests/golden/machines/qemu-uefi-6g-crash", tree)
    words = [rng.choice(WORDS) for _ in range(rng.randint(1, 8))] + ["crashkernel=256M"]
    rng.shuffle(words)
    put("proc/cmdline", " ".join(words) + "\n")
    put("proc/sys/kernel/osrelease", RELEASE + "\n")
    put("proc/kcore", kcore())
    put("sys/kernel/kexec_crash_loaded", "0\n")
    put(f"boot/config-{RELEASE}", "CONFIG_RELOCATABLE=y\n")
    # never both kernels: kdump-config's "vmlinu?" then gives ln(1) one name too many, and no link is made
    for name in rng.sample([rng.choice(["vmlinuz", "vmlinux"]), "initrd.img"], rng.randint(1, 2)):
        put(f"boot/{name}-{RELEASE}", b"070701" + bytes(506) if name == "initrd.img" else bzimage())
    for name in rng.sample(["vmlinuz", "initrd.img"], rng.randint(0, 2)):
        # regular files, links to another kernel's, or nothing at the end of a link
        where = f"var/lib/kdump/{name}{rng.choice(['', f'-{RELEASE}', '-5.10'])}"
        put(where, bzimage() if name == "vmlinuz" else b"070701" + bytes(506))
        if not where.endswith(name):
            (tree / f"var/lib/kdump/{name}").symlink_to(f"{tree}/{where}")
    if rng.random() < 0.3:
        secure, setup = rng.randint(0, 1), rng.randint(0, 1)
        put("sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", bytes([6, 0, 0, 0, secure]))
        put("sys/firmware/efi/efivars/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c", bytes([6, 0, 0, 0, setup]))
    lines = [rng.choice(["USE_KDUMP=1", "USE_KDUMP=1", "USE_KDUMP=1", "USE_KDUMP=yes", "USE_KDUMP=0", "# nothing"])]
    for name, values in (("KDUMP_KERNEL", ["/var/lib/kdump/vmlinuz", f"/boot/vmlinuz-{RELEASE}", ""]),
                         ("KDUMP_INITRD", ["/var/lib/kdump/initrd.img", f"/boot/initrd.img-{RELEASE}", ""]),
                         ("KDUMP_CMDLINE", ["crashkernel=1M x", "", "y"]),
                         ("KDUMP_CMDLINE_APPEND", ["z crashkernel=2M", "", "single"]),
                         ("KDUMP_KEXEC_ARGS", ["-c", "-s", "--elf64-core-headers", "", "-d -c"])):
        if rng.random() < 0.5:
            quote = rng.choice("'\"")
            lines.append(f"{name}={quote}{rng.choice(values)}{quote}")
    rng.shuffle(lines)
    put("etc/default/kdump-tools", "\n".join(lines) + "\n")
    return lines


def theirs(suite, tree, work):
    """(kernel, initrd, words, call) or None."""
    text = (CACHE / f"kdump-{suite}/usr/sbin/kdump-config").read_text()
    text = re.sub(r"(?<=[\"'= \n])/(etc|boot|proc|sys|var)/", rf"{tree}/\1/", text)
    text = text.replace("KEXEC=/sbin/kexec", f"KEXEC={work}/bin/kexec")
    text = re.sub(r"^PATH=.*", f"PATH={work}/bin:/bin:/usr/bin:/sbin:/usr/sbin", text, flags=re.M)
    # what the file says are paths of the machine
    defaults = tree / "etc/default/kdump-tools"
    said = defaults.read_text()
    defaults.write_text(re.sub(r"(KDUMP_(?:KERNEL|INITRD)=.)/", rf"\1{tree}/", said))
    script, log = work / "kdump-config", work / "log"
    script.write_text(text)
    log.unlink(missing_ok=True)
    subprocess.run(["sh", script, "load"], env={"PATH": "/bin:/usr/bin", "KEXEC_LOG": str(log), "LC_ALL": "C"},
                   capture_output=True, timeout=60)
    defaults.write_text(said)
    if not log.exists():
        return None
    kernel, initrd, cmdline, ways = call_of(log.read_text().splitlines(), str(tree))
    if not kernel:  # kexec fails
        return None
    return real(tree, kernel), initrd and real(tree, initrd), cmdline, ways


def real(tree, path):
    """Without links, as a path of the machine."""
    whole = os.path.realpath(f"{tree}{path}")
    return whole.removeprefix(os.path.realpath(tree))


def call_of(words, tree):
    kernel = initrd = cmdline = None
    ways = []
    for word in words:
        if word.startswith("--command-line="):
            cmdline = word.split("=", 1)[1].split()
        elif word.startswith("--initrd="):
            initrd = word.split("=", 1)[1].removeprefix(tree)
        elif word in ("-s", "-c"):
            ways.append(word)
        elif not word.startswith("-"):
            kernel = word.removeprefix(tree)
    return kernel, initrd, cmdline, ways


def ours(program, tree):
    run = subprocess.run([program, "crash", "load", "-n", "--json", f"--root={tree}"], capture_output=True,
                         text=True, timeout=60)
    if run.returncode:
        return None, run.stderr.strip()
    told = json.loads(run.stdout)
    return (real(tree, told["kernel"]), told["initrd"] and real(tree, told["initrd"]),
            told["cmdline"].split(), told["way"]), ""


def agree(theirs_said, mine):
    if theirs_said is None or mine is None:
        return theirs_said is mine
    *files, ways = theirs_said
    # The last word counts. Without one kexec-tools 2.0.32 begins with kexec_file_load where it can. -s with -c
    # behind it is Secure Boot with KDUMP_KEXEC_ARGS=-c: the kernel refuses that call, and ours is not made.
    allowed = {"-s": {"file"}, "-c": {"segments"}}.get(ways[-1] if ways else "", {"file", "segments"})
    if "-s" in ways and "-c" in ways:
        allowed = {"file"}
    return files == list(mine[:3]) and mine[3] in allowed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--files", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    subprocess.run([TOP / "tools/fetch-images", *(f"kdump-{suite}" for suite in SUITES)], check=True,
                   stdout=subprocess.DEVNULL)
    rng, bad = random.Random(args.seed), 0
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        (work / "bin").mkdir()
        for tool, text in PROGRAMS.items():
            (work / "bin" / tool).write_text(text)
            (work / "bin" / tool).chmod(0o755)
        for n in range(args.files):
            tree = work / f"machine{n}"
            lines = make(rng, tree)
            # absolute links lead into the tree for the one, and stay below its root for the other
            inside = tree / str(tree).lstrip("/")
            inside.parent.mkdir(parents=True)
            inside.symlink_to("/")
            suite = SUITES[n % len(SUITES)]
            said = theirs(suite, tree, work)
            mine, why = ours(args.program, tree)
            ok = agree(said, mine)
            bad += not ok
            print(f"{'ok' if ok else 'not ok'} {n + 1} - {suite}: {shlex.join(lines)}", flush=True)
            if not ok:
                print(f"# kdump-config {said}\n# rapidreboot  {mine} {why}", flush=True)
            shutil.rmtree(tree)
    print(f"1..{args.files}")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
