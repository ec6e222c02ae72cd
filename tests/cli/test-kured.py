#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What kured's manifest runs, as kured runs it: words without a shell, from a container's mount namespace, entering
that of process 1 and no other (kured, pkg/reboot/command.go). A process in a namespace of its own stands for process 1:
/usr/sbin/rapidreboot is there only. Exit 77 where namespaces cannot be made."""
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest

MANIFEST = pathlib.Path(__file__).resolve().parents[2] / "integration/kured/rapidreboot.yaml"
INHIBITOR = "WHAT=shutdown\nMODE=block\nWHO=apt\nWHY=upgrade\n"
AS_ROOT = ["unshare", "--user", "--map-root-user"]


def option(name):
    """The words of an option in the manifest: kured cuts them as a shell would, and starts no shell."""
    return shlex.split(re.search(rf"- --{name}=(.+)", MANIFEST.read_text())[1])


class Kured(RebootTest):
    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.take_menu()
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")
        # there in the namespace of "process 1" only
        self.host = self.dir / "host"
        self.host.mkdir()
        shutil.copy(PROGRAM, self.host / "rapidreboot")
        self.place = self.dir / "usr-sbin"
        self.place.mkdir()

    def enter(self, name, rc):
        """Runs the words of that option."""
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        words = option(name)
        self.assertEqual(words[0], "/usr/sbin/rapidreboot")
        words[0] = str(self.place / "rapidreboot")
        self.assertFalse((self.place / "rapidreboot").exists())
        # "process 1" says when it is there, and waits; then the container's side enters its namespace
        script = (f'unshare --mount sh -c \'mount --bind "{self.host}" "{self.place}" && echo $$ && read -r x\' '
                  f'<"{self.dir}/end" >"{self.dir}/pid" & '
                  f'exec 3>"{self.dir}/end"; while [ ! -s "{self.dir}/pid" ]; do sleep 0.01; done; '
                  f'nsenter -m/proc/$(cat "{self.dir}/pid")/ns/mnt -- {shlex.join(words)}; r=$?; exec 3>&-; wait; exit $r')
        end = self.dir / "end"
        if not end.exists():
            subprocess.run(["mkfifo", end], check=True)
        (self.dir / "pid").unlink(missing_ok=True)
        run = subprocess.run([*AS_ROOT, "sh", "-c", script], env=self.environ(), stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=300)
        self.assertEqual(run.returncode, rc, run.stdout + run.stderr)
        return run.stdout + run.stderr, log.read_text() if log.exists() else ""

    def test_sentinel(self):
        """0: drain and reboot; 1: nothing to do; anything else is a no with our sentence."""
        self.enter("reboot-sentinel-command", 1)
        self.set("run/reboot-required", "")
        self.set("run/reboot-required.pkgs", "libc6\n")
        self.assertIn("wait for a reboot", self.enter("reboot-sentinel-command", 0)[0])
        self.set("run/systemd/inhibit/7", INHIBITOR)
        told, log = self.enter("reboot-sentinel-command", 3)
        self.assertIn("apt", told)
        self.assertNotIn("systemctl", log)

    def test_command(self):
        """What the sentinel permits begins: fast, or through the firmware when that is not possible."""
        self.assertIn("/usr/bin/systemctl kexec", self.enter("reboot-command", 0)[1])
        (self.root / "run/rapidreboot/request").unlink()
        self.set_unloaded()
        self.set("proc/sys/kernel/kexec_load_disabled", "1\n")
        self.set("run/reboot-required", "")
        self.enter("reboot-sentinel-command", 0)
        self.assertIn("/usr/bin/systemctl reboot", self.enter("reboot-command", 0)[1])


def has_namespaces():
    return subprocess.run([*AS_ROOT, "--mount", "true"], capture_output=True).returncode == 0


if __name__ == "__main__":
    if not has_namespaces():
        print("no mount namespaces can be made here, so kured's commands were not tested")
        sys.exit(77)
    main()
