// SPDX-License-Identifier: LGPL-2.1-or-later
/* grub.cfg on this system: whose GRUB it is, on what firmware, and where its files are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/lines.h"
#include "entry/efi-program.h"
#include "entry/grub-read.h"
#include "entry/os-release.h"
#include "entry/path.h"
#include "entry/read.h"
#include "entry/vars.h"

/* Names of uname -m on the left, GRUB's $grub_cpu on the right. */
static const char *grub_cpu(const char *machine, enum boot_firmware firmware)
{
	static const struct {
		const char *machine, *cpu;
	} names[] = {
		{ "aarch64", "arm64" },	  { "i386", "i386" },
		{ "i586", "i386" },	  { "i686", "i386" },
		{ "armv7l", "arm" },	  { "riscv64", "riscv64" },
		{ "ppc64le", "powerpc" }, { "loongarch64", "loongarch64" },
		{ "arm", "arm" },
	};

	for (size_t i = 0; machine && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(machine, names[i].machine) == 0)
			return names[i].cpu;
	/* GRUB for BIOS is a 32-bit program on every PC. */
	return firmware == BOOT_FIRMWARE_BIOS ? "i386" : "x86_64";
}

/* Whose GRUB it is: what the caller says, else whose system it is. */
static int find_flavour(struct entry_fs *fs, const char *given, enum grub_flavour *ret)
{
	_cleanup_free_ char *id = NULL, *like = NULL;
	_cleanup_text_ struct text text = { 0 };

	*ret = GRUB_UPSTREAM;
	if (given) {
		if (strcmp(given, "rh") == 0)
			*ret = GRUB_RH;
		else if (strcmp(given, "suse") == 0)
			*ret = GRUB_SUSE;
		else if (strcmp(given, "upstream") != 0)
			return -EINVAL;
		return 0;
	}
	if (read_text(fs, "/etc/os-release", &text) < 0 &&
	    read_text(fs, "/usr/lib/os-release", &text) < 0)
		return 0;
	if (os_release_get(text.bytes, "ID", &id) < 0 ||
	    os_release_get(text.bytes, "ID_LIKE", &like) < 0)
		return -ENOMEM;
	if (has_word(id, "fedora") || has_word(id, "rhel") || has_word(like, "fedora") ||
	    has_word(like, "rhel") || has_word(id, "centos"))
		*ret = GRUB_RH;
	else if (has_word(like, "suse") || (id && strncmp(id, "opensuse", 8) == 0) ||
		 has_word(id, "sles"))
		*ret = GRUB_SUSE;
	return 0;
}

/* "NAME=VALUE" strings as the interpreter takes them. */
static int make_vars(const struct boot_find_opts *opts, struct grub_var **ret, size_t *ret_n)
{
	struct grub_var *vars = calloc(opts->n_vars + 1, sizeof(*vars));
	size_t n = 0;

	for (size_t i = 0; vars && i < opts->n_vars; i++) {
		const char *equals = strchr(opts->vars[i], '=');

		if (!equals || equals == opts->vars[i])
			continue;
		vars[n].name = strndup(opts->vars[i], (size_t)(equals - opts->vars[i]));
		vars[n].value = strdup(equals + 1);
		n++;
	}
	*ret = vars;
	*ret_n = n;
	return vars ? 0 : -ENOMEM;
}

static void free_vars(struct grub_var *vars, size_t n)
{
	for (size_t i = 0; vars && i < n; i++) {
		free(vars[i].name);
		free(vars[i].value);
	}
	free(vars);
}

/* snapd's word for its initial ramdisk. GRUB writes down that a new kernel is tried, and keys are sealed to
 * what the firmware measured on the way: snapd, bootloader/assets/data/grub.cfg. */
static int leave_to_grub(struct boot_entry *e)
{
	e->type = ENTRY_CHAINLOAD;
	e->bootable = false;
	return entry_warn(
		e,
		"%s is a kernel of Ubuntu Core, whose start GRUB notes for snapd: only the "
		"firmware and GRUB can start it",
		e->kernel);
}

