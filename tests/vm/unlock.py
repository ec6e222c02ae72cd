#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An encrypted root that the next boot opens by a one-shot key: Debian's initramfs-tools and cryptsetup.

    tests/vm/unlock.py [--only PATTERN] [--programs DIR] [--feed-secret PATH] [--logs DIR]

Kernel, initial ramdisk and cryptsetup are those of a Debian system that tests/systems/encrypted.py makes, which needs
root once. The volume is made here: a LUKS header by this machine's cryptsetup, and behind it what dm-crypt would write.
"""

import argparse
import ctypes
import dataclasses
import fnmatch
import glob
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "systems"))
# pylint: disable=wrong-import-position
import cases
import disks
import encrypted
import guest
import images
import initramfs
import jobs
import remains
import vm

ITEM, UUID = encrypted.ITEM, encrypted.UUID
FS_UUID = "7a2c6a58-4b9e-4d7c-9a64-0f0c7e6b8a11"
PASSPHRASE = "correct horse"
FIRST = "first boot"  # opens the volume there, where what is looked for must be nowhere
MEMORY = "1G"
LIMIT = 1800  # seconds, of a machine that is emulated on a busy host
SILENT = 900  # on a busy host key slots take minutes, and nothing is said meanwhile
SLOTS = 32  # LUKS2, cryptsetup-luksFormat(8)
HEADER = 16 << 20  # bytes before the data
CMDLINE = f"console=ttyS0 panic=-1 root=/dev/mapper/cryptroot rw init=/init rootdelay=240 {jobs.PATIENT}"
ENTRY = f'--kernel /boot/kernel --initrd /boot/initrd --cmdline "{CMDLINE}"'
GO = f"rapidreboot --direct --yes --force B3 {ENTRY} "

# The first boot does the case's work, every later one is the next system.
JOB = """
VOLUME=/dev/disk/by-uuid/%s
used() { cryptsetup luksDump $VOLUME | grep -c ': luks2$'; }
# NAME COMMAND: what it leaves
step()
{
	eval "$2"
	echo "@@ $1: status $?, slots $(used), loaded $(cat /sys/kernel/kexec_loaded), record$(ls /var/lib/rapidreboot/unlock 2> /dev/null)."
}
if [ -e /second ]; then
	echo "@@ second, slots $(used)"
	step then "rapidreboot hook boot"
	sync
	poweroff -f
