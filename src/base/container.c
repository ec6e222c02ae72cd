// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/container.h"

#include <stdlib.h>
#include <string.h>

#include "base/dir.h"

const char *container_mark_in(int root)
{
	static const char *const files[] = { "/run/systemd/container", "/run/.containerenv",
					     "/.dockerenv" };
	/* PROC_PID_INIT_INO and PROC_USER_INIT_INO, include/linux/proc_ns.h */
	static const struct {
		const char *path, *initial;
	} namespaces[] = {
		{ "/proc/self/ns/pid", "pid:[4026531836]" },
		{ "/proc/self/ns/user", "user:[4026531837]" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (exists_in(root, files[i]) == 1)
			return files[i];
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
		_cleanup_free_ char *target = NULL;

		if (readlink_in(root, namespaces[i].path, &target) == 0 &&
		    strcmp(target, namespaces[i].initial) != 0)
			return namespaces[i].path;
	}
	return NULL;
}
