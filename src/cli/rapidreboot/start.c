// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "base/strbuf.h"
#include "cli/rapidreboot/attempt.h"
#include "cli/rapidreboot/legacy.h"
#include "cli/rapidreboot/start.h"
#include "fundamental/digest.h"
#include "handover/exit-initramfs.h"

int start_fail_memory(void)
{
	fputs("rapidreboot: out of memory\n", stderr);
	return EXIT_FAILED;
}

static void log_line(void *data, enum kx_log_level level, const char *line)
{
	const bool *verbose = data;

	if (level == KX_LOG_WARNING)
		fprintf(stderr, "rapidreboot: warning: %s\n", line);
	else if (*verbose && level == KX_LOG_NOTICE) /* the rest is for kexec -d */
		fprintf(stderr, "rapidreboot: %s\n", line);
}

int running_open(bool *verbose, struct kx_ctx **ret)
{
	struct kx_ctx_opts opts = { .size = sizeof(opts), .log = log_line, .log_data = verbose };
	struct kx_error err = { 0 };

	return kx_ctx_new(&opts, ret, &err) < 0 ? fail_with(&err) : EXIT_OK;
}

/* A path of the system below --root is one of the running machine with the root in front; "-" of a
 * multiboot module's arguments is none of our business. */
char *start_path(const char *root, const char *path)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	char *text;

	if (root && strcmp(root, "/") != 0)
		strbuf_add(&b, root);
	strbuf_add(&b, path);
	return strbuf_take(&b, &text) < 0 ? NULL : text;
}

int start_copy_paths(const char *root, const char *const *from, size_t n, char ***ret,
		     size_t *ret_n)
{
	*ret = calloc(n + 1, sizeof(**ret));
	if (!*ret)
		return start_fail_memory();
	for (*ret_n = 0; *ret_n < n; (*ret_n)++) {
		(*ret)[*ret_n] = start_path(root, from[*ret_n]);
		if (!(*ret)[*ret_n])
			return start_fail_memory();
	}
	return EXIT_OK;
}

static int set_text(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return text && !*to ? start_fail_memory() : EXIT_OK;
}

/* ---- which kernel */

static int take_files(struct start *s, const struct start_options *o)
{
	int r = set_text(&s->title, o->kernel);

	if (r == EXIT_OK)
		r = set_text(&s->kernel, o->kernel);
	if (r == EXIT_OK)
		r = start_copy_paths(NULL, o->initrds, o->n_initrds, &s->initrds, &s->n_initrds);
	return r;
}

static int refuse_entry(const struct kx_entry *e)
{
	if (e->type == KX_ENTRY_CHAINLOAD || e->type == KX_ENTRY_OTHER)
		fprintf(stderr,
			"rapidreboot: \"%s\" is not a kernel: only the firmware and the boot loader "
			"can start it. Choose another entry, or reboot with coldreboot.\n",
			e->title);
	else
		fprintf(stderr,
			"rapidreboot: \"%s\" cannot be started: files of it are missing. "
			"`rapidreboot show` tells more.\n",
			e->title);
	for (size_t i = 0; i < e->n_warnings; i++)
		fprintf(stderr, "rapidreboot: %s\n", e->warnings[i]);
	return EXIT_REFUSED;
}

static int take_entry(struct start *s, const struct start_options *o)
{
	const char *name = o->find.argument ? o->find.argument : s->config.default_entry;
	struct kx_error err = { 0 };
	struct kx_entry e;
	size_t i;
	int r = entries_open(&s->entries, &o->find);

	if (r != EXIT_OK)
		return r;
	s->guess = name ? NULL : s->entries.info.guess;
	if (kx_entries_find(s->entries.list, name ? name : "default", &i, &err) < 0)
		return fail_with(&err);
	e = entries_get(&s->entries, i);
	if (!e.bootable)
		return refuse_entry(&e);
	s->type = e.type;
	s->devicetree = e.devicetree;
	s->title = strdup(e.title ? e.title : e.id);
	s->kernel = start_path(o->find.root, e.kernel);
	if (!s->title || !s->kernel || set_text(&s->cmdline, e.cmdline) != EXIT_OK)
		return start_fail_memory();
	r = start_copy_paths(o->find.root, e.initrds, e.n_initrds, &s->initrds, &s->n_initrds);
	if (r == EXIT_OK)
		r = start_copy_paths(o->find.root, e.modules, e.n_modules, &s->modules,
				     &s->n_modules);
	return r;
}

/* ---- its command line */

