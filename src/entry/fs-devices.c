// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Loader's device names -> mounts. In this order: names that were given or handed out, volumes
 * (LVM, RAID, LUKS) by name, partitions by number on the disk of the configuration. The number of
 * a disk is the firmware's and means nothing here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/num.h"
#include "entry/fs-captured.h"
#include "entry/fs-devices.h"
#include "entry/path.h"

/* Names that one evaluation may leave behind. */
enum { NAMES_MAX = 4096 };
/* Of the budget: for stat(2) of a device, and for finding one by its tag. */
enum { STAT_STEPS = 128, PROBE_STEPS = 16384 };

void fs_devices_done(struct fs_devices *devices)
{
	for (size_t i = 0; i < devices->n; i++)
		free(devices->v[i].name);
	free(devices->v);
	*devices = (struct fs_devices){ 0 };
}

static int remember(struct root_fs *fs, enum fs_name_kind kind, const char *name, size_t mount)
{
	struct fs_devices *d = &fs->devices;
	struct fs_name *bigger;
	char *copy;

	if (d->n >= NAMES_MAX)
		return -E2BIG;
	bigger = reallocarray(d->v, d->n + 1, sizeof(*d->v));
	if (!bigger)
		return -ENOMEM;
	d->v = bigger;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	d->v[d->n].kind = kind;
	d->v[d->n].name = copy;
	d->v[d->n].mount = mount;
	d->n++;
	return 0;
}

/* "hd0,gpt2", "hd0,msdos2", "hd0,2" (also ahci0, ata0, usb0): the same partition. */
static bool parse_partition(const char *name, unsigned *ret_disk, unsigned *ret_part)
{
	while (*name >= 'a' && *name <= 'z')
		name++;
	if (!take_unsigned(&name, ret_disk) || !take_prefix(&name, ","))
		return false;
	if (!take_prefix(&name, "gpt"))
		(void)!take_prefix(&name, "msdos");
	return take_unsigned(&name, ret_part) && !*name;
}

static bool same_device(const char *a, const char *b)
{
	unsigned disk_a, part_a, disk_b, part_b;

	if (strcmp(a, b) == 0)
		return true;
	return parse_partition(a, &disk_a, &part_a) && parse_partition(b, &disk_b, &part_b) &&
	       disk_a == disk_b && part_a == part_b;
}

static bool same_name(enum fs_name_kind kind, const char *a, const char *b)
{
	if (kind == FS_NAME_UUID)
		return strcasecmp(a, b) == 0;
	return kind == FS_NAME_DEVICE ? same_device(a, b) : strcmp(a, b) == 0;
}

static const struct fs_name *known(const struct root_fs *fs, enum fs_name_kind kind,
				   const char *name)
{
	for (size_t i = 0; i < fs->devices.n; i++)
		if (fs->devices.v[i].kind == kind && same_name(kind, fs->devices.v[i].name, name))
			return &fs->devices.v[i];
	return NULL;
}

/* The mount at exactly this directory, made when there is none. */
static int mount_at(struct root_fs *fs, const char *dir, size_t *ret)
{
	char source[32];
	int r;

	for (size_t i = fs->mounts.n; i-- > 0;)
		if (strcmp(fs->mounts.v[i].dir, dir) == 0) {
			*ret = i;
			return 0;
		}
	(void)snprintf(source, sizeof(source), "given %zu", fs->mounts.n);
	r = mounts_add(&fs->mounts, dir, "/", "", source);
	if (r == 0)
		*ret = fs->mounts.n - 1;
	return r;
}

bool fs_device_is_given(const struct root_fs *fs, const char *name)
{
	return known(fs, FS_NAME_DEVICE, name) != NULL;
}

int fs_device_name_image(struct root_fs *fs, const char *name, size_t mount)
{
	for (size_t i = 0; i < fs->devices.n; i++)
		if (fs->devices.v[i].kind == FS_NAME_IMAGE &&
		    strcmp(fs->devices.v[i].name, name) == 0) {
			fs->devices.v[i].mount = mount;
			return 0;
		}
	return remember(fs, FS_NAME_IMAGE, name, mount);
}

