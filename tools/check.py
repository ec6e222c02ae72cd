#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every test of the project, stage by stage; the last line of output counts them all.

    tools/check.py [--stages gcc,clang,sanitize,cross,vm]

    gcc       build with gcc, warnings are errors; unit, golden, command and tree checks
    clang     build with clang, warnings are errors; unit and golden tests
    sanitize  gcc with AddressSanitizer and UBSan; unit, golden, command, fuzz corpora replayed
    cross     build for aarch64 and riscv64, run under qemu-user (tests/cross/run.py); a machine with an arm64
              processor (tests/vm/arm64.py --quick)
    vm        a few virtual machines (tests/vm/run.py --quick, tests/systems/run.py --quick)
    fuzz      each fuzzer for ten seconds (tools/fuzz.py)
    demo      make demo

A program that ends its output with "N passed, N failed, N skipped", a cmocka program, or one that
speaks TAP counts as that many tests; any other program is one.
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.M)
# TAP marks tests that are left out and tests that are known to fail; neither has shown anything.
TAP = re.compile(r"^(ok|not ok)\b([^\n#]*)(#\s*(?:skip|t[o]do))?", re.M | re.I)
CMOCKA = re.compile(r"^\[\s*(PASSED|FAILED|SKIPPED)\s*\]\s+(\d+) test\(s\)", re.M)

MESON_STAGES = {
    "gcc": dict(cc="gcc", setup=[], test=["--no-suite", "fuzz"]),
    # The command tests start thousands of programs, which take the same way whatever compiled them: two builds run them.
    "clang": dict(cc="clang", setup=[], test=["--suite", "unit", "--suite", "golden"]),
    # Linked in, the sanitizers take two thirds of the time to start, which thousands of short runs do.
    "sanitize": dict(cc="gcc", setup=["-Db_sanitize=address,undefined", "-Db_lundef=false",
                                      "-Dc_link_args=-static-libasan -static-libubsan"],
                     test=["--no-suite", "checks"]),
}
COMMAND_STAGES = {
    "cross": [["tests/cross/run.py"], ["tests/vm/arm64.py", "--quick"]],
    "vm": [["tests/vm/run.py", "--quick"], ["tests/systems/run.py", "--quick"]],
    "fuzz": [["tools/fuzz.py", "--seconds", "10"]],
    "demo": [["tests/vm/demo"]],
}


class Count(collections.namedtuple("Count", "passed failed skipped")):
    def __add__(self, other):
        return Count(*(a + b for a, b in zip(self, other)))

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def count_output(text):
    """What a program says about itself, or None when it says nothing."""
    summaries = SUMMARY.findall(text)
    if summaries:
        return Count(*map(int, summaries[-1]))
    found = collections.Counter()
    for what, n in CMOCKA.findall(text):
        found[what] += int(n)
    for what, _, skip in TAP.findall(text):
        found["SKIPPED" if skip else "PASSED" if what.lower() == "ok" else "FAILED"] += 1
    return Count(found["PASSED"], found["FAILED"], found["SKIPPED"]) if found else None


def agree(count, ok):
    """A program that failed has at least one failed test, whatever it printed."""
    if not ok and count.failed == 0:
        return count + Count(0, 1, 0)
    return count


def count_meson_test(entry):
    said = count_output(entry.get("stdout", "") + "\n" + entry.get("stderr", ""))
    if entry["result"] == "SKIP":
        return said or Count(0, 0, 1)
    ok = entry["result"] in ("OK", "EXPECTEDFAIL")
    return agree(said or Count(int(ok), 0, 0), ok)


def environment(stage):
    env = dict(os.environ, CC=stage["cc"], MESON_TESTTHREADS=str(os.cpu_count() or 2))
    env.pop("CFLAGS", None)
    # A report must end the program, or a test that ignores stderr would pass.
    env["ASAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:detect_leaks=1"
    env["UBSAN_OPTIONS"] = "halt_on_error=1:abort_on_error=1:print_stacktrace=1"
    return env


def run_meson_stage(name):
    stage = MESON_STAGES[name]
    build = ROOT / "build" / "check" / name
    env = environment(stage)
    configured = (build / "build.ninja").exists()
    if not configured:
        shutil.rmtree(build, ignore_errors=True)
    # Man pages and fuzzers are found by name, so a build from before is configured again.
    subprocess.run(["meson", "setup", *(["--reconfigure"] if configured else []), build, ROOT,
                    "--werror", *stage["setup"]], env=env, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["meson", "compile", "-C", build, "--ninja-args=--quiet,-k0"], env=env, check=True)
    log = build / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    # Four times the usual limit: the machine may be busy, and sanitizers are slow.
    result = subprocess.run(["meson", "test", "-C", build, "--no-rebuild", "--print-errorlogs",
                             "--timeout-multiplier", "4", *stage["test"]], env=env)
    total = Count(0, 0, 0)
    if log.exists():
        for line in log.read_text(errors="replace").splitlines():
            total += count_meson_test(json.loads(line))
    return agree(total, result.returncode == 0)


def run_command_stage(name):
    # The virtual machines run the commands that `make` builds.
    subprocess.run(["make", "--no-print-directory", "all"], cwd=ROOT, check=True)
    total = Count(0, 0, 0)
    for command in COMMAND_STAGES[name]:
        total += run_command(command)
    return total


def run_command(command):
    """Runs a program whose last line counts, showing its output as it comes."""
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, text=True,
                               errors="replace", stdout=subprocess.PIPE)
    text = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        text += line
    ok = process.wait() == 0
    return agree(count_output(text) or Count(int(ok), 0, 0), ok)


def run_stage(name):
    try:
        return run_meson_stage(name) if name in MESON_STAGES else run_command_stage(name)
    except subprocess.CalledProcessError as e:
        print(f"{name}: {' '.join(map(str, e.cmd))}: exit status {e.returncode}", flush=True)
        return Count(0, 1, 0)


def put_interpreter_first():
    """Makes `python3` in PATH the interpreter itself. With a version manager it is a shell script
    that takes several times longer to start, and the tests start thousands."""
    folder = ROOT / "build" / "check" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "python3"
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.realpath(sys.executable))
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stages", default="gcc,clang,sanitize,cross,vm")
    stages = parser.parse_args().stages.split(",")
    known = [*MESON_STAGES, *COMMAND_STAGES]
    for name in stages:
        if name not in known:
            parser.error(f"no stage {name!r}: there are {', '.join(known)}")

    put_interpreter_first()
    lines, total = [], Count(0, 0, 0)
    for name in stages:
        print(f"==> {name}", flush=True)
        start = time.monotonic()
        count = run_stage(name)
        lines.append(f"{name:10} {time.monotonic() - start:6.0f} s  {count}")
        total += count
    print("\n" + "\n".join(lines))
    print(total, flush=True)
    (ROOT / "build" / "check" / "summary").write_text(f"{total}\n")
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
