#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ring1 run --gdb' with the stock gdb: tests/gdb.sh BUILD [full]. A toy guest (tests/gdb/guest.asm) that knows if it was disturbed
# and Linux, stopped, looked at, changed, stepped; gdb killed in the middle; clients that are no gdb; ports that cannot be
# had. HOSTS="process qemu" picks the hosts; with `full' Bochs is one more. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3
mkdir files
export TMPDIR=$tmp/files
toy guest ../gdb/ && toy triple hostile/ || exit 3
hosts=${HOSTS:-process qemu ${full:+bochs}}
linux=(--memory 64M --initrd "$B/guest/initrd.img" "$B/guest/vmlinuz" --append)

# Addresses of the toy guest's labels.
at() { awk -v name="$1" '$3 == name { print "0x" $2; exit }' guest.map; }

# ---- A run beside the script: its loader is $job, its port $port, its console and messages $run.out and $run.err

# Free a moment ago, and below those that the system hands out.
free_port() {
    local port
    while :; do
        port=$((10000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo $port
}

begin() { # RUN [,nowait] ARGS...
    local wait=$2
    run=$1
    shift 2
    rm -f "$run.out" "$run.err" "$run.gdb"
    for _ in 1 2 3 4 5; do
        port=$(free_port)
        "$ring1" run --gdb "$port$wait" --timeout 100 "$@" </dev/null >"$run.out" 2>"$run.err" &
        job=$!
        await 'gdb on port|: cannot' "$run.err"
        grep -q 'cannot listen' "$run.err" || break
        wait $job
    done
}
await() { # PATTERN FILE
    for _ in $(seq 600); do
        grep -aqE -- "$1" "$2" 2>/dev/null && return 0
        sleep 0.1
    done
    return 1
}
end() { # its status goes to $rc
    wait "${1:-$job}" 2>/dev/null
    rc=$?
}
# ends STATUS TEXT NAME: the run ended with that status and the console has TEXT.
ends() {
    end
    [ "$rc" = "$1" ] && grep -aqE -- "$2" "$run.out" && [ -z "$(ls -A files)" ]
    report $? "$3" "status $rc; $(tail -c 300 "$run.err"); $(tail -c 200 "$run.out"); $(ls -A files)"
}

# gdb with the commands on standard input, on $port; what it says goes to $run.gdb. One that fails does not keep it
# from the next ones.
debug() {
    local commands=() line
    for line in 'set pagination off' 'set confirm off' 'set tcp connect-timeout 60' 'set remotetimeout 30' \
        'set architecture i386' "target remote localhost:$port"; do
        commands+=(-ex "$line")
    done
    while read -r line; do commands+=(-ex "$line"); done
    { timeout 90 gdb -nx -batch "${commands[@]}" </dev/null >"$run.gdb" 2>&1; } 2>/dev/null
}
# signal SIGNAL PID: to the gdb of a debug in the background.
signal() {
    local timeout
    timeout=$(pgrep -P "$2" timeout) && pkill "-$1" -P "$timeout" gdb
}
# said NAME LINE...: gdb said these lines in this order, others between them.
said() {
    local name=$1 n=0 line
    shift
    while read -r line; do
        [ $n -lt $# ] && [[ $line =~ ^${*:n+1:1}$ ]] && n=$((n + 1))
    done <"$run.gdb"
    [ $n = $# ]
    report $? "$name" "not said: ${*:n+1:1}"$'\n'"$(tail -30 "$run.gdb")"
}

# ---- The toy guest: what a debugger does

toy_session() {
    begin toy "" --on "$on" --memory 32M guest.bin
    debug <<-EOT
	printf "begins %x %x\n", \$pc, *(unsigned *) \$pc
	printf "vectors %d\n", \$xmm0.v4_int32[0] | \$xmm0.v4_int32[1] | \$xmm1.v4_int32[0] | \$xmm7.v4_int32[0]
	stepi
	stepi
	printf "steps %x\n", \$pc
	break *$(at work)
	continue
	printf "work %x round %d\n", \$pc - $(at work), \$ebx
	stepi
	stepi
	printf "called %x\n", \$pc - $(at twice)
	break *$(at work_back)
	continue
	printf "returned %x eax %d\n", \$pc - $(at work_back), \$eax
	delete 2
	ignore 1 1
	continue
	delete
	printf "third %d\n", *(int *) $(at round)
	break *$(at copy_insn)
	continue
	printf "copy %x left\n", \$ecx
	stepi
	printf "copied %x left at %x\n", \$ecx, \$pc - $(at copied)
	delete
	break *$(at copied)
	continue
	printf "copied again %x\n", \$ecx
	delete
	break *$(at user_loop)
	continue
	printf "user %x ecx %d\n", \$cs, \$ecx
	continue
	printf "user %x ecx %d\n", \$cs, \$ecx
	stepi
	printf "user step %x\n", \$pc - $(at user_loop)
	delete
	hbreak *0x10000000
	continue
	printf "late %x cs %x round %d\n", \$pc, \$cs, *(int *) $(at round)
	monitor walk 0x10000000
	stepi
	printf "late eax %d\n", \$eax
	delete
	printf "text %s\n", (char *) $(at text)
	printf "float %.1f tag %x\n", \$st0, \$ftag
	x/x 0xf0000000
	print \$gs = 0x33
	print \$gs = 0x23
	print \$cr3 = 0
	break *$(at after_hlt)
	continue
	printf "hlt %x if %d\n", \$pc - $(at after_hlt), (\$eflags >> 9) & 1
	delete
	set var *(int *) $(at answer) = 7
	printf "wrote %d\n", *(int *) $(at answer)
	continue
	EOT
    said "$on: a session with a toy guest" 'begins 100020 .*' 'vectors 0' 'steps 100022' 'work 0 round 0' 'called 0' 'returned 0 eax 0' \
        'third 2' 'copy 10000 left' 'copied 0 left at 0' 'copied again 0' 'user 1b ecx 1000' 'user 1b ecx 999' 'user step 6' \
        'late 10000000 cs 1b round 3' '10000000 is at physical 0*104000: user, read-only' 'late eax 4711' \
        'text debugged guest' 'float 3.5 tag 3fff' '.*Cannot access memory at address 0xf0000000' \
        'Could not write register.*gs.*' '\$[0-9]+ = 35' 'Could not write register.*cr3.*' 'hlt 0 if 1' 'wrote 7' \
        '\[Inferior 1 .* exited normally\]'
    ends 0 '^\.\.\.*answer 7' "$on: ... which noticed nothing but what was written"
}

# Code that was translated long ago, written by gdb while the guest runs; another gdb later.
toy_attach() {
    begin attach ,nowait --on "$on" --memory 32M guest.bin
    await '\.\.\.\.\.\.\.' attach.out
    debug <<-EOT
	printf "round over 4: %d\n", *(int *) $(at round) > 4
	detach
	EOT
    said "$on: gdb comes later" 'round over 4: 1' '\[Inferior 1 .* detached\]'
    debug <<-EOT
	set var *(int *) ($(at late_page) + 1) = 4712
	continue
	EOT
    said "$on: ... and another one, which writes code" '\[Inferior 1 .* exited normally\]'
    ends 0 'wrong data' "$on: ... that the guest runs"
}

toy_interrupt() {
    local gdb
    begin interrupt "" --on "$on" --memory 32M guest.bin
    debug <<-EOT &
	continue
	printf "round over 2: %d\n", *(int *) $(at round) > 2
	stepi
	stepi
	set var *(int *) $(at answer) = 8
	continue
	EOT
    gdb=$!
    await '\.\.\.\.' interrupt.out
    signal INT $gdb
    wait $gdb
    said "$on: Ctrl-C" 'Program received signal SIGINT.*' 'round over 2: 1' '\[Inferior 1 .* exited normally\]'
    ends 0 'answer 8' "$on: ... and on"
}

# gdb dies at a breakpoint, or while the guest runs with some set.
toy_killed() { # WHEN COMMAND
    local gdb
    begin killed "" --on "$on" --memory 32M guest.bin
    debug <<-EOT &
	break *$(at user_loop)
	break *$(at work)
	continue
	printf "here\n"
	$2
	EOT
    gdb=$!
    await '^here' killed.gdb
    sleep 0.3
    signal KILL $gdb
    wait $gdb 2>/dev/null
    ends 0 '100000 turns, the guest lives' "$on: gdb killed $1"
}

# A guest that dies can be looked at.
toy_triple() {
    begin triple "" --on "$on" --memory 32M triple.bin
    debug <<-'EOT'
	continue
	printf "cs %x\n", $cs
	monitor why
	continue
	EOT
    said "$on: a guest that is killed" 'ring1: the guest has ended: triple fault.*' 'Program received signal SIGABRT.*' 'cs 8' \
        'the guest has ended: triple fault .*' '\[Inferior 1 .* exited with code 05\]'
    end
    [ $rc = 5 ]
    report $? "$on: ... has the status that it has without" "$rc"
}

# ---- Linux: a system call's entry, and the user code that it came from

linux_session() {
    begin linux "" --on "$on" "${linux[@]}" 'console=ttyS0 ring1.script=none'
    debug <<-'EOT' &
	continue
	set var $gate = $idt_base + 0x80 * 8
	set var $entry = (unsigned) (*(unsigned short *) $gate | *(unsigned short *) ($gate + 6) << 16)
	break *$entry
	continue
	printf "kernel %x at %d\n", $cs, $pc - $entry
	set var $back = *(unsigned *) $esp
	printf "from %x\n", ((unsigned *) $esp)[1]
	stepi
	stepi
	delete
	break *$back
	continue
	printf "user %x at %d\n", $cs, $pc - $back
	delete
	stepi
	monitor regs
	continue
	EOT
    local gdb=$!
    await 'NET: Registered' linux.out
    signal INT $gdb
    wait $gdb
    said "$on: Linux, a system call from both sides" 'Program received signal SIGINT.*' 'kernel 60 at 0' 'from 73' 'user 73 at 0' \
        'cs +0073 base 00000000 .*' '\[Inferior 1 .* exited normally\]'
    ends 0 'shell ready' "$on: ... and Linux goes on"
}

# ---- Two at a time

two_runs() {
    local first second
    begin left "" --on "$on" --memory 32M guest.bin
    first=$job
    debug <<<"set var *(int *) $(at answer) = 100
continue" &
    begin right "" --on "$on" --memory 32M guest.bin
    second=$job
    debug <<<"set var *(int *) $(at answer) = 200
continue"
    wait "$first" "$second"
    grep -q 'answer 100' left.out && grep -q 'answer 200' right.out
    report $? "$on: two runs, a gdb each" "$(cat left.err right.err; tail -c 200 left.out; tail -c 200 right.out)"
}

# A second one is sent away; the first does not notice.
two_gdbs() {
    local gdb
    begin both "" --on "$on" --memory 32M guest.bin
    debug <<-EOT &
	break *$(at work)
	continue
	printf "here\n"
	shell sleep 2
	printf "still %d\n", \$pc == $(at work)
	set var *(int *) $(at answer) = 9
	delete
	continue
	EOT
    gdb=$!
    await '^here' both.gdb
    timeout 20 gdb -nx -batch -ex 'set architecture i386' -ex "target remote localhost:$port" </dev/null >second 2>&1
    wait $gdb
    grep -qiE 'closed|reset|disconnected' second
    report $? "$on: a second gdb is sent away" "$(cat second)"
    said "$on: ... and the first stays" 'still 1' '\[Inferior 1 .* exited normally\]'
    ends 0 'answer 9' "$on: ... with its guest"
}

# ---- Who is no gdb

# client: sends standard input to $port and goes, after a moment.
client() {
    for _ in $(seq 300); do
        { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null && break
        sleep 0.1
    done
    cat >&3
    sleep 0.2
    exec 3>&-
}

hostile() {
    begin hostile "" --on "$on" --memory 32M guest.bin
    client </dev/null
    head -c 20000 /dev/urandom | tr -d '$' | client
    printf '%s' "$(printf '#%.0s' {1..3000})" | client
    printf '$m0,ffff' | client
    sleep 0.5
    [ ! -s hostile.out ]
    report $? "$on: who says nothing starts nothing" "$(cat hostile.out)"
    debug <<-EOT
	printf "begins %x\n", \$pc
	break *$(at work)
	continue
	printf "round %d\n", *(int *) $(at round)
	detach
	EOT
    said "$on: gdb behind them finds the guest at its start" 'begins 100020' 'round 0' '.*detached.*'
    printf '$g#67$g#67$mffffffff,fffffff#00$M0,10:zz#7a$Z0,#00$vCont;x#00$qRcmd,6#fe$X0,5:}' | client
    printf '\003' | client
    head -c 300000 /dev/urandom | client
    yes '$g#67' | head -c 3000000 | timeout 2 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; cat >&3" 2>/dev/null
    ends 0 '100000 turns, the guest lives' "$on: clients that are no gdb, and one that does not listen"
}

# ---- Ports

bad() { # NAME STATUS PATTERN PORT
    timeout 20 "$ring1" run --on process --gdb "$4" --memory 32M --screen screen guest.bin </dev/null >out 2>err
    rc=$?
    [ $rc = "$2" ] && grep -qE "^ring1: --gdb .*$3" err && [ "$(wc -l <err)" = 1 ] && [ ! -s out ] && [ ! -e screen ] && [ -z "$(ls -A files)" ]
    report $? "$1" "status $rc: $(cat err)"
}

ports() {
    local p
    for p in 0 65536 99999999999999999999 12a 'x' '' -5 '+5' ' 5' 5,wait 5, 0x50; do
        bad "port \`$p'" 2 'not a port; write a number, 1 to 65535' "$p"
    done
    begin taken "" --on process --memory 32M guest.bin
    bad "a port that another run has" 3 'cannot listen on 127.0.0.1:[0-9]+: Address already in use; try another' "$port"
    kill $job
    end
    # 127.0.0.1 alone.
    begin local ,nowait --on process --memory 32M guest.bin
    await '\.' local.out
    sleep 0.3
    [ "$(awk -v port="$(printf %04X "$port")" 'FNR > 1 { split($2, a, ":"); if (a[2] == port && $4 == "0A") print a[1] }' /proc/net/tcp /proc/net/tcp6)" = 0100007F ]
    report $? "nothing but this machine reaches the port" "$(cat /proc/net/tcp /proc/net/tcp6)"
    kill $job
    end
}

echo "# ports"
ports
for on in $hosts; do
    echo "# $on"
    toy_session
    toy_interrupt
    toy_killed "at a breakpoint" 'shell sleep 5'
    toy_triple
    hostile
    if [ "$on" != bochs ]; then
        toy_attach
        toy_killed "while the guest runs" 'delete 1
ignore 2 100000
continue'
        linux_session
    fi
    # What the loader does is the same for all.
    if [ "$on" = process ] || { [ -n "$full" ] && [ "$on" = qemu ]; }; then
        two_runs
        two_gdbs
    fi
done
finish
