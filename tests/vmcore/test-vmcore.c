// SPDX-License-Identifier: LGPL-2.1-or-later
/* What vmcore/ promises its callers; the formats are tested with whole dumps in tests/vmcore. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka-shim.h"
#include "vmcore/record-text.h"
#include "vmcore/vmcore.h"

/* An ELF64 core: VMCOREINFO, and two segments with a plain log and its variables. */
#define LOG_AT UINT64_C(0xffffffff81000000)
#define LOG "<6>one\n<4>two\n<3>three\n"

struct dump {
	Elf64_Ehdr head;
	Elf64_Phdr segments[2];
	struct {
		Elf64_Nhdr head;
		char name[12];
		char body[256];
	} note;
	struct {
		uint64_t log_buf;
		uint32_t log_end;
		uint32_t log_buf_len;
		char text[32];
	} log;
};

static void fill_dump(struct dump *d)
{
	*d = (struct dump){
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			  .e_type = ET_CORE,
			  .e_machine = EM_X86_64,
			  .e_phoff = offsetof(struct dump, segments),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 2 },
		.segments = { { .p_type = PT_NOTE,
				.p_offset = offsetof(struct dump, note),
				.p_filesz = sizeof(d->note) },
			      { .p_type = PT_LOAD,
				.p_offset = offsetof(struct dump, log),
				.p_vaddr = LOG_AT,
				.p_filesz = sizeof(d->log),
				.p_memsz = sizeof(d->log) } },
		.note = { .head = { sizeof("VMCOREINFO"), sizeof(d->note.body), 0 },
			  .name = "VMCOREINFO",
			  .body = "SYMBOL(log_buf)=ffffffff81000000\n"
				  "SYMBOL(log_end)=ffffffff81000008\n"
				  "SYMBOL(log_buf_len)=ffffffff8100000c" },
		.log = { LOG_AT + 16, sizeof(LOG) - 1, 32, LOG },
	};
}

static int read_error; /* what the source fails with when a byte after the first 64 is read, or 0 */
static size_t n_reads;

static ssize_t read_dump(void *data, uint64_t offset, void *buf, size_t n)
{
	n_reads++;
	if (read_error && offset + n > 64)
		return read_error;
	if (offset >= sizeof(struct dump))
		return 0;
	if (n > sizeof(struct dump) - offset)
		n = sizeof(struct dump) - (size_t)offset;
	memcpy(buf, (const uint8_t *)data + offset, n);
	return (ssize_t)n;
}

struct taken {
	size_t n, max;
	char text[8];
	int level;
};

static int take(void *data, const struct vmcore_record *record)
{
	struct taken *taken = data;

	if (taken->n == taken->max)
		return -EPIPE;
	taken->n++;
	taken->level = record->level;
	assert_true(record->text.n < sizeof(taken->text));
	memset(taken->text, 0, sizeof(taken->text));
	memcpy(taken->text, record->text.p, record->text.n);
	return 0;
}

static void test_log(void **state)
{
	struct dump d;
	struct vmcore_source source = { read_dump, &d };
	struct vmcore *core = NULL;
	struct vmcore_report report;
	struct taken taken = { .max = 10 };

	fill_dump(&d);
	n_reads = 0;
	assert_int_equal(vmcore_open(&source, &core, NULL), 0);
	assert_int_equal(vmcore_log(core, take, &taken, &report, NULL), 0);
	/* the one page that it is */
	assert_true(sizeof(d) <= 4096);
	assert_int_equal(n_reads, 1);
	assert_int_equal(taken.n, 3);
	assert_int_equal(report.n_records, 3);
	assert_int_equal(report.n_damaged, 0);
	assert_string_equal(taken.text, "three");
	assert_int_equal(taken.level, 3);
	assert_null(vmcore_free(core));
	assert_null(vmcore_free(NULL));
}

static void test_stopped(void **state)
{
	struct dump d;
	struct vmcore_source source = { read_dump, &d };
	struct vmcore_report report = { .n_records = 77 };
	struct taken taken = { .max = 2 };
	struct vmcore *core = NULL;
	struct kx_error err = { 0 };

	fill_dump(&d);
	assert_int_equal(vmcore_open(&source, &core, NULL), 0);
	assert_int_equal(vmcore_log(core, take, &taken, &report, &err), -EPIPE);
	assert_int_equal(err.code, -EPIPE);
	assert_int_equal(taken.n, 2);
	assert_int_equal(report.n_records, 77);
	vmcore_free(core);
}

