/* Files of NAS-Bench-101 become tables: every number of the file comes back, and every kind of damage is told. */
#include "support.h"

#include <inttypes.h>
#include <math.h>

#include <jansson.h>

#include "base/bytes.h"
#include "ingest/run101.h"
#include "ingest/tfrecord.h"
#include "nasbench/import.h"
#include "nasbench/nasbench101_api.h"
#include "nasbench/query.h"
#include "records101.h"
#include "store/checksum.h"

/* ---- helpers ---- */

/* Imports a file; the table is at *target. The caller frees both. */
static nb_table *import_file(const char *path)
{
    nb_error err;
    nb_table *table = NULL;
    char *target = scratch_path("imported.safetensors");
    if (nb_import(&path, 1, target, NULL, NULL, NULL, &err) != NB_OK || nb_table_open(target, &table, &err) != NB_OK ||
        nb_table_verify(table, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    free(target);
    return table;
}

static nb_table *import_bytes(bytes101 *bytes)
{
    char *path = scratch_path("made.tfrecord");
    write_file(path, bytes->data, bytes->size);
    nb_table *table = import_file(path);
    free(path);
    free(bytes->data);
    *bytes = (bytes101){0};
    return table;
}

static void expect_refused_bytes(bytes101 *bytes, nb_status status, const char *message)
{
    nb_error err;
    char *path = scratch_path("made.tfrecord"), *target = scratch_path("refused.safetensors"), expected[600];
    const char *const sources[] = {path};
    write_file(path, bytes->data, bytes->size);
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), status);
    snprintf(expected, sizeof expected, "%s: %s", path, message);
    assert_string_equal(err.message, expected);
    assert_null(fopen(target, "rb"));
    free(path);
    free(target);
    free(bytes->data);
    *bytes = (bytes101){0};
}

/* A file of the generator in ../shared/tools; the caller frees the path. */
static char *generate(const char *arguments)
{
    char command[1024], *path = scratch_path("generated.tfrecord");
    snprintf(command, sizeof command, "python3 '%s' %s --manifest /dev/null -o '%s'", shared_path("tools/make_nb101_tfrecord.py"),
             arguments, path);
    assert_int_equal(system(command), 0);
    return path;
}

static nb_api101 api_of(const nb_table *table)
{
    nb_api101 api;
    nb_error err;
    if (nb_api101_init(table, 0, &api, &err) != NB_OK)
        fail_msg("%s", err.message);
    return api;
}

static void expect_bits(double found, double expected)
{
    assert_memory_equal(&found, &expected, sizeof found);
}

static void expect_evaluation(const nb_evaluation101 *found, double epoch, double time, double train, double valid, double test)
{
    expect_bits(found->epoch, epoch);
    expect_bits(found->metrics.training_time, time);
    expect_bits(found->metrics.train_accuracy, train);
    expect_bits(found->metrics.validation_accuracy, valid);
    expect_bits(found->metrics.test_accuracy, test);
}

/* ---- numbers ---- */

static double number_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void a_published_record_gives_its_published_numbers(void **state)
{
    (void)state;
    skip_without_shared();
    json_t *vectors = json_load_file(shared_path("data/nasbench101-vectors/vectors.json"), 0, NULL);
    const json_t *record = json_object_get(vectors, "real_record"), *parsed = json_object_get(record, "parsed");
    const char *hex = json_string_value(json_object_get(record, "hex"));
    bytes101 file = {0};
    for (unsigned byte; sscanf(hex, "%2x", &byte) == 1; hex += 2)
        put_number101(&file, byte, 1);
    nb_table *table = import_bytes(&file);
    nb_api101 api = api_of(table);
    nb_history101 history;
    nb_fixed101 fixed;
    assert_int_equal(nb_table_get_info(table)->rows, 1);
    assert_int_equal(nb_api101_fixed(&api, 0, &fixed, NULL), NB_OK);
    assert_int_equal(fixed.trainable_parameters, (uint32_t)number_of(parsed, "trainable_parameters"));
    assert_int_equal(nb_api101_history(&api, 0, (uint32_t)number_of(parsed, "epochs"), 0, &history, NULL), NB_OK);
    assert_int_equal(history.count, 3);
    expect_bits(history.total_time, number_of(parsed, "total_time"));
    size_t i;
    json_t *data;
    json_array_foreach(json_object_get(parsed, "evaluation_data"), i, data)
        expect_evaluation(&history.evaluations[i], number_of(data, "current_epoch"), number_of(data, "training_time"),
                          number_of(data, "train_accuracy"), number_of(data, "validation_accuracy"), number_of(data, "test_accuracy"));
    nb_table_close(table);
    json_decref(vectors);
}

