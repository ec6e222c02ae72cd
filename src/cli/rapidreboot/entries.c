// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "cli/progress.h"
#include "cli/rapidreboot/entries.h"
#include "config/config.h"
#include "record/boot.h"

static void log_line(void *data, enum kx_log_level level, const char *line)
{
	if (level != KX_LOG_DEBUG) /* which is for kexec -d */
		teller_detail(data, "%s", line);
}

int entries_open(struct entries *e, const struct entries_options *o, bool verbose)
{
	const struct kx_ctx_opts opts = {
		.size = sizeof(opts), .root = o->root, .log = log_line, .log_data = &e->teller
	};
	struct kx_entries_opts find = o->find;
	_cleanup_close_ int here = machine_open(sys_machine());
	struct kx_error err = { 0 };

	*e = (struct entries){ .teller = progress_teller("rapidreboot", verbose),
			       .info.size = sizeof(e->info) };
	if (!o->root && config_mounts_esp(here))
		find.flags |= KX_ENTRIES_MOUNT;
	if (kx_ctx_new(&opts, &e->ctx, &err) < 0 ||
	    kx_entries_new(e->ctx, &find, &e->list, &err) < 0)
		return fail_with(&err);
	(void)kx_entries_info(e->list, &e->info);
	return EXIT_OK;
}

void entries_close(struct entries *e)
{
	e->list = kx_entries_free(e->list);
	e->ctx = kx_ctx_free(e->ctx);
}

struct kx_entry entries_get(const struct entries *e, size_t i)
{
	struct kx_entry entry = { .size = sizeof(entry) };

	(void)kx_entries_entry(e->list, i, &entry);
	return entry;
}

struct entry_row *entries_rows(const struct kx_entries *list, size_t n)
{
	struct entry_row *rows = calloc(n + 1, sizeof(*rows));
	size_t running;

	if (!rows)
		return NULL;
	if (kx_entries_find(list, "current", &running, NULL) < 0)
		running = n;
	for (size_t i = 0; i < n; i++) {
		struct kx_entry entry = { .size = sizeof(entry) };

		(void)kx_entries_entry(list, i, &entry);
		rows[i] = (struct entry_row){
			.title = entry.title,
			.version = entry.version,
			.id = entry.id,
			.kernel = entry.kernel,
			.n_notes = entry.n_warnings,
			.is_default = entry.is_default,
			.is_running = i == running,
			.is_guessed = entry.is_guessed,
			.can_start = entry.bootable,
		};
	}
	return rows;
}

const char *entries_type_name(enum kx_entry_type type)
{
	switch (type) {
	case KX_ENTRY_LINUX:
		return "linux";
	case KX_ENTRY_UKI:
		return "uki";
	case KX_ENTRY_MULTIBOOT:
		return "multiboot";
	case KX_ENTRY_CHAINLOAD:
		return "chainload";
	case KX_ENTRY_OTHER:
		return "other";
	}
	return "other";
}

void entry_json(struct json_out *o, const struct kx_entry *e)
{
	json_out_open(o, NULL, '{');
	json_out_text(o, "id", e->id);
	json_out_texts(o, "path", e->path, e->n_path);
	json_out_text(o, "title", e->title);
	json_out_text(o, "version", e->version);
	json_out_text(o, "type", entries_type_name(e->type));
	json_out_bool(o, "bootable", e->bootable);
	json_out_text(o, "kernel", e->kernel);
	json_out_texts(o, "initrds", e->initrds, e->n_initrds);
	json_out_texts(o, "modules", e->modules, e->n_modules);
	json_out_text(o, "cmdline", e->cmdline);
	json_out_text(o, "devicetree", e->devicetree);
	json_out_text(o, "architecture", e->architecture);
	json_out_bool(o, "default", e->is_default);
	json_out_bool(o, "guessed", e->is_guessed);
	json_out_text(o, "guess", e->guess);
	json_out_open(o, "source", '{');
	json_out_text(o, "kind", e->source_kind);
	json_out_text(o, "file", e->source_file);
	json_out_number(o, "line", (int)e->source_line);
	json_out_close(o, '}');
	json_out_texts(o, "warnings", e->warnings, e->n_warnings);
	json_out_close(o, '}');
}

void entries_json(struct json_out *o, const struct entries *e)
{
	const struct kx_entries_info *info = &e->info;

	json_out_text(o, "default",
		      info->default_index < info->n_entries ? entries_get(e, info->default_index).id
							    : NULL);
	json_out_open(o, "loader", '{');
	json_out_text(o, "kind", info->loader);
	json_out_text(o, "flavour", info->flavour);
	json_out_text(o, "config", info->config);
	json_out_close(o, '}');
	json_out_open(o, "entries", '[');
	for (size_t i = 0; i < info->n_entries; i++) {
		struct kx_entry entry = entries_get(e, i);

		entry_json(o, &entry);
	}
	json_out_close(o, ']');
	json_out_text(o, "guess", info->guess);
	json_out_texts(o, "warnings", info->warnings, info->n_warnings);
}
