#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""embed.py NAME BLOB OUT: writes BLOB as a C file that defines `const struct bytes NAME`."""
import pathlib, sys

name, blob, out = sys.argv[1:]
data = pathlib.Path(blob).read_bytes()
rows = ("\t" + ", ".join(f"0x{b:02x}" for b in data[i:i + 16]) + ","
        for i in range(0, len(data), 16))
pathlib.Path(out).write_text(f"""/* made by src/purgatory/embed.py */
#include "plan/purgatory-blobs.h"

static const uint8_t data[] = {{
{chr(10).join(rows)}
}};
const struct bytes {name} = {{ data, sizeof(data) }};
""")
