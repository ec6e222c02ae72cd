// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "handover/request.h"

#define DIRECTORY "/run/rapidreboot"
#define FILE_NAME DIRECTORY "/request"
#define LOADED_NAME DIRECTORY "/loaded"

static bool is_hex(struct bytes b, size_t max)
{
	for (size_t i = 0; i < b.n; i++)
		if (!strchr("0123456789abcdef", b.p[i]) || !b.p[i])
			return false;
	return b.n > 0 && b.n <= max;
}

static void copy(char *to, struct bytes from)
{
	memcpy(to, from.p, from.n);
	to[from.n] = '\0';
}

static bool take_mode(struct request *q, struct bytes v)
{
	q->mode = bytes_is(v, "cold") ? REBOOT_COLD : REBOOT_KEXEC;
	return bytes_is(v, "cold") || bytes_is(v, "kexec");
}

static bool take_boot_id(struct request *q, struct bytes v)
{
	if (!is_boot_id(v))
		return false;
	copy(q->boot_id, v);
	return true;
}

static bool take_number(struct bytes v, uint64_t *ret)
{
	char digits[21];

	if (v.n == 0 || v.n >= sizeof(digits))
		return false;
	copy(digits, v);
	return parse_u64(digits, ret) == 0;
}

static bool take_time(struct request *q, struct bytes v)
{
	return take_number(v, &q->time_ms);
}

static bool take_due(struct request *q, struct bytes v)
{
	return take_number(v, &q->due_ms);
}

static bool take_start(struct request *q, struct bytes v)
{
	return take_number(v, &q->start);
}

static bool take_rung(struct request *q, struct bytes v)
{
	if (v.n == 0 || v.n >= sizeof(q->rung))
		return false;
	copy(q->rung, v);
	return true;
}

static bool take_diet(struct request *q, struct bytes v)
{
	return take_number(v, &q->is_diet);
}

static bool take_asker(struct request *q, struct bytes v)
{
	const uint8_t *blank = memchr(v.p, ' ', v.n);
	const size_t n = blank ? (size_t)(blank - v.p) : v.n;

	return blank && take_number((struct bytes){ v.p, n }, &q->asker) &&
	       take_number((struct bytes){ blank + 1, v.n - n - 1 }, &q->asker_start);
}

static bool take_sign(struct request *q, struct bytes v)
{
	q->sign = bytes_is(v, "down") ? SIGN_DOWN : SIGN_ASKED;
	return bytes_is(v, "down") || bytes_is(v, "asked");
}

static bool take_hex(struct bytes v, char ret[17])
{
	if (!is_hex(v, 16))
		return false;
	copy(ret, v);
	return true;
}

static bool take_digest(struct request *q, struct bytes v)
{
	return take_hex(v, q->digest);
}

static bool take_same(struct request *q, struct bytes v)
{
	return take_hex(v, q->same);
}

static bool take_choice(struct request *q, struct bytes v)
{
	return take_hex(v, q->choice);
}

static bool take_wish(struct request *q, struct bytes v)
{
	const size_t n = strlen(q->wish);

	if (v.n == 0 || v.n + 1 >= sizeof(q->wish) - n)
		return false;
	copy(q->wish + n, v);
	q->wish[n + v.n] = '\n';
	q->wish[n + v.n + 1] = '\0';
	return true;
}

static bool take_entry(struct request *q, struct bytes v)
{
	if (v.n == 0 || v.n >= sizeof(q->entry))
		return false;
	copy(q->entry, v);
	return true;
}

static const struct key {
	const char *name;
	bool (*take)(struct request *q, struct bytes v);
	bool required, repeated;
} keys[] = {
	{ "boot-id", take_boot_id, true, false }, { "mode", take_mode, true, false },
	{ "time", take_time, true, false },	  { "due", take_due, false, false },
	{ "digest", take_digest, false, false },  { "entry", take_entry, false, false },
	{ "choice", take_choice, false, false },  { "wish", take_wish, false, true },
	{ "sign", take_sign, false, false },	  { "start", take_start, false, false },
	{ "asker", take_asker, false, false },	  { "same", take_same, false, false },
	{ "rung", take_rung, false, false },	  { "diet", take_diet, false, false },
};

