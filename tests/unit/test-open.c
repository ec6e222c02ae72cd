// SPDX-License-Identifier: LGPL-2.1-or-later
/* The one opener: links stay inside the root, whatever is no regular file is not opened, and
 * nothing waits. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/io.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct root root;
static int fd;

static char *full(const char *path)
{
	static char text[600];

	(void)snprintf(text, sizeof(text), "%s%s", root.path, path);
	return text;
}

static int setup(void **state)
{
	root_new(&root);
	fd = open_in(ROOT_HERE, root.path, O_PATH | O_DIRECTORY);
	assert_true(fd >= 0);
	root_put(&root, "/etc/name", "inside");
	root_put(&root, "/a/b/c/name", "deep");
	root_link(&root, "/absolute", "/etc/name");
	root_link(&root, "/relative", "etc/name");
	root_link(&root, "/up", "../../../../etc/name");
	root_link(&root, "/dir", "/a/./b//");
	root_link(&root, "/a/b/back", "../../etc");
	root_link(&root, "/loop", "loop");
	root_link(&root, "/one", "two");
	root_link(&root, "/two", "/one");
	root_link(&root, "/outside", "/proc/version");
	root_link(&root, "/empty-dir", "/nothing");
	return 0;
}

static int teardown(void **state)
{
	fd_close(fd);
	root_free(&root);
	return 0;
}

/* What is expected is what chroot(2) would give: openat2(2), RESOLVE_IN_ROOT. */
static const struct {
	const char *path;
	int code;
	const char *text;
} paths[] = {
	{ "/etc/name", 0, "inside" },
	{ "etc/name", 0, "inside" },
	{ "//etc///name", 0, "inside" },
	{ "/absolute", 0, "inside" },
	{ "/relative", 0, "inside" },
	{ "/up", 0, "inside" },
	{ "/../../etc/name", 0, "inside" },
	{ "/a/../etc/./name", 0, "inside" },
	{ "/dir/c/name", 0, "deep" },
	{ "/a/b/back/name", 0, "inside" },
	{ "/dir/back/../absolute", 0, "inside" },
	{ "/outside", -ENOENT, NULL },
	{ "/empty-dir", -ENOENT, NULL },
	{ "/nothing", -ENOENT, NULL },
	{ "", -ENOENT, NULL },
	{ "/loop", -ELOOP, NULL },
	{ "/one", -ELOOP, NULL },
	{ "/etc/name/", -ENOTDIR, NULL },
	{ "/etc/name/x", -ENOTDIR, NULL },
	{ "/absolute/x", -ENOTDIR, NULL },
	{ "/a", -EISDIR, NULL },
	{ "/", -EISDIR, NULL },
	{ "/dir", -EISDIR, NULL },
};

static void test_inside(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		uint8_t *p;
		size_t n;
		int r = read_file_in(fd, paths[i].path, 100, &p, &n);

		if (r != paths[i].code)
			fail_msg("%s: %d", paths[i].path, r);
		if (r < 0)
			continue;
		assert_int_equal(n, strlen(paths[i].text));
		assert_memory_equal(p, paths[i].text, n);
		free(p);
	}
}

static void test_walking(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		_cleanup_close_ int at = open_path_walking(fd, paths[i].path, 0);
		int code = paths[i].code == -EISDIR ? 0 : paths[i].code;
		struct stat a, b;

		if ((at < 0 ? at : 0) != code)
			fail_msg("%s: %d", paths[i].path, at);
		if (at >= 0) {
			_cleanup_close_ int same = open_in(fd, paths[i].path, O_PATH);

			assert_int_equal(fstat(at, &a), 0);
			assert_int_equal(fstat(same, &b), 0);
			assert_int_equal(a.st_ino, b.st_ino);
		}
	}
	assert_int_equal(open_path_walking(fd, "/etc/name", O_DIRECTORY), -ENOTDIR);
	{
		_cleanup_close_ int link = open_path_walking(fd, "/absolute", O_NOFOLLOW);
		struct stat st;

		assert_int_equal(fstat(link, &st), 0);
		assert_true(S_ISLNK(st.st_mode));
	}
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(s, (struct sockaddr *)&address, sizeof(address)), 0);
	fd_close(s);
}

