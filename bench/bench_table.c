/* The table at the size of NAS-Bench-201 v1.0: writing it, opening it in a fresh process, and asking it. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nasbench/query.h"
#include "nasbench/space.h"

enum { ROWS = 15625, EPOCHS = 200, POOL = 1 << 16, QUESTIONS = 1 << 20, LATENCIES = 20, TEXT_ROOM = 96 };

static void must(nb_status status, const nb_error *err)
{
    if (status == NB_OK)
        return;
    fprintf(stderr, "bench_table: %s\n", err->message);
    exit(1);
}

/* ---------------------------------------------------------------- a table of the size and shape of v1.0 */

static double pool[POOL]; /* numbers that need all bits of a double */

static void fill_pool(void)
{
    nb_rng rng = nb_rng_seed(201, 0);
    for (int i = 0; i < POOL; i++)
        pool[i] = 100 * nb_rng_uniform(&rng);
}

/* Architectures are trained once, twice or three times as often as in the published file (6,219, 1,621 and 7,785), in mixed order. */
static uint32_t trials_of(uint32_t row)
{
    uint32_t place = (uint32_t)((uint64_t)row * 7919 % ROWS);
    return place < 6219 ? 1 : place < 6219 + 1621 ? 2 : 3;
}

typedef struct shape {
    const char *dataset;
    const char *by_epoch; /* the set that is evaluated after each epoch */
    const char *last[2];  /* those evaluated at the end */
    uint32_t classes;
} shape;

static const shape SHAPES[] = {
    {"cifar10-valid", "x-valid", {"ori-test", NULL}, 10},
    {"cifar10", "ori-test", {NULL, NULL}, 10},
    {"cifar100", "ori-test", {"x-valid", "x-test"}, 100},
    {"ImageNet16-120", "ori-test", {"x-valid", "x-test"}, 120},
};

static const double *values_at(uint64_t key, uint32_t count)
{
    return pool + (key * 2654435761u >> 7) % (POOL - count);
}

static void add_long_trial(nb_table_writer *writer, uint32_t row, uint32_t seed, const shape *s)
{
    nb_curve curves[8];
    size_t count = 0;
    uint64_t key = (uint64_t)row * 1000 + seed + (uint64_t)(s - SHAPES) * 77;
    for (int metric = NB_METRIC_LOSS; metric <= NB_METRIC_ACCURACY; metric++) {
        curves[count++] = (nb_curve){"train", (nb_metric)metric, 0, EPOCHS, values_at(key++, EPOCHS), NULL};
        curves[count++] = (nb_curve){s->by_epoch, (nb_metric)metric, 0, EPOCHS, values_at(key++, EPOCHS), NULL};
        for (int i = 0; i < 2; i++) {
            if (s->last[i])
                curves[count++] = (nb_curve){s->last[i], (nb_metric)metric, EPOCHS - 1, 1, values_at(key++, 1), NULL};
        }
    }
    nb_trial trial = {.row = row,
                      .dataset = s->dataset,
                      .schedule = "200",
                      .seed = seed,
                      .epochs = EPOCHS,
                      .flops = row % 100 + 7.78305,
                      .params = row % 50 * 0.03 + 0.073306,
                      .latency = values_at(key, LATENCIES),
                      .latency_count = LATENCIES,
                      .curves = curves,
                      .curve_count = count,
                      .config = {16, 5, s->classes, NULL}};
    nb_error err;
    must(nb_table_writer_add(writer, &trial, &err), &err);
}

