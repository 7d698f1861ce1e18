/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Text on the laboratory's pages. It may come from files that anybody wrote.
 */
#ifndef RING1_LAB_HTML_H
#define RING1_LAB_HTML_H

#include <stdio.h>

/* TEXT in HTML, in an element or in an attribute with either kind of quotes: markup is not markup,
 * control characters and what is no ASCII become '?'. */
void html_text(FILE *to, const char *text);

#endif
