// SPDX-License-Identifier: GPL-2.0-or-later

/* What other tools' files decide when nobody has named a kernel: with the meaning those tools gave them,
 * as far as the administrator has enabled them. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "cli/rapidreboot/legacy.h"
#include "handover/mounts.h"

/* What the scripts ask uname(1) and /proc/mounts for. */
struct facts {
	struct utsname uts;
	char *release, *root_device;
};

static void facts_read(struct facts *f, int root)
{
	_cleanup_mount_points_ struct mount_points points = { 0 };

	*f = (struct facts){ 0 };
	if (uname(&f->uts) < 0)
		f->uts.machine[0] = '\0';
	if (read_line_in(root, "/proc/sys/kernel/osrelease", &f->release) < 0)
		f->release = NULL;
	if (mount_points_read(sys_machine(), &points, NULL) < 0)
		return;
	for (size_t i = 0; i < points.n; i++) {
		const struct mount_point *m = &points.v[i];

		if (strcmp(m->dir, "/") != 0 || m->source[0] != '/')
			continue;
		free(f->root_device);
		f->root_device = strdup(m->source);
	}
}

static void facts_done(struct facts *f)
{
	free(f->release);
	free(f->root_device);
}

int legacy_take(int root, struct legacy *ret)
{
	_cleanup_close_ int machine = machine_open(sys_machine());
	struct kx_error err = { 0 };
	struct facts f;
	int r;

	facts_read(&f, machine);
	r = legacy_read(root,
			&(struct legacy_machine){ f.release ? f.release : "", f.uts.machine,
						  f.root_device },
			ret, &err);
	facts_done(&f);
	if (r < 0)
		return fail_with(&err);
	for (size_t i = 0; i < ret->warnings.n; i++)
		fprintf(stderr, "rapidreboot: warning: %s\n", ret->warnings.v[i]);
	return EXIT_OK;
}

/* ---- KEXEC_OPT_ARGS, by the words of kexec(8) */

static const struct word {
	const char *name;
	enum kx_way way; /* AUTO: none that it says */
	uint64_t flag;
} words[] = {
	{ "-s", KX_WAY_FILE, 0 },
	{ "--kexec-file-syscall", KX_WAY_FILE, 0 },
	{ "-c", KX_WAY_SEGMENTS, 0 },
	{ "--kexec-syscall", KX_WAY_SEGMENTS, 0 },
	{ "-a", KX_WAY_AUTO, 0 },
	{ "--kexec-syscall-auto", KX_WAY_AUTO, 0 },
	{ "-d", KX_WAY_AUTO, 0 },
	{ "--debug", KX_WAY_AUTO, 0 },
	{ "-x", KX_WAY_AUTO, 0 },
	{ "--no-ifdown", KX_WAY_AUTO, 0 },
	{ "-i", KX_WAY_AUTO, KX_REQ_NO_DIGEST },
	{ "--no-checks", KX_WAY_AUTO, KX_REQ_NO_DIGEST },
	{ "--noefi", KX_WAY_AUTO, KX_REQ_NO_EFI },
	{ "--reuse-video-type", KX_WAY_AUTO, KX_REQ_REUSE_VIDEO },
	{ "--reset-vga", KX_WAY_AUTO, KX_REQ_RESET_VGA },
	{ "--console-vga", KX_WAY_AUTO, KX_REQ_CONSOLE_VGA },
	{ "--console-serial", KX_WAY_AUTO, KX_REQ_CONSOLE_SERIAL },
};

static bool take_word(struct start *s, struct bytes word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!bytes_is(word, words[i].name))
			continue;
		if (words[i].way != KX_WAY_AUTO && s->way == KX_WAY_AUTO)
			s->way = words[i].way;
		s->flags |= words[i].flag;
		return true;
	}
	return false;
}

/* A word that is not understood would have changed what is started. */
static int take_options(struct start *s, const struct legacy *l)
{
	struct bytes rest = { (const uint8_t *)l->options, l->options ? strlen(l->options) : 0 };

	for (rest = bytes_trim(rest); rest.n;) {
		struct bytes word = bytes_word(&rest);

		if (take_word(s, word))
			continue;
		fprintf(stderr,
			"rapidreboot: %s: KEXEC_OPT_ARGS has \"%.*s\", which is not understood "
			"here. Name an entry or --kernel, or set IMPORT=no in " CONFIG_FILE "\n",
			l->file, (int)word.n, (const char *)word.p);
		return EXIT_REFUSED;
	}
	return EXIT_OK;
}

