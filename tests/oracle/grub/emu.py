# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs grub-emu, the real GRUB as a Linux program, on a tree of files and reads what it prints."""
import fcntl
import io
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tarfile
import termios
import time

CACHE = pathlib.Path(os.environ.get("RAPIDREBOOT_CACHE", pathlib.Path.home() / ".cache/rapidreboot"))
WRAPPER = "oracle"      # directory of the configuration that GRUB reads first
COLUMNS = 8000          # wider than any line, so that nothing is wrapped
# Nothing could be booted; GRUB's own prompt.
ENDS = [b"Failed to boot both", b"grub> "]
NOISE = [
    r"\x1b\[[0-9;?]*[A-Za-z]", r"\x1b[()][A-Z0-9]", r"\r",
]


def grub_emu():
    """The program out of Debian's package, unpacked into the cache and never installed."""
    root = CACHE / "grub" / "root"
    program = root / "usr/bin/grub-emu"
    if not program.exists():
        if not shutil.which("apt-get"):
            return None
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", "grub-emu"], cwd=root.parent, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for deb in root.parent.glob("grub-emu_*.deb"):
            subprocess.run(["dpkg", "-x", deb, root], check=True)
    found = subprocess.run([program, "--version"], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)
    return program if found.returncode == 0 else None


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


def converse(argv, seconds):
    """What the program prints on a terminal until it waits for somebody, ends or takes too long."""
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 200, COLUMNS, 0, 0))
        os.execve(argv[0], argv, {"TERM": "xterm", "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    out, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline and not any(end in out for end in ENDS):
        ready, _, _ = select.select([fd], [], [], 0.2)
        if not ready:
            # After errors GRUB waits ten seconds or for a key.
            if out.endswith(b"Press any key to continue..."):
                os.write(fd, b"\n")
            continue
        try:
            data = os.read(fd, 1 << 16)
        except OSError:
            break
        if not data:
            break
        out += data
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(fd)
    return out


def run(program, files, work, seconds=40):
    """Output of GRUB on @files, whose /oracle/grub.cfg is read first; None when it hung."""
    (work / "tree.tar").write_bytes(pack(files))
    (work / "device.map").write_text("(hd0) /dev/null\n")
    out = converse([str(program), "-m", str(work / "device.map"), "--memdisk",
                    str(work / "tree.tar"), "-r", "memdisk", "-d", "/" + WRAPPER], seconds)
    if not any(end in out for end in ENDS):
        return None
    text = out.decode("latin-1")
    for pattern in NOISE:
        text = re.sub(pattern, "", text)
    return text


def printed(text):
    """What the configuration printed: without GRUB's own messages. Starts at the mark @@begin."""
    at = text.find("@@begin\n")
    if at < 0:
        return None
    text = text[at + len("@@begin\n"):]
    for end in ("\n  Failed to boot both", "grub> "):
        text = text.split(end)[0]
    # The shell's greeting, where there is no menu.
    text = re.sub(r"GNU GRUB  version .*", "", text, flags=re.S)
    # The progress of reading a file.
    text = re.sub(r" *\[ \S+ +\S+ +\d+% +\S+B/s \]", "", text)
    text = re.sub(r"error: [^\n]*\n", "", text)
    text = re.sub(r"  Booting `[^']*'\n", "", text)
    text = re.sub(r"Elapsed time: [^\n]*\n", "", text)
    text = re.sub(r"   Falling back to `[^\n]*'\n", "", text)
    text = text.replace("Press any key to continue...", "")
    # Devices that only this program has, variables that only it sets.
    text = text.replace("(proc) (memdisk) (hd0) (host)", "(memdisk)")
    text = re.sub(r"^(DAY|HOUR|MINUTE|MONTH|SECOND|WEEKDAY|YEAR|check_signatures|cmdpath|net_default_\w+|"
                  r"pxe_default_server)=.*\n", "", text, flags=re.M)
    return [line.rstrip() for line in text.split("\n") if line.strip()]
