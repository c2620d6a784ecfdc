/* NNI's queries: a filter becomes one SQL statement, compiled once per shape of filter and kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/python_json.h"
#include "store/db.h"

/* What a filter can compare, in the order of the bits of a shape and of the parameters of its statement. */
typedef enum term {
    TERM_HASH,
    TERM_ARCH,
    TERM_CELL_SPEC,
    TERM_MODEL_SPEC,
    TERM_PROPOSER,
    TERM_MODEL_FAMILY,
    TERM_GENERATOR,
    TERM_DATASET,
    TERM_NUM_EPOCHS,
    TERM_COUNT
} term;

/* The best index for a shape is that of its first term that has `selects`: the planner of SQLite would need ANALYZE's statistics to see
 * that, which NNI's own files do not have. */
static const struct {
    const char *column;
    bool selects;
} terms[TERM_COUNT] = {
    [TERM_HASH] = {"hash", true},
    [TERM_ARCH] = {"arch", true},
    [TERM_CELL_SPEC] = {"cell_spec", true},
    [TERM_MODEL_SPEC] = {"model_spec", true},
    [TERM_PROPOSER] = {"proposer", false},
    [TERM_MODEL_FAMILY] = {"model_family", false},
    [TERM_GENERATOR] = {"generator", false},
    [TERM_DATASET] = {"dataset", false},
    [TERM_NUM_EPOCHS] = {"num_epochs", false},
};

#define SHAPE_MEAN (UINT32_C(1) << TERM_COUNT)
#define SHAPE_POINTS (UINT32_C(1) << (TERM_COUNT + 1))  /* the statement for the points of a trial */
#define SHAPE_NO_CELL (UINT32_C(1) << (TERM_COUNT + 2)) /* cell_spec is {}, which most rows have: model_spec selects */

struct nb_db_query {
    nb_db *db;
    const nb_db_table *tables[NB_DB_ROLES];
    sqlite3_stmt *rows, *points;
    uint32_t shape;
    bool done;
    nb_db_trial trial;
    nb_db_point *memory; /* [capacity] points of the present trial */
    size_t capacity;
};

/* ---- names ---- */

static const char *const reduction_names[] = {"none", "mean"};

const char *nb_db_reduction_name(nb_db_reduction reduction)
{
    return (unsigned)reduction < 2 ? reduction_names[reduction] : NULL;
}

nb_status nb_db_reduction_parse(const char *name, nb_db_reduction *out, nb_error *err)
{
    for (unsigned i = 0; i < 2; i++)
        if (strcmp(name, reduction_names[i]) == 0) {
            *out = (nb_db_reduction)i;
            return NB_OK;
        }
    return nb_fail(err, NB_ERR_ARGUMENT, "Unsupported reduction: '%.60s'", name);
}

/* ---- statements ---- */

/* The columns of a table, each after a comma except the first. Means leave no id and no seed. */
static void append_columns(nb_text *sql, const nb_db_table *table, const char *alias, bool mean)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const char *name = table->fields[i].name;
        const char *separator = i > 0 ? ", " : "";
        if (mean && table->fields[i].type != NB_DB_REAL)
            nb_text_printf(sql, "%sNULL", separator);
        else if (mean)
            nb_text_printf(sql, "%sAVG(%s.%s)", separator, alias, name);
        else
            nb_text_printf(sql, "%s%s.%s", separator, alias, name);
    }
}

/* The term whose index finds the rows, TERM_COUNT for none. */
static term selecting_term(uint32_t shape)
{
    for (unsigned i = 0; i < TERM_COUNT; i++)
        if ((shape >> i & 1) && terms[i].selects && !(i == TERM_CELL_SPEC && (shape & SHAPE_NO_CELL)))
            return (term)i;
    return TERM_COUNT;
}

/* A '+' before a column keeps its index out of the plan. */
static void append_conditions(nb_text *sql, uint32_t shape)
{
    const term selecting = selecting_term(shape);
    const char *word = " WHERE ";
    for (unsigned i = 0; i < TERM_COUNT; i++) {
        if (!(shape >> i & 1))
            continue;
        nb_text_printf(sql, "%s%st2.%s = ?%u", word, i == selecting ? "" : "+", terms[i].column, i + 1);
        word = " AND ";
    }
}

