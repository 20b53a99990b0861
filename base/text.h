/* base/text.h - reading and writing numbers, writing files whole. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <meka/base.h>
#include <stdio.h>

/* Numbers are read and written as in the C locale, whatever locale the program has set. */

/* The whole of text as a finite number; false (and *value untouched) if it is not one. */
bool meka_parse_real(const char *text, double *value);
/* True for what stands for a number that is not finite: nan, inf, infinity, any sign and
 * case. */
bool meka_is_nonfinite(const char *text);
/* Of a text that meka_parse_real refuses: the end of the sentence that begins with it. */
const char *meka_why_not_real(const char *text);
/* The whole of text as an integer >= 0, decimal ("1e4" is accepted where exact). */
bool meka_parse_count(const char *text, uint64_t *value);
/* value with `digits` significant digits (17: reads back the same), as printf's %g. */
void meka_format_real(char *text, size_t size, double value, int digits);

/* MEKA_ERR_IO (out of memory: MEKA_ERR_MEMORY) with "cannot <verb> '<path>': <why>", where
 * why is the system's text for the errno value `code`. */
meka_status meka_fail_errno(meka_error *err, const char *verb, const char *path, int code);

/* A file that appears under its name only when complete: written to PATH.part, flushed,
 * then renamed; a PATH that is something else than a regular file (a link, a device) is left
 * alone: MEKA_ERR_IO.  begin returns NULL with err set; after it, exactly one of keep, commit
 * (MEKA_ERR_IO if anything could not be written; the part is removed then) or abandon. */
typedef struct meka_file {
    FILE *stream; /* write here */
    char *path, *part;
} meka_file;
meka_file *meka_file_begin(const char *path, meka_error *err);
/* What is written so far survives the end of the process and of the machine. */
meka_status meka_file_sync(meka_file *file, meka_error *err);
meka_status meka_file_commit(meka_file *file, meka_error *err);
void meka_file_abandon(meka_file *file); /* NULL is fine */
void meka_file_keep(meka_file *file);    /* leaves the part as it is; NULL is fine */

#endif
