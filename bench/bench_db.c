/* NNI's database of NAS-Bench-201: building it from a table, and asking it, beside a Python client on the same file.
 *
 * The database has all 15,625 architectures and as many trials as the published one (226,069), but of 12 epochs each: questions about
 * trials do not touch the points of their curves. The file without ANALYZE's statistics is as NNI made it. */
#include "bench.h"

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nasbench/db_build.h"
#include "nasbench/space.h"
#include "nasbench/table.h"

enum { ROWS = 15625, EPOCHS = 12, TRIALS = 226069, QUESTIONS = 100000 };

static const char *const datasets[] = {"cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"};

static void must(nb_status status, const nb_error *err)
{
    if (status == NB_OK)
        return;
    fprintf(stderr, "bench_db: %s\n", err->message);
    exit(1);
}

static const char *place(const char *name)
{
    static char paths[4][512];
    static int next;
    const char *folder = getenv("NASBENCH_BENCH_DIR");
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/nasbench-bench-%s", folder ? folder : "/tmp", name);
    return path;
}

static void add_trial(nb_table_writer *writer, uint32_t row, int dataset, uint32_t seed)
{
    static const char *const splits[] = {"train", "x-valid", "x-test", "ori-test"};
    static double values[4][2][EPOCHS], times[EPOCHS];
    nb_curve curves[12];
    nb_rng rng = nb_rng_seed(row, (uint64_t)dataset * 1000 + seed);
    const double latency = 0.01 + 0.01 * nb_rng_uniform(&rng);
    nb_error err;
    for (int split = 0; split < 4; split++) {
        for (int epoch = 0; epoch < EPOCHS; epoch++) {
            values[split][0][epoch] = 100 * nb_rng_uniform(&rng);
            values[split][1][epoch] = 5 * nb_rng_uniform(&rng);
            times[epoch] = 7.2;
        }
        curves[3 * split] = (nb_curve){splits[split], NB_METRIC_ACCURACY, 0, EPOCHS, values[split][0], NULL};
        curves[3 * split + 1] = (nb_curve){splits[split], NB_METRIC_LOSS, 0, EPOCHS, values[split][1], NULL};
        curves[3 * split + 2] = (nb_curve){splits[split], NB_METRIC_TIME, 0, EPOCHS, times, NULL};
    }
    const nb_trial trial = {.row = row,
                            .dataset = datasets[dataset],
                            .schedule = "12",
                            .seed = seed,
                            .epochs = EPOCHS,
                            .flops = row % 100 + 7.78305,
                            .params = row % 50 * 0.03 + 0.073306,
                            .latency = &latency,
                            .latency_count = 1,
                            .curves = curves,
                            .curve_count = 12};
    must(nb_table_writer_add(writer, &trial, &err), &err);
}

static void make_table(const char *path)
{
    nb_error err;
    nb_table_writer *writer;
    const nb_table_description description = {.space = nb_space_find("nasbench201", NULL), .rows = ROWS, .flavour = NB_FLAVOUR_2_0};
    must(nb_table_writer_open(path, &description, &writer, &err), &err);
    for (uint32_t row = 0, left = TRIALS; row < ROWS; row++)
        for (uint32_t i = 0, count = left / (ROWS - row); i < count; i++, left--)
            add_trial(writer, row, (int)(i % 4), 111 + 222 * (i / 4));
    must(nb_table_writer_commit(writer, NULL, &err), &err);
}

/* A copy of a database as NNI made it. */
static void copy_without_statistics(const char *from, const char *to)
{
    char sql[1200];
    sqlite3 *sqlite;
    remove(to);
    snprintf(sql, sizeof sql, "VACUUM INTO '%s'", to);
    if (sqlite3_open(from, &sqlite) != SQLITE_OK || sqlite3_exec(sqlite, sql, NULL, NULL, NULL) != SQLITE_OK)
        exit(1);
    sqlite3_close(sqlite);
    if (sqlite3_open(to, &sqlite) != SQLITE_OK || sqlite3_exec(sqlite, "DROP TABLE sqlite_stat1", NULL, NULL, NULL) != SQLITE_OK)
        exit(1);
    sqlite3_close(sqlite);
}