/* CROSS JOIN is SQLite's way to say: the left table outside. Either way rows come in the order of the outer loop, so nothing is sorted. */
static void append_rows_sql(nb_text *sql, const nb_db_query *query)
{
    const nb_db_table *configs = query->tables[NB_DB_CONFIGS], *trials = query->tables[NB_DB_TRIALS];
    const bool mean = (query->shape & SHAPE_MEAN) != 0;
    nb_text_puts(sql, "SELECT ");
    append_columns(sql, trials, "t1", mean);
    nb_text_puts(sql, ", ");
    append_columns(sql, configs, "t2", false);
    if (query->shape == 0) {
        nb_text_printf(sql, " FROM %s AS t1 CROSS JOIN %s AS t2 ON t2.id = t1.config_id ORDER BY t1.id", trials->name, configs->name);
        return;
    }
    nb_text_printf(sql, " FROM %s AS t2 CROSS JOIN %s AS t1 ON t1.config_id = t2.id", configs->name, trials->name);
    append_conditions(sql, query->shape);
    nb_text_puts(sql, mean ? " GROUP BY t2.id ORDER BY t2.id" : " ORDER BY t2.id, t1.id");
}

static void append_points_sql(nb_text *sql, const nb_db_query *query)
{
    nb_text_puts(sql, "SELECT ");
    append_columns(sql, query->tables[NB_DB_POINTS], "t", false);
    nb_text_printf(sql, " FROM %s AS t WHERE t.trial_id = ?1 ORDER BY t.id", query->tables[NB_DB_POINTS]->name);
}

/* A free statement of this shape that was kept, or NULL. */
static sqlite3_stmt *take_kept(nb_db *db, uint32_t shape)
{
    for (size_t i = 0; i < NB_DB_KEPT; i++) {
        nb_db_kept *kept = &db->kept[i];
        if (kept->statement && !kept->in_use && kept->shape == shape) {
            kept->in_use = true;
            return kept->statement;
        }
    }
    return NULL;
}

static nb_status get_statement(nb_db_query *query, uint32_t shape, void (*append)(nb_text *, const nb_db_query *), sqlite3_stmt **out,
                               nb_error *err)
{
    if ((*out = take_kept(query->db, shape)))
        return NB_OK;
    nb_text sql = {0};
    append(&sql, query);
    nb_status status = nb_text_check(&sql, err);
    if (status == NB_OK)
        status = nb_db_prepare(query->db, sql.data, out, err);
    nb_text_free(&sql);
    return status;
}

/* Keeps the statement for the next question of its shape, in place of one that is free when there is no room. */
static void give_back(nb_db *db, uint32_t shape, sqlite3_stmt *statement)
{
    nb_db_kept *place = NULL;
    if (!statement)
        return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    for (size_t i = 0; i < NB_DB_KEPT; i++) {
        nb_db_kept *kept = &db->kept[i];
        if (kept->statement == statement) {
            kept->in_use = false;
            return;
        }
        if (!kept->in_use && (!place || !kept->statement))
            place = kept;
    }
    if (!place) {
        sqlite3_finalize(statement);
        return;
    }
    sqlite3_finalize(place->statement);
    *place = (nb_db_kept){.shape = shape, .statement = statement};
}

/* ---- the filter ---- */

/* The texts that are compared with, NULL: not given. */
typedef struct question {
    const char *plain[TERM_COUNT]; /* borrowed */
    char *made[TERM_COUNT];        /* owned: architectures and specifications in NNI's spelling */
    int64_t num_epochs;
} question;

static void free_question(question *q)
{
    for (unsigned i = 0; i < TERM_COUNT; i++)
        free(q->made[i]);
}

static nb_status refuse_foreign(nb_db_kind kind, const nb_db_filter *filter, nb_error *err)
{
    const bool nds = kind == NB_DB_NDS;
    const struct {
        const char *name;
        bool given, known;
    } members[] = {
        {"arch", filter->arch != NULL, !nds},
        {"dataset", filter->dataset != NULL, kind != NB_DB_NASBENCH101},
        {"model_family", filter->model_family != NULL, nds},
        {"proposer", filter->proposer != NULL, nds},
        {"generator", filter->generator != NULL, nds},
        {"model_spec", filter->model_spec != NULL, nds},
        {"cell_spec", filter->cell_spec != NULL, nds},
    };
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (members[i].given && !members[i].known)
            return nb_fail(err, NB_ERR_ARGUMENT, "query: a database of %s has no %s", nb_db_kind_name(kind), members[i].name);
    if ((unsigned)filter->reduction > NB_DB_MEAN)
        return nb_fail(err, NB_ERR_ARGUMENT, "Unsupported reduction: %d", (int)filter->reduction);
    return NB_OK;
}

