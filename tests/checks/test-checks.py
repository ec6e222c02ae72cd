#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The checks of the tree fail when they should: each gets a small tree with one thing wrong."""
import pathlib
import platform
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
        self.write("README.md", "x\n")
        self.write("SECURITY.md", self.promises("`make demo`"))

    @staticmethod
    def promises(*commands):
        points = "".join(f"* **It is so.** And so. Shown by\n  {command}.\n" for command in commands)
        return f"# Security\n\n## What is promised\n\n{points}\n## What is not\n\n* **Anything.**\n"

    def test_promises(self):
        self.write("tests/vm/x.py", "")
        self.good("SECURITY.md", self.promises("`make demo`", "`meson test -C build/check/gcc a b`", "`tests/vm/x.py`"))

    def test_promise_without_a_test(self):
        for command in ("nobody", "`demo`", "`meson test`", "`src/x.c`"):
            self.write("src/x.c", "")
            self.bad("SECURITY.md", self.promises("`make demo`", command), "nothing shows the promise \"**It is so")

    def test_no_promises(self):
        self.bad("SECURITY.md", "# Security\n", "no list of promises")

    def test_test_of_a_promise(self):
        self.bad("SECURITY.md", self.promises("`tests/vm/nothing.py`"), "no such file")

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


class Architectures(Tree):
    check = "tests/checks/architectures.py"
    PAGE = "docs/adding-an-architecture.md"

    def setUp(self):
        super().setUp()
        self.write("src/base/arch.c", 'archs = {\n[A] = { "x86_64", true, 62 },\n[B] = { "aarch64", true, 183 },\n'
                   '[C] = { "riscv64", false, 243 },\n};\n')
        self.write("src/plan/aarch64/aarch64.c", "int plan_aarch64;\n")
        self.write("tests/unit/test-plan-arm64.c", "int aarch64;\n")
        self.rows = ["| `src/base/arch.c` | its line in `archs` | |",
                     "| `src/plan/NAME/NAME.c` | the planner | `tests/unit/test-plan-SHORT.c` |"]

    def page(self, *rows):
        return "\n".join([*self.rows, *rows, ""])

    def test_fine(self):
        self.write("src/vmcore/x86_64/a.c", "")
        self.good(self.PAGE, self.page("| `src/vmcore/NAME` | tables (where needed) | |"))

    def test_path(self):
        self.bad(self.PAGE, self.page("| `src/base/nothing.c` | x | |"), "src/base/nothing.c: no such file")
        self.bad(self.PAGE, self.page("| `src/lib/NAME/arch.c` | x | |"), "src/lib/NAME/arch.c: none for aarch64")
        self.bad(self.PAGE, self.page("| `src/vmcore/NAME` | tables (where needed) | |"), "none for aarch64")

    def test_of_a_supported_one(self):
        self.write("src/base/arch.c", 'archs\n{ { "x86_64", true, 62 }, = { "aarch64", true, 1 },\n= { "riscv64", true, 243 } };\n')
        self.bad(self.PAGE, self.page(), "src/plan/NAME/NAME.c: none for riscv64")

    def test_shown_by(self):
        self.bad(self.PAGE, self.page("| `src/base/arch.c` | x | `tests/unit/nothing.c` |"), "tests/unit/nothing.c: no such")

    def test_table_that_moved(self):
        self.bad(self.PAGE, self.page("| `src/base/arch.c` | in `other_table` | |"), "has no other_table")

    def test_forgotten(self):
        self.write("src/entry/a.c", "/* on arm64 */\nint n;\n")
        self.good(self.PAGE, self.page())
        self.write("src/entry/a.c", 'char name[] = "arm64";\n')
        self.bad(self.PAGE, self.page(), "src/entry/a.c: names an architecture")

    def test_empty(self):
        self.bad(self.PAGE, "nothing\n", "there is no table")


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

    FORKS = "#include <unistd.h>\nint kx_a(void) { return fork(); }\n"

    def objects(self, *names):
        folder = self.root / "libkexec-core.a.p"
        folder.mkdir()
        self.write("forks.c", self.FORKS)
        for name in names:
            subprocess.run(["cc", "-c", "-fPIC", "-o", folder / name, self.root / "forks.c"], check=True)

    def test_reader_forks(self):
        self.objects("confined_reader.c.o")
        self.library("", lib_c=self.FORKS)

    def test_another_forks(self):
        self.objects("confined_reader.c.o", "lib_part.c.o")
        self.library("fork must not be used by lib_part.c.o", lib_c=self.FORKS)

    def test_nobody_knows_who_forks(self):
        self.library("confined_reader.c.o is not among the objects", lib_c=self.FORKS)


