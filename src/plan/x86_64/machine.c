// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan/x86_64/machine.h"

#include <stdlib.h>

void x86_64_machine_done(struct x86_64_machine *machine)
{
	free(machine->boot_params);
	free(machine->efi.runtime_map);
	*machine = (struct x86_64_machine){ 0 };
}
