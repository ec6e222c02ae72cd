// SPDX-License-Identifier: LGPL-2.1-or-later
/* Runs every check of every family, and decides what their findings mean together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "preflight/look.h"

static const struct check *const families[] = {
	architecture_checks, permission_checks,	    entry_checks,
	memory_checks,	     virtualisation_checks, hardware_checks,
	storage_checks,	     shutdown_checks,	    firmware_checks,
};

enum { N_FAMILIES = sizeof(families) / sizeof(*families) };

static size_t count_checks(void)
{
	size_t n = 0;

	for (size_t i = 0; i < N_FAMILIES; i++)
		for (const struct check *c = families[i]; c->id; c++)
			n++;
	return n;
}

bool preflight_is_check(const char *id)
{
	for (size_t i = 0; i < N_FAMILIES; i++)
		for (const struct check *c = families[i]; c->id; c++)
			if (strcmp(c->id, id) == 0)
				return true;
	return false;
}

static bool is_forced(const struct preflight_opts *opts, const char *id)
{
	for (size_t i = 0; i < opts->n_force; i++)
		if (strcmp(opts->force[i], id) == 0)
			return true;
	return opts->config && config_words_have(&opts->config->force, id);
}

bool is_for_firmware(enum kx_entry_type type)
{
	return type == KX_ENTRY_CHAINLOAD || type == KX_ENTRY_OTHER;
}

/* The severity of a finding: changed first by the configuration, then by --force where the check
 * allows it. A finding about starting a kernel does not count when no kernel is started. */
static void settle(const struct preflight_opts *opts, const struct check *check,
		   struct preflight_finding *f)
{
	const struct config *c = opts->config;

	if (f->severity == PREFLIGHT_REFUSE && !check->every_reboot && opts->entry &&
	    is_for_firmware(opts->entry->type))
		f->severity = PREFLIGHT_NOTE;
	if (c && f->severity == PREFLIGHT_WARN && config_words_have(&c->downgrade, f->id))
		f->severity = PREFLIGHT_NOTE;
	if (c && config_words_have(&c->refuse, f->id))
		f->severity = PREFLIGHT_REFUSE;
	if (c && f->severity == PREFLIGHT_COLD && c->firmware == CONFIG_FIRMWARE_REFUSE)
		f->severity = PREFLIGHT_REFUSE;
	if (f->severity >= PREFLIGHT_COLD && f->can_force && is_forced(opts, f->id)) {
		f->severity = PREFLIGHT_WARN;
		f->forced = true;
	}
	f->holds_cold =
		f->severity == PREFLIGHT_REFUSE && (check->every_reboot || check->same_cold);
}

/* What a check could not look at makes unknown what it would have called ok. */
static void take_unseen(struct report *r, enum preflight_status *status)
{
	if (r->unseen.n) {
		evidencef(r, "%s", r->unseen.s);
		if (*status == PREFLIGHT_OK)
			*status = PREFLIGHT_UNKNOWN;
	}
	r->evidence.failed |= r->unseen.failed;
	strbuf_done(&r->unseen);
}

static int take_remedy(struct report *r, struct preflight_finding *f)
{
	if (r->own_remedy.n == 0 && !r->own_remedy.failed)
		return 0;
	if (strbuf_take(&r->own_remedy, &f->own_remedy) < 0)
		return -ENOMEM;
	if (f->status == PREFLIGHT_FINDING)
		f->remedy = f->own_remedy;
	return 0;
}

