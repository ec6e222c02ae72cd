// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/choice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mix.h"
#include "base/strbuf.h"
#include "config/foreign.h"
#include "preflight/preflight.h"
#include "reboot/choice-legacy.h"
#include "record/boot.h"

DEFINE_CLEANUP(struct kx_entries *, kx_entries_free)

static enum reason fail_memory(struct kx_error *err)
{
	kx_fail(err, -ENOMEM, "out of memory");
	return REASON_FAILED;
}

const char *chosen_by_name(enum chosen_by by)
{
	static const char *const names[] = { "loader", "settings", "name", "files", "other-tool" };

	return names[by];
}

static int copy_words(struct config_words *to, const char *const *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (config_words_add(to, from[i], strlen(from[i])) < 0)
			return -ENOMEM;
	return 0;
}

/* ---- settings */

static enum reason read_settings(const struct reboot *rb, struct choice *c, struct kx_error *err)
{
	_cleanup_close_ int here = machine_open(rb->sys);
	const struct foreign foreign = { &rb->teller };

	/* settings of another system that run programs, ask or permit something are not used
	 * here */
	if (config_read(here, &c->config, err) < 0 ||
	    (rb->place != PLACE_HERE &&
	     config_read_foreign(rb->system, &foreign, &c->config, err) < 0))
		return REASON_FAILED;
	for (size_t i = 0; i < c->config.warnings.n; i++)
		teller_warn(&rb->teller, "%s", c->config.warnings.v[i]);
	return REASON_NONE;
}

/* ---- by entry */

struct kx_entry choice_entry(const struct kx_entries *entries, size_t i)
{
	struct kx_entry entry = { .size = sizeof(entry) };

	(void)kx_entries_entry(entries, i, &entry);
	return entry;
}

enum reason choice_entries(const struct reboot *rb, const struct wish *wish,
			   struct kx_entries **ret, struct kx_error *err)
{
	_cleanup_close_ int here = machine_open(rb->sys);
	const struct kx_entries_opts opts = {
		.size = sizeof(opts),
		.config = wish->config,
		.type = wish->type,
		.firmware = wish->firmware,
		.grub_flavour = wish->grub_flavour,
		.vars = (const char *const *)wish->vars.v,
		.n_vars = wish->vars.n,
		.places = (const char *const *)wish->places.v,
		.n_places = wish->places.n,
		.flags = !rb->root && config_mounts_esp(here) ? KX_ENTRIES_MOUNT : 0,
	};
	int r = kx_entries_new(rb->entries_ctx, &opts, ret, err);

	return r >= 0 ? REASON_NONE : r == -ENOENT ? REASON_NO_ENTRY : REASON_FAILED;
}

/* The entry may have moved. Of several with the same content the one in its old place is taken. */
static enum reason find_pick(const struct choice *c, const struct pick *pick, size_t *ret,
			     struct kx_error *err)
{
	size_t found = c->list.n_entries;

	for (size_t i = c->list.n_entries; i-- > 0;) {
		const struct kx_entry e = choice_entry(c->entries, i);

		if (pick_is(pick, &e) &&
		    (found == c->list.n_entries || e.source_line == pick->source_line))
			found = i;
	}
	if (found == c->list.n_entries) {
		kx_fail(err, -ENOENT,
			"\"%s\" is not in the boot configuration any more as it was chosen: the "
			"configuration has changed meanwhile",
			pick->title);
		return REASON_ENTRY_CHANGED;
	}
	*ret = found;
	return REASON_NONE;
}

static enum reason find_entry(const struct choice *c, const struct wish *wish, size_t *ret,
			      struct kx_error *err)
{
	const char *name = wish->entry ? wish->entry : c->config.default_entry;
	int r;

	if (wish->pick)
		return find_pick(c, wish->pick, ret, err);
	r = kx_entries_find(c->entries, name ? name : "default", ret, err);
	return r >= 0 ? REASON_NONE : r == -ENOMEM ? REASON_FAILED : REASON_NO_ENTRY;
}

