# SPDX-License-Identifier: BSD-2-Clause
# Builds everything into build/. Sources are found by folder: a new .c file needs no line here.

VERSION := 0.1.0
# With SANITIZE=1 under AddressSanitizer and UBSan, in a folder of its own: objects do not mix.
BUILD := build$(if $(SANITIZE),/sanitized)
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

CC ?= gcc
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /usr/local/sbin/bpftool) bpftool)
PREFIX ?= /usr/local
PACKAGES := libbpf libelf zlib libevent yaml-0.1 jansson libmnl libsystemd libpq
ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/; s/ppc64le/powerpc/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CFLAGS ?= -O2 -g
INCLUDES := -Iinclude -Iuserspace -I$(BUILD)/bpf
DEFINES := -D_GNU_SOURCE -DSW_VERSION='"$(VERSION)"'
comma := ,
# gcc's UBSan, shared beside ASan, writes to no log_path, where tests/run looks; clang's are static anyway.
SANITIZERS := $(if $(SANITIZE),-fsanitize=address$(comma)undefined -fno-omit-frame-pointer \
	-fno-sanitize-recover=all $(if $(findstring clang,$(CC)),,-static-libasan -static-libubsan))
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(CFLAGS) $(SANITIZERS) $(INCLUDES) $(DEFINES) \
	$(shell pkg-config --cflags $(PACKAGES))
LDLIBS = $(shell pkg-config --libs $(PACKAGES)) -lm
# clang 14 defaults to -mcpu=v2, which has no atomics that return a value.
BPF_CFLAGS := -std=gnu11 -Wall -Wextra -Wshadow -Werror -O2 -g -target bpf -mcpu=v3 \
	-D__TARGET_ARCH_$(ARCH) -Iinclude -Ibpf $(if $(MULTIARCH),-idirafter /usr/include/$(MULTIARCH))

