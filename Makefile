# SPDX-License-Identifier: GPL-2.0-or-later
# The one Makefile. B is the build directory; everything made or fetched lands there.
#   make run    boot the default guest to a shell      make check  all tests
#   make fuzz   the fuzzers, in B/fuzz                 make coverage  what tests and guests run of the core
#   make bench  speed: Linux, and the translator       make lint   format, headers, include law
#   make guest-linux  a Linux that knows Ring1         make guest-disk  a disk with a small Debian
#   make SAN=1  `ring1 run --on process' with sanitizers, in build/san
#   make install PREFIX=/usr/local DESTDIR=            make deb    a Debian package in B
B ?= build$(SAN:1=/san)$(COV:1=/cov)
Q = @
CC = gcc
NASM = nasm
WARN = -Wall -Wextra -Wshadow -Wundef -Wmissing-prototypes -Wstrict-prototypes -Werror
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=undefined
HOST_CFLAGS = -std=gnu11 -O1 -g $(WARN) -I. -MMD -MP $(SANITIZE)
TOOL_CFLAGS = -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP
PC_CFLAGS = -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP -ffreestanding -fbuiltin -fpie -mcmodel=small -fvisibility=hidden \
	-mgeneral-regs-only -mno-red-zone -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none
# Inlined across files: an emulated host looks up the code behind each return and each call into another page.
PC_LTO = -flto

CORE = $(wildcard monitor/*.c monitor/interp/*.c monitor/gdb/*.c bt/*.c bt/decode/*.c shadow/*.c devices/*.c)
PC = $(wildcard monitor/pc/*.c)
PC_ASM = $(filter-out monitor/pc/boot32.asm, $(wildcard monitor/pc/*.asm))
LOADER = $(wildcard loader/*.c loader/patch/*.c tools/lab/*.c tools/lab/*/*.c)
UNIT = $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/test_*.c))

# With SAN=1 the machine checks itself inline: what the sanitizers' library does uses vector registers, which are
# the guest's. It is called to report, which is the end.
ifdef SAN
TOOL_CFLAGS += $(SANITIZE)
PROCESS_SAN = $(SANITIZE) -fno-omit-frame-pointer --param=asan-instrumentation-with-call-threshold=1000000000 \
	--param=asan-use-after-return=0 --param=use-after-scope-direct-emission-threshold=1000000000
PROCESS_WRAP = --wrap=memcpy --wrap=memmove --wrap=memset
RUN_ON = --on process
endif
# With COV=1 the core counts what is run of it; inlined functions count once, not at each caller.
ifdef COV
SANITIZE = --coverage
COUNTED = -O0 -Dalways_inline=unused
HOST_CFLAGS += $(COUNTED)
PROCESS_SAN = --coverage $(COUNTED)
PROCESS_WRAP = --wrap=host_exit
endif
GUEST = $(patsubst %/cov,%,$(B:%/san=%))/guest

.PHONY: all deps guest guest-disk guest-linux run san coverage check check-full bench bench-native bench-process bench-profile lint read clean unit programs fuzz install uninstall deb
.SECONDARY:
all: deps $(if $(SAN),,$(B)/ring1.elf) $(B)/ring1

deps: $(B)/.deps
$(B)/.deps: tools/deps.sh
	@mkdir -p $(B)
	@sh tools/deps.sh && touch $@

# ---- the monitor for the bare PC
$(B)/pc/%.o: %.c Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(PC_CFLAGS) $(PC_LTO) -c -o $@ $<
$(B)/pc/%.asm.o: %.asm $(B)/pc/offsets.inc Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  NASM $<"
	$(Q)$(NASM) -f elf64 -g -F dwarf -I. -I$(B)/pc/ -o $@ $<
# Struct offsets for NASM, generated from the headers.
$(B)/%/offsets.inc: monitor/%/offsets.h monitor/vcpu.h monitor/host.h monitor/layout.h Makefile | $(B)/.deps
	@mkdir -p $(@D)
	$(Q)$(CC) $(filter-out -MMD -MP,$(PC_CFLAGS)) -x c -S -o - $< | sed -n 's/^.*->\([A-Za-z0-9_]*\) [$$]*\([-0-9]*\).*/%define \1 \2/p' > $@
