// SPDX-License-Identifier: LGPL-2.1-or-later
#include "reboot/reason.h"

const char *reason_name(enum reason reason)
{
	static const char *const names[N_REASONS] = {
		[REASON_NONE] = "none",
		[REASON_FAILED] = "failed",
		[REASON_PERMISSION] = "permission",
		[REASON_NO_ENTRY] = "no-entry",
		[REASON_ENTRY_CHANGED] = "entry-changed",
		[REASON_OTHER_ENTRY] = "other-entry",
		[REASON_NOT_BOOTABLE] = "not-bootable",
		[REASON_FORBIDDEN] = "forbidden",
		[REASON_PLAN] = "plan",
		[REASON_CHECKS] = "checks",
		[REASON_FIRMWARE] = "firmware",
		[REASON_ELSEWHERE] = "captured-machine",
		[REASON_ORDERED] = "ordered",
		[REASON_NOT_ORDERED] = "not-ordered",
		[REASON_HOOK] = "hook",
		[REASON_LATER] = "later",
		[REASON_UNRECORDED] = "unrecorded",
		[REASON_FILES_CHANGED] = "files-changed",
		[REASON_UNLOCK] = "unlock",
		[REASON_LOAD] = "load",
		[REASON_GONE] = "gone",
		[REASON_INTERRUPTED] = "interrupted",
		[REASON_UNLOAD] = "unload",
		[REASON_INIT_UNKNOWN] = "init-unknown",
		[REASON_INIT] = "init",
	};

	return reason < N_REASONS ? names[reason] : "unknown";
}
