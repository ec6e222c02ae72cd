#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""For the engines of fleets: one command that always reboots, and whether a reboot is due as an exit status."""
import errno
import json
import re

from kexec_machine import main
from reboot_machine import BOOT_ID, RebootTest

COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"
FAST = "run /usr/bin/systemctl kexec"
INSTEAD = "through the firmware instead"
INHIBITOR = "WHAT=shutdown\nMODE=block\nWHO=apt\nWHY=upgrade\n"


class Fleet(RebootTest):
    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.take_menu()
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")

    def attempts(self):
        return json.loads(self.assertRuns(["timeline", "--json"], 0, []).out)


class OrCold(Fleet):
    def test_fast_where_it_may(self):
        r = self.assertRuns(["--yes", "--or-cold"], 0)
        self.assertIn(FAST, r.log)
        self.assertNotIn(INSTEAD, r.err)

    def test_after_a_failure(self):
        """The attempt that failed refuses the next fast one; that one goes through the firmware, and is no failure."""
        self.assertRuns(["--yes"], 0)
        self.next_boot(0x72)
        self.assertRuns(["--yes"], 3, [])
        self.assertRuns(["--yes", "--or-cold", "-n"], 7, [])
        r = self.assertRuns(["--yes", "--or-cold"], 0, [COLD])
        self.assertIn("H1  refuse ", r.err)
        self.assertIn(INSTEAD, r.err)
        self.assertEqual([a["result"] for a in self.attempts()], ["firmware", "pending"])
        told = self.next_boot(0x72, "5").err
        self.assertRuns(["confirm"], 0, [])     # it was to be a cold one
        a = self.attempts()[-1]
        self.assertEqual((a["result"], a["why"], a["way"], a["confirmed"]), ("firmware", "or-cold", "firmware", True))
        self.assertTrue(a["reason"].startswith("H1: "), a["reason"])
        self.assertIn(a["reason"], told)
        self.assertIn(FAST, self.assertRuns(["--yes", "--or-cold"], 0).log)

    def test_reasons(self):
        kernel = "boot/grub/grub.cfg"
        for what, prepare in (
                ("no entry", lambda: (self.root / kernel).unlink()),
                ("no kernel in the file", lambda: self.take_menu(
                    "menuentry 'Broken' {\n linux /boot/grub/grub.cfg root=/dev/sda1\n}\n")),
                ("loading is switched off", lambda: self.set("proc/sys/kernel/kexec_load_disabled", "1\n"))):
            with self.subTest(what):
                self.take_menu()
                self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
                (self.root / "run/rapidreboot/request").unlink(missing_ok=True)
                prepare()
                self.assertNotEqual(self.run_it("--yes").rc, 0)
                r = self.assertRuns(["--yes", "--or-cold"], 0, [COLD])
                self.assertIn(INSTEAD, r.err)
                self.assertNotEqual(self.attempts()[-1]["reason"], "")

    def test_system_call_fails(self):
        """Found out only when the kernel takes the call: what was begun is taken back before."""
        r = self.run_it("--yes", "--or-cold", errors={"load": errno.EBUSY, "file_load": errno.EBUSY})
        self.assertEqual(r.rc, 0, r.err)
        self.assertEqual(r.log[-1] if COLD in r.log else r.log, COLD)
        self.assertNotIn(FAST, r.log)

    def test_stays_up(self):
        """What holds every reboot off, and what would start another kernel than the one that was named."""
        self.assertRuns(["--yes", "--or-cold", "No such entry"], 1, [])
        self.assertRuns(["--yes", "--or-cold", "--kernel", "/nonexistent"], 3, [])
        self.set("run/systemd/inhibit/7", INHIBITOR)
        self.assertRuns(["--yes", "--or-cold"], 3, [])
        self.assertIn(FAST, self.assertRuns(["--yes", "--or-cold", "-i"], 0).log[-1])

    def test_hook_says_no(self):
        hook = self.root / "etc/rapidreboot/hooks.d/10-lock"
        self.set("etc/rapidreboot/hooks.d/10-lock", "#!/bin/sh\n")
        hook.chmod(0o755)
        for code, status in ((75, 11), (1, 10)):
            r = self.assertRuns(["--yes", "--or-cold"], status, exits={"10-lock": code})
            self.assertNotIn(COLD, r.log)

    def test_no_is_a_no(self):
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.assertRuns(["--or-cold"], 6, [], typed="n\n")


START = "run /usr/bin/systemctl --no-block start rapidreboot-confirm@boot-complete.target.service"
REFUSES = "not confirmed yet (CONFIRM_AFTER)"


