# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal: a pty with a program at one end, and at the other a screen that does what ECMA-48 says of
the few commands that are used here. Anything else is an error."""
import codecs
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

COMMAND = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")
PENDING = re.compile(r"\x1b(\[\??[0-9;]*)?$")

COLORS = {31: "red", 32: "green", 33: "yellow", 90: "grey"}     # ECMA-48 8.3.117, and bright black
WAIT_S = int(os.environ.get("SCREEN_WAIT_S", "60"))     # a loaded machine may take long


class Screen:
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.wraps = False      # a full row: the next character begins another
        self.reverse, self.bold, self.cursor_shown = False, False, True
        self.reversed_rows = set()
        self.color, self.colored = None, {}     # of what comes next; colour -> what was written in it, by runs
        self.answers = ""       # what the terminal sends back

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]

    def feed(self, text):
        """Draws; returns the tail that is not complete yet."""
        while text:
            if text[0] != "\x1b":
                self.put(text[0])
                text = text[1:]
                continue
            match = COMMAND.match(text)
            if not match:
                assert PENDING.match(text), f"unknown to this terminal: {text!r}"
                return text
            self.command(*match.groups())
            text = text[match.end():]
        return ""

    def put(self, char):
        if char == "\r":
            self.column, self.wraps = 0, False
        elif char == "\n":
            self.down()
        elif char == "\b":
            self.column = max(self.column - 1, 0)
        else:
            assert char >= " " and not "\x7f" <= char < "\xa0", f"control character {char!r}"
            if self.wraps:
                self.column = 0
                self.down()
            self.cells[self.row][self.column] = char
            if self.color:
                self.colored[self.color][-1] += char
            if self.reverse:
                self.reversed_rows.add(self.row)
            self.wraps = self.column == self.columns - 1
            self.column = min(self.column + 1, self.columns - 1)

    def down(self):
        self.wraps = False
        if self.row < self.rows - 1:
            self.row += 1
            return
        self.cells = self.cells[1:] + [[" "] * self.columns]

    def command(self, private, text, letter):
        numbers = [int(n) if n else 0 for n in text.split(";")]
        if private:
            assert (numbers, letter) in (([25], "h"), ([25], "l")), (text, letter)
            self.cursor_shown = letter == "h"
        elif letter == "H":
            row, column = (numbers + [1])[:2] if text else (1, 1)
            self.row, self.column = min(row, self.rows) - 1, min(column, self.columns) - 1
            self.wraps = False
        elif letter == "K":
            assert numbers == [0]
            self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
            self.reversed_rows.discard(self.row)
        elif letter == "J":
            assert numbers == [0]
            self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
            for row in range(self.row + 1, self.rows):
                self.cells[row] = [" "] * self.columns
            self.reversed_rows = {r for r in self.reversed_rows if r < self.row}
        elif letter == "m":
            for n in numbers:
                assert n in (0, 1, 7) or n in COLORS, n
                if n in COLORS:
                    self.color = COLORS[n]
                    self.colored.setdefault(self.color, []).append("")
                elif n == 0:
                    self.reverse = self.bold = False
                    self.color = None
                self.reverse, self.bold = self.reverse or n == 7, self.bold or n == 1
        else:
            assert (letter, numbers) == ("n", [6]), (letter, text)
            self.answers += f"\x1b[{self.row + 1};{self.column + 1}R"


def heed_signals():
    """Whoever runs the tests may have been started with nohup(1), or in the background of a shell."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)


class Terminal:
    """@size (0, 0): a serial line, whose size only the screen itself knows."""

    def __init__(self, words, env, rows=24, columns=80, says_size=True):
        self.screen = Screen(rows, columns)
        self.master, self.slave = pty.openpty()
        if says_size:
            self.set_size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.process = subprocess.Popen(
            words, env=env, stdin=self.slave, stdout=self.slave, stderr=self.slave,
            # a group of its own, with a parent beside it: as under a shell, it can be stopped
            process_group=0, preexec_fn=heed_signals)
        self.decode = codecs.getincrementaldecoder("utf-8")(errors="strict").decode
        self.rest = ""

    def set_size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def attributes(self):
        return termios.tcgetattr(self.slave)

    def read(self, seconds):
        """Takes what the program writes until it has been quiet that long."""
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except OSError as e:
                assert e.errno == errno.EIO, e
                return
            self.rest = self.screen.feed(self.rest + self.decode(data))
            if self.screen.answers:
                os.write(self.master, self.screen.answers.encode())
                self.screen.answers = ""

    def wait_for(self, condition, what):
        """Until the screen is so; a loaded machine may take long."""
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end, f"{what}:\n" + "\n".join(self.screen.lines())
            self.read(0.05)

    def shows(self, text):
        self.wait_for(lambda: any(text in line for line in self.screen.lines()), text)

    def type(self, text):
        os.write(self.master, text.encode())

    def wait(self):
        """Its exit status, with everything it has written on the screen."""
        end = time.monotonic() + 60
        while self.process.poll() is None:
            assert time.monotonic() < end, "it does not end"
            self.read(0.05)
        self.read(0.1)
        return self.process.returncode

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
