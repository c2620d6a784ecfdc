#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What error.h tells the analyser is for callers only. */
#undef nb_fail
#undef nb_fail_errno
#undef nb_prefix

const char *nb_status_name(nb_status status)
{
    static const char *const names[NB_STATUS_COUNT] = {
        [NB_OK] = "ok",
        [NB_ERR_ARGUMENT] = "argument",
        [NB_ERR_NOT_FOUND] = "not found",
        [NB_ERR_FORMAT] = "format",
        [NB_ERR_TRUNCATED] = "truncated",
        [NB_ERR_UNSUPPORTED] = "unsupported",
        [NB_ERR_REFUSED] = "refused",
        [NB_ERR_CORRUPT] = "corrupt",
        [NB_ERR_IO] = "input/output",
        [NB_ERR_MEMORY] = "memory",
        [NB_ERR_CANCELLED] = "cancelled",
        [NB_ERR_NUMERIC] = "numeric",
        [NB_ERR_EXISTS] = "exists",
    };
    if (status < NB_OK || status >= NB_STATUS_COUNT)
        return "unknown";
    return names[status];
}

/* Appends to a message of `used` bytes and marks with "..." what did not fit. Returns the new length. */
static size_t append(char *message, size_t used, const char *format, va_list args)
{
    size_t room = NB_ERROR_MESSAGE_SIZE - used;
    int wanted = vsnprintf(message + used, room, format, args);
    if (wanted < 0) {
        message[used] = '\0';
        return used;
    }
    if ((size_t)wanted < room)
        return used + (size_t)wanted;
    memcpy(message + NB_ERROR_MESSAGE_SIZE - 4, "...", 4);
    return NB_ERROR_MESSAGE_SIZE - 1;
}

static size_t append_text(char *message, size_t used, const char *format, ...) NB_PRINTF(3, 4);
static size_t append_text(char *message, size_t used, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t length = append(message, used, format, args);
    va_end(args);
    return length;
}

nb_status nb_fail(nb_error *err, nb_status status, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        append(err->message, 0, format, args);
        va_end(args);
    }
    return status;
}

nb_status nb_fail_errno(nb_error *err, nb_status status, int errno_value, const char *format, ...)
{
    if (err) {
        va_list args;
        va_start(args, format);
        err->status = status;
        size_t used = append(err->message, 0, format, args);
        va_end(args);
        char room[128];
        append_text(err->message, used, ": %s", strerror_r(errno_value, room, sizeof room));
    }
    return status;
}

nb_status nb_prefix(nb_error *err, nb_status status, const char *format, ...)
{
    if (err) {
        char old[NB_ERROR_MESSAGE_SIZE];
        memcpy(old, err->message, sizeof old);
        va_list args;
        va_start(args, format);
        err->status = status;
        size_t used = append(err->message, 0, format, args);
        va_end(args);
        append_text(err->message, used, ": %s", old);
    }
    return status;
}
