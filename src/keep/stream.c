// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/stream.h"

#include <errno.h>
#include <string.h>

#include "fundamental/put.h"

enum { HEAD = 48, END = 8, UNIT = 8 };
static const char entry_magic[] = "RRKF", end_magic[] = "RRKE\0\0\0";

static size_t padding(size_t n)
{
	return -n & (UNIT - 1);
}

int stream_add(struct stream *s, const struct stream_entry *e, uint8_t **ret_data)
{
	const size_t room = s->max - s->n, n = HEAD + e->path.n;
	uint8_t *p = s->p + s->n;

	if (n > room || e->data.n > room - n || padding(n + e->data.n) > room - n - e->data.n)
		return -ENOSPC;
	memcpy(p, entry_magic, 4);
	put_le32(p + 4, e->mode);
	put_le32(p + 8, e->uid);
	put_le32(p + 12, e->gid);
	put_le64(p + 16, e->seconds);
	put_le64(p + 24, e->nanoseconds);
	put_le64(p + 32, e->path.n);
	put_le64(p + 40, e->data.n);
	memcpy(p + HEAD, e->path.p, e->path.n);
	memset(p + n + e->data.n, 0, padding(n + e->data.n));
	*ret_data = p + n;
	s->n += n + e->data.n + padding(n + e->data.n);
	return 0;
}

int stream_end(struct stream *s)
{
	if (s->max - s->n < END)
		return -ENOSPC;
	memcpy(s->p + s->n, end_magic, END);
	s->n += END;
	return 0;
}

static bool is_part(const uint8_t *p, size_t n)
{
	return n > 0 && !(n == 1 && p[0] == '.') && !(n == 2 && p[0] == '.' && p[1] == '.');
}

static bool is_path(struct bytes path)
{
	size_t start = 1;

	if (path.n < 2 || path.n > STREAM_PATH_MAX || path.p[0] != '/' || memchr(path.p, 0, path.n))
		return false;
	for (size_t i = 1; i <= path.n; i++)
		if (i == path.n || path.p[i] == '/') {
			if (!is_part(path.p + start, i - start))
				return false;
			start = i + 1;
		}
	return true;
}

int stream_next(struct bytes *rest, struct stream_entry *ret)
{
	struct stream_entry e;
	uint64_t n_path, n;
	size_t used;

	if (bytes_is_at(*rest, 0, end_magic, END))
		return 0;
	if (!bytes_is_at(*rest, 0, entry_magic, 4) || !bytes_le32(*rest, 4, &e.mode) ||
	    !bytes_le32(*rest, 8, &e.uid) || !bytes_le32(*rest, 12, &e.gid) ||
	    !bytes_le64(*rest, 16, &e.seconds) || !bytes_le64(*rest, 24, &e.nanoseconds) ||
	    !bytes_le64(*rest, 32, &n_path) || !bytes_le64(*rest, 40, &n) ||
	    !bytes_sub(*rest, HEAD, n_path, &e.path) || !is_path(e.path) ||
	    !bytes_sub(*rest, HEAD + n_path, n, &e.data))
		return -EBADMSG;
	used = HEAD + e.path.n + e.data.n;
	if (!bytes_has(*rest, used, padding(used)))
		return -EBADMSG;
	used += padding(used);
	*rest = (struct bytes){ rest->p + used, rest->n - used };
	*ret = e;
	return 1;
}
