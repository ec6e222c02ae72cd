# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random GRUB scripts: right ones, and ones with mistakes, that come to an end and print a lot."""
import random
import re

NAMES = ["a", "b", "c", "x1", "_y", "default", "chosen"]
WORDS = ["a", "b", "xyz", "1", "2", "03", "0x10", "-1", "a=b", "''", '""', "'a b'", '"a  b"', "a'b'\"c\"",
         "$a", "$b", "${c}", '"$a"', '"${b}x"', "p$a", "$a$b", "\\$a", "'$a'", "a\\ b", "$?", '"$?"',
         "if", "then", "fi", "do", "done", "function", "a#b", "x\\\\y", '"\\$a\\\\"', "$1", '"$2"', "$#",
         '"$@"', "$@", "$*", '"$*"', "a*", "?", "~", "a{b", "!", "-n", "--", "[", "]", "\\\""]
LINES = ["", "# comment", "   # 'comment \"", "a=1", "a='p q'", 'b="$a  $a"', "c=$b", "set a=$b", "unset a",
         'set "b=1 2"', "b=", "export a b", "shift", "setparams p 'q r' s", "return", "return 1", "break",
         "continue", "break 2", "continue 2", "nosuchcommand x", "true", "false", "! true", "! false",
         "insmod regexp", "eval 'a=7; echo \"e$a\"'", "eval echo $b", "source /sub.cfg", "f", "f 1 '2 3'",
         "g $a", "a = b", "echo -n x", 'echo -e "p\\nq\\\\r"', "unset", "export", "setparams", ";", "a;;b",
         "regexp '(.)(.*)' \"$a\" --set=1:b --set 2:c", "regexp x y", "load_env", "time echo t"]
TESTS = ["= $a b", '"$a" = "$b"', "-n $a", '-n "$a"', "-z $b", '-z "$b"', "$a", "", "! $a", "1 -eq 1",
         "$x1 -lt 3", "2 -gt 0x1", "a != b", "-f /sub.cfg", "-d /sub", "-e /nosuch", "-s /empty",
         "a = a -o b = c", "a = b -a c", "! a = b", "'(' a = b ')' -o x", "a '<' b", "b '>=' $a",
         "vmlinuz-9 -plt vmlinuz-10", "k-2.10 -pgt k-2.9", "x = x ]", "-z", "-n", "( a )"]
JUNK = ["}", "{", ";", "fi", "done", "then", "'", '"', "$", "|", "&&", "else", "if", "\\", "do", "<", "elif"]


class Script:
    """Writes one script; @errors is the share of lines with a mistake."""

    def __init__(self, seed, errors=0.0):
        self.random = random.Random(seed)
        self.errors = errors
        self.loops = 0
        self.entries = 0

    def word(self):
        return self.random.choice(WORDS)

    def words(self, most=4):
        return " ".join(self.word() for _ in range(self.random.randint(0, most)))

    def test(self):
        text = self.random.choice(TESTS)
        return self.random.choice([f"[ {text} ]", f"test {text}", f"[ {text}"])

    def separator(self):
        return self.random.choice(["\n", "; ", " ;\n", "\n\n"])

    def condition(self):
        kind = self.random.randrange(6)
        if kind < 3:
            return self.random.choice(["", "", "! "]) + self.test()
        if kind == 3:
            return self.random.choice(["true", "false", "nosuch", "! nosuch", "f", "[ $? = 0 ]"])
        return f"{self.simple()}{self.separator()}{self.test()}"

    def simple(self):
        if self.random.random() < 0.5:
            return f"echo {self.words()}"
        text = self.random.choice([line for line in LINES if line and line[0] not in "#; " and ";;" not in line])
        return text

    def body(self, depth):
        count = self.random.randint(1, 3)
        return self.separator().join(self.command(depth + 1) for _ in range(count))

    def bounded_loop(self, depth):
        self.loops += 1
        v = f"n{self.loops}"
        word, test = self.random.choice([("while", f'[ "${v}" != xxx ]'), ("until", f"[ ${v} = xxx ]")])
        return (f"{v}=x; {word} {test}; do {v}=x${v}; {self.body(depth)}\n"
                f'if [ "${v}" = xxxx ]; then break; fi; done')

    def entry(self, depth):
        self.entries += 1
        options = self.random.choice(["", f" --id i{self.entries}", " --class os", " $menuentry_id_option j",
                                      " --unrestricted", " extra 'more args'"])
        title = self.random.choice([f"E{self.entries}", f"'E {self.entries}'", '"t$a"', "'x>y'", "dup"])
        word = self.random.choice(["menuentry", "menuentry", "menuentry", "submenu"])
        lines = [f'echo "in $chosen [$default] $# $1 $2 $a $b"', self.body(depth)]
        if word == "submenu":
            lines += [self.entry(depth + 1) for _ in range(self.random.randint(0, 2))]
        text = "\n".join(lines)
        return f"{word} {title}{options} {{\n{text}\n}}"

    def command(self, depth=0):
        kind = self.random.randrange(10 if depth < 3 else 5)
        if kind < 5:
            return self.simple()
        if kind == 5:
            other = self.random.choice(["", f"else {self.body(depth)}\n",
                                        f"elif {self.condition()}; then {self.body(depth)}\n"])
            return f"if {self.condition()}; then\n{self.body(depth)}\n{other}fi"
        if kind == 6:
            v = self.random.choice(NAMES)
            return f"for {v} in {self.words(3)}; do {self.body(depth)}; done"
        if kind == 7:
            return self.bounded_loop(depth)
        if kind == 8 and depth < 2:
            return self.entry(depth)
        return f"echo {{ {self.body(depth)} }}" if kind == 9 else self.simple()

    def unit(self):
        if self.random.random() < 0.15:
            name = self.random.choice(["f", "g"])
            return f"function {name} {{\n{self.body(1)}\n}}"
        if self.random.random() < 0.2:
            return self.random.choice(LINES)
        return self.command()

    def spoil(self, text):
        at = self.random.randint(0, len(text))
        if self.random.random() < 0.5:
            return text[:at] + " " + self.random.choice(JUNK) + " " + text[at:]
        return text[:at] + text[at + self.random.randint(1, 4):]

    def text(self):
        units = []
        for _ in range(self.random.randint(4, 12)):
            unit = self.unit()
            units.append(self.spoil(unit) if self.random.random() < self.errors else unit)
        # A star alone lists devices, of which grub-emu has others than a tree of files.
        units = [re.sub(r"(?<![^ \n;])\*(?![^ \n;])", "star", unit) for unit in units]
        return "\n".join(units) + "\n" + 'echo "=$a=$b=$c=$?="\n'
