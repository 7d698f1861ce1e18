#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs inside the default guest (/scripts/check, chosen by ring1.script=check): a few hundred
# commands whose results are known, over everything that a kernel does for programs. One
# line a step: "ok N NAME", or "FAIL N NAME" with what came instead. Then the line
# "ring1-guest: script N ok, M failed", and the kernel's log between two marks, in which the
# host side looks for traces of trouble.
export LC_ALL=C
ok=0
failed=0
work=/tmp/check
rm -rf "$work"
mkdir -p "$work"
cd "$work" || exit 1

# t NAME WANTED COMMAND: runs COMMAND in a shell of its own; its output must be WANTED.
t() {
    got=$(eval "$3" 2>&1)
    if [ "$got" = "$2" ]; then
        ok=$((ok + 1))
        echo "ok $((ok + failed)) $1"
    else
        failed=$((failed + 1))
        echo "FAIL $((ok + failed)) $1: wanted [$2] got [$got]"
    fi
}

# r NAME WANTED COMMAND: its exit status must be WANTED.
r() { t "$1" "$2" "($3) >/dev/null 2>&1; echo \$?"; }

section() { echo "# $*"; }

section arithmetic in the shell
t "add" 12 'echo $((5 + 7))'
t "subtract below zero" -2 'echo $((5 - 7))'
t "multiply to 64 bits" 4611686014132420609 'echo $((2147483647 * 2147483647))'
t "divide negative" -3 'echo $((-7 / 2))'
t "remainder negative" -1 'echo $((-7 % 2))'
t "shift left" 1099511627776 'echo $((1 << 40))'
t "shift right" 255 'echo $((65535 >> 8))'
t "and or xor" "8 14 6" 'echo $((12 & 10)) $((12 | 10)) $((12 ^ 10))'
t "complement" -1 'echo $((~0))'
t "compare" "1 0 1" 'echo $((3 < 4)) $((3 > 4)) $((3 != 4))'
t "hexadecimal" 3735928559 'echo $((0xdeadbeef))'
t "sum of a loop" 500500 's=0; i=1; while [ $i -le 1000 ]; do s=$((s + i)); i=$((i + 1)); done; echo $s'
t "factorial 20" 2432902008176640000 'f=1; for i in $(seq 20); do f=$((f * i)); done; echo $f'
t "fibonacci 80" 23416728348467685 'a=0 b=1; for i in $(seq 80); do c=$((a + b)); a=$b; b=$c; done; echo $a'
t "gcd" 21 'a=1071 b=462; while [ $b -ne 0 ]; do x=$((a % b)); a=$b; b=$x; done; echo $a'
t "primes below 100" 25 'n=0; for i in $(seq 2 99); do p=1; j=2; while [ $((j * j)) -le $i ]; do [ $((i % j)) -eq 0 ] && p=0; j=$((j + 1)); done; n=$((n + p)); done; echo $n'

