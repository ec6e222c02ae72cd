/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a planner needs to know about the machine, as plain data: filled in by lib/machine.c from
 * /proc and /sys below a root, or by a test. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arch.h"
#include "fundamental/bytes.h"
#include "memmap/memmap.h"

/* One descriptor of /sys/firmware/efi/runtime-map. */
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

/* What a crash kernel is told of the machine whose memory it is to save. Only read for crash kernels. */
struct dump_facts {
	struct ranges ram;	  /* System RAM of every kind, by address */
	struct ranges unreadable; /* inside it, but no memory */
	struct ranges notes;	  /* where each processor leaves its registers, by number */
	struct range vmcoreinfo;
	struct range kernel;	 /* physical addresses of the kernel's own text and data, */
	uint64_t kernel_virtual; /* and its virtual address */
	uint64_t direct_map;	 /* virtual address of physical address 0 */
	uint64_t header_size;	 /* with hotplug: room for elfcorehdr; else 0 */
};

struct machine {
	enum arch_id arch;
	struct memmap memory;	 /* normalised; what the next kernel is told */
	struct ranges keep_off;	 /* RAM that must not be a target */
	struct ranges crash;	 /* crashkernel= reservations, in file order */
	struct ranges crash_cma; /* crashkernel=,cma: RAM for a crash kernel, never a target */
	struct dump_facts dump;
	uint8_t *boot_params;	    /* 4096 bytes of the running kernel's, or NULL */
	uint64_t acpi_rsdp;	    /* 0 when unknown */
	uint8_t acpi_rsdp_copy[36]; /* its contents, for multiboot2 kernels */
	size_t n_acpi_rsdp_copy;    /* 20 or 36, 0 when it cannot be read */
	struct efi_facts efi;
	uint8_t rng_seed[32];
	size_t n_rng_seed; /* 0 when the kernel's pool is not ready: no seed is passed on */
	bool has_random;   /* else addresses are not randomised */
	uint64_t random_physical, random_virtual; /* of the kernel's addresses */
	uint64_t tsc_khz;			  /* 0 when unknown */
	bool la57;				  /* five-level paging is on */
	const char *confidential; /* a guest whose memory is encrypted: how; static, or NULL */
	bool memory_encrypted;	  /* mem_encrypt= on the running command line (AMD SME) */
	bool has_crc32;		  /* the crc32 instruction (SSE4.2) */
	bool drm_console;	  /* a DRM driver owns the display: screen_info is not usable */
	char fb_id[32];		  /* id of /dev/fb0 in /proc/fb, "" for none */
};

void machine_done(struct machine *machine);
void dump_facts_done(struct dump_facts *facts);
