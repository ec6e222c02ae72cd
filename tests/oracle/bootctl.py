#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compare our reading and order of Boot Loader Specification entries with the real bootctl.

bootctl.py RAPIDREBOOT [--trees N] [--seed S]

Makes N random trees, mounts each at a place of its own (bootctl wants an ESP to be a mount point)
inside a private mount namespace, and asks both. bootctl is systemd's userspace, which differs from
systemd-boot on purpose or by accident; the trees avoid what is known to differ: names in capitals or
beginning with "auto-" (the loader folds or ignores them), files that are missing and foreign
architectures (the loader hides such entries).

Exit status 77 when there is no bootctl (package systemd-boot or systemd; $BOOTCTL names another
one) or mount namespaces are not permitted.
"""
import argparse, json, os, pathlib, random, shutil, subprocess, sys, tempfile

WORDS = ["a", "b", "os", "fedora", "1", "10", "9", "6.1", "6.10", "6.9", "rc1", "x86"]
MARKS = ["-", ".", "~", "^", "_", ""]


def word(rng):
    return "".join(rng.choice(WORDS) + rng.choice(MARKS) for _ in range(rng.randint(1, 4)))


def line(rng, key, value):
    blank = rng.choice([" ", "\t", "  ", " \t "])
    return rng.choice(["", "", " ", "\t"]) + key + blank + value + rng.choice(["", "", " ", "\r"]) + "\n"


def make_entry(rng, n):
    lines = [line(rng, "linux", f"/k{rng.randint(0, 3)}")]
    if rng.random() < 0.8:
        lines.append(line(rng, "title", f"Title {n}  {word(rng)}"))
    for key, chance in (("sort-key", 0.7), ("version", 0.7), ("machine-id", 0.6)):
        for _ in range(rng.choice([1, 1, 2])):
            if rng.random() < chance:
                value = rng.choice("0123456789abcdef") * 32 if key == "machine-id" else word(rng)
                lines.append(line(rng, key, value))
    for i in range(rng.randint(0, 3)):
        lines.append(line(rng, "options", rng.choice(["ro", f"root=x{i}", 'a="b c"', "$var", "x  y"])))
    # one after the other: their order is part of the question
    lines += [line(rng, "initrd", f"/i{i}") for i in range(rng.randint(0, 3))]
    lines.append(rng.choice(["", "# comment\n", "\n", "   \n", "unknown-key x\n"]))
    head, tail = lines[0], lines[1:]
    lines = [tail[i] for i in range(len(tail))]
    lines.insert(rng.randint(0, len(lines)), head)
    return "".join(lines)


def make_tree(rng, root):
    entries = root / "loader" / "entries"
    entries.mkdir(parents=True)
    (root / "EFI" / "Linux").mkdir(parents=True)
    for i in range(4):
        (root / f"k{i}").write_text("kernel")
        (root / f"i{i}").write_text("initrd")
    names = set()
    for n in range(rng.randint(1, 12)):
        stem = word(rng).replace("~", "").replace("^", "") + str(n)
        counter = rng.choice(["", "", "", "+3", "+0", "+0-2", "+2-1"])
        if stem not in names:
            names.add(stem)
            (entries / f"{stem}{counter}.conf").write_text(make_entry(rng, n))


def ask_bootctl(bootctl, tree, mount):
    script = ('mount -t tmpfs none "$2" && cp -a "$1/." "$2/" && '
              'LD_LIBRARY_PATH="$4" exec "$3" --esp-path="$2" list --json=short')
    env = dict(os.environ, SYSTEMD_RELAX_ESP_CHECKS="1", SYSTEMD_RELAX_XBOOTLDR_CHECKS="1",
               SYSTEMD_LOG_LEVEL="err")
    # Unpacked with the libraries of its own release; a bootctl that is installed needs none of them.
    libraries = pathlib.Path(bootctl).parent.parent.parent
    paths = {str(p.parent) for p in libraries.rglob("lib*.so*")} if str(libraries) != "/" else ()
    run = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", tree, mount, bootctl,
                          ":".join(sorted(paths))],
                         env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        return None, run.stderr
    text, found, decoder = run.stdout.strip(), [], json.JSONDecoder()
    while text:     # older ones print one object after the other, newer ones an array
        value, end = decoder.raw_decode(text)
        found += value if isinstance(value, list) else [value]
        text = text[end:].strip()
    return [e for e in found if str(e.get("linux", ""))], ""


def ours(program, tree):
    run = subprocess.run([program, "list", "--json", "--root", tree, "--config", "/loader/entries"],
                         stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(run.stdout)["entries"]


def normal_bootctl(e):
    initrds = e.get("initrd", [])
    return {"id": e["id"], "title": e.get("title", e["id"]), "version": e.get("version"),
            "kernel": e["linux"], "cmdline": e.get("options", ""),
            "initrds": [initrds] if isinstance(initrds, str) else initrds}


def normal_ours(e):
    return {key: e[key] for key in ("id", "title", "version", "kernel", "cmdline", "initrds")}


def find_bootctl():
    cache = pathlib.Path(os.environ.get("RAPIDREBOOT_CACHE", pathlib.Path.home() / ".cache/rapidreboot"))
    fetch = pathlib.Path(__file__).resolve().parent.parent.parent / "tools/fetch-images"
    if not os.environ.get("BOOTCTL") and not shutil.which("bootctl"):
        subprocess.run([sys.executable, fetch, "systemd-boot"], stdout=subprocess.DEVNULL, check=False)
    for path in (os.environ.get("BOOTCTL"), cache / "systemd-boot/usr/bin/bootctl"):
        if path and os.access(path, os.X_OK):
            return str(path)
    return shutil.which("bootctl")


def main():
    args = argparse.ArgumentParser()
    args.add_argument("program")
    args.add_argument("--trees", type=int, default=40)
    args.add_argument("--seed", type=int, default=1)
    args = args.parse_args()
    bootctl = find_bootctl()
    private = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True, check=False)
    if not bootctl or private.returncode:
        print(f"no mounts of our own here: {private.stderr}" if bootctl else
              "no bootctl, and its package cannot be fetched (tools/fetch-images systemd-boot)")
        return 77
    bad = entries = 0
    for n in range(args.trees):
        with tempfile.TemporaryDirectory() as folder:
            tree, mount = pathlib.Path(folder) / "tree", pathlib.Path(folder) / "mnt"
            mount.mkdir()
            make_tree(random.Random(args.seed * 1000003 + n), tree)
            theirs, error = ask_bootctl(bootctl, tree, mount)
            if theirs is None:
                print(f"tree {n}: bootctl: {error.strip()}")
                return 77
            a = [normal_bootctl(e) for e in theirs]
            b = [normal_ours(e) for e in ours(args.program, tree)]
            entries += len(a)
            if a != b:
                bad += 1
                print(f"tree {n} (seed {args.seed}):")
                for x, y in zip(a + [None] * len(b), b + [None] * len(a)):
                    if x != y and (x or y):
                        print(f"  bootctl {json.dumps(x)}\n  ours    {json.dumps(y)}")
    print(f"{args.trees} trees, {entries} entries, {bad} that differ")
    return bad > 0 or entries == 0


sys.exit(main())
