#include "plots/style.h"

#include <string.h>

plot_style plot_style_of(const char *method, unsigned which)
{
    static const struct {
        const char *method;
        plot_style style;
    } own[] = {
        {"meka", {"#0072B2", "solid"}},      {"adameka", {"#56B4E9", "(8,3)"}},
        {"sgd", {"#E69F00", "solid"}},       {"heavy-ball", {"#D55E00", "(12,3,3,3)"}},
        {"adam", {"#CC79A7", "(5,2)"}},      {"gd", {"#000000", "(5,2)"}},
        {"lbfgs", {"#999999", "(8,3,3,3)"}},
    };
    static const plot_style others[] = {
        {"#009E73", "solid"}, {"#999999", "(3,2)"}, {"#000000", "(12,3,3,3)"},
        {"#F0E442", "(8,3)"}, {"#009E73", "(5,2)"}, {"#999999", "(12,3,3,3,3,3)"},
    };
    for (unsigned i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strcmp(method, own[i].method) == 0)
            return own[i].style;
    return others[which % (sizeof others / sizeof others[0])];
}
