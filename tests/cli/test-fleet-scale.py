#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The state of 500 nodes, each a captured machine with a record of its own: what is read of each is what its record says, and
takes less than 50 ms of processor time, of which the last node takes no more than the first.

Processor time is counted, with that of the processes that a command starts: a busy machine changes it little."""
import collections
import json
import os
import pathlib
import re
import resource
import shutil

from kexec_machine import main
from reboot_machine import RebootTest

NODES = int(os.environ.get("FLEET_NODES", "500"))
LIMIT_MS = 50
RECORDED = 64       # ATTEMPTS_MAX, src/record/attempts.h
FACTS = (("status", "--json"), ("timeline", "--json"))      # what the facts module of the collection asks
RESULT = re.compile(r'^rapidreboot_last_result\{result="(\w+)"\} 1$', re.M)


MODULE = pathlib.Path(__file__).resolve().parents[2] / "integration/ansible/rapidreboot/reboot/plugins/modules/rapidreboot_info.py"


def used():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


class Fleet(RebootTest):
    def setUp(self):
        super().setUp()
        self.take_menu()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        self.set("proc/sys/kernel/osrelease", "6.1.0-21-amd64\n")
        self.base = self.root
        self.assertRuns(["--yes"], 0)
        line = self.read("var/lib/rapidreboot/attempts").strip().splitlines()[-1]
        self.line = re.sub(r"\tclosed=\S*\tcloser=\S*", "\tclosed=1767323100000\tcloser={boot}", line)
        self.assertIn("{boot}", self.line)
        for name in ("request", "loaded"):
            (self.root / "run/rapidreboot" / name).unlink(missing_ok=True)
        self.set_unloaded()

    def node(self, number):
        """One with number % 65 attempts; the last came back through the firmware on every seventh. Files that are the same
        on all of them are links."""
        root = self.dir / f"node{number}"
        shutil.copytree(self.base, root, symlinks=True, copy_function=os.link)
        boot = f"{number:08x}-93c8-4f5e-8b21-6f0c2d9e4a11"
        count = number % (RECORDED + 1)
        last = "none" if not count else "firmware" if number % 7 == 0 else "kexec"
        lines = [re.sub(r"result=\w+", "result=" + (last if i == count - 1 else "kexec"), self.line).replace("{boot}", boot)
                 for i in range(count)]
        for path, text in (("var/lib/rapidreboot/attempts", "".join(line + "\n" for line in lines)),
                           ("proc/sys/kernel/random/boot_id", boot + "\n")):
            (root / path).unlink()
            (root / path).write_text(text)
        return root, last, count

    def test_facts(self):
        """The module asks that and nothing else."""
        self.assertEqual(tuple(tuple(re.findall(r'"([^"]+)"', words)) for words in
                               re.findall(r"= ask\(module, (.*)\)", MODULE.read_text())), FACTS)

    def test_all(self):
        costs, found, wanted = [], collections.Counter(), collections.Counter()
        for number in range(NODES):
            self.root, last, count = self.node(number)
            wanted[last] += 1
            before = used()
            status, timeline = (self.run_it(*words) for words in FACTS)
            costs.append(1000 * (used() - before))
            self.assertEqual(status.rc, 0, status.err)
            self.assertEqual(json.loads(status.out)["waiting"], "nothing")
            self.assertEqual(timeline.rc, 0, timeline.err)
            attempts = json.loads(timeline.out)
            self.assertEqual(len(attempts), count)
            found[attempts[-1]["result"] if attempts else "none"] += 1
            metrics = self.run_it("status", "--metrics").out
            self.assertEqual(RESULT.findall(metrics), [last] if count else [], number)
            shutil.rmtree(self.root)
        self.assertEqual(found, wanted)
        self.assertEqual(sum(found.values()), NODES)
        tenth = NODES // 10
        first, rest = sum(costs[:tenth]) / tenth, sum(costs[-tenth:]) / tenth
        print(f"{NODES} nodes: {sum(costs) / NODES:.1f} ms a node, the dearest {max(costs):.1f} ms; "
              f"the first tenth {first:.1f} ms a node, the last {rest:.1f} ms")
        self.assertLess(sum(costs) / NODES, LIMIT_MS)
        self.assertLess(rest, 2 * first + 2)


if __name__ == "__main__":
    main()
