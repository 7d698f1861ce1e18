/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Five characters mean something in HTML; all others are what they are.
 */
#include "tools/lab/html.h"

void html_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\'':
            fputs("&#39;", to);
            break;
        default:
            fputc(*text >= ' ' && *text < 127 ? *text : '?', to);
        }
    }
}
