#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bill of materials and `rapidreboot --version -v` name what is linked in, all of it, and its version.

    linked.py BUILD PROGRAM BOM

What is linked in is what the linker was given, by the build's own file; versions are those that each
library itself says at run time.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile

# archive -> name in the lists, and a C expression for its version
LIBRARIES = {
    "libz.a": ("zlib", "zlib.h", "zlibVersion()"),
    "liblzma.a": ("liblzma", "lzma.h", "lzma_version_string()"),
    "libzstd.a": ("libzstd", "zstd.h", "ZSTD_versionString()"),
    "liblz4.a": ("liblz4", "lz4.h", "LZ4_versionString()"),
    "libbz2.a": ("bz2", "bzlib.h", "BZ2_bzlibVersion()"),
    "libfdt.a": ("libfdt", "libfdt.h", '"unknown"'),     # it does not say
    "libseccomp.a": ("libseccomp", "seccomp.h", "seccomp_version_of()"),
    "libjansson.a": ("jansson", "jansson.h", "jansson_version_str()"),
    "libblkid.a": ("blkid", "blkid/blkid.h", "blkid_version_of()"),
}
BLKID = ("static const char *blkid_version_of(void)\n"
         "{ const char *v, *d; blkid_get_library_version(&v, &d); return v; }\n")
SECCOMP = ("static const char *seccomp_version_of(void) { const struct scmp_version *v = seccomp_version();\n"
           "static char s[32]; snprintf(s, sizeof(s), \"%u.%u.%u\", v->major, v->minor, v->micro); return s; }\n")
PRELUDES = {"blkid": BLKID, "libseccomp": SECCOMP}
# They have no version of their own: libuuid comes with libblkid.
SILENT = {"libuuid.a"}


def archives(build):
    """Libraries of others that the linker takes into rapidreboot."""
    text = (build / "build.ninja").read_text().replace("$\n", "")
    rule = re.search(r"^build src/cli/rapidreboot/rapidreboot: .*\n((?: .*\n)*)", text, re.M)[1]
    return {pathlib.Path(word).name for word in re.findall(r"\s(/\S+\.a)\b", rule)} - SILENT


def version_by_running(name, header, expression):
    archive = next(a for a, row in LIBRARIES.items() if row[0] == name)
    source = (f"#include <stdio.h>\n#include <{header}>\n"
              f"{PRELUDES.get(name, '')}int main(void) {{ puts({expression}); return 0; }}\n")
    with tempfile.TemporaryDirectory() as folder:
        program = f"{folder}/version"
        subprocess.run(["cc", "-w", "-x", "c", "-", "-o", program, f"-l:{archive}"], input=source, text=True,
                       check=True, timeout=60)
        return subprocess.run([program], stdout=subprocess.PIPE, text=True, check=True,
                              timeout=60).stdout.strip().split(",")[0]  # bzip2: and a date


def main():
    build, program, bom = sys.argv[1:]
    document = json.loads(pathlib.Path(bom).read_text())
    listed = {c["name"]: c["version"] for c in document["components"]}
    said = subprocess.run([program, "--version", "-v"], stdout=subprocess.PIPE, text=True, check=True,
                          timeout=60).stdout.splitlines()[1:]
    linked = archives(pathlib.Path(build))
    bad = [f"{a} is linked in, and this check does not know it" for a in linked - set(LIBRARIES)]
    if len(linked) < 5:
        bad.append(f"only {sorted(linked)} seem to be linked in")
    names = {LIBRARIES[a][0] for a in linked if a in LIBRARIES}
    if names != set(listed):
        bad.append(f"linked in are {sorted(names)}, listed {sorted(listed)}")
    if sorted(said) != sorted(f"{name} {version}" for name, version in listed.items()):
        bad.append(f"--version -v says {said}, the list {listed}")
    for name, header, expression in (row for a, row in LIBRARIES.items() if a in linked):
        version = version_by_running(name, header, expression)
        if listed.get(name) != version:
            bad.append(f"{name} says that it is {version}, the list {listed.get(name)}")
    print("\n".join(bad))
    print(f"{len(linked)} passed, {len(bad)} failed, 0 skipped" if not bad else
          f"0 passed, {len(bad)} failed, 0 skipped")
    return 1 if bad else 0


sys.exit(main())
