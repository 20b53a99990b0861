#include "cli/progress.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double bar_period = 0.1, line_period = 10.0; /* seconds between updates */
enum { bar_width = 24 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void cli_progress_begin(cli_progress *progress, bool quiet)
{
    const char *term = getenv("TERM");
    *progress = (cli_progress){.quiet = quiet};
    pthread_mutex_init(&progress->lock, NULL);
    progress->terminal = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
    progress->begun = progress->last = now();
}

/* "1:05", "2:03:04", or "?" before there is anything to judge by. */
static void format_left(char *text, size_t size, double seconds, double fraction)
{
    double left = fraction > 0.0 ? seconds * (1.0 - fraction) / fraction : -1.0;
    if (left < 0.0 || left > 1e6) {
        snprintf(text, size, "?");
        return;
    }
    long total = (long)(left + 0.5);
    if (total >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", total / 3600, total / 60 % 60, total % 60);
    else
        snprintf(text, size, "%ld:%02ld", total / 60, total % 60);
}

static void show(cli_progress *progress, double fraction, const char *what)
{
    char left[32], bar[bar_width + 1];
    format_left(left, sizeof left, progress->last - progress->begun, fraction);
    for (int i = 0; i < bar_width; i++)
        bar[i] = i < fraction * bar_width ? '#' : '.';
    bar[bar_width] = '\0';
    if (progress->terminal)
        fprintf(stderr, "\r[%s] %3.0f %%  ETA %s  %.30s\033[K", bar, 100.0 * fraction, left,
                what ? what : "");
    else
        fprintf(stderr, "%3.0f %%  ETA %s  %.60s\n", 100.0 * fraction, left, what ? what : "");
    fflush(stderr);
    progress->visible = progress->terminal;
}

void cli_progress_update(void *progress, double fraction, const char *what)
{
    cli_progress *p = progress;
    if (p->quiet)
        return;
    pthread_mutex_lock(&p->lock);
    double time = now();
    if (time - p->last >= (p->terminal ? bar_period : line_period)) {
        p->last = time;
        show(p, fraction < 0.0 ? 0.0 : fraction > 1.0 ? 1.0 : fraction, what);
    }
    pthread_mutex_unlock(&p->lock);
}

void cli_progress_hide(cli_progress *progress)
{
    if (progress->visible)
        fprintf(stderr, "\r\033[K");
    progress->visible = false;
}

void cli_progress_end(cli_progress *progress)
{
    cli_progress_hide(progress);
    pthread_mutex_destroy(&progress->lock);
}

static atomic_int interrupted; /* set by the handler: lock-free, so it may */

static void on_signal(int signal_number)
{
    (void)signal_number;
    atomic_store(&interrupted, 1);
}

void cli_interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    action.sa_flags = (int)(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool cli_interrupted(void)
{
    return atomic_load(&interrupted) != 0;
}
