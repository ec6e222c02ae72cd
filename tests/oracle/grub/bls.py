# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boot Loader Specification files for GRUB 2.14's own blscfg.

grub-emu's blscfg looks at the machine's file system, so the files lie in a directory of this
machine: @host@ in names and texts becomes the directory that the run made.
"""
import itertools

import cases

FOLDER = "@host@/loader/entries"
FULL = ("title Debian one\nversion 6.1\nlinux /vmlinuz-6.1\ninitrd /i1\ninitrd /i2 $tuned_initrd\n"
        "options $kernelopts quiet\nid x\ngrub_users $grub_users\ngrub_arg --unrestricted\n"
        "grub_class kernel\nmachine-id m\nsort-key debian\narchitecture x64\n")


def conf(title, rest=""):
    return f"title {title}\nlinux /vmlinuz-{title.replace(' ', '')}\n{rest}"


# What one file may say: each is listed between two plain ones, and is the default.
FILES = {
    "full": FULL,
    "no title": "linux /k\noptions a b\n",
    "no linux": "title T\noptions a b\n",
    "no options": "title T\nlinux /k\n",
    "options twice": "title T\nlinux /k\noptions a\noptions b\n",
    "title twice": "title T\ntitle U\nlinux /k\nlinux /l\n",
    "tabs": "title\tT  U \t\nlinux\t/k\noptions\ta\tb \n",
    "blanks in front": "  title T\n\tlinux /k\n   options a\n",
    "blanks in the middle": "title    T\nlinux \t /k\noptions   a  b\n",
    "empty line": "title T\nlinux /k\n\noptions a\n",
    "empty line first": "\ntitle T\nlinux /k\n",
    "key alone": "title T\nlinux /k\nquiet\noptions a\n",
    "comments": "# c\ntitle T\n#linux /no\nlinux /k\noptions a # b\n",
    "carriage returns": "title T\r\nlinux /k\r\noptions a b\r\n",
    "no last newline": "title T\nlinux /k\noptions a b",
    "quotes": "title T\nlinux /k\noptions a=\"b c\" 'd e' f\\ g\n",
    "title with a quote": "title it's\nlinux /k\n",
    "variables": "title T\nlinux /k$x\ninitrd /i$x\noptions $x $unset ${x} \\$x a$x.b \"$x\"\n",
    "variables at the ends": "title $x\nlinux /k\noptions $x\n",
    "semicolon": "title T\nlinux /k\noptions a;b c\n",
    "devicetree": "title T\nlinux /k\ndevicetree /d\n",
    "many initrds": "title T\nlinux /k\n" + "".join(f"initrd /i{n}\n" for n in range(9)),
    "unknown keys": "title T\nnonsense a b\nlinux /k\nefi /e\n",
    "capital keys": "Title T\nLinux /k\n",
}
# How `options` is expanded: by hand, with its own idea of where a piece ends.
OPTIONS = ["a", "ab", "$x", "$x y", "y $x", "y $x z", "a$x", "$x$x", "$x.b", "$unset", "$unset a", "a $unset b", "${x}",
           "a \\$x b", "\"$x\"", "a\"$x\"b", "a$x.b c", "$x/$x", "$kernelopts", "$kernelopts quiet", "a ", " a", "a\tb",
           "$x\tb", "\\\\$x", "'$x'", "$", "$ a", "a$", "$1", "$kernelopts$kernelopts ab", "ab $kernelopts", "$x $kernelopts"]
# Names of files in one directory.
NAMES = {
    "versions": ["a-6.1.conf", "a-6.10.conf", "a-6.9.conf"],
    "machine id": ["00ff-6.1.0-1.conf", "00ff-6.1.0-10.conf", "00ff-6.1.0-9.conf", "00ff-0-rescue.conf"],
    "tilde and plus": ["a-1~rc1.conf", "a-1.conf", "a-1+2.conf", "a-1+3-1.conf"],
    "words": ["b.conf", "a.conf", "B.conf", "_.conf", "1.conf", "01.conf"],
    "no conf": ["a.conf", "b.CONF", "c.conf~", ".conf", ".d.conf", "e.conf.conf", "f"],
    "fc": ["id-5.3.7-301.fc31.x86_64.conf", "id-5.3.7-300.fc30.x86_64.conf", "id-5.10.1-1.fc31.x86_64.conf"],
}
DEFAULTS = [None, "0", "1", "2", "9", "a-6.10", "a-6.10.conf", "T a-6.9", "nosuch"]
WAYS = ["blscfg -p {}", "blscfg -p {}/", "blscfg --path {} -d", "blscfg -p {} -n", "blscfg -p {} -d -n",
        "blscfg -p {} -e a-6.9.conf", "blscfg -p {} -e a-6.9", "blscfg -p {} -e nosuch", "blscfg -p {} -f",
        "blscfg -p {}/nosuch -f", "blscfg {}", "blscfg -p {}; blscfg -p {}"]


def wrap(files, default, text="blscfg -p " + FOLDER, before=""):
    config = ("x=value\nkernelopts='root=/dev/sda1 ro'\n" + before + "menuentry first { linux /first }\n" + text
              + '\necho "status $?"\nmenuentry last { linux /last }\n')
    tree = {"/boot/grub/grub.cfg": config}
    tree.update({f"{FOLDER}/{name}": text for name, text in files.items()})
    return cases.wrap(tree, default)


def bls_cases():
    for (name, text), default in itertools.product(FILES.items(), ["1", "2", "3"]):
        yield f"bls-file-{name}-{default}", wrap({"a.conf": conf("A"), "b.conf": text, "c.conf": conf("C")}, default)
    for options in OPTIONS:
        yield f"bls-options-{options!r}", wrap({"b.conf": f"title T\nlinux /k\noptions {options}\n"}, "1")
    for name, names in NAMES.items():
        for default in range(1, len(names) + 1):
            yield f"bls-order-{name}-{default}", wrap({n: conf("T " + n) for n in names}, str(default))
    files = {n: conf("T " + n.removesuffix(".conf")) for n in NAMES["versions"]}
    for way, default in itertools.product(WAYS, DEFAULTS):
        # Where the command looks at the default, and where only the menu does.
        before = "" if default is None else f"default={cases.quote(default)}\n"
        yield f"bls-way-{way}-{default}", wrap(files, default, way.replace("{}", FOLDER), before)
    yield "bls-save-default", wrap(files, "1", before="blsuki_save_default=true\nfunction savedefault { echo saved; }\n")
    yield "bls-in-submenu", wrap(files, "1>1", "submenu S { blscfg -p " + FOLDER + "\n}")
