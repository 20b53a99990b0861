/* meka/meka.h - everything: include this one. */
#ifndef MEKA_MEKA_H
#define MEKA_MEKA_H

#include <meka/base.h>
#include <meka/ad.h>
#include <meka/images.h>
#include <meka/dual.h>
#include <meka/jet.h>
#include <meka/optim.h>
#include <meka/problems.h>
#include <meka/data.h>
#include <meka/plugin.h>

#endif
