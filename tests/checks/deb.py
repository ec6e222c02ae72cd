#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `make deb` builds: control data, files, and what the package's scripts may not do.

    deb.py ROOT SCRATCH

Expected values are Debian's rules and the promises of README.md. That the packages can be installed,
upgraded and removed on running systems is shown by tests/systems.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

# What no script of a package may do: start a kernel, load one (unloading is no harm), restart anything, or run what init
# runs while going down.
FORBIDDEN = re.compile(r"kexec\b(?!-tools)|\b(?:cold)?reboot\b|shutdown|poweroff|\bhalt\b|\bload\b(?!\.)"
                       r"|\bhook\b|invoke-rc\.d|\binit\.d/\S+ (?:re)?st(?:art|op)|telinit|enable --now|systemctl (?!daemon-reload)"
                       r"|deb-systemd-invoke (?!stop)|rapidreboot (?!disable|unload)")
COMMANDS = ("kexec", "rapidreboot", "coldreboot", "vmcore-dmesg")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm")


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, ok, what):
        self.passed += bool(ok)
        self.failed += not ok
        if not ok:
            print(f"failed: {what}", flush=True)
        return ok


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


class Deb:
    def __init__(self, path, scratch):
        self.path = path
        self.data, self.control = scratch / path.stem / "data", scratch / path.stem / "control"
        for option, into in (("-x", self.data), ("-e", self.control)):
            shutil.rmtree(into, ignore_errors=True)
            into.mkdir(parents=True)
            subprocess.run(["dpkg-deb", option, path, into], check=True)

    def field(self, name):
        return output("dpkg-deb", "-f", self.path, name).strip()

    def names(self, name):
        """Packages in a field, without versions."""
        return {re.split(r"[\s(:]", part.strip())[0] for part in self.field(name).split(",") if part.strip()}


def script_lines(path):
    """Lines of a shell script that do something."""
    return [line.strip() for line in path.read_text().splitlines()
            if line.strip() and not line.strip().startswith("#")]


def check_commands(checks, deb):
    checks.check(deb.names("Depends") == {"libc6"}, f"Depends: {deb.field('Depends')}")
    # Debian's policy 7.8 and deb-src-control(5): source packages, each with its exact version
    built = re.findall(r"([a-z0-9+.-]+) \(= [^)]+\)(?:, |$)", deb.field("Static-Built-Using"))
    checks.check(built == ["bzip2", "device-tree-compiler", "glibc", "jansson", "libseccomp", "libzstd", "lz4", "util-linux", "xz-utils", "zlib"],
                 f"Static-Built-Using: {deb.field('Static-Built-Using')}")
    for name in ("Conflicts", "Replaces", "Provides"):
        checks.check("kexec-tools" in deb.names(name), f"{name}: {deb.field(name)}")
    for name in COMMANDS:
        path = deb.data / "usr/sbin" / name
        checks.check(path.is_file() and not path.is_symlink(), f"{name} is no regular file")
        checks.check((deb.data / f"usr/share/man/man8/{name}.8.gz").exists(), f"{name}: no man page")
    inside = {p.relative_to(deb.data) for p in deb.data.rglob("*") if p.is_file()}
    etc = {f"/{p}" for p in inside if p.parts[0] == "etc"}
    conffiles = set((deb.control / "conffiles").read_text().split())
    checks.check(etc and etc == conffiles, f"conffiles: {conffiles}, files in /etc: {etc}")
    local = [p for p in inside if "local" in p.parts or p.parts[0] not in ("etc", "usr")]
    checks.check(not local, f"in a wrong place: {local}")


def check_scripts(checks, deb):
    for name in SCRIPTS:
        path = deb.control / name
        if not path.exists():
            continue
        checks.check(script_lines(path)[0] == "set -e" or not script_lines(path), f"{name}: no set -e")
        # names of our own files are none of the words
        text = [re.sub(r"rapidreboot-(?:load|jump)(?:\.service)?", "OURS", line) for line in script_lines(path)]
        bad = [line for line in text if FORBIDDEN.search(line)]
        checks.check(not bad, f"{deb.path.name}: {name}: {bad}")
        syntax = subprocess.run(["sh", "-n", path], capture_output=True, text=True)
        checks.check(syntax.returncode == 0, f"{name}: {syntax.stderr}")
    stops = [line for name in SCRIPTS if (deb.control / name).exists()
             for line in script_lines(deb.control / name) if " stop " in line]
    checks.check(all(line.startswith("deb-systemd-invoke stop") for line in stops), f"stops: {stops}")


def main():
    root, scratch = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    # Meson has malloc(3) overwrite what it hands out, which is for our programs: compilers get slow by it.
    env = {name: value for name, value in os.environ.items() if name != "MALLOC_PERTURB_"}
    built = subprocess.run([root / "tools/make-deb", scratch], capture_output=True, text=True, env=env)
    checks = Checks()
    if checks.check(built.returncode == 0, f"tools/make-deb: {built.stderr}"):
        debs = {path.name.split("_")[0]: Deb(path, scratch / "unpacked")
                for path in (scratch / "deb").glob("*.deb") if "dbgsym" not in path.name}
        names = {"rapidreboot", "libkexec1", "libkexec-dev"}
        checks.check(set(debs) == names, f"packages: {sorted(debs)}")
        version = re.search(r"version : '(.*)'", (root / "meson.build").read_text())[1]
        for deb in debs.values():
            checks.check(deb.field("Version") == version, f"{deb.path.name}: meson.build has {version}")
            check_scripts(checks, deb)
        check_commands(checks, debs["rapidreboot"])
        linked = debs["rapidreboot"].field("Static-Built-Using")
        for source in ("glibc", "zlib", "xz-utils", "libzstd", "lz4", "bzip2", "device-tree-compiler", "jansson",
                       "libseccomp", "util-linux"):
            checks.check(re.search(rf"(^|, ){source} \(= [^)]+\)", linked), f"Static-Built-Using has {source}: {linked}")
        if shutil.which("lintian"):
            said = subprocess.run(["lintian", "--fail-on=error,warning", "--allow-root",
                                   *(scratch / "deb").glob("*.changes")], capture_output=True, text=True,
                                  env=env)
            # dpkg knows this field since 1.21.3, lintian of Debian 12 does not
            complaints = [line for line in said.stdout.splitlines() if line.startswith(("E:", "W:")) and
                          not line.endswith(": unknown-field Static-Built-Using")]
            checks.check(not complaints and (said.returncode == 0 or "unknown-field" in said.stdout),
                         f"lintian: {said.stdout}{said.stderr}")
    print(f"{checks.passed} passed, {checks.failed} failed, 0 skipped")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
