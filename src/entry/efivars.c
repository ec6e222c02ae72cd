// SPDX-License-Identifier: LGPL-2.1-or-later
/* EFI variables as efivarfs shows them: bytes in, text and numbers out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "entry/efivars.h"

enum { ATTRIBUTES_SIZE = 4 };

bool efivar_data(struct bytes file, struct bytes *ret)
{
	return file.n >= ATTRIBUTES_SIZE &&
	       bytes_sub(file, ATTRIBUTES_SIZE, file.n - ATTRIBUTES_SIZE, ret);
}

static void add_utf8(struct strbuf *out, uint32_t c)
{
	char b[4];
	size_t n = 0;

	if (c < 0x80) {
		b[n++] = (char)c;
	} else if (c < 0x800) {
		b[n++] = (char)(0xc0 | c >> 6);
		b[n++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		b[n++] = (char)(0xe0 | c >> 12);
		b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		b[n++] = (char)(0x80 | (c & 0x3f));
	} else {
		b[n++] = (char)(0xf0 | c >> 18);
		b[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		b[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		b[n++] = (char)(0x80 | (c & 0x3f));
	}
	strbuf_add_n(out, b, n);
}

/* Text up to a NUL or the end; *ret_n counts the bytes it took, with the NUL. Lone surrogates
 * become U+FFFD. */
static int utf16_dup(struct bytes b, char **ret, size_t *ret_n)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	size_t at = 0;
	uint16_t unit, low;

	while (bytes_le16(b, at, &unit)) {
		uint32_t c = unit;

		at += 2;
		if (c == 0)
			break;
		if ((c & 0xfc00) == 0xd800 && bytes_le16(b, at, &low) && (low & 0xfc00) == 0xdc00) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ffu));
			at += 2;
		} else if ((c & 0xf800) == 0xd800) {
			c = 0xfffd;
		}
		add_utf8(&out, c);
	}
	*ret_n = at;
	return strbuf_take(&out, ret);
}

int efivar_string(struct bytes file, char **ret)
{
	struct bytes data;
	size_t n;

	if (!efivar_data(file, &data))
		return -EBADMSG;
	return utf16_dup(data, ret, &n);
}

int efivar_text(struct bytes text, char **ret)
{
	size_t n;

	return utf16_dup(text, ret, &n);
}

int efivar_u64(struct bytes file, uint64_t *ret)
{
	struct bytes data;
	uint32_t low, high;

	if (!efivar_data(file, &data) || data.n != 8 || !bytes_le32(data, 0, &low) ||
	    !bytes_le32(data, 4, &high))
		return -EBADMSG;
	*ret = (uint64_t)high << 32 | low;
	return 0;
}

int efivar_u16(struct bytes file, uint16_t *ret)
{
	struct bytes data;

	if (!efivar_data(file, &data) || data.n != 2 || !bytes_le16(data, 0, ret))
		return -EBADMSG;
	return 0;
}

int efivar_u16_list(struct bytes file, uint16_t **ret_v, size_t *ret_n)
{
	struct bytes data;
	uint16_t *v;

	if (!efivar_data(file, &data) || data.n % 2)
		return -EBADMSG;
	v = calloc(data.n / 2 + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < data.n / 2; i++)
		(void)bytes_le16(data, i * 2, &v[i]);
	*ret_v = v;
	*ret_n = data.n / 2;
	return 0;
}

/* Device path nodes; source: UEFI specification 2.10, chapter 10. */
enum {
	NODE_MESSAGING = 3,
	NODE_MESSAGING_MAC = 11,
	NODE_MEDIA = 4,
	NODE_MEDIA_HARDDRIVE = 1,
	NODE_MEDIA_FILE = 4,
	NODE_END = 0x7f,
};

/* Fields of a hard drive node: number 0, start 4, size 12, signature 20, format 36, its type 37. */
enum { SIGNATURE = 20, SIGNATURE_TYPE = 37, SIGNATURE_MBR = 1, SIGNATURE_GUID = 2 };

