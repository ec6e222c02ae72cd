#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An encrypted root that the next boot opens by a one-shot key: Debian's initramfs-tools and cryptsetup.

    tests/vm/unlock.py [--only PATTERN] [--programs DIR] [--logs DIR]

It needs the tree of a Debian system with cryptsetup-initramfs as cryptroot/trixie in the cache: its kernel,
boot/initrd with a cryptroot/crypttab for the volume below, and usr/sbin/cryptsetup. No script makes that yet, so
no target of make runs this, and without it this fails.
"""

import argparse
import ctypes
import fnmatch
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

import disks
import guest
import images
import initramfs
import jobs
import vm

ITEM = "cryptroot/trixie"
UUID = "5d0f8a52-6f0d-4a6c-8f1e-2f6f8a1c9d21"  # as the table of the initial ramdisk has it
FS_UUID = "7a2c6a58-4b9e-4d7c-9a64-0f0c7e6b8a11"
PASSPHRASE = "correct horse"
LIMIT = 400
HEADER = 16 << 20  # bytes before the data
CMDLINE = f"console=ttyS0 panic=-1 quiet root=/dev/mapper/cryptroot rw init=/init rootdelay=240 {jobs.PATIENT}"
ENTRY = f'--kernel /boot/kernel --initrd /boot/initrd --cmdline "{CMDLINE}"'
GO = f"rapidreboot --direct --yes --force B3 {ENTRY} "

# The first boot does the case's work, every later one is the next system.
JOB = """
SLOTS="cryptsetup luksDump /dev/disk/by-uuid/%s"
used() { $SLOTS | grep -c ': luks2$'; }
if [ -e /second ]; then
	echo "@@ second, slots $(used)"
	%s
	rapidreboot hook boot
	echo "@@ then $(used) record $(ls /var/lib/rapidreboot/unlock 2>/dev/null)"
	sync
	poweroff -f
fi
touch /second
printf '%%s' '%s' > /tmp/pass
%s
echo "@@ status $?, slots $(used), loaded $(cat /sys/kernel/kexec_loaded)"
echo "@@ record $(ls /var/lib/rapidreboot/unlock 2>/dev/null)"
sync
"""

CASES = {
    # name: (first boot, passphrase, in the second boot, expected lines, whether a second boot comes)
    "hand-over": (GO + "--unlock-from 3 3</tmp/pass", PASSPHRASE, "",
                  ["@@ second, slots 2", "@@ then 1 record "]),
    "wrong": (GO + "--unlock-from 3 3</tmp/pass", "wrong horse", "",
              ["@@ status 3, slots 1, loaded 0", "@@ record "]),
    "unload": (f"rapidreboot load --force B3 {ENTRY} --unlock-from 3 3</tmp/pass; echo \"@@ loaded $(used)\"; rapidreboot unload",
               PASSPHRASE, "", ["@@ loaded 2", "@@ status 0, slots 1, loaded 0", "@@ record "]),
    "nobody": (f"rapidreboot load {ENTRY} --unlock </dev/null", PASSPHRASE, "",
               ["@@ status 3, slots 1, loaded 0"]),
    "cold": (f"rapidreboot load --force B3 {ENTRY} --unlock-from 3 3</tmp/pass; sync; reboot -f",
             PASSPHRASE, "", ["@@ second, slots 2", "@@ then 1 record "]),
    "control": (GO + "--force F1", PASSPHRASE, "", ["Please unlock disk cryptroot"]),
}


def encrypt(path, plain, key):
    """AES-XTS as dm-crypt's aes-xts-plain64 has it: sectors of 512 bytes, numbered from 0."""
    crypto = ctypes.CDLL("libcrypto.so.3")
    for name in ("EVP_CIPHER_CTX_new", "EVP_aes_256_xts"):
        getattr(crypto, name).restype = ctypes.c_void_p
    context, cipher = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new()), ctypes.c_void_p(crypto.EVP_aes_256_xts())
    crypto.EVP_EncryptInit_ex(context, cipher, None, key, None)
    out, length = ctypes.create_string_buffer(512), ctypes.c_int()
    with open(plain, "rb") as source, open(path, "r+b") as target:
        target.seek(HEADER)
        number = 0
        while sector := source.read(512):
            crypto.EVP_EncryptInit_ex(context, None, None, None, number.to_bytes(16, "little"))
            if crypto.EVP_EncryptUpdate(context, out, ctypes.byref(length), sector, 512) != 1:
                raise RuntimeError("AES-XTS failed")
            target.write(out.raw)
            number += 1


