/* Training steps of NAS-Bench-201 networks, in turn with PyTorch on the same machine: images per second, memory, share of the processor's
 * arithmetic. PyTorch is measured as it is installed and with an allocator that keeps its memory, each in the better one of its two memory
 * layouts: all four in the first round, the better two in the others.
 *
 * bench_train [WORD]: only networks whose description holds WORD; `memory`: only the table of memory. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "nasbench/random.h"
#include "nasbench/topology.h"
#include "nn/net.h"
#include "nn/optimiser.h"
#include "peak.h"
#include "train/network.h"

enum { BATCH = 256, MAX_ROUNDS = 3, MAX_STEPS = 64 };

typedef struct size_case {
    uint32_t channels, cells, side;
    int rounds, steps; /* measured in each round */
} size_case;

static const size_case sizes[] = {{16, 5, 32, 2, 2}, {8, 1, 16, 3, 20}, {4, 1, 16, 3, 40}};

static const struct {
    const char *name, *arch;
} cells[] = {
    {"all nor_conv_3x3", "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"},
    {"architecture 1", "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"},
    {"architecture 0", "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"},
};

/* Our side: a network with one batch of random images, ready to take steps. */
typedef struct trainee {
    nb_graph *graph;
    nb_params *params;
    nb_optimiser *optimiser;
    nb_workers *workers;
    nb_net *net;
    float *images;
    int32_t labels[BATCH];
    int threads;
} trainee;

static void dismiss(trainee *t)
{
    nb_net_free(t->net);
    nb_optimiser_free(t->optimiser);
    nb_params_free(t->params);
    nb_graph_free(t->graph);
    nb_workers_free(t->workers);
    free(t->images);
    *t = (trainee){0};
}

static nb_status compile_network(const char *arch, const size_case *size, trainee *t, nb_error *err)
{
    nb_network network = {.input_channels = 3, .side = size->side, .classes = 10, .channels = size->channels, .cells = size->cells};
    nb_optimiser_options sgd = nb_sgd(0.9, true, 5e-4);
    nb_status status = nb_genotype_parse(arch, strlen(arch), &network.cell, err);
    status = status ? status : nb_network_build(&network, &t->graph, err);
    status = status ? status : nb_params_new(t->graph, &t->params, err);
    status = status ? status : nb_optimiser_new(&sgd, t->params, &t->optimiser, err);
    status = status ? status : nb_workers_new(t->threads, &t->workers, err);
    nb_net_options options = {.batch = BATCH, .training = true, .gradients = true, .threads = t->workers};
    return status ? status : nb_net_compile(t->graph, t->params, &options, &t->net, err);
}

