// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes unpacked parts to a file of the cache, atomically. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "image/prepared-file.h"
#include "lib/cache-dir.h"
#include "lib/cache.h"

static int write_part(int fd, uint64_t offset, const void *p, size_t n)
{
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	return write_all(fd, p, n);
}

static int fill(int fd, const struct prepared_file *file, const uint8_t *header,
		const struct bytes *parts)
{
	/* reserve the space first, so that a full disk is noticed before anything is written */
	int r = -posix_fallocate(fd, 0, (off_t)file->file_n);

	if (r == -EOPNOTSUPP || r == -EINVAL)
		r = ftruncate(fd, (off_t)file->file_n) < 0 ? -errno : 0;
	for (size_t i = 0; r == 0 && i < PREPARED_PARTS; i++)
		r = write_part(fd, file->offset[i], parts[i].p, parts[i].n);
	if (r == 0)
		r = write_part(fd, 0, header, (size_t)file->offset[0]);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	return r;
}

static int replace(int dir, const char *name, const struct prepared_file *file,
		   const uint8_t *header, const struct bytes *parts)
{
	_cleanup_close_ int fd = -1;
	char beside[64];
	int r;

	(void)snprintf(beside, sizeof(beside), ".%s.new", name);
	/* a file left by a killed process; only root can write to the directory */
	(void)unlinkat(dir, beside, 0);
	fd = openat(dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	r = fill(fd, file, header, parts);
	if (r == 0 && renameat(dir, beside, dir, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dir, beside, 0);
	else if (fsync(dir) < 0)
		r = -errno;
	return r;
}

static int keep(int dir, const struct cache *cache, const struct bytes *parts)
{
	const struct bytes key = { (const uint8_t *)cache->key, cache->key_n };
	_cleanup_free_ uint8_t *header = NULL;
	struct prepared_file file = { 0 };
	size_t n;
	int r;

	for (size_t i = 0; i < PREPARED_PARTS; i++) {
		file.n[i] = parts[i].n;
		digest_bytes(parts[i].p, parts[i].n, cache->insn, &file.digest[i]);
	}
	r = prepared_file_lay_out(key, &file);
	if (r == 0 && file.file_n > CACHE_MAX)
		r = -EFBIG;
	if (r == 0)
		r = prepared_file_header(&file, key, cache->insn, &header, &n);
	if (r < 0)
		return r;
	cache_make_room(dir, cache->name, file.file_n, CACHE_MAX);
	return replace(dir, cache->name, &file, header, parts);
}

int cache_keep(const struct cache *cache, const struct bytes *parts, struct kx_error *err)
{
	_cleanup_close_ int dir = cache_dir_make(cache->path, err);
	int r;

	if (dir < 0)
		return dir;
	r = keep(dir, cache, parts);
	return r < 0 ? kx_fail(err, r, "%s/%s: %s", cache->path, cache->name, strerror(-r)) : 0;
}
