#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian on a disk (make guest-disk): packages are installed from an archive of the test's own, the guest starts again, and the power is
# cut while it writes: tests/disk.sh BUILD [full]. SEED=N has the same moments again. full: many more cuts, the shell on
# QEMU, gigabytes. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin # e2fsck and debugfs, for whoever is not root
cd "$tmp" || exit 3
mkdir -p files
export TMPDIR=$tmp/files
cat "$B/guest/initrd.img" "$B/guest/modules.img" >initrd.img
stock=(--initrd initrd.img "$B/guest/vmlinuz")
kernel=("${stock[@]}")
root="root=/dev/vda rw"
tracer=()
mib=$([ -n "$full" ] && echo 2048 || echo 100)
RANDOM=${SEED:=$RANDOM}
echo "# SEED=$SEED"

# put IMAGE FILE: as /scripts/NAME on the disk, NAME without .sh.
put() {
    local name
    name=$(basename "$2" .sh)
    debugfs -w -R "write $2 /scripts/$name" "$1" >/dev/null 2>debugfs.err
    debugfs -w -R "sif /scripts/$name mode 0100755" "$1" >/dev/null 2>>debugfs.err
}
# begin IMAGE WORDS ARGS...: a guest in the background, as $job; its input is the file 9. No file may be larger than $limited MiB, if set.
begin() {
    local image=$1 words=$2
    shift 2
    rm -f keys && mkfifo keys
    : >out # nobody shall read the last run's
    (
        [ -z "${limited:-}" ] || ulimit -f $((limited << 10))
        exec timeout --foreground 900 "${tracer[@]}" "$B/ring1" run --timeout 890 --memory 192M --disk "$image" "$@" --append "console=ttyS0 quiet $words" "${kernel[@]}" \
            <keys >out 2>err
    ) &
    job=$!
    exec 9<>keys
}
await() {
    for _ in $(seq 8900); do
        grep -aqE "$1" out 2>/dev/null && return 0
        kill -0 $job 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}
end() {
    wait $job
    rc=$?
    exec 9>&-
    tr -d '\r' <out >text && mv text out
}
# sound IMAGE NAME: the file system of a guest that ended well has nothing to mend.
sound() {
    e2fsck -fn "$1" >fsck 2>&1
    report $? "$2" "$(tail -5 fsck)"
}

# ---- an archive with two packages, one of which needs the other, and its key
package() { # NAME DEPENDS
    mkdir -p "$1/DEBIAN" "$1/usr/bin" "$1/usr/share/$1"
    printf '%s\n' "Package: $1" "Version: 1.0" "Architecture: all" "Maintainer: Nobody <nobody@localhost>" "Description: for a test" \
        ${2:+"Depends: $2"} >"$1/DEBIAN/control"
}
archive() {
    mkdir -p archive home
    package ring1-greeting ""
    echo hello from the disk >ring1-greeting/usr/share/ring1-greeting/text
    head -c 3000000 /dev/urandom >ring1-greeting/usr/share/ring1-greeting/ballast
    package ring1-hello ring1-greeting
    printf '#!/bin/sh\ncat /usr/share/ring1-greeting/text\n' >ring1-hello/usr/bin/ring1-hello
    printf '#!/bin/sh\ntouch /var/lib/ring1-hello-configured\n' >ring1-hello/DEBIAN/postinst
    chmod 755 ring1-hello/usr/bin/ring1-hello ring1-hello/DEBIAN/postinst
    for name in ring1-greeting ring1-hello; do
        dpkg-deb --root-owner-group -b $name archive/$name.deb || return
    done
    (cd archive && apt-ftparchive packages . >Packages && apt-ftparchive release . >../Release && mv ../Release .) || return
    gpg --homedir home --batch --passphrase '' --quick-generate-key test@localhost rsa3072 sign never &&
        gpg --homedir home --batch --clearsign -o archive/InRelease archive/Release &&
        gpg --homedir home --batch --export -o key.gpg
    local made=$?
    gpgconf --homedir home --kill all
    return $made
}
# serve: busybox's server, on the first free port of some; its port in $port, and it is $server.
serve() {
    for _ in 1 2 3 4 5 6 7 8; do
        port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 10000))
        "$B/guest/busybox" httpd -f -p "127.0.0.1:$port" -h archive &
        server=$!
        sleep 0.3
        kill -0 $server 2>/dev/null && return
    done
    return 1
}
server=
trap 'kill $server 2>/dev/null; umount "$tmp/small" 2>/dev/null; rm -rf "$tmp"' EXIT

