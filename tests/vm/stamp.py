# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the clock stamping program of the virtual machines, and reads what it wrote.

The program is bench/stamp.c: it writes to QEMU's debug console, "-debugcon file:PATH".
"""

import os
import re
import subprocess
import threading
import time

import images


def build(folder):
    """Returns the path of the program."""
    return build_program(folder, "bench/stamp.c")


def build_program(folder, source):
    """Compiles a program for the guest; static where the C library can be linked so."""
    path = os.path.join(folder, os.path.basename(source)[:-2])
    argv = [os.environ.get("CC", "cc"), "-O2", "-D_GNU_SOURCE", "-I" + images.TOP + "/src",
            "-o", path, os.path.join(images.TOP, source)]
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


class Watch:
    """Sees by this host's clock when each line of growing files appears."""

    def __init__(self, *paths):
        self.paths, self.seen, self.counts = paths, {}, {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _look(self):
        for path in self.paths:
            try:
                with open(path, "rb") as file:
                    file.seek(self.counts.get(path, 0))
                    text = file.read()
            except FileNotFoundError:
                continue
            now = time.monotonic()
            whole = text[:text.rfind(b"\n") + 1]
            self.counts[path] = self.counts.get(path, 0) + len(whole)
            for line in whole.decode("ascii", "replace").splitlines():
                self.seen[re.sub(r" \d+$", "", line.strip())] = now

    def _run(self):
        while not self.over.wait(0.005):
            self._look()

    def stop(self):
        """{line without a number at its end: seconds}; the last of equal ones counts."""
        self.over.set()
        self.thread.join()
        self._look()
        return self.seen
