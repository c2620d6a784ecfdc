/* nasbench space: what a search space is, its architectures, a table of their costs; and the landscape of a table. */
#include <math.h>
#include <nasbench/space.h>
#include <nasbench/table.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_arch.h"
#include "cli_columns.h"
#include "cli_graph.h"
#include "cli_json.h"
#include "cli_landscape.h"
#include "cli_number.h"
#include "cli_output.h"
#include "cli_progress.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_SEED, OPTION_DATASET, OPTION_REPORT, OPTION_PLOTS };

typedef struct options {
    const nb_space *space; /* NULL: list the spaces */
    const char *table;     /* instead of a space: show its landscape */
    const char *action;    /* NULL: describe the space */
    const char *arch;
    const char *output;
    const char *report, *plots;
    cli_strings datasets;
    uint64_t count;
    uint64_t seed;
    bool json;
} options;

static const char *const actions[] = {"list", "sample", "neighbours", "table", "count", "enumerate"};
enum { ACTIONS = sizeof actions / sizeof *actions };

static void parse_action(options *opts, const char *word, struct argp_state *state)
{
    for (size_t i = 0; i < ACTIONS; i++) {
        if (strcmp(word, actions[i]) == 0) {
            opts->action = actions[i];
            return;
        }
    }
    const char *nearest = cli_nearest(word, actions, ACTIONS);
    if (nearest)
        cli_bad_usage(state, "'%s' is not an action; did you mean '%s'?", word, nearest);
    cli_bad_usage(state, "'%s' is not an action: list, sample, neighbours, table, count or enumerate expected", word);
}

static bool is_action(const options *opts, const char *name)
{
    return opts->action && strcmp(opts->action, name) == 0;
}

static void check(const options *opts, struct argp_state *state)
{
    const bool of_graphs = is_action(opts, "count") || is_action(opts, "enumerate");
    if (of_graphs && nb_space_get_id(opts->space) != NB_SPACE_GRAPH)
        cli_bad_usage(state, "'%s' is for the space nasbench101 only", opts->action);
    if (is_action(opts, "table") && !opts->output)
        cli_bad_usage(state, "-o TABLE is missing: the file to write");
    if (is_action(opts, "neighbours") && !opts->arch)
        cli_bad_usage(state, "ARCH is missing: an index or an architecture string");
    if (!is_action(opts, "table") && !opts->table && opts->datasets.count > 0)
        cli_bad_usage(state, "--dataset is for the action 'table' and for landscapes only");
    if ((opts->report || opts->plots) && !opts->table)
        cli_bad_usage(state, "--report and --plots are for the landscape of a table: nasbench space TABLE");
}

/* Names of spaces come first: a file of such a name is "./nasbench201". What looks like a path is taken for one, so that a mistyped one is
 * said to be missing. */
