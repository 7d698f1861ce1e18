#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# virtio devices with the drivers of Debian's stock kernel: tests/virtio.sh BUILD [full]. The scripts of tests/virtio/ run in
# the guest. full: on QEMU by both interfaces, on Bochs, and over memory with the kernel of `make guest-linux'. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin # e2fsck, for whoever is not root
cd "$tmp" || exit 3
mkdir -p files over/scripts
export TMPDIR=$tmp/files
cp "$here/virtio/disks.sh" over/scripts/disks
cp "$here/virtio/steps.sh" over/scripts/steps
cp "$here/virtio/hvc.sh" over/scripts/hvc
cp "$here/virtio/net.sh" over/scripts/net
cp "$here/virtio/free.sh" over/scripts/free
cp "$here/virtio/all.sh" over/scripts/all
gcc -D_GNU_SOURCE -Wall -Wextra -Werror -o serve "$here/virtio/serve.c" || exit 3
add_to_initrd over
cat "$B/guest/modules.img" >>initrd.img

# boot SCRIPT WORDS ARGS...: console in out, messages in err, status in $rc.
boot() {
    local script=$1 words=$2
    shift 2
    timeout 200 "$B/ring1" run --timeout 150 --memory 128M "$@" --initrd initrd.img \
        --append "console=ttyS0 quiet $words ring1.script=$script" "$B/guest/${kernel:-vmlinuz}" </dev/null 2>err | tr -d '\r' >out
    rc=${PIPESTATUS[0]}
}
run() {
    timeout 60 "$B/ring1" "$@" </dev/null >out 2>err
    rc=$?
}
new_disks() {
    rm -f a.img b.img
    truncate -s 24M a.img
    truncate -s 1M b.img
    printf 'read me now' | dd of=b.img conv=notrunc status=none
    sum=$(sha256sum b.img)
}
both=(--disk a.img --disk b.img,ro)
# seen NAME PATTERN...: the run ended well and said all of them, and nothing of trouble.
seen() {
    local name=$1
    shift
    check "$name" 0 "$@" 'sizes 49152 2048 read-only 1$' 'serial ring1-disk-0 cache write back$' 'entropy from virtio_rng.0, 1000 bytes' \
        'mark read me now$' 'vdb refuses$' 'interrupts many$' not:trouble 'not:vdb was written'
}

echo "# in a process: modern, then legacy without ACPI"
new_disks
boot disks ring1.modules --on process "${both[@]}"
seen "a file system is made" 'virtio: made' 'virtio: trimmed'
[ "$(du -k a.img | cut -f1)" -lt 7000 ]
report $? "what was discarded takes no room on the host" "$(du -k a.img)"
e2fsck -fn a.img >fsck 2>&1
report $? "and is right" "$(tail -3 fsck)"
boot disks "ring1.modules=legacy acpi=off" --on process "${both[@]}"
seen "and found again by the legacy interface" 'virtio: all is there, 11 files'
[ "$(sha256sum b.img)" = "$sum" ]
report $? "the read-only file is as it was" ""
new_disks
boot disks "ring1.modules=legacy acpi=off" --on process "${both[@]}"
seen "made by the legacy interface" 'virtio: made' 'virtio: trimmed'
boot disks ring1.modules --on process "${both[@]}"
seen "and found again by the modern one" 'virtio: all is there, 11 files'

echo "# on QEMU, by the monitor's own driver for QEMU's block devices"
new_disks
boot disks ring1.modules --on qemu "${both[@]}"
seen "a file system is made" 'virtio: made' 'virtio: trimmed'
[ "$(du -k a.img | cut -f1)" -lt 7000 ]
report $? "what was discarded takes no room on the host" "$(du -k a.img)"
e2fsck -fn a.img >fsck 2>&1
report $? "and is right" "$(tail -3 fsck)"
[ "$(sha256sum b.img)" = "$sum" ]
report $? "the read-only file is as it was" ""
boot disks ring1.modules --on process "${both[@]}"
seen "and found again in a process" 'virtio: all is there, 11 files'
timeout 60 "$B/ring1" run --on qemu --timeout 40 --disk a.img --host-args '-device virtio-blk-pci,drive=none' "$B/guest/vmlinuz" </dev/null >out 2>err
rc=$?
check "a QEMU that does not start is said" 3 'err:its errors: .*drive' not:.
[ -n "$full" ] && for words in ring1.modules=legacy "ring1.modules acpi=off"; do
    new_disks
    boot disks "$words" --on qemu "${both[@]}"
    seen "the same with $words" 'virtio: made'
    boot disks "$words" --on qemu "${both[@]}"
    seen "and found again" 'virtio: all is there, 11 files'
done

if [ -n "$full" ]; then
    new_disks
    timeout 2400 "$B/ring1" run --on bochs --timeout 2300 --memory 64M --console out "${both[@]}" --initrd initrd.img \
        --append "console=ttyS0 quiet ring1.modules ring1.script=disks" "$B/guest/vmlinuz" </dev/null 2>err
    rc=$?
    tr -d '\r' <out >text && mv text out
    seen "on Bochs, in memory" 'virtio: made' 'err:--disk a.img: on Bochs the guest has a copy'
fi

