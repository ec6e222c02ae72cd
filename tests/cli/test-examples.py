#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""EXAMPLES of each man page: commands are run by the recorded commands on a captured machine, settings are read without a
complaint, the program in C is compiled without a warning and says in one line that there is no kernel.

What is typed to other programs is written down only."""
import importlib
import os
import pathlib
import subprocess
import sys

from documents import TREE, DocumentTest, fenced, section
from kexec_machine import main

sys.path.insert(0, str(TREE / "tests/vmcore"))
dumps = importlib.import_module("test-dump")

PAGES = sorted((TREE / "man").glob("*.scd"))
# Those that do not end with 0: the processor of the machine is emulated, which is a warning (D6).
EXITS = {"rapidreboot check": 8}
# Files with memory of a crashed machine.
DUMPS = ("var/crash/dump", "proc/vmcore", "tmp/guest.core")
# What is typed after a fast reboot.
AFTER_REBOOT = ("rapidreboot timeline", "rapidreboot status")


def examples(page):
    found = section(page.read_text(), "EXAMPLES")
    return fenced(*found) if found else []


class Examples(DocumentTest):
    def test_each_page_has_some(self):
        for page in PAGES:
            with self.subTest(page.name):
                self.assertNotEqual(examples(page), [])

    def run_block(self, page, block):
        if block.lines[0].startswith(AFTER_REBOOT):
            self.assertEqual(self.type("rapidreboot --yes").returncode, 0)
            self.next_boot(0xD0)
        (self.dir / "proc").mkdir()
        for place in DUMPS:
            (self.dir / place).write_bytes(dumps.machine(dumps.NEW)[0])
        for line, run in self.type_all(block, EXITS, page.name):
            self.assertNotIn("usage:", run.stderr)
            if "| jq" in line:
                self.assertNotIn(run.stdout.strip(), ("", "null"), line)

    def read_settings(self, page, block):
        """Each is a setting, and its value means something; one with a name that is no setting is told."""
        self.set("etc/rapidreboot.conf", "\n".join(block.lines) + "\n")
        run = self.type("rapidreboot check -v")
        self.assertNotRegex(run.stdout + run.stderr, r"rapidreboot\.conf:\d", page.name)
        self.set("etc/rapidreboot.conf", "\n".join(["X" + line for line in block.lines]) + "\n")
        run = self.type("rapidreboot check -v")
        self.assertIn("rapidreboot.conf:1: there is no setting X", run.stdout + run.stderr)

    def test_all(self):
        for page in PAGES:
            for block in examples(page):
                if page.name.startswith("libkexec"):
                    continue
                with self.subTest(f"{page.name}:{block.number}"):
                    self.doCleanups()
                    self.setUp()
                    if block.is_settings:
                        self.read_settings(page, block)
                    else:
                        self.run_block(page, block)

    def test_program(self):
        block, = examples(TREE / "man/libkexec.3.scd")
        text = "\n".join(block.lines).replace("\\\\n", "\\n").replace("/boot/", "/nonexistent/")
        source = self.dir / "example.c"
        source.write_text("#include <libkexec.h>\n#include <stdio.h>\nint main(void)\n{\n" + text + "\nreturn r < 0;\n}\n")
        compile_it = ["cc", "-Wall", "-Wextra", "-Werror", f"-I{TREE}/include", source]
        if "LIBKEXEC" not in os.environ:    # with sanitizers, which a program would have to be linked with as well
            subprocess.run([*compile_it, "-fsyntax-only"], check=True, timeout=120)
            return
        library = pathlib.Path(os.environ["LIBKEXEC"])
        subprocess.run([*compile_it, library, "-o", self.dir / "example", f"-Wl,-rpath,{library.parent}"], check=True,
                       timeout=120)
        run = subprocess.run([self.dir / "example"], capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, len(run.stderr.splitlines())), (1, 1), run.stderr)
        self.assertIn("/nonexistent/", run.stderr)


if __name__ == "__main__":
    main()
