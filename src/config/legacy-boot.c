// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files of OpenRC services and of the installkernel hook, which name a kernel in the boot
 * directory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/error.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "config/legacy-vars.h"

/* One line of tab-separated facts about an installed kernel. */
#define INSTALLKERNEL_LOG "/var/lib/misc/installkernel"
enum { FIELD_LAYOUT = 4, FIELD_BOOT = 7, FIELD_KERNEL = 8, FIELD_INITRD = 9, N_FIELDS };

/* Names without a slash are in the boot directory. */
static int in_boot(const char *boot, const char *name, char **ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	if (strchr(name, '/'))
		return text_set(ret, name);
	strbuf_addf(&path, "%s/%s", boot, name);
	return strbuf_take(&path, ret);
}

/* Finds the first name that exists; "%a" in it stands for uname -m and "%v" for uname -r. */
static int search(int root, const struct legacy_machine *m, const char *boot,
		  const char *const *names, size_t n, char **ret)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		strbuf_addf(&path, "%s/", boot);
		for (const char *p = names[i]; *p; p++) {
			const char *value = p[0] != '%'	  ? NULL
					    : p[1] == 'a' ? m->machine
					    : p[1] == 'v' ? m->release
							  : NULL;

			if (value) {
				strbuf_add(&path, value);
				p++;
			} else {
				strbuf_add_n(&path, p, 1);
			}
		}
		if (path.failed)
			return -ENOMEM;
		if (exists_in(root, path.s) == 1)
			return strbuf_take(&path, ret);
	}
	return 0;
}

static int gentoo_files(int root, const struct legacy_machine *m, const struct vars *vars,
			struct legacy *ret)
{
	static const char *const kernels[] = {
		"bzImage",    "vmlinux",    "vmlinuz",	  "kernel",
		"bzImage-%v", "vmlinux-%v", "vmlinuz-%v", "kernel-genkernel-%a-%v",
		"kernel-%v",  "kernel-%a",
	};
	static const char *const initrds[] = {
		"initrd",
		"initramfs",
		"initrd.img-%v",
		"initrd-%v.img",
		"initrd-%v",
		"initramfs-%v.img",
		"initramfs-genkernel-%a-%v",
	};
	const char *kernel = vars_get_or(vars, "KNAME", NULL);
	const char *initrd = vars_get_or(vars, "INITRD", NULL);
	int r;

	r = kernel ? in_boot(ret->boot_dir, kernel, &ret->kernel)
		   : search(root, m, ret->boot_dir, kernels, sizeof(kernels) / sizeof(*kernels),
			    &ret->kernel);
	if (r < 0)
		return r;
	if (initrd)
		return in_boot(ret->boot_dir, initrd, &ret->initrd);
	return search(root, m, ret->boot_dir, initrds, sizeof(initrds) / sizeof(*initrds),
		      &ret->initrd);
}

/* "root=DEVICE KPARAM" is always there; the running line stands before it when KPARAM is empty. */
static int gentoo_cmdline(const struct legacy_machine *m, const struct vars *vars,
			  struct legacy *ret)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	const char *device = vars_get_or(vars, "ROOTPART", m->root_device);
	const char *kparam = vars_get_or(vars, "KPARAM", NULL);

	ret->base = kparam ? LEGACY_CMDLINE_GIVEN : LEGACY_CMDLINE_RUNNING;
	if (device)
		strbuf_addf(&line, "root=%s", device);
	if (kparam)
		strbuf_add_word(&line, kparam);
	return strbuf_take(&line, &ret->append);
}

/* Is the service in some runlevel of OpenRC? The configuration file alone does not mean that it is
 * in use: it comes with the package. */
static bool is_in_runlevel(int root, const char *service)
{
	_cleanup_names_ struct names runlevels = { 0 };

	if (list_in(root, "/etc/runlevels", &runlevels) < 0)
		return false;
	for (size_t i = 0; i < runlevels.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		strbuf_addf(&path, "/etc/runlevels/%s/%s", runlevels.v[i], service);
		/* a link whose script is gone is no service */
		if (!path.failed && exists_in(root, path.s) == 1)
			return true;
	}
	return false;
}

int legacy_gentoo(int root, const struct legacy_machine *m, const struct vars *vars,
		  struct legacy *ret)
{
	const char *during = vars_get(vars, "LOAD_DURING_SHUTDOWN");
	int r;

