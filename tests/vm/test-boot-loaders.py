#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shows that boot-loaders.py can fail: what agrees passes, each disagreement does not. Needs
neither QEMU nor images. Speaks TAP."""

import importlib.util
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
# pylint: disable=wrong-import-position
import images
import tap
import vm

SPEC = importlib.util.spec_from_file_location("loaders", os.path.join(HERE, "boot-loaders.py"))
loaders = importlib.util.module_from_spec(SPEC)
sys.modules["loaders"] = loaders  # where dataclasses look the module up
SPEC.loader.exec_module(loaders)

RELEASES = {loaders.OLD: "6.1.0-old", loaders.NEW: "6.12.0-new"}
images.release = RELEASES.get


def entry(suite, **changes):
    release = RELEASES[suite]
    return {"id": suite, "default": False, "kernel": f"/boot/{release}/linux",
            "initrds": ["/boot/extra.img", f"/boot/{release}/initrd"],
            "cmdline": f"root=x {suite}"} | changes


def boot(ran, default, kind="grub", extra_default=False, **changes):
    """The log of one boot of @ran that announces @default."""
    listed = {suite: entry(suite) for suite in RELEASES}
    listed[default] = entry(default, default=True, **changes)
    if extra_default:
        listed = {suite: one | {"default": True} for suite, one in listed.items()}
    listing = {"default": default, "loader": {"kind": kind}, "warnings": [],
               "entries": list(listed.values())}
    files = [path for one in map(entry, RELEASES) for path in [one["kernel"], *one["initrds"]]]
    sections = {"initrds": f"extra\n{ran}", "last-initrd": ran, "release": RELEASES[ran],
                "cmdline": f"initrd=\\a initrd=\\b root=x {ran}", "list": json.dumps(listing),
                "boot": "\n".join(files)}
    return "@@ boot\n" + "".join(f"@@ begin {name}\n{text}\n\n@@ end {name}\n"
                                 for name, text in sections.items())


def problems(starts, *boots, reason="poweroff"):
    report = loaders.Report()
    case = loaders.Case("test", "grub-bios", {}, starts)
    loaders.check(report, case, vm.Ending("".join(boots), reason, 1), "grub")
    return report.problems


def restart(*boots):
    """What is not well about boots that ours made, each of which has to be what it announces."""
    report = loaders.Report()
    case = loaders.Case("test", "grub-bios", {}, (OLD,) * len(boots), again="rapidreboot")
    loaders.check(report, case, vm.Ending("".join(boots), "poweroff", 1), "grub")
    return report.problems


def last_word_on_resets():
    """Cases of several boots have a machine that a reset does not end."""
    machine = vm.Machine(extra=("-action", "reboot=reset"))
    words = vm.arguments(machine, None, None, None, "/nowhere", None)
    return [] if "-no-reboot" in words[:words.index("-action")] else ["a reset ends the machine"]


OLD, NEW = loaders.OLD, loaders.NEW
CASES = [
    ("a restart that is what was announced", lambda: restart(boot(OLD, OLD), boot(OLD, OLD)), True),
    ("a restart into another kernel", lambda: restart(boot(OLD, OLD), boot(NEW, OLD)), False),
    ("a restart after which another is announced", lambda: restart(boot(OLD, OLD), boot(OLD, NEW)), False),
    ("no kernel at all", lambda: problems((OLD,), boot(OLD, OLD, kernel=None)), False),
    ("a case's word on resets holds", last_word_on_resets, True),
    ("agreement", lambda: problems((OLD,), boot(OLD, OLD)), True),
    ("the loader started another kernel", lambda: problems((NEW,), boot(OLD, OLD)), False),
    ("another default", lambda: problems((OLD,), boot(OLD, NEW)), False),
    ("two defaults", lambda: problems((OLD,), boot(OLD, OLD, extra_default=True)), False),
    ("another loader", lambda: problems((OLD,), boot(OLD, OLD, kind="limine")), False),
    ("another command line", lambda: problems((OLD,), boot(OLD, OLD, cmdline="root=x")), False),
    ("an initrd lost", lambda: problems((OLD,), boot(OLD, OLD, initrds=[])), False),
    ("initrds in another order", lambda: problems((OLD,), boot(
        OLD, OLD, initrds=entry(OLD)["initrds"][::-1])), False),
    ("a kernel that is not there", lambda: problems((OLD,), boot(
        OLD, OLD, kernel="/efi/6.1.0-old/linux")), False),
    ("no listing", lambda: problems((OLD,), boot(OLD, OLD).replace('{"default"', "Trouble")), False),
    ("a failed step", lambda: problems((OLD,), boot(OLD, OLD) + "@@ failed (1) dd\n"), False),
    ("machine hangs", lambda: problems((OLD,), boot(OLD, OLD), reason="timeout"), False),
    ("announced, then started", lambda: problems((NEW, OLD), boot(NEW, OLD), boot(OLD, NEW)), True),
    ("not what is started next", lambda: problems((NEW, OLD), boot(NEW, NEW), boot(OLD, OLD)),
     False),
    ("a boot is missing", lambda: problems((NEW, OLD), boot(NEW, OLD)), False),
]


if __name__ == "__main__":
    sys.exit(tap.run(CASES))