enum { N_KEYS = sizeof(keys) / sizeof(keys[0]) };

static int bad(struct kx_error *err, const char *what)
{
	return kx_fail(err, -EBADMSG, "%s; it is ignored", what);
}

static int take_line(struct request *q, struct bytes line, unsigned *seen, struct kx_error *err)
{
	struct bytes name = bytes_word(&line);

	for (size_t i = 0; i < N_KEYS; i++) {
		if (!bytes_is(name, keys[i].name))
			continue;
		if (*seen >> i & 1 && !keys[i].repeated)
			return bad(err, "a key stands there twice");
		if (!keys[i].take(q, line))
			return bad(err, "a value has not the form of its key");
		*seen |= 1u << i;
		return 0;
	}
	return bad(err, "a key is unknown");
}

int request_parse(struct bytes text, struct request *ret, struct kx_error *err)
{
	struct lines lines = lines_of(text);
	struct request q = { 0 };
	struct bytes line;
	unsigned seen = 0;

	if (text.n == 0 || text.n > REQUEST_FILE_MAX || memchr(text.p, 0, text.n) ||
	    text.p[text.n - 1] != '\n')
		return bad(err, "it is not a whole text file");
	if (!lines_next(&lines, &line) || !bytes_starts(line, "rapidreboot-request "))
		return bad(err, "it does not begin as a request does");
	if (!bytes_is(line, "rapidreboot-request 2"))
		return bad(err, "another version of rapidreboot wrote it");
	while (lines_next(&lines, &line)) {
		int r = take_line(&q, line, &seen, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < N_KEYS; i++)
		if (keys[i].required && !(seen >> i & 1))
			return bad(err, "a key is missing");
	*ret = q;
	return 0;
}

int request_check(const struct request *q, const char *boot_id, uint64_t now_ms,
		  struct kx_error *err)
{
	if (strcmp(q->boot_id, boot_id) != 0)
		return kx_fail(err, -ESTALE, FILE_NAME ": belongs to another boot; it is ignored");
	if (q->due_ms && (now_ms + REQUEST_EARLY_MS < q->due_ms ||
			  (now_ms > q->due_ms && now_ms - q->due_ms > REQUEST_AGE_MAX_MS)))
		return kx_fail(err, -ESTALE,
			       FILE_NAME
			       ": is for a reboot at %llu ms of this boot, and it is %llu ms "
			       "now",
			       (unsigned long long)q->due_ms, (unsigned long long)now_ms);
	if (q->due_ms)
		return 0;
	if (q->time_ms > now_ms || now_ms - q->time_ms > REQUEST_AGE_MAX_MS)
		return kx_fail(err, -ESTALE,
			       FILE_NAME ": was written at %llu ms of this boot and it is %llu ms "
					 "now; more than ten minutes mean nothing any more",
			       (unsigned long long)q->time_ms, (unsigned long long)now_ms);
	return 0;
}

bool request_is_sign(const struct request *q, uint64_t now_ms)
{
	switch (q->sign) {
	case SIGN_NONE:
		return false;
	case SIGN_ASKED:
		return q->time_ms <= now_ms && now_ms - q->time_ms <= SIGN_ASKED_MS;
	case SIGN_DOWN:
		return true;
	}
	return false;
}

/* proc_pid_stat(5): fields 3 and 22, behind the name in parentheses, which may hold anything. */
static int read_process(int root, const char *pid, char *ret_state, uint64_t *ret_start)
{
	_cleanup_free_ char *stat = NULL;
	char path[64];
	const char *p;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	r = read_line_in(root, path, &stat);
	if (r < 0)
		return r;
	p = strrchr(stat, ')');
	if (!p || p[1] != ' ' || !p[2])
		return -EBADMSG;
	*ret_state = p[2];
	p++;
	for (unsigned field = 3; field < 22; field++) {
		p += strcspn(p + 1, " ") + 1;
		if (!*p)
			return -EBADMSG;
	}
	*ret_start = (uint64_t)strtoull(p + 1, NULL, 10);
	return 0;
}

void request_set_asker(struct sys *sys, struct request *q)
{
	_cleanup_close_ int root = machine_open(sys);
	char state;

	q->asker = 0;
	if (read_process(root, "self", &state, &q->asker_start) == 0)
		q->asker = (uint64_t)getpid();
}

bool request_is_orphan(struct sys *sys, const struct request *q)
{
	_cleanup_close_ int root = machine_open(sys);
	uint64_t start;
	char pid[24], state;
	int r;

	if (q->sign != SIGN_ASKED || !q->asker)
		return false;
	(void)snprintf(pid, sizeof(pid), "%llu", (unsigned long long)q->asker);
	r = read_process(root, pid, &state, &start);
	if (r == -ENOENT || r == -ESRCH) /* unless there is no /proc any more */
		return read_process(root, "1", &state, &start) == 0;
	return r == 0 && (start != q->asker_start || state == 'Z' || state == 'X');
}

static int fail_boot_id(int r, struct kx_error *err)
{
	return kx_fail(err, r, "/proc/sys/kernel/random/boot_id: cannot be read: %s", strerror(-r));
}

/* A title may hold anything; in the file it is one line. */
static void one_line(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			*s = ' ';
}

static int format(struct request *q, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	struct lines wish = lines_of((struct bytes){ (const uint8_t *)q->wish, strlen(q->wish) });
	struct bytes line;

	one_line(q->entry);
	strbuf_addf(&b, "rapidreboot-request 2\nboot-id %s\nmode %s\ntime %llu\n", q->boot_id,
		    q->mode == REBOOT_COLD ? "cold" : "kexec", (unsigned long long)q->time_ms);
	if (q->due_ms)
		strbuf_addf(&b, "due %llu\n", (unsigned long long)q->due_ms);
	if (q->sign != SIGN_NONE)
		strbuf_addf(&b, "sign %s\n", q->sign == SIGN_DOWN ? "down" : "asked");
	if (q->asker)
		strbuf_addf(&b, "asker %llu %llu\n", (unsigned long long)q->asker,
			    (unsigned long long)q->asker_start);
	if (q->start)
		strbuf_addf(&b, "start %llu\n", (unsigned long long)q->start);
	if (q->same[0])
		strbuf_addf(&b, "same %s\n", q->same);
	if (q->rung[0])
		strbuf_addf(&b, "rung %s\n", q->rung);
	if (q->is_diet)
		strbuf_addf(&b, "diet %llu\n", (unsigned long long)q->is_diet);
	if (q->digest[0])
		strbuf_addf(&b, "digest %s\n", q->digest);
	if (q->entry[strspn(q->entry, " ")])
		strbuf_addf(&b, "entry %s\n", q->entry);
	if (q->choice[0])
		strbuf_addf(&b, "choice %s\n", q->choice);
	while (lines_next(&wish, &line))
		strbuf_addf(&b, "wish %.*s\n", (int)line.n, (const char *)line.p);
	return strbuf_take(&b, ret);
}

static int write_as(struct sys *sys, const char *path, struct request *q, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ char *text = NULL;
	int r = boot_id_read(sys, q->boot_id);

	if (r < 0)
		return fail_boot_id(r, err);
	q->time_ms = sys->boottime_ms(sys);
	r = format(q, &text);
	if (r == 0)
		r = directory_make_in(root, DIRECTORY, 0700);
	if (r == 0)
		r = file_replace_in(root, path, 0600, text, strlen(text), false);
	return r < 0 ? kx_fail(err, r, "%s: cannot be written: %s", path, strerror(-r)) : 0;
}

/* A hook runs as root, so the file that it obeys must belong to root. */
static int check_owner(int fd, const char *path, struct kx_error *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return kx_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) ||
	    st.st_nlink != 1)
		return kx_fail(err, -EPERM,
			       "%s: is not a file that only root can read and write; it is "
			       "ignored",
			       path);
	return 0;
}

