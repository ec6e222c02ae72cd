// SPDX-License-Identifier: LGPL-2.1-or-later
#include "lib/diet.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/dir.h"
#include "base/lines.h"

enum { PROC_MAX = 4 << 20, EVENT_MAX = 64 << 10 };

/* ---- drivers */

/* One name a line; sizes, users and addresses of modules change all the time. */
static int read_loaded(struct kx_ctx *ctx, struct strbuf *to, struct kx_error *err)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;
	int r = read_file_in(ctx->machine_root, "/proc/modules", PROC_MAX, &raw, &n);

	if (r < 0)
		return kx_fail_path(err, r, "/proc/modules");
	lines = lines_of((struct bytes){ raw, n });
	while (lines_next(&lines, &line)) {
		const struct bytes name = bytes_word(&line);

		strbuf_add_n(to, (const char *)name.p, name.n);
		strbuf_add(to, "\n");
	}
	return 0;
}

/* The aliases that udev passes to modprobe when the machine boots: MODALIAS of each device's
 * event. */
static void add_event(struct kx_ctx *ctx, const char *path, struct strbuf *to)
{
	static const char key[] = "MODALIAS=";
	_cleanup_free_ uint8_t *raw = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(ctx->machine_root, path, EVENT_MAX, &raw, &n) < 0)
		return;
	lines = lines_of((struct bytes){ raw, n });
	while (lines_next(&lines, &line)) {
		if (!bytes_starts(line, key))
			continue;
		strbuf_add_n(to, (const char *)line.p + sizeof(key) - 1,
			     line.n - (sizeof(key) - 1));
		strbuf_add(to, "\n");
	}
}

/* Devices of every folder in @top, at FOLDER/@between/DEVICE. */
static int add_devices(struct kx_ctx *ctx, const char *top, const char *between, struct strbuf *to)
{
	_cleanup_names_ struct names folders = { 0 };
	char path[4096];
	int r = list_in(ctx->machine_root, top, &folders);

	for (size_t i = 0; r == 0 && i < folders.n; i++) {
		_cleanup_names_ struct names devices = { 0 };

		(void)snprintf(path, sizeof(path), "%s/%s%s", top, folders.v[i], between);
		if (list_in(ctx->machine_root, path, &devices) < 0)
			continue;
		for (size_t k = 0; k < devices.n; k++) {
			(void)snprintf(path, sizeof(path), "%s/%s%s/%s/uevent", top, folders.v[i],
				       between, devices.v[k]);
			add_event(ctx, path, to);
		}
	}
	return r;
}

static int read_devices(struct kx_ctx *ctx, struct strbuf *to, struct kx_error *err)
{
	int r = add_devices(ctx, "/sys/bus", "/devices", to);

	if (r == 0)
		r = add_devices(ctx, "/sys/class", "", to);
	if (r < 0)
		return kx_fail_path(err, r, "/sys/bus");
	return to->n ? 0 : kx_fail(err, -ENOENT, "/sys/bus: no device there asks for a driver");
}

/* ---- file systems */

/* The alias by which mount(2) asks for a file system: fs/filesystems.c. */
static bool add_mounted(struct kx_ctx *ctx, struct strbuf *to)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct lines lines;
	struct bytes line;
	size_t n;

	if (read_file_in(ctx->machine_root, "/proc/mounts", PROC_MAX, &raw, &n) < 0)
		return false;
	lines = lines_of((struct bytes){ raw, n });
	while (lines_next(&lines, &line)) {
		struct bytes type;

		(void)bytes_word(&line); /* device */
		(void)bytes_word(&line); /* place */
		type = bytes_word(&line);
		strbuf_add(to, "fs-");
		strbuf_add_n(to, (const char *)type.p, type.n);
		strbuf_add(to, "\n");
	}
	return true;
}

/* Words that name the root file system or what is needed to reach it: kernels' own
 * (Documentation/admin-guide/kernel-parameters.txt), dracut.cmdline(7), initramfs-tools(7),
 * mkinitcpio(8), systemd-cryptsetup-generator(8), live-boot(7), and those of ZFS. */
