/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

enum lilo_kind { LILO_LILO, LILO_ELILO, LILO_YABOOT };

/* What a configuration says besides its entries. */
struct lilo_conf {
	struct boot_menu menu; /* paths as written, the default chosen */
	char *map;	 /* LILO: where it wrote what it starts, or NULL for the usual place */
	char *partition; /* yaboot: that of the files, or NULL */
};

/*
 * lilo.conf, elilo.conf or yaboot.conf. @running_root is the value of the running kernel's root=, which
 * root=current stands for; or NULL. -EINVAL when the loader refuses the file.
 */
_must_check_ int lilo_parse(struct bytes file, enum lilo_kind kind, const char *running_root,
			    struct lilo_conf *ret, struct kx_error *err);
void lilo_conf_done(struct lilo_conf *conf);
