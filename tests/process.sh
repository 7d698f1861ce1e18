#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The process host from outside: tests/process.sh BUILD. What confines it, what it holds, that it can be stopped, that nothing of
# it is left, and what it says where the system refuses something. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3
mkdir files
export TMPDIR=$tmp/files
toy triple hostile/
gcc_strict() { gcc -D_GNU_SOURCE -Wall -Wextra -Werror "$@"; }
if ! gcc_strict -o refuse "$here/process/refuse.c" || ! gcc_strict -shared -fPIC -o told.so "$here/process/told.c" ||
    ! gcc_strict -shared -fPIC -o short_file.so "$here/process/short_file.c" ||
    ! gcc_strict -shared -fPIC -o no_fsgsbase.so "$here/process/no_fsgsbase.c"; then
    echo "cannot build the programs of tests/process/"
    exit 3
fi
linux=(--memory 64M --initrd "$B/guest/initrd.img" --append console=ttyS0 "$B/guest/vmlinuz")

# ---- A Linux guest that runs beside the script: its loader is $loader, its machine $machine

status_of() { sed -n "s/^$2:[[:space:]]*\([0-9]*\).*/\1/p" "/proc/$1/status"; }
alive() { [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; }
stopped() { grep -q '^State:[[:space:]]*T' "/proc/$1/status"; }
begin() { # ARGS...
    rm -f keys && mkfifo keys
    set -m # a group of its own, as a shell's jobs have
    timeout --foreground 120 "$ring1" run --on process --timeout 100 "$@" <keys >out 2>err &
    job=$!
    set +m
    exec 9<>keys
    await 'guest# '
    loader=$(pgrep -P $job)
    machine=$(pgrep -P "$loader")
}
await() { # PATTERN [FILE]
    for _ in $(seq 600); do
        grep -aqE -- "$1" "${2:-out}" 2>/dev/null && return 0
        alive $job || return 1
        sleep 0.1
    done
    return 1
}
say() { echo "$*" >&9; }
end() {
    wait $job 2>/dev/null
    rc=$?
    exec 9>&-
}
messages() { echo "status $rc; $(head -c 600 err)"; }

# Within a second, as it may take a moment for the last one to go.
all_gone() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        alive "$loader" || alive "$machine" || [ -n "$(ls -A "$TMPDIR")" ] || return 0
        sleep 0.1
    done
    return 1
}

echo "# what a running guest's process may do"
begin "${linux[@]}"
[ "$(status_of "$machine" Seccomp)" = 2 ] && [ "$(status_of "$machine" NoNewPrivs)" = 1 ]
report $? "the filter of system calls is there, and no new privileges" "$(grep -E 'Seccomp|NoNew' "/proc/$machine/status")"
[ "$(grep -c ' rwx' "/proc/$machine/maps")" = 0 ]
report $? "no page is writable and executable" "$(grep ' rwx' "/proc/$machine/maps" | head -3)"
[ -z "$(ls -A "$TMPDIR")" ]
report $? "no file of the run has a name" "$(ls -A "$TMPDIR")"
say poweroff -f
end
[ $rc = 0 ]
report $? "the guest under the filter ends as it should" "$(messages)"
begin --no-confine "${linux[@]}"
[ "$(status_of "$machine" Seccomp)" = 0 ] && [ "$(status_of "$machine" NoNewPrivs)" = 1 ]
report $? "--no-confine: no filter, and no new privileges" "$(grep -E 'Seccomp|NoNew' "/proc/$machine/status")"
say poweroff -f
end
./refuse ppoll "$ring1" run --on process "${linux[@]}" </dev/null >out 2>err
rc=$?
[ $rc = 3 ] && grep -q '^ring1: host-trouble: .*a system call that its filter forbids (SIGSYS)' err && [ "$(wc -l <err)" = 1 ]
report $? "a forbidden call is said in a line" "$(messages)"

echo "# start-up and memory"
began=$(date +%s%N)
"$ring1" run --on process --memory 3G triple.bin </dev/null >out 2>err
rc=$?
took=$((($(date +%s%N) - began) / 1000000))
[ $rc = 5 ] && [ $took -lt 1000 ]
report $? "3 GiB of memory cost no time: $took ms" "$(messages)"
begin --memory 1G "${linux[@]:2}"
held=$(($(status_of "$machine" VmHWM) / 1024))
[ $held -lt 160 ]
report $? "1 GiB that the guest does not use costs no memory: $held MiB" "$held MiB"
say poweroff -f
end

