#!/usr/bin/python
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Facts about fast reboots of a machine."""
from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: rapidreboot_info
short_description: What rapidreboot knows of a machine
description:
  - C(rapidreboot status --json) and the last attempt of C(rapidreboot timeline --json) as facts. Changes nothing.
options:
  program:
    description: Absolute path of rapidreboot(8).
    type: str
    default: /usr/sbin/rapidreboot
author:
  - The rapidreboot project
"""

EXAMPLES = r"""
- rapidreboot.reboot.rapidreboot_info:
- ansible.builtin.meta: end_host
  when: ansible_facts.rapidreboot.waiting == "nothing"
"""

RETURN = r"""
ansible_facts:
  description: V(rapidreboot), see rapidreboot-json(5), with V(last), the last attempt or {}.
  type: dict
  returned: success
"""

import json  # noqa: E402

from ansible.module_utils.basic import AnsibleModule  # noqa: E402


def ask(module, *words):
    """The JSON that the program prints. A failure is answered in JSON, too."""
    status, out, err = module.run_command([module.params["program"]] + list(words))
    try:
        answer = json.loads(out)
    except ValueError:
        module.fail_json(msg="%s prints no JSON: %s" % (" ".join(words), err or out), exit_status=status)
    if isinstance(answer, dict) and status != 0:
        module.fail_json(msg=answer.get("error") or err, exit_status=status)
    return answer


def main():
    module = AnsibleModule(argument_spec={"program": {"type": "str", "default": "/usr/sbin/rapidreboot"}},
                           supports_check_mode=True)
    facts = ask(module, "status", "--json")
    attempts = ask(module, "timeline", "--json")
    facts["last"] = attempts[-1] if attempts else {}
    module.exit_json(changed=False, ansible_facts={"rapidreboot": facts})


if __name__ == "__main__":
    main()
