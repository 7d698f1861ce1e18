# SPDX-License-Identifier: GPL-2.0-or-later
#
# "replay.pl LOG IMAGE SIZE SEED": what a disk with a write cache may hold when the power goes. LOG is QEMU's log of a disk
# (blklogwrites, the format of Linux's dm-log-writes), or what strace -xx saw of a process, and as long as SIZE says; IMAGE is the disk before
# that. All that was written before the last flush goes to IMAGE; of what came later, each page does or does not, as SEED decides.
use strict;
use warnings;
use constant { FLUSH => 1, FUA => 2, DISCARD => 4, PAGE => 4096 };

my ($name, $image, $size, $seed) = @ARGV;
open my $log, '<:raw', $name or die "$name: $!\n";
open my $disk, '+<:raw', $image or die "$image: $!\n";

sub take {
    my ($n, $at) = @_;
    seek $log, $at, 0;
    (read($log, my $bytes, $n) // -1) == $n or die "$name: cannot read $n bytes at $at\n";
    return $bytes;
}

# Each entry that is whole: its flags, where on the disk, its bytes.
sub entries_of_qemu {
    my (undef, $version, undef, $sector) = unpack 'a8Q<2L<', take(28, 0);
    $version == 1 or die "$name: not such a log\n";
    my @entries;
    for (my $at = $sector; $at + $sector <= $size;) {
        my ($to, $sectors, $flags) = unpack 'Q<3', take(24, $at);
        my $length = $flags & DISCARD ? 0 : $sectors * $sector;
        last if $at + $sector + $length > $size;
        push @entries, [$flags, $to * $sector, $length ? take($length, $at + $sector) : ''];
        $at += $sector + $length;
    }
    return @entries;
}

# Its last line may be cut off. fallocate makes zeros.
sub entries_of_strace {
    my @entries;
    seek $log, 0, 0;
    while (my $line = <$log>) {
        last if tell $log > $size;
        if ($line =~ /pwrite64\(\d+<[^>]*>, "([\\x0-9a-f]*)", (\d+), (\d+)\) = (\d+)$/) {
            my ($hex, $to, $done) = ($1, $3, $4);
            $hex =~ tr/0-9a-f//cd;
            push @entries, [0, $to, substr(pack('H*', $hex), 0, $done)];
            length $entries[-1][2] == $done or die "$name: not all of a write\n";
        } elsif ($line =~ /fallocate\(.*, (\d+), (\d+)\) = 0$/) {
            push @entries, [0, $1, "\0" x $2];
        } elsif ($line =~ /fdatasync\(.*\) = 0$/) {
            push @entries, [FLUSH, 0, ''];
        } elsif ($line =~ /pwrite|unfinished/) {
            die "$name: $.: not understood: " . substr($line, 0, 80) . "\n" if $line !~ /\) = (\?|-1 .*)$/;
        }
    }
    return @entries;
}

sub put {
    my ($to, $bytes) = @_;
    seek $disk, $to, 0;
    print $disk $bytes or die "$image: $!\n";
}

my @entries = take(8, 0) eq "rhswfsj\0" ? entries_of_qemu() : entries_of_strace();
my ($last) = grep { $entries[$_][0] & FLUSH } reverse 0 .. $#entries;
$last //= -1;
srand $seed;
my ($kept, $lost) = (0, 0);
for my $i (0 .. $#entries) {
    my ($flags, $to, $bytes) = @{$entries[$i]};
    for (my $done = 0; $done < length $bytes; $done += PAGE) {
        if ($i > $last && !($flags & FUA) && rand() < 0.5) { $lost++; next }
        $kept++;
        put($to + $done, substr $bytes, $done, PAGE);
    }
}
close $disk or die "$image: $!\n";
printf "%d entries, %d flushes, %d pages written, %d lost\n", scalar @entries, scalar(grep { $_->[0] & FLUSH } @entries), $kept, $lost;
