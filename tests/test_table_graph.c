/* Tables of NAS-Bench-101: cells, indices and graph hashes answered from the file. */
#include "support.h"

#include <math.h>

#include "base/hash_slots.h"
#include "base/hex.h"
#include "base/safetensors.h"
#include "nasbench/nasbench101.h"
#include "nasbench/query.h"
#include "nasbench/table.h"
#include "store/checksum.h"

enum { ROWS = 500 };

static const nb_space *space(void)
{
    return nb_space_find("nasbench101", NULL);
}

static void add_trial(nb_table_writer *writer, uint32_t row)
{
    const double accuracy = row / 1000.0;
    const nb_curve curve = {"x-valid", NB_METRIC_ACCURACY, 0, 1, &accuracy, NULL};
    const nb_trial trial = {
        .row = row, .dataset = "cifar10", .schedule = "108", .epochs = 1, .flops = NAN, .params = NAN, .curves = &curve, .curve_count = 1};
    assert_int_equal(nb_table_writer_add(writer, &trial, NULL), NB_OK);
}

static char *write_table(const char *name, const nb_arch *archs, uint32_t rows)
{
    char *path = scratch_path(name);
    const nb_table_description description = {.space = space(), .archs = archs, .rows = rows, .flavour = NB_FLAVOUR_NATS};
    nb_table_writer *writer;
    nb_error err;
    if (nb_table_writer_open(path, &description, &writer, &err) != NB_OK)
        fail_msg("%s", err.message);
    for (uint32_t row = 0; row < rows; row++)
        add_trial(writer, row);
    if (nb_table_writer_commit(writer, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    return path;
}

static nb_table *opened(const char *path)
{
    nb_table *table;
    nb_error err;
    if (nb_table_open(path, &table, &err) != NB_OK)
        fail_msg("%s", err.message);
    return table;
}

/* Graphs as a search draws them, no cell twice. */
static void draw_archs(nb_arch *archs, uint32_t count)
{
    static bool drawn[NB_CELL101_CELLS];
    nb_rng rng = nb_rng_seed(31, 0);
    memset(drawn, 0, sizeof drawn);
    for (uint32_t i = 0; i < count;) {
        archs[i] = nb_space_sample(space(), &rng);
        const int64_t index = nb_space_index(space(), &archs[i]);
        i += !drawn[index];
        drawn[index] = true;
    }
}

static void rows_are_found_by_graph_by_cell_and_by_hash(void **state)
{
    (void)state;
    nb_arch archs[ROWS];
    draw_archs(archs, ROWS);
    char *path = write_table("some.nbt", archs, ROWS - 1);
    nb_table *table = opened(path);
    assert_int_equal(nb_table_verify(table, NULL, NULL), NB_OK);
    for (uint32_t row = 0; row < ROWS; row++) {
        char text[NB_ARCH_TEXT_SIZE], digits[33];
        uint8_t hash[NB_CELL101_HASH_SIZE];
        nb_cell101 cell;
        const int64_t expected = row < ROWS - 1 ? (int64_t)row : -1; /* the last one was left out */
        nb_cell101_from_arch(&archs[row], &cell);
        const nb_cell101 stored = nb_cell101_stored(&cell);
        const nb_arch canonical = nb_cell101_to_arch(&stored);
        nb_cell101_hash(&cell, hash);
        nb_hex(hash, sizeof hash, digits);
        nb_space_format(space(), &archs[row], text, sizeof text);
        assert_int_equal(nb_table_row(table, &archs[row]), expected);
        assert_int_equal(nb_table_row(table, &canonical), expected);
        assert_int_equal(nb_table_row_of_hash(table, hash), expected);
        assert_int_equal(nb_table_row_of_string(table, digits), expected);
        assert_int_equal(nb_table_row_of_string(table, text), expected);
        if (expected < 0) {
            assert_null(nb_table_hash(table, row));
            continue;
        }
        assert_memory_equal(nb_table_hash(table, row), hash, sizeof hash);
        const nb_arch own = nb_table_arch(table, row);
        assert_true(nb_arch_equal(&own, &archs[row])); /* as it was given, not the stored form */
    }
    nb_table_close(table);
    free(path);
}

static void the_same_cell_in_two_forms_is_refused(void **state)
{
    (void)state;
    /* input -> 1, 2 -> output with both orders of a convolution and a pooling. */
    nb_arch archs[2] = {{.space = NB_SPACE_GRAPH, .count = 2, .code = {0, 2}}, {0}};
    archs[0].edges = 1u << 0 | 1u << 1 | 1u << 4 | 1u << 5;
    archs[1] = archs[0];
    archs[1].code[0] = 2;
    archs[1].code[1] = 0;
    char *path = scratch_path("twice.nbt");
    const nb_table_description description = {.space = space(), .archs = archs, .rows = 2, .flavour = NB_FLAVOUR_NATS};
    nb_table_writer *writer;
    nb_error err;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, &err), NB_ERR_EXISTS);
    assert_non_null(strstr(err.message, "is already row 0"));
    free(path);
}

