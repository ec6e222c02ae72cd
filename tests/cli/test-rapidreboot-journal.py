#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to a fast reboot is in systemd's journal, with the MESSAGE_ID that the catalogue explains and the fields
of that kind. A socket takes the place of journald's; what it gets is read by systemd.io/JOURNAL_NATIVE_PROTOCOL."""
import json
import pathlib
import re
import socket

from kexec_machine import main
from reboot_machine import BOOT_ID, RebootTest

CATALOG = pathlib.Path(__file__).resolve().parents[2] / "integration/systemd/rapidreboot.catalog"
COLD = "run SYSTEMCTL_SKIP_AUTO_KEXEC=1 /usr/bin/systemctl reboot"
OWN = "RAPIDREBOOT_"


def fields_of(datagram):
    """name -> value"""
    fields = {}
    while datagram:
        line, _, rest = datagram.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            n = int.from_bytes(rest[:8], "little")
            value, rest = rest[8:8 + n], rest[9 + n:]
        assert name.decode() not in fields, datagram
        fields[name.decode()] = value.decode()
        datagram = rest
    return fields


class Journal(RebootTest):
    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.take_menu()
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")
        text = CATALOG.read_text()
        self.subjects = dict(re.findall(r"(?m)^-- ([0-9a-f]{32})\nSubject: (.*)$", text))
        place = self.root / "run/systemd/journal/socket"
        place.parent.mkdir(parents=True, exist_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(str(place))

    def entries(self):
        """[what the catalogue calls it, its own fields, all fields], the oldest first"""
        found = []
        while True:
            try:
                fields = fields_of(self.socket.recv(65536, socket.MSG_DONTWAIT))
            except BlockingIOError:
                return found
            self.assertEqual(fields["SYSLOG_IDENTIFIER"], "rapidreboot")
            found.append((self.subjects[fields["MESSAGE_ID"]],
                          {k[len(OWN):]: v for k, v in fields.items() if k.startswith(OWN)}, fields))

    def only(self, subject, priority):
        entries = self.entries()
        self.assertEqual([e[0] for e in entries], [subject])
        self.assertEqual(entries[0][2]["PRIORITY"], str(priority))
        return entries[0][1], entries[0][2]["MESSAGE"]

    def last(self):
        return json.loads(self.assertRuns(["timeline", "--json"], 0, []).out)[-1]

    def test_asked_and_up(self):
        clocks = {"FAKE_BOOTTIME": "1000000", "FAKE_TSC": "200000000000", "FAKE_TSC_KHZ": "2000000"}
        self.assertRuns(["--yes"], 0, env=clocks)
        fields, _ = self.only("A fast reboot is ordered", 5)
        a = self.last()
        self.assertEqual((fields["ENTRY"], fields["WAY"]), (a["entry"], a["way"]))
        # five seconds later by the counter, 1.958 by the new kernel's clock
        clocks.update(FAKE_BOOTTIME="1958", FAKE_TSC="210000000000",
                      FAKE_OUTPUT="ActiveEnterTimestampMonotonic=1900000\n")
        told = self.next_boot(0xD0, env=clocks).err
        fields, message = self.only("A fast reboot has succeeded", 6)
        self.assertEqual(fields["ENTRY"], self.last()["entry"])
        self.assertEqual(int(fields["UP_USEC"]), 5000000 - 58000)
        self.assertIn("up 4.942 s after it was asked for", message)
        self.assertEqual(told, "")      # once, not twice, in the log of the system

    def test_came_back(self):
        self.assertRuns(["--yes"], 0)
        self.entries()
        self.next_boot(0x72)
        fields, message = self.only("A fast reboot has failed: the machine came back through the firmware", 4)
        a = self.last()
        self.assertEqual((fields["ENTRY"], fields["REASON"]), (a["entry"], a["reason"]))
        self.assertIn("came back through the firmware", message)

    def test_or_cold(self):
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.assertRuns(["--yes", "--or-cold"], 0, [COLD])
        fields, message = self.only("A reboot goes through the firmware in the place of a fast one", 5)
        self.assertEqual(fields["REASON"], self.last()["reason"])
        self.assertIn(fields["REASON"], message)
        self.next_boot(0x72)
        fields, _ = self.only("A reboot with --or-cold went through the firmware", 6)
        self.assertEqual(fields["REASON"], self.last()["reason"])

    def test_neither(self):
        """Init refuses the reboot through the firmware as well."""
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        r = self.run_it("--yes", "--or-cold", exits={"systemctl": 1})
        self.assertNotEqual(r.rc, 0)
        ordered, refused = self.entries()
        self.assertEqual((ordered[0], refused[0]), ("A reboot goes through the firmware in the place of a fast one",
                                                    "A reboot through the firmware does not take place"))
        self.assertEqual(refused[2]["PRIORITY"], "4")
        self.assertIn("systemctl", refused[1]["REASON"])
        self.assertIn(" ".join(refused[1]["REASON"].split()), " ".join(r.err.split()))

    def test_withdrawn(self):
        r = self.run_it("--yes", exits={"systemctl": 1})
        self.assertNotEqual(r.rc, 0)
        asked, withdrawn = self.entries()
        self.assertEqual(withdrawn[0], "A fast reboot does not take place")
        self.assertEqual(withdrawn[1]["ENTRY"], asked[1]["ENTRY"])
        self.assertIn(" ".join(withdrawn[1]["REASON"].split()), " ".join(r.err.split()))

    def test_confirmed(self):
        self.set("etc/rapidreboot.conf", "CONFIRM_AFTER=boot-complete.target\n")
        for command in (["hook", "confirm"], ["confirm"]):
            self.set("proc/sys/kernel/random/boot_id", BOOT_ID + "\n")
            self.assertRuns(["--yes"], 0)
            self.next_boot(0xD0)
            self.entries()
            self.assertRuns(command, 0, [])
            self.only("This boot is confirmed", 6)
            self.assertRuns(command, 0, [])
            self.assertEqual(self.entries(), [])            # already

    def test_nobody_waits_for_the_unit(self):
        self.set("etc/rapidreboot.conf", "CONFIRM_AFTER=boot-complete.target\n")
        self.assertRuns(["--yes"], 0)
        self.entries()
        self.next_boot(0xD0, exits={"systemctl": 1})
        fields = [e[1] for e in self.entries() if e[0] == "This boot will not be confirmed by itself"]
        self.assertEqual([f["CONFIRM_AFTER"] for f in fields], ["boot-complete.target"])

    def test_ready(self):
        for status, subject, priority in ((0, "The service is back after a fast reboot", 6),
                                          (1, "The service is not back after a fast reboot", 4)):
            with self.subTest(subject):
                self.set("usr/bin/answers", "")
                (self.root / "usr/bin/answers").chmod(0o755)
                self.set("etc/rapidreboot.conf", "READY_COMMAND=/usr/bin/answers\nREADY_TIMEOUT=0\n")
                self.set("proc/sys/kernel/random/boot_id", BOOT_ID + "\n")
                self.assertRuns(["--yes"], 0)
                self.next_boot(0xD0)
                self.entries()
                self.assertRuns(["hook", "ready"], 0, exits={"answers": status})
                fields, _ = self.only(subject, priority)
                self.assertEqual(fields, {"SECONDS": "0"} if status else {})

    def test_dry_run(self):
        self.assertRuns(["--yes", "-n"], 0, [])
        self.run_it("check")
        self.assertEqual(self.entries(), [])


if __name__ == "__main__":
    main()
