// SPDX-License-Identifier: LGPL-2.1-or-later
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "record/reason.h"

/* Texts of the kernel log, the gravest first. What precedes them in a line (time, level,
 * processor) is left out. */
static const char *const signs[] = {
	"Kernel panic - not syncing",
	"BUG: ",
	"Oops: ",
	"general protection fault",
	"watchdog: BUG: soft lockup",
	"rcu: INFO: rcu_sched self-detected stall",
	"kexec_core: ",
	"kexec: ",
	"rapidreboot: ",
};

enum {
	LOG_MAX = 4 << 20,
	SENTENCE_MAX = 160,
	BOOTSTATUS_RESET = 0x20, /* WDIOF_CARDRESET */
	CLOCK_ERROR_MS = 60 * 1000,
};

/* Length of the sign without the ": " at its end. */
static size_t kind_length(const char *sign)
{
	size_t n = strlen(sign);

	while (n && (sign[n - 1] == ' ' || sign[n - 1] == ':'))
		n--;
	return n;
}

/* With @whole the rest of the line is returned, else only the sign: the line may have addresses,
 * names of files and of devices. */
static bool find_in_log(struct bytes log, bool whole, char *ret, size_t size)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		struct lines lines = lines_of(log);
		struct bytes line, found = { 0 };

		while (lines_next(&lines, &line)) {
			const uint8_t *at = memmem(line.p, line.n, signs[i], strlen(signs[i]));

			if (at)
				found = (struct bytes){ at, (size_t)(line.p + line.n - at) };
		}
		if (found.n) {
			char text[SENTENCE_MAX + 1] = { 0 };

			if (!whole)
				found.n = kind_length(signs[i]);
			memcpy(text, found.p, found.n < SENTENCE_MAX ? found.n : SENTENCE_MAX);
			attempt_text(ret, size, text);
			return true;
		}
	}
	return false;
}

bool reason_in_log(struct bytes log, char *ret, size_t size)
{
	return find_in_log(log, true, ret, size);
}

bool reason_in_private_log(struct bytes log, char *ret, size_t size)
{
	return find_in_log(log, false, ret, size);
}

/* A directory of logs; those older than the attempt are ignored. */
struct store {
	int root;
	uint64_t since_ms;
	bool is_restricted; /* only root may read the kernel log, wherever it is */
};

/* kernel.dmesg_restrict: may others than root read the log? A kernel without it has no such rule. */
static bool log_is_restricted(int root)
{
	uint64_t value;
	int r = read_u64_in(root, "/proc/sys/kernel/dmesg_restrict", &value);

	return r < 0 ? r != -ENOENT : value != 0;
}

/* Whether any user may read the file, which is in @directory. */
static bool is_public(const struct store *store, int fd, const char *directory)
{
	_cleanup_close_ int above = open_in(store->root, directory, O_PATH);
	struct stat st;

	return !store->is_restricted && fstat(fd, &st) == 0 && (st.st_mode & S_IROTH) &&
	       above >= 0 && fstat(above, &st) == 0 && (st.st_mode & S_IXOTH);
}

static bool is_fresh(int fd, uint64_t since_ms)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime >= 0 &&
	       (uint64_t)st.st_mtime * 1000 + CLOCK_ERROR_MS >= since_ms;
}

static bool in_file(const struct store *store, const char *directory, const char *path, char *ret,
		    size_t size)
{
	_cleanup_close_ int fd = open_in(store->root, path, O_RDONLY | O_NONBLOCK);
	_cleanup_free_ uint8_t *log = NULL;
	char text[SENTENCE_MAX + 1], sentence[SENTENCE_MAX + 320];
	size_t n;

	if (fd < 0 || !is_fresh(fd, store->since_ms) || read_fd(fd, LOG_MAX, &log, &n) < 0 ||
	    !find_in_log((struct bytes){ log, n }, is_public(store, fd, directory), text,
			 sizeof(text)))
		return false;
	(void)snprintf(sentence, sizeof(sentence), "%s (%s)", text, path);
	attempt_text(ret, size, sentence);
	return true;
}

/* Reads the last records first: they are numbered in the order in which they were written. */
static bool in_directory(const struct store *store, const char *directory, unsigned depth,
			 char *ret, size_t size)
{
	_cleanup_names_ struct names names = { 0 };

	if (list_in(store->root, directory, &names) < 0)
		return false;
	for (size_t i = names.n; i-- > 0;) {
		char path[300];

		if (snprintf(path, sizeof(path), "%s/%s", directory, names.v[i]) >=
		    (int)sizeof(path))
			continue;
		if (in_file(store, directory, path, ret, size) ||
		    (depth > 0 && in_directory(store, path, depth - 1, ret, size)))
			return true;
	}
	return false;
}

static bool by_watchdog(int root, char *ret, size_t size)
{
	uint64_t status;

	if (read_u64_in(root, "/sys/class/watchdog/watchdog0/bootstatus", &status) < 0 ||
	    !(status & BOOTSTATUS_RESET))
		return false;
	attempt_text(ret, size,
		     "the hardware watchdog reset the machine (bootstatus of watchdog0)");
	return true;
}

bool reason_in_firmware_store(struct sys *sys, uint64_t since_ms, char *ret, size_t size)
{
	_cleanup_close_ int root = machine_open(sys);
	const struct store store = { root, since_ms, log_is_restricted(root) };

	return in_directory(&store, "/sys/fs/pstore", 0, ret, size) ||
	       in_directory(&store, "/var/lib/systemd/pstore", 2, ret, size) ||
	       by_watchdog(root, ret, size);
}
