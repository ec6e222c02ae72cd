# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scenarios for each rung of the ladder: what is loaded in four ways, on every kind of machine."""

import images
import jobs
import vm


def contiguous(scenario):
    """A CMA area, into which Linux 6.17 and newer put what kexec_file_load loads: on x86 misaligned,
    and with tails that are not cleared. We have that switched off; kexec-tools shows what for."""
    for name, words, prepare in (("as-is", " cma=256M", ""),
                                 ("dirty", " cma=256M init_on_alloc=0", jobs.POISON)):
        machine = dict(machine=vm.Machine(memory="1G"), words=words, prepare=prepare, way="-s")
        yield scenario(f"cma/{name}", quick=name == "as-is", **machine)
        yield scenario(f"cma/{name}-auto", **(machine | {"way": ""}))
        yield scenario(f"cma/{name}-in-the-way", kind="lost", limit=150, tool="kexec-tools",
                       **machine)


def scenarios(scenario):
    """@scenario is the class: this module is part of the one that defines it."""
    yield from contiguous(scenario)
