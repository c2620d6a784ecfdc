/* nasbench arch: one architecture in all its forms, with costs and a drawing. */
#include <nasbench/genotype.h>
#include <nasbench/space.h>
#include <nasbench/topology.h>
#include <stdlib.h>
#include <string.h>

#include "cli_arch.h"
#include "cli_columns.h"
#include "cli_drawing.h"
#include "cli_graph.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_output.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_SVG, OPTION_SPACE, OPTION_DATASET, OPTION_CHANNELS, OPTION_CELLS };

typedef struct options {
    const char *arch;
    const nb_space *space; /* NULL: found from the architecture */
    cli_strings datasets;  /* empty: the four of the benchmark */
    const char *svg;
    uint32_t channels, cells; /* 0: the benchmark's */
    bool json;
} options;

/* What is shown. A named cell such as `resnet` is a genotype and need not be an architecture of the space. */
typedef struct subject {
    const nb_space *space;
    nb_arch arch;
    bool is_arch;
    int64_t index; /* -1 without an architecture */
    nb_genotype genotype;
    bool is_topology;
    char *text; /* the string */
} subject;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_SVG:
        opts->svg = arg;
        return 0;
    case OPTION_SPACE:
        opts->space = cli_parse_space(state, arg);
        return 0;
    case OPTION_DATASET:
        cli_strings_add(&opts->datasets, arg);
        return 0;
    case OPTION_CHANNELS:
        opts->channels = (uint32_t)cli_parse_unsigned(state, "--channels", arg, 1, 4096);
        return 0;
    case OPTION_CELLS:
        opts->cells = (uint32_t)cli_parse_unsigned(state, "--cells", arg, 1, 1000);
        return 0;
    case ARGP_KEY_ARG:
        if (opts->arch)
            return ARGP_ERR_UNKNOWN;
        opts->arch = arg;
        return 0;
    case ARGP_KEY_END:
        if (!opts->arch)
            cli_bad_usage(state, "ARCH is missing: an index or an architecture string");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- which architecture ---- */

static char *genotype_text(const nb_genotype *genotype)
{
    char *text = cli_alloc(NB_GENOTYPE_TEXT_SIZE);
    nb_genotype_format(genotype, text, NB_GENOTYPE_TEXT_SIZE);
    return text;
}

/* The architecture of the subject is known: fills in the rest. */
static void complete_arch(subject *s)
{
    s->is_arch = true;
    s->index = nb_space_index(s->space, &s->arch);
    s->text = cli_strdup(cli_arch_string(&s->arch).text);
    s->is_topology = nb_space_get_id(s->space) == NB_SPACE_TOPOLOGY;
    if (s->is_topology)
        nb_genotype_from_arch(&s->arch, &s->genotype, NULL);
}

/* A text that is no architecture string may name a cell, or write one in another way. */
static bool read_genotype(const options *opts, subject *s)
{
    uint64_t index;
    bool may_be_cell = !opts->space || nb_space_get_id(opts->space) == NB_SPACE_TOPOLOGY;
    if (!may_be_cell || cli_is_unsigned(opts->arch, &index) ||
        nb_genotype_find(opts->arch, strlen(opts->arch), &s->genotype, NULL) != NB_OK)
        return false;
    s->space = nb_space_of(NB_SPACE_TOPOLOGY);
    s->index = -1;
    s->is_topology = true;
    if (nb_genotype_to_arch(&s->genotype, &s->arch, NULL) == NB_OK)
        complete_arch(s);
    else
        s->text = genotype_text(&s->genotype);
    return true;
}

static int read_subject(const options *opts, subject *s)
{
    *s = (subject){0};
    if (read_genotype(opts, s))
        return CLI_OK;
    int code = cli_read_arch(opts->space, opts->arch, &s->arch);
    if (code != CLI_OK)
        return code;
    s->space = nb_space_of(s->arch.space);
    complete_arch(s);
    return CLI_OK;
}

/* ---- costs ---- */

typedef struct cost_row {
    const char *dataset;
    nb_shape shape;
    nb_costs costs;
} cost_row;

static const char *const benchmark_datasets[] = {"cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"};