echo "# stopping"
# The guest counts meanwhile; its clock must have seen the time that it slept, if its machine was stopped.
stop() { # SIGNAL PROCESS WHO MUST...
    local signal=$1 process=$2 name=$3 p before after least=0
    shift 3
    begin "${linux[@]}"
    process=${!process}
    say 'cut -d. -f1 /proc/uptime; i=0; while [ $i -lt 1000000 ]; do i=$((i + 1)); done; echo sum $i; cut -d. -f1 /proc/uptime; echo over; poweroff -f'
    sleep 0.3
    kill "-$signal" "$process"
    sleep 2.5
    for p; do
        stopped "${!p}" || echo "$p is not stopped" >>err
        [ "$p" = machine ] && least=2
    done
    kill -CONT "$process"
    await '^over'
    end
    tr -d '\r' <out >text
    before=$(grep -E -A1 'cut -d' text | grep -E '^[0-9]+$' | head -1)
    after=$(grep -A1 '^sum 1000000' text | tail -1)
    [ $rc = 0 ] && grep -q '^sum 1000000' text && [ $((after - before)) -ge $least ] && [ $((after - before)) -le 60 ] && ! grep -q 'not stopped' err
    report $? "$name: $((after - before)) s later the guest goes on" "$(messages) $(tail -5 text)"
}
stop STOP machine "the machine, by SIGSTOP" machine
stop STOP loader "the loader, by SIGSTOP" loader
stop TSTP loader "both, by SIGTSTP to the loader" loader machine

# On a terminal: the shell has it as it was while the loader is stopped, and it is raw again afterwards.
cat >job.sh <<'E2'
set -m
mode() { if stty -a -F "$terminal" | grep -q ' -icanon'; then echo "$1 raw"; else echo "$1 cooked"; fi; }
terminal=$(tty)
{
    until grep -aq 'guest# ' session; do sleep 0.2; done
    mode running
    kill -TSTP "$(pgrep -f "^$1 run --on process --timeout 99")"
} >modes </dev/null &
"$@"
sleep 0.5
mode stopped >>modes
{ sleep 1; mode again >>modes; touch again; } </dev/null &
fg %2 >/dev/null
echo "status $?" >>modes
mode after >>modes
E2
: >session
{
    for _ in $(seq 600); do [ -e again ] && break; sleep 0.1; done
    echo 'echo $((6 * 7))-typed'
    sleep 1
    echo 'poweroff -f'
    sleep 2
} | timeout 120 script -qfc "bash job.sh $ring1 run --on process --timeout 99 ${linux[*]}" /dev/null >session
[ "$(tr '\n' , <modes)" = 'running raw,stopped cooked,again raw,status 0,after cooked,' ] && grep -aq 42-typed session
report $? "a terminal is the shell's while the loader is stopped" "$(cat modes)"

echo "# ends"
begin "${linux[@]}"
kill -9 "$loader"
all_gone
report $? "the loader killed by SIGKILL: nothing is left" "$(ls -A "$TMPDIR"; ps -o pid,args -p "$loader,$machine")"
end
begin "${linux[@]}"
kill -STOP "$machine"
kill -9 "$loader"
all_gone
report $? "... nor where the machine was stopped" "$(ls -A "$TMPDIR"; ps -o pid,args -p "$loader,$machine")"
end
begin "${linux[@]}"
kill -9 "$machine"
end
[ $rc = 3 ] && grep -q 'a Linux process was killed by signal 9' err && all_gone
report $? "the machine killed by SIGKILL: the loader says so, and nothing is left" "$(messages)"
for delay in 0.002 0.005 0.01 0.02 0.03 0.05; do
    "$ring1" run --on process "${linux[@]}" </dev/null >out 2>err &
    job=$!
    sleep $delay
    loader=$job
    machine=$(pgrep -P $job) || machine=0
    kill -9 $job
    wait $job 2>/dev/null
    all_gone || { report 1 "killed after $delay s" "$(ls -A "$TMPDIR")" && break; }
done
[ -z "$(ls -A "$TMPDIR")" ]
report $? "the loader killed while it starts: nothing is left" "$(ls -A "$TMPDIR")"

