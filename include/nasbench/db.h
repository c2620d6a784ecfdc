/* NNI's benchmark databases: NAS-Bench-101, NAS-Bench-201 and NDS in SQLite, read and queried.
 *
 * A database has three tables: *configs* (what was trained), *trials* (one training run of a config each) and *points* of a trial's
 * learning curve. NNI calls the latter intermediate stats. Files made by NNI and by nb_db_build() (<nasbench/db_build.h>) are the same
 * to these functions; docs/databases.md describes every table.
 *
 *     nb_db *db;
 *     nb_db_query *query;
 *     const nb_db_trial *trial;
 *     nb_db_open("nds.db", &db, &err);
 *     nb_db_query_open(db, &(nb_db_filter){.model_family = "vanilla", .dataset = "cifar10"}, &query, &err);
 *     while (nb_db_query_next(query, &trial, &err) == NB_OK && trial)
 *         printf("%g\n", trial->best_test_acc);
 *
 * Units: accuracies are percent, params and flops millions, times and latencies seconds. A real number that the database does not have
 * (NULL) is NaN, an integer NB_DB_NULL, a text NULL. Files are opened for reading only. One nb_db and its queries belong to one thread at
 * a time; any number of them, also of other processes, may read the same file. */
#ifndef NASBENCH_DB_H
#define NASBENCH_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"
#include "nasbench/progress.h"

