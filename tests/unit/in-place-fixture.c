// SPDX-License-Identifier: LGPL-2.1-or-later
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arch.h"
#include "tests/unit/in-place-fixture.h"

static void keep_log(void *data, enum kx_log_level level, const char *line)
{
	struct fixture *f = data;

	if (level <= KX_LOG_NOTICE)
		(void)snprintf(f->log, sizeof(f->log), "%s", line);
}

int in_place_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	root_new(&f->root);
	root_put(&f->root, "/proc/sys/kernel/random/boot_id", BOOT_ID "\n");
	root_put(&f->root, "/proc/cmdline", "quiet\n");
	root_put(&f->root, "/proc/meminfo", PLENTY);
	root_put(&f->root, "/proc/zoneinfo", "Node 0, zone  Movable\n        spanned  0\n");
	root_put(&f->root, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "0\n");
	root_put(&f->root, "/run/here", "");
	f->fake = fake_pages_new();
	f->ctx = (struct kx_ctx){
		.sys = &f->fake->sys, .file_root = ROOT_HERE, .log = keep_log, .log_data = f
	};
	f->ctx.machine_root = open(f->root.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->ctx.machine_root >= 0);
	fake_bzimage(&f->kernel);
	f->kernel.image.x86_64.bzimage.payload = vmlinux_payload(f->payload);
	f->image.image = f->kernel.image;
	f->image.arch = &arch_x86_64;
	f->image.n_refs = 1 << 20; /* it is not on the heap: never the last one */
	memset(f->initrd, 'i', sizeof(f->initrd));
	*state = f;
	return 0;
}

int in_place_teardown(void **state)
{
	struct fixture *f = *state;

	close(f->ctx.machine_root);
	fake_pages_free(f->fake);
	root_free(&f->root);
	free(f);
	return 0;
}

struct kx_plan *in_place_plan(struct fixture *f)
{
	struct kx_plan *plan = calloc(1, sizeof(*plan));

	assert_non_null(plan);
	plan->way = KX_WAY_SEGMENTS;
	plan->image = &f->image;
	plan->kernel.fd = plan->initrd.fd = plan->dtb.fd = -1;
	plan->cmdline = strdup("quiet");
	plan->machine = MACHINE(pc_6g);
	plan->machine.has_random = true;
	plan->request = (struct plan_request){ .image = &f->image.image,
					       .cmdline = plan->cmdline,
					       .initrd = { f->initrd, sizeof(f->initrd) },
					       .flags = KX_REQ_FAST | f->more_flags };
	vmlinux_prepare(&plan->request);
	assert_int_equal(plan_make(&plan->machine, &plan->request, &plan->plan, NULL), 0);
	assert_true(plan->plan.may_be_in_place);
	plan->request.vmlinux = (struct bytes){ 0 };
	return plan;
}

bool is_there(const struct fixture *f, const char *path)
{
	struct stat st;

	return fstatat(f->ctx.machine_root, path, &st, 0) == 0;
}

void expect_nothing_held(struct fixture *f)
{
	assert_int_equal(f->fake->total, 0);
	assert_false(f->fake->mounted || f->fake->created);
	assert_false(is_there(f, "run/rapidreboot/in-place"));
}

const char *commit(struct fixture *f, char *why, size_t n)
{
	struct kx_plan *plan = in_place_plan(f);
	struct kx_plan_info info = { .size = sizeof(info) };
	struct kx_error err = { 0 };
	const char *rung;

	if (kx_plan_commit(&f->ctx, plan, &err) < 0) {
		(void)snprintf(why, n, "%s", err.message);
		kx_plan_free(plan);
		return "";
	}
	assert_int_equal(kx_plan_info(plan, &info), 0);
	rung = info.rung;
	(void)snprintf(why, n, "%s", info.rung_reason);
	kx_plan_free(plan);
	return rung; /* static */
}

void expect(struct fixture *f, const char *rung, const char *reason)
{
	char why[300];
	const char *got = commit(f, why, sizeof(why));

	if (strcmp(got, rung) != 0 || !strstr(why, reason))
		fail_msg("\"%s: %s\", expected \"%s: %s\"", got, why, rung, reason);
	if (strcmp(got, "zero-copy") != 0)
		expect_nothing_held(f);
}

void put_kernel(struct fixture *f, uint64_t entry)
{
	static const uint64_t base = 0xffffffff82000000;
	struct {
		Elf64_Ehdr head;
		Elf64_Phdr parts[2];
		uint64_t pointer, kimage[4];
	} core = {
		.head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64 },
			  .e_phoff = sizeof(Elf64_Ehdr),
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = 2 },
		.parts = { { .p_type = PT_NOTE },
			   { .p_type = PT_LOAD, .p_vaddr = base, .p_memsz = 40 } },
		.pointer = entry ? base + 8 : 0,
		.kimage = { 1, 2, 3, entry },
	};

	core.parts[1].p_offset = (uint64_t)((uint8_t *)&core.pointer - (uint8_t *)&core);
	root_put_bytes(&f->root, "/proc/kcore", &core, sizeof(core));
	if (!is_there(f, "proc/kallsyms"))
		root_put(&f->root, "/proc/kallsyms",
			 "ffffffff81000000 T _stext\nffffffff82000008 B kexec_image_other\n"
			 "ffffffff82000000 B kexec_image\nffffffff82000010 B last\n");
}
