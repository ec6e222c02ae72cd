#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""--unlock: what it refuses, that a key is never promised where none is handed over, and that such a load is not reused."""
import gzip
from pathlib import Path

from kexec_machine import main
from when_machine import LOADED, SYMBOLS, PackedTest, kcore

SCRIPT = "scripts/local-top/cryptroot"
TABLE = "cryptroot/crypttab"
VOLUME = "cryptroot UUID=5d0f8a52-6f0d-4a6c-8f1e-2f6f8a1c9d21 "


def cpio(members):
    """An archive by cpio(5), new ASCII format."""
    data = b""
    for name, contents in [*members, ("TRAILER!!!", "")]:
        name = name.encode() + b"\0"
        fields = [1, 0o100644, 0, 0, 1, 0, len(contents), 0, 0, 0, 0, len(name), 0]
        for part in (b"070701" + b"".join(b"%08x" % f for f in fields) + name, contents.encode()):
            data += part + b"\0" * (-len(part) % 4)
    return data + b"\0" * (-len(data) % 512)


class Unlock(PackedTest):
    def setUp(self):
        super().setUp()
        self.program("/usr/sbin/cryptsetup")
        self.set_table("none luks")

    def set_members(self, *members):
        self.set_initrd(gzip.compress(cpio([("init", "#!/bin/sh\n"), *members])))

    def set_table(self, key):
        self.set_members((SCRIPT, "#!/bin/sh\n"), (TABLE, VOLUME + key + "\n"))

    def refuses(self, args, rc, *sentences, **how):
        """Nothing is loaded and nothing is noted."""
        r = self.assertRuns(args, rc, **how)
        for sentence in sentences:
            self.assertIn(sentence, r.err)
        self.assertNotIn("load", r.calls)
        self.assertIsNone(self.read(LOADED))
        self.assertFalse((self.root / "var/lib/rapidreboot/unlock").exists())
        return r

    def test_nobody_to_ask(self):
        for args in (["load", "--unlock"], ["-y", "--unlock"]):
            self.assertEqual(self.refuses(args, 3, "nobody can be asked for a passphrase", "--unlock-from FD").calls, [])

    def test_options(self):
        for words in (["--when", "+5"], ["--cancel"], ["--root", str(self.root)]):
            self.refuses(["--unlock-from", "3", *words], 2, "--unlock cannot be used with " + words[0])
        self.refuses(["--unlock-from", "0"], 2, "--yes goes with it", typed="y\n")
        for number in ("x", "-1", "99999999", ""):
            self.refuses(["load", "--unlock-from", number], 2, "not the number of a descriptor")

    def test_descriptor(self):
        self.refuses(["load", "--unlock-from", "0"], 3, "--unlock-from 0: it is empty", typed="")
        self.refuses(["load", "--unlock-from", "0"], 3, "longer than a passphrase can be", typed="p" * 600)
        self.refuses(["load", "--unlock-from", "77"], 3, "--unlock-from 77: Bad file descriptor")

    def test_initial_ramdisk(self):
        for members in ([], [(TABLE, VOLUME + "none luks\n")], [(SCRIPT, "#!/bin/sh\n")], [(SCRIPT, ""), (TABLE, "")]):
            self.set_members(*members)
            r = self.refuses(["load", "--unlock-from", "0"], 3, self.initrd + ": no table of encrypted volumes is in it",
                             typed="secret\n")
            self.assertFalse([call for call in r.calls if "cryptsetup" in call])

    def test_wrong(self):
        for args in (["load"], ["-y"]):
            r = self.refuses([*args, "--unlock-from", "0"], 3, "no key slot has this passphrase", typed="secret horse\n", exits={"cryptsetup": 2})
            self.assertNotIn("secret horse", r.out + r.err)

    def test_no_cryptsetup(self):
        (self.root / "usr/sbin/cryptsetup").unlink()
        self.refuses(["load", "--unlock-from", "0"], 3, "no cryptsetup in /usr/sbin", typed="secret\n")

    def test_no_header(self):
        """A volume that is not there, although cryptsetup took the passphrase."""
        self.refuses(["load", "--unlock-from", "0"], 3, "by-uuid/5d0f8a52-6f0d-4a6c-8f1e-2f6f8a1c9d21: No such file", typed="secret\n")

    def loads_without_key(self):
        r = self.assertRuns(["load", "--unlock-from", "0"], 0, ["load"], typed="secret\n")
        self.assertIn("asks for no passphrase: no key is handed over", r.err)

    def test_never_loaded_already(self):
        self.set_table("/cryptroot/keyfiles/root.key luks")
        self.set("proc/kallsyms", SYMBOLS)
        self.assertRuns(["load"], 0, ["load"])
        self.set("sys/kernel/kexec_loaded", "1\n")
        (self.root / "proc/kcore").write_bytes(kcore(int(self.line(LOADED, "start"))))
        self.assertIn("is loaded already", self.assertRuns(["load"], 0, []).err)
        self.loads_without_key()
        # nor is what was loaded with it taken for an ordinary load
        self.assertIsNone(self.line(LOADED, "same"))
        (self.root / "proc/kcore").write_bytes(kcore(int(self.line(LOADED, "start"))))
        self.assertRuns(["load"], 0, ["load"])


if __name__ == "__main__":
    main()
