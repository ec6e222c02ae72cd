#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""rapidreboot --direct: no init system is asked."""
import errno
import json
import shutil
import signal

from kexec_machine import main
from reboot_machine import RebootTest

MOUNTS = """\
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro
22 21 0:20 / /proc rw,nosuid - proc proc rw
23 21 0:21 / /sys rw,nosuid - sysfs sysfs rw
24 21 0:5 / /dev rw - devtmpfs udev rw
25 21 0:22 / /run rw - tmpfs tmpfs rw
26 21 8:2 / /boot rw - ext4 /dev/sda2 rw
27 26 8:3 / /boot/efi rw - vfat /dev/sda3 rw
28 25 8:4 / /run/media/a\\040b rw - ext4 /dev/sdb1 rw
29 21 0:30 / /tmp rw - tmpfs tmpfs rw
30 21 7:0 / /snap ro - squashfs /dev/loop0 ro
"""
UNMOUNT = [f"unmount {d}" for d in ("/snap", "/tmp", "/run/media/a b", "/boot/efi", "/boot")]
KTHREAD = 0x208040


class DirectTest(RebootTest):
    def setUp(self):
        super().setUp()
        self.no_init()
        self.set("proc/self/mountinfo", MOUNTS)
        self.set("proc/sysrq-trigger", "")
        for pid, name, flags, state in ((2, "kthreadd", KTHREAD, "S"), (5000001, "a) b (c", 0, "S"),
                                        (5000002, "dead", 0, "Z")):
            self.process(pid, name, flags, state)

    def no_init(self, exe="/bin/busybox", argv0="/bin/sh", comm="sh"):
        self.take_init("sysvinit")
        (self.root / "proc/1/exe").unlink()
        (self.root / "proc/1/exe").symlink_to(exe)
        self.set("proc/1/cmdline", f"{argv0}\0/job\0")
        self.set("proc/1/comm", comm + "\n")

    def process(self, pid, name="x", flags=0, state="S", argv0="x"):
        self.set(f"proc/{pid}/stat", f"{pid} ({name}) {state} 1 1 1 0 -1 {flags} 1 1\n")
        self.set(f"proc/{pid}/cmdline", argv0 + "\0")

    def direct(self, rc, calls=None, args=(), **how):
        """Without what loads."""
        self.set("sys/kernel/kexec_loaded", "0\n")
        r = self.assertRuns(["--direct", "--kernel", self.kernel, *args], rc, **how)
        if calls is not None:
            self.assertEqual([c for c in r.calls if c not in ("load", "file-load")], calls, r.err)
        return r


