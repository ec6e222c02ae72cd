# SPDX-License-Identifier: LGPL-2.1-or-later
"""The same tree through our interpreter."""
import json
import pathlib
import shutil
import subprocess


def evaluate(program, files, work, *options):
    """The evaluation as a dictionary, or a string that says how it failed."""
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    for name, data in files.items():
        path = tree / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    done = subprocess.run([program, "--platform", "emu", "--device", "memdisk", *options,
                           str(tree), "/oracle/grub.cfg"], capture_output=True, timeout=60,
                          check=False)
    if done.returncode:
        return f"exit status {done.returncode}: {done.stderr.decode()}"
    return json.loads(done.stdout)


def printed(result, waits=False):
    """What the configuration prints, and the entry that is booted unless the menu @waits."""
    text = result["output"] + ("" if waits else result["boot_output"])
    text = text[text.find("@@begin\n") + len("@@begin\n"):]
    # What the terminal does with a carriage return is not looked at.
    return [line.rstrip() for line in text.replace("\r", "").split("\n") if line.strip()]


def chosen(result):
    """Id path of the entry that we say is booted."""
    entries = result["entries"]
    return entries[result["default"]]["id"] if result["default"] < len(entries) else None
