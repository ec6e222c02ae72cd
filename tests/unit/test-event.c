// SPDX-License-Identifier: LGPL-2.1-or-later
/* Entries for systemd's journal, as a socket in journald's place gets them. Source: systemd.io/JOURNAL_NATIVE_PROTOCOL. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "reboot/event.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/fake-machine.h"

#define SOCKET "/run/systemd/journal/socket"

static int listen_in(struct fake_machine *m)
{
	const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	fake_put(m, "/run/systemd/journal/.keep", "");
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s" SOCKET, m->root.path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static bool has(const char *p, size_t n, const void *what, size_t what_n)
{
	return memmem(p, n, what, what_n) != NULL;
}

static void test_entry(void **state)
{
	/* a newline: the name, the length in 64 bits with the lowest byte first, the value */
	static const char binary[] = "RAPIDREBOOT_REASON\n\x07\0\0\0\0\0\0\0two\nsix\n";
	const char *const values[] = { "First", "two\nsix" };
	const struct event_kind *kind = event_kind(EVENT_FIRMWARE);
	struct fake_machine m;
	char text[4096], id[64];
	ssize_t n;
	int fd;

	fake_new(&m, "systemd");
	fd = listen_in(&m);
	event_say(&m.rb, EVENT_FIRMWARE, values, "%s: %s", "First", "came back");
	n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	assert_true(n > 0);
	assert_memory_equal(text, "MESSAGE=First: came back\n", 25);
	(void)snprintf(id, sizeof(id), "\nMESSAGE_ID=%s\n", kind->id);
	assert_true(has(text, (size_t)n, id, strlen(id)));
	assert_true(has(text, (size_t)n, "\nPRIORITY=4\n", 12));
	assert_true(has(text, (size_t)n, "\nRAPIDREBOOT_ENTRY=First\n", 25));
	assert_true(has(text, (size_t)n, binary, sizeof(binary) - 1));
	assert_int_equal(text[n - 1], '\n');
	assert_string_equal(m.told, "");
	assert_int_equal(close(fd), 0);
	fake_free(&m);
}

/* What is not known is left out, not sent as an empty value. */
static void test_unknown(void **state)
{
	const char *const values[] = { "First", NULL, "" };
	struct fake_machine m;
	char text[4096];
	ssize_t n;
	int fd;

	fake_new(&m, "systemd");
	fd = listen_in(&m);
	assert_true(event_log(&m.rb, EVENT_ASKED, values, "asked"));
	n = recv(fd, text, sizeof(text), MSG_DONTWAIT);
	assert_true(n > 0);
	assert_true(has(text, (size_t)n, "RAPIDREBOOT_ENTRY=First\n", 24));
	assert_false(has(text, (size_t)n, "RAPIDREBOOT_KERNEL", 18));
	assert_false(has(text, (size_t)n, "RAPIDREBOOT_WAY", 15));
	assert_int_equal(close(fd), 0);
	fake_free(&m);
}

/* Without journald, with another file in its place, and with one that does not read any more: the sentence is told,
 * and nobody waits. */
static void test_nobody_takes_it(void **state)
{
	enum { ENTRIES_MAX = 100000 };
	struct fake_machine m;
	size_t sent = 0;
	int fd;

	fake_new(&m, "sysvinit");
	event_say(&m.rb, EVENT_READY, NULL, "none");
	assert_string_equal(m.told, "none\n");
	fake_put(&m, SOCKET, "no socket");
	event_say(&m.rb, EVENT_READY, NULL, "file");
	assert_string_equal(m.told, "none\nfile\n");
	fake_remove(&m, SOCKET);
	fd = listen_in(&m);
	while (sent < ENTRIES_MAX && event_log(&m.rb, EVENT_READY, NULL, "full"))
		sent++;
	assert_in_range(sent, 1, ENTRIES_MAX - 1);
	assert_int_equal(close(fd), 0);
	event_say(&m.rb, EVENT_READY, NULL, "closed");
	assert_string_equal(m.told, "none\nfile\nclosed\n");
	fake_free(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_nobody_takes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
