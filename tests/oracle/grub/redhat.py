#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Red Hat's `blscfg`, by the rules of its source, against ours.

  redhat.py GRUB-EVAL [--random N] [--from SEED] [--case PATTERN]

Red Hat's GRUB is in no Debian package. Its command makes menu entries of files: a title, an id, and a
text that is GRUB script. Here those rules (commands/blscfg.c of rhboot/grub2, branches fedora-41 to 45)
make the same entries as `menuentry --source`, and grub-emu says what they start; our interpreter reads
the files themselves. Prints TAP.
"""
import argparse
import fnmatch
import functools
import pathlib
import random
import re
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))
import cases  # noqa: E402
import emu    # noqa: E402
import run    # noqa: E402

FUNCTIONS = "function load_video { true; }\nfunction savedefault { echo saved; }\n" \
            'function devicetree { for arg in "$@"; do echo "@@devicetree <$arg>"; done; }\n'


# ---- the rules

def segments_compare(a, b):
    """vercmp(): 1 when @a is newer."""
    while a or b:
        a, b = re.sub(r"^[^A-Za-z0-9~+]+", "", a), re.sub(r"^[^A-Za-z0-9~+]+", "", b)
        for mark in "~+":
            if a[:1] == mark or b[:1] == mark:
                break
        else:
            mark = None
        if mark == "+" and (not a or not b):
            return 1 if a else -1
        if mark and a[:1] == b[:1]:
            a, b = a[1:], b[1:]
            continue
        if mark:
            return -1 if a[:1] == mark else 1
        if not a or not b:
            break
        is_number = a[0].isdigit()
        pattern = r"[0-9]*" if is_number else r"[A-Za-z]*"
        one, two = re.match(pattern, a).group(), re.match(pattern, b).group()
        if not two:
            return 1 if is_number else -1
        a, b = a[len(one):], b[len(two):]
        if is_number:
            one, two = one.lstrip("0"), two.lstrip("0")
            if len(one) != len(two):
                return 1 if len(one) > len(two) else -1
        if one != two:
            return 1 if one > two else -1
    return bool(a) - bool(b)


def package(name):
    """split_package_string(): name, version and release; what is missing is empty."""
    rest, dash, release = name.rpartition("-")
    if not dash:
        return name, "", ""
    first, dash, version = rest.rpartition("-")
    return (first, version, release) if dash else (rest, release, "")


def newer(a, b):
    return next(filter(None, map(segments_compare, package(a), package(b))), 0)


def parse(text):
    """read_entry(): pairs of key and value; a line without a value ends the file."""
    pairs = []
    for line in text.replace("\r", "").split("\n")[:None if not text.endswith("\n") else -1]:
        line = line.lstrip(" \t")
        if line.startswith("#"):
            continue
        at = line.find(" ") if " " in line else line.find("\t")
        if at < 0 or at + 1 == len(line):
            break
        pairs.append((line[:at], line[at + 1:].lstrip(" \t")))
    return pairs


def expand(value, variables):
    """expand_val() and field_append(): None for a text of nothing but an unset variable."""
    out, start, end, is_variable, at = None, 0, 0, False, 0

    def append():
        field = value[start:end + 1]
        if not is_variable:
            return (out or "") + field
        return out if field not in variables else (out or "") + variables[field] + " "

    while value is not None and at < len(value):
        char = value[at]
        if char == "$":
            if start != end:
                out = append()
                if out is None:
                    return None
            is_variable, start = True, at + 1
        elif is_variable and not re.match("[A-Za-z0-9_]", char):
            out = append()
            is_variable, start = False, at + (char == " ")
        if value[at:at + 2] == "\\$":
            at += 1
        end = at
        at += 1
    return append() if value is not None and start != end else out


def entry(name, pairs, variables):
    """create_entry_bls_config(): the arguments of `menuentry`."""
    def first(key):
        return next((value for k, value in pairs if k == key), None)

    def every(key):
        return [value for k, value in pairs if k == key]

    kernel, initrds = first("linux"), every("initrd")
    options = expand(first("options"), variables)
    if options is None:
        options = expand(variables.get("default_kernelopts"), variables)
    folder = kernel[:kernel.rfind("/") + 1]
    early = variables["early_initrd"].split(" ") if "early_initrd" in variables else []
    beside = initrds[0][:initrds[0].rfind("/") + 1] if initrds else folder
    tree = expand(first("devicetree"), variables)
    if tree is None and "devicetree" in variables:
        tree = folder + expand(variables["devicetree"], variables)
    text = "savedefault\n" if variables.get("save_default") == "true" else ""
    text += "load_video\nset gfxpayload=keep\ninsmod gzio\n"
    text += f"linux ($root){kernel}" + (f" {options}" if options else "") + "\n"
    if early or initrds:
        text += "initrd" + "".join(f" ($root){beside}{e}" for e in early)
        text += "".join(f" ($root){i}" for i in initrds) + "\n"
    text += f"devicetree ($root){tree}\n" if tree is not None else ""
    title = first("title") if first("title") is not None else kernel
    words = [title, *every("grub_arg")]
    return f"menuentry {' '.join(map(cases.quote, words))} --id {cases.quote(name)} --source {cases.quote(text)}\n"


def is_default(name, pairs, index, default):
    """is_default_entry(): by name, by title, or by the number that it begins with."""
    if default is None:
        return False
    titles = [value for key, value in pairs if key == "title"]
    number = re.match(r"\s*(-?)(0x[0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)", default)
    return (default == name or default in titles[:1]
            or bool(number) and int(number[2], 8 if re.match("0[0-7]", number[2]) else 0) * (-1 if number[1] else 1) == index)


def entries(files, commands, variables):
    """What the commands add to the menu, as script; each entry once."""
    names = sorted(files, key=functools.cmp_to_key(newer), reverse=True)
    texts, shown = [], set()
    for command in commands:
        argument = command.partition(" ")[2]
        out = ""
        for index, name in enumerate(names):
            pairs = files[name]
            chosen = is_default(name, pairs, index, variables.get("default"))
            if name in shown or not {"": True, "default": chosen, "non-default": not chosen}.get(argument, argument == name):
                continue
            shown.add(name)
            out += entry(name, pairs, variables) if any(key == "linux" for key, _ in pairs) else ""
        texts.append(out)
    return texts


# ---- configurations

NAMES = ("m-6.1.0-1", "m-6.10.0-1", "m-6.9.0-1", "m-6.9.0-10.fc41", "m-6.9.0-2.fc41.x86_64", "m-0-rescue", "n-6.1.0-1",
         "m-6.9.0~rc1-1", "m-6.9.0+2-1", "m-6.9.0a-1", "plain", "Plain", "one-2", "one-10", "x_y-1-1", "m-6.9.0-1.x+debug",
         "ffffffffffffffffffffffffffffffff-5.14.0-427.el9.x86_64", "ffffffffffffffffffffffffffffffff-5.14.0-70.el9.x86_64")
OPTIONS = ("ro quiet", "$kernelopts", "$kernelopts quiet", "$unset", "$unset $unset", "$unset a", "a $unset b", "$kernelopts$x",
           "root=/dev/sda1 $tuned_params", "memmap=64K\\$0x1f00000 quiet", "a\\$x $x", "$x", "$x.b", "a$x.b", "\"$x y\" z", "a='b c' $x",
           "$", "$ a", "a $", "$a", "a", "$unset$x", "$x$unset", "\\\\", "a\\ b", "a\tb", "a;b", "a#b", "$1", "$x_y $x", " lead", "trail ",
           "a{b}", "${x}", "a $x{b")
LINES = ("title T {n}", "title With  blanks {n} ", "version 6.1", "initrd /i-{n}.img", "initrd /boot/i-{n}.img $tuned_initrd",
         "initrd /a.img /b.img", "grub_arg one", "grub_arg two words", "grub_class kernel", "grub_users $grub_users", "id {n}", "# comment",
         "\ttabbed value", "devicetree /d-{n}.dtb", "devicetree $unset", "machine-id x", "architecture x64", "linux\t/tab {n}", "key", "")
VARIABLES = {"kernelopts": "root=/dev/vda2 ro", "x": "value", "tuned_params": "skew_tick=1 nohz=on", "tuned_initrd": "/tuned.img",
             "default_kernelopts": "root=/dev/vda9 $x", "early_initrd": "early.cpio", "devicetree": "other.dtb", "save_default": "true"}
DEFAULTS = (None, "0", "1", "2", "1>0", "1a", "m-6.10.0-1", "T m-6.9.0-1", "nosuch", "plain", "-1", "0x1", "01")
COMMANDS = (["blscfg"],) * 6 + (["blscfg default", "blscfg non-default"], ["blscfg non-default"], ["blscfg default"], ["blscfg", "blscfg"],
                                ["blscfg m-6.10.0-1", "blscfg"], ["blscfg nosuch"])


def text_of(rand, name):
    lines = [rand.choice(LINES).replace("{n}", name) for _ in range(rand.randrange(5))]
    if rand.random() < 0.9:
        lines.append(f"linux {rand.choice(['/', '/boot/', '/m/'])}vmlinuz-{name}")
    for _ in range(rand.choice((0, 1, 1, 1, 2))):
        lines.append("options" + rand.choice((" ", "  ", "\t ")) + rand.choice(OPTIONS))
    if rand.random() < 0.6:
        rand.shuffle(lines)
    end = rand.choice(("\n", "\n", "\n", "\r\n"))
    return end.join(lines) + rand.choice((end, end, ""))


def random_case(seed):
    """Name, files for GRUB, files for us."""
    rand = random.Random(seed)
    names = rand.sample(NAMES, rand.randrange(1, 6))
    texts = {name: text_of(rand, name) for name in names}
    variables = {name: value for name, value in VARIABLES.items() if rand.random() < (0.7 if len(name) < 14 else 0.3)}
    for name in ("devicetree", "save_default", "early_initrd"):
        if rand.random() < 0.6:
            variables.pop(name, None)
    if "early_initrd" in variables and rand.random() < 0.4:
        variables["early_initrd"] = rand.choice(("a.cpio b.cpio", "a.cpio  b.cpio", "a.cpio "))
    default, commands = rand.choice(DEFAULTS), rand.choice(COMMANDS)
    if default is not None:
        variables["default"] = default
    made = entries({name: parse(text) for name, text in texts.items()}, commands, variables)
    before = FUNCTIONS + "".join(f"set {name}={cases.quote(value)}\n" for name, value in variables.items())
    before += "menuentry first { linux /first }\n"
    after = "menuentry last { linux /last }\n"
    start = str(rand.randrange(len(names) + 2))
    trees = []
    for middle in ("".join(made), "".join(command + "\n" for command in commands)):
        tree = {"/boot/grub/grub.cfg": before + middle + after}
        tree.update({f"/loader/entries/{name}.conf": text for name, text in texts.items()})
        trees.append(cases.wrap(tree, start))
    return f"blscfg-{seed}", trees[0], trees[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("grub_eval")
    parser.add_argument("--random", type=int, default=400)
    parser.add_argument("--from", type=int, default=0, dest="first")
    parser.add_argument("--case", metavar="PATTERN", default="*")
    options = parser.parse_args()
    if not emu.fetch("sid"):
        print("1..0 # SKIP grub-emu is not to be had here")
        return 0
    excused, bad, n = run.known("redhat"), 0, 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        grub = emu.Grub("sid", work)
        for seed in range(options.first, options.first + options.random):
            name, theirs, ours = random_case(seed)
            if not fnmatch.fnmatchcase(name, options.case):
                continue
            n += 1
            lines = run.compare(grub, options.grub_eval, theirs, work, ours, "--flavour", "rh")
            bad += bool(lines) and name not in excused
            print(f"{'not ok' if lines else 'ok'} {n} - {name}" + (f" # {'TO' + 'DO'} {excused[name]}" if lines and name in excused else ""), flush=True)
            for line in lines:
                print(f"# {line}")
    print(f"1..{n}\n# {bad} disagreements in {n} cases")
    return 1 if bad or not n else 0


if __name__ == "__main__":
    sys.exit(main())
