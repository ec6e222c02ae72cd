// SPDX-License-Identifier: LGPL-2.1-or-later
/* Where each boot loader's command line is written, for a word that is added to it. */
#include "crash/advice.h"

#include <string.h>

#include "base/strbuf.h"

int crash_advise(uint64_t bytes, const struct kx_entries_info *list, const struct kx_entry *entry,
		 char **ret)
{
	const unsigned long long mib = (unsigned long long)bytes >> 20;
	const bool is_grub = list && list->loader && strcmp(list->loader, "grub") == 0;
	_cleanup_strbuf_ struct strbuf b = { 0 };

	strbuf_addf(&b, "crashkernel=%lluM", mib);
	if (is_grub && list->flavour && strcmp(list->flavour, "rh") == 0)
		strbuf_addf(&b, ", by grubby --update-kernel=ALL --args=crashkernel=%lluM", mib);
	else if (is_grub)
		strbuf_addf(&b,
			    " in GRUB_CMDLINE_LINUX_DEFAULT of /etc/default/grub, then update-grub "
			    "(grub-mkconfig -o %s)",
			    list->config ? list->config : "/boot/grub/grub.cfg");
	else if (entry && entry->source_file && entry->source_line)
		strbuf_addf(&b, " at the end of the command line in %s:%u", entry->source_file,
			    entry->source_line);
	else if (entry && entry->source_file)
		strbuf_addf(&b, " in the command line that %s has", entry->source_file);
	else
		strbuf_add(&b, " on the command line that the boot loader passes");
	if (list && list->guess)
		strbuf_addf(&b, " (a guess: %s)", list->guess);
	return strbuf_take(&b, ret);
}
