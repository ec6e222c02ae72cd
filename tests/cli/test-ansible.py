#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Ansible collection, by ansible-core itself, with three hosts: each has a captured machine on which the recorded
rapidreboot runs. What it asks init for makes the next boot of that machine. Exit 77 without ansible-core."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

from kexec_machine import PROGRAM, main
from reboot_machine import BOOT_ID, RebootTest

CACHE = pathlib.Path(os.environ.get("RAPIDREBOOT_CACHE") or pathlib.Path.home() / ".cache/rapidreboot") / "ansible/root"
COLLECTION = pathlib.Path(__file__).resolve().parents[2] / "integration/ansible/rapidreboot/reboot"
KEXEC, GRUB = "208", "114"      # type_of_loader, Documentation/arch/x86/boot.rst
INHIBITOR = "WHAT=shutdown\nMODE=block\nWHO=apt\nWHY=upgrade\n"

# As a login on that host: its own boot id, and nobody answers for a while after a reboot.
SHELL = """#!/bin/sh
n=$(cat {dir}/down)
if [ "$n" -gt 0 ]; then echo $((n - 1)) >{dir}/down; exit 255; fi
command=$(printf %s "$2" | sed 's,/proc/sys/kernel/random/boot_id,{root}/proc/sys/kernel/random/boot_id,g')
exec /bin/sh -c "$command"
"""
COMMAND = """#!/bin/sh
export FAKE_LOG={dir}/log FAKE_ROOT={root} LC_ALL=C
rm -f {dir}/log
{program} "$@"
status=$?
[ -e {dir}/log ] && cat {dir}/log >>{dir}/all
[ $status = 0 ] && grep -q '^run .*/systemctl \\(kexec\\|reboot\\)' {dir}/log || exit $status
loader={grub}
grep -q 'systemctl kexec' {dir}/log && loader=$(cat {dir}/outcome)
n=$(($(cat {dir}/boots) + 1))
echo $n >{dir}/boots
echo "$loader" >{root}/proc/sys/kernel/bootloader_type
echo "0000000$n{rest}" >{root}/proc/sys/kernel/random/boot_id
echo 0 >{root}/sys/kernel/kexec_loaded
echo 0 >{root}/proc/sys/kernel/kexec_load_disabled
rm -f {root}/run/rapidreboot/request {root}/run/rapidreboot/loaded {root}/run/reboot-required*
{program} hook boot 2>>{dir}/all
echo 2 >{dir}/down
exit 0
"""


# The answer of each task that has ended, a line each.
CALLBACK = """
import json
from ansible.plugins.callback import CallbackBase
class CallbackModule(CallbackBase):
    CALLBACK_VERSION, CALLBACK_TYPE, CALLBACK_NAME, CALLBACK_NEEDS_ENABLED = 2.0, "aggregate", "answers", True
    def v2_runner_on_ok(self, result, **how):
        with open({file!r}, "a") as f:
            f.write(json.dumps([result._host.get_name(), result._result]) + "\\n")
    v2_runner_on_failed = v2_runner_on_ok
"""


def find_ansible():
    """The program and its environment, or None."""
    env = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACKS_ENABLED": "answers", "LC_ALL": "C.UTF-8"}
    found = shutil.which("ansible-playbook")
    if found:
        return found, env
    env["PYTHONPATH"] = str(CACHE / "usr/lib/python3/dist-packages")
    found = CACHE / "usr/bin/ansible-playbook"
    return (str(found), env) if found.exists() else None


ANSIBLE = find_ansible()


