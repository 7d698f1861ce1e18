#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ring1 patch' with Debian's kernels: tests/patch.sh BUILD [full]
# Each case is one line "ok - ..." or "not ok - ..."; the last line is "N passed, N failed".
# The patched kernel boots under Ring1 on both hosts with a fraction of the exits, and elsewhere as before, with one CPU and with
# two; files that are no such kernels leave one line and nothing else. "full" adds Bochs and a bzImage with PAE.
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3

# patch ARGS...: $rc, the output in out, messages in err
patch() {
    "$ring1" patch "$@" >out 2>err </dev/null
    rc=$?
}

# numbers RULE: what the table says of it, "CHANGED SITES"
numbers() { sed -nE "s/^  $1 +([0-9]+) of +([0-9]+) .*/\1 \2/p" out; }

# left RULE: the sum of the sites that it left
left_by() { sed -n '/^Not changed/,/^$/p' out | awk -v rule="$1" '$1 == rule { n += $2 } END { print n + 0 }'; }

# boot NAME KERNEL SCRIPT ARGS...: console in NAME.txt, counters in NAME.err
limit=400
boot() {
    local name=$1 kernel=$2 script=$3
    shift 3
    timeout $((limit + 60)) "$ring1" run --timeout "$limit" --stats --memory 256M --initrd "$B/guest/initrd.img" "$@" \
        --append "console=ttyS0 ring1.script=$script" "$kernel" </dev/null 2>"$name.err" | tr -d '\r' >"$name.txt"
    rc=${PIPESTATUS[0]}
}

check_boot() { # NAME TEXT
    [ "$rc" = 0 ] && grep -q 'ring1-guest: shell ready' "$1.txt" && ! grep -E 'BUG:|WARNING:|Oops|Call Trace' "$1.txt"
    report $? "$2" "status $rc; $(tail -1 "$1.err")"
}

stat_of() { awk -v k="$2" '$2 == k { n = $1 } END { print n + 0 }' "$1.err"; }

# Entries into the translation cache, one behind each exit; but for port reads, most of which are of a loop that waits for 30 ms.
exits() { echo $(($(stat_of "$1" run.tc) - $(stat_of "$1" io.read))); }
check_fewer() { # NAME BEFORE TEXT
    local now then
    now=$(exits "$1")
    then=$(exits "$2")
    [ "$now" -gt 1000 ] && [ "$now" -lt $((then / 2)) ]
    report $? "$3: $now exits instead of $then" "half are the most; $(tail -1 "$1.err")"
    [ "$(stat_of "$1" shadow.invlpg)" -lt 2000 ] && [ "$(stat_of "$1" shadow.switches)" -lt 2000 ]
    report $? "$3: no search for an MP table, no LOCK prefixes taken away at boot" \
        "invlpg $(stat_of "$1" shadow.invlpg), switches $(stat_of "$1" shadow.switches)"
}

echo "# what it prints"
for kernel in vmlinuz vmlinuz-pae; do
    patch --elf -o "$kernel.elf" "$B/guest/$kernel"
    [ "$rc" = 0 ] && [ ! -s err ] && [ -s "$kernel.elf" ]
    report $? "$kernel is patched" "status $rc; $(cat err)"
    read -r changed sites <<<"$(numbers locks)"
    [ "${changed:-0}" -gt 7000 ] && [ $((changed + $(left_by locks))) = "$sites" ]
    report $? "$kernel: $changed of $sites LOCK prefixes, each other with a reason" "$(left_by locks) left"
    [ "$(numbers mp-table)" = "1 1" ] && [ "$(numbers dead-read | cut -d' ' -f1)" = 2 ]
    report $? "$kernel: the search for MP tables, two reads of an interrupt mask" "$(numbers mp-table), $(numbers dead-read)"
done
"$ring1" inspect vmlinuz.elf | grep -qE 'format +Linux vmlinux' && "$ring1" inspect vmlinuz.elf | grep -qE 'starts +yes'
report $? "inspect knows the unpacked kernel"
"$ring1" inspect "$B/guest/vmlinuz" >before && "$ring1" inspect vmlinuz.elf >after
[ "$(grep -cE '^  (POPF|CLI|MOV CR|INVLPG)' after)" = 4 ] &&
    diff <(grep -E '^  (POPF|CLI|MOV CR|INVLPG)' before) <(grep -E '^  (POPF|CLI|MOV CR|INVLPG)' after) >differ
report $? "other sensitive instructions are as many as before" "$(head -4 differ)"
patch --elf -o again vmlinuz.elf
[ "$rc" = 2 ] && grep -q 'nothing in it to patch, or it was patched before' err && [ ! -e again ]
report $? "a patched kernel has nothing more to patch" "status $rc; $(cat err)"
patch --portable --json --elf -o portable "$B/guest/vmlinuz"
[ "$rc" = 0 ] && jq -e '.changed.locks.changed > 7000 and (.changed | has("mp-table") | not) and
    ([.left[] | select(.rule == "mp-table")] | length) == 1' out >/dev/null
report $? "--portable leaves out what does not hold everywhere" "$(head -c 300 out)"
[ "$(cmp -l vmlinuz.elf portable | wc -l)" -ge 1 ] && [ "$(cmp -l vmlinuz.elf portable | wc -l)" -le 4 ]
report $? "and differs in one pointer" "$(cmp -l vmlinuz.elf portable | wc -l) bytes"

