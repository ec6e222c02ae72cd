// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "capture/settings.h"
#include "inside.h"

static int no_device(void *data, struct bytes device, struct strbuf *to)
{
	(void)data;
	must(device.n && !memchr(device.p, ':', device.n));
	strbuf_add(to, "8:0");
	return 0;
}

/* A table that was taken becomes one of the kernel's form, whatever the disks are called then. */
static bool again_layers(const struct capture_target *t)
{
	for (size_t i = 0; i < t->n_layers; i++) {
		const char *table = t->layers[i].table;
		_cleanup_free_ char *lines = NULL;

		if (table &&
		    capture_volume_table((struct bytes){ (const uint8_t *)table, strlen(table) },
					 no_device, NULL, &lines) < 0)
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_capture_settings_ struct capture_settings s = { 0 }, again = { 0 };
	_cleanup_free_ char *text = NULL;

	if (capture_settings_parse((struct bytes){ data, size }, &s, NULL) < 0)
		return 0;
	must(s.n_targets >= 1 && s.n_targets <= CAPTURE_TARGETS_MAX);
	must(s.modules.n <= CAPTURE_MODULES_MAX && s.level <= 31 && s.wait_s <= CAPTURE_WAIT_MAX);
	for (size_t i = 0; i < s.n_targets; i++) {
		must(s.targets[i].directory[0] == '/' &&
		     s.targets[i].n_layers <= CAPTURE_LAYERS_MAX);
		must(s.targets[i].ssh || s.targets[i].nfs ||
		     (s.targets[i].uuid && s.targets[i].type));
		must(again_layers(&s.targets[i]));
		must(!strstr(s.targets[i].directory, "/../"));
	}
	for (size_t i = 0; i < s.modules.n; i++)
		must(!strchr(s.modules.v[i], '/'));
	/* what was read can be written, and is the same then */
	must(capture_settings_text(&s, &text, NULL) == 0);
	must(capture_settings_parse((struct bytes){ (uint8_t *)text, strlen(text) }, &again,
				    NULL) == 0);
	must(again.n_targets == s.n_targets && again.modules.n == s.modules.n);
	must(again.keep == s.keep && again.packing == s.packing && again.failure == s.failure);
	return 0;
}
