#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Asks rapidreboot, on systems that real boot loaders started, what those loaders start next.

    tests/vm/boot-loaders.py [--only PATTERN] [--timeout SECONDS] [--keep DIR]

Each case is a disk with a real boot loader, two kernels and a small system. The machine starts
from that disk; nothing but the loader decides what runs. The system says which kernel, initrds and
command line it got, and what `rapidreboot list --json` tells it. Cases with one boot compare the
two on the same boot; cases with more do something before the question and compare the answer with
what the loader does at the next boot.
"""

import argparse
import dataclasses
import fnmatch
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import disks
import guest
import images
import initramfs
import vm

PROGRAM = os.path.join(images.TOP, "build/bin/rapidreboot")
ROOT_UUID = "4b1f0fb8-4c1c-4d0d-9a3e-5a1d5f2c7e11"
BOOT_SECONDS = 240  # for one boot on a slow machine; it takes 20 on an idle one
OLD, NEW = "bookworm", "trixie"
LOADER_GUID = "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"  # systemd, BOOT_LOADER_INTERFACE
NON_VOLATILE = 7  # also for boot services and for the running system
MODULES = ("fs/fat/fat", "fs/fat/vfat", "fs/nls/nls_cp437", "fs/nls/nls_ascii",
           "fs/efivarfs/efivarfs")
GRUB_ENV_SIZE = 1024

# In the initramfs that the loader loaded: says which archives came, goes on to the disk.
STAGE1 = """
echo "@@ boot"
section initrds ls /initrds
section last-initrd cat /last-initrd
section initrd-words sh -c 'cat /initrds/*'
for module in fat vfat nls_cp437 nls_ascii efivarfs; do
	[ ! -f /modules/$module.ko ] || insmod /modules/$module.ko
done
uuid=$(sed 's/.*root=UUID=\\([^ ]*\\).*/\\1/' /proc/cmdline)
tries=0
until disk=$(findfs "UUID=$uuid"); do
	tries=$((tries + 1))
	[ $tries -lt 30 ] || must false
	sleep 1
done
mkdir /sysroot
must mount -t ext4 "$disk" /sysroot
mount --move /dev /sysroot/dev
umount /sys /proc
exec switch_root /sysroot /init
"""

# On the disk: the running system. @BOOTS@ and @STEPS@ are the case's.
STAGE2 = """
boot=$(($(cat /boots 2>/dev/null) + 1))
echo $boot >/boots
[ ! -d /sys/firmware/efi ] || must mount -t efivarfs efivarfs /sys/firmware/efi/efivars
[ ! -d @ESP@ ] || @IS_UNMOUNTED@ || must mount -t vfat -o iocharset=ascii /dev/nvme0n1p1 @ESP@
section release uname -r
section cmdline cat /proc/cmdline
section loader-type cat /proc/sys/kernel/bootloader_type
@STEPS@
sync
! @IS_UNMOUNTED@ || {
	cp /proc/self/mounts /mounts
	must dd if=/dev/nvme0n1p1 bs=1M 2>/dev/null | sha256sum >/esp.sum
	section load rapidreboot load --force B3
	section loaded cat /sys/kernel/kexec_loaded
	must rapidreboot unload
}
section list timeout 60 rapidreboot list --json
! @IS_UNMOUNTED@ || {
	section mounts cmp /mounts /proc/self/mounts
	section esp-changed sh -c 'dd if=/dev/nvme0n1p1 bs=1M 2>/dev/null | sha256sum | cmp /esp.sum -'
	must mount -t vfat -o iocharset=ascii,ro /dev/nvme0n1p1 @ESP@
}
section boot find /boot @ESP@ -path '*/grub/*-*' -prune -o -type f -print
[ ! -d @ESP@ ] || umount @ESP@
sync
[ $boot -ge @BOOTS@ ] || @AGAIN@
mount -o remount,ro /
[ $boot -ge @BOOTS@ ] || reboot -f
"""


@dataclasses.dataclass
class Case:
    """One disk: its loader, its files, and what the loader is expected to start at each boot."""

    name: str
    loader: str          # a key of LOADERS
    files: dict          # path on the file system of the loader's files -> text or bytes
    starts: tuple        # suites, one per boot: that the case is about what its name says
    steps: str = ""      # shell, before the question; $boot counts from 1
    is_unmounted: bool = False  # the ESP, when the question is asked
    warnings: int = 0   # that the listing has
    again: str = ""     # shell, what restarts the machine in place of the loader: each boot is compared with itself


def kernel_name(suite):
    return "vmlinuz-" + images.release(suite)


def grub_environment(**variables):
    text = "# GRUB Environment Block\n" + "".join(f"{k}={v}\n" for k, v in variables.items())
    return text.ljust(GRUB_ENV_SIZE, "#")


def grub_entry(suite, kind, words="", extra_initrd="", indent=""):
    """A menu entry as Debian's grub-mkconfig writes it."""
    release = images.release(suite)
    ident = f"gnulinux-{release}-{kind}-{ROOT_UUID}"
    if kind == "simple":
        ident = f"gnulinux-simple-{ROOT_UUID}"
    title = "Debian GNU/Linux" if kind == "simple" else f"Debian GNU/Linux, with Linux {release}"
    if kind == "recovery":
        title += " (recovery mode)"
        words += " single"
    lines = [
        f"menuentry '{title}' --class debian --class os $menuentry_id_option '{ident}' {{",
        "\tload_video", "\tinsmod gzio", "\tinsmod part_msdos", "\tinsmod part_gpt",
        "\tinsmod ext2",
        "\tif [ x$feature_platform_search_hint = xy ]; then",
        f"\t  search --no-floppy --fs-uuid --set=root --hint-bios=hd0,msdos1 {ROOT_UUID}",
        "\telse", f"\t  search --no-floppy --fs-uuid --set=root {ROOT_UUID}", "\tfi",
        f"\techo\t'Loading Linux {release} ...'",
        f"\tlinux\t/boot/vmlinuz-{release} root=UUID={ROOT_UUID} ro console=ttyS0"
        f" entry={kind}{words}",
        f"\tinitrd\t/boot/initrd.img-{release}{extra_initrd}", "}"]
    return "".join(indent + line + "\n" for line in lines)


