// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the kernel and the initial ramdisk that are loaded for a crash, where each tool looks:
 * prepare_kdump_bootinfo() of kdump-utils, load.sh of SUSE, locate_kdump_kernel() of Debian.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cmdline.h"
#include "base/dir.h"
#include "base/error.h"
#include "base/file.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "config/legacy-vars.h"
#include "crash/rules.h"

#define KDUMP_DIRECTORY "/var/lib/kdump"

enum { EFI_VARIABLE_MAX = 4096, CMDLINE_FILE_MAX = 64 << 10 };

int crash_running_release(int root, char **ret, struct kx_error *err)
{
	int r = read_line_in(root, "/proc/sys/kernel/osrelease", ret);

	return r < 0 ? kx_fail_path(err, r, "/proc/sys/kernel/osrelease") : 0;
}

/* Moves @path to @dst when a file has this name; -ENOENT. */
static int take_if_there(int root, struct strbuf *path, char **dst)
{
	_cleanup_free_ char *s = NULL;
	int r = strbuf_take(path, &s);

	if (r < 0)
		return r;
	if (!is_there_in(root, s) || is_directory_in(root, s))
		return -ENOENT;
	free(*dst);
	*dst = TAKE_PTR(s);
	return 0;
}

/* The first of these, each with @release in the place of "%s", that exists; -ENOENT. */
static int first_of(int root, const char *const *forms, const char *release, char **dst)
{
	for (size_t i = 0; forms[i]; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		const char *mark = strstr(forms[i], "%s");
		int r;

		strbuf_add_n(&path, forms[i], (size_t)(mark - forms[i]));
		strbuf_add(&path, release);
		strbuf_add(&path, mark + 2);
		r = take_if_there(root, &path, dst);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

/* ---- Red Hat */

static bool has_modules(int root, const char *release)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };

	strbuf_addf(&path, "/usr/lib/modules/%s/modules.dep", release);
	return !path.failed && is_there_in(root, path.s);
}

/* A debug kernel needs too much memory: its twin is used when it is installed. */
static int redhat_version(int root, const struct crash_settings *s, char **ret,
			  struct kx_error *err)
{
	_cleanup_free_ char *twin = NULL;
	size_t end;
	int r;

	if (s->version)
		return text_set(ret, s->version);
	r = crash_running_release(root, ret, err);
	if (r < 0 || (!ends_with(*ret, "+debug") && !ends_with(*ret, "-debug")))
		return r;
	end = strlen(*ret) - strlen("+debug");
	twin = strndup(*ret, end);
	if (!twin)
		return -ENOMEM;
	if (has_modules(root, twin)) {
		free(*ret);
		*ret = TAKE_PTR(twin);
	}
	return 0;
}

/* BOOT_IMAGE= when it is the first word, without GRUB's "(hd0,gpt2)", and is of @version. */
static int boot_image(int root, const char *version, char **ret)
{
	_cleanup_free_ uint8_t *raw = NULL;
	_cleanup_free_ char *line = NULL;
	struct cmdline_word word;
	const char *rest;
	size_t n;
	int r = read_file_in(root, "/proc/cmdline", CMDLINE_FILE_MAX, &raw, &n);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	line = strndup((const char *)raw, n);
	if (!line)
		return -ENOMEM;
	rest = line;
	if (!cmdline_next(&rest, &word) || !bytes_is(word.key, "BOOT_IMAGE") || !word.value.n)
		return 0;
	if (word.value.p[0] == '(') {
		const uint8_t *end = memchr(word.value.p, ')', word.value.n);

		if (end)
			word.value =
				(struct bytes){ end + 1,
						(size_t)(word.value.p + word.value.n - end) - 1 };
	}
	r = bytes_set(ret, word.value);
	if (r == 0 && *ret && !ends_with(*ret, version))
		free(TAKE_PTR(*ret));
	return r;
}

/* The UKI that systemd-stub was started from: UTF-16 of ASCII characters, with "\" between names. */
static int uki_image(int root, const char *machine_id, const char *version, char **ret)
{
	static const char variable[] = "/sys/firmware/efi/efivars/StubImageIdentifier-"
				       "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
	_cleanup_free_ uint8_t *raw = NULL;
	_cleanup_strbuf_ struct strbuf b = { 0 };
	size_t n;
	int r = read_file_in(root, variable, EFI_VARIABLE_MAX, &raw, &n);

	if (r == -ENOMEM)
		return r;
	if (r < 0)
		strbuf_addf(&b, "EFI/Linux/%s-%s.efi", machine_id, version);
	for (size_t i = 0; r == 0 && i < n; i++)
		if (raw[i] >= ' ' && raw[i] < 0x7f)
			strbuf_add_n(&b, raw[i] == '\\' ? "/" : (const char *)&raw[i], 1);
	return strbuf_take(&b, ret);
}

