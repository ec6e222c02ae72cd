// SPDX-License-Identifier: LGPL-2.1-or-later
/* Volumes and arrays without LVM's and md's own programs: the kernel keeps their tables, and takes them. */
#include "sys/volumes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <linux/major.h>
#include <linux/raid/md_u.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/io.h"
#include "base/open.h"
#include "base/strbuf.h"

#define CONTROL "/dev/mapper/control"

enum { TABLE_MAX = 64 << 10 };

/* What every call begins with, and room for its data. */
struct request {
	struct dm_ioctl head;
	char data[TABLE_MAX];
};

/* -ENAMETOOLONG, -ENOMEM. */
static int request_new(const char *name, struct request **ret)
{
	struct request *q;

	if (strlen(name) >= sizeof(q->head.name))
		return -ENAMETOOLONG;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->head = (struct dm_ioctl){
		.version = { DM_VERSION_MAJOR },
		.data_size = sizeof(*q),
		.data_start = offsetof(struct request, data),
	};
	memcpy(q->head.name, name, strlen(name));
	*ret = q;
	return 0;
}

static int control_open(void)
{
	int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* ---- what there is */

static int take_table(const struct request *q, char **ret)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	size_t at = 0;

	if (q->head.flags & DM_BUFFER_FULL_FLAG)
		return -EFBIG;
	for (uint32_t i = 0; i < q->head.target_count; i++) {
		struct dm_target_spec spec;

		if (at > sizeof(q->data) - sizeof(spec))
			return -EBADMSG;
		memcpy(&spec, q->data + at, sizeof(spec));
		at += sizeof(spec);
		strbuf_addf(&b, "%llu %llu %.*s %.*s\n", (unsigned long long)spec.sector_start,
			    (unsigned long long)spec.length, (int)sizeof(spec.target_type),
			    spec.target_type, (int)(sizeof(q->data) - at), q->data + at);
		at = spec.next; /* from the first one on */
	}
	return strbuf_take(&b, ret);
}

static int read_table(int root, const char *name, char **ret)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_free_ uint8_t *raw = NULL;
	size_t n;
	int r;

	strbuf_addf(&path, "/dev/mapper/%s.table", name);
	r = path.failed ? -ENOMEM : read_file_in(root, path.s, TABLE_MAX, &raw, &n);
	if (r < 0)
		return r;
	*ret = strndup((const char *)raw, n);
	return *ret ? 0 : -ENOMEM;
}

int linux_volume_table(int root, const char *name, char **ret)
{
	_cleanup_free_ struct request *q = NULL;
	_cleanup_close_ int fd = -1;
	int r;

	if (root != ROOT_HERE)
		return read_table(root, name, ret);
	fd = control_open();
	r = fd < 0 ? fd : request_new(name, &q);
	if (r < 0)
		return r;
	q->head.flags = DM_STATUS_TABLE_FLAG;
	return ioctl(fd, DM_TABLE_STATUS, q) < 0 ? -errno : take_table(q, ret);
}

/* ---- what shall be */

/* One line behind those before it; *@at grows. */
static int put_line(struct request *q, const char *line, size_t n, size_t *at)
{
	struct dm_target_spec spec = { 0 };
	unsigned long long start, length;
	int parameters = 0;
	size_t size;

	/* the type has at most 15 letters, DM_MAX_TYPE_NAME with its end */
	if (sscanf(line, "%llu %llu %15s %n", &start, &length, spec.target_type, &parameters) < 3 ||
	    !parameters || (size_t)parameters >= n)
		return -EINVAL;
	size = (sizeof(spec) + n - (size_t)parameters + 1 + 7) & ~(size_t)7;
	if (size > sizeof(q->data) - *at)
		return -EFBIG;
	spec.sector_start = start;
	spec.length = length;
	spec.next = (uint32_t)size; /* from this one on */
	memcpy(q->data + *at, &spec, sizeof(spec));
	memcpy(q->data + *at + sizeof(spec), line + parameters, n - (size_t)parameters);
	*at += size;
	q->head.target_count++;
	return 0;
}

static int put_table(struct request *q, const char *table)
{
	size_t at = 0;
	int r = 0;

	for (const char *line = table; r == 0 && *line;) {
		const size_t n = strcspn(line, "\n");

		r = put_line(q, line, n, &at);
		line += n + (line[n] == '\n');
	}
	return r < 0 ? r : q->head.target_count ? 0 : -EINVAL;
}

static int call(int fd, unsigned long number, const char *name, const char *table)
{
	_cleanup_free_ struct request *q = NULL;
	int r = request_new(name, &q);

	if (r == 0 && table)
		r = put_table(q, table);
	if (r < 0)
		return r;
	return ioctl(fd, number, q) < 0 ? -errno : 0;
}

int linux_volume_start(const char *name, const char *table)
{
	_cleanup_close_ int fd = control_open();
	int r = fd < 0 ? fd : call(fd, DM_DEV_CREATE, name, NULL);

	if (r < 0)
		return r;
	r = call(fd, DM_TABLE_LOAD, name, table);
	if (r == 0)
		r = call(fd, DM_DEV_SUSPEND, name, NULL); /* without its flag: resume */
	if (r < 0)
		(void)!call(fd, DM_DEV_REMOVE, name, NULL);
	return r;
}

/* ---- arrays */

static int start_members(int fd, int major_version, int minor_version, const dev_t *members,
			 size_t n)
{
	mdu_array_info_t version = { .major_version = major_version,
				     .minor_version = minor_version };
	int r = -ENODEV;

	if (ioctl(fd, SET_ARRAY_INFO, &version) < 0)
		return -errno;
	for (size_t i = 0; i < n; i++) {
		mdu_disk_info_t disk = { .major = (int)major(members[i]),
					 .minor = (int)minor(members[i]) };

		/* one that is out of date is refused; without it the array may run all the same */
		if (ioctl(fd, ADD_NEW_DISK, &disk) == 0)
			r = 0;
		else if (r < 0)
			r = -errno;
	}
	if (r == 0 && ioctl(fd, RUN_ARRAY, NULL) < 0)
		r = -errno;
	if (r < 0)
		(void)ioctl(fd, STOP_ARRAY, NULL);
	return r;
}

int linux_array_start(const char *name, int major_version, int minor_version, const dev_t *members,
		      size_t n_members)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	_cleanup_close_ int fd = -1;
	int r;

	strbuf_addf(&path, "/dev/%s", name);
	if (path.failed)
		return -ENOMEM;
	r = file_write_in(ROOT_HERE, "/sys/module/md_mod/parameters/new_array", name);
	if (r < 0 && r != -EEXIST)
		return r;
	fd = open(path.s, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return start_members(fd, major_version, minor_version, members, n_members);
}
