#include <meka/base.h>

#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A parsed value, before it is stored in the owner's struct. */
typedef union option_value {
    double real;
    uint64_t count;
    bool flag;
    int choice;
} option_value;

/* How much of a user's text an error repeats. */
#define SHOWN "%.80s"

/* Appends to text, cutting what does not fit. */
static void append(char *text, size_t size, const char *piece)
{
    size_t used = strlen(text);
    if (used + 1 < size)
        snprintf(text + used, size - used, "%s", piece);
}

/* A number as a person would write it: no more digits than it takes to read back the same. */
static void format_short(char *text, size_t size, double value)
{
    for (int digits = 15; digits <= 17; digits++) {
        double back;
        meka_format_real(text, size, value, digits);
        if (!isfinite(value) || (meka_parse_real(text, &back) && back == value))
            return;
    }
}

void meka_options_wanted(const meka_option *row, char *text, size_t size)
{
    assert(size > 0);
    static const double far = 1e99; /* bounds that no use comes near are left out */
    const char *kind = row->type == MEKA_OPTION_REAL ? "a number" : "an integer";
    char low[32], high[32];
    text[0] = '\0';
    switch (row->type) {
    case MEKA_OPTION_REAL:
    case MEKA_OPTION_COUNT:
        format_short(low, sizeof low, row->min);
        format_short(high, sizeof high, row->max);
        if (row->max < far && row->min > -far)
            snprintf(text, size, "%s in [%s, %s]", kind, low, high);
        else if (row->min > -far)
            snprintf(text, size, "%s >= %s", kind, low);
        else
            snprintf(text, size, "%s%s%s", kind, row->max < far ? " <= " : "",
                     row->max < far ? high : "");
        break;
    case MEKA_OPTION_BOOL:
        snprintf(text, size, "yes or no");
        break;
    case MEKA_OPTION_CHOICE:
        for (size_t i = 0; row->choices[i]; i++) {
            append(text, size, i == 0 ? "" : row->choices[i + 1] ? ", " : " or ");
            append(text, size, row->choices[i]);
        }
        break;
    }
}

/* As meka_parse_real, and "inf" where a range that includes it makes it a usable value. */
static bool parse_extended(const char *text, double *value)
{
    bool minus = text[0] == '-';
    if (strcmp(text + minus, "inf") == 0) {
        *value = minus ? -INFINITY : INFINITY;
        return true;
    }
    return meka_parse_real(text, value);
}

static bool parse_value(const meka_option *row, const char *text, option_value *value)
{
    switch (row->type) {
    case MEKA_OPTION_REAL:
        return parse_extended(text, &value->real) && value->real >= row->min &&
               value->real <= row->max;
    case MEKA_OPTION_COUNT:
        return meka_parse_count(text, &value->count) && (double)value->count >= row->min &&
               (double)value->count <= row->max;
    case MEKA_OPTION_BOOL:
        value->flag = strcmp(text, "yes") == 0;
        return value->flag || strcmp(text, "no") == 0;
    case MEKA_OPTION_CHOICE:
        for (value->choice = 0; row->choices[value->choice]; value->choice++)
            if (strcmp(text, row->choices[value->choice]) == 0)
                return true;
        return false;
    }
    return false;
}

static void store_value(const meka_option *row, const option_value *value, void *values)
{
    char *place = (char *)values + row->offset;
    switch (row->type) {
    case MEKA_OPTION_REAL:
        memcpy(place, &value->real, sizeof value->real);
        break;
    case MEKA_OPTION_COUNT:
        memcpy(place, &value->count, sizeof value->count);
        break;
    case MEKA_OPTION_BOOL:
        memcpy(place, &value->flag, sizeof value->flag);
        break;
    case MEKA_OPTION_CHOICE:
        memcpy(place, &value->choice, sizeof value->choice);
        break;
    }
}

void meka_options_init(const meka_option_table *table, void *values)
{
    memset(values, 0, table->size);
    for (size_t i = 0; i < table->n; i++) {
        option_value value;
        bool usable = parse_value(&table->row[i], table->row[i].initial, &value);
        assert(usable && "a row's default must be a value of the row");
        if (usable)
            store_value(&table->row[i], &value, values);
    }
}

