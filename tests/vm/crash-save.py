#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The capture initramfs of `rapidreboot crash load`, on real kernels, up to the dump on the disk.

A distribution kernel with a disk whose drivers are modules arms itself with no initial ramdisk but our
own, fills memory, frees most of it, and panics. The machine has to come back by itself, with the log and
a dump on the disk, which makedumpfile reads. Half a minute to two a machine without hardware
virtualisation. The last line is "N passed, N failed, N skipped".
"""

import argparse
import dataclasses
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree may be read-only
import guest  # noqa: E402
import images  # noqa: E402
import jobs  # noqa: E402
import nfs_server  # noqa: E402
import panics  # noqa: E402
import ssh_server  # noqa: E402
import vm  # noqa: E402
import volumes  # noqa: E402

LIMIT = 900  # seconds; on an idle host a machine takes 30 to 60
MARK = "this memory belongs to nobody"
# What the disk and its file system need, and enough beside it to choose from.
FOLDERS = ("drivers/md", "drivers/dax", "drivers/virtio", "drivers/block", "drivers/nvme", "drivers/net", "net/core", "fs/fat", "fs/nls", "fs/xfs", "fs/ext4",
           "lib", "crypto", "arch/x86/crypto")
BEFORE = ("drivers/virtio/virtio", "drivers/virtio/virtio_ring",
          "drivers/virtio/virtio_pci_legacy_dev", "drivers/virtio/virtio_pci_modern_dev",
          "drivers/virtio/virtio_pci", "drivers/block/virtio_blk", "fs/fat/fat", "fs/fat/vfat",
          "fs/nls/nls_ascii", "fs/nls/nls_cp437", "fs/nls/nls_iso8859-1", "fs/nls/nls_utf8")
BEFORE_NET = ("net/core/failover", "drivers/net/net_failover", "drivers/net/virtio_net")

JOB = r"""
for module in {before}; do
	[ ! -f /modules/$module.ko ] || must insmod /modules/$module.ko
done
mkdir -p /var/crash /etc
{network}
{stack}
must mount -t {type} {device} {where}
if [ -e /var/lib/rapidreboot/crash-test ]; then
	section hook rapidreboot hook boot
	section after rapidreboot crash status --json
	umount {where}
	poweroff -f
	sleep 60
