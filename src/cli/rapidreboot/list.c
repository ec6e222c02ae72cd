// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot list: the menu of this machine's boot loader. */

#include "cli/plain.h"
#include "cli/rapidreboot/options.h"

static void print_path(const struct kx_entry *e)
{
	for (size_t i = 0; i < e->n_path; i++)
		plain_printf(stdout, "%s%s", i ? " > " : "", e->path[i]);
}

static void print_entry(const struct entries *e, size_t i)
{
	struct kx_entry entry = entries_get(e, i);

	printf("%3zu %c ", i, entry.is_default ? '*' : ' ');
	print_path(&entry);
	if (entry.is_guessed)
		printf("  [guessed]");
	if (!entry.bootable)
		printf("  [not bootable by kexec]");
	putchar('\n');
	if (entry.id && entry.title)
		plain_printf(stdout, "      id:     %s\n", entry.id);
	if (entry.kernel)
		plain_printf(stdout, "      kernel: %s\n", entry.kernel);
	for (size_t w = 0; w < entry.n_warnings; w++)
		plain_printf(stdout, "      note:   %s\n", entry.warnings[w]);
}

static void print_all(const struct entries *e)
{
	const struct kx_entries_info *info = &e->info;

	plain_printf(stdout, "%s%s%s%s, %s\n", info->loader, info->flavour ? " (" : "",
		     info->flavour ? info->flavour : "", info->flavour ? ")" : "", info->config);
	for (size_t i = 0; i < info->n_entries; i++)
		print_entry(e, i);
	if (info->default_index >= info->n_entries)
		puts("The boot loader would start none of these by itself.");
	if (info->guess)
		plain_printf(stderr, "rapidreboot: %s\n", info->guess);
	for (size_t i = 0; i < info->n_warnings; i++)
		plain_printf(stderr, "rapidreboot: %s\n", info->warnings[i]);
}

static int print_json(const struct entries *e)
{
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	entries_json(&out, e);
	json_out_close(&out, '}');
	return json_out_end(&out) < 0 ? EXIT_FAILED : EXIT_OK;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	struct entries e;
	int r = command_take(&list_command, argc, argv, &o);

	if (r >= 0)
		return r;
	r = entries_open(&e, &o.find);
	if (r == EXIT_OK && o.json)
		r = print_json(&e);
	else if (r == EXIT_OK)
		print_all(&e);
	entries_close(&e);
	return r;
}

const struct command list_command = {
	.name = "list",
	.synopsis = "",
	.summary = "show the boot loader's entries and its default",
	.run = run,
	.taker = BY_LIST,
	.about =
		"Shows the entries of this machine's boot loader, * before the one it would start next.",
};
