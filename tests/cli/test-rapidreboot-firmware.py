#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Entries that only the firmware and the boot loader can start end in a reboot through the firmware."""
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


if __name__ == "__main__":
    main()
