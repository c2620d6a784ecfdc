/* nasbench compare: search methods against each other, from the files that nasbench search wrote. */
#include <nasbench/compare.h>
#include <stdlib.h>
#include <string.h>

#include "cli_comparison.h"
#include "commands.h"

enum { OPTION_JSON = 256, OPTION_REPORT, OPTION_PLOTS, OPTION_TEST, OPTION_ALPHA };

typedef struct options {
    cli_strings paths;
    const char *report, *plots;
    nb_compare_test test;
    double alpha;
    bool json;
} options;

static nb_compare_test parse_test(const struct argp_state *state, const char *word)
{
    static const char *const names[] = {"mann-whitney", "signed-rank"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(word, names[i]) == 0)
            return (nb_compare_test)i;
    if (strcmp(word, "wilcoxon") == 0)
        return NB_TEST_SIGNED_RANK;
    cli_bad_usage(state, "--test: '%s' is not a test: mann-whitney or signed-rank expected", word);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case OPTION_REPORT:
        opts->report = arg;
        return 0;
    case OPTION_PLOTS:
        opts->plots = arg;
        return 0;
    case OPTION_TEST:
        opts->test = parse_test(state, arg);
        return 0;
    case OPTION_ALPHA:
        opts->alpha = cli_parse_real(state, "--alpha", arg, 0, 1);
        return 0;
    case ARGP_KEY_ARG:
        cli_strings_add(&opts->paths, arg);
        return 0;
    case ARGP_KEY_NO_ARGS:
        cli_bad_usage(state, "OUT is missing: a file that nasbench search wrote");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int make_pictures(const options *opts, const nb_comparison *comparison)
{
    cli_plots plots = {0};
    int code = CLI_OK;
    if (!opts->report && !opts->plots)
        return CLI_OK;
    cli_plot_comparison(comparison, &plots);
    code = cli_plots_render(&plots);
    if (code == CLI_OK && opts->plots)
        code = cli_plots_write(&plots, opts->plots);
    if (code == CLI_OK && opts->report)
        code = cli_report_comparison(comparison, opts->alpha, &plots, opts->report);
    cli_plots_free(&plots);
    return code;
}

static int compare(const options *opts, const nb_experiment_file *const *files)
{
    nb_comparison *comparison;
    nb_error err;
    if (nb_compare(files, opts->paths.count, &(nb_compare_options){.test = opts->test}, &comparison, &err) != NB_OK)
        return cli_fail_with(&err);
    const int code = make_pictures(opts, comparison);
    if (comparison->budgets_differ)
        fprintf(stderr, "nasbench: budgets differ: final results compare budgets as well as methods\n");
    if (code == CLI_OK && opts->json)
        cli_json_comparison(comparison, opts->alpha);
    else if (code == CLI_OK)
        cli_print_comparison(comparison, opts->alpha);
    nb_comparison_free(comparison);
    return code;
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts = {.alpha = 0.05};
    cli_parse(self, argc, argv, parse, &opts);
    nb_experiment_file **files = cli_alloc(opts.paths.count * sizeof *files);
    size_t count = 0;
    nb_error err;
    int code = CLI_OK;
    while (count < opts.paths.count && code == CLI_OK) {
        if (nb_experiment_file_read(opts.paths.items[count], &files[count], &err) == NB_OK)
            count++;
        else
            code = cli_fail_with(&err);
    }
    if (code == CLI_OK)
        code = compare(&opts, (const nb_experiment_file *const *)files);
    while (count > 0)
        nb_experiment_file_free(files[--count]);
    free(files);
    free(opts.paths.items);
    return code;
}

static const struct argp_option option_table[] = {
    {"report", OPTION_REPORT, "FILE", 0, "Write one self-contained HTML report with tables and plots", 0},
    {"plots", OPTION_PLOTS, "FOLDER", 0, "Write the plots as SVG files", 0},
    {"test", OPTION_TEST, "TEST", 0,
     "mann-whitney (independent runs) or signed-rank (run r beside run r; same seed and number of runs). Default: mann-whitney", 0},
    {"alpha", OPTION_ALPHA, "P", 0, "The level at which a difference counts. Default: 0.05", 0},
    {"json", OPTION_JSON, NULL, 0, "Print JSON, any-time curves included", 0},
    {0},
};

const cli_command cmd_compare = {
    .name = "compare",
    .summary = "compare search methods: tables, tests, any-time curves, a report",
    .usage = "OUT...",
    .description =
        "Reads files that 'nasbench search' wrote, one per method, and prints what the answers are worth on every data set: mean and "
        "deviation, quartiles, regret to the best of the table, mean ranks, and for each pair of methods a rank test with Holm's "
        "correction and an effect size.\n\n--report and --plots also show accuracy over time and over evaluations, as the median over runs "
        "with a band between the quartiles. They need gnuplot (Debian package gnuplot-nox).",
    .options = option_table,
    .examples = "compare random.jsonl rea.jsonl\tprints tables and tests\n"
                "compare *.jsonl --report report.html\ta report for the browser or for print\n"
                "compare *.jsonl --plots figures\tSVG files for a paper\n",
    .run = run,
};
