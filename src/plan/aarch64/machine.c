// SPDX-License-Identifier: LGPL-2.1-or-later
#include "plan/aarch64/machine.h"

#include <stdlib.h>

void aarch64_machine_done(struct aarch64_machine *machine)
{
	free(machine->tree);
	lpi_tables_done(&machine->lpi);
	*machine = (struct aarch64_machine){ 0 };
}
