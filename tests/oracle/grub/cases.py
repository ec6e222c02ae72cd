# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is compared: (name, files, preset default or None) of every case, the same in each run."""
import itertools
import json
import pathlib

import scripts

HERE = pathlib.Path(__file__).parent

# grub-emu has no loaders, so that these functions stand for them, there and here.
PRELUDE = """
function linux { echo "@@boot $chosen"; echo "@@root $root"; for arg in "$@"; do echo "@@linux <$arg>"; done; }
function initrd { for arg in "$@"; do echo "@@initrd <$arg>"; done; }
function multiboot2 { echo "@@boot $chosen"; for arg in "$@"; do echo "@@multiboot <$arg>"; done; }
function module2 { for arg in "$@"; do echo "@@module <$arg>"; done; }
function chainloader { echo "@@boot $chosen"; for arg in "$@"; do echo "@@chain <$arg>"; done; }
"""


def wrap(files, default=None, before=""):
    """The tree with a configuration in front that sources /boot/grub/grub.cfg and boots at once."""
    text = PRELUDE + before + "set prefix=(memdisk)/boot/grub\necho @@begin\n"
    text += "source (memdisk)/boot/grub/grub.cfg\necho @@end\nset timeout=0\n"
    if default is not None:
        text += "set default=" + quote(default) + "\n"
    tree = {"/oracle/grub.cfg": text.encode("latin-1"), "/sub.cfg": b'echo "sub $a"\nb=sub\nbreak\n',
            "/sub/file": b"x", "/empty": b""}
    tree.update({name: data if isinstance(data, bytes) else data.encode("utf-8")
                 for name, data in files.items()})
    return tree


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def env_block(values):
    text = "# GRUB Environment Block\n"
    for name, value in values.items():
        escaped = value.replace("\\", "\\\\").replace("\n", "\\\n")
        text += f"{name}={escaped}\n"
    return text.encode().ljust(1024, b"#")


def entry(title, eid=None, body=None):
    option = f" --id {quote(eid)}" if eid is not None else ""
    return f"menuentry {quote(title)}{option} {{\n{body or 'linux /vmlinuz root=/dev/sda1'}\n}}\n"


def submenu(title, eid, inside):
    return f"submenu {quote(title)} --id {quote(eid)} {{\n{inside}}}\n"


MENUS = {
    "nested": entry("A B", "a-id") + entry("x>y", "xy") + submenu("Sub Menu", "sub",
              entry("B1", "b1") + entry("B2", "b2") + submenu("Deep", "deep", entry("D1", "d>1") + entry("D2")))
              + entry("7c8", "7c") + entry("dup", "d1") + entry("dup2", "dup") + entry(" sp", " lead")
              + submenu("Empty", "empty", "true\n"),
    "plain": entry("Linux") + entry("Linux (recovery)", "rec") + entry("Windows", "win", "chainloader +1"),
    "numbers": entry("2") + entry("1") + entry("0") + submenu("3", "1", entry("1") + entry("0")) + entry("08", "0x2"),
    "one": entry("only"),
    "nothing": "echo no menu\n",
    "fallback": "fallback='2 1'\n" + entry("bad", "bad", "echo bad; false") + entry("good") + submenu("s", "s",
                "fallback=1\n" + entry("s0", None, "true") + entry("s1")) + entry("last"),
    "odd": entry("") + entry("a\nb", "nl") + entry("q", "'") + entry("$x", "$x") + entry("a>>b", ">") + entry(">", ">>"),
    "variables": "x=1\ny=2\nexport y\n" + entry("v", "v", 'echo "$x $y"') + submenu("s", "s",
                 'echo "$x $y $chosen $default"\nx=3\n' + entry("in", "in", 'echo "$x $y $default $chosen"')
                 ) + entry("w", "w", 'echo "$x"; x=9; default=0'),
}

