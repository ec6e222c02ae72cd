// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/running-kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cmdline.h"
#include "base/dir.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/num.h"

enum { CONFIG_MAX = 16 << 20, CONFIG_START = 16 << 10, CMDLINE_FILE_MAX = 64 << 10 };

/* Opens it as kernel_config_read() does. */
static int config_open(int root, const char *release, char *path, size_t path_n)
{
	static const char *const places[][2] = { { "/boot/config-", "" },
						 { "/lib/modules/", "/config" },
						 { "/usr/lib/modules/", "/config" } };
	int fd;

	if (strchr(release, '/'))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if ((size_t)snprintf(path, path_n, "%s%s%s", places[i][0], release, places[i][1]) >=
		    path_n)
			return -ENAMETOOLONG;
		fd = open_in(root, path, O_RDONLY);
		if (fd != -ENOENT)
			return fd;
	}
	return -ENOENT;
}

int kernel_config_read(int root, const char *release, char *path, size_t path_n, uint8_t **ret,
		       size_t *ret_n)
{
	_cleanup_close_ int fd = config_open(root, release, path, path_n);

	return fd < 0 ? fd : read_fd(fd, CONFIG_MAX, ret, ret_n);
}

int running_config_read(int root, char *path, size_t path_n, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ char *release = NULL;
	int r = read_line_in(root, "/proc/sys/kernel/osrelease", &release);

	return r < 0 ? r : kernel_config_read(root, release, path, path_n, ret, ret_n);
}

/* One search over all of it: a configuration has 10,000 lines, and every load asks. */
bool config_has_line(struct bytes config, const char *wanted)
{
	const size_t n = strlen(wanted);
	struct bytes rest = lines_of(config).rest, line;

	for (const uint8_t *at; rest.n && (at = memmem(rest.p, rest.n, wanted, n));) {
		struct lines lines = { .rest = { at, (size_t)(rest.p + rest.n - at) } };

		if ((at == config.p || at[-1] == '\n') && lines_next(&lines, &line) && line.n == n)
			return true;
		rest = (struct bytes){ at + 1, (size_t)(rest.p + rest.n - at - 1) };
	}
	return false;
}

/* lib/kstrtox.c, kstrtobool(): the first letter decides, after an "o" the second one */
static enum kho_word bool_of(struct bytes value)
{
	const char first = value.n ? (char)value.p[0] : '\0',
		   second = value.n > 1 ? (char)value.p[1] : '\0';

	if (first && strchr("yYtT1", first))
		return KHO_ON;
	if (first && strchr("nNfF0", first))
		return KHO_OFF;
	if ((first != 'o' && first != 'O') || !second)
		return KHO_UNSAID;
	return strchr("nN", second) ? KHO_ON : strchr("fF", second) ? KHO_OFF : KHO_UNSAID;
}

enum kho_word kho_word_of(const char *cmdline)
{
	enum kho_word said = KHO_UNSAID;
	struct cmdline_word word;

	while (cmdline && cmdline_next(&cmdline, &word)) {
		enum kho_word one = cmdline_key_is(&word, "kho") ? bool_of(word.value) : KHO_UNSAID;

		if (one != KHO_UNSAID)
			said = one;
	}
	return said;
}

/* Without /proc/cmdline nothing is said; otherwise it has to be read. */
static int read_word_running(int root, enum kho_word *ret)
{
	_cleanup_free_ uint8_t *text = NULL;
	_cleanup_free_ char *cmdline = NULL;
	size_t n;
	int r = read_file_in(root, "/proc/cmdline", CMDLINE_FILE_MAX, &text, &n);

	*ret = KHO_UNSAID;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	cmdline = strndup((const char *)text, n);
	if (!cmdline)
		return -ENOMEM;
	*ret = kho_word_of(cmdline);
	return 0;
}

enum kho_word kho_word_running(int root)
{
	enum kho_word said;

	return read_word_running(root, &said) < 0 ? KHO_UNSAID : said;
}

/* Kconfig.kexec is part of the general setup, which comes first in a configuration. Where it is said
 * not to be set, nothing that depends on it is, and the rest need not be read. */
static bool is_built_without(int config)
{
	uint8_t start[CONFIG_START];
	const ssize_t n = pread(config, start, sizeof(start), 0);

	return n > 0 && config_has_line((struct bytes){ start, (size_t)n },
					"# CONFIG_KEXEC_HANDOVER is not set");
}

/* Kconfig.kexec, CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT: on although the command line does not ask
 * for it. Returns as kho_state(). */
static int state_by_default(int root, const char *release)
{
	_cleanup_free_ uint8_t *config = NULL;
	_cleanup_close_ int fd = -1;
	char path[512];
	size_t n;
	int r;

	fd = config_open(root, release, path, sizeof(path));
	if (fd < 0)
		return fd;
	if (is_built_without(fd))
		return 0;
	r = read_fd(fd, CONFIG_MAX, &config, &n);
	return r < 0 ? r
		     : config_has_line((struct bytes){ config, n },
				       "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y");
}

bool is_before_kho(const char *release)
{
	unsigned major, minor;

	return take_unsigned(&release, &major) && *release++ == '.' &&
	       take_unsigned(&release, &minor) && (major < 6 || (major == 6 && minor < 16));
}

int kho_state(int root)
{
	/* of the live update orchestrator, which needs it; of CONFIG_KEXEC_HANDOVER_DEBUGFS */
	static const char *const signs[] = { "/dev/liveupdate", "/sys/kernel/debug/kho/out" };
	_cleanup_free_ char *release = NULL;
	enum kho_word said;
	int r;

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (exists_in(root, signs[i]) == 1)
			return 1;
	r = read_word_running(root, &said);
	if (r < 0)
		return r;
	if (said != KHO_UNSAID)
		return said == KHO_ON;
	r = read_line_in(root, "/proc/sys/kernel/osrelease", &release);
	if (r < 0)
		return r;
	return is_before_kho(release) ? 0 : state_by_default(root, release);
}

bool kho_is_on(int root)
{
	return kho_state(root) > 0;
}
