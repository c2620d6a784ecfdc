/* NAS-Bench-101: enumerating and hashing its space, and asking a table of all its cells by index, by hash and by arbitrary matrix. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nasbench/nasbench101.h"
#include "nasbench/query.h"
#include "nasbench/table.h"

enum { QUESTIONS = 1 << 20, REPEATS = 7, SIDE = NB_CELL101_VERTICES, TRIALS = 3 };

static void must(nb_status status, const nb_error *err)
{
    if (status == NB_OK)
        return;
    fprintf(stderr, "bench_nasbench101: %s\n", err->message);
    exit(1);
}

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (!memory) {
        perror("bench_nasbench101");
        exit(1);
    }
    return memory;
}

/* ---- parts that have to be measured in a process of their own, since they are done once ---- */

/* Prints the processor seconds of counting all cells by walking the catalogue, its making included, and of hashing all. */
static int enumerate_once(void)
{
    uint64_t edges = 0;
    double start = bench_cpu();
    for (uint32_t i = 0; i < NB_CELL101_CELLS; i++) {
        const nb_cell101 cell = nb_cell101_at(i);
        edges += (uint64_t)__builtin_popcount(cell.edges);
    }
    const double counting = bench_cpu() - start;
    uint8_t *hashes = allocate((size_t)NB_CELL101_CELLS * NB_CELL101_HASH_SIZE);
    start = bench_cpu();
    nb_cell101_hashes(hashes);
    const double hashing = bench_cpu() - start;
    printf("%.6f %.6f %llu %u\n", counting, hashing, (unsigned long long)edges, hashes[5]);
    free(hashes);
    return 0;
}

/* Prints the wall and processor milliseconds of opening the table, and then of the first question by hash and by matrix. */
static int open_once(const char *path)
{
    nb_error err;
    nb_table *table;
    const double wall = bench_wall(), cpu = bench_cpu();
    must(nb_table_open(path, &table, &err), &err);
    const double opened_wall = bench_wall() - wall, opened_cpu = bench_cpu() - cpu;
    double start = bench_cpu();
    const int64_t by_hash = nb_table_row_of_string(table, "28cfc7874f6d200472e1a9dcd8650aa0");
    const double hash = bench_cpu() - start;
    start = bench_cpu();
    const nb_arch arch = nb_table_arch(table, (uint32_t)by_hash);
    const int64_t by_matrix = nb_table_row(table, &arch);
    const double matrix = bench_cpu() - start;
    printf("%.6f %.6f %.6f %.6f %d\n", opened_wall * 1e3, opened_cpu * 1e3, hash * 1e3, matrix * 1e3, by_hash == by_matrix);
    nb_table_close(table);
    return 0;
}

/* The best of several runs of this program with one argument more, as its first `count` numbers. */
static void best_of_runs(const char *const argv[], double *best, int count)
{
    for (int k = 0; k < count; k++)
        best[k] = INFINITY;
    for (int run = 0; run < REPEATS; run++) {
        char line[256], *next = line;
        if (!bench_run(argv, line, sizeof line).finished)
            continue;
        for (int k = 0; k < count; k++) {
            const double value = strtod(next, &next);
            best[k] = value < best[k] ? value : best[k];
        }
    }
}