echo "# packages"
archive >archive.log 2>&1
report $? "an archive is made" "$(tail -3 archive.log)"
cp --sparse=always "$B/guest/debian.img" a.img
put a.img "$here/disk/first.sh"
put a.img "$here/disk/bulk.pl"
put a.img key.gpg
serve
report $? "and served" ""
truncate -s $((mib * 5 / 4 + 64))M b.img
mke2fs -q -t ext4 b.img
begin a.img "$root ring1.script=first ring1.port=$port ring1.mib=$mib" --on process --net user --disk b.img
end
check "apt installs from it, through the network" 0 'disk: address eth0 .*10\.0\.2\.15/24' 'disk: lists are there$' 'disk: installed$' \
    'disk: it says: hello from the disk$' 'disk: its files are right$' "disk: $mib MiB are written$" not:trouble 'err:the guest switched the machine off'
kill $server
wait $server 2>/dev/null
server=
sound a.img "the file system is right"
sound b.img "and that with $mib MiB"
sum=$(perl "$here/disk/bulk.pl" 7 "$mib" | sha256sum | cut -d' ' -f1)
[ "$(debugfs -R 'cat /bulk' b.img 2>debugfs.err | sha256sum | cut -d' ' -f1)" = "$sum" ]
report $? "whose bytes are as the guest made them" "$(cat debugfs.err)"
begin a.img "$root" --on process --disk b.img,ro
await 'root@ring1:~# '
echo 'mount -o ro /dev/vdb /mnt && sha256sum /mnt/bulk' >&9
echo 'ring1-hello; [ -z "$(dpkg -V ring1-hello ring1-greeting 2>&1)" ] && ls /var/lib/ring1*; echo by $(tty)' >&9
await 'by /dev/'
echo poweroff >&9
end
check "all is still there when the guest starts again, at a shell" 0 "$sum  /mnt/bulk\$" 'hello from the disk$' '/var/lib/ring1-hello-configured$' 'by /dev/ttyS0$' \
    'err:the guest switched the machine off'
sound a.img "and the file system right"

# The disk's system to a typed shell.
shell() { # NAME ARGS...
    local name=$1
    shift
    begin a.img "$root" "$@"
    await 'root@ring1:~# '
    echo 'ring1-hello; e2fsck -fn /dev/vdb; echo by $(tty)' >&9
    await 'by /dev/'
    echo poweroff >&9
    end
    check "$name: to a shell" 0 'hello from the disk$' '[0-9]/[0-9]* blocks$' 'by /dev/ttyS0$' 'err:the guest switched the machine off'
    sound a.img "$name: and the file system is right"
}
if [ -n "$full" ]; then
    echo "# the same disk elsewhere"
    shell "on QEMU" --on qemu --disk b.img,ro
    kernel=("$B/guest/vmlinuz-ring1")
    shell "in a process, with the kernel that knows Ring1" --on process --disk b.img,ro
    shell "on QEMU, with the kernel that knows Ring1" --on qemu --disk b.img,ro
    kernel=("${stock[@]}")
fi