static enum reason refuse_entry(const struct reboot *rb, const struct kx_entry *e,
				struct kx_error *err)
{
	for (size_t i = 0; i < e->n_warnings; i++)
		teller_say(&rb->teller, "%s", e->warnings[i]);
	kx_fail(err, -ENOENT, "\"%s\" cannot be started: %s. `rapidreboot show` tells more.",
		e->title,
		e->is_broken ? "files of it are missing"
			     : "not all that it loads is there, or known here");
	return REASON_NOT_BOOTABLE;
}

static enum reason copy_entry(struct choice *c, const struct kx_entry *e, struct kx_error *err)
{
	c->type = e->type;
	c->is_broken = e->is_broken;
	if (wish_set(&c->title, e->title ? e->title : e->id) < 0 ||
	    wish_set(&c->version, e->version) < 0 || wish_set(&c->kernel, e->kernel) < 0 ||
	    wish_set(&c->cmdline, e->cmdline) < 0 || wish_set(&c->devicetree, e->devicetree) < 0 ||
	    wish_set(&c->only_firmware, is_for_firmware(e->type) && e->n_warnings
						? e->warnings[e->n_warnings - 1]
						: NULL) < 0 ||
	    copy_words(&c->initrds, e->initrds, e->n_initrds) < 0 ||
	    copy_words(&c->modules, e->modules, e->n_modules) < 0)
		return fail_memory(err);
	return REASON_NONE;
}

/* The loader starts it, but which of this machine's files that means was guessed. */
static int note_guess(struct choice *c, const struct kx_entry *e)
{
	if (c->by != CHOSEN_BY_LOADER || c->guess)
		return 0;
	return wish_set(&c->guess, e->guess);
}

static enum reason by_entry(const struct reboot *rb, const struct wish *wish, struct choice *c,
			    struct kx_error *err)
{
	enum reason reason = choice_entries(rb, wish, &c->entries, err);
	struct kx_entry e;

	if (reason != REASON_NONE)
		return reason;
	c->list.size = sizeof(c->list);
	(void)kx_entries_info(c->entries, &c->list);
	if (!wish->entry && !wish->pick && !c->config.default_entry &&
	    wish_set(&c->guess, c->list.guess) < 0)
		return fail_memory(err);
	reason = find_entry(c, wish, &c->index, err);
	if (reason != REASON_NONE)
		return reason;
	c->by = wish->entry || wish->pick ? CHOSEN_BY_NAME
		: c->config.default_entry ? CHOSEN_BY_SETTINGS
					  : CHOSEN_BY_LOADER;
	e = choice_entry(c->entries, c->index);
	reason = copy_entry(c, &e, err);
	if (reason == REASON_NONE && note_guess(c, &e) < 0)
		return fail_memory(err);
	if (reason == REASON_NONE && c->by == CHOSEN_BY_SETTINGS &&
	    wish_set(&c->decided_by, CONFIG_FILE) < 0)
		return fail_memory(err);
	if (reason == REASON_NONE && !e.bootable && (e.is_broken || !is_for_firmware(e.type)))
		return refuse_entry(rb, &e, err);
	return reason;
}

/* ---- by files */

static enum reason by_files(const struct wish *wish, struct choice *c, struct kx_error *err)
{
	c->by = CHOSEN_BY_FILES;
	if (wish_set(&c->title, wish->kernel) < 0 || wish_set(&c->kernel, wish->kernel) < 0 ||
	    copy_words(&c->initrds, (const char *const *)wish->initrds.v, wish->initrds.n) < 0)
		return fail_memory(err);
	return REASON_NONE;
}

/* ---- the command line */

static enum reason take_running(const struct reboot *rb, struct choice *c, struct kx_error *err)
{
	char *running;

	if (kx_cmdline_running(rb->ctx, 0, &running, err) < 0)
		return REASON_FAILED;
	free(c->cmdline);
	c->cmdline = running;
	c->reuses_running = true;
	return REASON_NONE;
}

static enum reason take_cmdline(const struct reboot *rb, const struct wish *wish, struct choice *c,
				struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf append = { 0 };

	/* APPEND= of the settings is for entries */
	if (c->config.append && !wish->kernel && !wish->cmdline && c->by != CHOSEN_BY_OTHER_TOOL)
		strbuf_add(&append, c->config.append);
	if (wish->append)
		strbuf_add_word(&append, wish->append);
	if (append.failed || (append.n && wish_set(&c->append, append.s) < 0))
		return fail_memory(err);
	if (wish->cmdline)
		return wish_set(&c->cmdline, wish->cmdline) < 0 ? fail_memory(err) : REASON_NONE;
	return wish->reuse_cmdline ? take_running(rb, c, err) : REASON_NONE;
}

