// SPDX-License-Identifier: LGPL-2.1-or-later
/* Commands that ask about devices: search, probe, loopback and relatives. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"

/* What search and its short forms have in common. */
static int search(struct interp *in, enum entry_search what, const char *key, const char *variable,
		  const struct strlist *hints)
{
	_cleanup_free_ char *device = NULL;
	const char *found;
	int r = in->fs->search(in->fs, what, key, hints, &device);

	if (r == -ENOMEM)
		return out_of_memory(in);
	if (r < 0)
		return complain(in, GRUB_FILE_NOT_FOUND, "search: no file system has the %s %s",
				what == ENTRY_SEARCH_UUID    ? "UUID"
				: what == ENTRY_SEARCH_LABEL ? "label"
							     : "file",
				key);
	found = *device ? device : in->device;
	if (variable) {
		env_set(in, variable, found);
	} else {
		print(in, " ", 1);
		print(in, found, strlen(found));
	}
	return GRUB_OK;
}

enum { SEARCH_FILE, SEARCH_LABEL, SEARCH_UUID, SEARCH_SET, SEARCH_FIRST_HINT = 8 };

static const struct option search_table[] = {
	{ "file", 'f', OPTION_FLAG },
	{ "label", 'l', OPTION_FLAG },
	{ "fs-uuid", 'u', OPTION_FLAG },
	{ "set", 's', OPTION_MAYBE_VALUE },
	{ "no-floppy", 'n', OPTION_FLAG },
	{ "efidisk-only", 0, OPTION_FLAG },
	{ "cryptodisk-only", 0, OPTION_FLAG },
	{ "root-dev-only", 'r', OPTION_FLAG },
	{ "hint", 'h', OPTION_VALUE },
	{ "hint-bios", 0, OPTION_VALUE },
	{ "hint-efi", 0, OPTION_VALUE },
	{ "hint-baremetal", 0, OPTION_VALUE },
	{ "hint-ieee1275", 0, OPTION_VALUE },
	{ "hint-arc", 0, OPTION_VALUE },
	{ NULL },
};

static void collect_hints(struct interp *in, const struct options *o, struct strlist *ret)
{
	for (size_t i = SEARCH_FIRST_HINT; i < OPTIONS_MAX; i++)
		for (size_t j = 0; j < o->values[i].n; j++)
			interp_add(in, ret, o->values[i].v[j]);
}

int cmd_search(struct interp *in, struct call *call)
{
	struct strlist hints = { 0 };
	struct options o;
	int r = options_parse(in, call, search_table, OPTIONS_ACCEPT_DASH, &o);
	const char *variable = o.values[SEARCH_SET].n ? o.values[SEARCH_SET].v[0] : NULL;
	const char *key = o.rest.n ? o.rest.v[0] : variable;
	int status;

	/* "--set NAME" alone: NAME is what to look for. */
	if (o.set[SEARCH_SET] && (!variable || !o.rest.n))
		variable = "root";
	if (r != OPTIONS_OK)
		status = r == OPTIONS_HELP ? GRUB_OK : GRUB_BAD_ARGUMENT;
	else if (!key)
		status = complain(in, GRUB_BAD_ARGUMENT, "search: one argument expected");
	else if (!o.set[SEARCH_FILE] && !o.set[SEARCH_LABEL] && !o.set[SEARCH_UUID])
		status = complain(in, GRUB_INVALID_COMMAND, "search: neither file, label nor UUID");
	else {
		collect_hints(in, &o, &hints);
		status = search(in,
				o.set[SEARCH_LABEL]  ? ENTRY_SEARCH_LABEL
				: o.set[SEARCH_UUID] ? ENTRY_SEARCH_UUID
						     : ENTRY_SEARCH_FILE,
				key, variable, &hints);
	}
	strlist_done(&hints);
	options_done(&o);
	return status;
}

/* search.fs_uuid KEY [VARIABLE [HINT…]] and its kind. */
int cmd_search_short(struct interp *in, struct call *call)
{
	const char *kind = strchr(call->name, '.') + 1;
	struct strlist hints = { 0 };

	if (!call->n)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: one argument expected", call->name);
	if (call->n > 2)
		hints = (struct strlist){ call->args + 2, call->n - 2 };
	return search(in,
		      !strcmp(kind, "file")	  ? ENTRY_SEARCH_FILE
		      : !strcmp(kind, "fs_label") ? ENTRY_SEARCH_LABEL
						  : ENTRY_SEARCH_UUID,
		      call->args[0], call->n > 1 ? call->args[1] : NULL, &hints);
}

enum { PROBE_SET, PROBE_DRIVER };

