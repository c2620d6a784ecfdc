#include "store/writer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "space/space.h"

/* ---------------------------------------------------------------- opening */

static nb_status copy_text(char **to, const char *text, nb_error *err)
{
    *to = strdup(text ? text : "");
    return *to ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for a text");
}

static nb_status duplicate_architecture(const nb_table_writer *writer, const nb_arch *arch, uint32_t row, int32_t earlier, nb_error *err)
{
    char text[NB_ARCH_TEXT_SIZE];
    nb_space_format(writer->space, arch, text, sizeof text);
    return nb_fail(err, NB_ERR_EXISTS, "%s: row %u: architecture %s is already row %d", writer->path, row, text, earlier);
}

/* Codes and indices of all rows. `row_of` [space size] starts as -1 and finds architectures that are there twice. */
static nb_status number_architectures(nb_table_writer *writer, const nb_arch *archs, int32_t *row_of, nb_error *err)
{
    for (uint32_t row = 0; row < writer->rows; row++) {
        int64_t index = nb_space_index(writer->space, &archs[row]);
        if (index < 0)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: not an architecture of the space %s", writer->path, row,
                           nb_space_name(writer->space));
        if (row_of[index] >= 0)
            return duplicate_architecture(writer, &archs[row], row, row_of[index], err);
        row_of[index] = (int32_t)row;
        writer->indices[row] = (uint32_t)index;
        nb_space_pack(writer->space, &archs[row], writer->codes + (size_t)row * writer->code_count);
    }
    return NB_OK;
}

static bool is_official_order(const nb_table_writer *writer)
{
    bool official = writer->rows == nb_space_size(writer->space);
    for (uint32_t row = 0; row < writer->rows && official; row++)
        official = writer->indices[row] == row;
    return official;
}

/* Architectures in an order of their own, unless that turns out to be the official one. */
static nb_status take_architectures(nb_table_writer *writer, const nb_arch *archs, nb_error *err)
{
    size_t size = nb_space_size(writer->space);
    int32_t *row_of = malloc(size * sizeof *row_of);
    writer->indices = malloc(writer->rows * sizeof *writer->indices);
    nb_status status = NB_OK;
    if (!row_of || !writer->indices) {
        status = nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %u architectures", writer->path, writer->rows);
    } else {
        memset(row_of, 0xff, size * sizeof *row_of);
        status = number_architectures(writer, archs, row_of, err);
    }
    free(row_of);
    if (status == NB_OK && is_official_order(writer)) {
        free(writer->indices);
        writer->indices = NULL;
    }
    return status;
}

static nb_status take_official_order(nb_table_writer *writer, nb_error *err)
{
    for (uint32_t row = 0; row < writer->rows; row++) {
        nb_arch arch;
        NB_TRY(nb_space_at(writer->space, row, &arch, err));
        nb_space_pack(writer->space, &arch, writer->codes + (size_t)row * writer->code_count);
    }
    return NB_OK;
}

static nb_status fill_writer(nb_table_writer *writer, const char *path, const nb_table_description *description, nb_error *err)
{
    NB_TRY(copy_text(&writer->path, path, err));
    NB_TRY(copy_text(&writer->benchmark, description->benchmark, err));
    NB_TRY(copy_text(&writer->source, description->source, err));
    writer->codes = calloc(writer->rows, writer->code_count);
    writer->evaluated = calloc(writer->rows, 1);
    if (!writer->codes || !writer->evaluated)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %u architectures", path, writer->rows);
    return description->archs ? take_architectures(writer, description->archs, err) : take_official_order(writer, err);
}

static nb_status check_description(const char *path, const nb_table_description *description, nb_error *err)
{
    if (!description->space)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: a table needs a search space", path);
    if (!nb_flavour_name(description->flavour))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: flavour %d is not known", path, (int)description->flavour);
    uint64_t size = nb_space_size(description->space);
    if (size > INT32_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: a space of %llu architectures", path, (unsigned long long)size);
    bool fits =
        description->archs ? description->rows > 0 && description->rows <= size : description->rows == 0 || description->rows == size;
    if (!fits)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %u rows, the space %s has %llu architectures", path, description->rows,
                       nb_space_name(description->space), (unsigned long long)size);
    return NB_OK;
}

