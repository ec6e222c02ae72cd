# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documentation only: the action plugin of the same name runs on the controller."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: rapidreboot
short_description: Reboot a machine straight into its next kernel, and tell how it came back
description:
  - Asks rapidreboot(8) for a reboot, waits until the machine has another boot id, and reads from its record how it came back.
  - A fast reboot that came back through the firmware is a failure, with its reason, so that a rolling play ends there.
  - In check mode I(rapidreboot --dry-run) is asked what would happen.
options:
  fast:
    description:
      - V(prefer) is a fast reboot where that may be, else one through the firmware (C(--or-cold)).
      - V(require) fails where it cannot be fast, and nothing is rebooted.
      - V(never) goes through the firmware.
    choices: [prefer, require, never]
    default: prefer
    type: str
  entry:
    description: Boot entry, as rapidreboot(8) takes it. Not together with O(fast=never).
    type: str
  force:
    description: Ids of checks that do not refuse.
    type: list
    elements: str
    default: []
  ignore_inhibitors:
    description: Although a program wants the machine to stay up.
    type: bool
    default: false
  message:
    description: What those are told who are logged in.
    type: str
  only_needed:
    description: Do nothing when no reboot is due (C(rapidreboot status --needed)).
    type: bool
    default: false
  reboot_timeout:
    description: Seconds until the machine has to be back, and again for O(test_command) and for its record.
    type: int
    default: 600
  poll_interval:
    description: Seconds between two looks.
    type: float
    default: 1
  test_command:
    description: Command that has to succeed on the machine before it counts as back. By default none.
    type: str
  confirm:
    description: Say C(rapidreboot confirm) after O(test_command), for machines with C(CONFIRM_AFTER=command).
    type: bool
    default: false
  program:
    description: Absolute path of rapidreboot(8).
    type: str
    default: /usr/sbin/rapidreboot
author:
  - The rapidreboot project
"""

EXAMPLES = r"""
- name: Reboot what waits for it, fast where that may be
  rapidreboot.reboot.rapidreboot:
    only_needed: true
  become: true

- name: Fast or not at all
  rapidreboot.reboot.rapidreboot:
    fast: require
    test_command: curl -fso /dev/null http://localhost/
  become: true
"""

RETURN = r"""
rebooted:
  description: Whether the machine has another boot id.
  type: bool
  returned: always
way:
  description: How it came back, or would in check mode. V(unknown) when its record does not tell.
  type: str
  sample: kexec, firmware, none, unknown
  returned: always
reason:
  description: Why it was not a fast one, "" when it was.
  type: str
  returned: always
elapsed:
  description: Seconds from the order until the machine answered again.
  type: float
  returned: always
entry:
  description: Title of the boot entry, "" when it is not known.
  type: str
  returned: always
rung:
  description: How fast a way it was, as C(rapidreboot timeline --json) says.
  type: str
  returned: always
away_ms:
  description: Milliseconds that services were away, -1 when that is not known.
  type: int
  returned: always
confirmed:
  description: Whether the attempt does not stand in the way of the next one.
  type: bool
  returned: always
exit_status:
  description: Exit status of the program that decided, see rapidreboot(8).
  type: int
  returned: always
refused_by:
  description: Ids of the checks that refuse, or want the firmware.
  type: list
  elements: str
  returned: always
checks:
  description: What C(rapidreboot check --json) found above a note.
  type: list
  elements: dict
  returned: always
boot_id_before:
  description: The boot that was left.
  type: str
  returned: always
boot_id_after:
  description: The boot that runs, "" when the machine has not answered.
  type: str
  returned: always
"""