/* A FIFO without a writer would hold open(2) for ever: the alarm ends the test then. */
static void test_no_files(void **state)
{
	static const char *const names[] = { "/fifo", "/link", "/socket" };
	uint8_t *p;
	size_t n;

	assert_int_equal(mkfifo(full("/fifo"), 0600), 0);
	root_link(&root, "/link", "fifo");
	make_socket(full("/socket"));
	alarm(120);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *line;

		assert_int_equal(read_file_in(fd, names[i], 100, &p, &n), NOT_A_FILE);
		assert_int_equal(read_line_in(fd, names[i], &line), NOT_A_FILE);
		assert_int_equal(file_write_in(fd, names[i], "x"), NOT_A_FILE);
		assert_int_equal(open_in(ROOT_HERE, full(names[i]), O_RDONLY), NOT_A_FILE);
		assert_int_equal(open_in(fd, names[i], O_RDONLY | O_DIRECTORY), -ENOTDIR);
	}
	alarm(0);
	assert_int_equal(open_in(ROOT_HERE, "/dev/null", O_RDONLY), NOT_A_FILE);
	assert_int_equal(open_in(ROOT_HERE, "/sys/firmware/../../dev/null", O_RDONLY), NOT_A_FILE);
	assert_int_equal(open_in(ROOT_HERE, "/sys/firmware/", O_RDONLY), -EISDIR);
	assert_int_equal(open_in(ROOT_HERE, "/sys/firmware/nothing", O_RDONLY), -ENOENT);
	assert_int_equal(open_in(ROOT_HERE, "/dev/zero", O_RDONLY), NOT_A_FILE);
	assert_int_equal(open_in(fd, "/absolute", O_RDONLY | O_NOFOLLOW), -ELOOP);
	assert_string_equal(open_strerror(NOT_A_FILE),
			    "a device, FIFO or socket; only regular files are read");
	assert_string_equal(open_strerror(-ENOENT), strerror(ENOENT));
}

static void test_devices(void **state)
{
	_cleanup_close_ int null = open_device_in(ROOT_HERE, "/dev/null", O_RDONLY);
	_cleanup_close_ int file = open_device_in(fd, "/etc/name", O_RDONLY);

	assert_true(null >= 0);
	assert_true(file >= 0);
	assert_int_equal(mkfifo(full("/fifo"), 0600), 0);
	assert_int_equal(open_device_in(fd, "/fifo", O_RDONLY), NOT_A_FILE);
	/* a disk that nobody has: it is opened, which only then fails */
	if (mknod(full("/disk"), S_IFBLK | 0600, makedev(240, 1)) < 0) {
		print_message("block devices cannot be made here\n");
		return;
	}
	assert_int_equal(open_in(fd, "/disk", O_RDONLY), NOT_A_FILE);
	assert_int_not_equal(open_device_in(fd, "/disk", O_RDONLY), NOT_A_FILE);
}

static void test_trusted(void **state)
{
	static const char *const ways[] = { "/etc/rr/conf", "/link/conf" };

	if (geteuid() != 0) {
		print_message("files of other users need root\n");
		skip();
	}
	root_put(&root, "/etc/rr/conf", "x");
	root_link(&root, "/link", "/etc/rr");
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		_cleanup_close_ int good = open_trusted_in(fd, ways[i], O_RDONLY);

		assert_true(good >= 0);
		assert_int_equal(chmod(full("/etc/rr/conf"), 0664), 0);
		assert_int_equal(open_trusted_in(fd, ways[i], O_RDONLY), NOT_TRUSTED);
		assert_int_equal(chmod(full("/etc/rr/conf"), 0644), 0);
		assert_int_equal(chmod(full("/etc"), 0777), 0);
		assert_int_equal(open_trusted_in(fd, ways[i], O_RDONLY), NOT_TRUSTED);
		assert_int_equal(chmod(full("/etc"), 0755), 0);
		assert_int_equal(chown(full("/etc/rr"), 65534, 0), 0);
		assert_int_equal(open_trusted_in(fd, ways[i], O_PATH), NOT_TRUSTED);
		assert_int_equal(chown(full("/etc/rr"), 0, 0), 0);
	}
	assert_int_equal(lchown(full("/link"), 65534, 0), 0);
	assert_int_equal(open_trusted_in(fd, "/link/conf", O_RDONLY), NOT_TRUSTED);
	assert_int_equal(open_trusted_in(fd, "/etc/nothing", O_RDONLY), -ENOENT);
	assert_int_equal(open_trusted_in(fd, "/etc/rr", O_RDONLY), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_inside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_walking, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trusted, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
