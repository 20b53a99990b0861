/* ADOL-C (Griewank, Juedes, Utke 1996) on W1 .. W4: one tape, recorded once, whose features are
 * its parameters; per sample a forward sweep along v and a second-order reverse sweep, which
 * gives gradient and Hessian-vector product at once. */
#include "bench/peer.h"

#include <adolc/adolc.h>

#include <cmath>
#include <vector>

namespace
{

const short tag = 17;

struct peer {
    int which;
    std::size_t d, m;             /* of the workload */
    std::vector<double> features; /* the tape's, which are not always the workload's */
    std::vector<double> sums;     /* [4][d] */
    std::vector<double> column;   /* [d][2]: gradient, product */
    std::vector<double *> row;    /* [d] */
};

peer *current = nullptr;

typedef std::vector<adouble> vars;

/* The tape's parameters, by number. */
struct params {
    pdouble operator[](std::size_t k) const
    {
        return getparam(static_cast<locint>(k));
    }
};

adouble dot(std::size_t n, const params &x, const adouble *y)
{
    adouble sum = 0.0;
    for (std::size_t k = 0; k < n; k++)
        sum += x[k] * y[k];
    return sum;
}

adouble logistic(const vars &theta, const params &xi, const double *)
{
    adouble t = -(xi[128] * dot(128, xi, theta.data()));
    return fmax(t, 0.0) + log(1.0 + exp(-fabs(t)));
}

adouble rosenbrock(const vars &theta, const params &xi, const double *)
{
    adouble sum = 0.0;
    for (std::size_t k = 0; k + 1 < theta.size(); k++) {
        adouble r = theta[k + 1] - theta[k] * theta[k], e = xi[0] - theta[k];
        sum += 100.0 * r * r + e * e;
    }
    return sum;
}

/* Features: x [16], then the label as ten zeros and ones. */
adouble mlp(const vars &theta, const params &xi, const double *)
{
    const adouble *w1 = theta.data(), *b1 = w1 + 512, *w2 = b1 + 32, *b2 = w2 + 320;
    vars a(32), z(10);
    for (std::size_t j = 0; j < 32; j++)
        a[j] = tanh(dot(16, xi, w1 + 16 * j) + b1[j]);
    adouble top, sum = 0.0, picked = 0.0;
    for (std::size_t c = 0; c < 10; c++) {
        z[c] = b2[c];
        for (std::size_t j = 0; j < 32; j++)
            z[c] += w2[32 * c + j] * a[j];
        top = c ? fmax(top, z[c]) : z[c];
        picked += xi[16 + c] * z[c];
    }
    for (std::size_t c = 0; c < 10; c++)
        sum += exp(z[c] - top);
    return log(sum) + top - picked;
}

adouble quadratic(const vars &theta, const params &xi, const double *hessian)
{
    const std::size_t d = theta.size();
    vars e(d);
    adouble sum = 0.0;
    for (std::size_t j = 0; j < d; j++)
        e[j] = theta[j] - xi[j];
    for (std::size_t j = 0; j < d; j++) {
        adouble w = 0.0;
        for (std::size_t k = 0; k < d; k++)
            w += hessian[j * d + k] * e[k];
        sum += e[j] * w;
    }
    return 0.5 * sum;
}

struct model {
    std::size_t d, m, n_features;
    adouble (*record)(const vars &, const params &, const double *);
};

const model models[] = {{128, 129, 129, logistic},
                        {1000, 1, 1, rosenbrock},
                        {874, 17, 26, mlp},
                        {20, 20, 20, quadratic}};

void take_features(const double *xi)
{
    std::vector<double> &out = current->features;
    for (std::size_t k = 0; k < out.size(); k++)
        if (current->which == 3 && k >= 16)
            out[k] = xi[16] == static_cast<double>(k - 16) ? 1.0 : 0.0;
        else
            out[k] = xi[k];
}

void finish(double n, double sum, double squares, double &mean, double &var)
{
    mean = sum / n;
    var = n > 1.0 ? std::fmax(0.0, (squares - sum * mean) / (n - 1.0)) : 0.0;
}

} // namespace

extern "C" bool bench_peer_is_present(void)
{
    return true;
}

extern "C" bool bench_peer_begin(int which, const double *theta, const double *xi,
                                 const void *ctx)
{
    bench_peer_end();
    if (which < 1 || which > 4)
        return false;
    try {
        const model &from = models[which - 1];
        current = new peer{which, from.d, from.m, {}, {}, {}, {}};
        current->features.resize(from.n_features);
        current->sums.resize(4 * from.d);
        current->column.resize(2 * from.d);
        for (std::size_t j = 0; j < from.d; j++)
            current->row.push_back(&current->column[2 * j]);
        take_features(xi);
        trace_on(tag);
        {
            vars x(from.d);
            const params features = {};
            double loss;
            for (std::size_t j = 0; j < from.d; j++)
                x[j] <<= theta[j];
            for (double feature : current->features)
                mkparam_idx(feature);
            adouble f = from.record(x, features, static_cast<const double *>(ctx));
            f >>= loss;
        }
        trace_off();
    } catch (...) {
        bench_peer_end();
        return false;
    }
    return true;
}

extern "C" void bench_peer_run(const double *theta, const double *v, size_t n, const double *xi,
                               const void *, double *loss2, double *gm, double *gv, double *hm,
                               double *hv)
{
    const std::size_t d = current->d;
    std::vector<double> along(v, v + d); /* ADOL-C wants it writable */
    double loss_sum = 0.0, loss_squares = 0.0, one = 1.0, *sums = current->sums.data();
    current->sums.assign(4 * d, 0.0);
    for (std::size_t i = 0; i < n; i++) {
        double loss, slope;
        take_features(xi + i * current->m);
        set_param_vec(tag, current->features.size(), current->features.data());
        fos_forward(tag, 1, static_cast<int>(d), 2, theta, along.data(), &loss, &slope);
        hos_reverse(tag, 1, static_cast<int>(d), 1, &one, current->row.data());
        loss_sum += loss;
        loss_squares += loss * loss;
        for (std::size_t j = 0; j < d; j++) {
            double g = current->row[j][0], h = current->row[j][1];
            sums[4 * j] += g;
            sums[4 * j + 1] += g * g;
            sums[4 * j + 2] += h;
            sums[4 * j + 3] += h * h;
        }
    }
    const double count = static_cast<double>(n);
    finish(count, loss_sum, loss_squares, loss2[0], loss2[1]);
    for (std::size_t j = 0; j < d; j++) {
        finish(count, sums[4 * j], sums[4 * j + 1], gm[j], gv[j]);
        finish(count, sums[4 * j + 2], sums[4 * j + 3], hm[j], hv[j]);
    }
}

extern "C" void bench_peer_end(void)
{
    delete current;
    current = nullptr;
}
