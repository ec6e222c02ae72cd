// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot show: all fields of one entry, and why it is the default or not. */

#include <string.h>

#include "cli/page.h"
#include "cli/plain.h"
#include "cli/rapidreboot/options.h"

enum { VALUE_COLUMN = 14 };

static void print_field(const char *name, const char *value)
{
	if (value)
		page_field(stdout, VALUE_COLUMN, name, "%s", value);
}

static void print_fields(const char *name, const char *const *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print_field(i ? "" : name, v[i]);
}

static void print_path(const struct kx_entry *e)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	for (size_t i = 0; i < e->n_path; i++)
		strbuf_addf(&path, "%s%s", i ? " > " : "", e->path[i]);
	print_field("Path:", path.s);
}

/* The steps that decided, indented below their heading. */
static void print_reason(const struct kx_entries_info *info, const struct kx_entry *e)
{
	const char *p = info->default_reason ? info->default_reason : "";

	print_field("Default:", e->is_default ? "yes" : "no");
	while (*p) {
		size_t n = strcspn(p, "\n");

		page_field(stdout, VALUE_COLUMN, "", "%.*s", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

static void print_source(const struct kx_entry *e)
{
	const char *file = e->source_file ? e->source_file : "";

	if (e->source_line)
		page_field(stdout, VALUE_COLUMN, "Source:", "%s, line %u (%s)", file,
			   e->source_line, e->source_kind);
	else
		page_field(stdout, VALUE_COLUMN, "Source:", "%s (%s)", file, e->source_kind);
}

static void print_entry(const struct kx_entries_info *info, const struct kx_entry *e)
{
	print_field("Id:", e->id);
	print_field("Title:", e->title);
	if (e->n_path > 1)
		print_path(e);
	print_field("Version:", e->version);
	print_field("Type:", entries_type_name(e->type));
	print_field("Bootable:", e->bootable ? "yes" : "no");
	print_field("Kernel:", e->kernel);
	print_fields("Initrd:", e->initrds, e->n_initrds);
	print_fields("Module:", e->modules, e->n_modules);
	print_field("Command line:", e->cmdline);
	print_field("Device tree:", e->devicetree);
	print_field("Architecture:", e->architecture);
	print_source(e);
	print_field("Guessed:", e->guess);
	print_reason(info, e);
	print_field("Unknown:", info->guess);
	print_fields("Warning:", e->warnings, e->n_warnings);
}

static int answer(const struct entries *e, enum entries_ask ask, const char *name, size_t i)
{
	struct kx_entry entry = entries_get(e, i);
	const char *text = ask == ASK_KERNEL ? entry.kernel : entry.title;

	if (ask == ASK_INDEX) {
		plain_printf(stdout, "%zu\n", i);
		return EXIT_OK;
	}
	if (!text) {
		plain_printf(stderr, "rapidreboot: the %s entry has no %s\n", name,
			     ask == ASK_KERNEL ? "kernel" : "title");
		return EXIT_FAILED;
	}
	plain_printf(stdout, "%s\n", text);
	return EXIT_OK;
}

static int show(const struct entries *e, const struct options *o)
{
	const char *name = command_operand(o) ? command_operand(o) : "default";
	struct kx_error err = { 0 };
	struct json_out out = { 0 };
	struct kx_entry entry;
	size_t i;

	if (kx_entries_find(e->list, name, &i, &err) < 0)
		return fail_with(&err);
	if (o->ask)
		return answer(e, (enum entries_ask)o->ask, name, i);
	entry = entries_get(e, i);
	if (o->json) {
		entry_json(&out, &entry);
		return json_out_end(&out) < 0 ? EXIT_FAILED : EXIT_OK;
	}
	print_entry(&e->info, &entry);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	_cleanup_(command_done) struct options o;
	struct entries e;
	int r = command_take(&show_command, argc, argv, &o);

	if (r >= 0)
		return r;
	if (o.ask && o.n_operands)
		return command_fail(
			&show_command,
			"--default-kernel, --default-index and --default-title are about the "
			"default entry, '%s' is too much",
			command_operand(&o));
	r = entries_open(&e, &o.find, o.verbose);
	if (r == EXIT_OK)
		r = show(&e, &o);
	entries_close(&e);
	return r;
}

const struct command show_command = {
	.name = "show",
	.synopsis = "[ENTRY]",
	.summary = "everything about one entry, and why it is the default",
	.run = run,
	.taker = BY_SHOW,
	.operands_max = 1,
	.about = "Shows everything about one entry: an id, a title, titles with \">\" between\n"
		 "them, an index, default (this is what no ENTRY means), latest or current.",
};
