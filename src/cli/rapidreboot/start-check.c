// SPDX-License-Identifier: GPL-2.0-or-later

/* The checks, between planning and loading: what `rapidreboot check` prints as a list stops or warns
 * here. */

#include <unistd.h>

#include "cli/rapidreboot/start.h"

static void tell(const struct preflight_finding *f)
{
	fprintf(stderr, "rapidreboot: %s: %s: %s%s%s\n", f->id,
		preflight_severity_name(f->severity), f->sentence, f->remedy ? " " : "",
		f->remedy ? f->remedy : "");
	if (*f->evidence)
		fprintf(stderr, "rapidreboot: %s: found: %s\n", f->id, f->evidence);
	if (f->severity >= PREFLIGHT_COLD && f->can_force && !f->forced)
		fprintf(stderr, "rapidreboot: %s: --force %s goes on all the same\n", f->id, f->id);
}

int start_check(const struct start *s, const struct start_options *o, const char *unconfirmed,
		bool past_init, enum preflight_severity *ret_outcome)
{
	struct sys *sys = sys_machine();
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_preflight_ struct preflight p = { 0 };
	struct request loaded;
	const struct preflight_entry entry = {
		.title = s->title,
		.type = s->type,
		.kernel = s->kernel,
		.initrds = (const char *const *)s->initrds,
		.n_initrds = s->n_initrds,
		.initrd_damage = s->plan_info.initrd_damage,
		.cmdline = s->plan_info.cmdline,
		.reuses_running = o->reuse_cmdline,
		.devicetree = s->devicetree,
		.way = s->plan_info.way,
		.image = &s->image_info,
	};
	const struct preflight_opts opts = {
		.root = root,
		.entry = &entry,
		.guess = s->guess,
		.config = &s->config,
		.force = o->force,
		.n_force = o->n_force + o->wish.ignore_inhibitors,
		.has_terminal = isatty(STDIN_FILENO),
		.loaded_is_ours = loaded_read(sys, &loaded, NULL) == 0,
		.direct = past_init,
		.going_down = o->going_down,
		.target = o->find.root,
		.unconfirmed = unconfirmed,
	};
	struct kx_error err = { 0 };

	/* a shutdown that is under way is init's to refuse */
	if (o->wish.ignore_inhibitors)
		o->force[o->n_force] = "G2";
	if (preflight_run(&opts, &p, &err) < 0)
		return fail_with(&err);
	for (size_t i = 0; i < p.n; i++)
		if (p.findings[i].status == PREFLIGHT_FINDING &&
		    (o->verbose || p.findings[i].severity > PREFLIGHT_NOTE))
			tell(&p.findings[i]);
	*ret_outcome = p.outcome;
	return EXIT_OK;
}
