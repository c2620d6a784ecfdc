/* Questions to an imported table of NAS-Bench-101, given as the argument, by its own interface. bench_nasbench101_import.py runs it. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "nasbench/nasbench101_api.h"
#include "nasbench/query.h"

enum { QUESTIONS = 1 << 20, REPEATS = 5 };

typedef struct subject {
    nb_table *table;
    nb_api101 api;
    nb_query query;
    uint32_t *rows; /* [QUESTIONS] */
    double sum;
} subject;

static void must(nb_status status, const nb_error *err)
{
    if (status == NB_OK)
        return;
    fprintf(stderr, "bench_nasbench101_api: %s\n", err->message);
    exit(1);
}

static void ask_api(subject *s)
{
    nb_result101 result;
    for (int i = 0; i < QUESTIONS; i++) {
        nb_api101_query_row(&s->api, s->rows[i], 108, false, &result, NULL);
        s->sum += result.metrics.validation_accuracy;
    }
}

static void ask_hash(subject *s)
{
    uint32_t row;
    for (int i = 0; i < QUESTIONS; i++) {
        nb_api101_row_of_hash(&s->api, nb_table_hash(s->table, s->rows[i]), &row, NULL);
        nb_result101 result;
        nb_api101_query_row(&s->api, row, 108, false, &result, NULL);
        s->sum += result.metrics.validation_accuracy;
    }
}

static void ask_matrix(subject *s)
{
    nb_result101 result;
    for (int i = 0; i < QUESTIONS / 8; i++) {
        nb_arch arch = nb_table_arch(s->table, s->rows[i]);
        nb_modelspec spec;
        nb_modelspec_from_arch(&arch, &spec);
        nb_api101_query(&s->api, &spec, 108, false, &result, NULL);
        s->sum += result.metrics.validation_accuracy;
    }
}

static void ask_query(subject *s)
{
    double value;
    for (int i = 0; i < QUESTIONS; i++) {
        nb_query_get(&s->query, s->rows[i], &value);
        s->sum += value;
    }
}

/* The best processor time of a few, in millions of questions a second. */
static void report(const char *what, void (*ask)(subject *), subject *s, int questions)
{
    double best = 1e300;
    for (int i = 0; i < REPEATS; i++) {
        double start = bench_cpu();
        ask(s);
        double seconds = bench_cpu() - start;
        best = seconds < best ? seconds : best;
    }
    printf("| %s | %.4g M/s | | |\n", what, questions / best / 1e6);
}

int main(int argc, char **argv)
{
    nb_error err;
    subject s = {0};
    if (argc != 2) {
        fprintf(stderr, "bench_nasbench101_api: measured by bench_nasbench101_import.py, on the table that it imports\n");
        return 0;
    }
    double best = 1e300;
    for (int i = 0; i < REPEATS; i++) {
        double start = bench_cpu();
        must(nb_table_open(argv[1], &s.table, &err), &err);
        double seconds = bench_cpu() - start;
        best = seconds < best ? seconds : best;
        if (i + 1 < REPEATS)
            nb_table_close(s.table);
    }
    must(nb_api101_init(s.table, 0, &s.api, &err), &err);
    nb_rng rng = nb_rng_seed(1, 0);
    const nb_query_spec spec = {.dataset = "cifar10",
                                .schedule = "108",
                                .split = "x-valid",
                                .metric = NB_METRIC_ACCURACY,
                                .epoch = NB_EPOCH_LAST,
                                .pick = {.kind = NB_PICK_RANDOM, .rng = &rng}};
    must(nb_query_compile(s.table, &spec, &s.query, &err), &err);
    s.rows = malloc(QUESTIONS * sizeof *s.rows);
    if (!s.rows)
        return 1;
    for (int i = 0; i < QUESTIONS; i++)
        s.rows[i] = (uint32_t)nb_rng_below(&rng, nb_table_get_info(s.table)->rows);
    printf("| open, processor | %.4g ms | | |\n", 1e3 * best);
    report("accuracy of a random run by index, compiled query", ask_query, &s, QUESTIONS);
    report("query by index: time, three accuracies, counters", ask_api, &s, QUESTIONS);
    report("query by hash", ask_hash, &s, QUESTIONS);
    report("query by matrix", ask_matrix, &s, QUESTIONS / 8);
    if (s.sum == 0)
        return 1;
    free(s.rows);
    nb_table_close(s.table);
    return 0;
}
