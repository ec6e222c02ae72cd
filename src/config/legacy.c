// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds which files of other tools exist, and reads those of Debian. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/error.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "config/assign.h"
#include "config/legacy-vars.h"

#define DEBIAN_FILE "/etc/default/kexec"
#define DEBIAN_DIRECTORY "/etc/default/kexec.d"
#define KERNEL_IMG_FILE "/etc/kernel-img.conf"
#define CONFD_FILE "/etc/conf.d/kexec"
#define INSTALLKERNEL_FILE "/etc/kexec.conf"

int text_set(char **dst, const char *s)
{
	if (s)
		return bytes_set(dst, (struct bytes){ (const uint8_t *)s, strlen(s) });
	free(TAKE_PTR(*dst));
	return 0;
}

void vars_done(struct vars *vars)
{
	config_words_done(&vars->names);
	config_words_done(&vars->values);
	config_words_done(&vars->places);
}

/* The element of @words that belongs to the last assignment of @name. */
static const char *last(const struct vars *vars, const struct config_words *words, const char *name)
{
	for (size_t i = words->n; i-- > 0;)
		if (strcmp(vars->names.v[i], name) == 0)
			return words->v[i];
	return NULL;
}

const char *vars_get(const struct vars *vars, const char *name)
{
	return last(vars, &vars->values, name);
}

const char *vars_place(const struct vars *vars, const char *name)
{
	return last(vars, &vars->places, name);
}

const char *vars_get_or(const struct vars *vars, const char *name, const char *otherwise)
{
	const char *value = vars_get(vars, name);

	return value && *value ? value : otherwise;
}

bool vars_is(const struct vars *vars, const char *name, const char *value)
{
	const char *v = vars_get(vars, name);

	return v && strcmp(v, value) == 0;
}

static int take(void *data, const struct assign *a)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct vars *vars = data;

	if (a->name) {
		strbuf_addf(&b, "%s:%u", vars->file, a->line);
		if (b.failed || config_words_add(&vars->names, a->name, strlen(a->name)) < 0 ||
		    config_words_add(&vars->values, a->value, strlen(a->value)) < 0)
			return -ENOMEM;
		return config_words_add(&vars->places, b.s, b.n);
	}
	strbuf_addf(&b, "%s:%u: skipped, because %s needs a shell, and nothing is run here",
		    vars->file, a->line, a->skipped);
	return b.failed ? -ENOMEM : config_words_add(vars->warnings, b.s, b.n);
}

int vars_read(struct vars *vars, int root, const char *path, struct kx_error *err)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes text;
	int r = read_file_in(root, path, CONFIG_FILE_MAX, &buf, &text.n);

	if (r == -ENOENT)
		return r;
	if (r < 0)
		return kx_fail(err, r, "%s: cannot read it: %s", path, open_strerror(r));
	text.p = buf;
	vars->file = path;
	return foreign_parse(vars->foreign, path, text, assign_each, take, vars, err);
}

/* run-parts(8) without --lsbsysinit or --regex. */
static bool is_run_parts_name(const char *s)
{
	return *s && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			       "0123456789_-") == strlen(s);
}

static int debian_directory(int root, struct vars *vars, struct kx_error *err)
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(root, DEBIAN_DIRECTORY, &names);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_fail(err, r, DEBIAN_DIRECTORY ": cannot list it: %s", strerror(-r));
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		if (!is_run_parts_name(names.v[i]))
			continue;
		strbuf_addf(&path, DEBIAN_DIRECTORY "/%s", names.v[i]);
		if (path.failed)
			return kx_fail(err, -ENOMEM, DEBIAN_DIRECTORY ": out of memory");
		r = vars_read(vars, root, path.s, err);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

/* kernel-img.conf(5): "name = value", without quotes. A text_parser for one of the names. */
static int each_link_in_boot(struct bytes text, assign_fn fn, void *data)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	int r = 0;

	while (r == 0 && lines_next(&lines, &line)) {
		const uint8_t *equals = line.n ? memchr(line.p, '=', line.n) : NULL;
		_cleanup_free_ char *value = NULL;
		size_t n;

		if (!equals)
			continue;
		n = (size_t)(equals - line.p);
		if (!bytes_is_nocase(bytes_trim((struct bytes){ line.p, n }), "link_in_boot"))
			continue;
		value = bytes_dup(bytes_trim((struct bytes){ equals + 1, line.n - n - 1 }));
		if (!value)
			return -ENOMEM;
		r = fn(data, &(struct assign){ "link_in_boot", value, lines.number, NULL });
	}
	return r;
}

/* yes may also be spelled true or 1. */
static int take_link_in_boot(void *data, const struct assign *a)
{
	static const char *const yes[] = { "yes", "true", "1" };
	bool *in_boot = data;

	*in_boot = false;
	for (size_t i = 0; a->name && i < sizeof(yes) / sizeof(*yes); i++)
		*in_boot |= bytes_is_nocase(
			(struct bytes){ (const uint8_t *)a->value, strlen(a->value) }, yes[i]);
	return 0;
}

static int links_are_in_boot(int root, const struct foreign *foreign, bool *ret,
			     struct kx_error *err)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes text;
	int r = read_file_in(root, KERNEL_IMG_FILE, CONFIG_FILE_MAX, &buf, &text.n);

	*ret = false;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_fail(err, r, KERNEL_IMG_FILE ": cannot read it: %s", open_strerror(r));
	text.p = buf;
	return foreign_parse(foreign, KERNEL_IMG_FILE, text, each_link_in_boot, take_link_in_boot,
			     ret, err);
}

/* The values that the package and its installer write: they do not show that an administrator wants
 * anything. */