static int replace_cmdline(struct start *s, const struct start_options *o)
{
	struct kx_error err = { 0 };

	if (!o->cmdline && !o->reuse_cmdline)
		return EXIT_OK;
	free(TAKE_PTR(s->cmdline));
	if (o->cmdline)
		return set_text(&s->cmdline, o->cmdline);
	return kx_cmdline_running(s->ctx, 0, &s->cmdline, &err) < 0 ? fail_with(&err) : EXIT_OK;
}

/* After the image is open: a UKI brings a command line that --append adds to. */
static int append_cmdline(struct start *s, const char *append)
{
	_cleanup_strbuf_ struct strbuf b = { 0 };
	const char *base = s->cmdline ? s->cmdline : s->image_info.cmdline;
	char *text;

	if (!append)
		return EXIT_OK;
	if (base)
		strbuf_add(&b, base);
	strbuf_add_word(&b, append);
	if (strbuf_take(&b, &text) < 0)
		return start_fail_memory();
	free(s->cmdline);
	s->cmdline = text;
	return EXIT_OK;
}

/* ---- plan and load */

static int plan_by(struct start *s, enum kx_way way, uint64_t flags, const char *reason,
		   struct kx_error *err)
{
	struct kx_request request = {
		.size = sizeof(request),
		.image = s->image,
		.initrds = (const char *const *)s->initrds,
		.n_initrds = s->n_initrds,
		.modules = (const char *const *)s->modules,
		.n_modules = s->n_modules,
		.cmdline = s->cmdline,
		.way = way,
		.flags = s->flags | flags,
		.cache = s->config.cache,
	};
	struct kx_plan *made;
	int r = kx_plan_new(s->ctx, &request, &made, err);

	if (r < 0)
		return r;
	s->plan = kx_plan_free(s->plan);
	s->plan = made;
	s->plan_info.size = sizeof(s->plan_info);
	r = kx_plan_info(made, &s->plan_info);
	s->reason = reason ? reason : s->plan_info.reason;
	return r;
}

/* Without the memory map, or for a kernel that cannot be unpacked here, the other way may do. */
static int plan_fast(struct start *s, struct kx_error *err)
{
	struct kx_error why = { 0 };
	int r = plan_by(s, KX_WAY_SEGMENTS, (s->diet ? KX_REQ_DIET : KX_REQ_FAST) | s->copy_only,
			s->way == KX_WAY_SEGMENTS
				? NULL
				: "it is permitted, and starts what is unpacked already",
			&why);

	if (r >= 0)
		return r;
	if (s->verbose)
		fprintf(stderr, "rapidreboot: nothing is unpacked: %s\n", why.message);
	(void)snprintf(s->not_fast, sizeof(s->not_fast), "%s", why.message);
	return plan_by(s, s->way, 0, NULL, err);
}

/* What came back through the firmware once is not tried again unless a person wants it. */
static void decide_diet(struct start *s, const struct start_options *o)
{
	s->diet = o->diet || s->config.diet;
	if (!s->diet || o->diet || !attempt_diet_failed(sys_machine(), s->image_info.version))
		return;
	s->diet = false;
	s->no_diet = "all of it is kept: the last attempt at this kernel without all of its "
		     "modules came back through the firmware";
}

/* The fastest way that is permitted: where the files have to be verified or handed on as they are,
 * that is kexec_file_load. */
static int plan(struct start *s, struct kx_error *err)
{
	if (s->safe && s->way != KX_WAY_FILE)
		(void)snprintf(s->not_fast, sizeof(s->not_fast),
			       "nothing is to be unpacked beforehand (--safe, SAFE=yes)");
	if (s->way == KX_WAY_FILE || s->safe)
		return plan_by(s, s->way, 0, NULL, err);
	if (s->way == KX_WAY_AUTO && s->file_only)
		(void)snprintf(s->not_fast, sizeof(s->not_fast), "%s", s->file_only);
	if (s->way == KX_WAY_AUTO && s->file_only)
		return plan_by(s, KX_WAY_FILE, KX_REQ_FAST, s->file_only, err);
	return plan_fast(s, err);
}

static uint64_t mix(uint64_t hash, const void *data, size_t n)
{
	struct digest d;

	digest_bytes(data, n, false, &d);
	for (size_t i = 0; i < 3; i++)
		hash = (hash ^ d.crc[i]) * UINT64_C(0x100000001b3); /* FNV-1a's prime */
	return hash;
}

