#include "cli_experiment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli_columns.h"
#include "cli_json.h"
#include "cli_number.h"

enum { DATASETS_PER_TABLE = 3 }; /* as many as fit a terminal's width, and as the papers have */

/* ---- results ---- */

/* Without a table nothing is known of an answer but what the search saw of it itself. */
static nb_experiment_result as_seen(const cli_experiment *e)
{
    const nb_statistic nothing = {(double)NAN, (double)NAN, 0};
    return (nb_experiment_result){
        .dataset = e->dataset, .accuracy = {e->summary->feedback, nothing}, .optimum = {(double)NAN, (double)NAN}};
}

static size_t result_count(const cli_experiment *e)
{
    return e->summary->result_count > 0 ? e->summary->result_count : 1;
}

static nb_experiment_result result_at(const cli_experiment *e, size_t i)
{
    return e->summary->result_count > 0 ? e->summary->results[i] : as_seen(e);
}

/* ---- for programs ---- */

void cli_print_experiment_json(const cli_experiment *e)
{
    static const char *const kinds[NB_OUTCOME_KINDS] = {"valid", "test"};
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "algorithm", e->summary->algorithm->name);
    cli_json_put_string(&json, "dataset", e->dataset);
    cli_json_put_unsigned(&json, "runs", e->summary->runs);
    cli_json_put_real(&json, "evaluations", e->summary->evaluations.mean);
    cli_json_key(&json, "results");
    cli_json_begin_object(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < result_count(e); i++) {
        const nb_experiment_result result = result_at(e, i);
        cli_json_key(&json, result.dataset);
        cli_json_begin_object(&json, CLI_JSON_INLINE);
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++) {
            cli_json_key(&json, kinds[kind]);
            cli_json_begin_object(&json, CLI_JSON_INLINE);
            cli_json_put_real(&json, "mean", result.accuracy[kind].mean);
            cli_json_put_real(&json, "std", result.accuracy[kind].std);
            cli_json_end(&json);
        }
        cli_json_end(&json);
    }
    cli_json_end(&json);
    cli_json_end(&json);
}

/* ---- for people ---- */

/* "91.19 ± 0.31", or "-" for no number. */
static void put_statistic(cli_columns *columns, const nb_statistic *statistic)
{
    char *text = statistic->count > 0 ? cli_format("%5.2f ± %.2f", statistic->mean, statistic->std) : cli_strdup("-");
    cli_columns_text(columns, text);
    free(text);
}

/* A number that stands under the mean of put_statistic. */
static void put_number(cli_columns *columns, double value)
{
    char *text = isnan(value) ? cli_strdup("-") : cli_format("%5.2f", value);
    cli_columns_text(columns, text);
    free(text);
}

static void put_heads(cli_columns *columns, const cli_experiment *e, size_t first, size_t last, char (*names)[64])
{
    cli_columns_head(columns, "", 'l');
    cli_columns_head(columns, "", 'r');
    for (size_t i = first; i < last; i++) {
        snprintf(names[i - first], sizeof *names, "%s", result_at(e, i).dataset);
        cli_columns_head(columns, names[i - first], 'l');
        cli_columns_head(columns, "", 'l');
    }
    cli_columns_text(columns, "method");
    cli_columns_text(columns, "time [s]");
    for (size_t i = first; i < last; i++) {
        cli_columns_text(columns, "valid [%]");
        cli_columns_text(columns, "test [%]");
    }
}

/* What a run takes: the processor time of the algorithm where answers are looked up, as papers report it; the clock where networks are
 * trained. */
static void put_time(cli_columns *columns, const cli_experiment *e)
{
    if (e->objective->slow)
        cli_columns_real(columns, e->objective->untimed ? (double)NAN : e->summary->seconds.mean, 1);
    else
        cli_columns_real(columns, e->summary->run_seconds, 6);
}

