// SPDX-License-Identifier: LGPL-2.1-or-later
/* The file of attempts: read and written as a whole, under a lock. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "record/attempts.h"
#include "record/firmware-waits.h"

#define DIRECTORY "/var/lib/rapidreboot"
#define FILE_NAME DIRECTORY "/attempts"
#define LOCK_NAME DIRECTORY "/lock"
#define DAMAGED_NAME DIRECTORY "/attempts.damaged"

/* Limits on waiting for the lock. */
enum { LOCK_TRIES = 200, LOCK_WAIT_MS = 10 };

static int file_read(int root, struct bytes *ret_text, struct attempts *ret, struct kx_error *err)
{
	uint8_t *text;
	size_t n;
	int r = read_file_in(root, FILE_NAME, ATTEMPTS_FILE_MAX, &text, &n);

	if (r == -ENOENT || r == -EFBIG) {
		*ret_text = (struct bytes){ 0 };
		ret->n = 0;
		ret->damaged = r == -EFBIG;
		return 0;
	}
	if (r < 0)
		return kx_fail(err, r, FILE_NAME ": cannot be read: %s", strerror(-r));
	*ret_text = (struct bytes){ text, n };
	attempts_parse(*ret_text, ret);
	return 0;
}

int attempts_read_in(int root, struct attempts *ret, struct kx_error *err)
{
	struct bytes text;
	int r = file_read(root, &text, ret, err);

	if (r == 0)
		free((void *)(uintptr_t)text.p);
	return r;
}

int attempts_read(struct sys *sys, struct attempts *ret, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);

	return attempts_read_in(root, ret, err);
}

static int file_write(int root, const struct attempts *all, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	_cleanup_free_ char *text = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->n; i++) {
		_cleanup_free_ char *line = NULL;

		r = attempt_format(&all->v[i], &line);
		if (r == 0)
			strbuf_add(&b, line);
	}
	if (r == 0)
		r = strbuf_take(&b, &text);
	if (r == 0)
		r = file_replace_in(root, FILE_NAME, 0644, text, strlen(text), true);
	return r < 0 ? kx_fail(err, r, FILE_NAME ": cannot be written: %s", strerror(-r)) : 0;
}

/* Locks the file against other programs that change it: rapidreboot, and hooks of a machine that
 * goes down. The kernel drops the lock when its holder ends. */
static int lock(struct sys *sys, int root, int *ret_fd, struct kx_error *err)
{
	int r = directories_make_in(root, DIRECTORY, 0755);

	if (r < 0)
		return kx_fail(err, r, FILE_NAME ": cannot be written: %s", strerror(-r));
	for (int i = 0; i < LOCK_TRIES; i++) {
		r = lock_file_in(root, LOCK_NAME);
		if (r >= 0) {
			*ret_fd = r;
			return 0;
		}
		if (r != -EWOULDBLOCK && r != -EINTR)
			return kx_fail(err, r, LOCK_NAME ": cannot be locked: %s", strerror(-r));
		sys->sleep_ms(sys, LOCK_WAIT_MS);
	}
	return kx_fail(err, -EBUSY, LOCK_NAME ": another program holds the record of attempts");
}

/* Changes *all; returns whether it did. */
typedef bool change_fn(struct sys *sys, struct attempts *all, const char *boot_id,
		       const void *data);

static int change(struct sys *sys, change_fn *what, const void *data, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys), locked = -1;
	_cleanup_free_ struct attempts *all = calloc(1, sizeof(*all));
	char boot_id[BOOT_ID_LENGTH + 1];
	struct bytes text;
	int r;

	if (!all)
		return kx_fail(err, -ENOMEM, "out of memory");
	r = boot_id_read(sys, boot_id);
	if (r < 0)
		return kx_fail(err, r, "the boot id cannot be read: %s", strerror(-r));
	r = lock(sys, root, &locked, err);
	if (r == 0)
		r = file_read(root, &text, all, err);
	if (r < 0)
		return r;
	if (what(sys, all, boot_id, data)) {
		/* keep the damaged file; not fatal: the disk may be full */
		if (all->damaged && text.p)
			(void)!file_replace_in(root, DAMAGED_NAME, 0644, text.p, text.n, true);
		r = file_write(root, all, err);
	}
	free((void *)(uintptr_t)text.p);
	return r;
}

