// SPDX-License-Identifier: LGPL-2.1-or-later
/* A directory of an NFS server: how it is named, how it is mounted, and whether it is that server that answered. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/archive.h"
#include "capture/nfs.h"
#include "image/cpio.h"
#include "image/image.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/root.h"

static struct bytes text_of(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void test_places(void **state)
{
	static const struct {
		const char *text, *host, *source; /* NULL: -EINVAL */
	} rows[] = {
		{ "nfs:server:/dumps", "server", "server:/dumps" },
		{ "nfs:192.0.2.1:/a/b c", "192.0.2.1", "192.0.2.1:/a/b c" },
		{ "nfs:server:/", "server", "server:/" },
		{ "nfs:[fe80::1%eth0]:/x", "fe80::1%eth0", "[fe80::1%eth0]:/x" },
		{ "nfs:server:/a:/b", "server", "server:/a:/b" },
		{ "nfs:", NULL, NULL },
		{ "nfs:server", NULL, NULL },
		{ "nfs:server:", NULL, NULL },
		{ "nfs:server:dumps", NULL, NULL },
		{ "nfs:server/dumps", NULL, NULL },
		{ "nfs::/dumps", NULL, NULL },
		{ "nfs:[]:/dumps", NULL, NULL },
		{ "nfs:[fe80::1:/dumps", NULL, NULL },
		{ "nfs:fe80::1:/dumps", NULL, NULL },
		{ "nfs:[fe80::1]/dumps", NULL, NULL },
		{ "nfs:-o:/dumps", NULL, NULL },
		{ "nfs:a,b:/dumps", NULL, NULL },
		{ "nfs:a b:/dumps", NULL, NULL },
		{ "ssh:server:/dumps", NULL, NULL },
		{ "/dumps", NULL, NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_nfs_place_ struct nfs_place p = { 0 };

		print_message("%s\n", rows[i].text);
		assert_int_equal(nfs_place_parse(rows[i].text, &p), rows[i].host ? 0 : -EINVAL);
		assert_text(p.host, rows[i].host);
		assert_text(p.source, rows[i].source);
	}
	(void)state;
}

/* nfs(5): what each option says. */
static void test_options(void **state)
{
	static char address[] = "10.0.2.15/24", address6[] = "fd00::f/64", to[] = "10.0.2.100",
		    to6[] = "fd00::1";
	static const struct {
		struct capture_network network;
		unsigned way;
		const char *options; /* NULL: -EINVAL */
	} rows[] = {
		{ { .address = address, .to = to },
		  0,
		  "vers=4.2,addr=10.0.2.100,clientaddr=10.0.2.15,sec=sys,softerr,timeo=200,retrans=2" },
		{ { .address = address, .to = to },
		  1,
		  "vers=4.2,addr=10.0.2.100,clientaddr=10.0.2.15,sec=sys,soft,timeo=200,retrans=2" },
		{ { .address = address6, .to = to6 },
		  2,
		  "vers=4.1,addr=fd00::1,clientaddr=fd00::f,sec=sys,softerr,timeo=200,retrans=2" },
		{ { .address = address, .to = to },
		  5,
		  "vers=4.0,addr=10.0.2.100,clientaddr=10.0.2.15,sec=sys,soft,timeo=200,retrans=2" },
		{ { .address = address, .to = to }, NFS_WAYS, NULL },
	};
	/* not what a server says that is not there, or that refuses */
	static const int last[] = { EACCES, ENOENT, ETIMEDOUT, ECONNREFUSED, EIO };
	static const int next[] = { EINVAL, EPROTONOSUPPORT };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		_cleanup_free_ char *options = NULL;

		assert_int_equal(capture_nfs_options(&rows[i].network, rows[i].way, &options),
				 rows[i].options ? 0 : -EINVAL);
		assert_text(options, rows[i].options);
	}
	for (size_t i = 0; i < sizeof(last) / sizeof(last[0]); i++)
		assert_false(capture_nfs_next(last[i]));
	for (size_t i = 0; i < sizeof(next) / sizeof(next[0]); i++)
		assert_true(capture_nfs_next(next[i]));
	(void)state;
}

/* As Linux 6.12 shows them, of two machines of which the first leads to the second; what differs is filled in. */
#define OPTIONS(address)                                                              \
	"rw,vers=4.2,rsize=65536,wsize=65536,namlen=255,softerr,softreval,proto=tcp," \
	"timeo=200,retrans=2,sec=sys,clientaddr=10.0.2.15,local_lock=none,addr=" address "\n"
