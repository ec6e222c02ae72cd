#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the tree with each option for packagers, and looks at what came out.

    variants.py ROOT [NAME...]

The builds are clean copies, so that nothing of the tree's own build is changed.
"""
import gzip
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import clean_tree
import tally
from tally import check

COMMANDS = ("kexec", "rapidreboot", "coldreboot", "vmcore-dmesg")
DECODERS = {"lzma": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x02\x21\x4c\x18", "bzip2": b"BZh9"}
LIBRARIES = {"libjansson", "libblkid", "libz", "liblzma", "libzstd", "liblz4", "libbz2", "libseccomp"}


def output(*command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, timeout=60, errors="replace")
    return result.returncode, result.stdout


def needed(program):
    """Names of the shared libraries that a program asks for, without versions."""
    return {m[1] for m in re.finditer(r"NEEDED.*\[([\w.+-]+?)\.so", output("readelf", "-dW", program)[1])}


def build(source, name, options):
    """What is installed below the folder that this returns, or None when it was not built."""
    place, out = source / "build" / name, source / "build" / (name + ".out")
    for command in (["meson", "setup", place, source, "--werror", "-Dtests=false", "--prefix=/usr", *options],
                    ["ninja", "-C", place, "--quiet"],
                    ["meson", "install", "-C", place, "--quiet", "--destdir", out]):
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, timeout=3600,
                                env={**os.environ, "CC": "gcc"})
        if result.returncode:
            check(False, f"{name}: {' '.join(map(str, command))}: {result.stdout[-2000:]}")
            return None
    return out / "usr"


def check_refusal(kexec, scratch, decoder):
    """A packed kernel is refused by the name of its format where its decoder was left out."""
    kernel = scratch / f"kernel.{decoder}"
    kernel.write_bytes(DECODERS[decoder] + bytes(4096))
    status, text = output(kexec, "-c", "-l", "--dry-run", str(kernel))
    check(status == 255 and f"{kernel.name}: compressed with" in text and "not built in" in text,
          f"{decoder}: {status} {text}")


def libc(source, scratch):
    usr = build(source, "libc", [])
    for name in COMMANDS if usr else ():
        check(needed(usr / "sbin" / name) <= {"libc", "ld-linux-x86-64"}, f"libc: {name} needs other libraries")
    check(usr and (usr / "libexec/rapidreboot/rapidreboot-capture").is_file(), "libc: no program for a crash")


def shared(source, scratch):
    usr = build(source, "shared", ["-Dlinkage=shared"])
    if usr:
        check(needed(usr / "sbin/kexec") >= LIBRARIES, f"shared: kexec needs {needed(usr / 'sbin/kexec')}")
        check(output(usr / "sbin/kexec", "--version")[0] == 0, "shared: kexec --version")
        check(not (usr / "libexec/rapidreboot/rapidreboot-capture").exists(), "shared: a program for a crash")


def static(source, scratch):
    usr = build(source, "static", ["-Dlinkage=static"])
    for name in COMMANDS if usr else ():
        check(not needed(usr / "sbin" / name), f"static: {name} needs {needed(usr / 'sbin' / name)}")
        check("INTERP" not in output("readelf", "-lW", usr / "sbin" / name)[1], f"static: {name} has a loader")
        check(output(usr / "sbin" / name, "--version")[0] == 0, f"static: {name} --version")


def decoders(source, scratch):
    """All decoders but zlib left out: their formats are refused, gzip is not."""
    usr = build(source, "decoders", [*(f"-D{name}=disabled" for name in DECODERS), "-Dseccomp=disabled"])
    if not usr:
        return
    named = output(usr / "sbin/rapidreboot", "--version", "-v")[1]
    check("zlib" in named and not re.search("liblzma|zstd|lz4|bz2|seccomp", named), f"decoders: {named}")
    for decoder in DECODERS:
        check_refusal(usr / "sbin/kexec", scratch, decoder)
    packed = scratch / "kernel.gz"
    packed.write_bytes(gzip.compress(b"no kernel" * 1000))
    status, text = output(usr / "sbin/kexec", "-c", "-l", "--dry-run", str(packed))
    check(status != 0 and "not built in" not in text, f"gzip: {text}")


def small(source, scratch):
    """Without man pages, completions and desktop entries only these are missing."""
    everything, fewer = build(source, "everything", []), build(source, "small", [
        "-Dman=false", "-Dcompletions=false", "-Ddesktop=false"])
    if not everything or not fewer:
        return
    missing = {str(p.relative_to(everything)) for p in everything.rglob("*") if p.is_file()} - {
        str(p.relative_to(fewer)) for p in fewer.rglob("*") if p.is_file()}
    optional = re.compile(r"share/(man|bash-completion|zsh|fish|polkit-1|applications)/|"
                          r"libexec/rapidreboot/(desktop|quick)-reboot$")
    check(missing and all(optional.match(p) for p in missing), f"small: {sorted(missing)}")
    kinds = {optional.match(p)[0].split("/")[1] for p in missing}
    check(kinds == {"man", "bash-completion", "zsh", "fish", "polkit-1", "applications", "rapidreboot"}, f"{kinds}")


def required(source, scratch):
    """A decoder that is asked for and is not there ends the configuration."""
    folder = scratch / "pkgconfig"
    folder.mkdir()
    for place in output("pkg-config", "--variable", "pc_path", "pkg-config")[1].strip().split(":"):
        for known in pathlib.Path(place).glob("*.pc"):
            if known.name != "libzstd.pc" and not (folder / known.name).exists():
                (folder / known.name).symlink_to(known)
    result = subprocess.run(["meson", "setup", source / "build/required", source, "-Dtests=false", "-Dzstd=enabled"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            timeout=600, env={**os.environ, "CC": "gcc", "PKG_CONFIG_LIBDIR": str(folder)})
    check(result.returncode != 0 and "libzstd" in result.stdout, f"required: {result.stdout[-500:]}")


VARIANTS = {f.__name__: f for f in (libc, shared, static, decoders, small, required)}


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    unknown = set(sys.argv[2:]) - VARIANTS.keys()
    if unknown:
        sys.exit(f"variants: no {', '.join(sorted(unknown))}; there are {', '.join(VARIANTS)}")
    with tempfile.TemporaryDirectory(prefix="variants.") as folder:
        scratch = pathlib.Path(folder)
        clean_tree.copy(root, scratch / "tree")
        for name in sys.argv[2:] or VARIANTS:
            VARIANTS[name](scratch / "tree", scratch)
    return tally.end()


if __name__ == "__main__":
    sys.exit(main())