/* ---- the kernel */

int legacy_cmdline(const struct legacy *l, char **ret)
{
	_cleanup_close_ int machine = machine_open(sys_machine());
	_cleanup_strbuf_ struct strbuf line = { 0 };
	_cleanup_free_ char *running = NULL;
	int r;

	/* verbatim, BOOT_IMAGE= and all, as those scripts do */
	if (l->base == LEGACY_CMDLINE_RUNNING) {
		r = read_line_in(machine, "/proc/cmdline", &running);
		if (r < 0) {
			fprintf(stderr, "rapidreboot: /proc/cmdline: %s\n", strerror(-r));
			return EXIT_FAILED;
		}
		strbuf_add(&line, running);
	}
	if (*l->append)
		strbuf_add_word(&line, l->append);
	return strbuf_take(&line, ret) < 0 ? start_fail_memory() : EXIT_OK;
}

static int take_kernel(struct start *s, const struct start_options *o, const struct legacy *l)
{
	const char *const initrds[] = { l->initrd };
	int r;

	if (!l->kernel) {
		fprintf(stderr,
			"rapidreboot: %s: names no kernel, and %s has none of the names that are "
			"looked for. Name an entry or --kernel\n",
			l->file, l->boot_dir ? l->boot_dir : "/boot");
		return EXIT_FAILED;
	}
	s->title = strdup(l->kernel);
	s->kernel = start_path(o->find.root, l->kernel);
	if (!s->title || !s->kernel)
		return start_fail_memory();
	r = start_copy_paths(o->find.root, initrds, l->initrd ? 1 : 0, &s->initrds, &s->n_initrds);
	if (r == EXIT_OK)
		r = legacy_cmdline(l, &s->cmdline);
	return r == EXIT_OK ? take_options(s, l) : r;
}

static bool asked_for(const struct start *s, const struct start_options *o)
{
	return o->kernel || o->find.argument || o->find.find.config || s->config.default_entry;
}

bool legacy_decides(const struct legacy *l, const char *root)
{
	return l->enabled && !l->unload && !l->from_boot_loader &&
	       !(root && l->base == LEGACY_CMDLINE_RUNNING);
}

static int decide(struct start *s, const struct start_options *o, const struct legacy *l,
		  bool *ret_decided)
{
	if (!l->enabled)
		return EXIT_OK;
	if (l->unload) {
		fprintf(stderr,
			"rapidreboot: %s: KNAME=- wants no kernel loaded. Name an entry or "
			"--kernel to start one all the same\n",
			l->file);
		return EXIT_REFUSED;
	}
	if (o->find.root && l->base == LEGACY_CMDLINE_RUNNING && !l->from_boot_loader) {
		fprintf(stderr,
			"rapidreboot: %s: wants the running command line, which is not that of %s; "
			"the boot loader's entry is taken instead\n",
			l->file, o->find.root);
		return EXIT_OK;
	}
	s->decided_by = l->file;
	fprintf(stderr, "rapidreboot: %s decides: %s\n", l->file,
		l->from_boot_loader ? "the boot loader's default entry"
		: l->kernel	    ? l->kernel
				    : "nothing");
	if (l->from_boot_loader)
		return EXIT_OK;
	*ret_decided = true;
	return take_kernel(s, o, l);
}

int start_legacy(struct start *s, const struct start_options *o, int root, bool *ret_decided)
{
	struct legacy legacy = { 0 };
	int r;

	if (asked_for(s, o) || !s->config.import)
		return EXIT_OK;
	r = legacy_take(root, &legacy);
	if (r == EXIT_OK)
		r = decide(s, o, &legacy, ret_decided);
	legacy_done(&legacy);
	return r;
}

/* ---- flags for one cold reboot */

static const char *const flags[] = { LEGACY_FLAG_GENTOO, LEGACY_FLAG_DEBIAN };

bool legacy_wants_cold(int root)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (is_there_in(root, flags[i]))
			return true;
	return false;
}

void legacy_cold_honoured(int root)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int r = is_there_in(root, flags[i]) ? file_remove_in(root, flags[i]) : -ENOENT;

		if (r == 0)
			fprintf(stderr, "rapidreboot: %s: asked for this one reboot; removed\n",
				flags[i]);
		else if (r != -ENOENT)
			fprintf(stderr, "rapidreboot: %s: cannot be removed: %s\n", flags[i],
				strerror(-r));
	}
}