fi
cat > /etc/rapidreboot.conf <<'END'
CRASH_KERNEL=/boot/kernel
CRASH_INITRD=own
CRASH_APPEND="panic=5 {patient} {append}"
{settings}
END
{prepare}
section load rapidreboot crash load -v
section loaded cat /sys/kernel/kexec_crash_loaded
section status rapidreboot crash status
section estimate rapidreboot crash estimate
yes "{mark}" | head -c {freed} > /tmp/freed
rm /tmp/freed
sync
section waiting awk '/^ *count:/ { n += $2 } END { print n }' /proc/zoneinfo
# what the serial port still has to send is lost in a crash
sleep 2
{crash}
"""

BY_HAND = r"""echo 1 > /proc/sys/kernel/sysrq
echo c > /proc/sysrq-trigger"""


@dataclasses.dataclass
class Case:
    """Which machine, and what has to be there afterwards."""

    suite: str
    memory: str = "1G"
    reserve: str = "96M"
    type: str = "ext4"
    settings: str = ""
    prepare: str = ""
    disk_mib: int = 512
    saved: bool = True  # the dump; else the machine comes back without
    log: bool = True
    said: tuple = ()  # on the console of the capture kernel
    where: str = "/var/crash"  # the disk is mounted here
    crash: str = BY_HAND
    left: tuple = ()  # what stays of OLD
    quick: bool = False
    stack: str = ""  # a name of STACKS
    append: str = ""  # words for the capture kernel
    typed: str = ""  # pressed with Alt and SysRq while the capture kernel saves the dump
    reason: str = ""  # what the next boot says of a dump that did not come
    nfs: str = ""  # there is a server: "on"; "refuses": not this machine; "silent": it never answers; "leaves": it is gone while the dump comes; "refers": to another
    local: bool = False  # the dump comes to the local disk all the same
    ssh: str = ""  # there is a server: "on"; "refuses": it does not accept the key; "stalls"; "unknown": its key is another


SAVING = r"rapidreboot: .* dump: +\d+ %"
LITTLE = "64M"  # a kernel does not get as far as its first program
CONTENT_MIB = 400
TWO = "/dev/vda /dev/vdb"
ARRAY = f"/dev/md/{volumes.ARRAY}"
# Modules, what makes the device, its name. The file system is copied to it from the last disk.
STACKS = {
    "lvm": (("dm-mod",), volumes.create_volume("/dev/vda"), f"/dev/mapper/{volumes.LVM_NAME}"),
    "raid": (("raid1",), volumes.create_array(TWO), ARRAY),
    "lvm-raid": (("raid1", "dm-mod"), volumes.create_array(TWO) + volumes.create_volume(ARRAY),
                 f"/dev/mapper/{volumes.LVM_NAME}"),
    # two physical volumes, and the file system on stripes of both
    "striped": (("dm-mod",), "".join(f"must {volumes.lvm(command)}\n" for command in (
        f"pvcreate -ff -y {TWO}", f"vgcreate {volumes.GROUP} {TWO}",
        f"lvcreate -y -Wn -Zn -i 2 -n {volumes.VOLUME} -l 100%FREE {volumes.GROUP}")),
                f"/dev/mapper/{volumes.LVM_NAME}"),
}
# One disk of the array is not there any more after the crash.
LOST = "dd if=/dev/zero of=/dev/vdb bs=1M count=4 2>/dev/null; sync\n" + BY_HAND

# Leaves 20 MiB: too little for the dump, enough for the log.
FULL = "dd if=/dev/zero of=/var/crash/filler bs=1M count={n} 2>/dev/null"
# The file system is not there any more after the crash.
GONE = "umount /var/crash; dd if=/dev/zero of=/dev/vda bs=1M count=4 2>/dev/null; sync\n" + BY_HAND
# Three dumps of this program, in one of which a person has put a file, and one of another tool; 20 MiB each.
OLD = ("202001010000", "202101010000", "202201010000", "202301010000")
HAVE_OLD = f"""for stamp in {' '.join(OLD)}; do
	mkdir -p /var/crash/$stamp
	dd if=/dev/zero of=/var/crash/$stamp/dump.$stamp bs=1M count=20 2>/dev/null
	[ $stamp = {OLD[3]} ] || echo kernel=old > /var/crash/$stamp/rapidreboot.txt