static nb_status respell(const char *text, const char *name, char **out, nb_error *err)
{
    nb_text respelled = {0};
    if (!text)
        return NB_OK;
    nb_status status = nb_python_json_respell(text, strlen(text), name, &respelled, err);
    *out = respelled.data;
    return status;
}

static nb_status make_question(nb_db_kind kind, const nb_db_filter *filter, question *q, nb_error *err)
{
    NB_TRY(refuse_foreign(kind, filter, err));
    q->plain[TERM_DATASET] = filter->dataset;
    q->plain[TERM_MODEL_FAMILY] = filter->model_family;
    q->plain[TERM_PROPOSER] = filter->proposer;
    q->plain[TERM_GENERATOR] = filter->generator;
    q->num_epochs = filter->num_epochs;
    if (filter->arch) {
        nb_db_arch_key key;
        NB_TRY(nb_db_arch_key_of(kind, filter->arch, filter->as_numbered, &key, err));
        q->made[key.by_hash ? TERM_HASH : TERM_ARCH] = key.text;
    }
    NB_TRY(respell(filter->model_spec, "model_spec", &q->made[TERM_MODEL_SPEC], err));
    return respell(filter->cell_spec, "cell_spec", &q->made[TERM_CELL_SPEC], err);
}

static uint32_t shape_of(const question *q, nb_db_reduction reduction)
{
    uint32_t shape = reduction == NB_DB_MEAN ? SHAPE_MEAN : 0;
    for (unsigned i = 0; i < TERM_COUNT; i++)
        if (q->plain[i] || q->made[i])
            shape |= UINT32_C(1) << i;
    if (q->num_epochs != 0)
        shape |= UINT32_C(1) << TERM_NUM_EPOCHS;
    if (q->made[TERM_CELL_SPEC] && strcmp(q->made[TERM_CELL_SPEC], "{}") == 0)
        shape |= SHAPE_NO_CELL;
    return shape;
}

static nb_status bind(const nb_db_query *query, question *q, nb_error *err)
{
    int code = SQLITE_OK;
    for (unsigned i = 0; i < TERM_COUNT && code == SQLITE_OK; i++) {
        if (q->made[i]) {
            code = sqlite3_bind_text(query->rows, (int)i + 1, q->made[i], -1, free);
            q->made[i] = NULL; /* SQLite frees it, also when it fails */
        } else if (q->plain[i]) {
            code = sqlite3_bind_text(query->rows, (int)i + 1, q->plain[i], -1, SQLITE_TRANSIENT);
        }
    }
    if (code == SQLITE_OK && q->num_epochs != 0)
        code = sqlite3_bind_int64(query->rows, TERM_NUM_EPOCHS + 1, q->num_epochs);
    return code == SQLITE_OK ? NB_OK : nb_db_fail(query->db->sqlite, query->db->path, code, "query", err);
}

/* ---- rows ---- */

/* Sets every field of the struct to "the database does not have this". */
static void clear_row(nb_db_kind kind_of_fields, nb_db_role role, void *row)
{
    const nb_db_table *table = nb_db_table_of(kind_of_fields, role);
    for (size_t i = 0; i < table->field_count; i++) {
        void *place = (char *)row + table->fields[i].offset;
        if (table->fields[i].type == NB_DB_INTEGER)
            *(int64_t *)place = NB_DB_NULL;
        else if (table->fields[i].type == NB_DB_REAL)
            *(double *)place = (double)NAN;
        else
            *(const char **)place = NULL;
    }
}

static void clear_all(nb_db_role role, void *row)
{
    for (unsigned kind = 0; kind < NB_DB_KIND_COUNT; kind++)
        clear_row((nb_db_kind)kind, role, row);
}

static nb_status wrong_type(const nb_db_query *query, const nb_db_table *table, const nb_db_field *field, nb_error *err)
{
    return nb_fail(err, NB_ERR_CORRUPT, "%s: table %s: %s is no %s", query->db->path, table->name, field->name,
                   field->type == NB_DB_INTEGER ? "integer"
                   : field->type == NB_DB_REAL  ? "real number"
                                                : "text");
}