static const struct option probe_table[] = {
	{ "set", 's', OPTION_VALUE },	 { "driver", 'd', OPTION_FLAG },
	{ "partmap", 'p', OPTION_FLAG }, { "fs", 'f', OPTION_FLAG },
	{ "fs-uuid", 'u', OPTION_FLAG }, { "label", 'l', OPTION_FLAG },
	{ "part-uuid", 0, OPTION_FLAG }, { NULL },
};

static int probe(struct interp *in, const struct options *o)
{
	static const char *const what[] = { NULL,      "driver",   "partmap",  "fs",
					    "fs_uuid", "fs_label", "part_uuid" };
	_cleanup_free_ char *device = strdup(o->rest.v[0]), *value = NULL;
	size_t i = PROBE_DRIVER, n;
	int r;

	if (!device)
		return out_of_memory(in);
	n = strlen(device);
	if (n >= 2 && device[0] == '(' && device[n - 1] == ')') {
		device[n - 1] = 0;
		memmove(device, device + 1, n - 1);
	}
	while (i < sizeof(what) / sizeof(*what) && !o->set[i])
		i++;
	if (i == sizeof(what) / sizeof(*what))
		return complain(in, GRUB_BAD_ARGUMENT, "probe: unrecognized target");
	r = in->fs->probe(in->fs, fs_device(in, device), what[i], &value);
	if (r == -ENOMEM)
		return out_of_memory(in);
	if (r < 0)
		return complain(in, GRUB_BAD_DEVICE, "probe: %s of (%s) is not known here", what[i],
				device);
	if (o->values[PROBE_SET].n) {
		env_set(in, o->values[PROBE_SET].v[0], value);
	} else {
		print(in, value, strlen(value));
		print(in, "\n", 1);
	}
	return GRUB_OK;
}

int cmd_probe(struct interp *in, struct call *call)
{
	struct options o;
	int r = options_parse(in, call, probe_table, 0, &o), status;

	if (r != OPTIONS_OK)
		status = r == OPTIONS_HELP ? GRUB_OK : GRUB_BAD_ARGUMENT;
	else if (o.rest.n != 1)
		status = complain(in, GRUB_BAD_ARGUMENT, "probe: one argument expected");
	else
		status = probe(in, &o);
	options_done(&o);
	return status;
}

static void forget_guess(struct interp *in, const char *name)
{
	for (size_t i = 0; i < in->guessed_images.n; i++)
		if (!strcmp(in->guessed_images.v[i], name))
			in->guessed_images.v[i][0] = 0;
}

/* What is inside the image is known when it is mounted here. */
static int open_image(struct interp *in, const char *name, const char *file)
{
	_cleanup_free_ char *device = NULL, *path = NULL;
	int r = -ENODEV;

	if (in->fs->image && !file_parse(in, file, &device, &path))
		r = in->fs->image(in->fs, name, fs_device(in, device), path);
	forget_guess(in, name);
	if (r < 0)
		return complain(in, GRUB_OK,
				"loopback: the inside of %s, as (%s), is not looked at", file,
				name);
	if (r == 0)
		return GRUB_OK;
	interp_add(in, &in->guessed_images, name);
	return complain(in, GRUB_OK,
			"loopback: nothing shows where %s is mounted: (%s) is taken to be what is "
			"mounted on /",
			file, name);
}

int cmd_loopback(struct interp *in, struct call *call)
{
	enum entry_file_type type;

	if (call->n < 2 || call->args[0][0] == '-')
		return GRUB_OK;
	if (file_type(in, call->args[1], &type) || type != ENTRY_FILE_REGULAR)
		return complain(in, GRUB_FILE_NOT_FOUND, "loopback: no file %s", call->args[1]);
	return open_image(in, call->args[0], call->args[1]);
}

/* cryptomount: under Linux the volume is open already. Whether its device exists is found out by
 * `search`. */
int cmd_cryptomount(struct interp *in, struct call *call)
{
	return GRUB_OK;
}

int cmd_cpuid(struct interp *in, struct call *call)
{
	bool is_64bit = !strcmp(env_get_or(in, "grub_cpu", ""), "x86_64");

	for (size_t i = 0; i < call->n; i++) {
		if (!strcmp(call->args[i], "-p") || !strcmp(call->args[i], "--pae"))
			return GRUB_OK;
		if (!strcmp(call->args[i], "-l") || !strcmp(call->args[i], "--long-mode"))
			/* A 32-bit GRUB on a processor that is 64-bit all the same. */
			return is_64bit || env_is(in, "grub_platform", "pc") ? GRUB_OK
									     : GRUB_TEST_FAILURE;
	}
	return GRUB_TEST_FAILURE;
}

/* file --is-…: types of images are not looked into here. */
int cmd_file(struct interp *in, struct call *call)
{
	return cannot_tell(in, call->name);
}
