#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The loader from outside: tests/loader.sh BUILD. Bad inputs must give one clear line and the right
# exit status; runs with a stand-in for the monitor must end as they should; and after every
# single step no file and no process of it may be left. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3
mkdir "tmp, with blanks"
export TMPDIR="$tmp/tmp, with blanks"
unset RING1_MONITOR

kill_emulator() { processes_in "$TMPDIR" | cut -d/ -f3 | xargs kill -9; }

says=err
# run ARGS: ring1 with nothing to read.
run() {
    timeout 120 "$ring1" "$@" </dev/null >out 2>err
    rc=$?
}
# run_with FOLDER ARGS: the same where no programs but FOLDER's are to be found.
run_with() {
    local folder=$1
    shift
    PATH=$folder /usr/bin/timeout 20 "$ring1" "$@" </dev/null >out 2>err
    rc=$?
}
# words VALUE...: little-endian 32-bit words.
words() {
    for w; do
        # shellcheck disable=SC2059
        printf "$(printf '\\%03o\\%03o\\%03o\\%03o' $((w & 255)) $((w >> 8 & 255)) $((w >> 16 & 255)) $((w >> 24 & 255)))"
    done
}
patch() { # FILE OFFSET: standard input goes there
    dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# A flat multiboot kernel of 4 KiB for 1 MiB; never run, since the fake monitor is.
{ words 0x1badb002 0x10003 $((-(0x1badb002 + 0x10003) & 0xffffffff)) 0x100000 0x100000 0 0 0x100020
  head -c 4064 /dev/zero; } >kernel
head -c 10000 /dev/zero | tr '\0' x >initrd
if ! nasm -f elf32 -o fake.o "$here/loader/fake_monitor.asm" ||
    ! ld -n -m elf_i386 -Ttext 0x200000 -nostdlib -z noexecstack --no-warn-rwx-segments -o fake.elf fake.o; then
    echo "cannot build the fake monitor"
    exit 3
fi

# A bzImage header with nothing wrong but that it is no kernel.
head -c 8192 /dev/zero >bz
words $((2 << 8)) 416 | patch bz 496
printf '\125\252\353\146HdrS\017\002' | patch bz 510
printf '\001' | patch bz 529
words 0x100000 | patch bz 532
words 0x37ffffff 0x1000000 1 2047 | patch bz 556
words 0x1000000 0 0x800000 | patch bz 600

echo "# the command line"
bad "no command" 2 'no command given; write .ring1 run KERNEL'
bad "unknown command" 2 'walk: no such command; .ring1 --help. lists them' walk
bad "no kernel" 2 'no kernel given' run
bad "two kernels" 2 'only one kernel' run kernel kernel
run run --no-such-option kernel
check "unknown option" 2 'unrecognized option' 'ring1 run --help'
run run --memory
check "option without its value" 2 'requires an argument'
for size in 0 -1 -64M 15M 3073M 4G 1T 256MB M '' 1e9 0x100M 99999999999999999999G 18446744073709551632M; do
    bad "--memory '$size'" 2 "--memory $size: .*(16M to 3G|not a memory size)" run --memory "$size" kernel
done
for time in 0 -1 soon 1.5 '' 99999999999; do
    bad "--timeout '$time'" 2 "--timeout $time: not a time" run --timeout "$time" kernel
done
for runs in 0 -1 256 often '' 1x; do
    bad "--repeat '$runs'" 2 "--repeat $runs: not a number of runs" run --repeat "$runs" kernel
done
bad "unknown host" 2 'no such host; it is qemu, bochs or process' run --on kvm kernel
bad "unknown engine" 2 'no such engine; it is auto, interp or translate' run --engine jit kernel
run --help
check "--help" 0 out:'Exit status' out:'Examples' lines:0
run run --help
check "run --help" 0 out:'--memory=SIZE' out:'Ctrl-A x' out:'Exit status' lines:0
run image --help
check "image --help" 0 out:'--output=FILE' out:'--memory=SIZE' out:'Exit status' lines:0
run --version
check "--version" 0 out:'^ring1 [0-9]'

for what in '' x exits, ,exits 'exits,,io' EXITS 'exits io' allx; do
    bad "--trace '$what'" 2 "--trace $what: no .* to trace; it is exits, blocks" run --trace "$what" kernel
done
bad "--perf-map without a process" 2 '--perf-map: only with --on process' run --perf-map kernel
bad "--trace-file alone" 2 'nothing is traced' run --trace-file t kernel

echo "# kernel files"
export RING1_MONITOR=$tmp/fake.elf
bad "missing" 2 'kernel nowhere: cannot open it: No such file' run nowhere
: >empty
bad "empty" 2 'kernel empty: the file is empty' run empty
bad "a directory" 2 'kernel \.: this is a directory' run .
bad "a device" 2 'neither a regular file nor a pipe' run /dev/zero
if [ "$(id -u)" != 0 ]; then
    : >secret
    chmod 0 secret
    bad "unreadable" 2 'Permission denied' run secret
fi
printf x >tiny
bad "one byte" 2 'not a kernel that Ring1 knows' run tiny
bad "text" 2 'this is a script' run "$here/loader.sh"
gzip -c kernel >kernel.gz
bad "gzip" 2 'gunzip first' run kernel.gz
xz -c kernel >kernel.xz
bad "xz" 2 'unxz first' run kernel.xz
bad "an initrd" 2 'cpio archive' run <(printf 0707010000000000000)
bad "a 64-bit program" 2 '64-bit \(x86-64\)' run "$ring1"
bad "an object file" 2 'not an executable at fixed addresses' run fake.o
head -c 40 fake.elf >cut.elf
bad "an ELF header cut short" 2 'ELF header is truncated' run cut.elf
cp fake.o arm.o && printf '\050' | patch arm.o 18
bad "another architecture" 2 'not for 32-bit x86 \(machine 40' run arm.o
printf 'SECTIONS { . = 0x7f000000; .text : { *(.text) *(.bss) } }' >high.ld
ld -n -m elf_i386 -T high.ld --no-warn-rwx-segments -nostdlib -e _start -o high.elf fake.o
bad "segments outside RAM" 2 "not in the guest's 256 MiB of RAM; try a larger --memory" run high.elf
head -c 600 bz >bz1
bad "bzImage header cut short" 2 'header is truncated' run bz1
head -c 1000 bz >bz1
bad "bzImage setup cut short" 2 'ends inside the setup code' run bz1
head -c 8000 bz >bz1
bad "bzImage kernel cut short" 2 'promises 6656 bytes of kernel and the file has 6464' run bz1
cp bz bz1 && printf '\377' | patch bz1 497
bad "bzImage with a wrong setup size" 2 'ends inside the setup code \(255' run bz1
cp bz bz1 && printf '\001\002' | patch bz1 518
bad "bzImage too old" 2 'boot protocol 2.01 is too old' run bz1
cp bz bz1 && printf '\001' | patch bz1 566
bad "bzImage of 64 bits" 2 'this Linux kernel is 64-bit' run bz1
cp bz bz1 && words 0x20000000 | patch bz1 608
bad "bzImage too large for memory" 2 'MiB of guest memory to start and has 256' run bz1
bad "a command line too long" 2 '2048 characters are too many; this kernel takes 2047' \
    run --append "$(head -c 2048 /dev/zero | tr '\0' x)" bz

echo "# initrds"
bad "missing" 2 'initrd nowhere: cannot open' run --initrd nowhere bz
bad "empty" 2 'initrd empty: the file is empty' run --initrd empty bz
bad "a directory" 2 'initrd \.: this is a directory' run --initrd . bz
bad "an endless device" 2 'neither a regular file nor a pipe' run --initrd /dev/zero bz
bad "an endless pipe" 2 "longer than the guest's memory" run --memory 16M --initrd <(exec yes) kernel
mkfifo silent
bad "a silent pipe" 2 'nothing came out of this pipe for 10 seconds' run --initrd silent bz
truncate -s 300M sparse
bad "larger than memory" 2 "longer than the guest's memory; try a larger --memory" run --initrd sparse bz
truncate -s 250M sparse
bad "too large beside the kernel" 2 'do not fit beside the kernel in 256 MiB' run --initrd sparse bz
truncate -s 256M sparse
bad "too large behind a multiboot kernel" 2 'do not fit behind the kernel' run --initrd sparse kernel
rm sparse

echo "# disks"
truncate -s 8K disk disk2
bad "missing" 2 '--disk nowhere: cannot open it: No such file' run --disk nowhere bz
bad "a directory" 2 '--disk \.: this is a directory' run --disk . bz
bad "a directory, read-only" 2 '--disk \.: this is a directory' run --disk .,ro bz
bad "a device that is no disk" 2 'neither a regular file nor a block device' run --disk /dev/zero bz
bad "a pipe" 2 'neither a regular file nor a block device' run --disk silent,ro bz
bad "empty" 2 '--disk empty: the file is empty' run --disk empty bz
bad "no name" 2 'no file is named' run --disk ,ro bz
head -c 1000 /dev/zero >odd
bad "no whole number of sectors" 2 '--disk odd: its 1000 bytes are no whole number of 512-byte sectors' run --disk odd bz
bad "twice the same" 2 '--disk disk: another guest has it' run --disk disk --disk disk,ro bz
bad "nine" 2 'at most 8 disks' run --disk 1 --disk 2 --disk 3 --disk 4 --disk 5 --disk 6 --disk 7 --disk 8 --disk 9 bz
truncate -s 5G huge
bad "too large for the plan" 2 'disks together are larger than 4 GiB; a disk of any size needs another host than Bochs' run --on bochs --disk huge,ro kernel
rm huge
# As somebody who may not write it.
chmod 711 . && chmod 644 disk bz && cp "$ring1" other && chmod 755 other
setpriv --reuid 65534 --regid 65534 --clear-groups "$tmp/other" run --disk "$tmp/disk" "$tmp/bz" </dev/null >out 2>err
rc=$?
check "one that can only be read" 2 "err:it can be read but not written; give --disk $tmp/disk,ro" lines:1 not:.
rm other

echo "# the host's side"
mkdir bin
for tool in bash sh; do ln -s "$(command -v $tool)" bin/; done
run_with "$tmp/bin" run bz
check "no QEMU" 3 'qemu-system-x86_64 is not installed; on Debian: apt install qemu-system-x86' lines:1
run_with "$tmp/bin" run --on bochs bz
check "no Bochs" 3 'bochs is not installed; on Debian: apt install' lines:1
ln -s "$(command -v bochs)" bin/
run_with "$tmp/bin" run --on bochs bz
check "no grub-mkrescue" 3 'grub-mkrescue is not installed; on Debian: apt install grub-common' lines:1
RING1_MONITOR=$tmp/none bad "no monitor" 3 'RING1_MONITOR=.*/none: cannot read' run bz
mkdir alone && cp "$ring1" alone/
unset RING1_MONITOR
ring1=alone/ring1 bad "no monitor beside ring1" 3 'there is no monitor image ring1.elf' run bz
mkdir -p alone/../lib/ring1 && cp fake.elf lib/ring1/ring1.elf
ring1=alone/ring1 run run bz
check "monitor in ../lib/ring1" 0 'guest-off'
cp fake.elf alone/ring1.elf && rm -r lib
ring1=alone/ring1 run run bz
check "monitor beside ring1" 0 'guest-off'
export RING1_MONITOR=$tmp/fake.elf
TMPDIR=$tmp/none run run bz
check "no temporary directory" 3 'cannot make a temporary directory in .*/none' lines:1
bad "console file in no directory" 2 '--console none/file: cannot write it' run --console none/file bz
bad "screen file in no directory" 2 '--screen none/file: cannot write it' run --screen none/file bz
bad "a trace file in no directory" 2 '--trace-file none/file: cannot write it' run --trace io --trace-file none/file bz
bad "a quote left open" 2 'a quote is not closed' run --host-args "-name 'x" bz
run run --host-args '-no-such-option' bz
check "an argument that QEMU refuses" 3 'QEMU ended with status 1 before' 'its errors: .*no-such-option'
RING1_MONITOR=$tmp/tiny run run bz
check "a monitor that is none" 3 'QEMU ended with status 1 before the monitor gave a result'

echo "# images"
bad "image without a kernel" 2 'no kernel given; write .ring1 image KERNEL' image -o x.iso
bad "image without a file" 2 'no file to make was given' image bz
run image -o x.iso --on qemu bz
check "an option of another command" 2 'unrecognized option'
bad "an image of what is no kernel" 2 'kernel tiny: not a kernel' image -o x.iso tiny
bad "an image with an endless initrd" 2 'initrd /dev/zero: this is neither' image -o x.iso --initrd /dev/zero bz
bad "an image into no directory" 2 '--output none/x.iso: cannot write it: No such file' image -o none/x.iso bz
bad "an image over a directory" 2 '--output .*/tmp.*: this is a directory' image -o "$TMPDIR" bz
bad "an image over a device" 2 '--output /dev/null: this is not a regular file' image -o /dev/null bz
bad "an image without a name" 2 '--output : this is no file name' image -o '' bz
bad "an image over its own kernel" 2 '--output \./bz: this is bz itself' image -o ./bz bz
cp initrd old.iso
chmod 640 old.iso
ln -sf old.iso link.iso
mkdir fakes
printf '#!/bin/sh\necho no luck >&2\nexit 1\n' >fakes/grub-mkrescue
chmod +x fakes/grub-mkrescue
PATH=$tmp/fakes:$PATH run image -o old.iso bz
check "grub-mkrescue fails" 3 'grub-mkrescue could not make the boot image' 'its errors: no luck'
cmp -s initrd old.iso
report $? "and the old file is still there"
printf '#!/bin/sh\nexec sleep 20\n' >fakes/grub-mkrescue
(trap - INT QUIT; PATH=$tmp/fakes:$PATH exec "$ring1" image -o old.iso bz </dev/null >out 2>err) &
pid=$!
sleep 0.5
kill -INT $pid
wait $pid 2>/dev/null
rc=$?
check "ended by SIGINT while an image is made" 130 '^ring1: ended: '
cmp -s initrd old.iso && [ -z "$(ls -d old.iso.* 2>/dev/null)" ]
report $? "leaves the old file and nothing else" "$(ls)"
run_with "$tmp/bin" image -o x.iso bz
check "an image without grub-mkrescue" 3 'grub-mkrescue is not installed; on Debian: apt install grub-common' lines:1
run image -o link.iso --append o --initrd initrd bz
check "an image replaces an old file" 0 '^ring1: link.iso: [0-9]+ KiB, boots bz with 256 MiB' lines:1
[ -L link.iso ] && [ "$(stat -c %a old.iso)" = 640 ] && [ "$(dd if=old.iso bs=1 skip=32769 count=5 2>/dev/null)" = CD001 ]
report $? "through a symbolic link, and with its permissions" "$(ls -l)"

echo "# inspect"
bad "inspect without a kernel" 2 'no kernel given; write .ring1 inspect KERNEL' inspect
bad "inspect of a missing file" 2 'kernel nowhere: cannot open it' inspect nowhere
bad "inspect of a directory" 2 'this is a directory' inspect .
bad "inspect of text" 2 'this is a script' inspect "$here/loader.sh"
bad "inspect of one byte" 2 'not a kernel that Ring1 knows' inspect tiny
bad "inspect of a device" 2 'neither a regular file nor a pipe' inspect /dev/zero
run inspect kernel
check "inspect of a multiboot kernel" 0 out:'format +multiboot kernel' out:'entry +0x100020' out:'^  POPF +[0-9]+ +silent' lines:0
run inspect bz
check "inspect of a bzImage without a kernel inside" 0 out:'boot protocol +2.15' out:'starts +yes' out:'not unpacked' lines:0
run inspect --json "$B/guest/vmlinuz"
check "inspect --json of Debian's kernel" 0 out:'"packed_with": "xz"' out:'"boot_protocol": "2\.15"' out:'"physical": 16777216' lines:0
run inspect "$ring1"
check "inspect of a 64-bit program" 0 out:'starts +no' out:'because .*64-bit' lines:0
"$ring1" inspect bz >/dev/full 2>err </dev/null
rc=$?
check "inspect to a full disk" 3 'cannot write to the standard output: No space left' lines:1
# The decoder's counts over Debian's kernel are objdump's.
if [ -s "$B/guest/vmlinux" ]; then
    "$ring1" inspect "$B/guest/vmlinuz" >out 2>err
    objdump -d --no-show-raw-insn "$B/guest/vmlinux" | awk '{ n[$2]++ } END { print n["popf"], n["pushf"], n["cli"] + n["sti"], n["iret"] }' >want
    awk '/^  (POPF|PUSHF|IRET) / { v[$1] = $2 } /^  CLI STI/ { v["CLI"] = $3 } END { print v["POPF"], v["PUSHF"], v["CLI"], v["IRET"] }' out >got
    cmp -s want got
    report $? "the census is objdump's" "$(cat want got)"
fi

echo "# check"
run check
check "check" 0 out:'long mode +(yes|no)' out:'qemu-system-x86_64 +QEMU emulator version [0-9]' out:'bochs +Bochs x86 Emulator [0-9]' \
    out:'ring1 run +yes' out:'ring1 run --on bochs +yes' out:'ring1 run --on process +yes' out:'ring1 image +yes' lines:0
run check --json
check "check --json" 0 out:'"ring1_run": true' lines:0
bad "check of something" 2 'bz: .ring1 check. takes options only' check bz
mkdir empty.d
run_with "$tmp/empty.d" check
check "check where nothing is installed" 0 out:'ring1 run +no: qemu-system-x86_64 is not installed' out:'ring1 image +no: grub' \
    out:'ring1 run --on process +yes' lines:0
RING1_MONITOR=$tmp/none run check
check "check without a monitor" 0 out:'ring1 run +no: the monitor' out:'RING1_MONITOR=.*none: cannot read' \
    out:'ring1 run --on process +yes' lines:0
printf '#!/bin/sh\nexec sleep 20\n' >fakes/qemu-system-x86_64
chmod +x fakes/qemu-system-x86_64
PATH=$tmp/fakes:$PATH run check
check "check with a program that hangs" 0 out:'qemu-system-x86_64 +installed, version unknown' lines:0
rm -r fakes

echo "# runs on QEMU"
run run --append o bz
check "switched off" 0 '^ring1: guest-off: the fake guest switched itself off \(QEMU, 256 MiB, [0-9.]+ s\)$' lines:1
run run --append o kernel
check "a multiboot kernel" 0 'guest-off'
run run --memory 3G --append o --initrd initrd bz
check "3 GiB and an initrd" 0 'guest-off: .*3072 MiB'
run run --append o <(cat bz)
check "a kernel out of a pipe" 0 'guest-off'
run run --append o --initrd <(cat initrd) bz
check "an initrd out of a pipe" 0 'guest-off'
run run --append k bz
check "killed" 5 '^ring1: guest-killed: triple fault' '^  eax 00000001$' 'escape \?\[31m'
run run --append q bz
check "no result" 3 'before the monitor gave a result' 'log: fake monitor: plan accepted'
run run --append b bz
check "a result that is none" 3 'before the monitor gave a result' 'log: ring1-exit: 77'
run run --append s --stats bz
check "statistics" 0 'value +counter +meaning' ' 1234567890  time.total.ns +time from first' 'guest-off: done'
run run --append o --verbose bz
check "the whole log" 0 'log: fake monitor: plan accepted' 'log: ring1-exit: 0'
run run --append j --trace blocks,exits bz
check "--trace" 0 '^trace 1 exits first \?\[31m$' '^trace 22 blocks and again$' '^trace 333 exits last$' lines:2003
run run --append j --trace all --trace-file traces bz
check "--trace-file" 0 'guest-off' lines:1
[ "$(wc -l <traces)" = 2002 ] && [ "$(tail -1 traces)" = 'trace 333 exits last' ]
report $? "has every trace line and no others" "$(wc -l <traces) lines"
run run --append j bz
check "no --trace, no trace lines" 0 'guest-off' lines:1
run run --append h --timeout 1 bz
check "time-out" 6 '^ring1: time-out: the guest still ran after --timeout 1' out:'looping'
run run --append h --timeout 1 --console console bz
cp console out
check "time-out with a console file" 6 'time-out' out:'looping'
run run --append c bz
check "200 KiB of output arrive" 0
[ "$(wc -c <out)" = 204800 ] && [ "$(sort -u out | wc -l)" = 1 ]
report $? "and none of it is damaged" "$(wc -c <out) bytes"
run run --append c --console console bz
[ "$(wc -c <console)" = 204800 ]
report $? "200 KiB in a console file" "$(wc -c <console) bytes"
run run --append o --console /dev/null --host-args '-name "a name with blanks"' bz
check "arguments for QEMU" 0 'guest-off'
[ -c /dev/null ]
report $? "/dev/null is still a device"
timeout 60 "$ring1" run --append o bz <&- >out 2>err
rc=$?
check "without a standard input" 0 'guest-off'
# shellcheck disable=SC2094
{ timeout 60 "$ring1" run --append c bz 2>err </dev/null; echo $? >status; } | head -c 100 >out
rc=$(cat status)
check "a reader that goes away" 3 "cannot write the console's output: Broken pipe"
timeout 60 "$ring1" run --append c bz </dev/null 2>err | { sleep 3; cat; } >out
rc=${PIPESTATUS[0]}
check "a slow reader" 0 'guest-off'
[ "$(wc -c <out)" = 204800 ]
report $? "gets everything" "$(wc -c <out) bytes"

# Waits until a run's output has PATTERN.
wait_for() {
    for _ in $(seq 300); do
        grep -aq "$1" out 2>/dev/null && return 0
        sleep 0.1
    done
    return 1
}

: >out
mkfifo keys
timeout 60 "$ring1" run --append e bz <keys >out 2>err &
pid=$!
exec 9<>keys
wait_for ready
printf 'hello \001x' >&9
wait_for 'hello ' && sleep 0.2
printf q >&9
wait $pid
rc=$?
exec 9>&-
check "input reaches the guest" 0 'guest-off' out:'hello .x'

for sig in INT TERM HUP QUIT; do
    : >out
    # A shell's background processes ignore INT and QUIT; ring1 has its own mind about them.
    (trap - INT QUIT; exec "$ring1" run --append h bz </dev/null >out 2>err) &
    pid=$!
    wait_for looping
    kill -$sig $pid
    wait $pid 2>/dev/null
    rc=$?
    check "ended by SIG$sig" $((128 + $(kill -l $sig))) '^ring1: ended: '
done

: >out
"$ring1" run --append h bz </dev/null >out 2>err &
pid=$!
wait_for looping
kill -9 $pid
wait $pid 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -z "$(processes_in "$TMPDIR")" ] && break
    sleep 0.1
