// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "entry/refind.h"
#include "fuzz/files.h"
#include "tests/fake/menu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* "include" of anything gives the same text again, which must not recurse. */
static struct itself {
	struct refind_include base;
	struct bytes text;
} includes_itself;

static int fetch(struct refind_include *self, const char *name, uint8_t **ret_buf,
		 struct bytes *ret)
{
	const struct itself *me = (const struct itself *)self;

	(void)name;
	*ret_buf = malloc(me->text.n ? me->text.n : 1);
	if (!*ret_buf)
		return -ENOMEM;
	if (me->text.n)
		memcpy(*ret_buf, me->text.p, me->text.n);
	*ret = (struct bytes){ *ret_buf, me->text.n };
	return 0;
}

static void parse(const uint8_t *data, size_t size)
{
	struct strlist titles, options;
	struct refind_conf conf;

	includes_itself = (struct itself){ { fetch }, { data, size } };
	if (refind_linux_parse((struct bytes){ data, size }, &titles, &options) == 0) {
		if (titles.n != options.n)
			abort();
		strlist_done(&titles);
		strlist_done(&options);
	}
	if (refind_conf_parse((struct bytes){ data, size }, &includes_itself.base, &conf) < 0)
		return;
	if (strlen(conf.scan) > REFIND_SCAN_MAX)
		abort();
	conf.manual.default_index =
		refind_choose(&conf.manual, conf.selection ? conf.selection : "+", conf.versions);
	check_menu(&conf.manual);
	refind_conf_done(&conf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boot_find_opts opts = { .machine = "x86_64" };

	parse(data, size);
	files_read(refind_read, &opts, "/boot/efi/EFI/refind/refind.conf",
		   (struct bytes){ data, size });
	return 0;
}
