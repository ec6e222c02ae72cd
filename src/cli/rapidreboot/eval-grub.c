// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot eval-grub: what a GRUB script prints, and the menu and variables it leaves. */

#include <string.h>

#include "cli/plain.h"
#include "cli/rapidreboot/options.h"

static int print_json(const struct entries *e)
{
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	entries_json(&out, e);
	json_out_text(&out, "output", e->info.output ? e->info.output : "");
	json_out_texts(&out, "variables", e->info.vars, e->info.n_vars);
	json_out_text(&out, "reason", e->info.default_reason);
	json_out_close(&out, '}');
	return json_out_end(&out) < 0 ? EXIT_FAILED : EXIT_OK;
}

/* Lines as the script wrote them. */
static void print_output(const char *p)
{
	while (*p) {
		const size_t n = strcspn(p, "\n");

		plain_printf(stdout, "%.*s", (int)n, p);
		if (p[n])
			putchar('\n');
		p += n + (p[n] != '\0');
	}
}

static void print_text(const struct entries *e)
{
	const struct kx_entries_info *info = &e->info;

	print_output(info->output ? info->output : "");
	for (size_t i = 0; i < info->n_entries; i++) {
		struct kx_entry entry = entries_get(e, i);

		plain_printf(stdout, "entry %zu%s: %s\n", i, entry.is_default ? " (default)" : "",
			     entry.title);
		if (entry.kernel)
			plain_printf(stdout, "\tkernel %s\n", entry.kernel);
		for (size_t k = 0; k < entry.n_initrds; k++)
			plain_printf(stdout, "\tinitrd %s\n", entry.initrds[k]);
		if (entry.cmdline)
			plain_printf(stdout, "\tcommand line %s\n", entry.cmdline);
	}
	for (size_t i = 0; i < info->n_vars; i++)
		plain_printf(stdout, "variable %s\n", info->vars[i]);
	for (size_t i = 0; i < info->n_warnings; i++)
		plain_printf(stdout, "warning %s\n", info->warnings[i]);
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	struct entries e;
	int r = command_take(&eval_grub_command, argc, argv, &o);

	if (r >= 0)
		return r;
	o.find.find.config = command_operand(&o);
	o.find.find.flags |= KX_ENTRIES_SCRIPT;
	r = entries_open(&e, &o.find, o.verbose);
	if (r == EXIT_OK && o.json)
		r = print_json(&e);
	else if (r == EXIT_OK)
		print_text(&e);
	entries_close(&e);
	return r;
}

const struct command eval_grub_command = {
	.name = "eval-grub",
	.synopsis = "FILE",
	.summary = "what a GRUB script does, for bug reports",
	.run = run,
	.taker = BY_EVAL_GRUB,
	.operands_min = 1,
	.operands_max = 1,
	.about =
		"Evaluates FILE, a path below --root, as GRUB would: nothing is run, nothing is written.",
};
