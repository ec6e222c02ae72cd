#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Configurations that the real grub-mkconfig writes, as grub-emu boots them and as we read them.

  mkconfig.py GRUB-EVAL [--suite bookworm|sid] [--every N] [--only PATTERN] [--show NAME]

Debian's grub-mkconfig and the scripts of its /etc/grub.d run on fabricated systems: their absolute
paths lead into a directory, and three programs that would look at devices are replaced by tables
(grub-probe, grub-mkrelpath, os-prober). grubenv is written by the real grub-editenv,
grub-set-default and grub-reboot, with every form of name. Prints TAP.
"""
import argparse
import fnmatch
import itertools
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases  # noqa: E402
import emu    # noqa: E402
import run    # noqa: E402

UUID = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-8888-7777-6666-555555555555"
VERSIONS = ["6.1.0-9-amd64", "6.1.0-10-amd64", "5.10.0-23-amd64"]
PROBE = f"""#!/bin/sh
# grub-probe, from a table: one disk with a GPT, /dev/sda2 this system, /dev/sda3 another.
device=/dev/sda2; target=fs; next=
for word in "$@"; do
  case "$next$word" in
    --target=*) target=${{word#--target=}} ;;
    -t) next=target: ;;
    --device) next=device: ;;
    target:*) target=$word; next= ;;
    device:*) device=$word; next= ;;
  esac
done
case $target in
  device) echo /dev/sda2 ;;
  fs) echo ext2 ;;
  fs_uuid) case $device in /dev/sda3) echo {OTHER} ;; *) echo {UUID} ;; esac ;;
  partuuid) echo 0badc0de-02 ;;
  partmap) echo gpt ;;
  hints_string) echo "--hint-bios=hd0,gpt2 --hint-efi=hd0,gpt2 --hint-baremetal=ahci0,gpt2" ;;
  compatibility_hint) echo "hd0,gpt${{device#/dev/sda}}" ;;
  abstraction|fs_label|disk) ;;
  *) exit 1 ;;