/* ---- digests */

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return mix(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

int choice_files_root(const struct reboot *rb, const struct choice *c)
{
	if (rb->place == PLACE_HERE || (rb->place == PLACE_INSTALLED && c->by == CHOSEN_BY_FILES))
		return ROOT_HERE;
	return rb->system;
}

static uint64_t file_state(int root, uint64_t hash, const char *path)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH);
	uint64_t facts[7] = { 0 };
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		facts[0] = st.st_dev;
		facts[1] = st.st_ino;
		facts[2] = (uint64_t)st.st_size;
		facts[3] = (uint64_t)st.st_mtim.tv_sec;
		facts[4] = (uint64_t)st.st_mtim.tv_nsec;
		facts[5] =
			(uint64_t)st.st_ctim.tv_sec; /* who sets mtime back cannot set this back */
		facts[6] = (uint64_t)st.st_ctim.tv_nsec;
	}
	return mix(hash, facts, sizeof(facts));
}

/* "path arguments…" */
static uint64_t module_state(int root, uint64_t hash, const char *module)
{
	_cleanup_free_ char *path = strndup(module, strcspn(module, " \t"));

	return file_state(root, hash, path ? path : "");
}

struct kx_ctx *choice_ctx(const struct reboot *rb, const struct choice *c)
{
	return c->by == CHOSEN_BY_FILES ? rb->ctx : rb->files_ctx;
}

uint64_t choice_files(const struct reboot *rb, const struct choice *c)
{
	const int root = choice_files_root(rb, c);
	uint64_t hash = c->kernel ? file_state(root, 0, c->kernel) : 0;

	for (size_t i = 0; i < c->initrds.n; i++)
		hash = file_state(root, hash, c->initrds.v[i]);
	for (size_t i = 0; i < c->modules.n; i++)
		hash = module_state(root, hash, c->modules.v[i]);
	return hash;
}

static void take_digest(const struct reboot *rb, struct choice *c)
{
	uint64_t hash;

	c->files = choice_files(rb, c);
	hash = mix_text(c->files, c->kernel);
	for (size_t i = 0; i < c->initrds.n; i++)
		hash = mix_text(hash, c->initrds.v[i]);
	for (size_t i = 0; i < c->modules.n; i++)
		hash = mix_text(hash, c->modules.v[i]);
	hash = mix_text(hash, c->cmdline);
	hash = mix_text(hash, c->append);
	(void)snprintf(c->digest, sizeof(c->digest), "%016llx", (unsigned long long)hash);
}

/* ---- all of it */

enum reason choice_make(const struct reboot *rb, const struct wish *wish, struct choice *ret,
			struct kx_error *err)
{
	bool decided = false;
	enum reason reason;

	*ret = (struct choice){ 0 };
	reason = read_settings(rb, ret, err);
	if (reason != REASON_NONE)
		return reason;
	ret->way = wish->way == KX_WAY_AUTO ? ret->config.way : wish->way;
	if (!wish_names_kernel(wish) && !ret->config.default_entry && ret->config.import)
		reason = legacy_choose(rb, wish, ret, &decided, err);
	if (reason == REASON_NONE && !decided)
		reason = wish->kernel ? by_files(wish, ret, err) : by_entry(rb, wish, ret, err);
	if (reason == REASON_NONE)
		reason = take_cmdline(rb, wish, ret, err);
	if (reason == REASON_NONE)
		take_digest(rb, ret);
	return reason;
}

void choice_done(struct choice *c)
{
	kx_entries_free(c->entries);
	free(c->decided_by);
	free(c->title);
	free(c->version);
	free(c->guess);
	free(c->kernel);
	free(c->cmdline);
	free(c->append);
	free(c->devicetree);
	free(c->only_firmware);
	config_words_done(&c->initrds);
	config_words_done(&c->modules);
	config_done(&c->config);
	*c = (struct choice){ 0 };
}
