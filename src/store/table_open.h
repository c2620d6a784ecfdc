/* The two halves of opening a table: texts of the metadata, then tensors. Both fill `table`; what they allocated is freed by
 * nb_table_close(), also after a failure. */
#ifndef NB_STORE_TABLE_OPEN_H
#define NB_STORE_TABLE_OPEN_H

#include "store/table.h"

nb_status nb_table_read_metadata(nb_table *table, nb_error *err);
nb_status nb_table_read_tensors(nb_table *table, nb_error *err);

#endif
