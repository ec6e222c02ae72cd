// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/present.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utmpx.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "handover/logind.h"

enum {
	STATE_FILE_MAX = 64 * 1024, /* of logind, a few hundred bytes each */
	UTMP_FILE_MAX = 1 << 20,
};

static const char utmp_file[] = "/run/utmp";
static const char sessions_directory[] = "/run/systemd/sessions";
static const char inhibitors_directory[] = "/run/systemd/inhibit";

/* Who asks. @session: the ID that logind has for it; @uid: whose systemd runs this process, which then is in no
 * session itself; @name: of that user, once it is known. "" where not known. */
struct own {
	const char *terminal;
	char session[40], uid[16], name[PRESENT_NAME_MAX];
};

struct look {
	int root;
	struct own own;
	struct present *ret;
};

/* ---- who asks */

/* Copies what is between @before and @after in @line; "" stays "" when that is not there or too long. */
static void copy_between(struct bytes line, const char *before, const char *after, char *ret,
			 size_t size)
{
	const uint8_t *start = memmem(line.p, line.n, before, strlen(before)), *end;

	if (!start)
		return;
	start += strlen(before);
	end = memmem(start, (size_t)(line.p + line.n - start), after, strlen(after));
	if (end && (size_t)(end - start) < size) {
		memcpy(ret, start, (size_t)(end - start));
		ret[end - start] = '\0';
	}
}

/* systemd's names of units: "…/session-3.scope" or "…/user@1000.service/…". */
static void find_own(int root, const char *terminal, struct own *ret)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct bytes line, text = { 0 };
	struct lines lines;

	*ret = (struct own){ .terminal = terminal };
	if (read_file_in(root, "/proc/self/cgroup", STATE_FILE_MAX, &buf, &text.n) < 0)
		return;
	text.p = buf;
	for (lines = lines_of(text); lines_next(&lines, &line);) {
		copy_between(line, "/session-", ".scope", ret->session, sizeof(ret->session));
		copy_between(line, "/user@", ".service", ret->uid, sizeof(ret->uid));
	}
}

static bool is_own_terminal(const struct own *own, const char *terminal)
{
	return own->terminal && *terminal && strcmp(own->terminal, terminal) == 0;
}

/* ---- people */

static struct present_person *person_named(struct present *p, const char *name)
{
	for (size_t i = 0; i < p->n_people; i++)
		if (strcmp(p->people[i].name, name) == 0)
			return &p->people[i];
	if (p->n_people == PRESENT_MAX) {
		p->more_people++;
		return NULL;
	}
	(void)snprintf(p->people[p->n_people].name, PRESENT_NAME_MAX, "%s", name);
	return &p->people[p->n_people++];
}

static void add_person(struct present *p, const char *name, const char *terminal)
{
	struct present_person *person = person_named(p, name);
	size_t n;

	if (!person || !*terminal || has_item(person->where, ", ", terminal))
		return;
	n = strlen(person->where);
	(void)snprintf(person->where + n, sizeof(person->where) - n, "%s%s", n ? ", " : "",
		       terminal);
}

static const char *without_dev(const char *terminal)
{
	return strncmp(terminal, "/dev/", 5) == 0 ? terminal + 5 : terminal;
}

/* A session that is closing has lost its person; what it started still runs. */
static void look_session(struct look *l, const char *id, struct bytes text)
{
	_cleanup_free_ char *class = NULL, *user = NULL, *uid = NULL, *tty = NULL, *state = NULL;

	if (logind_value(text, "USER=", &user) < 0 || !*user)
		return;
	(void)!logind_value(text, "CLASS=", &class);
	(void)!logind_value(text, "UID=", &uid);
	(void)!logind_value(text, "TTY=", &tty);
	(void)!logind_value(text, "STATE=", &state);
	if (!logind_class_is_person(class) || (state && strcmp(state, "closing") == 0))
		return;
	if (uid && *l->own.uid && strcmp(uid, l->own.uid) == 0) {
		(void)snprintf(l->own.name, sizeof(l->own.name), "%s", user);
		return;
	}
	if (strcmp(id, l->own.session) == 0 ||
	    is_own_terminal(&l->own, tty ? without_dev(tty) : ""))
		return;
	add_person(l->ret, user, tty ? without_dev(tty) : "");
}