nb_status nb_table_writer_open(const char *path, const nb_table_description *description, nb_table_writer **out, nb_error *err)
{
    NB_TRY(check_description(path, description, err));
    nb_table_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a table writer", path);
    writer->space = description->space;
    writer->flavour = description->flavour;
    writer->rows = description->rows ? description->rows : (uint32_t)nb_space_size(description->space);
    writer->code_count = (uint32_t)description->space->code_count;
    nb_status status = fill_writer(writer, path, description, err);
    if (status != NB_OK) {
        nb_table_writer_abort(writer);
        return status;
    }
    *out = writer;
    return NB_OK;
}

static void free_columns(nb_column_builder *columns, uint32_t splits, uint32_t points)
{
    for (uint32_t i = 0; columns && i <= nb_point_total(splits, points); i++)
        nb_column_free(&columns[i]);
    free(columns);
}

static void free_setup(nb_written_setup *setup)
{
    nb_spill_free(&setup->spill);
    free_columns(setup->columns, setup->split_count, setup->points);
    free(setup->genotype);
    free(setup->trials);
    free(setup->orders);
    free(setup);
}

static void free_facts(nb_row_facts *facts)
{
    free(facts->order);
    free(facts->params);
    free(facts->flops);
    *facts = (nb_row_facts){0};
}

void nb_table_writer_abort(nb_table_writer *writer)
{
    if (!writer)
        return;
    for (size_t i = 0; i < writer->setup_count; i++)
        free_setup(writer->setups[i]);
    free_facts(&writer->facts);
    for (size_t i = 0; i < writer->schedule_order_count; i++)
        free(writer->schedule_orders[i].of_row);
    free(writer->setups);
    free(writer->schedule_orders);
    free(writer->dataset_orders);
    free(writer->codes);
    free(writer->indices);
    free(writer->evaluated);
    free(writer->path);
    free(writer->benchmark);
    free(writer->source);
    free(writer);
}

/* ---------------------------------------------------------------- names, setups, orders */

static nb_status check_name(const nb_table_writer *writer, const char *what, const char *name, nb_error *err)
{
    size_t length = name ? strlen(name) : 0;
    bool fits = length > 0 && length <= NB_NAME_MAX;
    for (size_t i = 0; i < length && fits; i++)
        fits = name[i] != '/' && (unsigned char)name[i] >= 0x20;
    if (fits)
        return NB_OK;
    return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s '%.80s': a name of 1 to %d bytes without '/' expected", writer->path, what,
                   name ? name : "", NB_NAME_MAX);
}

static int find_dataset(const nb_table_writer *writer, const char *name)
{
    for (uint32_t i = 0; i < writer->dataset_count; i++) {
        if (strcmp(writer->datasets[i], name) == 0)
            return (int)i;
    }
    return -1;
}

static nb_status need_dataset(nb_table_writer *writer, const char *name, uint32_t *out, nb_error *err)
{
    int found = find_dataset(writer, name);
    if (found < 0) {
        if (writer->dataset_count == NB_DATASETS_MAX)
            return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: dataset '%s': more than %d datasets", writer->path, name, NB_DATASETS_MAX);
        found = (int)writer->dataset_count++;
        strcpy(writer->datasets[found], name);
    }
    *out = (uint32_t)found;
    return NB_OK;
}

static nb_written_setup *find_setup(const nb_table_writer *writer, const char *dataset, const char *schedule)
{
    for (size_t i = 0; i < writer->setup_count; i++) {
        nb_written_setup *setup = writer->setups[i];
        if (strcmp(writer->datasets[setup->dataset], dataset) == 0 && strcmp(setup->schedule, schedule) == 0)
            return setup;
    }
    return NULL;
}

static nb_status make_setup(nb_table_writer *writer, const char *dataset, const char *schedule, const nb_arch_config *config,
                            nb_written_setup **out, nb_error *err)
{
    uint32_t dataset_number = 0;
    NB_TRY(need_dataset(writer, dataset, &dataset_number, err));
    nb_written_setup **setups = realloc(writer->setups, (writer->setup_count + 1) * sizeof(nb_written_setup *));
    if (setups)
        writer->setups = setups;
    nb_written_setup *setup = calloc(1, sizeof *setup);
    char *genotype = config->genotype ? strdup(config->genotype) : NULL;
    if (!setups || !setup || (config->genotype && !genotype)) {
        free(setup);
        free(genotype);
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a setup", writer->path);
    }
    setup->dataset = dataset_number;
    strcpy(setup->schedule, schedule);
    setup->spill = nb_spill_for(writer->path);
    setup->config = *config;
    setup->config.genotype = setup->genotype = genotype;
    writer->setups[writer->setup_count++] = setup;
    *out = setup;
    return NB_OK;
}

