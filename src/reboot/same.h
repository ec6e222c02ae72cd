/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What is loaded already. /run/rapidreboot/loaded has a number of everything that an image is made of; the same
 * number, and the kernel's own word that it holds that image, mean that it need not be loaded again.
 */

#include "handover/request.h"
#include "reboot/load.h"

/**
 * same_as() - a number of what @s, once it is loaded, has been made of
 * @ret: hexadecimal; "" when another load is not to be compared with it
 *
 * Of the choice, of the contents of its files, of the words of the command line, of the memory that the next
 * kernel is told of, of the way in which it is loaded and of the version of this program. Only files of this
 * system have one, unpacked and loaded with kexec_load(2): anything else takes no time to load again, or cannot be
 * compared. With keys for the next boot there is none, whether they are still to be asked for or loaded: each
 * load has others.
 */
void same_as(const struct reboot *rb, const struct wish *wish, const struct start *s, char ret[17]);

/**
 * same_find() - is what @s was planned for loaded already?
 *
 * Contents in huge pages are looked at once more; what was changed there is dropped. When it is loaded, @s has the
 * rung and the digest that it was loaded with, and start_load() leaves it as it is.
 */
bool same_find(const struct reboot *rb, const struct wish *wish, struct start *s);