/* Walks over the records of a file in the table's stead. */
static void expect_all_records(const nb_table *table, const char *path)
{
    enum { CELLS = 60, BUDGETS = 4 };
    nb_stream in;
    nb_tfrecord_batch batch = {0};
    nb_run101_scratch scratch = {0};
    nb_error err;
    nb_api101 api = api_of(table);
    uint32_t seen[CELLS][BUDGETS] = {0}, epochs[BUDGETS], cells = 0;
    assert_int_equal(nb_api101_epochs(&api, epochs, BUDGETS), BUDGETS);
    assert_int_equal(nb_stream_open_file(&in, path, &err), NB_OK);
    assert_int_equal(nb_tfrecord_read(&in, 0, &batch, &err), NB_OK);
    for (size_t i = 0; i < batch.count; i++) {
        nb_run101 run;
        nb_history101 history;
        uint32_t row, budget = 0;
        assert_int_equal(nb_run101_parse(batch.records[i].payload, batch.records[i].size, &scratch, &run, &err), NB_OK);
        assert_int_equal(nb_api101_row_of_hash(&api, run.hash, &row, &err), NB_OK);
        while (epochs[budget] != run.epochs)
            budget++;
        if (seen[row][0] + seen[row][1] + seen[row][2] + seen[row][3] == 0)
            assert_int_equal(nb_api101_row_at(&api, cells++), row); /* the order of first appearance */
        assert_int_equal(nb_api101_history(&api, row, run.epochs, seen[row][budget]++, &history, &err), NB_OK);
        expect_bits(history.total_time, run.total_time);
        for (int p = 0; p < 3; p++)
            expect_evaluation(&history.evaluations[p], run.points[p].epoch, run.points[p].time, run.points[p].train, run.points[p].valid,
                              run.points[p].test);
    }
    assert_int_equal(batch.count, CELLS * BUDGETS * 3);
    assert_int_equal(cells, CELLS);
    nb_tfrecord_batch_free(&batch);
    nb_run101_scratch_free(&scratch);
    nb_stream_close(&in);
}

static void every_number_of_every_run_comes_back_whatever_the_order(void **state)
{
    (void)state;
    skip_without_shared();
    char *path = generate("--cells 60 --epochs 4,12,36,108 --seed 3 --shuffle");
    nb_table *table = import_file(path);
    assert_int_equal(nb_table_get_info(table)->rows, 60);
    assert_int_equal(nb_table_get_info(table)->trials, 60 * 12);
    expect_all_records(table, path);
    nb_table_close(table);
    free(path);
}

static void base64_may_come_without_line_breaks(void **state)
{
    (void)state;
    skip_without_shared();
    char *path = generate("--cells 60 --epochs 4,12,36,108 --seed 4 --plain-base64");
    nb_table *table = import_file(path);
    expect_all_records(table, path);
    nb_table_close(table);
    free(path);
}

static const double usual[3][5] = {{0, 0, 0.1002604141831398, 0.09775640815496445, 0.09985977411270142},
                                   {2, 45.152000427246094, 0.10166265815496445, 0.10526842623949051, 0.10436698794364929},
                                   {4, 89.90399932861328, 0.3498597741127014, 0.3489583432674408, 0.3504607379436493}};

