// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/strbuf.h"
#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "image/prepared-file.h"
#include "lib/cache-dir.h"
#include "lib/part.h"

/* ---- the key: what the parts were made of */

static void add_file(struct strbuf *key, const struct stat *st, struct bytes contents, bool insn)
{
	struct digest digest;

	digest_bytes(contents.p, contents.n, insn, &digest);
	strbuf_addf(key,
		    "%ju:%ju %jd %jd.%09ld %jd.%09ld %08" PRIx32 "%08" PRIx32 "%08" PRIx32 "\n",
		    (uintmax_t)st->st_dev, (uintmax_t)st->st_ino, (intmax_t)st->st_size,
		    (intmax_t)st->st_mtim.tv_sec, st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec,
		    st->st_ctim.tv_nsec, digest.crc[0], digest.crc[1], digest.crc[2]);
}

static int add_initrd(struct kx_ctx *ctx, const struct kx_part *part, struct bytes contents,
		      bool insn, struct strbuf *key, struct strbuf *paths, struct kx_error *err)
{
	const char *path = part_name(part);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (part->bytes || part->flags & KX_PART_FD || part_is_secret(part))
		return kx_fail(err, -EOPNOTSUPP, "%s: only files with a path are kept", path);
	fd = open_in(ctx->file_root, path, O_PATH);
	if (fd < 0 || fstat(fd, &st) < 0)
		return kx_fail_path(err, fd < 0 ? fd : -errno, path);
	if (!S_ISREG(st.st_mode) || (uintmax_t)st.st_size != contents.n)
		return kx_fail(err, -EOPNOTSUPP, "%s changes, or is no file", path);
	add_file(key, &st, contents, insn);
	strbuf_addf(paths, "%s\n", path);
	return 0;
}