DEFAULTS = ["", "0", "1", "2", "3", "4", "5", "6", "7", "8", "99", "-1", "+1", "0b1", "A", "A B", "a-id", "lead", " lead",
            " sp", ">0", "9" * 23, "01", "0x1", "1abc", "1 2", "1>0", "x>>y", "x>y", "sub>>0", "2>", "2>0", "2>9", "sub",
            "sub>0", "2>b1>x", "sub>b2", "Sub Menu>1", "2>2>1", "sub>deep>D2", "sub>deep>d>>1", " 3", "dup", "dup>x",
            "08", "7c", "7c8", "rec", "Linux", "Linux (recovery)", "win", "saved", "s>s1", "s>in", "3>1", "3>0", "2>2>0",
            "4294967297", "18446744073709551616", "0x", "0x2", "09", "1\t", "\t1", "Sub Menu", "Deep", "sub>Deep>0",
            "empty", "empty>0", ">", ">>", "'", "$x", "nl", "s", "s>0>0", "w", "bad", "only", "only>0"]

# What grub-mkconfig's 00_header writes, in its plain and its savedefault form.
HEADER = """
if [ -s $prefix/grubenv ]; then
  set have_grubenv=true
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="@DEFAULT@"
fi
if [ x"${feature_menuentry_id}" = xy ]; then
  menuentry_id_option="--id"
else
  menuentry_id_option=""
fi
export menuentry_id_option
if [ "${prev_saved_entry}" ]; then
  set saved_entry="${prev_saved_entry}"
  save_env saved_entry
  set prev_saved_entry=
  save_env prev_saved_entry
  set boot_once=true
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
function recordfail {
  set recordfail=1
  if [ -n "${have_grubenv}" ]; then if [ -z "${boot_once}" ]; then save_env recordfail; fi; fi
}
function load_video {
  if [ x$feature_all_video_module = xy ]; then
    insmod all_video
  else
    insmod efi_gop
  fi
}
set linux_gfx_mode=auto
export linux_gfx_mode
"""


def linux_entry(version, kind, indent=""):
    return (f"{indent}menuentry 'Debian GNU/Linux, with Linux {version}{kind}' --class debian --class gnu-linux --class os "
            f"$menuentry_id_option 'gnulinux-{version}{kind}-advanced-U' {{\n{indent}\tload_video\n{indent}\tsavedefault\n"
            f"{indent}\tset root='memdisk'\n{indent}\techo\t'Loading Linux {version} ...'\n"
            f"{indent}\tlinux\t/boot/vmlinuz-{version} root=UUID=U ro  quiet $vt_handoff\n"
            f"{indent}\tinitrd\t/boot/initrd.img-{version}\n{indent}}}\n")


def generated(default, versions):
    first = linux_entry(versions[0], "").replace(f"'Debian GNU/Linux, with Linux {versions[0]}'", "'Debian GNU/Linux'", 1)
    first = first.replace(f"gnulinux-{versions[0]}-advanced-U", "gnulinux-simple-U", 1)
    inside = "".join(linux_entry(v, "", "\t") + linux_entry(v, " (recovery mode)", "\t") for v in versions)
    xen = ("submenu 'Xen' $menuentry_id_option 'xen' {\n" + "submenu 'Xen hypervisor, version 4.17' $menuentry_id_option 'xen-4.17' {\n"
           + "menuentry 'Debian, with Xen' $menuentry_id_option 'xen-x' {\n\tmultiboot2 /boot/xen.gz placeholder  ${xen_rm_opts}\n"
           "\tmodule2 /boot/vmlinuz-6.1 placeholder root=U\n\tmodule2 --nounzip /boot/initrd.img-6.1\n}\n}\n}\n")
    prober = "menuentry 'Windows Boot Manager (on /dev/sda1)' --class windows $menuentry_id_option 'osprober-efi-1' {\n\tchainloader /EFI/bootmgfw.efi\n}\n"
    firmware = ('if [ "$grub_platform" = "efi" ]; then\nfwsetup --is-supported\nif [ "$?" = 0 ]; then\n'
                "menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {\n\tfwsetup\n}\nfi\nfi\n")
    custom = "if [ -f  ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\nelif [ -z \"${config_directory}\" -a -f  $prefix/custom.cfg ]; then\n  source $prefix/custom.cfg\nfi\n"
    return (HEADER.replace("@DEFAULT@", default) + first
            + "submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-U' {\n" + inside + "}\n"
            + xen + prober + firmware + custom)