/* The columns from `first` on as the fields of a row. */
static nb_status read_row(const nb_db_query *query, sqlite3_stmt *statement, int first, const nb_db_table *table, void *row, nb_error *err)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const nb_db_field *field = &table->fields[i];
        const int column = first + (int)i, type = sqlite3_column_type(statement, column);
        void *place = (char *)row + field->offset;
        if (field->type == NB_DB_REAL) {
            if (type != SQLITE_FLOAT && type != SQLITE_NULL && type != SQLITE_INTEGER)
                return wrong_type(query, table, field, err);
            *(double *)place = type == SQLITE_NULL ? (double)NAN : sqlite3_column_double(statement, column);
        } else if (field->type == NB_DB_INTEGER) {
            if (type != SQLITE_INTEGER && type != SQLITE_NULL)
                return wrong_type(query, table, field, err);
            *(int64_t *)place = type == SQLITE_NULL ? NB_DB_NULL : sqlite3_column_int64(statement, column);
        } else {
            if (type != SQLITE_TEXT && type != SQLITE_NULL)
                return wrong_type(query, table, field, err);
            *(const char **)place = type == SQLITE_NULL ? NULL : (const char *)sqlite3_column_text(statement, column);
        }
    }
    return NB_OK;
}

static nb_status make_room(nb_db_query *query, nb_error *err)
{
    if (query->trial.point_count < query->capacity)
        return NB_OK;
    const size_t capacity = query->capacity > 0 ? 2 * query->capacity : 256;
    nb_db_point *memory = realloc(query->memory, capacity * sizeof *memory);
    if (!memory)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu points", query->db->path, capacity);
    query->memory = memory;
    query->capacity = capacity;
    return NB_OK;
}

static nb_status read_points(nb_db_query *query, nb_error *err)
{
    sqlite3_stmt *statement = query->points;
    query->trial.point_count = 0;
    sqlite3_reset(statement);
    sqlite3_bind_int64(statement, 1, query->trial.id);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        NB_TRY(make_room(query, err));
        nb_db_point *point = &query->memory[query->trial.point_count++];
        clear_all(NB_DB_POINTS, point);
        NB_TRY(read_row(query, statement, 0, query->tables[NB_DB_POINTS], point, err));
    }
    query->trial.points = query->memory;
    return code == SQLITE_DONE ? NB_OK : nb_db_fail(query->db->sqlite, query->db->path, code, "query", err);
}

/* ---- the public side ---- */

static nb_status start(nb_db_query *query, const nb_db_filter *filter, nb_error *err)
{
    question q = {0};
    nb_status status = make_question(query->db->kind, filter, &q, err);
    query->shape = shape_of(&q, filter->reduction);
    if (status == NB_OK)
        status = get_statement(query, query->shape, append_rows_sql, &query->rows, err);
    if (status == NB_OK)
        status = bind(query, &q, err);
    if (status == NB_OK && filter->points && filter->reduction == NB_DB_EACH)
        status = get_statement(query, SHAPE_POINTS, append_points_sql, &query->points, err);
    free_question(&q);
    return status;
}

nb_status nb_db_query_open(nb_db *db, const nb_db_filter *filter, nb_db_query **out, nb_error *err)
{
    static const nb_db_filter all = {0};
    if (!db || !out)
        return nb_fail(err, NB_ERR_ARGUMENT, "query: a database expected");
    nb_db_query *query = calloc(1, sizeof *query);
    if (!query)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a query", db->path);
    query->db = db;
    for (unsigned role = 0; role < NB_DB_ROLES; role++)
        query->tables[role] = nb_db_table_of(db->kind, (nb_db_role)role);
    clear_all(NB_DB_TRIALS, &query->trial);
    clear_all(NB_DB_CONFIGS, &query->trial.config);
    nb_status status = start(query, filter ? filter : &all, err);
    if (status != NB_OK) {
        nb_db_query_close(query);
        return status;
    }
    *out = query;
    return NB_OK;
}

nb_status nb_db_query_next(nb_db_query *query, const nb_db_trial **trial, nb_error *err)
{
    *trial = NULL;
    if (query->done)
        return NB_OK;
    int code = sqlite3_step(query->rows);
    query->done = code != SQLITE_ROW;
    if (code == SQLITE_DONE)
        return NB_OK;
    if (code != SQLITE_ROW)
        return nb_db_fail(query->db->sqlite, query->db->path, code, "query", err);
    const nb_db_table *trials = query->tables[NB_DB_TRIALS];
    NB_TRY(read_row(query, query->rows, 0, trials, &query->trial, err));
    NB_TRY(read_row(query, query->rows, (int)trials->field_count, query->tables[NB_DB_CONFIGS], &query->trial.config, err));
    if (query->points)
        NB_TRY(read_points(query, err));
    *trial = &query->trial;
    return NB_OK;
}

void nb_db_query_close(nb_db_query *query)
{
    if (!query)
        return;
    give_back(query->db, query->shape, query->rows);
    give_back(query->db, SHAPE_POINTS, query->points);
    free(query->memory);
    free(query);
}
