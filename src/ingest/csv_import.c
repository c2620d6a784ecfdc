/* A CSV file as a source: one row per architecture, columns that say which number they hold. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/quote.h"
#include "ingest/csv.h"
#include "ingest/csv_target.h"
#include "ingest/importer.h"

#define COLUMNS_MAX 4096
#define GROUPS_MAX 256

/* Curve values over all groups; bounds what absurd epochs in a header can ask for. */
#define CELLS_MAX ((size_t)8 << 20)

/* One column that is taken. */
typedef struct column {
    size_t field;
    size_t group;
    size_t curve; /* of the group; metrics only */
    nb_csv_target target;
} column;

/* One curve of a group: epochs first .. first + count - 1, filled row by row. */
typedef struct column_curve {
    const nb_csv_target *target; /* of its first column: split and metric */
    uint32_t first, count;
    double *values;
    uint8_t *present;
} column_curve;

/* The columns of one (dataset, schedule, seed): together they make one trial per row. */
typedef struct column_group {
    const nb_csv_target *target; /* of its first column: dataset, schedule, seed */
    column_curve curves[NB_CURVES_MAX];
    size_t curve_count;
    bool computes_costs; /* flops and params of the space are known for this dataset */
    nb_shape shape;
} column_group;

typedef struct table_columns {
    column *columns;
    size_t count, capacity;
    column_group *groups;
    size_t group_count;
    double *cells;
    uint8_t *present;
    size_t cell_count;
    int64_t index_field, arch_field; /* -1: none */
    bool prepared;                   /* see prepare_costs */
} table_columns;

static void free_columns(table_columns *t)
{
    free(t->columns);
    free(t->groups);
    free(t->cells);
    free(t->present);
}

/* ---- the header ---- */

static bool same_text(const char *a, size_t a_size, const char *b)
{
    return strlen(b) == a_size && memcmp(a, b, a_size) == 0;
}

/* The TARGET that the options give for a column, or NULL. */
static const char *mapped_target(const nb_import_options *options, const char *name, size_t size)
{
    for (size_t i = 0; i < options->column_count; i++) {
        const char *equals = strchr(options->columns[i], '=');
        if (equals && (size_t)(equals - options->columns[i]) == size && memcmp(options->columns[i], name, size) == 0)
            return equals + 1;
    }
    return NULL;
}

/* Every entry of the options must name a column of the file. */
static nb_status check_mappings(const nb_import_options *options, const nb_csv_record *header, const char *file, nb_error *err)
{
    for (size_t i = 0; i < options->column_count; i++) {
        const char *entry = options->columns[i];
        const char *equals = strchr(entry, '=');
        if (!equals)
            return nb_fail(err, NB_ERR_ARGUMENT, "column %s: NAME=DATASET/SCHEDULE/SPLIT/METRIC expected",
                           nb_quote(entry, strlen(entry)).text);
        bool found = false;
        for (size_t f = 0; f < header->count && !found; f++) {
            size_t size;
            const char *name = nb_csv_field(header, f, &size);
            found = size == (size_t)(equals - entry) && memcmp(name, entry, size) == 0;
        }
        if (!found)
            return nb_fail(err, NB_ERR_NOT_FOUND, "%s: line %" PRIu64 ": no column %s", file, header->line,
                           nb_quote(entry, (size_t)(equals - entry)).text);
    }
    return NB_OK;
}

static nb_status add_column(table_columns *t, size_t field, const nb_csv_target *target, nb_error *err)
{
    if (t->count == COLUMNS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d columns of results", COLUMNS_MAX);
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 16;
        column *grown = realloc(t->columns, capacity * sizeof *grown);
        if (!grown)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu columns", capacity);
        t->columns = grown;
        t->capacity = capacity;
    }
    t->columns[t->count++] = (column){.field = field, .target = *target};
    return NB_OK;
}

/* Takes one head: `index`, `arch`, a mapped name or a target. Anything else is left out. */
static nb_status take_head(nb_importer *importer, table_columns *t, size_t field, const char *name, size_t size, nb_error *err)
{
    const char *mapped = mapped_target(importer->options, name, size);
    nb_csv_target target;
    if (mapped) {
        NB_TRY(nb_csv_target_parse(mapped, strlen(mapped), &target, err));
        return add_column(t, field, &target, err);
    }
    if (same_text(name, size, "index") || same_text(name, size, "arch")) {
        int64_t *place = name[0] == 'i' ? &t->index_field : &t->arch_field;
        if (*place >= 0)
            return nb_fail(err, NB_ERR_FORMAT, "a second column of this name");
        *place = (int64_t)field;
        return NB_OK;
    }
    if (memchr(name, '/', size)) {
        NB_TRY(nb_csv_target_parse(name, size, &target, err));
        return add_column(t, field, &target, err);
    }
    importer->summary.columns_skipped++;
    return NB_OK;
}

