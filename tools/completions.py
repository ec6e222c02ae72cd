#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Make the completion script of one shell for one command out of its table of options.

    tools/completions.py bash|zsh|fish completions/COMMAND.opts

A line of the table is one of
    -x --long[=VALUE]  | what it does        (either name may be missing, several are allowed)
    command NAME       | what it does
    operand VALUE      | what it is
where VALUE is FILE, DIR, a list of words a,b,c, or any other word for text that nothing completes.
"""
import collections
import pathlib
import sys

Option = collections.namedtuple("Option", "short long value text")
Table = collections.namedtuple("Table", "name options commands operand")


def parse(path):
    table = Table(pathlib.Path(path).stem, [], [], [])
    for n, line in enumerate(open(path), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        names, bar, text = (part.strip() for part in line.partition(" | "))
        words = names.split()
        if not bar or not text or not words:
            raise SystemExit(f"{path}:{n}: expected NAMES | TEXT")
        if words[0] == "command":
            table.commands.append((words[1], text))
        elif words[0] == "operand":
            table.operand.append((words[1], text))
        else:
            table.options.append(parse_option(words, text, f"{path}:{n}"))
    return table


def parse_option(words, text, where):
    value = None
    short, long = [], []
    for word in words:
        name, equals, argument = word.partition("=")
        value = argument if equals else value
        if name.startswith("--") and len(name) > 2:
            long.append(name)
        elif name.startswith("-") and len(name) == 2:
            short.append(name)
        else:
            raise SystemExit(f"{where}: {word!r} is no option")
    return Option(short, long, value, text)


def choices(value):
    return value.split(",") if value and "," in value else None


# ---- bash

BASH_VALUE = {"FILE": "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))",
              "DIR": "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))"}


def bash_value(value):
    if value in BASH_VALUE:
        return BASH_VALUE[value]
    if words := choices(value):
        return f"COMPREPLY=($(compgen -W '{' '.join(words)}' -- \"$cur\"))"
    return ":"


def bash(table):
    function = "_" + table.name.replace("-", "_")
    words = []
    cases = []
    for option in table.options:
        words += option.short + [name + ("=" if option.value else "") for name in option.long]
        if option.value:
            cases.append(f"\t{'|'.join(option.short + option.long)})\n"
                         f"\t\t{bash_value(option.value)}\n\t\treturn ;;")
    operand = bash_value(table.operand[0][0]) if table.operand else ":"
    if table.commands:
        names = " ".join(name for name, _ in table.commands)
        operand = (f"if ((COMP_CWORD == 1)); then\n\t\tCOMPREPLY=($(compgen -W '{names}' -- \"$cur\"))\n"
                   f"\telse\n\t\t{operand}\n\tfi")
    cases = "\n".join(cases)
    return f"""# completion of {table.name} for bash
{function}()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}

	COMPREPLY=()
	# "--name=value" arrives as three words.
	if [[ $prev == = ]]; then
		prev=${{COMP_WORDS[COMP_CWORD-2]}}
	elif [[ $cur == = ]]; then
		cur=
	fi
	case $prev in
{cases}
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W '{' '.join(words)}' -- "$cur"))
		[[ ${{COMPREPLY[0]-}} == *= ]] && compopt -o nospace
		return
	fi
	{operand}
}}
complete -F {function} {table.name}
"""


# ---- zsh

def zsh_quote(text):
    for char in "\\[]:":
        text = text.replace(char, "\\" + char)
    return text.replace("'", "'\\''")


def zsh_value(value):
    if value is None:
        return ""
    if words := choices(value):
        return f":value:({' '.join(words)})"
    return {"FILE": ":file:_files", "DIR": ":folder:_files -/"}.get(value, f":{value.lower()}: ")


def zsh(table):
    lines = []
    for option in table.options:
        names = option.short + option.long
        for name in names:
            equals = ("=" if name.startswith("--") else "+") if option.value else ""
            # "-?" would be a pattern to zsh, and a name excludes the others of its option.
            exclude = " ".join(n for n in names if n != "-?")
            lines.append(f"'({exclude})'{name.replace('?', chr(92) + '?')}{equals}"
                         f"'[{zsh_quote(option.text)}]{zsh_value(option.value)}'")
    if table.commands:
        commands = " ".join(f"{name}\\:'{zsh_quote(text)}'" for name, text in table.commands)
        commands = commands.replace("'", '"')
        lines.append(f"'1:command:(({commands}))'")
    for value, text in table.operand:
        lines.append(f"'*:{zsh_quote(text)}{zsh_value(value).replace(':file', '').replace(':folder', '')}'")
    body = " \\\n\t".join(lines)
    return f"#compdef {table.name}\n# completion of {table.name} for zsh\n_arguments -s -S \\\n\t{body}\n"


# ---- fish

def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(table):
    lines = [f"# completion of {table.name} for fish"]
    takes_files = any(value == "FILE" for value, _ in table.operand)
    if not takes_files:
        lines.append(f"complete -c {table.name} -f")
    for option in table.options:
        names = [f"-s {fish_quote(n[1:])}" for n in option.short] + [f"-l {n[2:]}" for n in option.long]
        value = ""
        if words := choices(option.value):
            value = f" -x -a {fish_quote(' '.join(words))}"
        elif option.value == "FILE":
            value = " -r -F"
        elif option.value == "DIR":
            value = " -x -a '(__fish_complete_directories)'"
        elif option.value:
            value = " -x"
        lines.append(f"complete -c {table.name} {' '.join(names)}{value} -d {fish_quote(option.text)}")
    for name, text in table.commands:
        lines.append(f"complete -c {table.name} -n __fish_use_subcommand -a {name} -d {fish_quote(text)}")
    return "\n".join(lines) + "\n"


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}

if __name__ == "__main__":
    print(SHELLS[sys.argv[1]](parse(sys.argv[2])), end="")
