# SPDX-License-Identifier: GPL-2.0-only
# assay: `make run` from nothing to a table of results; `make test`; `make help` lists the rest.

VERSION := 0.1
PREFIX ?= /usr/local
BUILD ?= build
V ?= 0
CC = gcc
CLANG ?= clang
LLVM_OBJDUMP ?= llvm-objdump
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iharness -I. \
	-DASSAY_VERSION='"$(VERSION)"' $(CFLAGS)
# The prefix map: an object is the same whatever folder it is built in, as is its hash.
BPF_CFLAGS := -target bpf -mcpu=v3 -O2 -g -Wall -Werror -D__TARGET_ARCH_x86 -Ibpf \
	-ffile-prefix-map=$(CURDIR)=. \
	-I/usr/include/$(shell uname -m)-linux-gnu

ifeq ($(V),1)
  Q :=
  say :=
else
  Q := @
  say = @printf '  %-7s %s\n' $(1) '$(2)';
  MAKEFLAGS += --no-print-directory
endif

# The real work is done in a second make, once the tools are there; it uses all CPUs unless -j says
# otherwise.
parallel = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
again = $(MAKE) --no-print-directory $(parallel)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all binaries deps run catalogue regress study test unit install clean distclean help

# --- sources --------------------------------------------------------------------------------

