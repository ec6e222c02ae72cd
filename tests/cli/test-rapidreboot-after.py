#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What surrounds a fast reboot: its record, the pictures of it, and the programs run before it."""
import json
import os
import re
import xml.etree.ElementTree

from kexec_machine import main
from reboot_machine import BOOT_ID, RebootTest

LATER = BOOT_ID.replace("3", "4")
RECORD = "var/lib/rapidreboot/attempts"
SVG = "{http://www.w3.org/2000/svg}"


class After(RebootTest):
    def setUp(self):
        super().setUp()
        (self.root / "var/lib").mkdir(parents=True, exist_ok=True)
        # a counter of 2 GHz that shows 100 s, in a boot that is 1000 s old
        self.clocks = {"FAKE_BOOTTIME": "1000000", "FAKE_TSC": "200000000000",
                       "FAKE_TSC_KHZ": "2000000"}

    def ask(self, *args, **how):
        return self.assertRuns(["--kernel", self.kernel, *args], 0, env=self.clocks, **how)

    def boot(self, loader, boottime, tsc, exits=None, **env):
        self.set("proc/sys/kernel/random/boot_id", LATER + "\n")
        self.set("proc/sys/kernel/bootloader_type", f"{loader}\n")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.clocks = {"FAKE_BOOTTIME": str(boottime), "FAKE_TSC": str(tsc),
                       "FAKE_TSC_KHZ": "2000000", **env}
        return self.assertRuns(["hook", "boot"], 0, env=self.clocks, exits=exits or {})

    def stamp(self, number, entry, checked, left):
        """setup_data as Documentation/ABI/testing/sysfs-kernel-boot_params shows it, with the struct
        of src/fundamental/purgatory-abi.h."""
        slots = [(1, entry), (2, checked), (3, left)]
        data = b"RRSTAMP1" + (1).to_bytes(4, "little") + len(slots).to_bytes(4, "little")
        data += (2000000).to_bytes(8, "little")
        for id_, tsc in slots:
            data += id_.to_bytes(8, "little") + tsc.to_bytes(8, "little")
        folder = self.root / f"sys/kernel/boot_params/setup_data/{number}"
        folder.mkdir(parents=True)
        (folder / "type").write_text("0x52520001\n")
        (folder / "data").write_bytes(data.ljust(24 + 16 * 12, b"\0"))

    def timeline(self, *args):
        return json.loads(self.assertRuns(["timeline", "--json", *args], 0, []).out)

    def fast(self, counter=210000000000):
        """One that went well: 1.9 s until services stop, purgatory at 3 s, all up after 8.042 s. The
        real-time clock of the table stands still, so it cannot disagree by more than it may."""
        self.ask()
        self.clocks["FAKE_BOOTTIME"] = "1001900"
        self.assertRuns(["hook", "stopped"], 0, [], env=self.clocks)
        self.clocks["FAKE_BOOTTIME"] = "1002400"
        self.assertRuns(["hook", "late"], 0, None, env={**self.clocks, "FAKE_OUTPUT": "1 kexec.target start waiting\n"})
        self.stamp(0, 206000000000, 206003000000, 206004000000)
        self.boot(0xD0, 1958, counter, FAKE_OUTPUT="InitRDTimestampMonotonic=800000\n"
                  "UserspaceTimestampMonotonic=1100000\nActiveEnterTimestampMonotonic=1900000\n")