def grub_config(default, **options):
    """A grub.cfg in the shape of Debian's: the newest kernel on top, everything in a submenu."""
    return f"""set pager=1
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${{next_entry}}" ] ; then
   set default="${{next_entry}}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="{default}"
fi
if [ x"${{feature_menuentry_id}}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
export menuentry_id_option
function load_video {{
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  fi
}}
set timeout=0
{grub_entry(NEW, "simple", **options)}\
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option \
'gnulinux-advanced-{ROOT_UUID}' {{
""" + "".join(grub_entry(suite, kind, indent="\t", **options) for suite in (NEW, OLD)
              for kind in ("advanced", "recovery")) + "}\n"


def grub_path(suite, kind="advanced"):
    return f"gnulinux-advanced-{ROOT_UUID}>gnulinux-{images.release(suite)}-{kind}-{ROOT_UUID}"


def type1(suite, words="", **keys):
    """A Type #1 entry of the Boot Loader Specification."""
    release = images.release(suite)
    lines = {"title": "Debian GNU/Linux", "version": release, "linux": f"/{release}/linux",
             "initrd": f"/{release}/initrd", **keys}
    return "".join(f"{key.replace('_', '-')} {value}\n" for key, value in lines.items()) + \
        f"options root=UUID={ROOT_UUID} rw console=ttyS0{words}\n"


def refind_stanza(title, suite, words=""):
    release = images.release(suite)
    return (f"menuentry \"{title}\" {{\n    loader /vmlinuz-{release}\n    initrd /initrd-{release}\n"
            f"    options \"root=UUID={ROOT_UUID} rw console=ttyS0{words}\"\n}}\n")


def refind_cases():
    conf = "textonly\ntimeout -1\n"
    both = refind_stanza("New Linux", NEW) + refind_stanza("Old Linux", OLD, ' a=\"\"b\"\"')
    linux = f"\"Boot\" \"root=UUID={ROOT_UUID} rw console=ttyS0 version=%v\"\n"
    return [
        Case("refind-stanza", "refind",
             {"refind.conf": conf + "scanfor manual\ndefault_selection \"nothing,old linux\"\n" + both}, (OLD,)),
        Case("refind-first-stanza", "refind",
             {"refind.conf": conf + "scanfor manual,internal\n" + both, "/refind_linux.conf": linux}, (NEW,),
             warnings=1),
        Case("refind-left-out", "refind",
             {"refind.conf": conf + f"dont_scan_files vmlinuz-{images.release(NEW)}\n",
              "/refind_linux.conf": linux}, (OLD,)),
    ]


