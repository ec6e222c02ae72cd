// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/json.h"
#include "cli/page.h"
#include "cli/rapidreboot/front.h"
#include "cli/rungs.h"

static const char *way_name(enum kx_way way)
{
	return way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load";
}

/* The reason why a faster way was not requested is known here, not in the library. */
static struct kx_plan_info told_info(const struct start *s)
{
	struct kx_plan_info info = s->plan_info;

	if (s->not_fast[0] && info.n_passed)
		info.rung_reason = s->not_fast;
	return info;
}

/* Result of diet (leaving modules out), or NULL when it was not wanted. */
static const char *diet_text(const struct start *s)
{
	if (s->plan_info.diet || !s->diet)
		return s->plan_info.diet ? s->plan_info.diet : s->no_diet;
	return "all of it is kept: it is handed over as it is";
}

enum { VALUE_COLUMN = 14 };

static void print_line(const char *name, const char *text)
{
	page_field(stdout, VALUE_COLUMN, name, "%s", text);
}

static void print_plan(const struct start *s)
{
	const struct kx_plan_info info = told_info(s);

	page_field(stdout, VALUE_COLUMN, "Load:", "%s: %s", way_name(s->plan_info.way), s->reason);
	if (info.is_open == 2)
		page_field(stdout, VALUE_COLUMN, "Speed:", "%s, or faster: %s", info.rung,
			   info.rung_reason);
	else
		page_field(stdout, VALUE_COLUMN, "Speed:", "%s: %s", info.rung, info.rung_reason);
	if (info.is_open < 2)
		rungs_print(s->plan, s->not_fast[0] ? s->not_fast : NULL, VALUE_COLUMN);
	if (diet_text(s))
		print_line("Diet:", diet_text(s));
	if (s->tuned)
		print_line("Tuned:", s->tuned);
	for (size_t i = 0; i < s->plan_info.n_warnings; i++)
		print_line("Warning:", kx_plan_warning(s->plan, i));
	if (s->not_looked_at)
		print_line("Unknown:", s->not_looked_at);
}

void start_print(const struct start *s)
{
	const struct choice *c = &s->choice;

	print_line("Start:", c->title);
	if (c->decided_by)
		print_line("Chosen by:", c->decided_by);
	if (c->guess)
		print_line("Guessed:", c->guess);
	if (s->image_info.version)
		print_line("Version:", s->image_info.version);
	if (c->kernel)
		print_line("Kernel:", c->kernel);
	for (size_t i = 0; i < c->initrds.n; i++)
		print_line(i ? "" : "Initrd:", c->initrds.v[i]);
	if (!s->plan)
		return;
	print_line("Command line:", s->plan_info.cmdline);
	print_plan(s);
}

json_t *start_json(const struct start *s)
{
	const struct kx_plan_info info = told_info(s);
	const struct choice *c = &s->choice;
	json_t *all = json_object(), *warnings = json_array();

	for (size_t i = 0; i < s->plan_info.n_warnings; i++)
		json_array_append_new(warnings, json_text(kx_plan_warning(s->plan, i)));
	json_object_set_new(all, "title", json_text(c->title));
	json_object_set_new(all, "decided_by", json_text(c->decided_by));
	json_object_set_new(all, "chosen_by", json_string(chosen_by_name(c->by)));
	json_object_set_new(all, "guess", json_text(c->guess));
	json_object_set_new(all, "version", json_text(s->image_info.version));
	json_object_set_new(all, "kernel", json_text(c->kernel));
	json_object_set_new(all, "initrds",
			    json_texts((const char *const *)c->initrds.v, c->initrds.n));
	json_object_set_new(all, "cmdline", json_text(s->plan_info.cmdline));
	json_object_set_new(all, "way", json_text(s->plan ? way_name(info.way) : NULL));
	json_object_set_new(all, "reason", json_text(s->reason));
	json_object_set_new(all, "rung", json_text(info.is_open == 2 ? NULL : info.rung));
	json_object_set_new(all, "rung_reason", json_text(info.rung_reason));
	json_object_set_new(all, "passed_over",
			    info.is_open == 2
				    ? json_array()
				    : rungs_json(s->plan, s->not_fast[0] ? s->not_fast : NULL));
	json_object_set_new(all, "not_looked_at", json_text(s->not_looked_at));
	json_object_set_new(all, "diet", json_text(diet_text(s)));
	json_object_set_new(all, "is_diet", json_boolean(s->plan_info.is_diet));
	json_object_set_new(all, "tuned", json_text(s->tuned));
	json_object_set_new(all, "warnings", warnings);
	return all;
}