static bool is_table(const char *word)
{
    return !nb_space_find(word, NULL) && (strpbrk(word, "./") || access(word, F_OK) == 0);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_SEED:
        opts->seed = cli_parse_unsigned(state, "--seed", arg, 0, UINT64_MAX);
        return 0;
    case OPTION_DATASET:
        cli_strings_add(&opts->datasets, arg);
        return 0;
    case OPTION_REPORT:
        opts->report = arg;
        return 0;
    case OPTION_PLOTS:
        opts->plots = arg;
        return 0;
    case 'n':
        opts->count = cli_parse_unsigned(state, "-n", arg, 1, 1000000000);
        return 0;
    case 'o':
        opts->output = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (opts->table)
            return ARGP_ERR_UNKNOWN;
        if (!opts->space && is_table(arg))
            opts->table = arg;
        else if (!opts->space)
            opts->space = cli_parse_space(state, arg);
        else if (!opts->action)
            parse_action(opts, arg, state);
        else if (is_action(opts, "neighbours") && !opts->arch)
            opts->arch = arg;
        else
            return ARGP_ERR_UNKNOWN;
        return 0;
    case ARGP_KEY_END:
        check(opts, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- lists of architectures ---- */

/* Prints architectures as they come: index and string, or a JSON array of objects. */
typedef struct arch_printer {
    const nb_space *space;
    cli_json json;
    bool as_json;
} arch_printer;

static arch_printer begin_list(const options *opts)
{
    arch_printer printer = {.space = opts->space, .json = {.out = stdout}, .as_json = opts->json};
    if (opts->json)
        cli_json_begin_array(&printer.json, CLI_JSON_LINES);
    else
        printf("index  architecture\n");
    return printer;
}

static void print_arch(arch_printer *printer, const nb_arch *arch)
{
    int64_t index = nb_space_index(printer->space, arch);
    cli_arch_text string = cli_arch_string(arch);
    if (!printer->as_json) {
        printf("%5lld  %s\n", (long long)index, string.text);
        return;
    }
    cli_json_begin_object(&printer->json, CLI_JSON_INLINE);
    cli_json_put_unsigned(&printer->json, "index", (uint64_t)index);
    cli_json_put_string(&printer->json, "arch", string.text);
    cli_json_end(&printer->json);
}

static void end_list(arch_printer *printer)
{
    if (printer->as_json)
        cli_json_end(&printer->json);
}

static int list_all(const options *opts)
{
    arch_printer printer = begin_list(opts);
    uint64_t size = nb_space_size(opts->space);
    nb_arch arch;
    for (uint64_t i = 0; i < size && !ferror(stdout); i++) {
        if (nb_space_at(opts->space, i, &arch, NULL) == NB_OK)
            print_arch(&printer, &arch);
    }
    end_list(&printer);
    return CLI_OK;
}

static int list_samples(const options *opts)
{
    arch_printer printer = begin_list(opts);
    nb_rng rng = nb_rng_seed(opts->seed, 0);
    for (uint64_t i = 0; i < opts->count && !ferror(stdout); i++) {
        nb_arch arch = nb_space_sample(opts->space, &rng);
        print_arch(&printer, &arch);
    }
    end_list(&printer);
    return CLI_OK;
}

static int list_neighbours(const options *opts)
{
    nb_arch arch;
    int code = cli_read_arch(opts->space, opts->arch, &arch);
    if (code != CLI_OK)
        return code;
    size_t count = nb_space_neighbours(opts->space, &arch, NULL, 0);
    nb_arch *list = cli_alloc(count * sizeof *list);
    nb_space_neighbours(opts->space, &arch, list, count);
    arch_printer printer = begin_list(opts);
    for (size_t i = 0; i < count; i++)
        print_arch(&printer, &list[i]);
    end_list(&printer);
    free(list);
    return CLI_OK;
}

/* ---- descriptions ---- */

/* Architectures whose output depends on the input, and classes of isomorphic ones. */
static void count_space(const nb_space *space, uint64_t *valid, uint64_t *classes)
{
    uint64_t size = nb_space_size(space);
    *valid = *classes = 0;
    for (uint64_t i = 0; i < size; i++) {
        nb_arch arch;
        if (nb_space_at(space, i, &arch, NULL) != NB_OK)
            continue;
        *valid += nb_space_is_valid(space, &arch);
        *classes += nb_space_canonical(space, &arch) == (int64_t)i;
    }
}

static void print_space(const nb_space *space)
{
    char number[CLI_NUMBER_SIZE];
    uint64_t valid, classes;
    count_space(space, &valid, &classes);
    printf("%s (%s)\n\n", nb_space_title(space), nb_space_name(space));
    printf("architectures  %s\n", cli_grouped(nb_space_size(space), number));
    printf("valid          %s (the output depends on the input)\n", cli_grouped(valid, number));
    printf("classes        %s of isomorphic architectures\n", cli_grouped(classes, number));
    for (size_t i = 0; i < nb_space_decision_count(space); i++) {
        const nb_decision *decision = nb_space_decision(space, i);
        printf("%-15s%-8s", i == 0 ? "decisions" : "", decision->name);
        for (uint32_t choice = 0; choice < decision->choices; choice++)
            printf("%s%s", choice > 0 ? " | " : "  ", decision->choice_names[choice]);
        printf("\n");
    }
}

static void json_space(cli_json *json, const nb_space *space)
{
    uint64_t valid, classes;
    count_space(space, &valid, &classes);
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "name", nb_space_name(space));
    cli_json_put_string(json, "title", nb_space_title(space));
    cli_json_put_unsigned(json, "architectures", nb_space_size(space));
    cli_json_put_unsigned(json, "valid", valid);
    cli_json_put_unsigned(json, "classes", classes);
    cli_json_key(json, "decisions");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < nb_space_decision_count(space); i++) {
        const nb_decision *decision = nb_space_decision(space, i);
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "name", decision->name);
        cli_json_key(json, "choices");
        cli_json_begin_array(json, CLI_JSON_INLINE);
        for (uint32_t choice = 0; choice < decision->choices; choice++)
            cli_json_string(json, decision->choice_names[choice]);
        cli_json_end(json);
        cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_end(json);
}

