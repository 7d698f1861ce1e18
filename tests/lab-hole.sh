#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `ring1 lab hole' from outside: tests/lab-hole.sh BUILD [full]. The probe runs on QEMU, bare and under Ring1, in a
# process, and from its CD image; what cannot be done must give one clear line and leave nothing behind. The page is
# looked at in headless Chromium. With "full", Bochs, and the image's other menu entry, too.
# Last line: "N passed, N failed".
set -u
# shellcheck source=tests/lib.sh
. "$(dirname "$0")/lib.sh"
ring1=$B/ring1
cd "$tmp" || exit 3
mkdir tmp
export TMPDIR="$tmp/tmp"

run() { # ring1 lab hole with nothing to read
    timeout 300 "$ring1" lab hole "$@" </dev/null >out 2>err
    rc=$?
}

# Files in TMPDIR and beside the output, and processes that have their directory there.
left() {
    ls -A tmp
    ls -d page.html.* x.iso.* 2>/dev/null
    processes_in "$TMPDIR"
}

# fake QEMU, which is the shell commands on standard input; $con is COM1's descriptor.
fake() {
    mkdir -p fakes
    {
        echo '#!/bin/bash'
        echo 'con=$(printf "%s\n" "$@" | sed -n "s/^socket,id=con,fd=//p")'
        cat
    } >fakes/qemu-system-x86_64
    chmod +x fakes/qemu-system-x86_64
}
faked() { # the same as bad, with the fake QEMU
    PATH=$tmp/fakes:$PATH bad "$@"
}

echo "# the command line"
run --help
check "--help" 0 '--on=HOST' 'Exit status' 'ring1 lab hole --iso hole.iso'
run --no-such-option
check "an unknown option" 2 'err:unrecognized option'
bad "an unknown host" 2 '--on kvm: no such host; it is qemu, bochs or process' --on kvm
bad "an unknown instruction" 2 'nothing: no such instruction among the tests' nothing
bad "an empty instruction" 2 'no such instruction among the tests' ''
bad "no time" 2 '--timeout 0: not a time' --timeout 0
bad "JSON and HTML" 2 '--json and --html: only one' --json --html page.html
bad "--iso with more" 2 '--iso: it goes with no other option' --iso x.iso popf
bad "--read with --on" 2 '--read and --on' --read x --on qemu
bad "five files" 2 'at most 4 files' --read 1 --read 2 --read 3 --read 4 --read 5
bad "a page in no directory" 2 '--html none/x: cannot write it' --html none/x
bad "a page over a directory" 2 '--html tmp: this is a directory' --html tmp
bad "an image in no directory" 2 '--iso none/x: cannot write it' --iso none/x
bad "an image over a device" 2 '--iso /dev/null: this is not a regular file' --iso /dev/null
mkdir bin
PATH=$tmp/bin /usr/bin/timeout 20 "$ring1" lab hole </dev/null >out 2>err
rc=$?
check "no QEMU" 3 'err:qemu-system-x86_64 is not installed; on Debian: apt install qemu-system-x86'
PATH=$tmp/bin /usr/bin/timeout 20 "$ring1" lab hole --iso x.iso </dev/null >out 2>err
rc=$?
check "no grub-mkrescue" 3 'err:grub-mkrescue is not installed; on Debian: apt install grub-common'
RING1_MONITOR=$tmp/none bad "no monitor" 3 'RING1_MONITOR=.*/none: cannot read'
TMPDIR=$tmp/none bad "no temporary directory" 3 'cannot make a temporary directory in .*/none'

echo "# QEMU, bare and under Ring1"
run
check "the table" 0 'Bare machine: QEMU' "Ring1's guest: Ring1 on QEMU" \
    '^POPF \(clears IF\) +CB M +IF=0 +! IF=1 +! IF=1 +same +same$' \
    '^MOV r, CS +B M +eax=8 +! eax=31 +! eax=1b +same +same$' \
    '^LAR \(kernel data\) +B M +ZF=1 +! ZF=0 +! ZF=0 +same +same$' \
    '^CLI +C +IF=0 +#GP\(0\) +#GP\(0\) +same +same$' \
    '^HLT +C +ran +#GP\(0\) +#GP\(0\) +same +same$' \
    '^SGDT +BL .* same +differs\*$' '^UD2 +#UD +#UD +#UD +same +same$' \
    'Virtual ring 0: [0-9]+ tests the same' 'not:DIFFERS' "not:$(printf '\033')"
