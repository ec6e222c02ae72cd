/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a unified kernel image (UAPI.5) says about itself, as far as menus need it. */

#include "base/cleanup.h"
#include "base/sha256.h"
#include "fundamental/bytes.h"

/* Limit on profiles of an image. */
#define UKI_PROFILES_MAX 64

struct uki_profile {
	char *id, *title;  /* of the .profile section; NULL when it does not say */
	char *cmdline;	   /* NULL when neither it nor the base has one */
	bool changes_more; /* brings sections other than .cmdline and .profile */
	bool has_files;	   /* a kernel or initrd is among them */
};

struct uki_facts {
	char *title, *version, *sort_key; /* of .osrel; NULL when it does not say */
	char *uname;
	char *cmdline; /* of the base */
	bool has_linux, has_osrel;
	/* .linux and .initrd are paths of files, whose digests are beside them: .linuxh, .initrdh */
	bool is_lanzaboote;
	char *linux_path, *initrd_path; /* NULL: none of its kind */
	bool has_linux_digest, has_initrd_digest;
	uint8_t digests[2 * SHA256_BYTES]; /* of the kernel, of the initrd */
	/* An addon or an image may bring these; only an addon's matter to us. */
	bool has_initrd, has_ucode, has_dtb;
	size_t n_profiles; /* 1 without any .profile section: the base */
	struct uki_profile profiles[UKI_PROFILES_MAX];
};

/* Reads a UKI or an addon: -ENOEXEC when it is no PE file, -EBADMSG when it is cut off. */
_must_check_ int uki_facts_read(struct bytes file, struct uki_facts *ret);
void uki_facts_done(struct uki_facts *facts);
/* The file says of itself that it is systemd-boot. */
/* Can a file that begins with @head, its first UKI_HEAD_N bytes or all of it, have a section .linux? False
 * for kernels, of which menus are full, so that they need not be mapped. */
enum { UKI_HEAD_N = 1024 };
bool uki_may_have_linux(struct bytes head);

bool uki_is_systemd_boot(struct bytes file);