/* ut_line and the like need not end in NUL. */
static void copy_field(char *to, size_t size, const char *field, size_t n)
{
	(void)snprintf(to, size, "%.*s", (int)strnlen(field, n), field);
}

/* Whoever was killed left its record. */
static bool is_alive(int root, pid_t pid)
{
	char path[40];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return exists_in(root, path) == 1;
}

static void look_record(struct look *l, const struct utmpx *u)
{
	char name[PRESENT_NAME_MAX], terminal[sizeof(u->ut_line) + 1];

	if (u->ut_type != USER_PROCESS || !u->ut_user[0] || !is_alive(l->root, u->ut_pid))
		return;
	copy_field(name, sizeof(name), u->ut_user, sizeof(u->ut_user));
	copy_field(terminal, sizeof(terminal), u->ut_line, sizeof(u->ut_line));
	if (!is_own_terminal(&l->own, terminal) && strcmp(name, l->own.name) != 0)
		add_person(l->ret, name, terminal);
}

/* Systems without it exist: musl has none, and Debian gave it up for logind's word. */
static void look_utmp(struct look *l)
{
	_cleanup_free_ uint8_t *buf = NULL;
	struct utmpx u;
	size_t n;
	int r = read_file_in(l->root, utmp_file, UTMP_FILE_MAX, &buf, &n);

	if (r < 0 && r != -ENOENT)
		l->ret->unknown = utmp_file;
	for (size_t at = 0; r >= 0 && n - at >= sizeof(u); at += sizeof(u)) {
		memcpy(&u, buf + at, sizeof(u));
		look_record(l, &u);
	}
}

/* ---- inhibitors */

static void look_inhibitor(struct look *l, const char *id, struct bytes text)
{
	static const char *const verbs[] = {
		[LOGIND_DELAYS] = "may delay it by some seconds",
		[LOGIND_BLOCKS_WEAK] = "wants the machine to stay up",
		[LOGIND_BLOCKS] = "holds shutdowns off",
	};
	_cleanup_free_ char *who = NULL, *why = NULL;
	struct present *p = l->ret;
	const int hold = logind_inhibitor(text, &who, &why);

	if (hold <= LOGIND_NO_HOLD)
		return;
	if (p->n_holders == PRESENT_MAX)
		p->more_holders++;
	else
		(void)snprintf(p->holders[p->n_holders++], PRESENT_HOLDER_MAX, "%.60s %s: %s", who,
			       verbs[hold], why);
}

/* ---- all of it */

/* One that is gone by now has ended. */
static void look_files(struct look *l, const char *directory,
		       void (*one)(struct look *, const char *id, struct bytes text))
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(l->root, directory, &names);

	if (r < 0 && r != -ENOENT)
		l->ret->unknown = directory;
	for (size_t i = 0; r >= 0 && i < names.n; i++) {
		_cleanup_free_ uint8_t *buf = NULL;
		char path[300];
		size_t n;
		int code;

		if (strchr(names.v[i], '.')) /* ID.ref */
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names.v[i]);
		code = read_file_in(l->root, path, STATE_FILE_MAX, &buf, &n);
		if (code == 0)
			one(l, names.v[i], (struct bytes){ buf, n });
		else if (code != -ENOENT)
			l->ret->unknown = directory;
	}
}

void present_host(int root, char ret[PRESENT_HOST_MAX])
{
	_cleanup_free_ char *name = NULL;

	if (read_line_in(root, "/proc/sys/kernel/hostname", &name) < 0 || !*name ||
	    strcmp(name, "(none)") == 0)
		(void)snprintf(ret, PRESENT_HOST_MAX, "this machine");
	else
		(void)snprintf(ret, PRESENT_HOST_MAX, "%s", name);
}

void present_read(int root, const char *own_terminal, struct present *ret)
{
	struct look l = { .root = root, .ret = ret };

	*ret = (struct present){ .n_people = 0 };
	present_host(root, ret->host);
	find_own(root, own_terminal, &l.own);
	look_files(&l, sessions_directory, look_session);
	look_utmp(&l);
	look_files(&l, inhibitors_directory, look_inhibitor);
}