/* Numbers that no published run has: they take more room and lose nothing. */
static void numbers_of_any_kind_come_back(void **state)
{
    (void)state;
    const double odd[3][5] = {{-1.5, 0.1, 1e-300, 2, -0.0}, {1.9968, 1e9 + 0.5, 1.0 / 3, 0.7, 0.123456789}, {3.99, 17, 1, 0, (double)NAN}};
    bytes101 file = {0};
    put_run101(&file, true, 4, usual, 413.7015450000763);
    put_run101(&file, false, 4, odd, -7.25);
    put_run101(&file, true, 4, usual, 1.0);
    put_run101(&file, false, 4, usual, 2.0);
    nb_table *table = import_bytes(&file);
    nb_api101 api = api_of(table);
    nb_history101 history;
    uint32_t row = nb_api101_row_at(&api, 1);
    assert_int_equal(nb_api101_history(&api, row, 4, 0, &history, NULL), NB_OK);
    for (int p = 0; p < 3; p++)
        expect_evaluation(&history.evaluations[p], odd[p][0], odd[p][1], odd[p][2], odd[p][3], odd[p][4]);
    expect_bits(history.total_time, -7.25);
    row = nb_api101_row_at(&api, 0);
    assert_int_equal(nb_api101_history(&api, row, 4, 1, &history, NULL), NB_OK);
    for (int p = 0; p < 3; p++)
        expect_evaluation(&history.evaluations[p], usual[p][0], usual[p][1], usual[p][2], usual[p][3], usual[p][4]);
    nb_table_close(table);
}

/* Fields in another order, fields from a later version, fields that are not there: protobuf allows all of it. */
static void messages_may_be_written_in_other_ways(void **state)
{
    (void)state;
    bytes101 message = {0}, inner = {0}, file = {0};
    put_double101(&message, 3, 9.5);
    put_varint101(&message, 15 << 3 | 2);
    put_varint101(&message, 3);
    put_text101(&message, "new");
    for (int i = 0; i < 3; i++) {
        put_double101(&inner, 5, 0.25);
        put_double101(&inner, 1, i * 2.0);
        put_varint101(&message, 1 << 3 | 2);
        put_varint101(&message, inner.size);
        put101(&message, inner.data, inner.size);
        inner.size = 0;
    }
    put_varint101(&message, 2 << 3);
    put_varint101(&message, PARAMS_OF_EDGE);
    bytes101 payload = payload101(HASH_OF_EDGE, 4, MATRIX_OF_EDGE, OPERATIONS_OF_EDGE, &message);
    put_frame101(&file, payload.data, payload.size);
    nb_table *table = import_bytes(&file);
    nb_api101 api = api_of(table);
    nb_history101 history;
    assert_int_equal(nb_api101_history(&api, 0, 4, 0, &history, NULL), NB_OK);
    expect_bits(history.total_time, 9.5);
    expect_evaluation(&history.evaluations[2], 4, 0, 0, 0, 0.25);
    nb_table_close(table);
    free(message.data);
    free(inner.data);
    free(payload.data);
}

/* The diamond with a convolution and a pool on its two ways: which of them is vertex 1 is the record's choice. */
#define HASH_OF_DIAMOND "ac9bd0e2514c031187b612db767fb038"
#define MATRIX_OF_DIAMOND "0110000100010000"

static void put_diamond(bytes101 *file, const char *operations)
{
    bytes101 message = message101(usual, 1143306, 1), payload = payload101(HASH_OF_DIAMOND, 4, MATRIX_OF_DIAMOND, operations, &message);
    put_frame101(file, payload.data, payload.size);
    free(message.data);
    free(payload.data);
}

