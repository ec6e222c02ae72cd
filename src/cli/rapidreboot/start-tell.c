// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/json.h"
#include "cli/rapidreboot/start.h"
#include "cli/rungs.h"

static const char *way_name(enum kx_way way)
{
	return way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load";
}

/* The library cannot know why it was not asked for more. */
static struct kx_plan_info told_info(const struct start *s)
{
	struct kx_plan_info info = s->plan_info;

	for (size_t i = 0; s->not_fast[0] && i < info.n_passed; i++)
		info.passed[i].why_not = s->not_fast;
	if (s->not_fast[0] && info.n_passed)
		info.rung_reason = s->not_fast;
	return info;
}

/* What became of the wish to leave modules out, or NULL without such a wish. */
static const char *diet_text(const struct start *s)
{
	if (s->plan_info.diet || !s->diet)
		return s->plan_info.diet ? s->plan_info.diet : s->no_diet;
	return "all of it is kept: it is handed over as it is";
}

void start_print(const struct start *s)
{
	const struct kx_plan_info info = told_info(s);

	printf("%-13s %s\n", "Start:", s->title);
	if (s->decided_by)
		printf("%-13s %s\n", "Chosen by:", s->decided_by);
	if (s->guess)
		printf("%-13s %s\n", "Guessed:", s->guess);
	if (s->image_info.version)
		printf("%-13s %s\n", "Version:", s->image_info.version);
	printf("%-13s %s\n", "Kernel:", s->kernel);
	for (size_t i = 0; i < s->n_initrds; i++)
		printf("%-13s %s\n", i ? "" : "Initrd:", s->initrds[i]);
	printf("%-13s %s\n", "Command line:", s->plan_info.cmdline ? s->plan_info.cmdline : "");
	printf("%-13s %s: %s\n", "Load:", way_name(s->plan_info.way), s->reason);
	printf("%-13s %s: %s\n", "Speed:", info.rung, info.rung_reason);
	rungs_print(info.passed, info.n_passed, 14);
	if (diet_text(s))
		printf("%-13s %s\n", "Diet:", diet_text(s));
	for (size_t i = 0; i < s->plan_info.n_warnings; i++)
		printf("%-13s %s\n", "Warning:", kx_plan_warning(s->plan, i));
}

json_t *start_json(const struct start *s)
{
	const struct kx_plan_info info = told_info(s);
	json_t *all = json_object(), *warnings = json_array();

	for (size_t i = 0; i < s->plan_info.n_warnings; i++)
		json_array_append_new(warnings, json_text(kx_plan_warning(s->plan, i)));
	json_object_set_new(all, "title", json_text(s->title));
	json_object_set_new(all, "decided_by", json_text(s->decided_by));
	json_object_set_new(all, "guess", json_text(s->guess));
	json_object_set_new(all, "version", json_text(s->image_info.version));
	json_object_set_new(all, "kernel", json_text(s->kernel));
	json_object_set_new(all, "initrds",
			    json_texts((const char *const *)s->initrds, s->n_initrds));
	json_object_set_new(all, "cmdline", json_text(s->plan_info.cmdline));
	json_object_set_new(all, "way", json_string(way_name(s->plan_info.way)));
	json_object_set_new(all, "reason", json_text(s->reason));
	json_object_set_new(all, "rung", json_text(info.rung));
	json_object_set_new(all, "rung_reason", json_text(info.rung_reason));
	json_object_set_new(all, "passed_over", rungs_json(info.passed, info.n_passed));
	json_object_set_new(all, "diet", json_text(diet_text(s)));
	json_object_set_new(all, "is_diet", json_boolean(s->plan_info.is_diet));
	json_object_set_new(all, "warnings", warnings);
	return all;
}
