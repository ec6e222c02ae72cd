#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every call that touches the machine fails with every errno that its manual page or the kernel's
sources name, one after the other, under every command that acts. Whatever happens, the machine is
as it was, is rebooting in order, or goes through the firmware."""
import errno as e
import os
import re
import shutil

from kexec_machine import PROGRAM, main
from reboot_machine import RebootTest

# call of the table (see tests/fake/sys-machine.c): kexec_load(2), kexec_file_load(2), reboot(2),
# kill(2), umount(2), mount(2), getrandom(2), netdevice(7), posix_spawn(3) and what they pass on
LOAD = {e.EACCES, e.EADDRNOTAVAIL, e.EBUSY, e.EFAULT, e.EINVAL, e.ENOEXEC, e.ENOMEM, e.ENOSYS,
        e.EPERM}
FILE_LOAD = LOAD | {e.EBADF, e.EBADMSG, e.EFBIG, e.EIO, e.EKEYREJECTED, e.ELIBBAD, e.EMSGSIZE,
                    e.ENODATA, e.ENOKEY, e.ENOPKG, e.EOPNOTSUPP, e.ETXTBSY}
UNLOAD = {e.EACCES, e.EBUSY, e.EINVAL, e.ENOSYS, e.EPERM}
REBOOT = {e.EBUSY, e.EFAULT, e.EINVAL, e.ENOSYS, e.EPERM}
FAULTS = {
    "load": LOAD,
    "file_load": FILE_LOAD,
    "unload": UNLOAD,
    "file_unload": UNLOAD,
    "reboot": REBOOT,
    "cold": REBOOT,
    "signal": {e.EINVAL, e.EPERM, e.ESRCH},
    "unmount": {e.EAGAIN, e.EBUSY, e.EFAULT, e.EINVAL, e.ENAMETOOLONG, e.ENOENT, e.ENOMEM, e.EPERM},
    "remount": {e.EACCES, e.EBUSY, e.EFAULT, e.EINVAL, e.ELOOP, e.ENODEV, e.ENOENT, e.ENOMEM,
                e.ENOTBLK, e.ENOTDIR, e.ENXIO, e.EPERM, e.EROFS},
    "random": {e.EAGAIN, e.EFAULT, e.EINTR, e.EINVAL, e.ENOSYS},
    "interfaces": {e.EACCES, e.EAFNOSUPPORT, e.EINVAL, e.EMFILE, e.ENFILE, e.ENOBUFS, e.ENOMEM,
                   e.EPROTONOSUPPORT},
    "eth0": {e.EACCES, e.ENODEV, e.EPERM},
    "run": {e.E2BIG, e.EACCES, e.EAGAIN, e.ENOENT, e.ENOEXEC, e.ENOMEM},
}
MOUNTS = ("21 1 8:1 / / rw - ext4 /dev/sda1 rw\n22 21 0:20 / /proc rw - proc proc rw\n"
          "23 21 8:2 / /boot rw - ext4 /dev/sda2 rw\n")
GONE = ("reboot", "reboot cold")
REQUEST, LOADED = "run/rapidreboot/request", "run/rapidreboot/loaded"
KEXEC = {"FAKE_OUTPUT": "12 kexec.target start waiting\n"}
POWEROFF = {"FAKE_OUTPUT": "12 poweroff.target start waiting\n"}


class FaultTest(RebootTest):
    loaded = "0"    # before the command
    init = "systemd"

    def prepare(self):
        """The same machine for every fault."""
        self.take_init(self.init)
        self.set("sys/kernel/kexec_loaded", self.loaded + "\n")
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.set("proc/self/mountinfo", MOUNTS)
        self.set("proc/sysrq-trigger", "")
        self.set("proc/5000001/stat", "5000001 (x) S 1 1 1 0 -1 0 1\n")
        self.set("var/lib/rapidreboot/enabled", "")
        for path in (REQUEST, LOADED, "var/lib/rapidreboot/attempts"):
            (self.root / path).unlink(missing_ok=True)

    def setUp(self):
        super().setUp()
        self.take_menu()
        tools = self.dir / "bin"
        tools.mkdir()
        # rapidreboot starts the coldreboot that lies beside it
        shutil.copy(PROGRAM, tools / "rapidreboot")
        shutil.copy(os.environ["COLDREBOOT_RECORDED"], tools / "coldreboot")
        self.program_path = str(tools / "rapidreboot")
        self.path = f"{tools}:/nonexistent"

    def is_loaded(self):
        return self.read("sys/kernel/kexec_loaded") == "1\n"

    def each_fault(self, *args, env=None, exits=None, calls=None):
        """Runs the command under every fault (of @calls); yields call, errno and result."""
        env = {"FAKE_INTERFACES": "eth0", "PATH": self.path, **(env or {})}
        every = int(os.environ["FAULTS_EVERY"])
        faults = [("none", 0)] + [(call, code) for call, codes in FAULTS.items()
                                  if not calls or call in calls for code in sorted(codes)[::every]]
        for call, code in faults:
            for other in ({}, {"file_load": e.ENOSYS}, {"load": e.EPERM}):
                if call not in ("load", "file_load", "file_unload") and other:
                    continue
                with self.subTest(args=args, call=call, errno=e.errorcode.get(code), other=other):
                    self.prepare()
                    r = self.run_it(*args, errors={**other, call: code}, env=env, exits=exits)
                    self.always(r)
                    yield call, code, r

    def always(self, r):
        """What holds whatever is run and whatever fails. run_it() has looked at the exit status."""
        self.assertNotIn("reboot WITHOUT AN IMAGE", r.calls, r.log)
        self.assertNotIn("Sanitizer", r.err)
        if r.rc != 0:
            self.assertRegex(r.err, r"(?m)^(rapidreboot|coldreboot): .{10,}")
        # who may go down has a request or says so to the last; one request of one kind
        request = self.read(REQUEST) or ""
        self.assertLessEqual(request.count("mode "), 1)

    def nothing_left(self, call, r):
        """Withdrawn: no image, no request, no attempt; an image that cannot be dropped is told."""
        if self.is_loaded():
            self.assertIn(call, ("unload", "file_unload"), (r.err, r.log))
            self.assertIn("unloading with", r.err)
        self.assertIsNone(self.read(REQUEST))
        self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts") or "")


class ByInit(FaultTest):
    def test_reboot(self):
        for call, _, r in self.each_fault("--kernel", self.kernel):
            self.assertFalse(set(GONE) & set(r.calls), "it is for init to reboot")
            if r.rc == 0:
                self.assertTrue(self.is_loaded())
                self.assertEqual(r.calls[-1], "run /usr/bin/systemctl kexec")
            else:
                self.assertIn(r.rc, (4, 5), r.err)
                self.nothing_left(call, r)

    def test_init_refuses(self):
        for call, _, r in self.each_fault("--kernel", self.kernel, exits={"systemctl": 1}):
            self.assertIn(r.rc, (4, 5), r.err)
            self.nothing_left(call, r)

    def test_every_init(self):
        for self.init in ("sysvinit", "openrc", "busybox", "runit", "s6", "dinit", "shepherd"):
            for call, _, r in self.each_fault("--kernel", self.kernel,
                                              calls=("run", "file_unload", "unload")):
                if r.rc != 0:
                    self.assertIn(r.rc, (4, 5), r.err)
                    self.nothing_left(call, r)

    def test_when(self):
        for call, _, r in self.each_fault("--when", "+5", "--kernel", self.kernel):
            if r.rc == 0:
                self.assertTrue(self.is_loaded())
            else:
                self.nothing_left(call, r)

    def test_no_clock(self):
        """A clock that does not tell its time reads as zero."""
        self.prepare()
        self.assertRuns(["--kernel", self.kernel], 0, env={"FAKE_BOOTTIME": "0"})
        self.assertEqual(self.read(REQUEST).count("time 0\n"), 1)

    def test_no_capability(self):
        for args in (["--kernel", self.kernel], ["--direct", "--force", "F4", "--kernel", self.kernel]):
            self.prepare()
            self.assertRuns(args, 1, [], env={"FAKE_NO_BOOT_CAPABILITY": "1"})


SIGNATURE = {e.EBADMSG, e.EKEYREJECTED, e.ELIBBAD, e.EMSGSIZE, e.ENODATA, e.ENOKEY, e.ENOPKG}


class Loading(FaultTest):
    def test_load(self):
        """A refused signature never falls back."""
        for way in ([], ["--safe"], ["--kexec-file-syscall"]):
            for call, code, r in self.each_fault("load", *way, "--kernel", self.kernel,
                                                 calls=("file_load",)):
                if code in SIGNATURE and "file-load" in r.calls:
                    self.assertEqual((r.rc, r.calls[-1]), (4, "file-load"))
        for _, _, r in self.each_fault("load", "--kernel", self.kernel):
            self.assertIn(r.rc, (0, 4))
            self.assertEqual(self.is_loaded(), r.rc == 0)
            self.assertTrue({"load", "file-load"} >= set(r.calls), r.calls)

    def test_unload(self):
        self.loaded = "1"
        for _, _, r in self.each_fault("unload"):
            self.assertIn(r.rc, (0, 4))
            self.assertEqual(self.is_loaded(), r.rc != 0)
            self.assertTrue({"unload", "file-unload"} >= set(r.calls), r.calls)


class Cold(FaultTest):
    loaded = "1"

    def test_cold(self):
        """An image that stays is no firmware reboot, unless init is told to leave it alone."""
        for call, _, r in self.each_fault("cold"):
            self.assertFalse(set(GONE) & set(r.calls))
            if r.rc == 0:
                self.assertIn("mode cold", self.read(REQUEST))
                self.assertIn("SYSTEMCTL_SKIP_AUTO_KEXEC=1", r.calls[-1])
            else:
                self.assertIn(r.rc, (4, 5), r.err)
                self.assertIsNone(self.read(REQUEST))

    def test_image_stays(self):
        self.init = "sysvinit"
        for call, _, r in self.each_fault("cold"):
            if self.is_loaded():
                self.assertIn(call, ("unload", "file_unload"))
                self.assertEqual(r.rc, 4)
                self.assertNotIn("shutdown", " ".join(r.calls))


class Hooks(FaultTest):
    """A hook never stops init: its exit status is 0 whatever fails."""

    def test_load(self):
        for call, _, r in self.each_fault("hook", "load", env=KEXEC):
            self.assertEqual(r.rc, 0)
            self.assertFalse(set(GONE) & set(r.calls))
            if not self.is_loaded():
                self.assertRegex(r.err, "through the firmware|does not say")

    def test_load_on_poweroff(self):
        self.loaded = "1"
        for call, _, r in self.each_fault("hook", "load", env=POWEROFF):
            self.assertEqual(r.rc, 0)
            self.assertFalse({"load", "file-load", *GONE} & set(r.calls))

    def test_jump(self):
        self.loaded, self.init = "1", "sysvinit"
        for call, _, r in self.each_fault("hook", "jump", env={"RUNLEVEL": "6"}):
            self.assertEqual(r.rc, 0)
            self.assertEqual("reboot" in r.calls, True)
            self.assertIsNone(self.read(REQUEST))
            if call == "reboot":
                self.assertIn("reboot(LINUX_REBOOT_CMD_KEXEC)", r.err)
                # init's own reboot comes next, and may want the network
                self.assertEqual([c for c in r.calls if c.startswith("eth0")][-1:], ["eth0 up"])

    def test_no_jump(self):
        self.loaded = "1"
        for init, env, words in (("sysvinit", {"RUNLEVEL": "0"}, []), ("openrc", {}, []),
                                 ("busybox", {}, []), ("dinit", {}, ["poweroff"])):
            self.init = init
            for _, _, r in self.each_fault("hook", "jump", *words, env=env,
                                           calls=("reboot", "file_unload", "unload", "run")):
                self.assertFalse(set(GONE) & set(r.calls))


class Renewed(FaultTest):
    """What was ordered for this time has changed since."""

    loaded, init = "1", "sysvinit"

    def prepare(self):
        super().prepare()
        os.utime(self.kernel, (1, 1))
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertEqual(self.run_it("--when", "+0", "--kernel", self.kernel).rc, 0)
        self.set("sys/kernel/kexec_loaded", "1\n")
        os.utime(self.kernel, (2, 2))

    def test_renewed(self):
        """What is loaded is what the request is for, or nothing of both is left."""
        for call, _, r in self.each_fault("hook", "load", env={"RUNLEVEL": "6"}):
            self.assertEqual(r.rc, 0)
            self.assertFalse(set(GONE) & set(r.calls))
            request = self.read(REQUEST) or ""
            if "through the firmware" in r.err:
                self.assertNotIn("mode kexec", request)
                self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts"))
            else:
                self.assertTrue(self.is_loaded())
                digest = re.search(r"^digest \w+$", request, re.M)[0]
                self.assertIn(digest, self.read(LOADED))

    def test_waits(self):
        """The same where a process of ours asks init."""
        self.init = "runit"
        exe = self.root / "proc/self/exe"
        exe.parent.mkdir(parents=True)
        exe.symlink_to("/usr/sbin/rapidreboot")
        for call, _, r in self.each_fault("hook", "wait"):
            self.assertEqual(r.rc, 0)
            request = self.read(REQUEST)
            if request is None:
                self.assertNotIn("pending", self.read("var/lib/rapidreboot/attempts"))
            else:
                self.assertEqual("mode kexec" in request, self.is_loaded(), (r.err, r.log))
                self.assertIn("run /usr/sbin/runit-init 6", r.calls)


class Direct(FaultTest):
    def test_direct(self):
        """Until the kernel is loaded nothing is stopped; then it ends in a reboot of some kind."""
        for call, code, r in self.each_fault("--direct", "--force", "F4", "--kernel", self.kernel):
            touched = [c for c in r.calls if c not in ("load", "file-load")]
            if r.rc == 4:
                self.assertEqual(touched, [])
                continue
            self.assertEqual(touched[0], "shield")
            self.assertIn("reboot", touched)
            if call == "reboot":
                self.assertEqual(touched[-1], "reboot cold")
            else:
                self.assertEqual((r.rc, touched[-1]), (0, "reboot"))

    def test_no_reboot_at_all(self):
        for code in REBOOT:
            self.prepare()
            r = self.assertRuns(["--direct", "--force", "F4", "--kernel", self.kernel], 5,
                                errors={"reboot": code, "cold": code})
            self.assertEqual(self.read("proc/sysrq-trigger"), "b")
            self.always(r)


if __name__ == "__main__":
    main()