#ifdef __cplusplus
extern "C" {
#endif

struct nb_arch;

typedef enum nb_db_kind { NB_DB_NASBENCH101, NB_DB_NASBENCH201, NB_DB_NDS, NB_DB_KIND_COUNT } nb_db_kind;

/* "nasbench101", "nasbench201", "nds"; NULL outside the enumeration. Parsing takes any letter case and passes over '-', '_' and blanks. */
NB_API const char *nb_db_kind_name(nb_db_kind kind);
NB_API nb_status nb_db_kind_parse(const char *name, nb_db_kind *out, nb_error *err);

/* Where databases are. ---------------------------------------------------------------------------------------------------------------- */

/* NNI's folder: $NASBENCHMARK_DIR as it is written, else nasbenchmark/ in $NNI_HOME, in $XDG_CACHE_HOME/nni or in ~/.cache/nni. The
 * caller frees *folder. NB_ERR_NOT_FOUND when none of the variables and no home folder is set. */
NB_API nb_status nb_db_folder(char **folder, nb_error *err);

/* The file that nb_db_build() writes when it is told no other: "<folder>/nds.db". The caller frees *path. */
NB_API nb_status nb_db_default_path(nb_db_kind kind, char **path, nb_error *err);

/* The database of this kind that is there: <folder>/nds.db, else <folder>/nds-<8 hexadecimal digits>.db (the name under which NNI
 * published its own first), else the same in ~/.nni/nasbenchmark, the folder of NNI before version 2.5. The caller frees *path.
 * NB_ERR_NOT_FOUND names the places. */
NB_API nb_status nb_db_find(nb_db_kind kind, char **path, nb_error *err);

/* Opening. ------------------------------------------------------------------------------------------------------------------------------
 */

typedef struct nb_db nb_db;

/* Opens a database of any of the three kinds and checks that it is one: header, length, tables and columns. NB_ERR_NOT_FOUND for no such
 * file, NB_ERR_FORMAT for one that is no such database, NB_ERR_TRUNCATED when the file has fewer pages than it says, NB_ERR_IO when another
 * process keeps it locked for more than some seconds. */
NB_API nb_status nb_db_open(const char *path, nb_db **out, nb_error *err);

/* Close its queries and statements first. NULL is allowed. */
NB_API void nb_db_close(nb_db *db);

NB_API nb_db_kind nb_db_get_kind(const nb_db *db);
NB_API const char *nb_db_path(const nb_db *db);

typedef struct nb_db_info {
    nb_db_kind kind;
    uint64_t bytes; /* of the file */
    uint64_t configs, trials, points;
    bool analyzed; /* holds ANALYZE's statistics: plain SQL is planned well */
} nb_db_info;

/* Counts the rows, which takes a moment in a large file. */
NB_API nb_status nb_db_get_info(nb_db *db, nb_db_info *out, nb_error *err);

/* Reads the whole file: SQLite's integrity check, every foreign key, and where the name ends in 8 hexadecimal digits, as those of the
 * published files do, whether the SHA-256 of the file begins with them. NB_ERR_CORRUPT says what is wrong first. */
NB_API nb_status nb_db_verify(nb_db *db, const nb_progress *progress, nb_error *err);

/* Rows. ---------------------------------------------------------------------------------------------------------------------------------
 */

#define NB_DB_NULL INT64_MIN

/* What was trained. Which members a kind has is said behind them (1 = nasbench101, 2 = nasbench201, N = nds); the others are NULL,
 * NB_DB_NULL and NaN. Texts of architectures and specifications are JSON, minified, keys in ascending order. */
typedef struct nb_db_config {
    int64_t id;               /* 1 2 N */
    const char *arch;         /* 1 2: {"input1":[0],"input2":[0,1],"op1":"conv3x3-bn-relu"}; {"0_1":"none",...} */
    const char *hash;         /* 1: graph hash, 32 hexadecimal digits */
    int64_t num_vertices;     /* 1: with input and output */
    int64_t num_epochs;       /* 1 2 N: scheduled */
    int64_t num_channels;     /* 2: of the first stage */
    int64_t num_cells;        /* 2: per stage */
    const char *dataset;      /* 2: cifar10-valid, cifar10, cifar100, imagenet16-120; N: cifar10, imagenet */
    const char *model_family; /* N: nas_cell, residual_bottleneck, residual_basic, vanilla */
    const char *model_spec;   /* N */
    const char *cell_spec;    /* N: {} unless model_family is nas_cell */
    const char *generator;    /* N: random, fix_w_d, tune_lr_wd */
    const char *proposer;     /* N: amoeba, darts, ..., vanilla */
    double base_lr;           /* N */
    double weight_decay;      /* N */
} nb_db_config;

/* A point of a learning curve. */
typedef struct nb_db_point {
    int64_t id;
    int64_t current_epoch;                                   /* epochs done: 1 .. num_epochs */
    double train_acc, valid_acc, test_acc, ori_test_acc;     /* 1: the first three; 2: all; N: train and test */
    double train_loss, valid_loss, test_loss, ori_test_loss; /* 2: all; N: train */
    double training_time;                                    /* 1: since the start */
} nb_db_point;

/* One training run; under NB_DB_MEAN the means over the runs of a config, with id and seed NB_DB_NULL. */
typedef struct nb_db_trial {
    int64_t id;
    nb_db_config config;
    int64_t seed;                                                                 /* 2 N */
    double train_acc, valid_acc, test_acc, ori_test_acc;                          /* 1: the first three; 2: all */
    double train_loss, valid_loss, test_loss, ori_test_loss;                      /* 2 */
    double final_train_acc, final_train_loss, final_test_acc;                     /* N: after the last epoch */
    double best_train_acc, best_train_loss, best_test_acc;                        /* N: best of all epochs */
    double parameters, flops;                                                     /* 1 2 N; flops not 1 */
    double latency;                                                               /* 2: of a batch */
    double training_time;                                                         /* 1: 60 times the seconds (see docs/databases.md); 2 */
    double valid_evaluation_time, test_evaluation_time, ori_test_evaluation_time; /* 2: of one pass */
    double iter_time;                                                             /* N: of one iteration */
    const nb_db_point *points;                                                    /* [point_count] by id, when asked for */
    size_t point_count;
} nb_db_trial;

/* Questions. ------------------------------------------------------------------------------------------------------------------------------
 */

typedef enum nb_db_reduction { NB_DB_EACH, NB_DB_MEAN } nb_db_reduction;

/* "none" and "mean". Parsing anything else: NB_ERR_ARGUMENT with NNI's words. */
NB_API const char *nb_db_reduction_name(nb_db_reduction reduction);
NB_API nb_status nb_db_reduction_parse(const char *name, nb_db_reduction *out, nb_error *err);

/* What to look for: members that are NULL or 0 match everything. All that are given must be equal; a name that no row has finds nothing,
 * which is no error. A member that the kind of database does not have (marks as above) is NB_ERR_ARGUMENT.
 *
 * JSON may be written in any layout and order of keys, but must be the whole object, and numbers count as written: 0 is not 0.0.
 * nasbench101: an architecture matches every cell that is isomorphic to it as it stands (nothing is pruned), and results show the stored
 * numbering. Architectures are also taken in the forms of nb_space_lookup: strings, indices, graph hashes, matrices. */
typedef struct nb_db_filter {
    const char *arch;    /* 1 2 */
    bool as_numbered;    /* 1: `arch` matches its own numbering only */
    int64_t num_epochs;  /* 1 2 N: scheduled epochs */
    const char *dataset; /* 2 N */
    const char *model_family;
    const char *proposer;
    const char *generator;
    const char *model_spec; /* JSON */
    const char *cell_spec;  /* JSON; "{}": no cell */
    nb_db_reduction reduction;
    bool points; /* with the learning curve of each trial; empty under NB_DB_MEAN, as in NNI */
} nb_db_filter;

typedef struct nb_db_query nb_db_query;

/* Rows come by trial where the filter says nothing of the config, else by config and trial, in ascending ids; under NB_DB_MEAN by config.
 * The filter's texts are copied. */
NB_API nb_status nb_db_query_open(nb_db *db, const nb_db_filter *filter, nb_db_query **out, nb_error *err);

/* The next row in *trial, NULL after the last one. It and its texts are valid until the next call. Memory does not grow with the number
 * of rows. NB_ERR_CORRUPT when the file is damaged on the way. */
NB_API nb_status nb_db_query_next(nb_db_query *query, const nb_db_trial **trial, nb_error *err);

NB_API void nb_db_query_close(nb_db_query *query); /* NULL is allowed */

/* Fields by name, in the order in which NNI shows them: for callers that print, convert or compare without knowing each. ------------------
 */

typedef enum nb_db_type { NB_DB_INTEGER, NB_DB_REAL, NB_DB_TEXT, NB_DB_JSON } nb_db_type;

typedef struct nb_db_field {
    const char *name;
    nb_db_type type;
    bool nullable;
    size_t offset; /* of an int64_t, double or const char * in the struct */
} nb_db_field;

/* The columns of the three tables without config_id and trial_id. `count` gets their number. */
NB_API const nb_db_field *nb_db_config_fields(nb_db_kind kind, size_t *count);
NB_API const nb_db_field *nb_db_trial_fields(nb_db_kind kind, size_t *count); /* in nb_db_trial */
NB_API const nb_db_field *nb_db_point_fields(nb_db_kind kind, size_t *count); /* in nb_db_point */

static inline int64_t nb_db_integer_of(const nb_db_field *field, const void *row)
{
    return *(const int64_t *)(const void *)((const char *)row + field->offset);
}

static inline double nb_db_real_of(const nb_db_field *field, const void *row)
{
    return *(const double *)(const void *)((const char *)row + field->offset);
}

static inline const char *nb_db_text_of(const nb_db_field *field, const void *row)
{
    return *(const char *const *)(const void *)((const char *)row + field->offset);
}

/* Architectures as NNI writes them. -------------------------------------------------------------------------------------------------------
 */

/* The JSON text of an architecture of nasbench201 or nasbench101 (the latter in its own numbering); as snprintf: writes at most `room`
 * bytes and returns the whole length, 0 for an architecture of another space. NB_DB_ARCH_SIZE is always enough. */
#define NB_DB_ARCH_SIZE 320
NB_API size_t nb_db_arch_format(const struct nb_arch *arch, char *text, size_t room);

/* And back. NB_ERR_FORMAT or NB_ERR_ARGUMENT says what does not fit. */
NB_API nb_status nb_db_arch_parse(nb_db_kind kind, const char *json, struct nb_arch *arch, nb_error *err);

/* Plain SQL. ------------------------------------------------------------------------------------------------------------------------------
 */

typedef struct nb_db_statement nb_db_statement;

/* Compiles one statement that only reads; `values` (count of them) are bound to its parameters ?1, ?2, ... in order, as texts.
 * NB_ERR_ARGUMENT with SQLite's words for text that is no statement, more than one, or one that would write; other files cannot be
 * attached. */
NB_API nb_status nb_db_sql(nb_db *db, const char *sql, const char *const *values, size_t count, nb_db_statement **out, nb_error *err);

/* Moves to the next row; *row is false after the last one. */
NB_API nb_status nb_db_sql_next(nb_db_statement *statement, bool *row, nb_error *err);

NB_API int nb_db_sql_columns(const nb_db_statement *statement);
NB_API const char *nb_db_sql_name(const nb_db_statement *statement, int column);

/* The values of the present row; texts are valid until the next row. A BLOB is a text. */
typedef enum nb_db_value_type { NB_DB_VALUE_NULL, NB_DB_VALUE_INTEGER, NB_DB_VALUE_REAL, NB_DB_VALUE_TEXT } nb_db_value_type;
typedef struct nb_db_value {
    nb_db_value_type type;
    int64_t integer;
    double real;
    const char *text;
    size_t size; /* of `text` */
} nb_db_value;

NB_API nb_db_value nb_db_sql_value(const nb_db_statement *statement, int column);
NB_API void nb_db_sql_close(nb_db_statement *statement); /* NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
