#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What --help says, the man page describes and the shells complete is one and the same set.

    options.py COMMAND MAN-PAGE.scd BASH-SCRIPT ZSH-SCRIPT FISH-SCRIPT

COMMAND is run for its --help; the scripts are run in their shells, as a person's Tab key does.
"""
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"(?<![\w/-])(--[a-z][a-z0-9-]*|-[A-Za-z?])(?![\w-])")


def run(*command):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit(f"{command}: exit status {result.returncode}\n{result.stderr}")
    return result.stdout


def from_help(command):
    """Options at the start of lines, "-h, --help"; explanations further right may name others."""
    found = set()
    for line in run(command, "--help").splitlines():
        if re.match(r"\s*-", line):
            names = re.split(r"\s{2,}|\t", line.strip())[0]
            found |= set(OPTION.findall(names))
    return found


def from_man(path):
    """Options that have a paragraph of their own: lines that begin with a bold option."""
    found = set()
    for line in open(path):
        if line.startswith("*-"):
            found |= set(OPTION.findall(line.replace("*", " ").replace("_", " ").replace("\\", "")))
    return found


def bash(command, script, words):
    """The completions of the last of WORDS."""
    quoted = " ".join(f"'{w}'" for w in words)
    out = run("bash", "-c", f"compopt() {{ :; }}; source '{script}'; COMP_WORDS=({quoted}); "
              f"COMP_CWORD={len(words) - 1}; $(complete -p {command} | sed 's/.*-F //; s/ .*//'); "
              'printf "%s\\n" "${COMPREPLY[@]}"')
    return {w.rstrip("=") for w in out.split()}


def fish(script, line):
    """The completions of LINE; long options that take a value may come with "="."""
    out = run("fish", "--no-config", "-c", f"source '{script}'; complete -C '{line}'")
    return {line.split("\t")[0].rstrip("=") for line in out.splitlines()}


def zsh(script):
    run("zsh", "-n", script)
    specs = re.findall(r"^\s*'\([^)]*\)'(-\S*?)[=+]?'\[", open(script).read(), re.M)
    return {s.replace("\\", "") for s in specs}


def main():
    command, page, bash_script, zsh_script, fish_script = sys.argv[1:6]
    name = pathlib.Path(command).name
    sets = {
        "--help": from_help(command),
        "the man page": from_man(page),
        "bash": bash(name, bash_script, [name, "-"]),
        "zsh": zsh(zsh_script),
        # A lone "-" makes fish list short options too, each with its dash.
        "fish": fish(fish_script, f"{name} -") | fish(fish_script, f"{name} --"),
    }
    failures = []
    everything = set().union(*sets.values())
    for option in sorted(everything):
        without = [where for where, options in sets.items() if option not in options]
        if without:
            failures.append(f"{name}: {option} is missing from {', '.join(without)}")
    print("\n".join(failures))
    print(f"{len(everything) - len(failures)} passed, {len(failures)} failed, 0 skipped")
    return 1 if failures or not everything else 0


if __name__ == "__main__":
    sys.exit(main())
