# SPDX-License-Identifier: LGPL-2.1-or-later
"""What became of a disturbed reboot, read from the console, and whether it may.

A step ends in the right kernel with a record, in a reboot through the firmware with a record and its
reason, or in a refusal: a documented exit status, nothing loaded, and an ordinary reboot. A machine that is
told to switch off before it is told to reboot is off.
"""

import dataclasses
import re

import interference

LINE = re.compile(r"@@ (up|record|step|did|asks|ordinary|ordered|all)\b ?(.*)")
TROUBLE = re.compile(r"Kernel panic.*|Oops: .*|BUG: .*|Segmentation fault.*|stack smashing.*|\bSIGSEGV\b.*")
# rapidreboot(8), EXIT STATUS, of what reboots
REFUSALS = (1, 3, 4, 5, 6, 7)
# Nothing but the machine itself, or who has root's rights, can make these other than fast.
ALWAYS_FAST = ("none", "locks", "clock", "mounts", "hog")
TOGETHER = 0.5  # seconds; of two orders so close to each other either may be first


@dataclasses.dataclass
class Facts:
    """What was seen of one step, and of the boot after it."""

    boot: str = ""  # id of the boot in which it ran
    status: int = -1  # of the command; -1: it did not come back
    loaded: str = ""  # what the kernel said then
    asks: list = dataclasses.field(default_factory=list)  # ("reboot" or "poweroff", uptime), in order
    ordinary: bool = False  # an ordinary reboot was asked for
    ended: str = ""  # how the machine ended, when that was in this step; else it came up again
    release: str = ""  # of the next kernel
    mark: str = ""  # in the next kernel's command line
    records: list = dataclasses.field(default_factory=list)  # {field: text}, as of the next boot
    trouble: list = dataclasses.field(default_factory=list)
    seconds: float = 0.0


def record(line):
    """A line of the file of attempts (src/record/attempts.h); {} for one that is not whole."""
    fields = line.split("\t")
    if fields[0] != "2" or fields[-1] != "end":
        return {}
    return dict(field.partition("=")[::2] for field in fields[1:-1])


def read(log, reason):
    """{number of a step: its Facts} of what one start of the machine printed, which ended by @reason."""
    found = {}
    boot, now = "", None
    for text in log.splitlines():
        if now and (m := TROUBLE.search(text)):
            now.trouble.append(m[0])
        m = LINE.search(text)
        if not m:
            continue
        words = m[2].split()
        if m[1] == "up":
            boot = words[3]
            if now:
                now.release, now.mark = words[1:3]
        elif m[1] == "record" and now:
            now.records.append(record(m[2]))
        elif m[1] == "step":
            now = found[int(words[0])] = Facts(boot=boot)
        elif m[1] == "all":
            now = None
        elif now:
            _note(now, m[1], words)
    if now:
        now.ended = reason
    return found


def _note(facts, what, words):
    if what == "did":
        facts.status, facts.loaded = int(words[0]), words[2]
    elif what == "ordered":
        facts.status = int(words[0])
    elif what == "asks":
        facts.asks.append((words[0], float(words[1])))
    elif what == "ordinary":
        facts.ordinary = True


def kind(facts):
    """"fast", "firmware", "off", or how else it ended."""
    if facts.ended:
        return "off" if facts.ended == "poweroff" else facts.ended
    return "firmware" if facts.mark == interference.FIRMWARE else "fast"


def _when(facts, what):
    return next((uptime for name, uptime in facts.asks if name == what), None)


def _off(facts, end):
    """Orders: who was first?"""
    off, reboot = _when(facts, "poweroff"), _when(facts, "reboot")
    if off is None:
        return ["it is off, and nobody asked for that"] if end == "off" else []
    if end != "off" and (reboot is None or reboot > off + TOGETHER):
        return [f"a poweroff became a reboot ({end})"]
    if end == "off" and reboot is not None and reboot < off - TOGETHER:
        return ["a reboot became a poweroff"]
    return []


def _fast(step, facts, releases):
    if facts.mark != step.mark or facts.release not in [releases[i] for i in step.kernels]:
        yield f"another kernel came up: Linux {facts.release}, {facts.mark} in place of {step.mark}"
    if not any(r.get("boot") == facts.boot and r.get("result") == "kexec" for r in facts.records):
        yield "the attempt is not recorded"
    if facts.ordinary and facts.status != 137:
        yield f"a reboot that was refused (exit status {facts.status}) became a fast one"


def _firmware(step, facts):
    mine = [r for r in facts.records if r.get("boot") == facts.boot]
    if not facts.ordinary:
        if not any(r.get("result") == "firmware" and r.get("reason") for r in mine):
            yield "it came back through the firmware, and no record says why"
        return
    if step.kind in ("sigterm", "sigkill"):
        # killed by 137 nobody could unload
        if facts.status != 137 and facts.loaded != "0":
            yield f"the command ended with {facts.status}, and something is loaded"
        return
    if facts.status == 0:
        yield "the exit status was 0, and init did nothing"
    elif facts.status not in REFUSALS:
        yield f"exit status {facts.status} is not one of a refusal"
    if facts.loaded != "0" and step.kind != "foreign":
        yield "it was refused, and something is loaded"


def problems(step, facts, releases):
    """Sentences; @releases of interference.SUITES."""
    if not facts:
        return ["it was never begun"]
    end = kind(facts)
    found = list(facts.trouble) + _off(facts, end)
    if end == "fast":
        found += _fast(step, facts, releases)
    elif end == "firmware":
        found += _firmware(step, facts)
    elif end != "off":
        found.append("it hangs" if end == "timeout" else f"the machine ended by {end}")
    if any(r.get("result") == "pending" for r in facts.records):
        found.append("the boot after it left an attempt open")
    if {} in facts.records:
        found.append("a line of the record is damaged")
    if step.kind in ALWAYS_FAST and end != "fast":
        found.append(f"nothing stands in the way of a fast reboot, and it was: {end}, exit status {facts.status}")
    return found
