// SPDX-License-Identifier: LGPL-2.1-or-later
/* An initial ramdisk made here, of modules as depmod of kmod 30 lists them for Debian's 6.1, and what
 * is left of it for machines of several kinds. Which names call for a module is libkmod's rule, which
 * is fnmatch(3) with "-" and "_" alike. */
#include "image/diet.h"

#include <fnmatch.h>
#include <sys/stat.h>

#include "image/cpio.h"
#include "image/modules.h"
#include "tests/unit/image-make.h"

#define V "usr/lib/modules/6.1.0-50-cloud-amd64/"
#define RELEASE "6.1.0-50-cloud-amd64"

static uint8_t row[1 << 16], expected[1 << 16];
static size_t row_n, expected_n;

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static void add_to(uint8_t *b, size_t *n, const char *name, unsigned mode, unsigned links,
		   struct bytes data)
{
	*n += (size_t)sprintf(
		(char *)b + *n, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 7,
		mode, 0, 0, links, 0, (unsigned)data.n, 0, 0, 0, 0, (unsigned)strlen(name) + 1, 0);
	memcpy(b + *n, name, strlen(name) + 1);
	*n += strlen(name) + 1;
	while (*n % 4)
		b[(*n)++] = 0;
	if (data.n)
		memcpy(b + *n, data.p, data.n);
	*n += data.n;
	while (*n % 4)
		b[(*n)++] = 0;
}

/* @stays: it is part of what is expected. */
static void add(const char *name, unsigned mode, unsigned links, struct bytes data, bool stays)
{
	add_to(row, &row_n, name, mode, links, data);
	if (stays)
		add_to(expected, &expected_n, name, mode, links, data);
}

static void pad(size_t to)
{
	/* the zeros themselves stay, whatever goes before them */
	while (row_n % to) {
		row[row_n++] = 0;
		expected[expected_n++] = 0;
	}
}

/* ---- the ramdisk */

static const char *const modules[] = {
	"kernel/arch/x86/crypto/aesni-intel.ko",
	"kernel/arch/x86/kvm/kvm.ko",
	"kernel/crypto/xts.ko",
	"kernel/drivers/block/loop.ko",
	"kernel/drivers/block/virtio_blk.ko",
	"kernel/drivers/block/xen-blkfront.ko",
	"kernel/drivers/hid/usbhid/usbhid.ko.xz",
	"kernel/drivers/md/dm-crypt.ko",
	"kernel/drivers/md/dm-mod.ko",
	"kernel/drivers/net/bonding.ko",
	"kernel/drivers/net/ethernet/e1000.ko",
	"kernel/drivers/scsi/megaraid_sas.ko.zst",
	"kernel/drivers/scsi/scsi_dh_alua.ko",
	"kernel/drivers/virtio/virtio_pci.ko",
	"kernel/drivers/virtio/virtio_pci_legacy_dev.ko",
	"kernel/fs/ext4/ext4.ko",
	"kernel/fs/jbd2/jbd2.ko",
	"kernel/fs/nls/nls_utf8.ko",
	"kernel/fs/xfs/xfs.ko",
	"kernel/lib/libcrc32c.ko",
	"kernel/net/8021q/8021q.ko",
	"kernel/net/sched/sch_fq.ko",
	"kernel/net/packet/af_packet.ko",
	"kernel/sound/soundcore.ko",
	"updates/dkms/zfs.ko",
};
enum { N_MODULES = sizeof(modules) / sizeof(modules[0]) };

