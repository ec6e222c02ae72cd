// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/rapidreboot/front.h"

#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/finding.h"
#include "cli/json.h"
#include "cli/present.h"
#include "cli/progress.h"
#include "cli/rapidreboot/unlock.h"
#include "cli/reason-status.h"
#include "reboot/tune.h"

static const char program[] = "rapidreboot";

int front_open(struct reboot *rb, const char *root, bool verbose)
{
	const struct teller teller = progress_teller(program, verbose);
	struct kx_error err = { 0 };
	enum reason reason = reboot_open(rb, sys_machine(), &teller, root, &err);

	rb->has_terminal = isatty(STDIN_FILENO);
	return fail_reason(reason, &err);
}

int fail_with(const struct kx_error *err)
{
	return progress_fail(program, REASON_FAILED, err);
}

int fail_reason(enum reason reason, const struct kx_error *err)
{
	return progress_fail(program, reason, err);
}

/* For a program: the first finding of those that decided. */
static void note_finding(const struct preflight *p)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct preflight_finding *f = &p->findings[i];

		if (f->status != PREFLIGHT_FINDING || f->severity != p->outcome)
			continue;
		json_answer_error("%s: %s", f->id, f->sentence);
		return;
	}
}

int front_verdict(const struct verdict *v, bool verbose)
{
	for (size_t i = 0; i < v->findings.n; i++) {
		const struct preflight_finding *f = &v->findings.findings[i];

		if (f->status == PREFLIGHT_FINDING && (verbose || f->severity > PREFLIGHT_NOTE))
			finding_print(stderr, f);
	}
	if (v->reason == REASON_CHECKS || v->reason == REASON_FIRMWARE)
		note_finding(&v->findings);
	if (v->reason == REASON_CHECKS)
		fprintf(stderr, "%s: refused; nothing was done\n", program);
	else if (v->reason != REASON_FIRMWARE)
		return fail_reason(v->reason, &v->err);
	return reason_status(v->reason);
}

bool front_agreed(const struct reboot *rb, const struct config *config, const struct options *o,
		  const char *how, bool *ret_asked)
{
	*ret_asked = false;
	if (o->yes || config->confirm == CONFIG_CONFIRM_NEVER)
		return true;
	if (config->confirm == CONFIG_CONFIRM_ALWAYS && !can_ask()) {
		fputs("rapidreboot: the configuration wants a person to agree (CONFIRM=always): "
		      "--yes does\n",
		      stderr);
		return false;
	}
	*ret_asked = can_ask();
	return present_ask(rb->machine, "Restart", how);
}

/* ---- a wish */

static int refuse(const struct command *c, const struct options *o)
{
	const char *entry = command_operand(o);

	if (o->kernel && entry)
		return command_fail(c, "--kernel and the entry \"%s\" exclude each other", entry);
	if (o->diet && o->safe)
		return command_fail(
			c, "--diet changes the initial ramdisk, --safe leaves it as it is");
	if (o->tune && !tune_is_valid(o->tune))
		return command_fail(c, "--tune takes %s, separated by commas, not \"%s\"",
				    tune_names(), o->tune);
	if ((o->unlock || o->unlock_from) && (o->when || o->find.root || o->cancel))
		return command_fail(c,
				    "--unlock cannot be used with --%s: keys are for a reboot of "
				    "this system, now",
				    o->when	? "when"
				    : o->cancel ? "cancel"
						: "root");
	if (o->no_unlock && (o->unlock || o->unlock_from))
		return command_fail(c, "--unlock and --no-unlock exclude each other");
	if (c == &reboot_command && o->unlock_from && strcmp(o->unlock_from, "0") == 0 && !o->yes)
		return command_fail(c,
				    "--unlock-from 0 takes standard input, which would also answer "
				    "whether to reboot: --yes goes with it");
	if (o->initrds.n && !o->kernel)
		return command_fail(c, "--initrd goes with --kernel: an entry has its own");
	if (o->cmdline && o->reuse_cmdline)
		return command_fail(c, "--cmdline and --reuse-cmdline exclude each other");
	if (o->when && (o->direct || o->find.root))
		return command_fail(c, "--when cannot be used with --%s",
				    o->direct ? "direct" : "root");
	if (o->cancel && (o->when || o->direct || o->kernel || entry))
		return command_fail(c,
				    "--cancel takes back what --when ordered, and starts nothing");
	if (o->reuse_cmdline && o->find.root)
		return command_fail(c,
				    "--reuse-cmdline: the running command line is not that of the "
				    "system below %s; --cmdline says another one",
				    o->find.root);
	if (o->kernel && (o->find.find.config || o->find.find.type))
		return command_fail(c, "--%s is about entries, which --kernel does without",
				    o->find.find.config ? "config" : "type");
	return -1;
}

static int take_when(const struct command *c, const struct options *o, struct wish *w)
{
	struct sys *sys = sys_machine();

	if (!o->when)
		return -1;
	if (!when_parse(o->when, sys->realtime_ms(sys), &w->when))
		return command_fail(c,
				    "--when %s: neither now, +MINUTES, HH:MM nor YYYY-MM-DD HH:MM "
				    "that is still to come",
				    o->when);
	return -1;
}

static int copy_list(struct config_words *to, const struct opt_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (config_words_add(to, from->v[i], strlen(from->v[i])) < 0)
			return -ENOMEM;
	return 0;
}

static int fill(const struct options *o, struct wish *w)
{
	w->firmware = (enum kx_firmware)o->firmware;
	w->way = (enum kx_way)o->way;
	w->reuse_cmdline = o->reuse_cmdline;
	w->safe = o->safe;
	w->diet = o->diet;
	w->hands_keys = o->unlock || o->unlock_from;
	w->no_keys = o->no_unlock;
	w->can_ask = true;
	w->ignore_inhibitors = o->ignore_inhibitors;
	w->no_wall = o->no_wall;
	w->direct = o->direct;
	if (wish_set(&w->root, o->find.root) < 0 || wish_set(&w->config, o->find.find.config) < 0 ||
	    wish_set(&w->type, o->find.find.type) < 0 ||
	    wish_set(&w->grub_flavour, o->find.find.grub_flavour) < 0 ||
	    wish_set(&w->entry, command_operand(o)) < 0 || wish_set(&w->kernel, o->kernel) < 0 ||
	    wish_set(&w->cmdline, o->cmdline) < 0 || wish_set(&w->append, o->append) < 0 ||
	    wish_set(&w->tune, o->tune) < 0 || wish_set(&w->message, o->message) < 0 ||
	    copy_list(&w->vars, &o->vars) < 0 || copy_list(&w->places, &o->places) < 0 ||
	    copy_list(&w->initrds, &o->initrds) < 0 || copy_list(&w->force, &o->force) < 0)
		return -ENOMEM;
	return 0;
}

int front_wish(const struct command *command, const struct options *o, struct wish *ret)
{
	int r = refuse(command, o);

	*ret = (struct wish){ 0 };
	if (r < 0)
		r = unlock_possible(o);
	if (r < 0)
		r = take_when(command, o, ret);
	if (r < 0 && fill(o, ret) < 0) {
		fputs("rapidreboot: out of memory\n", stderr);
		r = EXIT_FAILED;
	}
	return r;
}
