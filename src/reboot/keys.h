/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Keys that are handed to the next boot (--unlock), so that nobody has to type a passphrase there: which volumes its
 * initial ramdisk asks for, whether what a person has typed opens them, and one-shot keys for them in one more
 * archive of the load.
 */

#include "base/secret-memory.h"
#include "reboot/reboot.h"
#include "unlock/one-shot.h"

struct config;
struct start;
struct wish;

enum { KEYS_MAX = 8 };

/**
 * struct keys - what is handed over
 * @table: of the volumes, as the initial ramdisk has it; owned
 * @v: volumes that it would ask for: @name borrowed from @table, @device a path, and what a person has typed, or
 *	what its key file has
 * @archive: the keys, from keys_make() to keys_done()
 */
struct keys {
	char *table;
	struct key_volume {
		struct bytes name;
		char device[320];
		struct secret passphrase;
	} v[KEYS_MAX];
	size_t n;
	struct secret archive;
};

/* What proves that a key may be added. */
enum keys_by { KEYS_BY_NOTHING, KEYS_BY_PERSON, KEYS_BY_FILES };
/* Are keys handed to what the initial ramdisk would ask for? As wished, else by UNLOCK=: a person is asked where
 * that is possible, key files are read for every reboot without a time. Whether there is such a volume is not looked at. */
enum keys_by keys_by(const struct reboot *rb, const struct wish *wish, const struct config *config);
/**
 * keys_find() - look into the initial ramdisk of @s, and fill @s->keys
 *
 * It is unpacked for that, and nothing of it is kept. Return: REASON_NONE, also when it asks for nothing;
 * REASON_UNLOCK: it is none that keys can be handed to; REASON_ELSEWHERE, REASON_PLAN, REASON_FAILED.
 */
_must_check_ enum reason keys_find(const struct reboot *rb, struct start *s, struct kx_error *err);
/* Does @v->passphrase open the volume? REASON_NONE; REASON_UNLOCK with err->code -EKEYREJECTED, when another
 * one may; REASON_UNLOCK otherwise. */
_must_check_ enum reason keys_test(const struct reboot *rb, const struct key_volume *v,
				   struct kx_error *err);
/* keys_find(), and the key file of each volume: REASON_NONE; REASON_UNLOCK: one has none, or it does not open
 * it; as keys_find(). */
_must_check_ enum reason keys_from_files(const struct reboot *rb, struct start *s,
					 struct kx_error *err);
/* Puts a key into a slot of each volume, and all of them into @keys->archive; passphrases are overwritten.
 * REASON_NONE, REASON_UNLOCK: no slot is changed. */
_must_check_ enum reason keys_make(const struct reboot *rb, struct keys *keys,
				   struct kx_error *err);
/* Removes all keys that are recorded, whoever made them, and tells about it. */
void keys_withdraw(const struct reboot *rb);
void keys_done(struct keys *keys);
