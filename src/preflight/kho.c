// SPDX-License-Identifier: LGPL-2.1-or-later
/* Memory that kexec handover (KHO) preserves is lost without a message when the load or the next
 * kernel does not support it: Documentation/admin-guide/mm/kho.rst. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/running-kernel.h"
#include "preflight/look.h"

/* Does the next kernel's configuration have @line? -ENOENT when the configuration is not found. */
static int next_has(const struct look *l, const char *line)
{
	_cleanup_free_ uint8_t *config = NULL;
	char path[512];
	size_t n;
	int r;

	if (!l->entry->image || !l->entry->image->version)
		return -ENOENT;
	r = kernel_config_read(l->root, l->entry->image->version, path, sizeof(path), &config, &n);
	return r < 0 ? r : config_has_line((struct bytes){ config, n }, line);
}

/* Is it the kernel that runs, which knows it? */
static bool is_same_kernel(const struct look *l, const char *version)
{
	_cleanup_free_ char *running = NULL;

	return look_line(l, "/proc/sys/kernel/osrelease", &running) >= 0 &&
	       strcmp(running, version) == 0;
}

/* Does the next kernel know nothing of it? By its configuration, which may have it from a backport; by its
 * version where that is not found. False, and unseen(), when it cannot be told. */
static bool next_lacks_it(const struct look *l, struct report *r)
{
	const char *version = l->entry->image ? l->entry->image->version : NULL;
	int code = next_has(l, "CONFIG_KEXEC_HANDOVER=y");

	if (code > 0)
		return false;
	if (!version || (code < 0 && !is_before_kho(version))) {
		if (!version || !is_same_kernel(l, version))
			unseen(r, "configuration of the next kernel", code);
		return false;
	}
	evidencef(r, "Linux %s: %s", version,
		  code == 0 ? "no CONFIG_KEXEC_HANDOVER" : "older than 6.16, without KHO");
	return true;
}

enum preflight_status look_kept_memory(const struct look *l, struct report *r)
{
	enum kho_word next;
	int state, by_default;

	if (!l->has_proc)
		return unknown(r, "/proc/cmdline", -ENODATA);
	state = kho_state(l->root);
	if (state < 0)
		return unknown(r, "configuration of the running kernel", state);
	if (!state)
		return PREFLIGHT_OK;
	evidencef(r, "kexec handover (KHO) is on");
	if (!l->entry || !l->entry->cmdline)
		return unknown_entry(l, r);
	if (l->entry->way == KX_WAY_SEGMENTS)
		return found(r,
			     "kexec_load(2) hands nothing over: memory that was to be kept would "
			     "be lost.");
	if (next_lacks_it(l, r))
		return found(r,
			     "The next kernel does not know what is handed over: memory that was "
			     "to be kept would be lost.");
	next = kho_word_of(l->entry->cmdline);
	by_default = next_has(l, "CONFIG_KEXEC_HANDOVER_ENABLE_DEFAULT=y");
	if (next == KHO_ON || (next == KHO_UNSAID && by_default == 1))
		return PREFLIGHT_OK;
	/* On without a word for it: the next kernel may be built in the same way. */
	if (next == KHO_UNSAID && by_default < 0 && kho_word_running(l->root) != KHO_ON)
		return unknown(r, "configuration of the next kernel", by_default);
	evidencef(r, "command line of the entry: %s",
		  next == KHO_OFF ? "kho= is off" : "no kho=on");
	return found(r, "The next kernel is not to take what is handed over: memory that was to be "
			"kept would be lost.");
}
