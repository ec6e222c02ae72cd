#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is loaded already is not loaded again, and only when it is certain to be the same."""
import gzip
import json
from pathlib import Path

from kexec_machine import main
from reboot_machine import cpio
from when_machine import LOADED, REQUEST, SYMBOL, SYMBOLS, PackedTest, kcore

ASKED = "run /usr/bin/systemctl kexec"
KEPT = "run/rapidreboot/kexec-image"
HIDDEN = f"{0:016x} B kexec_image\n"  # kernel.kptr_restrict


class Same(PackedTest):
    def setUp(self):
        super().setUp()
        self.set("proc/kallsyms", SYMBOLS)
        self.assertRuns(["load"], 0, ["load"])
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.hold(self.entry())

    def entry(self):
        return int(self.line(LOADED, "start"))

    def hold(self, entry):
        """The kernel holds an image that is entered there."""
        (self.root / "proc/kcore").write_bytes(kcore(entry))

    def test_load(self):
        before = self.read(LOADED)
        r = self.assertRuns(["load"], 0, [])
        self.assertIn("rapidreboot: Test, Linux 6.1.0-test (copy) is loaded already: ", r.err)
        self.assertEqual(self.read(LOADED), before)
        self.assertTrue(json.loads(self.assertRuns(["load", "--json"], 0, []).out)["already"])
        # what it would do is still shown
        self.assertNotIn("already", self.assertRuns(["load", "--dry-run"], 0, []).err)

    def test_reboot(self):
        self.assertRuns(["-y"], 0, [ASKED])
        self.assertEqual(self.line(REQUEST, "digest"), self.line(LOADED, "digest"))
        self.assertIsNone(self.line(REQUEST, "choice"))
        self.assertEqual(json.loads(self.assertRuns(["timeline", "--json"], 0).out)[-1]["rung"], "copy")
        r = self.assertRuns(["hook", "load"], 0, env={"FAKE_OUTPUT": "12 kexec.target start waiting\n"})
        self.assertIn("a kernel is loaded already", r.err)
        self.assertNotIn("load", r.calls)

    def take_memory(self):
        """The first range above 4 GiB is a page shorter."""
        for path in (self.root / "sys/firmware/memmap").glob("*/end"):
            if path.read_text() == "0x1ffffffff\n":
                path.write_text("0x1ffffefff\n")
        before = self.read("proc/iomem")
        self.set("proc/iomem", before.replace("100000000-1ffffffff", "100000000-1ffffefff"))
        self.assertNotEqual(self.read("proc/iomem"), before)

    def changes(self):
        """Name, and what makes the loaded image another one than is wanted."""
        initrd = Path(self.initrd).read_bytes()
        note = self.read(LOADED)
        yield "another image", lambda: self.hold(self.entry() + 4096), []
        yield "no image", lambda: self.hold(0), []
        yield "unloaded", lambda: self.set("sys/kernel/kexec_loaded", "0\n"), []
        yield "symbols are hidden", lambda: (self.set("proc/kallsyms", HIDDEN),
                                             (self.root / KEPT).unlink(missing_ok=True)), []
        yield "another boot", lambda: self.set("proc/sys/kernel/random/boot_id",
                                               "4f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17\n"), []
        yield "a note that others wrote", lambda: (self.root / LOADED).chmod(0o666), []
        yield "no number", lambda: self.set(LOADED, "".join(
            line for line in note.splitlines(True) if not line.startswith("same "))), []
        yield "written anew", lambda: self.set_initrd(initrd), []
        yield "other files", lambda: self.set_initrd(gzip.compress(cpio("init"))), []
        yield "less memory", self.take_memory, []
        yield "other words", lambda: None, ["--append", "debug"]
        yield "a diet", lambda: None, ["--diet"]
        yield "another entry", lambda: None, ["Second"]

    def test_changed(self):
        """Each change by itself: it is loaded again."""
        for i, name in enumerate([name for name, _, _ in self.changes()]):
            with self.subTest(name):
                self.tearDown()
                self.setUp()
                _, change, words = list(self.changes())[i]
                change()
                r = self.run_it("load", *words)
                self.assertEqual(r.rc, 0, r.err)
                self.assertIn("load", r.calls)
                self.assertNotIn("already", r.err)

    def test_not_unpacked(self):
        """An image that is loaded as it is may have become a faster one by now."""
        for words in (["--safe", "--kexec-syscall"], ["--kexec-file-syscall"]):
            r = self.assertRuns(["load", *words], 0)
            self.assertTrue(set(r.calls) & {"load", "file-load"}, r.calls)
            self.assertIsNone(self.line(LOADED, "same"))
            self.hold(self.entry() if self.line(LOADED, "start") else 0)
            self.assertNotEqual(self.assertRuns(["load", *words], 0).calls, [])

    def test_kept_address(self):
        """The address of the kernel's pointer is found once a boot."""
        self.assertRuns(["load"], 0, [])
        self.assertEqual((self.root / KEPT).stat().st_mode & 0o777, 0o600)
        self.set("proc/kallsyms", HIDDEN)
        self.assertRuns(["load"], 0, [])
        text = self.read(KEPT)
        for bad in (text.replace("3f2a", "4f2a"), text.strip(), text + "x", "", text.split()[0] + " 0\n",
                    text.replace(" ", " g")):
            self.set(KEPT, bad)
            self.assertRuns(["load"], 0, ["load"])
            self.hold(self.entry())
        self.set(KEPT, text)
        (self.root / KEPT).chmod(0o644)
        self.assertRuns(["load"], 0, ["load"])

    def test_kept_by_boot(self):
        """Nobody waits when the machine has started."""
        (self.root / KEPT).unlink(missing_ok=True)
        self.assertRuns(["hook", "boot"], 0)
        self.assertEqual(self.read(KEPT), f"3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17 {SYMBOL:x}\n")


if __name__ == "__main__":
    main()
