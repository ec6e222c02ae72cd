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
	bool is_full; /* and there are more */
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
	if (at < list->n && strcmp(list->v[at].name, name) == 0) {
		free(name);
		return;
	}
	if (list->n == HOOKS_MAX) {
		list->is_full = true;
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

/* Names in the directory; when it does not exist there are no hooks. A directory that cannot be
 * read, or that others than root can change, counts as a hook that fails: it might have held
 * one. */
static int list_directory(int root, const char *directory, struct list *list)
{
	_cleanup_close_ int fd = open_trusted_in(root, directory, O_PATH);
	_cleanup_names_ struct names names = { 0 };
	int r = fd < 0 ? fd : list_in(fd, "/", &names);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; i < names.n; i++)
		if (is_name(names.v[i]))
			list_add(list, directory, TAKE_PTR(names.v[i]));
	return 0;
}

static void tell(const struct hooks *hooks, const char *path, const char *what)
{
	teller_say(hooks->teller, "hook %s (%s): %s", path, hooks->stage, what);
}

/* A hook runs as root, so only root may be able to change it. 1: run it; 0: it is no hook; a link
 * to /dev/null masks a hook of that name. */
static int may_run(int root, const char *path)
{
	_cleanup_close_ int fd = open_trusted_in(root, path, O_PATH);
	struct stat st;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fd < 0 ? fd : -errno;
	return S_ISREG(st.st_mode) && (st.st_mode & 0111);
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
	answer->n_later += r == HOOK_LATER;
	if (r == -ETIMEDOUT)
		(void)snprintf(what, sizeof(what), "ended after %u s without an answer",
			       hooks->timeout_s);
	else if (r < 0)
		(void)snprintf(what, sizeof(what), "cannot be started: %s", strerror(-r));
	else
		(void)snprintf(what, sizeof(what), "exit status %d%s", r,
			       r == HOOK_LATER ? ": not now, later" : "");
	tell(hooks, path, what);
}

/* A hook that cannot be run counts as one that fails. */
static void refuse(const struct hooks *hooks, const char *name, const char *path, int code,
		   struct hooks_answer *answer)
{
	char what[160];

	(void)snprintf(what, sizeof(what), "not run: %s", open_strerror(code));
	tell(hooks, path, what);
	note(answer, name, "refused");
	answer->n_failed++;
}

static void list_all(int root, const struct hooks *hooks, struct list *list,
		     struct hooks_answer *answer)
{
	int r = list_directory(root, hooks->directory, list);

	if (r < 0)
		refuse(hooks, hooks->directory, hooks->directory, r, answer);
	for (size_t i = 0; i < sizeof(vendor_directories) / sizeof(vendor_directories[0]); i++) {
		r = list_directory(root, vendor_directories[i], list);
		if (r < 0)
			refuse(hooks, vendor_directories[i], vendor_directories[i], r, answer);
	}
	if (!list->is_full)
		return;
	teller_say(hooks->teller, "more than %d hooks (%s): none of them is run", (int)HOOKS_MAX,
		   hooks->stage);
	note(answer, "hooks", "too-many");
	answer->n_failed++;
}

static void look_and_run(struct sys *sys, int root, const struct hooks *hooks,
			 const struct found *found, struct hooks_answer *answer)
{
	char path[PATH_SIZE / 2];
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", found->directory, found->name) >=
	    (int)sizeof(path)) {
		refuse(hooks, found->name, found->name, -ENAMETOOLONG, answer);
		return;
	}
	r = may_run(root, path);
	if (r < 0)
		refuse(hooks, found->name, path, r, answer);
	else if (r > 0)
		run_one(sys, hooks, found, path, answer);
}

void hooks_run(struct sys *sys, const struct hooks *hooks, struct hooks_answer *ret)
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_(list_done) struct list list = { 0 };

	*ret = (struct hooks_answer){ 0 };
	list_all(root, hooks, &list, ret);
	for (size_t i = 0; i < list.n && !list.is_full; i++)
		look_and_run(sys, root, hooks, &list.v[i], ret);
}
