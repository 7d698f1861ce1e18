#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The laboratory from outside: tests/lab.sh BUILD [full]. Each tool shows what it should, refuses bad
# input with one clear line, and leaves neither a file nor a process. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3
mkdir scratch
export TMPDIR="$tmp/scratch"

# run ARGS: a tool with nothing to read.
run() {
    timeout 300 "$ring1" lab "$@" </dev/null >out 2>err
    rc=$?
}

# ---- the command itself
run --help
check "lab --help lists the tools" 0 'blocks +guest code' 'step +a guest'
bad "no tool" 2 'no tool given'
bad "an unknown tool" 2 'none: no such tool' none

# ---- blocks
run blocks fa 9c 58 cf
check "blocks: bytes of the command line" 0 '^block at 00100000: 4 instructions' '00100000  fa .*cli .*rewritten: IF is virtual' \
    'vcpu.vif' '00100003  cf .*iretd' 'not:\x1b'
run blocks --at 0xc0100000 --unwind '01d8 cd80 0f'
check "blocks: an address, unwind records, a cut instruction" 0 'c0100000  01 d8 .*copied' 'eip=c0100000' 'callout: goes through' \
    'the bytes end in it'
run blocks --host process --cpl 3 cd80
check "blocks: the process host's user code" 0 'exit: a system call of user code' '<system call>'
run blocks --host tcg --count 'eb 10'
check "blocks: QEMU's form" 0 'exit to 00100012' 'vcpu.tc_insns'
run blocks --not-flat --gs-base 0xc0000000 '8b03 658b4304'
check "blocks: segments" 0 'callout: a memory operand in a segment' 'vcpu.place.gs'
run blocks --code16 --at 0x1fff0 '8b07 50 e2fb 6650 cb'
check "blocks: 16-bit code" 0 '0001fff0  8b 07 .*ax, word \[bx\]' 'vcpu.place16.ds' 'vcpu.place16.ss' 'exit: its displacement' \
    'callout: shows or changes'
run blocks --json --host process 'fa f3a4 f4'
check "blocks: JSON" 0 '"host": "process"' '"cpl": 0' '"eip": 1048576' '"text": "cli"' '"kind": "rewritten"' '"reason": "IF"' \
    '"ESI and EDI are host addresses meanwhile"' '"bytes": "41c6870040000000"' '"unwind": "eip=00100003"'
script -qec "'$ring1' lab blocks fa" /dev/null </dev/null >out 2>err
rc=$?
check "blocks: colours on a terminal" 0 $'\x1b\\[33mrewritten'

printf '\x50\x9c\x8b\x44\x24\x04\xc3' >code.bin
run blocks --at 0x2000 --file code.bin
check "blocks: a file of bytes" 0 '00002000  50' '00002006  c3 .*exit: a host return' 'displacement holds what R14 lags behind'
cat >toy.asm <<'END'
bits 32
global _start, work
section .text
_start: mov esp, 0x90000
        mov ecx, 3
.again: call work
        loop .again
        cli
        hlt
work:   pushf
        pop eax
        ret
END
nasm -f elf32 -o toy.o toy.asm && ld -m elf_i386 --no-warn-rwx-segments -N -Ttext 0x100000 -o toy.elf toy.o
run blocks --kernel toy.elf --from work
check "blocks: a symbol of an ELF file" 0 'block at 00100013 <work\+0x0>: 3 instr' 'pushfd' 'not:cli'
run blocks --kernel toy.elf --from _start+10 --to work
check "blocks: a range of it" 0 'block at 0010000a <' '00100011  fa' 'not:pushfd'
run blocks --kernel "$B/guest/vmlinuz" --from 0xc1000000 --blocks 3
check "blocks: what is packed in a bzImage" 0 'block at c1000000'
"$ring1" run --on process --timeout 60 --trace blocks --trace-file events toy.elf </dev/null >/dev/null 2>&1
run blocks --host process --kernel toy.elf --trace-file events
check "blocks: the blocks of a run" 0 'block at 00100000 <_start\+0x0>' 'pushfd' '00100012  f4'