static void measure_enumeration(const char *self)
{
    const char *const argv[] = {self, "--enumerate", NULL};
    double best[2];
    best_of_runs(argv, best, 2);
    bench_title("The space: 423,624 cells, one thread");
    bench_command("build/bench/bench_nasbench101");
    bench_row("enumerate and count all cells, from nothing", best[0] * 1e3, NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_row("hash all cells: 23.2 million MD5 sums", best[1], NAN, "s", BENCH_LESS_IS_BETTER);
    bench_row("enumerated and hashed", best[0] + best[1], NAN, "s", BENCH_LESS_IS_BETTER);
}

/* ---- a table of all cells with three trials each ---- */

static void write_table(const char *path)
{
    nb_error err;
    nb_table_writer *writer;
    nb_rng rng = nb_rng_seed(101, 0);
    const nb_table_description description = {
        .space = nb_space_find("nasbench101", NULL), .flavour = NB_FLAVOUR_NATS, .benchmark = "stand-in"};
    must(nb_table_writer_open(path, &description, &writer, &err), &err);
    for (uint32_t row = 0; row < NB_CELL101_CELLS; row++) {
        for (uint32_t seed = 0; seed < TRIALS; seed++) {
            static const char *const splits[] = {"train", "x-valid", "ori-test"};
            double values[4];
            nb_curve curves[4];
            for (int s = 0; s < 4; s++) {
                values[s] = (double)((float)nb_rng_below(&rng, 9985) / 9984 * 100);
                curves[s] = (nb_curve){splits[s % 3], s < 3 ? NB_METRIC_ACCURACY : NB_METRIC_TIME, 107, 1, &values[s], NULL};
            }
            const nb_trial trial = {.row = row,
                                    .dataset = "cifar10",
                                    .schedule = "108",
                                    .seed = seed,
                                    .epochs = 108,
                                    .flops = 1000,
                                    .params = 1,
                                    .curves = curves,
                                    .curve_count = 4};
            must(nb_table_writer_add(writer, &trial, &err), &err);
        }
    }
    must(nb_table_writer_commit(writer, NULL, &err), &err);
}

/* ---- questions ---- */

typedef struct questions {
    const nb_table *table;
    nb_query query;
    uint32_t *rows;                          /* [QUESTIONS] */
    uint8_t (*hashes)[NB_CELL101_HASH_SIZE]; /* [QUESTIONS] */
    int (*matrices)[SIDE * SIDE];            /* [QUESTIONS] not pruned, vertices in any order */
    int (*labels)[SIDE];                     /* [QUESTIONS] */
} questions;

/* A matrix as a search hands it in: drawn at random, with what pruning will remove. */
static void draw_matrix(nb_rng *rng, int *matrix, int *labels)
{
    nb_modelspec graph;
    const nb_arch arch = nb_space_sample(nb_space_of(NB_SPACE_GRAPH), rng);
    nb_modelspec_from_arch(&arch, &graph);
    for (int v = 0; v < SIDE; v++) {
        labels[v] = graph.label[v];
        for (int to = 0; to < SIDE; to++)
            matrix[v * SIDE + to] = (int)(graph.out[v] >> to & 1);
    }
}

static void make_questions(questions *q)
{
    q->rows = allocate(QUESTIONS * sizeof *q->rows);
    q->hashes = allocate(QUESTIONS * sizeof *q->hashes);
    q->matrices = allocate(QUESTIONS * sizeof *q->matrices);
    q->labels = allocate(QUESTIONS * sizeof *q->labels);
    nb_rng rng = nb_rng_seed(5, 5);
    for (size_t i = 0; i < QUESTIONS; i++) {
        q->rows[i] = (uint32_t)nb_rng_below(&rng, NB_CELL101_CELLS);
        memcpy(q->hashes[i], nb_table_hash(q->table, (uint32_t)nb_rng_below(&rng, NB_CELL101_CELLS)), NB_CELL101_HASH_SIZE);
        draw_matrix(&rng, q->matrices[i], q->labels[i]);
    }
}

static void ask_by_index(void *user)
{
    const questions *q = user;
    double sum = 0, value;
    for (size_t i = 0; i < QUESTIONS; i++) {
        nb_query_get(&q->query, q->rows[i], &value);
        sum += value;
    }
    BENCH_KEEP(sum);
}

static void ask_by_hash(void *user)
{
    const questions *q = user;
    double sum = 0, value;
    for (size_t i = 0; i < QUESTIONS; i++) {
        nb_query_get(&q->query, (uint32_t)nb_table_row_of_hash(q->table, q->hashes[i]), &value);
        sum += value;
    }
    BENCH_KEEP(sum);
}

static void ask_by_matrix(void *user)
{
    const questions *q = user;
    double sum = 0, value;
    for (size_t i = 0; i < QUESTIONS; i++) {
        nb_modelspec graph;
        nb_arch arch;
        if (nb_modelspec_build(q->matrices[i], SIDE, SIDE, q->labels[i], SIDE, &graph, NULL) != NB_OK ||
            nb_modelspec_to_arch(&graph, &arch, NULL) != NB_OK)
            exit(1);
        nb_query_get(&q->query, (uint32_t)nb_table_row(q->table, &arch), &value);
        sum += value;
    }
    BENCH_KEEP(sum);
}

static void hash_matrices(void *user)
{
    const questions *q = user;
    uint8_t hash[NB_CELL101_HASH_SIZE], sum = 0;
    for (size_t i = 0; i < QUESTIONS / 64; i++) {
        nb_modelspec graph;
        nb_cell101 cell;
        nb_modelspec_build(q->matrices[i], SIDE, SIDE, q->labels[i], SIDE, &graph, NULL);
        nb_modelspec_cell(&graph, &cell, NULL);
        nb_cell101_hash(&cell, hash);
        sum ^= hash[0];
    }
    BENCH_KEEP(sum);
}

static double rate(void (*work)(void *), questions *q, double count)
{
    return count / bench_repeat(work, q, REPEATS).median / 1e6;
}

static void compile(questions *q, const nb_pick *pick)
{
    nb_error err;
    const nb_query_spec spec = {
        .dataset = "cifar10", .schedule = "108", .split = "x-valid", .metric = NB_METRIC_ACCURACY, .epoch = NB_EPOCH_LAST, .pick = *pick};
    must(nb_query_compile(q->table, &spec, &q->query, &err), &err);
}

static void measure_questions(const char *path)
{
    nb_error err;
    nb_table *table;
    nb_rng rng = nb_rng_seed(6, 6);
    must(nb_table_open(path, &table, &err), &err);
    questions q = {.table = table};
    make_questions(&q);
    compile(&q, &(nb_pick){.kind = NB_PICK_RANDOM, .rng = &rng});
    bench_row("one random trial, by index", rate(ask_by_index, &q, QUESTIONS), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_row("one random trial, by graph hash", rate(ask_by_hash, &q, QUESTIONS), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_row("one random trial, by arbitrary matrix: prune, canonicalise, look up", rate(ask_by_matrix, &q, QUESTIONS), NAN, "M/s",
              BENCH_MORE_IS_BETTER);
    compile(&q, &(nb_pick){.kind = NB_PICK_MEAN});
    bench_row("the mean of three trials, by index", rate(ask_by_index, &q, QUESTIONS), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_row("graph hash of an arbitrary matrix", rate(hash_matrices, &q, QUESTIONS / 64), NAN, "M/s", BENCH_MORE_IS_BETTER);
    bench_note("Random cells and matrices, different at each question. Matrices have seven vertices and are not pruned, as the reference's "
               "random search draws them.");
    free(q.rows);
    free(q.hashes);
    free(q.matrices);
    free(q.labels);
    nb_table_close(table);
}

static void measure_table(const char *self, const char *path)
{
    const char *const argv[] = {self, "--open", path, NULL};
    double best[4], start = bench_cpu();
    write_table(path);
    const double writing = bench_cpu() - start;
    best_of_runs(argv, best, 4);
    bench_title("A table of all cells with three trials each, one thread");
    bench_command("build/bench/bench_nasbench101");
    bench_row("write it, graph hashes included", writing, NAN, "s", BENCH_LESS_IS_BETTER);
    bench_row("open it in a fresh process, wall", best[0], NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_row("open it in a fresh process, processor", best[1], NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_row("the first row by hash in a fresh process", best[2], NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_row("the first row by matrix in a fresh process", best[3], NAN, "ms", BENCH_LESS_IS_BETTER);
    measure_questions(path);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--enumerate") == 0)
        return enumerate_once();
    if (argc == 3 && strcmp(argv[1], "--open") == 0)
        return open_once(argv[2]);
    char path[] = "/tmp/bench_nasbench101.XXXXXX";
    const int file = mkstemp(path);
    if (file < 0) {
        perror(path);
        return 1;
    }
    close(file);
    measure_enumeration(argv[0]);
    measure_table(argv[0], path);
    unlink(path);
    return 0;
}
