// SPDX-License-Identifier: LGPL-2.1-or-later
/* In the confined child: calls of struct outside -> questions. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mapped.h"
#include "confined/channel.h"
#include "lib/outside-channel.h"

struct question {
	uint8_t p[QUESTION_MAX];
	struct message_out out;
};

static struct message_out *begin(struct question *q, enum outside_question what)
{
	q->out = (struct message_out){ .p = q->p, .max = sizeof(q->p) };
	message_put_u32(&q->out, what);
	return &q->out;
}

/* ---- the forms that answers have */

/* Bytes, and a file where @ret_fd is not NULL; also bytes when it fails, of which only outside.look makes use. */
static int ask_fd(struct outside *out, const struct question *q, uint8_t **ret, size_t *ret_n,
		  int *ret_fd)
{
	if (q->out.is_full)
		return -ENAMETOOLONG;
	return channel_ask(((struct outside_asker *)out)->channel, (struct bytes){ q->p, q->out.n },
			   ret, ret_n, ret_fd);
}

static int ask_bytes(struct outside *out, const struct question *q, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint8_t *answer = NULL;
	size_t n = 0;
	int r = ask_fd(out, q, &answer, &n, NULL);

	if (r < 0)
		return r;
	*ret = TAKE_PTR(answer);
	*ret_n = n;
	return 0;
}

/* @ret is taken from @ret_owned, which is to be freed. */
static int ask_message(struct outside *out, const struct question *q, uint8_t **ret_owned,
		       struct message_in *ret)
{
	size_t n = 0;
	int r = ask_bytes(out, q, ret_owned, &n);

	if (r == 0)
		*ret = (struct message_in){ .rest = { *ret_owned, n } };
	return r;
}

static int ask_numbers(struct outside *out, const struct question *q, uint64_t *ret, size_t n)
{
	_cleanup_free_ uint8_t *answer = NULL;
	struct message_in in;
	int r = ask_message(out, q, &answer, &in);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		ret[i] = message_take_u64(&in);
	return message_end(&in);
}

/* Numbers about a file or device of that name. */
static int ask_numbers_of(struct outside *out, enum outside_question what, const char *name,
			  uint64_t *ret, size_t n)
{
	struct question q;

	message_put_text(begin(&q, what), name);
	return ask_numbers(out, &q, ret, n);
}

/* ---- files */

static int ask_type(struct outside *out, const char *path, enum entry_file_type *ret)
{
	uint64_t type;
	int r = ask_numbers_of(out, ASK_TYPE, path, &type, 1);

	if (r == 0)
		*ret = (enum entry_file_type)type;
	return r;
}

static int ask_stat(struct outside *out, const char *path, struct outside_stat *ret)
{
	uint64_t v[2];
	int r = ask_numbers_of(out, ASK_STAT, path, v, 2);

	if (r == 0)
		*ret = (struct outside_stat){ .dev = v[0], .ino = v[1] };
	return r;
}

static int ask_read(struct outside *out, const char *path, size_t max, uint8_t **ret, size_t *ret_n)
{
	struct question q;

	message_put_text(begin(&q, ASK_READ), path);
	message_put_u64(&q.out, max);
	return ask_bytes(out, &q, ret, ret_n);
}

static int ask_head(struct outside *out, const char *path, uint8_t *buf, size_t n, size_t *ret_n)
{
	_cleanup_free_ uint8_t *head = NULL;
	struct question q;
	size_t got = 0;
	int r;

	message_put_text(begin(&q, ASK_HEAD), path);
	message_put_u64(&q.out, n);
	r = ask_bytes(out, &q, &head, &got);
	if (r < 0)
		return r;
	*ret_n = got < n ? got : n;
	memcpy(buf, head, *ret_n);
	return 0;
}

static int ask_list(struct outside *out, const char *path, struct strlist *ret)
{
	_cleanup_free_ uint8_t *answer = NULL;
	struct message_in in;
	struct strlist names;
	struct question q;
	int r;

	message_put_text(begin(&q, ASK_LIST), path);
	r = ask_message(out, &q, &answer, &in);
	if (r < 0)
		return r;
	message_take_texts(&in, &names);
	r = message_end(&in);
	if (r < 0)
		strlist_done(&names);
	else
		*ret = names;
	return r;
}