static const char dep[] =
	"kernel/arch/x86/crypto/aesni-intel.ko:\n"
	"kernel/arch/x86/kvm/kvm.ko:\n"
	"kernel/crypto/xts.ko:\n"
	"kernel/drivers/block/loop.ko:\n"
	"kernel/drivers/block/virtio_blk.ko:\n"
	"kernel/drivers/block/xen-blkfront.ko:\n"
	"kernel/drivers/hid/usbhid/usbhid.ko.xz:\n"
	"kernel/drivers/md/dm-crypt.ko: kernel/drivers/md/dm-mod.ko\n"
	"kernel/drivers/md/dm-mod.ko:\n"
	"kernel/drivers/net/bonding.ko: kernel/net/8021q/8021q.ko\n"
	"kernel/drivers/net/ethernet/e1000.ko:\n"
	"kernel/drivers/scsi/megaraid_sas.ko.zst:\n"
	"kernel/drivers/scsi/scsi_dh_alua.ko:\n"
	"kernel/drivers/virtio/virtio_pci.ko: kernel/drivers/virtio/virtio_pci_legacy_dev.ko\n"
	"kernel/drivers/virtio/virtio_pci_legacy_dev.ko:\n"
	"kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko\n"
	"kernel/fs/jbd2/jbd2.ko:\n"
	"kernel/fs/nls/nls_utf8.ko:\n"
	"kernel/fs/xfs/xfs.ko: kernel/lib/libcrc32c.ko\n"
	"kernel/lib/libcrc32c.ko:\n"
	"kernel/net/8021q/8021q.ko:\n"
	"kernel/net/sched/sch_fq.ko:\n"
	"kernel/net/packet/af_packet.ko:\n"
	"kernel/sound/soundcore.ko:\n"
	"updates/dkms/zfs.ko:\n";
static const char alias[] = "# Aliases extracted from modules themselves.\n"
			    "alias crypto-xts xts\n"
			    "alias devname:loop-control loop\n"
			    "alias virtio:d00000002v* virtio_blk\n"
			    "alias xen:vbd xen_blkfront\n"
			    "alias usb:v*p*d*dc*dsc*dp*ic03isc*ip*in* usbhid\n"
			    "alias pci:v00008086d0000100Esv*sd*bc*sc*i* e1000\n"
			    "alias pci:v00001000d0000005Dsv*sd*bc*sc*i* megaraid_sas\n"
			    "alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n"
			    "alias fs-ext4 ext4\nalias ext3 ext4\nalias fs-ext3 ext4\n"
			    "alias fs-xfs xfs\n"
			    "alias net-pf-17 af_packet\n";
static const char softdep[] = "# Soft dependencies\nsoftdep ext4 pre: crypto-crc32c\n"
			      "softdep virtio_blk pre: scsi-dh-alua post: soundcore\n";

#define VIRTIO                                                    \
	"pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00\n" \
	"virtio:d00000002v00001AF4\n"                             \
	"acpi:PNP0A03:\ncpu:type:x86,ven0002fam000Fmod006B:feature:,0000,0001\n"

static const struct diet_facts virtio = {
	.loaded = { (const uint8_t *)"sch_fq 20480 1 - Live 0x0\n", 26 },
	.aliases = { (const uint8_t *)VIRTIO "fs-ext4\n", sizeof(VIRTIO "fs-ext4\n") - 1 },
	.words = { (const uint8_t *)"root=/dev/vda1 quiet", 20 },
	.release = RELEASE,
	.same_root = true,
};

/* Is the module at @path one of @list? */
static bool names(const char *list, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const size_t n = strcspn(name, ".");

	for (const char *s = list; *s; s += strcspn(s, " "), s += *s == ' ')
		if (strcspn(s, " ") == n && strncmp(s, name, n) == 0)
			return true;
	return false;
}

struct made {
	const char *modprobe; /* contents of a file in etc/modprobe.d, or NULL */
	const char *folder;   /* instead of V */
	bool without_alias, linked, other_kernel, twice, garbage;
};

