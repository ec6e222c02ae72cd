# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs grub-emu, the real GRUB as a Linux program, on a tree of files and reads what it prints.

The program and GRUB's tools come from Debian's packages, unpacked by tools/fetch-images and run with
the C library they were built for. The loaders among grub-emu's commands are taken away first (see
hide_commands): functions of these names stand for them, and nothing is ever loaded or booted. It
runs without capabilities besides.
"""
import ctypes
import fcntl
import io
import os
import pathlib
import pty
import re
import resource
import select
import signal
import struct
import subprocess
import sys
import tarfile
import termios
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
CACHE = pathlib.Path(os.environ.get("RAPIDREBOOT_CACHE") or pathlib.Path.home() / ".cache/rapidreboot")
WRAPPER = "oracle"      # directory of the configuration that GRUB reads first
COLUMNS = 8000          # wider than any line, so that nothing is wrapped
# Processor time after which a script counts as one without end; an ordinary one needs a tenth of a
# second. Wall time is for a script that waits.
CPU_SECONDS, WALL_SECONDS = 8, 60
SILENCE = 0.02          # seconds after which a prompt at the end of the output is a prompt
# The menu on the screen, waiting for somebody: no time-out was set, or the script ran out of levels.
MENU = "to select which entry is highlighted"
# Nothing could be booted; GRUB's own prompt; the menu.
ENDS = [b"Failed to boot both", b"grub> ", MENU.encode()]
NOISE = [
    r"\x1b\[[0-9;?]*[A-Za-z]", r"\x1b[()][A-Z0-9]", r"\r",
]
# Summaries of the commands to hide, which only they refer to.
LOADERS = ["Load Linux.", "Load initrd.", "Simulate grub-legacy `kernel' command",
           "Simulate grub-legacy `initrd' command", "Simulate grub-legacy `modulenounzip' command"]
PR_CAPBSET_DROP, LAST_CAP = 24, 63
LIBC = ctypes.CDLL(None)


def hide_commands(program, summaries):
    """The bytes of grub-emu in which the commands with these summaries bear another name.

    A command's registration passes name and summary as immediate addresses, next to each other; the
    name's becomes the summary's, a name that nobody types.
    """
    data = bytearray(program)
    table, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    headers = [struct.unpack_from("<IIQQQQ", data, table + 56 * i) for i in range(count)]
    for summary in summaries:
        at = data.find(b"\0" + summary.encode() + b"\0") + 1
        if not at:
            continue    # this release has no such command
        address = next(v + at - o for t, _, o, v, _, n in headers if t == 1 and o <= at < o + n)
        # movabs rcx, summary; a few more; movabs rdi, name: grub-emu is built for any distance.
        uses = [m.start() for m in re.finditer(re.escape(b"\x48\xb9" + struct.pack("<Q", address)), data)]
        name = data.find(b"\x48\xbf", uses[0], uses[0] + 64) if len(uses) == 1 else -1
        if name < 0:
            raise RuntimeError(f"grub-emu: {summary!r} is not registered as expected")
        struct.pack_into("<Q", data, name + 2, address)
    return bytes(data)


class Crash(Exception):
    """GRUB itself crashed: there is no answer to compare with."""


class Grub:
    """One release of GRUB out of the cache."""

    def __init__(self, suite, work, uuid=None):
        self.suite, self.work, self.root = suite, work, CACHE / f"grub-{suite}"
        self.program = work / f"grub-emu-{suite}"
        self.program.write_bytes(hide_commands((self.root / "usr/bin/grub-emu").read_bytes(), LOADERS))
        self.program.chmod(0o755)
        disk = "/dev/null"
        if uuid:    # a disk to be found by `search`; nothing is read from it
            disk = work / "disk"
            subprocess.run(["mkfs.ext4", "-q", "-F", "-U", uuid, disk, "512k"], check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (work / "device.map").write_text(f"(hd0) {disk}\n")

    def run(self, files):
        """Output of GRUB on @files, whose /oracle/grub.cfg is read first; None when it has no end.

        On a busy machine ncurses may leave the menu half drawn: it stops drawing while a key waits to be
        read. A script without an end has none in any of three runs.
        """
        (self.work / "tree.tar").write_bytes(pack(files))
        for _ in range(3):
            out = converse([*loader(self.root), str(self.program), "-m", str(self.work / "device.map"),
                            "--memdisk", str(self.work / "tree.tar"), "-r", "memdisk", "-d", "/" + WRAPPER])
            if any(end in out for end in ENDS):
                break
        else:
            return None
        text = out.decode("latin-1")
        for pattern in NOISE:
            text = re.sub(pattern, "", text)
        return text


def loader(root):
    """The dynamic loader below @root, told to take libraries from there alone."""
    found = [p for p in (root / "lib64", root / "usr/lib64") if (p / "ld-linux-x86-64.so.2").exists()]
    libraries = [root / top / "x86_64-linux-gnu" / sub for top in ("lib", "usr/lib")
                 for sub in ("", "pulseaudio", "systemd")]
    return [str(found[0] / "ld-linux-x86-64.so.2"), "--library-path", ":".join(map(str, libraries))]


def tool(suite, name):
    """The words that run one of GRUB's tools that are programs."""
    root = CACHE / f"grub-{suite}"
    return [*loader(root), str(root / "usr/bin" / name)]