	ret->enabled = is_in_runlevel(root, "kexec");
	ret->at_shutdown = !during || strcmp(during, "yes") == 0;
	ret->may_mount_boot = strcmp(vars_get_or(vars, "DONT_MOUNT_BOOT", "no"), "no") == 0;
	ret->unload = vars_is(vars, "KNAME", "-");
	if (text_set(&ret->boot_dir, vars_get_or(vars, "BOOTPART", "/boot")) < 0 ||
	    text_set(&ret->options, vars_get_or(vars, "KEXEC_OPT_ARGS", NULL)) < 0)
		return -ENOMEM;
	r = gentoo_cmdline(m, vars, ret);
	if (r < 0 || ret->unload)
		return r;
	return gentoo_files(root, m, vars, ret);
}

int legacy_alpine(int root, const struct vars *vars, struct legacy *ret)
{
	const char *kernel = vars_get_or(vars, "KERNEL", "vmlinuz-edge");
	const char *initrd = vars_get_or(vars, "INITRD", "initramfs-edge");
	int r;

	ret->enabled = is_in_runlevel(root, "kexec-load");
	ret->at_shutdown = true;
	ret->base = LEGACY_CMDLINE_RUNNING;
	if (text_set(&ret->boot_dir, vars_get_or(vars, "BOOTPART", "/boot")) < 0 ||
	    text_set(&ret->append, "") < 0)
		return -ENOMEM;
	r = in_boot(ret->boot_dir, kernel, &ret->kernel);
	return r < 0 ? r : in_boot(ret->boot_dir, initrd, &ret->initrd);
}

/* A text_parser: the fields of the last line that is not empty, with their numbers as lines. */
static int each_last_field(struct bytes text, assign_fn fn, void *data)
{
	struct lines lines = lines_of(text);
	struct bytes line, last = { 0 };
	int r = 0;

	while (lines_next(&lines, &line))
		if (line.n)
			last = line;
	for (unsigned i = 0; r == 0 && i < N_FIELDS && last.n; i++) {
		const uint8_t *tab = memchr(last.p, '\t', last.n);
		size_t n = tab ? (size_t)(tab - last.p) : last.n;
		_cleanup_free_ char *field = bytes_dup((struct bytes){ last.p, n });

		if (!field)
			return -ENOMEM;
		r = fn(data, &(struct assign){ "field", field, i, NULL });
		n += tab != NULL;
		last = (struct bytes){ last.p + n, last.n - n };
	}
	return r;
}

static int take_field(void *data, const struct assign *a)
{
	char **fields = data;

	return a->name && a->line < N_FIELDS ? text_set(&fields[a->line], a->value) : 0;
}

/* Those that are missing stay NULL. */
static int last_installed(int root, const struct foreign *foreign, char *fields[N_FIELDS],
			  struct kx_error *err)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes text;
	int r = read_file_in(root, INSTALLKERNEL_LOG, CONFIG_FILE_MAX, &buf, &text.n);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return kx_fail(err, r, INSTALLKERNEL_LOG ": cannot read it: %s", open_strerror(r));
	text.p = buf;
	return foreign_parse(foreign, INSTALLKERNEL_LOG, text, each_last_field, take_field, fields,
			     err);
}

/* kernel-install's own files; without them the running command line is used. */
static int kernel_cmdline(int root, struct legacy *ret)
{
	static const char *const files[] = { "/etc/kernel/cmdline", "/usr/lib/kernel/cmdline" };

	ret->base = LEGACY_CMDLINE_GIVEN;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int r = read_line_in(root, files[i], &ret->append);

		if (r != -ENOENT)
			return r;
	}
	ret->base = LEGACY_CMDLINE_RUNNING;
	return text_set(&ret->append, "");
}

static int installed_files(char *const fields[N_FIELDS], const struct vars *vars,
			   struct legacy *ret)
{
	const char *kernel = vars_get_or(vars, "KNAME", fields[FIELD_KERNEL]);
	const char *initrd = vars_get_or(vars, "INITRD", fields[FIELD_INITRD]);
	const char *boot = vars_get_or(vars, "BOOTPART", fields[FIELD_BOOT]);
	int r;

