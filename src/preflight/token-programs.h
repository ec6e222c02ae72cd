/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "preflight/look.h"

/* Tokens open a volume only when the initrd has the program that uses them. */
enum token_programs {
	TOKENS_USED,	/* or nothing speaks against it */
	TOKENS_UNKNOWN, /* a hook of somebody's own may bring the program */
	TOKENS_IGNORED, /* initramfs-tools made the initrd, without the program: it asks */
};

/**
 * token_programs() - does the initrd that opens a volume use its tokens?
 * @what: of struct luks_way: "clevis tang", "systemd-tpm2"
 *
 * cryptsetup-initramfs (2.1 to 2.7.5, Debian 10 to 13) asks for a passphrase, whatever tokens the
 * header has: its scripts/local-top/cryptroot and functions; clevis-initramfs adds scripts/local-top/clevis.
 */
enum token_programs token_programs(const struct look *l, const char *what);
