/* CSV: records, what a column holds, and one's own results as a source. */
#include "support.h"

#include <math.h>
#include <unistd.h>

#include "base/number.h"
#include "ingest/csv.h"
#include "ingest/csv_target.h"
#include "nasbench/import.h"

/* ---- records ---- */

/* The records of a text, fields joined with '|', records with '\n'. */
static char *parse(const char *text, nb_status *status, nb_error *err)
{
    static char out[4096];
    nb_stream in;
    nb_csv_reader reader;
    nb_csv_record record = {0};
    size_t used = 0;
    out[0] = '\0';
    assert_int_equal(nb_stream_over(&in, text, strlen(text), "t.csv", err), NB_OK);
    *status = nb_csv_start(&reader, &in, err);
    for (bool more = true; *status == NB_OK;) {
        *status = nb_csv_next(&reader, &record, &more, err);
        if (*status != NB_OK || !more)
            break;
        for (size_t i = 0; i < record.count; i++) {
            size_t size;
            const char *field = nb_csv_field(&record, i, &size);
            used += (size_t)snprintf(out + used, sizeof out - used, "%s%.*s", i ? "|" : "", (int)size, field);
        }
        used += (size_t)snprintf(out + used, sizeof out - used, "\n");
    }
    nb_csv_record_free(&record);
    nb_stream_close(&in);
    return out;
}

static void expect_records(const char *text, const char *expected)
{
    nb_status status;
    nb_error err;
    const char *found = parse(text, &status, &err);
    assert_int_equal(status, NB_OK);
    assert_string_equal(found, expected);
}

static void records_are_split_as_rfc_4180_says(void **state)
{
    (void)state;
    expect_records("a,b\n1,2\n", "a|b\n1|2\n");
    expect_records("a,b\r\n1,2", "a|b\n1|2\n");
    expect_records("\xef\xbb\xbf"
                   "a,b\n",
                   "a|b\n");
    expect_records("a,\"b,c\"\n\"1\"\"2\",\"3\n4\"\n", "a|b,c\n1\"2|3\n4\n");
    expect_records("a, b ,c\n,,\n", "a|b|c\n||\n");
    expect_records("a\n\n1\n\n", "a\n1\n");
    expect_records("a\tb,c\n", "a\tb|c\n");
    expect_records("a\tb\n1\t2\n", "a|b\n1|2\n");
    expect_records("a;b\n1;2\n", "a|b\n1|2\n");
    expect_records("", "");
}

static void damaged_records_are_named_with_their_line(void **state)
{
    (void)state;
    nb_status status;
    nb_error err;
    parse("a,b\n1,\"2\n3\n", &status, &err);
    assert_int_equal(status, NB_ERR_TRUNCATED);
    assert_string_equal(err.message, "t.csv: line 2: a quoted field without its end");
}

/* ---- numbers ---- */

static void numbers_are_whole_words(void **state)
{
    (void)state;
    double real;
    int64_t whole;
    assert_true(nb_number_parse_double("63.36", 5, &real) && real == 63.36);
    assert_true(nb_number_parse_double("1e-3", 4, &real) && real == 1e-3);
    assert_true(nb_number_parse_double("nan", 3, &real) && isnan(real));
    assert_false(nb_number_parse_double(" 1", 2, &real));
    assert_false(nb_number_parse_double("1 ", 2, &real));
    assert_false(nb_number_parse_double("1,5", 3, &real));
    assert_false(nb_number_parse_double("", 0, &real));
    assert_true(nb_number_parse_int("-9223372036854775808", 20, &whole) && whole == INT64_MIN);
    assert_false(nb_number_parse_int("9223372036854775808", 19, &whole));
    assert_false(nb_number_parse_int("1.0", 3, &whole));
}

/* ---- targets ---- */

static nb_csv_target target_of(const char *text)
{
    nb_csv_target target;
    nb_error err;
    if (nb_csv_target_parse(text, strlen(text), &target, &err) != NB_OK)
        fail_msg("%s", err.message);
    return target;
}

