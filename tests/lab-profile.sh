#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ring1 lab profile' and `ring1 run --profile' from outside: tests/lab-profile.sh BUILD [full]. Profiles must agree with
# the counters of the same run and name the loop that a guest is in; what cannot be done must give one clear line and leave
# nothing behind. With "full", Linux on QEMU as well. Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3
mkdir tmp reports
export TMPDIR="$tmp/tmp"

run() { # ring1 with nothing to read
    timeout 300 "$ring1" "$@" </dev/null >out 2>err
    rc=$?
}

# What is in tmp, and in reports but for the files named.
left() {
    ls -A tmp
    ls -A reports | grep -vxF "$(printf '%s\n' "$@" -)"
}

guest() { # NAME ROUNDS END: the kernel NAME.elf
    nasm -f elf32 -DROUNDS="$2" -DEND="$3" -o "$1.o" "$here/lab/spin.asm" &&
        ld -m elf_i386 -n -Ttext 0x200000 -nostdlib -z noexecstack --no-warn-rwx-segments -o "$1.elf" "$1.o"
}

# json KEY FILE: the number or text at the top of the report. Reports are indented by one blank a level.
json() { sed -n "s/^ \"$1\": \"*\([^\"]*[^\",]\)\"*,*\$/\1/p" "$2"; }
# json2 OBJECT KEY FILE: of an object at the top.
json2() { sed -n "/^ \"$1\": {/,/^ }/s/^  \"$2\": \"*\([^\"]*[^\",]\)\"*,*\$/\1/p" "$3"; }

# agrees FILE: does the report say what --stats printed to err, to the last digit; do its intervals add up to that; do
# its samples?
agrees() {
    awk '
        FNR == NR { if ($2 ~ /^[a-z]+\.[a-z.0-9]+$/ && $1 ~ /^[0-9]+$/) want[$2] = $1; next }
        { line = $0; sub(/^ */, "", line); depth = length($0) - length(line)
          name = line; sub(/^"/, "", name); sub(/".*/, "", name)
          value = line; sub(/^"[^"]*": */, "", value); sub(/,$/, "", value) }
        depth == 1 { in_counters = name == "counters"; in_intervals = name == "intervals"; in_blocks = name == "blocks" }
        depth == 1 && name == "samples" { samples = value }
        in_counters && depth == 2 { total[name] = value }
        in_intervals && depth == 3 && name == "samples" { by_interval += value }
        in_intervals && depth == 4 { sum[name] += value }
        in_blocks && depth == 4 && (name == "guest" || name == "interpreter" || name == "monitor") { by_block += value }
        END {
            for (n in want) { if (total[n] != want[n]) print n, "is", total[n], "and not", want[n]; some++ }
            for (n in total) {
                if (sum[n] + 0 != total[n] + 0) print n, "adds up to", sum[n], "and not", total[n]
                if (total[n] > 0 && !(n in want)) print n, "was not printed"
            }
            if (by_interval != samples || by_block != samples) print "samples:", samples, by_interval, by_block
            if (some < 10) print "only", some + 0, "counters"
        }' err "$1" | head -5
}

# Do the samples stand for the time in which the guest was awake, within LIMIT percent?
covers() { # FILE LIMIT
    awk -v sampled="$(json sampled_ns "$1")" -v asleep="$(json2 time_ns asleep "$1")" \
        -v total="$(json2 counters time.total.ns "$1")" -v limit="$2" 'BEGIN {
            off = 100 * (sampled + asleep) / total - 100
            if (off > limit || off < -limit) print "samples and sleep are off by", off, "%" }'
}

