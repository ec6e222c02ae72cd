// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unlock/one-shot.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

#include "base/io.h"
#include "base/lines.h"
#include "sys/process.h"

/* cryptsetup(8), RETURN CODES: no permission, which is a wrong passphrase */
enum { CRYPTSETUP_WRONG = 2 };
/* Deriving a passphrase may take 1 GiB of memory, on a machine that swaps. */
enum { LIMIT_MS = 180000 };
/* The fewest that cryptsetup(8) takes. */
#define ITERATIONS "1000"
enum { ITERATIONS_N = 1000 };

/* ---- running it */

/* Pages of a pipe keep what was in them when they are free again, and nobody can overwrite them. So it refers to
 * ours, where the kernel does that. */
static int put(int pipe_end, const struct secret *secret)
{
	struct iovec part = { secret->p, secret->n };
	const ssize_t n = vmsplice(pipe_end, &part, 1, 0);
	const size_t done = n < 0 ? 0 : (size_t)n;

	return done == secret->n ? 0 : write_all(pipe_end, secret->p + done, secret->n - done);
}

/* A pipe that holds @secret and its end: it fits, pipe(7) has room for 65536 bytes. */
static int pipe_with(const struct secret *secret)
{
	_cleanup_close_ int from = -1, to = -1;
	int fds[2], r;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	from = fds[0];
	to = fds[1];
	r = put(to, secret);
	return r < 0 ? r : TAKE_FD(from);
}

/* What it said, as part of a sentence: the last line. */
static int fail_run(struct kx_error *err, const struct key_tool *tool, const char *device,
		    int status, const char *output)
{
	struct lines lines =
		lines_of((struct bytes){ (const uint8_t *)output, output ? strlen(output) : 0 });
	struct bytes line, last = { NULL, 0 };

	if (status < 0)
		return kx_fail(err, status, "%s: %s", tool->cryptsetup, strerror(-status));
	while (lines_next(&lines, &line))
		if (line.n)
			last = line;
	return kx_fail(err, -EIO, "%s: %s failed with status %d: %.*s", device, tool->cryptsetup,
		       status, (int)last.n, last.n ? (const char *)last.p : "");
}

/* Runs `cryptsetup ARGV[1]…`: 0, -EKEYREJECTED, or another failure. */
static int run(const struct key_tool *tool, const char *const argv[], const char *device,
	       const struct secret *const *secrets, size_t n_secrets, struct kx_error *err)
{
	int fds[PROCESS_INPUTS] = { -1, -1 }, status = 0;
	_cleanup_free_ char *output = NULL;

	for (size_t i = 0; i < n_secrets && status == 0; i++) {
		fds[i] = pipe_with(secrets[i]);
		status = fds[i] < 0 ? fds[i] : 0;
	}
	if (status == 0)
		status = process_run_fed(tool->sys, argv, fds, n_secrets, LIMIT_MS, &output);
	for (size_t i = 0; i < PROCESS_INPUTS; i++)
		fd_close(fds[i]);
	/* posix_spawn(3p): where the failure of exec cannot be told, the status is this; cryptsetup has none above 5 */
	if (status == 127)
		status = -ENOENT;
	if (status == 0)
		return 0;
	if (status == CRYPTSETUP_WRONG)
		return kx_fail(err, -EKEYREJECTED, "%s: no key slot has this passphrase", device);
	return fail_run(err, tool, device, status, output);
}

int one_shot_test(const struct key_tool *tool, const char *device, const struct secret *secret,
		  struct kx_error *err)
{
	const char *const argv[] = {
		tool->cryptsetup, "open", "--test-passphrase", "--batch-mode", "--key-file=-",
		device,		  NULL
	};

	/* an empty one is no key of a key file */
	if (secret->n == 0)
		return kx_fail(err, -EKEYREJECTED, "%s: an empty passphrase opens nothing", device);
	return run(tool, argv, device, &secret, 1, err);
}

static int run_add(const struct key_tool *tool, const char *device, unsigned slot,
		   const struct secret *secret, const struct secret *key, struct kx_error *err)
{
	char number[16];
	const char *const argv[] = { tool->cryptsetup,
				     "luksAddKey",
				     "--batch-mode",
				     "--pbkdf=pbkdf2",
				     "--pbkdf-force-iterations=" ITERATIONS,
				     "--key-file=-",
				     "--key-slot",
				     number,
				     device,
				     "/dev/fd/3",
				     NULL };
	const struct secret *const secrets[] = { secret, key };

	(void)snprintf(number, sizeof(number), "%u", slot);
	return run(tool, argv, device, secrets, 2, err);
}

static int run_kill(const struct key_tool *tool, const char *device, unsigned slot,
		    struct kx_error *err)
{
	char number[16];
	const char *const argv[] = { tool->cryptsetup, "luksKillSlot", "--batch-mode",
				     device,	       number,	       NULL };

	(void)snprintf(number, sizeof(number), "%u", slot);
	return run(tool, argv, device, NULL, 0, err);
}

/* ---- slots */

static int read_slots(const char *device, struct luks_slots *ret, struct kx_error *err)
{
	_cleanup_free_ uint8_t *header = NULL;
	size_t n;
	int r = luks_header_read(ROOT_HERE, device, &header, &n);

	if (r == 0)
		r = luks_slots_read((struct bytes){ header, n }, ret);
	if (r == -EILSEQ)
		return kx_fail(err, r, "%s: there is no LUKS header", device);
	if (r == -EBADMSG)
		return kx_fail(err, r, "%s: the LUKS header cannot be read", device);
	return r < 0 ? kx_fail_path(err, r, device) : 0;
}