def syslinux_label(name, suite, words="", extra="", more=""):
    release = images.release(suite)
    return (f"LABEL {name}\n  LINUX /vmlinuz-{release}\n  INITRD /initrd-{release}{extra}\n"
            f"  APPEND root=UUID={ROOT_UUID} rw console=ttyS0{words}\n{more}")


def syslinux_cases():
    both = syslinux_label("new", NEW) + syslinux_label("old", OLD, '  a="b  c"', ",/extra.img")
    conf = "SERIAL 0 115200\nPROMPT 0\nTIMEOUT 5\n"
    return [
        Case("syslinux-default", "syslinux", {"/syslinux.cfg": conf + "DEFAULT old\n" + both}, (OLD,)),
        Case("syslinux-default-is-a-line", "syslinux",
             {"/syslinux.cfg": conf + f"DEFAULT /vmlinuz-{images.release(OLD)} initrd=/initrd-{images.release(OLD)} "
              f"root=UUID={ROOT_UUID} rw console=ttyS0 typed\n" + both}, (OLD,)),
        Case("syslinux-ontimeout", "syslinux",
             {"/syslinux.cfg": conf.replace("PROMPT 0", "PROMPT 1") + "DEFAULT new\nONTIMEOUT old more=1\n" + both}, (OLD,)),
        Case("syslinux-menu", "syslinux",
             {"/syslinux.cfg": conf + "UI menu.c32\nDEFAULT new\nINCLUDE /more.cfg\n" + syslinux_label("new", NEW),
              "/more.cfg": syslinux_label("old", OLD)}, (NEW,)),
        Case("syslinux-menu-default", "syslinux",
             {"/syslinux.cfg": conf + "UI menu.c32\nINCLUDE /more.cfg\n" + syslinux_label("new", NEW),
              "/more.cfg": syslinux_label("old", OLD, more="  MENU DEFAULT\n")}, (OLD,)),
        Case("syslinux-initrd-word", "syslinux",
             {"/syslinux.cfg": conf + f"DEFAULT old\nLABEL old\n  KERNEL vmlinuz-{images.release(OLD)}\n"
              f"  APPEND root=UUID={ROOT_UUID} rw initrd=initrd-{images.release(OLD)},extra.img console=ttyS0\n"}, (OLD,)),
    ]


def efi_variable(value):
    """What efivarfs wants written: attributes, then the value, here a string."""
    return struct.pack("<I", NON_VOLATILE) + (value + "\0").encode("utf-16-le")


def write_variable(name):
    return (f"[ $boot -gt 1 ] || must dd if=/value "
            f"of=/sys/firmware/efi/efivars/{name}-{LOADER_GUID} bs=4096")