echo "# under Ring1"
boot plain "$B/guest/vmlinuz" none --on process
check_boot plain "in a process, as it is"
boot patched vmlinuz.elf check --on process
check_boot patched "in a process, patched"
grep -Eq 'ring1-guest: script [0-9]{3,} ok, 0 failed' patched.txt
report $? "in a process, patched: the script of a few hundred commands" "$(grep -E '^FAIL|ring1-guest: script' patched.txt | head -3)"
boot patched vmlinuz.elf none --on process
check_fewer patched plain "in a process"
boot plain-pae "$B/guest/vmlinuz-pae" none --on process
boot pae vmlinuz-pae.elf none --on process
check_boot pae "in a process, PAE kernel"
check_fewer pae plain-pae "in a process, PAE kernel"
boot qemu vmlinuz.elf none
check_boot qemu "on QEMU"
[ "$(exits qemu)" -lt 120000 ]
report $? "on QEMU: $(exits qemu) exits" "of the kernel as it is: some 185000"

echo "# a bzImage, and elsewhere"
patch -o vmlinuz.ring1 "$B/guest/vmlinuz"
[ "$rc" = 0 ] && [ "$(stat -c %s vmlinuz.ring1)" = "$(stat -c %s "$B/guest/vmlinuz")" ]
report $? "a bzImage is packed anew in its size" "status $rc; $(cat err)"
"$ring1" inspect vmlinuz.ring1 >after
diff before after >differ
[ "$(grep -c '^<' differ)" = 3 ] && grep -q '^<   name' differ && grep -q '^<   sensitive' differ && grep -q '^<   IN OUT' differ
report $? "and is what it was but for two reads of a port" "$(head -9 differ)"
boot bzimage vmlinuz.ring1 none --on process
check_boot bzimage "in a process, the bzImage"
mkdir -p root/scripts
cat >root/scripts/cpus <<'EOG'
cpus() { grep -c ^processor /proc/cpuinfo; }
echo "first $(cpus)"
echo 1 >/sys/devices/system/cpu/cpu1/online
echo "then $(cpus)"
i=0
while [ $i -lt 20 ]; do (seq 500 | sort -n | tail -1) & i=$((i + 1)); done | grep -c '^500$' | sed 's/^/sorted /'
dmesg | grep -E 'SMP alternatives|BUG|WARNING'
reboot -f
EOG
add_to_initrd root
timeout 300 qemu-system-i386 -accel tcg -smp 2 -m 256 -display none -nodefaults -no-reboot -serial stdio -kernel vmlinuz.ring1 \
    -initrd initrd.img -append "console=ttyS0 ring1.script=cpus" </dev/null 2>qemu.messages | tr -d '\r' >cpus.txt
grep -q '^first 1$' cpus.txt
report $? "plain QEMU with two CPUs: it boots, and uses one" "$(tail -3 cpus.txt)"
grep -q '^then 2$' cpus.txt && grep -q 'switching to SMP code' cpus.txt && grep -q '^sorted 20$' cpus.txt &&
    ! grep -E 'BUG|WARNING' cpus.txt
report $? "plain QEMU with two CPUs: the other can be started, and LOCK prefixes are put back" "$(tail -5 cpus.txt)"

echo "# bad input"
# bad NAME WORDS ARGS...: status 2, one line with WORDS, and no file NEW
bad() {
    local name=$1 words=$2
    shift 2
    patch "$@"
    [ "$rc" = 2 ] && [ "$(wc -l <err)" = 1 ] && grep -qE "$words" err && [ ! -s out ] && ! compgen -G 'new*' >/dev/null
    report $? "$name" "status $rc; $(head -3 err)"
}
head -c 2000000 "$B/guest/vmlinuz" >cut
head -c 3000000 vmlinuz.elf >cutelf
cp "$B/guest/vmlinuz" damaged
printf 'xxxxxxxx' | dd of=damaged bs=1 seek=2000000 conv=notrunc 2>/dev/null
bad "no file to make" 'write .ring1 patch -o FILE KERNEL' "$B/guest/vmlinuz"
bad "no kernel" 'no kernel given' -o new
bad "two kernels" 'only one kernel' -o new cut cut
bad "a file that is not there" 'cannot open it' -o new nowhere
bad "a directory" 'this is a directory' -o new .
bad "a text" 'neither a bzImage nor an ELF file' -o new "$here/patch.sh"
bad "a bzImage cut short" 'does not tell where|truncated|damaged' -o new cut
bad "a damaged bzImage" 'damaged' -o new damaged
bad "an ELF file cut short" 'no section table|no Linux kernel' -o new cutelf
bad "a 64-bit program" '64-bit' -o new "$ring1"
bad "a multiboot kernel" 'no Linux kernel|no executable|no section' -o new "$B/ring1.elf"
bad "a folder that is not there" 'output' -o nowhere/new --elf "$B/guest/vmlinuz"
mkdir dir
bad "a directory in its place" 'output' -o dir --elf "$B/guest/vmlinuz"
echo keep >old
"$ring1" patch --elf -o old cut >out 2>err </dev/null
[ "$(cat old)" = keep ]
report $? "what was there before stays when the kernel is bad"
"$ring1" patch --elf -o new-full "$B/guest/vmlinuz" >/dev/full 2>err </dev/null
[ $? = 3 ] && grep -q 'standard output' err
report $? "a full standard output" "$(cat err)"

if [ "$full" = full ]; then
    patch -o pae.ring1 "$B/guest/vmlinuz-pae"
    [ "$rc" = 0 ]
    report $? "the PAE kernel's bzImage is packed anew" "$(cat err)"
    boot pae-z pae.ring1 none
    check_boot pae-z "on QEMU, the PAE kernel's bzImage"
    limit=1800
    boot bochs vmlinuz.elf none --on bochs
    check_boot bochs "on Bochs"
fi

finish
