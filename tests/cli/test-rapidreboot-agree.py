#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check, --dry-run, load and rapidreboot come to the same findings and the same end, on every captured
machine and every entry tree: as they are, and with kernels and initrds that can be loaded."""
import json
import os
import pathlib
import re
import shutil

from kexec_machine import MACHINES, bzimage, main
from reboot_machine import RebootTest, cpio

TREES = MACHINES.parent / "entries"
COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"
FAST = "run /usr/bin/systemctl kexec"
# What --dry-run, load and rapidreboot return when check returns this (rapidreboot(8), EXIT STATUS).
ENDS = {0: (0, 0, 0), 8: (0, 0, 0), 7: (7, 7, 0), 3: (3, 3, 3), 1: (1, 1, 1)}


class Agree(RebootTest):
    def take(self, machine, tree=None):
        """That machine with the files of the tree, as if it ran here."""
        self.take_machine(machine)
        if tree:
            shutil.copytree(TREES / tree / "root", self.root, symlinks=True, dirs_exist_ok=True)
        for path in self.root.rglob("*"):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() else 0o644)
        self.set("proc/sys/kernel/random/boot_id", "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17\n")
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.set_unloaded()
        (self.root / "run").mkdir(exist_ok=True)
        self.take_init("systemd")

    def arguments(self, tree):
        file = TREES / tree / "arguments"
        return file.read_text().split("\n")[:-1] if file.exists() else []

    def inside(self, path):
        """A path of the machine as it is here, with its links followed inside the machine."""
        root, at = os.path.realpath(self.root), "/"
        for name in path.split("/"):
            whole = os.path.normpath(root + os.path.join(at, name))
            if os.path.islink(whole):
                target = os.readlink(whole)
                whole = os.path.normpath(os.path.join(root + at, target)
                                         if not target.startswith("/") else root + target)
            at = whole[len(root):] or "/"
        return pathlib.Path(root + at)

    def make_loadable(self, args):
        """Kernels, initrds and modules that a reboot takes, in the place of those of the entries."""
        listed = self.run_it("list", "--json", *args)
        if listed.rc:
            return
        for entry in json.loads(listed.out)["entries"]:
            if entry["type"] != "linux":
                continue
            for path, data in ([(entry["kernel"], bzimage())] +
                               [(i, cpio("init", "lib/modules/6.1.0-test/modules.dep"))
                                for i in entry["initrds"]]):
                file = self.inside(path) if isinstance(path, str) else None
                if file and file.is_file():
                    file.write_bytes(data)
        self.set("lib/modules/6.1.0-test/modules.dep", "")

    def findings(self, err):
        return sorted(set(re.findall(r"^([A-Z]\d+) +(?:warning|cold|refuse) ", err, re.M)))

    def compare(self, *args):
        """Every command with these arguments; returns the status of check."""
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        r = self.run_it("check", "--json", *args)
        data = json.loads(r.out)
        found = sorted(c["id"] for c in data["checks"]
                       if c["status"] == "finding" and c["severity"] != "note")
        self.assertEqual(data["exit_status"], r.rc)
        self.assertIn(r.rc, ENDS, r.err)
        self.assertEqual(data["outcome"], {0: "clear", 8: "warnings", 7: "cold"}.get(r.rc, "refused"))
        self.assertEqual(r.calls, [])
        for words, rc in zip((["-n"], ["load"], ["-y"]), ENDS[r.rc]):
            self.set_unloaded()
            self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
            shutil.rmtree(self.root / "run/rapidreboot", ignore_errors=True)
            done = self.run_it(*words, *args)
            context = (words, args, data["reason"], data["error"], found, done.out, done.err)
            self.assertEqual(done.rc, rc, context)
            if data["reason"] in ("none", "checks", "firmware"):
                self.assertEqual(self.findings(done.err), found, context)
            loads = any(c in ("load", "file-load") for c in done.calls)
            self.assertEqual(loads, rc == 0 and r.rc != 7 and words != ["-n"], (done.calls, context))
            if words == ["-y"]:
                self.assertEqual(COLD in done.calls, r.rc == 7, (done.calls, context))
                self.assertEqual(FAST in done.calls, r.rc in (0, 8), (done.calls, context))
        return r.rc

    def test_machines(self):
        for machine in sorted(p.name for p in MACHINES.iterdir()):
            with self.subTest(machine):
                self.take(machine)
                self.compare()              # there is no entry
                self.take_files()
                self.set("lib/modules/6.1.0-test/modules.dep", "")
                self.take_menu()
                for entry in ([], ["Second"], ["Other system"], ["Gone"], ["no such entry"]):
                    self.compare(*entry)
                self.compare("--kernel", self.kernel, "--initrd", self.initrd)
                self.compare("--kernel", str(self.dir / "gone"))

    def test_trees(self):
        ends = set()
        for tree in sorted(p.name for p in TREES.iterdir()):
            for machine in ("qemu-bios-6g", "qemu-uefi-3g"):
                with self.subTest(f"{tree} on {machine}"):
                    args = self.arguments(tree)
                    self.take(machine, tree)
                    ends.add(self.compare(*args))
                    self.make_loadable(args)
                    ends.add(self.compare(*args))
        self.assertGreaterEqual(len(ends), 3, ends)     # not one end for all


if __name__ == "__main__":
    main()