LIB_DIRS := core config policy kern db
sources = $(sort $(foreach dir,$(1),$(wildcard $(dir)/*.c)))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJS := $(call objects,$(call sources,$(LIB_DIRS:%=userspace/%)))
DAEMON_OBJS := $(call objects,$(call sources,userspace/daemon))
CLI_OBJS := $(call objects,$(call sources,userspace/cli))
STORM_OBJS := $(call objects,$(call sources,tools/storm))
BPF_OBJS := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.bpf.o,$(sort $(wildcard bpf/*.bpf.c)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(sort $(wildcard tests/unit/test_*.c)))
PROGRAMS := $(BUILD)/spillwayd $(BUILD)/spillway $(BUILD)/storm

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all demo test bench bench-quick lint install uninstall clean

all: $(PROGRAMS)

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c Makefile
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $@.d -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

# One linked object, so that all programs share one set of maps and one skeleton.
$(BUILD)/bpf/spillway.linked.o: $(BPF_OBJS)
	$(call say,LINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/spillway.skel.h: $(BUILD)/bpf/spillway.linked.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name spillway_bpf > $@

# Only what loads programs includes the skeleton; it has to exist before the first compile finds that out.
$(LIB_OBJS): | $(BUILD)/bpf/spillway.skel.h

$(BUILD)/obj/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# What the status page is, by .incbin.
$(BUILD)/obj/userspace/daemon/page_template.o: userspace/daemon/page.html

$(BUILD)/libspillway.a: $(LIB_OBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/spillwayd: $(DAEMON_OBJS) $(BUILD)/libspillway.a
$(BUILD)/spillway: $(CLI_OBJS) $(BUILD)/libspillway.a
$(BUILD)/storm: $(STORM_OBJS) $(BUILD)/libspillway.a
# SCRAM's primitives, and the screen of `top`; nothing else needs them.
$(BUILD)/storm: LDLIBS += -lcrypto
$(BUILD)/spillway $(BUILD)/lint/names: LDLIBS += $(shell pkg-config --libs ncurses)
$(PROGRAMS):
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZERS) -o $@ $^ $(LDLIBS)

clean:
	$(Q)rm -rf $(BUILD)

-include $(LIB_OBJS:.o=.d) $(DAEMON_OBJS:.o=.d) $(CLI_OBJS:.o=.d) $(STORM_OBJS:.o=.d) $(BPF_OBJS:=.d)

# --- tests -----------------------------------------------------------------------------------------

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libspillway.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP $< $(BUILD)/libspillway.a -o $@ $(LDLIBS) -lcmocka

-include $(UNIT_TESTS:=.d)

# What the prog tests and the benchmarks share: tests/prog/*.c without a main.
PROG_HELPERS := $(call objects,$(filter-out tests/prog/test_%,$(sort $(wildcard tests/prog/*.c))))
-include $(PROG_HELPERS:.o=.d)

$(BUILD)/tests/prog/%: tests/prog/%.c $(PROG_HELPERS) $(BUILD)/libspillway.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP $< $(PROG_HELPERS) $(BUILD)/libspillway.a -o $@ $(LDLIBS) -lcmocka

PROG_TESTS := $(patsubst tests/prog/%.c,$(BUILD)/tests/prog/%,$(sort $(wildcard tests/prog/test_*.c)))
# They read and write headers where they lie in a frame, as the gate does.
$(PROG_HELPERS) $(PROG_TESTS): private SANITIZERS += $(if $(SANITIZE),-fno-sanitize=alignment)
-include $(PROG_TESTS:=.d)

# Benchmarks: a skeleton of their own, around the gate as it ships.
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/tests/bench/%,$(filter-out %.bpf.c,$(sort $(wildcard tests/bench/*.c))))
BENCH_CFLAGS := -Itests/prog -Itests/bench -Itests/bench/gate -I$(BUILD)/tests/bench
BENCH_GATE_OBJS := $(call objects,$(sort $(wildcard tests/bench/gate/*.c)))
BENCH_OBJS := $(BENCH_GATE_OBJS) $(BUILD)/obj/tests/prog/packet.o

$(BUILD)/tests/bench/bench.bpf.o: tests/bench/bench.bpf.c Makefile
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Itests/bench -MMD -MP -MF $@.d -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@

$(BUILD)/tests/bench/bench.skel.h: $(BUILD)/tests/bench/bench.bpf.o $(BUILD)/bpf/release_tc.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen object $(@D)/bench.linked.o $^
	$(Q)$(BPFTOOL) gen skeleton $(@D)/bench.linked.o name bench_bpf > $@

$(BENCH_GATE_OBJS): INCLUDES += $(BENCH_CFLAGS)
$(BENCH_GATE_OBJS): | $(BUILD)/tests/bench/bench.skel.h

$(BUILD)/tests/bench/%: tests/bench/%.c $(BENCH_OBJS) $(BUILD)/libspillway.a
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) $(BENCH_CFLAGS) -MMD -MP $< $(BENCH_OBJS) $(BUILD)/libspillway.a -o $@ $(LDLIBS)

-include $(BENCHES:=.d) $(BENCH_GATE_OBJS:.o=.d) $(BUILD)/tests/bench/bench.bpf.o.d

# Those that need a world: programs that tests/bench/waiting runs in it.
WORLD_BENCHES := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/world/bench_*.c)))
WORLD_BENCH_OBJS := $(call objects,tests/bench/world/tool.c tests/prog/packet.c)
$(BUILD)/obj/tests/bench/world/tool.o: INCLUDES += $(BENCH_CFLAGS)
-include $(WORLD_BENCHES:=.d) $(WORLD_BENCH_OBJS:.o=.d)

$(BUILD)/tests/bench/world/%: tests/bench/world/%.c $(WORLD_BENCH_OBJS) $(BUILD)/libspillway.a
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(BENCH_CFLAGS) -MMD -MP $< $(WORLD_BENCH_OBJS) $(BUILD)/libspillway.a -o $@ $(LDLIBS)

bench: deps
	$(Q)$(MAKE) --no-print-directory $(BENCHES) $(WORLD_BENCHES) $(PROGRAMS) $(WORLD_HELPERS)
	$(Q)set -e; for bench in verdict_cost queue_cost; do $(SUDO) $(BUILD)/tests/bench/$$bench; done
	$(Q)missed=0; for bench in waiting run adaptive; do \
		$(SUDO) env BUILD=$(BUILD) tests/bench/$$bench || missed=1; done; exit $$missed

# Beside peers only, and in five minutes.
bench-quick: deps
	$(Q)$(MAKE) --no-print-directory $(BENCHES) $(WORLD_BENCHES) $(PROGRAMS) $(WORLD_HELPERS)
	$(Q)$(SUDO) env BUILD=$(BUILD) tests/bench/run --quick

# What the tests' and the demo's client host needs: see tools/world.
WORLD_HELPERS := $(patsubst tools/world/%.c,$(BUILD)/world/%.so,$(filter-out %.bpf.c,$(wildcard tools/world/*.c))) \
	$(patsubst tools/world/%.bpf.c,$(BUILD)/world/%.bpf.o,$(wildcard tools/world/*.bpf.c))

$(BUILD)/world/%.so: tools/world/%.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -Wno-missing-prototypes $(CFLAGS) -D_GNU_SOURCE -shared -fPIC $< -o $@

# A daemon of another version: all as it is, but for the layout that its maps are said to have.
$(BUILD)/other-layout/spillwayd: $(DAEMON_OBJS) $(BUILD)/libspillway.a | $(BUILD)/spillway
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -DSW_LAYOUT_VERSION=65535 -o $@ userspace/kern/notes.c \
		userspace/kern/inherit.c userspace/kern/load.c $^ $(LDLIBS)
	$(Q)ln -sf ../spillway $(@D)/spillway

$(BUILD)/world/%.bpf.o: tools/world/%.bpf.c Makefile
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

# Real drivers for tests/e2e/drivers.bats: libpq's asynchronous way, and those of npm, as the lock file says.
DRIVERS := $(BUILD)/drivers/installed $(patsubst tests/e2e/drivers/%.c,$(BUILD)/drivers/%,$(wildcard tests/e2e/drivers/*.c))

$(BUILD)/drivers/installed: $(addprefix tests/e2e/drivers/,package.json package-lock.json .npmrc)
	$(call say,NPM,$(@D))
	$(Q)mkdir -p $(@D)
	$(Q)cp $^ $(@D)
	$(Q)npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error
	$(Q)touch $@

$(BUILD)/drivers/%: tests/e2e/drivers/%.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) $(CFLAGS) -D_GNU_SOURCE $(shell pkg-config --cflags libpq) $< -o $@ \
		$(shell pkg-config --libs libpq)

# Fuzz targets: tests/fuzz/fuzz_X.c with the sources they test, instrumented.
SECONDS ?= 60
FUZZ_TESTS := $(patsubst tests/fuzz/fuzz_%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_LIB := $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(call sources,userspace/core userspace/config) \
	userspace/daemon/control_request.c)
# What a recording is read and replayed by; the target holds cli/replay.c itself.
FUZZ_REPLAY := $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(call sources,userspace/policy) \
	$(patsubst %,userspace/cli/%.c,recording_time recording_read recording_build replay_report replay_json \
	replay_tally field args output table term))
FUZZ_CFLAGS = -std=gnu11 $(WARNINGS) -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -fno-omit-frame-pointer $(INCLUDES) $(DEFINES) $(shell pkg-config --cflags $(PACKAGES))

$(BUILD)/fuzz/obj/%.o: %.c Makefile
	$(call say,FUZZ,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/fuzz/recording: $(FUZZ_REPLAY)
$(FUZZ_TESTS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/fuzz_%.o $(FUZZ_LIB)
	$(call say,LD,$@)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer $^ -o $@ $(shell pkg-config --libs yaml-0.1 jansson libsystemd)

# The gate reads headers where they lie, which BPF permits.
$(patsubst %,$(BUILD)/fuzz/obj/tests/fuzz/fuzz_%.o,packet exchange): FUZZ_CFLAGS += -fno-sanitize=alignment

-include $(FUZZ_LIB:.o=.d) $(FUZZ_REPLAY:.o=.d) $(FUZZ_TESTS:$(BUILD)/fuzz/%=$(BUILD)/fuzz/obj/tests/fuzz/fuzz_%.d)

fuzz: deps
	$(Q)$(MAKE) --no-print-directory $(FUZZ_TESTS)
	$(Q)BUILD=$(BUILD) tests/fuzz/run $(SECONDS)

# Other kernels: Debian's 6.1 and 6.12, booted in qemu.
$(BUILD)/kernels/peer: tests/kernels/peer.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(WARNINGS) -O2 -D_GNU_SOURCE -static $< -o $@

test-kernels: deps
	$(Q)$(MAKE) --no-print-directory $(PROGRAMS) $(WORLD_HELPERS) $(BUILD)/kernels/peer
	$(Q)BUILD=$(BUILD) tests/run kernels

.PHONY: tests deps demo test test-kernels fuzz lint install uninstall package
# The benchmarks as well: what nobody builds does not stay fit to be built.
tests: $(PROGRAMS) $(UNIT_TESTS) $(PROG_TESTS) $(FUZZ_TESTS) $(WORLD_HELPERS) $(BUILD)/kernels/peer \
	$(BUILD)/other-layout/spillwayd $(BENCHES) $(WORLD_BENCHES) $(DRIVERS) $(BUILD)/lint/names

# A machine without the packages cannot even read this file's pkg-config answers: install, start anew.
SUDO := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=CI)
SUITES ?= unit prog model fuzz e2e

deps:
	$(Q)$(if $(SPILLWAY_NO_DEPS),:,tools/deps)

test: deps
	$(Q)$(MAKE) --no-print-directory tests
	$(Q)$(SUDO) env BUILD=$(BUILD) tests/run $(SUITES)

demo: deps
	$(Q)$(MAKE) --no-print-directory $(PROGRAMS) $(WORLD_HELPERS)
	$(Q)$(if $(filter-out 0,$(VM)),,$(SUDO)) env BUILD=$(BUILD) tools/demo/$(if $(filter-out 0,$(VM)),vm $(VM),demo)

# What the manuals have to name, from the programs' own tables.
NAMES_WRAPPED := sw_read_counters sw_read_usage sw_listeners_read
$(BUILD)/lint/names: tools/lint/names.c $(filter-out %/main.o,$(DAEMON_OBJS) $(CLI_OBJS)) $(BUILD)/libspillway.a
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(NAMES_WRAPPED:%=-Wl$(comma)--wrap=%) -o $@ $^ $(LDLIBS)

# The generated skeleton is included, so it has to be there to be looked through.
lint: deps
	$(Q)$(MAKE) --no-print-directory $(if $(BPF_OBJS),$(BUILD)/bpf/spillway.skel.h) $(BUILD)/lint/names
	$(Q)BUILD=$(BUILD) tools/lint/run

# show-NAME prints a variable: how tools/lint learns the flags.
show-%:
	@:$(info $($*))

UNIT := lib/systemd/system/spillwayd.service
# MODE:FILE:PLACE below PREFIX. The configuration's place is /etc, whatever PREFIX is, and one that is there stays.
MAN_PAGES := $(sort $(wildcard userspace/man/*.[1-8]))
INSTALLED := 755:$(BUILD)/spillwayd:sbin/spillwayd 755:$(BUILD)/spillway:bin/spillway 755:$(BUILD)/storm:bin/storm \
	$(foreach page,$(MAN_PAGES),644:$(page):share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
	644:tools/deploy/completion.bash:share/bash-completion/completions/spillway \
	644:tools/deploy/completion.zsh:share/zsh/site-functions/_spillway \
	644:tools/deploy/prometheus/scrape.yml:share/spillway/prometheus/scrape.yml \
	644:tools/deploy/prometheus/alerts.yml:share/spillway/prometheus/alerts.yml \
	644:tools/deploy/grafana/spillway.json:share/spillway/grafana/spillway.json \
	644:tools/deploy/spillwayd.service.in:$(UNIT)

install: $(PROGRAMS)
	$(Q)set -e; for row in $(INSTALLED); do set -- $$(printf '%s' "$$row" | tr : ' '); \
		install -D -m "$$1" "$$2" "$(DESTDIR)$(PREFIX)/$$3"; done
	$(Q)sed -i 's|@PREFIX@|$(PREFIX)|' "$(DESTDIR)$(PREFIX)/$(UNIT)"
	$(Q)[ -e "$(DESTDIR)/etc/spillway/spillway.yaml" ] || \
		install -D -m 644 tools/deploy/spillway.yaml "$(DESTDIR)/etc/spillway/spillway.yaml"

# All but the configuration.
uninstall:
	$(Q)for row in $(INSTALLED); do rm -f "$(DESTDIR)$(PREFIX)/$${row##*:}"; done

# For Debian 12: build/package/spillway_VERSION-1_ARCH.deb.
package: deps
	$(Q)$(MAKE) --no-print-directory $(PROGRAMS)
	$(Q)BUILD=$(BUILD) tools/deploy/package $(VERSION) $(abspath $(BUILD))/package