static struct attempt *last_of(struct attempts *all)
{
	return all->n ? &all->v[all->n - 1] : NULL;
}

/* The pending attempt that was ordered in this boot, or NULL. */
static struct attempt *pending_here(struct attempts *all, const char *boot_id)
{
	struct attempt *a = last_of(all);

	return a && a->result == ATTEMPT_PENDING && strcmp(a->boot_id, boot_id) == 0 ? a : NULL;
}

static bool begin(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	const struct attempt *a = data;

	if (pending_here(all, boot_id))
		all->n--;
	if (all->n == ATTEMPTS_MAX)
		memmove(all->v, all->v + 1, --all->n * sizeof(all->v[0]));
	all->v[all->n] = *a;
	all->v[all->n].result = ATTEMPT_PENDING;
	memcpy(all->v[all->n].boot_id, boot_id, BOOT_ID_LENGTH + 1);
	all->v[all->n++].watched = boot_is_watched(sys);
	return true;
}

/* In the place of a system call. */
static const char way_cold[] = "firmware";

struct attempt attempt_cold(const struct moment *asked, const char *init, const char *reason)
{
	struct attempt a = attempt_new(asked);

	attempt_text(a.why, sizeof(a.why), "or-cold");
	attempt_text(a.way, sizeof(a.way), way_cold);
	attempt_text(a.init, sizeof(a.init), init ? init : "");
	attempt_text(a.entry, sizeof(a.entry), "no fast reboot (--or-cold)");
	attempt_text(a.reason, sizeof(a.reason), reason);
	a.cleared = asked->real_ms;
	return a;
}

bool attempt_is_cold(const struct attempt *a)
{
	return strcmp(a->way, way_cold) == 0;
}

int attempt_begin(struct sys *sys, const struct attempt *a, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	int r = change(sys, begin, a, err);

	/* what waits for the firmware could not be written down: the attempt goes on without it */
	if (r == 0)
		(void)!firmware_waits_keep(root);
	return r;
}

static bool withdraw(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	if (!pending_here(all, boot_id))
		return false;
	all->n--;
	return true;
}

int attempt_withdraw(struct sys *sys, struct kx_error *err)
{
	return change(sys, withdraw, NULL, err);
}

static bool begins(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	struct attempt *a = pending_here(all, boot_id);

	if (!a)
		return false;
	a->asked = *(const struct moment *)data;
	a->at[POINT_LOADED] = POINT_UNKNOWN;
	return true;
}

int attempt_begins(struct sys *sys, struct kx_error *err)
{
	const struct moment now = moment_now(sys);

	return change(sys, begins, &now, err);
}

static bool stopped(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	const struct moment *now = data;
	struct attempt *a = pending_here(all, boot_id);

	if (!a || now->boot_us < a->asked.boot_us)
		return false;
	a->at[POINT_STOPPED] = (int64_t)(now->boot_us - a->asked.boot_us);
	return true;
}

int attempt_stopped(struct sys *sys, struct kx_error *err)
{
	const struct moment now = moment_now(sys);

	return change(sys, stopped, &now, err);
}

struct loaded_again {
	const char *rung;
	bool diet;
};

static bool loaded_again(struct sys *sys, struct attempts *all, const char *boot_id,
			 const void *data)
{
	const struct loaded_again *now = data;
	struct attempt *a = pending_here(all, boot_id);

	if (!a)
		return false;
	attempt_text(a->rung, sizeof(a->rung), now->rung);
	a->diet = now->diet;
	return true;
}

int attempt_loaded_again(struct sys *sys, const char *rung, bool diet, struct kx_error *err)
{
	const struct loaded_again now = { rung, diet };

	return change(sys, loaded_again, &now, err);
}

struct ending {
	struct moment now;
	const char *hooks;
};