class Confirm(Fleet):
    def setUp(self):
        super().setUp()
        self.set("etc/rapidreboot.conf", "CONFIRM_AFTER=boot-complete.target\n")

    def attempt(self):
        return self.attempts()[-1]

    def test_after_the_unit(self):
        """The boot service has systemd start what comes after the unit; until then the next one goes back coldly."""
        self.assertRuns(["--yes"], 0)
        self.assertIn(START, self.next_boot(0xD0).log)
        self.assertEqual((self.attempt()["result"], self.attempt()["confirmed"]), ("kexec", False))
        self.assertIn("refused until", self.assertRuns(["timeline"], 0, []).out)
        self.assertIn(REFUSES, self.assertRuns(["--yes"], 3, []).err)
        self.assertIn(REFUSES, self.assertRuns(["--yes", "--or-cold"], 0, [COLD]).err)
        self.assertRuns(["hook", "confirm"], 0, [])

    def test_confirmed(self):
        self.assertRuns(["--yes"], 0)
        self.next_boot(0xD0)
        self.assertIn("is confirmed", self.assertRuns(["hook", "confirm"], 0, []).err)
        self.assertTrue(self.attempt()["confirmed"])
        self.assertNotIn("refused until", self.assertRuns(["timeline"], 0, []).out)
        self.assertIn(FAST, self.assertRuns(["--yes"], 0).log)

    def test_command(self):
        """From outside, and twice; then nobody is asked to start anything."""
        self.set("etc/rapidreboot.conf", "CONFIRM_AFTER=command\n")
        self.assertRuns(["confirm"], 6, [])
        self.assertRuns(["--yes"], 0)
        self.assertNotIn(START, self.next_boot(0xD0).log)
        self.assertRuns(["--yes"], 3, [])
        for _ in range(2):
            self.assertRuns(["confirm"], 0, [])
            self.assertTrue(self.attempt()["confirmed"])
        self.assertIn(FAST, self.assertRuns(["--yes"], 0).log)

    def test_cold_boot(self):
        """After a boot that was never confirmed, a cold one has to be confirmed, too, before it clears anything."""
        self.assertRuns(["--yes"], 0)
        self.next_boot(0xD0)
        self.next_boot(0x72, "5")
        self.assertIn("never confirmed", self.assertRuns(["--yes"], 3, []).err)
        self.assertRuns(["confirm"], 0, [])
        self.assertIn(FAST, self.assertRuns(["--yes"], 0).log)

    def test_came_back_coldly(self):
        self.assertRuns(["--yes"], 0)
        self.next_boot(0x72)
        self.assertRuns(["confirm"], 3, [])
        self.assertRuns(["--yes"], 3, [])
        self.assertRuns(["clear"], 0, [])
        self.assertIn(FAST, self.assertRuns(["--yes"], 0).log)

    def test_without_boot_service(self):
        """What was watched and never closed: whoever judges the boot may say so himself."""
        self.set("run/rapidreboot/boot", "")
        self.assertRuns(["--yes"], 0)
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID.replace("3", "4") + "\n")
        (self.root / "run/rapidreboot/request").unlink()
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertRuns(["--yes"], 3, [])
        self.assertRuns(["confirm"], 0, [])
        self.assertIn(FAST, self.assertRuns(["--yes"], 0).log)

    def test_not_set(self):
        (self.root / "etc/rapidreboot.conf").unlink()
        self.assertRuns(["--yes"], 0)
        self.assertNotIn(START, self.next_boot(0xD0).log)
        self.assertTrue(self.attempt()["confirmed"])
        self.assertRuns(["confirm"], 0, [])

    def test_other_init(self):
        """A unit means nothing there: only a person or an engine confirms, and that is said."""
        self.take_init("sysvinit")
        self.assertRuns(["--yes"], 0)
        self.assertIn("units are systemd's", self.next_boot(0xD0).err)
        self.assertFalse(self.attempt()["confirmed"])

    def test_values(self):
        for value in ("--help", "/etc/passwd", "a b.target", "-x.target", "boot-complete", "$(id).service"):
            self.set("etc/rapidreboot.conf", f"CONFIRM_AFTER='{value}'\n")
            self.assertIn("means nothing", self.assertRuns(["--yes", "-n"], 0, []).err, value)


def metrics(text):
    """The text format of Prometheus ("Exposition formats"): each metric with its HELP and TYPE before it, once."""
    found, declared = {}, {}
    for line in text.splitlines():
        comment = re.fullmatch(r"# (HELP|TYPE) ([a-z_]+) (.+)", line)
        if comment:
            assert (comment[1], comment[2]) not in declared, line
            declared[comment[1], comment[2]] = comment[3]
            continue
        sample = re.fullmatch(r'([a-z_]+)(?:\{([a-z]+="[a-z-]+")\})? (-?[0-9]+(?:\.[0-9]+)?)', line)
        assert sample, line
        assert declared[("TYPE", sample[1])] == "gauge" and ("HELP", sample[1]) in declared, line
        assert (sample[1], sample[2]) not in found, line
        found[sample[1], sample[2]] = float(sample[3])
    assert text.endswith("\n")
    return found


