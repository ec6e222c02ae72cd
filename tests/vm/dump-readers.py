#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dumps of our capture initramfs, read by drgn, crash and makedumpfile.

A machine of crash-save.py panics and saves a dump. drgn and crash, of Debian 13 or, for the newest kernel,
of sid, read it with the symbols that Debian has of that kernel: they have to find the task that crashed,
unwind its stack to the function that did it, and find the other tasks and the log. makedumpfile 1.7.8 or
later makes a dump of it again. The symbols are 300 MB a kernel to download. A minute a machine without
hardware virtualisation; the last line is "N passed, N failed, N skipped".
"""

import argparse
import glob
import importlib
import json
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree may be read-only
import images  # noqa: E402

saver = importlib.import_module("crash-save")
dumps = importlib.import_module("dump")
Trouble, demand = saver.Trouble, saver.demand

LIMIT = 600  # seconds a reader may take; on an idle host drgn takes 2, crash 10
LIBRARIES = "usr/lib/x86_64-linux-gnu"
CASES = ("6.1", "6.12", "sid")  # of crash-save.py
NOT_BY_CRASH = ("sid",)  # crash 9.0.2 ends at any dump of 7.2: "invalid structure member offset"
TASKS_MIN = 20  # threads of the kernel alone are more
# What `echo c > /proc/sysrq-trigger` calls, innermost first (drivers/tty/sysrq.c).
STACK = ("sysrq_handle_crash", "__handle_sysrq", "write_sysrq_trigger")

DRGN = """
import json, sys
sys.path.insert(0, sys.argv[1])
import drgn
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.printk import get_printk_records
program = drgn.Program()
program.set_core_dump(sys.argv[2])
program.load_debug_info([sys.argv[3]])
thread = program.crashed_thread()
print(json.dumps({
    "tasks": sorted(task.pid.value_() for task in for_each_task(program)),
    "crashed": thread.tid,
    "stack": [frame.name for frame in thread.stack_trace()],
    "log": [record.text.decode(errors="replace") for record in get_printk_records(program)]}))
"""


def symbols(suite):
    found = [path for path in glob.glob(os.path.join(images.CACHE, f"symbols-{suite}", "usr/lib/debug/**"),
                                        recursive=True)
             if os.path.basename(path).startswith("vmlinux") and images.release(suite) in path]
    if not found:
        raise images.Missing(f"no symbols of {images.release(suite)}: run tools/fetch-images --update "
                             f"linux-{suite} symbols-{suite}")
    return found[0]


def run(item, program, *argv, told="", env=None):
    """A program of the cache with its own libraries; what it prints."""
    root = os.path.join(images.CACHE, item)
    libraries = os.path.join(root, LIBRARIES)
    binary, = glob.glob(os.path.join(root, program))
    done = subprocess.run([os.path.join(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries,
                           binary, *argv], input=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=LIMIT, check=False,
                          env=dict(os.environ, **(env or {})))
    if done.returncode:
        raise Trouble(f"{os.path.basename(program)}: exit status {done.returncode}\n{done.stdout[-2000:]}")
    return done.stdout


def read_by_drgn(item, dump, vmlinux):
    root = os.path.join(images.CACHE, item)
    said = run(item, "usr/bin/python3.[0-9]*[0-9]", "-c", DRGN, os.path.join(root, "usr/lib/python3/dist-packages"),
               dump, vmlinux, env={"PYTHONHOME": os.path.join(root, "usr"), "PYTHONDONTWRITEBYTECODE": "1"})
    facts = json.loads(said.splitlines()[-1])
    demand(len(facts["tasks"]) >= TASKS_MIN and facts["crashed"] in facts["tasks"],
           f"drgn: task {facts['crashed']} crashed, of {facts['tasks']}")
    at = [facts["stack"].index(name) if name in facts["stack"] else -1 for name in STACK]
    demand(at == sorted(at) and at[0] >= 0, f"drgn: the stack is {facts['stack']}")
    demand(any("sysrq triggered crash" in text for text in facts["log"]), "drgn: the panic is not in the log")
    return facts


def read_by_crash(item, dump, vmlinux, facts):
    """The same tasks and stack."""
    said = run(item, "usr/bin/crash", "-s", vmlinux, dump, told="bt\nps\nlog\nquit\n",
               env={"TERM": "dumb", "HOME": os.path.dirname(dump)})
    header = re.search(r"(?m)^PID: (\d+) .*COMMAND: ", said)
    demand(header and int(header[1]) == facts["crashed"], f"crash: another task crashed\n{said[:2000]}")
    frames = re.findall(r"(?m)^ *#\d+ \[[0-9a-f]+\] (\w+)", said)
    demand(all(name in frames for name in STACK), f"crash: the stack is {frames}")
    # "> 123 1 0 ffff… RU 0.0 …"; idle tasks have pid 0, one for each processor
    tasks = sorted(int(pid) for pid in re.findall(r"(?m)^>? *(\d+) +\d+ +\d+ +[0-9a-f]{16} ", said) if pid != "0")
    demand(tasks == [pid for pid in facts["tasks"] if pid], f"crash: tasks {tasks}, drgn: {facts['tasks']}")
    demand("sysrq triggered crash" in said, "crash: the panic is not in the log")


def read_by_makedumpfile(dump, again, dmesg):
    """Filtered once more: nothing is added, and the log stays."""
    run("makedumpfile", "usr/bin/makedumpfile", "-z", "-d", "31", dump, again)
    demand(dumps.run([dmesg, again]) == dumps.run([dmesg, dump]), "makedumpfile: another log")
    more = dumps.kept_pages(again) - dumps.kept_pages(dump)
    demand(not more, f"makedumpfile: {len(more)} pages that were left out")


def check(name, args, folder):
    suite = saver.CASES[name].suite
    item = "readers-sid" if suite == "sid" else "readers-trixie"
    vmlinux = symbols(suite)
    saver.run(name, args.bin, folder, None)
    dump, = glob.glob(os.path.join(folder, "out/**/dump.*"), recursive=True)
    facts = read_by_drgn(item, dump, vmlinux)
    print(f"  drgn: {len(facts['tasks'])} tasks, {len(facts['log'])} records; "
          f"{' < '.join(facts['stack'][:8])}", flush=True)
    if suite not in NOT_BY_CRASH:
        read_by_crash(item, dump, vmlinux, facts)
    read_by_makedumpfile(dump, os.path.join(folder, "by-makedumpfile"),
                         os.path.join(args.bin, "vmcore-dmesg"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("names", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--bin", default=os.path.join(images.TOP, "build/bin"), help="folder of the commands")
    args = parser.parse_args()
    suites = sorted({saver.CASES[name].suite for name in args.names})
    images.fetch(["busybox", "kmod", "makedumpfile"] +
                 [f"readers-{'sid' if s == 'sid' else 'trixie'}" for s in suites] +
                 [f"{what}-{suite}" for suite in suites for what in ("linux", "symbols")])
    failed = 0
    for name in args.names:
        with tempfile.TemporaryDirectory(prefix="dump-readers.") as folder:
            try:
                check(name, args, folder)
                print(f"ok   {name}", flush=True)
            except (Trouble, dumps.Trouble) as trouble:
                print(f"FAIL {name}: {trouble}", flush=True)
                failed += 1
    print(f"{len(args.names) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except images.Missing as missing:
        sys.exit(f"tests/vm: {missing}")
