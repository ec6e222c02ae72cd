# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reboots a machine with rapidreboot(8), waits for it, and tells how it came back."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import shlex
import time

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

BOOT_ID = "cat /proc/sys/kernel/random/boot_id"
# exit statuses of rapidreboot(8)
OK, NOT_NEEDED, COLD, WARNINGS = 0, 1, 7, 8


class Stop(Exception):
    """Ends the task with this sentence, as a failure."""


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _VALID_ARGS = frozenset(("fast", "entry", "force", "ignore_inhibitors", "message", "only_needed",
                             "reboot_timeout", "poll_interval", "test_command", "confirm", "program"))

    # ---- the task's words

    def _text(self, name, default=""):
        value = self._task.args.get(name)
        return default if value is None else str(value)

    def _flag(self, name):
        return boolean(self._task.args.get(name, False))

    def _read_args(self):
        self.fast = self._text("fast", "prefer")
        self.entry, self.message = self._text("entry"), self._text("message")
        self.program = self._text("program", "/usr/sbin/rapidreboot")
        self.timeout = float(self._text("reboot_timeout", "600"))
        self.pause = float(self._text("poll_interval", "1"))
        force = self._task.args.get("force") or []
        self.force = force.split(",") if isinstance(force, str) else [str(i) for i in force]
        if self.fast not in ("prefer", "require", "never"):
            raise Stop("fast is prefer, require or never, not %s" % self.fast)
        if self.entry and self.fast == "never":
            raise Stop("entry names what is started without the firmware: it cannot go with fast=never")

    def _what(self):
        """Words that say what is started, for rapidreboot and its check."""
        words = [w for i in self.force for w in ("--force", i)]
        return words + ([self.entry] if self.entry else [])

    def _order(self):
        words = [self.program] + (["cold"] if self.fast == "never" else [])
        words += ["--or-cold"] if self.fast == "prefer" else []
        words += ["--ignore-inhibitors"] if self._flag("ignore_inhibitors") else []
        words += ["--message", self.message] if self.message else []
        return words + (self._what() if self.fast != "never" else [])

    # ---- the machine

    def _run(self, command):
        """Exit status, standard output, standard error."""
        if not isinstance(command, str):
            command = " ".join(shlex.quote(w) for w in command)
        r = self._low_level_execute_command(command, sudoable=True)
        return r["rc"], r["stdout"], r["stderr"]

    def _json(self, words, wanted):
        # a connection with a terminal would mix both outputs; failures are answered in JSON, too
        command = " ".join(shlex.quote(w) for w in [self.program] + words) + " 2>/dev/null"
        status, out, err = self._run(command)
        try:
            answer = json.loads(out)
        except ValueError:
            raise Stop("%s %s: exit status %d: %s" % (self.program, " ".join(words), status,
                                                      (err or out).strip() or "no answer"))
        if not isinstance(answer, wanted):
            raise Stop("%s %s: %s" % (self.program, " ".join(words), answer.get("error", "no answer")))
        return status, answer

    def _boot_id(self):
        status, out, err = self._run(BOOT_ID)
        if status != 0 or not out.strip():
            raise AnsibleError("the boot id cannot be read: %s" % err.strip())
        return out.strip()

    def _until(self, what, look):
        """Calls look() until it gives something; a connection that breaks is tried again."""
        end = time.monotonic() + self.timeout
        why = ""
        while time.monotonic() < end:
            try:
                found = look()
                if found:
                    return found
            except AnsibleError as e:
                why = ": %s" % e
                self._reset()
            time.sleep(self.pause)
        raise Stop("%s was not seen within %g seconds%s" % (what, self.timeout, why))

    def _reset(self):
        try:
            self._connection.reset()
        except (AnsibleError, AttributeError, NotImplementedError):
            pass

    # ---- before

    def _look(self, result):
        """What speaks against a fast reboot."""
        if self.fast == "never":
            return
        status, answer = self._json(["check", "--json"] + self._what(), dict)
        result["exit_status"] = status
        result["entry"] = answer.get("entry") or ""
        found = [c for c in answer.get("checks", []) if c["status"] == "finding" and c["severity"] != "note"]
        result["checks"] = [{k: c.get(k) or "" for k in ("id", "severity", "sentence", "evidence", "remedy")}
                            for c in found]
        result["refused_by"] = [c["id"] for c in found if c["severity"] in ("refuse", "cold") and not c["forced"]]
        if status not in (OK, WARNINGS):
            result["reason"] = answer.get("error") or "; ".join(
                "%s: %s" % (c["id"], c["sentence"]) for c in found if c["id"] in result["refused_by"])

    def _needed(self, result):
        words = ["status", "--needed"] + (["--or-cold"] if self.fast != "require" else [])
        status, out, err = self._run([self.program] + words)
        if status not in (OK, NOT_NEEDED):
            result["exit_status"] = status
            raise Stop((err or out).strip())
        return status == OK

    def _would(self, result):
        """Check mode: what --dry-run says."""
        status, out, err = self._run(self._order() + ["--dry-run"])
        result["exit_status"] = status
        result["changed"] = status == OK or (status == COLD and self.fast == "prefer")
        if not result["changed"]:
            raise Stop(err.strip() or out.strip())
        result["way"] = "firmware" if status == COLD or self.fast == "never" else "kexec"

    # ---- the reboot

    def _go(self, result):
        try:
            status, out, err = self._run(self._order() + ["--yes"])
        except AnsibleConnectionFailure:
            status, out, err = OK, "", ""   # the machine went down first; its boot id decides
        result["exit_status"] = status
        if status != OK:
            raise Stop((err.strip() or out.strip()) + " (exit status %d)" % status)

    def _other_boot(self, before):
        now = self._boot_id()
        return now if now != before else None

    def _attempt(self, before):
        """The record of this reboot, once it is closed; {} when there is none."""
        attempts = self._json(["timeline", "--json"], list)[1]
        mine = [a for a in attempts if a["boot_id"] == before]
        if not mine:
            return {"result": "none"}
        return mine[-1] if mine[-1]["result"] != "pending" else None

    def _how(self, result, before):
        if self.fast == "never":
            result.update(way="firmware", confirmed=True)
            return
        a = self._until("the end of the record of this reboot (is its boot service enabled?)",
                        lambda: self._attempt(before))
        result["way"] = a["result"] if a["result"] in ("kexec", "firmware") else "unknown"
        result["reason"] = a.get("reason") or ""
        result["rung"] = a.get("rung") or ""
        result["entry"] = a.get("entry") or result["entry"]
        result["confirmed"] = bool(a.get("confirmed"))
        away = a.get("away_us")
        result["away_ms"] = -1 if away is None else away // 1000
        if result["way"] == "firmware" and a.get("why") != "or-cold":
            raise Stop("the fast reboot came back through the firmware: %s" % result["reason"])
        if self.fast == "require" and result["way"] != "kexec":
            raise Stop("it is not known to have been a fast reboot")

    def _judge(self, result):
        """Does it do its work?"""
        command = self._text("test_command")
        if command:
            self._until("success of test_command", lambda: self._run(command)[0] == 0)
        if self._flag("confirm"):
            status, out, err = self._run([self.program, "confirm"])
            if status not in (OK, 6):   # 6: nothing to confirm
                raise Stop(err.strip())
            result["confirmed"] = True

    def _reboot(self, result):
        began = time.monotonic()
        before = result["boot_id_before"]
        self._go(result)
        result["boot_id_after"] = self._until("another boot", lambda: self._other_boot(before))
        result.update(rebooted=True, changed=True, elapsed=round(time.monotonic() - began, 3))
        self._how(result, before)
        self._judge(result)

    def run(self, tmp=None, task_vars=None):
        self._supports_check_mode = True
        result = super(ActionModule, self).run(tmp, task_vars)
        result.update(changed=False, failed=False, rebooted=False, way="none", reason="", elapsed=0.0, entry="",
                      rung="", away_ms=-1, confirmed=False, exit_status=0, refused_by=[], checks=[],
                      boot_id_before="", boot_id_after="")
        try:
            self._read_args()
            result["boot_id_before"] = result["boot_id_after"] = self._boot_id()
            if self._flag("only_needed") and not self._needed(result):
                result["msg"] = "no reboot is due"
                return result
            self._look(result)
            if self._task.check_mode:
                self._would(result)
            else:
                result["boot_id_after"] = ""
                self._reboot(result)
        except Stop as e:
            result.update(failed=True, msg=str(e))
        return result
