# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of all scenarios. A scenario is a function that takes a Trial; its name is the test's."""

import dataclasses
from typing import Callable

_ALL = []


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One test on one system."""

    system: str
    run: Callable
    quick: bool
    firmware: str = "bios"
    packaged: bool = False  # the package of `make deb` is installed, whatever the init system

    @property
    def machine(self):
        """What tells the machine that it starts from from others."""
        return self.system, self.firmware, self.packaged

    @property
    def name(self):
        return f"{self.system}/{self.run.__name__.strip('_').replace('_', '-')}"


def scenario(*systems, quick=None, firmware="bios", packaged=False):
    """Adds the function below to what is run on each of @systems; on @quick in `make check` too."""
    def add(function):
        _ALL.extend(Scenario(system, function, system == quick, firmware, packaged)
                    for system in systems)
        return function
    return add


def scenarios():
    """All of them; those of one machine one after the other."""
    # pylint: disable=import-outside-toplevel,unused-import
    import others
    import scheduled
    import systemd
    import systemd_after
    import systemd_desktop
    import systemd_package
    import systemd_refusals
    import systemd_volumes
    order = list(dict.fromkeys(one.machine for one in _ALL))
    return sorted(_ALL, key=lambda one: order.index(one.machine))