static void add_short_trial(nb_table_writer *writer, uint32_t row)
{
    const char *const splits[] = {"train", "x-valid", "ori-test"};
    nb_curve curves[12];
    size_t count = 0;
    for (int s = 0; s < 3; s++) {
        for (int metric = 0; metric < NB_METRIC_COUNT; metric++) {
            const double *values = values_at(row * 13 + (uint64_t)count, 12);
            if (s == 0 || metric != NB_METRIC_ACCURACY5)
                curves[count++] = (nb_curve){splits[s], (nb_metric)metric, 0, 12, values, NULL};
        }
    }
    nb_trial trial = {.row = row,
                      .dataset = "cifar10-valid",
                      .schedule = "12",
                      .seed = 777,
                      .epochs = 12,
                      .flops = 7.78305,
                      .params = 0.073306,
                      .latency = pool,
                      .latency_count = 1,
                      .curves = curves,
                      .curve_count = count,
                      .config = {16, 5, 10, NULL}};
    nb_error err;
    must(nb_table_writer_add(writer, &trial, &err), &err);
}

static void write_table(const char *path)
{
    nb_error err;
    nb_table_writer *writer;
    nb_table_description description = {.space = nb_space_find("nasbench201", &err), .flavour = NB_FLAVOUR_1_0, .benchmark = "stand-in"};
    must(nb_table_writer_open(path, &description, &writer, &err), &err);
    for (uint32_t row = 0; row < ROWS; row++) {
        for (size_t s = 0; s < sizeof SHAPES / sizeof *SHAPES; s++) {
            for (uint32_t k = 0; k < trials_of(row); k++)
                add_long_trial(writer, row, 777 + 111 * k, &SHAPES[s]);
        }
        add_short_trial(writer, row);
    }
    must(nb_table_writer_commit(writer, NULL, &err), &err);
}

/* ---------------------------------------------------------------- opening, in a process of its own */

/* Prints the microseconds of opening (processor and wall) and the bytes resident before, and after ten questions. */
static int open_once(const char *path)
{
    nb_error err;
    nb_table *table;
    size_t before = bench_resident();
    double cpu = bench_cpu(), wall = bench_wall();
    must(nb_table_open(path, &table, &err), &err);
    cpu = bench_cpu() - cpu;
    wall = bench_wall() - wall;
    const char *const datasets[] = {"cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"};
    double sum = 0;
    for (uint32_t i = 0; i < 10; i++) {
        nb_query query;
        const nb_query_spec spec = {.dataset = datasets[i % 4],
                                    .schedule = "200",
                                    .split = "train",
                                    .metric = i % 2 ? NB_METRIC_LOSS : NB_METRIC_ACCURACY,
                                    .epoch = NB_EPOCH_LAST};
        must(nb_query_compile(table, &spec, &query, &err), &err);
        for (uint32_t row = 0; row < ROWS; row++) {
            double value;
            nb_query_get(&query, row, &value);
            sum += value;
        }
    }
    printf("%.3f %.3f %zu %zu %g\n", cpu * 1e6, wall * 1e6, before, bench_resident(), sum);
    nb_table_close(table);
    return 0;
}

/* ---------------------------------------------------------------- questions */

typedef struct questions {
    const nb_table *table;
    nb_query query;
    uint32_t *rows;   /* [QUESTIONS] random */
    double *column;   /* [ROWS] */
    char *texts;      /* [ROWS][TEXT_ROOM] */
    uint8_t *lengths; /* [ROWS] */
    nb_best_spec best;
    uint32_t setup;
    nb_flavour flavour;
} questions;

static void ask_single(void *user)
{
    const questions *q = user;
    double sum = 0, value;
    for (int i = 0; i < QUESTIONS; i++) {
        nb_query_get(&q->query, q->rows[i], &value);
        sum += value;
    }
    BENCH_KEEP(sum);
}

static void ask_columns(void *user)
{
    const questions *q = user;
    for (int i = 0; i < 64; i++)
        nb_query_column(&q->query, q->column, NULL);
    BENCH_KEEP(q->column[0]);
}

static void ask_rows(void *user)
{
    const questions *q = user;
    int64_t sum = 0;
    for (int i = 0; i < QUESTIONS; i++)
        sum += nb_table_row_of_text(q->table, q->texts + (size_t)q->rows[i] * TEXT_ROOM, q->lengths[q->rows[i]]);
    BENCH_KEEP(sum);
}

