// SPDX-License-Identifier: LGPL-2.1-or-later
#include "config/assign.h"
#include "config/config.h"
#include "inside.h"

static int look(void *data, const struct assign *a)
{
	unsigned *last = data;

	/* A report or an assignment, never both; lines only go forward. */
	must(!a->name != !a->skipped);
	must(!a->name == !a->value);
	must(!a->name || (a->name[0] && !strpbrk(a->name, " \t\n=$`'\"")));
	must(a->line >= 1 && a->line >= *last);
	*last = a->line;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = { data, size };
	struct config config;
	unsigned last = 0;

	must(assign_each(text, look, &last) == 0);
	must(config_init(&config) == 0);
	must(config_parse(&config, "file", &text) == 0);
	must(config.hooks && config.hooks[0] == '/');
	config_done(&config);
	return 0;
}
