/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A user who disturbs: becomes user 1000 and holds a lock, flock(2) and fcntl(2), on each file and
 * directory that this user can open below /run, /var, /etc and /tmp, also on those that come later. Never
 * ends. Only for virtual machines.
 */

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { USER = 1000, FILES_MAX = 4096, DEPTH_MAX = 16, PAUSE_US = 20000 };

static const char *const places[] = { "/run", "/var", "/etc", "/tmp" };
static struct stat held[FILES_MAX];
static int n_held;

static int is_held(const struct stat *st)
{
	for (int i = 0; i < n_held; i++)
		if (held[i].st_dev == st->st_dev && held[i].st_ino == st->st_ino)
			return 1;
	return 0;
}

/* The descriptor stays open for ever: closing it would give the lock back. */
static void hold(const char *path, const struct stat *st)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd;

	if (n_held == FILES_MAX || is_held(st))
		return;
	fd = open(path, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		whole.l_type = F_RDLCK;
		fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	}
	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		close(fd);
		return;
	}
	(void)fcntl(fd, F_SETLK, &whole);
	held[n_held++] = *st;
}

static void walk(const char *path, int depth)
{
	char inside[PATH_MAX];
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (lstat(path, &st) < 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	hold(path, &st);
	dir = S_ISDIR(st.st_mode) && depth < DEPTH_MAX ? opendir(path) : NULL;
	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (snprintf(inside, sizeof(inside), "%s/%s", path, entry->d_name) < PATH_MAX)
			walk(inside, depth + 1);
	}
	closedir(dir);
}

int main(void)
{
	const struct rlimit files = { FILES_MAX + 64, FILES_MAX + 64 };
	int said = 0;

	if (setrlimit(RLIMIT_NOFILE, &files) < 0 || setgroups(0, NULL) < 0 || setgid(USER) < 0 ||
	    setuid(USER) < 0) {
		perror("hold-locks");
		return 1;
	}
	for (;;) {
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			walk(places[i], 0);
		if (n_held > said)
			dprintf(1, "hold-locks: %d held\n", n_held);
		said = n_held;
		usleep(PAUSE_US);
	}
}
