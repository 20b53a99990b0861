#include "problems/rows.h"

#include "base/memory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const prob_problem *const problems[] = {
    &prob_noisy_quadratic,
    &prob_rosenbrock,
    &prob_noisy_hessian,
    &prob_logistic,
#define TEST_FUNCTION(id) &prob_##id,
#include "problems/test_functions.def"
#undef TEST_FUNCTION
};
enum { n_problems = sizeof problems / sizeof problems[0] };

const prob_problem *prob_problem_at(size_t i)
{
    return i < n_problems ? problems[i] : NULL;
}

meka_status prob_problem_find(const prob_problem **out, const char *name, meka_error *err)
{
    char known[960] = "";
    for (size_t i = 0; i < n_problems; i++) {
        if (strcmp(name, problems[i]->name) == 0) {
            *out = problems[i];
            return MEKA_OK;
        }
        strncat(known, i ? ", " : "", sizeof known - strlen(known) - 1);
        strncat(known, problems[i]->name, sizeof known - strlen(known) - 1);
    }
    return meka_fail(err, MEKA_ERR_INPUT, "no problem is called '%s'; known are %s", name,
                     known);
}

meka_status prob_create(prob_instance *out, const prob_problem *problem, const char *settings,
                        uint64_t seed, meka_error *err)
{
    assert(out && problem);
    char owner[128];
    strcpy(owner, "problem ");
    strncat(owner, problem->name, sizeof owner - strlen(owner) - 1);
    void *params = meka_alloc(1, problem->options.size, err);
    if (!params)
        return MEKA_ERR_MEMORY;
    meka_options_init(&problem->options, params);
    meka_status status = meka_options_set_all(&problem->options, params, owner, settings, err);
    if (!status) {
        memset(out, 0, sizeof *out);
        status = problem->make(out, params, seed, err);
    }
    free(params);
    return status;
}

void prob_destroy(prob_instance *instance)
{
    if (instance) {
        free(instance->storage);
        memset(instance, 0, sizeof *instance);
    }
}