section floating point
t "awk add" 0.3 'awk "BEGIN { print 0.1 + 0.2 }"'
t "awk digits" 0.30000000000000004 'awk "BEGIN { printf \"%.17f\", 0.1 + 0.2 }"'
t "square root by Newton" 1.414213562373 'awk "BEGIN { x = 1; for (i = 0; i < 8; i++) x = (x + 2 / x) / 2; printf \"%.12f\", x }"'
t "pi by Machin" 3.141592653590 'awk "function at(n) { s = 0; t = 1 / n; for (i = 1; i < 60; i += 2) { s += t / i; t /= -n * n }; return s } BEGIN { printf \"%.12f\", 4 * (4 * at(5) - at(239)) }"'
t "e by its series" 2.718281828459 'awk "BEGIN { t = 1; for (i = 1; i < 30; i++) { s += t; t /= i }; printf \"%.12f\", s }"'
t "awk very small and large" "1e-300 1e+300" 'awk "BEGIN { x = 1; for (i = 0; i < 300; i++) x /= 10; y = 1; for (i = 0; i < 300; i++) y *= 10; printf \"%.0e %.0e\", x, y }"'
t "awk int" "3 -3" 'awk "BEGIN { print int(3.9), int(-3.9) }"'
t "awk harmonic" 5.187377517640 'awk "BEGIN { for (i = 1; i <= 100; i++) s += 1 / i; printf \"%.12f\", s }"'
t "awk two to the hundredth" 1267650600228229401496703205376 'awk "BEGIN { x = 1; for (i = 0; i < 100; i++) x *= 2; printf \"%.0f\", x }"'
t "dc" 14142135 'echo "9 k 2 v 10000000 * 0 k 1 / p" | dc | cut -d. -f1'
t "bc big" 1606938044258990275541962092341162602522202993782792835301376 'echo "2^200" | bc'
t "floats survive forks" 3.250000 'x=$(awk "BEGIN { printf \"%.6f\", 13 / 4 }"); for i in 1 2 3; do awk "BEGIN { y = 1 / 3; for (i = 0; i < 1000; i++) y += i }" & done; wait; echo $x'

section strings and expansion
t "length" 11 'v="hello world"; echo ${#v}'
t "prefix" "c.d" 'v=a.b.c.d; echo ${v#*.*.}'
t "longest prefix" d 'v=a.b.c.d; echo ${v##*.}'
t "suffix" a.b.c 'v=a.b.c.d; echo ${v%.*}'
t "longest suffix" a 'v=a.b.c.d; echo ${v%%.*}'
t "default" none 'unset v; echo ${v:-none}'
t "assign default" "x x" 'unset v; echo ${v:=x} $v'
t "alternative" yes 'v=1; echo ${v:+yes}'
t "substring" ell 'v=hello; echo ${v:1:3}'
t "replace" heLlo 'v=hello; echo ${v/l/L}'
t "replace all" heLLo 'v=hello; echo ${v//l/L}'
t "case" vowel 'case e in [aeiou]) echo vowel ;; *) echo other ;; esac'
t "printf" "00042|  ab|2a" 'printf "%05d|%4s|%x" 42 ab 42'
t "here document" "two lines of text" 'tr "\n" " " <<X | sed "s/ $//"
two lines
of text
X'
t "tr upper" ABC 'echo abc | tr a-z A-Z'
t "tr delete" bd 'echo abcd | tr -d ac'
t "tr squeeze" "a b" 'echo "a    b" | tr -s " "'
t "rev" cba 'echo abc | rev'
t "cut fields" "b d" 'echo "a:b:c:d" | cut -d: -f2,4 | tr : " "'
t "cut bytes" bcd 'echo abcdef | cut -c2-4'
t "sed substitute" "b-b" 'echo "a-a" | sed s/a/b/g'
t "sed groups" "world hello" 'echo "hello world" | sed "s/\(.*\) \(.*\)/\2 \1/"'
t "sed range" "2 3 4" 'seq 9 | sed -n 2,4p | tr "\n" " " | sed "s/ $//"'
t "sed append" "a b" 'echo a | sed "a b" | tr "\n" " " | sed "s/ $//"'
t "grep count" 20 'seq 100 | grep -c 1'
t "grep invert" 80 'seq 100 | grep -vc 1'
t "grep extended" "10 100" 'seq 100 | grep -E "^1(0)+$" | tr "\n" " " | sed "s/ $//"'
t "awk fields" "3 1" 'echo "1 2 3" | awk "{ print \$3, \$1 }"'
t "awk sum" 5050 'seq 100 | awk "{ s += \$1 } END { print s }"'
t "awk arrays" "2 3" 'printf "a\nb\na\nb\nb\n" | awk "{ n[\$1]++ } END { print n[\"a\"], n[\"b\"] }"'
t "awk substr" ell 'awk "BEGIN { print substr(\"hello\", 2, 3) }"'
t "awk gsub" "h-ll-" 'awk "BEGIN { s = \"hello\"; gsub(/[eo]/, \"-\", s); print s }"'
t "expr" 42 'expr 6 "*" 7'
t "expr match" 3 'expr aaab : "a*"'
t "basename dirname" "c /a/b" 'echo $(basename /a/b/c) $(dirname /a/b/c)'
t "factor" "1001: 7 11 13" 'factor 1001'
t "seq step" "1 4 7 10" 'seq 1 3 10 | tr "\n" " " | sed "s/ $//"'
t "xxd" 00ff10 'printf "\000\377\020" | xxd -p'
t "od" "141 142 143" 'printf abc | od -An -b | sed "s/^ *//"'
t "base64" aGVsbG8= 'printf hello | base64'
t "base64 back" hello 'echo aGVsbG8= | base64 -d'

