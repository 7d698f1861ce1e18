# SPDX-License-Identifier: GPL-2.0-or-later
#
# "bulk.pl SEED MIB": MIB mebibytes that follow from SEED and have no two pages alike, on standard output. The guest writes them to a
# disk, tests/disk.sh has their sum from the same program.
use strict;
use warnings;

my ($x, $mib) = @ARGV;
my $block = pack 'N*', map { $x = ($x * 1664525 + 1013904223) & 0xffffffff } 1 .. 262144;
for my $n (1 .. $mib) {
    substr $block, 4096 * $_, 8, pack 'NN', $n, $_ for 0 .. 255;
    print $block or die "bulk: $!\n";
}
close STDOUT or die "bulk: $!\n";