static int describe(const options *opts)
{
    if (opts->json) {
        cli_json json = {.out = stdout};
        json_space(&json, opts->space);
    } else {
        print_space(opts->space);
    }
    return CLI_OK;
}

static int list_spaces(const options *opts)
{
    const nb_space *space;
    if (opts->json) {
        cli_json json = {.out = stdout};
        cli_json_begin_array(&json, CLI_JSON_LINES);
        for (size_t i = 0; (space = nb_space_list(i)) != NULL; i++)
            json_space(&json, space);
        cli_json_end(&json);
        return CLI_OK;
    }
    cli_columns columns = {0};
    cli_columns_head(&columns, "space", 'l');
    cli_columns_head(&columns, "architectures", 'r');
    cli_columns_head(&columns, "title", 'l');
    for (size_t i = 0; (space = nb_space_list(i)) != NULL; i++) {
        cli_columns_text(&columns, nb_space_name(space));
        cli_columns_unsigned(&columns, nb_space_size(space));
        cli_columns_text(&columns, nb_space_title(space));
    }
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
    return CLI_OK;
}

/* ---- the table of costs ---- */

static const char *const benchmark_datasets[] = {"cifar10", "cifar100", "ImageNet16-120"};

/* The schedule of trials that only have costs: nothing was trained. */
static const char untrained[] = "costs";

static nb_status add_costs(nb_table_writer *writer, const nb_space *space, const char *dataset, const nb_shape *shape, uint64_t index,
                           nb_error *err)
{
    nb_arch arch;
    nb_costs costs;
    nb_status status = nb_space_at(space, index, &arch, err);
    if (status == NB_OK)
        status = nb_space_costs(space, &arch, shape, &costs, err);
    if (status != NB_OK)
        return status;
    const nb_trial trial = {
        .row = (uint32_t)index,
        .dataset = dataset,
        .schedule = untrained,
        .epochs = 1, /* the least that a trial can have; without curves it says nothing */
        .flops = costs.flops,
        .params = costs.params,
        .config = {.channels = shape->channels, .cells = shape->cells, .classes = shape->classes},
    };
    return nb_table_writer_add(writer, &trial, err);
}

/* Rows outermost: ascending rows are the writer's fast path. */
static nb_status fill_table(nb_table_writer *writer, const options *opts, const char *const *datasets, size_t dataset_count,
                            const nb_shape *shapes, nb_error *err)
{
    uint64_t size = nb_space_size(opts->space);
    for (uint64_t i = 0; i < size; i++) {
        for (size_t d = 0; d < dataset_count; d++) {
            nb_status status = add_costs(writer, opts->space, datasets[d], &shapes[d], i, err);
            if (status != NB_OK)
                return status;
        }
    }
    return NB_OK;
}

