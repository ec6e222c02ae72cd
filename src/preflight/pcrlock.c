// SPDX-License-Identifier: LGPL-2.1-or-later
/* systemd's src/shared/tpm2-util.c, tpm2_pcrlock_policy_from_json(): {"pcrBank":"sha256",
 * "pcrValues":[{"pcr":7,"values":["HEX",…]},…],"nvIndex":…}. */
#include "preflight/pcrlock.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "preflight/tpm.h"

enum { REGISTERS = 24 };

/* sdbootutil of openSUSE keeps a copy on the ESP, which its initrd reads. The copy that systemd writes for
 * systemd-stub(7) below /loader/credentials is not there after a fast reboot: no stub ran. */
static const char *const esp_places[] = { "/boot/efi/EFI/systemd/pcrlock.json",
					  "/efi/EFI/systemd/pcrlock.json",
					  "/boot/EFI/systemd/pcrlock.json", NULL };
static const char *const places[] = { "/run/systemd/pcrlock.json", "/var/lib/systemd/pcrlock.json",
				      NULL };

static const char *find(const struct look *l, const char *const *paths)
{
	for (; *paths; paths++)
		if (look_exists(l, *paths) == 1)
			return *paths;
	return NULL;
}

static json_t *read_policy(const struct look *l, const char *path)
{
	_cleanup_look_file_ struct look_file text = { 0 };

	return look_file(l, path, &text) < 0
		       ? NULL
		       : json_loadb((const char *)text.b.p, text.b.n, 0, NULL);
}

/* 1: the register has one of the values now; 0: it has another; -1: that cannot be told */
static int has_listed_value(const struct look *l, const char *bank, json_int_t number,
			    const json_t *values)
{
	_cleanup_free_ char *now = NULL;
	const json_t *value;
	char path[128];
	size_t i;

	if (!path_make(path, sizeof(path), "/sys/class/tpm/tpm0/pcr-%s/%d", bank, (int)number) ||
	    look_line(l, path, &now) < 0 || !*now)
		return -1;
	json_array_foreach(values, i,
			   value) if (json_is_string(value) &&
				      strcasecmp(json_string_value(value), now) == 0) return 1;
	return 0;
}

/* What the whole policy says: the worst of its registers. */
static enum ease judge(const struct look *l, struct report *r, json_t *policy, const char *path,
		       const struct luks_way *own)
{
	const char *bank = json_string_value(json_object_get(policy, "pcrBank"));
	const json_t *list = json_object_get(policy, "pcrValues"), *item;
	struct luks_way way = *own;
	struct tpm_facts facts;
	bool is_known = true;
	char text[80];
	size_t i;

	if (!bank || !isalnum((unsigned char)*bank) || strchr(bank, '/') || !json_is_array(list) ||
	    json_array_size(list) == 0)
		return EASE_UNKNOWN;
	way.is_locked = false;
	json_array_foreach(list, i, item)
	{
		const json_t *number = json_object_get(item, "pcr");
		int has;

		if (!json_is_integer(number) || json_integer_value(number) < 0 ||
		    json_integer_value(number) >= REGISTERS)
			return EASE_UNKNOWN;
		way.registers |= UINT32_C(1) << json_integer_value(number);
		has = has_listed_value(l, bank, json_integer_value(number),
				       json_object_get(item, "values"));
		if (has == 0)
			evidencef(r, "register %d has a value that %s does not list",
				  (int)json_integer_value(number), path);
		if (has == 0)
			return EASE_BROKEN;
		is_known &= has > 0;
	}
	tpm_registers_text(&way, text, sizeof(text));
	evidencef(r, "%s: registers %s", path, text);
	(void)!tpm_facts_read(l, &facts); /* else the worst is assumed */
	switch (tpm_seal(&way, &facts)) {
	case SEAL_OPENS:
		return is_known ? EASE_TPM : EASE_UNKNOWN;
	case SEAL_STALE:
		return is_known ? EASE_STALE : EASE_UNKNOWN;
	case SEAL_BROKEN:
		break;
	}
	return EASE_BROKEN;
}

enum ease ease_of_locked(const struct look *l, struct report *r, const struct luks_way *way,
			 bool is_early)
{
	const char *esp = is_early ? find(l, esp_places) : NULL;
	const char *path = esp ? esp : find(l, places);
	json_t *policy = path ? read_policy(l, path) : NULL;
	enum ease ease;

	if (!policy) {
		evidencef(r, "%s: %s", path ? path : places[1],
			  path ? "no policy of systemd-pcrlock" : "not there");
		return EASE_UNKNOWN;
	}
	ease = judge(l, r, policy, path, way);
	json_decref(policy);
	if (is_early && !esp && (ease == EASE_TPM || ease == EASE_STALE)) {
		evidencef(r, "nothing says that the initrd has %s", path);
		return EASE_UNKNOWN;
	}
	return ease;
}