class Hardened(Tree):
    """A small program and a static library of it, each with one thing left out."""

    CODE = """#include <string.h>
static char kept[64];
static const char *const at = kept;
int main(int argc, char **argv)
{
	char name[16];
	strcpy(name, argv[0]);
	return strlen(at) + name[argc];
}
"""
    COMPILE = ["-O2", "-fPIE", "-fstack-protector-strong", "-fcf-protection=full", "-U_FORTIFY_SOURCE",
               "-D_FORTIFY_SOURCE=2"]
    LINK = ["-pie", "-Wl,-z,relro", "-Wl,-z,now", "-Wl,-z,noexecstack"]

    def compiled(self, *more):
        self.write("a.c", self.CODE)
        subprocess.run(["cc", *self.COMPILE, *more, "-c", self.root / "a.c", "-o", self.root / "a.o"], check=True)
        archive = self.root / "room.a"
        archive.unlink(missing_ok=True)
        subprocess.run(["ar", "rcs", archive, self.root / "a.o"], check=True)
        return str(archive)

    def linked(self, *more):
        command = str(self.root / "command")
        subprocess.run(["cc", *self.LINK, *more, self.root / "a.o", "-o", command], check=True)
        return command

    def says(self, file, says):
        sys.path.insert(0, str(ROOT / "tests/checks"))
        import binaries
        found = binaries.failures([file])
        self.assertEqual([why for why in found if says and says not in why], [], found)
        self.assertEqual(bool(found), bool(says))

    def test_compiled_without(self):
        self.says(self.compiled(), "")
        self.says(self.compiled("-fno-stack-protector"), "no stack protector")
        self.says(self.compiled("-U_FORTIFY_SOURCE"), "no call that FORTIFY_SOURCE checks")

    def test_linked_without(self):
        self.compiled()
        self.says(self.linked(), "")
        self.says(self.linked("-no-pie"), "is not position independent")
        self.says(self.linked("-Wl,-z,lazy"), "is not bound at its start")
        self.says(self.linked("-Wl,-z,execstack"), "has an executable stack")
        self.says(self.linked("-Wl,-rpath,/tmp"), "has a library search path")
        self.says(self.linked("-Wl,--no-as-needed", "-lm"), "needs libm")
        self.says(self.linked("-Wl,-z,norelro"), "has no part that is read-only after relocation")

    @unittest.skipUnless(platform.machine() == "x86_64", "marks and relocations of x86_64")
    def test_x86_64(self):
        self.says(self.compiled("-fcf-protection=none"), "a.o is not marked with IBT, SHSTK")
        self.says(self.compiled("-fcf-protection=none", "-fcf-protection=branch"), "a.o is not marked with SHSTK")
        self.says(self.compiled("-fno-pie"), "a.o is not position independent")


class Abi(unittest.TestCase):
    """A header that is a little different from the recorded one, with the same library."""

    OLD = """#include <stddef.h>
#include <stdint.h>
#define KX_FLAG (UINT64_C(1) << 3)
enum kx_kind { KX_A, KX_B };
struct kx_fixed { int code; char text[12]; uint64_t reserved[2]; };
struct kx_sized { size_t size; const char *name, *other; int n; };
int kx_call(struct kx_sized *sized, const char *name);
const char *kx_version(void);
"""

    def found(self, was, now):
        sys.path.insert(0, str(ROOT / "tests/checks"))
        import abi
        self.assertIn(was, self.OLD)
        records = []
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "libkexec.h")
            for text in (self.OLD, self.OLD.replace(was, now)):
                path.write_text(text)
                functions, structs, enums = abi.parse(str(path))
                lines = [f"function {n} KX_1 {t}" for n, t in functions.items()]
                lines += abi.measure(str(path), structs, enums, abi.constants_of(str(path), enums))
                records.append(abi.read(lines))
        return list(abi.compare(*records))

    def bad(self, was, now, says):
        self.assertIn(says, "; ".join(self.found(was, now)))

    def good(self, was, now):
        self.assertEqual(self.found(was, now), [])

    def test_what_programs_bear(self):
        self.good("int n;", "int n; ")
        self.good("int n;", "int n; long more; long *and_more;")  # behind the old end
        self.good("uint64_t reserved[2];", "uint64_t new; uint64_t reserved[1];")
        self.good("KX_B }", "KX_B, KX_C }")
        self.good("int kx_call", "int kx_new(void);\nint kx_call")

    def test_what_they_do_not(self):
        self.bad("int kx_call", "int kx_renamed", "function kx_call is gone")
        self.bad("int kx_call(", "long kx_call(", "function kx_call is")
        self.bad("const char *name);", "char *name);", "function kx_call is")
        self.bad("const char *kx_version", "char *kx_version", "function kx_version is")
        self.bad("<< 3)", "<< 4)", "constant KX_FLAG is")
        self.bad("KX_A, KX_B", "KX_B, KX_A", "constant KX_A is")
        self.bad("*name, *other;", "*other, *name;", "field kx_sized.name is")
        self.bad("*other;", "*renamed;", "field kx_sized.other is gone")
        self.bad("int n;", "int n; int hole;", "field kx_sized.hole lies")
        self.bad("int n;", "unsigned n;", "field kx_sized.n is")
        self.bad("int n;", "", "field kx_sized.n is gone")
        self.bad("char text[12];", "char text[28];", "struct kx_fixed has")
        self.bad("reserved[2];", "reserved[2]; int more;", "struct kx_fixed has")


class Figures(Tree):
    check = "tests/checks/figures.py"
    FILES = ("README.md", "docs/speed.md", "docs/comparison.md", "docs/menu.svg", "docs/speed.svg", "tests/cli/screens/menu-80.txt",
             "tools/draw-screen.py")

    def setUp(self):
        super().setUp()
        for name in self.FILES:
            self.write(name, (ROOT / name).read_text())
        (self.root / "tools/draw-screen.py").chmod(0o755)

    def test_as_it_is(self):
        self.good("docs/other.md", "x\n")

    def test_other_figure(self):
        for name in ("README.md", "docs/comparison.md"):
            text = (ROOT / name).read_text()
            self.bad(name, text.replace("| 1.556 |", "| 1.456 |"), "1.456, measured was 1.556")
            self.bad(name, text.replace("8.365", "eight"), "eight, measured was 8.365")
            self.write(name, text)

    def test_other_screen(self):
        self.bad("tests/cli/screens/menu-80.txt", "x\n", "draws another one")

    def test_picture_that_fetches(self):
        self.bad("docs/menu.svg", '<svg><image href="x"/></svg>', "fetches something")

    def test_picture_that_nobody_sees(self):
        self.bad("docs/more.svg", "<svg/>", "more.svg is in no page")


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    skipped = len(result.skipped)
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 0 if result.wasSuccessful() and result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