static void a_target_names_dataset_schedule_split_and_metric(void **state)
{
    (void)state;
    nb_csv_target target = target_of("cifar10-valid/full/x-valid/accuracy");
    assert_string_equal(target.dataset, "cifar10-valid");
    assert_string_equal(target.schedule, "200");
    assert_int_equal(target.epochs, 200);
    assert_string_equal(target.split, "x-valid");
    assert_int_equal(target.metric, NB_METRIC_ACCURACY);
    assert_int_equal(target.epoch, 199);
    assert_int_equal(target.seed, 0);
    target = target_of("cifar10/less/train/loss@3#777");
    assert_string_equal(target.schedule, "12");
    assert_int_equal(target.epoch, 3);
    assert_int_equal(target.seed, 777);
    target = target_of("cifar10/01/latency#5");
    assert_int_equal(target.quantity, NB_CSV_LATENCY);
    assert_string_equal(target.schedule, "01");
    assert_int_equal(target.epochs, 1);
    assert_int_equal(target.seed, 5);
}

static void a_target_that_says_something_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "a",          "a/b",        "a/12/x/y",   "a/12/x/loss@12", "a/12/x/loss@", "a/12/x/loss#x",
        "a/12/speed", "a/x/y/loss", "/12/x/loss", "a/12//loss", "a/12/x/loss/1",  "a/0/x/loss",   "a/12/latency@3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nb_csv_target target;
        nb_error err;
        assert_int_equal(nb_csv_target_parse(bad[i], strlen(bad[i]), &target, &err), NB_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, "expected DATASET/SCHEDULE/SPLIT/METRIC"));
    }
}

/* ---- importing ---- */

static nb_status import_text(const char *text, const nb_import_options *options, nb_table **table, nb_import_summary *summary,
                             nb_error *err)
{
    char *path = scratch_path("own.csv");
    char *target = scratch_path("own.nbt");
    const char *sources[] = {path};
    write_file(path, text, strlen(text));
    nb_status status = nb_import(sources, 1, target, options, summary, NULL, err);
    assert_int_equal(access(target, F_OK) == 0, status == NB_OK);
    if (status == NB_OK)
        assert_int_equal(nb_table_open(target, table, err), NB_OK);
    unlink(target);
    free(path);
    free(target);
    return status;
}

static double value_of(const nb_table *table, uint32_t row, const char *dataset, const char *schedule, uint32_t seed, const char *split,
                       nb_metric metric, uint32_t epoch)
{
    int setup = nb_table_setup(table, dataset, schedule);
    double value = (double)NAN;
    assert_true(setup >= 0);
    int number = nb_table_split(table, (uint32_t)setup, split);
    uint32_t first;
    uint32_t count = nb_table_trials(table, (uint32_t)setup, row, &first);
    for (uint32_t t = first; t < first + count && number >= 0; t++)
        if (nb_table_trial_seed(table, (uint32_t)setup, t) == seed)
            nb_table_value(table, (uint32_t)setup, t, (uint32_t)number, metric, epoch, &value);
    return value;
}

