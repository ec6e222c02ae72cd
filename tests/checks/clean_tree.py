# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files of the project in another place, as a fresh clone has them."""
import shutil
import subprocess


def copy(root, place):
    """Copies everything that belongs to the project from @root to @place, which need not be there."""
    names = subprocess.run([root / "tools/tree.py", "all"], cwd=root, stdout=subprocess.PIPE, text=True,
                           check=True).stdout.splitlines()
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, place / name)
