/* Searching: one run of R-EA beside the published script's loop in Python, experiments of 500 runs, and searches that train. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "nasbench/experiment.h"

enum { ROWS = 15625, TRIALS = 3, EPOCHS = 12, EVALUATIONS = 87, RUNS = 500, BLOCK = 1000, REPEATS = 15, LIVE = 10 };

static const char *const algorithms[] = {"rea", "random", "reinforce", "bohb"};

static void must(nb_status status, const nb_error *err)
{
    if (status == NB_OK)
        return;
    fprintf(stderr, "bench_search: %s\n", err->message);
    exit(1);
}

/* ---------------------------------------------------------------- a table as large as the benchmark's */

static void add_feedback(nb_table_writer *writer, uint32_t row, uint32_t seed, double quality, nb_rng *rng)
{
    const double accuracy = quality + nb_rng_normal(rng), pass = 2 + nb_rng_uniform(rng), epoch = 5 + 6 * nb_rng_uniform(rng);
    double epochs[EPOCHS];
    for (size_t i = 0; i < EPOCHS; i++)
        epochs[i] = epoch;
    const nb_curve curves[] = {{"x-valid", NB_METRIC_ACCURACY, EPOCHS - 1, 1, &accuracy, NULL},
                               {"x-valid", NB_METRIC_TIME, EPOCHS - 1, 1, &pass, NULL},
                               {"train", NB_METRIC_TIME, 0, EPOCHS, epochs, NULL}};
    nb_trial trial = {.row = row, .dataset = "cifar10-valid", .schedule = "12", .seed = seed, .epochs = EPOCHS, .flops = 1, .params = 1};
    nb_error err;
    trial.curves = curves;
    trial.curve_count = 3;
    must(nb_table_writer_add(writer, &trial, &err), &err);
}

static void add_result(nb_table_writer *writer, uint32_t row, const char *dataset, double accuracy)
{
    const nb_curve curve = {"ori-test", NB_METRIC_ACCURACY, 199, 1, &accuracy, NULL};
    const nb_trial trial = {.row = row,
                            .dataset = dataset,
                            .schedule = "200",
                            .seed = 777,
                            .epochs = 200,
                            .flops = 1,
                            .params = 1,
                            .curves = &curve,
                            .curve_count = 1};
    nb_error err;
    must(nb_table_writer_add(writer, &trial, &err), &err);
}

/* Accuracies that depend on the operations, so that there is something to be found. */
static double quality_of(const nb_arch *arch)
{
    static const double worth[] = {0, 2, 4, 6, 1}; /* none, skip, 1x1, 3x3, pool */
    double sum = 45;
    for (size_t i = 0; i < arch->count; i++)
        sum += worth[arch->code[i]];
    return sum;
}

static nb_table *make_table(const char *path)
{
    nb_error err;
    nb_table_writer *writer;
    nb_table *table;
    nb_rng rng = nb_rng_seed(5, 0);
    const nb_space *space = nb_space_find("nasbench201", NULL);
    const nb_table_description description = {.space = space, .flavour = NB_FLAVOUR_NATS};
    must(nb_table_writer_open(path, &description, &writer, &err), &err);
    for (uint32_t row = 0; row < ROWS; row++) {
        nb_arch arch;
        must(nb_space_at(space, row, &arch, &err), &err);
        const double quality = quality_of(&arch) + 2 * nb_rng_normal(&rng);
        for (uint32_t seed = 0; seed < TRIALS; seed++)
            add_feedback(writer, row, seed, quality, &rng);
        add_result(writer, row, "cifar10", quality + 10);
        add_result(writer, row, "cifar100", quality - 12);
        add_result(writer, row, "ImageNet16-120", quality - 40);
    }
    must(nb_table_writer_commit(writer, NULL, &err), &err);
    must(nb_table_open(path, &table, &err), &err);
    return table;
}

/* ---------------------------------------------------------------- one run */

typedef struct runs {
    nb_search *search;
    const nb_objective *objective;
    uint64_t stream;
} runs;

static void run_block(void *user)
{
    runs *self = user;
    nb_error err;
    nb_search_result answer;
    for (size_t i = 0; i < BLOCK; i++) {
        must(nb_search_restart(self->search, self->stream++, &err), &err);
        must(nb_search_run(self->search, self->objective, NULL, &err), &err);
        must(nb_search_answer(self->search, &answer, &err), &err);
        BENCH_KEEP(answer.accuracy);
    }
}

static void measure_one_run(const nb_objective *objective)
{
    nb_error err;
    char line[64] = "";
    runs work = {.objective = objective};
    const nb_search_options options = {.algorithm = "rea", .space = objective->space, .budget = {.evaluations = EVALUATIONS}, .seed = 1};
    must(nb_search_new(&options, &work.search, &err), &err);
    const bench_times times = bench_repeat(run_block, &work, REPEATS);
    const char *const arguments[] = {"300", "87", NULL};
    const bench_cost peer = bench_peer("rea_loop.py", arguments, line, sizeof line);
    bench_row("one run of R-EA, 87 evaluations", 1e6 * times.median / BLOCK, peer.finished ? strtod(line, NULL) : NAN, "us",
              BENCH_LESS_IS_BETTER);
    nb_search_free(work.search);
}

