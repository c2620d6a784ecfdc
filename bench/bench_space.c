/* The topology space: how many strings, cells, steps and costs a second on one thread. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "nasbench/topology.h"

enum { PICKS = 1 << 20, REPEATS = 9, TEXT_ROOM = 96 };

/* Architectures drawn at random, and their strings one after the other as in a file. */
typedef struct workload {
    const nb_space *space;
    nb_arch *archs;   /* [PICKS] */
    char *texts;      /* [PICKS][TEXT_ROOM] a hundred megabytes */
    uint8_t *lengths; /* [PICKS] */
    char **shared;    /* [PICKS] pointers into one copy of each string: two cache lines at a random place of 1.5 MB */
    char *pool;       /* [NB_TOPOLOGY_SIZE][TEXT_ROOM] */
} workload;

static void *allocate(size_t size)
{
    void *memory = malloc(size);
    if (!memory) {
        perror("bench_space");
        exit(1);
    }
    return memory;
}

static void make_workload(workload *w)
{
    w->space = nb_space_find("nasbench201", NULL);
    w->archs = allocate(PICKS * sizeof *w->archs);
    w->texts = allocate((size_t)PICKS * TEXT_ROOM);
    w->lengths = allocate(PICKS);
    w->shared = allocate(PICKS * sizeof *w->shared);
    w->pool = allocate((size_t)NB_TOPOLOGY_SIZE * TEXT_ROOM);
    nb_rng rng = nb_rng_seed(1, 0);
    for (size_t i = 0; i < PICKS; i++) {
        w->archs[i] = nb_space_sample(w->space, &rng);
        char *text = w->texts + i * TEXT_ROOM;
        w->lengths[i] = (uint8_t)nb_space_format(w->space, &w->archs[i], text, TEXT_ROOM);
        w->shared[i] = w->pool + nb_space_index(w->space, &w->archs[i]) * TEXT_ROOM;
        memcpy(w->shared[i], text, w->lengths[i] + 1U);
    }
}

static void free_workload(workload *w)
{
    free(w->archs);
    free(w->texts);
    free(w->lengths);
    free(w->shared);
    free(w->pool);
}

static void index_of_random_text(void *user)
{
    const workload *w = user;
    int64_t sum = 0;
    for (size_t i = 0; i < PICKS; i++)
        sum += nb_space_index_of_text(w->space, w->shared[i], w->lengths[i]);
    BENCH_KEEP(sum);
}

static void index_of_streamed_text(void *user)
{
    const workload *w = user;
    int64_t sum = 0;
    for (size_t i = 0; i < PICKS; i++)
        sum += nb_space_index_of_text(w->space, w->texts + i * TEXT_ROOM, w->lengths[i]);
    BENCH_KEEP(sum);
}

static void parse_then_index(void *user)
{
    const workload *w = user;
    int64_t sum = 0;
    for (size_t i = 0; i < PICKS; i++) {
        nb_arch arch;
        if (nb_space_parse(w->space, w->texts + i * TEXT_ROOM, w->lengths[i], &arch, NULL) == NB_OK)
            sum += nb_space_index(w->space, &arch);
    }
    BENCH_KEEP(sum);
}

static void format_cells(void *user)
{
    const workload *w = user;
    size_t sum = 0;
    for (size_t i = 0; i < PICKS; i++) {
        char text[NB_ARCH_TEXT_SIZE];
        sum += nb_space_format(w->space, &w->archs[i], text, sizeof text);
    }
    BENCH_KEEP(sum);
}

static void mutate_cells(void *user)
{
    const workload *w = user;
    nb_rng rng = nb_rng_seed(2, 0);
    nb_arch arch = w->archs[0];
    for (size_t i = 0; i < PICKS; i++)
        arch = nb_space_mutate(w->space, &arch, &rng);
    BENCH_KEEP(arch.code[0]);
}

static void sample_cells(void *user)
{
    const workload *w = user;
    nb_rng rng = nb_rng_seed(3, 0);
    unsigned sum = 0;
    for (size_t i = 0; i < PICKS; i++)
        sum += nb_space_sample(w->space, &rng).code[0];
    BENCH_KEEP(sum);
}

static void count_costs(void *user)
{
    const workload *w = user;
    nb_shape shape;
    nb_costs costs;
    double sum = 0;
    if (nb_space_shape(w->space, "cifar10", &shape, NULL) != NB_OK)
        return;
    for (size_t i = 0; i < NB_TOPOLOGY_SIZE; i++) {
        if (nb_space_costs(w->space, &w->archs[i], &shape, &costs, NULL) == NB_OK)
            sum += costs.flops;
    }
    BENCH_KEEP(sum);
}

static void rate(const char *what, void (*work)(void *), workload *w, double count, double peer)
{
    const bench_times times = bench_repeat(work, w, REPEATS);
    bench_row(what, count / times.median / 1e6, peer, "M/s", BENCH_MORE_IS_BETTER);
}

int main(void)
{
    char line[64] = "";
    const bench_cost peer_run = bench_peer("topology_index.py", NULL, line, sizeof line);
    const double peer = peer_run.finished ? strtod(line, NULL) : NAN;

    bench_title("Topology space, one thread");
    bench_command("build/bench/bench_space");
    const double before = bench_cpu();
    workload w;
    w.space = nb_space_find("nasbench201", NULL);
    const double first_use = bench_cpu() - before;
    make_workload(&w);
    rate("index of a string, random ones of all 15,625", index_of_random_text, &w, PICKS, peer);
    rate("index of a string, read one after the other", index_of_streamed_text, &w, PICKS, peer);
    rate("the same by way of an nb_arch", parse_then_index, &w, PICKS, peer);
    rate("architecture to string", format_cells, &w, PICKS, NAN);
    rate("uniform sample", sample_cells, &w, PICKS, NAN);
    rate("mutation", mutate_cells, &w, PICKS, NAN);
    rate("FLOPs and parameters", count_costs, &w, NB_TOPOLOGY_SIZE, NAN);
    bench_row("first use of the space (order of all indices)", 1e3 * first_use, NAN, "ms", BENCH_LESS_IS_BETTER);
    bench_note(
        "The peer is the Python dict from string to index that the original APIs keep; its strings come in fresh, as from a file. Its "
        "figure is its best round: it misses the caches at every look-up, and other load on the machine moves it between 2 and 5.5.");
    free_workload(&w);
    return 0;
}
