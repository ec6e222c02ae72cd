/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What kexec cannot start (another system, a memory test, the firmware's setup) the boot loader can: it is told
 * to start one entry at the next boot only, by the program that comes with it. */

#include "reboot/reboot.h"
#include "reboot/wish.h"

/**
 * once_possible() - may once_set() be asked for it?
 * @list: describes the list that @entry is of
 *
 * No for an entry whose files are missing, for one that no configuration has, and for loaders that have no such
 * program: GRUB, systemd-boot and the firmware's own menu have one.
 */
bool once_possible(const struct kx_entries_info *list, const struct kx_entry *entry);

/**
 * once_set() - have the boot loader start @entry at the next boot
 * @wish: where the entries were found
 * @list: as of once_possible(), which has said yes
 *
 * By grub-reboot(8), `bootctl set-oneshot` or `efibootmgr --bootnext`. Then the entries are read again: it
 * counts only when that one would start by now, for a configuration may not ask for it (GRUB without
 * "load_env", a read-only environment block).
 *
 * Return: REASON_NONE; REASON_FAILED, the machine is as it was, except that a value may be set which the boot
 * loader does not heed.
 */
_must_check_ enum reason once_set(const struct reboot *rb, const struct wish *wish,
				  const struct kx_entries_info *list, const struct kx_entry *entry,
				  struct kx_error *err);