static bool same_config(const nb_arch_config *a, const nb_arch_config *b)
{
    bool same_genotype = a->genotype && b->genotype ? strcmp(a->genotype, b->genotype) == 0 : a->genotype == b->genotype;
    return a->channels == b->channels && a->cells == b->cells && a->classes == b->classes && same_genotype;
}

static int find_split(const nb_written_setup *setup, const char *name)
{
    for (uint32_t i = 0; i < setup->split_count; i++) {
        if (strcmp(setup->splits[i], name) == 0)
            return (int)i;
    }
    return -1;
}

static nb_status need_split(const nb_table_writer *writer, nb_written_setup *setup, const char *name, uint32_t *out, nb_error *err)
{
    int found = find_split(setup, name);
    if (found < 0) {
        NB_TRY(check_name(writer, "split", name, err));
        if (setup->split_count == NB_SPLITS_MAX)
            return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: split '%s': more than %d splits", writer->path, name, NB_SPLITS_MAX);
        found = (int)setup->split_count++;
        strcpy(setup->splits[found], name);
    }
    *out = (uint32_t)found;
    return NB_OK;
}

static bool order_has(const nb_eval_order *order, uint32_t split)
{
    return order->count > 0 && memchr(order->splits, (int)split, order->count) != NULL;
}

/* The trial's evaluation sets in its own order, as split numbers. */
static nb_status eval_order_of(const nb_table_writer *writer, nb_written_setup *setup, const nb_trial *trial, nb_eval_order *order,
                               nb_error *err)
{
    *order = (nb_eval_order){0};
    size_t count = trial->eval_names ? trial->eval_name_count : trial->curve_count;
    for (size_t i = 0; i < count; i++) {
        const char *name = trial->eval_names ? trial->eval_names[i] : trial->curves[i].split;
        bool train = name && strcmp(name, NB_SPLIT_TRAIN) == 0;
        if (train && trial->eval_names)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: 'train' is not an evaluation set", writer->path, trial->row);
        uint32_t split = 0;
        if (!train)
            NB_TRY(need_split(writer, setup, name, &split, err));
        if (!train && !order_has(order, split))
            order->splits[order->count++] = (uint8_t)split;
    }
    return NB_OK;
}

