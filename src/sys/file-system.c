// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which file system is on a device, asked of libblkid. Apart from partitions.c: the program of the capture
 * initramfs is linked with no more than it needs. */
#include "sys/file-system.h"

#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/open.h"

static int read_uuid(blkid_probe probe, int fd, char *ret, size_t n)
{
	const char *uuid = NULL;

	if (blkid_probe_set_device(probe, fd, 0, 0) < 0 ||
	    blkid_probe_enable_superblocks(probe, 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_UUID) < 0 ||
	    blkid_do_safeprobe(probe) != 0 ||
	    blkid_probe_lookup_value(probe, "UUID", &uuid, NULL) < 0 || !*uuid)
		return -ENODATA;
	if (strlen(uuid) >= n)
		return -EFBIG;
	memcpy(ret, uuid, strlen(uuid) + 1);
	return 0;
}

int linux_file_system_uuid(int root, const char *device, char *ret, size_t n)
{
	_cleanup_close_ int fd = open_device_in(root, device, O_RDONLY);
	blkid_probe probe;
	int r;

	if (fd < 0)
		return fd;
	probe = blkid_new_probe();
	if (!probe)
		return -ENOMEM;
	r = read_uuid(probe, fd, ret, n);
	blkid_free_probe(probe);
	return r;
}