done
[ -z "$(processes_in "$TMPDIR")" ]
report $? "the emulator does not survive ring1's sudden death" "$(processes_in "$TMPDIR")"
rm -rf "$TMPDIR"/ring1.*

echo "# on a terminal"
# keys TEXT...: types each TEXT when the one before has had its effect: first "ready" is awaited.
guest=e
on_terminal() {
    : >out
    { wait_for ready; for k; do printf '%b' "$k"; sleep 0.5; done; sleep 1; } |
        timeout 60 script -qefc "stty -a >before; '$ring1' run --append $guest bz; echo status \$? >status; stty -a >after" out >script.out 2>err
    rc=$(sed -n 's/status //p' status)
    cp out err
}
if command -v script >/dev/null; then
    on_terminal 'abc' '\001h' '\001\001' '\001x'
    check "Ctrl-A x leaves" 0 'left: you typed Ctrl-A x' 'abc' 'Ctrl-A Ctrl-A: send' "$(printf '\001')"
    cmp -s before after
    report $? "the terminal is as before" "$(diff before after)"
    guest=t
    on_terminal '\001t'
    guest=e
    check "Ctrl-A t shows the counters" 0 'guest-off' "^stat run.user 77  entries$(printf '\r')"
    ! grep -q 'run.user 78' err
    report $? "and nothing else of the log" "$(cat err)"
    on_terminal '\003' '\032' 'q'
    check "Ctrl-C and Ctrl-Z go to the guest" 0 'guest-off' "$(printf '\003')" "$(printf '\032')"
    : >out
    { wait_for ready; sleep 0.5; kill_emulator; sleep 1; } |
        timeout 60 script -qefc "stty -a >before; '$ring1' run --append e bz; echo status \$? >status; stty -a >after" out >script.out 2>err
    rc=$(sed -n 's/status //p' status)
    cp out err
    check "an emulator that is killed" 3 'QEMU was killed by signal 9'
    cmp -s before after
    report $? "the terminal is as before then, too" "$(diff before after)"