/* The number of an order in the setup's list. */
static nb_status need_eval_order(const nb_table_writer *writer, nb_written_setup *setup, const nb_eval_order *order, uint32_t *out,
                                 nb_error *err)
{
    for (uint32_t i = 0; i < setup->order_count; i++) {
        if (setup->orders[i].count == order->count && memcmp(setup->orders[i].splits, order->splits, order->count) == 0) {
            *out = i;
            return NB_OK;
        }
    }
    if (setup->order_count == NB_EVAL_ORDERS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: more than %d orders of evaluation sets", writer->path, NB_EVAL_ORDERS_MAX);
    nb_eval_order *orders = realloc(setup->orders, (setup->order_count + 1) * sizeof *orders);
    if (!orders)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for an order of evaluation sets", writer->path);
    setup->orders = orders;
    setup->orders[setup->order_count] = *order;
    *out = setup->order_count++;
    return NB_OK;
}

/* ---------------------------------------------------------------- curves */

static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Whether some value does not survive the way through a float. */
static bool has_wide(const double *values, size_t count)
{
    uint64_t lost = 0;
    for (size_t i = 0; i < count; i++)
        lost |= bits_of((double)(float)values[i]) ^ bits_of(values[i]);
    return lost != 0;
}

static bool has_nan(const double *values, size_t count)
{
    int found = 0;
    for (size_t i = 0; i < count; i++)
        found |= values[i] != values[i];
    return found;
}

static bool all_equal(const double *values, size_t count)
{
    uint64_t different = 0;
    for (size_t i = 1; i < count; i++)
        different |= bits_of(values[i]) ^ bits_of(values[0]);
    return different == 0;
}

/* The measured part of a curve without the unmeasured ends: values [low, high). */
static void trim(const nb_curve *curve, uint32_t *low, uint32_t *high, bool *gaps)
{
    *low = 0;
    *high = curve->count;
    *gaps = false;
    if (!curve->present)
        return;
    while (*low < *high && !curve->present[*low])
        ++*low;
    while (*high > *low && !curve->present[*high - 1])
        --*high;
    for (uint32_t i = *low; i < *high; i++)
        *gaps = *gaps || !curve->present[i];
}

/* Values with gaps: NaN in place of what was not measured, then the mask. The facts are those of the measured values. */
static void pack_with_gaps(const nb_curve *curve, uint32_t low, nb_piece *piece, nb_curve_facts *facts)
{
    double *values = (double *)(piece + 1);
    uint8_t *mask = (uint8_t *)(values + piece->count);
    for (uint32_t i = 0; i < piece->count; i++) {
        mask[i] = curve->present[low + i] != 0;
        values[i] = mask[i] ? curve->values[low + i] : (double)NAN;
        facts->wide = facts->wide || (mask[i] && has_wide(&values[i], 1));
        facts->measured_nan = facts->measured_nan || (mask[i] && isnan(values[i]));
    }
    facts->varies = true;
}

static void pack_without_gaps(const double *values, uint32_t epochs, nb_piece *piece, nb_curve_facts *facts)
{
    facts->wide = facts->wide || has_wide(values, piece->count);
    facts->measured_nan = facts->measured_nan || has_nan(values, piece->count);
    piece->constant = piece->first == 0 && piece->count == epochs && all_equal(values, piece->count);
    facts->varies = facts->varies || !piece->constant;
    memcpy(piece + 1, values, sizeof *values * (piece->constant ? 1 : piece->count));
}

/* Writes a curve as a piece to `to` (8-byte aligned, long enough) and returns its size, 0 when nothing of it was measured. */
static size_t pack_curve(const nb_curve *curve, uint16_t number, uint32_t epochs, void *to, nb_curve_facts *facts)
{
    uint32_t low, high;
    bool gaps;
    trim(curve, &low, &high, &gaps);
    if (low == high)
        return 0;
    nb_piece *piece = to;
    *piece = (nb_piece){.curve = number, .masked = gaps, .first = curve->first_epoch + low, .count = high - low};
    if (gaps)
        pack_with_gaps(curve, low, piece, facts);
    else
        pack_without_gaps(curve->values + low, epochs, piece, facts);
    facts->used = true;
    facts->by_epoch = facts->by_epoch || piece->first != epochs - 1;
    return nb_piece_size(piece);
}

/* ---------------------------------------------------------------- adding */

static nb_status check_curve(const nb_table_writer *writer, const nb_trial *trial, const nb_curve *curve, nb_error *err)
{
    NB_TRY(check_name(writer, "split", curve->split, err));
    if (!nb_metric_name(curve->metric))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: metric %d is not known", writer->path, trial->row, (int)curve->metric);
    if (curve->first_epoch > trial->epochs || curve->count > trial->epochs - curve->first_epoch)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: %s %s: epochs %u to %llu of a trial of %u epochs", writer->path, trial->row,
                       curve->split, nb_metric_name(curve->metric), curve->first_epoch,
                       (unsigned long long)curve->first_epoch + curve->count, trial->epochs);
    if (curve->count > 0 && !curve->values)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: %s %s: no values", writer->path, trial->row, curve->split,
                       nb_metric_name(curve->metric));
    return NB_OK;
}

