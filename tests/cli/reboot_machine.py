# SPDX-License-Identifier: LGPL-2.1-or-later
"""A machine with an init system of choice, for commands that ask it for a reboot."""
import errno
import os
import pathlib
import pty
import select
import shutil
import subprocess

from kexec_machine import PROGRAM, MachineTest, Result

BOOT_ID = "3f2a9c1e-7b64-4c0d-9a55-0d6c1f8e2b17"
EXITS = range(13)

# Program of process 1 and the programs that come with it, as their packages install them.
INITS = {
    "systemd": ("/usr/lib/systemd/systemd", ["/usr/bin/systemctl", "/usr/sbin/shutdown"]),
    "openrc": ("/usr/sbin/openrc-init", ["/sbin/openrc-shutdown", "/sbin/shutdown"]),
    "sysvinit": ("/sbin/init", ["/sbin/shutdown", "/sbin/reboot"]),
    "busybox": ("/bin/busybox", ["/sbin/reboot"]),
    "runit": ("/usr/sbin/runit", ["/usr/sbin/runit-init", "/sbin/shutdown"]),
    "s6": ("/usr/bin/s6-svscan", ["/usr/bin/s6-linux-init-hpr", "/sbin/reboot"]),
    "dinit": ("/usr/sbin/dinit", ["/usr/sbin/shutdown", "/usr/sbin/dinitctl"]),
    "finit": ("/sbin/finit", ["/sbin/initctl", "/sbin/reboot"]),
    "shepherd": ("/gnu/store/abc-guile-3.0/bin/guile", ["/run/current-system/profile/sbin/reboot"]),
}


# Where what we install has to be before these init systems run it: file of integration/, places.
HOOKS = {
    "openrc": {"openrc/rapidreboot-load": ["etc/runlevels/default/rapidreboot-load"],
               "openrc/rapidreboot-jump": ["etc/runlevels/shutdown/rapidreboot-jump"]},
    "sysvinit": {f"sysvinit/rapidreboot-{name}": [f"etc/init.d/rapidreboot-{name}",
                                                  f"etc/rc6.d/K{number}rapidreboot-{name}"]
                 for name, number in (("load", "01"), ("stopped", "06"), ("jump", "09"))},
    "busybox": {"busybox/inittab": ["etc/inittab"]},
    "runit": {f"runit/rapidreboot-{name}.sh": [f"etc/runit/shutdown.d/{number}-rapidreboot-{name}.sh"]
              for name, number in (("load", "05"), ("stopped", "75"), ("jump", "95"))},
    "s6": {"s6/rc.shutdown.final": ["etc/s6-linux-init/current/scripts/rc.shutdown.final"]},
    "finit": {"finit/rapidreboot-load": ["usr/libexec/finit/hook/sys/shutdown/rapidreboot"],
              "finit/rapidreboot-jump": ["usr/libexec/finit/hook/sys/down/rapidreboot"]},
}
# Process 1 of BusyBox 1.35: its masks of signals are clear when it waits for one and when it goes down.
BUSYBOX_STATUS = "Name:\tinit\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n"
BUSYBOX_WAITS, BUSYBOX_GOES = "do_sigtimedwait", "do_wait"      # /proc/1/wchan
# what prepare_stage4() of s6-linux-init 1.1 writes
S6_STAGE_4 = "run/service/s6-linux-init-shutdownd/stage 4"
S6_TEXT = ("#!/bin/execlineb -P\n\n/bin/foreground { /bin/s6-linux-init-umountall }\n/bin/foreground "
           "{ \"/etc/s6-linux-init/current\"/scripts/rc.shutdown.final }\n/bin/s6-linux-init-hpr -f -%s\n")
INTEGRATION = pathlib.Path(__file__).resolve().parents[2] / "integration"


def cpio(*files):
    """An archive by cpio(5), new ASCII format, of empty files."""
    data = b""
    for name in (*files, "TRAILER!!!"):
        name = name.encode() + b"\0"
        fields = [1, 0o100644, 0, 0, 1, 0, 0, 0, 0, 0, 0, len(name), 0]
        entry = b"070701" + b"".join(b"%08x" % f for f in fields) + name
        data += entry + b"\0" * (-len(entry) % 4)
    return data + b"\0" * (-len(data) % 512)


