// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "config/config.h"
#include "handover/init.h"
#include "preflight/volumes.h"
#include "reboot/load.h"
#include "reboot/wish.h"
#include "unlock/initramfs-tools.h"
#include "unlock/key-file.h"
#include "unlock/maker.h"

/* Where udev links volumes by the UUID of their header. */
#define BY_UUID "/dev/disk/by-uuid"

/* ---- the program */

struct found_tool {
	struct reboot_call call;
	struct key_tool tool;
};

static void found_tool_done(struct found_tool *found)
{
	reboot_call_done(&found->call);
}

static int find_tool(const struct reboot *rb, struct found_tool *ret, struct kx_error *err)
{
	static const char *const names[] = { "cryptsetup", NULL };

	*ret = (struct found_tool){ .tool = { rb->sys, rb->machine, NULL, BY_UUID } };
	if (call_program(rb->sys, &ret->call, names, NULL) < 0)
		return kx_fail(
			err, -ENOENT,
			"no cryptsetup in /usr/sbin, /usr/bin, /sbin or /bin: only that adds and "
			"removes keys");
	ret->tool.cryptsetup = ret->call.words[0];
	return 0;
}

/* ---- whether */

enum keys_by keys_by(const struct reboot *rb, const struct wish *wish, const struct config *config)
{
	if (wish->hands_keys)
		return KEYS_BY_PERSON;
	if (wish->no_keys || rb->place != PLACE_HERE || wish->when.text[0])
		return KEYS_BY_NOTHING;
	if (config->unlock == CONFIG_UNLOCK_ASK && wish->can_ask && rb->has_terminal)
		return KEYS_BY_PERSON;
	return config->unlock == CONFIG_UNLOCK_KEYFILE ? KEYS_BY_FILES : KEYS_BY_NOTHING;
}

/* ---- the initial ramdisk */

static struct bytes initrd_of(const struct kx_plan *plan, size_t n_segments)
{
	struct kx_segment segment = { .size = sizeof(segment) };

	for (size_t i = 0; i < n_segments; i++)
		if (kx_plan_segment(plan, i, &segment) == 0 && strcmp(segment.name, "initrd") == 0)
			return (struct bytes){ segment.data, (size_t)segment.data_size };
	return (struct bytes){ NULL, 0 };
}

/* A plan is the way to see it unpacked; it is never committed. */
static enum reason read_table(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	const struct choice *c = &s->choice;
	const struct kx_request request = {
		.size = sizeof(request),
		.image = s->image,
		.initrds = (const char *const *)c->initrds.v,
		.n_initrds = c->initrds.n,
		.cmdline = s->cmdline,
		.way = KX_WAY_SEGMENTS,
		.flags = KX_REQ_FAST | KX_REQ_COPY,
	};
	struct kx_plan_info info = { .size = sizeof(info) };
	enum initrd_maker maker = MADE_BY_UNKNOWN;
	struct kx_plan *plan;
	struct bytes table;
	int r = kx_plan_new(choice_ctx(rb, c), &request, &plan, err);

	if (r < 0)
		return REASON_PLAN;
	r = kx_plan_info(plan, &info);
	if (r == 0)
		r = initramfs_tools_table(initrd_of(plan, info.n_segments), &table);
	if (r == -ENOENT)
		maker = initrd_maker(initrd_of(plan, info.n_segments));
	if (r == 0) {
		s->keys.table = bytes_dup(table);
		r = s->keys.table ? 0 : -ENOMEM;
	}
	kx_plan_free(plan);
	if (r == 0)
		return REASON_NONE;
	if (r == -ENOENT)
		kx_fail(err, r,
			"%s: %s: keys can be handed only to a table of encrypted volumes of initramfs-tools "
			"(cryptroot/crypttab), yet",
			c->initrds.v[c->initrds.n - 1], initrd_maker_text(maker));
	else
		kx_fail(err, r,
			"%s: it cannot be unpacked here, so it is not known how it opens volumes",
			c->initrds.v[c->initrds.n - 1]);
	return REASON_UNLOCK;
}

static enum reason add_volume(struct keys *keys, const struct crypt_line *line,
			      struct kx_error *err)
{
	struct key_volume *v = &keys->v[keys->n];
	struct volume place = { .line = 0 };
	_cleanup_free_ char *source = bytes_dup(line->source);