class Record(After):
    def test_what_is_written(self):
        self.ask()
        [a] = self.timeline()
        self.assertEqual((a["result"], a["why"], a["way"], a["rung"], a["init"], a["version"]),
                         ("pending", "command", "kexec_load", "bzImage", "systemd",
                          "6.1.0-test"))
        self.assertEqual(a["points_us"]["asked"], 0)
        self.assertIsNone(a["points_us"]["kernel"])

    def test_measured(self):
        self.fast()
        [a] = self.timeline()
        self.assertEqual(a["result"], "kexec", a)
        self.assertEqual(a["clock"], "counter", a)
        # 5 s of the counter since the request, of which the new kernel's clock has 1.958 s
        self.assertEqual(a["points_us"], {
            "asked": 0, "loaded": 0, "stopped": 1900000, "purgatory": 3000000, "checked": 3001500,
            "jumped": 3002000, "kernel": 3042000, "initramfs": 3842000, "userspace": 4142000,
            "target": 4942000, "ended": 2400000, "ready": None})
        self.assertEqual([p["name"] for p in a["phases"]], [
            "load kernel", "stop services", "unmount, last hooks", "shut down old kernel",
            "check segments", "jump",
            "start of kernel", "kernel", "initramfs", "userspace"])
        for before, after in zip(a["phases"], a["phases"][1:]):
            self.assertEqual(before["to_us"], after["from_us"])

    def test_sentences(self):
        """What a person asks first: how long services were away, from what to what."""
        self.fast()
        [a] = self.timeline()
        running = self.read("proc/sys/kernel/osrelease").strip()
        self.assertEqual((a["from_version"], a["version"]), (running, "6.1.0-test"))
        self.assertEqual((a["away_us"], a["clock_early_us"]), (4942000, 0))
        out = self.assertRuns(["timeline"], 0, []).out
        self.assertRegex(out, rf"Version: +{re.escape(running)} to 6\.1\.0-test\n")
        self.assertRegex(out, r"Services: +away for 4\.942 s\n")
        picture = self.dir / "x.svg"
        self.assertRuns(["timeline", "--svg", str(picture)], 0, [])
        self.assertIn("kexec, 4.942 s, services away for 4.942 s, loaded with kexec_load, bzImage<",
                      picture.read_text())
        self.assertIn(f">{running} to 6.1.0-test<", picture.read_text())

    def test_of_another_system(self):
        """The record below --root, with nothing else of that system; this machine's is left out."""
        self.fast()
        elsewhere = self.dir / "target"
        (elsewhere / RECORD).parent.mkdir(parents=True)
        (elsewhere / RECORD).write_text(self.read(RECORD).replace(self.timeline()[0]["version"], "5.4.0-other"))
        self.assertEqual([a["version"] for a in self.timeline("--root", str(elsewhere))], ["5.4.0-other"])
        out = self.assertRuns(["timeline", "1", "--root", str(elsewhere)], 0, []).out
        self.assertRegex(out, r"to 5\.4\.0-other\n")
        picture = self.dir / "other.svg"
        self.assertRuns(["timeline", "--root", str(elsewhere), "--svg", str(picture)], 0, [])
        self.assertIn("to 5.4.0-other<", picture.read_text())
        (elsewhere / RECORD).unlink()
        self.assertEqual(self.assertRuns(["timeline", "--root", str(elsewhere)], 0, []).out,
                         "No fast reboot was tried yet.\n")

    def test_of_a_hostile_system(self):
        """Whoever wrote that system chose each text of its record; none controls the terminal."""
        self.fast()
        elsewhere = self.dir / "target"
        (elsewhere / RECORD).parent.mkdir(parents=True)
        hostile = "\x1b[2J"
        text = self.read(RECORD).replace("\tslow=", f"\tslow=stop/a{hostile}.service=1102")
        for name in ("entry", "version", "from", "why", "way", "rung", "init", "hooks"):
            text, n = re.subn(rf"\t{name}=[^\t\n]*", f"\t{name}=x{hostile}", text)
            self.assertEqual(n, 1, name)
        (elsewhere / RECORD).write_text(text)
        for words in ([], ["1"], ["--json"]):
            r = self.assertRuns(["timeline", "--root", str(elsewhere), *words], 0, [])
            self.assertIn("2J", r.out)
            self.assertNotIn("\x1b", r.out + r.err, words)

    def test_of_no_system(self):
        for place in (self.dir / "nowhere", self.kernel):
            r = self.assertRuns(["timeline", "--root", str(place)], 1, [])
            self.assertIn(f"{place}: cannot be used as a root directory", r.err)
            self.assertEqual(r.out, "")

    def test_first_boot(self):
        """A package enables what records the stop of services and starts nothing: the command starts it."""
        start = "run /usr/bin/systemctl start rapidreboot-stopped.service"
        self.assertNotIn(start, self.ask().log)
        self.set("etc/systemd/system/sysinit.target.wants/rapidreboot-stopped.service", "")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertIn(start, self.ask().log)
        self.set("run/rapidreboot/boot", BOOT_ID + "\n")
        self.set("sys/kernel/kexec_loaded", "0\n")
        self.assertNotIn(start, self.ask().log)

    def ready(self, exits, mode=0o755, timeout=3):
        """The boot after a fast reboot, with a READY_COMMAND that exits so."""
        self.set("usr/bin/answers", "#!/bin/sh\n")
        (self.root / "usr/bin/answers").chmod(mode)
        self.set("etc/rapidreboot.conf",
                 f"READY_COMMAND=\"/usr/bin/answers -q  now\"\nREADY_TIMEOUT={timeout}\n")
        self.ask()
        return self.boot(0xD0, 1958, 210000000000, exits={"answers": exits})

    def test_ready(self):
        """Closed by the service that answers: that is how long it was away."""
        r = self.ready(0)
        self.assertIn("hook answers -q now 10000ms", r.log)
        [a] = self.timeline()
        self.assertEqual((a["points_us"]["ready"], a["phases"][-1]["name"], a["away_us"]),
                         (5000000, "kernel + initramfs + userspace + service back", 5000000))
        self.assertIn("the service is back", r.err)

    def test_not_ready(self):
        r = self.ready(1, timeout=0)
        [a] = self.timeline()
        self.assertEqual((a["result"], a["points_us"]["ready"]), ("kexec", None))
        self.assertIn("not back within 0 seconds", r.err)

    def test_ready_of_others(self):
        """It would run as root."""
        r = self.ready(0, mode=0o777)
        self.assertNotIn("answers", "".join(r.log))
        self.assertIn("READY_COMMAND: /usr/bin/answers is not run: others than root can change it", r.err)

    def test_slow(self):
        """Named, with what helps; the JSON has the same."""
        self.fast()
        record = self.root / RECORD
        record.write_text(record.read_text().replace("\tslow=", "\tslow=stop/networking.service=1102 kernel/ata1=700"))
        out = self.assertRuns(["timeline"], 0, []).out
        self.assertRegex(out, r"1\.102 s to stop networking\.service: dhclient sleeps")
        self.assertRegex(out, r"0\.700 s silence of the kernel before ata1: ")
        [a] = self.timeline()
        self.assertEqual([(s["when"], s["what"], s["us"]) for s in a["slow"]],
                         [("stop", "networking.service", 1102000), ("kernel", "ata1", 700000)])

    def test_early(self):
        """The new kernel's clock is ahead of the counter: that is no broken clock when the purgatory is a witness."""
        self.fast(counter=209600000000)
        [a] = self.timeline()
        self.assertEqual((a["clock"], a["clock_early_us"]), ("counter", 160000))
        self.assertEqual((a["points_us"]["jumped"], a["points_us"]["kernel"]), (3002000, 3002000))
        self.assertIn("Times are good to 161 ms: ", self.assertRuns(["timeline"], 0, []).out)

    def test_without_stamps(self):
        """kexec_file_load has no purgatory of ours: what is not known is not made up."""
        self.ask()
        self.boot(0xD0, 1958, 210000000000)
        [a] = self.timeline()
        self.assertEqual((a["clock"], a["points_us"]["kernel"]), ("counter", 3042000))
        self.assertEqual([p["name"] for p in a["phases"]], [
            "load kernel", "stop services + unmount, last hooks + shut down old kernel + "
            "check segments + jump + start of kernel"])

    def test_other_init(self):
        """Without systemd the kernel's log says when init began, and the boot script when all is up."""
        self.take_init("openrc")
        self.ask()
        self.set("dev/kmsg", "6,1,0,-;Linux version 6.1.0\n6,339,812345,-;Run /init as init process\n"
                 " SUBSYSTEM=x\n7,340,812400,-;  with arguments:\n")
        self.boot(0xD0, 1958, 210000000000)
        [a] = self.timeline()
        self.assertEqual((a["points_us"]["initramfs"], a["points_us"]["target"]),
                         (3854345, 5000000))
        self.assertIsNone(a["points_us"]["userspace"])

    def test_not_continuous(self):
        self.ask()
        self.boot(0xD0, 1958, 1000)
        [a] = self.timeline()
        self.assertEqual((a["result"], a["clock"]), ("kexec", "broken"))
        self.assertIn("not continuous", self.assertRuns(["timeline"], 0, []).out)

    def test_journal(self):
        """Why it came back through the firmware: journalctl of the boot that asked."""
        self.program("/usr/bin/journalctl")
        self.ask()
        r = self.boot(0x72, 5000, 10000, FAKE_OUTPUT="x\nkexec_core: Cannot do that\ny\n")
        self.assertIn(f"run /usr/bin/journalctl -qb {BOOT_ID.replace('-', '')} -ocat -n1000 "
                      "--no-pager", r.log)
        [a] = self.timeline()
        self.assertEqual((a["result"], a["confirmed"]), ("firmware", False))
        # everybody may read the record, but not the journal
        self.assertEqual(a["reason"], "kexec_core (journal of the boot before)")
        out = self.assertRuns(["timeline"], 0, []).out
        self.assertIn("kexec_core (journal", out)
        self.assertNotIn("Cannot do that", out + self.read("var/lib/rapidreboot/attempts"))
        self.assertIn("--force H1", out)

    def test_pstore(self):
        self.ask()
        self.set("sys/fs/pstore/dmesg-efi-1", "<0>Kernel panic - not syncing: VFS: no root\n")
        self.boot(0x72, 5000, 10000)
        self.assertIn("VFS: no root", self.timeline()[0]["reason"])

    def test_enabled(self):
        """A reboot that `enable` made fast is recorded too, and refused after one that failed."""
        self.take_init("sysvinit")
        self.take_menu()
        self.set("var/lib/rapidreboot/enabled", "")
        env = {"RUNLEVEL": "6"}
        self.assertRuns(["hook", "load"], 0, ["load"], env=env)
        self.assertEqual([a["why"] for a in self.timeline()], ["enabled"])
        self.boot(0x72, 5000, 10000)
        r = self.assertRuns(["hook", "load"], 0, [], env=env)
        self.assertIn("H1", r.err)
        self.assertIn("through the firmware", r.err)

    def test_poweroff(self):
        """A machine that is switched off has not failed."""
        self.take_init("sysvinit")
        self.ask()
        self.assertRuns(["hook", "load"], 0, ["file-unload"], env={"RUNLEVEL": "0"})
        self.assertEqual(self.timeline(), [])

    def test_damaged(self):
        self.set(RECORD, "2\tresult=pend")
        r = self.assertRuns(["timeline"], 0, [])
        self.assertIn("damaged", r.err)
        self.ask()
        self.assertEqual(len(self.timeline()), 1)
        self.assertEqual(self.read(RECORD + ".damaged"), "2\tresult=pend")


