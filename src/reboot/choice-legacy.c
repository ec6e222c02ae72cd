// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/choice-legacy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "config/foreign.h"
#include "handover/mounts.h"

/* ---- reading the files */

/* Facts that those tools' scripts get from uname(1) and /proc/mounts. */
struct facts {
	struct utsname uts;
	char *release, *root_device;
};

static void facts_read(struct facts *f, const struct reboot *rb)
{
	_cleanup_mount_points_ struct mount_points points = { 0 };
	struct sys seen = rb->seen;

	*f = (struct facts){ 0 };
	if (uname(&f->uts) < 0)
		f->uts.machine[0] = '\0';
	if (read_line_in(rb->machine, "/proc/sys/kernel/osrelease", &f->release) < 0)
		f->release = NULL;
	if (mount_points_read(&seen, &points, NULL) < 0)
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

static int read_files(const struct reboot *rb, struct legacy *ret, struct kx_error *err)
{
	const struct foreign foreign = { &rb->teller };
	struct facts f;
	int r;

	facts_read(&f, rb);
	r = legacy_read(rb->system, rb->place == PLACE_HERE ? NULL : &foreign,
			&(struct legacy_machine){ f.release ? f.release : "", f.uts.machine,
						  f.root_device },
			ret, err);
	facts_done(&f);
	return r;
}

/* "FILE:LINE", or the file alone when the line is not known. */
static const char *place_of(const struct legacy *l)
{
	return l->decided_by ? l->decided_by : l->file;
}

/* ---- KEXEC_OPT_ARGS, by the words of kexec(8) */

static const struct word {
	const char *name;
	enum kx_way way; /* AUTO: the options name no system call */
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

static bool take_word(struct choice *c, struct bytes word)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!bytes_is(word, words[i].name))
			continue;
		if (words[i].way != KX_WAY_AUTO && c->way == KX_WAY_AUTO)
			c->way = words[i].way;
		c->flags |= words[i].flag;
		return true;
	}
	return false;
}

/* An option that is not understood could change what is started, so nothing is started. */
static enum reason take_options(struct choice *c, const struct legacy *l, struct kx_error *err)
{
	struct bytes rest = { (const uint8_t *)l->options, l->options ? strlen(l->options) : 0 };

	for (rest = bytes_trim(rest); rest.n;) {
		struct bytes word = bytes_word(&rest);

		if (take_word(c, word))
			continue;
		kx_fail(err, -EINVAL,
			"%s: KEXEC_OPT_ARGS has \"%.*s\", which is not understood "
			"here. Name an entry or --kernel, or set IMPORT=no in " CONFIG_FILE,
			l->file, (int)word.n, (const char *)word.p);
		return REASON_FORBIDDEN;
	}
	return REASON_NONE;
}

/* ---- the kernel */

static int make_cmdline(const struct reboot *rb, const struct legacy *l, char **ret,
			struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };
	_cleanup_free_ char *running = NULL;
	int r;

	/* as it is, including BOOT_IMAGE=, as those scripts take it */
	if (l->base == LEGACY_CMDLINE_RUNNING) {
		r = read_line_in(rb->machine, "/proc/cmdline", &running);
		if (r < 0)
			return kx_fail(err, r, "/proc/cmdline: %s", strerror(-r));
		strbuf_add(&line, running);
	}
	if (*l->append)
		strbuf_add_word(&line, l->append);
	r = strbuf_take(&line, ret);
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}