done
echo mine > /var/crash/{OLD[1]}/README"""
CASES = {
    "6.1": Case("bookworm"),
    "6.12": Case("trixie"),
    "sid": Case("sid"),
    "6.1-6g": Case("bookworm", "6G"),
    "6.12-6g": Case("trixie", "6G"),
    "sid-6g": Case("sid", "6G"),
    "test": Case("trixie", where="/var", crash="rapidreboot crash test --yes", quick=True),
    "128M": Case("trixie", reserve="128M"),
    "vfat": Case("trixie", type="vfat"),
    "ssh": Case("trixie", ssh="on"),
    "ssh-6g": Case("trixie", "6G", ssh="on"),
    "ssh-6.1": Case("bookworm", ssh="on"),
    "ssh-6.1-6g": Case("bookworm", "6G", ssh="on"),
    "ssh-sid": Case("sid", reserve="112M", ssh="on"),
    "ssh-sid-6g": Case("sid", "6G", reserve="112M", ssh="on"),
    "ssh-refuses": Case("trixie", ssh="refuses", said=("Permission denied", "trying the next place")),
    "ssh-stalls": Case("trixie", ssh="stalls",
                       said=("took nothing for 120 seconds", "trying the next place")),
    "ssh-unknown": Case("trixie", ssh="unknown",
                        said=("Host key verification failed", "trying the next place")),
    "nfs": Case("trixie", nfs="on", prepare="hostname crashes"),
    "nfs-6g": Case("trixie", "6G", nfs="on", prepare="hostname crashes"),
    "nfs-6.1": Case("bookworm", nfs="on", prepare="hostname crashes"),
    "nfs-sid": Case("sid", reserve="112M", nfs="on", prepare="hostname crashes"),
    "nfs-refuses": Case("trixie", nfs="refuses", said=("cannot mount it by NFS 4", "trying the next place")),
    "nfs-silent": Case("trixie", nfs="silent", said=("cannot mount it by NFS 4", "trying the next place")),
    "nfs-leaves": Case("trixie", nfs="leaves", said=("given up", "trying the next place")),
    "nfs-refers": Case("trixie", nfs="refers", said=("nothing is sent there", "trying the next place")),
    # the driver of the card does not start
    "ssh-no-card": Case("trixie", ssh="on", append="module_blacklist=virtio_net", local=True,
                        said=("no network card has the address", "trying the next place")),
    # the capture kernel is in trouble itself: it has too little memory, it panics, it kills what saves
    "too-little": Case("trixie", reserve=LITTLE, where="/var", crash="rapidreboot crash test --yes", saved=False,
                       log=False, reason="-",
                       said=("it is doubtful whether", "Kernel panic - not syncing: System is deadlocked on memory")),
    "panics": Case("trixie", where="/var", crash="rapidreboot crash test --yes", append="sysrq_always_enabled",
                   typed="c", saved=False, reason="it was interrupted"),
    "killed": Case("trixie", where="/var", crash="rapidreboot crash test --yes", append="sysrq_always_enabled",
                   typed="f", saved=False, reason="it was interrupted",
                   said=("the process that saves was killed by signal 9", "no dump was saved; the log was")),
    "zstd": Case("trixie", settings="CRASH_PACK=zstd\nCRASH_TARGET=/var/crash/a/b"),
    "full": Case("trixie", prepare=FULL.format(n=65), disk_mib=100, saved=False,
                 said=("No space left on device", "no dump was saved; the log was")),
    "keep": Case("trixie", prepare=HAVE_OLD, settings="CRASH_KEEP=2",
                 said=tuple(f"removed /{stamp}" for stamp in OLD[:2]),
                 left=(f"{OLD[1]}/README", f"{OLD[2]}/dump.{OLD[2]}", f"{OLD[2]}/rapidreboot.txt",
                       f"{OLD[3]}/dump.{OLD[3]}")),
    # the new dump has 18 MiB or more, so one old one of 20 MiB may stay beside it
    "keep-mib": Case("trixie", prepare=HAVE_OLD, settings="CRASH_KEEP_MIB=59",
                     said=tuple(f"removed /{stamp}" for stamp in OLD[:2]),
                     left=(f"{OLD[1]}/README", f"{OLD[2]}/dump.{OLD[2]}", f"{OLD[2]}/rapidreboot.txt",
                           f"{OLD[3]}/dump.{OLD[3]}")),
    "lvm": Case("trixie", stack="lvm"),
    "raid": Case("bookworm", stack="raid"),
    "lvm-raid": Case("sid", stack="lvm-raid"),
    "striped": Case("trixie", stack="striped"),
    "raid-lost": Case("trixie", stack="raid", crash=LOST, said=("has 1 of its 2 members",)),
    "gone": Case("trixie", crash=GONE, saved=False, log=False,
                 said=("no device has the file system", "the last messages are",
                       "Kernel panic - not syncing", "no dump was saved, and no log")),
}


class Trouble(Exception):
    """What went wrong, for a person."""


def demand(condition, text):
    if not condition:
        raise Trouble(text)


def add_modules(archive, suite, folder, more=()):
    """A tree of modules with depmod's lists, and the ones for the first kernel unpacked."""
    release = images.release(suite)
    kernel = images.modules(suite)
    tree = os.path.join(folder, "tree", "lib/modules", release)
    for part in FOLDERS + more:
        if os.path.isdir(os.path.join(kernel, part)):
            shutil.copytree(os.path.join(kernel, part), os.path.join(tree, "kernel", part))
    for name in ("modules.builtin", "modules.builtin.modinfo", "modules.order"):
        shutil.copy(os.path.join(os.path.dirname(kernel), name), tree)
    images.depmod(os.path.join(folder, "tree"), release)
    archive.tree(f"lib/modules/{release}", tree)
    for path in BEFORE + BEFORE_NET:
        guest.add_module(archive, suite, path)


