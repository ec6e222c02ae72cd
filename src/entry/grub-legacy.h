/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "entry/entry.h"
#include "fundamental/bytes.h"

/*
 * menu.lst or grub.conf of GRUB 0.97: bytes in, menu out. Paths stay as written, with the device in
 * front that `root` or `uuid` set: "(hd0,0)/vmlinuz", "(uuid/…)/vmlinuz". @saved is the text of the
 * file "default" beside it, or empty.
 */
_must_check_ int grub_legacy_parse(struct bytes file, struct bytes saved, struct boot_menu *ret);
