#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of the tree fail when they should: each gets a small tree with one thing wrong."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LGPL = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
GPL = "/* SPDX-License-Identifier: GPL-2.0-or-later */\n"


class Tree(unittest.TestCase):
    check = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_check(self):
        return subprocess.run([sys.executable, ROOT / self.check, self.root], text=True,
                              capture_output=True)

    def good(self, name, text):
        self.write(name, text)
        result = self.run_check()
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def bad(self, name, text, says):
        self.write(name, text)
        result = self.run_check()
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn(says, result.stdout)


class Layers(Tree):
    check = "tools/check-layers.py"

    def test_allowed(self):
        self.good("src/plan/a.c", '#include "image/image.h"\n#include "fundamental/bytes.h"\n')

    def test_upwards(self):
        self.bad("src/base/a.c", '#include "plan/plan.h"\n', "may not include plan/")

    def test_back_door(self):
        self.bad("src/cli/kexec/a.c", '#include "image/image.h"\n', "may not include image/")

    def test_other_command(self):
        self.bad("src/cli/kexec/a.c", '#include "cli/rapidreboot/x.h"\n', "cli/rapidreboot/")

    def test_tests(self):
        self.bad("src/sys/a.c", '#include "tests/fake/sys.h"\n', "may not include tests/")

    def test_no_folder(self):
        self.bad("src/sys/a.c", '#include "sys.h"\n', "without its folder")

    def test_by_architecture(self):
        self.write("src/purgatory/x86_64/io.h", "")
        self.good("src/purgatory/a.c", '#include "io.h"\n')

    def test_unknown_layer(self):
        self.bad("src/other/a.c", "\n", "no layer")

    def test_words_of_an_architecture(self):
        for word in ("int n_e820;", "void *boot_params;", "int port = COM1;", "bool has_sse4_2;",
                     "bool la57;", "struct bzimage b;", "int flag = RESET_VGA;"):
            self.bad("src/plan/a.c", word + "\n", "belongs in a folder of its architecture")
            self.write("src/plan/a.c", "/* the words bzImage and VGA in a comment */\n")
            self.good("src/plan/x86_64/a.c", word + "\n")

    def test_architecture(self):
        self.bad("src/plan/a.c", "#if defined(__x86_64__)\n#endif\n", "architecture")

    def test_architecture_in_sys(self):
        self.good("src/sys/a.c", "#ifdef __x86_64__\n#endif\n")

    def test_print(self):
        self.bad("src/plan/a.c", 'void f(void)\n{\n\tprintf("x");\n}\n', "uses printf")

    def test_print_in_comment(self):
        self.good("src/plan/a.c", '/* printf("x") */\nconst char *s = "exit(1)";\n')

    def test_stderr(self):
        self.bad("src/image/a.c", "void *f = stderr;\n", "uses stderr")

    def test_print_in_cli(self):
        self.good("src/cli/kexec/a.c", 'void f(void)\n{\n\tprintf("x");\n\texit(1);\n}\n')

    def test_empty(self):
        self.assertEqual(self.run_check().returncode, 1)


class Style(Tree):
    check = "tools/check-style.py"

    def test_fine(self):
        self.good("src/base/a.c", LGPL + "void f(void)\n{\n\tg();\n}\n")

    def test_no_licence(self):
        self.bad("src/base/a.c", "void f(void);\n", "no SPDX")

    def test_wrong_licence(self):
        self.bad("src/base/a.c", GPL, "this folder is LGPL")

    def test_wrong_licence_of_command(self):
        self.bad("src/cli/kexec/a.c", LGPL, "this folder is GPL")

    def test_long_file(self):
        self.bad("src/base/a.c", LGPL + "int x;\n" * 600, "601 lines")

    def test_long_function(self):
        body = "\tg();\n" * 101
        self.bad("src/base/a.c", LGPL + f"void f(void)\n{{\n{body}}}\n", "f() has 101 lines")

    def test_long_table(self):
        self.good("src/base/a.c", LGPL + "int t[] = {\n" + "\t1,\n" * 300 + "};\n")

    def test_median(self):
        body = "\tg();\n" * 16
        self.bad("src/base/a.c", LGPL + f"void f(void)\n{{\n{body}}}\n", "median")

    def test_unfinished(self):
        self.bad("src/base/a.c", LGPL + "/* TO" "DO: later */\n", "is marked")

    def test_merge(self):
        self.bad("debian/x.install", "etc\n" + "<" * 7 + " HEAD\nusr\n", "left of a merge")

    def test_script(self):
        self.bad("tools/x", "#!/bin/sh\necho\n", "no SPDX")


class Docs(Tree):
    check = "tests/checks/docs.py"

    def setUp(self):
        super().setUp()
        self.write("Makefile", "demo: x\n\techo\n")
        self.write("completions/kexec.opts", "-l --load | x\n--initrd=FILE | y\n")

    def test_fine(self):
        self.good("README.md", "`make demo` `completions/kexec.opts` [m](Makefile)\n"
                  "```\n# kexec --load --initrd=/x k\n```\n")

    def test_indented(self):
        self.bad("README.md", "Type\n\n    make nothing\n", "no such target")

    def test_target(self):
        self.bad("README.md", "`make nothing`\n", "no such target")

    def test_file(self):
        self.bad("README.md", "`tools/nothing`\n", "no such file")

    def test_link(self):
        self.bad("README.md", "[x](docs/nothing.md)\n", "not there")

    def test_option(self):
        self.bad("README.md", "```\n$ kexec --nothing k\n```\n", "no option --nothing")


class Symbols(Tree):
    FILES = {"lib.h": "int kx_a(void);\n", "lib.sym": "LIBKEXEC_1 { global: kx_a; local: *; };\n",
             "lib.c": "int kx_a(void) { return 0; }\n"}

    def library(self, says, **changed):
        """Builds a library of FILES with some of them changed, and expects the check to say so."""
        files = dict(self.FILES, **{k.replace("_", "."): v for k, v in changed.items()})
        for name, text in files.items():
            self.write(name, text)
        at = {name: self.root / name for name in files}
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.root / "lib.so", at["lib.c"],
                        f"-Wl,--version-script={at['lib.sym']}"], check=True)
        result = subprocess.run([sys.executable, ROOT / "tests/checks/symbols.py",
                                 self.root / "lib.so", at["lib.sym"], at["lib.h"]],
                                text=True, capture_output=True)
        self.assertEqual(result.returncode, 1 if says else 0, result.stdout + result.stderr)
        self.assertIn(says, result.stdout)

    def test_fine(self):
        self.library("")

    def test_prefix(self):
        self.library("f does not begin with kx_", lib_sym="V { global: kx_a; f; local: *; };\n",
                     lib_c=self.FILES["lib.c"] + "int f(void) { return 1; }\n")

    def test_undeclared(self):
        self.library("kx_b is exported but not declared",
                     lib_sym="V { global: kx_a; kx_b; local: *; };\n",
                     lib_c=self.FILES["lib.c"] + "int kx_b(void) { return 1; }\n")

    def test_missing(self):
        self.library("kx_b is declared in the header but not exported",
                     lib_h="int kx_a(void); int kx_b(void);\n")

    def test_prints(self):
        self.library("puts must not be used",
                     lib_c='#include <stdio.h>\nint kx_a(void) { return puts("x"); }\n')


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
