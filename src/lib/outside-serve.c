// SPDX-License-Identifier: LGPL-2.1-or-later
/* In the parent of a confined child: questions -> calls of struct outside. Questions are hostile bytes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/outside-channel.h"

/* Steps of the budget that a question costs beside its file, and one for which disks are read. */
enum { QUESTION_STEPS = 128, PROBE_STEPS = 16384, NUMBERS_MAX = 3 * sizeof(uint64_t) };

struct asked {
	struct outside_server *server;
	struct message_in in;
	struct reader_answer *answer;
};

/* A path of the form that struct outside wants. */
static char *take_path(struct asked *a)
{
	char *path = message_take_some_text(&a->in);

	if (path && path[0] != '/') {
		free(path);
		path = NULL;
		a->in.r = -EPROTO;
	}
	return path;
}

static int take(struct asked *a, enum budget_kind kind, uint64_t n)
{
	return budget_take(a->server->budget, kind, n);
}

/* The whole question was read, and what it costs is there. */
static int begin(struct asked *a, enum budget_kind kind, uint64_t n)
{
	const int r = message_end(&a->in);

	return r < 0 ? r : take(a, kind, n);
}

static int give(struct asked *a, uint8_t *owned, size_t n)
{
	a->answer->owned = owned;
	a->answer->body = (struct bytes){ owned, n };
	return 0;
}

static int give_message(struct asked *a, struct message_out *out)
{
	if (out->is_full) {
		free(out->p);
		return -EOVERFLOW;
	}
	return give(a, out->p, out->n);
}

static int message_new(size_t max, struct message_out *ret)
{
	*ret = (struct message_out){ .p = malloc(max), .max = max };
	return ret->p ? 0 : -ENOMEM;
}

static int give_numbers(struct asked *a, const uint64_t *v, size_t n)
{
	struct message_out out;
	int r = message_new(NUMBERS_MAX, &out);

	for (size_t i = 0; r == 0 && i < n; i++)
		message_put_u64(&out, v[i]);
	return r < 0 ? r : give_message(a, &out);
}

/* ---- files */

static int on_type(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *path = take_path(a);
	enum entry_file_type type = ENTRY_FILE_NONE;
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);

	if (r == 0)
		r = out->type(out, path, &type);
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ type }, 1);
}

static int on_stat(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *path = take_path(a);
	struct outside_stat st;
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);

	if (r == 0)
		r = out->stat(out, path, &st);
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ st.dev, st.ino }, 2);
}

static int give_file(struct asked *a, uint8_t *file, size_t n)
{
	const int r = take(a, BUDGET_BYTES, n);

	(void)give(a, file, n);
	return r;
}

static int on_read(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *path = take_path(a);
	const uint64_t max = message_take_u64(&a->in),
		       left = budget_left(a->server->budget, BUDGET_BYTES);
	uint8_t *file = NULL;
	size_t n = 0;
	int r = begin(a, BUDGET_FILES, 1);

	if (r == 0)
		r = out->read(out, path, (size_t)(max < left ? max : left), &file, &n);
	return r < 0 ? r : give_file(a, file, n);
}

/* Longest beginning of a file that is asked for. */
enum { HEAD_MAX = 1 << 20 };

static int on_head(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *path = take_path(a);
	_cleanup_free_ uint8_t *head = NULL;
	const uint64_t max = message_take_u64(&a->in);
	size_t n = 0;
	int r = begin(a, BUDGET_FILES, 1);

	if (r == 0 && max > HEAD_MAX)
		r = -EPROTO;
	if (r < 0)
		return r;
	head = malloc((size_t)max + 1);
	if (!head)
		return -ENOMEM;
	r = out->head(out, path, head, (size_t)max, &n);
	return r < 0 ? r : give_file(a, TAKE_PTR(head), n);
}

static int on_list(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *path = take_path(a);
	struct strlist names = { 0 };
	struct message_out message;
	size_t n = sizeof(uint32_t);
	int r = begin(a, BUDGET_FILES, 1);

	if (r == 0)
		r = out->list(out, path, &names);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.n; i++)
		n += sizeof(uint32_t) + strlen(names.v[i]);
	r = take(a, BUDGET_STEPS, (uint64_t)names.n * QUESTION_STEPS);
	if (r == 0)
		r = message_new(n, &message);
	if (r == 0) {
		message_put_texts(&message, &names);
		r = give_message(a, &message);
	}
	strlist_done(&names);
	return r;
}