static int run_check(const struct look *l, const struct check *c, struct preflight_finding *ret,
		     bool *takes_key)
{
	struct report r = { .severity = c->severity, .remedy = c->remedy };
	struct preflight_finding f = { .id = c->id, .title = c->title, .can_force = c->can_force };

	f.status = c->look(l, &r);
	*takes_key |= r.takes_key;
	take_unseen(&r, &f.status);
	f.severity = f.status == PREFLIGHT_FINDING ? r.severity : PREFLIGHT_NOTE;
	f.remedy = f.status == PREFLIGHT_FINDING ? r.remedy : NULL;
	if (f.status == PREFLIGHT_FINDING)
		settle(l->opts, c, &f);
	else
		strbuf_done(&r.sentence);
	if (strbuf_take(&r.evidence, &f.evidence) < 0 ||
	    strbuf_take(&r.sentence, &f.sentence) < 0 || take_remedy(&r, &f) < 0) {
		free(f.evidence);
		free(f.sentence);
		strbuf_done(&r.sentence);
		strbuf_done(&r.own_remedy);
		return -ENOMEM;
	}
	*ret = f;
	return 0;
}

static bool has_entries(int root, const char *directory)
{
	_cleanup_names_ struct names names = { 0 };
	int r = list_in(root, directory, &names);

	/* A directory that exists but may not be listed counts as present. */
	return r == 0 ? names.n > 0 : r != -ENOENT;
}

static int check_force(const struct preflight_opts *opts, struct kx_error *err)
{
	for (size_t i = 0; i < opts->n_force; i++)
		if (!preflight_is_check(opts->force[i]))
			return kx_fail(err, -EINVAL,
				       "there is no check %s; `rapidreboot check -v` names all",
				       opts->force[i]);
	return 0;
}

int preflight_run(const struct preflight_opts *opts, struct preflight *ret, struct kx_error *err)
{
	_cleanup_preflight_ struct preflight p = { 0 };
	struct look l = {
		.opts = opts,
		.entry = opts->entry,
		.root = opts->root,
		.files = opts->target ? opts->files : opts->root,
		.has_proc = has_entries(opts->root, "/proc"),
		.has_sys = has_entries(opts->root, "/sys"),
		.has_run = has_entries(opts->root, "/run"),
		.arch = arch_find(opts->root),
	};
	int r = check_force(opts, err);

	if (r < 0)
		return r;
	p.findings = calloc(count_checks(), sizeof(*p.findings));
	if (!p.findings)
		return kx_fail(err, -ENOMEM, "checks: out of memory");
	for (size_t i = 0; i < N_FAMILIES; i++)
		for (const struct check *c = families[i]; c->id; c++) {
			struct preflight_finding *f = &p.findings[p.n];

			if (c->only && !(c->only >> l.arch.id & 1))
				continue;
			if (run_check(&l, c, f, &p.takes_key) < 0)
				return kx_fail(err, -ENOMEM, "check %s: out of memory", c->id);
			p.n++;
			if (f->status != PREFLIGHT_FINDING)
				continue;
			p.has_findings = true;
			if (f->severity > p.outcome)
				p.outcome = f->severity;
		}
	*ret = TAKE(p, (struct preflight){ 0 });
	return 0;
}

void preflight_done(struct preflight *preflight)
{
	for (size_t i = 0; i < preflight->n; i++) {
		free(preflight->findings[i].evidence);
		free(preflight->findings[i].sentence);
		free(preflight->findings[i].own_remedy);
	}
	free(preflight->findings);
	*preflight = (struct preflight){ 0 };
}

enum preflight_exit preflight_exit_status(const struct preflight *preflight)
{
	static const enum preflight_exit statuses[] = {
		[PREFLIGHT_NOTE] = PREFLIGHT_EXIT_CLEAR,
		[PREFLIGHT_WARN] = PREFLIGHT_EXIT_WARNINGS,
		[PREFLIGHT_COLD] = PREFLIGHT_EXIT_COLD,
		[PREFLIGHT_REFUSE] = PREFLIGHT_EXIT_REFUSED,
	};

	return statuses[preflight->outcome];
}

const char *preflight_severity_name(enum preflight_severity severity)
{
	static const char *const names[] = { "note", "warning", "cold", "refuse" };

	return names[severity];
}

const char *preflight_status_name(enum preflight_status status)
{
	static const char *const names[] = { "ok", "unknown", "finding" };

	return names[status];
}
