// SPDX-License-Identifier: LGPL-2.1-or-later
/* Scripts that are installed but in no runlevel do nothing: the kernel would be loaded, init would
 * reboot, and the machine would go through its firmware although nothing had failed. */
#include "preflight/hooks.h"

#include <errno.h>

#include "handover/arm.h"
#include "handover/init.h"

enum preflight_status look_init_hooks(const struct look *l, struct report *r)
{
	struct hook_places places = { .jumps = true, .loads = true };
	const struct init_system *init;
	struct pid1 pid1;

	if (l->opts->direct || l->opts->going_down)
		return PREFLIGHT_OK;
	pid1_read_in(l->root, &pid1);
	init = init_detect(&pid1);
	if (!init)
		return unknown(r, "/proc/1/exe", l->has_proc ? -ENOENT : -ENODATA);
	evidencef(r, "init: %s", init->name);
	init->hooks(l->root, &pid1, &places);
	if (!places.unsure && places.jumps && (places.loads || !is_enabled_in(l->root)))
		return PREFLIGHT_OK;
	evidencef(r, "%s", places.found);
	if (places.unsure && (places.loads || !is_enabled_in(l->root)))
		return PREFLIGHT_UNKNOWN;
	if (places.advice[0])
		strbuf_add(&r->own_remedy, places.advice);
	else
		strbuf_addf(&r->own_remedy, "Run, as root: %s", places.command);
	if (!places.jumps && !places.unsure)
		return found(r,
			     "%s runs nothing that starts the loaded kernel: the machine would go "
			     "through its firmware.",
			     init->name);
	r->severity = PREFLIGHT_WARN;
	return found(
		r,
		"Ordinary reboots are to be fast ones (`rapidreboot enable`), but %s runs nothing "
		"that loads a kernel for them.",
		init->name);
}
