// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loader commands: what would be started, noted down instead of loaded. Command lines are quoted as
 * GRUB quotes them (lib/cmdline.c).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry/grub/commands.h"
#include "entry/read.h"
#include "image/newc.h"

void loaded_drop(struct interp *in)
{
	boot_entry_done(&in->loaded);
	in->is_loaded = false;
}

static bool has_blank(const char *s)
{
	for (; *s; s++)
		if (*s == ' ')
			return true;
	return false;
}

static void quote_argument(struct interp *in, struct strbuf *line, const char *arg)
{
	bool quote = has_blank(arg), hex = in->req->flavour == GRUB_RH;

	if (quote)
		strbuf_add(line, "\"");
	for (; *arg; arg++) {
		bool is_hex = hex && arg[0] == '\\' && arg[1] == 'x' &&
			      isxdigit((unsigned char)arg[2]) && isxdigit((unsigned char)arg[3]);

		if ((*arg == '\\' && !is_hex) || *arg == '\'' || *arg == '"')
			strbuf_add(line, "\\");
		strbuf_add_n(line, arg, 1);
	}
	if (quote)
		strbuf_add(line, "\"");
}

static char *join_arguments(struct interp *in, const char *first, char **args, size_t n)
{
	struct strbuf line = { 0 };

	if (first)
		strbuf_add(&line, first);
	for (size_t i = 0; i < n; i++) {
		if (line.n)
			strbuf_add(&line, " ");
		quote_argument(in, &line, args[i]);
	}
	return take_text(in, &line);
}

/* Whether the file is there; a device that we do not know may well have it. */
static bool is_missing(struct interp *in, const char *name)
{
	enum entry_file_type type = ENTRY_FILE_NONE;
	int status = file_type(in, name, &type);

	if (status == GRUB_BAD_DEVICE)
		return false;
	return status || type != ENTRY_FILE_REGULAR;
}

static void note_guess(struct interp *in, const char *name, const char *system, const char *why)
{
	if (entry_guess(&in->loaded, "%s is taken to be %s: %s", name, system, why) < 0)
		(void)out_of_memory(in);
}

static bool is_in_guessed_image(const struct interp *in, const char *name)
{
	for (size_t i = 0; i < in->guessed_images.n; i++) {
		const char *image = in->guessed_images.v[i];
		size_t n = strlen(image);

		if (n && name[0] == '(' && strncmp(name + 1, image, n) == 0 && name[n + 1] == ')')
			return true;
	}
	return false;
}

/* The file on this system; without one the entry cannot be started from here. */
static char *locate(struct interp *in, const char *name)
{
	char *system = file_to_system(in, name);

	if (system && is_in_guessed_image(in, name))
		note_guess(in, name, system,
			   "nothing shows where the image that it is in is mounted");
	if (system && file_is_guess(in, name))
		note_guess(in, name, system, GUESSED_DISK);
	if (!system && !in->fatal) {
		in->loaded.bootable = false;
		(void)complain(in, 0, "%s is on a device that is not known here", name);
	}
	return system;
}

static int load_kernel(struct interp *in, struct call *call, enum entry_type type, size_t skip)
{
	loaded_drop(in);
	if (call->n <= skip)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: file name expected", call->name);
	if (is_missing(in, call->args[skip])) {
		in->load_failed = true;
		in->loaded.type = type; /* the type that was meant, for the list of entries */
		return complain(in, GRUB_FILE_NOT_FOUND, "%s: file %s not found", call->name,
				call->args[skip]);
	}
	in->loaded.type = type;
	in->loaded.bootable = type == ENTRY_LINUX || type == ENTRY_MULTIBOOT;
	in->loaded.kernel = locate(in, call->args[skip]);
	in->is_loaded = true;
	return GRUB_OK;
}

int cmd_linux(struct interp *in, struct call *call)
{
	_cleanup_free_ char *image = NULL;
	struct strbuf b = { 0 };
	int status = load_kernel(in, call, ENTRY_LINUX, 0);

	if (status)
		return status;
	strbuf_add(&b, "BOOT_IMAGE=");
	quote_argument(in, &b, call->args[0]);
	image = take_text(in, &b);
	in->loaded.cmdline = image ? join_arguments(in, image, call->args + 1, call->n - 1) : NULL;
	return GRUB_OK;
}

/* A file, or "newc:NAME:FILE" with a file of this system, which kx_entries_new() makes an archive of. */
static void add_initrd(struct interp *in, const char *word, const char *name)
{
	_cleanup_free_ char *system = locate(in, name), *wrapped = NULL;

	if (name != word &&
	    asprintf(&wrapped, "%.*s%s", (int)(name - word), word, system ? system : name) < 0)
		wrapped = NULL;
	interp_add(in, &in->loaded.initrds, wrapped ? wrapped : system ? system : name);
}