static nb_status check_trial(const nb_table_writer *writer, const nb_trial *trial, nb_error *err)
{
    if (writer->broken)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: the writer failed before; nothing more can be added", writer->path);
    if (trial->row >= writer->rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: the table has %u rows", writer->path, trial->row, writer->rows);
    if (trial->epochs == 0 || trial->epochs > NB_EPOCHS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: a trial of %u epochs, 1 to %d expected", writer->path, trial->row, trial->epochs,
                       NB_EPOCHS_MAX);
    if (trial->curve_count > NB_SPLITS_MAX * NB_METRIC_COUNT)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: %zu curves", writer->path, trial->row, trial->curve_count);
    if (trial->latency_count > NB_EPOCHS_MAX || (trial->latency_count > 0 && !trial->latency))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: %zu latencies", writer->path, trial->row, trial->latency_count);
    NB_TRY(check_name(writer, "dataset", trial->dataset, err));
    NB_TRY(check_name(writer, "schedule", trial->schedule, err));
    for (size_t i = 0; i < trial->curve_count; i++)
        NB_TRY(check_curve(writer, trial, &trial->curves[i], err));
    return NB_OK;
}

/* Bytes that the record of a trial needs at most. */
static size_t record_bound(const nb_trial *trial)
{
    size_t size = trial->latency_count * sizeof(double);
    for (size_t i = 0; i < trial->curve_count; i++)
        size += nb_piece_size(&(nb_piece){.count = trial->curves[i].count, .masked = 1});
    return size;
}

static nb_status reserve_trial(const nb_table_writer *writer, nb_written_setup *setup, nb_error *err)
{
    if (setup->count < setup->capacity)
        return NB_OK;
    size_t capacity = setup->capacity ? 2 * setup->capacity : 64;
    nb_written_trial *trials = capacity <= UINT32_MAX ? realloc(setup->trials, capacity * sizeof *trials) : NULL;
    if (!trials)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for %zu trials", writer->path, capacity);
    setup->trials = trials;
    setup->capacity = capacity;
    return NB_OK;
}

/* Split numbers of the curves; a split and metric twice is an error. */
static nb_status number_curves(const nb_table_writer *writer, nb_written_setup *setup, const nb_trial *trial, uint16_t *numbers,
                               nb_error *err)
{
    uint8_t seen[NB_SPLITS_MAX] = {0};
    for (size_t i = 0; i < trial->curve_count; i++) {
        const nb_curve *curve = &trial->curves[i];
        uint32_t split = 0;
        NB_TRY(need_split(writer, setup, curve->split, &split, err));
        if (seen[split] & 1u << curve->metric)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: %s %s is given twice", writer->path, trial->row, curve->split,
                           nb_metric_name(curve->metric));
        seen[split] |= (uint8_t)(1u << curve->metric);
        numbers[i] = (uint16_t)(split * NB_METRIC_COUNT + curve->metric);
    }
    return NB_OK;
}