section sorting and pipes
t "sort numbers" "1 2 10" 'printf "10\n2\n1\n" | sort -n | tr "\n" " " | sed "s/ $//"'
t "sort text" "1 10 2" 'printf "10\n2\n1\n" | sort | tr "\n" " " | sed "s/ $//"'
t "sort reverse" 1000 'seq 1000 | sort -rn | head -1'
t "sort unique" 10 'for i in $(seq 50); do echo $((i % 10)); done | sort -u | wc -l'
t "sort of 5000" "1 5000" 'seq 5000 | sort -r | sort -n | sed -n "1p;\$p" | tr "\n" " " | sed "s/ $//"'
t "uniq count" "3 x" 'printf "x\nx\nx\n" | uniq -c | sed "s/^ *//"'
t "tac" "3 2 1" 'seq 3 | tac | tr "\n" " " | sed "s/ $//"'
t "head tail" 50 'seq 100 | head -50 | tail -1'
t "paste" "1,2,3" 'seq 3 | paste -s -d,'
t "nl" "1 a" 'echo a | nl | sed "s/^ *//;s/	/ /"'
t "fold" "abc def ghi jkl" 'echo $(printf abcdefghijkl | fold -w 3)'
t "wc" "100 100 292" 'seq 100 | wc | awk "{ print \$1, \$2, \$3 }"'
t "tee" "x x" 'echo x | tee f1 >f2; echo $(cat f1) $(cat f2)'
t "xargs" "1 2 3 4" 'seq 4 | xargs echo'
t "xargs one by one" 4 'seq 4 | xargs -n1 echo | wc -l'
t "long pipe" 1000 'seq 1000 | cat | cat | cat | cat | cat | cat | cat | cat | wc -l'
t "pipe of a megabyte" 1048576 'dd if=/dev/zero bs=4096 count=256 2>/dev/null | cat | wc -c'
t "broken pipe ends the writer" 1 'yes 1 | head -1'
t "named pipe" through 'mkfifo p; echo through >p & cat p; wait; rm p'
t "pipe both ways" 30 'mkfifo q1 q2; (while read -r x; do echo $((x * 3)); done <q1 >q2) & exec 3>q1 4<q2; echo 10 >&3; read -r y <&4; exec 3>&- 4<&-; wait; rm q1 q2; echo $y'

section checksums
t "md5" d41d8cd98f00b204e9800998ecf8427e 'md5sum </dev/null | cut -d" " -f1'
t "md5 abc" 900150983cd24fb0d6963f7d28e17f72 'printf abc | md5sum | cut -d" " -f1'
t "sha1 abc" a9993e364706816aba3e25717850c26c9cd0d89d 'printf abc | sha1sum | cut -d" " -f1'
t "sha256 abc" ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad 'printf abc | sha256sum | cut -d" " -f1'
t "sha512 abc" ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2 'printf abc | sha512sum | cut -c1-48'
t "sha3 abc" 3a985da74fe225b2045c172d6bd390bd 'printf abc | sha3sum -a 256 | cut -c1-32'
t "md5 of 2 MiB zeros" b2d1236c286a3c0704224fe4105eca49 'dd if=/dev/zero bs=65536 count=32 2>/dev/null | md5sum | cut -d" " -f1'
t "sha256 of 1 MiB zeros" 30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58 'dd if=/dev/zero bs=65536 count=16 2>/dev/null | sha256sum | cut -d" " -f1'
t "crc32" 352441c2 'printf abc >f; crc32 f | cut -c1-8'
t "gzip there and back" 900150983cd24fb0d6963f7d28e17f72 'printf abc | gzip -c | gunzip -c | md5sum | cut -d" " -f1'
t "gzip of a megabyte" 1048576 'dd if=/dev/zero bs=65536 count=16 2>/dev/null | gzip -c | gunzip -c | wc -c'
t "bzip2 there and back" 5000 'seq 5000 | bzip2 -c | bunzip2 -c | tail -1'
t "uuencode" abc 'printf abc >u; uuencode u u2 >u3; uudecode u3; cat u2'