/* It is mapped here as well, so that it is looked at whether it was changed (base/mapped.h). */
static int on_map(struct asked *a)
{
	struct outside_server *server = a->server;
	_cleanup_free_ char *path = take_path(a);
	size_t i = 0;
	int r = begin(a, BUDGET_FILES, 1), fd;

	while (i < ASKED_MAPS_MAX && server->maps[i].p)
		i++;
	if (r == 0 && i == ASKED_MAPS_MAX)
		r = -EMFILE;
	if (r < 0)
		return r;
	fd = server->out->open(server->out, path);
	if (fd < 0)
		return fd;
	a->answer->fd = fd;
	r = outside_map_fd(fd, &server->maps[i].p, &server->maps[i].n);
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ server->maps[i].n, i }, 2);
}

static void unmap(struct outside_server *server, size_t i)
{
	if (server->maps[i].p)
		server->out->unmap(server->out, server->maps[i].p, server->maps[i].n);
	server->maps[i].p = NULL;
}

static int on_unmap(struct asked *a)
{
	const uint64_t i = message_take_u64(&a->in);
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);

	if (r == 0 && i >= ASKED_MAPS_MAX)
		r = -EPROTO;
	if (r == 0)
		unmap(a->server, (size_t)i);
	return r;
}

/* ---- mounts and devices */

static int on_mounts(struct asked *a)
{
	struct outside_server *server = a->server;
	enum outside_mounts where = OUTSIDE_MOUNTS_NONE;
	_cleanup_free_ uint8_t *text = NULL;
	_cleanup_free_ char *root = NULL;
	struct message_out message;
	size_t n = 0;
	int r = begin(a, BUDGET_FILES, 1);

	if (r == 0 && server->mounts)
		r = -EPROTO; /* once is enough */
	if (r == 0)
		r = server->out->mounts(server->out, &where, &text, &n, &root);
	if (r == 0)
		r = message_new(n + (root ? strlen(root) : 0) + 3 * sizeof(uint32_t), &message);
	if (r < 0)
		return r;
	message_put_u32(&message, where);
	message_put_text(&message, root);
	message_put_bytes(&message, (struct bytes){ text, n });
	if (where == OUTSIDE_MOUNTS_LIVE)
		server->mounts = strndup((const char *)text, n);
	return give_message(a, &message);
}

/* It is one of those that file systems of the table are on, or that were looked into: no other is opened. */
static bool has_device(const struct outside_server *server, const char *device)
{
	const size_t n = strlen(device);

	if (device[0] != '/') /* "" is found everywhere, also behind the end */
		return false;
	for (size_t i = 0; i < server->devices.n; i++)
		if (strcmp(server->devices.v[i], device) == 0)
			return true;
	for (const char *p = server->mounts; p && (p = strstr(p, device)); p++)
		if (p > server->mounts && p[-1] == ' ' && p[n] == ' ')
			return true;
	return false;
}

static int on_device(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *path = message_take_some_text(&a->in);
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);
	dev_t d;

	if (r == 0)
		r = path[0] == '/' ? out->device(out, path, &d) : -ENOENT;
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ d }, 1);
}

static bool is_tag(const char *tag)
{
	static const char *const tags[] = { "UUID", "LABEL", "PARTUUID", "PARTLABEL" };

	for (size_t i = 0; tag && i < sizeof(tags) / sizeof(tags[0]); i++)
		if (strcmp(tags[i], tag) == 0)
			return true;
	return false;
}

static int on_find_tag(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *tag = message_take_some_text(&a->in);
	_cleanup_free_ char *value = message_take_some_text(&a->in);
	int r = begin(a, BUDGET_STEPS, PROBE_STEPS);
	dev_t d;

	if (r == 0 && !is_tag(tag))
		r = -EPROTO;
	if (r == 0)
		r = out->find_tag(out, tag, value, &d);
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ d }, 1);
}

static int on_get_tag(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *device = message_take_some_text(&a->in);
	_cleanup_free_ char *tag = message_take_some_text(&a->in);
	_cleanup_free_ char *value = NULL;
	struct message_out message;
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);

	if (r == 0 && !is_tag(tag))
		r = -EPROTO;
	if (r == 0)
		r = has_device(a->server, device) ? out->get_tag(out, device, tag, &value)
						  : -ENODATA;
	if (r == 0)
		r = message_new(sizeof(uint32_t) + strlen(value), &message);
	if (r < 0)
		return r;
	message_put_text(&message, value);
	return give_message(a, &message);
}

