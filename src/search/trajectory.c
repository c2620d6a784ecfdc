#include "search/trajectory.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/error.h"

static const char format_name[] = "nasbench search 1";
static const char *const kinds[NB_OUTCOME_KINDS] = {"valid", "test"};

/* ---------------------------------------------------------------- writing */

/* A key with its colon; a comma before it unless a bracket was just opened. */
static void key(nb_text *line, const char *name)
{
    const char last = line->size > 0 ? line->data[line->size - 1] : '{';
    if (last != '{')
        nb_text_puts(line, ", ");
    nb_text_json_string(line, name);
    nb_text_puts(line, ": ");
}

static void put_string(nb_text *line, const char *name, const char *value)
{
    key(line, name);
    nb_text_json_string(line, value);
}

static void put_number(nb_text *line, const char *name, double value)
{
    key(line, name);
    nb_text_json_number(line, value);
}

static void put_settings(nb_text *line, const nb_algorithm_info *algorithm, const double *settings)
{
    key(line, "settings");
    nb_text_puts(line, "{");
    for (size_t i = 0; i < algorithm->parameter_count; i++) {
        const nb_search_parameter *parameter = &algorithm->parameters[i];
        if (parameter->words)
            put_string(line, parameter->name, parameter->words[(size_t)settings[i]]);
        else
            put_number(line, parameter->name, settings[i]);
    }
    nb_text_puts(line, "}");
}

/* Zero means no limit, which is null in the file. */
static void put_budget(nb_text *line, const nb_search_budget *budget)
{
    key(line, "budget");
    nb_text_puts(line, "{");
    put_number(line, "seconds", budget->seconds > 0 ? budget->seconds : (double)NAN);
    put_number(line, "evaluations", budget->evaluations > 0 ? (double)budget->evaluations : (double)NAN);
    nb_text_puts(line, "}");
}

static void put_notes(nb_text *line, const nb_note *notes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put_string(line, notes[i].name, notes[i].value);
}

static void put_objective(nb_text *line, const nb_experiment_options *options, const nb_objective *objective)
{
    key(line, "objective");
    nb_text_puts(line, "{");
    put_notes(line, options->notes, options->note_count);
    put_notes(line, objective->notes, objective->note_count);
    nb_text_puts(line, "}");
}

/* {"cifar10": {"valid": .., "test": ..}, ..} */
static void put_outcomes(nb_text *line, const char *name, const nb_outcomes *outcomes, const nb_arch *arch)
{
    key(line, name);
    nb_text_puts(line, "{");
    for (size_t i = 0; i < nb_outcomes_count(outcomes); i++) {
        key(line, nb_outcomes_dataset(outcomes, i));
        nb_text_puts(line, "{");
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            put_number(line, kinds[kind], arch ? nb_outcome(outcomes, i, kind, arch) : nb_outcome_best(outcomes, i, kind));
        nb_text_puts(line, "}");
    }
    nb_text_puts(line, "}");
}

void nb_trajectory_header(const nb_experiment_options *options, const nb_objective *objective, const nb_algorithm_info *algorithm,
                          const double *settings, const nb_outcomes *outcomes, nb_text *line)
{
    nb_text_puts(line, "{");
    put_string(line, "format", format_name);
    put_string(line, "algorithm", algorithm->name);
    put_string(line, "title", algorithm->title);
    put_settings(line, algorithm, settings);
    put_string(line, "space", nb_space_name(options->search.space));
    put_budget(line, &options->search.budget);
    key(line, "own_time");
    nb_text_puts(line, options->search.count_own_time ? "true" : "false");
    put_number(line, "runs", options->runs);
    put_number(line, "seed", (double)options->search.seed);
    put_objective(line, options, objective);
    put_outcomes(line, "optimum", outcomes, NULL);
    nb_text_puts(line, "}\n");
}

static void put_answer(nb_text *line, const nb_space *space, const nb_search_result *answer)
{
    char text[NB_ARCH_TEXT_SIZE];
    nb_space_format(space, &answer->arch, text, sizeof text);
    key(line, "answer");
    nb_text_puts(line, "{");
    put_number(line, "index", (double)nb_space_index(space, &answer->arch));
    put_string(line, "arch", text);
    put_number(line, "step", answer->step < 0 ? (double)NAN : (double)answer->step);
    put_number(line, "accuracy", answer->accuracy);
    nb_text_puts(line, "}");
}

/* A list; `number` gives its entries. */
#define PUT_LIST(line, name, count, number)                                                                                                \
    do {                                                                                                                                   \
        key(line, name);                                                                                                                   \
        nb_text_puts(line, "[");                                                                                                           \
        for (size_t i = 0; i < (count); i++) {                                                                                             \
            if (i > 0)                                                                                                                     \
                nb_text_append(line, ", ", 2);                                                                                             \
            nb_text_json_number(line, (number));                                                                                           \
        }                                                                                                                                  \
        nb_text_puts(line, "]");                                                                                                           \
    } while (0)

