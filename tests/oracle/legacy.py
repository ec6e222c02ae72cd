#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares our reading of GRUB legacy's menu.lst with the reader inside GRUB 2, legacy_source.

  legacy.py RAPIDREBOOT [--suite bookworm|sid] [--files N] [--seed S]

For every file grub-emu says which entry it starts, and for each entry the device, kernel, initrds
or modules and arguments; both sides answer in the names of GRUB 2. The reader splits arguments and
quotes them anew where GRUB legacy hands them on untouched, so quotes and backslashes stay out here;
so do titles in place of the number behind "default", which only GRUB 2 takes.

Prints TAP; exit status 77 when there is no grub-emu.
"""
import argparse
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent / "grub"))
import emu    # noqa: E402

PRELUDE = r"""
function legacy_kernel {
  echo "@@root $root"
  for arg in "$@"; do echo "@@kernel <$arg>"; done
}
function legacy_initrd { echo "@@file"; for arg in "$@"; do echo "@@file <$arg>"; done; }
function legacy_initrd_nounzip { echo "@@file"; for arg in "$@"; do echo "@@file <$arg>"; done; }
function chainloader { echo "@@chain"; }
set prefix=(memdisk)/boot/grub
legacy_source (memdisk)/boot/grub/menu.lst
set timeout=0
"""
UUID = "0b1dc0de-0000-4000-8000-123456789abc"
# Where our side says that the devices' files are.
PLACES = ["hd0,1", "hd0,3", "hd0,5", "hd1,2"]

# name: (menu.lst, number in GRUB legacy's file "default" or None)
WRITTEN = {
    "one": ("title a\nkernel /k\n", None),
    "no default": ("title a\nkernel /k\ninitrd /i\ntitle b\nkernel /l\n", None),
    "default 1": ("default 1\ntitle a\nkernel /k\ntitle b\nkernel /l x y\n", None),
    "default=1": ("default=1\ntimeout=0\ntitle a\nkernel /k\ntitle b\nkernel /l x y\n", None),
    "default behind tabs": ("default\t\t1\t\ntitle a\nkernel /k\ntitle b\nkernel /l\n", None),
    "two defaults": ("default 0\ndefault 1\ntitle a\nkernel /k\ntitle b\nkernel /l\n", None),
    "default between entries": ("title a\nkernel /k\ndefault 1\ntitle b\nkernel /l\n", None),
    "default out of range": ("default 7\ntitle a\nkernel /k\ntitle b\nkernel /l\n", None),
    "saved": ("default saved\ntitle a\nkernel /k\nsavedefault\ntitle b\nkernel /l\nsavedefault\n", 1),
    "saved 0": ("default saved\ntitle a\nkernel /k\nsavedefault\ntitle b\nkernel /l\nsavedefault\n", 0),
    "saved, nothing there": ("default saved\ntitle a\nkernel /k\ntitle b\nkernel /l\n", None),
    "saved, out of range": ("default saved\ntitle a\nkernel /k\ntitle b\nkernel /l\n", 9),
    "fallback": ("default 0\nfallback 1\ntitle a\nkernel /k\ntitle b\nkernel /l\n", None),
    "global": ("timeout 1\nhiddenmenu\ncolor cyan/blue white/blue\nquiet\nsplashimage /x.xpm.gz\n"
               "title a\nkernel /k\n", None),
    "comments": ("# default 1\n  # title no\ntitle a # not a comment\n#kernel /no\nkernel /k a #b\n", None),
    "debian": ("default 0\ntimeout 3\n### BEGIN AUTOMAGIC KERNELS LIST\n## lines\n# kopt=root=/dev/sda1 ro\n"
               "# groot=(hd0,0)\n# alternative=true\n## ## End Default Options ##\n\n"
               "title\t\tDebian GNU/Linux, kernel 2.6.26-2-686\nroot\t\t(hd0,0)\n"
               "kernel\t\t/boot/vmlinuz-2.6.26-2-686 root=/dev/sda1 ro quiet\n"
               "initrd\t\t/boot/initrd.img-2.6.26-2-686\n\n"
               "title\t\tDebian GNU/Linux, kernel 2.6.26-2-686 (single-user mode)\nroot\t\t(hd0,0)\n"
               "kernel\t\t/boot/vmlinuz-2.6.26-2-686 root=/dev/sda1 ro single\n"
               "initrd\t\t/boot/initrd.img-2.6.26-2-686\n\n### END DEBIAN AUTOMAGIC KERNELS LIST\n", None),
    "ubuntu": (f"default\t\t1\ntimeout\t\t3\ntitle\t\tUbuntu 9.10, kernel 2.6.31\nuuid\t\t{UUID}\n"
               "kernel\t\t/boot/vmlinuz-2.6.31 root=UUID=a ro quiet splash \ninitrd\t\t/boot/initrd.img-2.6.31\n"
               f"quiet\n\ntitle\t\tUbuntu 9.10, memtest86+\nuuid\t\t{UUID}\nkernel\t\t/boot/memtest86+.bin\nquiet\n", None),
    "red hat": ("default=1\ntimeout=1\nsplashimage=(hd0,0)/grub/splash.xpm.gz\nhiddenmenu\n"
                "title CentOS (2.6.32-71.el6.x86_64)\n\troot (hd0,0)\n"
                "\tkernel /vmlinuz-2.6.32-71.el6.x86_64 ro root=/dev/mapper/vg-root rhgb quiet\n"
                "\tinitrd /initramfs-2.6.32-71.el6.x86_64.img\n"
                "title Other\n\trootnoverify (hd0,2)\n\tchainloader +1\n", None),
    "xen": ("title Xen\nroot (hd0,4)\nkernel /boot/xen.gz dom0_mem=512M\nmodule /boot/vmlinuz root=/dev/sda1 ro\n"
            "module /boot/initrd.img\ntitle b\nkernel /l\n", None),
    "xen, not unpacked": ("title Xen\nroot (hd0,4)\nkernel /boot/xen.gz\nmodulenounzip /boot/vmlinuz a b\n"
                          "modulenounzip /boot/initrd.img\n", None),
    "devices in paths": ("title a\nroot (hd0,0)\nkernel (hd1,1)/k a\ninitrd (hd0,2)/i\n", None),
    "root twice": ("title a\nroot (hd0,0)\nroot (hd0,2)\nkernel /k\n", None),
    "root of the entry before": ("title a\nroot (hd0,2)\nkernel /k\ntitle b\nkernel /l\n", None),
    "no root": ("title a\nkernel /k\ninitrd /i\n", None),
    "options of kernel": ("title a\nkernel --type=linux --no-mem-option /k a\ntitle b\n"
                          "kernel --no-mem-option /l b\n", None),
    "makeactive": ("title win\nrootnoverify (hd0,0)\nmakeactive\nchainloader +1\ntitle a\nkernel /k\n", None),
    "map": ("title win\nmap (hd0) (hd1)\nmap (hd1) (hd0)\nrootnoverify (hd1,1)\nchainloader +1\nboot\n", None),
    "unknown words": ("nonsense a b\ntitle a\nwhat is this\nkernel /k\n", None),
    "blanks and tabs": ("title  \t a  b \t\n \t kernel \t /k \t a   b\t c \n\tinitrd\t/i \n", None),
    "carriage returns": ("default 1\r\ntitle a\r\nkernel /k x\r\ntitle b\r\nkernel /l y\r\n", None),
    "lock, pause, boot": ("title a\nroot (hd0,0)\nkernel /k a\ninitrd /i\nsavedefault\nboot\n", None),
    "title with signs": ("title $x >a `b` {c}; d & e | f\nkernel /k $root ${a};b&c|d {e}\n", None),
    "not the last line's newline": ("title a\nkernel /k b", None),
}


def random_menu(rng):
    lines = [f"default{rng.choice([' ', '=', chr(9)])}{rng.choice([0, 1, 2, 3, 'saved'])}",
             rng.choice(["timeout 3", "timeout=0", "# timeout"]), rng.choice(["", "# c", "fallback 0"])]
    rng.shuffle(lines)
    for n in range(rng.randint(1, 4)):
        pad = rng.choice(["", "", "\t", "    "])
        gap = rng.choice([" ", "\t", "\t\t"])
        body = [rng.choice([f"root{gap}({d})" for d in ("hd0,0", "hd0,2", "hd0,4", "hd1,1")] + [f"uuid{gap}{UUID}", "# no"])]
        words = " ".join(rng.sample(["root=/dev/sda1", "ro", "quiet", "a.b=c,d", "x=1", "--", "3"], rng.randint(0, 5)))
        kernel = rng.choice(["", "(hd0,2)"]) + rng.choice(["/vmlinuz", "/boot/vm-2.6", "/a/b/c"])
        if rng.random() < 0.25:
            body.append(f"kernel{gap}/xen.gz {words}".rstrip())
            body += [f"module{rng.choice(['', 'nounzip'])}{gap}{f}" for f in ("/vmlinuz root=/dev/sda1", "/initrd")]
        else:
            body.append(f"kernel{gap}{rng.choice(['', '', '--no-mem-option ', '--type=linux '])}{kernel} {words}".rstrip())
            body += [f"initrd{gap}/initrd-{n}"] if rng.random() < 0.7 else []
        body += rng.choice([[], ["savedefault"], ["boot"], ["quiet"], ["", "# comment"]])
        lines += [f"title{gap}Entry {n}", *(pad + line for line in body), ""]
    return "\n".join(lines) + "\n", rng.choice([None, 0, 1, 2])


def cases(args):
    yield from ((name, *case) for name, case in WRITTEN.items())
    for n in range(args.files):
        yield (f"random {args.seed}/{n}", *random_menu(random.Random(args.seed * 1000003 + n)))


def on_device(name, path):
    """A path below the directory that stands for a device; of a path with a device, that one."""
    if path.startswith("("):
        name, path = path[1:].split(")", 1)
    name = name.strip("()")
    return path if name == "memdisk" else f"/mnt/{'uuid' if name == 'hd0' else name}{path}"


def theirs(grub, menu, saved, default):
    """What GRUB starts, with @default in front of the menu's own choice.

    A hidden menu would wait as long as the file says, so the files say little.
    """
    text = PRELUDE + ("" if default is None else f"set default={default}\n")
    files = {"/oracle/grub.cfg": text.encode(), "/boot/grub/menu.lst": menu.encode()}
    if saved is not None:
        files["/boot/grub/grubenv"] = f"# GRUB Environment Block\nsaved_entry={saved}\n".encode().ljust(1024, b"#")
    text = grub.run(files)
    if text is None:
        raise RuntimeError("grub-emu has no end")
    title, body = text.split("  Booting `", 1)[1].split("'\n", 1)
    lines = re.split("Press any key|Falling back", body)[0].split("\n")
    words = lambda key: [x[len(key) + 4:-1] for x in lines if x.startswith(f"@@{key} <")]
    root = next((x[len("@@root "):] for x in lines if x.startswith("@@root ")), None)
    # The file's name comes twice: as it is now, and as it was written.
    kernel = [w for w in words("kernel") if not w.startswith(("--type", "--no-mem-option"))
              or w == "--"]
    groups = "\n".join(x for x in lines if x.startswith("@@file")).split("@@file\n")[1:]
    parts = [[line[len("@@file <"):-1] for line in g.splitlines()] for g in groups]
    return {
        "title": " ".join(title.split()), "kernel": on_device(root, kernel[0]) if kernel else None,
        "cmdline": kernel[2:], "parts": [[on_device(root, p[0]), *p[2:]] for p in parts],
    }


def ours(program, tree):
    places = [w for d in PLACES for w in ("--fs", f"dev:{d}=/mnt/{d}")]
    done = subprocess.run([program, "list", "--json", "--root", tree, *places, "--fs", f"uuid:{UUID}=/mnt/uuid"],
                          stdout=subprocess.PIPE, check=True, text=True, timeout=60)
    menu = json.loads(done.stdout)
    return menu["default"], [
        {"title": " ".join(e["title"].split()), "kernel": e["kernel"], "cmdline": (e["cmdline"] or "").split(),
         "parts": [[i] for i in e["initrds"]] + [m.split() for m in e["modules"]]}
        for e in menu["entries"]]


def compare(grub, program, menu, saved, work):
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for place in [*PLACES, "uuid"]:
        (tree / "mnt" / place).mkdir(parents=True)
    (tree / "boot/grub").mkdir(parents=True)
    (tree / "boot/grub/menu.lst").write_bytes(menu.encode())
    if saved is not None:
        (tree / "boot/grub/default").write_text(f"{saved}\n#\n#\n")
    default, entries = ours(program, tree)
    differences = []
    for n in [None, *range(len(entries))]:
        want = theirs(grub, menu, saved, n)
        have = entries[int(default) if n is None else n]
        if want != have:
            differences += [f"{'default' if n is None else n}: GRUB {json.dumps(want)}", f"ours {json.dumps(have)}"]
    return differences


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--suite", choices=["bookworm", "sid"], default="bookworm")
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if not emu.fetch(args.suite):
        print("1..0 # SKIP grub-emu is not to be had here")
        return 77
    bad, n = 0, 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        grub = emu.Grub(args.suite, work, uuid=UUID)
        for name, menu, saved in cases(args):
            n += 1
            differences = compare(grub, args.program, menu, saved, work)
            bad += bool(differences)
            print(f"{'not ok' if differences else 'ok'} {n} - {name}")
            for line in differences + (menu.splitlines() if differences else []):
                print(f"# {line}", flush=True)
    print(f"1..{n}")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