/* DIRECTORY/IMAGE with single slashes. */
static int take_image(int root, const char *directory, const char *image, char **dst)
{
	_cleanup_strbuf_ struct strbuf path = { 0 };
	char last = '\0';

	for (const char *part = directory;;) {
		for (; *part; part++) {
			if (*part != '/' || last != '/')
				strbuf_add_n(&path, part, 1);
			last = *part;
		}
		if (part == image + strlen(image))
			break;
		if (last != '/')
			strbuf_add(&path, "/");
		last = '/';
		part = image;
	}
	return take_if_there(root, &path, dst);
}

/* On ostree kernels lie in /boot/ostree/NAME, which comes first. */
static int redhat_directories(int root, const struct crash_settings *s, struct config_words *ret)
{
	_cleanup_names_ struct names names = { 0 };
	struct bytes rest = { (const uint8_t *)s->directories, strlen(s->directories) };
	int r;

	if (is_there_in(root, "/run/ostree-booted") &&
	    list_in(root, "/boot/ostree", &names) == -ENOMEM)
		return -ENOMEM;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };

		strbuf_addf(&path, "/boot/ostree/%s", names.v[i]);
		r = path.failed ? -ENOMEM : config_words_add(ret, path.s, path.n);
		if (r < 0)
			return r;
	}
	rest = bytes_trim(rest);
	while (rest.n) {
		struct bytes word = bytes_word(&rest);

		r = config_words_add(ret, (const char *)word.p, word.n);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Fills the names that a kernel may have; NULL for one that cannot be. */
static int redhat_images(int root, const struct crash_settings *s, const char *version,
			 char *images[4])
{
	_cleanup_free_ char *machine_id = NULL;
	_cleanup_strbuf_ struct strbuf plain = { 0 }, bls = { 0 };
	int r = read_line_in(root, "/etc/machine-id", &machine_id);

	if (r == -ENOMEM)
		return r;
	strbuf_addf(&plain, "%s-%s%s", s->image, version, s->image_end);
	strbuf_addf(&bls, "%s/%s/%s", machine_id ? machine_id : "", version, s->image);
	r = boot_image(root, version, &images[0]);
	if (r == 0)
		r = strbuf_take(&plain, &images[1]);
	if (r == 0)
		r = strbuf_take(&bls, &images[2]);
	return r < 0 ? r : uki_image(root, machine_id ? machine_id : "", version, &images[3]);
}

static int redhat_kernel(int root, const struct crash_settings *s, const char *version, char **ret)
{
	_cleanup_(config_words_done) struct config_words directories = { 0 };
	char *images[4] = { NULL };
	int r = redhat_directories(root, s, &directories);

	if (r == 0)
		r = redhat_images(root, s, version, images);
	if (r == 0)
		r = -ENOENT;
	for (size_t d = 0; d < directories.n && r == -ENOENT; d++)
		for (size_t i = 0; i < 4 && r == -ENOENT; i++)
			if (images[i])
				r = take_image(root, directories.v[d], images[i], ret);
	for (size_t i = 0; i < 4; i++)
		free(images[i]);
	return r;
}

static bool is_read_only(int root, const char *directory)
{
	_cleanup_close_ int fd = open_in(root, directory, O_PATH | O_DIRECTORY);
	struct statvfs st;

	return fd >= 0 && fstatvfs(fd, &st) == 0 && (st.f_flag & ST_RDONLY);
}

/* Where kdumpctl puts, and looks for, the ramdisk of the kernel at @kernel. */
static int redhat_initrd(int root, const char *kernel, const char *version, char **ret)
{
	const char *slash = strrchr(kernel, '/');
	const int n = (int)(slash - kernel);
	_cleanup_strbuf_ struct strbuf image = { 0 }, plain = { 0 }, dir = { 0 }, out = { 0 };

	strbuf_addf(&image, "%.*s/initramfs-%s.img", n, kernel, version);
	strbuf_addf(&plain, "%.*s/initrd", n, kernel);
	strbuf_addf(&dir, "%.*s/", n, kernel);
	if (image.failed || plain.failed || dir.failed)
		return -ENOMEM;
	if (is_read_only(root, dir.s) ||
	    (!is_there_in(root, image.s) && !is_there_in(root, plain.s)))
		strbuf_addf(&out, KDUMP_DIRECTORY "/initramfs-%skdump.img", version);
	else if (is_there_in(root, image.s))
		strbuf_addf(&out, "%.*s/initramfs-%skdump.img", n, kernel, version);
	else
		strbuf_addf(&out, "%.*s/initrdkdump", n, kernel);
	return strbuf_take(&out, ret);
}

static int redhat(int root, const struct crash_settings *s, struct crash_choice *ret,
		  struct kx_error *err)
{
	_cleanup_free_ char *version = NULL, *older = NULL;
	int r = redhat_version(root, s, &version, err);

	if (r < 0)
		return r;
	r = redhat_kernel(root, s, version, &ret->kernel);
	if (r == -ENOENT)
		return kx_fail(err, r,
			       "no kernel %s for a crash in %s: install it, or set KDUMP_KERNELVER "
			       "in %s",
			       version, s->directories, s->file);
	if (r == 0)
		r = redhat_initrd(root, ret->kernel, version, &ret->initrd);
	if (r < 0 || is_there_in(root, ret->initrd))
		return r;
	/* as kexec-tools of 2012 named it */
	r = first_of(root, (const char *const[]){ "/boot/initrd-%skdump.img", NULL }, version,
		     &older);
	if (r == 0)
		return text_set(&ret->initrd, older);
	return r == -ENOMEM ? r
			    : kx_fail(err, -ENOENT,
				      "%s: no initial ramdisk for a crash: make it with kdumpctl "
				      "rebuild",
				      ret->initrd);
}

/* ---- SUSE */

static int suse(int root, const struct crash_settings *s, struct crash_choice *ret,
		struct kx_error *err)
{
	static const char kernel[] = KDUMP_DIRECTORY "/kernel",
			  initrd[] = KDUMP_DIRECTORY "/initrd";
	_cleanup_free_ char *version = NULL;
	int r;

	if (is_there_in(root, kernel) && is_there_in(root, initrd))
		return text_set(&ret->kernel, kernel) < 0 || text_set(&ret->initrd, initrd) < 0
			       ? -ENOMEM
			       : 0;
	/* kdump before 1.9 kept them in /boot */
	r = s->version ? text_set(&version, s->version)
		       : crash_running_release(root, &version, err);
	if (r < 0)
		return r;
	r = first_of(root,
		     (const char *const[]){ "/boot/vmlinuz-%s", "/boot/image-%s", "/boot/Image-%s",
					    "/boot/vmlinux-%s", NULL },
		     version, &ret->kernel);
	if (r == 0)
		r = first_of(root, (const char *const[]){ "/boot/initrd-%s-kdump", NULL }, version,
			     &ret->initrd);
	return r == -ENOENT ? kx_fail(err, r, "%s and %s are not there: make them with mkdumprd",
				      kernel, initrd)
			    : r;
}

/* ---- Debian */

/* Before it loads, kdump-config makes the links vmlinuz and initrd.img of its directory anew when they are
 * not of the running kernel: they are taken for what they will be. */
static int debian_link(int root, const char *name, const char *const *forms, const char *release,
		       char **path)
{
	_cleanup_strbuf_ struct strbuf link = { 0 }, plain = { 0 }, vmlinux = { 0 };
	_cleanup_free_ char *target = NULL;
	const char *base;
	int r;

	strbuf_addf(&link, KDUMP_DIRECTORY "/%s", name);
	strbuf_addf(&plain, "/%s-%s", name, release);
	strbuf_addf(&vmlinux, "/vmlinux-%s", release);
	if (link.failed || plain.failed || vmlinux.failed)
		return -ENOMEM;
	if (!*path || strcmp(*path, link.s) != 0 || !is_directory_in(root, KDUMP_DIRECTORY))
		return 0;
	r = readlink_in(root, link.s, &target);
	if (r == -ENOMEM)
		return r;
	base = r == 0 && target[0] == '/' ? strrchr(target, '/') : "";
	if ((strcmp(base, plain.s) == 0 || strcmp(base, vmlinux.s) == 0) &&
	    is_there_in(root, target))
		return 0;
	r = first_of(root, forms, release, path);
	/* where there is none the link leads nowhere */
	return r == -ENOENT ? text_set(path, plain.s) : r;
}

static int missing(struct kx_error *err, const struct crash_settings *s, const char *name,
		   const char *path)
{
	return kx_fail(err, -ENOENT,
		       "%s: %s does not exist: %s, as of the running kernel: kdump-config symlinks "
		       "VERSION makes it",
		       s->file, name, path);
}

static const char *const debian_kernels[] = { "/boot/vmlinuz-%s", "/boot/vmlinux-%s", NULL };
static const char *const debian_initrds[] = { "/boot/initrd.img-%s", NULL };
static const char *const debian_linked[] = { KDUMP_DIRECTORY "/initrd.img-%s", NULL };

static int debian_named(int root, const struct crash_settings *s, const char *release,
			struct crash_choice *ret, struct kx_error *err)
{
	int r = text_set(&ret->kernel, s->kernel);

	if (r == 0)
		r = text_set(&ret->initrd, s->initrd);
	if (r == 0)
		r = debian_link(root, "vmlinuz", debian_kernels, release, &ret->kernel);
	if (r == 0)
		r = debian_link(root, "initrd.img", debian_linked, release, &ret->initrd);
	if (r < 0)
		return r;
	if (!is_there_in(root, ret->kernel))
		return missing(err, s, "KDUMP_KERNEL", s->kernel);
	return ret->initrd && !is_there_in(root, ret->initrd)
		       ? missing(err, s, "KDUMP_INITRD", s->initrd)
		       : 0;
}

static int debian(int root, const struct crash_settings *s, struct crash_choice *ret,
		  struct kx_error *err)
{
	_cleanup_free_ char *release = NULL;
	int r = crash_running_release(root, &release, err);

	if (r < 0)
		return r;
	if (s->kernel)
		return debian_named(root, s, release, ret, err);
	r = first_of(root, debian_kernels, release, &ret->kernel);
	if (r == -ENOENT)
		return kx_fail(err, r, "no kernel %s for a crash in /boot: set KDUMP_KERNEL in %s",
			       release, s->file);
	if (r == 0)
		r = first_of(root, debian_initrds, release, &ret->initrd);
	return r == -ENOENT ? 0 : r;
}

/* ---- without the configuration of another tool */

static int own(int root, const struct crash_settings *s, struct crash_choice *ret,
	       struct kx_error *err)
{
	static const char *const kernels[] = { "/boot/vmlinuz-%s",
					       "/boot/vmlinux-%s",
					       "/boot/kernel-%s",
					       "/boot/Image-%s",
					       "/usr/lib/modules/%s/vmlinuz",
					       NULL };
	/* made for a crash by dracut, mkdumprd, kdump-tools */
	static const char *const initrds[] = { "/boot/initramfs-%skdump.img",
					       KDUMP_DIRECTORY "/initramfs-%skdump.img",
					       KDUMP_DIRECTORY "/initrd.img-%s",
					       "/boot/initrd-%s-kdump", NULL };
	_cleanup_free_ char *version = NULL;
	int r = crash_running_release(root, &version, err);

	if (r < 0)
		return r;
	r = s->kernel ? text_set(&ret->kernel, s->kernel)
		      : first_of(root, kernels, version, &ret->kernel);
	if (r == -ENOENT)
		return kx_fail(
			err, r,
			"no file of the running kernel %s is found: name one by CRASH_KERNEL "
			"in " CONFIG_FILE,
			version);
	if (r < 0)
		return r;
	if (s->initrd && strcmp(s->initrd, CRASH_INITRD_OWN) != 0)
		return text_set(&ret->initrd, s->initrd);
	r = s->initrd ? -ENOENT : first_of(root, initrds, version, &ret->initrd);
	if (r != -ENOENT)
		return r;
	ret->is_own = true;
	return 0;
}

int crash_find_files(int root, const struct crash_settings *s, struct crash_choice *ret,
		     struct kx_error *err)
{
	static int (*const finders[])(int root, const struct crash_settings *s,
				      struct crash_choice *ret, struct kx_error *err) = {
		[CRASH_OWN] = own,
		[CRASH_REDHAT] = redhat,
		[CRASH_SUSE] = suse,
		[CRASH_DEBIAN] = debian,
	};
	int r = finders[s->source](root, s, ret, err);

	return r == -ENOMEM ? kx_fail(err, r, "out of memory") : r;
}
