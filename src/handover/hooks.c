// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dir.h"
#include "base/io.h"
#include "handover/hooks.h"
#include "sys/process.h"

static const char *const vendor_directories[] = { "/usr/lib/rapidreboot/hooks.d",
						  "/usr/local/lib/rapidreboot/hooks.d" };

enum { HOOKS_MAX = 128, PATH_SIZE = 512 };

struct found {
	char *name;
	const char *directory;
};

struct list {
	struct found v[HOOKS_MAX];
	size_t n;
};

static void list_done(struct list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->v[i].name);
}

static void list_add(struct list *list, const char *directory, char *name)
{
	size_t at = 0;

	while (at < list->n && strcmp(list->v[at].name, name) < 0)
		at++;
	if (list->n == HOOKS_MAX || (at < list->n && strcmp(list->v[at].name, name) == 0)) {
		free(name);
		return;
	}
	memmove(list->v + at + 1, list->v + at, (list->n - at) * sizeof(list->v[0]));
	list->n++;
	list->v[at] = (struct found){ name, directory };
}

/* Left over from a package manager or an editor, as run-parts(8) leaves them out. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && name[0] != '.' && name[n - 1] != '~' && !strstr(name, ".dpkg-") &&
	       !strstr(name, ".rpm");
}

static void list_directory(int root, const char *directory, struct list *list)
{
	_cleanup_names_ struct names names = { 0 };

	if (list_in(root, directory, &names) < 0)
		return;
	for (size_t i = 0; i < names.n; i++)
		if (is_name(names.v[i]))
			list_add(list, directory, TAKE_PTR(names.v[i]));
}

static void tell(const struct hooks *hooks, const char *path, const char *what)
{
	teller_say(hooks->teller, "hook %s (%s): %s", path, hooks->stage, what);
}

/* It runs as root: nobody else may have a say in what it does. A link to /dev/null hides a hook. */
static bool may_run(const struct hooks *hooks, int root, const char *path)
{
	_cleanup_close_ int fd = open_in(root, path, O_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return false;
	if ((st.st_uid == 0 || st.st_uid == geteuid()) && !(st.st_mode & 022))
		return true;
	tell(hooks, path, "not run, because others than root can change it");
	return false;
}

static void note(struct hooks_answer *answer, const char *name, const char *what)
{
	char word[PATH_SIZE];
	size_t n = strlen(answer->text);

	(void)snprintf(word, sizeof(word), "%s%s=%s", n ? " " : "", name, what);
	attempt_text(answer->text + n, sizeof(answer->text) - n, word);
}

static void run_one(struct sys *sys, const struct hooks *hooks, const struct found *found,
		    const char *path, struct hooks_answer *answer)
{
	char program[PATH_SIZE], what[64];
	const char *const words[] = { program, hooks->stage, hooks->entry, NULL };
	int r;

	(void)snprintf(program, sizeof(program), "%s%s", sys->root ? sys->root : "", path);
	r = process_run_limited(sys, words, hooks->setting, hooks->timeout_s * 1000);
	answer->n_run++;
	if (r == -ETIMEDOUT)
		(void)snprintf(what, sizeof(what), "timeout");
	else
		(void)snprintf(what, sizeof(what), "%d", r);
	note(answer, found->name, what);
	if (r == 0)
		return;
	answer->n_failed++;
	if (r == -ETIMEDOUT)
		(void)snprintf(what, sizeof(what), "ended after %u s without an answer",
			       hooks->timeout_s);
	else if (r < 0)
		(void)snprintf(what, sizeof(what), "cannot be started: %s", strerror(-r));
	else
		(void)snprintf(what, sizeof(what), "exit status %d", r);
	tell(hooks, path, what);
}

void hooks_run(struct sys *sys, const struct hooks *hooks, struct hooks_answer *ret)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_(list_done) struct list list = { 0 };

	*ret = (struct hooks_answer){ 0 };
	list_directory(root, hooks->directory, &list);
	for (size_t i = 0; i < sizeof(vendor_directories) / sizeof(vendor_directories[0]); i++)
		list_directory(root, vendor_directories[i], &list);
	for (size_t i = 0; i < list.n; i++) {
		char path[PATH_SIZE / 2];

		if (snprintf(path, sizeof(path), "%s/%s", list.v[i].directory, list.v[i].name) <
			    (int)sizeof(path) &&
		    may_run(hooks, root, path))
			run_one(sys, hooks, &list.v[i], path, ret);
	}
}
