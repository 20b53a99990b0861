/* The methods, and how their options are set. */
#include "optim/methods.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const opt_method *const methods[] = {
#define METHOD(name) &opt_method_##name,
#include "optim/methods.def"
#undef METHOD
};

const opt_method *opt_method_at(size_t i)
{
    return i < sizeof methods / sizeof methods[0] ? methods[i] : NULL;
}

meka_status opt_method_find(const opt_method **out, const char *name, meka_error *err)
{
    assert(out && name);
    char known[900] = "";
    for (size_t i = 0; opt_method_at(i); i++) {
        const opt_method *method = opt_method_at(i);
        if (strcmp(method->name, name) == 0) {
            *out = method;
            return MEKA_OK;
        }
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", method->name);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "there is no method '%.80s'; there are %s", name,
                     known);
}

/* The row named by the last preset=NAME of the list, or NULL. */
static const opt_preset *named_preset(const opt_method *method, const char *list)
{
    static const char blanks[] = " \t\r\n", key[] = "preset=";
    const opt_preset *found = NULL;
    for (list += strspn(list, blanks); *list; list += strspn(list, blanks)) {
        size_t length = strcspn(list, blanks);
        if (strncmp(list, key, sizeof key - 1) == 0) {
            const char *name = list + sizeof key - 1;
            size_t name_length = length - (sizeof key - 1);
            for (size_t i = 0; i < method->n_presets; i++)
                if (strlen(method->presets[i].name) == name_length &&
                    strncmp(method->presets[i].name, name, name_length) == 0)
                    found = &method->presets[i];
        }
        list += length;
    }
    return found;
}

meka_status opt_method_configure(const opt_method *method, void *params, const char *settings,
                                 meka_error *err)
{
    assert(method && params);
    char owner[64];
    snprintf(owner, sizeof owner, "method %s", method->name);
    const meka_option_table *table = &method->options;
    meka_options_init(table, params);
    if (!settings)
        return MEKA_OK;
    /* The user's list first, alone: a bad one leaves the defaults. */
    meka_status status = meka_options_set_all(table, params, owner, settings, err);
    const opt_preset *preset = named_preset(method, settings);
    if (status != MEKA_OK || !preset)
        return status;
    meka_options_init(table, params);
    status = meka_options_set_all(table, params, owner, preset->settings, err);
    assert(status == MEKA_OK && "a preset holds usable settings");
    return meka_options_set_all(table, params, owner, settings, err);
}
