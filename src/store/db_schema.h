/* The tables of NNI's databases: their statements, letter by letter, and their columns as fields of our structs. */
#ifndef NB_STORE_DB_SCHEMA_H
#define NB_STORE_DB_SCHEMA_H

#include "nasbench/db.h"

/* The tables of a database, in the order of creation. */
typedef enum nb_db_role { NB_DB_CONFIGS, NB_DB_TRIALS, NB_DB_POINTS, NB_DB_ROLES } nb_db_role;

typedef struct nb_db_index {
    const char *name;
    const char *sql;
} nb_db_index;

typedef struct nb_db_table {
    const char *name;
    const char *sql;            /* CREATE TABLE */
    const char *parent;         /* the column that names the row of the table before: "config_id"; NULL in configs */
    const nb_db_index *indexes; /* [index_count] */
    size_t index_count;
    const nb_db_field *fields; /* [field_count] without the parent column, which is the second one */
    size_t field_count;
} nb_db_table;

#define NB_DB_FIELDS_MAX 20 /* of a table */

const nb_db_table *nb_db_table_of(nb_db_kind kind, nb_db_role role);

#endif
