// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan/machine.h"

#include <stdlib.h>

void machine_done(struct machine *machine)
{
	memmap_done(&machine->memory);
	ranges_done(&machine->keep_off);
	ranges_done(&machine->crash);
	free(machine->boot_params);
	free(machine->efi.runtime_map);
	*machine = (struct machine){ 0 };
}
