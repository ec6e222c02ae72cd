/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/cleanup.h"
#include "fundamental/bytes.h"

/* Ways to open a LUKS volume, from its header: tokens of systemd-cryptenroll(1) and
 * clevis-luks-bind(1). A passphrase is always possible as well. */

/* From what needs a person to what needs nobody. */
enum opens {
	OPENS_PERSON,  /* a passphrase, a PIN, a touch */
	OPENS_UNKNOWN, /* by something that is not known here */
	OPENS_TPM,     /* by itself, if the registers of the TPM are as its policy says */
	OPENS_ALONE,   /* by itself: a key file, a server */
};

struct luks_way {
	enum opens opens;
	char what[48];	    /* "systemd-tpm2", "clevis tang" */
	uint32_t registers; /* of OPENS_TPM: bit N for register N */
	bool has_registers; /* the registers are known; else any of them may be used */
	/* by systemd-pcrlock(8): the registers are in its own policy file, not in the header */
	bool is_locked;
};

enum { LUKS_WAYS_MAX = 32, LUKS_FIRST_N = 4096, LUKS_HEADER_MAX = 4 << 20 };

struct luks_ways {
	struct luks_way v[LUKS_WAYS_MAX];
	size_t n;
};

/* How much of the device its header takes, by the first LUKS_FIRST_N bytes: 0, or -EILSEQ when it
 * is no LUKS volume (its header may be on another device). */
_must_check_ int luks_header_size(struct bytes first, size_t *ret);

/* @header: as long as luks_header_size() says, or cut off. 0; -EILSEQ; -EBADMSG for metadata that
 * cannot be read. */
_must_check_ int luks_ways_read(struct bytes header, struct luks_ways *ret);

/* The header at the front of @device below @root, as long as it says or cut off; released with free(3).
 * -EILSEQ when there is none; errors of open(2) and read(2). */
_must_check_ int luks_header_read(int root, const char *device, uint8_t **ret, size_t *ret_n);
