#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that a person gives to entries, and the questions of scripts: `rapidreboot show`.

show.py RAPIDREBOOT. Rows: tree of entries/, arguments, exit status, standard output (None: an id
that --json must show instead, given as the fifth column).
"""
import json, pathlib, subprocess, sys

MID = "4098b3f648d74c13b1f04ccfba7798e8"
ROWS = [
    ("systemd-boot", ["--default-kernel"], 0, f"/boot/{MID}/6.10.0/linux\n"),
    ("systemd-boot", ["--default-index"], 0, "0\n"),
    ("systemd-boot", ["--default-title"], 0, "Example OS 7\n"),
    ("systemd-boot-oneshot", ["--default-index"], 0, "3\n"),
    ("bootnext-windows", ["--default-kernel"], 1, ""),
    ("bootnext-windows", ["--default-index"], 1, ""),
    ("systemd-boot", ["--default-index", "x"], 2, ""),
    ("systemd-boot", ["--no-such-option"], 2, ""),
    ("systemd-boot", ["a", "b"], 2, ""),
    ("systemd-boot", ["no such entry"], 1, ""),
    # two entries have this title
    ("systemd-boot", ["Example OS 7"], 1, ""),
    ("systemd-boot", [], 0, None, f"{MID}-6.10.0.conf"),
    ("systemd-boot", ["default"], 0, None, f"{MID}-6.10.0.conf"),
    ("systemd-boot", ["latest"], 0, None, f"{MID}-6.10.0.conf"),
    ("systemd-boot", ["Old"], 0, None, "zz-old.conf"),
    ("systemd-boot", ["1"], 0, None, f"{MID}-6.9.1.conf"),
    ("systemd-boot", ["99"], 1, ""),
    ("limine", ["Others>Hidden"], 0, None, "Others>Hidden"),
    ("limine", ["linux"], 0, None, "Arch Linux>linux"),
    ("syslinux", ["more>deep"], 0, None, "deep"),
    ("directory-debian", ["latest"], 0, None, "/boot/vmlinuz-6.1.0-10-amd64"),
    # /proc/cmdline of the tree fits both kernels, no release is known: the first
    ("directory-modules", ["current"], 0, None,
     "/usr/lib/modules/6.5.10-300.fc39.x86_64/vmlinuz"),
    ("directory-arch", ["current"], 1, ""),
]

bad = 0
trees = pathlib.Path(__file__).parent / "entries"
for tree, arguments, status, out, *wanted in ROWS:
    command = [sys.argv[1], "show", "--root", trees / tree / "root", *(["--json"] if wanted else []),
               *arguments]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         timeout=60)
    got = (run.returncode, json.loads(run.stdout or "{}").get("id") if wanted else run.stdout)
    if got != (status, wanted[0] if wanted else out) or bool(run.stderr) != (status != 0):
        print(f"{tree} {arguments}: {got}, expected {(status, wanted or out)}; {run.stderr.strip()}")
        bad += 1
print(f"{len(ROWS)} rows, {bad} wrong")
sys.exit(bad > 0)
