#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entries that only the firmware and the boot loader can start, and updates that only the firmware installs, end in a
reboot through the firmware. fwupd's database is one that SQLite itself has written, with the tables of fwupd's
src/fu-history.c."""
import random
import sqlite3

from kexec_machine import main
from reboot_machine import RebootTest

REQUEST = "run/rapidreboot/request"
COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"


class OtherSystem(RebootTest):
    def test_other_system(self):
        """The loader's default is another system: what only the firmware can do is not lost."""
        self.take_menu("menuentry 'Other' {\n chainloader +1\n}\n")
        self.assertRuns(["check"], 7, [])
        out = self.assertRuns(["-n"], 7, []).out
        self.assertIn("systemctl reboot", out)
        self.assertNotIn("kexec", out)
        self.assertRuns(["load"], 7, [])
        self.assertIn("Other", self.assertRuns([], 0, [COLD]).err)
        (self.root / REQUEST).unlink()
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.set("etc/rapidreboot.conf", "FIRMWARE=refuse\n")
        self.assertRuns([], 3, [])

    def test_other_system_without_kexec(self):
        """An init system that cannot do a fast reboot can do an ordinary one."""
        self.take_init("finit")
        (self.root / "usr/lib/finit/plugins/hook-scripts.so").unlink(missing_ok=True)
        self.take_menu()
        self.assertRuns(["Test"], 5, [])
        self.assertRuns(["Other system"], 0, ["run /sbin/initctl reboot"])

    def test_other_system_without_a_kernel(self):
        """Checks about starting a kernel do not refuse there; checks about every reboot do."""
        self.take_menu("menuentry 'Other' {\n chainloader +1\n}\n")
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.assertRuns(["check"], 7, [])
        self.assertRuns([], 0, [COLD])
        (self.root / REQUEST).unlink()
        self.set("run/systemd/inhibit/7", "WHAT=shutdown\nMODE=block\nWHO=apt\nWHY=upgrade\n")
        self.assertRuns(["check"], 3, [])
        self.assertRuns([], 3, [])
        self.assertRuns(["-i"], 0, [COLD + " --ignore-inhibitors"])


COLUMNS = ("device_id TEXT, update_state INTEGER DEFAULT 0, update_error TEXT, filename TEXT, display_name TEXT,"
           "plugin TEXT, device_created INTEGER DEFAULT 0, device_modified INTEGER DEFAULT 0,"
           "checksum TEXT DEFAULT NULL, flags INTEGER DEFAULT 0, metadata TEXT DEFAULT NULL,"
           "guid_default TEXT DEFAULT NULL, version_old TEXT, version_new TEXT")
# FwupdUpdateState
PENDING, SUCCESS, FAILED, NEEDS_REBOOT, TRANSIENT = 1, 2, 3, 4, 5
DAY = 86400
NOW = 1_800_000_000


