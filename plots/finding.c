#include "plots/finding.h"

#include "base/text.h"
#include "plots/number.h"

#include <math.h>
#include <string.h>

void plot_number_write(FILE *stream, double value)
{
    char text[40];
    if (isnan(value))
        strcpy(text, "nan");
    else if (isinf(value))
        strcpy(text, value > 0.0 ? "inf" : "-inf");
    else
        meka_format_real(text, sizeof text, value, 17);
    fputs(text, stream);
}

bool plot_number_read(const char *text, double *value)
{
    if (strcmp(text, "nan") == 0)
        *value = NAN;
    else if (strcmp(text, "inf") == 0)
        *value = INFINITY;
    else if (strcmp(text, "-inf") == 0)
        *value = -INFINITY;
    else
        return meka_parse_real(text, value);
    return true;
}

plot_finding plot_finding_make(const char *name, const char *claim, plot_interval found,
                               double expected, bool passed, const char *detail, va_list args)
{
    plot_finding finding = {
        .value = found.value,
        .low = found.low,
        .high = found.high,
        .expected = expected,
        .passed = passed,
    };
    snprintf(finding.name, sizeof finding.name, "%s", name);
    snprintf(finding.claim, sizeof finding.claim, "%s", claim);
    vsnprintf(finding.detail, sizeof finding.detail, detail, args);
    return finding;
}

void plot_finding_write(FILE *stream, const plot_finding *finding)
{
    const double number[] = {finding->value, finding->low, finding->high, finding->expected};
    fprintf(stream, "%s\t%s\t%s", finding->name, finding->passed ? "holds" : "fails",
            finding->claim);
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
        fputc('\t', stream);
        plot_number_write(stream, number[i]);
    }
    fprintf(stream, "\t%s\n", finding->detail);
}

/* The field at *at, which then is the next one; false: too long, or there is none. */
static bool next_field(const char **at, char *field, size_t size)
{
    if (!*at)
        return false;
    size_t n = strcspn(*at, "\t\n");
    if (n >= size)
        return false;
    memcpy(field, *at, n);
    field[n] = '\0';
    *at = (*at)[n] == '\t' ? *at + n + 1 : NULL;
    return true;
}

bool plot_finding_read(const char *line, plot_finding *out)
{
    plot_finding finding;
    double *const number[] = {&finding.value, &finding.low, &finding.high, &finding.expected};
    char text[64];
    if (!next_field(&line, finding.name, sizeof finding.name) ||
        !next_field(&line, text, sizeof text))
        return false;
    finding.passed = strcmp(text, "holds") == 0;
    if (!finding.passed && strcmp(text, "fails") != 0)
        return false;
    if (!next_field(&line, finding.claim, sizeof finding.claim))
        return false;
    for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
        if (!next_field(&line, text, sizeof text) || !plot_number_read(text, number[i]))
            return false;
    if (!next_field(&line, finding.detail, sizeof finding.detail) || line)
        return false;
    *out = finding;
    return true;
}
