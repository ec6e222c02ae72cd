// SPDX-License-Identifier: GPL-2.0-or-later

/* {"actions": [], "jump": {}, "crash": false, "image": {}, "plan": {}}: programs rely on it, so
 * members are only ever added. Sizes are in bytes, ranges half-open, absent strings null. */

#include "cli/json.h"
#include "cli/kexec/report.h"
#include "cli/rungs.h"

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *actions(const struct job *job)
{
	json_t *list = json_array();

	if (job->unload)
		json_array_append_new(list, json_string("unload"));
	if (job->load)
		json_array_append_new(list, json_string("load"));
	if (job->shutdown)
		json_array_append_new(list, json_string("shutdown"));
	if (job->jump)
		json_array_append_new(list, json_string("jump"));
	return list;
}

static json_t *segments(const struct kx_plan *plan, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		struct kx_segment s = { .size = sizeof(s) };

		if (kx_plan_segment(plan, i, &s) < 0)
			break;
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:b}", "name",
						      json_text(s.name), "start", number(s.start),
						      "end", number(s.end), "data_size",
						      number(s.data_size), "checked", s.digested));
	}
	return list;
}

static json_t *memory(const struct kx_plan *plan, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		struct kx_memory m = { .size = sizeof(m) };

		if (kx_plan_memory(plan, i, &m) < 0)
			break;
		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:o, s:o}", "start", number(m.start),
						"end", number(m.end), "type", json_text(m.type),
						"e820_type", number(m.e820_type)));
	}
	return list;
}

static json_t *warnings(const struct kx_plan *plan, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(kx_plan_warning(plan, i)));
	return list;
}

static json_t *image_object(const struct report *report)
{
	struct kx_image_info i = { .size = sizeof(i) };

	if (!report->image || kx_image_info(report->image, &i) < 0)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "path",
			 json_text(report->kernel), "type", json_text(i.type), "compression",
			 json_text(i.compression), "version", json_text(i.version), "title",
			 json_text(i.title), "embedded_initrds", number(i.n_initrds),
			 "command_line_max", number(i.cmdline_max), "file_load", i.file_load);
}

static json_t *plan_object(const struct report *report)
{
	struct kx_plan_info p = { .size = sizeof(p) };
	json_t *all;

	if (!report->plan || kx_plan_info(report->plan, &p) < 0)
		return json_null();
	all = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			"system_call", p.way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load",
			"reason", json_text(p.reason), "rung", json_text(p.rung), "rung_reason",
			json_text(p.rung_reason), "architecture", json_text(p.architecture),
			"command_line", json_text(p.cmdline), "flags", number(p.syscall_flags),
			"entry", number(p.entry), "kernel_entry", number(p.kernel_entry),
			"kernel_size", number(p.kernel_size), "initrd_size", number(p.initrd_size),
			"segments", segments(report->plan, p.n_segments), "memory",
			memory(report->plan, p.n_memory), "warnings",
			warnings(report->plan, p.n_warnings));
	(void)json_object_set_new(all, "passed_over", rungs_json(report->plan, NULL));
	(void)json_object_set_new(all, "diet", json_text(p.diet));
	(void)json_object_set_new(all, "is_diet", json_boolean(p.is_diet));
	return all;
}

int report_json(const struct report *report)
{
	const struct job *job = report->job;

	return json_print(json_pack("{s:o, s:{s:b, s:b}, s:b, s:o, s:o}", "actions", actions(job),
				    "jump", "sync", (job->jump_flags & KX_JUMP_SYNC) != 0,
				    "interfaces_down", (job->jump_flags & KX_JUMP_IFDOWN) != 0,
				    "crash", job->on_crash, "image", image_object(report), "plan",
				    plan_object(report)));
}