# The symbol with the most samples, and its share in percent.
hottest() {
    awk '/^ "samples":/ { all = $2 + 0 }
        /^ "functions":/ { on = 1 }
        on && /^   "symbol":/ { gsub(/[",]/, "", $2); name = $2 }
        on && /^    "(guest|interpreter|monitor)":/ { n += $2 }
        on && /^  }/ { printf "%s %d\n", name, 100 * n / all; exit }' "$1"
}

echo "# what cannot be done"
guest spin 400000000 0 && guest short 1000 0 && guest fault 100000000 1 || exit 3
bad "no report" 2 'no report to make was given' lab profile spin.elf
bad "no kernel" 2 'no kernel given; write .ring1 lab profile KERNEL' lab profile -o reports/r.html
bad "no such kernel" 2 'kernel nothing.elf: ' lab profile -o reports/r.html nothing.elf
bad "no such option value" 2 'no such host' lab profile -o reports/r.html --on kvm spin.elf
for rows in 0 -1 x 10001 ''; do
    bad "--rows '$rows'" 2 "--rows $rows: not a number from 1 to 10000" lab profile -o reports/r.html --rows "$rows" spin.elf
done
bad "a report in no directory" 2 '--output no/r.html: cannot write it' lab profile -o no/r.html spin.elf
bad "a report that is a directory" 2 '--output reports: this is a directory' lab profile -o reports spin.elf
bad "JSON in no directory" 2 '--json no/r.json: cannot write it' lab profile -o reports/r.html --json no/r.json spin.elf
bad "--profile in no directory" 2 '--profile no/p: cannot write it' run --on process --profile no/p spin.elf
bad "--from and a kernel" 2 '--from p: nothing is run then' lab profile -o reports/r.html --from p spin.elf
bad "no such profile" 2 'p: .*No such file' lab profile -o reports/r.html --from p
bad "--from what is no profile" 2 'spin.elf:1: ' lab profile -o reports/r.html --from spin.elf
printf 'profile begin 1\nprofile n a\nprofile c 1:1\n' >bad.prof
bad "--from a garbled profile" 2 'bad.prof:3: a counter without a name' lab profile --json reports/r.json --from bad.prof
echo 'c1000000 T' >bad.map
bad "--symbols that are none" 2 'bad.map:1: not a line of a System.map' lab profile -o reports/r.html --symbols bad.map spin.elf
cp spin.elf stripped.elf && strip stripped.elf
bad "--symbols of a stripped file" 2 'stripped.elf: this kernel has no symbols' lab profile -o reports/r.html --symbols stripped.elf spin.elf
bad "a kernel that is none" 2 'kernel bad.map' lab profile -o reports/r.html bad.map

echo "# a guest in a loop"
loop() { # HOST
    local why
    run lab profile --on "$1" --memory 32M --timeout 120 --stats -o reports/r.html --json reports/r.json spin.elf
    why=$(agrees reports/r.json; covers reports/r.json 10; left r.html r.json)
    [ "$rc" = 0 ] && [ -z "$why" ]
    report $? "$1: the report agrees with the counters" "status $rc; $why
$(tail -1 err)"
    read -r name share <<<"$(hottest reports/r.json)"
    [ "$name" = spin ] && [ "$share" -ge 75 ]
    report $? "$1: the loop is named" "$name has $share %"
    [ "$(json complete reports/r.json)" = true ] && [ "$(json2 symbols from reports/r.json)" = "ELF symbols" ] &&
        [ "$(json2 run kernel reports/r.json)" = spin.elf ] && [ "$(json2 run on reports/r.json)" = "$1" ] &&
        [ "$(json2 run end reports/r.json)" = "guest-off: the guest reset the machine" ]
    report $? "$1: what ran" "$(head -20 reports/r.json)"
    grep -q '^<!DOCTYPE html>' reports/r.html && tail -1 reports/r.html | grep -q '</html>' && grep -q '>spin<' reports/r.html &&
        ! grep -qE '(src|href)=|https?://|<script' reports/r.html
    report $? "$1: the page stands by itself" "$(head -c 300 reports/r.html)"
    [ "$1" = qemu ] || mv reports/r.html page.html
    rm -f reports/*
}
loop process
loop qemu

echo "# the page in Chromium"
cat >>page.html <<'EOT'
<script>
const boxes = [...document.querySelectorAll('svg[role=img], table')].map(e => e.getBoundingClientRect());
const titles = [...document.querySelectorAll('svg rect title')].filter(t => /^\d+\.\d+ to \d+\.\d+ s, /.test(t.textContent)).length;
const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
document.title = [boxes.length, boxes.every(b => b.width > 300 && b.height > 20) ? 'seen' : 'flat', wide ? 'too wide' : 'fits',
    document.body.innerText.includes('spin') ? 'named' : 'nameless', titles >= 4 ? 'told' : 'mute'].join(' ');
</script>
EOT
in_browser "$tmp/page.html"
title=$(sed -n 's|.*<title>\([^<]*\)</title>.*|\1|p' dom | head -1)
[ "$title" = "7 seen fits named told" ]
report $? "four charts and three tables, with the loop's name and the columns' values" "$title"

echo "# in two steps, and ends of other kinds"
run run --on process --memory 32M --stats --profile reports/p spin.elf
cp err stats
two=$rc
run lab profile --from reports/p --symbols spin.elf --json reports/r.json -o reports/r.html
mv stats err
why=$(agrees reports/r.json; left p r.html r.json)
[ "$two $rc" = "0 0" ] && [ -z "$why" ] && [ "$(hottest reports/r.json | cut -d' ' -f1)" = spin ]
report $? "run --profile, then --from" "status $two $rc; $why"
run lab profile --from reports/p --json reports/r.json
[ "$rc" = 0 ] && grep -q '^ "symbols": null,' reports/r.json && [ "$(json samples reports/r.json)" -gt 10 ]
report $? "without symbols" "status $rc"
printf '00200000 T all_of_it\n' >map
run lab profile --from reports/p --symbols map --json reports/r.json
[ "$rc" = 0 ] && [ "$(hottest reports/r.json)" = "all_of_it 100" ]
report $? "a System.map" "status $rc: $(hottest reports/r.json)"
{ sed '/^profile t /q' reports/p && printf 'profile c 1:6'; } >cut # in the middle of a line
run lab profile --from cut --json reports/r.json
[ "$rc" = 0 ] && [ "$(json complete reports/r.json)" = false ]
report $? "a profile that was cut off" "status $rc"
rm -f reports/*

run lab profile --on process --memory 32M --json reports/r.json fault.elf
[ "$rc" = 5 ] && [ "$(json complete reports/r.json)" = true ] && json2 run end reports/r.json | grep -q '^guest-killed: '
report $? "a guest that was killed has a report" "status $rc: $(head -12 reports/r.json)"
guest long 4294967295 0
run lab profile --on process --memory 32M --timeout 1 --json reports/r.json long.elf
[ "$rc" = 6 ] && [ "$(json complete reports/r.json)" = false ] && [ "$(hottest reports/r.json | cut -d' ' -f1)" = spin ] &&
    json2 run end reports/r.json | grep -q '^time-out: '
report $? "one that --timeout ended, too" "status $rc: $(head -12 reports/r.json)"
run lab profile --on process --memory 32M --engine interp -o reports/r.html --json reports/r.json short.elf
[ "$rc" = 0 ] && [ "$(json2 counters fallback.forced reports/r.json)" -gt 1000 ]
report $? "an interpreted one" "status $rc: $(head -3 err)"
rm -f reports/*
timeout 60 "$ring1" lab profile --on process --memory 32M -o reports/r.html --json reports/r.json long.elf </dev/null >out 2>err &
pid=$!
sleep 1
kill -TERM $pid
wait $pid
rc=$?
[ "$rc" = 143 ] && [ "$(json complete reports/r.json)" = false ] && [ -z "$(left r.html r.json)" ]
report $? "one that a signal ended, too" "status $rc: $(head -3 err) $(left r.html r.json)"
rm -f reports/*
run run --on process --memory 32M --verbose short.elf
[ "$rc" = 0 ] && grep -q '  log: ' err && ! grep -q 'profile' err
report $? "without --profile the log has none" "status $rc: $(grep profile err | head -3)"

echo "# Linux"
linux() { # HOST: and what is known of any boot
    local why level
    run lab profile --on "$1" --timeout 240 --stats --console console -o reports/r.html --json reports/r.json \
        --initrd "$B/guest/initrd.img" --append "console=ttyS0 ring1.script=none" "$B/guest/vmlinuz"
    why=$(agrees reports/r.json; covers reports/r.json 10; left r.html r.json)
    [ "$rc" = 0 ] && [ -z "$why" ]
    report $? "$1: a boot agrees with its counters" "status $rc; $why
$(tail -1 err)"
    [ "$(json2 symbols from reports/r.json)" = kallsyms ] && [ "$(json2 symbols count reports/r.json)" -gt 10000 ] &&
        [ "$(json2 symbols doubtful reports/r.json)" = false ] && [ $(($(json2 symbols slide reports/r.json) % 4096)) = 0 ]
    report $? "$1: the kernel's own symbols" "$(sed -n '/^ "symbols"/,/}/p' reports/r.json)"
    # A kernel that is booted without hurry waits for its timers in delay_tsc, and memcpy is in any.
    grep -qE '"symbol": "(delay_tsc|memcpy)' reports/r.json
    report $? "$1: functions that any boot runs" "$(grep -m8 '"symbol"' reports/r.json)"
    level=$(grep -c '"level": "user"' reports/r.json)
    [ "$level" -gt 0 ] && [ "$(json2 time_ns kernel reports/r.json)" -gt "$(json2 time_ns user reports/r.json)" ]
    report $? "$1: user code and kernel code are told apart" "$level places of user code"
    rm -f reports/*
}
linux process
[ -z "$full" ] || linux qemu

finish
