// SPDX-License-Identifier: LGPL-2.1-or-later
/* After the crash: the device that a file system is on, which may have another name than before. */
#include <errno.h>
#include <string.h>

#include "capture/target.h"
#include "sys/file-system.h"

enum { UUID_N = 64 };

int capture_device_path(const char *name, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_addf(&b, "/dev/%s", name);
	for (size_t i = 0; i < b.n; i++)
		if (b.s[i] == '!')
			b.s[i] = '/';
	return strbuf_take(&b, ret);
}

int capture_devices_find(int root, const char *uuid, struct names *ret)
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(root, "/sys/class/block", &names);

	for (size_t i = 0; r == 0 && i < names.n; i++) {
		_cleanup_free_ char *path = NULL;
		char found[UUID_N];

		r = capture_device_path(names.v[i], &path);
		if (r == 0 && linux_file_system_uuid(root, path, found, sizeof(found)) == 0 &&
		    strcmp(found, uuid) == 0)
			r = capture_names_add(ret, path, strlen(path));
	}
	return r;
}

int capture_device_find(int root, const char *uuid, char **ret)
{
	_cleanup_names_ struct names found = { 0 };
	int r = capture_devices_find(root, uuid, &found);

	if (r < 0)
		return r;
	if (!found.n)
		return -ENODEV;
	*ret = TAKE_PTR(found.v[0]);
	return 0;
}