static void put_incumbents(nb_text *line, const nb_incumbent *incumbents, size_t count, const nb_outcomes *outcomes)
{
    key(line, "incumbents");
    nb_text_puts(line, "{");
    PUT_LIST(line, "step", count, (double)incumbents[i].step);
    for (size_t dataset = 0; dataset < nb_outcomes_count(outcomes); dataset++) {
        key(line, nb_outcomes_dataset(outcomes, dataset));
        nb_text_puts(line, "{");
        for (nb_outcome_kind kind = 0; kind < NB_OUTCOME_KINDS; kind++)
            PUT_LIST(line, kinds[kind], count, nb_outcome(outcomes, dataset, kind, &incumbents[i].arch));
        nb_text_puts(line, "}");
    }
    nb_text_puts(line, "}");
}

/* Seconds to the microsecond: sums of many numbers would need all their digits otherwise. */
static double rounded_clock(double seconds)
{
    return round(1e6 * seconds) / 1e6;
}

static void put_steps(nb_text *line, const nb_space *space, const nb_search_step *steps, size_t count)
{
    bool parts = false;
    for (size_t i = 0; i < count; i++)
        parts = parts || steps[i].epochs > 0;
    PUT_LIST(line, "index", count, (double)nb_space_index(space, &steps[i].arch));
    PUT_LIST(line, "accuracy", count, steps[i].accuracy);
    PUT_LIST(line, "clock", count, rounded_clock(steps[i].clock));
    if (parts)
        PUT_LIST(line, "epochs", count, steps[i].epochs > 0 ? (double)steps[i].epochs : (double)NAN);
}

void nb_trajectory_run(uint32_t run, const nb_search *search, const nb_search_result *answer, const nb_incumbent *incumbents, size_t count,
                       const nb_outcomes *outcomes, nb_text *line)
{
    size_t step_count;
    const nb_search_step *steps = nb_search_steps(search, &step_count);
    const nb_space *space = nb_space_of(answer->arch.space);
    nb_text_puts(line, "{");
    put_number(line, "run", run);
    put_number(line, "evaluations", (double)step_count);
    put_number(line, "seconds", rounded_clock(nb_search_clock(search)));
    put_answer(line, space, answer);
    put_outcomes(line, "results", outcomes, &answer->arch);
    put_incumbents(line, incumbents, count, outcomes);
    put_steps(line, space, steps, step_count);
    nb_text_puts(line, "}\n");
}

/* ---------------------------------------------------------------- reading back */

static bool is_whole(const json_t *value, double low, double high)
{
    const double number = json_number_value(value);
    return json_is_number(value) && number == floor(number) && number >= low && number <= high;
}

nb_status nb_trajectory_read(const char *line, size_t size, const char *name, uint32_t run, const nb_space *space, nb_run_facts *out,
                             nb_error *err)
{
    json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *answer = json_object_get(object, "answer"), *accuracy = json_object_get(answer, "accuracy");
    const json_t *evaluations = json_object_get(object, "evaluations"), *seconds = json_object_get(object, "seconds");
    const json_t *index = json_object_get(answer, "index");
    nb_status status = NB_OK;
    if (!is_whole(json_object_get(object, "run"), run, run) || !is_whole(evaluations, 0, 1e15) || !json_is_number(seconds) ||
        !is_whole(index, 0, (double)nb_space_size(space) - 1))
        status = nb_fail(err, NB_ERR_FORMAT, "%s: line %u is not run %u of a search", name, run + 2, run);
    if (status == NB_OK) {
        out->evaluations = (uint64_t)json_number_value(evaluations);
        out->seconds = json_number_value(seconds);
        out->feedback = json_is_number(accuracy) ? json_number_value(accuracy) : (double)NAN;
        status = nb_space_at(space, (uint64_t)json_number_value(index), &out->arch, err);
    }
    json_decref(object);
    return status;
}

static nb_status compare_headers(json_t *found, json_t *expected, const char *name, bool any_seed, uint64_t *seed, nb_error *err)
{
    const char *field;
    json_t *value;
    if (!found || !json_is_number(json_object_get(found, "seed")))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: not a search that was interrupted: remove it, or write elsewhere", name);
    if (any_seed) {
        *seed = (uint64_t)json_number_value(json_object_get(found, "seed"));
        json_object_set(expected, "seed", json_object_get(found, "seed"));
    }
    json_object_foreach(expected, field, value)
    {
        if (json_equal(value, json_object_get(found, field)))
            continue;
        char *text = json_dumps(json_object_get(found, field), JSON_ENCODE_ANY);
        nb_status status = nb_fail(err, NB_ERR_ARGUMENT, "%s: an interrupted search with another %s (%s): finish it first, or remove it",
                                   name, field, text ? text : "none");
        free(text);
        return status;
    }
    return NB_OK;
}

nb_status nb_trajectory_same(const char *found, size_t found_size, const char *expected, size_t expected_size, const char *name,
                             bool any_seed, uint64_t *seed, nb_error *err)
{
    json_t *old = json_loadb(found, found_size, JSON_REJECT_DUPLICATES, NULL);
    json_t *new = json_loadb(expected, expected_size, JSON_REJECT_DUPLICATES, NULL);
    nb_status status = new ? compare_headers(old, new, name, any_seed, seed, err) : nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", name);
    json_decref(old);
    json_decref(new);
    return status;
}
