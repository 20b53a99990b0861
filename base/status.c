#include <meka/base.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *meka_status_name(meka_status status)
{
    switch (status) {
    case MEKA_OK:
        return "ok";
    case MEKA_NONFINITE:
        return "not finite";
    case MEKA_ERR_MEMORY:
        return "out of memory";
    case MEKA_ERR_INPUT:
        return "unusable input";
    case MEKA_ERR_IO:
        return "input/output error";
    case MEKA_ERR_RECORD:
        return "recording error";
    case MEKA_ERR_RANGE:
        return "out of range";
    }
    return "unknown status";
}

meka_status meka_fail(meka_error *err, meka_status status, const char *format, ...)
{
    if (!err)
        return status;
    /* Formatted aside first: callers may quote err->text itself in the new text. */
    char text[sizeof err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    err->status = status;
    memcpy(err->text, text, strlen(text) + 1);
    return status;
}