class Staged(RebootTest):
    """What fwupd has noted."""

    def setUp(self):
        super().setUp()
        self.take_menu()

    def take_history(self, rows, page_size=4096, columns=COLUMNS, extra=()):
        path = self.root / "var/lib/fwupd/pending.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA page_size={page_size}")
        db.execute("CREATE TABLE schema (created timestamp TIMESTAMP DEFAULT CURRENT_TIMESTAMP,"
                   "version INTEGER DEFAULT 0)")
        db.execute(f"CREATE TABLE history ({columns})")
        db.execute("CREATE TABLE approved_firmware (checksum TEXT)")
        for state, name, modified, error in rows:
            db.execute("INSERT INTO history (update_state, display_name, device_modified, update_error)"
                       " VALUES (?,?,?,?)", (state, name, modified, error))
        for statement in extra:
            db.execute(statement)
        db.commit()
        db.close()
        return path

    def test_states(self):
        for state in (0, PENDING, SUCCESS, FAILED, TRANSIENT):
            self.take_history([(state, "System Firmware", NOW, None)])
            self.assertNotIn("System Firmware", self.run_it("check").out)
        self.take_history([(SUCCESS, "Dock", NOW, None), (NEEDS_REBOOT, "System Firmware", NOW, None)])
        r = self.assertRuns(["check"], 7, [])
        self.assertIn("System Firmware", r.out)
        self.assertNotIn("Dock", r.out)
        self.assertRuns([], 0, [COLD])

    def test_the_firmware_has_started_since(self):
        self.set("proc/sys/kernel/bootloader_type", "114\n")
        self.set("proc/stat", f"cpu 1\nbtime {NOW}\n")
        self.take_history([(NEEDS_REBOOT, "Old one", NOW - DAY, None)])
        self.assertNotIn("Old one", self.run_it("check").out)
        self.take_history([(NEEDS_REBOOT, "New one", NOW + DAY, None)])
        self.assertIn("New one", self.assertRuns(["check"], 7, []).out)
        # a fast reboot is no start of the firmware
        self.set("proc/sys/kernel/bootloader_type", "208\n")
        self.set("var/lib/rapidreboot/firmware-waits", f"since {NOW - 2 * DAY}\n")
        self.take_history([(NEEDS_REBOOT, "Old one", NOW - DAY, None)])
        self.assertIn("Old one", self.assertRuns(["check"], 7, []).out)

    def test_forms_of_the_file(self):
        """Every size of page, rows on pages of their own, trees of several levels, columns in another order."""
        order = random.Random(7)
        for page_size in (512, 4096, 65536):
            for n in (1, 3, 300):
                rows = [(SUCCESS, f"Device {i}", NOW + i, "x" * order.choice((0, 0, 40, 3000, 200000 if i == 1 else 9)))
                        for i in range(n)]
                with self.subTest(page_size=page_size, n=n):
                    self.take_history(rows, page_size)
                    self.assertNotIn("Device", self.run_it("check").out)
                    at = order.randrange(n + 1)
                    rows.insert(at, (NEEDS_REBOOT, "The last one", NOW, "y" * order.choice((0, 5000))))
                    self.take_history(rows, page_size)
                    self.assertIn("The last one", self.assertRuns(["check"], 7, []).out)
        turned = ", ".join(reversed(COLUMNS.split(","))) + ", PRIMARY KEY (device_id, filename)"
        self.take_history([(NEEDS_REBOOT, "Turned", NOW, None)], columns=turned,
                          extra=["ALTER TABLE history ADD COLUMN release_id TEXT DEFAULT NULL"])
        self.assertIn("Turned", self.assertRuns(["check"], 7, []).out)

    def test_not_to_be_read(self):
        """Damaged, in the middle of a change, of a version that is not known: never taken for nothing staged."""
        path = self.take_history([(NEEDS_REBOOT, f"D{i}", NOW, None) for i in range(200)], 512)
        whole = path.read_bytes()
        for name, data in (("empty page", whole[:1024] + bytes(512) + whole[1536:]),
                           ("cut off", whole[:700]), ("no database", b"history\n" * 99)):
            path.write_bytes(data)
            with self.subTest(name):
                self.assertIn("pending.db", self.run_it("check", "-v").out)
        for suffix in ("-wal", "-journal"):
            self.take_history([(SUCCESS, "D", NOW, None)])
            extra = path.with_name(path.name + suffix)
            extra.write_bytes(b"x" * 512)
            self.assertIn(f"pending.db{suffix}", self.run_it("check", "-v").out)
            extra.unlink()
        # every bit of a byte in turn: an answer, and no crash
        order = random.Random(11)
        for _ in range(25):
            data = bytearray(whole)
            data[order.randrange(len(data))] ^= 1 << order.randrange(8)
            path.write_bytes(data)
            self.assertIn(self.run_it("check").rc, (0, 3, 7, 8))


if __name__ == "__main__":
    main()