/* Questions by architecture, epochs and data set, per second of processor time. */
static double ask(const char *path)
{
    nb_db *db;
    nb_error err;
    static char archs[ROWS][NB_DB_ARCH_SIZE];
    static const char *const names[] = {"cifar10-valid", "cifar10", "cifar100", "imagenet16-120"};
    nb_rng rng = nb_rng_seed(5, 0);
    for (uint32_t row = 0; row < ROWS; row++) {
        nb_arch arch;
        must(nb_space_at(nb_space_find("nasbench201", NULL), row, &arch, &err), &err);
        nb_db_arch_format(&arch, archs[row], sizeof archs[row]);
    }
    must(nb_db_open(path, &db, &err), &err);
    const double start = bench_cpu();
    size_t found = 0;
    for (int i = 0; i < QUESTIONS; i++) {
        nb_db_query *query;
        const nb_db_trial *trial;
        const nb_db_filter filter = {
            .arch = archs[nb_rng_below(&rng, ROWS)], .num_epochs = EPOCHS, .dataset = names[nb_rng_below(&rng, 4)]};
        must(nb_db_query_open(db, &filter, &query, &err), &err);
        while (nb_db_query_next(query, &trial, &err) == NB_OK && trial)
            found++;
        nb_db_query_close(query);
    }
    const double seconds = bench_cpu() - start;
    nb_db_close(db);
    if (found < QUESTIONS)
        exit(1);
    return QUESTIONS / seconds;
}

static double iterate(const char *path)
{
    nb_db *db;
    nb_db_query *query;
    const nb_db_trial *trial;
    nb_error err;
    size_t count = 0;
    must(nb_db_open(path, &db, &err), &err);
    const double start = bench_cpu();
    must(nb_db_query_open(db, NULL, &query, &err), &err);
    while (nb_db_query_next(query, &trial, &err) == NB_OK && trial)
        count++;
    nb_db_query_close(query);
    const double seconds = bench_cpu() - start;
    nb_db_close(db);
    if (count != TRIALS)
        exit(1);
    return seconds;
}

static double peer(const char *mode, const char *path, const char *count)
{
    char line[64] = "";
    const bench_cost cost = bench_peer("nni_client.py", (const char *const[]){mode, path, count, NULL}, line, sizeof line);
    return cost.finished ? strtod(line, NULL) : (double)NAN;
}

int main(void)
{
    const char *table = place("db.safetensors"), *path = place("nasbench201.db"), *bare = place("bare.db");
    nb_db_build_summary summary;
    nb_error err;
    make_table(table);
    const double start = bench_cpu();
    must(nb_db_build(NB_DB_NASBENCH201, &table, 1, path, &summary, NULL, &err), &err);
    const double built = bench_cpu() - start;
    copy_without_statistics(path, bare);

    bench_title("NNI's database of NAS-Bench-201, 226,069 trials of 12 epochs; the peer is a Python client with peewee");
    bench_command("build/bench/bench_db");
    bench_row("build: 125,000 configs, 226,069 trials, 2,712,828 points", built, (double)NAN, "s", BENCH_LESS_IS_BETTER);
    bench_row("questions by architecture, epochs, data set; with ANALYZE", ask(path), peer("ask", path, "500"), "1/s",
              BENCH_MORE_IS_BETTER);
    bench_row("the same without ANALYZE", ask(bare), peer("ask", bare, "30"), "1/s", BENCH_MORE_IS_BETTER);
    bench_row("iterate over all trials", iterate(path), peer("iterate", path, "0"), "s", BENCH_LESS_IS_BETTER);
    bench_note("Processor time. The client builds the objects that NNI's query functions give; ours fills structs.");
    remove(table);
    remove(path);
    remove(bare);
    return 0;
}
