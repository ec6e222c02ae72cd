/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Initial ramdisks of initramfs-tools with cryptsetup-initramfs (Debian and its family): a table of the volumes
 * that it opens lies in cryptroot/crypttab, with the columns of crypttab(5). Keys are handed to it by one more
 * archive, behind it: a table in place of that one, in which the key column names a file of the same archive.
 */

#include "base/lines.h"
#include "base/secret-memory.h"

/**
 * initramfs_tools_table() - find the table
 * @plain: cpio archives, unpacked
 * @ret: inside @plain
 *
 * Return: 0; -ENOENT: no such initial ramdisk, or it opens nothing; -EBADMSG: it is damaged or not
 * unpacked.
 */
_must_check_ int initramfs_tools_table(struct bytes plain, struct bytes *ret);

/* A volume of the table: its columns as they are there. */
struct crypt_line {
	struct bytes name, source, key, options;
};

/* The next volume; false at the end. */
bool crypt_line_next(struct lines *table, struct crypt_line *ret);
/* Does it ask for a passphrase on the console, as the volume itself has it? Not with a key file, nor with a
 * script that gets the key elsewhere. */
bool crypt_line_asks(const struct crypt_line *line);

/* A key for the volume of that name. */
struct handed_key {
	struct bytes name;
	struct secret key;
};

/**
 * initramfs_tools_archive() - put keys into an archive for that initial ramdisk
 * @table: of initramfs_tools_table(); whatever it says of other volumes, and all options but those about
 *	the key, stay
 * @ret: the archive, whose first byte has to be at a multiple of four behind the others
 *
 * Return: 0; -ENOENT: no volume of the table has that name; -ENOMEM.
 */
_must_check_ int initramfs_tools_archive(struct bytes table, const struct handed_key *keys,
					 size_t n_keys, struct secret *ret);
