#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each combination of action options does to the machine, in both orders.

The expected calls are kexec-tools 2.0.32's, as observed, but where it takes the network down
without jumping, jumps into an unrelated kernel or reports success with nothing loaded."""
import errno

from kexec_machine import MachineTest, main

JUMP = ["sync", "eth0 down", "eth1 down", "reboot"]
LOAD, UNLOAD = ["file-load"], ["file-unload"]
CRASH, UNCRASH = ["file-load-crash"], ["file-unload-crash"]

# A normal kernel is loaded before, and a reservation for a crash kernel exists.
PAIRS = {
    ("-l",): (0, LOAD),
    ("-f",): (0, LOAD + JUMP),
    ("-e",): (0, JUMP),
    ("-p",): (0, CRASH),
    ("-u",): (0, UNLOAD),
    ("-l", "-l"): (0, LOAD),
    ("-l", "-f"): (0, LOAD + JUMP),
    ("-f", "-l"): (0, LOAD),
    ("-l", "-e"): (0, JUMP),
    ("-e", "-l"): (0, LOAD),
    ("-l", "-p"): (0, CRASH),
    ("-p", "-l"): (0, CRASH),
    ("-l", "-u"): (0, UNLOAD),
    ("-u", "-l"): (0, UNLOAD + LOAD),
    ("-f", "-f"): (0, LOAD + JUMP),
    ("-f", "-e"): (0, JUMP),
    ("-e", "-f"): (0, LOAD + JUMP),
    ("-f", "-p"): (0, CRASH),
    ("-p", "-f"): (1, []),
    ("-f", "-u"): (1, UNLOAD),
    ("-u", "-f"): (0, UNLOAD + LOAD + JUMP),
    ("-e", "-e"): (0, JUMP),
    ("-e", "-p"): (0, CRASH),
    ("-p", "-e"): (0, JUMP),
    ("-e", "-u"): (1, UNLOAD),
    ("-u", "-e"): (1, UNLOAD),
    ("-p", "-p"): (0, CRASH),
    ("-p", "-u"): (0, UNCRASH),
    ("-u", "-p"): (0, UNCRASH + CRASH),
    ("-u", "-u"): (0, UNLOAD),
}


class Pairs(MachineTest):
    machine = "qemu-uefi-6g-crash"

    def setUp(self):
        super().setUp()
        self.set("sys/kernel/kexec_loaded", "1\n")

    def test_pairs(self):
        self.assertEqual(len(PAIRS), 5 + 25)
        for options, (rc, calls) in PAIRS.items():
            with self.subTest(options):
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.assertRun([*options, "K"], rc, calls)

    def test_operand_first(self):
        for options, (rc, calls) in PAIRS.items():
            with self.subTest(options):
                self.set("sys/kernel/kexec_loaded", "1\n")
                self.assertRun(["K", *options], rc, calls)

    def test_vetoes_wherever_they_stand(self):
        for options, (rc, calls) in PAIRS.items():
            for veto, without in (("-x", ("eth0 down", "eth1 down")), ("-y", ("sync",))):
                left = [c for c in calls if c not in without]
                for args in ([veto, *options, "K"], [*options, "K", veto]):
                    with self.subTest(args):
                        self.set("sys/kernel/kexec_loaded", "1\n")
                        self.assertRun(args, rc, left)

    def test_status_does_nothing_else(self):
        for options in PAIRS:
            with self.subTest(options):
                self.run_kexec(*options, "-S", "K")
                r = self.run_kexec("-S", *options, "K")
                self.assertEqual((r.calls, r.out), ([], ""))

    def test_no_action(self):
        self.assertRun(["K"], 0, LOAD + ["shutdown -r now"])

    def test_without_operand(self):
        for options in (["-l"], ["-f"], ["-p"], [], ["-u", "-l"]):
            with self.subTest(options):
                r = self.assertRun(options, 255, [])
                self.assertEqual(r.first, "No kernel specified")
                self.assertTrue(r.out.startswith("kexec-tools 2.0.32\n"))
        self.assertRun(["-u", "-p"], 0, UNCRASH)
        self.assertRun(["-u"], 0, UNLOAD)
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRun(["-e"], 0, JUMP)

    def test_further_operands_are_ignored(self):
        r = self.assertRun(["-l", "K", "/nonexistent"], 0, LOAD)
        self.assertEqual(r.err, "")

    def test_nothing_loaded(self):
        for args in (["-e"], ["-u", "-e"], ["-e", "-u"]):
            with self.subTest(args):
                self.set("sys/kernel/kexec_loaded", "0\n")
                r = self.run_kexec(*args)
                self.assertEqual((r.rc, r.first), (1, "Nothing has been loaded!"))
                self.assertNotIn("reboot", r.calls)
                self.assertNotIn("sync", r.calls)

    def test_crash_and_jump_contradict(self):
        r = self.assertRun(["-p", "-f", "K"], 1, [])
        self.assertIn("--load-panic", r.err)
        self.assertIn("--force", r.err)

    def test_first_failure_stops(self):
        no = {"file_load": errno.EPERM}
        self.assertRun(["-f", "K"], 255, LOAD, errors=no)
        self.assertRun(["K"], 255, LOAD, errors=no)
        self.assertRun(["-u", "-l", "K"], 255, UNLOAD, errors={"file_unload": errno.EPERM})


class Jump(MachineTest):
    def test_unreadable_state_leaves_interfaces(self):
        (self.root / "sys/kernel/kexec_loaded").unlink()
        self.assertRun(["-e"], 0, ["sync", "reboot"])

    def test_new_sysfs_layout(self):
        (self.root / "sys/kernel/kexec_loaded").unlink()
        self.set("sys/kernel/kexec/loaded", "1\n")
        self.assertRun(["-e"], 0, JUMP)
        self.set("sys/kernel/kexec/loaded", "0\n")
        self.assertRun(["-e"], 1, [])

    def test_interfaces_come_back(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        r = self.assertRun(["-e"], 255, JUMP + ["eth0 up", "eth1 up"],
                           errors={"reboot": errno.EINVAL})
        self.assertEqual(r.first, "kexec failed: Invalid argument")

    def test_one_interface_fails(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        r = self.assertRun(["-e"], 255, JUMP + ["eth1 up"],
                           errors={"reboot": errno.EBUSY, "eth0": errno.ENODEV})
        self.assertIn("ifdown: shutdown eth0: No such device\n", r.err)
        self.assertIn("kexec failed: Device or resource busy\n", r.err)
        self.set("sys/kernel/kexec_loaded", "1\n")
        self.assertRun(["-e"], 0, JUMP, errors={"eth0": errno.ENODEV})

    def test_not_permitted(self):
        self.set("sys/kernel/kexec_loaded", "1\n")
        r = self.assertRun(["-e"], 255, [], env={"FAKE_NO_BOOT_CAPABILITY": "1"})
        self.assertEqual(r.first, "kexec failed: Operation not permitted")

    def test_no_configuration_at_all(self):
        """An exit initramfs: no /sys, no /proc."""
        empty = self.dir / "empty"
        empty.mkdir()
        self.assertRun(["-e"], 0, ["sync", "reboot"], env={"FAKE_ROOT": str(empty)})

    def test_shutdown_fails(self):
        r = self.assertRun(["K"], 255, LOAD + ["shutdown -r now"],
                           errors={"shutdown": errno.ENOENT})
        self.assertEqual(r.first, "shutdown: No such file or directory")


if __name__ == "__main__":
    main()
