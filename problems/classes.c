#include "problems/dataset.h"

#include "base/memory.h"

#include <math.h>
#include <string.h>

meka_status prob_classes_init(prob_classes *classes, const prob_dataset *like, meka_error *err)
{
    *classes = (prob_classes){0};
    if (!like || like->n_classes == 0)
        return MEKA_OK;
    meka_status status = meka_grow(&classes->value, &classes->room, like->n_classes,
                                   sizeof *classes->value, err);
    if (status != MEKA_OK)
        return status;
    classes->known = true;
    classes->n = like->n_classes;
    memcpy(classes->value, like->class_value, classes->n * sizeof *classes->value);
    return MEKA_OK;
}

/* The first class whose name is not below label. */
static size_t find(const double *value, size_t n, double label)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (value[middle] < label)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

meka_status prob_classes_add(prob_classes *classes, double label, const char *path, size_t line,
                             meka_error *err)
{
    size_t at = find(classes->value, classes->n, label);
    if (at < classes->n && classes->value[at] == label)
        return MEKA_OK;
    if (classes->known)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: label %g is none of the %zu classes of the training set",
                         path, line, label, classes->n);
    if (label != floor(label) || fabs(label) > 0x1p53)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: label %g is not an integer, so it names no class (labels "
                         "that are real values must be read as such)",
                         path, line, label);
    if (classes->n == PROB_MOST_CLASSES)
        return meka_fail(err, MEKA_ERR_INPUT,
                         "%.500s:%zu: label %g is one more than %d classes (labels that are "
                         "real values must be read as such)",
                         path, line, label, PROB_MOST_CLASSES);
    meka_status status =
        meka_grow(&classes->value, &classes->room, classes->n + 1, sizeof *classes->value, err);
    if (status != MEKA_OK)
        return status;
    memmove(classes->value + at + 1, classes->value + at,
            (classes->n - at) * sizeof *classes->value);
    classes->value[at] = label;
    classes->n++;
    return MEKA_OK;
}

void prob_classes_finish(prob_classes *classes, prob_dataset *data)
{
    for (size_t i = 0; i < data->n_rows; i++)
        data->label[i] = (double)find(classes->value, classes->n, data->label[i]);
    data->n_classes = classes->n;
    data->class_value = classes->value;
    *classes = (prob_classes){0};
}
