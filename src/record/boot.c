// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/io.h"
#include "record/boot.h"

int machine_open(struct sys *sys)
{
	return sys->root ? open_in(ROOT_HERE, sys->root, O_PATH | O_DIRECTORY) : ROOT_HERE;
}

/* 8-4-4-4-12 hexadecimal digits, as drivers/char/random.c prints it (%pU). */
bool is_boot_id(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? b.p[i] != '-' : !b.p[i] || !strchr("0123456789abcdef", b.p[i]))
			return false;
	}
	return b.n == BOOT_ID_LENGTH;
}

int boot_id_read(struct sys *sys, char ret[BOOT_ID_LENGTH + 1])
{
	_cleanup_close_ int root = machine_open(sys);
	_cleanup_free_ char *line = NULL;
	int r = read_line_in(root, "/proc/sys/kernel/random/boot_id", &line);

	if (r < 0)
		return r;
	if (!is_boot_id((struct bytes){ (const uint8_t *)line, strlen(line) }))
		return -EBADMSG;
	memcpy(ret, line, BOOT_ID_LENGTH + 1);
	return 0;
}

#define TREE "/sys/firmware/fdt"
#define TREE_MAX (2u << 20)
#define SIGN "linux,booted-from-kexec"

/* Has this boot's device tree the sign of kexec? Its names are strings that end with NUL. Negative errno: it cannot
 * be read. */
static int tree_has_sign(int root)
{
	_cleanup_free_ uint8_t *tree = NULL;
	size_t n;
	int r = read_file_in(root, TREE, TREE_MAX, &tree, &n);

	return r < 0 ? r : memmem(tree, n, SIGN, sizeof(SIGN)) != NULL;
}

enum boot_way boot_way_read_in(int root)
{
	uint64_t type;

	if (read_u64_in(root, "/proc/sys/kernel/bootloader_type", &type) < 0)
		return tree_has_sign(root) > 0 ? BOOT_KEXEC : BOOT_UNKNOWN;
	if (type > 0xff)
		return BOOT_UNKNOWN;
	/* bits 0 to 3 are the loader's version */
	return type >> 4 == 0xd ? BOOT_KEXEC : BOOT_FIRMWARE;
}

enum boot_way boot_way_read(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return boot_way_read_in(root);
}

bool boot_is_not_ours(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return boot_way_read_in(root) == BOOT_FIRMWARE || tree_has_sign(root) == 0;
}

#define WATCHED_DIRECTORY "/run/rapidreboot"
#define WATCHED WATCHED_DIRECTORY "/boot"

bool boot_is_watched(struct sys *sys)
{
	_cleanup_close_ int root = machine_open(sys);

	return is_there_in(root, WATCHED);
}

int boot_set_watched(struct sys *sys, struct kx_error *err)
{
	_cleanup_close_ int root = machine_open(sys);
	int r = directory_make_in(root, WATCHED_DIRECTORY, 0700);

	if (r == 0)
		r = file_replace_in(root, WATCHED, 0600, "", 0, false);
	return r < 0 ? kx_fail(err, r, WATCHED ": cannot be written: %s", strerror(-r)) : 0;
}
