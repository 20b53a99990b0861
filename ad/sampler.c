/* One sample at a time, by sweeps over recorded code: for objectives that read values, whose
 * code differs from sample to sample, and to find where a value that is not finite arose. */
#include "ad/batch.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void free_slots(ad_sampler *s)
{
    free(s->w.value);
    free(s->w.tangent);
    free(s->w.adjoint);
    free(s->w.second);
    free(s->jet);
    s->w.value = s->w.tangent = s->w.adjoint = s->w.second = s->jet = NULL;
    s->slot_capacity = 0;
}

/* Room for n_slots; replaces the arrays, whose contents no caller needs across this. */
static meka_status reserve_slots(ad_sampler *s, size_t n_slots, meka_error *err)
{
    if (n_slots <= s->slot_capacity)
        return MEKA_OK;
    free_slots(s);
    s->w.value = meka_alloc(n_slots, sizeof(double), err);
    s->w.tangent = meka_alloc(n_slots, sizeof(double), err);
    s->w.adjoint = meka_alloc(n_slots, sizeof(double), err);
    s->w.second = meka_alloc(n_slots, sizeof(double), err);
    s->jet = meka_alloc(n_slots, 3 * sizeof(double), err);
    if (!s->w.value || !s->w.tangent || !s->w.adjoint || !s->w.second || !s->jet) {
        free_slots(s);
        return MEKA_ERR_MEMORY;
    }
    s->slot_capacity = n_slots;
    return MEKA_OK;
}

meka_status ad_sampler_create(ad_sampler *s, const ad_program *program, meka_error *err)
{
    memset(s, 0, sizeof *s);
    s->w.n_lanes = 1;
    ad_tape_init(&s->tape);
    return reserve_slots(s, ad_code_n_slots(&program->tape.code), err);
}

void ad_sampler_destroy(ad_sampler *s)
{
    free_slots(s);
    free(s->active);
    ad_tape_clear(&s->tape);
}

/* The code that computes sample i: the program's, or a recording at that sample. */
static meka_status choose_code(ad_sampler *s, const ad_program *program,
                               const ad_request *request, const double *xi,
                               const ad_code **code, const uint8_t **active, meka_error *err)
{
    *code = &program->tape.code;
    *active = program->active;
    if (program->replay)
        return MEKA_OK;
    meka_status status = ad_tape_record(&s->tape, &program->objective, request->theta, xi, err);
    if (status)
        return status;
    size_t n_slots = ad_code_n_slots(&s->tape.code);
    if ((status = meka_grow(&s->active, &s->active_capacity, n_slots, 1, err)) ||
        (status = reserve_slots(s, n_slots, err)))
        return status;
    ad_code_activity(&s->tape.code, s->active);
    *code = &s->tape.code;
    *active = s->active;
    return MEKA_OK;
}

meka_status ad_sampler_run(ad_sampler *s, const ad_program *program, const ad_request *request,
                           size_t i, const ad_code **code, const uint8_t **active,
                           meka_error *err)
{
    size_t m = program->objective.n_features;
    const double *xi = m ? request->xi + i * m : NULL;
    bool reverse = request->mode <= PLAN_PRODUCT, dual = request->mode == PLAN_PRODUCT;
    meka_status status = choose_code(s, program, request, xi, code, active, err);
    if (status)
        return status;
    ad_sweep_load(*code, &s->w, request->theta, xi);
    if (dual)
        ad_sweep_load_tangent(*code, &s->w, request->v);
    ad_sweep_forward(*code, *active, &s->w, dual);
    if (reverse)
        ad_sweep_reverse(*code, *active, &s->w, dual);
    else if (ad_request_order(request) > 0)
        ad_sweep_taylor(*code, *active, &s->w, request->v, ad_request_order(request), s->jet);
    return MEKA_OK;
}
