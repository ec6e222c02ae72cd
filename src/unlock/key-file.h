/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Key files of this system's volumes, which open them while it runs: what the third column of /etc/crypttab names,
 * else /etc/cryptsetup-keys.d/NAME.key (crypttab(5) of systemd). An initial ramdisk that asks does not have them.
 */

#include "base/error.h"
#include "base/secret-memory.h"

/* Bytes of a key: more than programs make, and no more than a pipe takes. */
enum { KEY_FILE_MAX = 8192 };

/**
 * key_file_read() - the key of the volume @name
 * @root: as in base/io.h
 * @ret: fresh memory, to be released with secret_done(); keyfile-offset= and keyfile-size= are honoured
 *
 * Return: 0; -ENOENT: there is none; NOT_TRUSTED when others than root can write to it or to the table; -EFBIG; -EINVAL: it is no
 * file, or empty behind its offset; and others. With the sentence.
 */
_must_check_ int key_file_read(int root, struct bytes name, struct secret *ret,
			       struct kx_error *err);
