#include "search/settings.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/name.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/text.h"

static nb_status unknown_name(const nb_algorithm_info *info, const char *name, size_t length, nb_error *err)
{
    nb_text text = {0};
    nb_text_printf(&text, "%s has no setting %s:", info->name, nb_quote(name, length).text);
    for (size_t i = 0; i < info->parameter_count; i++)
        nb_text_printf(&text, "%s %s", i > 0 ? "," : "", info->parameters[i].name);
    nb_status status = nb_fail(err, NB_ERR_ARGUMENT, "%s expected", text.failed ? info->name : text.data);
    nb_text_free(&text);
    return status;
}

static nb_status unknown_word(const nb_algorithm_info *info, const nb_search_parameter *parameter, const char *word, nb_error *err)
{
    nb_text text = {0};
    for (size_t i = 0; parameter->words[i]; i++)
        nb_text_printf(&text, "%s%s", i > 0 ? ", " : "", parameter->words[i]);
    nb_status status = nb_fail(err, NB_ERR_ARGUMENT, "%s: %s=%s: one of %s expected", info->name, parameter->name,
                               nb_quote(word, strlen(word)).text, text.failed ? "the known words" : text.data);
    nb_text_free(&text);
    return status;
}

static nb_status read_word(const nb_algorithm_info *info, const nb_search_parameter *parameter, const char *word, double *value,
                           nb_error *err)
{
    for (size_t i = 0; parameter->words[i]; i++) {
        if (strcmp(word, parameter->words[i]) == 0) {
            *value = (double)i;
            return NB_OK;
        }
    }
    return unknown_word(info, parameter, word, err);
}

static nb_status read_number(const nb_algorithm_info *info, const nb_search_parameter *parameter, const char *number, double *value,
                             nb_error *err)
{
    const char *kind = parameter->whole ? "a whole number" : "a number";
    double found;
    bool readable = nb_number_parse_double(number, strlen(number), &found) && isfinite(found);
    if (!readable || (parameter->whole && found != floor(found)))
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s=%s: %s expected", info->name, parameter->name, nb_quote(number, strlen(number)).text,
                       kind);
    if (found < parameter->low || found > parameter->high)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: %s=%s: %s within %g to %g expected", info->name, parameter->name, number, kind,
                       parameter->low, parameter->high);
    *value = found;
    return NB_OK;
}

static nb_status read_value(const nb_algorithm_info *info, size_t position, const char *text, double *values, nb_error *err)
{
    const nb_search_parameter *parameter = &info->parameters[position];
    return parameter->words ? read_word(info, parameter, text, &values[position], err)
                            : read_number(info, parameter, text, &values[position], err);
}

static nb_status read_setting(const nb_algorithm_info *info, const char *text, double *values, nb_error *err)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return nb_fail(err, NB_ERR_ARGUMENT, "%s: setting %s: NAME=VALUE expected", info->name, nb_quote(text, strlen(text)).text);
    const size_t length = (size_t)(equals - text);
    char name[64] = "";
    if (length < sizeof name)
        memcpy(name, text, length);
    for (size_t i = 0; i < info->parameter_count; i++) {
        if (nb_same_name(name, info->parameters[i].name))
            return read_value(info, i, equals + 1, values, err);
    }
    return unknown_name(info, text, length, err);
}

nb_status nb_settings_read(const nb_algorithm_info *info, const char *const *texts, size_t count, double *values, nb_error *err)
{
    for (size_t i = 0; i < info->parameter_count; i++)
        NB_TRY(read_value(info, i, info->parameters[i].default_value, values, err));
    for (size_t i = 0; i < count; i++)
        NB_TRY(read_setting(info, texts[i], values, err));
    return NB_OK;
}

nb_status nb_algorithm_check(const nb_algorithm_info *algorithm, const char *const *settings, size_t count, nb_error *err)
{
    double values[NB_PARAMETERS_MAX];
    return nb_settings_read(algorithm, settings, count, values, err);
}
