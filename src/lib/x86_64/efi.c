// SPDX-License-Identifier: LGPL-2.1-or-later
/* /sys/firmware/efi -> what the next kernel needs to go on using EFI runtime services:
 * SetVirtualAddressMap() can be called only once after the firmware has started, so the next kernel
 * has to use the same virtual addresses (Documentation/ABI/testing/sysfs-firmware-efi,
 * …-efi-runtime-map). */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/io.h"
#include "base/num.h"
#include "lib/x86_64/x86_64.h"

uint64_t efi_systab_value(struct kx_ctx *ctx, const char *key)
{
	_cleanup_free_ uint8_t *raw = NULL;
	char text[4096], *rest = text, *line;
	size_t n;

	if (read_file_in(ctx->machine_root, "/sys/firmware/efi/systab", sizeof(text) - 1, &raw,
			 &n) < 0)
		return 0;
	memcpy(text, raw, n);
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL) {
		const size_t n_key = strlen(key);
		uint64_t value;

		if (strncmp(line, key, n_key) == 0 && line[n_key] == '=' &&
		    parse_u64(line + n_key + 1, &value) == 0)
			return value;
	}
	return 0;
}

static uint64_t table_address(struct kx_ctx *ctx, const char *path)
{
	uint64_t value;

	return read_u64_in(ctx->machine_root, path, &value) < 0 ? 0 : value;
}

static int descriptor_read(struct kx_ctx *ctx, const char *name, struct efi_descriptor *ret)
{
	static const char *const files[] = { "type", "phys_addr", "virt_addr", "num_pages",
					     "attribute" };
	uint64_t v[5];

	for (size_t i = 0; i < 5; i++) {
		char path[320];
		int r;

		(void)snprintf(path, sizeof(path), "/sys/firmware/efi/runtime-map/%s/%s", name,
			       files[i]);
		r = read_u64_in(ctx->machine_root, path, &v[i]);
		if (r < 0)
			return r;
	}
	*ret = (struct efi_descriptor){ .type = (uint32_t)v[0],
					.phys = v[1],
					.virt = v[2],
					.n_pages = v[3],
					.attribute = v[4] };
	return 0;
}

/* Descriptors are stored at the index that is their name: the next kernel gets them in the same
 * order. */
struct runtime_map {
	struct efi_descriptor *v;
	bool *seen;
	size_t n;
};

enum { RUNTIME_MAP_MAX = 4096 };

static int runtime_entry(struct kx_ctx *ctx, const char *name, struct runtime_map *map)
{
	uint64_t i;

	if (parse_u64(name, &i) < 0 || i >= RUNTIME_MAP_MAX)
		return -EINVAL;
	map->seen[i] = true;
	if (i >= map->n)
		map->n = i + 1;
	return descriptor_read(ctx, name, &map->v[i]);
}

/* Why the map cannot be handed on, or NULL. */
static const char *runtime_map_read(struct kx_ctx *ctx, struct efi_facts *efi)
{
	struct runtime_map map = { .v = calloc(RUNTIME_MAP_MAX, sizeof(*map.v)),
				   .seen = calloc(RUNTIME_MAP_MAX, sizeof(*map.seen)) };
	_cleanup_names_ struct names names = { 0 };
	const char *missing = NULL;
	int r = map.v && map.seen ? 0 : -ENOMEM;

	if (r == 0)
		r = list_in(ctx->machine_root, "/sys/firmware/efi/runtime-map", &names);
	for (size_t i = 0; r >= 0 && i < names.n; i++)
		r = runtime_entry(ctx, names.v[i], &map);
	for (size_t i = 0; i < map.n; i++)
		if (!map.seen[i])
			r = -EBADMSG;
	if (r == -ENOENT)
		missing = "/sys/firmware/efi/runtime-map does not exist: the running kernel has "
			  "no EFI runtime services, or was built without CONFIG_EFI_RUNTIME_MAP";
	else if (r == -EACCES || r == -EPERM)
		missing = "/sys/firmware/efi/runtime-map can be read by root only";
	else if (r < 0)
		missing = "/sys/firmware/efi/runtime-map is incomplete";
	else if (map.n == 0)
		missing = "/sys/firmware/efi/runtime-map is empty";
	free(map.seen);
	if (missing) {
		free(map.v);
		return missing;
	}
	efi->runtime_map = map.v;
	efi->n_runtime_map = map.n;
	return NULL;
}

void efi_read(struct kx_ctx *ctx, struct efi_facts *ret)
{
	_cleanup_close_ int fd =
		open_in(ctx->machine_root, "/sys/firmware/efi", O_PATH | O_DIRECTORY);
	struct efi_facts efi = { .booted = true };

	if (fd < 0) {
		*ret = (struct efi_facts){ 0 };
		return;
	}
	efi.fw_vendor = table_address(ctx, "/sys/firmware/efi/fw_vendor");
	efi.runtime = table_address(ctx, "/sys/firmware/efi/runtime");
	efi.config_table = table_address(ctx, "/sys/firmware/efi/config_table");
	efi.smbios = efi_systab_value(ctx, "SMBIOS");
	efi.missing = runtime_map_read(ctx, &efi);
	if (!efi.missing && (!efi.fw_vendor || !efi.config_table))
		efi.missing = "/sys/firmware/efi/fw_vendor or config_table cannot be read";
	*ret = efi;
}
