/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Each series is one path of steps, on top of those below it; over them lies one clear rectangle a
 * column, whose title says all its values.
 */
#include "tools/lab/profile/chart.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tools/lab/html.h"

#define WIDTH  1000.0
#define HEIGHT 220.0
#define LEFT   64.0
#define RIGHT  12.0
#define TOP    12.0
#define BOTTOM 34.0
#define TICKS  4

static double prefix_of(double n, const char **prefix)
{
    static const struct {
        double at;
        const char *prefix;
    } rows[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (n >= rows[i].at * 0.9995) {
            *prefix = rows[i].prefix;
            return rows[i].at;
        }
    }
    *prefix = "";
    return 1;
}

const char *chart_number(double n, char out[CHART_NUMBER])
{
    const char *prefix;
    double m = n / prefix_of(n, &prefix);
    int digits = (!*prefix && n == floor(n)) || m >= 99.95 ? 0 : m < 9.995 ? 2 : 1;
    snprintf(out, CHART_NUMBER, "%.*f%s%s", digits, m, *prefix ? "\u202f" : "", prefix);
    return out;
}

/* A round number, at a tick of an axis. */
static const char *tick_number(double n, char out[CHART_NUMBER])
{
    const char *prefix;
    double by = prefix_of(n, &prefix);
    snprintf(out, CHART_NUMBER, "%.4g%s%s", n / by, *prefix ? "\u202f" : "", prefix);
    return out;
}

/* ---- Scales ----------------------------------------------------------------------- */

/* A round step so that about COUNT of them reach MOST. */
static double round_step(double most, unsigned count)
{
    double rough = most / count, power = pow(10, floor(log10(rough))), m = rough / power;
    return (m <= 1 ? 1 : m <= 2 ? 2 : m <= 5 ? 5 : 10) * power;
}

static double highest(const struct chart *c)
{
    double most = 0;
    for (unsigned n = 0; n < c->columns; n++) {
        double sum = 0;
        for (unsigned i = 0; i < c->count; i++)
            sum += c->series[i].value[n];
        most = sum > most ? sum : most;
    }
    return most;
}

struct scale {
    double x_from, x_by, y_most;
};

static double x_of(const struct scale *s, double at)
{
    return LEFT + (at - s->x_from) * s->x_by;
}

static double y_of(const struct scale *s, double value)
{
    return HEIGHT - BOTTOM - value / s->y_most * (HEIGHT - TOP - BOTTOM);
}

static struct scale make_scale(const struct chart *c)
{
    double first = c->edge[0], span = c->edge[c->columns] - first;
    double most = c->y_most > 0 ? c->y_most : highest(c);
    if (c->y_most <= 0 && most > 0) {
        double step = round_step(most, TICKS);
        most = ceil(most / step) * step;
    }
    return (struct scale){first, (WIDTH - LEFT - RIGHT) / (span > 0 ? span : 1),
                          most > 0 ? most : 1};
}

/* ---- Drawing ---------------------------------------------------------------------- */

static void write_axes(FILE *to, const struct chart *c, const struct scale *s)
{
    char n[CHART_NUMBER];
    double step = round_step(s->y_most, TICKS), end = c->edge[c->columns];
    for (double y = 0; y <= s->y_most * 1.0001; y += step)
        fprintf(to,
                "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/><text x=\"%.1f\" y=\"%.1f\" "
                "class=\"y\">%s</text>\n",
                LEFT, y_of(s, y), WIDTH - RIGHT, LEFT - 6, y_of(s, y) + 4, tick_number(y, n));
    double by = end - s->x_from > 0 ? round_step(end - s->x_from, 8) : 1;
    for (double x = 0; x <= end * 1.0001; x += by)
        fprintf(to,
                "<path class=\"tick\" d=\"M%.1f %.1fv5\"/><text x=\"%.1f\" y=\"%.1f\" "
                "class=\"x\">%.6g</text>\n",
                x_of(s, x), HEIGHT - BOTTOM, x_of(s, x), HEIGHT - BOTTOM + 17, x);
    fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" class=\"unit\">seconds</text>\n", WIDTH - RIGHT,
            HEIGHT - 3);
    fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" class=\"unit\" transform=\"rotate(-90 12 %.1f)\">",
            12.0, TOP, TOP);
    html_text(to, c->y_unit);
    fputs("</text>\n", to);
}

