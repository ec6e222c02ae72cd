#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was linked into the commands, as a CycloneDX 1.5 bill of materials; run by the build.

  sbom.py VERSION NAME=VERSION...   the document, to standard output
  sbom.py --bzip2 CC [ARGUMENT...]  version of the static libbz2 that this compiler links

The document has no time and no serial number, so that the same tree gives the same bytes.
"""
import json
import pathlib
import re
import subprocess
import sys

# Licences as the projects themselves name them: SPDX identifiers, or a text where there is none.
LIBRARIES = {
    "zlib": ("zlib", {"id": "Zlib"}, "https://zlib.net/"),
    "liblzma": ("xz", {"name": "public domain (liblzma), since 5.6 0BSD"}, "https://tukaani.org/xz/"),
    "libzstd": ("zstd", {"id": "BSD-3-Clause"}, "https://facebook.github.io/zstd/"),
    "liblz4": ("lz4", {"id": "BSD-2-Clause"}, "https://lz4.org/"),
    "libfdt": ("dtc", {"id": "BSD-2-Clause"}, "https://github.com/dgibson/dtc"),
    "libseccomp": ("libseccomp", {"id": "LGPL-2.1-only"}, "https://github.com/seccomp/libseccomp"),
    "bz2": ("bzip2", {"id": "bzip2-1.0.6"}, "https://sourceware.org/bzip2/"),
    "jansson": ("jansson", {"id": "MIT"}, "https://github.com/akheron/jansson"),
    "blkid": ("util-linux", {"id": "LGPL-2.1-or-later"}, "https://github.com/util-linux/util-linux"),
}


def bzip2(compiler):
    """libbz2 has no pkg-config file and no macro; the library has "1.0.8, 13-Jul-2019" in it."""
    where = subprocess.run([*compiler, "-print-file-name=libbz2.a"], stdout=subprocess.PIPE, text=True,
                           check=True, timeout=60).stdout.strip()
    path = pathlib.Path(where)
    found = path.is_file() and re.search(rb"(\d+\.\d+\.\d+), \d+-\w+-\d{4}", path.read_bytes())
    return found[1].decode() if found else "unknown"


def component(word):
    name, version = word.split("=", 1)
    project, licence, url = LIBRARIES[name]
    return {"type": "library", "bom-ref": name, "name": name, "version": version,
            "licenses": [{"license": licence}], "purl": f"pkg:generic/{project}@{version}",
            "externalReferences": [{"type": "website", "url": url}]}


def document(version, words):
    parts = [component(word) for word in sorted(words)]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": {"component": {
                "type": "application", "bom-ref": "rapidreboot", "name": "rapidreboot",
                "version": version, "licenses": [{"license": {"id": "GPL-2.0-or-later"}},
                                                 {"license": {"id": "LGPL-2.1-or-later"}}]}},
            "components": parts,
            "dependencies": [{"ref": "rapidreboot", "dependsOn": [p["bom-ref"] for p in parts]}]}


def main():
    if sys.argv[1] == "--bzip2":
        print(bzip2(sys.argv[2:]))
    else:
        print(json.dumps(document(sys.argv[1], sys.argv[2:]), indent=2))


main()
