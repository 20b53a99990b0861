#include "plots/page.h"

#include "base/text.h"
#include "plots/files.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>meka: figures and findings</title>\n<style>\n"
    ":root { color-scheme: light dark; --text: #1b1f24; --back: #ffffff; --soft: #f3f5f7;\n"
    "  --line: #d5dae0; --holds: #00674a; --fails: #a33b00; --link: #0059a8; }\n"
    "@media (prefers-color-scheme: dark) { :root { --text: #e4e7eb; --back: #14171a;\n"
    "  --soft: #1e2328; --line: #39414a; --holds: #4cc9a0; --fails: #ff9b66;\n"
    "  --link: #7cbcff; } }\n"
    "body { margin: 0 auto; max-width: 60rem; padding: 1rem; color: var(--text);\n"
    "  background: var(--back); font: 1rem/1.5 system-ui, sans-serif; }\n"
    "h1, h2 { line-height: 1.2; }\n"
    "h2 { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }\n"
    "a { color: var(--link); }\n"
    ".wide { overflow-x: auto; }\n"
    "details { margin-top: 1.5rem; } summary { cursor: pointer; }\n"
    "table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }\n"
    "th, td { text-align: left; vertical-align: top; padding: 0.35rem 0.6rem;\n"
    "  border-bottom: 1px solid var(--line); }\n"
    "td.number { white-space: nowrap; font-variant-numeric: tabular-nums; }\n"
    "td.how { color: color-mix(in srgb, var(--text) 75%, var(--back)); }\n"
    ".holds { color: var(--holds); font-weight: 600; white-space: nowrap; }\n"
    ".fails { color: var(--fails); font-weight: 600; white-space: nowrap; }\n"
    "figure { margin: 1rem 0; padding: 0.5rem; background: #ffffff;\n"
    "  border: 1px solid var(--line); border-radius: 0.4rem; }\n"
    "figure svg { display: block; width: 100%; height: auto; }\n"
    "p.caption { max-width: 46rem; }\n"
    "p.note { white-space: pre-wrap; font-size: 0.9rem; overflow-x: auto;\n"
    "  font-family: ui-monospace, monospace; }\n"
    "@media (max-width: 40rem) { th, td { padding: 0.3rem; }\n"
    "  .fails, td.number { white-space: normal; } }\n"
    "pre { background: var(--soft); padding: 0.6rem; overflow-x: auto;\n"
    "  border-radius: 0.3rem; white-space: pre-wrap; }\n"
    "</style>\n</head>\n<body>\n";

static void put_text(FILE *page, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", page);
            break;
        case '>':
            fputs("&gt;", page);
            break;
        case '&':
            fputs("&amp;", page);
            break;
        case '"':
            fputs("&quot;", page);
            break;
        default:
            fputc(*text, page);
        }
}

static void put_number(FILE *page, double value)
{
    char text[40];
    if (isnan(value))
        fputs("&ndash;", page);
    else if (isinf(value))
        fputs(value > 0 ? "&infin;" : "&minus;&infin;", page);
    else {
        meka_format_real(text, sizeof text, value, 4);
        put_text(page, text);
    }
}

static void put_link(FILE *page, const plot_figure *figure)
{
    fputs("<a href=\"#", page);
    put_text(page, figure->file);
    fputs("\">", page);
    put_text(page, figure->name);
    fputs("</a>", page);
}

static void put_finding(FILE *page, const plot_figure *figure, const plot_finding *finding,
                        bool summary)
{
    fputs("<tr>", page);
    if (summary) {
        fputs("<td>", page);
        put_link(page, figure);
        fputs("</td>", page);
    }
    fprintf(page, "<td class=\"%s\">%s</td><td>", finding->passed ? "holds" : "fails",
            finding->passed ? "holds" : "does not hold");
    put_text(page, finding->claim);
    fputs("</td><td class=\"number\">", page);
    put_number(page, finding->value);
    fputs("<br>[", page);
    put_number(page, finding->low);
    fputs(", ", page);
    put_number(page, finding->high);
    fputs("]</td>", page);
    if (!summary) {
        fputs("<td class=\"number\">", page);
        put_number(page, finding->expected);
        fputs("</td><td class=\"how\">", page);
        put_text(page, finding->detail);
        fputs("</td>", page);
    }
    fputs("</tr>\n", page);
}

static void put_findings(FILE *page, size_t first, size_t n, const plot_figure_outcome *outcome,
                         bool summary)
{
    fputs("<div class=\"wide\"><table>\n<tr>", page);
    if (summary)
        fputs("<th>figure</th>", page);
    fputs("<th>verdict</th><th>claim</th><th>measured</th>", page);
    if (!summary)
        fputs("<th>expected</th><th>how</th>", page);
    fputs("</tr>\n", page);
    for (size_t i = first; i < first + n; i++)
        for (size_t k = 0; k < outcome[i].n_findings; k++)
            put_finding(page, plot_figure_at(i), &outcome[i].finding[k], summary);
    fputs("</table></div>\n", page);
}