/* What chainloader of GRUB for UEFI starts: a kernel and a unified kernel image are programs of the firmware. */
static int take_program(const struct uki_place *at, struct boot_entry *e)
{
	_cleanup_strlist_ struct strlist words = { 0 };
	_cleanup_free_ char *options = TAKE_PTR(e->cmdline);
	int r = efi_program_take(at, e, options, false, &words);

	for (size_t i = 0; r == 0 && i < words.n; i++) {
		_cleanup_free_ char *path = NULL;

		r = path_join(at->partition, words.v[i], &path);
		if (r == 0)
			r = strlist_add(&e->initrds, path);
	}
	if (r == 0 && e->bootable && options && strstr(options, "snapd_recovery_mode="))
		r = leave_to_grub(e);
	if (r == 0 && e->bootable)
		r = entry_check_files(at->fs, e);
	if (r == 0 && !e->cmdline)
		e->cmdline = TAKE_PTR(options);
	return r;
}

static int take_programs(struct entry_fs *fs, struct boot_menu *menu)
{
	struct uki_place at = { .fs = fs, .secure = vars_secure_boot(fs) };
	int r = 0;

	for (size_t i = 0; r == 0 && i < menu->n_entries; i++) {
		struct boot_entry *e = &menu->entries[i];
		_cleanup_free_ char *path = NULL, *top = NULL;

		if ((e->type != ENTRY_CHAINLOAD && e->type != ENTRY_UKI) || !e->kernel ||
		    !is_file(fs, e->kernel))
			continue;
		/* its partition: where addons lie, and files that words initrd= name */
		r = fs->set_home(fs, e->kernel, &path);
		if (r == 0)
			r = fs->to_system(fs, NULL, "/", &top);
		at.partition = top;
		if (r == 0)
			r = take_program(&at, e);
	}
	return r;
}

int grub_read_all(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
		  struct grub_result *ret, struct kx_error *err)
{
	_cleanup_free_ char *path = NULL, *device = NULL;
	struct grub_var *vars = NULL;
	struct grub_request req = { 0 };
	size_t n = 0;
	int r = find_flavour(fs, opts->grub_flavour, &req.flavour);

	if (r == -EINVAL)
		return kx_fail(err, r, "\"%s\" is no flavour of GRUB: upstream, rh and suse are",
			       opts->grub_flavour);
	if (r == 0)
		r = fs->set_home(fs, config, &path);
	/* Unknown names stay unknown: the interpreter has one of its own. */
	if (r == 0 && fs->probe(fs, NULL, "device", &device) == -ENOMEM)
		r = -ENOMEM;
	if (r == 0)
		r = make_vars(opts, &vars, &n);
	if (r < 0)
		return kx_fail_path(err, r, config);

	req.platform = opts->firmware == BOOT_FIRMWARE_BIOS ? "pc" : "efi";
	req.cpu = grub_cpu(opts->machine, opts->firmware);
	if (opts->firmware == BOOT_FIRMWARE_AUTO && !strcmp(req.cpu, "x86_64")) {
		req.other_platform = "pc";
		req.other_cpu = grub_cpu(opts->machine, BOOT_FIRMWARE_BIOS);
	}
	req.device = device;
	req.config = path;
	req.vars = vars;
	req.n_vars = n;
	r = grub_eval(&req, fs, ret, err);
	free_vars(vars, n);
	if (r < 0)
		return r;
	ret->menu.loader = "grub";
	ret->menu.flavour = grub_flavour_name(req.flavour);
	r = replace(&ret->menu.config, config);
	if (r == 0 && !strcmp(req.platform, "efi"))
		r = take_programs(fs, &ret->menu);
	if (r < 0)
		grub_result_done(ret);
	return r < 0 ? kx_fail_path(err, r, config) : 0;
}

int grub_read(struct entry_fs *fs, const struct boot_find_opts *opts, const char *config,
	      struct boot_menu *ret, struct kx_error *err)
{
	struct grub_result result = { 0 };
	int r = grub_read_all(fs, opts, config, &result, err);

	if (r < 0)
		return r;
	*ret = result.menu;
	result.menu = (struct boot_menu){ 0 };
	grub_result_done(&result);
	return 0;
}