section files
t "write and read" hello 'echo hello >f; cat f'
t "append" "a b" 'echo a >f; echo b >>f; echo $(cat f)'
t "size" 4096 'dd if=/dev/zero of=f bs=512 count=8 2>/dev/null; stat -c %s f'
t "truncate" 100 'truncate -s 100 f; stat -c %s f'
t "sparse" "1048577 1" 'rm f; printf x | dd of=f bs=1 seek=1048576 2>/dev/null; echo $(stat -c %s f) $(tail -c 1 f | wc -c)'
t "dd skip" 3456 'printf 0123456789 >f; dd if=f bs=1 skip=3 count=4 2>/dev/null'
t "dd in the middle" 01ab456789 'printf ab | dd of=f bs=1 seek=2 conv=notrunc 2>/dev/null; cat f'
t "copy" same 'cp f g; cmp f g && echo same'
t "cmp finds a difference" 1 'printf x >>g; cmp f g >/dev/null 2>&1; echo $?'
t "diff" "+6" 'seq 5 >a; seq 6 >b; diff a b | tail -1'
t "move" "no yes" 'mv g h; echo $([ -e g ] || echo no) $([ -e h ] && echo yes)'
t "hard link" 2 'ln h h2; stat -c %h h'
t "soft link" h 'ln -s h s; readlink s'
t "dangling link" 1 'ln -s nowhere d; [ -e d ]; echo $?'
t "link loop" 1 'ln -s l2 l1; ln -s l1 l2; cat l1 2>/dev/null; echo $?'
t "remove" gone 'rm h h2 s d l1 l2; [ -e h ] || echo gone'
t "directories" "x/y/z" 'mkdir -p x/y/z; find x -type d | tail -1'
t "rmdir refuses" 1 'rmdir x 2>/dev/null; echo $?'
t "remove a tree" gone 'rm -r x; [ -e x ] || echo gone'
t "mode" 640 'touch m; chmod 640 m; stat -c %a m'
t "mode letters" "-rwxr-x---" 'chmod u=rwx,g=rx,o= m; stat -c %A m'
t "owner" "1000:1000" 'chown 1000:1000 m; stat -c %u:%g m'
t "times" 86400 'touch -d @86400 m; stat -c %Y m'
t "umask" 600 'umask 077; rm -f n; touch n; stat -c %a n'
t "200 files" 200 'mkdir many; for i in $(seq 200); do echo $i >many/$i; done; ls many | wc -l'
t "their sum" 20100 'cat many/* | awk "{ s += \$1 } END { print s }"'
t "find by name" 11 'find many -name "1?" -o -name 200 | wc -l'
t "find and run" 3 'find many -name "19?" -exec cat {} \; | grep -c "[123]$"'
t "glob" 10 'set -- many/1?; echo $#'
t "delete them" 0 'find many -type f -exec rm {} +; ls many | wc -l'
t "tar" "1 2 3" 'mkdir -p tree; for i in 1 2 3; do echo $i >tree/$i; done; tar cf t.tar tree; rm -r tree; tar xf t.tar; echo $(cat tree/*)'
t "tar with gzip" 3 'tar czf t.tgz tree; tar tzf t.tgz | grep -c "tree/[0-9]"'
t "cpio" 4 'find tree | cpio -o -H newc 2>/dev/null | cpio -t 2>/dev/null | wc -l'
t "du" 0 'mkdir empty; du -s empty | cut -f1'
t "file descriptors" "a b" 'exec 5>fd; echo a >&5; echo b >&5; exec 5>&-; echo $(cat fd)'
t "read a line at a time" "3 2 1" 'seq 3 >l; x=; while read -r i; do x="$i $x"; done <l; echo $x'
t "overwrite in place" "xbc" 'printf abc >o; exec 6<>o; printf x >&6; exec 6>&-; cat o'
t "deleted but open" kept 'echo kept >k; exec 7<k; rm k; cat <&7'
t "tmpfs" "mounted 65536" 'mkdir tm; mount -t tmpfs -o size=1m tmpfs tm && echo mounted $(dd if=/dev/zero of=tm/f bs=65536 count=1 2>/dev/null; stat -c %s tm/f); umount tm'
t "tmpfs is full" 1 'mount -t tmpfs -o size=64k tmpfs tm; dd if=/dev/zero of=tm/f bs=4096 count=64 2>/dev/null; echo $?; umount tm'
t "read-only mount" 1 'mount -t tmpfs -o ro tmpfs tm; (touch tm/f) 2>/dev/null; echo $?; umount tm'
t "bind mount" 1 'mount -o bind tree tm; cat tm/1; umount tm'