# gcc would make calls to themselves of these.
$(B)/pc/monitor/mem.o: PC_CFLAGS += -fno-builtin
$(B)/pc/monitor/mem.o: PC_LTO =
PC_OBJ = $(PC:%.c=$(B)/pc/%.o) $(CORE:%.c=$(B)/pc/%.o) $(PC_ASM:%.asm=$(B)/pc/%.asm.o)
$(B)/pc/monitor64.elf: $(PC_OBJ) monitor/pc/monitor.ld
	@echo "  LD   $@"
	$(Q)$(CC) $(filter-out -MMD -MP,$(PC_CFLAGS)) $(PC_LTO) -flto-partition=one -nostdlib -pie -Wl,-no-pie,-static,--no-relax,--build-id=none,-z,noexecstack,-z,max-page-size=4096,-T,monitor/pc/monitor.ld -o $@ $(PC_OBJ)
$(B)/pc/monitor64.bin: $(B)/pc/monitor64.elf
	$(Q)objcopy -O binary $< $@
$(B)/ring1.elf: monitor/pc/boot32.asm $(B)/pc/monitor64.bin monitor/pc/boot32.ld
	$(Q)$(NASM) -f elf32 -I$(B)/pc/ -o $(B)/pc/boot32.o $<
	@echo "  LD   $@"
	$(Q)ld -m elf_i386 -nostdlib -z noexecstack -T monitor/pc/boot32.ld -o $@ $(B)/pc/boot32.o