static void a_cell_keeps_the_order_of_vertices_of_its_records(void **state)
{
    (void)state;
    bytes101 file = {0};
    nb_fixed101 fixed;
    uint8_t hash[NB_CELL101_HASH_SIZE];
    uint32_t row;
    put_diamond(&file, "input,maxpool3x3,conv1x1-bn-relu,output");
    nb_table *table = import_bytes(&file);
    nb_api101 api = api_of(table);
    assert_true(nb_hash101_parse(HASH_OF_DIAMOND, 32, hash));
    assert_int_equal(nb_api101_row_of_hash(&api, hash, &row, NULL), NB_OK);
    assert_int_equal(nb_api101_fixed(&api, row, &fixed, NULL), NB_OK);
    assert_int_equal(fixed.cell.label[0], NB_LABEL101_MAXPOOL3X3);
    assert_int_equal(fixed.cell.label[1], NB_LABEL101_CONV1X1);
    nb_table_close(table);
    put_diamond(&file, "input,maxpool3x3,conv1x1-bn-relu,output");
    size_t second = file.size;
    char message[200];
    snprintf(message, sizeof message, "record 1, offset %zu: the vertices are in another order than in an earlier record of this cell",
             second);
    put_diamond(&file, "input,conv1x1-bn-relu,maxpool3x3,output");
    expect_refused_bytes(&file, NB_ERR_UNSUPPORTED, message);
}

/* ---- damage ---- */

static void every_kind_of_damage_has_its_own_message(void **state)
{
    (void)state;
    skip_without_shared();
    static const struct {
        const char *kind;
        nb_status status;
        const char *message; /* after the place */
    } kinds[] = {
        {"truncated", NB_ERR_TRUNCATED, "the file ends inside the record: "},
        {"truncated-header", NB_ERR_TRUNCATED, "the file ends inside the head of the record: 12 bytes expected, 7 left"},
        {"truncated-crc", NB_ERR_TRUNCATED, "the file ends inside the checksum of the record: 4 bytes expected, 2 left"},
        {"bad-length-crc", NB_ERR_CORRUPT, "the length of the record is damaged: checksum "},
        {"bad-data-crc", NB_ERR_CORRUPT, "the record is damaged: checksum "},
        {"flipped-payload", NB_ERR_CORRUPT, "the record is damaged: checksum "},
        {"huge-length", NB_ERR_FORMAT, "a record of 1099511627776 bytes; at most 16777216 are read"},
        {"bad-json", NB_ERR_FORMAT, "payload: offset "},
        {"json-not-array", NB_ERR_FORMAT, "payload: offset 1: a JSON array of five elements expected, found an object"},
        {"json-short", NB_ERR_FORMAT, "the JSON array has 4 elements, 5 expected"},
        {"bad-base64", NB_ERR_FORMAT, "base64: character 0 is '*': outside the alphabet"},
        {"bad-proto", NB_ERR_TRUNCATED, "metrics: byte 145: field 3: the message ends inside a value: 8 bytes expected, 3 left"},
        {"proto-overrun", NB_ERR_FORMAT, "metrics: byte 0: field 1: a length of 127 bytes, the message has 58 more"},
        {"few-evals", NB_ERR_FORMAT, "metrics: 2 evaluations, 3 expected: before training, half-way, at the end"},
        {"bad-hash", NB_ERR_CORRUPT, "hash "},
        {"bad-adjacency", NB_ERR_FORMAT, "adjacency matrix of "},
        {"lower-triangle", NB_ERR_FORMAT, "adjacency matrix: an edge from 1 to 0: matrix must be upper triangular"},
        {"bad-op", NB_ERR_FORMAT, "unsupported op 'conv5x5' at vertex 0 (available ops = "},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char arguments[64], place[64], *target = scratch_path("refused.safetensors");
        nb_error err;
        snprintf(arguments, sizeof arguments, "--cells 10 --corrupt %s", kinds[i].kind);
        char *path = generate(arguments);
        const char *const sources[] = {path};
        nb_status status = nb_import(sources, 1, target, NULL, NULL, NULL, &err);
        if (status != kinds[i].status)
            fail_msg("%s: %s: %s", kinds[i].kind, nb_status_name(status), err.message);
        snprintf(place, sizeof place, "/generated.tfrecord: record 15, offset 5454: ");
        const char *at = strstr(err.message, place);
        if (!at || strncmp(at + strlen(place), kinds[i].message, strlen(kinds[i].message)) != 0)
            fail_msg("%s: %s", kinds[i].kind, err.message);
        assert_null(fopen(target, "rb"));
        free(path);
        free(target);
    }
}