/* One row per dataset; the caller frees *rows. */
static int find_costs(const options *opts, const subject *s, cost_row **rows, size_t *count)
{
    const char *const *names = opts->datasets.count > 0 ? opts->datasets.items : benchmark_datasets;
    *count = opts->datasets.count > 0 ? opts->datasets.count : sizeof benchmark_datasets / sizeof *benchmark_datasets;
    *rows = cli_alloc(*count * sizeof **rows);
    for (size_t i = 0; i < *count; i++) {
        nb_error err;
        cost_row *row = *rows + i;
        row->dataset = names[i];
        nb_status status = nb_space_shape(s->space, names[i], &row->shape, &err);
        if (opts->channels > 0)
            row->shape.channels = opts->channels;
        if (opts->cells > 0)
            row->shape.cells = opts->cells;
        if (status == NB_OK)
            status = s->is_arch ? nb_space_costs(s->space, &s->arch, &row->shape, &row->costs, &err)
                                : nb_genotype_costs(&s->genotype, &row->shape, &row->costs, &err);
        if (status != NB_OK)
            return cli_fail_with(&err);
    }
    return CLI_OK;
}

/* ---- the class of isomorphic cells ---- */

typedef struct iso_class {
    int64_t representative;
    uint32_t *members; /* indices, ascending; the caller frees */
    size_t count;
} iso_class;

static iso_class find_class(const subject *s)
{
    iso_class found = {.representative = nb_space_canonical(s->space, &s->arch)};
    uint64_t size = nb_space_size(s->space);
    for (uint64_t i = (uint64_t)found.representative; i < size; i++) {
        nb_arch arch;
        if (nb_space_at(s->space, i, &arch, NULL) != NB_OK || nb_space_canonical(s->space, &arch) != found.representative)
            continue;
        found.members = cli_realloc(found.members, (found.count + 1) * sizeof *found.members);
        found.members[found.count++] = (uint32_t)i;
    }
    return found;
}

/* ---- unique strings ---- */

/* The modes of the original's get_unique_str(arch, consider_zero). */
static const struct {
    nb_key_mode mode;
    const char *name;
} key_modes[] = {{NB_KEY_PLAIN, "null"}, {NB_KEY_SKIP, "false"}, {NB_KEY_ZERO, "true"}};
enum { KEY_MODES = sizeof key_modes / sizeof *key_modes };

/* The unique string in a mode; the caller frees. NULL when it would be larger than anybody wants to see. */
static char *unique_string(const nb_genotype *genotype, nb_key_mode mode)
{
    enum { LONGEST = 1 << 20 };
    size_t length;
    if (nb_genotype_key(genotype, mode, NULL, 0, &length, NULL) != NB_OK || length > LONGEST)
        return NULL;
    char *text = cli_alloc(length + 1);
    nb_genotype_key(genotype, mode, text, length + 1, NULL, NULL);
    return text;
}

/* ---- as text ---- */

static void print_title(const subject *s)
{
    if (s->is_arch)
        printf("%s, architecture %lld\n\n", nb_space_title(s->space), (long long)s->index);
    else
        printf("%s, a cell that has no index\n\n", nb_space_title(s->space));
}

static void print_edges(const nb_genotype *genotype)
{
    printf("operations     ");
    for (size_t i = 0; i < genotype->edges; i++) {
        const nb_genotype_edge *edge = &genotype->edge[i];
        bool last_of_node = i + 1 == genotype->edges || genotype->edge[i + 1].target != edge->target;
        printf("%u<-%u %-*s", edge->target, edge->source, last_of_node ? 0 : 14, nb_op_name(edge->op));
        if (last_of_node)
            printf("\n%s", i + 1 < genotype->edges ? "               " : "");
    }
}

static void print_matrix(const nb_arch *arch)
{
    uint8_t matrix[NB_TOPOLOGY_NODES][NB_TOPOLOGY_NODES];
    nb_topology_matrix(arch, matrix, NULL);
    for (size_t row = 0; row < NB_TOPOLOGY_NODES; row++) {
        printf("%-15s", row == 0 ? "matrix" : "");
        for (size_t column = 0; column < NB_TOPOLOGY_NODES; column++)
            printf("%u%s", matrix[row][column], column + 1 < NB_TOPOLOGY_NODES ? " " : "");
        printf("%s\n", row == 0 ? "    row: target node, column: source node, value: number of the operation" : "");
    }
}

/* As Python prints the original's str2lists: one tuple of (operation, source) pairs per node. */
static void print_tuples(const nb_genotype *genotype)
{
    for (size_t i = 0, start; i < genotype->edges; i = start) {
        printf("%-15s(", i == 0 ? "tuples" : "");
        for (start = i; start < genotype->edges && genotype->edge[start].target == genotype->edge[i].target; start++)
            printf("%s('%s', %u)", start > i ? ", " : "", nb_op_name(genotype->edge[start].op), genotype->edge[start].source);
        printf("%s)\n", start == i + 1 ? "," : "");
    }
}

