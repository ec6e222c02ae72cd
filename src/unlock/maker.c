// SPDX-License-Identifier: LGPL-2.1-or-later
#include "unlock/maker.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/lines.h"
#include "image/cpio.h"

enum { SIGNS_MAX = 2 };

/* What each leaves in the image: mkinitramfs, dracut.sh, mkinitcpio's functions, booster's and genkernel's generator. Of two
 * that fit the later one counts: genkernel writes what dracut writes, and a file of its own. */
static const struct {
	enum initrd_maker maker;
	const char *signs[SIGNS_MAX];
} makers[] = {
	{ MADE_BY_INITRAMFS_TOOLS, { "conf/initramfs.conf" } },
	{ MADE_BY_DRACUT,
	  { "usr/lib/dracut/build-parameter.txt", "lib/dracut/build-parameter.txt" } },
	{ MADE_BY_MKINITCPIO, { "buildconfig" } },
	{ MADE_BY_BOOSTER, { "etc/booster.init.yaml" } },
	{ MADE_BY_GENKERNEL, { "lib/dracut/dracut-gk-version.info" } },
};
enum { N_SIGNED = sizeof(makers) / sizeof(makers[0]) };

static bool is_sign(struct bytes name, size_t maker)
{
	for (size_t i = 0; i < SIGNS_MAX && makers[maker].signs[i]; i++)
		if (bytes_is(name, makers[maker].signs[i]))
			return true;
	return false;
}

/* In the first place since systemd(1) has it as a command. */
static bool is_systemd(struct bytes name)
{
	return bytes_is(name, "usr/bin/systemd-cryptsetup") ||
	       bytes_is(name, "usr/lib/systemd/systemd-cryptsetup") ||
	       bytes_is(name, "lib/systemd/systemd-cryptsetup");
}

enum initrd_maker initrd_maker(struct bytes plain)
{
	bool by_systemd = false;
	struct cpio_entry e;
	size_t found = 0, at = 0; /* @found: 1 more than its place */

	while (cpio_next(plain, &at, &e)) {
		by_systemd = by_systemd || is_systemd(e.name);
		for (size_t i = found; i < N_SIGNED; i++)
			if (is_sign(e.name, i))
				found = i + 1;
	}
	if (!found)
		return MADE_BY_UNKNOWN;
	if (by_systemd && makers[found - 1].maker == MADE_BY_DRACUT)
		return MADE_BY_DRACUT_SYSTEMD;
	if (by_systemd && makers[found - 1].maker == MADE_BY_MKINITCPIO)
		return MADE_BY_MKINITCPIO_SYSTEMD;
	return makers[found - 1].maker;
}

const char *initrd_maker_text(enum initrd_maker maker)
{
	static const char *const texts[N_MAKERS] = {
		[MADE_BY_UNKNOWN] = "what has made it is not known here",
		[MADE_BY_INITRAMFS_TOOLS] =
			"it was made by initramfs-tools, without a table of encrypted volumes",
		[MADE_BY_DRACUT] = "it was made by dracut, without systemd",
		[MADE_BY_DRACUT_SYSTEMD] = "it was made by dracut, with systemd",
		[MADE_BY_MKINITCPIO] = "it was made by mkinitcpio",
		[MADE_BY_MKINITCPIO_SYSTEMD] = "it was made by mkinitcpio, with systemd",
		[MADE_BY_BOOSTER] = "it was made by booster",
		[MADE_BY_GENKERNEL] = "it was made by genkernel",
	};

	return texts[maker < N_MAKERS ? maker : MADE_BY_UNKNOWN];
}