host_modules  := base model wire store diff study cli
guest_modules := guest
modules       := $(host_modules) $(guest_modules)
module_srcs    = $(wildcard harness/$(1)/*.c)
vm_srcs       := $(wildcard vm/*.c)
objs           = $(patsubst %.c,$(BUILD)/%.o,$(1))

experiments   := $(patsubst experiments/%/,%,$(sort $(wildcard experiments/*/)))
# Those that have a BPF object: others generate their programs, or run on the host.
with_objects  := $(foreach e,$(experiments),$(if $(wildcard experiments/$e/$e.bpf.c),$e))
selftests     := $(patsubst tests/experiments/%/,%,$(sort $(wildcard tests/experiments/*/)))
unit_tests    := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
test_objects  := $(sort $(wildcard tests/objects/*.bpf.c))
# The longest last.
vm_tests      := $(filter-out test_matrix,$(patsubst tests/vm/%.c,%,$(sort $(wildcard tests/vm/test_*.c)))) test_matrix

HOST_LIBS  := -ljansson -lsqlite3 -linih -ldw -lelf -lz -lcrypto -lm
# The loader sees every BPF_PROG_LOAD that libbpf makes: see harness/guest/load.c.
GUEST_LIBS := -Wl,--wrap=bpf_prog_load -lbpf -lelf -lz -ljansson -lm

host_archives  := $(foreach m,cli study diff store,$(BUILD)/lib$(m).a) $(BUILD)/libvm.a \
	$(foreach m,wire model base,$(BUILD)/lib$(m).a)
guest_archives := $(BUILD)/libguest.a $(foreach m,wire model base,$(BUILD)/lib$(m).a)

all: deps
	+@$(again) binaries

binaries: $(BUILD)/assay $(BUILD)/assay-guest $(BUILD)/objects/versions.json \
	$(foreach e,$(with_objects),$(BUILD)/objects/$e.dis)
	@:

# Installs what is missing; quick and silent when nothing is.
deps:
	@./harness/setup.sh

# --- programs -------------------------------------------------------------------------------

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define archive_rule
$(BUILD)/lib$(1).a: $(call objs,$(2))
	$$(call say,AR,$$@)rm -f $$@ && ar rcs $$@ $$^
endef
$(foreach m,$(filter-out cli,$(modules)),$(eval $(call archive_rule,$(m),$(call module_srcs,$(m)))))
$(eval $(call archive_rule,cli,$(filter-out harness/cli/main.c,$(call module_srcs,cli))))
$(eval $(call archive_rule,vm,$(vm_srcs)))
# guest/main.c is the program, the rest of guest/ the library
$(BUILD)/libguest.a: $(call objs,$(call module_srcs,guest))

$(BUILD)/assay: $(BUILD)/harness/cli/main.o $(host_archives)
	$(call say,LD,$@)$(CC) $(CFLAGS) -o $@ $^ $(HOST_LIBS)

# An experiment's loader: every .c of its folder $(1) that is no BPF program.
experiment_objs = $(call objs,$(filter-out %.bpf.c,$(wildcard $(1)/*.c)))

# $(1) program, $(2) experiments, $(3) their folder
define guest_rule
$(BUILD)/$(1): $(BUILD)/$(1).registry.o \
	$(foreach e,$(2),$(call experiment_objs,$(3)/$(e))) $(guest_archives)
	$$(call say,LD,$$@)$(CC) $(CFLAGS) -static -o $$@ $$^ $(GUEST_LIBS)
$(BUILD)/$(1).registry.c: $(3) $(foreach e,$(2),$(3)/$(e)) Makefile
	@mkdir -p $$(@D)
	$$(call say,GEN,$$@){ \
	  echo '/* generated from $(3)/ */'; \
	  echo '#include "guest/registry.h"'; \
	  for e in $(2); do echo "extern const struct experiment experiment_$$$${e//-/_};"; done; \
	  echo 'const struct experiment *const experiments[] = {'; \
	  for e in $(2); do echo "	&experiment_$$$${e//-/_},"; done; \
	  echo '	NULL };'; \
	  echo 'const size_t nr_experiments = $(words $(2));'; } > $$@
$(BUILD)/$(1).registry.o: $(BUILD)/$(1).registry.c
	$$(call say,CC,$$@)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $$@ $$<
endef
SHELL := /bin/bash
$(eval $(call guest_rule,assay-guest,$(experiments),experiments))
$(eval $(call guest_rule,assay-guest-test,$(selftests),tests/experiments))

# --- experiments: folder/name.bpf.c -> object -> skeleton, loader ----------------------------

# With other flags it is another object, and hashes of them are kept.
$(BUILD)/%.bpf.o: %.bpf.c Makefile
	@mkdir -p $(@D)
	$(call say,BPF,$@)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MT $@ -MF $(@:.o=.d) -c -o $@ $<

# Further BPF objects of a folder: compiled, no skeleton; a loader takes their bytes by .incbin.
other_bpf = $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(1)/$(notdir $(1)).bpf.c,$(wildcard $(1)/*.bpf.c)))

# $(1) folder/name: skeleton and loader of one experiment; the BPF object is optional
define experiment_rule
ifneq ($(wildcard $(1)/$(notdir $(1)).bpf.c),)
$(BUILD)/$(1)/$(notdir $(1)).skel.h: $(BUILD)/$(1)/$(notdir $(1)).bpf.o
	$$(call say,SKEL,$$@)$(BPFTOOL) gen skeleton $$< name $(subst -,_,$(notdir $(1)))_bpf > $$@
$(call experiment_objs,$(1)): $(BUILD)/$(1)/$(notdir $(1)).skel.h
endif
$(call experiment_objs,$(1)): private ALL_CFLAGS += -I$(BUILD)/$(1)
$(call experiment_objs,$(1)): $(call other_bpf,$(1))
endef
$(foreach e,$(experiments),$(eval $(call experiment_rule,experiments/$(e))))
$(foreach e,$(selftests),$(eval $(call experiment_rule,tests/experiments/$(e))))

# Object and disassembly with source lines, kept for the evidence of a run.
define objects_rule
$(BUILD)/objects/$(1).dis: $(BUILD)/experiments/$(1)/$(1).bpf.o
	@mkdir -p $$(@D)
	$$(call say,DISASM,$$@)cp $$< $(BUILD)/objects/$(1).bpf.o && \
		$(LLVM_OBJDUMP) -d -S -l -r --no-show-raw-insn $$< > $$@ && \
		sed -i 's,^; \(\./\)*,; ,' $$@
endef
$(foreach e,$(with_objects),$(eval $(call objects_rule,$(e))))

# What made the objects, for the record of every run.
first_line = $(shell $(1) 2>/dev/null | head -n 1 | tr -d '"\\')
$(BUILD)/objects/versions.json: $(BUILD)/assay-guest
	@mkdir -p $(@D)
	$(call say,GEN,$@)printf '{"clang": "%s", "bpftool": "%s", "libbpf": "%s", "gcc": "%s"}\n' \
		"$(call first_line,$(CLANG) --version)" "$(call first_line,$(BPFTOOL) version)" \
		"$(call first_line,pkg-config --modversion libbpf)" \
		"$(call first_line,$(CC) --version)" > $@

# --- tests ----------------------------------------------------------------------------------

SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
test_archives := $(host_archives)

$(BUILD)/tests/%: tests/unit/%.c $(test_archives)
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(test_archives) -lcmocka $(HOST_LIBS)
$(BUILD)/tests/%: tests/vm/%.c $(BUILD)/tests/vm/assay.o $(test_archives)
	@mkdir -p $(@D)
	$(call say,TEST,$@)$(CC) $(ALL_CFLAGS) -Itests/vm -MMD -MP -o $@ $< \
		$(BUILD)/tests/vm/assay.o $(test_archives) -lcmocka $(HOST_LIBS)
$(BUILD)/tests/runner: tests/runner.c $(BUILD)/libbase.a
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $^ -lm

.PHONY: unit-binaries both-units test-binaries
unit-binaries: $(foreach t,$(unit_tests),$(BUILD)/tests/$(t))
both-units: unit-binaries $(BUILD)/tests/runner
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/san CFLAGS='-O1 -g $(SAN)' unit-binaries
test-binaries: both-units binaries $(BUILD)/assay-guest-test $(test_objects:%.c=$(BUILD)/%.o) \
	$(foreach t,$(vm_tests),$(BUILD)/tests/$(t))

unit_programs := $(foreach t,$(unit_tests),$(BUILD)/tests/$(t) $(BUILD)/san/tests/$(t))

unit: deps
	+@$(again) both-units
	@ASSAY_VERBOSE=$(V) $(BUILD)/tests/runner $(unit_programs)

test: deps
	+@$(again) test-binaries
	@ASSAY_VERBOSE=$(V) $(BUILD)/tests/runner $(unit_programs) \
		$(foreach t,$(vm_tests),$(BUILD)/tests/$(t))

run: all
	@$(BUILD)/assay $(if $(filter 1,$(V)),-v) run

# Every row of the catalogue on every kernel, and the document of what was seen.
catalogue: all
	@./harness/setup.sh --catalogue
	@$(BUILD)/assay $(if $(filter 1,$(V)),-v) run -k all; ran=$$?; \
	[ $$ran -eq 2 ] || $(BUILD)/assay catalogue -o docs/catalogue.md && exit $$ran

# What changed against results/baseline/, on the kernels that have a file there.
regress: all
	@$(BUILD)/assay $(if $(filter 1,$(V)),-v) regress

# --- the rest -------------------------------------------------------------------------------

install: all
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/assay/objects \
		$(DESTDIR)$(PREFIX)/share/assay/{vm/config,kernel-patches,experiments,harness}
	$(Q)install -m 755 $(BUILD)/assay $(DESTDIR)$(PREFIX)/bin/assay
	$(Q)install -m 755 $(BUILD)/assay-guest $(DESTDIR)$(PREFIX)/lib/assay/assay-guest
	$(Q)install -m 644 $(BUILD)/objects/* $(DESTDIR)$(PREFIX)/lib/assay/objects/
	$(Q)install -m 644 vm/kernels.ini vm/programs.ini vm/tools.ini $(DESTDIR)$(PREFIX)/share/assay/vm/
	$(Q)install -m 644 vm/config/*.config $(DESTDIR)$(PREFIX)/share/assay/vm/config/
	$(Q)cp -R --no-preserve=ownership kernel-patches/. $(DESTDIR)$(PREFIX)/share/assay/kernel-patches/
	@# to be read, and what those that run on the host work on
	$(Q)cp -R --no-preserve=ownership experiments/. $(DESTDIR)$(PREFIX)/share/assay/experiments/
	$(Q)install -m 755 harness/setup.sh $(DESTDIR)$(PREFIX)/share/assay/harness/setup.sh

clean:
	$(Q)rm -rf $(BUILD)

# Also the results of all runs. The cache (kernels, sources) stays: `assay kernel prune` bounds it.
distclean: clean
	$(Q)find results -mindepth 1 -maxdepth 1 ! -name .gitignore ! -name baseline -exec rm -rf {} +

# The override study in full, its document and its pictures. A study that was cut off goes on.
study: all
	@$(BUILD)/assay study override --full; ran=$$?; [ $$ran -le 1 ] || exit $$ran; \
	$(BUILD)/assay study override --report -o docs/override.md && \
	$(BUILD)/assay plot --format svg -o docs/override && exit $$ran

help:
	@echo 'make run                 install what is missing, build, run the experiments on the default kernel'
	@echo 'make catalogue           every row on every kernel; writes docs/catalogue.md'
	@echo 'make regress             all experiments on the kernels that have a baseline, compared with it'
	@echo 'make study               the override study in full; writes docs/override.md and its pictures'
	@echo 'make test                all tests (unit tests also under ASan and UBSan, VM tests)'
	@echo 'make unit                the tests that need no VM'
	@echo 'make                     build/assay and build/assay-guest'
	@echo 'make install PREFIX=DIR  install below DIR (default /usr/local), DESTDIR honoured'
	@echo 'make clean | distclean   remove build/ | also the results'
	@echo 'V=1                      show commands and the kernel build'

-include $(shell [ -d $(BUILD) ] && find $(BUILD) -name '*.d' 2>/dev/null)