static bool is_debians_own(const struct vars *vars, const char *name, const char *value)
{
	const char *set = vars_get(vars, name);

	return !set || strcmp(set, value) == 0;
}

/* "FILE:LINE" of the first assignment that differs from what the package writes, or NULL. */
static const char *debian_changed(const struct vars *vars, bool in_boot)
{
	static const char *const names[] = { "KERNEL_IMAGE", "INITRD", "APPEND" };
	static const char *const shipped[] = { "/vmlinuz", "/initrd.img", "" };
	static const char *const linked[] = { "/boot/vmlinuz", "/boot/initrd.img", "" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!is_debians_own(vars, names[i], shipped[i]) &&
		    !(in_boot && is_debians_own(vars, names[i], linked[i])))
			return vars_place(vars, names[i]);
	return NULL;
}

static int debian_fill(int root, const struct vars *vars, bool in_boot, struct legacy *ret)
{
	const char *changed = debian_changed(vars, in_boot);
	const char *kernel = vars_get(vars, "KERNEL_IMAGE");
	const char *initrd = vars_get(vars, "INITRD");
	const char *append = vars_get_or(vars, "APPEND", "");

	if (!kernel)
		kernel = in_boot ? "/boot/vmlinuz" : "/vmlinuz";
	if (!initrd)
		initrd = in_boot ? "/boot/initrd.img" : "/initrd.img";
	ret->enabled = vars_is(vars, "LOAD_KEXEC", "true");
	ret->at_shutdown = true;
	ret->from_boot_loader =
		vars_is(vars, "USE_GRUB_CONFIG", "true") && exists_in(root, "/boot/grub") == 1;
	ret->is_default = !changed;
	ret->base = *append ? LEGACY_CMDLINE_GIVEN : LEGACY_CMDLINE_RUNNING;
	if (text_set(&ret->kernel, *kernel ? kernel : NULL) < 0 ||
	    text_set(&ret->initrd, *initrd ? initrd : NULL) < 0 ||
	    text_set(&ret->enabled_by, vars_place(vars, "LOAD_KEXEC")) < 0 ||
	    text_set(&ret->decided_by,
		     ret->from_boot_loader ? vars_place(vars, "USE_GRUB_CONFIG") : changed) < 0)
		return -ENOMEM;
	return text_set(&ret->append, append);
}

static int try_debian(int root, struct vars *vars, struct legacy *ret, struct kx_error *err)
{
	bool in_boot;
	int r = vars_read(vars, root, DEBIAN_FILE, err);

	if (r < 0)
		return r;
	r = debian_directory(root, vars, err);
	if (r == 0)
		r = links_are_in_boot(root, vars->foreign, &in_boot, err);
	if (r < 0)
		return r;
	ret->kind = LEGACY_DEBIAN;
	ret->file = DEBIAN_FILE;
	if (debian_fill(root, vars, in_boot, ret) < 0)
		return kx_fail(err, -ENOMEM, DEBIAN_FILE ": out of memory");
	return 0;
}

/* Gentoo's and Alpine's services read the same file; only Alpine's has KERNEL. */
static int try_confd(int root, const struct legacy_machine *m, struct vars *vars,
		     struct legacy *ret, struct kx_error *err)
{
	int r = vars_read(vars, root, CONFD_FILE, err);

	if (r < 0)
		return r;
	ret->file = CONFD_FILE;
	ret->kind = vars_get(vars, "KERNEL") ? LEGACY_ALPINE : LEGACY_GENTOO;
	r = ret->kind == LEGACY_ALPINE ? legacy_alpine(root, vars, ret)
				       : legacy_gentoo(root, m, vars, ret);
	return r < 0 ? kx_fail(err, r, CONFD_FILE ": %s", strerror(-r)) : 0;
}

static int try_installkernel(int root, struct vars *vars, struct legacy *ret, struct kx_error *err)
{
	int r = vars_read(vars, root, INSTALLKERNEL_FILE, err);

	if (r < 0)
		return r;
	ret->kind = LEGACY_INSTALLKERNEL;
	ret->file = INSTALLKERNEL_FILE;
	return legacy_installkernel(root, vars, ret, err);
}

int legacy_read(int root, const struct foreign *foreign, const struct legacy_machine *machine,
		struct legacy *ret, struct kx_error *err)
{
	struct legacy legacy = { 0 };
	_cleanup_vars_ struct vars vars = { .warnings = &legacy.warnings, .foreign = foreign };
	int r = try_debian(root, &vars, &legacy, err);

	if (r == -ENOENT)
		r = try_confd(root, machine, &vars, &legacy, err);
	if (r == -ENOENT)
		r = try_installkernel(root, &vars, &legacy, err);
	if (r == -ENOENT)
		r = legacy_arch(root, &legacy);
	if (r == -ENOMEM)
		r = kx_fail(err, r, "out of memory");
	if (r < 0 && r != -ENOENT) {
		legacy_done(&legacy);
		return r;
	}
	*ret = legacy;
	return 0;
}

bool legacy_counts(enum legacy_kind kind, const char *init)
{
	const bool is_systemd = init && strcmp(init, "systemd") == 0;

	switch (kind) {
	case LEGACY_NONE:
		break;
	case LEGACY_DEBIAN:
	case LEGACY_GENTOO:
	case LEGACY_ALPINE:
		return init && !is_systemd;
	case LEGACY_INSTALLKERNEL:
	case LEGACY_ARCH:
		return is_systemd;
	}
	return false;
}

void legacy_done(struct legacy *legacy)
{
	free(legacy->decided_by);
	free(legacy->enabled_by);
	free(legacy->boot_dir);
	free(legacy->kernel);
	free(legacy->initrd);
	free(legacy->append);
	free(legacy->options);
	config_words_done(&legacy->warnings);
	*legacy = (struct legacy){ 0 };
}