def fetch(*suites):
    """Makes sure that these releases are in the cache; false when they cannot be had."""
    return subprocess.run([sys.executable, TOP / "tools/fetch-images", *(f"grub-{s}" for s in suites)],
                          stdout=subprocess.DEVNULL, check=False, timeout=1800).returncode == 0


def pack(files):
    """A tar of the tree in the order of names: the order in which GRUB lists directories."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        # Directories are implied: GRUB would list one with a member of its own twice.
        for name in sorted(files):
            info = tarfile.TarInfo(name.lstrip("/"))
            info.size = len(files[name])
            tar.addfile(info, io.BytesIO(files[name]))
    return out.getvalue()


def start(argv):
    """In the child: a terminal, no way to anything but memory and the files of the tree."""
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 200, COLUMNS, 0, 0))
    for capability in range(LAST_CAP + 1):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.execve(argv[0], argv, {"TERM": "xterm", "PATH": "/nonexistent", "HOME": "/nonexistent"})


def converse(argv):
    """What the program prints on a terminal until it waits for somebody, ends or takes too long."""
    pid, fd = pty.fork()
    if pid == 0:
        start(argv)
    out, deadline, answered = b"", time.monotonic() + WALL_SECONDS, 0
    while time.monotonic() < deadline and not any(end in out for end in ENDS):
        ready, _, _ = select.select([fd], [], [], SILENCE)
        if not ready:
            # After errors GRUB waits ten seconds or for a key. A second key, when GRUB was too slow to
            # take the first, would choose an entry of the menu that follows.
            if out.endswith(b"Press any key to continue...") and len(out) > answered:
                os.write(fd, b"\n")
                answered = len(out)
            continue
        try:
            data = os.read(fd, 1 << 16)
        except OSError:
            break
        if not data:
            break
        out += data
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS):
        raise Crash(os.WTERMSIG(status))
    return out


def printed(text, progress=""):
    """What the configuration printed: without GRUB's own messages. Starts at the mark @@begin.

    GRUB writes the @progress of reading a file over the line, blanks in front of it included.
    """
    at = text.find("@@begin\n")
    if at < 0:
        return None
    text = text[at + len("@@begin\n"):]
    for end in ("\n  Failed to boot both", "grub> "):
        text = text.split(end)[0]
    # The shell's greeting, where there is no menu.
    text = re.sub(r"GNU GRUB  version .*", "", text, flags=re.S)
    text = re.sub(r" *\[ \S+ +\S+ +\d+% +\S+B/s \]", progress, text)
    # A name in a message may have several lines.
    text = re.sub(r"error: (?:[^\n`]*`[^']*')?[^\n]*\n", "", text)
    text = re.sub(r"  Booting `.*?'\n", "", text, flags=re.S)
    text = re.sub(r"Elapsed time: [^\n]*\n", "", text)
    text = re.sub(r"   Falling back to `[^\n]*'\n", "", text)
    text = text.replace("Press any key to continue...", "")
    # Devices that only this program has, variables that only it sets.
    text = text.replace("(proc) (memdisk) (hd0) (host)", "(memdisk)")
    text = re.sub(r"^(DAY|HOUR|MINUTE|MONTH|SECOND|WEEKDAY|YEAR|check_signatures|cmdpath|net_default_\w+|"
                  r"pxe_default_server|appendedsig_key_mgmt|check_appended_signatures|"
                  r"feature_gcry_hw_accel|feature_search_cryptodisk_only|feature_tpm2_cap_pcrs|"
                  r"fw_path)=.*\n", "", text, flags=re.M)
    return [line.rstrip() for line in text.split("\n") if line.strip()]
