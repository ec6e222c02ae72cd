// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan/machine.h"

#include "plan/planner.h"

void dump_facts_done(struct dump_facts *facts)
{
	ranges_done(&facts->ram);
	ranges_done(&facts->unreadable);
	ranges_done(&facts->notes);
	*facts = (struct dump_facts){ 0 };
}

void machine_done(struct machine *machine)
{
	memmap_done(&machine->memory);
	ranges_done(&machine->keep_off);
	ranges_done(&machine->crash);
	ranges_done(&machine->crash_cma);
	dump_facts_done(&machine->dump);
	if (machine->planner)
		machine->planner->machine_done(machine);
	*machine = (struct machine){ 0 };
}