	if (!source) {
		kx_fail(err, -ENOMEM, "out of memory");
		return REASON_FAILED;
	}
	if (keys->n == KEYS_MAX) {
		kx_fail(err, -E2BIG, "the initial ramdisk asks for more than %d volumes", KEYS_MAX);
		return REASON_UNLOCK;
	}
	volume_set_device(&place, source);
	*v = (struct key_volume){ .name = line->name };
	memcpy(v->device, place.device, sizeof(place.device));
	keys->n++;
	return REASON_NONE;
}

enum reason keys_find(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	enum reason reason;
	struct crypt_line line;
	struct lines lines;

	if (rb->place != PLACE_HERE) {
		kx_fail(err, -EROFS, "keys are handed to this system only, not to that below %s",
			rb->root);
		return REASON_ELSEWHERE;
	}
	if (s->choice.initrds.n == 0) {
		kx_fail(err, -ENOENT,
			"%s: there is no initial ramdisk in a file of its own to hand keys to",
			s->choice.title);
		return REASON_UNLOCK;
	}
	reason = read_table(rb, s, err);
	lines = lines_of((struct bytes){ (const uint8_t *)s->keys.table,
					 s->keys.table ? strlen(s->keys.table) : 0 });
	while (reason == REASON_NONE && crypt_line_next(&lines, &line))
		if (crypt_line_asks(&line))
			reason = add_volume(&s->keys, &line, err);
	return reason;
}

/* ---- keys */

enum reason keys_test(const struct reboot *rb, const struct key_volume *v, struct kx_error *err)
{
	_cleanup_(found_tool_done) struct found_tool found = { 0 };

	return find_tool(rb, &found, err) < 0 ||
			       one_shot_test(&found.tool, v->device, &v->passphrase, err) < 0
		       ? REASON_UNLOCK
		       : REASON_NONE;
}

enum reason keys_from_files(const struct reboot *rb, struct start *s, struct kx_error *err)
{
	enum reason reason = keys_find(rb, s, err);

	for (size_t i = 0; i < s->keys.n && reason == REASON_NONE; i++) {
		struct key_volume *v = &s->keys.v[i];

		reason = key_file_read(rb->machine, v->name, &v->passphrase, err) < 0
				 ? REASON_UNLOCK
				 : keys_test(rb, v, err);
	}
	return reason;
}

static int make_archive(const struct key_tool *tool, struct keys *keys, struct kx_error *err)
{
	struct handed_key handed[KEYS_MAX] = { 0 };
	size_t n;
	int r = one_shot_kill(tool, &n, err); /* of an attempt before this one */

	for (size_t i = 0; i < keys->n && r == 0; i++) {
		struct key_volume *v = &keys->v[i];

		handed[i].name = v->name;
		r = one_shot_add(tool, v->device, &v->passphrase, &handed[i].key, err);
		secret_done(&v->passphrase);
	}
	if (r == 0) {
		const struct bytes table = { (const uint8_t *)keys->table, strlen(keys->table) };

		r = initramfs_tools_archive(table, handed, keys->n, &keys->archive);
		if (r < 0)
			kx_fail(err, r, "no archive of keys can be made: %s", strerror(-r));
	}
	for (size_t i = 0; i < keys->n; i++)
		secret_done(&handed[i].key);
	if (r < 0)
		(void)!one_shot_kill(tool, &n, NULL); /* what is left stays in the record */
	return r;
}

enum reason keys_make(const struct reboot *rb, struct keys *keys, struct kx_error *err)
{
	_cleanup_(found_tool_done) struct found_tool found = { 0 };

	return find_tool(rb, &found, err) < 0 || make_archive(&found.tool, keys, err) < 0
		       ? REASON_UNLOCK
		       : REASON_NONE;
}

void keys_withdraw(const struct reboot *rb)
{
	_cleanup_(found_tool_done) struct found_tool found = { 0 };
	struct slot_record record;
	struct kx_error err = { 0 };
	size_t n = 0;

	/* most systems have none, and need no cryptsetup */
	if (slot_record_read(rb->machine, &record) == 0 && record.n == 0)
		return;
	if (find_tool(rb, &found, &err) < 0 || one_shot_kill(&found.tool, &n, &err) < 0)
		teller_warn(&rb->teller,
			    "a key slot that is named in " SLOT_RECORD " was not emptied: %s",
			    err.message);
	if (n)
		teller_say(&rb->teller, "removed %zu one-shot key%s of encrypted volumes", n,
			   n == 1 ? "" : "s");
}

void keys_done(struct keys *keys)
{
	for (size_t i = 0; i < keys->n; i++)
		secret_done(&keys->v[i].passphrase);
	secret_done(&keys->archive);
	free(keys->table);
	*keys = (struct keys){ .n = 0 };
}