static void a_cell_that_lacks_a_run_is_named_with_its_last_record(void **state)
{
    (void)state;
    bytes101 file = {0};
    for (int run = 0; run < 3; run++) {
        put_run101(&file, true, 4, usual, 1);
        put_run101(&file, true, 12, usual, 1);
        put_run101(&file, false, 4, usual, 1);
        if (run != 1)
            put_run101(&file, false, 12, usual, 1);
    }
    char message[300];
    bytes101 last = {0};
    put_run101(&last, false, 12, usual, 1);
    snprintf(message, sizeof message,
             "record 10, offset %zu: the last record of cell " HASH_OF_EDGE
             ": it has 2 runs of 12 epochs, 3 expected as of the other cells",
             file.size - last.size);
    free(last.data);
    expect_refused_bytes(&file, NB_ERR_FORMAT, message);
}

static void an_empty_file_has_no_record(void **state)
{
    (void)state;
    nb_error err;
    char *path = scratch_path("empty.tfrecord"), *target = scratch_path("refused.safetensors");
    const char *const sources[] = {path};
    write_file(path, "", 0);
    assert_int_equal(nb_import(sources, 1, target, NULL, NULL, NULL, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "empty.tfrecord: no record in it");
    free(path);
    free(target);
}

static void a_damaged_first_record_is_told_as_such(void **state)
{
    (void)state;
    bytes101 file = {0};
    put_run101(&file, true, 4, usual, 1);
    file.data[8] ^= 1;
    char message[200];
    snprintf(
        message, sizeof message,
        "record 0, offset 0: the length of the record is damaged: checksum %02x%02x%02x%02x stored, %02x%02x%02x%02x of the 8 bytes found",
        file.data[11], file.data[10], file.data[9], file.data[8], file.data[11], file.data[10], file.data[9], file.data[8] ^ 1);
    expect_refused_bytes(&file, NB_ERR_CORRUPT, message);
}

static void parameters_must_be_those_of_the_graph(void **state)
{
    (void)state;
    bytes101 file = {0}, message = message101(usual, 7, 1);
    bytes101 payload = payload101(HASH_OF_CONV, 4, MATRIX_OF_CONV, OPERATIONS_OF_CONV, &message);
    put_frame101(&file, payload.data, payload.size);
    free(message.data);
    free(payload.data);
    expect_refused_bytes(&file, NB_ERR_CORRUPT, "record 0, offset 0: 7 trainable parameters, but the graph has 10177674");
}

/* Payloads that are wrong in ways the generator does not know. */
static void other_wrong_records_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hash;
        unsigned epochs;
        const char *matrix, *operations;
        const char *message;
    } wrong[] = {
        {"B49AC8C578B4561D79AC7087988F1C61", 4, MATRIX_OF_CONV, OPERATIONS_OF_CONV,
         "hash 'B49AC8C578B4561D79AC7087988F1C61': 32 lower-case hexadecimal digits expected"},
        {HASH_OF_CONV, 0, MATRIX_OF_CONV, OPERATIONS_OF_CONV, "0 epochs: 1 to 100000 expected"},
        {HASH_OF_CONV, 4, "010002000", OPERATIONS_OF_CONV, "adjacency matrix: row 1, column 2 is '2', 0 or 1 expected"},
        {HASH_OF_CONV, 4, "010000000", OPERATIONS_OF_CONV, "adjacency matrix: no edge leads to vertex 2"},
        {HASH_OF_CONV, 4, "011000000", OPERATIONS_OF_CONV, "adjacency matrix: no edge leads away from vertex 1"},
        {HASH_OF_CONV, 4, "0", OPERATIONS_OF_CONV, "adjacency matrix of 1 entries: matrix must be square"},
        {HASH_OF_CONV, 4, MATRIX_OF_CONV, "input,output", "2 operations and 3 vertices: length of ops must match matrix dimensions"},
        {HASH_OF_CONV, 4, MATRIX_OF_CONV, "output,conv3x3-bn-relu,output", "first operation should be 'input', found 'output'"},
        {HASH_OF_CONV, 4, MATRIX_OF_CONV, "input,conv3x3-bn-relu,input", "last operation should be 'output', found 'input'"},
        {HASH_OF_EDGE, 4, MATRIX_OF_CONV, OPERATIONS_OF_CONV, "hash " HASH_OF_EDGE ", but the graph has " HASH_OF_CONV},
    };
    bytes101 message = message101(usual, PARAMS_OF_CONV, 1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bytes101 payload = payload101(wrong[i].hash, wrong[i].epochs, wrong[i].matrix, wrong[i].operations, &message);
        nb_run101_scratch scratch = {0};
        nb_run101 run;
        nb_error err;
        char expected[400];
        snprintf(expected, sizeof expected, "record 0, offset 0: %s", wrong[i].message);
        bytes101 file = {0};
        put_frame101(&file, payload.data, payload.size);
        nb_status status = nb_run101_parse(payload.data, payload.size, &scratch, &run, &err);
        expect_refused_bytes(&file, status == NB_OK ? NB_ERR_CORRUPT : status, expected);
        nb_run101_scratch_free(&scratch);
        free(payload.data);
    }
    free(message.data);
}