fi
touch /second
%s
%s
"""
PASSES = f"printf '%s' '{PASSPHRASE}' > /tmp/pass\nprintf 'wrong horse' > /tmp/wrong"
FED = f"feed-secret {PASSPHRASE.encode().hex()} "
LOAD = f"rapidreboot load --force B3 {ENTRY} "
ASKS = "Please unlock disk cryptroot"
UNLOCK = "--unlock-from 3 3</tmp/pass"
RECORD = "record/var/lib/rapidreboot/unlock."

# What leaves the volume as it was, in one machine: name, command, status, slots then, whether something is loaded.
STEPS = (
    ("nobody", LOAD + "--unlock </dev/null", 3, 1, 0),
    ("wrong", GO + "--unlock-from 3 3</tmp/wrong", 3, 1, 0),
    ("loaded", LOAD + UNLOCK, 0, 2, 1),
    ("unload", "rapidreboot unload", 0, 1, 0),
    ("again", LOAD + UNLOCK, 0, 2, 1),
    ("replaced", LOAD + "--force F1", 0, 1, 1),
)


def step(name, command):
    return f"step '{name}' '{command.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}'\n"


def says(name, status, slots, loaded, usual=1):
    return f"@@ {name}: status {status}, slots {slots}, loaded {loaded}, " + (RECORD if slots == usual + 1 else "record.")


def emptied(usual):
    """The next boot finds one more key slot than the @usual ones, and empties it."""
    return (f"@@ second, slots {usual + 1}", says("then", 0, usual, 0, usual))


@dataclasses.dataclass(frozen=True)
class Case:
    """What the first boot does, and what the console says of it."""

    job: str
    expected: tuple
    full: bool = False     # no key slot is free
    resets: bool = False   # it goes through the firmware in between
    asks: bool = False     # it ends at the question that nobody answers
    searched: bool = False # memory and disk are searched at the end
    never: tuple = ()      # what must not be said


EMPTIED = emptied(1)
CASES = {
    "hand-over": Case(GO + UNLOCK, EMPTIED, never=(ASKS,)),
    "one-boot": Case("".join(step(*row[:2]) for row in STEPS), tuple(says(row[0], *row[2:]) for row in STEPS)),
    # the same by a file of the encrypted system, although nobody is there to be asked
    "keyfile": Case("mkdir -p /etc\nprintf 'UNLOCK=keyfile\n' > /etc/rapidreboot.conf\nmkdir -p /etc/cryptsetup-keys.d\n"
                    "cp /tmp/pass /etc/cryptsetup-keys.d/cryptroot.key\n" + GO + "</dev/null", EMPTIED, never=(ASKS,)),
    # without the archive the same machine asks
    "control": Case(GO + "--force F1", (), asks=True, never=("@@ second",)),
    # a key that opens nothing any more: it asks after all
    "stale": Case(LOAD + UNLOCK + "\ncryptsetup luksKillSlot -q $VOLUME 31\nsync\nkexec -e",
                  ("No key available with this passphrase",), asks=True, never=("@@ second",)),
    "full": Case(step("full", GO + UNLOCK), (f"all {SLOTS} key slots are in use", says("full", 3, SLOTS, 0)), full=True),
    # the machine goes down between the load and the jump, and comes back through the firmware
    "cold": Case(LOAD + UNLOCK + "\nsync\necho b > /proc/sysrq-trigger", EMPTIED, resets=True),
    # what is left when the next boot is over: of one that was started, and of one that a power cut has kept from it
    "memory": Case(FED + GO + "--unlock-from 3", emptied(2), never=(ASKS,), searched=True),
    "cut": Case(FED + LOAD + "--unlock-from 3\nsync\necho b > /proc/sysrq-trigger", emptied(2), resets=True, searched=True),
}


def sectors(source, target, key, encrypts):
    """AES-XTS as dm-crypt's aes-xts-plain64 has it: sectors of 512 bytes, numbered from 0."""
    crypto = ctypes.CDLL("libcrypto.so.3")
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_xts"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context, cipher = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new()), ctypes.c_void_p(crypto.EVP_aes_256_xts())
    crypto.EVP_CipherInit_ex(context, cipher, None, key, None, int(encrypts))
    out, length = ctypes.create_string_buffer(512), ctypes.c_int()
    number = 0
    while sector := source.read(512):
        crypto.EVP_CipherInit_ex(context, None, None, None, number.to_bytes(16, "little"), -1)
        if crypto.EVP_CipherUpdate(context, out, ctypes.byref(length), sector, 512) != 1:
            raise RuntimeError("AES-XTS failed")
        target.write(out.raw)
        number += 1


def encrypt(path, plain, key):
    with open(plain, "rb") as source, open(path, "r+b") as target:
        target.seek(HEADER)
        sectors(source, target, key, True)


def decrypt(path, plain, key):
    with open(path, "rb") as source, open(plain, "wb") as target:
        source.seek(HEADER)
        sectors(source, target, key, False)


CRYPTSETUP = "/usr/sbin/cryptsetup"
QUICK = ("--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1200")


def cryptsetup(*words, fed=PASSPHRASE):
    subprocess.run([CRYPTSETUP, *words], input=fed.encode(), check=True, timeout=120)


def volume(path, plain, folder, case):
    """A LUKS2 volume with what is in @plain, and with keys in all slots when it is to be full. Returns its key."""
    key, key_file = os.urandom(64), os.path.join(folder, "key")
    with open(key_file, "wb") as file:
        file.write(key)
    with open(path, "wb") as file:
        file.truncate(HEADER + os.path.getsize(plain))
    cryptsetup("luksFormat", "-q", "--type", "luks2", "--uuid", UUID, "--sector-size", "512", "--cipher", "aes-xts-plain64",
               "--key-size", "512", *QUICK, "--volume-key-file", key_file, "--key-file=-", path)
    for slot in range(1, SLOTS if case.full else 1):
        cryptsetup("luksAddKey", "-q", *QUICK, "--key-slot", str(slot), "--key-file=-", path, key_file)
    if case.searched:
        with open(key_file, "w", encoding="ascii") as file:
            file.write(FIRST)
        cryptsetup("luksAddKey", "-q", *QUICK, "--key-file=-", path, key_file)
    encrypt(path, plain, key)
    return key


def root_tree(case, folder, programs, initrd, kernel):
    archive = guest.base(JOB % (UUID, "" if case.searched else PASSES, case.job))
    archive.file("boot/kernel", kernel)
    archive.file("boot/initrd", initrd)
    guest.add_packaged(archive, ITEM, "usr/sbin/cryptsetup", "cryptsetup")
    for name, path in programs.items():
        guest.add_program(archive, f"sbin/{name}", path)
    archive.directory("usr")
    archive.directory("usr/sbin")
    archive.data("usr/sbin/cryptsetup", '#!/bin/sh\nexec /sbin/cryptsetup "$@"\n', 0o755)
    archive.directory("var")
    archive.directory("var/lib")
    tree = os.path.join(folder, "tree")
    os.mkdir(tree)
    archive.extract(tree)
    return tree