int fs_device_place(struct root_fs *fs, const char *place, struct kx_error *err)
{
	static const struct {
		const char *prefix;
		enum fs_name_kind kind;
	} kinds[] = {
		{ "uuid:", FS_NAME_UUID },
		{ "label:", FS_NAME_LABEL },
		{ "dev:", FS_NAME_DEVICE },
	};
	const char *equals = strrchr(place, '=');

	for (size_t i = 0; equals && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		_cleanup_free_ char *name = NULL, *dir = NULL;
		size_t n = strlen(kinds[i].prefix), mount;
		int r;

		if (strncmp(place, kinds[i].prefix, n) != 0)
			continue;
		name = strndup(place + n, (size_t)(equals - place) - n);
		r = name ? path_join(NULL, equals + 1, &dir) : -ENOMEM;
		if (r == 0)
			r = mount_at(fs, dir, &mount);
		if (r == 0)
			r = remember(fs, kinds[i].kind, name, mount);
		return r < 0 ? kx_fail_file(err, kx_fail(err, r, "%s: %s", place, strerror(-r)),
					    equals + 1)
			     : 0;
	}
	return kx_fail(err, -EINVAL,
		       "\"%s\" does not say where a file system is: uuid:UUID=DIR, label:LABEL=DIR "
		       "or dev:DEVICE=DIR is wanted",
		       place);
}

static int mount_of_device(struct root_fs *fs, dev_t device, size_t *ret)
{
	const char *source, *last = "";
	dev_t d;

	for (size_t i = 0; i < fs->mounts.n; i++, last = source) {
		source = fs->mounts.v[i].source;
		/* hosts of containers have thousands of mounts, most of them of no device */
		if (source[0] != '/' || strcmp(source, last) == 0)
			continue;
		if (budget_take(fs->fs.budget, BUDGET_STEPS, STAT_STEPS) < 0)
			return BUDGET_SPENT;
		if (fs->out->device(fs->out, source, &d) == 0 && d == device) {
			*ret = i;
			return 0;
		}
	}
	return -ENODEV;
}

/* "UUID=x" as a source, which fstab has. */
static bool source_is_tag(const char *source, const char *tag, const char *value)
{
	size_t n = strlen(tag);

	return strncmp(source, tag, n) == 0 && source[n] == '=' &&
	       strcasecmp(source + n + 1, value) == 0;
}

int fs_device_partition(struct root_fs *fs, const char *uuid, const struct mount **ret)
{
	size_t i;
	dev_t d;
	int r;

	for (i = 0; i < fs->mounts.n; i++)
		if (source_is_tag(fs->mounts.v[i].source, "PARTUUID", uuid)) {
			*ret = &fs->mounts.v[i];
			return 0;
		}
	if (!fs->is_live) {
		r = fs_captured_tag(fs, "PARTUUID", uuid, &i);
		if (r == 0)
			*ret = &fs->mounts.v[i];
		return r;
	}
	r = budget_take(fs->fs.budget, BUDGET_STEPS, PROBE_STEPS);
	if (r == 0 && fs->out->find_tag(fs->out, "PARTUUID", uuid, &d) < 0)
		r = -ENODEV;
	if (r == 0)
		r = mount_of_device(fs, d, &i);
	if (r == 0)
		*ret = &fs->mounts.v[i];
	return r;
}

/* Number of the partition that @m is on, 0 when it is on none; @disk is the same for all partitions of a disk. */
static unsigned partition_of(struct root_fs *fs, const struct mount *m, char disk[DISK_NAME_MAX])
{
	struct machine_partition p;
	dev_t d;

	if (!fs->is_live)
		return fs_captured_partition(m->source, disk);
	if (fs->out->device(fs->out, m->source, &d) < 0 || fs->out->partition(fs->out, d, &p) < 0)
		return 0;
	(void)snprintf(disk, DISK_NAME_MAX, "%llu", (unsigned long long)p.disk);
	return p.number;
}

/*
 * Partition @number of the disk that holds the configuration, else of any disk. 1: it is a guess, because the loader's
 * number of a disk is the firmware's; it is none for the first disk where no other disk has a mounted partition.
 */
static int mount_of_partition(struct root_fs *fs, unsigned disk, unsigned number, size_t *ret)
{
	char home[DISK_NAME_MAX] = "", its[DISK_NAME_MAX] = "";
	const bool has_home = partition_of(fs, &fs->mounts.v[fs->home], home) != 0;
	bool found = false, is_sure = has_home && disk == 0;

	for (size_t i = 0; i < fs->mounts.n; i++) {
		bool is_home;
		unsigned n;

		if (budget_take(fs->fs.budget, BUDGET_STEPS, fs->is_live ? STAT_STEPS : 1) < 0)
			return BUDGET_SPENT;
		n = partition_of(fs, &fs->mounts.v[i], its);
		if (n == 0)
			continue;
		is_home = has_home && strcmp(its, home) == 0;
		is_sure &= is_home;
		if (n != number)
			continue;
		if (!found || is_home)
			*ret = i;
		found = true;
	}
	return !found ? -ENODEV : is_sure ? 0 : 1;
}