/* Puts the trial's numbers into the spill. */
static nb_status spill_trial(const nb_table_writer *writer, nb_written_setup *setup, const nb_trial *trial, const uint16_t *numbers,
                             nb_written_trial *written, nb_error *err)
{
    size_t bound = record_bound(trial);
    if (bound > UINT32_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: row %u: a trial of %zu bytes", writer->path, trial->row, bound);
    written->offset = nb_spill_end(&setup->spill);
    void *place = NULL;
    NB_TRY(nb_spill_append(&setup->spill, bound, &place, err));
    uint8_t *to = place;
    size_t used = trial->latency_count * sizeof(double);
    if (used > 0)
        memcpy(to, trial->latency, used);
    for (size_t i = 0; i < trial->curve_count; i++)
        used += pack_curve(&trial->curves[i], numbers[i], trial->epochs, to + used, &setup->curves[numbers[i]]);
    nb_spill_take_back(&setup->spill, bound - used);
    written->size = (uint32_t)used;
    return NB_OK;
}

static void note_trial(nb_table_writer *writer, nb_written_setup *setup, const nb_written_trial *written)
{
    setup->wide_flops = setup->wide_flops || has_wide(&written->flops, 1);
    setup->wide_params = setup->wide_params || has_wide(&written->params, 1);
    setup->epochs_vary = setup->epochs_vary || (setup->count > 0 && written->epochs != setup->epochs);
    if (written->epochs > setup->epochs)
        setup->epochs = written->epochs;
    writer->evaluated[written->row] = 1;
    setup->trials[setup->count++] = *written;
}

static nb_status setup_of_trial(nb_table_writer *writer, const nb_trial *trial, nb_written_setup **out, nb_error *err)
{
    const char *schedule = nb_schedule_canonical(trial->schedule);
    nb_written_setup *setup = find_setup(writer, trial->dataset, schedule);
    if (!setup)
        return make_setup(writer, trial->dataset, schedule, &trial->config, out, err);
    if (setup->columns)
        return nb_fail(err, NB_ERR_EXISTS, "%s: row %u: %s/%s is complete already", writer->path, trial->row, trial->dataset, schedule);
    if (!same_config(&setup->config, &trial->config))
        return nb_fail(
            err, NB_ERR_ARGUMENT,
            "%s: row %u: %s/%s: network of %u channels, %u cells, %u classes; earlier trials have %u, %u, %u (or another genotype)",
            writer->path, trial->row, trial->dataset, schedule, trial->config.channels, trial->config.cells, trial->config.classes,
            setup->config.channels, setup->config.cells, setup->config.classes);
    *out = setup;
    return NB_OK;
}

/* An unknown cost is one NaN, so that the choice of the narrow type does not depend on its payload. */
static double known_or_nan(double value)
{
    return isnan(value) ? (double)NAN : value;
}

static nb_status add_to_setup(nb_table_writer *writer, nb_written_setup *setup, const nb_trial *trial, nb_error *err)
{
    uint16_t numbers[NB_SPLITS_MAX * NB_METRIC_COUNT];
    nb_eval_order order;
    NB_TRY(number_curves(writer, setup, trial, numbers, err));
    NB_TRY(eval_order_of(writer, setup, trial, &order, err));
    nb_written_trial written = {.row = trial->row,
                                .seed = trial->seed,
                                .epochs = trial->epochs,
                                .latency_count = (uint32_t)trial->latency_count,
                                .flops = known_or_nan(trial->flops),
                                .params = known_or_nan(trial->params)};
    NB_TRY(need_eval_order(writer, setup, &order, &written.eval_order, err));
    NB_TRY(reserve_trial(writer, setup, err));
    NB_TRY(spill_trial(writer, setup, trial, numbers, &written, err));
    note_trial(writer, setup, &written);
    return NB_OK;
}

nb_status nb_table_writer_add(nb_table_writer *writer, const nb_trial *trial, nb_error *err)
{
    NB_TRY(check_trial(writer, trial, err));
    nb_written_setup *setup = NULL;
    NB_TRY(setup_of_trial(writer, trial, &setup, err));
    uint32_t splits_before = setup->split_count;
    nb_status status = add_to_setup(writer, setup, trial, err);
    if (status != NB_OK)
        setup->split_count = splits_before;
    writer->broken = writer->broken || status == NB_ERR_IO || status == NB_ERR_MEMORY;
    return status;
}

/* ---------------------------------------------------------------- whole setups */

static nb_status check_points(const nb_table_writer *writer, const nb_point_setup *from, nb_error *err)
{
    NB_TRY(check_name(writer, "dataset", from->dataset, err));
    NB_TRY(check_name(writer, "schedule", from->schedule, err));
    bool split_is_train = from->split_count > 0 && strcmp(from->splits[0], NB_SPLIT_TRAIN) == 0;
    uint64_t trials = (uint64_t)writer->rows * from->runs;
    if (!split_is_train || from->split_count > NB_SPLITS_MAX || from->points == 0 || from->points > NB_POINTS_MAX || trials == 0 ||
        trials > UINT32_MAX / 2 || from->epochs == 0 || from->epochs > NB_EPOCHS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s/%s: %u splits, %u points, %u runs, %u epochs", writer->path, from->dataset,
                       from->schedule, from->split_count, from->points, from->runs, from->epochs);
    for (uint32_t i = 0; i <= nb_point_total(from->split_count, from->points); i++)
        if (from->columns[i].kind == NB_COLUMN_NONE || from->columns[i].size != trials)
            return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s/%s: column %u has %zu numbers, %llu expected", writer->path, from->dataset,
                           from->schedule, i, from->columns[i].size, (unsigned long long)trials);
    if (find_setup(writer, from->dataset, nb_schedule_canonical(from->schedule)))
        return nb_fail(err, NB_ERR_EXISTS, "%s: %s/%s is there already", writer->path, from->dataset, from->schedule);
    return NB_OK;
}

static nb_status add_points(nb_table_writer *writer, const nb_point_setup *from, nb_error *err)
{
    nb_written_setup *setup = NULL;
    nb_eval_order order = {0};
    uint32_t number;
    NB_TRY(check_points(writer, from, err));
    NB_TRY(make_setup(writer, from->dataset, nb_schedule_canonical(from->schedule), &from->config, &setup, err));
    for (uint32_t i = 0; i < from->split_count; i++) {
        NB_TRY(need_split(writer, setup, from->splits[i], &number, err));
        if (i > 0)
            order.splits[order.count++] = (uint8_t)number;
    }
    NB_TRY(need_eval_order(writer, setup, &order, &number, err));
    setup->count = (size_t)writer->rows * from->runs;
    setup->epochs = from->epochs;
    setup->runs = from->runs;
    setup->points = from->points;
    setup->images = from->images;
    setup->columns = from->columns;
    memset(writer->evaluated, 1, writer->rows);
    return NB_OK;
}