/* ---------------------------------------------------------------- experiments */

typedef struct experiments {
    const nb_objective *objective;
    const nb_outcomes *outcomes;
    const char *path; /* NULL: nothing is written */
    size_t first, count;
} experiments;

static void run_experiments(void *user)
{
    const experiments *self = user;
    nb_error err;
    for (size_t i = self->first; i < self->first + self->count; i++) {
        const nb_experiment_options options = {.search = {.algorithm = algorithms[i], .budget = {.seconds = 12000}, .seed = 1},
                                               .runs = RUNS,
                                               .threads = 1,
                                               .path = self->path};
        nb_experiment_summary *summary;
        must(nb_experiment_run(&options, self->objective, self->outcomes, NULL, &summary, &err), &err);
        nb_experiment_summary_free(summary);
    }
}

static void measure_experiments(const char *what, experiments work)
{
    bench_row(what, 1e3 * bench_repeat(run_experiments, &work, REPEATS).median, NAN, "ms", BENCH_LESS_IS_BETTER);
}

static void measure_all_experiments(const nb_objective *objective, const nb_outcomes *outcomes, const char *path)
{
    measure_experiments("500 runs of R-EA, 12,000 s each", (experiments){objective, outcomes, NULL, 0, 1});
    measure_experiments("500 runs of random search", (experiments){objective, outcomes, NULL, 1, 1});
    measure_experiments("500 runs of REINFORCE", (experiments){objective, outcomes, NULL, 2, 1});
    measure_experiments("500 runs of BOHB", (experiments){objective, outcomes, NULL, 3, 1});
    measure_experiments("500 runs of all four", (experiments){objective, outcomes, NULL, 0, 4});
    measure_experiments("the same with every trajectory on disk", (experiments){objective, outcomes, path, 0, 4});
}

/* ---------------------------------------------------------------- real training */

/* Fashion-MNIST in a small network, as the smallest benchmarks of one's own are made. False when the images are not there. */
static bool measure_training(void)
{
    nb_error err;
    nb_dataset *dataset;
    nb_objective objective;
    nb_search *search;
    const nb_dataset_options images = {.resolution = 16};
    nb_live_objective_options live = {.train = nb_train_defaults()};
    live.train.schedule = "2";
    live.train.channels = 4;
    live.train.cells = 1;
    live.train.batch = 64;
    if (nb_dataset_load("fashion-mnist-valid", &images, NULL, &dataset, &err) != NB_OK)
        return false;
    must(nb_objective_of_training(dataset, &live, &objective, &err), &err);
    const nb_search_options options = {.algorithm = "random", .space = objective.space, .budget = {.evaluations = LIVE}, .seed = 1};
    must(nb_search_new(&options, &search, &err), &err);
    const double before = bench_cpu();
    must(nb_search_run(search, &objective, NULL, &err), &err);
    bench_row("evaluations that train, per hour and core", 3600 * LIVE / (bench_cpu() - before), NAN, "/h", BENCH_MORE_IS_BETTER);
    nb_search_free(search);
    nb_objective_free(&objective);
    nb_dataset_free(dataset);
    return true;
}

int main(void)
{
    char folder[] = "/tmp/bench_search_XXXXXX", table_path[64], path[64];
    if (!mkdtemp(folder)) {
        perror("bench_search");
        return 1;
    }
    snprintf(table_path, sizeof table_path, "%s/table.safetensors", folder);
    snprintf(path, sizeof path, "%s/runs.jsonl", folder);
    nb_error err;
    nb_objective objective;
    nb_outcomes *outcomes;
    nb_table *table = make_table(table_path);
    must(nb_objective_of_table(table, &(nb_table_objective_options){.dataset = "cifar10"}, &objective, &err), &err);
    must(nb_outcomes_of_table(table, NULL, &outcomes, &err), &err);

    bench_title("Searches on a table of 15,625 architectures, one thread");
    bench_command("build/bench/bench_search");
    measure_one_run(&objective);
    measure_all_experiments(&objective, outcomes, path);
    if (measure_training())
        bench_note(
            "The peer is R-EA's loop written in Python as the published script has it, on a dict of strings. Evaluations that train: "
            "random cells, two epochs on the training half of Fashion-MNIST (30,000 images of 16x16, batches of 64), 4 channels, one "
            "cell per stage, then the 30,000 images of the other half; the mean over %d cells.",
            LIVE);
    nb_outcomes_free(outcomes);
    nb_objective_free(&objective);
    nb_table_close(table);
    unlink(table_path);
    unlink(path);
    rmdir(folder);
    return 0;
}
