// SPDX-License-Identifier: LGPL-2.1-or-later
/* LUKS2 On-Disk Format Specification 1.1: a binary header of 4096 bytes, then JSON. LUKS1 has no tokens;
 * clevis keeps its own in the gap before the payload, as luksmeta(8) has it. */
#include "preflight/luks.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "preflight/luks-format.h"

/* Offsets: size of a LUKS2 header, sectors before LUKS1's payload. */
enum { SIZE_2_AT = 8, PAYLOAD_1_AT = 104, HEADER_2_N = 16384, SECTOR = 512 };
enum { PINS_DEEP = 4, SHARES_MAX = 16, REGISTERS = 24 };

int luks_header_size(struct bytes first, size_t *ret)
{
	uint64_t n = HEADER_2_N;

	if (!luks_is(first))
		return -EILSEQ;
	if (luks_number(first, LUKS_VERSION_AT, 2) == 1)
		n = luks_number(first, PAYLOAD_1_AT, 4) * SECTOR;
	else if (luks_number(first, SIZE_2_AT, 8) > LUKS_JSON_AT)
		n = luks_number(first, SIZE_2_AT, 8);
	if (n < LUKS_FIRST_N)
		n = LUKS_FIRST_N;
	*ret = n < LUKS_HEADER_MAX ? (size_t)n : LUKS_HEADER_MAX;
	return 0;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* RFC 7515: the header of a JSON Web Encryption is base64url without padding, and ends at a "." */
static json_t *jwe_header(struct bytes text)
{
	_cleanup_free_ char *plain = malloc(text.n + 1);
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	if (!plain)
		return NULL;
	for (size_t i = 0; i < text.n && base64_value(text.p[i]) >= 0; i++) {
		bits = (bits << 6 | (unsigned)base64_value(text.p[i])) & 0xffff;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		plain[n++] = (char)(uint8_t)(bits >> n_bits);
	}
	return json_loadb(plain, n, 0, NULL);
}

static struct bytes text_of(const json_t *value)
{
	return (struct bytes){ (const uint8_t *)json_string_value(value),
			       json_string_length(value) };
}

/* ---- registers */

static void add_register(struct luks_way *w, json_int_t number)
{
	if (number < 0 || number >= REGISTERS)
		w->has_registers = false;
	else
		w->registers |= UINT32_C(1) << number;
}

/* "7,9" of clevis-encrypt-tpm2(1) */
static void add_list(struct luks_way *w, const char *list)
{
	while (*list) {
		unsigned number;

		if (!take_unsigned(&list, &number)) {
			w->has_registers = false;
			return;
		}
		add_register(w, number);
		list += strspn(list, ",+ ");
	}
}

static void add_registers(struct luks_way *w, const json_t *list)
{
	const json_t *item;
	size_t i;

	if (json_is_string(list))
		add_list(w, json_string_value(list));
	if (json_is_integer(list))
		add_register(w, json_integer_value(list));
	json_array_foreach(list, i, item) if (json_is_string(item))
		add_list(w, json_string_value(item));
	else add_register(w, json_is_integer(item) ? json_integer_value(item) : -1);
}

/* ---- clevis */

static void look_at_pin(const json_t *clevis, unsigned depth, struct luks_way *w);

static void look_at_jwe(struct bytes text, unsigned depth, struct luks_way *w)
{
	json_t *header = jwe_header(text);

	look_at_pin(json_object_get(header, "clevis"), depth, w);
	json_decref(header);
}

/* How likely registers are to stand in the way: the fewer, the rather a share opens. */
static unsigned hardness(const struct luks_way *w)
{
	/* tpm.c: registers that each boot extends, and those that describe the kernel */
	const uint32_t grow = UINT32_C(0xff8c00), of_kernel = UINT32_C(0x3300);

	if (!w->has_registers)
		return 4;
	return w->registers & grow ? 3 : w->registers & of_kernel ? 2 : w->registers ? 1 : 0;
}

/* clevis-encrypt-sss(1): any @t of its pins open it, so the TPM's easiest ones count. */
static void look_at_shares(const json_t *sss, unsigned depth, struct luks_way *w)
{
	const json_t *shares = json_object_get(sss, "jwe"), *share;
	json_int_t t = json_integer_value(json_object_get(sss, "t"));
	struct luks_way tpm[SHARES_MAX];
	json_int_t alone = 0, n = 0;
	size_t i;

	w->has_registers = true;
	json_array_foreach(shares, i, share)
	{
		struct luks_way one = { .opens = OPENS_UNKNOWN };
		json_int_t at = n;

		look_at_jwe(text_of(share), depth + 1, &one);
		alone += one.opens == OPENS_ALONE;
		if (one.opens != OPENS_TPM || n == SHARES_MAX)
			continue;
		for (; at > 0 && hardness(&tpm[at - 1]) > hardness(&one); at--)
			tpm[at] = tpm[at - 1];
		tpm[at] = one;
		n++;
	}
	if (t <= 0 || alone + n < t)
		return;
	w->opens = alone >= t ? OPENS_ALONE : OPENS_TPM;
	for (json_int_t k = 0; k < t - alone; k++) {
		w->registers |= tpm[k].registers;
		w->has_registers &= tpm[k].has_registers;
	}
}

static void look_at_pin(const json_t *clevis, unsigned depth, struct luks_way *w)
{
	const char *pin = json_string_value(json_object_get(clevis, "pin"));
	const json_t *settings = pin ? json_object_get(clevis, pin) : NULL;

	w->opens = OPENS_UNKNOWN;
	if (!pin || depth > PINS_DEEP)
		return;
	(void)snprintf(w->what, sizeof(w->what), "clevis %.32s", pin);
	if (strcmp(pin, "tang") == 0) {
		w->opens = OPENS_ALONE;
	} else if (strcmp(pin, "tpm2") == 0) {
		w->opens = OPENS_TPM;
		w->has_registers = json_is_object(settings);
		add_registers(w, json_object_get(settings, "pcr_ids"));
	} else if (strcmp(pin, "sss") == 0) {
		look_at_shares(settings, depth, w);
	}
}

/* ---- systemd */

/* src/shared/tpm2-util.c, tpm2_make_luks2_json(): some names have "-", newer ones "_" */
static void look_at_tpm2(const json_t *token, struct luks_way *w)
{
	const json_t *literal = json_object_get(token, "tpm2-pcrs");

	w->opens = json_is_true(json_object_get(token, "tpm2-pin")) ? OPENS_PERSON : OPENS_TPM;
	w->is_locked = json_is_true(json_object_get(token, "tpm2_pcrlock"));
	w->has_registers = json_is_array(literal);
	add_registers(w, literal);
	add_registers(w, json_object_get(token, "tpm2_pubkey_pcrs"));
}

/* src/cryptsetup/cryptsetup-tokens/luks2-fido2.c: a field that is missing counts as true */
static void look_at_fido2(const json_t *token, struct luks_way *w)
{
	static const char *const keys[] = { "fido2-clientPin-required", "fido2-up-required" };

	w->opens = OPENS_ALONE;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!json_is_false(json_object_get(token, keys[i])))
			w->opens = OPENS_PERSON;
	if (json_is_true(json_object_get(token, "fido2-uv-required")))
		w->opens = OPENS_PERSON;
}

