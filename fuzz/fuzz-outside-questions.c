// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a confined child asks that somebody broke into: questions, each behind its length of two bytes. The parent
 * calls nothing with an argument that the table of calls does not promise, stays within its budget and releases what
 * it was asked to map.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mapped.h"
#include "fuzz/inside.h"
#include "lib/outside-channel.h"

static const char text[] = "a file of this system";
static const char table[] = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n";

static int on_type(struct outside *out, const char *path, enum entry_file_type *ret)
{
	must(path[0] == '/');
	*ret = ENTRY_FILE_REGULAR;
	return 0;
}

static int on_stat(struct outside *out, const char *path, struct outside_stat *ret)
{
	must(path[0] == '/');
	*ret = (struct outside_stat){ .dev = 1, .ino = strlen(path) };
	return 0;
}

static int on_read(struct outside *out, const char *path, size_t max, uint8_t **ret, size_t *ret_n)
{
	must(path[0] == '/');
	if (max < sizeof(text))
		return -EFBIG;
	*ret = (uint8_t *)strdup(text);
	must(*ret != NULL);
	*ret_n = sizeof(text);
	return 0;
}

static int on_head(struct outside *out, const char *path, uint8_t *buf, size_t n, size_t *ret_n)
{
	must(path[0] == '/');
	memset(buf, 1, n); /* all of it is there */
	*ret_n = n;
	return 0;
}

static int on_list(struct outside *out, const char *path, struct strlist *ret)
{
	must(path[0] == '/');
	must(strlist_add(ret, "one") == 0 && strlist_add(ret, "") == 0);
	return 0;
}

static int on_open(struct outside *out, const char *path)
{
	int fd;

	must(path[0] == '/');
	fd = memfd_create("file", MFD_CLOEXEC);
	must(fd >= 0 && (path[1] == '\0' || write(fd, text, sizeof(text)) == sizeof(text)));
	return fd;
}

static unsigned n_unmapped;

static void on_unmap(struct outside *out, const uint8_t *p, size_t n)
{
	n_unmapped++;
	mapped_remove(p);
	must(munmap((void *)(uintptr_t)p, n) == 0);
}

static int on_mounts(struct outside *out, enum outside_mounts *ret_where, uint8_t **ret,
		     size_t *ret_n, char **ret_root)
{
	*ret_where = OUTSIDE_MOUNTS_LIVE;
	*ret = (uint8_t *)strdup(table);
	*ret_root = strdup("/");
	must(*ret != NULL && *ret_root != NULL);
	*ret_n = sizeof(table) - 1;
	return 0;
}

static int on_device(struct outside *out, const char *path, dev_t *ret)
{
	must(path[0] == '/');
	*ret = 1;
	return 0;
}

static void must_be_tag(const char *tag)
{
	must(strcmp(tag, "UUID") == 0 || strcmp(tag, "LABEL") == 0 ||
	     strcmp(tag, "PARTUUID") == 0 || strcmp(tag, "PARTLABEL") == 0);
}

static int on_find_tag(struct outside *out, const char *tag, const char *value, dev_t *ret)
{
	must_be_tag(tag);
	must(value != NULL);
	*ret = 2;
	return 0;
}

static int on_get_tag(struct outside *out, const char *device, const char *tag, char **ret)
{
	must_be_tag(tag);
	must(strcmp(device, "/dev/sda1") == 0 || strcmp(device, "/dev/sda2") == 0);
	*ret = strdup("value");
	must(*ret != NULL);
	return 0;
}

static int on_find_volume(struct outside *out, const char *name, dev_t *ret)
{
	must(name != NULL);
	return -ENOENT;
}

static int on_partition(struct outside *out, dev_t device, struct machine_partition *ret)
{
	*ret = (struct machine_partition){ .disk = 3, .number = 1, .is_gpt = true };
	return device ? 0 : -ENOENT;
}

/* Only what is mounted, or was looked into. */
static int on_read_at(struct outside *out, const char *device, uint64_t at, size_t n, uint8_t **ret)
{
	must(strcmp(device, "/dev/sda1") == 0 || strcmp(device, "/dev/sda2") == 0);
	if (n > 1 << 20)
		return -ENODATA;
	*ret = calloc(1, n + 1);
	must(*ret != NULL);
	return 0;
}

static int on_look(struct outside *out, const char *uuid, bool is_mounted, struct mounts *mounts,
		   struct kx_error *err)
{
	if (*uuid == 'x')
		return kx_fail(err, -EPERM, "only root can mount it for a look");
	return mounts_add(mounts, "/boot", "/", "vfat", "/dev/sda2");
}

static struct outside machine = {
	.type = on_type,
	.stat = on_stat,
	.read = on_read,
	.head = on_head,
	.list = on_list,
	.open = on_open,
	.unmap = on_unmap,
	.mounts = on_mounts,
	.device = on_device,
	.find_tag = on_find_tag,
	.get_tag = on_get_tag,
	.find_volume = on_find_volume,
	.partition = on_partition,
	.read_at = on_read_at,
	.look = on_look,
};

/* Whether another one may follow. */
static bool ask(struct outside_server *server, struct bytes question, unsigned *n_maps)
{
	struct reader_answer answer = { .fd = -1 };
	const int r = outside_answer(server, question, &answer);

	must(r == 0 || r == -EPROTO || r == BUDGET_SPENT);
	must(answer.code <= 0);
	must(answer.body.n == 0 || answer.body.p == answer.owned);
	*n_maps += answer.fd >= 0 && answer.code == 0;
	free(answer.owned);
	fd_close(answer.fd);
	return r == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = { data, size };
	struct budget budget;
	struct outside_server server = { .out = &machine, .budget = &budget };
	unsigned n_maps = 0;
	uint16_t n;

	n_unmapped = 0;
	budget_init(&budget, NULL, NULL);
	while (bytes_le16(rest, 0, &n) && bytes_has(rest, 2, n)) {
		const struct bytes question = { rest.p + 2, n };

		rest.p += 2 + n;
		rest.n -= 2 + (size_t)n;
		if (!ask(&server, question, &n_maps))
			break;
	}
	outside_server_done(&server);
	must(n_unmapped == n_maps);
	for (size_t i = 0; i < BUDGET_KINDS; i++)
		must(budget.used[i] <= budget.max[i]);
	return 0;
}
