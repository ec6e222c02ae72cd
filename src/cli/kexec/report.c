// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "cli/kexec/report.h"
#include "cli/plain.h"
#include "cli/rungs.h"

static void print_size(uint64_t n)
{
	if (n >= UINT64_C(1) << 20)
		printf("%" PRIu64 ".%" PRIu64 " MiB", n >> 20, (n & 0xfffff) * 10 >> 20);
	else
		printf("%" PRIu64 " bytes", n);
}

static void print_image(const struct report *report, const struct kx_plan_info *plan)
{
	struct kx_image_info image = { .size = sizeof(image) };

	if (kx_image_info(report->image, &image) < 0)
		return;
	plain_printf(stdout, "kernel        %s, %s", report->kernel, image.type);
	if (image.version)
		plain_printf(stdout, ", version %s", image.version);
	if (image.title)
		plain_printf(stdout, ", \"%s\"", image.title);
	if (image.compression)
		printf(", compressed with %s", image.compression);
	fputs(", ", stdout);
	print_size(plan->kernel_size);
	fputs("\ninitrd        ", stdout);
	if (plan->initrd_size)
		print_size(plan->initrd_size);
	else
		fputs("none", stdout);
	putchar('\n');
	plain_printf(stdout, "command line  %s\n", *plan->cmdline ? plan->cmdline : "(empty)");
}

static void print_segments(const struct kx_plan *plan, const struct kx_plan_info *info)
{
	printf("entry         0x%" PRIx64 ", which enters the kernel at 0x%" PRIx64 "\n",
	       info->entry, info->kernel_entry);
	printf("\n%zu segments, * checked before the jump:\n", info->n_segments);
	for (size_t i = 0; i < info->n_segments; i++) {
		struct kx_segment s = { .size = sizeof(s) };

		if (kx_plan_segment(plan, i, &s) < 0)
			break;
		plain_printf(stdout, "  %016" PRIx64 "-%016" PRIx64 " %c %-12s ", s.start, s.end,
			     s.digested ? '*' : ' ', s.name);
		print_size(s.data_size);
		putchar('\n');
	}
}

static void print_memory(const struct kx_plan *plan, const struct kx_plan_info *info)
{
	printf("\nMemory map of the new kernel, %zu ranges:\n", info->n_memory);
	for (size_t i = 0; i < info->n_memory; i++) {
		struct kx_memory m = { .size = sizeof(m) };

		if (kx_plan_memory(plan, i, &m) < 0)
			break;
		plain_printf(stdout, "  %016" PRIx64 "-%016" PRIx64 " %s\n", m.start, m.end,
			     m.type);
	}
}

static void print_plan(const struct report *report)
{
	struct kx_plan_info info = { .size = sizeof(info) };

	if (kx_plan_info(report->plan, &info) < 0)
		return;
	plain_printf(stdout, "Would load %s with %s: %s\n",
		     report->job->on_crash ? "a crash kernel" : "a kernel",
		     info.way == KX_WAY_FILE ? "kexec_file_load" : "kexec_load", info.reason);
	putchar('\n');
	print_image(report, &info);
	plain_printf(stdout, "speed         %s: %s\n", info.rung, info.rung_reason);
	rungs_print(report->plan, NULL, 14);
	if (info.diet)
		plain_printf(stdout, "diet          %s\n", info.diet);
	printf("architecture  %s\nflags         0x%" PRIx64 "\n", info.architecture,
	       info.syscall_flags);
	if (info.way == KX_WAY_SEGMENTS) {
		print_segments(report->plan, &info);
		print_memory(report->plan, &info);
	} else
		puts("The running kernel places the segments.");
	if (info.n_warnings)
		puts("\nWarnings:");
	for (size_t i = 0; i < info.n_warnings; i++)
		plain_printf(stdout, "  %s\n", kx_plan_warning(report->plan, i));
}

void report_text(const struct report *report)
{
	const struct job *job = report->job;

	if (job->unload)
		printf("Would unload %s.\n", job->on_crash ? "the crash kernel" : "the kernel");
	if (report->plan)
		print_plan(report);
	if (job->shutdown)
		puts("\nWould then run shutdown -r now.");
	if (job->jump)
		printf("\nWould then%s%s jump.\n", job->jump_flags & KX_JUMP_SYNC ? " sync," : "",
		       job->jump_flags & KX_JUMP_IFDOWN ? " take the network interfaces down,"
							: "");
	if (!job->unload && !report->plan && !job->shutdown && !job->jump)
		puts("Would do nothing.");
}