/* @left_out: names of the modules that are not expected to stay. */
static void make(const struct made *made, const char *left_out)
{
	const char *folder = made->folder ? made->folder : V;
	char path[256];

	row_n = expected_n = 0;
	add("kernel", S_IFDIR | 0755, 2, text(""), true);
	add("kernel/x86/microcode/GenuineIntel.bin", S_IFREG | 0644, 1, text("early"), true);
	add("TRAILER!!!", 0, 1, text(""), true);
	pad(512);
	add("init", S_IFREG | 0755, 1, text("#!/bin/sh\n"), true);
	for (size_t i = 0; i < N_MODULES; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", folder, modules[i]);
		add(path, S_IFREG | 0644, made->linked && i == 5 ? 2 : 1, text(modules[i]),
		    !names(left_out, modules[i]));
		if (i != 10)
			continue;
		(void)snprintf(path, sizeof(path), "%smodules.dep", folder);
		add(path, S_IFREG | 0644, 1, text(dep), true);
		(void)snprintf(path, sizeof(path), "%smodules.alias", folder);
		if (!made->without_alias)
			add(path, S_IFREG | 0644, 1, text(alias), true);
	}
	(void)snprintf(path, sizeof(path), "%smodules.softdep", folder);
	add(path, S_IFREG | 0644, 1, text(softdep), true);
	(void)snprintf(path, sizeof(path), "%smodules.dep", folder);
	if (made->twice)
		add(path, S_IFREG | 0644, 1, text(dep), true);
	if (made->other_kernel)
		add("lib/modules/5.10.0/kernel/crypto/xts.ko", S_IFREG | 0644, 1, text("x"), true);
	if (made->modprobe)
		add("etc/modprobe.d/local.conf", S_IFREG | 0644, 1, text(made->modprobe), true);
	add("usr/lib/firmware/e1000.bin", S_IFREG | 0644, 1, text("firmware"), true);
	add("usr/lib/modules/link.ko", S_IFLNK | 0777, 1, text("somewhere"), true);
	add("TRAILER!!!", 0, 1, text(""), true);
	pad(512);
	if (made->garbage)
		add("TRAILER!!!", 0, 1, text(""), true);
	if (made->garbage)
		memset(row + row_n - 124, 'x', 4);
}

static size_t count(const char *list)
{
	size_t n = 0;

	for (size_t i = 0; i < N_MODULES; i++)
		n += names(list, modules[i]);
	return n;
}

static void check(const struct made *made, const struct diet_facts *facts, const char *left_out)
{
	struct diet diet;
	uint8_t *copy;
	size_t n = 0;

	make(made, left_out);
	copy = malloc(row_n);
	assert_non_null(copy);
	memcpy(copy, row, row_n);
	assert_int_equal(initrd_diet(copy, row_n, facts, &n, &diet), 0);
	if (diet.why_not[0])
		fail_msg("why not: %s", diet.why_not);
	assert_int_equal(diet.n_modules, N_MODULES);
	assert_int_equal(diet.n_left_out, count(left_out));
	assert_int_equal(diet.left_out, row_n - n);
	assert_int_equal(n, expected_n);
	assert_memory_equal(copy, expected, n);
	free(copy);
}

static void check_kept(const struct made *made, const struct diet_facts *facts, const char *why)
{
	struct diet diet;
	uint8_t *copy;
	size_t n = 0;

	make(made, "");
	copy = malloc(row_n);
	assert_non_null(copy);
	memcpy(copy, row, row_n);
	assert_int_equal(initrd_diet(copy, row_n, facts, &n, &diet), 0);
	if (!strstr(diet.why_not, why))
		fail_msg("why not: \"%s\", not \"%s\"", diet.why_not, why);
	assert_int_equal(diet.n_left_out, 0);
	assert_int_equal(n, row_n);
	assert_memory_equal(copy, row, n);
	free(copy);
}

/* What a machine with virtio devices and ext4 has no use for. */
#define UNUSED "kvm xen-blkfront bonding e1000 megaraid_sas 8021q"