static void add_hooks(struct attempt *a, const char *hooks)
{
	size_t n = strlen(a->hooks);

	if (!*hooks)
		return;
	if (n && n + 1 < sizeof(a->hooks))
		a->hooks[n++] = ' ';
	attempt_text(a->hooks + n, sizeof(a->hooks) - n, hooks);
}

static bool ended(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	const struct ending *ending = data;
	struct attempt *a = pending_here(all, boot_id);

	if (!a)
		return false;
	if (ending->now.boot_us >= a->asked.boot_us)
		a->at[POINT_ENDED] = (int64_t)(ending->now.boot_us - a->asked.boot_us);
	add_hooks(a, ending->hooks);
	return true;
}

int attempt_ended(struct sys *sys, const char *hooks, struct kx_error *err)
{
	const struct ending ending = { moment_now(sys), hooks };

	return change(sys, ended, &ending, err);
}

/* ---- the next boot */

static enum attempt_result result_now(struct sys *sys)
{
	switch (boot_way_read(sys)) {
	case BOOT_KEXEC:
		return ATTEMPT_KEXEC;
	case BOOT_FIRMWARE:
		return ATTEMPT_FIRMWARE;
	case BOOT_UNKNOWN:
		break;
	}
	return boot_is_not_ours(sys) ? ATTEMPT_FIRMWARE : ATTEMPT_UNKNOWN;
}

static void close_one(struct sys *sys, struct attempt *a, const char *boot_id,
		      const struct boot_facts *facts)
{
	a->result = facts ? result_now(sys) : ATTEMPT_UNKNOWN;
	a->closed_ms = sys->realtime_ms(sys);
	memcpy(a->closed_boot_id, boot_id, BOOT_ID_LENGTH + 1);
	a->waits = facts && facts->waits && a->result == ATTEMPT_KEXEC;
	if (facts)
		attempt_measure(sys, a, facts);
	if (facts && facts->reason && a->result == ATTEMPT_FIRMWARE && !a->reason[0])
		facts->reason(sys, a, a->reason, sizeof(a->reason));
	if (facts && facts->slow && a->result == ATTEMPT_KEXEC)
		facts->slow(sys, facts, a, a->slow, sizeof(a->slow));
}

/* After a successful boot through the firmware that no attempt led to: the failure of an earlier
 * attempt no longer refuses the next one, since firmware has initialised everything again. */
static bool clear_failure(struct sys *sys, struct attempts *all, const char *boot_id)
{
	struct attempt *a = last_of(all);
	const bool has_failed =
		a && (a->result == ATTEMPT_FIRMWARE || (a->result == ATTEMPT_KEXEC && a->waits));

	if (!has_failed || a->cleared || strcmp(a->closed_boot_id, boot_id) == 0 ||
	    boot_way_read(sys) != BOOT_FIRMWARE)
		return false;
	a->cleared = sys->realtime_ms(sys);
	return true;
}

static bool close_all(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	const struct boot_facts *facts = data;
	bool changed = facts && !facts->waits && clear_failure(sys, all, boot_id);

	for (size_t i = 0; i < all->n; i++) {
		struct attempt *a = &all->v[i];

		if (a->result != ATTEMPT_PENDING || strcmp(a->boot_id, boot_id) == 0)
			continue;
		/* only the last attempt can be the cause of this boot */
		close_one(sys, a, boot_id, i + 1 == all->n ? data : NULL);
		changed = true;
	}
	return changed;
}

int attempts_close(struct sys *sys, const struct boot_facts *facts, struct kx_error *err)
{
	return change(sys, close_all, facts, err);
}

static bool ready(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	const struct moment *now = data;
	struct attempt *a = last_of(all);

	if (!a || a->result != ATTEMPT_KEXEC || strcmp(a->closed_boot_id, boot_id) != 0 ||
	    a->at[POINT_KERNEL] < 0)
		return false;
	a->at[POINT_READY] = a->at[POINT_KERNEL] + (int64_t)now->boot_us;
	if (a->at[POINT_READY] < a->at[POINT_TARGET])
		a->at[POINT_READY] = a->at[POINT_TARGET];
	return true;
}

int attempt_ready(struct sys *sys, struct kx_error *err)
{
	const struct moment now = moment_now(sys);

	return change(sys, ready, &now, err);
}

