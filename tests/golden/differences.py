# SPDX-License-Identifier: LGPL-2.1-or-later
"""What differs between JSON that is expected and JSON that came.

Every member of an expected object must be there with this value; lists must be as long.
{"contains": TEXT} stands for a string with TEXT in it.
"""
import json


def differences(expected, got, where):
    if isinstance(expected, dict) and list(expected) == ["contains"] and isinstance(got, str):
        if expected["contains"] not in got:
            yield f"{where}: {got!r} does not contain {expected['contains']!r}"
    elif isinstance(expected, dict) and isinstance(got, dict):
        for key, value in expected.items():
            if key not in got:
                yield f"{where}.{key}: missing"
            else:
                yield from differences(value, got[key], f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for i, value in enumerate(expected):
            yield from differences(value, got[i], f"{where}[{i}]")
    elif expected != got:
        yield f"{where}:\n    expected {json.dumps(expected)}\n    got      {json.dumps(got)}"