	if (text_set(&ret->boot_dir, boot && *boot ? boot : "/boot") < 0)
		return -ENOMEM;
	r = kernel && *kernel ? in_boot(ret->boot_dir, kernel, &ret->kernel) : 0;
	if (r < 0 || !initrd || !*initrd || strcmp(initrd, "unknown") == 0)
		return r;
	return in_boot(ret->boot_dir, initrd, &ret->initrd);
}

static int installkernel_words(int root, const struct vars *vars, struct legacy *ret)
{
	if (text_set(&ret->options, vars_get_or(vars, "KEXEC_OPT_ARGS", NULL)) < 0)
		return -ENOMEM;
	/* The importer's KPARAM comes from the file, else from kernel-install. */
	if (vars_get_or(vars, "KPARAM", NULL))
		return text_set(&ret->append, vars_get(vars, "KPARAM"));
	return kernel_cmdline(root, ret);
}

int legacy_installkernel(int root, const struct vars *vars, struct legacy *ret,
			 struct kx_error *err)
{
	char *fields[N_FIELDS] = { NULL };
	int r = last_installed(root, vars->foreign, fields, err);
	const char *layout = vars_get_or(vars, "LAYOUT", fields[FIELD_LAYOUT]);

	/* A unified image has a command line of its own, which that service cannot pass on. */
	ret->enabled =
		exists_in(root, LEGACY_FLAG_GENTOO) == 0 && !(layout && strcmp(layout, "uki") == 0);
	ret->at_shutdown = true;
	ret->may_mount_boot = strcmp(vars_get_or(vars, "DONT_MOUNT_BOOT", "no"), "no") == 0;
	if (r == 0) {
		r = installed_files(fields, vars, ret);
		if (r >= 0)
			r = installkernel_words(root, vars, ret);
		if (r < 0)
			r = kx_fail(err, r, "%s: %s", ret->file, strerror(-r));
	}
	for (size_t i = 0; i < N_FIELDS; i++)
		free(fields[i]);
	return r;
}

/* The name between "kexec-load@" and ".service", or false. */
static bool is_instance(const char *unit, struct bytes *ret)
{
	static const char head[] = "kexec-load@", tail[] = ".service";
	size_t n = strlen(unit);

	if (strncmp(unit, head, sizeof(head) - 1) != 0 || n <= sizeof(head) + sizeof(tail) - 2 ||
	    strcmp(unit + n - sizeof(tail) + 1, tail) != 0)
		return false;
	*ret = (struct bytes){ (const uint8_t *)unit + sizeof(head) - 1,
			       n - sizeof(head) - sizeof(tail) + 2 };
	return true;
}

static int take_instance(struct bytes name, struct legacy *ret)
{
	_cleanup_strbuf_ struct strbuf kernel = { 0 }, initrd = { 0 };
	int r;

	strbuf_addf(&kernel, "/boot/vmlinuz-%.*s", (int)name.n, (const char *)name.p);
	strbuf_addf(&initrd, "/boot/initramfs-%.*s.img", (int)name.n, (const char *)name.p);
	ret->kind = LEGACY_ARCH;
	ret->file = "/etc/systemd/system/*.wants/kexec-load@*.service";
	ret->enabled = true;
	ret->at_shutdown = true;
	ret->base = LEGACY_CMDLINE_RUNNING;
	r = strbuf_take(&kernel, &ret->kernel);
	if (r == 0)
		r = strbuf_take(&initrd, &ret->initrd);
	return r < 0 ? r : text_set(&ret->append, "");
}

int legacy_arch(int root, struct legacy *ret)
{
	_cleanup_names_ struct names wants = { 0 };

	if (list_in(root, "/etc/systemd/system", &wants) < 0)
		return -ENOENT;
	for (size_t i = 0; i < wants.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		_cleanup_names_ struct names units = { 0 };
		struct bytes name;

		strbuf_addf(&path, "/etc/systemd/system/%s", wants.v[i]);
		if (path.failed)
			return -ENOMEM;
		if (!strstr(wants.v[i], ".wants") || list_in(root, path.s, &units) < 0)
			continue;
		for (size_t u = 0; u < units.n; u++)
			if (is_instance(units.v[u], &name))
				return take_instance(name, ret);
	}
	return -ENOENT;
}
