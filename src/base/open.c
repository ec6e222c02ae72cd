// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Opens a path below a root. All files of the machine are opened here. Foreign files can only
 * influence the bytes that are read: devices are never opened, not even briefly to find out what
 * they are (opening one starts a watchdog or rewinds a tape), and the program never waits for the
 * other end of a FIFO.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/open.h"
#include "base/place.h"

static_assert(ROOT_HERE == AT_FDCWD, "the running system is where paths start by themselves");
static_assert(NOT_A_FILE == -EMEDIUMTYPE && NOT_TRUSTED == -EKEYREJECTED,
	      "codes that open(2) does not have");

enum {
	/* How often openat2(2) is repeated: it fails with EAGAIN when something below the root was
	 * renamed meanwhile. */
	TRIES_MAX = 16,
	DEPTH_MAX = 128, /* depth of directories, for walk() below */
	LINKS_MAX = 40,	 /* the kernel's limit: MAXSYMLINKS, include/linux/namei.h */
};

/* ---- RESOLVE_IN_ROOT without openat2(2): Linux before 5.6, and filters that do not know it */

struct walk {
	int fd[DEPTH_MAX]; /* descriptors of the root and of the directories down to the current one */
	size_t n;
	unsigned links;
	bool trusted;	     /* refuse what others than root can change */
	char rest[PATH_MAX]; /* what is still to be walked */
};

static void walk_up_to(struct walk *w, size_t n)
{
	while (w->n > n)
		fd_close(w->fd[--w->n]);
}

static void walk_done(struct walk *w)
{
	walk_up_to(w, 0);
}

/* Cuts the next component off @rest; false at the end. */
static bool walk_next(struct walk *w, char name[NAME_MAX + 1], int *error)
{
	const char *at = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(at, "/");

	if (n == 0)
		return false;
	if (n > NAME_MAX) {
		*error = -ENAMETOOLONG;
		return false;
	}
	memcpy(name, at, n);
	name[n] = '\0';
	memmove(w->rest, at + n, strlen(at + n) + 1);
	return true;
}

static int walk_link(struct walk *w, int fd)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target));
	size_t rest = strlen(w->rest);

	if (n < 0)
		return -errno;
	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (n == 0)
		return -ENOENT;
	if ((size_t)n + rest >= sizeof(w->rest))
		return -ENAMETOOLONG;
	if (target[0] == '/')
		walk_up_to(w, 1);
	memmove(w->rest + n, w->rest, rest + 1);
	memcpy(w->rest, target, (size_t)n);
	return 0;
}

/* Does the file belong to root or to us, and can nobody else write to it? The mode of a symbolic
 * link is not looked at: it has no effect. */
static bool is_trusted(const struct stat *st)
{
	return (st->st_uid == 0 || st->st_uid == geteuid()) &&
	       (S_ISLNK(st->st_mode) || !(st->st_mode & 022));
}

/* Walks one component. Returns 0 or a negative errno; when the path ends at a file, @ret is its
 * descriptor. */
static int walk_step(struct walk *w, const char *name, bool follow, int *ret)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (strcmp(name, ".") == 0)
		return 0;
	if (strcmp(name, "..") == 0) {
		if (w->n > 1)
			walk_up_to(w, w->n - 1);
		return 0;
	}
	fd = openat(w->fd[w->n - 1], name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (w->trusted && !is_trusted(&st))
		return NOT_TRUSTED;
	if (S_ISLNK(st.st_mode) && (follow || w->rest[0]))
		return walk_link(w, fd);
	if (S_ISDIR(st.st_mode)) {
		if (w->n == DEPTH_MAX)
			return -ENAMETOOLONG;
		w->fd[w->n++] = TAKE_FD(fd);
		return 0;
	}
	if (w->rest[0])
		return -ENOTDIR;
	*ret = TAKE_FD(fd);
	return 0;
}

/* Opens @path below @root with O_PATH. */
static int walk_open(int root, const char *path, bool follow, bool trusted)
{
	_cleanup_(walk_done) struct walk w = { .trusted = trusted };
	char name[NAME_MAX + 1];
	int fd = -1, r = 0;

	if (strlen(path) >= sizeof(w.rest))
		return -ENAMETOOLONG;
	if (!path[0])
		return -ENOENT;
	memcpy(w.rest, path, strlen(path) + 1);
	w.fd[0] = root == ROOT_HERE ? open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)
				    : fcntl(root, F_DUPFD_CLOEXEC, 0);
	if (w.fd[0] < 0)
		return -errno;
	w.n = 1;
	while (r == 0 && fd < 0 && walk_next(&w, name, &r))
		r = walk_step(&w, name, follow, &fd);
	if (r < 0)
		return r;
	if (fd >= 0)
		return fd;
	w.n--;
	return w.fd[w.n];
}

int open_path_walking(int root, const char *path, int flags)
{
	_cleanup_close_ int fd = walk_open(root, path, !(flags & O_NOFOLLOW), false);
	struct stat st;

	if (fd < 0)
		return fd;
	if (flags & O_DIRECTORY) {
		if (fstat(fd, &st) < 0)
			return -errno;
		if (!S_ISDIR(st.st_mode))
			return -ENOTDIR;
	}
	return TAKE_FD(fd);
}

