#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run the fuzzers of fuzz/ with libFuzzer, each for some seconds.

    tools/fuzz.py [--seconds N] [--jobs N] [NAME...]
    tools/fuzz.py --list

Two names are no harnesses. oracle-grub: generated GRUB scripts compared with grub-emu, whose finds go to
tests/oracle/grub/found. kexec-lines: made-up command lines of kexec on the captured machines.

Starts from the seeds in fuzz/corpus/NAME. New inputs stay in build/fuzz-found/NAME, so the tree
is not touched; an input that fails is written to build/fuzz-failed/NAME and printed. A new input
worth keeping is copied to fuzz/corpus/NAME by hand, under a name that says what it is.
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "fuzz"
ORACLE = "oracle-grub"
LINES = "kexec-lines"
# Far more than any parser needs on inputs of libFuzzer's size; a leak of limits shows as this.
LIMITS = ["-rss_limit_mb=2048", "-timeout=20", "-max_len=65536"]
# libFuzzer's statistics of rare features and its names of new functions take more time than the parsers
# do: of the GRUB harness, 6 parts in 10 in the first minute.
FAST = ["-entropic=0", "-print_funcs=0"]


def harnesses():
    return sorted(p.stem.removeprefix("fuzz-") for p in (ROOT / "fuzz").glob("fuzz-*.c"))


def build():
    env = dict(os.environ, CC="clang")
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, ROOT, "-Dfuzz=true", "-Db_lundef=false",
                        "-Db_sanitize=address,undefined"],
                       env=env, check=True, stdout=subprocess.DEVNULL)
    else:   # a harness that was added since is found by configuring again
        subprocess.run(["meson", "setup", "--reconfigure", BUILD, ROOT],
                       env=env, check=True, stdout=subprocess.DEVNULL)
    targets = ["tests/oracle/grub-eval", "tests/cli/kexec-recorded", *(f"fuzz/fuzz-{name}" for name in harnesses())]
    subprocess.run(["ninja", "-C", BUILD, "--quiet", *targets], check=True)


def run_oracle(seconds):
    """The differential fuzzer: not a search by coverage, a stream of new scripts."""
    command = [sys.executable, ROOT / "tests/oracle/grub/run.py", BUILD / "tests/oracle/grub-eval",
               "--fuzz", str(seconds)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, text=True, errors="replace",
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode == 0:
        print(f"{ORACLE:20} {' '.join(result.stdout.splitlines()[-2:])}", flush=True)
        return ""
    return f"{ORACLE}: failed\n{result.stdout}"


def run_lines(seconds):
    """New lines each time; one that fails is named by its number (tests/cli/test-kexec-lines.py)."""
    env = dict(os.environ, KEXEC_RECORDED=BUILD / "tests/cli/kexec-recorded", MACHINES=ROOT / "tests/golden/machines",
               KEXEC_LINES="100")
    start, done = time.monotonic(), 0
    seed = int(time.time()) * 1000
    while done == 0 or time.monotonic() - start < seconds:
        result = subprocess.run([sys.executable, ROOT / "tests/cli/test-kexec-lines.py"], text=True, errors="replace",
                                env={**env, "KEXEC_LINES_SEED": str(seed + done)}, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        done += 100
        if result.returncode != 0:
            return f"{LINES}: failed\n{result.stdout}"
    print(f"{LINES:20} Done {done} lines", flush=True)
    return ""


def run(name, seconds):
    """Returns the lines of a failed run, or an empty string."""
    if name == ORACLE:
        return run_oracle(seconds)
    if name == LINES:
        return run_lines(seconds)
    found = ROOT / "build" / "fuzz-found" / name
    failed = ROOT / "build" / "fuzz-failed" / name
    for folder in (found, failed):
        folder.mkdir(parents=True, exist_ok=True)
    command = [BUILD / "fuzz" / f"fuzz-{name}", f"-max_total_time={seconds}", *LIMITS, *FAST,
               f"-artifact_prefix={failed}/", found, ROOT / "fuzz" / "corpus" / name]
    env = dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1")
    result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, text=True, errors="replace",
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode == 0:
        done = [line for line in result.stdout.splitlines() if line.startswith("Done")]
        print(f"{name:20} {done[-1] if done else ''}", flush=True)
        return ""
    return f"{name}: failed\n" + "\n".join(result.stdout.splitlines()[-60:]) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true")
    parser.add_argument("names", nargs="*", metavar="NAME")
    args = parser.parse_args()
    if args.list:
        print("\n".join(harnesses()))
        return 0
    there = [ORACLE, LINES, *harnesses()]
    names = args.names or there
    unknown = set(names) - set(there)
    if unknown:
        parser.error(f"no harness {', '.join(sorted(unknown))}: there are {', '.join(there)}")

    build()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        failures = [f for f in pool.map(lambda n: run(n, args.seconds), names) if f]
    print("\n".join(failures), end="")
    print(f"{len(names) - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