nb_status nb_table_writer_add_points(nb_table_writer *writer, nb_point_setup *from, nb_error *err)
{
    nb_status status = add_points(writer, from, err);
    if (status != NB_OK)
        free_columns(from->columns, from->split_count, from->points);
    from->columns = NULL;
    writer->broken = writer->broken || status != NB_OK;
    return status;
}

void nb_table_writer_row_facts(nb_table_writer *writer, const nb_row_facts *facts)
{
    free_facts(&writer->facts);
    writer->facts = *facts;
}

/* ---------------------------------------------------------------- the rest of the collecting side */

static nb_status orders_of_schedule(nb_table_writer *writer, const char *schedule, nb_written_orders **out, nb_error *err)
{
    for (size_t i = 0; i < writer->schedule_order_count; i++) {
        if (strcmp(writer->schedule_orders[i].schedule, schedule) == 0) {
            *out = &writer->schedule_orders[i];
            return NB_OK;
        }
    }
    nb_written_orders *grown = realloc(writer->schedule_orders, (writer->schedule_order_count + 1) * sizeof *grown);
    if (grown)
        writer->schedule_orders = grown;
    uint8_t *of_row = malloc(writer->rows);
    if (!grown || !of_row) {
        free(of_row);
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for dataset orders", writer->path);
    }
    memset(of_row, NB_ORDER_DEFAULT, writer->rows);
    nb_written_orders *orders = &writer->schedule_orders[writer->schedule_order_count++];
    strcpy(orders->schedule, schedule);
    orders->of_row = of_row;
    *out = orders;
    return NB_OK;
}

static nb_status need_dataset_order(nb_table_writer *writer, const nb_dataset_order *order, uint8_t *out, nb_error *err)
{
    for (uint32_t i = 0; i < writer->dataset_order_count; i++) {
        if (writer->dataset_orders[i].count == order->count &&
            memcmp(writer->dataset_orders[i].datasets, order->datasets, order->count) == 0) {
            *out = (uint8_t)i;
            return NB_OK;
        }
    }
    if (writer->dataset_order_count == NB_DATASET_ORDERS_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "%s: more than %d orders of datasets", writer->path, NB_DATASET_ORDERS_MAX);
    nb_dataset_order *grown = realloc(writer->dataset_orders, (writer->dataset_order_count + 1) * sizeof *grown);
    if (!grown)
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for dataset orders", writer->path);
    writer->dataset_orders = grown;
    grown[writer->dataset_order_count] = *order;
    *out = (uint8_t)writer->dataset_order_count++;
    return NB_OK;
}

nb_status nb_table_writer_dataset_order(nb_table_writer *writer, uint32_t row, const char *schedule, const char *const *datasets,
                                        size_t count, nb_error *err)
{
    if (row >= writer->rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: the table has %u rows", writer->path, row, writer->rows);
    if (count > NB_DATASETS_MAX)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: an order of %zu datasets", writer->path, row, count);
    NB_TRY(check_name(writer, "schedule", schedule, err));
    nb_dataset_order order = {.count = (uint8_t)count};
    for (size_t i = 0; i < count; i++) {
        NB_TRY(check_name(writer, "dataset", datasets[i], err));
        uint32_t dataset = 0;
        NB_TRY(need_dataset(writer, datasets[i], &dataset, err));
        order.datasets[i] = (uint8_t)dataset;
    }
    nb_written_orders *orders = NULL;
    NB_TRY(orders_of_schedule(writer, nb_schedule_canonical(schedule), &orders, err));
    return need_dataset_order(writer, &order, &orders->of_row[row], err);
}

nb_status nb_table_writer_mark_evaluated(nb_table_writer *writer, uint32_t row, nb_error *err)
{
    if (row >= writer->rows)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: row %u: the table has %u rows", writer->path, row, writer->rows);
    writer->evaluated[row] = 1;
    return NB_OK;
}

nb_status nb_table_writer_commit(nb_table_writer *writer, const nb_progress *progress, nb_error *err)
{
    nb_status status;
    if (writer->broken)
        status = nb_fail(err, NB_ERR_ARGUMENT, "%s: the writer failed before; the table cannot be written", writer->path);
    else
        status = nb_table_write(writer, progress, err);
    nb_table_writer_abort(writer);
    return status;
}
