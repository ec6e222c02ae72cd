#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare our reading of extlinux.conf with U-Boot's own.

uboot.py RAPIDREBOOT [--files N] [--seed S]

U-Boot runs in a virtual machine, from Debian's u-boot-qemu. Its disk has a bootable partition for each
configuration. The kernels that these name are none, so that it says of each label which files it reads
and what the command line is, fails, and goes on: first with the default, then with the other labels.
"""
import argparse, json, pathlib, random, re, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "vm"))
import disks, images, vm  # noqa: E402

BASIC_DATA = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"
LEGACY_BOOTABLE = 1 << 2  # UEFI specification 2.10, table 5.7
PER_DISK = 30
SECONDS = 300  # for all partitions of a disk
FILES = {"k1": "no kernel", "k2": "no kernel either", "i1": "i", "i2": "j"}
WORDS = ["root=/dev/a", "quiet", "a='x y'", r"b=\"q\"", r"c=\\d", r"d=\\\e", "e=$f", "f=$", "g=\"h i\"",
         r"i='\j'", r"k='l\'m'", "#n", r"o=\$p", "q=$(nope)", "r=${nope}s", r"t=\${u}", r"v=\'", "w=''x"]
NAMES = ["one", "One", "two words", "l3", "l3"]


def keyword(rng, text):
    return "".join(c.upper() if rng.random() < 0.3 else c for c in text)


def make_label(rng, name):
    lines = []
    if rng.random() < 0.9:
        lines.append(f"{keyword(rng, rng.choice(['kernel', 'linux']))} /{rng.choice(['k1', 'k2'])}")
    if rng.random() < 0.4:
        lines.append(f"initrd /{rng.choice(['i1', 'i2'])}")
    if rng.random() < 0.8:
        words = rng.sample(WORDS, rng.randint(1, 5))
        lines.append(f"{keyword(rng, 'append')} {rng.choice([' ', '  ']).join(words)}")
    for line, chance in (("menu label ^Title", .3), ("menu default", .15), ("say hello", .1), ("fdtdir /d", .1),
                         ("initrd /i2", .1), ("append -", .1), ("# comment", .2), ("text help", .1),
                         ("timeout 3", .05), ("kaslrseed", .1), ("", .2)):
        if rng.random() < chance:
            lines.append(line)
    rng.shuffle(lines)
    return [f"{keyword(rng, 'label')} {name}"] + [rng.choice(["", " ", "\t"]) + line for line in lines]


def make_config(rng):
    names = rng.sample(NAMES, rng.randint(1, 4))
    lines = ["timeout 1"]
    for line, chance in ((f"default {rng.choice(NAMES)}", .7), ("append for all", .1), ("ontimeout one", .1),
                         ("prompt 0", .3), ("unknown words", .2), ("# comment", .2)):
        if rng.random() < chance:
            lines.append(line)
    rng.shuffle(lines)
    for name in names:
        lines += make_label(rng, name)
    return "\n".join(lines) + "\n"


def make_disk(folder, configs):
    parts = []
    for i, config in enumerate(configs):
        tree = folder / f"tree{i}"
        (tree / "extlinux").mkdir(parents=True)
        (tree / "extlinux/extlinux.conf").write_text(config)
        for name, text in FILES.items():
            (tree / name).write_text(text.ljust(4096))
        parts.append((disks.fat(str(folder / f"part{i}"), 2, str(tree)), BASIC_DATA))
    return disks.gpt(str(folder / "disk"), parts, LEGACY_BOOTABLE)


def run_uboot(folder, disk, n):
    """What U-Boot says until it has looked at all partitions."""
    log = folder / "log"
    argv = [vm.find_qemu(), "-machine", "q35", "-accel", "tcg", "-m", "512", "-display", "none", "-nodefaults",
            "-no-reboot", "-bios", images.uboot_rom(), "-serial", f"file:{log}",
            "-drive", f"if=none,id=disk,format=raw,file={disk}", "-device", "ide-hd,drive=disk"]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
        try:
            for _ in range(SECONDS):
                text = log.read_text(errors="replace") if log.exists() else ""
                if text.count("EXTLINUX FAILED") >= n or process.poll() is not None:
                    break
                time.sleep(1)
        finally:
            process.kill()
    return log.read_text(errors="replace").replace("\r", "")


def attempts(text):
    """[(number of the label, its files, its command line)] in the order in which it tried them."""
    found = []
    # A menu that it shows has the same lines as what it tries.
    for line in text.rpartition("Enter choice: ")[2].splitlines():
        if re.match(r"\d+:\t", line):
            found.append([int(line.split(":")[0]), [], ""])
        elif found and line.startswith("Retrieving file: "):
            found[-1][1].append(line.split(": ", 1)[1])
        elif found and line.startswith("append: "):
            found[-1][2] = line.split(": ", 1)[1]
    return found


def ours(program, folder, config):
    root = folder / "root"
    for path, text in {"boot/extlinux/extlinux.conf": config, "proc/sys/kernel/arch": "aarch64\n",
                       "etc/fstab": "/dev/a / ext4 rw 0 0\n/dev/b /boot ext4 rw 0 0\n",
                       **{"boot/" + name: text for name, text in FILES.items()}}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    run = subprocess.run([program, "list", "--json", "--root", root, "--firmware", "bios",
                          "--type", "extlinux"], stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    return json.loads(run.stdout)["entries"] if run.returncode == 0 else []


def has_variable(entry):
    return any("variables of U-Boot" in warning for warning in entry["warnings"])


def compare(config, text, entries):
    tried = attempts(text)
    default = [i + 1 for i, e in enumerate(entries) if e["default"]]
    if not tried:  # it does not take the file
        if default or "Error parsing config file" not in text:
            yield f"the default is {default}, U-Boot tried nothing"
        return
    if default != [tried[0][0]]:
        yield f"the default is {default}, U-Boot's label {tried[0][0]}"
    if len(tried) != len(entries):
        yield f"{len(entries)} entries, U-Boot tried {len(tried)}"
        return
    for number, files, cmdline in tried:
        entry = entries[number - 1]
        mine = [path.removeprefix("/boot") for path in [*entry["initrds"], entry["kernel"]] if path]
        if files and mine != files:
            yield f"label {number}: files {mine}, U-Boot's {files}"
        if not files and entry["bootable"]:
            yield f"label {number}: U-Boot has no kernel"
        if files and not has_variable(entry) and entry["cmdline"].rstrip() != cmdline.rstrip():
            yield f"label {number}: {entry['cmdline']!r}, U-Boot's {cmdline!r}"
        if has_variable(entry) == entry["bootable"] and files:
            yield f"label {number}: bootable {entry['bootable']}"


def run_disk(program, configs):
    bad = 0
    with tempfile.TemporaryDirectory(prefix="uboot.") as name:
        folder = pathlib.Path(name)
        log = run_uboot(folder, make_disk(folder, configs), len(configs))
        said = log.split("Found /extlinux/extlinux.conf")[1:]
        if len(said) != len(configs):
            sys.exit(f"U-Boot looked at {len(said)} of {len(configs)} partitions:\n{log[-2000:]}")
        for i, (config, text) in enumerate(zip(configs, said)):
            for line in compare(config, text, ours(program, folder / str(i), config)):
                bad += 1
                print(f"{line}\n--- configuration\n{config}--- U-Boot\n{text.split('EXTLINUX FAILED')[0]}---")
    return bad


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("program")
    parser.add_argument("--files", type=int, default=PER_DISK)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    images.fetch(["u-boot"])
    configs = [make_config(random.Random(args.seed * 100003 + i)) for i in range(args.files)]
    bad = sum(run_disk(args.program, configs[i:i + PER_DISK]) for i in range(0, len(configs), PER_DISK))
    print(f"{len(configs)} configurations, {bad} differences from U-Boot")
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