[ "$(grep -c ' same ' out)" -ge 70 ] && [ "$(awk 'length($0) > 100 && !/^  /' out | wc -l)" = 0 ]
report $? "of at most 100 columns, and nearly all the same" "$(head -c 500 out)"
cp out table
run popf-iopl arpl
check "details" 0 '^POPF \(sets IOPL\) \[popf-iopl\]  9d$' 'Robin and Irvine' \
    'bare +ring 0  ran; changed: .*eflags 202 > 3202 \(IOPL\)' 'guest +ring 0  ran; changed: .*eflags 202 > 3202 \(IOPL\)' \
    'translated +rewritten: ' '^ARPL' 'not:\[popf\]'
run --json sgdt
check "--json" 0 '"id": "sgdt-umip"' '"verdict": "silent-real"' '"ring3": "known-difference"' '"gdtb": [0-9]+' 'not:"id": "popf"'
"$ring1" lab hole >/dev/full 2>err </dev/null
rc=$?
: >out
check "to a full disk" 3 'err:cannot write to the standard output: No space left'
echo old >page.html
run --html page.html
check "--html" 0 'not:.'
[ "$(grep -c '^<tr id=' page.html)" = 88 ] && grep -q '^</script></body></html>$' page.html &&
    ! grep -qiE '(src|href)=|https?:|@import|url\(' page.html
report $? "a page of 88 tests that needs nothing else"

echo "# the page in Chromium"
in_browser "$tmp/page.html"
grep -q '<html lang="en" class="js">' dom && grep -q '>88 of 88 tests</span>' dom &&
    [ "$(grep -o '<details>' dom | wc -l)" = 528 ]
report $? "its table and its script" "$(head -c 300 dom)"
# Its own script again, driven: the hole only, a search, arrow keys, all cells opened.
sed 's|^</script></body></html>$||' page.html >driven.html
cat >>driven.html <<'EOT'
(function () {
  const log = [];
  const press = (e, key) => e.dispatchEvent(new KeyboardEvent('keydown', { key: key, bubbles: true }));
  const which = document.getElementById('which'), search = document.getElementById('search');
  which.value = 'hole'; which.dispatchEvent(new Event('change'));
  log.push(document.getElementById('shown').textContent);
  which.value = 'all'; which.dispatchEvent(new Event('change'));
  search.value = 'PopF'; search.dispatchEvent(new Event('input'));
  log.push(document.getElementById('shown').textContent);
  const cell = (id, n) => document.getElementById(id).cells[n].querySelector('summary');
  cell('popf', 2).focus(); press(document.activeElement, 'ArrowRight'); press(document.activeElement, 'ArrowDown');
  log.push(document.activeElement === cell('popf-on', 3) ? 'moved' : 'stayed');
  document.getElementById('open').click();
  log.push(document.querySelectorAll('details[open]').length + ' open');
  const box = document.getElementById('popf').cells[5].getBoundingClientRect();
  log.push(box.height > 200 ? 'tall' : 'flat');
  document.title = log.join(', ');
}());
</script></body></html>
EOT
in_browser "$tmp/driven.html"
title=$(sed -n 's|.*<title>\(.*\)</title>.*|\1|p' dom)
[ "$title" = "37 of 88 tests, 4 of 88 tests, moved, 24 open, tall" ]
report $? "choosing, searching, arrow keys, opening" "$title"

echo "# in a process"
run --on process
check "bare on QEMU, Ring1 in a process" 0 "Ring1's guest: Ring1 on a Linux process" \
    '^SGDT +BL .* same +same$' '^PUSHF \(IF clear\) .* same +same$' 'not:DIFFERS'

grep -E ' (same|no such|differs\*) +(same|no such|differs\*)$' "$here/../docs/hole.md" >quoted
[ "$(wc -l <quoted)" -ge 20 ] && ! cat table out | grep -vxFf - quoted
report $? "docs/hole.md quotes what is printed"

