#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tools/selftests.sh DIR: builds the 32-bit programs of Linux's own x86 tests, whose sources and C library
# `tools/guest.sh GUEST selftests` has put into DIR, to DIR/bin/. Every program that the tests' Makefile lists for 32 bits
# has a row below: how it is linked, or why it is left out. A program without a row, as a newer Linux may bring,
# and a row without a program are errors. tests/selftests.sh runs them.
set -eu

[ $# -eq 1 ] || { echo "usage: tools/selftests.sh DIR   (builds DIR/bin/)" >&2; exit 2; }
dir=$(CDPATH='' cd -- "$1" && pwd)
src=$dir/linux/tools/testing/selftests/x86
gcc=$dir/root/usr/lib/gcc/i686-linux-gnu/$(gcc -dumpversion)

die() { echo "selftests: $*" >&2; exit 1; }

# NAME | what it is linked of and how, as the Makefile has it. Two programs ask the dynamic linker for the vDSO.
programs() {
    cat <<-'EOT'
	check_initial_reg_state | -static -Wl,-ereal_start
	fsgsbase_restore        | -static
	ioperm                  | -static
	iopl                    | -static
	ldt_gdt                 | -static
	mov_ss_trap             | -static
	ptrace_syscall          | -static raw_syscall_helper_32.S
	sigaltstack             | -static
	sigreturn               | -static
	sigtrap_loop            | -static
	single_step_syscall     | -static
	syscall_arg_fault       | -static
	syscall_nt              | -static
	sysret_ss_attrs         | -static
	test_FCMOV              | -static
	test_FCOMI              | -static
	test_FISTTP             | -static
	test_mremap_vdso        | -static
	test_syscall_vdso       | -static thunks_32.S
	test_vsyscall           |
	unwind_vdso             | -static
	vdso_restorer           |
	EOT
}

# NAME | why not
left_out() {
    cat <<-'EOT'
	entry_from_vm86         | Debian's kernels are built without vm86(2): all of its cases are skipped
	EOT
}

# The 32-bit lists of the tests' Makefile; a backslash goes on with the next line.
listed() {
    awk '/^TARGETS_C_(BOTHBITS|32BIT_ONLY|32BIT_NEEDED) *:=/ { on = 1; sub(/^[^=]*=/, "") }
        on { more = /\\$/; sub(/\\$/, ""); for (i = 1; i <= NF; i++) print $i; on = more }' "$src/Makefile" | sort
}

build() { # NAME ARGS...
    name=$1
    shift
    gcc -m32 --sysroot="$dir/root" -B"$gcc" -L"$gcc" -O2 -std=gnu99 -pthread -w -no-pie -s -DCAN_BUILD_32 \
        -o "$dir/bin.new/$name" "$name.c" "$@" -lrt -ldl -lm || die "$name does not build"
}

rows=$({ programs && left_out; } | sed 's/ *|.*//' | sort)
[ "$rows" = "$(listed)" ] ||
    die "the rows in tools/selftests.sh are not what $src/Makefile lists for 32 bits: $(listed | tr '\n' ' ')"
rm -rf -- "$dir/bin.new"
mkdir "$dir/bin.new"
cd "$src"
programs | while IFS='|' read -r name how; do
    # shellcheck disable=SC2086  # one word an argument
    build $name $how </dev/null
done
rm -rf -- "${dir:?}/bin"
mv "$dir/bin.new" "$dir/bin"
touch "$dir/built"