GENERATED_DEFAULTS = ["0", "${saved_entry}", "gnulinux-simple-U", "1>2", "gnulinux-advanced-U>gnulinux-5.10-advanced-U"]
SAVED = ["", "0", "1", "1>3", "Debian GNU/Linux", "gnulinux-advanced-U>gnulinux-6.1-advanced-U",
         "Advanced options for Debian GNU/Linux>Debian GNU/Linux, with Linux 5.10 (recovery mode)", "xen>xen-4.17>xen-x",
         "2>0>0", "osprober-efi-1", "nosuch", "gnulinux-advanced-U"]


def menu_cases():
    for (name, menu), default in itertools.product(MENUS.items(), DEFAULTS):
        # GRUB sleeps for seconds at each fallback.
        if name in ("nested", "numbers", "odd") or len(default) < (2 if name == "fallback" else 4):
            yield f"menu-{name}-{default!r}", wrap({"/boot/grub/grub.cfg": menu}, default)
    for name, menu in MENUS.items():
        yield f"menu-{name}-unset", wrap({"/boot/grub/grub.cfg": menu})


def generated_cases():
    versions = ["6.1", "5.10"]
    for default, saved in itertools.product(GENERATED_DEFAULTS, SAVED):
        for key in ("saved_entry", "next_entry", "prev_saved_entry"):
            if not saved and key != "saved_entry":
                continue
            block = {key: saved} if saved else {}
            if key == "next_entry":
                block["saved_entry"] = "2>0"
            yield (f"mkconfig-{default}-{key}={saved}",
                   wrap({"/boot/grub/grub.cfg": generated(default, versions), "/boot/grub/grubenv": env_block(block)}))
    yield "mkconfig-no-grubenv", wrap({"/boot/grub/grub.cfg": generated("${saved_entry}", versions)})
    yield "mkconfig-custom", wrap({"/boot/grub/grub.cfg": generated("mine", versions),
                                   "/boot/grub/custom.cfg": entry("Mine", "mine") + "set default=mine\n"})
    yield "stub", wrap({"/boot/grub/grub.cfg": "set default=1\nconfigfile /real/grub.cfg\necho never\n",
                        "/real/grub.cfg": "set timeout=0\n" + entry("a") + entry("b", "b", "echo [$default]; linux /b")})
    for value in ("a\\b", "x y", "", "a=b", "l1\nl2", "#c"):
        yield f"grubenv-{value!r}", wrap({"/boot/grub/grub.cfg": 'load_env\necho "[$v][$w]"\nlist_env\nload_env w\n',
                                          "/boot/grub/grubenv": env_block({"v": value, "w": "2"})})


def written_cases():
    """Cases written by hand, several to a file, each a configuration of its own."""
    for file in sorted((HERE / "written").glob("*.cfg")):
        for number, text in enumerate(file.read_bytes().split(b"#=====\n")):
            yield f"{file.stem}-{number}", wrap({"/boot/grub/grub.cfg": text})


def random_script(seed):
    """A script and the preset default that goes with it, or None."""
    script = scripts.Script(seed, errors=(seed % 3) * 0.1)
    return script.text(), DEFAULTS[seed % len(DEFAULTS)] if seed % 2 else None


def random_cases(seeds):
    for seed in seeds:
        text, default = random_script(seed)
        yield f"random-{seed}", wrap({"/boot/grub/grub.cfg": text}, default)


def keep(seed):
    """Writes a random script down: the generator may change, the case stays."""
    text, default = random_script(seed)
    path = HERE / "found" / f"random-{seed}.cfg"
    # GRUB throws lines away that start with a hash, before it looks for quotes and braces.
    path.write_text(f"#default {json.dumps(default)}\n{text}")
    return path


def found_cases():
    for file in sorted((HERE / "found").glob("*.cfg")):
        first, text = file.read_text().split("\n", 1)
        yield f"found-{file.stem}", wrap({"/boot/grub/grub.cfg": text}, json.loads(first.removeprefix("#default ")))


def all_cases(n_random):
    yield from written_cases()
    yield from found_cases()
    yield from menu_cases()
    yield from generated_cases()
    yield from random_cases(range(n_random))
