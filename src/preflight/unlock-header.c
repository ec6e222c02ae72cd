// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the LUKS header of a device and finds the ways to open it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "preflight/pcrlock.h"
#include "preflight/token-programs.h"
#include "preflight/tpm.h"
#include "preflight/unlock.h"

static int read_ways(const struct look *l, const char *device, struct luks_ways *ret)
{
	_cleanup_free_ uint8_t *header = NULL;
	size_t n;
	int code = luks_header_read(l->root, device, &header, &n);

	return code < 0 ? code : luks_ways_read((struct bytes){ header, n }, ret);
}

static enum ease ease_of(const struct look *l, const struct luks_way *way)
{
	struct tpm_facts facts;

	switch (way->opens) {
	case OPENS_PERSON:
		return EASE_PERSON;
	case OPENS_UNKNOWN:
		return EASE_UNKNOWN;
	case OPENS_ALONE:
		return EASE_ALONE;
	case OPENS_TPM:
		break;
	}
	(void)!tpm_facts_read(l, &facts); /* else the worst is assumed */
	switch (tpm_seal(way, &facts)) {
	case SEAL_OPENS:
		return EASE_TPM;
	case SEAL_STALE:
		return EASE_STALE;
	case SEAL_BROKEN:
		break;
	}
	return EASE_BROKEN;
}

static void tell(struct report *r, const char *device, const struct luks_way *way)
{
	char registers[80];

	if (way->opens != OPENS_TPM) {
		evidencef(r, "%s: LUKS token %s", device, way->what);
		return;
	}
	tpm_registers_text(way, registers, sizeof(registers));
	evidencef(r, "%s: LUKS token %s, registers %s", device, way->what, registers);
}

/* A token that the initrd has no program for opens nothing. */
static enum ease ease_by_token(const struct look *l, struct report *r, const struct luks_way *way,
			       bool is_early)
{
	const enum ease ease = way->opens == OPENS_TPM && way->is_locked
				       ? ease_of_locked(l, r, way, is_early)
				       : ease_of(l, way);

	if (!is_early || ease <= EASE_UNKNOWN)
		return ease;
	switch (token_programs(l, way->what)) {
	case TOKENS_USED:
		return ease;
	case TOKENS_UNKNOWN:
		evidencef(r, "initramfs-tools: it is not known whether a hook brings %s",
			  way->what);
		return EASE_UNKNOWN;
	case TOKENS_IGNORED:
		break;
	}
	evidencef(r, "initramfs-tools: no hook brings what uses %s", way->what);
	return EASE_PERSON;
}

void unlock_by_header(const struct look *l, struct report *r, const char *device, bool is_early,
		      struct unlock *ret)
{
	struct luks_ways ways = { .n = 0 };
	int code = read_ways(l, device, &ways);

	if (code == -ENOENT || code == -ENODATA)
		return;
	if (code < 0) {
		evidencef(r, "%s: %s", device,
			  code == -EILSEQ ? "no LUKS header" : open_strerror(code));
		unlock_better(ret, EASE_UNKNOWN);
		ret->error = code;
	}
	ret->has_header |= code == 0;
	for (size_t i = 0; i < ways.n; i++) {
		tell(r, device, &ways.v[i]);
		unlock_better(ret, ease_by_token(l, r, &ways.v[i], is_early));
	}
}