class Pictures(After):
    def bars(self, columns, locale="C.UTF-8", *args):
        env = {"COLUMNS": str(columns), "LC_ALL": locale}
        return self.assertRuns(["timeline", *args], 0, [], env=env).out

    def test_fits(self):
        self.fast()
        for columns in (200, 120, 80, 61):
            for locale in ("C.UTF-8", "C"):
                for line in self.bars(columns, locale).splitlines():
                    if line.startswith("  ") and ":" not in line:
                        self.assertLessEqual(len(line), columns, line)
        self.assertTrue(self.bars(80, "C").isascii())
        self.assertIn("█", self.bars(80))
        # too narrow for bars: numbers alone
        self.assertNotIn("█", self.bars(40))

    def test_to_scale(self):
        """Bars follow each other, and each is as long as its share of the whole."""
        self.fast()
        [a] = self.timeline("1")
        out = self.bars(137)
        bars = {}
        for line in out.splitlines():
            for phase in a["phases"]:
                if line.startswith("  " + phase["name"] + " "):
                    bars[phase["name"]] = line[36:]
        self.assertEqual(len(bars), len(a["phases"]), out)
        width, whole, end = 137 - 37, a["phases"][-1]["to_us"], 0
        for phase in a["phases"]:
            bar = bars[phase["name"]]
            begin, n = len(bar) - len(bar.lstrip()), bar.count("█")
            self.assertEqual(begin, min(end, width - 1), (phase, out))
            end = begin + n
            self.assertAlmostEqual(n, (phase["to_us"] - phase["from_us"]) * width / whole, delta=1)
        self.assertEqual(end, width)
        self.assertIn(" 1.900 s", out)

    def test_choice(self):
        self.fast()
        self.set("proc/sys/kernel/random/boot_id", BOOT_ID.replace("3", "5") + "\n")
        self.assertRuns(["--kernel", self.kernel], 0)
        self.assertEqual([a["result"] for a in self.timeline()], ["kexec", "pending"])
        self.assertEqual([a["result"] for a in self.timeline("1")], ["pending"])
        self.assertEqual([a["result"] for a in self.timeline("2")], ["kexec"])
        self.assertRuns(["timeline", "3"], 1, [])
        for wrong in ("0", "-1", "x", "1x"):
            self.assertRuns(["timeline", "--json", "--", wrong], 2, [])
        self.assertRuns(["timeline", "1", "2"], 2, [])

    def svg(self, *args):
        path = self.dir / "picture.svg"
        self.assertRuns(["timeline", "--svg", str(path), *args], 0, [])
        return xml.etree.ElementTree.parse(path).getroot()

    def test_svg(self):
        self.fast()
        record = self.root / RECORD
        record.write_text(record.read_text().replace(f"entry={self.kernel}",
                                                     "entry=<Debian> & \"x\" \N{SNOWMAN}"))
        root = self.svg()
        self.assertEqual(root.tag, SVG + "svg")
        texts = [t.text for t in root.iter(SVG + "text")]
        self.assertTrue(texts[0].startswith('<Debian> & "x"'), texts)
        [a] = self.timeline()
        bars = [r for r in root.iter(SVG + "rect") if r.get("height") == "18"]
        self.assertEqual(len(bars), len(a["phases"]))
        self.assertIn("1.900 s", texts)
        whole, space = a["phases"][-1]["to_us"], 960 - 250 - 100
        for bar, phase in zip(bars, a["phases"]):
            x, width = float(bar.get("x")), float(bar.get("width"))
            self.assertAlmostEqual(x, 250 + space * phase["from_us"] / whole, delta=0.1)
            self.assertAlmostEqual(
                width, max(1.5, space * (phase["to_us"] - phase["from_us"]) / whole), delta=0.1)
            self.assertLessEqual(x + width, 960)
        # nothing from outside
        text = (self.dir / "picture.svg").read_text()
        for word in ("href", "<script", "url(", "@import"):
            self.assertNotIn(word, text)

    def test_svg_long_names(self):
        """Where moments are not known, phases in one have a long name: it fits all the same."""
        self.fast()
        record = self.root / RECORD
        text = record.read_text()
        [points] = re.findall(r"\tat=([^\t]*)", text)
        known = points.split(",")
        for unknown in (range(2, 3), range(2, 6), range(1, 6)):
            some = ["-" if i in unknown else point for i, point in enumerate(known)]
            record.write_text(text.replace(points, ",".join(some)))
            names = [t for t in self.svg().iter(SVG + "text") if t.get("text-anchor") == "end"]
            self.assertIn("stop", " ".join(name.text for name in names))
            for name in names:
                # half of the size is what a character of such words takes on the average
                width = len(name.text) * float(name.get("font-size")) * 0.5
                self.assertLess(width, float(name.get("x")), name.text)
            for one, following in zip(names, names[1:]):
                self.assertGreaterEqual(float(following.get("y")) - float(one.get("y")),
                                        float(one.get("font-size")))

    def test_svg_fails(self):
        self.assertRuns(["timeline", "--svg", str(self.dir / "x.svg")], 1, [])
        self.fast()
        self.assertRuns(["timeline", "--svg", str(self.dir / "no/x.svg")], 1, [])
        if os.path.exists("/dev/full"):
            self.assertRuns(["timeline", "--svg", "/dev/full"], 1, [])


