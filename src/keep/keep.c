// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/io.h"
#include "base/num.h"
#include "fundamental/crc32c.h"
#include "fundamental/digest.h"
#include "keep/device.h"
#include "keep/header.h"
#include "record/boot.h"

#define DIRECTORY "/var/lib/rapidreboot"
enum { WAIT_MS = 5000, STEP_MS = 100, NOTE_MAX = 256 };

/* The memory, mapped; the range that it should have. */
struct area {
	int root, fd;
	struct range range;
	uint8_t *p;
	size_t n;
};

static void area_close(struct area *a)
{
	if (a->p)
		(void)munmap(a->p, a->n);
	(void)fd_close(a->fd);
	(void)fd_close(a->root);
}

#define _cleanup_area_ _cleanup_(area_close)

static int fail_device(struct kx_error *err, int code, const struct range *range)
{
	char word[KEEP_WORD_MAX];

	keep_word_write(*range, word);
	if (code == -ENODEV)
		return kx_fail(
			err, code,
			"%s is on the command line, and no /dev/pmem begins there: the kernel "
			"needs its modules nd_e820 and nd_pmem, and memory at that place",
			word);
	return kx_fail(err, code, "%s: its device cannot be opened: %s", word, open_strerror(code));
}

/* A driver may still be looking at the memory. */
static int wait_for_device(struct sys *sys, struct area *a, char **ret)
{
	int r = keep_device_find(a->root, a->range, ret);

	for (unsigned ms = 0; r == -ENODEV && ms < WAIT_MS; ms += STEP_MS) {
		sys->sleep_ms(sys, STEP_MS);
		r = keep_device_find(a->root, a->range, ret);
	}
	return r;
}