static void test_machines(void **state)
{
	static const struct {
		const char *what, *loaded, *aliases, *words, *modprobe;
		bool other_root, stacks;
		const char *left_out;
	} rows[] = {
		{ "nothing special", "", "", "quiet", NULL, false, false,
		  UNUSED " dm-crypt dm-mod xfs sch_fq" },
		{ "loaded", "kvm 1 0 - Live 0x0\nxen_blkfront 1 0 - Live 0x0\n", "", "", NULL,
		  false, false, "bonding e1000 megaraid_sas 8021q dm-crypt dm-mod xfs sch_fq" },
		{ "depends on another", "bonding 1 0\n", "", "", NULL, false, false,
		  "kvm xen-blkfront e1000 megaraid_sas dm-crypt dm-mod xfs sch_fq" },
		{ "a device not driven now", "", "pci:v00001000d0000005Dsv0sd0bc01sc04i00\n", "",
		  NULL, false, false,
		  "kvm xen-blkfront bonding e1000 8021q dm-crypt dm-mod xfs sch_fq" },
		{ "another device", "", "pci:v00001000d0000005Esv0sd0bc01sc04i00\n", "", NULL,
		  false, false, UNUSED " dm-crypt dm-mod xfs sch_fq" },
		{ "xfs too", "", "fs-xfs\n", "", NULL, false, false,
		  UNUSED " dm-crypt dm-mod sch_fq" },
		{ "stacked block devices", "", "", "", NULL, false, true, UNUSED " xfs sch_fq" },
		{ "another root", "", "", "", NULL, true, false, UNUSED " sch_fq" },
		{ "named for the kernel", "", "", "rd.driver.pre=e1000,kvm", NULL, false, false,
		  "xen-blkfront bonding megaraid_sas 8021q dm-crypt dm-mod xfs sch_fq" },
		{ "named by a person", "", "", "", "options megaraid-sas msix_disable=1\n", false,
		  false, "kvm xen-blkfront bonding e1000 8021q dm-crypt dm-mod xfs sch_fq" },
		{ "named by its alias", "", "", "", "install x modprobe xen:vbd fs-xfs", false,
		  false, UNUSED " dm-crypt dm-mod sch_fq" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct made made = { .modprobe = rows[i].modprobe };
		char aliases[1024];
		struct diet_facts facts = virtio;

		(void)snprintf(aliases, sizeof(aliases), "%s%s", VIRTIO "fs-ext4\n",
			       rows[i].aliases);
		facts.loaded = text(rows[i].loaded);
		facts.aliases = text(aliases);
		facts.words = text(rows[i].words);
		facts.same_root = !rows[i].other_root;
		facts.has_stacks = rows[i].stacks;
		print_message("%s\n", rows[i].what);
		check(&made, &facts, rows[i].left_out);
	}
}

/* However an archive spells its paths. */
static void test_folders(void **state)
{
	static const char *const folders[] = { "lib/modules/" RELEASE "/",
					       "./lib/modules/" RELEASE "/",
					       "/usr/lib/modules/" RELEASE "/", V };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		check(&(struct made){ .folder = folders[i] }, &virtio,
		      UNUSED " dm-crypt dm-mod xfs");
}

/* Of a file with two names the contents come with one of them. */
static void test_links(void **state)
{
	check(&(struct made){ .linked = true }, &virtio,
	      "kvm bonding e1000 megaraid_sas 8021q dm-crypt dm-mod xfs");
}

static void test_all_is_kept(void **state)
{
	struct diet_facts facts = virtio, other = virtio;

	other.release = "6.1.0-51-cloud-amd64";
	check_kept(&(struct made){ 0 }, &other, "another kernel");
	check_kept(&(struct made){ .other_kernel = true }, &virtio, "several kernels");
	check_kept(&(struct made){ .twice = true }, &virtio, "twice");
	check_kept(&(struct made){ .without_alias = true }, &virtio, "modules.alias");
	check_kept(&(struct made){ .garbage = true }, &virtio, "not all of it");
	check_kept(&(struct made){ .folder = "modules/" }, &virtio, "no modules");
	facts.loaded = text(
		"kvm\nxen_blkfront\nbonding\ne1000\nmegaraid_sas\n8021q\ndm_crypt\nxfs\nsch_fq\n");
	check_kept(&(struct made){ 0 }, &facts, "may need all");
}

/* Cut off anywhere: nothing is read past the end, and what stays is whole. */
static void test_cuts(void **state)
{
	make(&(struct made){ .modprobe = "options kvm x=1" }, "");
	for (size_t cut = 0; cut < row_n; cut += 7) {
		uint8_t *copy = malloc(cut ? cut : 1);
		struct diet diet;
		size_t n;

		assert_non_null(copy);
		memcpy(copy, row, cut);
		assert_int_equal(initrd_diet(copy, cut, &virtio, &n, &diet), 0);
		assert_true(n <= cut);
		assert_int_equal(diet.n_left_out == 0, diet.why_not[0] != '\0');
		free(copy);
	}
}

/* ---- names */

static void fold(char *s)
{
	for (; *s; s++)
		*s = *s == '-' ? '_' : *s;
}

static void test_patterns(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool matches;
	} rows[] = {
		{ "virtio:d00000002v*", "virtio:d00000002v00001AF4", true },
		{ "virtio:d00000002v*", "virtio:d00000001v00001AF4", false },
		{ "usb:v04B4p*d*dc*dsc*dp*ic*isc*ip*in*", "usb:v04B4p1d2dc3dsc4dp5ic6isc7ip8in9",
		  true },
		{ "of:N*T*Cvirtio,mmioC*", "of:NvirtioT(null)Cvirtio,mmio", false },
		{ "dmi*:svnA[0-4]:*", "dmi:bvn:svnA3:pn", true },
		{ "dmi*:svnA[0-4]:*", "dmi:bvn:svnA5:pn", false },
		{ "x[!a-c]y", "xdy", true },
		{ "x[!a-c]y", "xby", false },
		{ "x[]a]y", "x]y", true },
		{ "x[a", "x[a", true },
		{ "fs-ext4", "fs_ext4", true },
		{ "aes_ni", "aes-ni", true },
		{ "a\\*b", "a*b", true },
		{ "a\\*b", "axb", false },
		{ "", "", true },
		{ "*", "", true },
		{ "?", "", false },
		{ "", "x", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (modalias_matches(text(rows[i].pattern), text(rows[i].name)) != rows[i].matches)
			fail_msg("%s against %s", rows[i].name, rows[i].pattern);
	}
}

/* Beside fnmatch(3), which modprobe uses. */
static void test_random_patterns(void **state)
{
	static const char of_pattern[] = "ab-_*?*", of_name[] = "ab-_";
	uint32_t seed = 1;

	for (size_t i = 0; i < 200000; i++) {
		char pattern[9] = { 0 }, name[9] = { 0 };
		bool ours;

		seed = seed * 1664525 + 1013904223;
		for (size_t k = 0; k < seed >> 28 && k < 8; k++)
			pattern[k] = of_pattern[(seed >> (3 * k)) % (sizeof(of_pattern) - 1)];
		for (size_t k = 0; k < (seed >> 24 & 15) && k < 8; k++)
			name[k] = of_name[(seed >> (2 * k + 1)) % (sizeof(of_name) - 1)];
		ours = modalias_matches(text(pattern), text(name));
		fold(pattern);
		fold(name);
		if (ours != (fnmatch(pattern, name, 0) == 0))
			fail_msg("%s against %s", name, pattern);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *path, *name;
	} rows[] = {
		{ "kernel/fs/ext4/ext4.ko", "ext4" },
		{ "ext4.ko.xz", "ext4" },
		{ "a.ko/b.ko.zst", "b" },
		{ "modules.dep", "" },
		{ "kernel/x.kolossal", "" },
		{ "kernel/fs", "" },
		{ "", "" },
		{ "nls_iso8859-1.ko.gz", "nls_iso8859-1" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct bytes name = module_name(text(rows[i].path));

		assert_int_equal(name.n, strlen(rows[i].name));
		assert_memory_equal(name.n ? name.p : (const uint8_t *)"", rows[i].name, name.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_folders),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_all_is_kept),
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_random_patterns),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