int cmd_initrd(struct interp *in, struct call *call)
{
	int status = GRUB_OK;

	if (!call->n)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: file name expected", call->name);
	if (!in->is_loaded || in->loaded.type != ENTRY_LINUX)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: no kernel is loaded yet", call->name);
	strlist_done(&in->loaded.initrds);
	for (size_t i = 0; i < call->n && running(in); i++) {
		struct bytes inside;
		const char *name = newc_split(call->args[i], &inside) ?: call->args[i];

		if (is_missing(in, name)) {
			/* GRUB would start the kernel without the missing initrd; here the entry is
			 * marked as not bootable instead. */
			in->loaded.bootable = false;
			status = complain(in, GRUB_FILE_NOT_FOUND, "%s: file %s not found",
					  call->name, name);
		}
		add_initrd(in, call->args[i], name);
	}
	return status;
}

int cmd_devicetree(struct interp *in, struct call *call)
{
	if (!call->n) {
		free(TAKE_PTR(in->loaded.devicetree));
		return GRUB_OK;
	}
	if (is_missing(in, call->args[0])) {
		in->loaded.bootable = false;
		return complain(in, GRUB_FILE_NOT_FOUND, "%s: file %s not found", call->name,
				call->args[0]);
	}
	free(in->loaded.devicetree);
	in->loaded.devicetree = locate(in, call->args[0]);
	return GRUB_OK;
}

static size_t skip_options(const struct call *call)
{
	size_t i = 0;

	while (i < call->n && call->args[i][0] == '-')
		i++;
	return i;
}

int cmd_multiboot(struct interp *in, struct call *call)
{
	size_t skip = skip_options(call);
	int status = load_kernel(in, call, ENTRY_MULTIBOOT, skip);

	if (!status)
		in->loaded.cmdline =
			join_arguments(in, NULL, call->args + skip + 1, call->n - skip - 1);
	return status;
}

int cmd_module(struct interp *in, struct call *call)
{
	size_t skip = skip_options(call);
	_cleanup_free_ char *system = NULL, *line = NULL;

	if (call->n <= skip)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: file name expected", call->name);
	if (!in->is_loaded || in->loaded.type != ENTRY_MULTIBOOT)
		return complain(in, GRUB_BAD_ARGUMENT, "%s: no multiboot kernel is loaded yet",
				call->name);
	if (is_missing(in, call->args[skip])) {
		in->loaded.bootable = false;
		return complain(in, GRUB_FILE_NOT_FOUND, "%s: file %s not found", call->name,
				call->args[skip]);
	}
	system = locate(in, call->args[skip]);
	line = join_arguments(in, system ? system : call->args[skip], call->args + skip + 1,
			      call->n - skip - 1);
	if (line)
		interp_add(in, &in->loaded.modules, line);
	return GRUB_OK;
}

static bool is_boot_sector(const char *name)
{
	const char *close = *name == '(' ? strchr(name, ')') : NULL;

	name = close ? close + 1 : name;
	return *name != '/';
}

int cmd_chainloader(struct interp *in, struct call *call)
{
	size_t skip = skip_options(call);
	int status;

	if (call->n > skip && is_boot_sector(call->args[skip])) {
		loaded_drop(in);
		in->loaded.type = ENTRY_CHAINLOAD;
		in->is_loaded = true;
		return GRUB_OK;
	}
	status = load_kernel(in, call, ENTRY_CHAINLOAD, skip);
	if (status)
		return status;
	/* Boot Loader Specification, type 2: what lies here is a unified kernel image. */
	if (in->loaded.kernel && strcasestr(in->loaded.kernel, "/EFI/Linux/")) {
		in->loaded.type = ENTRY_UKI;
		in->loaded.bootable = true;
	}
	in->loaded.cmdline = join_arguments(in, NULL, call->args + skip + 1, call->n - skip - 1);
	return GRUB_OK;
}

/* BSD, XNU, NTLDR, …: GRUB can start it and we cannot. */
int cmd_other_system(struct interp *in, struct call *call)
{
	loaded_drop(in);
	in->loaded.type = ENTRY_CHAINLOAD;
	in->is_loaded = true;
	return complain(in, GRUB_OK, "%s: not Linux", call->name);
}

int cmd_boot(struct interp *in, struct call *call)
{
	if (!in->is_loaded)
		return complain(in, GRUB_NO_KERNEL, "boot: no kernel is loaded");
	in->stop = STOP_BOOT;
	return GRUB_OK;
}

/* exit, reboot, halt: nothing after it is reached. */
int cmd_leave(struct interp *in, struct call *call)
{
	const struct command *command = command_find(in, call->name);

	in->stop = STOP_LEAVE;
	in->stop_name = command->name;
	return GRUB_OK;
}

int cmd_fwsetup(struct interp *in, struct call *call)
{
	if (call->n && !strcmp(call->args[0], "--is-supported"))
		return GRUB_OK;
	return cmd_leave(in, call);
}
