#include "cli_algorithms.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli_columns.h"
#include "cli_json.h"

const nb_algorithm_info *cli_parse_algorithm(const struct argp_state *state, const char *name)
{
    enum { MOST = 32 };
    const char *names[MOST];
    size_t count = 0;
    nb_error err;
    const nb_algorithm_info *info, *found = nb_algorithm_find(name, &err);
    for (; count < MOST && (info = nb_algorithm_list(count)) != NULL; count++)
        names[count] = info->name;
    const char *nearest = found ? NULL : cli_nearest(name, names, count);
    if (nearest)
        cli_bad_usage(state, "no algorithm '%s'; did you mean '%s'?", name, nearest);
    if (!found)
        cli_bad_usage(state, "%s", err.message);
    return found;
}

/* "1 to 1e+06", or the words. The caller frees. */
static char *expected_values(const nb_search_parameter *parameter)
{
    if (!parameter->words)
        return cli_format("%g to %g%s", parameter->low, parameter->high, parameter->whole ? ", whole" : "");
    char *text = cli_strdup("");
    for (size_t i = 0; parameter->words[i]; i++) {
        char *longer = cli_format("%s%s%s", text, i > 0 ? ", " : "", parameter->words[i]);
        free(text);
        text = longer;
    }
    return text;
}

static void list_settings(const nb_algorithm_info *algorithm)
{
    cli_columns columns = {0};
    cli_columns_head(&columns, "  setting", 'l');
    cli_columns_head(&columns, "default", 'l');
    cli_columns_head(&columns, "expected", 'l');
    cli_columns_head(&columns, "what it is", 'l');
    for (size_t i = 0; i < algorithm->parameter_count; i++) {
        const nb_search_parameter *parameter = &algorithm->parameters[i];
        char *name = cli_format("  %s", parameter->name), *values = expected_values(parameter);
        cli_columns_text(&columns, name);
        cli_columns_text(&columns, parameter->default_value);
        cli_columns_text(&columns, values);
        cli_columns_text(&columns, parameter->summary);
        free(name);
        free(values);
    }
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
}

static void list_as_json(cli_json *json, const nb_algorithm_info *algorithm)
{
    cli_json_begin_object(json, CLI_JSON_LINES);
    cli_json_put_string(json, "algorithm", algorithm->name);
    cli_json_put_string(json, "title", algorithm->title);
    cli_json_put_string(json, "summary", algorithm->summary);
    cli_json_key(json, "settings");
    cli_json_begin_array(json, CLI_JSON_LINES);
    for (size_t i = 0; i < algorithm->parameter_count; i++) {
        const nb_search_parameter *parameter = &algorithm->parameters[i];
        char *values = expected_values(parameter);
        cli_json_begin_object(json, CLI_JSON_INLINE);
        cli_json_put_string(json, "name", parameter->name);
        cli_json_put_string(json, "default", parameter->default_value);
        cli_json_put_string(json, "expected", values);
        cli_json_put_string(json, "summary", parameter->summary);
        cli_json_end(json);
        free(values);
    }
    cli_json_end(json);
    cli_json_end(json);
}

int cli_list_algorithms(bool as_json)
{
    cli_json json = {.out = stdout};
    const nb_algorithm_info *algorithm;
    if (as_json)
        cli_json_begin_array(&json, CLI_JSON_LINES);
    for (size_t i = 0; (algorithm = nb_algorithm_list(i)) != NULL; i++) {
        if (as_json) {
            list_as_json(&json, algorithm);
            continue;
        }
        printf("%s%s (%s): %s\n\n", i > 0 ? "\n" : "", algorithm->name, algorithm->title, algorithm->summary);
        list_settings(algorithm);
    }
    if (as_json)
        cli_json_end(&json);
    return CLI_OK;
}