def cases():
    old, new = images.release(OLD), images.release(NEW)
    series = ".".join(old.split(".")[:2])
    grub = "/boot/grub/grub.cfg"
    env = "/boot/grub/grubenv"
    saved = {grub: grub_config("${saved_entry}"), env: grub_environment(saved_entry=grub_path(OLD))}
    entries = {f"/loader/entries/debian-{old}.conf": type1(OLD),
               f"/loader/entries/debian-{new}.conf": type1(NEW)}
    return [
        Case("grub-bios-saved-submenu-path", "grub-bios", saved, (OLD,)),
        Case("grub-bios-number-in-submenu", "grub-bios",
             {grub: grub_config("1>2", extra_initrd=" /boot/extra.img")}, (OLD,)),
        Case("grub-bios-next-entry-once", "grub-bios",
             {grub: grub_config("0"), env: grub_environment(),
              "/boot/once": grub_environment(next_entry=grub_path(OLD, "recovery"))},
             (NEW, OLD, NEW), f"[ $boot -gt 1 ] || must cp /boot/once {env}"),
        Case("grub-efi-saved-submenu-path", "grub-efi", saved, (OLD,)),
        Case("grub-efi-default-gone", "grub-efi",
             {grub: grub_config("gnulinux-5.10.0-1-amd64", words=' quoted="a  b" c=\\$d')}, (NEW,)),
        Case("systemd-boot-newest", "systemd-boot",
             entries | {"/loader/loader.conf": "timeout 0\n"}, (NEW,)),
        Case("systemd-boot-default-glob", "systemd-boot",
             entries | {"/loader/loader.conf": f"timeout 0\ndefault debian-{series}.*\n"}, (OLD,)),
        Case("systemd-boot-esp-not-mounted", "systemd-boot",
             entries | {"/loader/loader.conf": f"timeout 0\ndefault debian-{series}.*\n"}, (OLD,),
             is_unmounted=True),
        Case("systemd-boot-counter-counts-down", "systemd-boot",
             {f"/loader/entries/debian-{old}.conf": type1(OLD),
              f"/loader/entries/debian-{new}+3.conf": type1(NEW, initrd="/extra.img\n"
                                                            f"initrd /{new}/initrd"),
              "/loader/loader.conf": "timeout 0\n"}, (NEW,)),
        Case("systemd-boot-counter-runs-out", "systemd-boot",
             {f"/loader/entries/debian-{old}.conf": type1(OLD),
              f"/loader/entries/debian-{new}+1.conf": type1(NEW),
              "/loader/loader.conf": "timeout 0\n"}, (NEW, OLD)),
        # to systemd-boot before 258 the counter is a part of the name that `default` is compared with
        Case("systemd-boot-default-without-counter", "systemd-boot",
             {f"/loader/entries/debian-{old}+3.conf": type1(OLD),
              f"/loader/entries/debian-{new}.conf": type1(NEW),
              "/loader/loader.conf": f"timeout 0\ndefault debian-{old}.conf\n"}, (NEW,), warnings=1),
        Case("systemd-boot-default-with-counter", "systemd-boot",
             {f"/loader/entries/debian-{old}+3.conf": type1(OLD),
              f"/loader/entries/debian-{new}.conf": type1(NEW),
              "/loader/loader.conf": f"timeout 0\ndefault debian-{old}+[1-9]*.conf\n"}, (OLD,)),
        Case("systemd-boot-one-shot", "systemd-boot",
             entries | {"/loader/loader.conf": "timeout 0\n",
                        "root:/value": efi_variable(f"debian-{old}.conf")},
             (NEW, OLD, NEW), write_variable("LoaderEntryOneShot")),
        Case("systemd-boot-variable-over-file", "systemd-boot",
             entries | {"/loader/loader.conf": f"timeout 0\ndefault debian-{new}.conf\n",
                        "root:/value": efi_variable(f"debian-{old}.conf")},
             (NEW, OLD), write_variable("LoaderEntryDefault")),
        Case("systemd-boot-quotes", "systemd-boot",
             {"/loader/loader.conf": "timeout 0\ndefault 'old.conf'\n",
              "/loader/entries/new.conf": type1(NEW),
              "/loader/entries/old.conf": f"title \"Debian\"\nlinux \"/{old}/linux\"\ninitrd \"/{old}/initrd\"\n"
              f"options \"root=UUID={ROOT_UUID} rw console=ttyS0\"\noptions a=\"b c\"\n"}, (OLD,)),
    ] + refind_cases() + syslinux_cases()