echo "# the power is cut"
# The job and what it started.
family() {
    local p
    for p in $(pgrep -P "$1"); do family "$p"; done
    echo "$1"
}
# mended IMAGE: the journal is replayed and what was open is closed; there is nothing else to do, and then nothing at all.
mended() {
    e2fsck -fp "$1" >fsck 2>&1
    [ $? -le 1 ] && ! grep -vE 'recovering journal$|Clearing orphaned inode |files \(.*blocks$|^$' fsck && e2fsck -fn "$1" >fsck 2>&1
}
# there IMAGE RUN LAST: up to LAST the records of that run are on the disk.
there() {
    rm -rf seen && mkdir seen
    debugfs -R "rdump /cut$2 seen" "$1" >debugfs.err 2>&1
    perl "$here/disk/records.pl" check "${seeds[$2]}" "$3" "seen/cut$2"
}
last_said() { tail -c 4000 out | sed -n 's/^.*flushed \([0-9]*\)\.[[:space:]]*$/\1/p' | tail -1; }
# power_cut NAME ARGS...: a run that ends with a cut.
power_cut() {
    local name=$1 ms=$((RANDOM % 2500)) i
    shift
    run=$((run + 1))
    seeds[run]=$RANDOM
    begin "${booted:-a.img}" "$root init=/scripts/cut CUT_SEED=${seeds[run]} CUT_DIR=/cut$run" "$@"
    await 'flushed 1\.'
    : >samples
    until=$(($(date +%s%3N) + ms))
    while :; do
        i=$(last_said)
        echo "$(stat -c %s log 2>/dev/null || echo 0) $i" >>samples
        [ "$(date +%s%3N)" -lt $until ] || break
        sleep 0.05
    done
    # shellcheck disable=SC2046
    kill -9 $(family $job) 2>/dev/null
    end 2>/dev/null
    rm -rf "${TMPDIR:?}"/*
    last[run]=$(last_said)
    mended a.img
    report $? "$name: the file system recovers after ${last[run]:-0} records ($ms ms)" "$(cat fsck out err)"
    : >checked
    for i in $(seq "$run"); do there a.img "$i" "${last[i]:-0}" >>checked; done
    [ "${last[run]:-0}" -gt 0 ] && [ "$(grep -c '^all .* there$' checked)" = $run ]
    report $? "$name: every record that was flushed is there" "$(cat checked)"
}
# lose COUNT NAME: what was written to before.img is in log; for COUNT moments in it, only what was flushed before is sure to be on the disk.
lose() {
    local i at must size said bad=0 first end=
    first=$(awk '$2 { print $1; exit }' samples)
    end=$(tail -1 samples | sed 's, .*,,')
    for i in $(seq "$1"); do
        at=$((first + (RANDOM << 15 | RANDOM) % (end - first + 1)))
        must=$(while read -r size said; do [ "$size" -gt $at ] || echo "$said"; done <samples | tail -1)
        cp --sparse=always before.img power.img
        perl "$here/disk/replay.pl" log power.img $at "$RANDOM" >replayed 2>&1 && mended power.img && there power.img "$run" "$must" >checked && continue
        bad=1
        break
    done
    report $bad "$2: $1 times with what was not flushed lost, up to ${must:-0} records" "at byte $at of the log: $(cat replayed fsck checked)"
}
cat >cut.sh <<'END'
#!/bin/sh
exec perl /scripts/records.pl write "$CUT_SEED" "$CUT_DIR"
END
put a.img cut.sh
put a.img "$here/disk/records.pl"
run=0
seeds=()
last=()
few() { [ -n "$full" ] && echo "$2" || echo "$1"; }
rm -f log
for _ in $(seq "$(few 2 24)"); do power_cut "in a process" --on process; done
for _ in $(seq "$(few 0 6)"); do power_cut "on QEMU" --on qemu; done
for _ in $(seq "$(few 1 4)"); do
    cp --sparse=always a.img before.img
    tracer=(strace -f --seccomp-bpf -y -P "$tmp/a.img" -xx -s 100000000 -e "trace=pwrite64,fdatasync,fallocate" -e signal=none -o log)
    power_cut "in a process" --on process
    lose "$(few 3 20)" "in a process"
    tracer=()
    rm -f log
    # The monitor takes the block devices by their slots, and ring1's own are behind this one, which QEMU keeps a log of.
    cp --sparse=always a.img before.img
    cp --sparse=always a.img unused.img
    : >log
    booted=unused.img power_cut "on QEMU" --on qemu --host-args "-blockdev driver=file,node-name=whole,filename=$tmp/a.img \
        -blockdev driver=file,node-name=log,filename=$tmp/log -blockdev driver=blklogwrites,node-name=logged,file=whole,log=log \
        -device virtio-blk-pci,drive=logged,addr=0xf"
    lose "$(few 3 20)" "on QEMU"
    rm -f log
done

echo "# trouble with the file"
# at NAME OPERATION MIB: of the disk NAME, a letter, by the shell of the default guest; it says whether that was done.
at() {
    local file=/dev/vd$1 how="of=/dev/null skip=$3 iflag=direct"
    [ "$2" = read ] && file=if=$file || { how="if=/dev/zero seek=$3 oflag=direct" && file=of=$file; }
    echo "dd bs=1M count=1 $file $how && echo $1 $2 $3 do''ne || echo $1 $2 $3 re''fused" >&9
    await "$1 $2 $3 (done|refused)"
}
# Three disks: one may not grow beyond a limit, which is that of all files; one is cut short in use, where QEMU reads zeros and tests/virtio.sh
# has the error in a process; one is on a full file system.
trouble() { # NAME PATTERN ARGS...
    local name=$1 pattern=$2 full_disk=() full_says=()
    shift 2
    truncate -s 1G limit.img
    truncate -s 64M cut.img
    if mount -t tmpfs -o size=4m tmpfs small 2>/dev/null; then
        truncate -s 64M small/full.img
        full_disk=(--disk small/full.img)
        full_says=('c write 1 done' 'c write 9 refused' 'c read 1 done')
    else
        echo "skipped: a full host disk, as no file system can be mounted here"
    fi
    limited=512 begin limit.img "ring1.modules" "$@" --verbose --disk cut.img "${full_disk[@]}"
    await 'shell ready'
    at a write 900
    at a write 1
    at a read 900
    at b write 1
    truncate -s 4M cut.img
    at b read 32
    at b read 1
    if [ -n "${full_says[*]}" ]; then
        at c write 1
        for i in 5 6 7 8 9; do at c write $i; done
        at c read 1
    fi
    echo reboot -f >&9
    end
    umount small 2>/dev/null
    check "$name: what the host refuses is an error for the guest, and it goes on" 0 'a write 900 refused' 'a write 1 done' 'a read 900 done' \
        'b write 1 done' 'b read 32 (refused|done)' 'b read 1 done' "${full_says[@]}" "err:$pattern"
}
mkdir small
trouble "in a process" 'disk 0: write at sector 1843200: the file would become too large' --on process
trouble "on QEMU" 'block device in slot [0-9]*: request 1 at sector 1843200 failed' --on qemu
finish