static uint64_t file_state(uint64_t hash, const char *path)
{
	uint64_t facts[5] = { 0 };
	struct stat st;

	if (stat(path, &st) == 0) {
		facts[0] = st.st_dev;
		facts[1] = st.st_ino;
		facts[2] = (uint64_t)st.st_size;
		facts[3] = (uint64_t)st.st_mtim.tv_sec;
		facts[4] = (uint64_t)st.st_mtim.tv_nsec;
	}
	return mix(hash, facts, sizeof(facts));
}

/* "path arguments…" */
static uint64_t module_state(uint64_t hash, const char *module)
{
	_cleanup_free_ char *path = strndup(module, strcspn(module, " \t"));

	return file_state(hash, path ? path : "");
}

/* Changes when a file does: what was checked is what has to be loaded. */
static uint64_t files_state(const struct start *s)
{
	uint64_t hash = file_state(0, s->kernel);

	for (size_t i = 0; i < s->n_initrds; i++)
		hash = file_state(hash, s->initrds[i]);
	for (size_t i = 0; i < s->n_modules; i++)
		hash = module_state(hash, s->modules[i]);
	return hash;
}

/* What the configuration appends, it appends to entries. */
static const char *config_append(const struct start *s, const struct start_options *o)
{
	return o->kernel || o->cmdline || s->is_decided ? NULL : s->config.append;
}

