/* cli/progress.h - how far the work has come, on stderr; and the wish to stop it. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>

/* A bar with the time left where stderr is a terminal; elsewhere a line every ten
 * seconds; nothing when quiet.  Updates may come from several threads. */
typedef struct cli_progress {
    pthread_mutex_t lock;
    bool quiet, terminal;
    bool visible;       /* a bar stands on the screen */
    double begun, last; /* seconds of the monotonic clock */
} cli_progress;

void cli_progress_begin(cli_progress *progress, bool quiet);
/* fraction in [0, 1] is done; `what` says what is going on (may be NULL).  Takes a void *
 * to serve as the callback of figures and verification. */
void cli_progress_update(void *progress, double fraction, const char *what);
/* Clears the bar so that something else can be printed; the next update shows it again. */
void cli_progress_hide(cli_progress *progress);
void cli_progress_end(cli_progress *progress);

/* SIGINT and SIGTERM set a flag once; the second one ends the process as usual. */
void cli_interrupt_install(void);
bool cli_interrupted(void);

#endif
