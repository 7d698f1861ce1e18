# SPDX-License-Identifier: GPL-2.0-or-later
#
# Records whose bytes follow from their seed and number, for tests/disk.sh. "records.pl write SEED DIR" runs in the guest, as its init: it
# writes them until the power is cut, in four ways by turns (a file of its own, the end of a log, a slot overwritten in place, a
# file that another is renamed over), and says "flushed N." when fsync has answered for record N. "records.pl check SEED LAST DIR" runs on the
# host: every record up to LAST must be in DIR to the byte; what came later may be there, whole, in part or not at all.
use strict;
use warnings;
use Fcntl;
use IO::Handle;

use constant { SLOTS => 16, SLOT => 4096 };
my ($what, $seed) = splice @ARGV, 0, 2;

sub record {
    my ($n) = @_;
    my $x = ($seed * 2654435761 + $n * 40503 + 1) & 0xffffffff;
    my @words = map { $x = ($x * 1664525 + 1013904223) & 0xffffffff } 1 .. 62;
    my $chunk = pack 'N*', @words;
    my $body = join '', map { pack('NN', $n, $_) . $chunk } 0 .. $words[61] % 80;
    return sprintf("record %d of %d, %d bytes, sum %d\n", $n, $seed, length $body, unpack '%32C*', $body) . $body;
}

sub slot_record { substr record($_[0]) x (1 + SLOT / 256), 0, SLOT }
sub slot_of { int($_[0] / 4) % SLOTS }

sub write_to {
    my ($path, $flags, $at, $bytes) = @_;
    sysopen my $f, $path, $flags | O_WRONLY | O_CREAT or die "$path: $!\n";
    sysseek $f, $at, 0 if $at;
    (syswrite($f, $bytes) // -1) == length $bytes or die "$path: not written: $!\n";
    $f->sync or die "$path: not flushed: $!\n";
}

sub flush_folder {
    sysopen my $f, $_[0], O_RDONLY or die "$_[0]: $!\n";
    $f->sync or die "$_[0]: not flushed: $!\n";
}

my @writes = (
    sub { write_to("$_[0]/$_[1]", O_EXCL, 0, record($_[1])); flush_folder($_[0]) },
    sub { write_to("$_[0]/log", O_APPEND, 0, record($_[1])) },
    sub { write_to("$_[0]/slots", 0, SLOT * slot_of($_[1]), slot_record($_[1])) },
    sub {
        write_to("$_[0]/new", O_TRUNC, 0, record($_[1]));
        rename "$_[0]/new", "$_[0]/current" or die "rename: $!\n";
        flush_folder($_[0]);
    },
);

sub write_forever {
    my ($dir) = @_;
    $| = 1;
    mkdir $dir or die "$dir: $!\n";
    write_to("$dir/log", 0, 0, '');
    write_to("$dir/slots", 0, 0, "\0" x (SLOTS * SLOT));
    flush_folder($_) for $dir, "$dir/..";
    for (my $n = 1;; $n++) {
        $writes[$n % 4]->($dir, $n);
        print "flushed $n.\n";
    }
}

sub content {
    my ($path) = @_;
    open my $f, '<:raw', $path or return '';
    local $/;
    return <$f> // '';
}

# Record N, and those in its place that may have been written when the power was cut: what is said of them is on its way for a while.
sub since {
    my ($n, $step, $last) = @_;
    return grep { $_ == $n || $_ > $last } map { $n + $step * $_ } 0 .. (400 + $last - $n) / $step;
}

# The last record up to LAST for which IS is true; 0: none.
sub last_of {
    my ($last, $is) = @_;
    for (my $n = $last; $n > 0; $n--) { return $n if $is->($n) }
    return 0;
}

sub check {
    my ($last, $dir) = @_;
    my @bad;
    my $log = '';
    for my $n (1 .. $last) {
        push @bad, "file $n" if $n % 4 == 0 && content("$dir/$n") ne record($n);
        $log .= record($n) if $n % 4 == 1;
    }
    push @bad, 'log' if substr(content("$dir/log"), 0, length $log) ne $log;
    my $slots = content("$dir/slots") . "\0" x (SLOTS * SLOT);
    for my $s (0 .. SLOTS - 1) {
        my $n = last_of($last, sub { $_[0] % 4 == 2 && slot_of($_[0]) == $s }) or next;
        my $is = substr $slots, SLOT * $s, SLOT;
        push @bad, "slot $s" if !grep { $is eq slot_record($_) } since($n, 4 * SLOTS, $last);
    }
    my $n = last_of($last, sub { $_[0] % 4 == 3 });
    my $current = content("$dir/current");
    push @bad, 'current' if $n && !grep { $current eq record($_) } since($n, 4, $last);
    print @bad ? "lost or wrong: @bad\n" : "all $last there\n";
    exit(@bad ? 1 : 0);
}

$what eq 'write' ? write_forever(@ARGV) : check(@ARGV);