static bool is_about_root(struct bytes word)
{
	static const char *const starts[] = {
		"root",	   "nfsroot", "netroot", "ip=",	  "ifname=", "resume", "rd.",
		"rd_",	   "crypt",   "luks",	 "lvm",	  "boot=",   "live",   "zfs",
		"bootfs=", "iscsi",   "mount.",	 "fstab", "overlay", "break",
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (bytes_starts(word, starts[i]))
			return true;
	return false;
}

static bool has_root_words_of(struct bytes line, struct bytes other)
{
	while (other.n) {
		const struct bytes word = bytes_word(&other);

		if (is_about_root(word) && !bytes_has_word(line, word))
			return false;
	}
	return true;
}

static bool has_same_root(struct kx_ctx *ctx, const char *cmdline)
{
	const struct bytes next = { (const uint8_t *)cmdline, strlen(cmdline) };
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes now;
	size_t n;

	if (read_file_in(ctx->machine_root, "/proc/cmdline", PROC_MAX, &raw, &n) < 0)
		return false;
	while (n && raw[n - 1] == '\n')
		n--;
	now = (struct bytes){ raw, n };
	return has_root_words_of(now, next) && has_root_words_of(next, now);
}

/* drivers/md of the kernel makes these block devices; -EACCES and the like count as yes. */
static bool has_stacks(struct kx_ctx *ctx)
{
	static const char *const starts[] = { "dm-", "md", "bcache" };
	_cleanup_names_ struct names blocks = { 0 };

	if (list_in(ctx->machine_root, "/sys/class/block", &blocks) < 0)
		return true;
	for (size_t i = 0; i < blocks.n; i++)
		for (size_t k = 0; k < sizeof(starts) / sizeof(starts[0]); k++)
			if (strncmp(blocks.v[i], starts[k], strlen(starts[k])) == 0)
				return true;
	return false;
}

/* ---- all of it */

static struct bytes text_of(const struct strbuf *b)
{
	return (struct bytes){ (const uint8_t *)b->s, b->n };
}

int diet_read(struct kx_ctx *ctx, const struct kx_image *image, const char *cmdline,
	      struct diet_input *ret, struct kx_error *err)
{
	struct diet_input input = { 0 };
	bool knows_mounts = false;
	int r = read_loaded(ctx, &input.loaded, err);

	if (r == 0)
		r = read_devices(ctx, &input.aliases, err);
	if (r == 0)
		knows_mounts = add_mounted(ctx, &input.aliases);
	if (r == 0 && (input.loaded.failed || input.aliases.failed))
		r = kx_fail(err, -ENOMEM, "out of memory");
	if (r < 0) {
		diet_input_done(&input);
		return r;
	}
	input.facts = (struct diet_facts){
		.loaded = text_of(&input.loaded),
		.aliases = text_of(&input.aliases),
		.words = { (const uint8_t *)cmdline, strlen(cmdline) },
		.release = image->version,
		.same_root = knows_mounts && has_same_root(ctx, cmdline),
		.has_stacks = has_stacks(ctx),
	};
	*ret = input;
	return 0;
}

void diet_input_done(struct diet_input *input)
{
	strbuf_done(&input->loaded);
	strbuf_done(&input->aliases);
	*input = (struct diet_input){ 0 };
}

/* With kexec_load(2) what is unpacked may not fit; a file made anew is always used. */
static bool is_used(const struct kx_plan *plan)
{
	return plan->initrd_is_unpacked || plan->way == KX_WAY_FILE;
}

static char *text(const struct kx_plan *plan, const struct diet *diet)
{
	char *ret;
	int n;

	if (diet->why_not[0])
		n = asprintf(&ret, "all of it is kept: %s", diet->why_not);
	else if (!is_used(plan))
		n = asprintf(&ret, "all of it is kept: %s",
			     plan->initrd.bytes.n ? "there is no room for what is unpacked"
						  : "there is none");
	else if (!diet->n_modules) /* out of the cache */
		n = asprintf(&ret, "kernel modules are left out, as the time before");
	else
		n = asprintf(&ret,
			     "%zu of %zu kernel modules, %" PRIu64
			     " MB, are left out: this machine does not use them",
			     diet->n_left_out, diet->n_modules,
			     (diet->left_out + 500000) / 1000000);
	return n < 0 ? NULL : ret;
}

int diet_tell(const struct kx_request *req, struct kx_plan *plan, const struct diet *diet,
	      struct kx_error *err)
{
	if (!(req->flags & KX_REQ_DIET))
		return 0;
	plan->diet = text(plan, diet);
	plan->is_diet = is_used(plan) && !diet->why_not[0];
	return plan->diet ? 0 : kx_fail(err, -ENOMEM, "out of memory");
}