/* ---- O_PATH: opens nothing, so it is safe for any kind of file */

static int path_open(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT };
	long fd = -1;

	if (root == ROOT_HERE) {
		fd = open(path, flags);
		return fd < 0 ? -errno : (int)fd;
	}
	for (unsigned i = 0; i < TRIES_MAX; i++) {
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	if (fd >= 0)
		return (int)fd;
	/* seccomp filters of containers that are older than the call answer EPERM to it */
	if (errno == ENOSYS || errno == EPERM || errno == EAGAIN)
		return open_path_walking(root, path, flags);
	return -errno;
}

/* ---- opening regular files for reading or writing */

static bool is_same(const struct stat *a, int fd)
{
	struct stat b;

	return fstat(fd, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino;
}

/* Opens the same file that the O_PATH descriptor @at refers to, through /proc/self/fd. Before /proc
 * is mounted the path is opened a second time instead. */
static int reopen(int at, const struct stat *st, int root, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)flags, .resolve = RESOLVE_IN_ROOT };
	char self[64];
	_cleanup_close_ int fd = -1;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", at);
	fd = open(self, flags & ~O_NOFOLLOW);
	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
		return fd < 0 ? -errno : TAKE_FD(fd);
	if (root == ROOT_HERE)
		fd = open(path, flags);
	else
		fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	return is_same(st, fd) ? TAKE_FD(fd) : -EAGAIN;
}

/* Takes ownership of @at. */
static int open_found(int at_owned, int root, const char *path, int flags, bool device)
{
	_cleanup_close_ int at = at_owned;
	struct stat st;

	if (at < 0)
		return at;
	if (fstat(at, &st) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP; /* the errno of open(2) with O_NOFOLLOW */
	if (S_ISDIR(st.st_mode) && !device)
		return -EISDIR;
	if (device ? !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) : !S_ISREG(st.st_mode))
		return NOT_A_FILE;
	/* O_NONBLOCK: somebody may hold a lease on the file, and some files in /proc wait for more
	 * data */
	return reopen(at, &st, root, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Is it one of the running kernel's own files about its firmware? Nobody can make a device, a FIFO or a
 * link that leads elsewhere there. */
static bool is_of_firmware(int root, const char *path)
{
	static const char folder[] = "/sys/firmware/";

	return root == ROOT_HERE && strncmp(path, folder, strlen(folder)) == 0 &&
	       !strstr(path, "/..");
}

/* Each range of the firmware's memory map has three files, so they are opened at once. */
static int open_of_firmware(const char *path, int flags)
{
	_cleanup_close_ int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : NOT_A_FILE;
}

static int open_checked(int root, const char *path, int flags, bool device)
{
	int at;

	if (!device && is_of_firmware(root, path))
		return open_of_firmware(path, flags);
	at = path_open(root, path, O_PATH | O_CLOEXEC | (flags & O_NOFOLLOW));
	return open_found(at, root, path, flags, device);
}

/* A descriptor with a position of its own; without /proc the one that there is. */
static int reopen_memory(int owned, int flags)
{
	_cleanup_close_ int fd = owned;
	char self[64];
	int fresh;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	fresh = open(self, (flags & ~O_NOFOLLOW) | O_CLOEXEC);
	if (fresh >= 0)
		return fresh;
	return errno == ENOENT ? TAKE_FD(fd) : -errno;
}

int open_in(int root, const char *path, int flags)
{
	_cleanup_close_ int place = place_open(root, path, &path);

	if (place >= 0 && !*path) /* a file in memory */
		return flags & O_PATH ? TAKE_FD(place) : reopen_memory(TAKE_FD(place), flags);
	if (place >= 0)
		root = place;
	if (flags & O_PATH)
		return path_open(root, path, flags | O_CLOEXEC);
	if (flags & O_DIRECTORY) {
		_cleanup_close_ int at = path_open(
			root, path, O_PATH | (flags & O_NOFOLLOW) | O_DIRECTORY | O_CLOEXEC);
		int fd = at < 0 ? at : openat(at, ".", flags | O_CLOEXEC);

		return at >= 0 && fd < 0 ? -errno : fd;
	}
	return open_checked(root, path, flags, false);
}

int open_device_in(int root, const char *path, int flags)
{
	int fd = open_checked(root, path, flags, true);

	/* a captured machine has a file in its place */
	return fd == NOT_A_FILE ? open_in(root, path, flags) : fd;
}

int open_trusted_in(int root, const char *path, int flags)
{
	int at = walk_open(root, path, !(flags & O_NOFOLLOW), true);

	return at < 0 || (flags & O_PATH) ? at : open_found(at, root, path, flags, false);
}

const char *open_strerror(int code)
{
	if (code == NOT_TRUSTED)
		return "others than root can change it, or a directory or link on the way to it";
	return code == NOT_A_FILE ? "a device, FIFO or socket; only regular files are read"
				  : strerror(-code);
}
