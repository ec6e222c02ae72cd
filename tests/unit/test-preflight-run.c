// SPDX-License-Identifier: LGPL-2.1-or-later
/* What findings come to: exit statuses, force, configuration. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "tests/unit/cmocka-shim.h"
#include "tests/unit/preflight-rows.h"
#include "tests/unit/root.h"

static const struct preflight_finding *get(const struct preflight *p, const char *id)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->findings[i].id, id) == 0)
			return &p->findings[i];
	return NULL;
}

static enum preflight_severity severity(const struct preflight *p, const char *id)
{
	const struct preflight_finding *f = get(p, id);

	return f && f->status == PREFLIGHT_FINDING ? f->severity : PREFLIGHT_NOTE;
}

static bool is_forced(const struct preflight *p, const char *id)
{
	const struct preflight_finding *f = get(p, id);

	return f && f->forced;
}

static bool holds_cold(const struct preflight *p, const char *id)
{
	const struct preflight_finding *f = get(p, id);

	return f && f->holds_cold;
}

/* A machine that warns (B11), wants the firmware (W1), and is refused (F4; A3 cannot be forced). */
static void machine(struct root *root, bool built_in)
{
	root_new(root);
	root_put(root, "/proc/1/comm", "systemd\n");
	root_put(root, "/run/systemd/reboot-to-firmware-setup", "");
	root_put(root, "/sys/kernel/profiling", "0\n");
	root_put(root, "/proc/sys/kernel/arch", "x86_64\n");
	if (built_in)
		root_put(root, "/sys/kernel/kexec_loaded", "1\n");
}

static void run(const struct root *root, struct preflight_opts opts, struct preflight *ret)
{
	opts.root = open(root->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(opts.root >= 0);
	assert_int_equal(preflight_run(&opts, ret, NULL), 0);
	fd_close(opts.root);
}

static void test_outcomes(void **state)
{
	static const char *const force[] = { "F4", "W1", "A3" };
	/* the gravest counts: refuse, cold, warning, and nothing above a note */
	static const struct {
		struct preflight_opts opts;
		bool built_in;
		enum preflight_exit status;
	} rows[] = {
		{ { .direct = true }, true, PREFLIGHT_EXIT_REFUSED },
		{ { .direct = false }, true, PREFLIGHT_EXIT_COLD },
		{ { .direct = true, .force = force, .n_force = 1 }, true, PREFLIGHT_EXIT_COLD },
		{ { .direct = true, .force = force, .n_force = 2 }, true, PREFLIGHT_EXIT_WARNINGS },
		{ { .direct = true, .force = force, .n_force = 3 }, false, PREFLIGHT_EXIT_REFUSED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct preflight p;
		struct root root;

		machine(&root, rows[i].built_in);
		run(&root, rows[i].opts, &p);
		assert_int_equal(preflight_exit_status(&p), rows[i].status);
		preflight_done(&p);
		root_free(&root);
	}
}

static void test_nothing(void **state)
{
	struct preflight p;
	struct root root;

	root_new(&root);
	root_put(&root, "/proc/sys/kernel/arch", "x86_64\n");
	run(&root, (struct preflight_opts){ 0 }, &p);
	assert_int_equal(preflight_exit_status(&p), PREFLIGHT_EXIT_CLEAR);
	assert_false(p.has_findings);
	for (size_t i = 0; i < p.n; i++) /* an id is used once */
		assert_ptr_equal(get(&p, p.findings[i].id), &p.findings[i]);
	preflight_done(&p);
	root_free(&root);
}

static void test_force(void **state)
{
	static const char *const force[] = { "F4", "B11" };
	static const char *const unknown[] = { "Z9" };
	struct preflight_opts opts = { .direct = true, .force = force, .n_force = 2 };
	struct kx_error err = { 0 };
	struct preflight p;
	struct root root;

	machine(&root, true);
	run(&root, opts, &p);
	assert_true(is_forced(&p, "F4"));
	assert_int_equal(severity(&p, "F4"), PREFLIGHT_WARN);
	assert_false(is_forced(&p, "B11")); /* would not have refused */
	assert_int_equal(severity(&p, "B11"), PREFLIGHT_WARN);
	preflight_done(&p);
	opts.force = unknown;
	opts.n_force = 1;
	assert_int_equal(preflight_run(&opts, &p, &err), -EINVAL);
	assert_non_null(strstr(err.message, "Z9"));
	root_free(&root);
}

static void words(struct config_words *w, const char *word)
{
	assert_int_equal(config_words_add(w, word, strlen(word)), 0);
}

/* What is missing for the boot loader, too, speaks against a reboot through the firmware. */
static void test_same_cold(void **state)
{
	static char title[] = "Linux";
	static const char *const gone[] = { "/gone" };
	static const char *const force[] = { "B2" };
	const struct preflight_entry entry = { .title = title, .initrds = gone, .n_initrds = 1 };
	const struct preflight_entry broken = { .title = title, .is_broken = true };
	struct preflight p;
	struct root root;

	machine(&root, false);
	run(&root, (struct preflight_opts){ .entry = &entry }, &p);
	assert_int_equal(severity(&p, "B2"), PREFLIGHT_REFUSE);
	assert_true(holds_cold(&p, "B2") && !holds_cold(&p, "B18"));
	preflight_done(&p);
	run(&root, (struct preflight_opts){ .entry = &entry, .force = force, .n_force = 1 }, &p);
	assert_false(holds_cold(&p, "B2"));
	preflight_done(&p);
	run(&root, (struct preflight_opts){ .entry = &broken }, &p);
	assert_true(holds_cold(&p, "B18") && !holds_cold(&p, "F4"));
	preflight_done(&p);
	root_free(&root);
}

static void test_configuration(void **state)
{
	struct preflight_opts opts = { .direct = true };
	struct config config;
	struct preflight p;
	struct root root;

	assert_int_equal(config_init(&config), 0);
	words(&config.force, "F4");
	words(&config.downgrade, "B11");
	config.firmware = CONFIG_FIRMWARE_REFUSE;
	opts.config = &config;
	machine(&root, true);
	run(&root, opts, &p);
	assert_int_equal(severity(&p, "F4"), PREFLIGHT_WARN);
	assert_int_equal(severity(&p, "B11"), PREFLIGHT_NOTE);
	assert_int_equal(severity(&p, "W1"), PREFLIGHT_REFUSE);
	preflight_done(&p);
	words(&config.refuse, "B11");
	config_words_done(&config.downgrade);
	run(&root, opts, &p);
	assert_int_equal(severity(&p, "B11"), PREFLIGHT_REFUSE);
	preflight_done(&p);
	config_done(&config);
	root_free(&root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),      cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_force),	      cmocka_unit_test(test_same_cold),
		cmocka_unit_test(test_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