int fs_device_mount(struct root_fs *fs, const char *device, const struct mount **ret)
{
	const struct fs_name *name;
	unsigned disk, part;
	size_t mount = fs->home;
	int r = 0;

	name = device && *device ? known(fs, FS_NAME_DEVICE, device) : NULL;
	if (!name && device && *device)
		name = known(fs, FS_NAME_IMAGE, device);
	if (name) {
		mount = name->mount;
	} else if (device && *device) {
		dev_t d;

		if (!fs->is_live && parse_partition(device, &disk, &part))
			r = mount_of_partition(fs, disk, part, &mount);
		else if (!fs->is_live)
			r = fs_captured_volume(fs, device, &mount);
		else if (fs->out->find_volume(fs->out, device, &d) == 0)
			r = mount_of_device(fs, d, &mount);
		else if (parse_partition(device, &disk, &part))
			r = mount_of_partition(fs, disk, part, &mount);
		else
			r = -ENODEV;
	}
	if (r >= 0)
		*ret = &fs->mounts.v[mount];
	return r;
}

/* A device that is not there, as searches say it. */
static int absent(int r)
{
	return r == -ENODEV ? -ENOENT : r;
}

/* What udev and libblkid know a partition by: @tag "PARTUUID" or "PARTLABEL". */
static int find_partition_tag(struct root_fs *fs, const char *tag, const char *value, size_t *ret)
{
	dev_t d;

	for (size_t i = 0; i < fs->mounts.n; i++)
		if (source_is_tag(fs->mounts.v[i].source, tag, value)) {
			*ret = i;
			return 0;
		}
	if (!fs->is_live)
		return absent(fs_captured_tag(fs, tag, value, ret));
	if (budget_take(fs->fs.budget, BUDGET_STEPS, PROBE_STEPS) < 0)
		return BUDGET_SPENT;
	return fs->out->find_tag(fs->out, tag, value, &d) < 0 || mount_of_device(fs, d, ret) < 0
		       ? -ENOENT
		       : 0;
}

static int find_tag(struct root_fs *fs, enum fs_name_kind kind, const char *value, size_t *ret)
{
	const char *tag = kind == FS_NAME_UUID ? "UUID" : "LABEL";
	const struct fs_name *name = known(fs, kind, value);
	dev_t d;

	if (name) {
		*ret = name->mount;
		return 0;
	}
	for (size_t i = 0; i < fs->mounts.n; i++) {
		const struct mount *m = &fs->mounts.v[i];

		if (source_is_tag(m->source, tag, value) ||
		    /* The label of a ZFS pool is its name. */
		    (kind == FS_NAME_LABEL && strcmp(m->type, "zfs") == 0 &&
		     strcspn(m->source, "/") == strlen(value) &&
		     strncmp(m->source, value, strlen(value)) == 0)) {
			*ret = i;
			return 0;
		}
	}
	if (!fs->is_live)
		return absent(fs_captured_tag(fs, tag, value, ret));
	/* udev's link; without it libblkid probes every device */
	if (budget_take(fs->fs.budget, BUDGET_STEPS, PROBE_STEPS) < 0)
		return BUDGET_SPENT;
	if (fs->out->find_tag(fs->out, tag, value, &d) < 0 || mount_of_device(fs, d, ret) < 0)
		return -ENOENT;
	return 0;
}

