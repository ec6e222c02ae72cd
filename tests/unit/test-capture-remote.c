// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sending a dump to another machine: what its shell is told, what the client is told, in which order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/elf-needs.h"
#include "capture/flat.h"
#include "capture/job.h"
#include "capture/network.h"
#include "capture/remote.h"
#include "capture/ssh.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

/* ---- places */

static void test_places(void **state)
{
	static const struct {
		const char *text, *user_host, *directory; /* NULL: -EINVAL */
	} rows[] = {
		{ "ssh:a@b:/c d", "a@b", "/c d" },
		{ "ssh:b", "b", "/var/crash" },
		{ "ssh:a@[fe80::1]:/x", "a@fe80::1", "/x" },
		{ "ssh:", NULL, NULL },
		{ "ssh:a@b:c", NULL, NULL },
		{ "ssh:-oX@b:/c", NULL, NULL },
		{ "ssh:@b:/c", NULL, NULL },
		{ "ssh:a@[b:/c", NULL, NULL },
		{ "ssh:a@:/c", NULL, NULL },
		{ "/var", NULL, NULL },
		{ "ssh:a@b/c", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_ssh_place_ struct ssh_place p = { 0 };

		print_message("%s\n", rows[i].text);
		assert_int_equal(ssh_place_parse(rows[i].text, &p),
				 rows[i].user_host ? 0 : -EINVAL);
		if (rows[i].user_host) {
			assert_string_equal(p.user_host, rows[i].user_host);
			assert_string_equal(p.directory, rows[i].directory);
		}
	}
}

static void test_options(void **state)
{
	static const struct {
		const char *text, *known_as; /* NULL: refused */
	} rows[] = {
		{ "hostname h\nport 22\nuser u\nidentityfile ~/.ssh/k\n", "h" },
		{ "hostname h\nport 2222\nidentityfile /k\n", "[h]:2222" },
		{ "hostname h\nport 22\nhostkeyalias a\nproxycommand none\n", "a" },
		{ "hostname h\nport 22\nproxyjump other\n", NULL },
		{ "hostname h\nport 22\nproxycommand nc %h\n", NULL },
		{ "port 22\n", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_ssh_options_ struct ssh_options o = { 0 };
		struct kx_error err = { 0 };
		int r = ssh_options_parse(text_of(rows[i].text), "/home/x", &o, &err);

		assert_int_equal(r == 0, rows[i].known_as != NULL);
		if (r == 0)
			assert_string_equal(o.known_as, rows[i].known_as);
		else
			assert_true(err.message[0] != '\0');
		if (i == 0) {
			assert_string_equal(o.keys.v[0], "/home/x/.ssh/k");
			assert_string_equal(o.kept.s, "port 22\nuser u\n");
		}
	}
}

/* ---- what the other machine runs: with a real shell */

/* The command's exit status, when @sent is its input. */
static int run(const char *command, const char *sent)
{
	_cleanup_free_ char *line = NULL;
	FILE *pipe;
	int status;

	assert_true(asprintf(&line, "%s", command) > 0);
	pipe = popen(line, "w");
	assert_non_null(pipe);
	assert_true(fputs(sent, pipe) >= 0);
	status = pclose(pipe);
	return WEXITSTATUS(status);
}

static bool is_there(const char *directory, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	return access(path, F_OK) == 0;
}

static void test_remote(void **state)
{
	char top[] = "/tmp/remote.XXXXXX", directory[64], clean[96];
	static const struct remote_file known = { "a'b", 5 },
					unknown = { "d", REMOTE_SIZE_UNKNOWN }, whole = { "d", 3 },
					longer = { "d", 4 };
	static const struct {
		const struct remote_file *finish, *put;
		const char *sent;
		int status;
		const char *there;
	} rows[] = {
		{ NULL, &known, "12345", 0, "a'b" },
		{ NULL, &unknown, "123", 0, "d.incomplete" },
		{ &longer, NULL, "", REMOTE_SHORT, "d.incomplete" },
		{ &whole, NULL, "", 0, "d" },
		{ NULL, &known, "123", REMOTE_SHORT, "a'b.incomplete" },
	};

	assert_non_null(mkdtemp(top));
	(void)snprintf(directory, sizeof(directory), "%s/x y/it's", top);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_free_ char *command = NULL;

		assert_int_equal(
			capture_remote_command(directory, rows[i].finish, rows[i].put, &command),
			0);
		print_message("%s\n", command);
		assert_int_equal(run(command, rows[i].sent), rows[i].status);
		assert_true(is_there(directory, rows[i].there));
		if (rows[i].status)
			assert_non_null(capture_remote_error(rows[i].status));
	}
	{
		_cleanup_free_ char *command = NULL;

		assert_int_equal(capture_remote_command("/dev/null/x", NULL, &known, &command), 0);
		assert_int_equal(run(command, ""), REMOTE_NO_DIRECTORY);
	}
	(void)snprintf(clean, sizeof(clean), "rm -r '%s'", top);
	assert_int_equal(system(clean), 0);
}

/* ---- order */

struct fake {
	char said[256];	   /* a letter for each call, with the target's number */
	int results[4][4]; /* of each target: open, log, dump, notes */
};

static int number_of(const struct capture_job *j, const struct capture_target *t)
{
	return (int)(t - j->settings->targets);
}

static int call(struct capture_job *j, const struct capture_target *t, int what, const char *letter,
		struct kx_error *err)
{
	struct fake *f = j->own;
	const size_t n = strlen(f->said);

	(void)snprintf(f->said + n, sizeof(f->said) - n, "%s%d ", letter, number_of(j, t));
	return f->results[number_of(j, t)][what] < 0
		       ? kx_fail(err, f->results[number_of(j, t)][what], "no")
		       : 0;
}

static int fake_open(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	return call(j, t, 0, "open", err);
}

static int fake_log(struct capture_job *j, const struct capture_target *t, uint64_t *ret,
		    struct kx_error *err)
{
	*ret = 1;
	return call(j, t, 1, "log", err);
}

static int fake_dump(struct capture_job *j, const struct capture_target *t, struct dump_counts *ret,
		     struct kx_error *err)
{
	*ret = (struct dump_counts){ 0 };
	return call(j, t, 2, "dump", err);
}

static int fake_notes(struct capture_job *j, const struct capture_target *t, struct kx_error *err)
{
	return call(j, t, 3, "notes", err);
}

static void fake_close(struct capture_job *j, const struct capture_target *t)
{
	(void)call(j, t, 3, "close", NULL);
}

static void fake_say(const struct capture_job *j, const char *sentence)
{
	struct fake *f = j->own;

	if (strstr(sentence, "nothing could be saved"))
		(void)strncat(f->said, "words ", sizeof(f->said) - strlen(f->said) - 1);
}

static void fake_at(const struct capture_job *j, size_t target, bool has_log)
{
}

static uint64_t fake_uptime(void)
{
	return 1;
}

static void test_order(void **state)
{
	static const struct {
		int results[2][4];
		size_t first;
		bool has_log;
		const char *said;
		int result;
	} rows[] = {
		{ { { 0 } }, 0, false, "open0 log0 dump0 notes0 close0 ", 0 },
		{ { { -ENODEV } }, 0, false, "open0 open1 log1 dump1 notes1 close1 ", 0 },
		{ { { 0, -EIO } }, 0, false, "open0 log0 dump0 notes0 close0 ", 0 },
		{ { { 0, -ETIMEDOUT } },
		  0,
		  false,
		  "open0 log0 close0 open1 log1 dump1 notes1 close1 ",
		  0 },
		{ { { 0, 0, -ETIMEDOUT } },
		  0,
		  false,
		  "open0 log0 dump0 close0 open1 log1 dump1 notes1 close1 ",
		  0 },
		{ { { 0, 0, 0, -EIO } }, 0, false, "open0 log0 dump0 notes0 close0 ", 0 },
		{ { { 0, 0, -ENOSPC } },
		  0,
		  false,
		  "open0 log0 dump0 notes0 close0 open1 log1 dump1 notes1 close1 ",
		  0 },
		{ { { -ENODEV }, { -EIO } }, 0, false, "open0 open1 words ", -EIO },
		{ { { -ENODEV }, { -EIO } }, 1, true, "open1 ", -EIO },
		{ { { 0, 0, -EIO }, { -EIO } },
		  0,
		  false,
		  "open0 log0 dump0 notes0 close0 open1 ",
		  -EIO },
		{ { { 0 } }, 1, false, "open1 log1 dump1 notes1 close1 ", 0 },
		{ { { 0 } }, 2, false, "words ", -ENODEV },
	};
	static char a[] = "a";
	static const struct capture_way way = {
		.open = fake_open,
		.save_log = fake_log,
		.save_dump = fake_dump,
		.save_notes = fake_notes,
		.close = fake_close,
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct capture_settings settings = {
			.targets = { { .ssh = a, .directory = a }, { .uuid = a, .directory = a } },
			.n_targets = 2,
		};
		struct fake fake = { 0 };
		struct capture_job j = {
			.settings = &settings,
			.ways = { &way, &way },
			.say = fake_say,
			.uptime_ms = fake_uptime,
			.at = fake_at,
			.own = &fake,
		};

		memcpy(fake.results, rows[i].results, sizeof(rows[i].results));
		assert_int_equal(capture_job_save(&j, rows[i].first, rows[i].has_log),
				 rows[i].result);
		assert_string_equal(fake.said, rows[i].said);
		strbuf_done(&j.notes);
	}
}

/* ---- programs */

static int take_path(void *data, const char *path)
{
	*(bool *)data |= strstr(path, "libc.so.6") != NULL;
	return 0;
}

/* This program itself, and the cache of this machine, which others made. */
static void test_elf(void **state)
{
	static uint8_t file[16 << 20];
	_cleanup_elf_needs_ struct elf_needs needs = { 0 };
	FILE *self = fopen("/proc/self/exe", "rb"), *cache = fopen("/etc/ld.so.cache", "rb");
	size_t n = fread(file, 1, sizeof(file), self);
	bool has_libc = false;

	(void)fclose(self);
	assert_int_equal(elf_needs_parse((struct bytes){ file, n }, &needs), 0);
	assert_non_null(needs.loader);
	for (size_t i = 0; i < needs.libraries.n; i++)
		has_libc |= strcmp(needs.libraries.v[i], "libc.so.6") == 0;
	assert_true(has_libc);
	for (size_t cut = 0; cut < 4096; cut++) {
		struct elf_needs none = { 0 };

		assert_true(elf_needs_parse((struct bytes){ file, cut }, &none) < 0);
	}
	if (cache) {
		n = fread(file, 1, sizeof(file), cache);
		(void)fclose(cache);
		has_libc = false;
		assert_int_equal(
			ld_cache_each((struct bytes){ file, n }, "libc.so.6", take_path, &has_libc),
			0);
		assert_true(has_libc);
	}
	assert_int_equal(ld_cache_each(text_of("ld.so-1.7.0"), "x", take_path, &has_libc),
			 -EBADMSG);
	assert_int_equal(elf_needs_parse(text_of("#!/bin/sh"), &needs), -ENOEXEC);
}

/* ---- the stream */

static int collect(void *data, const void *buf, size_t n)
{
	strbuf_add_n(data, buf, n);
	return 0;
}

/* Offsets and sizes are big endian, 8 bytes each (makedumpfile, IMPLEMENTATION). */
static void test_flat(void **state)
{
	static const char parts[] =
		"\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0\3abc"
		"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1x"
		"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff";
	_cleanup_capture_flat_ struct capture_flat *flat = NULL;
	_cleanup_strbuf_ struct strbuf out = { 0 };
	const struct dump_sink *sink;
	uint64_t n = 0;
	char back[2];

	assert_int_equal(capture_flat_new(collect, NULL, &out, &flat), 0);
	sink = capture_flat_sink(flat);
	assert_int_equal(sink->write_at(sink->data, 0x1000, "abc", 3), 0);
	assert_int_equal(sink->read_at(sink->data, 0x1001, back, 2), 0);
	assert_memory_equal(back, "bc", 2);
	assert_int_equal(sink->read_at(sink->data, 0x1002, back, 2), -ESPIPE);
	/* from the first reading on nothing is kept */
	assert_int_equal(sink->write_at(sink->data, 0, "x", 1), 0);
	assert_int_equal(sink->read_at(sink->data, 0, back, 1), -ESPIPE);
	assert_int_equal(capture_flat_end(flat, &n), 0);
	assert_int_equal(n, 4096 + sizeof(parts) - 1);
	assert_int_equal(out.n, n);
	assert_string_equal(out.s, "makedumpfile");
	assert_memory_equal(out.s + 16, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\1", 16);
	assert_memory_equal(out.s + 4096, parts, sizeof(parts) - 1);
}

/* What was overwritten, in part or by what is not kept, is never read back. */
static void test_flat_again(void **state)
{
	_cleanup_capture_flat_ struct capture_flat *flat = NULL;
	_cleanup_strbuf_ struct strbuf out = { 0 };
	const struct dump_sink *sink;
	char back[4];

	assert_int_equal(capture_flat_new(collect, NULL, &out, &flat), 0);
	sink = capture_flat_sink(flat);
	assert_int_equal(sink->write_at(sink->data, 0, "abcd", 4), 0);
	assert_int_equal(sink->write_at(sink->data, 1, "x", 1), 0);
	assert_int_equal(sink->read_at(sink->data, 0, back, 4), -ESPIPE);
	assert_int_equal(sink->read_at(sink->data, 1, back, 1), 0);
	assert_memory_equal(back, "x", 1);
	assert_int_equal(sink->read_at(sink->data, 2, back, 2), 0);
	assert_memory_equal(back, "cd", 2);
	assert_int_equal(sink->write_at(sink->data, 3, "y", 1), 0);
	assert_int_equal(sink->read_at(sink->data, 3, back, 1), -ESPIPE);
}

/* ---- the network card */

static void test_network(void **state)
{
	static const struct {
		const char *link, *uevent, *assigned, *error; /* NULL: it is a card */
	} rows[] = {
		{ "../../devices/pci0000:00/0000:00:04.0/virtio1/net/eth0", "", "0\n", NULL },
		{ "../../devices/virtual/net/eth0", "DEVTYPE=bond\n", "0\n", "which is a bond" },
		{ "../../devices/virtual/net/eth0", "", "0\n", "made by software" },
		{ "../../devices/pci0000:00/0000:00:04.0/virtio1/net/eth0", "DEVTYPE=wlan\n", "0\n",
		  "which is a wlan" },
		{ "../../devices/pci0000:00/0000:00:04.0/virtio1/net/eth0", "", "3\n",
		  "changed by software" },
	};
	const struct network_way way = {
		.interface = "eth0", .source = "192.0.2.7", .gateway = "192.0.2.1", .prefix_n = 24
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_capture_device_ struct capture_device device = { 0 };
		struct capture_target t = { 0 };
		struct kx_error err = { 0 };
		char folder[64] = "";
		struct root root;
		int fd, r;

		root_new(&root);
		(void)snprintf(folder, sizeof(folder), "/sys%s", rows[i].link + 5);
		for (size_t k = 0; k < 5; k++) {
			static const char *const names[] = { "uevent", "type", "address", "mtu",
							     "addr_assign_type" };
			const char *texts[] = { rows[i].uevent, "1\n", "52:54:00:12:34:56\n",
						"1400\n", rows[i].assigned };
			char path[128];

			(void)snprintf(path, sizeof(path), "%s/%s", folder, names[k]);
			root_put(&root, path, texts[k]);
		}
		root_link(&root, "/sys/class/net/eth0", rows[i].link);
		root_link(&root, "/sys/devices/pci0000:00/0000:00:04.0/virtio1/driver/module",
			  "../../../../module/virtio_net");
		fd = open(root.path, O_RDONLY | O_DIRECTORY);
		r = capture_network_find(fd, &way, "198.51.100.2", &t.network, &device, &err);
		print_message("%s\n", err.message);
		assert_int_equal(r, rows[i].error ? -EOPNOTSUPP : 0);
		if (rows[i].error) {
			assert_non_null(strstr(err.message, rows[i].error));
		} else {
			assert_string_equal(t.network.mac, "52:54:00:12:34:56");
			assert_string_equal(t.network.address, "192.0.2.7/24");
			assert_string_equal(t.network.gateway, "192.0.2.1");
			assert_string_equal(t.network.to, "198.51.100.2");
			assert_int_equal(t.network.mtu, 1400);
			assert_string_equal(device.drivers.v[0], "virtio_net");
		}
		capture_target_done(&t);
		close(fd);
		root_free(&root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	   cmocka_unit_test(test_options),
		cmocka_unit_test(test_remote),	   cmocka_unit_test(test_order),
		cmocka_unit_test(test_elf),	   cmocka_unit_test(test_flat),
		cmocka_unit_test(test_flat_again), cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
