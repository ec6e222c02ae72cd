// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads of the dump, through the few blocks that were read last. Of a log many small pieces are read
 * that lie close together, and for each read(2) of /proc/vmcore the kernel maps a page, copies, and
 * unmaps it on all processors (fs/proc/vmcore.c, copy_oldmem_page()).
 */
#include <string.h>

#include "fundamental/overflow.h"
#include "vmcore/core.h"

static struct block *find(struct file *file, uint64_t at)
{
	uint8_t *hint = &file->hints[at / BLOCK_N % BLOCKS_KEPT];
	struct block *oldest = &file->blocks[*hint];

	if (oldest->n > 0 && oldest->at == at)
		return oldest;
	for (size_t i = 0; i < BLOCKS_KEPT; i++) {
		struct block *block = &file->blocks[i];

		if (block->n > 0 && block->at == at) {
			*hint = (uint8_t)i;
			return block;
		}
		if (block->used < oldest->used)
			oldest = block;
	}
	*hint = (uint8_t)(oldest - file->blocks);
	oldest->n = 0;
	oldest->at = at;
	return oldest;
}

/* The block that begins at @at; NULL when it cannot be read as a whole. */
static const struct block *get_block(struct file *file, uint64_t at)
{
	struct block *block = find(file, at);
	ssize_t got;

	block->used = ++file->clock;
	if (block->n > 0)
		return block;
	got = file->source.read_at(file->source.data, at, block->p, sizeof(block->p));
	if (got < 0)
		return NULL;
	block->n = (size_t)got;
	return block;
}

/* As the source's: bytes that were read, fewer only at the end of the file, or a negative errno. */
static ssize_t read_part(struct file *file, uint64_t offset, uint8_t *buf, size_t n)
{
	const uint64_t at = offset & ~(uint64_t)(BLOCK_N - 1);
	const size_t skip = (size_t)(offset - at);
	const struct block *block = get_block(file, at);

	if (!block) /* then perhaps what is asked for */
		return file->source.read_at(file->source.data, offset, buf, n);
	if (block->n <= skip)
		return 0;
	if (n > block->n - skip)
		n = block->n - skip;
	memcpy(buf, block->p + skip, n);
	return (ssize_t)n;
}

ssize_t core_file_read(struct file *file, uint64_t offset, void *buf, size_t n)
{
	size_t done = 0;
	uint64_t end;

	while (done < n && !add_overflow(offset, n, &end)) {
		const size_t room = BLOCK_N - (size_t)((offset + done) % BLOCK_N);
		const size_t part = n - done < room ? n - done : room;
		ssize_t got = read_part(file, offset + done, (uint8_t *)buf + done, part);

		if (got < 0)
			return got;
		done += (size_t)got;
		if ((size_t)got < part)
			break;
	}
	return (ssize_t)done;
}

/* What kdump.c and page_unpack() mean by their codes. */
static const char *reason(int code)
{
	switch (code) {
	case -EFAULT:
		return "its page was left out of the dump";
	case -EPROTO:
		return "its page is damaged";
	case -EOPNOTSUPP:
		return "its page is compressed in a way that is not known here";
	default:
		return strerror(-code);
	}
}

int core_read_file(struct vmcore *core, uint64_t offset, void *buf, size_t n, const char *what,
		   struct kx_error *err)
{
	const char *of = core->kdump ? "physical address" : "file offset";
	ssize_t got = core_file_read(&core->file, offset, buf, n);

	if (got < 0)
		return kx_fail(err, (int)got, "cannot read %s at %s %#llx: %s", what, of,
			       (unsigned long long)offset, reason((int)got));
	if ((size_t)got < n)
		return kx_fail(
			err, -ENODATA,
			"the file is cut off: %s at offset %#llx needs %zu bytes, %zu are there",
			what, (unsigned long long)offset, n, (size_t)got);
	return 0;
}