echo "# trouble with the file, in a process"
begin() { # SCRIPT ARGS...
    local memory=64M
    [ "$1" = free ] && memory=256M
    local script=$1
    shift
    rm -f keys && mkfifo keys
    timeout --foreground 150 "$B/ring1" run --on process --timeout 140 --memory "$memory" --verbose "$@" --initrd initrd.img \
        --append "console=ttyS0 quiet ring1.modules ring1.script=$script" "$B/guest/vmlinuz" <keys >out 2>err &
    job=$!
    exec 9<>keys
    await ready
}
await() {
    for _ in $(seq 900); do
        grep -aq "virtio: $1" out 2>/dev/null && return 0
        kill -0 $job 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
say() {
    echo "$*" >&9
    await "$* [df]"
}
end() {
    echo off >&9
    wait $job
    rc=$?
    exec 9>&-
    tr -d '\r' <out >text && mv text out
}
new_disks
begin steps --disk a.img
say write one
yes one | head -c 1048576 | cmp -s - <(head -c 1048576 a.img)
report $? "what was flushed is in the file while the guest runs" ""
truncate -s 4M a.img
say read 10
say read 200
say read 20
end
check "a file that is cut short is an error for the guest, and it goes on" 0 'virtio: read 10 done' 'virtio: read 200 failed' \
    'virtio: read 20 done' 'err:disk 0: read at sector [0-9]*: the file has become shorter'
new_disks
begin steps --disk a.img
say write two
machine=$(pgrep -P "$(pgrep -P $job)")
kill -9 "$machine"
end
yes two | head -c 1048576 | cmp -s - <(head -c 1048576 a.img) && [ "$rc" = 3 ]
report $? "what was flushed survives a machine that is killed" "status $rc"
mkdir small
if mount -t tmpfs -o size=512k tmpfs small 2>/dev/null; then
    truncate -s 24M small/a.img
    begin steps --disk small/a.img
    say write three
    say read 3
    end
    umount small
    check "a host without space is an error for the guest, and it goes on" 0 'virtio: write three failed' 'virtio: read 3 done' \
        'err:disk 0: write at sector [0-9]*: no space is left on the host'
else
    echo "skipped: a full host disk, as no file system can be mounted here"
fi

echo "# the second console"
new_disks
begin hvc --disk a.img
say write four
echo off >&9
await 'by serial'
echo left >&9
await 'by hvc0'
echo right >&9
wait $job
rc=$?
exec 9>&-
tr -d '\r' <out >text && mv text out
check "input goes to the console that spoke last" 0 'virtio: write four done' 'virtio: serial heard left' 'virtio: hvc0 heard right'

echo "# memory that the guest does without"
begin free
await filled
machine=$(pgrep -P "$(pgrep -P $job)")
file=$(find "/proc/$machine/fd" -lname '*memfd:ring1 *' | head -1)
blocks() { stat -L -c %b "$file"; }
before=$(blocks)
echo go >&9
await freed
for _ in $(seq 300); do
    [ $((before - $(blocks))) -gt $((70 << 11)) ] && break
    sleep 0.1
done
given=$(((before - $(blocks)) >> 11))
echo go >&9
wait $job
rc=$?
exec 9>&-
tr -d '\r' <out >text && mv text out
check "what it used next is whole" 0 'virtio: memory is whole'
[ $given -gt 70 ]
report $? "free pages go back to the host: $given MiB of 96" ""

echo "# the network"
mkfifo hold
./serve <hold >port &
server=$!
exec 8>hold
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
xs() { head -c "$1" /dev/zero | tr '\0' x | md5sum | cut -d' ' -f1; }
one=$(xs 2000000) two=$(xs 2000001)
# online NAME PATTERN...: the run of net.sh ended well, and said all of them as well.
online() {
    local name=$1
    shift
    check "$name" 0 'mac 52:31:00:00:00:01 carrier 1$' 'address 10.0.2.15/24$' '2 packets received' "small $(xs 1000)\$" \
        "large $(xs 5000000)\$" "both $one $two " 'sent 1000000$' 'closed wget: can.t connect' "$@"
}
for on in process qemu; do
    for words in ring1.modules "ring1.modules=legacy acpi=off"; do
        boot net "$words ring1.port=$(cat port)" --on $on --net user
        online "$on: an address by DHCP, and files from a server of the host, with $words"
    done
done

echo "# without PCI, where ACPI says"
# in_memory NAME ARGS...: all devices, a new disk, and with ARGS as above.
in_memory() {
    local name=$1
    shift
    new_disks
    boot all "ring1.modules ring1.port=$(cat port)" --virtio mmio --net user "${both[@]}" "$@"
    seen "$name: a file system is made" 'virtio: made' 'virtio: trimmed' 'word by hvc0$' 'buses *6 platform'
    online "$name: the network"
    boot disks ring1.modules --on process "${both[@]}"
    seen "$name: the file system is found again on PCI" 'virtio: all is there, 11 files'
}
in_memory process --on process
if [ -n "$full" ]; then
    in_memory qemu --on qemu
    for on in process qemu; do
        kernel=vmlinuz-ring1 in_memory "$on, the kernel that knows Ring1" --on $on
    done
fi
bad "a place that is none" 2 'virtio isa: no such place for devices' run --virtio isa "$B/guest/vmlinuz"
exec 8>&-
wait $server
bad "a network that is none" 2 'net tap: no such network' run --net tap "$B/guest/vmlinuz"
bad "no network on Bochs" 2 'net user: Bochs has no network card' run --on bochs --net user "$B/guest/vmlinuz"
run run --on qemu --timeout 40 --net user --host-args '-global virtio-net-pci.disable-modern=on' "$B/guest/vmlinuz"
check "a machine whose network card has no modern interface" 3 'err:host-trouble: .* no virtio network device that works' not:.
finish
