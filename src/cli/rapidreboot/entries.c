// SPDX-License-Identifier: GPL-2.0-or-later
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/rapidreboot/entries.h"

enum option_key {
	KEY_ROOT = 256,
	KEY_CONFIG,
	KEY_FS,
	KEY_FIRMWARE,
	KEY_FLAVOUR,
	KEY_VAR,
	KEY_JSON,
	KEY_ASK_KERNEL,
	KEY_ASK_INDEX,
	KEY_ASK_TITLE,
};

static const struct option options[] = {
	{ "root", required_argument, NULL, KEY_ROOT },
	{ "config", required_argument, NULL, KEY_CONFIG },
	{ "fs", required_argument, NULL, KEY_FS },
	{ "firmware", required_argument, NULL, KEY_FIRMWARE },
	{ "grub-flavour", required_argument, NULL, KEY_FLAVOUR },
	{ "var", required_argument, NULL, KEY_VAR },
	{ "json", no_argument, NULL, KEY_JSON },
	{ "default-kernel", no_argument, NULL, KEY_ASK_KERNEL },
	{ "default-index", no_argument, NULL, KEY_ASK_INDEX },
	{ "default-title", no_argument, NULL, KEY_ASK_TITLE },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int set_firmware(struct entries_options *o, const char *value)
{
	if (strcmp(value, "efi") == 0)
		o->find.firmware = KX_FIRMWARE_EFI;
	else if (strcmp(value, "bios") == 0)
		o->find.firmware = KX_FIRMWARE_BIOS;
	else
		return fail_usage("--firmware is efi or bios, not \"%s\"", value);
	return EXIT_OK;
}

static int take_option(struct entries_options *o, int key)
{
	switch (key) {
	case KEY_ROOT:
		o->root = optarg;
		break;
	case KEY_CONFIG:
		o->find.config = optarg;
		break;
	case KEY_FS:
		o->places[o->find.n_places++] = optarg;
		break;
	case KEY_FIRMWARE:
		return set_firmware(o, optarg);
	case KEY_FLAVOUR:
		o->find.grub_flavour = optarg;
		break;
	case KEY_VAR:
		o->vars[o->find.n_vars++] = optarg;
		break;
	case KEY_JSON:
		o->json = true;
		break;
	case KEY_ASK_KERNEL:
		o->ask = ASK_KERNEL;
		break;
	case KEY_ASK_INDEX:
		o->ask = ASK_INDEX;
		break;
	case KEY_ASK_TITLE:
		o->ask = ASK_TITLE;
		break;
	case 'h':
		o->help = true;
		break;
	default: /* getopt has said what is wrong */
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int entries_options_parse(struct entries_options *o, int argc, char **argv)
{
	int key, r = EXIT_OK;

	*o = (struct entries_options){ .find.size = sizeof(o->find) };
	o->vars = calloc((size_t)argc, sizeof(*o->vars));
	o->places = calloc((size_t)argc, sizeof(*o->places));
	if (!o->vars || !o->places) {
		fputs("rapidreboot: out of memory\n", stderr);
		return EXIT_FAILED;
	}
	while (r == EXIT_OK && (key = getopt_long(argc, argv, "h", options, NULL)) != -1)
		r = take_option(o, key);
	if (r != EXIT_OK)
		return r;
	if (optind < argc)
		o->argument = argv[optind++];
	if (optind < argc)
		return fail_usage("%s: one argument too many: %s", argv[0], argv[optind]);
	o->find.vars = o->vars;
	o->find.places = o->places;
	return EXIT_OK;
}

void entries_options_done(struct entries_options *o)
{
	free(o->vars);
	free(o->places);
	*o = (struct entries_options){ 0 };
}

int entries_open(struct entries *e, const struct entries_options *o)
{
	struct kx_ctx_opts opts = { .size = sizeof(opts), .root = o->root };
	struct kx_error err = { 0 };

	*e = (struct entries){ .info.size = sizeof(e->info) };
	if (kx_ctx_new(&opts, &e->ctx, &err) < 0 ||
	    kx_entries_new(e->ctx, &o->find, &e->list, &err) < 0)
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