/* Makes the checksum of a tensor fit what it holds now. */
static void renew_checksum(uint8_t *bytes, const nb_safetensors *file, const nb_st_tensor *tensor)
{
    const nb_st_tensor *sums = nb_safetensors_find(file, "checksum");
    size_t place = 0; /* among the tensors in file order, of which the sums are the first */
    for (size_t i = 0; i < file->count; i++)
        place += file->tensors[i].offset < tensor->offset;
    const size_t width = nb_dtype_size(tensor->dtype);
    const uint64_t sum = nb_checksum(bytes + tensor->offset, width, tensor->size / width, 0);
    memcpy(bytes + sums->offset + 8 * place, &sum, sizeof sum);
}

/* Opens a copy of the table with one byte of a tensor changed and its checksum renewed; what does verifying say? */
static void check_damage(const uint8_t *bytes, size_t size, const char *tensor, size_t at, uint8_t value, const char *complaint)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    nb_safetensors file;
    nb_error err;
    assert_int_equal(nb_safetensors_parse(copy, size, "copy", &file, &err), NB_OK);
    const nb_st_tensor *found = nb_safetensors_find(&file, tensor);
    assert_non_null(found);
    copy[found->offset + at] = value;
    renew_checksum(copy, &file, found);
    nb_safetensors_free(&file);
    nb_table *table;
    assert_int_equal(nb_table_open_memory(copy, size, "copy", &table, &err), NB_OK);
    assert_int_equal(nb_table_verify(table, NULL, &err), NB_ERR_CORRUPT);
    assert_string_equal(err.message, complaint);
    for (uint32_t row = 0; row < 5; row++) { /* wrong answers perhaps, but answers */
        const nb_arch arch = nb_table_arch(table, row);
        (void)nb_table_row(table, &arch);
        (void)nb_table_row_of_hash(table, nb_table_hash(table, row));
    }
    nb_table_close(table);
    free(copy);
}

static void damage_is_found_by_verifying_and_harms_nobody_else(void **state)
{
    (void)state;
    nb_arch archs[ROWS];
    size_t size;
    draw_archs(archs, ROWS);
    char *path = write_table("whole.nbt", archs, ROWS);
    uint8_t *bytes = read_file(path, &size);
    nb_table *table = opened(path);
    uint32_t slot = nb_hash_slot(nb_table_hash(table, 0), 1024); /* where row 0 is looked for */
    nb_table_close(table);
    check_damage(bytes, size, "arch", 0, 200, "copy: tensor 'arch': row 0 is not found by its architecture");
    check_damage(bytes, size, "arch", 9 + 1, 77, "copy: tensor 'arch': row 1 is not found by its architecture");
    check_damage(bytes, size, "arch.hash", 2 * 16 + 3, bytes[0] ^ 0x55,
                 "copy: tensor 'arch.hash': row 2: not the hash of its architecture");
    check_damage(bytes, size, "arch.hash.slots", 4 * slot + 3, 0xff, "copy: tensor 'arch.hash.slots': row 0 is not found by its hash");
    free(bytes);
    free(path);
}

static void the_whole_space_in_its_own_order_needs_no_indices(void **state)
{
    (void)state;
    char *path = scratch_path("space.nbt");
    const nb_table_description description = {.space = space(), .flavour = NB_FLAVOUR_NATS};
    nb_table_writer *writer;
    assert_int_equal(nb_table_writer_open(path, &description, &writer, NULL), NB_OK);
    add_trial(writer, 400000);
    assert_int_equal(nb_table_writer_commit(writer, NULL, NULL), NB_OK);
    nb_table *table = opened(path);
    assert_int_equal(nb_table_get_info(table)->rows, NB_CELL101_CELLS);
    for (uint32_t row = 0; row < NB_CELL101_CELLS; row += 997) {
        const nb_arch arch = nb_table_arch(table, row);
        nb_arch expected;
        nb_space_at(space(), row, &expected, NULL);
        assert_true(nb_arch_equal(&arch, &expected));
        assert_int_equal(nb_table_row_of_hash(table, nb_table_hash(table, row)), row);
    }
    assert_int_equal(nb_table_row_of_string(table, "00005c142e6f48ac74fdcf73e3439874"),
                     nb_space_index_of_text(space(), "00005c142e6f48ac74fdcf73e3439874", 32));
    nb_query query;
    double value;
    const nb_query_spec spec = {
        .dataset = "cifar10", .schedule = "108", .split = "x-valid", .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST};
    assert_int_equal(nb_query_compile(table, &spec, &query, NULL), NB_OK);
    assert_true(nb_query_get(&query, 400000, &value));
    assert_true(value == 400.0);
    assert_false(nb_query_get(&query, 399999, &value));
    nb_table_close(table);
    remove(path);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_found_by_graph_by_cell_and_by_hash),
        cmocka_unit_test(the_same_cell_in_two_forms_is_refused),
        cmocka_unit_test(damage_is_found_by_verifying_and_harms_nobody_else),
        cmocka_unit_test(the_whole_space_in_its_own_order_needs_no_indices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