# ---- the monitor for a Linux process: one object with one name to be seen from outside
PROCESS = $(wildcard monitor/process/*.c) $(if $(SAN),monitor/process/san/mem.c) $(if $(COV),monitor/process/cov/exit.c)
PROCESS_ASM = $(wildcard monitor/process/*.asm)
PROCESS_CFLAGS = $(PC_CFLAGS) $(PROCESS_SAN)
$(B)/process/%.o: %.c Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC   $< (process)"
	$(Q)$(CC) $(PROCESS_CFLAGS) -c -o $@ $<
$(B)/process/%.asm.o: %.asm $(B)/process/offsets.inc Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  NASM $<"
	$(Q)$(NASM) -f elf64 -g -F dwarf -I. -I$(B)/process/ -o $@ $<
$(B)/process/monitor/mem.o: PROCESS_CFLAGS += -fno-builtin
PROCESS_OBJ = $(PROCESS:%.c=$(B)/process/%.o) $(CORE:%.c=$(B)/process/%.o) $(PROCESS_ASM:%.asm=$(B)/process/%.asm.o)
$(B)/process/machine.o: $(PROCESS_OBJ)
	@echo "  LD   $@"
	$(Q)ld -r $(PROCESS_WRAP) -o $@ $^
	$(Q)objcopy --keep-global-symbol=process_run --keep-global-symbol=process_try $@

# ---- the loader, a host program
$(B)/tool/%.o: %.c Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(TOOL_CFLAGS) -c -o $@ $<
# The decoder counts instructions for `ring1 inspect`, and the laboratory shows what the translator makes.
LOADER_CORE = $(wildcard bt/decode/*.c bt/*.c) $(patsubst %,monitor/%.c,log pool trace vcpu vm)
LOADER_LIBS = -lelf -lutil -lz -llzma -lzstd -llz4 -ljansson -lZydis -lm
# The probe of `ring1 lab hole', and the object that holds it.
HOLE = tools/lab/hole
$(B)/lab/probe.bin: $(wildcard $(HOLE)/probe.asm $(HOLE)/probe/*.inc) tests/guests/lib/start.inc Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  NASM $<"
	$(Q)$(NASM) -f bin -w+all -Itests/guests/ -I$(HOLE)/ -o $@ $<
$(B)/lab/data.o: $(HOLE)/data.asm $(B)/lab/probe.bin $(HOLE)/page.css $(HOLE)/page.js
	$(Q)$(NASM) -f elf64 -DPROBE='"$(B)/lab/probe.bin"' -o $@ $<
$(B)/ring1: $(LOADER:%.c=$(B)/tool/%.o) $(LOADER_CORE:%.c=$(B)/tool/%.o) $(B)/process/machine.o $(B)/lab/data.o \
	$(if $(SAN),$(B)/tool/monitor/process/san/options.o)
	@echo "  LD   $@"
	$(Q)$(CC) $(if $(SAN)$(COV),$(SANITIZE)) -o $@ $^ $(LOADER_LIBS)

# ---- unit tests: each links what it needs of the core, built for the host
$(B)/host/%.o: %.c Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC   $< (host)"
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<
HOST_OBJ = $(filter-out $(B)/host/monitor/mem.o,$(CORE:%.c=$(B)/host/%.o)) $(filter-out $(B)/host/loader/main.o,$(LOADER:%.c=$(B)/host/%.o))
$(B)/host/core.a: $(HOST_OBJ) $(B)/process/machine.o $(B)/lab/data.o
	@rm -f $@
	@ar rcs $@ $^
FAKES = fake_host fake_io fake_fpu
$(B)/unit/%: $(B)/host/tests/unit/%.o $(FAKES:%=$(B)/host/tests/unit/%.o) $(B)/host/core.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -lcmocka $(LOADER_LIBS) $(LIBS_$(notdir $@))
# The memory of the process host stands in the fake host's place.
PROCESS_MEMORY = $(patsubst %,$(B)/host/monitor/process/%.o,confine frames pane room table window)
$(B)/unit/test_process_%: $(B)/host/tests/unit/test_process_%.o $(B)/host/tests/unit/process_world.o $(PROCESS_MEMORY) $(B)/host/core.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -lcmocka
# The PC's driver of a network card gives what the fake host would.
$(B)/unit/test_pc_%: $(B)/host/tests/unit/test_pc_%.o $(B)/host/tests/unit/fake_host.o $(patsubst %,$(B)/host/monitor/pc/%.o,vnet vq) $(B)/host/core.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -lcmocka
# The laboratory brings a host of its own.
$(B)/unit/test_lab_%: $(B)/host/tests/unit/test_lab_%.o $(B)/host/core.a
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -lcmocka $(LOADER_LIBS)
LIBS_test_decode_oracle = -lZydis
LIBS_test_decode_binutils = -lopcodes -lbfd
LIBS_test_emit = -lZydis
# The translator's tests share a guest, a way to run its blocks natively, and random instructions.
BT_TESTS = adapt cache chain ident image lockdiff lockstep lookup note rewrite slot stale tidy unwind
$(BT_TESTS:%=$(B)/unit/test_%): $(patsubst %,$(B)/host/tests/unit/bt_%.o,confined gen program run world)
$(foreach t,$(BT_TESTS),$(eval LIBS_test_$t = $$(B)/host/core.a -lZydis))
unit: $(UNIT:%=$(B)/unit/%)

# ---- random programs: the generator, and the guest that runs them
$(B)/programs/layout.inc: tests/programs/layout.h Makefile
	@mkdir -p $(@D)
	$(Q)sed -n 's/^#define \([A-Z0-9_]*\)  *\([0-9a-fx]*\).*/%define \1 \2/p' $< >$@
$(B)/programs/runtime.bin: $(wildcard tests/programs/*.asm tests/programs/*.inc) tests/guests/lib/start.inc $(B)/programs/layout.inc
	@echo "  NASM $<"
	$(Q)$(NASM) -f bin -w+all -I$(@D)/ -Itests/guests/ -Itests/programs/ -o $@ tests/programs/runtime.asm
$(B)/host/tests/programs/%.o: HOST_CFLAGS += -D_GNU_SOURCE
$(B)/programs/programs: $(patsubst %.c,$(B)/host/%.o,$(wildcard tests/programs/*.c))
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(SANITIZE) -o $@ $^ -lZydis
programs: $(B)/programs/programs $(B)/programs/runtime.bin

# ---- fuzzers: each is one file and the core, built by clang for its libFuzzer
FUZZ = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))
FUZZ_CFLAGS = -std=gnu11 -O2 -g $(WARN) -Wno-string-plus-int -Wno-string-concatenation -I. -MMD -MP $(SANITIZE) -fsanitize=fuzzer-no-link
FUZZ_OBJ = $(patsubst %.c,$(B)/fuzz/obj/%.o,$(filter-out monitor/mem.c,$(CORE)) $(filter-out %/main.c tools/lab/%,$(LOADER)) \
	$(wildcard tools/lab/profile/symbols*.c tools/lab/profile/kallsyms.c) \
	$(patsubst %,tests/unit/%.c,bt_confined bt_world $(FAKES)))
$(B)/fuzz/obj/%.o: %.c Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC   $< (fuzz)"
	$(Q)clang $(FUZZ_CFLAGS) -c -o $@ $<
# Its loop over 64 Ki entries is most of the time of a flush, and has nothing to compare for the fuzzer.
$(B)/fuzz/obj/bt/lookup.o: FUZZ_CFLAGS += -fno-sanitize-coverage=trace-cmp
$(B)/fuzz/core.a: $(FUZZ_OBJ) $(B)/process/machine.o
	@rm -f $@
	@ar rcs $@ $^
$(B)/fuzz/%: $(B)/fuzz/obj/tests/fuzz/%.o $(B)/fuzz/core.a
	@echo "  LD   $@"
	$(Q)clang $(SANITIZE) -fsanitize=fuzzer -o $@ $^ -lZydis $(LOADER_LIBS)
fuzz: $(FUZZ:%=$(B)/fuzz/%)

# ---- benchmarks. The translator's: 32-bit programs in one flat image; who runs it is built without sanitizers
GUEST32_CFLAGS = -std=gnu11 $(WARN) -I. -m32 -march=i686 -mtune=generic -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none
$(B)/bench/calls.c: tests/bench/native/gen-calls.sh
	@mkdir -p $(@D)
	$(Q)sh $< >$@
$(B)/bench/calls.o: $(B)/bench/calls.c Makefile
	@echo "  CC   $< (4000 functions, takes a while)"
	$(Q)$(CC) $(GUEST32_CFLAGS) -O1 -c -o $@ $<
$(B)/bench/programs.o: tests/bench/native/programs.c tests/bench/native/programs.h Makefile | $(B)/.deps
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST32_CFLAGS) -O2 -c -o $@ $<
$(B)/bench/programs.bin: tests/bench/native/programs.ld $(B)/bench/programs.o $(B)/bench/calls.o
	@echo "  LD   $@"
	$(Q)ld -m elf_i386 -nostdlib --no-warn-rwx-segments -T $^ -o $(@:.bin=.elf)
	$(Q)objcopy -O binary $(@:.bin=.elf) $@
$(B)/bench/image.o: tests/bench/native/image.asm $(B)/bench/programs.bin
	$(Q)$(NASM) -f elf64 -DIMAGE='"$(B)/bench/programs.bin"' -o $@ $<
$(B)/unit/test_image: $(B)/host/tests/unit/bt_image.o $(B)/bench/image.o
# Programs that run in the guest.
$(B)/bench/ring1-bench: $(patsubst %,tests/bench/guest/%.c,main start print loops calls process memory)
$(B)/bench/ring1-tiny: tests/bench/guest/tiny.c
$(B)/bench/ring1-compute: $(patsubst %,tests/bench/%.c,compute/main compute/work guest/start guest/print native/programs) $(B)/bench/calls.o \
	tests/bench/compute/work.h tests/bench/native/programs.h
$(B)/bench/ring1-soak: $(patsubst %,tests/soak/%.c,main work storm registers) $(patsubst %,tests/bench/guest/%.c,start print) tests/soak/soak.h
$(B)/bench/ring1-jit: $(patsubst %,tests/jit/%.c,main emit memory rewrite map process) $(patsubst %,tests/bench/guest/%.c,start print) tests/jit/jit.h
$(B)/bench/ring1-%: tests/bench/guest/sys.h Makefile | $(B)/.deps
	@mkdir -p $(@D)
	@echo "  CC   $@"
	$(Q)$(CC) $(GUEST32_CFLAGS) -O2 -msse2 -mfpmath=sse -no-pie -static -nostdlib -o $@ $(filter %.c %.o,$^)
NATIVE = tests/bench/native/main.c $(patsubst %,tests/unit/bt_%.c,image run world) $(FAKES:%=tests/unit/%.c) \
	$(filter-out monitor/mem.c,$(CORE))
$(B)/bench/native: $(NATIVE:%.c=$(B)/tool/%.o) $(B)/bench/image.o
	@echo "  LD   $@"
	$(Q)$(CC) -o $@ $^ -lm

# ---- what people type
# What `make check' needs of the sanitized build.
san: | $(B)/.deps
	@$(MAKE) --no-print-directory SAN=1 B=$(B)/san $(B)/san/ring1
# Line and branch coverage; WHAT=REGEX names the lines of such files that nothing runs.
coverage: guest | $(B)/.deps
	@$(MAKE) --no-print-directory COV=1 B=$(B)/cov unit $(B)/cov/ring1
	@bash tools/coverage.sh $(B) $(WHAT)
$(GUEST)/initrd.img: tools/guest.sh tools/guest-init.sh tests/guest-script.sh | $(B)/.deps
	@sh tools/guest.sh $(GUEST)
$(GUEST)/vmlinux: tools/vmlinux.sh $(GUEST)/initrd.img
	@sh tools/vmlinux.sh $(GUEST)/vmlinuz $@
$(GUEST)/tcc/ld-linux.so.2: | $(GUEST)/initrd.img
	@sh tools/guest.sh $(GUEST) tcc
$(GUEST)/modules.img: tools/guest.sh | $(GUEST)/initrd.img
	@sh tools/guest.sh $(GUEST) modules
$(GUEST)/uml/linux.uml: | $(GUEST)/tcc/ld-linux.so.2
	@sh tools/guest.sh $(GUEST) uml
$(GUEST)/selftests/from: | $(GUEST)/initrd.img
	@sh tools/guest.sh $(GUEST) selftests
$(GUEST)/selftests/built: tools/selftests.sh $(GUEST)/selftests/from
	@echo "  CC   $(@D)/bin (Linux's x86 tests)"
	@sh tools/selftests.sh $(@D)
guest: $(GUEST)/initrd.img
# A disk with a small Debian, to boot from and to keep; SIZE=4G: of another size. The one that tests copy is never written to.
DISK_FILES = tools/guest-disk.sh $(wildcard tools/guest-disk/*)
DISK_TOOLS = mmdebstrap arch-test fakeroot $(if $(filter-out 0,$(shell id -u)),uidmap)
guest-disk: guest
	@sh tools/deps.sh $(DISK_TOOLS)
	@sh tools/guest-disk.sh $(GUEST)
$(GUEST)/debian.img: $(DISK_FILES) | $(GUEST)/initrd.img
	@sh tools/deps.sh $(DISK_TOOLS)
	@sh tools/guest-disk.sh $(GUEST) pristine
# The kernel that knows Ring1, made from Debian's source and guest-patches/; PAE=1: with PAE.
guest-linux: guest
	@sh tools/deps.sh flex bison bc patch
	@sh tools/guest-linux.sh $(GUEST) $(PAE:1=pae)

run: all guest
	@$(B)/ring1 run $(RUN_ON) --initrd $(GUEST)/initrd.img --append "$(APPEND)" $(GUEST)/vmlinuz
APPEND ?= console=ttyS0

CHECK = all unit programs fuzz san guest $(GUEST)/vmlinux $(GUEST)/tcc/ld-linux.so.2 $(GUEST)/selftests/built $(GUEST)/modules.img $(GUEST)/debian.img $(B)/bench/ring1-soak $(B)/bench/ring1-jit \
	$(B)/bench/calls.c
check: $(CHECK)
	@bash tests/check.sh $(B)
check-full: $(CHECK)
	@$(MAKE) --no-print-directory guest-linux
	@$(MAKE) --no-print-directory guest-linux PAE=1
	@bash tests/check.sh $(B) full

BENCH = $(patsubst %,$(B)/bench/ring1-%,bench tiny compute) $(GUEST)/tcc/ld-linux.so.2 $(GUEST)/uml/linux.uml
bench: all guest bench-native $(BENCH)
	@bash tests/bench.sh $(B) $(RUNS)
	@bash tests/bench-process.sh $(B) $(RUNS)
bench-process: all guest $(BENCH)
	@bash tests/bench-process.sh $(B) $(RUNS)
bench-profile: all guest
	@bash tests/bench-profile.sh $(B) $(RUNS)
bench-native: $(B)/bench/native
	@$(B)/bench/native
RUNS ?= 3

# ---- installing
PREFIX ?= /usr/local
install: all
	@sh tools/install.sh $(B) "$(DESTDIR)$(PREFIX)"
uninstall:
	@sh tools/install.sh $(B) "$(DESTDIR)$(PREFIX)" remove
deb: all
	@sh tools/deb.sh $(B)

# Format, headers that stand alone, the include law, lengths, cppcheck; the tree in reading order.
lint: | $(B)/.deps
	@bash tools/lint.sh $(B)
read:
	@sh tools/read.sh

clean:
	rm -rf $(B)

-include $(filter-out $(B)/guest/%, $(wildcard $(B)/*/*.d $(B)/*/*/*.d $(B)/*/*/*/*.d $(B)/*/*/*/*/*.d))