int64_t attempt_up_us(const struct attempt *a)
{
	return a->at[POINT_READY] >= 0 ? a->at[POINT_READY] : a->at[POINT_TARGET];
}

int64_t attempt_away_us(const struct attempt *a)
{
	/* an ordinary reboot that is a fast one loads when services stop already */
	const int64_t stop = strcmp(a->why, "enabled") == 0 ? 0 : a->at[POINT_LOADED];
	const int64_t up = attempt_up_us(a);

	return a->result != ATTEMPT_KEXEC || stop < 0 || up < stop ? -1 : up - stop;
}

const struct attempt *attempts_unconfirmed(struct sys *sys, const struct attempts *all)
{
	char boot_id[BOOT_ID_LENGTH + 1];
	const struct attempt *a = all->n ? &all->v[all->n - 1] : NULL;

	if (!a)
		return NULL;
	if (a->result == ATTEMPT_FIRMWARE || (a->result == ATTEMPT_KEXEC && a->waits))
		return a->cleared ? NULL : a;
	if (a->result != ATTEMPT_PENDING || a->cleared || !a->watched ||
	    boot_id_read(sys, boot_id) < 0)
		return NULL;
	return strcmp(a->boot_id, boot_id) != 0 ? a : NULL;
}

bool attempts_diet_failed(struct sys *sys, const struct attempts *all, const char *version)
{
	for (size_t i = all->n; i--;) {
		const struct attempt *a = &all->v[i];

		if (!a->diet || strcmp(a->version, version) != 0)
			continue;
		if (attempts_unconfirmed(sys, all) == a)
			return true;
		if (a->result != ATTEMPT_PENDING)
			return a->result != ATTEMPT_KEXEC;
	}
	return false;
}

static bool forgive(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	struct attempt *a = last_of(all);

	if (!a || attempts_unconfirmed(sys, all) != a)
		return false;
	if (a->result == ATTEMPT_PENDING)
		close_one(sys, a, boot_id, NULL);
	a->cleared = sys->realtime_ms(sys);
	return true;
}

int attempts_forgive(struct sys *sys, struct kx_error *err)
{
	struct attempts all;
	int r = attempts_read(sys, &all, err);

	if (r < 0 || !attempts_unconfirmed(sys, &all))
		return r;
	r = change(sys, forgive, NULL, err);
	return r < 0 ? r : 1;
}

/* ---- the boot is a good one */

bool attempt_waits_here(struct sys *sys, const struct attempt *a)
{
	char boot_id[BOOT_ID_LENGTH + 1];

	return a->result == ATTEMPT_KEXEC && a->waits && !a->cleared &&
	       boot_id_read(sys, boot_id) == 0 && strcmp(a->closed_boot_id, boot_id) == 0;
}

static bool confirm(struct sys *sys, struct attempts *all, const char *boot_id, const void *data)
{
	/* where the answer goes: a pointer to the caller's */
	enum confirmation *ret = *(enum confirmation *const *)data;
	struct attempt *a = last_of(all);

	*ret = CONFIRM_NOTHING;
	if (!a)
		return false;
	if (a->result == ATTEMPT_PENDING && attempts_unconfirmed(sys, all) == a) {
		close_one(sys, a, boot_id, NULL); /* without a boot service */
		a->cleared = sys->realtime_ms(sys);
		*ret = CONFIRMED;
		return true;
	}
	if (strcmp(a->closed_boot_id, boot_id) != 0) {
		if (!clear_failure(sys, all, boot_id))
			return false;
		*ret = CONFIRM_COLD;
		return true;
	}
	*ret = attempt_waits_here(sys, a)		      ? CONFIRMED
	       : a->result == ATTEMPT_FIRMWARE && !a->cleared ? CONFIRM_FAILED
							      : CONFIRMED_EARLIER;
	if (*ret == CONFIRMED)
		a->waits = 0;
	return *ret == CONFIRMED;
}

int attempt_confirm(struct sys *sys, enum confirmation *ret, struct kx_error *err)
{
	return change(sys, confirm, &ret, err);
}