static int map(struct area *a)
{
	const off_t n = lseek(a->fd, 0, SEEK_END);
	void *p;

	if (n < 0)
		return -errno;
	if (n <= KEEP_DATA_AT || (uint64_t)n > range_size(a->range))
		return -ENODEV;
	p = mmap(NULL, (size_t)n, PROT_READ | PROT_WRITE, MAP_SHARED, a->fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	a->p = p;
	a->n = (size_t)n;
	return 0;
}

/* KEEP_DONE, or KEEP_NOTHING when none is set aside. */
static int area_open(struct sys *sys, struct area *a, struct kx_error *err)
{
	_cleanup_free_ char *path = NULL;
	int r = keep_range_of_machine(a->root, &a->range);

	if (r == 0) {
		(void)kx_fail(
			err, -ENODEV,
			"no memory is set aside: no memmap=SIZE!START is on the kernel's command "
			"line; see `rapidreboot keep setup`");
		return KEEP_NOTHING;
	}
	if (r < 0)
		return kx_fail(err, r, "/proc/cmdline: its memmap= cannot be read: %s",
			       strerror(-r));
	r = wait_for_device(sys, a, &path);
	if (r == 0)
		r = a->fd = open_device_in(a->root, path, O_RDWR);
	if (r >= 0)
		r = map(a);
	return r < 0 ? fail_device(err, r, &a->range) : KEEP_DONE;
}

/* Written through, so that it is in the memory and not only in the page cache in front of it. */
static int flush(const struct area *a)
{
	return msync(a->p, a->n, MS_SYNC) < 0 || fsync(a->fd) < 0 ? -errno : 0;
}

static int clear_header(const struct area *a)
{
	memset(a->p, 0, KEEP_HEADER_BYTES);
	return flush(a);
}

static void digest_of(const struct area *a, uint64_t n, struct keep_header *ret)
{
	struct digest digest;

	digest_bytes(a->p + KEEP_DATA_AT, (size_t)n, crc32c_has_insn(), &digest);
	memcpy(ret->digest, digest.crc, sizeof(ret->digest));
	ret->n = n;
}

/* ---- the note: a header in hexadecimal digits */

static int note_write(int root, const uint8_t header[KEEP_HEADER_BYTES])
{
	char text[2 * KEEP_HEADER_BYTES + 1];
	static const char digits[] = "0123456789abcdef";
	int r = directories_make_in(root, DIRECTORY, 0755);

	for (size_t i = 0; i < KEEP_HEADER_BYTES; i++) {
		text[2 * i] = digits[header[i] >> 4];
		text[2 * i + 1] = digits[header[i] & 15];
	}
	text[sizeof(text) - 1] = '\n';
	return r < 0 ? r : file_replace_in(root, KEEP_NOTE, 0600, text, sizeof(text), true);
}

/* 1, 0 when there is none, -EBADMSG and what open_trusted_in() says. */
static int note_read(int root, struct keep_header *ret)
{
	_cleanup_close_ int fd = open_trusted_in(root, KEEP_NOTE, O_RDONLY);
	uint8_t header[KEEP_HEADER_BYTES];
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = fd < 0 ? fd : read_fd(fd, NOTE_MAX, &text, &n);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	for (size_t i = 0; n == 2 * KEEP_HEADER_BYTES + 1 && i < KEEP_HEADER_BYTES; i++) {
		const int high = hex_digit((char)text[2 * i]),
			  low = hex_digit((char)text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EBADMSG;
		header[i] = (uint8_t)(high << 4 | low);
	}
	if (n != 2 * KEEP_HEADER_BYTES + 1 ||
	    !keep_header_read((struct bytes){ header, sizeof(header) }, ret))
		return -EBADMSG;
	return 1;
}

/* ---- saving */

static int put(struct area *a, const struct keep_paths *paths, struct keep_header *h,
	       struct keep_counts *counts, struct kx_error *err)
{
	struct stream stream = { .p = a->p + KEEP_DATA_AT, .max = a->n - KEEP_DATA_AT };
	uint8_t header[KEEP_HEADER_BYTES];
	int r = clear_header(a);

	if (r < 0)
		return kx_fail(err, r, "the memory that is set aside cannot be written: %s",
			       strerror(-r));
	r = keep_pack(a->root, paths, &stream, counts, err);
	if (r < 0)
		return r;
	digest_of(a, stream.n, h);
	keep_header_write(h, header);
	r = flush(a);
	if (r == 0)
		r = note_write(a->root, header);
	if (r < 0)
		return kx_fail(err, r, KEEP_NOTE ": %s", strerror(-r));
	memcpy(a->p, header, sizeof(header));
	r = flush(a);
	return r < 0 ? kx_fail(err, r, "the memory that is set aside cannot be written: %s",
			       strerror(-r))
		     : KEEP_DONE;
}

int keep_save(struct sys *sys, const struct keep_paths *paths, struct keep_counts *ret,
	      struct kx_error *err)
{
	_cleanup_area_ struct area a = { .root = machine_open(sys), .fd = -1 };
	struct keep_header h = { .n = 0 };
	int loaded = 0, r;

	if (a.root < 0 && a.root != ROOT_HERE)
		return kx_fail_path(err, a.root, sys->root);
	r = file_remove_in(a.root, KEEP_NOTE);
	if (r < 0)
		return kx_fail_path(err, r, KEEP_NOTE);
	r = read_int_in(a.root, "/sys/kernel/kexec_loaded", &loaded);
	if (r < 0 || loaded != 1) {
		(void)kx_fail(err, -ENOENT,
			      r < 0 ? "/sys/kernel/kexec_loaded cannot be read: nothing is kept"
				    : "no kernel is loaded, and only a fast reboot keeps memory");
		return KEEP_NOTHING;
	}
	r = boot_id_read(sys, h.boot_id);
	if (r < 0)
		return kx_fail(err, r, "/proc/sys/kernel/random/boot_id: %s", strerror(-r));
	r = area_open(sys, &a, err);
	return r == KEEP_DONE ? put(&a, paths, &h, ret, err) : r;
}

/* ---- restoring */

static int ignore(struct kx_error *err, const char *why)
{
	(void)kx_fail(err, -ESTALE, "what was kept is not used: %s", why);
	return KEEP_IGNORED;
}

/* KEEP_DONE when the memory holds what @note says. */
static int judge(struct sys *sys, const struct area *a, const struct keep_header *note,
		 struct kx_error *err)
{
	struct keep_header h, now = { .n = 0 };
	char id[BOOT_ID_LENGTH + 1];

	if (!keep_header_read((struct bytes){ a->p, a->n }, &h))
		return ignore(err,
			      "the memory does not hold it any more, or not all of it was written");
	if (!keep_header_same(&h, note))
		return ignore(err, "the memory holds what an earlier boot saved");
	if (boot_id_read(sys, id) < 0 || strcmp(id, h.boot_id) == 0)
		return ignore(err, "this is the boot that saved it");
	if (h.n > a->n - KEEP_DATA_AT)
		return ignore(err, "less memory is set aside than it takes");
	memcpy(now.boot_id, h.boot_id, sizeof(now.boot_id));
	digest_of(a, h.n, &now);
	if (!keep_header_same(&h, &now))
		return ignore(err, "its digest is wrong: something wrote to the memory");
	return KEEP_DONE;
}

static int take_out(struct sys *sys, struct area *a, const struct keep_header *note,
		    const struct keep_paths *paths, struct keep_counts *ret, struct kx_error *err)
{
	int r = judge(sys, a, note, err), cleared;

	if (r == KEEP_DONE)
		r = keep_unpack(a->root, paths,
				(struct bytes){ a->p + KEEP_DATA_AT, (size_t)note->n }, ret, err);
	cleared = clear_header(a);
	return r >= 0 && cleared < 0
		       ? kx_fail(err, cleared, "the memory that is set aside cannot be written: %s",
				 strerror(-cleared))
		       : r;
}

/* How this boot was started decides before anything is looked at. */
static int judge_boot(int root, struct kx_error *err)
{
	switch (boot_way_read_in(root)) {
	case BOOT_KEXEC:
		return KEEP_DONE;
	case BOOT_FIRMWARE:
		return ignore(err, "this boot came through the firmware, which may change memory");
	case BOOT_UNKNOWN:
		break;
	}
	return ignore(err, "it is not known whether this boot came through the firmware");
}

int keep_restore(struct sys *sys, const struct keep_paths *paths, struct keep_counts *ret,
		 struct kx_error *err)
{
	_cleanup_area_ struct area a = { .root = machine_open(sys), .fd = -1 };
	struct keep_header note;
	int r, removed;

	if (a.root < 0 && a.root != ROOT_HERE)
		return kx_fail_path(err, a.root, sys->root);
	r = note_read(a.root, &note);
	if (r == 0) {
		(void)kx_fail(err, -ENOENT, "the boot before saved nothing");
		return KEEP_NOTHING;
	}
	/* first of all: whatever comes of it, it is tried once */
	removed = file_remove_in(a.root, KEEP_NOTE);
	if (removed < 0)
		return kx_fail_path(err, removed, KEEP_NOTE);
	if (r < 0)
		return ignore(err,
			      KEEP_NOTE " is damaged, or others than root could have written it");
	r = judge_boot(a.root, err);
	if (r == KEEP_DONE)
		r = area_open(sys, &a, err);
	if (r == KEEP_NOTHING)
		return ignore(err, "no memmap=SIZE!START is on this kernel's command line");
	return r == KEEP_DONE ? take_out(sys, &a, &note, paths, ret, err) : r;
}