#define ROOT                                                                        \
	"1 1 0:2 / / rw - rootfs rootfs rw,size=424376k,nr_inodes=106094,inode64\n" \
	"24 1 0:22 / /proc rw,relatime - proc proc rw\n"
#define SERVER                                                                                   \
	"29 1 0:24 / /target rw,nosuid,nodev,noexec,relatime - nfs4 10.0.2.100:/dumps " OPTIONS( \
		"10.0.2.100")
#define AWAY                                                                                     \
	"29 1 0:25 / /target rw,nosuid,nodev,noexec,relatime - nfs4 10.0.2.101:/dumps " OPTIONS( \
		"10.0.2.101")
#define BELOW \
	"30 29 0:26 / /target/crashes rw,relatime - nfs4 10.0.2.101:/dumps " OPTIONS("10.0.2.101")
#define BESIDE "31 1 0:27 / /targets rw,relatime - nfs4 10.0.2.101:/dumps " OPTIONS("10.0.2.101")
#define DISK "32 1 254:0 / /target rw,relatime - ext4 /dev/vda rw\n"
#define STATS_OF(place, layout)                                                             \
	"device proc mounted on /proc with fstype proc\n"                                   \
	"device 10.0.2.100:/dumps mounted on " place " with fstype nfs4 statvers=1.1\n"     \
	"\topts:\trw,vers=4.2,rsize=65536,wsize=65536,namlen=255,sec=sys,local_lock=none\n" \
	"\tage:\t0\n\timpl_id:\tname='',domain='',date='0,0'\n"                             \
	"\tcaps:\tcaps=0xfffbc0bf,wtmult=512,dtsize=65536,bsize=0,namlen=255\n"             \
	"\tnfsv4:\tbm0=0xfdffbfff,bm1=0x40fdbe3e,bm2=0x62803,acl=0x3,sessions,pnfs=" layout \
	",lease_time=10,lease_expired=0\n\tsec:\tflavor=1,pseudoflavor=1\n"
#define STATS(layout) STATS_OF("/target", layout)
#define OTHER_STATS(layout) STATS_OF("/other", layout)

