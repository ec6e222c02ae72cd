// SPDX-License-Identifier: LGPL-2.1-or-later
#include "keep/device.h"

#include <errno.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/strbuf.h"

int keep_range_of_machine(int root, struct range *ret)
{
	_cleanup_free_ char *line = NULL;
	int r = read_line_in(root, "/proc/cmdline", &line);

	return r < 0 ? r : keep_word_find(line, ret);
}

static int begins_at(int root, const char *name, uint64_t start)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	uint64_t resource;

	strbuf_addf(&path, "/sys/block/%s/device/resource", name);
	if (path.failed)
		return -ENOMEM;
	return read_u64_in(root, path.s, &resource) == 0 && resource == start;
}

int keep_device_find(int root, struct range range, char **ret)
{
	_cleanup_names_ struct names names = { 0 };
	_cleanup_strbuf_ struct strbuf path = { 0 };
	int r = list_in(root, "/sys/block", &names);

	if (r < 0 && r != -ENOENT)
		return r;
	r = 0;
	for (size_t i = 0; i < names.n && r == 0; i++) {
		if (strncmp(names.v[i], "pmem", 4) != 0)
			continue;
		r = begins_at(root, names.v[i], range.start);
		if (r > 0)
			strbuf_addf(&path, "/dev/%s", names.v[i]);
	}
	return r < 0 ? r : r == 0 ? -ENODEV : strbuf_take(&path, ret);
}
