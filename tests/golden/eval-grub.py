#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `rapidreboot eval-grub` and the options of `list` and `show` do, and the members of --json.

eval-grub.py RAPIDREBOOT. Members and their types are those of rapidreboot(8); what scripts leave is
GRUB's manual. Nothing may change below the root, and random bytes come to an orderly end.
"""
import json, pathlib, random, resource, subprocess, sys, tempfile

program = sys.argv[1]
here = pathlib.Path(__file__).parent / "entries"
bad, n = 0, 0
TEXT, TEXTS = (str, type(None)), "texts"
ENTRY = {"id": str, "path": TEXTS, "title": str, "version": TEXT, "type": str, "bootable": bool, "kernel": TEXT,
         "initrds": TEXTS, "modules": TEXTS, "cmdline": TEXT, "devicetree": TEXT, "architecture": TEXT,
         "default": bool, "guessed": bool, "guess": TEXT, "source": {"kind": str, "file": str, "line": int}, "warnings": TEXTS}
LIST = {"schema": int, "default": TEXT, "loader": {"kind": str, "flavour": TEXT, "config": str}, "entries": [ENTRY], "guess": TEXT, "warnings": TEXTS}
SCRIPT = LIST | {"output": str, "variables": TEXTS, "reason": TEXT}
TYPES = {"linux", "uki", "multiboot", "chainload", "other"}
CONFIG = """echo "on $grub_platform, $mine"
default=$mine
save_env mine
menuentry 'A one' --id a { linux /vmlinuz x\\x20y; initrd /i1 /i2; }
menuentry 'B two' --id b { linux /vmlinuz y; }
submenu S { menuentry deep { linux /vmlinuz z; }
}
"""
FILES = {"boot/grub/grub.cfg": CONFIG, "other/grub.cfg": "menuentry only { linux /vmlinuz o; }\n", "script": CONFIG,
         "boot/grub/grubenv": "# GRUB Environment Block\nmine=b\n".ljust(1024, "#"), "vmlinuz": "k", "i1": "1", "i2": "2",
         "at/b/kernel": "k"}
# words, what the JSON holds at a path through it
ROWS = [
    (["list", "--json"], ["default"], "a"),     # mine is not set: entry 0
    (["list", "--json", "--var", "mine=b"], ["default"], "b"),
    (["list", "--json", "--var", "mine=1"], ["default"], "b"),
    (["list", "--json", "--var", "mine=S>0"], ["default"], "S>deep"),
    (["list", "--json", "--var", "mine=nosuch"], ["default"], "a"),
    (["list", "--json", "--config", "/other/grub.cfg"], ["entries", 0, "title"], "only"),
    (["list", "--json", "--config", "/other/grub.cfg"], ["loader", "config"], "/other/grub.cfg"),
    (["list", "--json", "--grub-flavour", "rh"], ["loader", "flavour"], "rh"),
    (["list", "--json", "--grub-flavour", "rh"], ["entries", 0, "cmdline"], "BOOT_IMAGE=/vmlinuz x\\x20y"),
    (["list", "--json", "--grub-flavour", "upstream"], ["entries", 0, "cmdline"], "BOOT_IMAGE=/vmlinuz xx20y"),
    (["list", "--json"], ["entries", 0, "initrds"], ["/i1", "/i2"]),
    (["list", "--json"], ["entries", 0, "bootable"], True),
    (["list", "--json"], ["entries", 0, "source"], {"kind": "grub", "file": "/boot/grub/grub.cfg", "line": 4}),
    (["show", "--json", "S>deep"], ["path"], ["S", "deep"]),
    (["eval-grub", "--json", "--firmware", "efi", "--var", "mine=b", "/script"], ["output"], "on efi, b\n"),
    (["eval-grub", "--json", "--firmware", "bios", "/script"], ["output"], "on pc, \n"),
    (["eval-grub", "--json", "--var", "mine=b", "/script"], ["default"], "b"),
    (["eval-grub", "--json", "--fs", "uuid:aa-bb=/at/b", "/searching"], ["entries", 0, "kernel"], "/at/b/kernel"),
    (["eval-grub", "--json", "--fs", "label:L=/at/b", "/labelled"], ["entries", 0, "kernel"], "/at/b/kernel"),
    (["eval-grub", "--json", "--fs", "dev:hd0,gpt2=/at/b", "/device"], ["entries", 0, "kernel"], "/at/b/kernel"),
]
SEARCHES = {"searching": "search --fs-uuid --set=root aa-bb\nmenuentry a { linux /kernel; }\n",
            "labelled": "search --label --set=root L\nmenuentry a { linux /kernel; }\n",
            "device": "menuentry a { linux (hd0,gpt2)/kernel; }\n"}
# Words that are refused, with the exit status.
REFUSED = [(["eval-grub"], 2), (["eval-grub", "/nosuch"], 1), (["list", "--config", "/nosuch/grub.cfg"], 1),
           (["list", "--firmware", "acpi"], 2), (["list", "--grub-flavour", "nosuch"], 2), (["list", "--fs", "x"], 2),
           (["list", "--var", "novalue"], 2), (["eval-grub", "/endless"], 1)]
ENDLESS = {"endless": "while true; do true; done\n", "growing": "a=x; while true; do a=$a$a; done\n",
           "recursive": "function f { f; }\nf\n", "sources": "source /sources\n",
           "entries": "while true; do menuentry a { true; }; done\n", "echoing": "while true; do echo aaaaaaaaaaaaaaaa; done\n",
           "nested": "if true; then " * 5000}


def complain(what):
    global bad
    bad += 1
    print(what)


def run(root, words, seconds=120):
    global n
    n += 1
    done = subprocess.run([program, words[0], "--root", root, *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=seconds)
    if done.returncode not in (0, 1, 2) or (done.returncode and not done.stderr) or b"Sanitizer" in done.stderr:
        complain(f"{words}: exit status {done.returncode}, {done.stderr[:300]!r}")
    return done


def shape(value, wanted, where):
    if wanted == TEXTS:
        if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
            complain(f"{where}: {value!r} is no list of strings")
    elif isinstance(wanted, dict):
        if not isinstance(value, dict) or set(value) != set(wanted):
            complain(f"{where}: members {sorted(value)}, documented {sorted(wanted)}")
        else:
            for key in wanted:
                shape(value[key], wanted[key], f"{where}.{key}")
    elif isinstance(wanted, list):
        for i, x in enumerate(value):
            shape(x, wanted[0], f"{where}[{i}]")
    elif not isinstance(value, wanted):
        complain(f"{where}: {value!r} is no {wanted}")


def consistent(menu, where):
    chosen = [e for e in menu["entries"] if e["default"]]
    if [e["id"] for e in chosen] != ([] if menu["default"] is None else [menu["default"]]):
        complain(f"{where}: default is {menu['default']!r}, entries say {[e['id'] for e in chosen]}")
    for e in menu["entries"]:
        if e["type"] not in TYPES or not e["path"] or e["path"][-1] != e["title"] or (e["bootable"] and not e["kernel"]):
            complain(f"{where}: {e}")


def snapshot(root):
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in sorted(pathlib.Path(root).rglob("*")) if p.is_file()}


def lay_out(root, files):
    for name, text in files.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())


for tree in sorted(here.iterdir()):
    extra = (tree / "arguments").read_text().splitlines() if (tree / "arguments").exists() else []
    menu = json.loads(run(tree / "root", ["list", "--json", *extra]).stdout)
    shape(menu, LIST, tree.name)
    consistent(menu, tree.name)
with tempfile.TemporaryDirectory() as root:
    lay_out(root, FILES | SEARCHES | ENDLESS)
    before = snapshot(root)
    for words, path, wanted in ROWS:
        done = run(root, words)
        value = got = json.loads(done.stdout or "{}")
        if words[0] != "show":
            shape(got, SCRIPT if words[0] == "eval-grub" else LIST, str(words))
        try:
            for step in path:
                value = value[step]
        except (KeyError, IndexError):
            value = None
        if value != wanted:
            complain(f"{words} {path}: {value!r}, expected {wanted!r}")
    for words, status in REFUSED:
        if run(root, words).returncode != status:
            complain(f"{words}: not exit status {status}")
    for name in ENDLESS:
        run(root, ["eval-grub", "/" + name])
    if snapshot(root) != before:
        complain("something changed below the root")
    rng = random.Random(1)
    words = CONFIG.encode().split() + b"{ } if then fi ; \n ' \" \\ $ ( ) done do while for in [ ]".split(b" ")
    for i in range(60):
        text = rng.randbytes(rng.randrange(20000)) if i % 2 else b" ".join(rng.choice(words) for _ in range(rng.randrange(3000)))
        lay_out(root, {"random": text})
        run(root, ["eval-grub", "--json", "/random"])
# Kilobytes; sanitizers keep freed memory for a while.
if resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss > 2 << 20:
    complain(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss} kB of memory")
print(f"{n} runs, {bad} complaints")
sys.exit(bad > 0)
