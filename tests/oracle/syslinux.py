#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare our reading of syslinux configurations with GRUB's own importer, grub-syslinux2cfg.

syslinux.py RAPIDREBOOT [--files N] [--seed S]

The importer is a reader of its own, not syslinux itself, and knows less; the configurations avoid
what it does not know: an APPEND before all labels, "APPEND -", several files in an initrd= word,
ONTIMEOUT, MENU BEGIN. It leaves the word initrd= in the command line, which we take out.

Exit status 77 when there is no grub-syslinux2cfg (package grub-common).
"""
import argparse, json, os, pathlib, random, re, subprocess, sys, tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent / "grub"))
import emu  # noqa: E402

FILES = ["/vm1", "vm3", "sub/vm4", "../vm5"]
INITRDS = ["/i1", "i2", "../i3"]


def keyword(rng, text):
    return "".join(c.upper() if rng.random() < 0.5 else c for c in text)


def make_label(rng, n):
    key = lambda text: keyword(rng, text)
    pad = rng.choice(["", " ", "\t", "    "])
    end = rng.choice(["", "", "\r"])
    lines = [f"{key('label')} l{n}"]
    body = []
    if rng.random() < 0.6:
        body.append(f"{key('menu label')} {rng.choice(['^Title', 'Ti^tle', 'Title'])} {n}")
    body.append(f"{key(rng.choice(['kernel', 'linux']))} {rng.choice(FILES)}")
    how = rng.random()
    words = " ".join(rng.sample(["root=/dev/a", "quiet", "a.b=c,d", "x=1", "ro"], rng.randint(1, 4)))
    if how < 0.4:
        body.append(f"{key('initrd')} {','.join(rng.sample(INITRDS, rng.randint(1, 2)))}")
        body.append(f"{key('append')} {words}")
    elif how < 0.7:
        body.append(f"{key('append')} {words} initrd={rng.choice(INITRDS)}")
    elif how < 0.9:
        body.append(f"{key('append')} {words}")
    rng.shuffle(body)
    body.append(rng.choice(["# comment", "", "unknown word"]))
    return "".join(line + end + "\n" for line in lines + [pad + b for b in body])


def make_config(rng):
    n = rng.randint(1, 6)
    first = [f"{keyword(rng, 'default')} l{rng.randrange(n)}", f"{keyword(rng, 'timeout')} 50",
             f"{keyword(rng, 'prompt')} 0"]
    rng.shuffle(first)
    return "\n".join(first) + "\n" + "".join(make_label(rng, i) for i in range(n))


ENTRY = re.compile(r"^menuentry '([^'\n]*)'[^\n]* --id '([^'\n]*)' \{\n(.*?)^\}", re.M | re.S)


def paths(text):
    return [os.path.normpath("/".join(["", d.strip("/"), f.strip("/")]).replace("//", "/"))
            for d, f in re.findall(r"'([^']*)'/'([^']*)'", text)]


def theirs(tool, tree, config):
    text = subprocess.run([*tool, "-r", tree, "-c", tree / "isolinux", "-t", "/", "-T", "/isolinux",
                           config], stdout=subprocess.PIPE, check=True, text=True).stdout
    entries = []
    for title, name, body in ENTRY.findall(text):
        linux = re.search(r"^\s*linux\S*\s+('[^']*'/'[^']*')[ \t]*(.*)$", body, re.M)
        initrd = re.search(r"^\s*initrd\S*\s+(.*)$", body, re.M)
        words = [w for w in linux[2].split() if not w.startswith("initrd=")]
        entries.append((name, title, paths(linux[1])[0], paths(initrd[1]) if initrd else [], words))
    return re.search(r"default='(.*)'", text)[1], entries


def ours(program, tree):
    run = subprocess.run([program, "list", "--json", "--root", tree], stdout=subprocess.PIPE,
                         check=True, text=True)
    menu = json.loads(run.stdout)
    return menu["default"], [
        (e["id"], e["title"], e["kernel"], e["initrds"],
         [w for w in e["cmdline"].split() if not w.startswith("BOOT_IMAGE=")])
        for e in menu["entries"]]


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program")
    args.add_argument("--files", type=int, default=60)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    if not emu.fetch("bookworm"):
        print("grub-syslinux2cfg is not to be had here")
        return 77
    tool = emu.tool("bookworm", "grub-syslinux2cfg")
    bad = 0
    for n in range(args.files):
        with tempfile.TemporaryDirectory() as folder:
            tree = pathlib.Path(folder)
            (tree / "isolinux").mkdir()
            config = tree / "isolinux" / "isolinux.cfg"
            config.write_text(make_config(random.Random(args.seed * 1000003 + n)))
            a, b = theirs(tool, tree, config), ours(args.program, tree)
            if a != b:
                bad += 1
                print(f"file {n} (seed {args.seed}):\n{config.read_text()}")
                print(f"  GRUB {json.dumps(a)}\n  ours {json.dumps(b)}")
    print(f"{args.files} files, {bad} that differ")
    return bad > 0


sys.exit(main())
