# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is shown on systems with systemd."""

from catalogue import scenario

ALL = ("bookworm-systemd", "trixie-systemd", "sid-systemd")


@scenario(*ALL, quick="bookworm-systemd")
def rapidreboot(t):
    """One command into the kernel that the boot loader would start next."""
    t.fast("rapidreboot --yes")
    t.recorded()
