// SPDX-License-Identifier: LGPL-2.1-or-later
/* loader.conf of systemd-boot: bytes in, struct loader_conf out. Source: loader.conf(5). */
#include <errno.h>
#include <stdlib.h>

#include "base/lines.h"
#include "entry/loader-conf.h"

/* The words that systemd-boot takes for a boolean "off". */
static bool is_no(struct bytes value)
{
	return bytes_is(value, "0") || bytes_is(value, "no") || bytes_is(value, "n") ||
	       bytes_is(value, "false") || bytes_is(value, "f") || bytes_is(value, "off");
}

static bool is_yes(struct bytes value)
{
	return bytes_is(value, "1") || bytes_is(value, "yes") || bytes_is(value, "y") ||
	       bytes_is(value, "true") || bytes_is(value, "t") || bytes_is(value, "on");
}

static int take_line(struct loader_conf *conf, struct bytes key, struct bytes value, unsigned line)
{
	if (bytes_is(key, "preferred")) {
		conf->preferred_line = line;
		return bytes_set(&conf->preferred, value);
	}
	/* "@" begins special words; systemd-boot passes over lines with one that it does not know. */
	if (bytes_is(key, "default") &&
	    (value.n == 0 || value.p[0] != '@' || bytes_is_nocase(value, "@saved"))) {
		conf->fallback_line = line;
		return bytes_set(&conf->fallback, value);
	}
	if (bytes_is(key, "auto-entries"))
		conf->no_auto_entries = is_no(value);
	if (bytes_is(key, "auto-firmware"))
		conf->no_auto_firmware = is_no(value);
	if (bytes_is(key, "auto-poweroff"))
		conf->auto_poweroff = is_yes(value);
	if (bytes_is(key, "auto-reboot"))
		conf->auto_reboot = is_yes(value);
	if (bytes_is(key, "timeout"))
		conf->menu_force = bytes_is(value, "menu-force");
	return 0;
}

int loader_conf_parse(struct bytes file, struct loader_conf *ret)
{
	struct loader_conf conf = { 0 };
	struct lines lines = lines_of(file);
	struct bytes line;

	while (lines_next(&lines, &line)) {
		struct bytes value = bytes_trim(line);
		struct bytes key;
		int r;

		if (value.n == 0 || value.p[0] == '#')
			continue;
		key = bytes_word(&value);
		if (value.n == 0)
			continue;
		r = take_line(&conf, key, bytes_unquote(value), lines.number);
		if (r < 0) {
			loader_conf_done(&conf);
			return r;
		}
	}
	*ret = conf;
	return 0;
}

void loader_conf_done(struct loader_conf *conf)
{
	free(conf->preferred);
	free(conf->fallback);
	*conf = (struct loader_conf){ 0 };
}
