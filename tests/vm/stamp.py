# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the clock stamping program of the virtual machines, and reads what it wrote.

The program is bench/stamp.c: it writes to QEMU's debug console, "-debugcon file:PATH".
"""

import os
import re
import subprocess

import images


def build(folder):
    """Returns the path of the program; static where the C library can be linked so."""
    path = os.path.join(folder, "stamp")
    argv = [os.environ.get("CC", "cc"), "-O2", "-D_GNU_SOURCE", "-I" + images.TOP + "/src",
            "-o", path, os.path.join(images.TOP, "bench/stamp.c")]
    if subprocess.run(argv + ["-static"], capture_output=True, check=False,
                      timeout=120).returncode:
        subprocess.run(argv, check=True, timeout=120)
    return path


def read(path):
    """{label: time-stamp counter} of a debug console's file; the last of a label counts."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return {}
    return {label: int(clock) for label, clock in re.findall(r"(?m)^(\S+) (\d+)$", text)}