class Direct(DirectTest):
    def test_order(self):
        self.direct(0, ["shield", f"signal 5000001 {signal.SIGTERM:d}", "sync", *UNMOUNT,
                        "read-only /", "sync", "reboot"])
        self.assertEqual(self.read("proc/sysrq-trigger"), "")

    def test_many_mounts(self):
        """A table of mounts that is longer than any buffer of fixed size: what containers leave behind."""
        boxes = [f"/var/lib/containers/{i:064x}/shm" for i in range(1000)]
        self.set("proc/self/mountinfo", MOUNTS + "".join(
            f"{100 + i} 21 0:{100 + i} / {box} rw,nosuid,nodev,noexec - tmpfs shm rw,size=65536k,inode64\n"
            for i, box in enumerate(boxes)))
        r = self.direct(0)
        self.assertEqual([c for c in r.calls if c.startswith("unmount /var")],
                         [f"unmount {box}" for box in reversed(boxes)])
        self.assertEqual(r.calls[-3:], ["read-only /", "sync", "reboot"])

    def test_stubborn(self):
        r = self.direct(0, env={"FAKE_STUBBORN": "1"})
        signals = [c for c in r.calls if c.startswith("signal 5000001")]
        self.assertEqual(signals, [f"signal 5000001 {s:d}" for s in
                                   (signal.SIGTERM, signal.SIGCONT, signal.SIGKILL)])

    def test_storage_daemon(self):
        self.process(5000003, argv0="@fuse-root")
        self.set("proc/5000003/status", "Name:\tx\nUid:\t0\t0\t0\t0\n")
        self.assertNotIn("5000003", " ".join(self.direct(0).calls))

    def test_no_storage_daemon(self):
        """Only root's are spared: anybody can begin his program's name with an @."""
        for uids in ("1000\t1000\t1000\t1000", "1000\t0\t0\t0", None):
            self.process(5000003, argv0="@x")
            if uids:
                self.set("proc/5000003/status", f"Name:\tx\nUid:\t{uids}\n")
            self.assertIn(f"signal 5000003 {signal.SIGTERM:d}", self.direct(0).calls)
            shutil.rmtree(self.root / "proc/5000003")
            self.set("proc/self/mountinfo", MOUNTS)

    def test_never_ends(self):
        r = self.direct(0, errors={"signal": errno.EPERM})
        self.assertIn("does not end", r.err)
        self.assertEqual(r.calls[-1], "reboot")

    def test_busy(self):
        r = self.direct(0, errors={"/boot": errno.EBUSY, "/tmp": errno.EBUSY})
        self.assertIn("read-only /boot", r.calls)
        self.assertNotIn("read-only /tmp", r.calls)
        self.assertIn("/boot: is in use", r.err)
        self.assertEqual(r.calls[-1], "reboot")

    def test_emergency_remount(self):
        r = self.direct(0, errors={"remount": errno.EBUSY})
        self.assertEqual(self.read("proc/sysrq-trigger"), "u")
        self.assertIn("still writable", r.err)
        self.assertEqual(r.calls[-2:], ["sync", "reboot"])

    def test_jump_fails(self):
        for code in (errno.EINVAL, errno.EPERM, errno.EBUSY, errno.ENOSYS):
            self.set("proc/self/mountinfo", MOUNTS)
            r = self.direct(0, errors={"reboot": code})
            self.assertEqual(r.calls[-3:], ["reboot", "sync", "reboot cold"])
            self.assertIn("rebooting through the firmware", r.err)
        self.direct(5, errors={"reboot": errno.EINVAL, "cold": errno.EPERM})
        self.assertEqual(self.read("proc/sysrq-trigger"), "b")

    def test_network_root(self):
        self.set("proc/self/mountinfo", MOUNTS.replace("- ext4 /dev/sda1", "- nfs4 host:/root"))
        self.assertNotIn("eth0 down", self.direct(0, env={"FAKE_INTERFACES": "eth0"}).calls)
        self.set("proc/self/mountinfo", MOUNTS)
        self.assertIn("eth0 down", self.direct(0, env={"FAKE_INTERFACES": "eth0"}).calls)

    def test_no_proc(self):
        (self.root / "proc/self/mountinfo").unlink()
        self.assertRuns(["--direct", "--kernel", self.kernel], 1, [])

    def test_load_fails(self):
        self.direct(4, [], errors={"load": errno.ENOMEM, "file_load": errno.ENOMEM})

    def test_dry_run(self):
        r = self.assertRuns(["--direct", "-n", "--json", "--kernel", self.kernel], 0, [])
        got = json.loads(r.out)
        self.assertEqual((got["direct"], got["init"], got["command"]), (True, None, []))

    def test_firmware_wanted(self):
        self.set("run/systemd/reboot-to-firmware-setup", "")
        r = self.direct(0)
        self.assertNotIn("reboot", r.calls)
        self.assertEqual(r.calls[-1], "reboot cold")
        self.assertIn("unmount /boot", r.calls)


class Init(DirectTest):
    def test_refused(self):
        """Whoever has an init system shall use it."""
        for init, comm in (("systemd", "systemd"), ("sysvinit", "init"), ("busybox", "init"),
                           ("openrc", "openrc-init"), ("runit", "runit")):
            with self.subTest(init):
                (self.root / "proc/1/cmdline").unlink(missing_ok=True)
                self.take_init(init)
                self.set("proc/1/comm", comm + "\n")
                r = self.assertRuns(["--direct", "--kernel", self.kernel], 3, [])
                self.assertIn("--force F4", r.err)
                self.set("proc/self/mountinfo", MOUNTS)
                r = self.direct(0, args=["--force", "F4"])
                self.assertEqual(r.calls[-1], "reboot")

    def test_shells(self):
        """The same program as an init system, and none."""
        for argv0, comm in (("/bin/sh", "sh"), ("/bin/busybox", "init"), ("ash", "job")):
            self.no_init(argv0=argv0, comm=comm)
            self.set("proc/self/mountinfo", MOUNTS)
            self.assertEqual(self.direct(0).calls[-1], "reboot")
            r = self.assertRuns(["--kernel", self.kernel], 5, [])
            self.assertIn("--direct", r.err)
        self.no_init(argv0="init", comm="init")
        self.assertRuns(["--direct", "--kernel", self.kernel], 3, [])


if __name__ == "__main__":
    main()