static int read_as(struct sys *sys, const char *path, struct request *ret, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_close_ int fd = open_in(root, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	_cleanup_free_ uint8_t *text = NULL;
	size_t n;
	int r;

	if (fd == -ENOENT)
		return kx_fail(err, -ENOENT, "%s: there is no such file", path);
	r = fd < 0 ? fd : check_owner(fd, path, err);
	if (r == -EPERM)
		return r;
	if (r == 0)
		r = read_fd(fd, REQUEST_FILE_MAX, &text, &n);
	if (r < 0)
		return kx_fail(err, r, "%s: cannot be read: %s", path, strerror(-r));
	r = request_parse((struct bytes){ text, n }, ret, err);
	return r < 0 ? kx_fail_in(err, r, "%s", path) : 0;
}

static int remove_as(struct sys *sys, const char *path, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	int r = file_remove_in(root, path);

	return r < 0 ? kx_fail(err, r, "%s: cannot be removed: %s", path, strerror(-r)) : 0;
}

int request_write(struct sys *sys, struct request *request, struct kx_error *err)
{
	return write_as(sys, FILE_NAME, request, err);
}

int request_read(struct sys *sys, struct request *ret, struct kx_error *err)
{
	struct request q;
	char boot_id[BOOT_ID_LENGTH + 1];
	int r = read_as(sys, FILE_NAME, &q, err);

	if (r < 0)
		return r;
	r = boot_id_read(sys, boot_id);
	if (r < 0)
		return fail_boot_id(r, err);
	r = request_check(&q, boot_id, sys->boottime_ms(sys), err);
	if (r == 0)
		*ret = q;
	return r;
}

int request_read_due(struct sys *sys, struct request *ret, uint64_t *ret_left_ms,
		     struct kx_error *err)
{
	const uint64_t now_ms = sys->boottime_ms(sys);
	struct request q;
	char boot_id[BOOT_ID_LENGTH + 1];
	uint64_t left_ms;
	int r = read_as(sys, FILE_NAME, &q, err);

	if (r < 0)
		return r;
	if (!q.due_ms)
		return kx_fail(err, -ENOENT, FILE_NAME ": is not for a later time");
	r = boot_id_read(sys, boot_id);
	if (r < 0)
		return fail_boot_id(r, err);
	left_ms = q.due_ms > now_ms ? q.due_ms - now_ms : 0;
	/* as it will be then */
	r = request_check(&q, boot_id, now_ms + left_ms, err);
	if (r < 0)
		return r;
	*ret = q;
	*ret_left_ms = left_ms;
	return 0;
}

int request_remove(struct sys *sys, struct kx_error *err)
{
	return remove_as(sys, FILE_NAME, err);
}

int loaded_write(struct sys *sys, struct request *loaded, struct kx_error *err)
{
	return write_as(sys, LOADED_NAME, loaded, err);
}

int loaded_read(struct sys *sys, struct request *ret, struct kx_error *err)
{
	struct request q;
	char boot_id[BOOT_ID_LENGTH + 1];
	int r = read_as(sys, LOADED_NAME, &q, err);

	if (r < 0)
		return r;
	r = boot_id_read(sys, boot_id);
	if (r < 0)
		return fail_boot_id(r, err);
	if (strcmp(q.boot_id, boot_id) != 0)
		return kx_fail(err, -ESTALE, LOADED_NAME ": belongs to another boot");
	*ret = q;
	return 0;
}

int loaded_remove(struct sys *sys, struct kx_error *err)
{
	return remove_as(sys, LOADED_NAME, err);
}
