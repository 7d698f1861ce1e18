#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make read: the chapters of reading.list, each file with its first paragraph.
cd "$(dirname "$0")/.." || exit 3

# The first comment: the lines behind the SPDX one, to the comment's end.
paragraph() {
    awk '
        NR == 1 { next }
        /^ \* |^; / { sub(/^( \*|;) */, "    "); said = 1; close_it = sub(/ *\*\/ *$/, "")
                      print; if (close_it) exit; next }
        /^ \*$|^;$/ { if (said) exit; next }
        { exit }' "$1"
}

while read -r line; do
    case $line in
    '## '*) printf '\n== %s\n' "${line#'## '}" ;;
    '#'* | '') ;;
    *)
        printf '\n%s\n' "$line"
        paragraph "$line"
        ;;
    esac
done <tools/reading.list
