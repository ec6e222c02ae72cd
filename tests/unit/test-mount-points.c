// SPDX-License-Identifier: LGPL-2.1-or-later
/* The table of mounts that is left on the way down. */
#include <stdlib.h>

#include "base/strbuf.h"
#include "handover/mounts.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct sys machine;

static void setup(struct root *root)
{
	root_new(root);
	machine.root = root->path;
}

/* A host of containers: 70,000 mounts, 14 MB of table. All of them are there. */
static void test_many_mounts(void **state)
{
	_cleanup_mount_points_ struct mount_points points = { 0 };
	_cleanup_strbuf_ struct strbuf table = { 0 };
	struct root root;

	setup(&root);
	for (int i = 0; i < 70000; i++)
		strbuf_addf(&table,
			    "%d 21 0:%d / /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/"
			    "%064x/shm rw,nosuid,nodev,noexec,relatime shared:%d - tmpfs shm "
			    "rw,size=65536k,inode64\n",
			    i, i, i, i);
	root_put_bytes(&root, "/proc/self/mountinfo", table.s, table.n);
	assert_int_equal(mount_points_read(&machine, &points, NULL), 0);
	assert_int_equal(points.n, 70000);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_many_mounts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
