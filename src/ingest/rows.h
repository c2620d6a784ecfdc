/* Which architecture each row of the new table is. The benchmark files say it with their list `meta_archs`; single architectures say it
 * with the index that they carry. */
#ifndef NB_INGEST_ROWS_H
#define NB_INGEST_ROWS_H

#include "base/error.h"
#include "base/pickle.h"
#include "nasbench/space.h"

typedef struct nb_rows {
    const nb_space *space; /* NULL: not known yet */
    nb_arch *archs;        /* [count]; NULL: the space's own order */
    uint32_t count;
} nb_rows;

void nb_rows_free(nb_rows *rows);

/* The space that writes its architectures like this; NULL when none does. */
const nb_space *nb_rows_space_of_text(const char *text, size_t size);

/* The space's own order. */
void nb_rows_set_official(nb_rows *rows, const nb_space *space);

/* The order of a list of architecture strings. When rows are known already the list must agree with them. */
nb_status nb_rows_set_list(nb_rows *rows, nb_pickle_value meta_archs, nb_error *err);

/* The row of an architecture, -1 when there is none. */
int64_t nb_rows_find(const nb_rows *rows, const char *text, size_t size);

/* Whether the architecture `text` is row `index`; false when the rows are not known. */
bool nb_rows_agree(const nb_rows *rows, int64_t index, const char *text, size_t size);

/* As nb_rows_agree, with the reason when it is not so. */
nb_status nb_rows_check(const nb_rows *rows, int64_t index, const char *text, size_t size, nb_error *err);

/* An order in which only some rows are known: places[i] says that architecture `arch` is row `row`. The others take the remaining rows in
 * the space's order. */
typedef struct nb_row_place {
    uint32_t row;
    nb_arch arch;
} nb_row_place;

nb_status nb_rows_set_places(nb_rows *rows, const nb_space *space, const nb_row_place *places, size_t count, nb_error *err);

#endif