static void other_files_do_not_mix_with_these(void **state)
{
    (void)state;
    nb_error err;
    bytes101 file = {0};
    put_run101(&file, true, 4, usual, 1);
    char *path = scratch_path("one.tfrecord"), *csv = scratch_path("other.csv"), *target = scratch_path("refused.safetensors");
    write_file(path, file.data, file.size);
    write_file(csv, "index,cifar10/12/ori-test/accuracy\n0,1\n", 39);
    const char *const sources[] = {path, csv};
    assert_int_equal(nb_import(sources, 2, target, NULL, NULL, NULL, &err), NB_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "files of NAS-Bench-101 go into a table of their own"));
    free(path);
    free(csv);
    free(target);
    free(file.data);
}

/* ---- what a table of these files answers to the questions of all tables ---- */

static void a_table_answers_in_percent_at_the_points_that_were_evaluated(void **state)
{
    (void)state;
    bytes101 file = {0};
    put_run101(&file, true, 4, usual, 100);
    nb_table *table = import_bytes(&file);
    nb_query query;
    nb_error err;
    double value;
    nb_query_spec spec = {"cifar10", "4", "x-valid", NB_METRIC_ACCURACY, NB_EPOCH_LAST, {0}};
    assert_int_equal(nb_query_compile(table, &spec, &query, &err), NB_OK);
    assert_true(nb_query_get(&query, 0, &value));
    expect_bits(value, 100 * usual[2][3]);
    spec.epoch = 1; /* the second epoch: half-way */
    assert_int_equal(nb_query_compile(table, &spec, &query, &err), NB_OK);
    assert_true(nb_query_get(&query, 0, &value));
    expect_bits(value, 100 * usual[1][3]);
    spec.epoch = 2;
    assert_int_equal(nb_query_compile(table, &spec, &query, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "cifar10/4: nothing was measured at epoch 2: 1, 3 expected"));
    assert_false(nb_table_value(table, 0, 0, 1, NB_METRIC_ACCURACY, 2, &value));

    nb_metrics metrics;
    assert_int_equal(nb_trial_metrics(table, 0, 0, 0, NB_EPOCH_LAST, &metrics, &err), NB_OK);
    expect_bits(metrics.all_time, usual[2][1]);
    expect_bits(metrics.cur_time, usual[2][1] / 4);
    expect_bits(metrics.accuracy, 100 * usual[2][2]);
    assert_true(isnan(metrics.loss));
    nb_cost_info costs;
    assert_int_equal(nb_table_costs(table, 0, 0, NB_FLAVOUR_101, &costs, &err), NB_OK);
    expect_bits(costs.params, 10.177674);
    expect_bits(costs.flops, 2993.661962);
    assert_true(costs.times[0].timed);
    expect_bits(costs.times[0].total, usual[2][1]);
    nb_table_close(table);
}

