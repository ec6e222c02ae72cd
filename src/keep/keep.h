/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Files that outlive a fast reboot in memory that the kernel's command line sets aside (keep/range.h), which it shows
 * as /dev/pmemN. The note /var/lib/rapidreboot/keep (0600) says of which boot they are, with their digest: memory also
 * outlives some reboots through the firmware, and reboots that know nothing of it, and then it is old.
 */

#include "keep/files.h"
#include "sys/sys.h"

#define KEEP_NOTE "/var/lib/rapidreboot/keep"

enum keep_result {
	KEEP_DONE,
	KEEP_NOTHING, /* nothing is kept, and nothing is wrong: the sentence says why */
	KEEP_IGNORED, /* what is there is not used: the sentence says why */
};

/**
 * keep_save() - put what @paths name into the memory
 * @err: the sentence of a result other than KEEP_DONE, and of a failure
 *
 * Only while a kernel is loaded, since nothing outlives another reboot. Whatever fails, the memory holds nothing valid
 * afterwards.
 * Return: an enum keep_result, or a negative errno.
 */
_must_check_ int keep_save(struct sys *sys, const struct keep_paths *paths, struct keep_counts *ret,
			   struct kx_error *err);

/**
 * keep_restore() - take it out again
 *
 * Only in a boot that kexec has started, right after the one that saved, with header, note and digest the same. It is
 * done once: after that, and after whatever is ignored, neither note nor header is left.
 * Return: as keep_save(). After a failure some of the files may be there.
 */
_must_check_ int keep_restore(struct sys *sys, const struct keep_paths *paths,
			      struct keep_counts *ret, struct kx_error *err);