static void ask_more_info(void *user)
{
    const questions *q = user;
    const nb_pick mean = {0};
    nb_more_info info;
    for (int i = 0; i < QUESTIONS / 16; i++)
        nb_table_more_info(q->table, q->setup, q->rows[i], NB_EPOCH_LAST, &mean, q->flavour, &info, NULL);
    BENCH_KEEP(info.count);
}

static void ask_best(void *user)
{
    const questions *q = user;
    nb_best best;
    uint32_t count;
    for (int i = 0; i < 64; i++)
        nb_table_best(q->table, &q->best, &best, 1, &count, NULL);
    BENCH_KEEP(best.row);
}

static void ask_compile(void *user)
{
    const questions *q = user;
    nb_query query;
    for (int i = 0; i < 4096; i++)
        nb_query_compile(q->table, &q->best.query, &query, NULL);
    BENCH_KEEP(query.trials);
}

static double rate(void (*work)(void *), questions *q, double count)
{
    return count / bench_repeat(work, q, 9).median / 1e6;
}

static void measure_questions(const char *path)
{
    nb_error err;
    nb_table *table;
    must(nb_table_open(path, &table, &err), &err);
    questions q = {.table = table,
                   .rows = malloc(QUESTIONS * sizeof *q.rows),
                   .column = malloc(ROWS * sizeof *q.column),
                   .texts = malloc((size_t)ROWS * TEXT_ROOM),
                   .lengths = malloc(ROWS)};
    if (!q.rows || !q.column || !q.texts || !q.lengths)
        exit(1);
    for (uint32_t row = 0; row < ROWS; row++) {
        nb_arch arch = nb_table_arch(table, row);
        q.lengths[row] = (uint8_t)nb_space_format(nb_table_get_info(table)->space, &arch, q.texts + (size_t)row * TEXT_ROOM, TEXT_ROOM);
    }
    nb_rng rng = nb_rng_seed(5, 5);
    for (int i = 0; i < QUESTIONS; i++)
        q.rows[i] = (uint32_t)nb_rng_below(&rng, ROWS);
    q.best.query =
        (nb_query_spec){.dataset = "cifar10", .schedule = "200", .split = "ori-test", .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST};
    must(nb_query_compile(table, &q.best.query, &q.query, &err), &err);

    bench_title("Questions, one thread, architectures in random order");
    bench_command("build/bench/bench_table");
    bench_row("row of an architecture string", rate(ask_rows, &q, QUESTIONS), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_row("final mean accuracy of one architecture, compiled query", rate(ask_single, &q, QUESTIONS), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_row("final mean accuracy of all, as a column", rate(ask_columns, &q, 64.0 * ROWS), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_row("compile a query", rate(ask_compile, &q, 4096), NAN, "M/s", BENCH_MORE_IS_BETTER);
    q.setup = (uint32_t)nb_table_setup(table, "cifar100", "200");
    q.flavour = NB_FLAVOUR_1_0;
    bench_row("get_more_info as of 1.0, cifar100, 200 epochs", rate(ask_more_info, &q, QUESTIONS / 16), NAN, "M/s", BENCH_MORE_IS_BETTER);
    q.flavour = NB_FLAVOUR_2_0;
    bench_row("get_more_info as of 2.0, cifar100, 200 epochs", rate(ask_more_info, &q, QUESTIONS / 16), NAN, "M/s", BENCH_MORE_IS_BETTER);
    q.setup = (uint32_t)nb_table_setup(table, "cifar10-valid", "12");
    bench_row("get_more_info as of 2.0, cifar10-valid, 12 epochs with times", rate(ask_more_info, &q, QUESTIONS / 16), NAN, "M/s",
              BENCH_MORE_IS_BETTER);
    bench_row("find_best over the table", bench_repeat(ask_best, &q, 9).median / 64 * 1e6, NAN, "us", BENCH_LESS_IS_BETTER);
    q.best.max_flops = 50;
    q.best.max_params = 0.7;
    q.best.max_latency = 60;
    bench_row("find_best with limits on FLOPs, parameters and latency", bench_repeat(ask_best, &q, 9).median / 64 * 1e6, NAN, "us",
              BENCH_LESS_IS_BETTER);
    bench_note("All answers are exact: the bits of the original interface's own arithmetic. An architecture has one to three trials, as "
               "often as in v1.0, so that a branch of the mean cannot be predicted.");
    free(q.rows);
    free(q.column);
    free(q.texts);
    free(q.lengths);
    nb_table_close(table);
}

/* ---------------------------------------------------------------- writing */

static void measure_opening(const char *self, const char *path)
{
    char line[256];
    const char *const argv[] = {self, "--open", path, NULL};
    double cpu = 0, wall = 0, sum, best_cpu = INFINITY, best_wall = INFINITY;
    size_t before = 0, after = 0;
    for (int i = 0; i < 9; i++) {
        bench_cost cost = bench_run(argv, line, sizeof line);
        if (!cost.finished || sscanf(line, "%lf %lf %zu %zu %lf", &cpu, &wall, &before, &after, &sum) != 5)
            return;
        best_cpu = cpu < best_cpu ? cpu : best_cpu;
        best_wall = wall < best_wall ? wall : best_wall;
    }
    bench_row("open it in a fresh process, wall", best_wall / 1e3, NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_row("open it in a fresh process, processor", best_cpu / 1e3, NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_row("resident after ten queries of all architectures", (double)after / 1e6, NAN, "MB", BENCH_LESS_IS_BETTER);
    bench_row("resident before opening", (double)before / 1e6, NAN, "MB", BENCH_LESS_IS_BETTER);
}

static void measure_opened_again(const char *path)
{
    nb_error err;
    double best = INFINITY;
    for (int i = 0; i < 200; i++) {
        nb_table *table;
        double start = bench_wall();
        must(nb_table_open(path, &table, &err), &err);
        double time = bench_wall() - start;
        best = time < best ? time : best;
        nb_table_close(table);
    }
    bench_row("open it again in the same process, wall", best * 1e3, NAN, "ms", BENCH_LESS_IS_BETTER);
}

static void measure_file(const char *self, const char *path)
{
    bench_forget_peak();
    double cpu = bench_cpu(), wall = bench_wall();
    write_table(path);
    cpu = bench_cpu() - cpu;
    wall = bench_wall() - wall;
    size_t peak = bench_peak();
    nb_error err;
    nb_table *table;
    must(nb_table_open(path, &table, &err), &err);
    double size = (double)nb_table_get_info(table)->bytes;
    double trials = (double)nb_table_get_info(table)->trials;
    double verify = bench_cpu();
    must(nb_table_verify(table, NULL, &err), &err);
    verify = bench_cpu() - verify;
    nb_table_close(table);

    bench_title("A table of %.0f trials, %.0f MB: NAS-Bench-201 v1.0", trials, size / 1e6);
    bench_command("build/bench/bench_table");
    bench_row("write it, processor", cpu, NAN, "s", BENCH_LESS_IS_BETTER);
    bench_row("write it, wall, synced to the disk", wall, NAN, "s", BENCH_LESS_IS_BETTER);
    bench_row("write it, most memory", (double)peak / 1e6, NAN, "MB", BENCH_LESS_IS_BETTER);
    bench_row("verify every byte", verify, NAN, "s", BENCH_LESS_IS_BETTER);
    measure_opening(self, path);
    measure_opened_again(path);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--open") == 0)
        return open_once(argv[2]);
    char folder[] = "/tmp/bench_table.XXXXXX";
    if (!mkdtemp(folder)) {
        perror("bench_table: mkdtemp");
        return 1;
    }
    char path[64];
    snprintf(path, sizeof path, "%s/v1.0.safetensors", folder);
    fill_pool();
    measure_file(argv[0], path);
    measure_questions(path);
    unlink(path);
    rmdir(folder);
    return 0;
}