/* Whatever the header says, nothing outside the file is read: a column that is missing or of another length is refused when it is opened.
 */
static void tables_with_columns_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } changes[] = {
        {"cifar10/4/x-valid/accuracy.p1", "cifar10/4/x-valid/accuracy.p7", "the setup has 3 points"},
        {"cifar10/4/epoch.p1", "cifar10/4/epoch.q1", "3 points, but not all of their tensors"},
        {"\\\"points\\\":3", "\\\"points\\\":2", "the setup has 2 points"},
        {"\\\"points\\\":3", "\\\"points\\\":9", "a number that is too large here"},
        {"\\\"images\\\":9984", "\\\"images\\\":0000", "leading zeros"},
        {"\\\"trials\\\":4", "\\\"trials\\\":3", "expected, found"},
    };
    bytes101 file = {0};
    put_run101(&file, true, 4, usual, 1);
    put_run101(&file, false, 4, usual, 2);
    const double other[3][5] = {{0, 0, 0.5, 0.5, 0.5}, {2, 45, 0.5, (double)(float)(4711 / 9984.0), 0.5}, {4, 90, 0.5, 0.5, 0.5}};
    put_run101(&file, true, 4, other, 3);
    put_run101(&file, false, 4, other, 4);
    nb_table_close(import_bytes(&file));
    char *path = scratch_path("imported.safetensors");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        size_t size;
        nb_table *table = NULL;
        nb_error err;
        uint8_t *bytes = read_file(path, &size);
        uint8_t *at = memmem(bytes, size, changes[i].from, strlen(changes[i].from));
        if (!at)
            fail_msg("%s is not in the header", changes[i].from);
        memcpy(at, changes[i].to, strlen(changes[i].to));
        uint64_t header = nb_load_le64(bytes) + 8; /* its own sum would tell first: it is put right */
        nb_store_le64(bytes + header, nb_checksum(bytes, 1, header, 0));
        assert_int_equal(nb_table_open_memory(bytes, size, "changed", &table, &err), NB_ERR_FORMAT);
        if (!strstr(err.message, changes[i].message))
            fail_msg("%s: %s", changes[i].to, err.message);
        free(bytes);
    }
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_published_record_gives_its_published_numbers),
        cmocka_unit_test(every_number_of_every_run_comes_back_whatever_the_order),
        cmocka_unit_test(base64_may_come_without_line_breaks),
        cmocka_unit_test(numbers_of_any_kind_come_back),
        cmocka_unit_test(messages_may_be_written_in_other_ways),
        cmocka_unit_test(a_cell_keeps_the_order_of_vertices_of_its_records),
        cmocka_unit_test(every_kind_of_damage_has_its_own_message),
        cmocka_unit_test(a_cell_that_lacks_a_run_is_named_with_its_last_record),
        cmocka_unit_test(an_empty_file_has_no_record),
        cmocka_unit_test(a_damaged_first_record_is_told_as_such),
        cmocka_unit_test(parameters_must_be_those_of_the_graph),
        cmocka_unit_test(other_wrong_records_are_refused),
        cmocka_unit_test(other_files_do_not_mix_with_these),
        cmocka_unit_test(tables_with_columns_that_do_not_fit_are_refused),
        cmocka_unit_test(a_table_answers_in_percent_at_the_points_that_were_evaluated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