section programs and processes
r "true" 0 true
r "false" 1 false
r "exit status" 42 'exit 42'
r "not found" 127 'no-such-program'
r "not executable" 126 './f'
t "status through a pipe" 0 'false | true; echo $?'
t "and or" yes 'false || echo yes'
t "subshell keeps its variables" outer 'v=outer; (v=inner); echo $v'
t "environment" here 'RING1=here env | sed -n s/RING1=//p'
t "arguments" "3 b c" 'f() { echo $# $2 "$3"; }; f a b c'
t "recursion" 55 'fib() { if [ $1 -lt 2 ]; then echo $1; else echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); fi; }; fib 10'
t "exec" done 'sh -c "exec echo done"'
t "background and wait" 7 '(exit 7) & wait $!; echo $?'
t "ten children" 10 'for i in $(seq 10); do (echo $i) & done | wc -l; wait'
t "200 forks" 200 'n=0; for i in $(seq 200); do (exit 0) && n=$((n + 1)); done; echo $n'
t "100 execs" 100 'for i in $(seq 100); do /bin/echo x; done | wc -l'
t "parent" same 'p=$$; sh -c "[ \$PPID -ne 0 ]" && echo same'
t "process is listed" 1 'sleep 60 & p=$!; usleep 50000; ps | grep -c "^ *$p .*sleep 60"; kill $p'
t "proc knows it" sleep 'sleep 60 & p=$!; usleep 50000; cat /proc/$p/comm; kill $p'
t "kill" 143 'sleep 60 & kill $!; wait $! 2>/dev/null; echo $?'
t "kill -9" 137 'sleep 60 & kill -9 $!; wait $! 2>/dev/null; echo $?'
t "stop and go on" "T S" 'sleep 60 & p=$!; kill -STOP $p; usleep 100000; a=$(cut -d" " -f3 /proc/$p/stat); kill -CONT $p; usleep 100000; echo $a $(cut -d" " -f3 /proc/$p/stat); kill $p'
t "trap" caught 'sh -c "trap \"echo caught\" USR1; kill -USR1 \$\$"'
t "trap at exit" bye 'sh -c "trap \"echo bye\" EXIT; exit 3"'
t "ignored signal" alive 'sh -c "trap \"\" TERM; kill -TERM \$\$; echo alive"'
t "20 signals" 20 'sh -c "n=0; trap \"n=\\\$((n + 1))\" USR1; for i in \$(seq 20); do kill -USR1 \$\$; done; echo \$n"'
t "signal from a child" got 'sh -c "trap \"echo got; exit\" USR2; (kill -USR2 \$\$) & wait; wait"'
t "time-out" 143 '{ timeout 1 sleep 60; } 2>/dev/null; echo $?'
t "timeout not reached" 0 'timeout 60 true; echo $?'
t "segmentation fault" 139 '{ sh -c "kill -SEGV \$\$"; } 2>/dev/null; echo $?'
t "process group" 0 'setsid sh -c "sleep 60 & sleep 60 & kill 0" 2>/dev/null; sleep 0; ps | grep -c "[s]leep 60"'
t "nice" 10 'sleep 60 & p=$!; renice -n 10 -p $p; cut -d" " -f19 /proc/$p/stat; kill $p'
t "limits" 64 'ulimit -n 64; ulimit -n'
t "too many open files" 1 'ulimit -n 4; (exec 3<f 4<f) 2>/dev/null; echo $?'
t "file size limit" 1 'ulimit -f 1; dd if=/dev/zero of=big bs=4096 count=4 >/dev/null 2>&1; [ $(stat -c %s big) -le 1024 ] && echo 1'
t "user id" 0 'id -u'
t "orphans find init" 1 'rm -f orphan; sh -c "sh -c \"usleep 200000; cut -d\\\" \\\" -f4 /proc/self/stat >orphan\" &"; for i in $(seq 100); do [ -s orphan ] && break; usleep 50000; done; [ $(cat orphan) -ge 1 ] && echo 1'
t "deep pipeline of shells" 6 'sh -c "sh -c \"sh -c \\\"echo \\\$((1 + 2 + 3))\\\"\""'

