// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Makes the command line of a crash kernel as each tool does: prepare_cmdline() of kdump-utils,
 * build_kdump_commandline() of SUSE's load.sh, kdump_load() of Debian's kdump-config. Words are cut as
 * the kernel cuts them, so that a value with blanks in quotes stays one word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cmdline.h"
#include "base/dir.h"
#include "base/error.h"
#include "base/io.h"
#include "base/lines.h"
#include "base/strbuf.h"
#include "crash/rules.h"

enum { CMDLINE_FILE_MAX = 64 << 10, CPUINFO_MAX = 64 << 20 };

static bool is_x86(const char *machine)
{
	return strcmp(machine, "x86_64") == 0 ||
	       (machine[0] == 'i' && strlen(machine) == 4 && strcmp(machine + 2, "86") == 0);
}

/* @settings' line, or the running kernel's: as it is for the other tools, which have rules of their own. */
static int base_line(struct kx_ctx *ctx, int root, const struct crash_settings *s, char **ret,
		     struct kx_error *err)
{
	_cleanup_free_ uint8_t *raw = NULL;
	size_t n;
	int r;

	if (s->base) {
		*ret = strdup(s->base);
		return *ret ? 0 : -ENOMEM;
	}
	if (s->source == CRASH_OWN)
		return kx_cmdline_running(ctx, KX_CMDLINE_ON_CRASH, ret, err);
	r = read_file_in(root, "/proc/cmdline", CMDLINE_FILE_MAX, &raw, &n);
	if (r < 0)
		return kx_fail(err, r, "/proc/cmdline: cannot read it: %s", open_strerror(r));
	*ret = strndup((const char *)raw, n);
	if (!*ret)
		return -ENOMEM;
	(*ret)[strcspn(*ret, "\r\n")] = '\0';
	return 0;
}

/* Is it the key of a word of @list? The tools compare keys byte by byte: "-" is not "_". */
static bool has_key(const char *list, struct bytes key)
{
	struct cmdline_word word;

	while (list && cmdline_next(&list, &word))
		if (bytes_equal(word.key, key))
			return true;
	return false;
}

static void add_bytes(struct strbuf *out, struct bytes word)
{
	if (out->n)
		strbuf_add(out, " ");
	strbuf_add_n(out, (const char *)word.p, word.n);
}

static void keep_words(struct strbuf *out, const char *line, const char *remove)
{
	struct cmdline_word word;

	while (cmdline_next(&line, &word))
		if (!has_key(remove, word.key))
			add_bytes(out, word.whole);
}

static void add_words(struct strbuf *out, const char *words)
{
	keep_words(out, words, NULL);
}

/* ---- /proc/cpuinfo */

/* The value of the line "KEY : VALUE" whose key is @key, or nothing. */
static bool cpuinfo_value(struct bytes line, const char *key, struct bytes *ret)
{
	const uint8_t *colon = memchr(line.p, ':', line.n);
	struct bytes name;

	if (!colon)
		return false;
	name = bytes_trim((struct bytes){ line.p, (size_t)(colon - line.p) });
	*ret = bytes_trim((struct bytes){ colon + 1, (size_t)(line.p + line.n - colon) - 1 });
	return bytes_is(name, key) && ret->n;
}

/* APIC id of the processor that booted: "apicid" of processor 0 (Red Hat), or the first "initial
 * apicid" (SUSE). The crash kernel must not start that processor again: it may be the one that runs. */
static int add_boot_apicid(int root, struct strbuf *out, const char *key)
{
	_cleanup_free_ uint8_t *raw = NULL;
	struct bytes text, line, value;
	struct lines lines;
	size_t n;
	int r = read_file_in(root, "/proc/cpuinfo", CPUINFO_MAX, &raw, &n);

	if (r < 0)
		return r == -ENOMEM ? r : 0; /* the tools leave the word out, too */
	text = (struct bytes){ raw, n };
	lines = lines_of(text);
	while (lines_next(&lines, &line))
		if (cpuinfo_value(line, key, &value)) {
			strbuf_addf(out, " disable_cpu_apicid=%.*s", (int)value.n,
				    (const char *)value.p);
			return 0;
		}
	return 0;
}

/* ---- Red Hat */

/* A watchdog that warns first would let the crash kernel panic; the module of each driver is told. */
static int add_watchdogs(int root, struct strbuf *out)
{
	_cleanup_names_ struct names names = { 0 };
	_cleanup_strbuf_ struct strbuf seen = { 0 };
	int r = list_in(root, "/sys/class/watchdog", &names);

	if (r < 0)
		return r == -ENOMEM ? r : 0;
	for (size_t i = 0; i < names.n; i++) {
		_cleanup_strbuf_ struct strbuf path = { 0 };
		_cleanup_free_ char *link = NULL;
		const char *driver;

		strbuf_addf(&path, "/sys/class/watchdog/%s/device/driver/module", names.v[i]);
		if (path.failed)
			return -ENOMEM;
		r = readlink_in(root, path.s, &link);
		if (r == -ENOMEM)
			return r;
		driver = r == 0 ? strrchr(link, '/') : NULL;
		if (!driver || !driver[1] || has_word(seen.s, driver + 1))
			continue;
		driver++;
		strbuf_add_word(&seen, driver);
		strbuf_addf(out, " %s.pretimeout=0", driver);
		if (strcmp(driver, "hpwdt") == 0)
			strbuf_addf(out, " %s.kdumptimeout=0", driver);
	}
	return seen.failed ? -ENOMEM : 0;
}

static bool has_blank(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] == ' ' || b.p[i] == '\t')
			return true;
	return false;
}