echo "# a system that refuses"
# says NAME PATTERN COMMAND...: ring1 must refuse in one line that has PATTERN in it.
says() {
    local name=$1 pattern=$2
    shift 2
    timeout 60 "$@" </dev/null >out 2>err
    rc=$?
    [ $rc = 3 ] && grep -qE "^ring1: .*$pattern" err && [ "$(wc -l <err)" = 1 ]
    report $? "$name" "$(messages)"
}
run=("$ring1" run --on process triple.bin)
says "no memory files" 'memfd_create is refused: .*seccomp filter must allow it' ./refuse memfd_create "${run[@]}"
says "no timers" 'timer_create was refused: .*a sandbox forbids it' ./refuse timer_create "${run[@]}"
says "no executable memory" 'no executable memory: Permission denied; .*allow it for ring1, or run --on qemu' ./refuse exec "${run[@]}"
says "no filter" 'refuses a system-call filter .*allow seccomp .*--no-confine' ./refuse seccomp "${run[@]}"
says "no new privileges refused" 'refuses a system-call filter .*--no-confine' ./refuse no_new_privs "${run[@]}"
./refuse seccomp,no_new_privs "${run[@]}" --no-confine </dev/null >out 2>err
rc=$?
[ $rc = 5 ]
report $? "--no-confine does without both" "$(messages)"
LD_PRELOAD=$tmp/short_file.so says "no memory when it is touched" 'has no memory left for the guest: ask for less or free some' \
    "$ring1" run --on process "${linux[@]}"
for what in memfd_create timer_create exec seccomp; do
    ./refuse $what "$ring1" check >out 2>err
    grep -qE 'ring1 run --on process +no: .*(refuse|no executable memory)' out || break
done
report $? "ring1 check says what is refused" "$what: $(grep process out)"
limited() { # KIB COMMAND...
    (ulimit -v "$1" && shift && exec "$@")
}
export -f limited
for kib in 60000 100000 400000 440000; do
    says "an address space of $kib KiB" 'raise the limit ulimit -v shows' bash -c 'limited "$@"' - $kib "${run[@]}"
done
limited 400000 timeout 100 "$ring1" run --on process --timeout 90 --memory 64M --initrd "$B/guest/initrd.img" \
    --append "console=ttyS0 ring1.script=none" "$B/guest/vmlinuz" </dev/null >out 2>err
rc=$?
[ $rc = 0 ] && grep -q 'shell ready' out
report $? "... and one of 400000 KiB is enough for a guest of 64 MiB" "$(messages)"

# saying FILE TEXT COMMAND...: COMMAND where that file of /proc/sys/vm says something else.
saying() {
    local file=$1
    echo "$2" >"$tmp/told"
    shift 2
    LD_PRELOAD=$tmp/told.so TOLD_OF=/proc/sys/vm/$file TOLD=$tmp/told "$@"
}
export -f saying
export tmp
with=(bash -c 'saying "$@"' -)
says "few mappings" 'too few mappings .*raise vm.max_map_count' "${with[@]}" max_map_count 10 "${run[@]}"
says "strict overcommit and no memory" 'does not overcommit .*ask for less memory' \
    "${with[@]}" overcommit_memory 2 ./refuse fallocate "${run[@]}"
saying overcommit_memory 2 "${run[@]}" </dev/null >out 2>err
rc=$?
[ $rc = 5 ]
report $? "strict overcommit and memory" "$(messages)"
# mappings COUNT SCRIPT SAYS EVICTIONS: Linux under that limit, which made at least so many windows empty.
mappings() {
    saying max_map_count "$1" timeout 200 "$ring1" run --on process --timeout 190 --stats --memory 64M \
        --initrd "$B/guest/initrd.img" --append "console=ttyS0 ring1.script=$2" "$B/guest/vmlinuz" </dev/null >out 2>err
    rc=$?
    [ $rc = 0 ] && grep -Eq "$3" out && [ "$(awk '$2 == "window.evictions" { n = $1 } END { print n + 0 }' err)" -ge "$4" ]
    report $? "a limit of $1 mappings is enough" "$(messages)"
}
mappings 2000 none 'shell ready' 0
mappings 100 check 'script [0-9]{3,} ok, 0 failed' 100

LD_PRELOAD=$tmp/no_fsgsbase.so timeout 100 "$ring1" run --on process --timeout 90 --memory 64M --initrd "$B/guest/initrd.img" \
    --append "console=ttyS0 ring1.script=none" "$B/guest/vmlinuz" </dev/null >out 2>err
rc=$?
[ $rc = 0 ] && grep -q 'shell ready' out
report $? "without FSGSBASE" "$(messages)"
# Linux resets; the machine is made anew by the same monitor and boots again.
timeout 100 "$ring1" run --on process --timeout 90 --memory 64M --repeat 3 --initrd "$B/guest/initrd.img" \
    --append "console=ttyS0 ring1.script=none" "$B/guest/vmlinuz" </dev/null >out 2>err
rc=$?
[ $rc = 0 ] && [ "$(grep -c 'shell ready' out)" = 3 ] && grep -q 'run 2 of 3: 0 guest-off: the guest reset the machine' err
report $? "Linux three times in one session" "$(messages)"
TMPDIR=$tmp/none says "no temporary directory" 'cannot make a temporary file in .*/none: .*set TMPDIR' "${run[@]}"
finish
