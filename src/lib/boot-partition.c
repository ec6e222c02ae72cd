// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Looks into the partition that a boot loader was started from although it is not mounted, as on Proxmox
 * VE. Only partitions whose type says that they are for boot loaders, and file systems whose mount for
 * reading changes nothing on the disk.
 */
#include "lib/boot-partition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/place.h"

/* UAPI.2 (Discoverable Partitions Specification), and the types in a table of DOS that UAPI.1 has. */
static const char *const esp_types[] = { "c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "0xef" };
static const char *const xbootldr_types[] = { "bc13c2ff-59e6-4262-a352-b275fd6f7172", "0xea" };

static bool is_one_of(const char *s, const char *const names[2])
{
	return strcmp(s, names[0]) == 0 || strcmp(s, names[1]) == 0;
}

/* A journal is not replayed: even a mount for reading writes that. */
static const struct file_system {
	const char *type, *option;
} file_systems[] = {
	{ "vfat", NULL },
	{ "ext4", "noload" },
	{ "ext2", NULL },
};

static const struct file_system *file_system_of(const struct sys_partition *p)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		if (strcmp(p->fs, file_systems[i].type) == 0)
			return &file_systems[i];
	return NULL;
}

static int fail_mount(const struct sys_partition *p, int code, struct kx_error *err)
{
	const char *why = code == -EPERM || code == -EACCES ? "only root can mount it for a look"
			  : code == -EBUSY		    ? "something else uses it"
			  : code == -ENOSYS
				  ? "this kernel cannot mount it where nobody else sees it"
			  : code == -ENODEV ? "this kernel does not know its file system"
					    : strerror(-code);

	(void)kx_fail(err, code, "%s (PARTUUID=%s) is not mounted, and %s", p->device, p->uuid,
		      why);
	return kx_fail_file(err, code, p->device);
}

static int add_place(struct kx_ctx *ctx, const struct sys_partition *p, const char *option,
		     const char *dir)
{
	_cleanup_close_ int fd = ctx->sys->mount_apart(ctx->sys, p->device, p->fs, option);

	if (fd < 0)
		return fd;
	ctx_log(ctx, KX_LOG_NOTICE, "%s (PARTUUID=%s) is not mounted: it is looked into, read-only",
		p->device, p->uuid);
	return ctx_add_place(ctx, dir, fd);
}

static int mount_one(struct kx_ctx *ctx, const struct sys_partition *p, struct mounts *mounts,
		     struct kx_error *err)
{
	const struct file_system *fs = file_system_of(p);
	_cleanup_free_ char *dir = NULL;
	int r = 0;

	if (!fs)
		return kx_fail(err, -EOPNOTSUPP,
			       "%s (PARTUUID=%s) is not mounted, and %s is no file system that is "
			       "mounted for a look",
			       p->device, p->uuid, p->fs[0] ? p->fs : "what is on it");
	/* the name of the device, as udev has it: no directory can be there */
	if (asprintf(&dir, "/dev/disk/by-partuuid/%s", p->uuid) < 0)
		return -ENOMEM;
	if (!ctx_has_place(ctx, dir))
		r = add_place(ctx, p, fs->option, dir);
	if (r == 0)
		r = mounts_add(mounts, dir, "/", p->fs, p->device);
	return r < 0 ? fail_mount(p, r, err) : 0;
}

static const struct sys_partition *find(const struct sys_partition *v, size_t n, const char *uuid)
{
	for (size_t i = 0; i < n; i++)
		if (strcasecmp(v[i].uuid, uuid) == 0)
			return &v[i];
	return NULL;
}

static int check_type(const struct sys_partition *p, struct kx_error *err)
{
	if (is_one_of(p->type, esp_types) || is_one_of(p->type, xbootldr_types))
		return 0;
	return kx_fail(
		err, -EMEDIUMTYPE,
		"%s (PARTUUID=%s) is not mounted, and its type %s is neither that of an ESP nor "
		"XBOOTLDR",
		p->device, p->uuid, p->type);
}

/* systemd-boot reads the XBOOTLDR partition of the disk that its ESP is on. It may well be mounted. */
static int mount_beside(struct kx_ctx *ctx, const char *uuid, const struct sys_partition *v,
			size_t n, struct mounts *mounts)
{
	for (size_t i = 0; i < n; i++) {
		struct kx_error why = { 0 };

		if (!is_one_of(v[i].type, xbootldr_types) || strcmp(v[i].uuid, uuid) == 0)
			continue;
		if (mount_one(ctx, &v[i], mounts, &why) == -ENOMEM)
			return -ENOMEM;
		return 0;
	}
	return 0;
}

/* A boot partition that is mounted: whoever may not look further sees what is mounted. */
static int look_beside(const struct boot_partition_look *look, const char *uuid,
		       struct mounts *mounts)
{
	_cleanup_free_ struct sys_partition *v = NULL;
	size_t n;
	int r = look->may_mount ? look->ctx->sys->partitions(look->ctx->sys, uuid, &v, &n) : -EPERM;

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return mount_beside(look->ctx, uuid, v, n, mounts);
}

int boot_partition_look(void *data, const char *uuid, bool is_mounted, struct mounts *mounts,
			struct kx_error *err)
{
	const struct boot_partition_look *look = data;
	_cleanup_free_ struct sys_partition *v = NULL;
	const struct sys_partition *p;
	size_t n;
	int r;

	if (is_mounted)
		return look_beside(look, uuid, mounts);
	if (!look->may_mount)
		return kx_fail(
			err, -EPERM,
			"the partition PARTUUID=%s is not mounted, and mounting it for a look is "
			"not allowed",
			uuid);
	r = look->ctx->sys->partitions(look->ctx->sys, uuid, &v, &n);
	if (r == -EACCES || r == -EPERM)
		return kx_fail(
			err, r,
			"the partition PARTUUID=%s is not mounted, and only root can mount it for "
			"a look",
			uuid);
	if (r < 0 && r != -ENOENT)
		return kx_fail(err, r, "the partitions of the disk with PARTUUID=%s: %s", uuid,
			       strerror(-r));
	p = r == 0 ? find(v, n, uuid) : NULL;
	if (!p)
		return kx_fail(err, -ENOENT, "no partition of this machine has PARTUUID=%s", uuid);
	r = check_type(p, err);
	if (r == 0)
		r = mount_one(look->ctx, p, mounts, err);
	if (r == 0 && is_one_of(p->type, esp_types))
		r = mount_beside(look->ctx, uuid, v, n, mounts);
	return r;
}
