#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs vmcore-dmesg on made-up dumps and compares text, JSON, messages and exit status.

    test-vmcore-dmesg.py PATH-OF-VMCORE-DMESG
"""

import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree may be read-only
import cases  # noqa: E402

LIMIT = 30  # seconds a run may take
LEVELS = ("emerg", "alert", "crit", "err", "warn", "notice", "info", "debug")


def escaped(text, keep_utf8):
    r"""Printable ASCII and white space stay, other bytes become \xNN; UTF-8 stays in JSON, but for
    its controls."""
    if keep_utf8:
        text = re.sub(rb"\xc2([\x80-\x9f])", lambda m: b"\\xc2\\x%02x" % m[1][0], text)
    decoded = text.decode("utf-8" if keep_utf8 else "ascii", "surrogateescape")
    return "".join(f"\\x{ord(c) & 0xff:02x}"
                   if 0xdc80 <= ord(c) <= 0xdcff or c == "\x7f" or
                   (c < " " and c not in "\t\n\v\f\r") else c for c in decoded)


def text_line(record):
    stamp = ""
    if record.time_ns is not None:
        seconds, micros = divmod(record.time_ns // 1000, 1_000_000)
        stamp = f"[{seconds:5d}.{micros:06d}] "
    return stamp + escaped(record.text, False) + "\n"


def json_object(record):
    out = {"text": escaped(record.text, True)}
    for key in ("seq", "time_ns", "level", "facility"):
        if getattr(record, key) is not None:
            out[key] = getattr(record, key)
    if record.has_caller:
        out["caller"] = "CT"[record.caller < 1 << 31] + str(record.caller & (1 << 31) - 1)
    for key in ("subsystem", "device"):
        if getattr(record, key):
            out[key] = getattr(record, key).decode()
    return out


class Tester:
    def __init__(self, command, folder):
        self.command, self.folder = command, folder
        self.passed = self.failed = 0

    def run(self, *args, **kwargs):
        kwargs.setdefault("stdout", subprocess.PIPE)
        return subprocess.run([self.command, *args], stderr=subprocess.PIPE,
                              timeout=LIMIT, check=False, **kwargs)

    def expect(self, what, have, want):
        if have == want:
            self.passed += 1
            return
        self.failed += 1
        print(f"{what}:\n  expected {want!r}\n  found    {have!r}")

    def expect_match(self, what, have, pattern):
        self.expect(f"{what}: {have!r} matches {pattern}", bool(re.search(pattern, have)), True)

    def case(self, name, case):
        path = os.path.join(self.folder, name + ".core")
        with open(path, "wb") as out:
            out.write(case.core)
        done = self.run(path)
        self.expect(f"{name}: text", done.stdout.decode(), "".join(map(text_line, case.records)))
        self.expect(f"{name}: exit status", done.returncode, case.status)
        self.expect_match(f"{name}: messages", done.stderr.decode(), case.stderr)
        objects = [json.loads(part) for part in self.run("--json", path).stdout.splitlines()]
        self.expect(f"{name}: JSON", objects, [json_object(r) for r in case.records])

    def levels(self, path, records):
        for option, wanted in (("err", {3}), ("3", {3}), ("err,debug", {3, 7}),
                               ("err+", {0, 1, 2, 3}), ("+err", {3, 4, 5, 6, 7}),
                               ("emerg+", {0}), ("+emerg", set(range(8))), ("alert,6", {1, 6})):
            want = "".join(text_line(r) for r in records if r.level in wanted)
            self.expect(f"--level={option}", self.run(f"--level={option}", path).stdout.decode(),
                        want)
        for option in ("", "err,", "errr", "8", "+", "err++", "warn info"):
            self.expect(f"--level={option!r}", self.run("--level", option, path).returncode, 1)

    def usage(self, path):
        self.expect("no file", self.run().returncode, 1)
        self.expect("two files", self.run(path, path).returncode, 1)
        self.expect("unknown option", self.run("--nonsense", path).returncode, 1)
        for words, sentence in ((["--leve1=err", path], "unrecognized option '--leve1=err' "
                                                        "(did you mean '--level'?)"),
                                ([path, path], f"'{path}' is one word too many"),
                                (["-z"], "invalid option -- 'z'")):
            self.expect(f"usage {words}", self.run(*words).stderr.decode(),
                        f"vmcore-dmesg: {sentence}, try --help\n")
        done = self.run("--help")
        self.expect("--help", (done.returncode, done.stderr), (0, b""))
        for option in ("--json", "--level", "--help", "--version"):
            self.expect(f"--help names {option}", option in done.stdout.decode(), True)
        self.expect_match("--version", self.run("--version").stdout.decode(), r"^vmcore-dmesg .*\d")
        done = self.run(os.path.join(self.folder, "nowhere"))
        self.expect("missing file", done.returncode, 2)
        self.expect_match("missing file", done.stderr.decode(), "cannot open .*nowhere: No such")
        self.expect("a directory", self.run(self.folder).returncode, 40)
        with open("/dev/full", "wb") as full:
            self.expect("a full disk", self.run(path, stdout=full).returncode, 53)


def main():
    with tempfile.TemporaryDirectory(prefix="vmcore-dmesg.") as folder:
        tester = Tester(os.path.abspath(sys.argv[1]), folder)
        for name, case in cases.all_cases():
            tester.case(name, case)
        writer = cases.ring(8)
        path = os.path.join(folder, "levels.core")
        with open(path, "wb") as out:
            out.write(writer.store().virtual())
        tester.expect("every level is there", {r.level for r in writer.log()}, set(range(8)))
        tester.levels(path, writer.log())
        tester.usage(path)
    print(f"{tester.passed} passed, {tester.failed} failed, 0 skipped")
    return 1 if tester.failed else 0


if __name__ == "__main__":
    sys.exit(main())