static void test_check(void **state)
{
	static const struct {
		const char *mounts, *stats;
		int result;
		const char *said;
	} rows[] = {
		{ ROOT SERVER, STATS("not configured"), 0, NULL },
		{ ROOT SERVER, "", 0, NULL },
		{ ROOT, "", -ENOENT, "nothing is mounted" },
		{ ROOT BESIDE, "", -ENOENT, "nothing is mounted" },
		{ ROOT AWAY, STATS("not configured"), -EXDEV, "10.0.2.101" },
		{ ROOT SERVER BELOW, STATS("not configured"), -EXDEV, "10.0.2.101" },
		{ ROOT SERVER BESIDE, STATS("not configured"), 0, NULL },
		{ ROOT DISK, "", -EXDEV, "nothing is sent there" },
		{ ROOT SERVER, STATS("LAYOUT_NFSV4_1_FILES"), -EXDEV, "LAYOUT_NFSV4_1_FILES" },
		/* of another mount */
		{ ROOT SERVER, OTHER_STATS("LAYOUT_NFSV4_1_FILES") STATS("not configured"), 0,
		  NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct kx_error err = { 0 };

		print_message("%zu\n", i);
		assert_int_equal(capture_nfs_check(text_of(rows[i].mounts), text_of(rows[i].stats),
						   "/target", "10.0.2.100", &err),
				 rows[i].result);
		if (rows[i].said)
			assert_non_null(strstr(err.message, rows[i].said));
	}
	(void)state;
}

/* ---- the archive */

#define RELEASE "6.9.0-test"
#define MODULES "/lib/modules/" RELEASE "/"
#define DEVICE "/sys/devices/pci0000:00/0000:00:04.0/virtio1"

/* A machine with a network card; aliases and dependencies as depmod writes them for NFS. */
static int machine_new(struct root *root, bool has_v4)
{
	root_new(root);
	root_put(root, DEVICE "/net/eth0/type", "1\n");
	root_put(root, DEVICE "/net/eth0/address", "52:54:00:12:34:56\n");
	root_put(root, DEVICE "/net/eth0/addr_assign_type", "0\n");
	root_put(root, DEVICE "/net/eth0/uevent", "INTERFACE=eth0\n");
	root_put(root, DEVICE "/uevent", "DRIVER=virtio_net\n");
	root_link(root, "/sys/class/net/eth0",
		  "../../devices/pci0000:00/0000:00:04.0/virtio1/net/eth0");
	root_link(root, DEVICE "/driver/module", "../../../../module/virtio_net");
	root_put(root, "/proc/sys/kernel/hostname", "crashes\n");
	root_put_program(root, "/program", "code");
	root_put(root, MODULES "modules.dep",
		 has_v4 ? "virtio_net.ko:\nsunrpc.ko:\nnfs.ko: sunrpc.ko\n"
			  "nfsv4.ko: dns_resolver.ko nfs.ko sunrpc.ko\ndns_resolver.ko:\n"
			: "virtio_net.ko:\nsunrpc.ko:\nnfs.ko: sunrpc.ko\n");
	root_put(root, MODULES "modules.alias", "alias fs-nfs nfs\nalias fs-nfs4 nfs\n");
	root_put(root, MODULES "modules.builtin", "");
	root_put(root, MODULES "virtio_net.ko", "code");
	root_put(root, MODULES "sunrpc.ko", "code");
	root_put(root, MODULES "nfs.ko", "code");
	root_put(root, MODULES "nfsv4.ko", "code");
	root_put(root, MODULES "dns_resolver.ko", "code");
	return open(root->path, O_RDONLY | O_DIRECTORY);
}

static int make_archive(int root, uint8_t **ret, size_t *ret_n, struct kx_error *err)
{
	const struct capture_remote remote = {
		.nfs = "server:/dumps",
		.directory = "/",
		.address = "192.0.2.1",
		.way = { .interface = "eth0", .source = "192.0.2.7", .prefix_n = 24 },
	};
	_cleanup_capture_settings_ struct capture_settings settings = { .level = 31, .wait_s = 9 };
	const struct capture_wish wish = {
		.release = RELEASE,
		.program = "/program",
		.program_root = root,
		.remote = &remote,
		.settings = &settings,
	};
	_cleanup_free_ uint8_t *packed = NULL;
	size_t n;
	int r = capture_archive_make(root, &wish, &packed, &n, err);

	return r < 0 ? r : decompress((struct bytes){ packed, n }, 1 << 20, ret, ret_n, NULL);
}

/* The modules are found by no disk, the one of version 4 by no dependency. */
static void test_archive(void **state)
{
	static const char *const names[] = { "virtio_net", "sunrpc", "nfs", "dns_resolver",
					     "nfsv4" };
	_cleanup_capture_settings_ struct capture_settings told = { 0 };
	struct kx_error err = { 0 };
	_cleanup_free_ uint8_t *p = NULL;
	struct cpio_entry e;
	unsigned found = 0;
	struct root root;
	size_t n, at = 0;
	int fd = machine_new(&root, true);

	assert_int_equal(make_archive(fd, &p, &n, &err), 0);
	while (cpio_next((struct bytes){ p, n }, &at, &e)) {
		if (bytes_is(e.name, CAPTURE_SETTINGS_NAME))
			assert_int_equal(capture_settings_parse(e.data, &told, &err), 0);
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			found += memmem(e.name.p, e.name.n, names[i], strlen(names[i])) &&
				 bytes_is(e.data, "code");
	}
	assert_int_equal(told.n_targets, 1);
	assert_int_equal(capture_target_kind(&told.targets[0]), CAPTURE_NFS);
	assert_string_equal(told.targets[0].nfs, "server:/dumps");
	assert_string_equal(told.targets[0].directory, "/");
	assert_string_equal(told.targets[0].network.to, "192.0.2.1");
	assert_string_equal(told.targets[0].network.address, "192.0.2.7/24");
	assert_string_equal(told.host, "crashes");
	assert_int_equal(told.modules.n, 5);
	/* each after what it depends on */
	assert_string_equal(told.modules.v[4], "virtio_net.ko");
	assert_string_equal(told.modules.v[3], "nfsv4.ko");
	assert_int_equal(found, 5 + 1); /* one of the names is in another one */
	close(fd);
	root_free(&root);

	fd = machine_new(&root, false);
	assert_int_equal(make_archive(fd, &p, &n, &err), -ENOENT);
	assert_non_null(strstr(err.message, "no module nfsv4"));
	close(fd);
	root_free(&root);
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_archive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