class Collection(RebootTest):
    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.take_menu()
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")
        where = self.dir / "collections/ansible_collections/rapidreboot"
        where.mkdir(parents=True)
        shutil.copytree(COLLECTION, where / "reboot")
        (self.dir / "callbacks").mkdir()
        (self.dir / "callbacks/answers.py").write_text(CALLBACK.format(file=str(self.dir / "answers")))
        self.programs = self.dir / "programs"
        self.programs.mkdir()
        shutil.copy(PROGRAM, self.programs / "rapidreboot")
        shutil.copy(os.environ["COLDREBOOT_RECORDED"], self.programs / "coldreboot")
        for name in "abc":
            self.make_host(name)

    def make_host(self, name):
        folder = self.dir / name
        folder.mkdir()
        shutil.copytree(self.root, folder / "root", symlinks=True)
        facts = {"dir": folder, "root": folder / "root", "program": self.programs / "rapidreboot", "grub": GRUB, "rest": BOOT_ID[8:]}
        for file, text in (("sh", SHELL), ("rapidreboot", COMMAND)):
            (folder / file).write_text(text.format(**facts))
            (folder / file).chmod(0o755)
        for file, text in (("down", "0"), ("boots", "0"), ("outcome", KEXEC)):
            (folder / file).write_text(text + "\n")

    def put(self, host, path, text):
        path = self.dir / host / "root" / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def boots(self, host):
        return int((self.dir / host / "boots").read_text())

    def play(self, args, *words, module="rapidreboot", rc=0, hosts="abc", own=None, **play):
        """Answer of the module for each host that it ran on. @own: words of single hosts."""
        variables = {name: {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3",
                            "ansible_shell_executable": str(self.dir / name / "sh"),
                            "program": str(self.dir / name / "rapidreboot"), **(own or {}).get(name, {})}
                     for name in hosts}
        task = {"rapidreboot.reboot." + module: {"program": "{{ program }}", **args}}
        if module == "rapidreboot":
            task["rapidreboot.reboot." + module].update(poll_interval=0.05, **{"reboot_timeout": 300, **args})
        (self.dir / "hosts.json").write_text(json.dumps({"all": {"hosts": variables}}))
        (self.dir / "play.json").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [task], **play}]))
        program, env = ANSIBLE
        env = {**env, "ANSIBLE_COLLECTIONS_PATH": str(self.dir / "collections"), "HOME": str(self.dir),
               "ANSIBLE_CALLBACK_PLUGINS": str(self.dir / "callbacks"), "ANSIBLE_HOME": str(self.dir / "ansible")}
        (self.dir / "answers").write_text("")
        run = subprocess.run([program, "-i", self.dir / "hosts.json", self.dir / "play.json", *words], env=env,
                             capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        self.assertEqual(run.returncode, rc, run.stdout + run.stderr)
        return dict(map(json.loads, (self.dir / "answers").read_text().splitlines()))


class Rolling(Collection):
    def test_all_well(self):
        answers = self.play({"fast": "require"}, serial=[1, 2], max_fail_percentage=0)
        self.assertEqual(sorted(answers), ["a", "b", "c"])
        for host, r in answers.items():
            self.assertEqual((r["changed"], r["rebooted"], r["way"], r["confirmed"]), (True, True, "kexec", True), host)
            self.assertNotEqual(r["boot_id_before"], r["boot_id_after"])
            self.assertEqual((r["entry"], self.boots(host)), ("Test", 1))

    def test_failed_attempt(self):
        """The second machine comes back through the firmware: the play says why, and the third is left alone."""
        (self.dir / "b/outcome").write_text(GRUB + "\n")
        answers = self.play({}, rc=2, serial=[1, 1, 1], max_fail_percentage=0)
        self.assertEqual(answers["a"]["way"], "kexec")
        r = answers["b"]
        self.assertEqual((r["rebooted"], r["way"], r["confirmed"]), (True, "firmware", False))
        self.assertIn("came back through the firmware: no log tells", r["msg"])
        self.assertNotIn("c", answers)
        self.assertEqual([self.boots(host) for host in "abc"], [1, 1, 0])
        # the next attempt on it is a cold one, which is no failure, and says what it was for
        r = self.play({}, hosts="b")["b"]
        self.assertEqual((r["way"], r["refused_by"]), ("firmware", ["H1"]))
        self.assertTrue(r["reason"].startswith("H1: "), r["reason"])


class One(Collection):
    def one(self, args, *words, **how):
        return self.play(args, *words, hosts="a", **how)["a"]

    def test_refusal(self):
        """Nothing happens, and the task fails with what stands in the way."""
        self.put("a", "run/systemd/inhibit/7", INHIBITOR)
        for words in ((), ("--check",)):
            r = self.one({}, *words, rc=2)
            self.assertEqual((r["changed"], r["rebooted"], r["way"], r["exit_status"], r["refused_by"]),
                             (False, False, "none", 3, ["G2"]))
            self.assertIn("apt", next(c for c in r["checks"] if c["id"] == "G2")["evidence"])
            self.assertEqual(self.boots("a"), 0)
        self.assertEqual(self.one({"ignore_inhibitors": True})["way"], "kexec")

    def test_check_mode(self):
        def files(host):
            return sorted((p, p.lstat().st_mtime_ns) for p in (self.dir / host / "root").rglob("*"))
        before = [files(host) for host in "abc"]
        answers = self.play({"fast": "{{ fast }}"}, "--check",
                            own={"a": {"fast": "prefer"}, "b": {"fast": "require"}, "c": {"fast": "never"}})
        self.assertEqual([answers[host]["way"] for host in "abc"], ["kexec", "kexec", "firmware"])
        self.assertTrue(all(answers[host]["changed"] for host in "abc"))
        self.assertEqual([files(host) for host in "abc"], before)
        self.assertEqual([self.boots(host) for host in "abc"], [0, 0, 0])

    def test_policies(self):
        self.put("a", "proc/sys/kernel/kexec_load_disabled", "1\n")
        self.assertEqual(self.one({"fast": "require"}, rc=2)["rebooted"], False)
        self.assertEqual(self.one({}, "--check")["way"], "firmware")
        r = self.one({})
        self.assertEqual((r["way"], r["rebooted"]), ("firmware", True))
        self.assertNotEqual(r["reason"], "")
        r = self.one({"fast": "never"})
        self.assertEqual((r["way"], r["rebooted"], self.boots("a")), ("firmware", True, 2))

    def test_only_needed(self):
        """Twice: the second time nothing is due any more."""
        self.put("a", "run/reboot-required", "")
        self.put("a", "run/reboot-required.pkgs", "libc6\n")
        self.assertEqual([self.one({"only_needed": True})["changed"] for _ in range(2)], [True, False])
        self.assertEqual(self.boots("a"), 1)

    def test_judged(self):
        """A boot that fails its test is a failure of the task, and stays unconfirmed."""
        self.put("a", "etc/rapidreboot.conf", "CONFIRM_AFTER=command\n")
        r = self.one({"test_command": "test -e /nonexistent", "reboot_timeout": 1}, rc=2)
        self.assertEqual((r["rebooted"], r["way"], r["confirmed"]), (True, "kexec", False))
        self.assertIn("test_command", r["msg"])
        r = self.one({"test_command": "true", "confirm": True})
        self.assertEqual((r["way"], r["refused_by"], r["confirmed"]), ("firmware", ["H1"], True))
        self.assertEqual(self.one({"confirm": True})["way"], "kexec")

    def test_wrong_words(self):
        answers = self.play({"fast": "{{ fast }}", "entry": "{{ entry }}"}, rc=2,
                            own={"a": {"fast": "sometimes", "entry": ""}, "b": {"fast": "never", "entry": "Test"},
                                 "c": {"fast": "prefer", "entry": "", "program": "/nonexistent"}})
        for host, word in (("a", "sometimes"), ("b", "fast=never"), ("c", "/nonexistent check")):
            self.assertFalse(answers[host]["rebooted"], host)
            self.assertIn(word, answers[host]["msg"])

    def test_facts(self):
        facts = self.one({}, module="rapidreboot_info")["ansible_facts"]["rapidreboot"]
        self.assertEqual((facts["waiting"], facts["init"], facts["last"]), ("nothing", "systemd", {}))
        self.one({})
        facts = self.one({}, module="rapidreboot_info")["ansible_facts"]["rapidreboot"]
        self.assertEqual((facts["last"]["result"], facts["last"]["confirmed"]), ("kexec", True))


if __name__ == "__main__":
    if not ANSIBLE:
        print("ansible-core is not installed, so the collection was not tested")
        sys.exit(77)
    main()