static void test_failures(void **state)
{
	struct dump d;
	struct vmcore_source source = { read_dump, &d };
	struct vmcore *untouched = (struct vmcore *)&d, *core = untouched;
	struct kx_error err = { 0 };

	fill_dump(&d);
	read_error = -EIO;
	assert_int_equal(vmcore_open(&source, &core, &err), -EIO);
	read_error = 0;
	assert_non_null(strstr(err.message, "offset 0x40"));
	d.segments[0].p_filesz = UINT64_MAX;
	assert_int_equal(vmcore_open(&source, &core, &err), -EBADMSG);
	fill_dump(&d);
	d.note.name[0] = 'X';
	assert_int_equal(vmcore_open(&source, &core, &err), -ENOMSG);
	fill_dump(&d);
	d.head.e_phnum = 200; /* they would go past the end of the file */
	assert_int_equal(vmcore_open(&source, &core, &err), -ENODATA);
	assert_ptr_equal(core, untouched);
}

static void test_log_failures(void **state)
{
	struct dump d;
	struct vmcore_source source = { read_dump, &d };
	struct vmcore *core = NULL;
	struct vmcore_report report = { .n_records = 77 };
	struct taken taken = { .max = 10 };

	fill_dump(&d);
	d.log.log_buf_len = 0;
	assert_int_equal(vmcore_open(&source, &core, NULL), 0);
	assert_int_equal(vmcore_log(core, take, &taken, &report, NULL), -EPROTO);
	core = vmcore_free(core);

	fill_dump(&d);
	d.segments[1].p_vaddr += 0x100000;
	assert_int_equal(vmcore_open(&source, &core, NULL), 0);
	assert_int_equal(vmcore_log(core, take, &taken, &report, NULL), -EFAULT);
	assert_int_equal(report.n_records, 77);
	assert_int_equal(taken.n, 0);
	core = vmcore_free(core);
}

/* Every byte at every place of a text that is longer than a word, among letters: it is as it is when it is
 * printable or white space, else \xNN; nothing else changes. */
static void test_escape(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++)
		for (size_t at = 0; at < 19; at++) {
			uint8_t text[19];
			char want[64], byte[8];
			bool plain = (c >= ' ' && c <= '~') || (c >= '\t' && c <= '\r');
			size_t n;
			char *got;

			memset(text, 'x', sizeof(text));
			text[at] = (uint8_t)c;
			(void)snprintf(byte, sizeof(byte), plain ? "%c" : "\\x%02x", c);
			(void)snprintf(want, sizeof(want), "%.*s%s%.*s", (int)at,
				       (const char *)text, byte, (int)(sizeof(text) - at - 1),
				       "xxxxxxxxxxxxxxxxxxx");
			got = vmcore_escape((struct bytes){ text, sizeof(text) }, false, &n);
			assert_non_null(got);
			assert_int_equal(n, strlen(want));
			assert_string_equal(got, want);
			free(got);
		}
}

/* Times as printf() writes them, of every number of digits. */
static void test_line(void **state)
{
	const uint64_t edges[] = { 0,
				   999,
				   1000,
				   999999999,
				   1000000000,
				   UINT64_C(99999999999999),
				   UINT64_C(100000000000000),
				   UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct vmcore_record record = { .has_time = true,
						.time_ns = edges[i],
						.text = { (const uint8_t *)"a\033", 2 } };
		unsigned long long micros = edges[i] / 1000;
		char want[64];
		size_t n;
		char *got = vmcore_record_line(&record, &n);

		(void)snprintf(want, sizeof(want), "[%5llu.%06llu] a\\x1b\n", micros / 1000000,
			       micros % 1000000);
		assert_non_null(got);
		assert_string_equal(got, want);
		assert_int_equal(n, strlen(want));
		free(got);
		record.has_time = false;
		got = vmcore_record_line(&record, &n);
		assert_non_null(got);
		assert_string_equal(got, "a\\x1b\n");
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log),	 cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_failures), cmocka_unit_test(test_log_failures),
		cmocka_unit_test(test_escape),	 cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
