# SPDX-License-Identifier: LGPL-2.1-or-later
# What people type. Meson does the building (meson.build); this file only spells it shorter.
PREFIX  ?= /usr/local
DESTDIR ?=
STAGES  ?= gcc,clang,sanitize,cross,vm
FUZZ_SECONDS ?= 60

BUILD := build
WORK  := $(BUILD)/work
LOADERS := $(BUILD)/loaders
MESON ?= meson
NINJA ?= ninja

DIST := $(BUILD)/dist

.PHONY: all install uninstall dist deb demo check check-vm check-long check-build check-systems check-loaders bench fuzz format deps deps-build deps-deb clean help

all: deps-build $(WORK)/build.ninja ## build the commands into build/bin and the library into build/lib
	@$(NINJA) -C $(WORK) --quiet
	@tools/collect-build $(WORK) $(BUILD)

# Man pages, completions and fuzzers are found by name, so a new one in these folders configures again.
$(WORK)/build.ninja: man/. completions/. fuzz/. | deps-build
	@$(MESON) setup $(if $(wildcard $@),--reconfigure) $(WORK) --prefix=$(PREFIX) -Dtests=false >/dev/null

install: all ## install commands, library, header, man pages, completions (PREFIX, DESTDIR)
	@$(MESON) configure $(WORK) --prefix=$(PREFIX)
	@$(MESON) install -C $(WORK) --quiet $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))
	@$(if $(DESTDIR),:,tools/after-install $(PREFIX)/sbin/rapidreboot)

uninstall: ## remove what the last `make install` installed (same PREFIX)
	@tools/uninstall $(WORK) $(PREFIX)/sbin/rapidreboot

dist: ## source archive of the last commit for a release, the same bytes everywhere, into build/dist
	@tools/make-dist $(DIST)

deb: deps-deb ## Debian packages of the tree, into build/deb
	@tools/make-deb $(BUILD)

demo: deps all ## boot a virtual machine and watch one kernel hand over to the next
	@tests/vm/demo

check: deps ## every test: two compilers, sanitizers, other architectures, a few virtual machines
	@tools/check.py --stages $(STAGES)

check-vm: deps all ## every virtual machine: all kernels, image types, memory sizes, firmwares
	@tests/vm/real-images.py
	@tests/vm/run.py
	@tests/vm/stamps.py
	@tests/vm/stray.py
	@tests/vm/poweroff.py
	@tests/vm/stress.py --reboots 32
	@tests/vm/stress.py --reboots 4 --sabotage
	@tests/vm/boot-loaders.py
	@tests/vm/boot-volumes.py
	@tests/vm/direct.py
	@tests/vm/arm64.py
	@tests/vm/crash.py
	@tests/vm/crash-save.py
	@tests/vm/dump.py

check-long: deps all ## every combination of rung, kernel and machine, kernels built for it, a hundred kexecs in a row, encrypted roots, memory that is kept, a fleet of 500: hours
	@$(MESON) setup $(if $(wildcard $(BUILD)/long/build.ninja),--reconfigure) $(BUILD)/long >/dev/null
	@$(NINJA) -C $(BUILD)/long --quiet tests/unit/test-race
	@$(BUILD)/long/tests/unit/test-race three
	@$(NINJA) -C $(BUILD)/long --quiet tests/cli/rapidreboot-recorded
	@$(MESON) test -C $(BUILD)/long --no-rebuild --benchmark --verbose fleet-500
	@tests/vm/run.py --long
	@tests/vm/direct.py --long
	@tests/vm/stress.py --reboots 200
	@tests/vm/dump-readers.py
	@tests/vm/unlock.py
	@tests/vm/keep.py

check-build: deps ## clean copies of the tree: built twice and compared, with each option, as rpm packages, and as OSS-Fuzz builds the harnesses
	@tests/checks/reproducible.py .
	@tests/checks/dist.py .
	@tests/checks/variants.py .
	@tests/checks/rpm.py .
	@tests/checks/oss-fuzz.py . address undefined

check-systems: deps all deb ## reboot whole systems, each init and release, with what make install or make deb gives
	@tests/systems/hook-order.py
	@tests/systems/registered.py
	@tests/systems/run.py

check-loaders: deps ## hundreds of generated configurations, read by boot loaders' own readers and by ours: an hour
	@test -e $(LOADERS)/build.ninja || $(MESON) setup $(LOADERS) >/dev/null
	@$(NINJA) -C $(LOADERS) --quiet src/cli/rapidreboot/rapidreboot tests/oracle/grub-eval
	@tests/oracle/grub/run.py $(LOADERS)/tests/oracle/grub-eval --suite bookworm
	@tests/oracle/grub/run.py $(LOADERS)/tests/oracle/grub-eval --suite sid
	@tests/oracle/grub/mkconfig.py $(LOADERS)/tests/oracle/grub-eval
	@tests/oracle/legacy.py $(LOADERS)/src/cli/rapidreboot/rapidreboot --files 150
	@python3 tests/oracle/syslinux.py $(LOADERS)/src/cli/rapidreboot/rapidreboot --files 300
	@python3 tests/oracle/bootctl.py $(LOADERS)/src/cli/rapidreboot/rapidreboot --trees 200
	@tests/oracle/uboot.py $(LOADERS)/src/cli/rapidreboot/rapidreboot --files 120
	@python3 tests/oracle/kdump.py $(LOADERS)/src/cli/rapidreboot/rapidreboot --files 300

bench: deps all ## count instructions of load and blackout, beside kexec-tools
	@bench/run.py --full --targets
	@bench/page.py

fuzz: deps ## run every fuzzer for FUZZ_SECONDS (60), or one: make fuzz TARGET=bzimage
	@tools/fuzz.py --seconds $(FUZZ_SECONDS) $(TARGET)

format: ## rewrite the sources with clang-format
	@tools/tree.py c | xargs clang-format -i

deps: ## install what building and testing needs (root)
	@tools/install-deps all

deps-build:
	@tools/install-deps build

deps-deb:
	@tools/install-deps deb

clean: ## remove build/
	rm -rf $(BUILD)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
