// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot check: what stands in the way of a fast reboot, for a person or for a fleet's tools. */

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/io.h"
#include "base/strbuf.h"
#include "cli/json.h"
#include "cli/rapidreboot/legacy.h"
#include "preflight/preflight.h"

struct check_options {
	const char *root, *entry;
	const char **force; /* room for every argument */
	size_t n_force;
	bool json, verbose, help;
};

/* What a run looks at, with the memory behind it. */
struct subject {
	struct config config;
	struct kx_ctx *ctx;
	struct kx_entries *entries;
	struct kx_image *image;
	struct kx_image_info info;
	struct kx_error image_error, entry_error;
	char *cmdline;
	struct legacy legacy;
	char *given_cmdline; /* with its initrd: what ->legacy decides */
	const char *initrd;
	struct preflight_entry entry;
	const char *guess; /* of ->entries, when nobody has named an entry */
	bool has_entry;
};

DEFINE_CLEANUP(struct kx_image *, kx_image_free)

static int usage(void)
{
	puts("Usage: rapidreboot check [OPTION]… [ENTRY]\n\n"
	     "Tells what stands in the way of a fast reboot into ENTRY (default: what the boot loader\n"
	     "would start next). Nothing is changed.\n\n"
	     "  --root DIR       the system below DIR instead of the running one\n"
	     "  --force ID       a finding of this check does not refuse; may be repeated\n"
	     "  -v, --verbose    notes, checks that are unknown and those that found nothing, too\n"
	     "  --json           print JSON\n"
	     "  -h, --help       this text\n\n"
	     "Exit status: 0 nothing above a note, 8 warnings, 7 only a reboot through the firmware\n"
	     "does what is wanted, 3 a fast reboot would be refused, 1 and 2 the check itself failed.");
	return EXIT_OK;
}

static int parse(struct check_options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' }, { "force", required_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },	  { "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },	  { NULL },
	};
	int c;

	optind = 0;
	while ((c = getopt_long(argc, argv, "vh", options, NULL)) >= 0) {
		if (c == 'r')
			o->root = optarg;
		else if (c == 'f')
			o->force[o->n_force++] = optarg;
		else if (c == 'v')
			o->verbose = true;
		else if (c == 'j')
			o->json = true;
		else if (c == 'h')
			o->help = true;
		else
			return EXIT_USAGE; /* getopt has said why */
	}
	if (argc - optind > 1)
		return fail_usage("one entry can be checked, not %d", argc - optind);
	o->entry = optind < argc ? argv[optind] : NULL;
	return EXIT_OK;
}

static void subject_done(struct subject *s)
{
	s->image = kx_image_free(s->image);
	s->entries = kx_entries_free(s->entries);
	s->ctx = kx_ctx_free(s->ctx);
	config_done(&s->config);
	free(TAKE_PTR(s->cmdline));
	free(TAKE_PTR(s->given_cmdline));
	legacy_done(&s->legacy);
}

/* The entry's line with what the configuration appends. */
static int make_cmdline(struct subject *s, const char *cmdline)
{
	_cleanup_strbuf_ struct strbuf line = { 0 };

	if (!cmdline)
		cmdline = s->info.cmdline; /* of a UKI */
	if (!cmdline)
		return 0;
	strbuf_add(&line, cmdline);
	if (s->config.append)
		strbuf_add_word(&line, s->config.append);
	return strbuf_take(&line, &s->cmdline);
}

static int subject_fill(struct subject *s, const struct kx_entry *e)
{
	s->info = (struct kx_image_info){ .size = sizeof(s->info) };
	if (e->kernel && kx_image_open(s->ctx, e->kernel, NULL, &s->image, &s->image_error) == 0)
		(void)kx_image_info(s->image, &s->info);
	s->entry = (struct preflight_entry){
		.title = e->title,
		.type = e->type,
		.kernel = e->kernel,
		.initrds = e->initrds,
		.n_initrds = e->n_initrds,
		.devicetree = e->devicetree,
		.way = s->config.way,
		.image = s->image ? &s->info : NULL,
		.image_error = s->image_error.code ? s->image_error.message : NULL,
	};
	s->has_entry = true;
	if (make_cmdline(s, e->cmdline) < 0)
		return kx_fail(&s->entry_error, -ENOMEM, "out of memory");
	s->entry.cmdline = s->cmdline;
	return 0;
}

/* A machine whose entry is not to be found can still be checked. */
static int subject_find(struct subject *s, const char *name)
{
	struct kx_entry entry = { .size = sizeof(entry) };
	struct kx_entries_info info = { .size = sizeof(info) };
	size_t i;

	if (!name)
		name = s->config.default_entry ? s->config.default_entry : "default";
	if (kx_entries_new(s->ctx, NULL, &s->entries, &s->entry_error) < 0)
		return 0;
	(void)kx_entries_info(s->entries, &info);
	s->guess = strcmp(name, "default") == 0 ? info.guess : NULL;
	if (kx_entries_find(s->entries, name, &i, &s->entry_error) < 0)
		return 0;
	(void)kx_entries_entry(s->entries, i, &entry);
	return subject_fill(s, &entry);
}

/* What other tools' files decide when nobody names an entry. */
static int subject_legacy(struct subject *s, int root, const struct check_options *o)
{
	struct kx_entry entry = { .size = sizeof(entry) };
	int r;

	if (o->entry || s->config.default_entry || !s->config.import ||
	    legacy_take(root, &s->legacy) != EXIT_OK || !legacy_decides(&s->legacy, o->root) ||
	    legacy_cmdline(&s->legacy, &s->given_cmdline) != EXIT_OK)
		return 0;
	free(TAKE_PTR(s->config.append)); /* which is for entries */
	s->initrd = s->legacy.initrd;
	entry.title = entry.kernel = s->legacy.kernel;
	entry.initrds = &s->initrd;
	entry.n_initrds = s->initrd != NULL;
	entry.cmdline = s->given_cmdline;
	r = subject_fill(s, &entry);
	return r < 0 ? r : 1;
}

