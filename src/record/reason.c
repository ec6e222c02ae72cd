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

bool reason_in_log(struct bytes log, char *ret, size_t size)
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

			memcpy(text, found.p, found.n < SENTENCE_MAX ? found.n : SENTENCE_MAX);
			attempt_text(ret, size, text);
			return true;
		}
	}
	return false;
}

/* A directory of logs; those older than the attempt are not about it. */
struct store {
	int root;
	uint64_t since_ms;
};

static bool is_fresh(int fd, uint64_t since_ms)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mtime >= 0 &&
	       (uint64_t)st.st_mtime * 1000 + CLOCK_ERROR_MS >= since_ms;
}

static bool in_file(const struct store *store, const char *path, char *ret, size_t size)
{
	_cleanup_close_ int fd = open_in(store->root, path, O_RDONLY | O_NONBLOCK);
	_cleanup_free_ uint8_t *log = NULL;
	char text[SENTENCE_MAX + 1], sentence[SENTENCE_MAX + 320];
	size_t n;

	if (fd < 0 || !is_fresh(fd, store->since_ms) || read_fd(fd, LOG_MAX, &log, &n) < 0 ||
	    !reason_in_log((struct bytes){ log, n }, text, sizeof(text)))
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
		if (in_file(store, path, ret, size) ||
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
	const struct store store = { root, since_ms };

	return in_directory(&store, "/sys/fs/pstore", 0, ret, size) ||
	       in_directory(&store, "/var/lib/systemd/pstore", 2, ret, size) ||
	       by_watchdog(root, ret, size);
}
