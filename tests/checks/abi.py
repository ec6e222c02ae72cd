#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that were built with the recorded release work with this library.

    abi.py LIBKEXEC.H LIBKEXEC.SO RECORD      compare; exit 1 says what a program would stumble over
    abi.py LIBKEXEC.H LIBKEXEC.SO --record    print the record of this header and library

The record has a line for each function with its version and type, each constant, and each field of each
struct with offset and size, as the compiler has them. What was recorded stays as it is. A struct that
begins with its size may grow behind its recorded end, and any struct into a field named "reserved".
Functions, constants and structs may come in addition.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

CC = shlex.split(os.environ.get("CC", "cc"))
HEAD = """# SPDX-License-Identifier: LGPL-2.1-or-later
# ABI of libkexec as programs rely on it; made by tests/checks/abi.py --record, compared by the test abi.
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def declarations(header):
    """The header's own declarations, without those of what it includes."""
    text, own = [], False
    for line in run(*CC, "-E", "-x", "c", header).splitlines():
        if line.startswith("#"):
            own = f'"{header}"' in line
        elif own:
            text.append(line)
    depth, start, whole = 0, 0, " ".join(" ".join(text).split())
    for i, c in enumerate(whole):
        depth += (c == "{") - (c == "}")
        if c == ";" and depth == 0:
            yield whole[start:i].strip()
            start = i + 1


def type_of(declarator, base=None):
    """Type and name of "const char *const *name" or, after a comma, "*name"."""
    m = re.fullmatch(r"(.*?)(\w+)\s*((?:\[[^]]*\])*)", declarator.strip())
    kind = (m[1] if base is None else base + " " + m[1]).strip()
    return re.sub(r"\s*\*\s*", "*", kind).replace("*const", "*const ").strip() + m[3], m[2]


def fields_of(body):
    for declaration in filter(None, (d.strip() for d in body.split(";"))):
        first, *others = declaration.split(",")
        kind, name = type_of(first)
        yield name, kind
        base = kind.split("*")[0]
        for other in others:
            yield type_of(other, base)[::-1]


def parameter(text):
    text = text.strip()
    words = re.findall(r"\w+", text)
    if text == "void" or (len(words) == 2 and words[0] in ("struct", "enum") and text[-1] != "*"):
        return text
    return type_of(text)[0] if re.search(r"[\w]$", text) and len(words) > 1 else text


def parse(header):
    """functions: name -> type; structs: name -> [(field, type)]; enums: name -> [constant]."""
    functions, structs, enums = {}, {}, {}
    for text in declarations(header):
        if m := re.fullmatch(r"struct (\w+) \{(.*)\}", text):
            structs[m[1]] = list(fields_of(m[2]))
        elif m := re.fullmatch(r"enum (\w+) \{(.*)\}", text):
            enums[m[1]] = re.findall(r"(?:^|,)\s*(\w+)", m[2])
        elif m := re.fullmatch(r"(?:typedef )?(.*?)(?:\(\*)?\b(kx_\w+)\)? ?\((.*)\)", text):
            kind = ", ".join(parameter(p) for p in m[3].split(","))
            functions[m[2]] = f"{re.sub(r' *[*]', '*', m[1].strip())}({kind})"
        elif not re.fullmatch(r"struct \w+", text):
            sys.exit(f"abi.py: cannot read: {text}")
    return functions, structs, enums


def constants_of(header, enums):
    macros = re.findall(r"^#define (KX_\w+) .", run(*CC, "-dM", "-E", "-x", "c", header), re.M)
    return sorted(macros) + [c for names in enums.values() for c in names]


def measure(header, structs, enums, constants):
    """What the compiler says, as lines of the record."""
    lines = ["#include <stdio.h>", f'#include "{os.path.abspath(header)}"', "int main(void)", "{"]

    def line(fmt, *values):
        casts = "".join(f", (unsigned long long)({v})" for v in values)
        lines.append(f'printf("{fmt}\\n"{casts});')
    for name in constants:
        line(f"constant {name} %llu", name)
    for name in enums:
        line(f"enum {name} %llu", f"sizeof(enum {name})")
    for name, fields in structs.items():
        line(f"struct {name} %llu", f"sizeof(struct {name})")
        for field, kind in fields:
            line(f"field {name}.{field} %llu %llu {kind}",
                 f"offsetof(struct {name}, {field})", f"sizeof(((struct {name} *)0)->{field})")
    lines += ["return 0;", "}"]
    with tempfile.TemporaryDirectory() as folder:
        source, program = os.path.join(folder, "abi.c"), os.path.join(folder, "abi")
        with open(source, "w") as f:
            f.write("\n".join(lines))
        run(*CC, "-o", program, source)
        return run(program).splitlines()


def versions(library):
    """The line "0000 T kx_version@@KX_1" of nm: name -> version."""
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    return dict(line.split()[-1].split("@@", 1) for line in lines if "@@" in line)


def record_of(header, library):
    functions, structs, enums = parse(header)
    version = versions(library)
    lines = [f"function {name} {version.get(name, '-')} {kind}"
             for name, kind in sorted(functions.items())]
    return lines + measure(header, structs, enums, constants_of(header, enums))


def read(lines):
    """(kind, name) -> the rest of the line."""
    found = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            kind, name, rest = line.split(None, 2)
            found[kind, name] = rest.strip()
    return found


def place(rest):
    offset, size, kind = rest.split(None, 2)
    return int(offset), int(offset) + int(size), kind


def fields(record, name):
    return {n.split(".")[1]: place(rest) for (kind, n), rest in record.items()
            if kind == "field" and n.split(".")[0] == name}


def compare_struct(name, old, new):
    old_fields, new_fields = fields(old, name), fields(new, name)
    old_size, new_size = int(old["struct", name]), int(new["struct", name])
    grows = old_fields.get("size", (1,))[0] == 0
    reserved = old_fields.pop("reserved", None)
    if new_size < old_size or (new_size > old_size and not grows):
        yield f"struct {name} has {new_size} bytes, it had {old_size}"
    for field, was in old_fields.items():
        if field not in new_fields:
            yield f"field {name}.{field} is gone"
        elif new_fields[field] != was:
            yield f"field {name}.{field} is {new_fields[field]}, it was {was}"
    for field, (start, end, _) in new_fields.items():
        inside = reserved and reserved[0] <= start and end <= reserved[1]
        if field not in old_fields and not inside and not (grows and start >= old_size):
            yield f"field {name}.{field} lies where programs have something else"


def compare(old, new):
    for (kind, name), was in old.items():
        if kind == "field":
            continue
        if (kind, name) not in new:
            yield f"{kind} {name} is gone"
        elif kind == "struct":
            yield from compare_struct(name, old, new)
        elif new[kind, name] != was:
            yield f"{kind} {name} is {new[kind, name]}, it was {was}"


def main():
    header, library, record = sys.argv[1:4]
    lines = record_of(header, library)
    if record == "--record":
        print(HEAD + "\n".join(lines))
        return 0
    with open(record) as f:
        old = read(f)
    problems = list(compare(old, read(lines)))
    for problem in problems:
        print(f"{header}: {problem}")
    print(f"{len(old)} recorded, {len(lines)} now")
    return 1 if problems or not old else 0


if __name__ == "__main__":
    sys.exit(main())