echo "# the image, and what it sends"
run --iso x.iso
check "--iso" 0 'err:boots the probe on a PC with a BIOS'
boot() { # the image; COM1 is standard input and output
    timeout 120 qemu-system-x86_64 -accel tcg -cpu max,-svm,-vmx,la57=off -m 256 -nodefaults -display none -no-reboot \
        -cdrom x.iso -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4
}
boot </dev/null >bare.txt 2>/dev/null
run --read bare.txt popf
check "--read of the bare machine" 0 'bare +ring 1  ran; changed: esp 21fefc > 21ff00, s0 2 > 0$' 'not:guest'
run --read bare.txt
check "a table without a guest" 0 'Bare machine: the machine that was read' '^POPF .* - +-$' 'not:Virtual'
if [ -n "$full" ]; then
    : >guest.txt
    choose() { # the second entry, once the menu is there
        for _ in $(seq 600); do
            grep -aq 'guest of Ring1' guest.txt && break
            sleep 0.1
        done
        sleep 0.5
        printf '\033[B'
        sleep 0.5
        printf '\r'
    }
    choose | boot >>guest.txt 2>/dev/null
    run --read bare.txt --read guest.txt
    check "--read of both" 0 "Ring1's guest: Ring1 on the machine that was read" '^POPF \(clears IF\) .* same +same$' 'not:DIFFERS'
fi
bad "--read of a missing file" 2 'file nowhere: cannot open it' --read nowhere
bad "--read of a directory" 2 'this is a directory' --read tmp
: >empty
bad "--read of an empty file" 2 'file empty: the file is empty' --read empty
bad "--read of a device" 2 'neither a regular file nor a pipe' --read /dev/zero
bad "--read of something else" 2 '--read .*check.sh: it holds no run of the probe' --read "$here/check.sh"
head -c 20000 bare.txt >cut.txt
bad "--read of a cut file" 2 'cut.txt, line [0-9]+: (the check sum is wrong|the run ends here)' --read cut.txt
sed 's/ring 1 trap d 0/ring 1 trap e 0/' bare.txt >changed.txt
bad "--read of a changed file" 2 'changed.txt, line [0-9]+: the check sum is wrong' --read changed.txt
sed '/hole: test cli /d' bare.txt >less.txt
bad "--read of a file without a line" 2 'less.txt, line [0-9]+: ' --read less.txt
head -c 100000 /dev/urandom >random
bad "--read of noise" 2 '--read random: it holds no run' --read random

echo "# emulators that fail"
grep -ao 'hole: .*' bare.txt >good.txt
fake <<<'exit 0'
faked "QEMU prints nothing" 3 'QEMU: the probe printed nothing'
fake <<<'echo rubbish >&$con'
faked "QEMU prints rubbish" 3 'QEMU: the probe printed no whole run'
fake <<<"head -c 3000 '$tmp/good.txt' >&\$con"
faked "QEMU prints half a run" 3 'QEMU, line [0-9]+: '
fake <<<"sed 's/ring 0/ring 4/' <'$tmp/good.txt' >&\$con"
faked "QEMU prints something else" 3 'QEMU, line [0-9]+: the check sum is wrong'
fake <<<"cat '$tmp/good.txt' >&\$con"
faked "QEMU does not run Ring1" 3 'QEMU ended before the monitor gave a result'
fake <<<'exec sleep 30'
faked "QEMU does not end" 3 'the probe still ran after 1 seconds \(QEMU\); try a larger --timeout' --timeout 1
(trap - INT QUIT; PATH=$tmp/fakes:$PATH exec "$ring1" lab hole --html page.html </dev/null >out 2>err) &
pid=$!
sleep 0.5
kill -INT $pid
wait $pid 2>/dev/null
rc=$?
check "ended by SIGINT" 130 'not:.'
grep -q '^<tr id=' page.html
report $? "and the old page is still there"

if [ -n "$full" ]; then
    echo "# Bochs"
    run --on bochs
    check "Bochs, bare and under Ring1" 0 'Bare machine: Bochs' '^POPF \(clears IF\) +CB M +IF=0 +! IF=1 +! IF=1 +same +same$' \
        '^RDPMC .*#GP\(0\) +#GP\(0\) +differs\* +same$' 'not:DIFFERS' 'not:Not as the manual'
fi

finish
