/* The options of a recipe, read into the library's structs. */
#include "cli_recipe.h"

#include <string.h>

static uint32_t number(const struct argp_state *state, const char *what, const char *text, uint32_t low, uint32_t high)
{
    return (uint32_t)cli_parse_unsigned(state, what, text, low, high);
}

static uint32_t parse_evaluate(const struct argp_state *state, const char *text)
{
    if (strcmp(text, "every") == 0)
        return 1;
    if (strcmp(text, "last") == 0)
        return 0;
    if (strcmp(text, "half") == 0)
        return NB_TRAIN_EVALUATE_HALFWAY;
    uint64_t value;
    if (!cli_is_unsigned(text, &value) || value == 0 || value > UINT32_MAX)
        cli_bad_usage(state, "--evaluate: '%s'; every, half, last or a number of epochs expected", text);
    return (uint32_t)value;
}

static bool parse_images(int key, const char *arg, const struct argp_state *state, nb_dataset_options *data)
{
    switch (key) {
    case CLI_RECIPE_IMAGES:
        data->train_images = number(state, "--images", arg, 1, UINT32_MAX);
        return true;
    case CLI_RECIPE_EVAL_IMAGES:
        data->eval_images = number(state, "--eval-images", arg, 1, UINT32_MAX);
        return true;
    case CLI_RECIPE_RESOLUTION:
        data->resolution = number(state, "--resolution", arg, 4, 1024);
        return true;
    case CLI_RECIPE_NO_CHECKSUMS:
        data->no_checksums = true;
        return true;
    default:
        return false;
    }
}

static bool parse_augmentation(int key, const char *arg, const struct argp_state *state, nb_train_options *train)
{
    switch (key) {
    case CLI_RECIPE_CUTOUT:
        train->cutout = number(state, "--cutout", arg, 0, 1024);
        return true;
    case CLI_RECIPE_NO_FLIP:
        train->flip = 0;
        return true;
    case CLI_RECIPE_NO_CROP:
        train->crop_padding = 0;
        return true;
    default:
        return false;
    }
}

static bool parse_training(int key, const char *arg, const struct argp_state *state, nb_train_options *train)
{
    switch (key) {
    case CLI_RECIPE_SCHEDULE:
        number(state, "--schedule", arg, 1, 100000);
        train->schedule = arg;
        return true;
    case CLI_RECIPE_CHANNELS:
        train->channels = number(state, "--channels", arg, 1, 1024);
        return true;
    case CLI_RECIPE_CELLS:
        train->cells = number(state, "--cells", arg, 1, 1000);
        return true;
    case CLI_RECIPE_BATCH:
        train->batch = number(state, "--batch", arg, 1, 65536);
        return true;
    case CLI_RECIPE_LR:
        train->learning_rate = cli_parse_real(state, "--lr", arg, 1e-12, 1e6);
        return true;
    case CLI_RECIPE_LR_BY_STEP:
        train->rate_by_step = true;
        return true;
    case CLI_RECIPE_MOMENTUM:
        train->momentum = cli_parse_real(state, "--momentum", arg, 0, 0.999999);
        return true;
    case CLI_RECIPE_WEIGHT_DECAY:
        train->weight_decay = cli_parse_real(state, "--weight-decay", arg, 0, 1e6);
        return true;
    case CLI_RECIPE_EVALUATE:
        train->evaluate_every = parse_evaluate(state, arg);
        return true;
    case CLI_RECIPE_NO_WEIGHTS:
        train->weights = false;
        return true;
    default:
        return false;
    }
}

bool cli_parse_recipe(int key, const char *arg, const struct argp_state *state, nb_train_options *train, nb_dataset_options *data)
{
    return parse_images(key, arg, state, data) || parse_augmentation(key, arg, state, train) || parse_training(key, arg, state, train);
}