class Hooks(After):
    ASKED = "run /usr/bin/systemctl kexec"

    def hook(self, name, folder="etc/rapidreboot/hooks.d", mode=0o755):
        self.set(f"{folder}/{name}", "#!/bin/sh\n")
        (self.root / folder / name).chmod(mode)

    def hooks(self, result):
        return [line for line in result.log if line.startswith("hook ")]

    def test_order(self):
        self.hook("20-b")
        self.hook("10-a", "usr/lib/rapidreboot/hooks.d")
        self.hook("30-c", "usr/lib/rapidreboot/hooks.d")
        self.hook("30-c")
        for name in ("40-off", ".hidden", "50-x.dpkg-old", "60-x~"):
            self.hook(name, mode=0o644 if name == "40-off" else 0o755)
        r = self.ask()
        self.assertEqual(self.hooks(r), [f"hook {name} pre-handover {self.kernel} 60000ms"
                                         for name in ("10-a", "20-b", "30-c")])
        self.assertLess(r.log.index(self.hooks(r)[-1]), r.log.index(self.ASKED))
        self.assertEqual(self.timeline()[0]["hooks"], "pre-handover: 10-a=0 20-b=0 30-c=0")

    def test_of_others(self):
        """What others than root can change is not run, and may have been one that says no."""
        self.hook("10-a")
        self.hook("70-others", mode=0o777)
        r = self.assertRuns(["--kernel", self.kernel], 10)
        self.assertIn("70-others (pre-handover): not run: others than root can change it", r.err)
        self.assertNotIn(self.ASKED, r.log)

    def test_failure(self):
        self.hook("10-a")
        self.hook("20-b")
        for status, exits, word in ((10, {"10-a": 3}, "exit status 3"), (10, {"10-a": -1}, "ended after 60 s"),
                                    (11, {"10-a": 75}, "try it again later"),
                                    (11, {"10-a": 75, "20-b": 75}, "exit status 75: not now, later"),
                                    (10, {"10-a": 75, "20-b": 1}, "a hook failed")):
            r = self.assertRuns(["--kernel", self.kernel], status, exits=exits)
            self.assertIn(word, r.err)
            self.assertIn("unloaded again", r.err)
            self.assertNotIn(self.ASKED, r.log)
            self.assertEqual(len(self.hooks(r)), 2)
            self.assertEqual(self.timeline(), [])
        self.set("etc/rapidreboot.conf", "HOOK_FAILURE=ignore\nHOOK_TIMEOUT=7\n")
        r = self.ask(exits={"10-a": 3})
        self.assertIn("7000ms", r.log[-3] + r.log[-2])
        self.assertIn(self.ASKED, r.log)
        self.assertEqual(self.timeline()[0]["hooks"], "pre-handover: 10-a=3 20-b=0")

    def test_late(self):
        """Before the jump itself; one that fails makes it a reboot through the firmware."""
        self.take_init("sysvinit")
        self.hook("10-a")
        self.set("etc/rapidreboot.conf", "DISPLAY_DRIVERS=unload\n")
        for name, exits, after in (("jump", {}, ["sync", "reboot"]), ("late", {}, []),
                                   ("jump", {"10-a": 1}, ["file-unload"]),
                                   ("late", {"10-a": -1}, ["file-unload"])):
            with self.subTest((name, exits)):
                self.set("sys/kernel/kexec_loaded", "1\n")
                r = self.assertRuns(["hook", name], 0, env={"RUNLEVEL": "6"}, exits=exits)
                self.assertEqual(self.hooks(r), ["hook RAPIDREBOOT_DISPLAY_DRIVERS=unload 10-a "
                                                 "pre-jump  60000ms"])
                self.assertEqual([c for c in r.calls if not c.startswith("hook")], after)
        # not on the way to a poweroff
        self.set("sys/kernel/kexec_loaded", "1\n")
        r = self.assertRuns(["hook", "late"], 0, env={"RUNLEVEL": "0"})
        self.assertEqual(self.hooks(r), [])


if __name__ == "__main__":
    main()