def first_initrd(folder, initrd, case):
    """The machine's own, and a key file for the first boot, which nobody watches."""
    archive = initramfs.Archive()
    archive.directory("cryptroot")
    archive.directory("cryptroot/keyfiles")
    archive.data("cryptroot/keyfiles/first.key", FIRST if case.searched else PASSPHRASE)
    archive.data("cryptroot/crypttab", f"cryptroot UUID={UUID} /cryptroot/keyfiles/first.key luks,initramfs,discard\n")
    more = archive.save(os.path.join(folder, "more"))
    both = os.path.join(folder, "first")
    with open(both, "wb") as out:
        for path in (initrd, more):
            with open(path, "rb") as file:
                shutil.copyfileobj(file, out)
            out.write(b"\0" * (-out.tell() % 4))
    return both


def run(case, folder, programs):
    root = os.path.join(images.CACHE, ITEM)
    initrd = os.path.join(root, "boot/initrd")
    kernel = glob.glob(os.path.join(root, "boot/vmlinuz*"))[0]
    plain = disks.ext4(os.path.join(folder, "plain"), 128, root_tree(case, folder, programs, initrd, kernel), FS_UUID)
    image = os.path.join(folder, "disk.img")
    key = volume(image, plain, folder, case)
    memory = os.path.join(folder, "memory")
    extra = remains.options(memory, MEMORY) if case.searched else ()
    machine = vm.Machine(memory=MEMORY, extra=("-drive", f"if=none,id=d,file={image},format=raw",
                                               "-device", "nvme,drive=d,serial=1", *extra))
    end = vm.run(machine, kernel, first_initrd(folder, initrd, case), CMDLINE, folder, LIMIT,
                 silence=SILENT if case.resets or case.asks else None)
    found = faults(case, end)
    if case.searched:
        decrypt(image, plain, key)
        found += left(memory, plain, image)
    return end, found


def opens(image, key):
    """Is it the key of a slot?"""
    return subprocess.run([CRYPTSETUP, "open", "--test-passphrase", "--key-file=-", image], input=key, check=False,
                          timeout=120, capture_output=True).returncode == 0


def left(memory, plain, image):
    """Sentences about secrets that are still somewhere. The words that must be found show that the search works."""
    secrets = {"passphrase": PASSPHRASE.encode(), "command line": b"rootdelay=240", "text of a file": b"feed-secret " + FED.split()[1].encode()}
    in_memory, keys = remains.look(memory, secrets)
    on_disk, _ = remains.look(plain, {**secrets, **{f"key {number}": key for number, key in enumerate(keys)}})
    print(f"# memory: passphrase {in_memory['passphrase']} times, {len(keys)} one-shot keys in {sum(keys.values())} copies", flush=True)
    found = [f"the {name} is in memory {number} times" for name, number in in_memory.items() if (number > 0) == (name == "passphrase")]
    found += [f"the {name} is on the disk {number} times" for name, number in on_disk.items()
              if (number > 0) == (name not in ("command line", "text of a file"))]
    return found + ["a one-shot key in memory opens the volume" for key in keys if opens(image, key)]


def faults(case, end):
    found = guest.failures(end.log)
    said = " ".join(end.log.split())  # sentences are wrapped at the width of the console
    found += [f"not there: {line}" for line in (*case.expected, *([ASKS] if case.asks else [])) if line not in said]
    found += [f"there: {line}" for line in (*case.never, PASSPHRASE) if line in said]
    if (end.reason == "timeout") != case.asks:
        found.append(f"it ended by {end.reason}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="PATTERN")
    parser.add_argument("--programs", default=os.path.join(images.TOP, "build/bin"), metavar="DIR")
    parser.add_argument("--feed-secret", default=os.path.join(images.TOP, "build/work/tests/vm/feed-secret"), metavar="PATH")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/vm"), metavar="DIR")
    args = parser.parse_args()
    try:
        encrypted.ensure()
    except images.Missing as trouble:
        print(f"tests/vm/unlock.py: {trouble}; nothing was tested", file=sys.stderr)
        return 1
    programs = {name: os.path.join(args.programs, name) for name in ("rapidreboot", "kexec")}
    programs["feed-secret"] = args.feed_secret
    chosen = [c for c in CASES if not args.only or any(fnmatch.fnmatch(c, w) for w in args.only)]

    def start(name, folder):
        return run(CASES[name], folder, programs)

    return cases.run("unlock", chosen, args.logs, start)


if __name__ == "__main__":
    sys.exit(main())