static enum reason take_kernel(const struct reboot *rb, struct choice *c, const struct legacy *l,
			       struct kx_error *err)
{
	if (!l->kernel) {
		kx_fail(err, -ENOENT,
			"%s: names no kernel, and %s has none of the names that are "
			"looked for. Name an entry or --kernel",
			l->file, l->boot_dir ? l->boot_dir : "/boot");
		return REASON_NO_ENTRY;
	}
	if (wish_set(&c->title, l->kernel) < 0 || wish_set(&c->kernel, l->kernel) < 0 ||
	    (l->initrd && config_words_add(&c->initrds, l->initrd, strlen(l->initrd)) < 0)) {
		kx_fail(err, -ENOMEM, "out of memory");
		return REASON_FAILED;
	}
	if (make_cmdline(rb, l, &c->cmdline, err) < 0)
		return REASON_FAILED;
	c->reuses_running = l->base == LEGACY_CMDLINE_RUNNING;
	c->by = CHOSEN_BY_OTHER_TOOL;
	return take_options(c, l, err);
}

/* With --root the running command line must not be used: it belongs to the running system. */
static bool wants_other_cmdline(const struct reboot *rb, const struct legacy *l)
{
	return rb->place == PLACE_INSTALLED && l->base == LEGACY_CMDLINE_RUNNING;
}

static enum reason decide(const struct reboot *rb, struct choice *c, const struct legacy *l,
			  bool *ret_decided, struct kx_error *err)
{
	if (!l->enabled || l->is_default || !legacy_counts(l->kind, reboot_init_name(rb)))
		return REASON_NONE;
	if (l->unload) {
		kx_fail(err, -EPERM,
			"%s: KNAME=- wants no kernel loaded. Name an entry or --kernel to start one "
			"all the same",
			place_of(l));
		return REASON_FORBIDDEN;
	}
	if (!l->from_boot_loader && wants_other_cmdline(rb, l)) {
		teller_say(&rb->teller,
			   "%s: wants the running command line, which is not that of %s; the boot "
			   "loader's entry is taken instead",
			   place_of(l), rb->root);
		return REASON_NONE;
	}
	if (wish_set(&c->decided_by, place_of(l)) < 0) {
		kx_fail(err, -ENOMEM, "out of memory");
		return REASON_FAILED;
	}
	teller_say(&rb->teller, "%s decides: %s", place_of(l),
		   l->from_boot_loader ? "the boot loader's default entry"
		   : l->kernel	       ? l->kernel
				       : "nothing");
	if (l->from_boot_loader)
		return REASON_NONE;
	*ret_decided = true;
	return take_kernel(rb, c, l, err);
}

enum reason legacy_choose(const struct reboot *rb, const struct wish *wish, struct choice *choice,
			  bool *ret_decided, struct kx_error *err)
{
	_cleanup_legacy_ struct legacy legacy = { 0 };

	if (read_files(rb, &legacy, err) < 0)
		return REASON_FAILED;
	for (size_t i = 0; i < legacy.warnings.n; i++)
		teller_warn(&rb->teller, "%s", legacy.warnings.v[i]);
	return decide(rb, choice, &legacy, ret_decided, err);
}

/* ---- ordinary reboots */

void legacy_ordinary_reboot(const struct reboot *rb, const struct config *config,
			    struct legacy_word *ret)
{
	_cleanup_legacy_ struct legacy legacy = { 0 };
	struct kx_error err = { 0 };

	*ret = (struct legacy_word){ 0 };
	if (!config->import)
		return;
	if (read_files(rb, &legacy, &err) < 0) {
		teller_say(&rb->teller, "%s", err.message);
		return;
	}
	if (!legacy.enabled || !legacy.at_shutdown ||
	    !legacy_counts(legacy.kind, reboot_init_name(rb)))
		return;
	ret->fast = !legacy.unload;
	ret->cold = legacy.unload;
	(void)snprintf(ret->file, sizeof(ret->file), "%s",
		       legacy.enabled_by ? legacy.enabled_by : place_of(&legacy));
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

void legacy_cold_honoured(int root, const struct teller *teller)
{
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		int r = is_there_in(root, flags[i]) ? file_remove_in(root, flags[i]) : -ENOENT;

		if (r == 0)
			teller_say(teller, "%s: asked for this one reboot; removed", flags[i]);
		else if (r != -ENOENT)
			teller_say(teller, "%s: cannot be removed: %s", flags[i], strerror(-r));
	}
}