static int tell_unmapped(struct outside *out, uint64_t number)
{
	struct question q;

	message_put_u64(begin(&q, ASK_UNMAP), number);
	return ask_numbers(out, &q, NULL, 0);
}

static int map_handed(int fd, size_t n, const uint8_t **ret)
{
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	int r;

	if (fd >= 0)
		(void)close(fd);
	if (p == MAP_FAILED)
		return -ENOMEM;
	r = mapped_add_handed(p, n);
	if (r < 0)
		(void)munmap(p, n);
	else
		*ret = p;
	return r;
}

static int ask_map(struct outside *out, const char *path, const uint8_t **ret, size_t *ret_n)
{
	struct outside_asker *asker = (struct outside_asker *)out;
	_cleanup_free_ uint8_t *answer = NULL;
	struct message_in in = { 0 };
	struct question q;
	uint64_t n, number;
	int r, fd = -1;

	message_put_text(begin(&q, ASK_MAP), path);
	r = ask_fd(out, &q, &answer, &in.rest.n, &fd);
	if (r < 0)
		return r;
	in.rest.p = answer;
	n = message_take_u64(&in);
	number = message_take_u64(&in);
	r = map_handed(fd, (size_t)n, &asker->maps[number % ASKED_MAPS_MAX]);
	if (r < 0) {
		(void)!tell_unmapped(out, number);
		return r;
	}
	*ret = asker->maps[number % ASKED_MAPS_MAX];
	*ret_n = (size_t)n;
	return 0;
}

static void ask_unmap(struct outside *out, const uint8_t *p, size_t n)
{
	struct outside_asker *asker = (struct outside_asker *)out;

	mapped_remove(p);
	(void)munmap((void *)(uintptr_t)p, n);
	for (size_t i = 0; i < ASKED_MAPS_MAX; i++) {
		if (asker->maps[i] != p)
			continue;
		asker->maps[i] = NULL;
		(void)!tell_unmapped(out, i);
		return;
	}
}

/* ---- mounts */

static int ask_mounts(struct outside *out, enum outside_mounts *ret_where, uint8_t **ret,
		      size_t *ret_n, char **ret_root)
{
	_cleanup_free_ uint8_t *answer = NULL, *text = NULL;
	_cleanup_free_ char *root = NULL;
	struct message_in in;
	struct question q;
	struct bytes table;
	uint32_t where;
	int r;

	(void)begin(&q, ASK_MOUNTS);
	r = ask_message(out, &q, &answer, &in);
	if (r < 0)
		return r;
	where = message_take_below(&in, OUTSIDE_MOUNTS_LIVE + 1);
	root = message_take_text(&in);
	table = message_take_bytes(&in);
	text = malloc(table.n + 1);
	r = message_end(&in);
	if (r < 0 || !text)
		return r < 0 ? r : -ENOMEM;
	if (table.n)
		memcpy(text, table.p, table.n);
	*ret_where = (enum outside_mounts)where;
	*ret = TAKE_PTR(text);
	*ret_n = table.n;
	*ret_root = TAKE_PTR(root);
	return 0;
}

/* ---- devices */

/* A device whose name is @name in the sense of @what. */
static int ask_device_of(struct outside *out, enum outside_question what, const char *name,
			 dev_t *ret)
{
	uint64_t device;
	int r = ask_numbers_of(out, what, name, &device, 1);

	if (r == 0)
		*ret = (dev_t)device;
	return r;
}

static int ask_device(struct outside *out, const char *path, dev_t *ret)
{
	return ask_device_of(out, ASK_DEVICE, path, ret);
}

static int ask_find_volume(struct outside *out, const char *name, dev_t *ret)
{
	return ask_device_of(out, ASK_FIND_VOLUME, name, ret);
}

