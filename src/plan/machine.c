// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan/machine.h"

#include "plan/planner.h"

void machine_done(struct machine *machine)
{
	memmap_done(&machine->memory);
	ranges_done(&machine->keep_off);
	ranges_done(&machine->crash);
	if (machine->planner)
		machine->planner->machine_done(machine);
	*machine = (struct machine){ 0 };
}
