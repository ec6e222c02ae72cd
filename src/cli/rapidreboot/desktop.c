// SPDX-License-Identifier: GPL-2.0-or-later

/* rapidreboot desktop: pkexec(1) runs this as root for a person at a desktop, who may do the same
 * as with an ordinary reboot and no more. logind permits root everything, so this first makes the
 * checks that logind would make for that person: is there an inhibitor, is another user logged in?
 * When that cannot be found out the reboot is refused. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/lines.h"
#include "base/num.h"
#include "cli/json.h"
#include "cli/plain.h"
#include "cli/rapidreboot/front.h"
#include "handover/init.h"
#include "handover/logind.h"

#define LOGIND "org.freedesktop.login1"

/* The data of an answer of busctl(1), or NULL after printing why there is none. */
static json_t *ask_logind(const char *const *question)
{
	static const char *const programs[] = { "busctl", NULL };
	static const char *const words[] = { "--json=short", NULL };
	_cleanup_(reboot_call_done) struct reboot_call call = { 0 };
	_cleanup_free_ char *output = NULL;
	struct sys *sys = sys_machine();
	json_t *answer = NULL, *data;

	if (call_program(sys, &call, programs, NULL) == 0 && call_words(&call, words, NULL) == 0 &&
	    call_words(&call, question, NULL) == 0 &&
	    process_run(sys, call.words, NULL, &output) == 0)
		answer = json_loads(output, 0, NULL);
	data = json_object_get(answer, "data");
	if (data)
		json_incref(data);
	else
		fputs("rapidreboot: logind does not say who is at work on this machine, so that nothing "
		      "was done\n",
		      stderr);
	json_decref(answer);
	return data;
}

/* The first argument of a method's answer. */
static json_t *ask_manager(const char *method)
{
	const char *const question[] = {
		"call", LOGIND, "/org/freedesktop/login1", LOGIND ".Manager", method, NULL
	};
	json_t *data = ask_logind(question), *first;

	if (!data)
		return NULL;
	first = json_incref(json_array_get(data, 0));
	json_decref(data);
	if (!json_is_array(first)) {
		json_decref(first);
		fputs("rapidreboot: an answer of logind was not understood\n", stderr);
		return NULL;
	}
	return first;
}

static const char *text_at(const json_t *list, size_t i)
{
	const char *s = json_string_value(json_array_get(list, i));

	return s ? s : "";
}

/* a(ssssuu): what, who, why, mode, uid, pid. "block-weak" binds everybody but root, who is not the
 * one that asks here. */
static bool is_inhibited(const json_t *inhibitors)
{
	for (size_t i = 0; i < json_array_size(inhibitors); i++) {
		const json_t *one = json_array_get(inhibitors, i);

		if (strncmp(text_at(one, 3), "block", 5) != 0 ||
		    !has_item(text_at(one, 0), ":", "shutdown"))
			continue;
		plain_printf(stderr, "rapidreboot: %s wants the machine to stay up: %s\n",
			     text_at(one, 1), text_at(one, 2));
		return true;
	}
	return false;
}

static bool is_somebody(const char *session)
{
	const char *const question[] = { "get-property",    LOGIND,  session,
					 LOGIND ".Session", "Class", NULL };
	json_t *class = ask_logind(question);
	const bool somebody = logind_class_is_person(json_string_value(class));

	json_decref(class);
	return somebody;
}

/* a(susso): session, uid, name, seat, object path */
static bool is_shared(const json_t *sessions, uint64_t uid)
{
	for (size_t i = 0; i < json_array_size(sessions); i++) {
		const json_t *one = json_array_get(sessions, i), *of = json_array_get(one, 1);

		if (json_is_integer(of) && (uint64_t)json_integer_value(of) == uid)
			continue;
		if (!is_somebody(text_at(one, 4)))
			continue;
		plain_printf(stderr, "rapidreboot: %s is logged in, too\n", text_at(one, 2));
		return true;
	}
	return false;
}

static int check(uint64_t uid)
{
	json_t *inhibitors = ask_manager("ListInhibitors"), *sessions = NULL;
	bool may = inhibitors && !is_inhibited(inhibitors);

	if (may)
		sessions = ask_manager("ListSessions");
	may = may && sessions && !is_shared(sessions, uid);
	json_decref(inhibitors);
	json_decref(sessions);
	return may ? EXIT_OK : EXIT_REFUSED;
}

static int run(int argc, char **argv)
{
	const struct options nothing = { 0 };
	_cleanup_(command_done) struct options o;
	const char *caller = getenv("PKEXEC_UID");
	uint64_t uid;
	int r;

	/* no other options: they would be carried out with the rights of root */
	r = command_take(&desktop_command, argc, argv, &o);
	if (r >= 0)
		return r;
	if (argc > 1) /* not even "--" */
		return command_fail(&desktop_command, "'%s' is one word too many", argv[1]);
	if (!caller || parse_u64(caller, &uid) < 0)
		return command_fail(&desktop_command,
				    "this is for pkexec to run, which says for whom");
	r = check(uid);
	return r == EXIT_OK ? reboot_with(&nothing, "desktop", NULL, NULL, NULL) : r;
}

const struct command desktop_command = {
	.name = "desktop",
	.synopsis = "",
	.summary = "run by the launcher of desktops",
	.run = run,
	.taker = BY_DESKTOP,
	.about = "Run by the launcher of desktops, through pkexec.",
};