static int ask_find_tag(struct outside *out, const char *tag, const char *value, dev_t *ret)
{
	struct question q;
	uint64_t device;
	int r;

	message_put_text(begin(&q, ASK_FIND_TAG), tag);
	message_put_text(&q.out, value);
	r = ask_numbers(out, &q, &device, 1);
	if (r == 0)
		*ret = (dev_t)device;
	return r;
}

static int ask_get_tag(struct outside *out, const char *device, const char *tag, char **ret)
{
	_cleanup_free_ uint8_t *answer = NULL;
	_cleanup_free_ char *value = NULL;
	struct message_in in;
	struct question q;
	int r;

	message_put_text(begin(&q, ASK_GET_TAG), device);
	message_put_text(&q.out, tag);
	r = ask_message(out, &q, &answer, &in);
	if (r < 0)
		return r;
	value = message_take_some_text(&in);
	r = message_end(&in);
	if (r == 0)
		*ret = TAKE_PTR(value);
	return r;
}

static int ask_partition(struct outside *out, dev_t device, struct machine_partition *ret)
{
	struct question q;
	uint64_t v[3];
	int r;

	message_put_u64(begin(&q, ASK_PARTITION), device);
	r = ask_numbers(out, &q, v, 3);
	if (r == 0)
		*ret = (struct machine_partition){ .disk = (dev_t)v[0],
						   .number = (unsigned)v[1],
						   .is_gpt = v[2] != 0 };
	return r;
}

static int ask_read_at(struct outside *out, const char *device, uint64_t at, size_t n,
		       uint8_t **ret)
{
	_cleanup_free_ uint8_t *answer = NULL;
	struct question q;
	size_t got = 0;
	int r;

	message_put_text(begin(&q, ASK_READ_AT), device);
	message_put_u64(&q.out, at);
	message_put_u64(&q.out, n);
	r = ask_bytes(out, &q, &answer, &got);
	if (r == 0 && got < n)
		r = -ENODATA;
	if (r == 0)
		*ret = TAKE_PTR(answer);
	return r;
}

/* ---- partitions that nobody has mounted */

static int take_mounts(struct message_in *in, struct mounts *mounts)
{
	int r = 0;

	while (r == 0 && in->r == 0 && in->rest.n) {
		_cleanup_free_ char *dir = message_take_some_text(in);
		_cleanup_free_ char *fsroot = message_take_some_text(in);
		_cleanup_free_ char *type = message_take_some_text(in);
		_cleanup_free_ char *source = message_take_some_text(in);

		if (in->r == 0)
			r = mounts_add(mounts, dir, fsroot, type, source);
	}
	return r < 0 ? r : in->r;
}

static int ask_look(struct outside *out, const char *uuid, bool is_mounted, struct mounts *mounts,
		    struct kx_error *err)
{
	_cleanup_free_ uint8_t *answer = NULL;
	_cleanup_free_ char *why = NULL, *file = NULL;
	struct message_in in = { 0 };
	struct question q;
	int r;

	message_put_text(begin(&q, ASK_LOOK), uuid);
	message_put_u32(&q.out, is_mounted);
	r = ask_fd(out, &q, &answer, &in.rest.n, NULL);
	in.rest.p = answer;
	if (r == 0)
		return take_mounts(&in, mounts);
	why = message_take_text(&in);
	file = message_take_text(&in);
	(void)kx_fail(err, r, "%s", why ? why : strerror(-r));
	return file && *file ? kx_fail_file(err, r, file) : r;
}

void outside_asker_init(struct outside_asker *asker, int channel, bool may_look)
{
	*asker = (struct outside_asker){
		.out = { .type = ask_type,
			 .stat = ask_stat,
			 .read = ask_read,
			 .head = ask_head,
			 .list = ask_list,
			 .map = ask_map,
			 .unmap = ask_unmap,
			 .mounts = ask_mounts,
			 .device = ask_device,
			 .find_tag = ask_find_tag,
			 .get_tag = ask_get_tag,
			 .find_volume = ask_find_volume,
			 .partition = ask_partition,
			 .read_at = ask_read_at,
			 .look = may_look ? ask_look : NULL },
		.channel = channel,
	};
}