else
    report 1 "script(1), for tests on a terminal" "it is not installed (Debian package bsdutils)"
fi

echo "# with the real monitor"
toy userattack hostile/
toy spin hostile/
RING1_MONITOR=$B/ring1.elf run run --memory 32M --trace all --trace-file traces userattack.bin
check "--trace all" 0 'guest-off'
missing=
for pattern in 'exits user exception 0d' 'exits tc   gate' 'blocks eip [0-9a-f]{8} instructions [1-9]' 'shadow filled cr2' \
    'io out 03f8 size 1 value' 'inject vector 0d'; do
    grep -qE "^trace [0-9]+ $pattern" traces || missing="$missing /$pattern/"
done
[ -z "$missing" ]
report $? "has lines of each kind that this guest makes" "no$missing"
awk '$2 < last { exit 1 } { last = $2 }' traces
report $? "and time goes forward"
RING1_MONITOR=$B/ring1.elf run run --memory 32M --timeout 2 spin.bin
check "a guest that spins" 6 'time-out' lines:1
if command -v script >/dev/null; then
    { sleep 3; printf '\001t'; sleep 1; printf '\001x'; sleep 1; } |
        RING1_MONITOR=$B/ring1.elf timeout 60 script -qefc "'$ring1' run --memory 32M spin.bin; echo status \$? >status" out >script.out 2>err
    rc=$(sed -n 's/status //p' status)
    cp out err
    check "Ctrl-A t while a guest spins" 0 '^stat time.total.ns +[0-9]+ ' '^stat run.tc' 'left: you typed'
