// SPDX-License-Identifier: LGPL-2.1-or-later
/* The list of boot entries: found by entry/, handed out in structures that begin with their size. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/io.h"
#include "base/mapped.h"
#include "lib/entries-read.h"
#include "lib/entries.h"
#include "lib/internal.h"

KX_EXPORT struct kx_entries *kx_entries_free(struct kx_entries *entries)
{
	if (entries) {
		boot_menu_done(&entries->menu);
		strlist_done(&entries->vars);
		free(entries->output);
		free(entries->running_cmdline);
		free(entries->loader_cmdline);
		free(entries->running_release);
		free(entries);
	}
	return NULL;
}
DEFINE_CLEANUP(struct kx_entries *, kx_entries_free)

/* For a captured machine the running kernel is known only if its /proc was captured, too. */
static int read_running(struct kx_ctx *ctx, struct kx_entries *entries)
{
	int r = kx_cmdline_running(ctx, 0, &entries->running_cmdline, NULL);

	if (r == 0)
		r = cmdline_of_loader(ctx, &entries->loader_cmdline);
	if (r == -ENOMEM)
		return r;
	r = read_line_in(ctx->machine_root, "/proc/sys/kernel/osrelease",
			 &entries->running_release);
	return r == -ENOMEM ? r : 0;
}

#define KNOWN_FLAGS (KX_ENTRIES_SCRIPT | KX_ENTRIES_MOUNT)

static int check_opts(const struct kx_entries_opts *o, struct kx_error *err)
{
	if (o->flags & ~KNOWN_FLAGS)
		return kx_fail(err, -EINVAL, "flags %#llx are not known",
			       (unsigned long long)(o->flags & ~KNOWN_FLAGS));
	for (size_t i = 0; i < o->n_vars; i++)
		if (!strchr(o->vars[i], '=') || o->vars[i][0] == '=')
			return kx_fail(err, -EINVAL, "\"%s\" is not of the form NAME=VALUE",
				       o->vars[i]);
	return 0;
}

static int entries_fill(struct kx_ctx *ctx, const struct kx_entries_opts *o,
			struct kx_entries *entries, struct kx_error *err)
{
	const uint64_t n_changes = mapped_changes();
	int r = read_running(ctx, entries);

	if (r < 0)
		return kx_fail(err, r, "out of memory");
	r = entries_read(ctx, o, entries, err);
	return r < 0 ? r : mapped_check(n_changes, err);
}

KX_EXPORT int kx_entries_new(struct kx_ctx *ctx, const struct kx_entries_opts *opts,
			     struct kx_entries **ret_entries, struct kx_error *err)
{
	_cleanup_(kx_entries_freep) struct kx_entries *entries = NULL;
	struct kx_entries_opts o = { 0 };
	int r;

	if (opts) {
		r = sized_in(opts, &o, sizeof(o), err);
		if (r == 0)
			r = check_opts(&o, err);
		if (r < 0)
			return kx_fail_at(err, r, KX_STEP_ARGUMENT);
	}
	entries = calloc(1, sizeof(*entries));
	if (!entries)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = entries_fill(ctx, &o, entries, err);
	if (r < 0)
		return kx_fail_at(err, r, KX_STEP_MACHINE);
	*ret_entries = TAKE_PTR(entries);
	return 0;
}

static const char *const *list_of(const struct strlist *list)
{
	return (const char *const *)list->v;
}

KX_EXPORT int kx_entries_info(const struct kx_entries *entries, struct kx_entries_info *info)
{
	const struct boot_menu *m = &entries->menu;
	const struct kx_entries_info all = {
		.n_entries = m->n_entries,
		.default_index = m->default_index,
		.default_reason = m->default_reason,
		.loader = m->loader,
		.flavour = m->flavour,
		.config = m->config,
		.n_warnings = m->warnings.n,
		.warnings = list_of(&m->warnings),
		.output = entries->output,
		.n_vars = entries->vars.n,
		.vars = list_of(&entries->vars),
		.guess = m->guess,
	};

	return sized_out(info, &all, sizeof(all));
}

static enum kx_entry_type public_type(enum entry_type type)
{
	switch (type) {
	case ENTRY_LINUX:
		return KX_ENTRY_LINUX;
	case ENTRY_UKI:
		return KX_ENTRY_UKI;
	case ENTRY_MULTIBOOT:
		return KX_ENTRY_MULTIBOOT;
	case ENTRY_CHAINLOAD:
		return KX_ENTRY_CHAINLOAD;
	case ENTRY_OTHER:
		return KX_ENTRY_OTHER;
	}
	return KX_ENTRY_OTHER;
}

KX_EXPORT int kx_entries_entry(const struct kx_entries *entries, size_t i, struct kx_entry *entry)
{
	const struct boot_entry *e;
	struct kx_entry all;

	if (i >= entries->menu.n_entries)
		return -ERANGE;
	e = &entries->menu.entries[i];
	all = (struct kx_entry){
		.id = e->id,
		.title = e->title,
		.n_path = e->path.n,
		.path = list_of(&e->path),
		.version = e->version,
		.type = public_type(e->type),
		.bootable = e->bootable,
		.is_default = e->is_default,
		.kernel = e->kernel,
		.n_initrds = e->initrds.n,
		.initrds = list_of(&e->initrds),
		.n_modules = e->modules.n,
		.modules = list_of(&e->modules),
		.cmdline = e->cmdline,
		.devicetree = e->devicetree,
		.architecture = e->architecture,
		.source_kind = e->source.kind,
		.source_file = e->source.file,
		.source_line = e->source.line,
		.n_warnings = e->warnings.n,
		.warnings = list_of(&e->warnings),
		.is_guessed = e->guess != NULL,
		.is_broken = e->is_broken,
		.guess = e->guess,
	};
	return sized_out(entry, &all, sizeof(all));
}
