// SPDX-License-Identifier: LGPL-2.1-or-later
/* A16: is there a way to start kernels on this architecture at all? */
#include "preflight/look.h"

static enum preflight_status look_architecture(const struct look *l, struct report *r)
{
	evidence(r, l->arch.from, arch_name(l->arch.id));
	if (arch_is_supported(l->arch.id))
		return PREFLIGHT_OK;
	return found(r, "Kernels for this architecture cannot be started yet.");
}

const struct check architecture_checks[] = {
	{ "A16", PREFLIGHT_REFUSE, false, "architecture", "Reboot through the firmware.",
	  look_architecture },
	{ NULL },
};