static int write_table(const options *opts)
{
    const char *const *datasets = opts->datasets.count > 0 ? opts->datasets.items : benchmark_datasets;
    size_t count = opts->datasets.count > 0 ? opts->datasets.count : sizeof benchmark_datasets / sizeof *benchmark_datasets;
    nb_shape *shapes = cli_alloc(count * sizeof *shapes);
    nb_error err;
    nb_status status = NB_OK;
    for (size_t d = 0; d < count && status == NB_OK; d++)
        status = nb_space_shape(opts->space, datasets[d], &shapes[d], &err);

    char *benchmark = cli_format("costs of the %s", nb_space_title(opts->space));
    const nb_table_description description = {
        .space = opts->space,
        .flavour = NB_FLAVOUR_NATS,
        .benchmark = benchmark,
        .source = "computed from the architectures; nothing was trained",
    };
    nb_table_writer *writer = NULL;
    cli_progress progress;
    cli_progress_begin(&progress, "writing");
    if (status == NB_OK)
        status = nb_table_writer_open(opts->output, &description, &writer, &err);
    if (status == NB_OK) {
        status = fill_table(writer, opts, datasets, count, shapes, &err);
        if (status == NB_OK)
            status = nb_table_writer_commit(writer, &progress.progress, &err);
        else
            nb_table_writer_abort(writer);
    }
    cli_progress_end(&progress);
    free(benchmark);
    free(shapes);
    if (status != NB_OK)
        return cli_fail_with(&err);
    char number[CLI_NUMBER_SIZE];
    printf("%s: costs of %s architectures for %zu datasets\n", opts->output, cli_grouped(nb_space_size(opts->space), number), count);
    return CLI_OK;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.count = 1};
    cli_parse(self, argc, argv, parse, &opts);
    int code;
    if (opts.table)
        code = cli_describe_landscape(&(cli_landscape_request){opts.table, &opts.datasets, opts.json, opts.report, opts.plots});
    else if (!opts.space)
        code = list_spaces(&opts);
    else if (!opts.action)
        code = describe(&opts);
    else if (is_action(&opts, "list"))
        code = list_all(&opts);
    else if (is_action(&opts, "sample"))
        code = list_samples(&opts);
    else if (is_action(&opts, "neighbours"))
        code = list_neighbours(&opts);
    else if (is_action(&opts, "count"))
        code = cli_graph_count(opts.json);
    else if (is_action(&opts, "enumerate"))
        code = cli_graph_enumerate(opts.output);
    else
        code = write_table(&opts);
    free(opts.datasets.items);
    return code;
}

static const struct argp_option option_table[] = {
    {NULL, 'n', "N", 0, "sample: how many. Default: 1", 0},
    {"seed", OPTION_SEED, "N", 0, "sample: seed of the random numbers. Default: 0", 0},
    {"output", 'o', "TABLE", 0, "table, enumerate: the file to write", 0},
    {"dataset", OPTION_DATASET, "DATASET", 0,
     "table: costs for this dataset; may be given several times. Default: cifar10, cifar100, ImageNet16-120. TABLE: look at this dataset "
     "only; likewise",
     0},
    {"report", OPTION_REPORT, "FILE", 0, "TABLE: write one self-contained HTML report with tables and plots", 0},
    {"plots", OPTION_PLOTS, "FOLDER", 0, "TABLE: write the plots as SVG files", 0},
    {"json", OPTION_JSON, NULL, 0, "Print JSON", 0},
    {0},
};

const cli_command cmd_space = {
    .name = "space",
    .summary = "describe a search space, list or sample it, write its table of costs; the landscape of a table",
    .usage = "[SPACE]\nTABLE\nSPACE list\nSPACE sample [-n N] [--seed N]\nSPACE neighbours ARCH\nSPACE table -o TABLE\nnasbench101 "
             "count\nnasbench101 enumerate -o FILE",
    .description =
        "Without arguments lists the search spaces, with SPACE describes one: how many architectures it has, how many classes of "
        "isomorphic ones, and the decisions that make one.\n\n'list' prints all architectures in index order, 'sample' uniformly random "
        "ones, 'neighbours' those that differ from ARCH in one decision. 'table' writes a table with FLOPs and parameters of all "
        "architectures, computed, under the schedule \"costs\": nothing was trained.\n\n'count' prints the number of cells of "
        "NAS-Bench-101 by "
        "vertices and edges. 'enumerate' writes all of them in the published form, by ascending graph hash: lines of hash, adjacency "
        "matrix, "
        "labels (0 conv3x3, 1 conv1x1, 2 maxpool3x3) and trainable parameters, or, when FILE ends in .json, the object that the "
        "reference's "
        "generator writes.\n\nWith TABLE it shows the landscape that searches walk on: how accuracies are distributed, how they go with "
        "FLOPs, parameters and latency, the Pareto fronts, how data sets and short trainings correlate with the final accuracy "
        "(Kendall, Spearman, Pearson), and locality: fitness-distance correlation and random-walk autocorrelation. --report and "
        "--plots draw it; they need gnuplot (Debian package gnuplot-nox).",
    .options = option_table,
    .examples = "space nasbench201\tdescribes the space\n"
                "space nasbench201 sample -n 5 --seed 1\tfive random architectures\n"
                "space nasbench101 enumerate -o cells.txt\tall 423,624 cells with their hashes\n"
                "space nasbench201 table -o costs.safetensors\tFLOPs and parameters of all 15,625 cells\n"
                "space nb201.safetensors --report landscape.html\tthe landscape of a table, with plots\n",
    .run = run,
};