class Workshop:
    """Builds disks in a folder; what all cases share is built once."""

    def __init__(self, folder, program):
        self.folder, self.program = folder, program
        self.initrds = {suite: self._initrd(suite) for suite in (OLD, NEW)}
        self.initrds["extra"] = self._marked(initramfs.Archive(), "extra")

    def path(self, name):
        return os.path.join(self.folder, name)

    def _marked(self, archive, name):
        archive.data(f"initrds/{name}", "")
        archive.data("last-initrd", name + "\n")
        return archive.save(self.path(f"initrd-{name}"))

    def _initrd(self, suite):
        archive = guest.base(STAGE1)
        for module in MODULES:
            guest.add_module(archive, suite, module)
        return self._marked(archive, suite)

    def system(self, case, esp):
        """The files of the running system, as a directory."""
        job = STAGE2.replace("@STEPS@", case.steps).replace("@BOOTS@", str(len(case.starts)))
        job = job.replace("@AGAIN@", case.again or ":").replace("@IS_UNMOUNTED@", "true" if case.is_unmounted else "false")
        archive = guest.base(job.replace("@ESP@", esp or "/nowhere"))
        guest.add_program(archive, "sbin/rapidreboot", self.program)
        archive.data("etc/os-release", "ID=debian\nNAME=Debian\n")
        archive.directory(esp or "sys")
        return archive.extract(os.path.join(self.folder, "system"))

    def put(self, tree, files):
        for path, content in files.items():
            place = tree + path
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)

    def copy(self, tree, files):
        for path, source in files.items():
            os.makedirs(os.path.dirname(tree + path), exist_ok=True)
            shutil.copyfile(source, tree + path)

    def ext4(self, tree):
        return disks.ext4(self.path("root.img"), 128, tree, ROOT_UUID)

    def esp(self, tree):
        return disks.fat(self.path("esp.img"), 64, tree)


def grub_files(shop):
    """{path: file} of kernels and their initrds, where Debian has them."""
    files = {"/boot/extra.img": shop.initrds["extra"]}
    for suite in (OLD, NEW):
        files["/boot/" + kernel_name(suite)] = images.kernel(suite)
        files["/boot/initrd.img-" + images.release(suite)] = shop.initrds[suite]
    return files


def grub_tree(shop, case, platform, esp=None, item="grub-loaders"):
    tree = shop.system(case, esp)
    shop.put(tree, {path: text for path, text in case.files.items() if path[0] == "/"})
    shop.copy(tree, grub_files(shop))
    shutil.copytree(images.grub_modules(platform, item), f"{tree}/boot/grub/{platform}",
                    ignore=shutil.ignore_patterns("*.img", "*.o", "monolithic"))
    return tree


def grub_bios_disk(shop, case):
    modules, core = images.grub_modules("i386-pc"), shop.path("core.img")
    tree = grub_tree(shop, case, "i386-pc")
    images.grub_mkimage("-d", modules, "-O", "i386-pc", "-o", core, "-p",
                        "(hd0,msdos1)/boot/grub", "biosdisk", "part_msdos", "ext2")
    return disks.mbr(shop.path("disk.img"), [shop.ext4(tree)], f"{modules}/boot.img", core)


def grub_efi_disk(shop, case):
    modules, early = images.grub_modules("x86_64-efi"), shop.path("early.cfg")
    tree, esp = grub_tree(shop, case, "x86_64-efi", "/boot/efi"), shop.path("esp")
    shop.put(shop.folder, {"/early.cfg": f"search.fs_uuid {ROOT_UUID} root\n"
                                         "set prefix=($root)'/boot/grub'\n"})
    os.makedirs(f"{esp}/EFI/BOOT")
    images.grub_mkimage("-d", modules, "-O", "x86_64-efi", "-o", f"{esp}/EFI/BOOT/BOOTX64.EFI",
                        "-c", early, "-p", "/boot/grub", "part_gpt", "ext2", "search_fs_uuid",
                        "normal", "configfile")
    return disks.gpt(shop.path("disk.img"), [(shop.esp(esp), disks.ESP),
                                             (shop.ext4(tree), disks.LINUX)])


def systemd_boot_disk(shop, case):
    tree, esp = shop.system(case, "/efi"), shop.path("esp")
    shop.put(esp, {path: text for path, text in case.files.items() if path[0] == "/"})
    shop.put(tree, {path[5:]: text for path, text in case.files.items() if path[0] != "/"})
    files = {"/EFI/BOOT/BOOTX64.EFI": images.systemd_boot(),
             "/EFI/systemd/systemd-bootx64.efi": images.systemd_boot(),
             "/extra.img": shop.initrds["extra"]}
    for suite in (OLD, NEW):
        files[f"/{images.release(suite)}/linux"] = images.kernel(suite)
        files[f"/{images.release(suite)}/initrd"] = shop.initrds[suite]
    shop.copy(esp, files)
    return disks.gpt(shop.path("disk.img"), [(shop.esp(esp), disks.ESP),
                                             (shop.ext4(tree), disks.LINUX)])