static int on_find_volume(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *name = message_take_some_text(&a->in);
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);
	dev_t d;

	if (r == 0)
		r = out->find_volume(out, name, &d);
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ d }, 1);
}

static int on_partition(struct asked *a)
{
	struct outside *out = a->server->out;
	const dev_t device = (dev_t)message_take_u64(&a->in);
	struct machine_partition p;
	int r = begin(a, BUDGET_STEPS, QUESTION_STEPS);

	if (r == 0)
		r = out->partition(out, device, &p);
	return r < 0 ? r : give_numbers(a, (const uint64_t[]){ p.disk, p.number, p.is_gpt }, 3);
}

static int on_read_at(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *device = message_take_some_text(&a->in);
	const uint64_t at = message_take_u64(&a->in), n = message_take_u64(&a->in);
	uint8_t *blocks = NULL;
	int r = begin(a, BUDGET_BYTES, n);

	if (r == 0)
		r = has_device(a->server, device)
			    ? out->read_at(out, device, at, (size_t)n, &blocks)
			    : -ENODEV;
	return r < 0 ? r : give(a, blocks, (size_t)n);
}

static int give_mounts(struct asked *a, const struct mounts *mounts)
{
	struct message_out message;
	size_t n = 1;
	int r;

	for (size_t i = 0; i < mounts->n; i++) {
		const struct mount *m = &mounts->v[i];

		n += 4 * sizeof(uint32_t) + strlen(m->dir) + strlen(m->fsroot) + strlen(m->type) +
		     strlen(m->source);
	}
	r = message_new(n, &message);
	for (size_t i = 0; r == 0 && i < mounts->n; i++) {
		message_put_text(&message, mounts->v[i].dir);
		message_put_text(&message, mounts->v[i].fsroot);
		message_put_text(&message, mounts->v[i].type);
		message_put_text(&message, mounts->v[i].source);
		r = strlist_add(&a->server->devices, mounts->v[i].source);
		if (r < 0)
			free(message.p);
	}
	return r < 0 ? r : give_message(a, &message);
}

static int give_reason(struct asked *a, const struct kx_error *why)
{
	struct message_out message;
	const int r = message_new(sizeof(*why), &message);

	if (r < 0)
		return r;
	message_put_text(&message, why->message);
	message_put_text(&message, why->file);
	return give_message(a, &message);
}

static int on_look(struct asked *a)
{
	struct outside *out = a->server->out;
	_cleanup_free_ char *uuid = message_take_some_text(&a->in);
	const bool is_mounted = message_take_bool(&a->in);
	struct mounts mounts = { 0 };
	struct kx_error why = { 0 };
	int r = begin(a, BUDGET_STEPS, PROBE_STEPS);

	if (r == 0 && !out->look)
		r = -EPROTO;
	if (r < 0)
		return r;
	r = out->look(out, uuid, is_mounted, &mounts, &why);
	if (r == 0)
		r = give_mounts(a, &mounts);
	else if (give_reason(a, &why) < 0)
		r = -ENOMEM;
	mounts_done(&mounts);
	return r;
}

static int (*const calls[N_QUESTIONS])(struct asked *a) = {
	[ASK_TYPE] = on_type,		[ASK_STAT] = on_stat,
	[ASK_READ] = on_read,		[ASK_HEAD] = on_head,
	[ASK_LIST] = on_list,		[ASK_MAP] = on_map,
	[ASK_UNMAP] = on_unmap,		[ASK_MOUNTS] = on_mounts,
	[ASK_DEVICE] = on_device,	[ASK_FIND_TAG] = on_find_tag,
	[ASK_GET_TAG] = on_get_tag,	[ASK_FIND_VOLUME] = on_find_volume,
	[ASK_PARTITION] = on_partition, [ASK_READ_AT] = on_read_at,
	[ASK_LOOK] = on_look,
};

int outside_answer(struct outside_server *server, struct bytes question, struct reader_answer *ret)
{
	struct asked a = { server, { .rest = question }, ret };
	const uint32_t what = message_take_below(&a.in, N_QUESTIONS);

	if (a.in.r < 0)
		return -EPROTO;
	ret->code = calls[what](&a);
	if (a.in.r < 0 || ret->code == -EPROTO)
		return -EPROTO;
	return server->budget && server->budget->spent != BUDGET_KINDS ? BUDGET_SPENT : 0;
}

void outside_server_done(struct outside_server *server)
{
	for (size_t i = 0; i < ASKED_MAPS_MAX; i++)
		unmap(server, i);
	strlist_done(&server->devices);
	free(server->mounts);
}
