/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What only the planner of x86_64 needs to know about a machine. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One descriptor of /sys/firmware/efi/runtime-map, which kernels for x86 have only. */
struct efi_descriptor {
	uint32_t type;
	uint64_t phys, virt, n_pages, attribute;
};

struct efi_facts {
	bool booted; /* /sys/firmware/efi exists */
	struct efi_descriptor *runtime_map;
	size_t n_runtime_map;
	uint64_t fw_vendor, runtime, config_table, smbios; /* 0 when not shown */
	const char *missing; /* why runtime services cannot be handed on, or NULL; static */
};

struct x86_64_machine {
	uint8_t *boot_params;	    /* 4096 bytes of the running kernel's, or NULL */
	uint64_t acpi_rsdp;	    /* 0 when unknown */
	uint8_t acpi_rsdp_copy[36]; /* its contents, for multiboot2 kernels */
	size_t n_acpi_rsdp_copy;    /* 20 or 36, 0 when it cannot be read */
	struct efi_facts efi;
	uint64_t tsc_khz;	  /* 0 when unknown */
	bool la57;		  /* five-level paging is on */
	const char *confidential; /* a guest whose memory is encrypted: how; static, or NULL */
	bool memory_encrypted;	  /* by the running kernel, or perhaps (AMD SME) */
	bool drm_console;	  /* a DRM driver owns the display: screen_info is not usable */
	char fb_id[32];		  /* id of /dev/fb0 in /proc/fb, "" for none */
};

void x86_64_machine_done(struct x86_64_machine *machine);