static bool same_group(const nb_csv_target *a, const nb_csv_target *b)
{
    return strcmp(a->dataset, b->dataset) == 0 && strcmp(a->schedule, b->schedule) == 0 && a->seed == b->seed;
}

static nb_status find_group(table_columns *t, column *c, nb_error *err)
{
    for (c->group = 0; c->group < t->group_count; c->group++)
        if (same_group(t->groups[c->group].target, &c->target))
            return NB_OK;
    if (t->group_count == GROUPS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d combinations of dataset, schedule and seed", GROUPS_MAX);
    t->groups[t->group_count++] = (column_group){.target = &c->target};
    return NB_OK;
}

static nb_status find_curve(column_group *group, column *c, nb_error *err)
{
    for (c->curve = 0; c->curve < group->curve_count; c->curve++) {
        column_curve *curve = &group->curves[c->curve];
        if (curve->target->metric != c->target.metric || strcmp(curve->target->split, c->target.split) != 0)
            continue;
        uint32_t last = curve->first + curve->count - 1;
        uint32_t first = c->target.epoch < curve->first ? c->target.epoch : curve->first;
        last = c->target.epoch > last ? c->target.epoch : last;
        curve->first = first;
        curve->count = last - first + 1;
        return NB_OK;
    }
    if (group->curve_count == NB_CURVES_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "more than %d curves of one trial", NB_CURVES_MAX);
    group->curves[group->curve_count++] = (column_curve){.target = &c->target, .first = c->target.epoch, .count = 1};
    return NB_OK;
}

/* Two columns for the same number. */
static bool same_target(const nb_csv_target *a, const nb_csv_target *b)
{
    if (!same_group(a, b) || a->quantity != b->quantity)
        return false;
    return a->quantity != NB_CSV_METRIC || (a->metric == b->metric && a->epoch == b->epoch && strcmp(a->split, b->split) == 0);
}

static nb_status check_distinct(const table_columns *t, const nb_csv_record *header, nb_error *err)
{
    for (size_t i = 0; i < t->count; i++)
        for (size_t j = 0; j < i; j++)
            if (same_target(&t->columns[i].target, &t->columns[j].target)) {
                size_t size, other_size;
                const char *name = nb_csv_field(header, t->columns[i].field, &size);
                const char *other = nb_csv_field(header, t->columns[j].field, &other_size);
                return nb_fail(err, NB_ERR_FORMAT, "columns %s and %s hold the same number", nb_quote(other, other_size).text,
                               nb_quote(name, size).text);
            }
    return NB_OK;
}

/* Gives every curve its room in the cells. */
static nb_status lay_out_cells(table_columns *t, nb_error *err)
{
    for (size_t g = 0; g < t->group_count; g++)
        for (size_t c = 0; c < t->groups[g].curve_count; c++)
            t->cell_count += t->groups[g].curves[c].count;
    if (t->cell_count > CELLS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "the epochs of the columns span %zu values", t->cell_count);
    t->cells = calloc(t->cell_count + 1, sizeof *t->cells);
    t->present = calloc(t->cell_count + 1, sizeof *t->present);
    if (!t->cells || !t->present)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu values", t->cell_count);
    size_t at = 0;
    for (size_t g = 0; g < t->group_count; g++)
        for (size_t c = 0; c < t->groups[g].curve_count; c++) {
            column_curve *curve = &t->groups[g].curves[c];
            curve->values = t->cells + at;
            curve->present = t->present + at;
            at += curve->count;
        }
    return NB_OK;
}

static nb_status group_columns(table_columns *t, nb_error *err)
{
    t->groups = calloc(GROUPS_MAX, sizeof *t->groups);
    if (!t->groups)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for the columns");
    for (size_t i = 0; i < t->count; i++) {
        NB_TRY(find_group(t, &t->columns[i], err));
        if (t->columns[i].target.quantity == NB_CSV_METRIC)
            NB_TRY(find_curve(&t->groups[t->columns[i].group], &t->columns[i], err));
    }
    return lay_out_cells(t, err);
}

static nb_status read_header(nb_importer *importer, const nb_csv_record *header, const char *file, table_columns *t, nb_error *err)
{
    NB_TRY(check_mappings(importer->options, header, file, err));
    for (size_t f = 0; f < header->count; f++) {
        size_t size;
        const char *name = nb_csv_field(header, f, &size);
        nb_status status = take_head(importer, t, f, name, size, err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%s: line %" PRIu64 ", column %zu (%s)", file, header->line, f + 1, nb_quote(name, size).text);
    }
    if (t->index_field < 0 && t->arch_field < 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s: line %" PRIu64 ": no column 'index' or 'arch'", file, header->line);
    if (t->count == 0)
        return nb_fail(err, NB_ERR_FORMAT,
                       "%s: line %" PRIu64 ": no column is named DATASET/SCHEDULE/SPLIT/METRIC or was mapped to such a name", file,
                       header->line);
    nb_status status = check_distinct(t, header, err);
    if (status == NB_OK)
        status = group_columns(t, err);
    importer->summary.columns += (uint32_t)t->count;
    return status == NB_OK ? NB_OK : nb_prefix(err, status, "%s: line %" PRIu64, file, header->line);
}

/* ---- rows ---- */

/* The architecture of a record. */
static nb_status place_record(nb_importer *importer, const table_columns *t, const nb_csv_record *record, uint32_t *row, nb_error *err)
{
    size_t size;
    const char *text;
    int64_t index = -1;
    if (t->index_field >= 0) {
        text = nb_csv_field(record, (size_t)t->index_field, &size);
        if (!nb_number_parse_int(text, size, &index) || index < 0)
            return nb_fail(err, NB_ERR_FORMAT, "index %s is no number from 0 on", nb_quote(text, size).text);
    }
    text = t->arch_field >= 0 ? nb_csv_field(record, (size_t)t->arch_field, &size) : NULL;
    if (!importer->rows.space) {
        const nb_space *space = text ? nb_rows_space_of_text(text, size) : importer->options->space;
        if (text && !space)
            return nb_fail(err, NB_ERR_FORMAT, "arch %s is no architecture of a known space", nb_quote(text, size).text);
        nb_rows_set_official(&importer->rows, space ? space : nb_space_of(NB_SPACE_TOPOLOGY));
    }
    if (text && index < 0)
        index = nb_rows_find(&importer->rows, text, size);
    if (text)
        NB_TRY(nb_rows_check(&importer->rows, index, text, size, err));
    if (index >= (int64_t)importer->rows.count)
        return nb_fail(err, NB_ERR_FORMAT, "index %" PRId64 " is beyond the last, %u", index, importer->rows.count - 1);
    *row = (uint32_t)index;
    return NB_OK;
}

/* Puts a number where it belongs: into a curve, or into the trial. */
static void put_number(const table_columns *t, const column *c, nb_trial *trial, double *latency, double number)
{
    const column_curve *curve = &t->groups[c->group].curves[c->curve];
    switch (c->target.quantity) {
    case NB_CSV_METRIC:
        curve->values[c->target.epoch - curve->first] = number;
        curve->present[c->target.epoch - curve->first] = 1;
        break;
    case NB_CSV_LATENCY:
        *latency = number;
        trial->latency = latency;
        trial->latency_count = 1;
        break;
    case NB_CSV_FLOPS:
        trial->flops = number;
        break;
    default:
        trial->params = number;
        break;
    }
}

/* Reads the numbers of one group out of a record. *any: at least one cell is not empty. */
static nb_status read_group(const table_columns *t, size_t g, const nb_csv_record *record, nb_trial *trial, double *latency, bool *any,
                            nb_error *err)
{
    *any = false;
    for (size_t i = 0; i < t->count; i++) {
        const column *c = &t->columns[i];
        if (c->group != g)
            continue;
        size_t size;
        double number;
        const char *text = nb_csv_field(record, c->field, &size);
        if (size == 0)
            continue;
        if (!nb_number_parse_double(text, size, &number))
            return nb_fail(err, NB_ERR_FORMAT, "column %zu: %s is no number", c->field + 1, nb_quote(text, size).text);
        put_number(t, c, trial, latency, number);
        *any = true;
    }
    return NB_OK;
}

/* What nobody gave but the architecture itself tells. */
static void compute_costs(const nb_importer *importer, const column_group *group, nb_trial *trial)
{
    nb_arch arch;
    nb_costs costs;
    if (!group->computes_costs || (!isnan(trial->flops) && !isnan(trial->params)))
        return;
    if (importer->rows.archs)
        arch = importer->rows.archs[trial->row];
    else if (nb_space_at(importer->rows.space, trial->row, &arch, NULL) != NB_OK)
        return;
    if (nb_space_costs(importer->rows.space, &arch, &group->shape, &costs, NULL) != NB_OK)
        return;
    trial->flops = isnan(trial->flops) ? costs.flops : trial->flops;
    trial->params = isnan(trial->params) ? costs.params : trial->params;
}

static nb_status import_group(nb_importer *importer, const table_columns *t, size_t g, uint32_t row, const nb_csv_record *record,
                              nb_error *err)
{
    const column_group *group = &t->groups[g];
    nb_curve curves[NB_CURVES_MAX];
    double latency;
    bool any;
    nb_trial trial = {.row = row,
                      .dataset = group->target->dataset,
                      .schedule = group->target->schedule,
                      .seed = group->target->seed,
                      .epochs = group->target->epochs,
                      .flops = (double)NAN,
                      .params = (double)NAN,
                      .curves = curves,
                      .curve_count = group->curve_count};
    memset(t->present, 0, t->cell_count);
    NB_TRY(read_group(t, g, record, &trial, &latency, &any, err));
    if (!any)
        return NB_OK;
    for (size_t c = 0; c < group->curve_count; c++) {
        const column_curve *from = &group->curves[c];
        curves[c] = (nb_curve){from->target->split, from->target->metric, from->first, from->count, from->values, from->present};
    }
    if (group->computes_costs && nb_space_get_id(importer->rows.space) == NB_SPACE_TOPOLOGY)
        trial.config = (nb_arch_config){.channels = group->shape.channels, .cells = group->shape.cells, .classes = group->shape.classes};
    compute_costs(importer, group, &trial);
    return nb_importer_add(importer, &trial, err);
}

/* Once the space is known: which groups have a dataset of known shape. */
static void prepare_costs(const nb_importer *importer, table_columns *t)
{
    for (size_t g = 0; g < t->group_count; g++)
        t->groups[g].computes_costs =
            nb_space_shape(importer->rows.space, t->groups[g].target->dataset, &t->groups[g].shape, NULL) == NB_OK;
    t->prepared = true;
}

static nb_status import_record(nb_importer *importer, table_columns *t, const nb_csv_record *record, size_t width, nb_error *err)
{
    uint32_t row = 0;
    if (record->count != width)
        return nb_fail(err, NB_ERR_FORMAT, "%zu columns, the first line has %zu", record->count, width);
    NB_TRY(place_record(importer, t, record, &row, err));
    NB_TRY(nb_importer_open(importer, NB_SOURCE_CSV, err));
    if (!t->prepared)
        prepare_costs(importer, t);
    if (importer->read_from[row] == 0) {
        importer->summary.architectures++;
    } else if (importer->read_from[row] == importer->file + 1) {
        return nb_fail(err, NB_ERR_EXISTS, "architecture %u comes twice in this file", row);
    }
    importer->read_from[row] = (uint32_t)importer->file + 1;
    for (size_t g = 0; g < t->group_count; g++)
        NB_TRY(import_group(importer, t, g, row, record, err));
    return NB_OK;
}

static nb_status import_records(nb_importer *importer, nb_csv_reader *reader, nb_csv_record *record, table_columns *t, nb_error *err)
{
    bool more;
    NB_TRY(nb_csv_next(reader, record, &more, err));
    if (!more)
        return nb_fail(err, NB_ERR_TRUNCATED, "%s: no first line with the names of the columns", reader->in->name);
    NB_TRY(read_header(importer, record, reader->in->name, t, err));
    size_t width = record->count;
    for (;;) {
        NB_TRY(nb_progress_check(importer->progress, reader->in->name, err));
        NB_TRY(nb_csv_next(reader, record, &more, err));
        if (!more)
            return NB_OK;
        nb_status status = import_record(importer, t, record, width, err);
        if (status != NB_OK)
            return nb_prefix(err, status, "%s: line %" PRIu64, reader->in->name, record->line);
    }
}

nb_status nb_import_csv_stream(nb_importer *importer, nb_stream *in, nb_error *err)
{
    nb_csv_reader reader;
    nb_csv_record record = {0};
    table_columns t = {.index_field = -1, .arch_field = -1};
    nb_status status = nb_csv_start(&reader, in, err);
    if (status == NB_OK)
        status = import_records(importer, &reader, &record, &t, err);
    nb_csv_record_free(&record);
    free_columns(&t);
    return status;
}

nb_status nb_import_csv_file(nb_importer *importer, const char *path, nb_error *err)
{
    nb_stream in;
    NB_TRY(nb_stream_open_file(&in, path, err));
    nb_status status = nb_import_csv_stream(importer, &in, err);
    nb_stream_close(&in);
    return status;
}
