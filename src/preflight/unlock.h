/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"
#include "preflight/luks.h"

/* F1 and F2: what opens the encrypted volumes that the next boot needs? */

/* Key files of volumes that crypttab(5) names none for, as NAME.key. */
#define KEY_DIRECTORY "/etc/cryptsetup-keys.d"

/* The best way to open something, from the worst to the best. */
enum ease {
	EASE_PERSON,  /* a person has to be there */
	EASE_UNKNOWN, /* it cannot be told */
	EASE_BROKEN,  /* the TPM, but not before the next start through the firmware */
	EASE_STALE,   /* the TPM, by what it measured of another kernel */
	EASE_TPM,     /* the TPM, as it does now */
	EASE_ALONE,   /* no person is needed, and no register of the TPM: a key file, a server */
};

struct unlock {
	enum ease ease;
	int error;	 /* of EASE_UNKNOWN, when that is the reason */
	bool has_header; /* a LUKS header was read: no other token opens the volume */
};

static inline void unlock_better(struct unlock *u, enum ease ease)
{
	if (ease > u->ease)
		u->ease = ease;
}

/* By the tokens of the header at @device; with @is_early the initrd has to use them. Says in the evidence what it has found. Leaves @ret alone when
 * there is no such device, or no header on it. */
void unlock_by_header(const struct look *l, struct report *r, const char *device, bool is_early,
		      struct unlock *ret);

enum preflight_status look_passphrase(const struct look *l, struct report *r);
enum preflight_status look_tpm_unlock(const struct look *l, struct report *r);
