# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left of secrets in the memory of a machine and on its disk, looked for from outside.

QEMU keeps the machine's memory in a file. Keys are known by the archive that they were handed over in (cpio(5), new
ASCII format), so those of an archive that was overwritten are not found.
"""

import mmap

NAME = b"cryptroot/keyfiles/0.key\0"
HEAD, SIZE_AT = 110, 54  # bytes of a member's header; where its size is
KEY_SIZE = 64
STEP = 64 << 20


def options(path, size):
    """QEMU's, for @size of memory in the file @path."""
    return ("-object", f"memory-backend-file,id=ram,size={size},mem-path={path},share=on", "-machine", "memory-backend=ram")


def places(data, what):
    """Offsets of @what in @data."""
    found, at = [], data.find(what)
    while at >= 0:
        found.append(at)
        at = data.find(what, at + 1)
    return found


def keys(data):
    """Keys behind headers of their archive that are whole."""
    found = set()
    for at in places(data, NAME):
        head = data[at - HEAD:at]
        start = at + len(NAME) + -(HEAD + len(NAME)) % 4
        if head[:6] == b"070701" and int(head[SIZE_AT:SIZE_AT + 8], 16) == KEY_SIZE:
            found.add(bytes(data[start:start + KEY_SIZE]))
    return found


def look(path, secrets):
    """How often each of @secrets (name: bytes) is in the file @path, and the keys that are there with their numbers."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return ({name: len(places(data, secret)) for name, secret in secrets.items()},
                {key: len(places(data, key)) for key in keys(data)})