NETWORK = """for module in failover net_failover virtio_net; do
	[ ! -f /modules/$module.ko ] || must insmod /modules/$module.ko
done
must ip address add 10.0.2.15/24 dev eth0
must ip link set eth0 up"""


def add_stack(archive, case):
    """Shell that makes the device of the case with the file system on it, and the device's name."""
    if not case.stack:
        return "", "/dev/vda"
    modules, create, device = STACKS[case.stack]
    load = volumes.add_modules(archive, case.suite, modules)
    volumes.add_tools(archive)
    return (f"{load}{volumes.WITHOUT_UDEV}{create}must dd if=/dev/vdc of={device} bs=1M 2>/dev/null\n"
            "must dd if=/dev/zero of=/dev/vdc bs=1M count=4 2>/dev/null\nsync\n", device)


def build(folder, case, bin_folder, server):
    words = dict(before=" ".join(os.path.basename(path) for path in BEFORE), type=case.type,
                 patient=jobs.PATIENT, settings=case.settings, mark=MARK, freed=200 << 20,
                 prepare=case.prepare, append=case.append, where=case.where, crash=case.crash, network=NETWORK if server else "")
    if server:
        words["settings"] += f"\nCRASH_TARGET={server.place}" if case.nfs else (
            f"\nCRASH_TARGET=ssh:{server.user}@{ssh_server.ADDRESS}:{server.place}")
    archive = guest.base("")
    words["stack"], words["device"] = add_stack(archive, case)
    archive.data("job", re.sub(r"\{(\w+)\}", lambda m: str(words.get(m[1], m[0])), JOB))
    archive.file("boot/kernel", images.kernel(case.suite))
    add_modules(archive, case.suite, folder, nfs_server.FOLDERS if case.nfs else ())
    if case.ssh:
        server.put_client(archive, guest.add_program)
    if case.ssh == "unknown":
        archive.data("root/.ssh/known_hosts", f"{ssh_server.ADDRESS} {server.other_key()}")
    for name in ("rapidreboot", "rapidreboot-capture"):
        guest.add_program(archive, f"sbin/{name}", os.path.join(bin_folder, name))
    return archive.save(os.path.join(folder, "initrd.cpio"))


def run_tool(*argv, good=(0,)):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=LIMIT, check=False)
    if done.returncode not in good:
        raise Trouble(f"{' '.join(argv)}: exit status {done.returncode}\n{done.stdout[-1000:]}")
    return done.stdout


def make_file(folder, name, mib):
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.truncate(mib << 20)
    return path


def make_disks(folder, case):
    """Disks of the machine; the last one has the file system."""
    mib = CONTENT_MIB if case.stack else case.disk_mib
    disks = [make_file(folder, name, case.disk_mib) for name in ("member0", "member1") if case.stack]
    path = make_file(folder, "disk", mib)
    run_tool(*{"ext4": ["mkfs.ext4", "-q", path], "vfat": ["mkfs.vfat", "-F", "32", path]}[case.type])
    return disks + [path]


def data_of(disk, kind):
    """Where the file system begins: an array says it itself (md_p.h), LVM leaves one MiB before its first extent."""
    with open(disk, "rb") as file:
        file.seek(4096 + 128)
        array = struct.unpack("<Q", file.read(8))[0] << 9 if "raid" in kind else 0
    return array + ((1 << 20) if "lvm" in kind or kind == "striped" else 0)


