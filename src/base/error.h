/* Making errors: the library's own side of <nasbench/error.h>. */
#ifndef NB_BASE_ERROR_H
#define NB_BASE_ERROR_H

#include "nasbench/error.h"

/* Passes a failure on to the caller, keeps the happy path straight. */
#define NB_TRY(call)                                                                                                                       \
    do {                                                                                                                                   \
        nb_status nb_try_status_ = (call);                                                                                                 \
        if (nb_try_status_ != NB_OK)                                                                                                       \
            return nb_try_status_;                                                                                                         \
    } while (0)

/* Writes the message into `err` (which may be NULL) and returns `status`, so that a failing path is one line. */
nb_status nb_fail(nb_error *err, nb_status status, const char *format, ...) NB_PRINTF(3, 4);

/* As nb_fail, with ": " and the text of `errno_value` appended. */
nb_status nb_fail_errno(nb_error *err, nb_status status, int errno_value, const char *format, ...) NB_PRINTF(4, 5);

/* Puts "context: " before the message already in `err`, for a caller that knows more about the place. Returns `status`. */
nb_status nb_prefix(nb_error *err, nb_status status, const char *format, ...) NB_PRINTF(3, 4);

/* The analyser of clang-tidy sees one file at a time: this tells it that a failing call returns the status it is given. */
#ifdef __clang_analyzer__
#define nb_fail(err, status, ...) (nb_fail((err), (status), __VA_ARGS__), (status))
#define nb_fail_errno(err, status, ...) (nb_fail_errno((err), (status), __VA_ARGS__), (status))
#define nb_prefix(err, status, ...) (nb_prefix((err), (status), __VA_ARGS__), (status))
#endif

#endif
