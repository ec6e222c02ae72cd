// SPDX-License-Identifier: LGPL-2.1-or-later
/* Puts together what lies under a file system, in the order in which it was written down. */
#include "capture/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/open.h"
#include "capture/target.h"
#include "sys/volumes.h"

enum { LOOK_AGAIN_MS = 200 };

/* A search that waits for devices which are not there yet. */
struct search {
	const struct capture_job *j;
	uint64_t end; /* of the patience */
	struct kx_error *err;
};

/* The devices with that UUID, when they are @n, or as many as came in time. */
static int wait_for(const struct search *s, const char *uuid, size_t n, struct names *ret)
{
	const struct timespec pause = { .tv_nsec = LOOK_AGAIN_MS * 1000000L };

	for (;;) {
		int r = capture_devices_find(ROOT_HERE, uuid, ret);

		s->j->beat(s->j);
		if (r < 0 || ret->n >= n || s->j->uptime_ms() >= s->end)
			return r;
		names_done(ret);
		*ret = (struct names){ 0 };
		(void)nanosleep(&pause, NULL);
	}
}

static int number_of(const char *path, dev_t *ret)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	*ret = st.st_rdev;
	return 0;
}

static int start_array(const struct search *s, const struct capture_layer *l, unsigned index)
{
	_cleanup_names_ struct names found = { 0 };
	dev_t members[CAPTURE_MEMBERS_MAX];
	char name[16];
	size_t n = 0;
	int r = wait_for(s, l->uuid, l->n_members, &found);

	for (size_t i = 0; r == 0 && i < found.n && n < CAPTURE_MEMBERS_MAX; i++)
		r = number_of(found.v[i], &members[n++]);
	if (r == 0 && n < l->n_members)
		capture_say(s->j, "the array %s has %zu of its %u members", l->uuid, n,
			    l->n_members);
	(void)snprintf(name, sizeof(name), "md%u", 100 + index);
	if (r == 0)
		r = n ? linux_array_start(name, (int)l->major, (int)l->minor, members, n) : -ENODEV;
	if (r == -EBUSY) /* for the target before this one */
		return 0;
	return r < 0 ? kx_fail(s->err, r, "cannot start the array %s: %s", l->uuid, strerror(-r))
		     : 0;
}

static int name_by_number(void *data, struct bytes device, struct strbuf *to)
{
	const struct search *s = data;
	_cleanup_names_ struct names found = { 0 };
	_cleanup_free_ char *uuid = bytes_dup(device);
	dev_t number;
	int r = uuid ? wait_for(s, uuid, 1, &found) : -ENOMEM;

	if (r == 0)
		r = found.n ? number_of(found.v[0], &number) : -ENODEV;
	if (r < 0)
		return kx_fail(s->err, r, "no disk has the physical volume %s", uuid ? uuid : "");
	strbuf_addf(to, "%u:%u", major(number), minor(number));
	return 0;
}

static int start_volume(struct search *s, const struct capture_layer *l, unsigned index)
{
	const struct bytes table = { (const uint8_t *)l->table, strlen(l->table) };
	_cleanup_free_ char *lines = NULL;
	char name[16];
	int r = capture_volume_table(table, name_by_number, s, &lines);

	if (r < 0)
		return s->err->code ? r : kx_fail(s->err, r, "a volume: %s", strerror(-r));
	(void)snprintf(name, sizeof(name), "capture%u", index);
	r = linux_volume_start(name, lines);
	return r < 0 ? kx_fail(s->err, r, "cannot start a volume: %s", strerror(-r)) : 0;
}

int capture_layers_start(const struct capture_job *j, const struct capture_target *t,
			 struct kx_error *err)
{
	struct search s = { j, j->uptime_ms() + j->settings->wait_s * UINT64_C(1000), err };
	const unsigned first = (unsigned)(t - j->settings->targets) * CAPTURE_LAYERS_MAX;
	int r = 0;

	for (unsigned i = 0; r == 0 && i < t->n_layers; i++) {
		const struct capture_layer *l = &t->layers[i];

		r = l->uuid ? start_array(&s, l, first + i) : start_volume(&s, l, first + i);
	}
	return r;
}