section memory
t "large variable" 100000 'v=$(dd if=/dev/zero bs=1000 count=100 2>/dev/null | tr "\0" x); echo ${#v}'
t "copy on write" "old new" 'v=old; x=$(v=new; echo $v); echo $v $x'
t "map and unmap" 8388608 'dd if=/dev/zero bs=8388608 count=1 2>/dev/null | wc -c'
t "eight times four megabytes" 33554432 'for i in 1 2 3 4 5 6 7 8; do dd if=/dev/zero bs=4194304 count=1 2>/dev/null; done | wc -c'
t "sort in memory" 20000 'seq 20000 -1 1 | sort -n | tail -1'
t "awk table of 20000" 20000 'awk "BEGIN { for (i = 0; i < 20000; i++) a[i] = i * i; n = 0; for (k in a) n++; print n }"'
t "address space limit" 1 'ulimit -v 20000; dd if=/dev/zero of=/dev/null bs=67108864 count=1 >/dev/null 2>&1; echo $?'
t "maps" yes 'grep -q stack /proc/self/maps && echo yes'
t "page cache" same 'dd if=/dev/zero bs=65536 count=64 of=c1 2>/dev/null; cp c1 c2; echo 3 >/proc/sys/vm/drop_caches; cmp c1 c2 && echo same; rm c1 c2'
t "random bytes differ" 1 'a=$(head -c 16 /dev/urandom | md5sum); b=$(head -c 16 /dev/urandom | md5sum); [ "$a" != "$b" ] && echo 1'
t "zero device" 0 'head -c 100000 /dev/zero | tr -d "\0" | wc -c'
t "full device" 1 'echo x 2>/dev/null >/dev/full || echo 1'
t "memory does not leak" yes 'a=$(sed -n "s/^MemFree: *\([0-9]*\).*/\1/p" /proc/meminfo); for i in $(seq 30); do dd if=/dev/zero bs=1048576 count=4 2>/dev/null | cat >/dev/null; done; b=$(sed -n "s/^MemFree: *\([0-9]*\).*/\1/p" /proc/meminfo); [ $((a - b)) -lt 20000 ] && echo yes'

