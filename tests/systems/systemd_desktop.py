# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown of persons: who sits at the machine may restart it, as with an ordinary reboot.

The person has logged in at the first virtual terminal, which is on the seat of the machine. polkit looks
for actions below /usr/share only, so that the package is what is installed.
"""

import shlex

import machine
from catalogue import scenario

DESKTOP = "bookworm-systemd-desktop"
LIBEXEC = "/usr/libexec/rapidreboot"
PROGRAM = f"{LIBEXEC}/desktop-reboot"
ASK = "pkexec --disable-internal-agent"  # for no password
GETTY = "/etc/systemd/system/getty@tty1.service.d/person.conf"
# Presses the button that is called like the file ~/answer, and keeps what it is shown.
BUTTON = """#!/bin/sh
printf '%s\\n' "$@" >>~/shown
case "$*" in --question*) test "$(cat ~/answer)" = Restart ;; esac
"""
# What a person does at a terminal: the script ~/go, as soon as there is one.
PROFILE = """export PATH=$HOME/bin:$PATH
test "$(tty)" = /dev/tty1 || return 0
while :; do
	sleep 1
	test -e ~/go || continue
	mv -f ~/go ~/gone
	sh ~/gone >~/said 2>&1
	echo $? >~/status
done
"""
PERSON = f"""useradd --create-home --shell /bin/bash person
useradd --create-home --shell /bin/bash other
mkdir -p ~person/bin $(dirname {GETTY})
printf '%s' {shlex.quote(BUTTON)} >~person/bin/zenity
printf '%s' {shlex.quote(PROFILE)} >~person/.bash_profile
chmod 755 ~person/bin/zenity
chown -R person: ~person
printf '[Service]\\nExecStart=\\nExecStart=-/sbin/agetty --autologin person tty1 linux\\n' >{GETTY}
systemctl daemon-reload
systemctl restart getty@tty1
for i in $(seq 60); do
	test "$(loginctl show-seat seat0 -P ActiveSession)" && break
	sleep 1
done
session=$(loginctl show-seat seat0 -P ActiveSession)
loginctl show-session "$session" -P Name -P Remote -P Active
"""


def log_in(t):
    t.equal("who is at the seat", t.guest.must(PERSON, machine.BOOT_SECONDS).split()[-3:],
            ["person", "no", "yes"])


def does(t, script):
    """The person runs @script: (exit status, what it said)."""
    text = shlex.quote(script + "\n")
    t.guest.must("rm -f ~person/status ~person/shown; "
                 f"printf '%s' {text} >~person/new && mv ~person/new ~person/go")
    status = t.guest.must("for i in $(seq 100); do test -e ~person/status && break; sleep 1; done; "
                          "cat ~person/status", machine.BOOT_SECONDS)
    return int(status), t.guest.must("cat ~person/said")


def nothing_happened(t, what):
    t.equal(f"kexec_loaded after {what}", t.loaded(), "0")
    t.equal(f"queued jobs after {what}", t.guest.must("systemctl list-jobs --no-legend"), "")


@scenario(DESKTOP, packaged=True)
def quick_reboot(t):
    """The launcher asks and restarts; no sooner, and for nobody but who sits there."""
    log_in(t)
    t.guest.must("echo Cancel >~person/answer")
    t.equal("the launcher, cancelled", does(t, f"{LIBEXEC}/quick-reboot"), (6, ""))
    nothing_happened(t, "Cancel")

    status, said = does(t, f"{ASK} {PROGRAM} --kernel /tmp/mine")
    t.equal(f"with arguments ({said})", status, 2)
    status, said = does(t, f"{ASK} /usr/sbin/rapidreboot --yes")
    t.true(f"any other program as root: {status} {said}", status in (126, 127))
    other = t.guest.run(f"runuser -u other -- {ASK} {PROGRAM}")
    t.true(f"somebody who is not at the seat: {other.status} {other.output}",
           other.status == 127 and "uthentication" in other.output)
    nothing_happened(t, "others have tried")

    t.guest.must("echo Restart >~person/answer")
    launch = shlex.quote(f"{LIBEXEC}/quick-reboot\n")
    t.fast(f"printf '%s' {launch} >~person/new && mv ~person/new ~person/go")
    t.recorded()


@scenario(DESKTOP, packaged=True)
def quick_reboot_refused(t):
    """What stands in the way is shown to the person, and nothing is rebooted."""
    log_in(t)
    t.guest.must("echo Restart >~person/answer; sysctl -q kernel.kexec_load_disabled=1")
    status, said = does(t, f"{LIBEXEC}/quick-reboot")
    t.equal(f"exit status ({said})", status, 3)
    shown = t.guest.must("cat ~person/shown")
    t.true(f"shown to the person: {shown}", "--error" in shown and "kexec_load_disabled" in shown)
    nothing_happened(t, "a refusal")
