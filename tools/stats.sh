#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints docs/stats.md: the counters of `ring1 run --stats`, from the one table in monitor/stats.h.
cd "$(dirname "$0")/.." || exit 3
cat <<'EOT'
# The counters of `ring1 run --stats`

Printed when the guest ends, those that are not zero. Made from `monitor/stats.h` by `tools/stats.sh`; `make lint`
checks that both agree. Times are nanoseconds of the host's clock; everything else is a count. A guest can have them printed
earlier by writing a byte to port 502h: they follow a line "mark" with that byte (each value once).

| counter | meaning |
|---|---|
EOT
sed -n '/define STATS/,/clang-format on/p' monitor/stats.h | tr '\n' ' ' |
    grep -oE 'X\([A-Z0-9_]+, *"[^"]*", *"[^"]*"\)' | sed -E 's/X\([A-Z0-9_]+, *"([^"]*)", *"([^"]*)"\)/| `\1` | \2 |/'
