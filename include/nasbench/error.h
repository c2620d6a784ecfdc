/* How every fallible function of the library reports: a status to branch on and one readable message.
 *
 * Functions that can fail return nb_status and take `nb_error *err` as their last argument. It may be NULL when the message is not
 * wanted. On failure the message names the file, the place in it, what was found and what was expected; on success it is left alone.
 * The library never prints and never exits. */
#ifndef NASBENCH_ERROR_H
#define NASBENCH_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NB_API __attribute__((visibility("default")))
#define NB_PRINTF(format_at, first_at) __attribute__((format(printf, format_at, first_at)))
#else
#define NB_API
#define NB_PRINTF(format_at, first_at)
#endif

typedef enum nb_status {
    NB_OK = 0,
    NB_ERR_ARGUMENT,    /* the caller asked for something that has no meaning: a bad option, a null pointer, an index out of range */
    NB_ERR_NOT_FOUND,   /* a well-formed request for something that is not there: an architecture, a dataset, a file */
    NB_ERR_FORMAT,      /* the bytes are not what the format says: wrong magic, wrong type, impossible value */
    NB_ERR_TRUNCATED,   /* the bytes end too early */
    NB_ERR_UNSUPPORTED, /* well-formed, but not something this version reads or does */
    NB_ERR_REFUSED,     /* a pickle global or another construct that could run code: refused by name */
    NB_ERR_CORRUPT,     /* a checksum or a cross-check failed */
    NB_ERR_IO,          /* the system said no: open, read, write, rename, disk full */
    NB_ERR_MEMORY,      /* an allocation failed or a stated bound would be passed */
    NB_ERR_CANCELLED,   /* the caller's cancellation token was set */
    NB_ERR_NUMERIC,     /* a number that ends a computation: NaN loss, infinite gradient */
    NB_ERR_EXISTS,      /* the target is already there and would be overwritten */
    NB_STATUS_COUNT
} nb_status;

#define NB_ERROR_MESSAGE_SIZE 512

/* Filled by the function that fails. Initialise with {0} or leave uninitialised: it is only read after a failure. */
typedef struct nb_error {
    nb_status status;
    char message[NB_ERROR_MESSAGE_SIZE]; /* one line, no newline at the end; cut with "..." when longer */
} nb_error;

/* The status as a short lower-case word, for example "truncated". Never NULL. */
NB_API const char *nb_status_name(nb_status status);

#ifdef __cplusplus
}
#endif
#endif