static uint64_t mix_text(uint64_t hash, const char *text)
{
	return mix(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

/* Changes when another entry, file or command line would be started by the same words. */
static void take_choice(struct start *s, const struct start_options *o)
{
	uint64_t hash = mix_text(s->files, s->kernel);

	for (size_t i = 0; i < s->n_initrds; i++)
		hash = mix_text(hash, s->initrds[i]);
	for (size_t i = 0; i < s->n_modules; i++)
		hash = mix_text(hash, s->modules[i]);
	hash = mix_text(hash, s->cmdline);
	hash = mix_text(hash, config_append(s, o));
	hash = mix_text(hash, o->append);
	(void)snprintf(s->choice, sizeof(s->choice), "%016llx", (unsigned long long)hash);
}

static int choose(struct start *s, const struct start_options *o, int root)
{
	int r = start_legacy(s, o, root, &s->is_decided);

	if (r == EXIT_OK && !s->is_decided)
		r = o->kernel ? take_files(s, o) : take_entry(s, o);
	if (r == EXIT_OK)
		r = replace_cmdline(s, o);
	if (r != EXIT_OK)
		return r;
	s->files = files_state(s);
	take_choice(s, o);
	return EXIT_OK;
}

static int prepare(struct start *s, const struct start_options *o)
{
	struct kx_error err = { 0 };
	int r;

	if (kx_image_open(s->ctx, s->kernel, NULL, &s->image, &err) < 0)
		return fail_with(&err);
	s->image_info.size = sizeof(s->image_info);
	(void)kx_image_info(s->image, &s->image_info);
	r = append_cmdline(s, config_append(s, o));
	if (r == EXIT_OK)
		r = append_cmdline(s, o->append);
	if (r != EXIT_OK)
		return r;
	decide_diet(s, o);
	return plan(s, &err) < 0 ? fail_with(&err) : EXIT_OK;
}

static int read_config(struct start *s, int root)
{
	struct kx_error err = { 0 };

	if (config_read(root, &s->config, &err) < 0)
		return fail_with(&err);
	for (size_t i = 0; i < s->config.warnings.n; i++)
		fprintf(stderr, "rapidreboot: warning: %s\n", s->config.warnings.v[i]);
	return EXIT_OK;
}

/* Whose settings count: those of the system that is started. */
static int root_open(const struct start_options *o)
{
	int fd;

	if (!o->find.root)
		return machine_open(sys_machine());
	fd = open(o->find.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static const char *policy(void)
{
	_cleanup_close_ int root = machine_open(sys_machine());

	return preflight_file_only(root);
}

int start_choose(struct start *s, const struct start_options *o)
{
	_cleanup_close_ int root = root_open(o);
	int r;

	*s = (struct start){ .verbose = o->verbose };
	if (root < 0 && root != ROOT_HERE) {
		fprintf(stderr, "rapidreboot: %s: %s\n", o->find.root, strerror(-root));
		return EXIT_FAILED;
	}
	r = read_config(s, root);
	if (r != EXIT_OK)
		return r;
	s->way = o->way == KX_WAY_AUTO ? s->config.way : o->way;
	s->safe = o->safe || s->config.safe;
	s->file_only = policy();
	s->copy_only = o->direct || init_spares_pages(sys_machine()) ? 0 : KX_REQ_COPY;
	r = running_open(&s->verbose, &s->ctx);
	return r == EXIT_OK ? choose(s, o, root) : r;
}

int start_prepare(struct start *s, const struct start_options *o)
{
	int r = start_choose(s, o);

	return r == EXIT_OK ? prepare(s, o) : r;
}

/* Tells one load from another; the kernel does not say what it holds. */
static void take_digest(struct start *s)
{
	const struct kx_plan_info *info = &s->plan_info;
	const uint64_t numbers[] = { info->way, info->entry, info->kernel_size, info->initrd_size };
	struct kx_segment segment = { .size = sizeof(segment) };
	uint64_t hash = mix(UINT64_C(0xcbf29ce484222325), numbers, sizeof(numbers));

	hash = mix(hash, s->kernel, strlen(s->kernel));
	hash = mix(hash, info->cmdline, strlen(info->cmdline));
	for (size_t i = 0; i < info->n_segments; i++)
		if (kx_plan_segment(s->plan, i, &segment) == 0 && segment.data_size)
			hash = mix(hash, segment.data, segment.data_size);
	(void)snprintf(s->digest, sizeof(s->digest), "%016llx", (unsigned long long)hash);
}

static void leave_note(const struct start *s)
{
	struct request loaded = { .mode = REBOOT_KEXEC };
	struct kx_error err = { 0 };

	(void)snprintf(loaded.entry, sizeof(loaded.entry), "%s", s->title);
	(void)snprintf(loaded.digest, sizeof(loaded.digest), "%s", s->digest);
	/* only `status` misses it */
	if (loaded_write(sys_machine(), &loaded, &err) < 0)
		fprintf(stderr, "rapidreboot: warning: %s\n", err.message);
}

static void prepare_exit(void)
{
	struct kx_error err = { 0 };

	/* it may have a kexec of its own; if not, it reboots through the firmware */
	if (exit_initramfs_prepare(sys_machine(), &err) < 0)
		fprintf(stderr, "rapidreboot: warning: %s\n", err.message);
}

/* kexec_load said no for a reason that the other call need not have. It is the stricter one. */
static bool may_try_file(const struct start *s, const struct kx_error *err)
{
	return s->way == KX_WAY_AUTO && s->plan_info.way == KX_WAY_SEGMENTS &&
	       err->step == KX_STEP_LOAD && err->code != -EBUSY && s->image_info.file_load;
}

/* kexec_file_load does not exist or does not know the image, and no policy wants it. */
static bool may_try_segments(const struct start *s, const struct kx_error *err)
{
	return s->way == KX_WAY_AUTO && !s->file_only && kx_error_falls_back(err);
}

static int try_other(struct start *s, enum kx_way way, struct kx_error *err)
{
	struct kx_error first = *err;
	int r;

	fprintf(stderr, "rapidreboot: %s\n", first.message);
	(void)snprintf(s->not_fast, sizeof(s->not_fast), "%s", first.message);
	r = plan_by(s, way, 0, "the other system call was refused", err);
	return r < 0 ? r : kx_plan_commit(s->ctx, s->plan, err);
}

int start_load(struct start *s)
{
	struct kx_error err = { 0 };
	int r;

	if (files_state(s) != s->files) {
		fprintf(stderr,
			"rapidreboot: %s: the kernel or its initial ramdisk has changed since it "
			"was checked; once that is finished, try again\n",
			s->kernel);
		return EXIT_LOAD;
	}
	r = kx_plan_commit(s->ctx, s->plan, &err);
	if (r < 0 && may_try_file(s, &err))
		r = try_other(s, KX_WAY_FILE, &err);
	else if (r < 0 && may_try_segments(s, &err))
		r = try_other(s, KX_WAY_SEGMENTS, &err);
	if (r < 0) {
		(void)fail_with(&err);
		return EXIT_LOAD;
	}
	/* which rung it became is known only now */
	if (kx_plan_info(s->plan, &s->plan_info) < 0)
		return EXIT_LOAD;
	take_digest(s);
	leave_note(s);
	prepare_exit();
	return EXIT_OK;
}

void start_let_go(struct start *s)
{
	s->plan = kx_plan_free(s->plan);
	s->image = kx_image_free(s->image);
	s->plan_info = (struct kx_plan_info){ 0 };
	s->image_info = (struct kx_image_info){ 0 };
	s->devicetree = NULL;
	entries_close(&s->entries);
}

static void free_texts(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void start_done(struct start *s)
{
	start_let_go(s);
	config_done(&s->config);
	s->ctx = kx_ctx_free(s->ctx);
	free_texts(s->initrds, s->n_initrds);
	free_texts(s->modules, s->n_modules);
	free(s->title);
	free(s->kernel);
	free(s->cmdline);
	*s = (struct start){ 0 };
}