/* Makes a device name, equal to GRUB's where that is known: it becomes part of BOOT_IMAGE=. */
static int token_for(struct root_fs *fs, size_t mount, char **ret)
{
	struct machine_partition home, p;
	char text[64];
	dev_t d, h;

	/* The last name that is known: one from a hint is better than one made here before. */
	for (size_t i = fs->devices.n; i-- > 0;)
		if (fs->devices.v[i].kind == FS_NAME_DEVICE && fs->devices.v[i].mount == mount) {
			*ret = strdup(fs->devices.v[i].name);
			return *ret ? 0 : -ENOMEM;
		}

	(void)snprintf(text, sizeof(text), "fs%zu", mount);
	if (fs->is_live && fs->out->device(fs->out, fs->mounts.v[mount].source, &d) == 0 &&
	    fs->out->partition(fs->out, d, &p) == 0 &&
	    fs->out->device(fs->out, fs->mounts.v[fs->home].source, &h) == 0 &&
	    fs->out->partition(fs->out, h, &home) == 0 && p.disk == home.disk)
		(void)snprintf(text, sizeof(text), "hd0,%s%u", p.is_gpt ? "gpt" : "msdos",
			       p.number);
	if (!known(fs, FS_NAME_DEVICE, text)) {
		int r = remember(fs, FS_NAME_DEVICE, text, mount);

		if (r < 0)
			return r;
	}
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

/* A hint is the name that grub-mkconfig wrote down. It is taken for the device's name unless that
 * is known to be another. */
static int token_from_hints(struct root_fs *fs, const struct strlist *hints, size_t mount,
			    char **ret)
{
	for (size_t i = 0; hints && i < hints->n; i++) {
		const char *hint = hints->v[i];
		const struct fs_name *name = known(fs, FS_NAME_DEVICE, hint);
		int r = 0;

		if (!*hint || hint[strlen(hint) - 1] == ',' || (name && name->mount != mount))
			continue;
		if (!name)
			r = remember(fs, FS_NAME_DEVICE, hint, mount);
		if (r < 0)
			return r;
		*ret = strdup(hint);
		return *ret ? 0 : -ENOMEM;
	}
	return token_for(fs, mount, ret);
}

static int find_file(struct root_fs *fs, const char *path, const struct strlist *hints,
		     bool (*has_file)(void *data, const struct mount *m, const char *path),
		     size_t *ret)
{
	_cleanup_free_ char *clean = NULL;
	const struct mount *m;
	int r = path_join(NULL, path, &clean);

	if (r < 0)
		return r;
	for (size_t i = 0; hints && i < hints->n; i++)
		if (*hints->v[i] && fs_device_mount(fs, hints->v[i], &m) >= 0 &&
		    has_file(fs, m, clean)) {
			*ret = (size_t)(m - fs->mounts.v);
			return 0;
		}
	for (size_t i = 0; i < fs->mounts.n; i++)
		if (has_file(fs, &fs->mounts.v[i], clean)) {
			*ret = i;
			return 0;
		}
	return -ENOENT;
}

int fs_device_search(struct root_fs *fs, enum entry_search what, const char *key,
		     const struct strlist *hints,
		     bool (*has_file)(void *data, const struct mount *m, const char *path),
		     char **ret_device)
{
	size_t mount = 0;
	int r = -EINVAL;

	switch (what) {
	case ENTRY_SEARCH_UUID:
		r = find_tag(fs, FS_NAME_UUID, key, &mount);
		break;
	case ENTRY_SEARCH_LABEL:
		r = find_tag(fs, FS_NAME_LABEL, key, &mount);
		break;
	case ENTRY_SEARCH_PARTUUID:
		r = find_partition_tag(fs, "PARTUUID", key, &mount);
		break;
	case ENTRY_SEARCH_PARTLABEL:
		r = find_partition_tag(fs, "PARTLABEL", key, &mount);
		break;
	case ENTRY_SEARCH_FILE:
		r = find_file(fs, key, hints, has_file, &mount);
		/* A hint that names a device without the file must not become its name. */
		hints = NULL;
		break;
	}
	return r < 0 ? r : token_from_hints(fs, hints, mount, ret_device);
}

/* Names of file systems as GRUB's drivers call themselves. */
static const char *grub_fs_name(const char *type)
{
	static const struct {
		const char *linux_name, *grub_name;
	} names[] = {
		{ "vfat", "fat" },  { "msdos", "fat" },	 { "ext3", "ext2" },
		{ "ext4", "ext2" }, { "ntfs3", "ntfs" }, { "fuseblk", "ntfs" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(type, names[i].linux_name) == 0)
			return names[i].grub_name;
	return type;
}

static int probe_tag(struct root_fs *fs, const struct mount *m, enum fs_name_kind kind,
		     const char *tag, char **ret)
{
	size_t i = (size_t)(m - fs->mounts.v), n = strlen(tag);

	for (size_t k = 0; k < fs->devices.n; k++)
		if (fs->devices.v[k].kind == kind && fs->devices.v[k].mount == i) {
			*ret = strdup(fs->devices.v[k].name);
			return *ret ? 0 : -ENOMEM;
		}
	if (strncmp(m->source, tag, n) == 0 && m->source[n] == '=') {
		*ret = strdup(m->source + n + 1);
		return *ret ? 0 : -ENOMEM;
	}
	return fs->is_live ? fs->out->get_tag(fs->out, m->source, tag, ret) : -ENODATA;
}

int fs_device_probe(struct root_fs *fs, const char *device, const char *what, char **ret)
{
	const struct mount *m;
	int r = fs_device_mount(fs, device, &m);

	if (r < 0)
		return r;
	if (strcmp(what, "fs_uuid") == 0)
		return probe_tag(fs, m, FS_NAME_UUID, "UUID", ret);
	if (strcmp(what, "fs_label") == 0)
		return probe_tag(fs, m, FS_NAME_LABEL, "LABEL", ret);
	if (strcmp(what, "device") == 0)
		return token_for(fs, (size_t)(m - fs->mounts.v), ret);
	if (strcmp(what, "fs") == 0 && *m->type) {
		*ret = strdup(grub_fs_name(m->type));
		return *ret ? 0 : -ENOMEM;
	}
	return -ENODATA;
}
