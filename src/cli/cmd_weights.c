/* nasbench weights: trained weights out of a per-architecture archive, as a safetensors file. */
#include <nasbench/import.h>
#include <string.h>

#include "commands.h"

enum { OPTION_DATASET = 256, OPTION_SCHEDULE, OPTION_SEED };

typedef struct options {
    nb_weights_request request;
    const char *target;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_DATASET:
        opts->request.dataset = arg;
        return 0;
    case OPTION_SCHEDULE:
        opts->request.schedule = arg;
        return 0;
    case OPTION_SEED:
        opts->request.seed =
            strcmp(arg, "all") == 0 ? NB_WEIGHTS_ALL_SEEDS : (int64_t)cli_parse_unsigned(state, "--seed", arg, 0, UINT32_MAX);
        return 0;
    case 'o':
        opts->target = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (!opts->request.archive)
            opts->request.archive = arg;
        else if (!opts->request.arch)
            opts->request.arch = arg;
        else
            return ARGP_ERR_UNKNOWN;
        return 0;
    case ARGP_KEY_END:
        if (!opts->request.archive)
            cli_bad_usage(state, "ARCHIVE is missing: a file such as 000157-FULL.pth, or its folder");
        if (!opts->request.dataset)
            cli_bad_usage(state, "--dataset is missing");
        if (!opts->target)
            cli_bad_usage(state, "-o FILE is missing: the file to write");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.request = {.seed = NB_WEIGHTS_ALL_SEEDS}};
    size_t tensors;
    nb_error err;
    cli_parse(self, argc, argv, parse, &opts);
    if (nb_weights_export(&opts.request, opts.target, &tensors, &err) != NB_OK)
        return cli_fail_with(&err);
    printf("%s: %zu tensors\n", opts.target, tensors);
    return CLI_OK;
}

static const struct argp_option option_table[] = {
    {"dataset", OPTION_DATASET, "DATASET", 0, "cifar10-valid, cifar10, cifar100 or ImageNet16-120", 0},
    {"schedule", OPTION_SCHEDULE, "SCHEDULE", 0, "200 (full), 12 (less), 90 or 01. Default: the longest that has the dataset", 0},
    {"seed", OPTION_SEED, "SEED", 0, "The trial with this seed, or all (default): names are then preceded by the seed, as in 777/", 0},
    {"output", 'o', "FILE", 0, "The safetensors file to write", 0},
    {0},
};

const cli_command cmd_weights = {
    .name = "weights",
    .summary = "take trained weights out of a per-architecture archive",
    .usage = "ARCHIVE [ARCH] --dataset DATASET -o FILE",
    .description =
        "Writes the trained weights of an architecture as a safetensors file with the parameter names of the original network "
        "(stem.0.weight, ...). ARCHIVE is a per-architecture file of the benchmark (000157-FULL.pth, or a full NATS-Bench "
        "000157.pickle.pbz2) or the folder that holds it; ARCH may be left out when ARCHIVE is a file of one architecture.\n\nThis is what "
        "reload and get_net_param do in the original API.",
    .options = option_table,
    .examples = "weights NAS-BENCH-201-4-v1.0-archive 157 --dataset cifar10 --seed 777 -o 157.safetensors\tone trained network\n",
    .run = run,
};