static int subject_open(struct subject *s, int root, const struct check_options *o,
			struct kx_error *err)
{
	struct kx_ctx_opts opts = { .size = sizeof(opts), .root = o->root };
	int r = config_read(root, &s->config, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s->config.warnings.n; i++)
		fprintf(stderr, "rapidreboot: %s\n", s->config.warnings.v[i]);
	r = kx_ctx_new(&opts, &s->ctx, err);
	if (r < 0)
		return r;
	r = subject_legacy(s, root, o);
	if (r == 0)
		r = subject_find(s, o->entry);
	if (r < 0)
		*err = s->entry_error;
	return r;
}

static json_t *finding_json(const struct preflight_finding *f)
{
	bool is_finding = f->status == PREFLIGHT_FINDING;

	return json_pack("{s:s, s:s, s:s, s:o, s:b, s:b, s:o, s:o, s:o}", "id", f->id, "title",
			 f->title, "status", preflight_status_name(f->status), "severity",
			 json_text(is_finding ? preflight_severity_name(f->severity) : NULL),
			 "can_force", f->can_force, "forced", f->forced, "sentence",
			 json_text(is_finding ? f->sentence : NULL), "evidence",
			 json_text(*f->evidence ? f->evidence : NULL), "remedy",
			 json_text(f->remedy));
}

static const char *outcome_name(const struct preflight *p)
{
	static const char *const names[] = { "clear", "warnings", "cold", "refused" };

	return names[p->outcome];
}

static int print_json(const struct preflight *p, const struct subject *s)
{
	json_t *checks = json_array();

	for (size_t i = 0; i < p->n; i++)
		json_array_append_new(checks, finding_json(&p->findings[i]));
	return json_print(json_pack("{s:s, s:i, s:o, s:o}", "outcome", outcome_name(p),
				    "exit_status", (int)preflight_exit_status(p), "entry",
				    json_text(s->has_entry ? s->entry.title : NULL), "checks",
				    checks));
}

static void print_finding(const struct preflight_finding *f)
{
	if (f->status != PREFLIGHT_FINDING) {
		printf("%-4s%-8s %s%s%s\n", f->id, preflight_status_name(f->status), f->title,
		       *f->evidence ? ": " : "", f->evidence);
		return;
	}
	printf("%-4s%-8s %s\n", f->id, preflight_severity_name(f->severity), f->sentence);
	if (*f->evidence)
		printf("%12s found: %s\n", "", f->evidence);
	if (f->remedy)
		printf("%12s to do: %s\n", "", f->remedy);
	if (f->forced)
		printf("%12s forced: it would have refused\n", "");
	else if (f->severity >= PREFLIGHT_COLD && f->can_force)
		printf("%12s or go on all the same: --force %s\n", "", f->id);
}

static void print_text(const struct preflight *p, const struct subject *s, bool verbose)
{
	size_t n_unknown = 0, n_notes = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct preflight_finding *f = &p->findings[i];
		bool is_finding = f->status == PREFLIGHT_FINDING;

		n_unknown += f->status == PREFLIGHT_UNKNOWN;
		n_notes += is_finding && f->severity == PREFLIGHT_NOTE;
		if (verbose || (is_finding && f->severity > PREFLIGHT_NOTE))
			print_finding(f);
	}
	if (s->has_entry)
		printf("%s: ", s->entry.title);
	else
		printf("no boot entry (%s): ", s->entry_error.message);
	printf("%s; %zu checks, %zu notes, %zu unknown%s\n", outcome_name(p), p->n, n_notes,
	       n_unknown, n_unknown + n_notes && !verbose ? " (-v shows them)" : "");
}

static int run_checks(const struct check_options *o, int root)
{
	_cleanup_preflight_ struct preflight p = { 0 };
	struct subject s = { .has_entry = false };
	struct kx_error err = { 0 };
	int r = subject_open(&s, root, o, &err);

	if (r >= 0) {
		struct preflight_opts opts = {
			.root = root,
			.entry = s.has_entry ? &s.entry : NULL,
			.entry_error = s.entry_error.message,
			.guess = s.guess,
			.config = &s.config,
			.force = o->force,
			.n_force = o->n_force,
			.has_terminal = isatty(STDIN_FILENO),
		};

		r = preflight_run(&opts, &p, &err);
	}
	if (r < 0)
		r = fail_with(&err);
	else if (o->json)
		r = print_json(&p, &s) < 0 ? EXIT_FAILED : (int)preflight_exit_status(&p);
	else {
		print_text(&p, &s, o->verbose);
		r = (int)preflight_exit_status(&p);
	}
	subject_done(&s);
	return r;
}

static int run(int argc, char **argv)
{
	_cleanup_free_ const char **force = calloc((size_t)argc, sizeof(*force));
	struct check_options o = { .force = force };
	_cleanup_close_ int root = -1;
	int r;

	if (!force)
		return EXIT_FAILED;
	r = parse(&o, argc, argv);
	if (r != EXIT_OK)
		return r;
	if (o.help)
		return usage();
	if (!o.root)
		return run_checks(&o, ROOT_HERE);
	root = open(o.root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0) {
		fprintf(stderr, "rapidreboot: %s: %s\n", o.root, strerror(errno));
		return EXIT_FAILED;
	}
	return run_checks(&o, root);
}

const struct command check_command = { "check", "[ENTRY]",
				       "what stands in the way of a fast reboot", run };