/* RFC 7512: the PIN may stand in the URI. */
static void look_at_pkcs11(const json_t *token, struct luks_way *w)
{
	const char *uri = json_string_value(json_object_get(token, "pkcs11-uri"));

	w->opens = uri && (strstr(uri, "pin-value=") || strstr(uri, "pin-source=")) ? OPENS_ALONE
										    : OPENS_PERSON;
}

static void look_at_token(const json_t *token, struct luks_way *w)
{
	const char *type = json_string_value(json_object_get(token, "type"));

	*w = (struct luks_way){ .opens = OPENS_UNKNOWN };
	(void)snprintf(w->what, sizeof(w->what), "%.40s", type ? type : "token without a type");
	if (!type)
		return;
	if (strcmp(type, "clevis") == 0)
		look_at_jwe(text_of(json_object_get(json_object_get(token, "jwe"), "protected")), 0,
			    w);
	else if (strcmp(type, "systemd-tpm2") == 0)
		look_at_tpm2(token, w);
	else if (strcmp(type, "systemd-fido2") == 0)
		look_at_fido2(token, w);
	else if (strcmp(type, "systemd-pkcs11") == 0)
		look_at_pkcs11(token, w);
	else if (strcmp(type, "systemd-recovery") == 0 || strcmp(type, "luks2-keyring") == 0)
		/* a passphrase; a key in the kernel's keyring, which ends with this kernel */
		w->opens = OPENS_PERSON;
}

static int read_tokens(struct bytes json, struct luks_ways *ret)
{
	json_t *all = json_loadb((const char *)json.p, json.n, 0, NULL);
	json_t *tokens = json_object_get(all, "tokens"), *token;
	const char *key;

	if (!all)
		return -EBADMSG;
	json_object_foreach(tokens, key, token) if (ret->n < LUKS_WAYS_MAX)
		look_at_token(token, &ret->v[ret->n++]);
	json_decref(all);
	return 0;
}

/* ---- LUKS1 */

static int read_luksmeta(struct bytes header, struct luks_ways *ret)
{
	static const char magic[] = "LUKSMETA", jwe[] = "eyJ"; /* {" */
	const uint8_t *meta = memmem(header.p, header.n, magic, strlen(magic)), *at = NULL;

	if (meta)
		at = memmem(meta, (size_t)(header.p + header.n - meta), jwe, strlen(jwe));
	while (at && ret->n < LUKS_WAYS_MAX) {
		struct bytes rest = { at, (size_t)(header.p + header.n - at) };
		size_t n = 0;

		look_at_jwe(rest, 0, &ret->v[ret->n++]);
		while (n < rest.n && (rest.p[n] == '.' || base64_value(rest.p[n]) >= 0))
			n++;
		at = memmem(at + n, rest.n - n, jwe, strlen(jwe));
	}
	return 0;
}

int luks_ways_read(struct bytes header, struct luks_ways *ret)
{
	struct luks_ways ways = { .n = 0 };
	int r;

	if (!luks_is(header))
		return -EILSEQ;
	r = luks_number(header, LUKS_VERSION_AT, 2) == 1 ? read_luksmeta(header, &ways)
							 : read_tokens(luks_json(header), &ways);
	if (r == 0)
		*ret = ways;
	return r;
}