static meka_status fail_unknown(const meka_option_table *table, const char *owner,
                                const char *name, meka_error *err)
{
    if (table->n == 0)
        return meka_fail(err, MEKA_ERR_INPUT, "%s: has no options, so '" SHOWN "' is not one",
                         owner, name);
    char known[700] = "";
    for (size_t i = 0; i < table->n; i++) {
        append(known, sizeof known, i ? ", " : "");
        append(known, sizeof known, table->row[i].name);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "%s: has no option '" SHOWN "'; it has %s", owner,
                     name, known);
}

static const meka_option *find_row(const meka_option_table *table, const char *name)
{
    for (size_t i = 0; i < table->n; i++)
        if (strcmp(table->row[i].name, name) == 0)
            return &table->row[i];
    return NULL;
}

/* Sets one option; with values NULL only checks it. */
static meka_status set_option(const meka_option_table *table, void *values, const char *owner,
                              const char *name, const char *text, meka_error *err)
{
    option_value value;
    const meka_option *row = find_row(table, name);
    if (!row)
        return fail_unknown(table, owner, name, err);
    if (!parse_value(row, text, &value)) {
        char wanted[600];
        meka_options_wanted(row, wanted, sizeof wanted);
        return meka_fail(err, MEKA_ERR_INPUT, "%s: option '%s' must be %s, not '" SHOWN "'",
                         owner, name, wanted, text);
    }
    if (values)
        store_value(row, &value, values);
    return MEKA_OK;
}

meka_status meka_options_set(const meka_option_table *table, void *values, const char *owner,
                             const char *name, const char *text, meka_error *err)
{
    assert(values || table->n == 0);
    return set_option(table, values, owner, name, text, err);
}

/* Sets every item of the list; with values NULL only checks it. */
static meka_status walk_list(const meka_option_table *table, void *values, const char *owner,
                             const char *list, meka_error *err)
{
    static const char blanks[] = " \t\r\n";
    for (list += strspn(list, blanks); *list; list += strspn(list, blanks)) {
        char item[256];
        size_t length = strcspn(list, blanks);
        if (length >= sizeof item)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%s: '" SHOWN "...' is too long for an option; write key=value",
                             owner, list);
        memcpy(item, list, length);
        item[length] = '\0';
        list += length;
        char *equals = strchr(item, '=');
        if (!equals || equals == item)
            return meka_fail(err, MEKA_ERR_INPUT,
                             "%s: an option is written key=value, not '" SHOWN "'", owner,
                             item);
        *equals = '\0';
        meka_status status = set_option(table, values, owner, item, equals + 1, err);
        if (status != MEKA_OK)
            return status;
    }
    return MEKA_OK;
}

meka_status meka_options_set_all(const meka_option_table *table, void *values,
                                 const char *owner, const char *list, meka_error *err)
{
    if (!list)
        return MEKA_OK;
    /* The whole list is checked first: a failure leaves values as they were. */
    meka_status status = walk_list(table, NULL, owner, list, err);
    return status == MEKA_OK ? walk_list(table, values, owner, list, err) : status;
}

void meka_options_format(const meka_option *row, const void *values, char *text, size_t size)
{
    assert(size > 0);
    const char *place = (const char *)values + row->offset;
    option_value value;
    switch (row->type) {
    case MEKA_OPTION_REAL:
        memcpy(&value.real, place, sizeof value.real);
        format_short(text, size, value.real);
        break;
    case MEKA_OPTION_COUNT:
        memcpy(&value.count, place, sizeof value.count);
        snprintf(text, size, "%llu", (unsigned long long)value.count);
        break;
    case MEKA_OPTION_BOOL:
        memcpy(&value.flag, place, sizeof value.flag);
        snprintf(text, size, "%s", value.flag ? "yes" : "no");
        break;
    case MEKA_OPTION_CHOICE:
        memcpy(&value.choice, place, sizeof value.choice);
        snprintf(text, size, "%s", row->choices[value.choice]);
        break;
    }
}