/* The line of the method: time of a run and the accuracies of its answers. */
static void put_method(cli_columns *columns, const cli_experiment *e, size_t first, size_t last)
{
    cli_columns_text(columns, e->summary->algorithm->title);
    put_time(columns, e);
    for (size_t i = first; i < last; i++) {
        const nb_experiment_result result = result_at(e, i);
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            put_statistic(columns, &result.accuracy[kind]);
    }
}

static void put_optimum(cli_columns *columns, const cli_experiment *e, size_t first, size_t last, bool regret)
{
    cli_columns_text(columns, regret ? "regret" : "optimum");
    cli_columns_text(columns, "");
    for (size_t i = first; i < last; i++) {
        const nb_experiment_result result = result_at(e, i);
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            put_number(columns, regret ? result.optimum[kind] - result.accuracy[kind].mean : result.optimum[kind]);
    }
}

static void print_table(const cli_experiment *e)
{
    for (size_t first = 0; first < result_count(e); first += DATASETS_PER_TABLE) {
        const size_t most = first + DATASETS_PER_TABLE, last = most < result_count(e) ? most : result_count(e);
        char names[DATASETS_PER_TABLE][64];
        cli_columns columns = {0};
        put_heads(&columns, e, first, last, names);
        put_method(&columns, e, first, last);
        if (e->summary->result_count > 0) {
            put_optimum(&columns, e, first, last, false);
            put_optimum(&columns, e, first, last, true);
        }
        cli_columns_print(&columns, stdout);
        cli_columns_free(&columns);
        putchar('\n');
    }
}

static void print_budget(const nb_search_budget *budget)
{
    char number[CLI_NUMBER_SIZE];
    if (budget->seconds > 0)
        printf("%s s%s", cli_shortest(budget->seconds, number), budget->evaluations > 0 ? " or " : "");
    if (budget->evaluations > 0)
        printf("%s evaluations", cli_grouped(budget->evaluations, number));
    if (budget->seconds <= 0 && budget->evaluations == 0)
        printf("none, until the algorithm ends");
}

static void print_notes(const nb_note *notes, size_t count, const char *separator)
{
    for (size_t i = 0; i < count; i++) {
        char *text = cli_format("%s%s %s", i > 0 ? ", " : separator, notes[i].name, notes[i].value);
        fputs(cli_printable(text), stdout);
        free(text);
    }
}

static void print_what_ran(const cli_experiment *e)
{
    const nb_experiment_summary *summary = e->summary;
    char number[CLI_NUMBER_SIZE], deviation[CLI_NUMBER_SIZE];
    printf("runs         %s, seed %llu", cli_grouped(summary->runs, number), (unsigned long long)summary->seed);
    if (summary->resumed > 0)
        printf(" (%s of them were there already)", cli_grouped(summary->resumed, number));
    printf("\nobjective    ");
    print_notes(e->options->notes, e->options->note_count, "");
    print_notes(e->objective->notes, e->objective->note_count, e->options->note_count > 0 ? ", " : "");
    printf("\nbudget       ");
    print_budget(&e->options->search.budget);
    printf("\nevaluations  %s ± %s per run\n", cli_fixed(summary->evaluations.mean, 1, number),
           cli_fixed(summary->evaluations.std, 1, deviation));
    if (!e->objective->untimed)
        printf("clock        %s ± %s s at the end of a run\n", cli_fixed(summary->seconds.mean, 1, number),
               cli_fixed(summary->seconds.std, 1, deviation));
    if (summary->feedback.count > 0)
        printf("feedback     %s ± %s %% for the answer\n", cli_fixed(summary->feedback.mean, 2, number),
               cli_fixed(summary->feedback.std, 2, deviation));
    if (e->options->path)
        printf("\n%s has every run, one JSON object per line.\n", e->options->path);
}

void cli_print_experiment(const cli_experiment *experiment)
{
    print_table(experiment);
    print_what_ran(experiment);
}