static void print_unique(const nb_genotype *genotype)
{
    for (size_t i = 0; i < KEY_MODES; i++) {
        enum { SHOWN = 400 };
        char *text = unique_string(genotype, key_modes[i].mode);
        printf("unique %-8s", key_modes[i].name);
        if (text && strlen(text) <= SHOWN)
            printf("%s\n", text);
        else
            printf("%.*s... (%s)\n", 40, text ? text : "", text ? "too long for a line; --json prints all of it" : "longer than 1 MB");
        free(text);
    }
}

static void print_class(const subject *s)
{
    enum { SHOWN = 12 };
    iso_class found = find_class(s);
    printf("class          representative %lld%s, %zu member%s:", (long long)found.representative,
           found.representative == s->index ? " (this one)" : "", found.count, found.count == 1 ? "" : "s");
    for (size_t i = 0; i < found.count && i < SHOWN; i++)
        printf("%s %u", i > 0 ? "," : "", found.members[i]);
    printf("%s\n", found.count > SHOWN ? ", ..." : "");
    free(found.members);
}

static void print_decisions(const subject *s)
{
    uint8_t choices[NB_DECISIONS_MAX];
    if (nb_space_encode(s->space, &s->arch, choices, NULL) != NB_OK)
        return;
    size_t count = nb_space_decision_count(s->space);
    printf("decisions      ");
    for (size_t i = 0; i < count; i++) {
        const nb_decision *decision = nb_space_decision(s->space, i);
        printf("%s%s %s", i > 0 ? ", " : "", decision->name, decision->choice_names[choices[i]]);
    }
    printf("\n");
}

static void print_forms(const subject *s)
{
    printf("string         %s\n", s->text);
    if (s->is_topology) {
        print_edges(&s->genotype);
        if (s->is_arch)
            print_matrix(&s->arch);
        print_tuples(&s->genotype);
        print_unique(&s->genotype);
        bool valid = nb_genotype_is_valid(&s->genotype);
        printf("valid          %s\n", valid ? "yes: the output depends on the input" : "no: the output does not depend on the input");
    } else {
        print_decisions(s);
    }
    if (s->is_arch)
        print_class(s);
}

static void print_costs(const cost_row *rows, size_t count)
{
    cli_columns columns = {0};
    cli_columns_head(&columns, "dataset", 'l');
    cli_columns_head(&columns, "input", 'l');
    cli_columns_head(&columns, "classes", 'r');
    cli_columns_head(&columns, "FLOPs [MMACs]", 'r');
    cli_columns_head(&columns, "parameters [M]", 'r');
    for (size_t i = 0; i < count; i++) {
        char input[64];
        snprintf(input, sizeof input, "%u x %u x %u", rows[i].shape.input_channels, rows[i].shape.height, rows[i].shape.width);
        cli_columns_text(&columns, rows[i].dataset);
        cli_columns_text(&columns, input);
        cli_columns_unsigned(&columns, rows[i].shape.classes);
        cli_columns_real(&columns, rows[i].costs.flops, 5);
        cli_columns_real(&columns, rows[i].costs.params, 6);
    }
    printf("\n");
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

/* ---- as JSON ---- */

static void json_topology(cli_json *json, const subject *s)
{
    const nb_genotype *genotype = &s->genotype;
    cli_json_key(json, "operations");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < genotype->edges; i++)
        cli_json_string(json, nb_op_name(genotype->edge[i].op));
    cli_json_end(json);
    if (s->is_arch) {
        uint8_t matrix[NB_TOPOLOGY_NODES][NB_TOPOLOGY_NODES];
        nb_topology_matrix(&s->arch, matrix, NULL);
        cli_json_key(json, "matrix");
        cli_json_begin_array(json, CLI_JSON_INLINE);
        for (size_t row = 0; row < NB_TOPOLOGY_NODES; row++) {
            cli_json_begin_array(json, CLI_JSON_INLINE);
            for (size_t column = 0; column < NB_TOPOLOGY_NODES; column++)
                cli_json_unsigned(json, matrix[row][column]);
            cli_json_end(json);
        }
        cli_json_end(json);
    }
    cli_json_key(json, "tuples");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < genotype->edges; i++) {
        if (i == 0 || genotype->edge[i].target != genotype->edge[i - 1].target)
            cli_json_begin_array(json, CLI_JSON_INLINE);
        cli_json_begin_array(json, CLI_JSON_INLINE);
        cli_json_string(json, nb_op_name(genotype->edge[i].op));
        cli_json_unsigned(json, genotype->edge[i].source);
        cli_json_end(json);
        if (i + 1 == genotype->edges || genotype->edge[i + 1].target != genotype->edge[i].target)
            cli_json_end(json);
    }
    cli_json_end(json);
    cli_json_key(json, "unique");
    cli_json_begin_object(json, CLI_JSON_LINES);
    for (size_t i = 0; i < KEY_MODES; i++) {
        char *text = unique_string(genotype, key_modes[i].mode);
        cli_json_put_string(json, key_modes[i].name, text);
        free(text);
    }
    cli_json_end(json);
    cli_json_put_bool(json, "valid", nb_genotype_is_valid(genotype));
}