static int add_all(struct kx_ctx *ctx, const struct kx_request *req, const struct kx_plan *plan,
		   bool insn, struct strbuf *key, struct strbuf *paths, struct kx_error *err)
{
	const struct kx_image *image = req->image;
	const struct payload *initrd = &plan->initrd;
	struct stat st;
	int r = 0;

	if (image->is_anonymous || image->compression || fstat(image->fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return kx_fail(err, -EOPNOTSUPP, "%s is packed as a whole, or no file",
			       image->path);
	strbuf_addf(key, "rapidreboot %s, at most 1/%d of %" PRIu64 "\n", VERSION,
		    PREPARE_RAM_SHARE, (uint64_t)prepare_budget(&plan->machine.memory));
	add_file(key, &st, image->contents, insn);
	strbuf_addf(paths, "%s\n", image->path);
	for (size_t i = 0; r == 0 && i < req->n_initrd_parts; i++)
		r = add_initrd(ctx, &req->initrd_parts[i],
			       initrd->parts ? initrd->parts[i] : initrd->bytes, insn, key, paths,
			       err);
	return r;
}

/* Facts by which modules were left out (diet). */
static void add_facts(struct strbuf *key, const struct diet_facts *facts, bool insn)
{
	const struct bytes texts[] = { facts->loaded, facts->aliases, facts->words };

	strbuf_addf(key, "diet %d %d", facts->same_root, facts->has_stacks);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct digest digest;

		digest_bytes(texts[i].p, texts[i].n, insn, &digest);
		strbuf_addf(key, " %08" PRIx32 "%08" PRIx32 "%08" PRIx32, digest.crc[0],
			    digest.crc[1], digest.crc[2]);
	}
	strbuf_add(key, "\n");
}

int cache_key(struct kx_ctx *ctx, const struct kx_request *req, const struct kx_plan *plan,
	      const struct diet_facts *facts, struct cache *ret, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf key = { 0 }, paths = { 0 };
	struct cache cache = { .insn = crc32c_has_insn() };
	struct digest name;
	int r = add_all(ctx, req, plan, cache.insn, &key, &paths, err);

	if (r < 0)
		return r;
	if (facts)
		add_facts(&key, facts, cache.insn);
	if (key.failed || paths.failed)
		return kx_fail(err, -ENOMEM, "out of memory");
	digest_bytes(paths.s, paths.n, cache.insn, &name);
	(void)snprintf(cache.name, sizeof(cache.name), "%08" PRIx32 CACHE_SUFFIX, name.crc[0]);
	cache.key_n = key.n;
	cache.path = strdup(req->cache);
	if (!cache.path || strbuf_take(&key, &cache.key) < 0) {
		cache_done(&cache);
		return kx_fail(err, -ENOMEM, "out of memory");
	}
	*ret = cache;
	return 0;
}

void cache_done(struct cache *cache)
{
	free(cache->path);
	free(cache->key);
	contents_done(&cache->kernel);
	*cache = (struct cache){ 0 };
}

/* ---- reading the file */

static int map_part(int fd, const struct prepared_file *file, size_t i, bool insn,
		    struct contents *ret)
{
	struct contents c = { .n = (size_t)file->n[i], .is_mapped = true };
	struct digest digest;

	if (!c.n)
		return 0;
	/* without MAP_POPULATE, which looks up every page; page faults map several pages at once */
	c.p = mmap(NULL, c.n, PROT_READ, MAP_PRIVATE, fd, (off_t)file->offset[i]);
	if (c.p == MAP_FAILED)
		return -errno;
	digest_bytes(c.p, c.n, insn, &digest);
	if (memcmp(&digest, &file->digest[i], sizeof(digest)) != 0) {
		contents_done(&c);
		return -EBADMSG;
	}
	*ret = c;
	return 0;
}

static int parse(int fd, uint64_t file_n, const struct cache *cache, struct prepared_file *ret)
{
	const size_t n = file_n < 2 * PREPARED_KEY_MAX ? (size_t)file_n : 2 * PREPARED_KEY_MAX;
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	int r;

	if (p == MAP_FAILED)
		return -errno;
	r = prepared_file_parse((struct bytes){ p, n }, file_n,
				(struct bytes){ (const uint8_t *)cache->key, cache->key_n },
				cache->insn, ret);
	(void)munmap(p, n);
	return r;
}

static int take(int fd, uint64_t file_n, const struct cache *cache, struct prepared *ret)
{
	struct prepared found = { .initrd = { .fd = -1 } };
	struct prepared_file file;
	int r = parse(fd, file_n, cache, &file);

	if (r == 0)
		r = map_part(fd, &file, PREPARED_KERNEL, cache->insn, &found.vmlinux_file);
	if (r == 0)
		r = map_part(fd, &file, PREPARED_INITRD, cache->insn, &found.initrd.file);
	if (r < 0) {
		prepared_done(&found);
		return r;
	}
	found.vmlinux = (struct bytes){ found.vmlinux_file.p, found.vmlinux_file.n };
	found.initrd.bytes = (struct bytes){ found.initrd.file.p, found.initrd.file.n };
	found.has_initrd_digest = found.initrd.bytes.n;
	found.initrd_digest = file.digest[PREPARED_INITRD];
	*ret = found;
	return 0;
}

int cache_find(const struct cache *cache, struct prepared *ret, struct kx_error *err)
{
	_cleanup_close_ int dir = cache_dir_open(cache->path, err);
	_cleanup_close_ int fd = -1;
	uint64_t n;
	int r;

	if (dir < 0)
		return dir;
	fd = cache_file_open(dir, cache->name, &n);
	if (fd == -ENOENT)
		return kx_fail(err, -ENOENT, "nothing is kept of these files yet");
	r = fd < 0 ? fd : take(fd, n, cache, ret);
	if (r == 0)
		return 0;
	cache_file_remove(dir, cache->name);
	return kx_fail(err, r, "%s/%s is removed: %s", cache->path, cache->name,
		       r == -ESTALE    ? "it was made of other files"
		       : r == -EBADMSG ? "it is damaged"
		       : r == -EACCES  ? "it is not a file of ours alone"
				       : strerror(-r));
}