/* kdumpctl takes quotes off, puts them back around values with blanks, and drops "key=". */
static void redhat_words(struct strbuf *out, const char *line, const char *remove)
{
	static const char always[] =
		"crashkernel panic_on_warn root rd.lvm.lv rd.luks.uuid rd.dm.uuid "
		"rd.md.uuid fcoe netroot rd.iscsi.initiator iscsi_initiator";
	struct cmdline_word w;

	while (cmdline_next(&line, &w)) {
		const char *quote = has_blank(w.value) ? "\"" : "";

		if (has_key(remove, w.key) || has_key(always, w.key) || (w.value.p && !w.value.n))
			continue;
		add_bytes(out, w.key);
		if (w.value.p)
			strbuf_addf(out, "=%s%.*s%s", quote, (int)w.value.n,
				    (const char *)w.value.p, quote);
	}
}

static int redhat(int root, const char *machine, const struct crash_settings *s, const char *line,
		  struct strbuf *out)
{
	int r = 0;

	redhat_words(out, line, s->remove);
	add_words(out, s->append);
	if (is_x86(machine))
		r = add_boot_apicid(root, out, "apicid");
	if (r == 0)
		r = add_watchdogs(root, out);
	add_words(out, "rd.systemd.gpt_auto=no");
	return r;
}

/* ---- SUSE */

/* Words of the running line that a crash kernel on x86 is not given. */
static bool is_unwanted_on_x86(const struct cmdline_word *word)
{
	return bytes_is(word->key, "unknown_nmi_panic") || bytes_is(word->key, "notsc") ||
	       bytes_is(word->whole, "console=hvc0");
}

static int suse_line(int root, const char *machine, const struct crash_settings *s,
		     const char *line, struct strbuf *out)
{
	static const char on_all[] =
		"root resume crashkernel splash mem BOOT_IMAGE showopts zfcp.allow_lun_scan "
		"hugepages acpi_no_memhotplug cgroup_disable unknown_nmi_panic "
		"rd.udev.children-max";
	_cleanup_strbuf_ struct strbuf kept = { 0 };
	struct cmdline_word word;
	const char *rest;
	int r = 0;

	keep_words(&kept, line, on_all);
	strbuf_add_word(&kept, "sysrq=yes reset_devices acpi_no_memhotplug cgroup_disable=memory "
			       "nokaslr numa=off irqpoll");
	if (s->cpus)
		strbuf_addf(&kept, " nr_cpus=%u", s->cpus);
	strbuf_add_word(&kept, "root=kdump rootflags=bind rd.udev.children-max=8");
	if (is_x86(machine))
		r = add_boot_apicid(root, &kept, "initial apicid");
	else if (strncmp(machine, "s390", 4) == 0)
		strbuf_add_word(&kept, "zfcp.allow_lun_scan=0");
	if (r < 0 || kept.failed)
		return -ENOMEM;
	rest = kept.s;
	while (cmdline_next(&rest, &word))
		if (!is_x86(machine) || !is_unwanted_on_x86(&word))
			add_bytes(out, word.whole);
	return 0;
}

static int suse(int root, const char *machine, const struct crash_settings *s, const char *line,
		struct strbuf *out)
{
	int r = 0;

	if (s->base)
		add_words(out, s->base);
	else
		r = suse_line(root, machine, s, line, out);
	add_words(out, s->append);
	if (!out->failed && !cmdline_has_key(out->n ? out->s : "", "panic"))
		strbuf_add_word(out, "panic=1");
	return r;
}

/* ---- Debian, and without any configuration */

static int debian(const struct crash_settings *s, const char *line, struct strbuf *out)
{
	/* KDUMP_CMDLINE is taken as it is */
	keep_words(out, line, s->base ? NULL : "crashkernel hugepages hugepagesz abm");
	add_words(out, s->append);
	return 0;
}

/* @line is as kx_cmdline_running() makes it for a crash kernel. Words that only large machines need go;
 * one processor is enough to save a dump, memory for more is missing.
 * Documentation/admin-guide/kdump/kdump.rst. */
static int own(const struct crash_settings *s, bool has_own_initrd, const char *line,
	       struct strbuf *out)
{
	/* rdinit= would start another program of the initial ramdisk */
	static const char remove[] = "hugepages hugepagesz default_hugepagesz hugetlb_cma cma "
				     "log_buf_len slub_debug slab_debug panic_on_warn rdinit";

	keep_words(out, line, s->base ? NULL : remove);
	if (!s->base) {
		add_words(out, "irqpoll nr_cpus=1 reset_devices");
		if (has_own_initrd)
			add_words(out, "cgroup_disable=memory");
		if (!out->failed && !cmdline_has_key(out->s, "panic"))
			strbuf_add_word(out, "panic=10");
	}
	if (s->append)
		add_words(out, s->append);
	return 0;
}

int crash_words(struct kx_ctx *ctx, int root, const char *machine, const struct crash_settings *s,
		bool has_own_initrd, char **ret, struct kx_error *err)
{
	_cleanup_strbuf_ struct strbuf out = { 0 };
	_cleanup_free_ char *line = NULL;
	int r = base_line(ctx, root, s, &line, err);

	if (r < 0)
		return r == -ENOMEM ? kx_fail(err, r, "out of memory") : r;
	switch (s->source) {
	case CRASH_REDHAT:
		r = redhat(root, machine, s, line, &out);
		break;
	case CRASH_SUSE:
		r = suse(root, machine, s, line, &out);
		break;
	case CRASH_DEBIAN:
		r = debian(s, line, &out);
		break;
	case CRASH_OWN:
		r = own(s, has_own_initrd, line, &out);
		break;
	}
	if (r == 0)
		r = strbuf_take(&out, ret);
	return r < 0 ? kx_fail(err, r, "out of memory") : 0;
}
