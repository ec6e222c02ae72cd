#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The recipes in packaging/ agree with the tree: version, options of meson, and the libraries of tools/install-deps.

    packaging.py ROOT BUILD
"""
import json
import pathlib
import re
import subprocess
import sys

import tally
from tally import check

# recipe -> column of tools/install-deps, what its system calls the version
RECIPES = {
    "rpm/rapidreboot.spec": (1, r"^Version:\s+(\S+)"),
    "alpine/APKBUILD": (2, r"^pkgver=(\S+)"),
    "arch/PKGBUILD": (3, r"^pkgver=(\S+)"),
    "void/template": (None, r"^version=(\S+)"),
    "gentoo/rapidreboot-VERSION.ebuild": (None, None),
    "nix/flake.nix": (None, r'version = "([^"]+)"'),
}
SUSE = 4
# In the base of every build, or needed by tests alone.
NOT_NAMED = re.compile(r"(binutils|make|glibc.*|musl-dev|linux-glibc-devel|gcc|pkgconf|pkg-config|(lib)?cmocka.*|-)$")
LIBRARIES = {"zlib1g-dev", "liblzma-dev", "libzstd-dev", "liblz4-dev", "libbz2-dev", "libfdt-dev", "libseccomp-dev",
             "libblkid-dev", "libjansson-dev"}


def needed(root, column):
    """What a build needs on one system, by the table of tools/install-deps."""
    names = set()
    for line in (root / "tools/install-deps").read_text().splitlines():
        words = line.split()
        if len(words) == 6 and words[0] == "build":
            names |= set(words[1:][column].split(","))
    return {name for name in names if not NOT_NAMED.match(name)}


def option_fits(option, value):
    if option["type"] == "combo":
        return value in option["choices"]
    if option["type"] == "array":
        return set(filter(None, value.split(","))) <= set(option["choices"])
    return option["type"] != "boolean" or value in ("true", "false")


def look(root, name, text, options):
    for option, value in re.findall(r"-D(\w+)=([\w,/-]*)", text):
        check(option in options and option_fits(options[option], value), f"{name}: no option -D{option}={value}")
    for option in re.findall(r"meson_(?:feature|use) (\w+)", text):
        check(option in options, f"{name}: no option {option}")
    check("-Dtests=false" in text, f"{name} builds the tests")
    check("kexec-tools" in text or name.startswith("nix"), f"{name} says nothing of kexec-tools")
    column = RECIPES[name][0]
    for number in (column, SUSE) if column == 1 else (column,) if column else ():
        words = set(re.split(r"[\s,=()\"]+", text))
        check(needed(root, number) <= words, f"{name} lacks {sorted(needed(root, number) - words)}")
    if not name.endswith((".spec", ".nix")):
        syntax = subprocess.run(["bash", "-n", root / "packaging" / name.replace("VERSION", version(root))],
                                capture_output=True, text=True, check=False)
        check(syntax.returncode == 0, f"{name}: {syntax.stderr}")


def version(root):
    return re.search(r"version : '(.*)'", (root / "meson.build").read_text())[1]


def main():
    root, build = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    options = {o["name"]: o for o in json.loads((build / "meson-info/intro-buildoptions.json").read_text())}
    for name, (_, pattern) in RECIPES.items():
        path = root / "packaging" / name.replace("VERSION", version(root))
        if not path.is_file():
            check(False, f"{path} is not there")
            continue
        text = path.read_text()
        found = re.search(pattern, text, re.M) if pattern else None
        check(not pattern or found and found[1] == version(root), f"{name}: version {found and found[1]}")
        look(root, name, text, options)
    others = {str(p.relative_to(root / "packaging")).replace(version(root), "VERSION")
              for p in (root / "packaging").rglob("*") if p.is_file()} - set(RECIPES) - {"README.md"}
    check(not others, f"recipes that nothing looks at: {sorted(others)}")
    check(needed(root, 0) >= LIBRARIES, "tools/install-deps was read wrongly")
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