static void json_decisions(cli_json *json, const subject *s)
{
    uint8_t choices[NB_DECISIONS_MAX];
    if (nb_space_encode(s->space, &s->arch, choices, NULL) != NB_OK)
        return;
    size_t count = nb_space_decision_count(s->space);
    cli_json_key(json, "decisions");
    cli_json_begin_object(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < count; i++) {
        const nb_decision *decision = nb_space_decision(s->space, i);
        cli_json_put_string(json, decision->name, decision->choice_names[choices[i]]);
    }
    cli_json_end(json);
    cli_json_put_bool(json, "valid", nb_space_is_valid(s->space, &s->arch));
}

static void json_class(cli_json *json, const subject *s)
{
    iso_class found = find_class(s);
    cli_json_key(json, "class");
    cli_json_begin_object(json, CLI_JSON_INLINE);
    cli_json_put_unsigned(json, "representative", (uint64_t)found.representative);
    cli_json_key(json, "members");
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (size_t i = 0; i < found.count; i++)
        cli_json_unsigned(json, found.members[i]);
    cli_json_end(json);
    cli_json_end(json);
    free(found.members);
}

static void json_costs(cli_json *json, const cost_row *rows, size_t count)
{
    cli_json_key(json, "costs");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < count; i++) {
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "dataset", rows[i].dataset);
        cli_json_key(json, "input");
        cli_json_begin_array(json, CLI_JSON_INLINE);
        cli_json_unsigned(json, rows[i].shape.input_channels);
        cli_json_unsigned(json, rows[i].shape.height);
        cli_json_unsigned(json, rows[i].shape.width);
        cli_json_end(json);
        cli_json_put_unsigned(json, "classes", rows[i].shape.classes);
        cli_json_put_real(json, "flops", rows[i].costs.flops);
        cli_json_put_string(json, "flops_unit", "MMACs");
        cli_json_put_real(json, "params", rows[i].costs.params);
        cli_json_put_string(json, "params_unit", "M");
        cli_json_end(json);
    }
    cli_json_end(json);
}

static void print_json(const subject *s, const cost_row *rows, size_t count)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "space", nb_space_name(s->space));
    cli_json_key(&json, "index");
    if (s->is_arch)
        cli_json_unsigned(&json, (uint64_t)s->index);
    else
        cli_json_null(&json);
    cli_json_put_string(&json, "arch", s->text);
    if (s->is_topology)
        json_topology(&json, s);
    else
        json_decisions(&json, s);
    if (s->is_arch)
        json_class(&json, s);
    json_costs(&json, rows, count);
    cli_json_end(&json);
}

/* ---- as a drawing ---- */

/* The operations by edge; false for a cell that is more than one operation on each of six edges. */
static bool cell_operations(const nb_genotype *genotype, const char *operations[NB_TOPOLOGY_EDGES])
{
    for (size_t i = 0; i < NB_TOPOLOGY_EDGES; i++)
        operations[i] = NULL;
    for (size_t i = 0; i < genotype->edges; i++) {
        unsigned edge = nb_topology_edge(genotype->edge[i].target, genotype->edge[i].source);
        if (edge >= NB_TOPOLOGY_EDGES || operations[edge])
            return false;
        operations[edge] = nb_op_name(genotype->edge[i].op);
    }
    return true;
}