static void own_results_become_a_table(void **state)
{
    (void)state;
    const char *columns[] = {"acc=cifar10/12/ori-test/accuracy"};
    nb_import_options options = {.columns = columns, .column_count = 1, .benchmark = "mine"};
    nb_import_summary summary;
    nb_table *table;
    nb_error err;
    const char *text =
        "index,note,acc,cifar10/12/train/loss@0,cifar10/12/train/loss@5,cifar10/12/latency,cifar100/200/x-test/accuracy#777\n"
        "3,good,91.25,2.5,1.5,0.01,\n"
        "0,,,,0.1,,70.125\n";
    if (import_text(text, &options, &table, &summary, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_string_equal(summary.kind, "CSV");
    assert_int_equal(summary.columns, 5);
    assert_int_equal(summary.columns_skipped, 1);
    assert_int_equal(summary.architectures, 2);
    assert_int_equal(summary.trials, 3);
    assert_string_equal(nb_table_get_info(table)->benchmark, "mine");
    assert_true(value_of(table, 3, "cifar10", "12", 0, "ori-test", NB_METRIC_ACCURACY, 11) == 91.25);
    assert_true(value_of(table, 3, "cifar10", "12", 0, "train", NB_METRIC_LOSS, 0) == 2.5);
    assert_true(isnan(value_of(table, 3, "cifar10", "12", 0, "train", NB_METRIC_LOSS, 1)));
    assert_true(value_of(table, 0, "cifar10", "12", 0, "train", NB_METRIC_LOSS, 5) == 0.1);
    assert_true(isnan(value_of(table, 0, "cifar10", "12", 0, "train", NB_METRIC_LOSS, 0)));
    assert_true(value_of(table, 0, "cifar100", "200", 777, "x-test", NB_METRIC_ACCURACY, 199) == 70.125);
    uint32_t first;
    assert_int_equal(nb_table_trials(table, (uint32_t)nb_table_setup(table, "cifar100", "200"), 3, &first), 0);
    nb_table_close(table);
}

static void the_architecture_may_be_given_by_its_string(void **state)
{
    (void)state;
    nb_table *table;
    nb_error err;
    const char *text = "arch,cifar10/90/ori-test/accuracy\n8:8:8:16:32,50.5\n";
    if (import_text(text, NULL, &table, NULL, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(nb_table_get_info(table)->rows, 32768);
    assert_true(value_of(table, 11, "cifar10", "90", 0, "ori-test", NB_METRIC_ACCURACY, 89) == 50.5);
    nb_table_close(table);
}

static void every_mistake_is_named_with_line_and_column(void **state)
{
    (void)state;
    static const char *const mapping[] = {"acc=cifar10/12/ori-test/accuracy"};
    static const struct {
        const char *text;
        nb_status status;
        const char *message; /* behind "own.csv" */
        bool mapped;
    } cases[] = {
        {"index,acc\n1,90\n2,ninety\n", NB_ERR_FORMAT, ": line 3: column 2: 'ninety' is no number", true},
        {"index,acc\nx,90\n", NB_ERR_FORMAT, ": line 2: index 'x' is no number from 0 on", true},
        {"index,acc\n15625,90\n", NB_ERR_FORMAT, ": line 2: index 15625 is beyond the last, 15624", true},
        {"index,acc\n1,90,5\n", NB_ERR_FORMAT, ": line 2: 3 columns, the first line has 2", true},
        {"index,acc\n1,90\n1,91\n", NB_ERR_EXISTS, ": line 3: architecture 1 comes twice in this file", true},
        {"name,acc\n1,90\n", NB_ERR_FORMAT, ": line 1: no column 'index' or 'arch'", true},
        {"index,accuracy\n1,90\n", NB_ERR_NOT_FOUND, ": line 1: no column 'acc'", true},
        {"index,acc\n1,90\n", NB_ERR_FORMAT, ": line 1: no column is named DATASET/SCHEDULE/SPLIT/METRIC or was mapped to such a name",
         false},
        {"index,index\n1,90\n", NB_ERR_FORMAT, ": line 1, column 2 ('index'): a second column of this name", false},
        {"index,acc,cifar10/12/ori-test/accuracy\n1,90,3\n", NB_ERR_FORMAT,
         ": line 1: columns 'acc' and 'cifar10/12/ori-test/accuracy' hold the same number", true},
        {"arch,acc\n|x|,90\n", NB_ERR_FORMAT, ": line 2: arch '|x|' is no architecture of a known space", true},
        {"index,acc\n", NB_ERR_FORMAT, ": no results in it", true},
        {"\n", NB_ERR_TRUNCATED, ": no first line with the names of the columns", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nb_import_options options = {.columns = mapping, .column_count = cases[i].mapped};
        nb_table *table;
        nb_error err = {0};
        assert_int_equal(import_text(cases[i].text, &options, &table, NULL, &err), cases[i].status);
        const char *name = strstr(err.message, "own.csv");
        assert_non_null(name);
        assert_string_equal(name + strlen("own.csv"), cases[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_split_as_rfc_4180_says),
        cmocka_unit_test(damaged_records_are_named_with_their_line),
        cmocka_unit_test(numbers_are_whole_words),
        cmocka_unit_test(a_target_names_dataset_schedule_split_and_metric),
        cmocka_unit_test(a_target_that_says_something_else_is_refused),
        cmocka_unit_test(own_results_become_a_table),
        cmocka_unit_test(the_architecture_may_be_given_by_its_string),
        cmocka_unit_test(every_mistake_is_named_with_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
