/* optim/log.h - what the files of the run log share. */
#ifndef OPT_LOG_H
#define OPT_LOG_H

#include "optim/run.h"

/* How every log begins; a reader takes no other number. */
#define OPT_LOG_NAME       "# meka log: "
#define OPT_LOG_FIRST_LINE OPT_LOG_NAME "1"

/* The header's lines that say which run it is, and with `limits` when it stops. */
void opt_log_write_identity(FILE *stream, const opt_run *run, bool limits);

/* The log of the steps that a loaded run has done before: PATH.part, which gets the name
 * PATH.before, or what an interrupted continuation left under that name, or PATH. */
typedef struct opt_log_earlier {
    char *before;  /* PATH.before */
    char *renamed; /* PATH.part where it has got that name, else NULL */
    FILE *stream;
    long rows;  /* where the first row begins in it */
    uint64_t n; /* rows to take over */
} opt_log_earlier;

/* MEKA_ERR_INPUT: there is no such log, it is another run's, or it holds too few rows. */
meka_status opt_log_earlier_open(opt_log_earlier *earlier, const char *path, const opt_run *run,
                                 meka_error *err);
/* Copies the rows as they are; nothing where earlier is zeroed. */
void opt_log_earlier_copy(opt_log_earlier *earlier, FILE *stream);
/* taken_over: they are on the disk elsewhere, so PATH.before may go.  Zeroed is fine. */
void opt_log_earlier_close(opt_log_earlier *earlier, bool taken_over);

#endif