static int draw(const options *opts, const subject *s, const cost_row *rows)
{
    cli_cell cell = {.caption = s->text};
    if (s->is_topology && !cell_operations(&s->genotype, cell.operations))
        return cli_fail("%s: only cells of four nodes with at most one operation on each edge can be drawn", opts->arch);
    cli_output output;
    int code = cli_output_open(&output, opts->svg);
    if (code != CLI_OK)
        return code;
    char flops[CLI_NUMBER_SIZE], params[CLI_NUMBER_SIZE];
    char *title = s->is_arch ? cli_format("%s, architecture %lld", nb_space_title(s->space), (long long)s->index) : cli_strdup(opts->arch);
    char *note = cli_format("%s: %s million multiply-accumulates, %s million parameters", rows[0].dataset,
                            cli_fixed(rows[0].costs.flops, 2, flops), cli_fixed(rows[0].costs.params, 3, params));
    if (s->is_topology) {
        cell.title = title;
        cell.note = note;
        cli_draw_cell(&cell, output.file);
    } else {
        cli_widths widths = {.title = title, .caption = s->text, .note = note};
        for (size_t i = 0; i < sizeof widths.channels / sizeof *widths.channels; i++)
            widths.channels[i] = s->arch.code[i];
        cli_draw_widths(&widths, output.file);
    }
    free(title);
    free(note);
    return cli_output_close(&output, CLI_OK);
}

static int show_graph(options *opts)
{
    const cli_graph_options graph = {.arch = opts->arch,
                                     .datasets = opts->datasets,
                                     .channels = opts->channels,
                                     .cells = opts->cells,
                                     .svg = opts->svg,
                                     .json = opts->json};
    int code = cli_graph_show(&graph);
    free(opts->datasets.items);
    return code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {0};
    subject s;
    cost_row *rows = NULL;
    size_t count = 0;
    cli_parse(self, argc, argv, parse, &opts);
    if (opts.space ? nb_space_get_id(opts.space) == NB_SPACE_GRAPH : cli_is_graph(opts.arch))
        return show_graph(&opts);
    int code = read_subject(&opts, &s);
    if (code == CLI_OK)
        code = find_costs(&opts, &s, &rows, &count);
    if (code == CLI_OK && opts.svg)
        code = draw(&opts, &s, rows);
    bool drawing_only = opts.svg && strcmp(opts.svg, "-") == 0;
    if (code == CLI_OK && !drawing_only) {
        if (opts.json) {
            print_json(&s, rows, count);
        } else {
            print_title(&s);
            print_forms(&s);
            print_costs(rows, count);
        }
    }
    free(rows);
    free(s.text);
    free(opts.datasets.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"dataset", OPTION_DATASET, "DATASET", 0, "Costs for this dataset; may be given several times. Default: the four of the benchmark", 0},
    {"space", OPTION_SPACE, "SPACE", 0, "Space of an index: nasbench201 (default) or nats-size", 0},
    {"channels", OPTION_CHANNELS, "N", 0, "Costs of a network with N channels in the first stage. Default: 16", 0},
    {"cells", OPTION_CELLS, "N", 0, "Costs of a network with N cells per stage. Default: 5", 0},
    {"svg", OPTION_SVG, "FILE", 0, "Write a drawing; '-' writes it to standard output instead of the text", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object", 0},
    {0},
};

const cli_command cmd_arch = {
    .name = "arch",
    .summary = "show an architecture in all its forms, its costs and a drawing",
    .usage = "ARCH",
    .description =
        "Shows one architecture: index, string, operations, matrix and tuples as the original API gives them, the unique strings in the "
        "three modes of consider_zero (null, false, true), the class of isomorphic architectures with its representative (the lowest "
        "index), FLOPs (millions of multiply-accumulates per image) and parameters (millions).\n\nARCH is an index, an architecture "
        "string, or the name of a cell: resnet, all_c3x3, all_c1x1, all_idnt, all_full.\n\nOf NAS-Bench-101, ARCH is an index (with "
        "--space "
        "nasbench101), a graph hash, or a JSON object with the keys matrix and ops. Shown are hash, index, whether the graph is in the "
        "domain "
        "or why not, what pruning leaves of it, the stored form, which is the one that was measured, and parameters and FLOPs of the graph "
        "as "
        "given (a multiply-accumulate counts two), with --json those of every vertex, too.",
    .options = option_table,
    .examples = "arch 11\tshows architecture 11 of NAS-Bench-201\n"
                "arch resnet --svg resnet.svg\tdraws a named cell\n"
                "arch --space nasbench101 12345 --svg cell.svg\ta cell of NAS-Bench-101\n"
                "arch 8:16:24:32:40 --json\tan architecture of the size space, for programs\n",
    .run = run,
};