fi

echo "# runs on Bochs"
bad "more memory than Bochs has" 2 "at most 2048 MiB, .* ask for at most 19[0-9]{2}M" run --on bochs --memory 2G bz
run run --on bochs --append k --initrd initrd --timeout 100 bz
check "killed" 5 '^ring1: guest-killed: triple fault' '^  eax 00000001$'
: >out
timeout 100 "$ring1" run --on bochs --append e bz <keys >out 2>err &
pid=$!
exec 9<>keys
wait_for ready
printf 'hello ' >&9
wait_for 'hello '
printf q >&9
wait $pid
rc=$?
exec 9>&-
check "input and output" 0 'guest-off: .*Bochs' out:'^ready' out:'hello '
run run --on bochs --append j --trace blocks,exits bz
check "--trace" 0 '^trace 1 exits first' '^trace 333 exits last$' 'guest-off: .*Bochs'
if command -v script >/dev/null; then
    : >out
    { wait_for ready; printf '\001t'; sleep 2; } |
        timeout 100 script -qefc "'$ring1' run --on bochs --append t bz; echo status \$? >status" out >script.out 2>err
    rc=$(sed -n 's/status //p' status)
    cp out err
    check "Ctrl-A t" 0 '^stat run.user 77  entries' 'guest-off: .*Bochs'
fi
run run --on bochs --append h --timeout 1 bz
check "time-out" 6 'time-out'
: >out
(trap - INT QUIT; exec "$ring1" run --on bochs --append h bz </dev/null >out 2>err) &
pid=$!
sleep 0.3
kill -INT $pid
wait $pid 2>/dev/null
rc=$?
check "ended by SIGINT while the boot image is made" 130 '^ring1: ended: '

finish
