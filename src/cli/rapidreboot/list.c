// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot list: the menu of this machine's boot loader. */

#include <stdlib.h>
#include <string.h>

#include "cli/locale.h"
#include "cli/page.h"
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
	if (entry.source_file && entry.source_line)
		plain_printf(stdout, "      from:   %s, line %u\n", entry.source_file,
			     entry.source_line);
	else if (entry.source_file)
		plain_printf(stdout, "      from:   %s\n", entry.source_file);
	if (entry.guess)
		plain_printf(stdout, "      guess:  %s\n", entry.guess);
	for (size_t w = 0; w < entry.n_warnings; w++)
		plain_printf(stdout, "      note:   %s\n", entry.warnings[w]);
}

static void print_lines(const struct strbuf *b)
{
	const char *line = b->s ? b->s : "";

	while (*line) {
		const size_t n = strcspn(line, "\n");

		plain_printf(stdout, "%.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

static int fail_memory(void)
{
	fputs("rapidreboot: out of memory\n", stderr);
	return EXIT_FAILED;
}

static int print_table(const struct entries *e)
{
	const size_t n = e->info.n_entries;
	_cleanup_free_ struct entry_row *rows = entries_rows(e->list, n);
	_cleanup_entry_table_ struct entry_table table = { 0 };
	_cleanup_strbuf_ struct strbuf b = { 0 };

	if (!rows || entry_table_make(rows, n, locale_is_utf8(), &table) < 0)
		return fail_memory();
	if (!n)
		return EXIT_OK;
	entry_table_fit(&table, page_columns(stdout), true);
	entry_table_heading(&table, &b);
	for (size_t i = 0; i < n; i++)
		entry_table_row(&table, i, &b);
	entry_table_legend(&table, &b);
	if (b.failed)
		return fail_memory();
	print_lines(&b);
	return EXIT_OK;
}

static int print_all(const struct entries *e, bool is_long)
{
	const struct kx_entries_info *info = &e->info;
	int r = EXIT_OK;

	plain_printf(stdout, "%s%s%s%s, %s\n", info->loader, info->flavour ? " (" : "",
		     info->flavour ? info->flavour : "", info->flavour ? ")" : "", info->config);
	for (size_t i = 0; is_long && i < info->n_entries; i++)
		print_entry(e, i);
	if (!is_long)
		r = print_table(e);
	if (info->default_index >= info->n_entries)
		puts("The boot loader would start none of these by itself.");
	if (info->guess)
		page_field(stderr, 0, "", "rapidreboot: %s", info->guess);
	for (size_t i = 0; i < info->n_warnings; i++)
		page_field(stderr, 0, "", "rapidreboot: %s", info->warnings[i]);
	return r;
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
	r = entries_open(&e, &o.find, o.verbose);
	if (r == EXIT_OK && o.json)
		r = print_json(&e);
	else if (r == EXIT_OK)
		r = print_all(&e, o.is_long);
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
		"Shows the entries of this machine's boot loader, a line each: * before the one that it would start\n"
		"next, = before the one that runs. With --long also ids, paths, the file and line each is from, and notes.",
};
