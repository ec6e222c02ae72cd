// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unlock/slot-record.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"

#define DIRECTORY "/var/lib/rapidreboot"
enum { RECORD_SIZE_MAX = SLOT_RECORD_MAX * 80 };

/* It becomes a part of a path. */
static bool is_uuid(struct bytes word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!isxdigit(word.p[i]) && word.p[i] != '-')
			return false;
	return word.n > 0 && word.n <= LUKS_UUID_N;
}

static bool take_entry(struct bytes line, struct slot_entry *ret)
{
	const struct bytes uuid = bytes_word(&line);
	_cleanup_free_ char *rest = bytes_dup(line);
	const char *p = rest;

	if (!p || !is_uuid(uuid) || !take_unsigned(&p, &ret->slot) || ret->slot >= LUKS_SLOTS_MAX ||
	    !take_prefix(&p, " ") || !take_hex_u64(&p, &ret->mark) || *p)
		return false;
	(void)snprintf(ret->uuid, sizeof(ret->uuid), "%.*s", (int)uuid.n, (const char *)uuid.p);
	return true;
}

int slot_record_read(int root, struct slot_record *ret)
{
	_cleanup_close_ int fd = open_trusted_in(root, SLOT_RECORD, O_RDONLY);
	struct slot_record record = { .n = 0 };
	_cleanup_free_ uint8_t *text = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;
	int r;

	if (fd < 0 && fd != -ENOENT)
		return fd;
	r = fd < 0 ? 0 : read_fd(fd, RECORD_SIZE_MAX, &text, &n);
	if (r < 0)
		return r;
	lines = lines_of((struct bytes){ text, text ? n : 0 });
	while (lines_next(&lines, &line))
		if (record.n == SLOT_RECORD_MAX || !take_entry(line, &record.v[record.n++]))
			return -EBADMSG;
	*ret = record;
	return 0;
}

int slot_record_write(int root, const struct slot_record *record)
{
	_cleanup_strbuf_ struct strbuf text = { 0 };
	int r;

	if (record->n == 0)
		return file_remove_in(root, SLOT_RECORD);
	for (size_t i = 0; i < record->n; i++) {
		const char *uuid = record->v[i].uuid;

		if (!is_uuid((struct bytes){ (const uint8_t *)uuid, strlen(uuid) }))
			return -EINVAL;
		strbuf_addf(&text, "%s %u %016" PRIx64 "\n", uuid, record->v[i].slot,
			    record->v[i].mark);
	}
	if (text.failed)
		return -ENOMEM;
	r = directories_make_in(root, DIRECTORY, 0755);
	return r < 0 ? r : file_replace_in(root, SLOT_RECORD, 0600, text.s, text.n, true);
}