def unstack(disks, case, folder):
    """The file system out of the disks that it lies on, without LVM and md."""
    if not case.stack:
        return disks[0]
    out = os.path.join(folder, "file-system")
    stripe = 64 << 10  # of LVM, when none is named
    files = [open(disk, "rb") for disk in (disks[:2] if case.stack == "striped" else disks[:1])]
    for file in files:
        file.seek(data_of(file.name, case.stack))
    with open(out, "wb") as whole:
        for index in range((CONTENT_MIB << 20) // stripe):
            whole.write(files[index % len(files)].read(stripe))
    for file in files:
        file.close()
    return out


def read_disk(disk, case, folder, name="out"):
    """Everything on the disk, by a program that is not the kernel's; {path: file here}."""
    out = os.path.join(folder, name)
    os.mkdir(out)
    if case.type == "ext4":
        if case.typed:  # it was not unmounted: what the journal has belongs to it
            run_tool("e2fsck", "-fp", disk, good=(0, 1))
        run_tool("e2fsck", "-fn", disk)
        run_tool("debugfs", "-R", f"rdump / {out}", disk)
    else:
        run_tool("mcopy", "-s", "-i", disk, "::*", out)
    return {os.path.relpath(os.path.join(base, name), out): os.path.join(base, name)
            for base, _, names in os.walk(out) for name in names}


def one(files, pattern):
    found = [files[name] for name in files if re.search(pattern, name)]
    demand(len(found) == 1, f"{len(found)} files like {pattern} on the disk: {sorted(files)}")
    return found[0]


def check_notes(files):
    with open(one(files, r"(^|/|-)\d{12,14}/rapidreboot\.txt$"), encoding="utf-8") as file:
        notes = dict(line.rstrip("\n").split("=", 1) for line in file)
    for before, after in zip(("started-ms", "modules-ms", "mounted-ms", "log-ms", "dump-ms"),
                             ("modules-ms", "mounted-ms", "log-ms", "dump-ms")):
        demand(int(notes[before]) <= int(notes[after]), f"{after} is before {before}: {notes}")
    demand(abs(int(notes["crashed"]) - time.time()) < 2 * LIMIT, f"it crashed at {notes['crashed']}")
    return notes


def compare_logs(ours, theirs):
    """Records, by their first lines, without the thread that makedumpfile adds; it indents what follows in a record."""
    first = lambda text: [re.sub(r"(?<=\] )\[ *[TC]\d+\] ", "", line.rstrip(), count=1)
                          for line in text.splitlines() if line.startswith("[")]
    other = [pair for pair in zip(first(ours), first(theirs)) if pair[0] != pair[1]]
    demand(not other and len(first(ours)) == len(first(theirs)) > 100,
           f"makedumpfile finds another log in the dump: {len(first(ours))} and "
           f"{len(first(theirs))} records, {other[:2]}")


def makedumpfile(*argv):
    """Sid's: Debian 12's knows neither zstd nor the free pages of 6.12."""
    found = images.program("makedumpfile", "usr/bin/makedumpfile")
    inside = "/opt/makedumpfile/"
    libraries = os.path.dirname(next(here for name, here in found.items() if name.startswith(inside + "lib/")))
    return run_tool(found[inside + "ld.so"], "--library-path", libraries, found[inside + "makedumpfile"], *argv)


def check_freed(dump, waiting, folder):
    """
    Pages of the file that was removed are not in the dump, but those that wait in lists of the processors:
    nothing in the dump tells these from used ones, makedumpfile keeps them, too. Pages are counted unpacked:
    packed by zlib their text is not seen, packed by zstd it is.
    """
    unpacked = os.path.join(folder, "unpacked")
    makedumpfile("-d", "31", dump, unpacked)
    with open(unpacked, "rb") as file:
        kept = file.read().count(MARK.encode()) * (len(MARK) + 1) // 4096
    demand(kept <= waiting, f"{kept} pages of a file that was removed are in the dump, and {waiting} waited")
    return kept


def check_dump(files, case, folder, waiting):
    log = one(files, r"(^|/|-)\d{12,14}/dmesg\.\d{12}$")
    with open(log, encoding="utf-8") as file:
        text = file.read()
    demand("sysrq triggered crash" in text and "Linux version" in text, "the log is not whole")
    dump = one(files, r"(^|/|-)\d{12,14}/dump\.\d{12}$")
    if case.ssh == "on" and not case.local:
        plain = os.path.join(folder, "plain")
        with open(dump, "rb") as file:
            subprocess.run(["makedumpfile", "-R", plain], stdin=file, check=True, timeout=LIMIT)
        dump = plain
    theirs = os.path.join(folder, "log")
    makedumpfile("--dump-dmesg", dump, theirs)
    with open(theirs, encoding="utf-8", errors="replace") as file:
        compare_logs(text, file.read())
    kept = check_freed(dump, waiting, folder)
    size = os.path.getsize(dump)
    demand(size < 200 << 20, f"the dump has {size >> 20} MiB")
    return f"{size >> 10} KiB dump, {kept} free pages of {waiting} that waited"


def read_server(server, case, folder):
    """Everything that was sent; a directory for each crash, named by the machine, or in one of that name."""
    if case.nfs:
        files = read_disk(server.disk, case, folder, "server")
        demand(all(name.startswith("dumps/crashes/2") for name in files), f"the server has {sorted(files)}")
        return files
    return {os.path.relpath(os.path.join(base, name), server.place): os.path.join(base, name)
            for base, _, names in os.walk(server.place) for name in names}


def check_old(files, left):
    """The files of this crash; of older ones those are there that have to be."""
    old = {name for name in files if os.path.basename(os.path.dirname(name)) in OLD}
    kept = {"/".join(name.split("/")[-2:]) for name in old}
    demand(kept == set(left), f"of old dumps {sorted(kept)} stay, not {sorted(left)}")
    return {name: path for name, path in files.items() if name not in old}


def check(case, end, disks, folder, server, reserve):
    said = guest.sections(end.log)
    demand(said.get("loaded") == "1", f"no crash kernel is loaded: {said.get('load')}")
    demand(("enough         yes" in said["estimate"]) == (case.reserve != LITTLE) or reserve,
           f"of {case.reserve}, which is reserved, is said: {said['estimate']}")
    demand("saves to" in said["load"] and "modules" in said["load"], said["load"])
    demand(end.reason == "reset", f"the machine did not come back: {end.reason}\n{end.log[-3000:]}")
    for text in case.said:
        demand(text in end.log, f"{text!r} is not on the console:\n{end.log[-3000:]}")
    if case.crash == GONE:
        return "nothing, as it has to be"
    files = (read_server(server, case, folder) if "on" in (case.ssh, case.nfs) and not case.local
             else read_disk(unstack(disks, case, folder), case, folder))
    if case.nfs in ("refuses", "silent", "refers"):
        demand(not read_server(server, case, folder), "the server has got something")
    if case.log and not case.saved:
        one(files, r"(^|/|-)\d{12,14}/dmesg\.\d{12}$")
    if case.left:
        files = check_old(files, case.left)
    unfinished = [f for f in files if f.endswith(".incomplete")]
    # of what was not written to the disk yet a panic leaves nothing
    demand(len(unfinished) <= (1 if case.typed else 0), f"not finished: {sorted(files)}")
    if not case.saved:
        demand(not [f for f in files if "/dump." in f and f not in unfinished], f"there is a dump: {sorted(files)}")
        return "no dump, as it has to be"
    size = check_dump(files, case, folder, int(re.match(r"\d+", said["waiting"])[0]))
    notes = check_notes(files)
    initrd = re.search(r"our own, (\d+) KiB", said["load"])[1]
    steps = ", ".join(f"{key[:-3]} {int(notes[key]) / 1000:.1f}" for key in notes if key.endswith("-ms"))
    return f"{size}, initramfs {initrd} KiB; {steps}"


def check_trial(said, case):
    """What the machine says of the test when it has started again."""
    for name in ("hook", "after"):
        demand(name in said, f"the next boot says nothing: {said}")
    if case.reason:
        told = json.loads(said["after"])["test"]
        demand(told["result"] == "nothing" and "no dump" in said["hook"], f"{told} {said['hook']}")
        demand(case.log == bool(told.get("log")) and (not case.log or case.reason in (told.get("reason") or "")),
               f"of the log is said {told}")
        return
    demand("a dump of" in said["hook"] and "dump" in said["hook"], said["hook"])
    told = json.loads(said["after"])["test"]
    demand(told["result"] == "saved" and re.search(r"/var/crash/\d{12}/dump\.\d{12}$", told["dump"]),
           f"status says {told}")
    demand(sorted(told["steps_ms"]) == ["dump", "log", "modules", "mounted", "started"], f"{told}")
    demand(0 <= told["age_s"] < 2 * LIMIT and 0 < told["back_s"] < 2 * LIMIT, f"{told}")


def boot_again(case, machine, initrd, folder):
    end = vm.run(machine, images.kernel(case.suite), initrd,
                 f"console=ttyS0 panic=-1 quiet {jobs.PATIENT}", folder, LIMIT, name="again")
    check_trial(guest.sections(end.log), case)


def boot(machine, case, initrd, folder, reserve):
    monitor = panics.Monitor(folder, os.path.join(folder, "vm.log"), (panics.keys("alt", "sysrq", case.typed),),
                             LIMIT, SAVING)
    if case.typed:
        machine = dataclasses.replace(machine, extra=(*machine.extra, *monitor.options()))
        monitor.start()
    for attempt in (1, 2):
        end = vm.run(machine, images.kernel(case.suite), initrd,
                     f"console=ttyS0 panic=-1 quiet {jobs.PATIENT} "
                     f"crashkernel={reserve or case.reserve}", folder, LIMIT)
        if attempt == 2 or not vm.broken_by_emulation(machine, end.log):
            break
    demand(not monitor.trouble, f"the monitor: {monitor.trouble}\n{end.log[-2000:]}")
    return end


def run(name, bin_folder, folder, reserve):
    case = CASES[name]
    server = None
    if case.ssh:
        server = ssh_server.Server(folder)
    if case.nfs:
        server = nfs_server.Server(folder, add_modules, case.nfs)
        make_file(server.folder, "disk", 512)
        run_tool("mkfs.ext4", "-q", server.disk)
    initrd = build(folder, case, bin_folder, server)
    if case.ssh == "refuses":
        server.refuse()
    if case.ssh == "stalls":
        server.stall()
    disks = make_disks(folder, case)
    extra = [word for index, disk in enumerate(disks) for word in (
        "-drive", f"if=none,id=disk{index},format=raw,file={disk}", "-device", f"virtio-blk-pci,drive=disk{index}")]
    machine = vm.Machine(case.memory, 2, extra=tuple(extra) + (server.options() if server else ()))
    try:
        if case.nfs:
            server.start(" ".join(os.path.basename(path) for path in BEFORE + BEFORE_NET))
        end = boot(machine, case, initrd, folder, reserve)
    except nfs_server.NotStarted as failure:
        raise Trouble(str(failure)) from failure
    finally:
        if case.nfs:
            server.stop()
    kept = os.path.join(images.TOP, "build/vm")
    os.makedirs(kept, exist_ok=True)
    with open(os.path.join(kept, f"crash-save-{name}.log"), "w", encoding="utf-8") as file:
        file.write(end.log)
    demand(not guest.failures(end.log), "\n".join(guest.failures(end.log)) + end.log[-2000:])
    told = check(case, end, disks, folder, server, reserve)
    if "crash test" in case.crash:
        boot_again(case, machine, initrd, folder)
    return end.seconds, told


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", help=", ".join(CASES))
    parser.add_argument("--quick", action="store_true", help="those that stand for the rest")
    parser.add_argument("--reserve", help="another crashkernel= than the cases have")
    parser.add_argument("--bin", default=os.path.join(images.TOP, "build/bin"),
                        help="folder of the commands")
    args = parser.parse_args()
    for program in (vm.find_qemu() or "qemu-system-x86_64", "makedumpfile", "debugfs", "mkfs.vfat", "mcopy",
                    ssh_server.SSHD):
        if not shutil.which(program):
            sys.exit(f"{program} is not here: install it (tools/install-deps)")
    names = args.names or [n for n in CASES if CASES[n].quick or not args.quick]
    images.fetch(["busybox", "kmod", "makedumpfile", "volumes"] + [f"linux-{CASES[n].suite}" for n in names])
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory(prefix="crash-save.") as folder:
            try:
                seconds, what = run(name, args.bin, folder, args.reserve)
                print(f"ok   {name}: {what} ({seconds:.0f} s)", flush=True)
            except Trouble as trouble:
                print(f"FAIL {name}: {trouble}", flush=True)
                failed += 1
    print(f"{len(names) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except images.Missing as missing:
        sys.exit(f"tests/vm: {missing}")