class RebootTest(MachineTest):
    program_path = PROGRAM

    def setUp(self):
        super().setUp()
        self.initrd = self.file("initrd.img", cpio("init", "lib/modules/6.1.0-test/modules.dep"))
        self.set("lib/modules/6.1.0-test/modules.dep", "")
        self.take_files()
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID + "\n")
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.set_unloaded()
        (self.root / "run").mkdir(exist_ok=True)
        self.take_init("systemd")

    def set_unloaded(self):
        """No kernel is loaded: in sysfs of older kernels, and of those with a folder for kexec."""
        self.set("sys/kernel/kexec_loaded", "0\n")
        if (self.root / "sys/kernel/kexec/loaded").exists():
            self.set("sys/kernel/kexec/loaded", "0\n")

    def next_boot(self, loader, digit="4", **how):
        """The next kernel is up, started by @loader (type_of_loader, Documentation/arch/x86/boot.rst: 0xd0 is kexec-tools, 0x72
        GRUB): what was in the memory of the one before is gone, and init runs our hook."""
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID.replace("3", digit) + "\n")
        self.set("proc/sys/kernel/bootloader_type", f"{loader}\n")
        self.set("proc/sys/kernel/kexec_load_disabled", "0\n")
        self.set_unloaded()
        for name in ("request", "loaded"):
            (self.root / "run/rapidreboot" / name).unlink(missing_ok=True)
        return self.assertRuns(["hook", "boot"], 0, **how)

    def take_init(self, name):
        program, tools = INITS[name]
        exe = self.root / "proc/1/exe"
        exe.parent.mkdir(parents=True, exist_ok=True)
        exe.unlink(missing_ok=True)
        exe.symlink_to(program)
        systemd = self.root / "run/systemd/system"
        if name == "systemd":
            systemd.mkdir(parents=True, exist_ok=True)
        elif systemd.exists():
            systemd.rmdir()
        for folder in ("usr/sbin", "usr/bin", "sbin", "bin"):
            for path in (self.root / folder).glob("*"):
                path.unlink()
        for tool in tools:
            self.program(tool)
        if name == "dinit":     # a word of its help text; without it its shutdown(8) has no "-k"
            with open(self.root / "usr/sbin/shutdown", "a", encoding="utf-8") as f:
                f.write("# -k : execute kernel loaded via kexec.\n")
        # of init in Debian's busybox 1.35: it waits for its orders with these signals blocked
        (self.root / "proc/1/status").unlink(missing_ok=True)
        if name == "busybox":
            self.set("proc/1/status", BUSYBOX_STATUS)
            self.set("proc/1/wchan", BUSYBOX_WAITS)
        self.take_hooks(name)

    def take_hooks(self, name):
        """Our scripts, registered with this init system and with no other."""
        for places in (p for files in HOOKS.values() for p in files.values()):
            for place in places:
                (self.root / place).unlink(missing_ok=True)
        self.program("/usr/sbin/rapidreboot")
        for source, places in HOOKS.get(name, {}).items():
            text = (INTEGRATION / f"{source}.in").read_text().replace("@sbindir@", "/usr/sbin")
            for place in places:
                self.set(place, text)
                (self.root / place).chmod(0o755)

    def program(self, path):
        self.set(path.lstrip("/"), "#!/bin/false\n")
        (self.root / path.lstrip("/")).chmod(0o755)

    def take_files(self):
        """Kernel and initrd have the same names inside and outside of the machine, for what runs
        there opens them here."""
        for path in (self.kernel, self.initrd):
            copy = self.root / path.lstrip("/")
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)

    def take_menu(self, text=None):
        """A GRUB menu whose default is "Test"."""
        self.set("boot/grub/grub.cfg", text or
                 "set default=0\n"
                 f"menuentry 'Test' {{\n linux {self.kernel} root=/dev/sda1 ro\n"
                 f" initrd {self.initrd}\n}}\n"
                 f"menuentry 'Second' {{\n linux {self.kernel} root=/dev/sda2\n}}\n"
                 "menuentry 'Other system' {\n chainloader +1\n}\n"
                 "menuentry 'Gone' {\n linux /boot/vmlinuz-gone\n}\n")

    def read(self, path):
        path = self.root / path
        return path.read_text() if path.exists() else None

    def environ(self, errors=None, exits=None, env=None):
        environ = {"FAKE_LOG": str(self.dir / "log"), "FAKE_ROOT": str(self.root), "LC_ALL": "C",
                   "PATH": os.environ["PATH"]}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                environ[name] = os.environ[name]
        for name, table in (("FAKE_ERRORS", errors), ("FAKE_EXITS", exits)):
            if table:
                environ[name] = ",".join(f"{k}={v}" for k, v in table.items())
        environ.update(env or {})
        return environ

    def run_it(self, *args, typed=None, **how):
        """@typed: what a pipe brings to standard input; None: nothing, it is /dev/null."""
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        run = subprocess.run([self.program_path, *args], env=self.environ(**how),
                             **({"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}),
                             capture_output=True, text=True, timeout=60)
        result = Result(run, log)
        self.assertIn(result.rc, EXITS, (args, result.err))
        return result

    def assertRuns(self, args, rc, calls=None, **how):
        result = self.run_it(*args, **how)
        self.assertEqual(result.rc, rc, (args, result.out, result.err, result.log))
        if calls is not None:
            self.assertEqual(result.calls, calls, (args, result.err))
        return result

    def on_terminal(self, args, typed, before=None, **how):
        """Exit status, what was shown and the log of a run on a terminal. @before: called with its name ("pts/3")
        before the run."""
        log = self.dir / "log"
        log.unlink(missing_ok=True)
        master, slave = pty.openpty()
        if before:
            before(os.ttyname(slave).removeprefix("/dev/"))
        process = subprocess.Popen([PROGRAM, *args], env=self.environ(**how), stdin=slave,
                                   stdout=slave, stderr=slave)
        os.close(slave)
        os.write(master, typed.encode())
        shown = b""
        while select.select([master], [], [], 60)[0]:
            try:
                shown += os.read(master, 4096)
            except OSError as e:    # the other end is closed
                self.assertEqual(e.errno, errno.EIO)
                break
        os.close(master)
        lines = log.read_text().splitlines() if log.exists() else []
        return process.wait(timeout=60), shown.decode(), lines

    def tree(self):
        """Everything in the machine: name -> contents."""
        return {str(p.relative_to(self.root)): p.read_bytes() if p.is_file() else None
                for p in self.root.rglob("*")}