def fat_tree(shop, case):
    """Kernels and initrds at the top of an ESP, and the case's files."""
    tree = shop.path("fat")
    shop.put(tree, {path: text for path, text in case.files.items() if path[0] == "/"})
    files = {"/extra.img": shop.initrds["extra"]}
    for suite in (OLD, NEW):
        files["/" + kernel_name(suite)] = images.kernel(suite)
        files["/initrd-" + images.release(suite)] = shop.initrds[suite]
    shop.copy(tree, files)
    return tree


def refind_disk(shop, case):
    system, tree = shop.system(case, "/boot"), fat_tree(shop, case)
    # It reads the file beside itself; where the program is, nobody looks for a configuration.
    shop.put(tree, {f"/EFI/{folder}/refind.conf": case.files["refind.conf"] for folder in ("BOOT", "refind")})
    shop.copy(tree, {"/EFI/BOOT/BOOTX64.EFI": images.refind()})
    return disks.gpt(shop.path("disk.img"), [(shop.esp(tree), disks.ESP),
                                             (shop.ext4(system), disks.LINUX)])


def syslinux_disk(shop, case):
    system, tree = shop.system(case, "/boot"), fat_tree(shop, case)
    shop.copy(tree, {f"/{name}": images.syslinux(name) for name in ("menu.c32", "libutil.c32")})
    partition = shop.esp(tree)
    disks.hidden_sectors(partition)
    subprocess.run([images.syslinux("usr/bin/syslinux"), "--install", partition], check=True, timeout=60)
    return disks.mbr(shop.path("disk.img"), [partition, shop.ext4(system)], images.syslinux("mbr.bin"), first=0x0c)


# loader: (how its disks are made, firmware, its "kind" in the listing), and what else to look at in its boots
LOADERS = {
    "grub-bios": (grub_bios_disk, "bios", "grub"),
    "grub-efi": (grub_efi_disk, "uefi", "grub"),
    "systemd-boot": (systemd_boot_disk, "uefi", "systemd-boot"),
    "refind": (refind_disk, "uefi", "refind"),
    "syslinux": (syslinux_disk, "bios", "extlinux"),
}


class Report:
    """Counts, and prints what is not as it has to be."""

    def __init__(self):
        self.passed = self.failed = 0
        self.problems = []

    def equal(self, what, found, expected):
        if found != expected:
            self.problems.append(f"{what}: found {found!r}, expected {expected!r}")

    def finish(self, case, seconds, log):
        verdict = "FAIL" if self.problems else "ok"
        print(f"{verdict} {case.name} ({len(case.starts)} boots, {seconds:.0f} s)", flush=True)
        for problem in self.problems:
            print(f"  {problem}")
        if self.problems:
            print(f"  log: {log}", flush=True)
        self.failed += bool(self.problems)
        self.passed += not self.problems
        self.problems = []


def booted(section):
    """What ran at one boot, by what the running system says of itself."""
    suites = {images.release(suite): suite for suite in (OLD, NEW)}
    # Words for the EFI stub, which systemd-boot puts before the entry's options and rEFInd behind them: to a
    # kernel that a fast reboot starts they mean nothing.
    cmdline = re.sub(r"(^|(?<= ))initrd=\S+( |$)", "", section.get("cmdline", "")).rstrip()
    return {"kernel": suites.get(section.get("release"), section.get("release")),
            "initrds": sorted(section.get("initrds", "").split()),
            "last initrd": section.get("last-initrd", ""),
            "cmdline": cmdline}


def suite_of(path):
    return next((suite for suite in (OLD, NEW) if path and images.release(suite) in path), None)


def initrd_name(path):
    """The name that the archive at @path leaves in the initramfs."""
    if path.startswith("newc:"):
        return os.path.basename(path.split(":")[1])
    return suite_of(path) or ("extra" if os.path.basename(path) == "extra.img" else path)


def announced(entry):
    """The same things, by what the default entry of the listing says."""
    names = [initrd_name(path) for path in entry["initrds"]]
    return {"kernel": suite_of(entry["kernel"]), "initrds": sorted(names), "last initrd": names[-1] if names else "",
            "cmdline": entry["cmdline"]}