esac
"""
OS_PROBER = """#!/bin/sh
echo "/dev/sda1@/EFI/Microsoft/Boot/bootmgfw.efi:Windows Boot Manager:Windows:efi"
echo "/dev/sda4:Windows 10:Windows1:chain"
echo "/dev/sda3:Fedora Linux 38 (Workstation Edition):Fedora:linux"
"""
LINUX_BOOT_PROBER = """#!/bin/sh
[ "$1" = /dev/sda3 ] || exit 0
echo "/dev/sda3:/dev/sda3:Fedora 6.2:/boot/vmlinuz-6.2.9:/boot/initramfs-6.2.9.img:root=/dev/sda3 ro rhgb quiet"
echo "/dev/sda3:/dev/sda3:Fedora rescue:/boot/vmlinuz-0-rescue:/boot/initramfs-0-rescue.img:root=/dev/sda3 ro"
"""
# name: (distributor, kernels, files besides, lines of /etc/default/grub)
SYSTEMS = {
    "debian": ("Debian", VERSIONS, [], ""),
    "debian-one": ("Debian", VERSIONS[:1], [], ""),
    "debian-flat": ("Debian", VERSIONS, [], "GRUB_DISABLE_SUBMENU=y\n"),
    "debian-plain": ("Debian", VERSIONS[:2], [], "GRUB_DISABLE_RECOVERY=true\nGRUB_CMDLINE_LINUX='a=\"b c\" d'\n"),
    "debian-savedefault": ("Debian", VERSIONS, [], "GRUB_SAVEDEFAULT=true\n"),
    "debian-xen": ("Debian", VERSIONS[:2], ["xen-4.17-amd64.gz", "xen-4.14-amd64.gz"], "GRUB_CMDLINE_XEN='dom0_mem=1G'\n"),
    "debian-ucode": ("Debian", VERSIONS[:2], ["intel-ucode.img"], "GRUB_EARLY_INITRD_LINUX_CUSTOM=mine.img\n"),
    "ubuntu": ("Ubuntu", ["6.2.0-20-generic", "6.2.0-39-generic", "5.15.0-91-lowlatency"], [],
               "GRUB_TIMEOUT_STYLE=hidden\nGRUB_TIMEOUT=0\nGRUB_CMDLINE_LINUX_DEFAULT='quiet splash'\n"),
    "ubuntu-probed": ("Ubuntu", ["6.2.0-39-generic"], [], "GRUB_DISABLE_OS_PROBER=false\nGRUB_TIMEOUT=10\n"),
}
ADVANCED = f"gnulinux-advanced-{UUID}"
# Names that exist on some systems and not on others, in every form.
NAMES = ["0", "1", "1>2", "1>0", "2", "3", "1>99", "9", f"gnulinux-simple-{UUID}", ADVANCED,
         f"{ADVANCED}>gnulinux-6.1.0-9-amd64-advanced-{UUID}", f"gnulinux-6.1.0-9-amd64-recovery-{UUID}",
         f"{ADVANCED}>gnulinux-6.2.0-20-generic-recovery-{UUID}", "Debian GNU/Linux", "Ubuntu",
         "Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 5.10.0-23-amd64",
         "Advanced options for Ubuntu>Ubuntu, with Linux 6.2.0-20-generic",
         "Advanced options for Debian GNU/Linux>1", "Debian GNU/Linux, with Linux 6.1.0-9-amd64",
         "Windows Boot Manager (on /dev/sda1)", f"osprober-efi-{UUID}", "nosuch", ">",
         f"xen-gnulinux-simple-{UUID}", f"xen-gnulinux-advanced-{UUID}>1>0", "2>0>1"]
CONFIGURED = ["0", "saved", "1>2", f"{ADVANCED}>gnulinux-6.1.0-9-amd64-advanced-{UUID}", "Debian GNU/Linux"]


def multiboot2():
    """As much of a hypervisor as grub-file looks at: a header without tags."""
    head = struct.pack("<IIII", 0xe85250d6, 0, 24, (1 << 32) - 0xe85250d6 - 24)
    return head + struct.pack("<HHI", 0, 0, 8) + bytes(4096)


def write(path, data, mode=0o644):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(mode)


def lead_into(tree, text):
    """A script whose absolute paths lie below @tree; those in sed patterns and `#prefix` do not."""
    return re.sub(r"(?<![\w$}#/.*>^,])/(boot|etc|usr|lib|sbin|sys|var|dev/disk|vmlinu|kernel-|proc/cmdline)(?=[\w/\"'\s`;)*.\[-]|$)",
                  rf"{tree}/\1", text)


class System:
    """One fabricated system with the release's own tools in it."""

    def __init__(self, suite, name, tree):
        self.tree, root = tree, emu.CACHE / f"grub-{suite}"
        distributor, versions, extra, self.settings = SYSTEMS[name]
        self.distributor = distributor
        for folder in ("etc/grub.d", "usr/share/grub", "usr/lib/grub", "usr/sbin"):
            for source in sorted((root / folder).glob("*")):
                if source.is_file() and source.read_bytes()[:2] in (b"#!", b"# "):
                    write(tree / folder / source.name, lead_into(tree, source.read_text()),
                          source.stat().st_mode & 0o755)
        for tool in ("grub-file", "grub-script-check", "grub-editenv"):
            words = " ".join(emu.tool(suite, tool))
            write(tree / "usr/bin" / tool, f'#!/bin/sh\nexec {words} "$@"\n', 0o755)
        write(tree / "usr/sbin/grub-probe", PROBE, 0o755)
        write(tree / "usr/bin/grub-mkrelpath", f'#!/bin/sh\necho "${{1#{tree}}}"\n', 0o755)
        if "PROBER=false" in self.settings:
            write(tree / "usr/bin/os-prober", OS_PROBER, 0o755)
            write(tree / "usr/bin/linux-boot-prober", LINUX_BOOT_PROBER, 0o755)
        for version in versions:
            write(tree / f"boot/vmlinuz-{version}", "kernel")
            write(tree / f"boot/initrd.img-{version}", "initrd")
            write(tree / f"boot/config-{version}", "CONFIG_XEN_DOM0=y\n")
        for file in extra:
            write(tree / "boot" / file, multiboot2() if file.startswith("xen") else "early")
        write(tree / f"dev/disk/by-uuid/{UUID}", "")
        (tree / "boot/grub").mkdir(parents=True)
        (tree / "lib").mkdir()

    def call(self, *argv):
        done = subprocess.run(["/bin/sh", *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env={"PATH": f"{self.tree}/usr/bin:{self.tree}/usr/sbin:/usr/bin:/bin:/usr/sbin:/sbin",
                                   "LC_ALL": "C", "EUID": "0"}, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(f"{argv[0]}: exit status {done.returncode}\n{done.stdout}")

    def configure(self, default):
        """grub.cfg as grub-mkconfig writes it with this GRUB_DEFAULT."""
        write(self.tree / "etc/default/grub",
              f'GRUB_DEFAULT="{default}"\nGRUB_TIMEOUT=5\nGRUB_DISTRIBUTOR="{self.distributor}"\nGRUB_TERMINAL=console\n'
              f'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n{self.settings}')
        config = self.tree / "boot/grub/grub.cfg"
        self.call(str(self.tree / "usr/sbin/grub-mkconfig"), "-o", str(config))
        text = re.sub(r"(?m)^#.*\n", "", config.read_text())
        if str(self.tree) in text:
            raise RuntimeError("grub-mkconfig wrote a path of this machine:\n"
                               + "\n".join(line for line in text.splitlines() if str(self.tree) in line))
        return text

    def environment(self, *commands):
        """grubenv as GRUB's own tools leave it after @commands."""
        block = self.tree / "boot/grub/grubenv"
        block.unlink(missing_ok=True)
        subprocess.run([self.tree / "usr/bin/grub-editenv", block, "create"], check=True)
        for command, *words in commands:
            if command == "grub-editenv":
                subprocess.run([self.tree / "usr/bin/grub-editenv", block, *words], check=True)
            else:
                self.call(str(self.tree / "usr/sbin" / command), *words)
        return block.read_bytes()


def environments(default, n):
    """(name, commands that write grubenv, or None for no file): each name once, spread over the ways
    to write it down."""
    yield "nothing", None
    yield "empty", ()
    if default == "saved":
        for i, name in enumerate(NAMES):
            yield f"set-default {name}", (("grub-set-default", name),)
            if i % 3 == n % 3:
                yield f"reboot {name}", (("grub-set-default", "0"), ("grub-reboot", name))
                yield f"prev {name}", (("grub-editenv", "set", "saved_entry=1"),
                                       ("grub-editenv", "set", f"prev_saved_entry={name}"))
    else:
        for name in NAMES[n % 5::5]:
            yield f"reboot {name}", (("grub-reboot", name),)
        yield "set-default 1", (("grub-set-default", "1"),)


def all_cases():
    """(system, default, label, commands) of every case."""
    for n, name in enumerate(SYSTEMS):
        for default in CONFIGURED:
            for label, commands in environments(default, n):
                yield name, default, label, commands


def trees(suite, work, wanted):
    """(name, files) of the @wanted cases. GRUB's tools run for these only: grub-mkconfig takes seconds."""
    for name, of_system in itertools.groupby(wanted, key=lambda case: case[0]):
        system = System(suite, name, work / f"system-{name}")
        files = {f"/boot/{p.name}": p.read_bytes() for p in (system.tree / "boot").iterdir() if p.is_file()}
        for default, group in itertools.groupby(of_system, key=lambda case: case[1]):
            config = system.configure(default)
            for _, _, label, commands in group:
                tree = {**files, "/boot/grub/grub.cfg": config}
                if commands is not None:
                    tree["/boot/grub/grubenv"] = system.environment(*commands)
                yield f"{name}, {default}, {label}", cases.wrap(tree)
        shutil.rmtree(system.tree)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("grub_eval")
    parser.add_argument("--suite", choices=["bookworm", "sid"], default="bookworm")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--only", metavar="PATTERN", default="*")
    parser.add_argument("--show", metavar="NAME", help="print what grub-mkconfig writes for a system")
    options = parser.parse_args()
    if not emu.fetch(options.suite):
        print("1..0 # SKIP GRUB's tools are not to be had here")
        return 0
    bad, n = 0, 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        if options.show:
            print(System(options.suite, options.show, work / "system").configure("saved"))
            return 0
        grub = emu.Grub(options.suite, work)
        wanted = [case for i, case in enumerate(all_cases())
                  if i % options.every == 0 and fnmatch.fnmatchcase(", ".join(case[:3]), options.only)]
        for name, files in trees(options.suite, work, wanted):
            n += 1
            try:
                lines = run.compare(grub, options.grub_eval, files, work)
            except run.Uncompared as why:  # nothing that GRUB's own generator writes may crash it
                lines = [str(why)]
            bad += bool(lines)
            print(f"{'not ok' if lines else 'ok'} {n} - {name}", flush=True)
            for line in lines:
                print(f"# {line}")
    print(f"1..{n}")
    print(f"# {bad} disagreements in {n} cases")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
