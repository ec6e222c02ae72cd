/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/* A configuration of xen.efi: its sections as entries, paths as written, the default chosen. */
struct xen_conf {
	struct boot_menu menu;
	char *chain; /* the file that is read instead, when the section has no kernel here; or NULL */
};

/*
 * Bytes in, struct out. @section is the one that the boot option of xen.efi names, or NULL for the file's
 * own default; *ret_section becomes the name of the default for a file that is chained, or NULL.
 */
_must_check_ int xen_parse(struct bytes file, const char *section, struct xen_conf *ret,
			   char **ret_section);
void xen_conf_done(struct xen_conf *conf);

/* What the load options of xen.efi say. */
struct xen_options {
	char *config;  /* -cfg=FILE, or NULL */
	char *section; /* or NULL */
	char *words;   /* what follows "--": in front of Xen's own options; or NULL */
};
_must_check_ int xen_options_parse(const char *options, struct xen_options *ret);
void xen_options_done(struct xen_options *o);

/* The names of configurations that xen.efi tries, by that of its program: for "xen-4.17.efi"
 * "xen-4.17.cfg", "xen-4.cfg" and "xen.cfg". -ENOENT when there is no name number @i. */
_must_check_ int xen_config_name(const char *program, size_t i, char **ret);