def check_unmounted(report, section):
    """What ran could be loaded from the partition, which nobody sees mounted, and which is as before."""
    report.equal("load: a kernel is loaded", section.get("loaded"), "1")
    report.equal("mounts before and after", section.get("mounts"), "")
    report.equal("the partition before and after", section.get("esp-changed"), "")


def default_entry(report, boot, text, kind, warnings):
    try:
        listing = json.loads(text)
    except ValueError:
        report.problems.append(f"boot {boot}: rapidreboot list --json said {text!r}")
        return None
    marked = [entry for entry in listing["entries"] if entry["default"]]
    report.equal(f"boot {boot}: loader", listing["loader"]["kind"], kind)
    report.equal(f"boot {boot}: warnings", len(listing["warnings"]), warnings)
    report.equal(f"boot {boot}: ids of default entries", [entry["id"] for entry in marked],
                 [listing["default"]])
    return marked[0] if len(marked) == 1 else None


def check(report, case, ending, kind, look=None):
    boots = [guest.sections(part) for part in ending.log.split("@@ boot\n")[1:]]
    report.equal("machine ended by", ending.reason, "poweroff")
    report.problems += guest.failures(ending.log)
    ran = [booted(section) for section in boots]
    if look:
        look(report, boots)
    report.equal("the loader started", tuple(one["kernel"] for one in ran), case.starts)
    ahead = len(case.starts) > 1 and not case.again
    for number, section in enumerate(boots[:-1] if ahead else boots):
        entry = default_entry(report, number + 1, section.get("list", ""), kind,
                              case.warnings)
        if case.is_unmounted:
            check_unmounted(report, section)
        if not entry or number + ahead >= len(ran):
            continue
        said, happened = announced(entry), ran[number + ahead]
        for what, value in happened.items():
            report.equal(f"boot {number + 1}: {what} of the default", said[what], value)
        for path in filter(None, [entry["kernel"], *entry["initrds"]]):
            path = re.sub(r"^/dev/disk/by-partuuid/[-0-9a-f]*", "/efi", path)
            path = re.sub("^newc:[^:]*:", "", path)
            report.equal(f"boot {number + 1}: {path} is on this system",
                         path in section["boot"].split("\n"), True)


def run_case(report, case, program, folder, seconds):
    build, firmware, kind, *look = LOADERS[case.loader]
    os.makedirs(folder)
    built = build(Workshop(folder, program), case)
    extra = [*vm.drives([built] if isinstance(built, str) else built), "-action", "reboot=reset"]
    machine = vm.Machine(memory="512M", firmware=firmware, extra=tuple(extra))
    firmware_dir = images.firmware_dir() if firmware == "uefi" else None
    ending = vm.run(machine, None, None, None, folder, seconds * len(case.starts), firmware_dir)
    check(report, case, ending, kind, *look)
    report.finish(case, ending.seconds, os.path.join(folder, "vm.log"))


def main(all_cases, items=()):
    """Run those of @all_cases that the command line names; @items of the cache are theirs alone."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--only", default="*", help="cases whose names match, as in a shell")
    parser.add_argument("--program", default=PROGRAM, help="the rapidreboot to ask")
    parser.add_argument("--timeout", type=int, default=BOOT_SECONDS, help="seconds for one boot")
    parser.add_argument("--keep", metavar="DIR", help="leave disks and logs in this new directory")
    args = parser.parse_args()
    if not vm.find_qemu():
        print("FAIL: no qemu-system-x86_64: tools/install-deps")
        return 1
    images.fetch(["linux-bookworm", "linux-trixie", "busybox", "ovmf", "systemd-stub",
                  "grub-loaders", "refind", "syslinux", *items])
    report, skipped = Report(), 0
    with tempfile.TemporaryDirectory(prefix="boot-loaders.") as scratch:
        for case in all_cases:
            if not fnmatch.fnmatchcase(case.name, args.only):
                skipped += 1
                continue
            folder = os.path.join(args.keep or scratch, case.name)
            run_case(report, case, args.program, folder, args.timeout)
            if not args.keep:
                shutil.rmtree(folder)
    print(f"{report.passed} passed, {report.failed} failed, {skipped} skipped")
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(cases()))
    except (images.Missing, OSError, subprocess.SubprocessError) as trouble:
        sys.exit(f"boot-loaders: {trouble}")
