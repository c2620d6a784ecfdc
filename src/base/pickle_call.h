/* What the known names of a pickle mean: the places where Python would call a function. Nothing is looked up or run; each name has its
 * own few lines that check the arguments and make a plain value. */
#ifndef NB_BASE_PICKLE_CALL_H
#define NB_BASE_PICKLE_CALL_H

#include "base/pickle_object.h"

/* Where the reader is, for messages, and the memory it counts. */
typedef struct nb_pickle_site {
    const char *name; /* of the source */
    uint64_t offset;  /* of the opcode at work */
    nb_pickle_heap heap;
    nb_error *err;
} nb_pickle_site;

/* Fails with "name: offset N: " before the message. */
nb_status nb_pickle_fail(const nb_pickle_site *site, nb_status status, const char *format, ...) NB_PRINTF(3, 4);

/* Looks a name up in the allow-list. NB_ERR_REFUSED, naming it, when it is not there. */
nb_status nb_pickle_resolve(const nb_pickle_site *site, const char *module, size_t module_size, const char *name, size_t name_size,
                            nb_pickle_value *out);

/* REDUCE and NEWOBJ: the value that `callable` gives for the tuple `arguments` (both borrowed). */
nb_status nb_pickle_call(nb_pickle_site *site, nb_pickle_value callable, nb_pickle_value arguments, nb_pickle_value *out);

/* BUILD: gives `target` its state (borrowed). */
nb_status nb_pickle_build(nb_pickle_site *site, nb_pickle_value target, nb_pickle_value state);

/* BINPERSID: the storage that a torch file means by the tuple `id` (borrowed). */
nb_status nb_pickle_persistent(nb_pickle_site *site, nb_pickle_value id, nb_pickle_value *out);

/* The failure of a container that would not take a value. */
nb_status nb_pickle_refused(const nb_pickle_site *site, nb_pickle_refusal refusal);

#endif