def volume(path, plain, folder):
    """A LUKS2 volume with what is in @plain; its volume key."""
    key = os.urandom(64)
    with open(os.path.join(folder, "key"), "wb") as file:
        file.write(key)
    with open(path, "wb") as file:
        file.truncate(HEADER + os.path.getsize(plain))
    subprocess.run(["/usr/sbin/cryptsetup", "luksFormat", "-q", "--type", "luks2", "--uuid", UUID,
                    "--sector-size", "512", "--cipher", "aes-xts-plain64", "--key-size", "512",
                    "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1200",
                    "--volume-key-file", file.name, "--key-file=-", path],
                   input=PASSPHRASE.encode(), check=True, timeout=60)
    encrypt(path, plain, key)


def root_tree(case, folder, programs, initrd, kernel):
    job, passphrase, then, _ = CASES[case]
    archive = guest.base(JOB % (UUID, then, passphrase, job))
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


def first_initrd(folder, initrd):
    """The machine's own, and a key file for the first boot, which nobody watches."""
    archive = initramfs.Archive()
    archive.directory("cryptroot")
    archive.directory("cryptroot/keyfiles")
    archive.data("cryptroot/keyfiles/first.key", PASSPHRASE)
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
    volume(image, plain, folder)
    machine = vm.Machine(extra=("-drive", f"if=none,id=d,file={image},format=raw", "-device", "nvme,drive=d,serial=1"))
    return image, vm.run(machine, kernel, first_initrd(folder, initrd), CMDLINE, folder, LIMIT if case != "control" else 150)


def missing():
    """What is not in the cache, or None."""
    root = os.path.join(images.CACHE, ITEM)
    for path in ("boot/initrd", "boot/vmlinuz*", "usr/sbin/cryptsetup"):
        if not glob.glob(os.path.join(root, path)):
            return os.path.join(root, path)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", action="append", metavar="PATTERN")
    parser.add_argument("--programs", default=os.path.join(images.TOP, "build/bin"), metavar="DIR")
    parser.add_argument("--logs", default=os.path.join(images.TOP, "build/vm"), metavar="DIR")
    args = parser.parse_args()
    if gone := missing():
        print(f"tests/vm/unlock.py: no {gone}: a Debian system with cryptsetup-initramfs has to be put there first, which no "
              "script does yet; nothing was tested", file=sys.stderr)
        return 1
    programs = {"rapidreboot": os.path.join(args.programs, "rapidreboot")}
    chosen = [c for c in CASES if not args.only or any(fnmatch.fnmatch(c, f"*{w}*") for w in args.only)]
    os.makedirs(args.logs, exist_ok=True)
    failed = 0
    for case in chosen:
        with tempfile.TemporaryDirectory(prefix="rapidreboot-vm.") as folder:
            _, end = run(case, folder, programs)
        with open(os.path.join(args.logs, f"unlock_{case}.log"), "w", encoding="utf-8") as log:
            log.write(end.log)
        found = guest.failures(end.log) + [f"not there: {line}" for line in CASES[case][3] if not re.search(re.escape(line), end.log)]
        if PASSPHRASE in end.log:
            found.append("the passphrase was printed")
        print(f"{'FAIL' if found else 'ok  '} unlock/{case} ({end.seconds:.0f} s, {end.reason})", flush=True)
        for sentence in found:
            print("     " + sentence, flush=True)
        failed += bool(found)
    print(f"{len(chosen) - failed} passed, {failed} failed, 0 skipped")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