class Metrics(Fleet):
    def metrics(self):
        return metrics(self.assertRuns(["status", "--metrics"], 0, []).out)

    def test_nothing_yet(self):
        m = self.metrics()
        self.assertEqual(m["rapidreboot_waiting", 'for="nothing"'], 1)
        self.assertEqual(m["rapidreboot_enabled", None], 0)
        self.assertEqual(m["rapidreboot_recorded_attempts", 'result="kexec"'], 0)
        self.assertFalse([name for name, _ in m if name.startswith("rapidreboot_last")])

    def test_results(self):
        self.assertRuns(["--yes"], 0)
        self.next_boot(0xD0)
        m = self.metrics()
        self.assertEqual(m["rapidreboot_last_result", 'result="kexec"'], 1)
        self.assertEqual(m["rapidreboot_last_result", 'result="firmware"'], 0)
        self.assertEqual(m["rapidreboot_last_confirmed", None], 1)
        self.assertEqual(m["rapidreboot_last_point_seconds", 'point="asked"'], 0)
        record = self.attempts()[-1]
        self.assertEqual(m["rapidreboot_last_asked_timestamp_seconds", None], record["asked_ms"] / 1000)
        for point, us in record["points_us"].items():
            self.assertEqual(m.get(("rapidreboot_last_point_seconds", f'point="{point}"')),
                             None if us is None else us / 1e6, point)
        self.assertRuns(["--yes"], 0)
        self.next_boot(0x72, "5")
        m = self.metrics()
        self.assertEqual(m["rapidreboot_last_result", 'result="firmware"'], 1)
        self.assertEqual(m["rapidreboot_last_confirmed", None], 0)
        self.assertEqual(m["rapidreboot_recorded_attempts", 'result="kexec"'], 1)
        self.assertEqual(m["rapidreboot_recorded_attempts", 'result="firmware"'], 1)

    def test_unknown(self):
        """Without entries it is not known whether a reboot is due: that is left out."""
        (self.root / "boot/grub/grub.cfg").unlink()
        self.assertFalse([name for name, _ in self.metrics() if name == "rapidreboot_waiting"])

    def test_file(self):
        folder = self.root / "var/lib/node-exporter"
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        self.set("etc/rapidreboot.conf", "METRICS=/var/lib/node-exporter\nCONFIRM_AFTER=command\n")
        self.assertRuns(["--yes"], 0)
        self.next_boot(0xD0)
        self.assertEqual([f.name for f in folder.iterdir()], ["rapidreboot.prom"])
        file = folder / "rapidreboot.prom"
        self.assertEqual(file.stat().st_mode & 0o777, 0o644)
        self.assertEqual(metrics(file.read_text())["rapidreboot_last_confirmed", None], 0)
        self.assertRuns(["confirm"], 0, [])
        self.assertEqual(metrics(file.read_text())["rapidreboot_last_confirmed", None], 1)

    def test_place(self):
        """Neither a directory that others can change, nor one that is not there."""
        folder = self.root / "var/lib/node-exporter"
        for prepare in (lambda: None, lambda: folder.mkdir(parents=True) or folder.chmod(0o777)):
            prepare()
            self.set("etc/rapidreboot.conf", "METRICS=/var/lib/node-exporter\n")
            self.assertIn("METRICS: /var/lib/node-exporter/rapidreboot.prom cannot be written",
                          self.assertRuns(["hook", "boot"], 0).err)
        self.assertFalse(list(folder.iterdir()))


class Needed(Fleet):
    def test_codes(self):
        self.assertRuns(["status", "--needed"], 1, [])
        self.set("run/reboot-required", "")
        self.set("run/reboot-required.pkgs", "libc6\n")
        r = self.assertRuns(["status", "--needed"], 0, [])
        self.assertEqual(r.out.count("\n"), 1)
        self.set("run/systemd/inhibit/7", INHIBITOR)
        self.assertIn("G2", self.assertRuns(["status", "--needed"], 3, []).err)
        self.assertRuns(["status", "--needed", "--or-cold"], 3, [])
        (self.root / "run/systemd/inhibit/7").unlink()
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.assertRuns(["status", "--needed"], 3, [])
        self.assertRuns(["status", "--needed", "--or-cold"], 0, [])

    def test_firmware(self):
        self.set("run/reboot-required", "")
        self.set("run/reboot-required.pkgs", "shim-signed\n")
        self.assertRuns(["status", "--needed"], 7, [])
        self.assertRuns(["status", "--needed", "--or-cold"], 0, [])

    def test_unknown(self):
        """Without boot entries nobody knows whether a newer kernel waits."""
        (self.root / "boot/grub/grub.cfg").unlink()
        self.assertRuns(["status", "--needed"], 12, [])
        # due for another reason, which is known
        self.set("run/reboot-required", "")
        self.set("run/reboot-required.pkgs", "libc6\n")
        self.assertRuns(["status", "--needed"], 3, [])


if __name__ == "__main__":
    main()
