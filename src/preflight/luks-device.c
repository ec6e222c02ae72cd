// SPDX-License-Identifier: LGPL-2.1-or-later
/* A LUKS header out of a device, by one path for all who look at it. */
#include <fcntl.h>
#include <stdlib.h>

#include "base/io.h"
#include "preflight/luks.h"

int luks_header_read(int root, const char *device, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint8_t *buf = malloc(LUKS_HEADER_MAX);
	_cleanup_close_ int fd = open_device_in(root, device, O_RDONLY);
	size_t size;
	ssize_t n;
	int code;

	if (!buf)
		return -ENOMEM;
	if (fd < 0)
		return fd;
	n = read_at(fd, buf, LUKS_FIRST_N, 0);
	if (n < 0)
		return (int)n;
	code = luks_header_size((struct bytes){ buf, (size_t)n }, &size);
	if (code < 0)
		return code;
	n = read_at(fd, buf, size, 0);
	if (n < 0)
		return (int)n;
	*ret = TAKE_PTR(buf);
	*ret_n = (size_t)n;
	return 0;
}