/* From the last one: cryptsetup fills them from the first. */
static int free_slot(const struct luks_slots *slots, const char *device, unsigned *ret,
		     struct kx_error *err)
{
	for (unsigned i = slots->n; i > 0; i--)
		if (!slots->v[i - 1].is_used) {
			*ret = i - 1;
			return 0;
		}
	return kx_fail(err, -ENOSPC,
		       "%s: all %u key slots are in use, so there is none for a one-shot key; "
		       "`cryptsetup luksKillSlot` empties one that nobody needs",
		       device, slots->n);
}

static bool is_ours(const struct luks_slot *slot, const struct slot_entry *entry)
{
	if (!slot->is_used)
		return false;
	return entry->mark ? slot->mark == entry->mark : slot->iterations == ITERATIONS_N;
}

static int kill_one(const struct key_tool *tool, const struct slot_entry *entry, size_t *n,
		    struct kx_error *err)
{
	char device[512];
	struct luks_slots slots;
	int r;

	(void)snprintf(device, sizeof(device), "%s/%s", tool->devices, entry->uuid);
	r = read_slots(device, &slots, err);
	if (r < 0)
		return r;
	if (!is_ours(&slots.v[entry->slot], entry))
		return 0;
	r = run_kill(tool, device, entry->slot, err);
	*n += r == 0;
	return r;
}

static int fail_record(struct kx_error *err, int r)
{
	return kx_fail_path(err, r, SLOT_RECORD);
}

int one_shot_kill(const struct key_tool *tool, size_t *ret_n, struct kx_error *err)
{
	struct slot_record record, left = { .n = 0 };
	int r = slot_record_read(tool->root, &record), failed = 0;

	*ret_n = 0;
	if (r < 0)
		return fail_record(err, r);
	if (record.n == 0)
		return 0;
	for (size_t i = 0; i < record.n; i++) {
		struct kx_error why = { 0 };

		if (kill_one(tool, &record.v[i], ret_n, &why) == 0)
			continue;
		left.v[left.n++] = record.v[i];
		if (!failed)
			failed = kx_fail_as(err, why.code, &why);
	}
	r = slot_record_write(tool->root, &left);
	return failed ? failed : r < 0 ? fail_record(err, r) : 0;
}

/* ---- adding one */

static int make_key(struct sys *sys, struct secret *ret, struct kx_error *err)
{
	int r = secret_new(ret, ONE_SHOT_N);

	if (r == 0)
		r = sys->random(sys, ret->p, ONE_SHOT_N);
	if (r < 0)
		return kx_fail(err, r, "no key can be made: %s", strerror(-r));
	ret->n = ONE_SHOT_N;
	return 0;
}

static int record_entry(const struct key_tool *tool, const struct slot_entry *entry,
			struct kx_error *err)
{
	struct slot_record record;
	int r = slot_record_read(tool->root, &record);
	size_t i = 0;

	if (r < 0)
		return fail_record(err, r);
	while (i < record.n &&
	       (strcmp(record.v[i].uuid, entry->uuid) != 0 || record.v[i].slot != entry->slot))
		i++;
	if (i == SLOT_RECORD_MAX)
		return kx_fail(err, -ENOSPC, SLOT_RECORD ": more than %d key slots are named",
			       SLOT_RECORD_MAX);
	record.v[i] = *entry;
	if (i == record.n)
		record.n++;
	r = slot_record_write(tool->root, &record);
	return r < 0 ? fail_record(err, r) : 0;
}

static int add_recorded(const struct key_tool *tool, const char *device, struct slot_entry *entry,
			const struct secret *secret, const struct secret *key, struct kx_error *err)
{
	struct luks_slots slots;
	int r = run_add(tool, device, entry->slot, secret, key, err);

	if (r == 0)
		r = read_slots(device, &slots, err);
	if (r < 0)
		return r;
	entry->mark = slots.v[entry->slot].mark;
	if (!slots.v[entry->slot].is_used || !entry->mark)
		return kx_fail(err, -EIO, "%s: %s has filled no key slot %u", device,
			       tool->cryptsetup, entry->slot);
	return record_entry(tool, entry, err);
}

int one_shot_add(const struct key_tool *tool, const char *device, const struct secret *secret,
		 struct secret *ret_key, struct kx_error *err)
{
	_cleanup_secret_ struct secret key = { .p = NULL };
	struct slot_entry entry = { .mark = 0 };
	struct luks_slots slots;
	size_t n;
	int r = read_slots(device, &slots, err);

	if (r == 0)
		r = free_slot(&slots, device, &entry.slot, err);
	if (r == 0)
		r = make_key(tool->sys, &key, err);
	if (r < 0)
		return r;
	(void)snprintf(entry.uuid, sizeof(entry.uuid), "%s", slots.uuid);
	r = record_entry(tool, &entry, err);
	if (r < 0)
		return r;
	r = add_recorded(tool, device, &entry, secret, &key, err);
	if (r < 0) {
		(void)!one_shot_kill(tool, &n, NULL); /* what is left is in the record */
		return r;
	}
	*ret_key = key;
	key = (struct secret){ .p = NULL };
	return 0;
}
