// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "record/attempts.h"

#define DIRECTORY "/var/lib/rapidreboot"
#define FILE_NAME DIRECTORY "/attempts"

static const char *const result_names[] = {
	[ATTEMPT_PENDING] = "pending",
	[ATTEMPT_KEXEC] = "kexec",
	[ATTEMPT_FIRMWARE] = "firmware",
	[ATTEMPT_UNKNOWN] = "unknown",
};

const char *attempt_result_name(enum attempt_result result)
{
	return result_names[result];
}

static bool take_result(struct bytes word, enum attempt_result *ret)
{
	for (size_t i = 0; i < sizeof(result_names) / sizeof(result_names[0]); i++)
		if (bytes_is(word, result_names[i])) {
			*ret = (enum attempt_result)i;
			return true;
		}
	return false;
}

static bool take_number(struct bytes word, uint64_t *ret)
{
	char digits[21] = { 0 };

	if (word.n == 0 || word.n >= sizeof(digits))
		return false;
	memcpy(digits, word.p, word.n);
	return parse_u64(digits, ret) == 0;
}

static bool take_line(struct bytes line, struct attempt *ret)
{
	struct attempt a = { 0 };
	struct bytes boot_id;

	if (memchr(line.p, 0, line.n) || !bytes_is(bytes_word(&line), "1") ||
	    !take_result(bytes_word(&line), &a.result))
		return false;
	boot_id = bytes_word(&line);
	if (!is_boot_id(boot_id) || !take_number(bytes_word(&line), &a.asked_ms) ||
	    !take_number(bytes_word(&line), &a.kernel_ms) ||
	    !take_number(bytes_word(&line), &a.closed_ms))
		return false;
	memcpy(a.boot_id, boot_id.p, boot_id.n);
	memcpy(a.entry, line.p, line.n < ATTEMPT_ENTRY_MAX ? line.n : ATTEMPT_ENTRY_MAX);
	*ret = a;
	return true;
}

static void add(struct attempts *all, const struct attempt *a)
{
	if (all->n == ATTEMPTS_MAX)
		memmove(all->v, all->v + 1, --all->n * sizeof(all->v[0]));
	all->v[all->n++] = *a;
}

void attempts_parse(struct bytes text, struct attempts *ret)
{
	struct lines lines = lines_of(text);
	struct bytes line;
	struct attempt a;

	ret->n = 0;
	while (lines_next(&lines, &line))
		if (take_line(line, &a))
			add(ret, &a);
}

int attempts_read(struct sys *sys, struct attempts *ret, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r = read_file_in(root, FILE_NAME, ATTEMPTS_FILE_MAX, &text, &n);

	if (r == -ENOENT) {
		ret->n = 0;
		return 0;
	}
	if (r < 0)
		return kx_fail(err, r, FILE_NAME ": cannot be read: %s", strerror(-r));
	attempts_parse((struct bytes){ text, n }, ret);
	return 0;
}

static int attempts_write(struct sys *sys, const struct attempts *all, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_free_ char *text = NULL;
	int r;

	for (size_t i = 0; i < all->n; i++) {
		const struct attempt *a = &all->v[i];

		strbuf_addf(&b, "1 %s %s %llu %llu %llu %s\n", result_names[a->result], a->boot_id,
			    (unsigned long long)a->asked_ms, (unsigned long long)a->kernel_ms,
			    (unsigned long long)a->closed_ms, a->entry);
	}
	r = strbuf_take(&b, &text);
	if (r == 0)
		r = directory_make_in(root, DIRECTORY, 0755);
	if (r == 0)
		r = file_replace_in(root, FILE_NAME, 0644, text, strlen(text), true);
	return r < 0 ? kx_fail(err, r, FILE_NAME ": cannot be written: %s", strerror(-r)) : 0;
}

static void set_entry(struct attempt *a, const char *entry)
{
	(void)strncpy(a->entry, entry, ATTEMPT_ENTRY_MAX);
	for (char *p = a->entry; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
}

int attempt_begin(struct sys *sys, const char *entry, struct kx_error *err)
{
	struct attempt a = { .result = ATTEMPT_PENDING, .asked_ms = sys->realtime_ms(sys) };
	struct attempts all;
	int r = boot_id_read(sys, a.boot_id);

	if (r < 0)
		return kx_fail(err, r, "the boot id cannot be read: %s", strerror(-r));
	set_entry(&a, entry);
	r = attempts_read(sys, &all, err);
	if (r < 0)
		return r;
	add(&all, &a);
	return attempts_write(sys, &all, err);
}

int attempt_withdraw(struct sys *sys, struct kx_error *err)
{
	char boot_id[BOOT_ID_LENGTH + 1];
	struct attempts all;
	int r = attempts_read(sys, &all, err);

	if (r < 0)
		return r;
	r = boot_id_read(sys, boot_id);
	if (r < 0)
		return kx_fail(err, r, "the boot id cannot be read: %s", strerror(-r));
	if (all.n == 0 || all.v[all.n - 1].result != ATTEMPT_PENDING ||
	    strcmp(all.v[all.n - 1].boot_id, boot_id) != 0)
		return 0;
	all.n--;
	return attempts_write(sys, &all, err);
}

static enum attempt_result result_now(struct sys *sys, bool at_boot)
{
	if (!at_boot)
		return ATTEMPT_UNKNOWN;
	switch (boot_way_read(sys)) {
	case BOOT_KEXEC:
		return ATTEMPT_KEXEC;
	case BOOT_FIRMWARE:
		return ATTEMPT_FIRMWARE;
	case BOOT_UNKNOWN:
		break;
	}
	return ATTEMPT_UNKNOWN;
}

/* The kernel counts CLOCK_BOOTTIME from its own start. */
static void close_one(struct sys *sys, struct attempt *a, bool at_boot)
{
	const uint64_t now = sys->realtime_ms(sys), up = sys->boottime_ms(sys);

	a->result = result_now(sys, at_boot);
	a->kernel_ms = at_boot && up <= now ? now - up : 0;
	a->closed_ms = now;
}

int attempts_close(struct sys *sys, bool at_boot, struct kx_error *err)
{
	char boot_id[BOOT_ID_LENGTH + 1];
	struct attempts all;
	bool changed = false;
	int r = attempts_read(sys, &all, err);

	if (r < 0)
		return r;
	r = boot_id_read(sys, boot_id);
	if (r < 0)
		return kx_fail(err, r, "the boot id cannot be read: %s", strerror(-r));
	for (size_t i = 0; i < all.n; i++) {
		struct attempt *a = &all.v[i];

		if (a->result != ATTEMPT_PENDING || strcmp(a->boot_id, boot_id) == 0)
			continue;
		/* only the last one can have led here */
		close_one(sys, a, at_boot && i + 1 == all.n);
		changed = true;
	}
	return changed ? attempts_write(sys, &all, err) : 0;
}

bool attempts_last_failed(const struct attempts *all)
{
	return all->n > 0 && all->v[all->n - 1].result == ATTEMPT_FIRMWARE;
}