/* A line for every figure: what it shows and how many of its findings hold. */
static void put_overview(FILE *page, size_t n, const plot_figure_outcome *outcome)
{
    fputs("<div "
          "class=\"wide\"><table>\n<tr><th>figure</th><th>shows</th><th>findings</th></tr>\n",
          page);
    for (size_t i = 0; i < n; i++) {
        size_t n_hold = 0;
        for (size_t k = 0; k < outcome[i].n_findings; k++)
            n_hold += outcome[i].finding[k].passed;
        fputs("<tr><td>", page);
        put_link(page, plot_figure_at(i));
        fputs("</td><td>", page);
        put_text(page, plot_figure_at(i)->title);
        fprintf(page, "</td><td class=\"%s\">%zu of %zu hold</td></tr>\n",
                n_hold == outcome[i].n_findings ? "holds" : "fails", n_hold,
                outcome[i].n_findings);
    }
    fputs("</table></div>\n", page);
}

/* The picture without what stands before <svg. */
static meka_status put_picture(FILE *page, const char *path, meka_error *err)
{
    FILE *picture = fopen(path, "r");
    if (!picture)
        return meka_fail_errno(err, "read", path, errno);
    char *line = NULL;
    size_t size = 0;
    bool inside = false;
    fputs("<figure>\n", page);
    while (getline(&line, &size, picture) >= 0) {
        char *start = inside ? line : strstr(line, "<svg");
        inside = start != NULL;
        if (start)
            fputs(start, page);
    }
    fputs("</figure>\n", page);
    free(line);
    meka_status status = MEKA_OK;
    if (ferror(picture) || !inside)
        status =
            meka_fail(err, MEKA_ERR_IO, "'%.500s' is not a picture as gnuplot writes it", path);
    fclose(picture);
    return status;
}

/* The text of the caption's file after its title line, the part before "Made by" as prose. */
static meka_status put_caption(FILE *page, const char *path, meka_error *err)
{
    FILE *caption = fopen(path, "r");
    if (!caption)
        return meka_fail_errno(err, "read", path, errno);
    char *line = NULL;
    size_t size = 0, n = 0;
    bool made_by = false;
    fputs("<p class=\"caption\">", page);
    while (getline(&line, &size, caption) >= 0) {
        if (n++ < 2)
            continue;
        if (!made_by && strncmp(line, "Made by: ", 9) == 0) {
            made_by = true;
            fputs("</p>\n<pre>", page);
        }
        if (!made_by && strcmp(line, "\n") == 0)
            fputs("</p>\n<p class=\"note\">", page);
        put_text(page, line);
    }
    fputs(made_by ? "</pre>\n" : "</p>\n", page);
    free(line);
    fclose(caption);
    return MEKA_OK;
}

static meka_status put_figure(FILE *page, size_t i, const plot_figure_outcome *outcome,
                              meka_error *err)
{
    const plot_figure *figure = plot_figure_at(i);
    fputs("<section id=\"", page);
    put_text(page, figure->file);
    fputs("\">\n<h2>Figure ", page);
    put_text(page, figure->name);
    fputs(". ", page);
    put_text(page, figure->title);
    fputs("</h2>\n", page);
    meka_status status = put_picture(page, outcome[i].files.svg, err);
    if (!status)
        status = put_caption(page, outcome[i].files.caption, err);
    if (!status && outcome[i].n_findings)
        put_findings(page, i, 1, outcome, false);
    fprintf(page,
            "<p>Files: <a href=\"%s.tsv\">data</a>, <a href=\"%s.png\">PNG</a>, <a "
            "href=\"%s.svg\">SVG</a>, <a href=\"%s.gp\">gnuplot script</a></p>\n",
            figure->file, figure->file, figure->file, figure->file);
    fputs("</section>\n", page);
    return status;
}

static meka_status put_page(FILE *page, const plot_figure_outcome *outcome, meka_error *err)
{
    size_t n = 0, n_findings = 0, n_hold = 0;
    for (; plot_figure_at(n); n++)
        for (size_t k = 0; k < outcome[n].n_findings; k++) {
            n_findings++;
            n_hold += outcome[n].finding[k].passed;
        }
    fputs(head, page);
    fprintf(page,
            "<h1>Self-tuning stochastic optimization: figures and findings</h1>\n"
            "<p>Made by <code>meka reproduce</code>, version " MEKA_VERSION
            ", after Chen, Choi, Balles, Duvenaud and Hennig, <cite>Self-tuning stochastic "
            "optimization with curvature-aware gradient filtering</cite> (2020). %zu of %zu "
            "findings hold. A claim of the paper that does not hold here is a result: the "
            "section of its figure says under which conditions.</p>\n",
            n_hold, n_findings);
    put_overview(page, n, outcome);
    fputs("<details><summary>All findings</summary>\n", page);
    put_findings(page, 0, n, outcome, true);
    fputs("</details>\n", page);
    meka_status status = MEKA_OK;
    for (size_t i = 0; i < n && !status; i++)
        status = put_figure(page, i, outcome, err);
    fputs("</body>\n</html>\n", page);
    return status;
}

meka_status plot_page_write(char *path, size_t size, const char *directory,
                            const plot_figure_outcome *outcome, meka_error *err)
{
    int length = snprintf(path, size, "%s/index.html", directory);
    if (length < 0 || (size_t)length >= size)
        return meka_fail(err, MEKA_ERR_INPUT, "the directory '%.100s...' is too long a name",
                         directory);
    meka_file *file = meka_file_begin(path, err);
    if (!file)
        return err ? err->status : MEKA_ERR_IO;
    meka_status status = put_page(file->stream, outcome, err);
    if (status) {
        meka_file_abandon(file);
        return status;
    }
    return meka_file_commit(file, err);
}