section time
t "sleep sleeps" yes 'a=$(cut -d. -f1 /proc/uptime); sleep 2; b=$(cut -d. -f1 /proc/uptime); [ $((b - a)) -ge 1 ] && [ $((b - a)) -le 30 ] && echo yes'
t "clock goes forward" yes 'a=$(date +%s); usleep 1200000; b=$(date +%s); [ $b -gt $a ] && echo yes'
t "clock never goes back" 0 'bad=0; last=0; for i in $(seq 50); do n=$(sed "s/ .*//;s/\.//" /proc/uptime); [ "$n" -lt "$last" ] && bad=1; last=$n; done; echo $bad'
t "interrupts tick" yes 'a=$(awk "/^intr/ { print \$2 }" /proc/stat); sleep 1; b=$(awk "/^intr/ { print \$2 }" /proc/stat); [ "$b" -gt "$a" ] && echo yes'
t "date arithmetic" 2001-09-09T01:46:40 'date -u -d @1000000000 +%Y-%m-%dT%H:%M:%S'
t "calendar" 29 'cal 2 2024 | grep -o "[0-9]*" | sed 1d | wc -l'

section the kernel and its devices
t "kernel" Linux 'uname -s'
t "machine" yes 'case $(uname -m) in i?86) echo yes ;; esac'
t "one processor" 1 'grep -c ^processor /proc/cpuinfo'
t "host name" ring1-test 'hostname ring1-test; hostname; hostname ring1-guest'
t "sysctl" 12345 'old=$(cat /proc/sys/kernel/pid_max); sysctl -w kernel.pid_max=12345 >/dev/null; cat /proc/sys/kernel/pid_max; echo $old >/proc/sys/kernel/pid_max'
t "serial port" ttyS0 'ls /sys/class/tty | grep -x ttyS0'
t "second serial port" ttyS1 'stty -F /dev/ttyS1 9600 && echo lost >/dev/ttyS1 && ls /sys/class/tty | grep -x ttyS1'
t "alarm of the real-time clock" yes 'n() { awk "/rtc0/ { print \$2 }" /proc/interrupts; }; a=$(n); echo +2 >/sys/class/rtc/rtc0/wakealarm; sleep 4; [ "$(n)" -gt "$a" ] && echo yes'
t "console" yes 'grep -qE "^(ttyS0|hvc0) " /proc/consoles && echo yes'
t "terminal speed" yes '[ $(stty speed </dev/ttyS0) -ge 9600 ] && echo yes'
t "loop-back network" yes 'ifconfig lo 127.0.0.1 up 2>/dev/null && ping -c 1 127.0.0.1 >/dev/null && echo yes'
t "TCP to itself" "1 2 3" 'httpd -f -p 127.0.0.1:8000 -h tree & usleep 300000; echo $(for i in 1 2 3; do wget -q -O - http://127.0.0.1:8000/$i; done); kill $!'
t "cmdline" 1 'grep -c ring1.script=check /proc/cmdline'
t "modules file" yes '[ -e /proc/modules ] && echo yes'
t "device numbers" "1 3" 'stat -c "%t %T" /dev/null'
t "own device node" "1 5 3" 'mknod z c 1 5; echo $(stat -c "%t %T" z) $(head -c 3 z | wc -c)'
t "chroot" inside 'mkdir -p jail/bin; cp /bin/busybox jail/bin/; chroot jail /bin/busybox echo inside'
t "unshared host name" "jailed ring1-guest" 'echo $(unshare -u sh -c "hostname jailed; hostname") $(hostname)'

section many small things
i=1
while [ $i -le 60 ]; do
    t "file $i through sed, sort and gzip" "$i" "seq $((i * 7)) | sed -n '$i,\$p' | sort -n | gzip -c | gunzip -c | head -1"
    i=$((i + 1))
done

cd /
rm -rf "$work"
echo "ring1-guest: script $ok ok, $failed failed"
echo "ring1-guest: dmesg begins"
dmesg
echo "ring1-guest: dmesg ends"
