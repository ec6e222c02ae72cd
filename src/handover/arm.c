// SPDX-License-Identifier: LGPL-2.1-or-later
#include "handover/arm.h"

static bool asks_for(const struct request *request, enum reboot_mode mode)
{
	return request && request->mode == mode;
}

static bool wants_cold(const struct hook_facts *facts)
{
	return facts->another_image || asks_for(facts->request, REBOOT_COLD) ||
	       (facts->cold_once && !asks_for(facts->request, REBOOT_KEXEC));
}

enum hook_action hook_while_mounted(const struct hook_facts *facts)
{
	switch (facts->going) {
	case GOING_NOWHERE:
		return HOOK_NOTHING;
	case GOING_DOWN:
		return HOOK_UNLOAD;
	case GOING_UNKNOWN:
		/* the command that wrote the request has loaded the kernel already */
		return asks_for(facts->request, REBOOT_COLD) ? HOOK_UNLOAD : HOOK_NOTHING;
	case GOING_REBOOT:
	case GOING_KEXEC:
		break;
	}
	if (wants_cold(facts))
		return HOOK_UNLOAD;
	if (facts->going == GOING_KEXEC || facts->enabled || facts->ordered ||
	    asks_for(facts->request, REBOOT_KEXEC))
		return HOOK_LOAD;
	return HOOK_NOTHING;
}

enum hook_action hook_at_the_end(const struct hook_facts *facts)
{
	switch (facts->going) {
	case GOING_NOWHERE:
		return HOOK_NOTHING;
	case GOING_DOWN:
		return HOOK_UNLOAD;
	case GOING_UNKNOWN:
		/* this may be the poweroff that somebody typed while a reboot was ordered */
		if (!facts->request || (!facts->armed && !wants_cold(facts)))
			return HOOK_NOTHING;
		break;
	case GOING_REBOOT:
	case GOING_KEXEC:
		break;
	}
	return wants_cold(facts) ? HOOK_UNLOAD : HOOK_JUMP;
}

const char *going_name(enum going going)
{
	switch (going) {
	case GOING_UNKNOWN:
		return "init does not say where the machine is going";
	case GOING_REBOOT:
		return "the machine is rebooting";
	case GOING_KEXEC:
		return "the machine is going into another kernel";
	case GOING_DOWN:
		return "the machine is going down, not rebooting";
	case GOING_NOWHERE:
		return "the machine is not going down";
	}
	return "";
}
