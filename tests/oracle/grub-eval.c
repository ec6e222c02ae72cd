// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * grub-eval [--flavour rh|suse] [--platform P] [--device D] [--var N=V] [--uuid U=D] DIR CONFIG
 *
 * Evaluates CONFIG of the tree DIR and prints everything that came of it as one JSON object, for
 * programs that compare it with what a real GRUB does. "DIR/@NAME" holds the files of device NAME.
 */
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "entry/grub/grub.h"
#include "tests/fake/mem-fs.h"

static struct mem_fs fs;
static size_t n_root;

static int load(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + n_root;
	char device[64] = "";
	uint8_t *text;
	size_t n;
	int fd;

	if (name[0] == '/' && name[1] == '@') {
		size_t n_device = strcspn(name + 2, "/");

		snprintf(device, sizeof(device), "%.*s", (int)n_device, name + 2);
		name += 2 + n_device;
	}
	if (!*name)
		name = "/";
	if (type == FTW_D)
		mem_fs_add_directory(&fs, device, name);
	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read_fd(fd, 64 << 20, &text, &n) < 0)
		return -1;
	close(fd);
	mem_fs_add(&fs, device, name, text, n);
	free(text);
	return 0;
}

static void put_string(const char *s)
{
	if (!s) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		/* Bytes as Latin-1: whatever they are, they come through. */
		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 32 || c > 126)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void put_list(const char *name, const struct strlist *list)
{
	printf(", \"%s\": [", name);
	for (size_t i = 0; i < list->n; i++) {
		fputs(i ? ", " : "", stdout);
		put_string(list->v[i]);
	}
	putchar(']');
}

static void put(const char *name, const char *s)
{
	printf(", \"%s\": ", name);
	put_string(s);
}

static void put_entry(const struct boot_entry *e)
{
	printf("{\"type\": %d, \"bootable\": %d, \"line\": %u", (int)e->type, e->bootable,
	       e->source.line);
	put("id", e->id);
	put("title", e->title);
	put("kernel", e->kernel);
	put("cmdline", e->cmdline);
	put("devicetree", e->devicetree);
	put("file", e->source.file);
	put_list("path", &e->path);
	put_list("initrds", &e->initrds);
	put_list("modules", &e->modules);
	put_list("warnings", &e->warnings);
	putchar('}');
}

static void put_saved(const char *name, const struct grub_saved *saved, size_t n)
{
	printf(", \"%s\": [", name);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? ", [" : "[", stdout);
		put_string(saved[i].name);
		fputs(", ", stdout);
		put_string(saved[i].value);
		putchar(']');
	}
	putchar(']');
}

static void put_result(const struct grub_result *r)
{
	fputs("{\"output\": ", stdout);
	put_string(r->output);
	put("boot_output", r->boot_output);
	put("reason", r->menu.default_reason);
	put_list("warnings", &r->menu.warnings);
	put_saved("saved", r->saved, r->n_saved);
	put_saved("boot_saved", r->boot_saved, r->n_boot_saved);
	printf(", \"default\": %zu, \"entries\": [", r->menu.default_index);
	for (size_t i = 0; i < r->menu.n_entries; i++) {
		fputs(i ? ", " : "", stdout);
		put_entry(&r->menu.entries[i]);
	}
	fputs("], \"vars\": {", stdout);
	for (size_t i = 0; i < r->n_vars; i++) {
		fputs(i ? ", " : "", stdout);
		put_string(r->vars[i].name);
		fputs(": ", stdout);
		put_string(r->vars[i].value);
	}
	puts("}}");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "flavour", required_argument, NULL, 'f' },
		{ "platform", required_argument, NULL, 'p' },
		{ "device", required_argument, NULL, 'd' },
		{ "var", required_argument, NULL, 'v' },
		{ "uuid", required_argument, NULL, 'u' },
		{ NULL },
	};
	struct grub_var vars[32];
	struct grub_request req = { .vars = vars };
	struct grub_result result;
	struct kx_error err = { 0 };
	int c, r;

	mem_fs_init(&fs);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		char *value = optarg ? strchr(optarg, '=') : NULL;

		if (value && (c == 'v' || c == 'u'))
			*value++ = 0;
		if (c == 'f')
			req.flavour = !strcmp(optarg, "rh")	? GRUB_RH
				      : !strcmp(optarg, "suse") ? GRUB_SUSE
								: GRUB_UPSTREAM;
		else if (c == 'p')
			req.platform = optarg;
		else if (c == 'd')
			req.device = optarg;
		else if (c == 'v' && value && req.n_vars < 32)
			vars[req.n_vars++] = (struct grub_var){ optarg, value };
		else if (c == 'u' && value)
			mem_fs_add_key(&fs, ENTRY_SEARCH_UUID, optarg, value);
		else
			return 2;
	}
	if (argc - optind != 2)
		return 2;
	n_root = strlen(argv[optind]);
	if (nftw(argv[optind], load, 16, FTW_PHYS))
		return 2;
	req.config = argv[optind + 1];
	r = grub_eval(&req, &fs.fs, &result, &err);
	if (r < 0) {
		fprintf(stderr, "%s\n", err.message);
		mem_fs_done(&fs);
		return 1;
	}
	put_result(&result);
	grub_result_done(&result);
	mem_fs_done(&fs);
	return 0;
}