static bool hire(const char *arch, const size_case *size, int threads, trainee *t)
{
    nb_error err = {.message = "no memory"};
    nb_rng rng = nb_rng_seed(1, 0);
    size_t floats = (size_t)BATCH * 3 * size->side * size->side;
    *t = (trainee){.threads = threads, .images = malloc(floats * sizeof(float))};
    if (!t->images || compile_network(arch, size, t, &err) != NB_OK) {
        fprintf(stderr, "bench_train: %s\n", err.message);
        dismiss(t);
        return false;
    }
    nb_params_init(t->params, &rng);
    for (size_t i = 0; i < floats; i++)
        t->images[i] = (float)nb_rng_normal(&rng);
    for (int i = 0; i < BATCH; i++)
        t->labels[i] = (int32_t)nb_rng_below(&rng, 10);
    return true;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

/* Images per second, the median over some steps; of processor time on one thread, of wall time on several, as for the peer. */
static double our_round(trainee *t, int steps)
{
    double seconds[MAX_STEPS];
    for (int i = -1; i < steps; i++) {
        double start = t->threads > 1 ? bench_wall() : bench_cpu();
        if (nb_net_step(t->net, t->images, t->labels, BATCH, NULL, NULL) != NB_OK)
            return NAN;
        nb_optimiser_step(t->optimiser, t->params, 1e-3);
        if (i >= 0)
            seconds[i] = (t->threads > 1 ? bench_wall() : bench_cpu()) - start;
    }
    return BATCH / median(seconds, steps);
}

/* How PyTorch is run: layout and allocator. */
static const char *const layouts[] = {"first", "last"};
enum { LAYOUTS = 2, ALLOCATORS = 2 };

static void tune_allocator(bool keeps_memory)
{
    static const char *const names[] = {"MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"};
    for (int i = 0; i < 3; i++) {
        if (keeps_memory)
            setenv(names[i], "1073741824", 1);
        else
            unsetenv(names[i]);
    }
}

/* PyTorch with one allocator. NaN where it is not installed. */
typedef struct rival {
    double rates[MAX_ROUNDS]; /* images per second */
    int layout;               /* the better one */
} rival;

/* Images per second and MB; NaN when there is no PyTorch. */
static double peer_round(const char *arch, const size_case *size, int threads, int layout, bool keeps_memory, double *megabytes)
{
    char number[6][16], line[64] = "";
    const unsigned values[6] = {size->channels, size->cells, size->side, BATCH, (unsigned)size->steps, (unsigned)threads};
    for (int i = 0; i < 6; i++)
        snprintf(number[i], sizeof number[i], "%u", values[i]);
    const char *const arguments[] = {arch, number[0], number[1], number[2], number[3], number[4], number[5], layouts[layout], NULL};
    double rate = NAN;
    tune_allocator(keeps_memory);
    bench_cost cost = bench_peer("torch_train.py", arguments, line, sizeof line);
    tune_allocator(false);
    return cost.finished && sscanf(line, "%lf %lf", &rate, megabytes) == 2 ? rate : NAN;
}

/* One more round of a rival; its first one settles the layout. */
static void run_rival(rival *r, const char *arch, const size_case *size, int threads, bool keeps_memory, int round)
{
    double rates[LAYOUTS], megabytes;
    if (round > 0) {
        r->rates[round] = peer_round(arch, size, threads, r->layout, keeps_memory, &megabytes);
        return;
    }
    for (int layout = 0; layout < LAYOUTS; layout++)
        rates[layout] = peer_round(arch, size, threads, layout, keeps_memory, &megabytes);
    r->layout = rates[1] > rates[0];
    r->rates[0] = rates[r->layout];
}

static double forward_macs(const char *arch, const size_case *size)
{
    const nb_space *space = nb_space_find("nasbench201", NULL);
    nb_shape shape = {3, size->side, size->side, 10, size->channels, size->cells};
    nb_arch cell;
    nb_costs costs = {NAN, NAN};
    if (nb_space_parse(space, arch, strlen(arch), &cell, NULL) == NB_OK)
        nb_space_costs(space, &cell, &shape, &costs, NULL);
    return costs.flops * 1e6;
}

/* What a network's rows are called. */
static void describe(char *text, size_t room, size_t which, const size_case *size, int threads, const char *rest)
{
    snprintf(text, room, "%s, C=%u N=%u %ux%u, %d thread%s%s%s", cells[which].name, size->channels, size->cells, size->side, size->side,
             threads, threads > 1 ? "s" : "", *rest ? ": " : "", rest);
}

static void measure(size_t which, const size_case *size, int threads, double peak, int wins[LAYOUTS])
{
    const char *arch = cells[which].arch;
    double ours[MAX_ROUNDS];
    rival rivals[ALLOCATORS];
    char what[128];
    trainee t;
    if (!hire(arch, size, threads, &t))
        return;
    for (int round = 0; round < size->rounds; round++) {
        ours[round] = our_round(&t, size->steps);
        for (int a = 0; a < ALLOCATORS; a++)
            run_rival(&rivals[a], arch, size, threads, a > 0, round);
    }
    double rate = median(ours, size->rounds);
    for (int a = 0; a < ALLOCATORS; a++) {
        describe(what, sizeof what, which, size, threads, a == 0 ? "PyTorch as installed" : "PyTorch, allocator tuned");
        bench_row(what, rate, median(rivals[a].rates, size->rounds), "images/s", BENCH_MORE_IS_BETTER);
    }
    describe(what, sizeof what, which, size, threads, "arithmetic");
    double gflops = 6 * forward_macs(arch, size) * rate * 1e-9; /* forward once, backward twice, two operations each */
    bench_row(what, 100 * gflops / (peak * threads), NAN, "% of the measured peak", BENCH_MORE_IS_BETTER);
    if (!isnan(rivals[0].rates[0]))
        wins[rivals[0].layout]++;
    dismiss(&t);
}

/* The most that either process ever held, libraries included. */
static void measure_memory(size_t which, const size_case *size)
{
    const size_case one_step = {.channels = size->channels, .cells = size->cells, .side = size->side, .rounds = 1, .steps = 1};
    char what[128];
    trainee t;
    bench_forget_peak();
    if (!hire(cells[which].arch, &one_step, 1, &t))
        return;
    our_round(&t, 1);
    dismiss(&t);
    double ours = (double)bench_peak() / 1048576, theirs = NAN;
    peer_round(cells[which].arch, &one_step, 1, 0, false, &theirs);
    describe(what, sizeof what, which, size, 1, "");
    bench_row(what, ours, theirs, "MB", BENCH_LESS_IS_BETTER);
}

static void table_of_memory(void)
{
    bench_title("Memory of training steps, batch %d", BATCH);
    bench_command("make bench BENCH=train");
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
            measure_memory(c, &sizes[s]);
    bench_note("The most that was resident of each process, its libraries included; PyTorch with channels first, as installed.");
}

static void table_of_speed(const char *word)
{
    double peak = bench_peak_arithmetic(nb_kernels_best());
    int wins[LAYOUTS] = {0};
    bench_title("Training steps (forward, backward, SGD with Nesterov momentum), batch %d, kernels %s", BATCH, nb_kernels_best()->name);
    bench_command("make bench BENCH=train");
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t c = 0; c < sizeof cells / sizeof *cells; c++)
            for (int threads = 1; threads <= 2; threads++) {
                char what[128];
                snprintf(what, sizeof what, "%s C=%u %d", cells[c].name, sizes[s].channels, threads);
                if (strstr(what, word))
                    measure(c, &sizes[s], threads, peak, wins);
            }
    bench_note(
        "The peer is PyTorch in the better of its two memory layouts for each network and allocator (as installed: channels first in "
        "%d networks, channels last in %d). \"As installed\" is what a user has who does nothing about it, and what our aims are set "
        "against: 1.3, 1.5 and 1.9 times its speed at C=16, 3 times at C=8, 5 times at C=4. \"Allocator tuned\" is the same program "
        "with MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_ and MALLOC_TOP_PAD_ set to 1 GiB, so that memory is not given back to "
        "the system after each tensor.",
        wins[0], wins[1]);
    bench_note("One core's peak in multiply-adds, measured in this run: %.0f GFLOP/s. Arithmetic is counted as the definition of a "
               "convolution has it, two operations for each multiply-add; minimal filtering does 3x3 convolutions with fewer, so a share "
               "above 100 %% is possible. Images/s are of processor time on one thread and of wall time on two.",
               peak);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";
    if (*word == '\0' || strcmp(word, "memory") == 0)
        table_of_memory();
    if (strcmp(word, "memory") != 0)
        table_of_speed(word);
    return 0;
}