/* BELOW is the top of the series below in each column; this one's is added to it. */
static void write_series(FILE *to, const struct chart *c, const struct scale *s, unsigned i,
                         double *below)
{
    const double *value = c->series[i].value;
    fprintf(to, "<path class=\"s%u\" d=\"M%.1f %.1f", c->series[i].colour, x_of(s, c->edge[0]),
            y_of(s, below[0] + value[0]));
    for (unsigned n = 0; n < c->columns; n++)
        fprintf(to, "V%.1fH%.1f", y_of(s, below[n] + value[n]), x_of(s, c->edge[n + 1]));
    for (unsigned n = c->columns; n--;)
        fprintf(to, "V%.1fH%.1f", y_of(s, below[n]), x_of(s, c->edge[n]));
    fputs("Z\"/>\n", to);
    for (unsigned n = 0; n < c->columns; n++)
        below[n] += value[n];
}

static void write_titles(FILE *to, const struct chart *c, const struct scale *s)
{
    char number[CHART_NUMBER];
    for (unsigned n = 0; n < c->columns; n++) {
        double x = x_of(s, c->edge[n]);
        fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", x, TOP,
                x_of(s, c->edge[n + 1]) - x, HEIGHT - TOP - BOTTOM);
        fprintf(to, "%.3f to %.3f s, ", c->edge[n], c->edge[n + 1]);
        html_text(to, c->y_unit);
        for (unsigned i = c->count; i--;) {
            if (c->series[i].value[n] <= 0)
                continue;
            fprintf(to, "\n%s  ", chart_number(c->series[i].value[n], number));
            html_text(to, c->series[i].name);
        }
        fputs("</title></rect>\n", to);
    }
}

static void write_legend(FILE *to, const struct chart *c)
{
    char number[CHART_NUMBER];
    fputs("<ul class=\"legend\">\n", to);
    for (unsigned i = 0; i < c->count; i++) {
        const struct chart_series *s = &c->series[i];
        fprintf(to, "<li title=\"");
        html_text(to, s->what);
        fprintf(to, "\"><i class=\"s%u\"></i>", s->colour);
        html_text(to, s->name);
        fprintf(to, " <b>%s%s%s</b></li>\n", chart_number(s->total, number), s->unit[0] ? " " : "",
                s->unit);
    }
    fputs("</ul>\n", to);
}

void chart_write(FILE *to, const struct chart *c)
{
    struct scale s = make_scale(c);
    double *below = calloc(c->columns + 1, sizeof *below);
    fputs("<figure>\n<figcaption>", to);
    html_text(to, c->title);
    fputs("</figcaption>\n<p class=\"note\">", to);
    html_text(to, c->note);
    fputs("</p>\n", to);
    if (c->count && c->columns && below) {
        fprintf(to, "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"", WIDTH, HEIGHT);
        html_text(to, c->title);
        fputs("\">\n", to);
        write_axes(to, c, &s);
        for (unsigned i = 0; i < c->count; i++)
            write_series(to, c, &s, i, below);
        fprintf(to, "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n<g class=\"hover\">\n",
                LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
        write_titles(to, c, &s);
        fputs("</g>\n</svg>\n", to);
        write_legend(to, c);
    } else {
        fputs("<p class=\"none\">There were none.</p>\n", to);
    }
    fputs("</figure>\n", to);
    free(below);
}

void chart_spark(FILE *to, const double *value, unsigned columns, const double *edge, double most,
                 unsigned colour)
{
    const double width = 180, height = 22;
    double by = edge[columns] > edge[0] ? width / (edge[columns] - edge[0]) : 0;
    fprintf(to,
            "<svg class=\"spark\" viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\">"
            "<path class=\"s%u\" d=\"M0 %.0f",
            width, height, colour, height);
    for (unsigned n = 0; n < columns; n++)
        fprintf(to, "V%.1fH%.1f", height - (most > 0 ? value[n] / most * (height - 1) : 0),
                (edge[n + 1] - edge[0]) * by);
    fprintf(to, "V%.0fZ\"/></svg>", height);
}
