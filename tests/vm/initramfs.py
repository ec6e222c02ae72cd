# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds initramfs images: files, directories and links in, a "newc" cpio archive out.

Format: Linux Documentation/driver-api/early-userspace/buffer-format.rst. Every archive is padded
to a multiple of 4 bytes, as the kernel wants it between two joined archives.
"""

import os
import stat

ALIGN = 4  # of names and file contents in an archive
BLOCK = 512  # archives end on a multiple of this, like cpio(1) makes them


class Archive:
    """An archive under construction; paths are relative to the root, parents are made as needed."""

    def __init__(self):
        self.members = {}  # path -> (mode, source): bytes, or the path of a file on the host

    def _add(self, path, mode, source, device=(0, 0)):
        path = path.strip("/")
        parent = os.path.dirname(path)
        if parent and parent not in self.members:
            self.directory(parent)
        self.members[path] = (mode, source, device)

    def directory(self, path):
        self._add(path, stat.S_IFDIR | 0o755, b"")

    def data(self, path, content, mode=0o644):
        if isinstance(content, str):
            content = content.encode()
        self._add(path, stat.S_IFREG | mode, content)

    def file(self, path, source, mode=None):
        """Take @source from the host; its mode is kept unless given."""
        if mode is None:
            mode = stat.S_IMODE(os.stat(source).st_mode)
        self._add(path, stat.S_IFREG | mode, source)

    def link(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, path, major, minor):
        self._add(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def tree(self, path, source):
        """Everything below the host directory @source."""
        self.directory(path)
        for folder, folders, files in os.walk(source):
            folders.sort()
            inside = os.path.join(path, os.path.relpath(folder, source))
            for name in sorted(files):
                here, there = os.path.join(folder, name), os.path.normpath(f"{inside}/{name}")
                if os.path.islink(here):
                    self.link(there, os.readlink(here))
                else:
                    self.file(there, here)

    def write(self, out):
        """Write the archive to the binary file object @out; returns its size in bytes."""
        done = 0
        for number, (path, (mode, source, device)) in enumerate(self.members.items(), 1):
            done += _write_member(out, number, path, mode, source, device)
        done += _write_member(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        return done + out.write(b"\0" * (-done % BLOCK))

    def extract(self, folder):
        """Lay everything but device nodes out below the new directory @folder."""
        for path, (mode, source, _) in self.members.items():
            place = os.path.join(folder, path)
            if stat.S_ISDIR(mode):
                os.makedirs(place, exist_ok=True)
            elif stat.S_ISLNK(mode):
                os.symlink(source, place)
            elif stat.S_ISREG(mode):
                content = source
                if isinstance(source, str):
                    with open(source, "rb") as file:
                        content = file.read()
                with open(place, "wb") as file:
                    file.write(content)
                os.chmod(place, stat.S_IMODE(mode))
        return folder

    def save(self, path):
        with open(path, "wb") as out:
            self.write(out)
        return path


def _write_member(out, number, path, mode, source, device):
    size = os.stat(source).st_size if isinstance(source, str) else len(source)
    name = path.encode() + b"\0"
    fields = [number, mode, 0, 0, 1, 0, size, 0, 0, *device, len(name), 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    done = out.write(head + b"\0" * (-len(head) % ALIGN))
    if isinstance(source, str):
        with open(source, "rb") as file:
            while chunk := file.read(1 << 20):
                done += out.write(chunk)
    else:
        done += out.write(source)
    return done + out.write(b"\0" * (-done % ALIGN))