/* As the kernel and udev write PARTUUID: block/partitions/efi.c and msdos.c. */
static void take_partition(struct efi_boot_option *o, struct bytes data)
{
	uint32_t number, first;
	uint16_t second, third;
	struct bytes rest;

	o->has_partition = true;
	if (!bytes_has(data, SIGNATURE_TYPE, 1) || !bytes_le32(data, 0, &number) ||
	    !bytes_le32(data, SIGNATURE, &first) || !bytes_le16(data, SIGNATURE + 4, &second) ||
	    !bytes_le16(data, SIGNATURE + 6, &third) || !bytes_sub(data, SIGNATURE + 8, 8, &rest))
		return;
	if (data.p[SIGNATURE_TYPE] == SIGNATURE_GUID)
		(void)snprintf(o->partition, sizeof(o->partition),
			       "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", first, second,
			       third, rest.p[0], rest.p[1], rest.p[2], rest.p[3], rest.p[4],
			       rest.p[5], rest.p[6], rest.p[7]);
	else if (data.p[SIGNATURE_TYPE] == SIGNATURE_MBR)
		(void)snprintf(o->partition, sizeof(o->partition), "%08x-%02x", first, number);
}

static int take_node(struct efi_boot_option *o, unsigned type, unsigned subtype, struct bytes data)
{
	char *file = NULL;
	size_t n;
	int r;

	if (type == NODE_MESSAGING && subtype == NODE_MESSAGING_MAC)
		o->is_network = true;
	if (type == NODE_MEDIA && subtype == NODE_MEDIA_HARDDRIVE)
		take_partition(o, data);
	if (type != NODE_MEDIA || subtype != NODE_MEDIA_FILE)
		return 0;

	/* A path may be cut into several nodes; the last one names the file. */
	r = utf16_dup(data, &file, &n);
	if (r < 0)
		return r;
	free(o->file);
	o->file = file;
	return 0;
}

static int parse_path(struct efi_boot_option *o, struct bytes path)
{
	size_t at = 0;
	uint16_t length;

	while (bytes_le16(path, at + 2, &length)) {
		unsigned type = path.p[at] & 0x7f, subtype = path.p[at + 1];
		struct bytes data;
		int r;

		if (length < 4 || !bytes_sub(path, at + 4, length - 4u, &data))
			return -EBADMSG;
		if (type == NODE_END)
			return 0;
		r = take_node(o, type, subtype, data);
		if (r < 0)
			return r;
		at += length;
	}
	return 0;
}

/* Load options of a program. Firmware and tools keep other things there, too. */
static int take_options(struct efi_boot_option *o, struct bytes data)
{
	size_t n = 0;
	uint16_t c;

	while (bytes_le16(data, n, &c) && c != 0 && c != '\n') {
		if (c < 0x20 && c != '\t')
			goto other;
		n += 2;
	}
	/* ASCII letters in both bytes: 8-bit text of a tool that did not convert it to UTF-16 */
	if (data.n && (n == 0 || (bytes_le16(data, 0, &c) && c > 0xff)))
		goto other;
	return n ? utf16_dup((struct bytes){ data.p, n }, &o->options, &n) : 0;
other:
	o->has_other_data = data.n > 0;
	return 0;
}

int efi_boot_option_parse(struct bytes file, struct efi_boot_option *ret)
{
	struct efi_boot_option o = { 0 };
	struct bytes data, text, path, rest;
	uint32_t attributes;
	uint16_t path_n;
	size_t text_n;
	int r;

	if (!efivar_data(file, &data) || !bytes_le32(data, 0, &attributes) ||
	    !bytes_le16(data, 4, &path_n) || !bytes_sub(data, 6, data.n - 6, &text))
		return -EBADMSG;

	o.is_active = attributes & 1;
	r = utf16_dup(text, &o.description, &text_n);
	if (r == 0 && !bytes_sub(text, text_n, path_n, &path))
		r = -EBADMSG;
	if (r == 0)
		r = parse_path(&o, path);
	if (r == 0 && bytes_sub(text, text_n + path_n, text.n - text_n - path_n, &rest))
		r = take_options(&o, rest);
	if (r < 0) {
		efi_boot_option_done(&o);
		return r;
	}
	*ret = o;
	return 0;
}

void efi_boot_option_done(struct efi_boot_option *option)
{
	free(option->description);
	free(option->file);
	free(option->options);
	*option = (struct efi_boot_option){ 0 };
}