bad "blocks: no code" 2 'no code given' blocks
bad "blocks: not hexadecimal" 2 'not bytes in hexadecimal' blocks 9z
bad "blocks: half a byte" 2 'not bytes in hexadecimal' blocks 909
bad "blocks: a file that is not there" 2 'no-such' blocks --file no-such
: >empty
bad "blocks: an empty file" 2 'empty' blocks --file empty
bad "blocks: a device" 2 'neither a regular file' blocks --file /dev/null
bad "blocks: two sources" 2 'only one of' blocks --file code.bin 90
bad "blocks: an address out of range" 2 'not a number from 0' blocks --at 0x100000000 90
bad "blocks: 16-bit code beyond its segment" 2 '3 bytes of 16-bit code at 0x1fffe go beyond 64 KiB' blocks --code16 --at 0x1fffe '8b07 50'
bad "blocks: beyond 4 GiB" 2 'beyond 4 GiB' blocks --at 0xffffffff 90 90
bad "blocks: no such host" 2 'no such host' blocks --host vax 90
bad "blocks: no such level" 2 'not a number' blocks --cpl 4 90
bad "blocks: user code on the PC" 2 'runs as it is' blocks --cpl 3 90
bad "blocks: a kernel without a place" 2 'say what of it' blocks --kernel toy.elf
bad "blocks: a place without a kernel" 2 'of what kernel' blocks --from 0 90
bad "blocks: an address outside the kernel" 2 'has no bytes at 0x5000' blocks --kernel toy.elf --from 0x5000
bad "blocks: an end before its beginning" 2 'not behind --from' blocks --kernel toy.elf --from work --to _start
bad "blocks: an end outside" 2 'not behind --from, or outside' blocks --kernel toy.elf --from work --to 0x200000
bad "blocks: an unknown symbol" 2 'neither an address nor a symbol' blocks --kernel toy.elf --from nowhere
bad "blocks: not a kernel" 2 'not a kernel' blocks --kernel code.bin --from 0
head -c 60 toy.elf >half.elf
bad "blocks: half an ELF file" 2 'half.elf' blocks --kernel half.elf --from 0x100000
head -c 100000 "$B/guest/vmlinuz" >half.bz
bad "blocks: half a bzImage" 2 'half.bz' blocks --kernel half.bz --from 0
bad "blocks: --at with a kernel" 2 'says itself' blocks --at 0 --kernel toy.elf --from 0x100000
bad "blocks: a trace of something else" 2 'tells of no block' blocks --kernel toy.elf --trace-file toy.asm
bad "blocks: trace and range" 2 'cannot' blocks --kernel toy.elf --trace-file events --to work
run blocks --no-such-option
check "blocks: an unknown option" 2 'err:unrecognized option'
"$ring1" lab blocks fa >/dev/full 2>err
rc=$?
: >out
check "blocks: a full disk" 3 'err:cannot write' lines:1

# ---- step
run step toy.elf
check "step: a guest that agrees with itself" 4 'err:no difference' 'err:guest-halted' 'err:lock step: 19 instructions'
run step --every-block toy.elf
check "step: block by block" 4 'err:no difference'
bad "step: no kernel" 2 'no kernel given' step
bad "step: two kernels" 2 'only one kernel' step toy.elf toy.elf
bad "step: not a kernel" 2 'not a kernel' step code.bin
bad "step: no such file" 2 'no-such' step no-such
bad "step: bad memory" 2 '--memory' step --memory 1M toy.elf
bad "step: bad time-out" 2 '--timeout' step --timeout 0 toy.elf
run step --no-such-option toy.elf
check "step: an unknown option" 2 'err:unrecognized option'

# The suite but for stale.inc, where a guest uses a mapping that it has changed and not flushed: what it then
# sees is the CPU's affair, and the two engines do not have the same TLB.
step_guest() { # NAME STATUS PATTERN [FOLDER/] [ARGS]
    local name=$1 want=$2 pattern=$3 folder=${4:-}
    shift 4
    toy "$name" "$folder"
    run step --console console --timeout 250 "$@" "$name.bin"
    check "step: $name${*:+ $*}" "$want" "err:$pattern" 'err:no difference'
}
cp -r "$here/guests" guests
sed -i '/suite\/stale.inc/d' guests/suite.asm
nasm -f bin -w-all -Iguests/ -Iguests/lib/ -o suite.bin guests/suite.asm
run step --console console --timeout 250 suite.bin
check "step: the instruction suite" 0 'err:no difference' 'err:guest-off'
grep -q '^suite: [0-9][0-9][0-9]* passed, 0 failed' console
report $? "step: all of its tests pass" "$(tail -1 console)"
for guest in deepcalls kernelattack userattack randomuser; do
    step_guest $guest 0 guest-off hostile/
done
step_guest triple 5 'triple fault' hostile/
toy spin hostile/
run step --timeout 2 --console console spin.bin
check "step: the time-out" 6 'err:time-out'
if [ -n "$full" ]; then
    for guest in codeflood flap interrupted control; do
        step_guest $guest 0 guest-off hostile/
    done
    run step --every-block --console console --timeout 280 suite.bin
    check "step: the suite, block by block" 0 'err:no difference'
    timeout 1500 "$ring1" lab step --initrd "$B/guest/initrd.img" --append 'console=ttyS0' --timeout 300 --console console \
        "$B/guest/vmlinuz" </dev/null >out 2>err
    rc=$?
    check "step: Linux, five minutes of it" 6 'err:time-out'
    grep -q 'Linux version' console
    report $? "step: Linux speaks" "$(tail -3 console)"
fi
finish
