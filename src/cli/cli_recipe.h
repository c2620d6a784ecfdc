/* The options that say how a network is trained and on which images: the same words for `nasbench train` and `nasbench generate`. */
#ifndef NB_CLI_RECIPE_H
#define NB_CLI_RECIPE_H

#include <nasbench/train.h>

#include "cli.h"

/* Keys for argp, out of the way of a command's own. */
enum {
    CLI_RECIPE_SCHEDULE = 1024,
    CLI_RECIPE_CHANNELS,
    CLI_RECIPE_CELLS,
    CLI_RECIPE_BATCH,
    CLI_RECIPE_LR,
    CLI_RECIPE_LR_BY_STEP,
    CLI_RECIPE_MOMENTUM,
    CLI_RECIPE_WEIGHT_DECAY,
    CLI_RECIPE_EVALUATE,
    CLI_RECIPE_NO_WEIGHTS,
    CLI_RECIPE_IMAGES,
    CLI_RECIPE_EVAL_IMAGES,
    CLI_RECIPE_RESOLUTION,
    CLI_RECIPE_NO_CHECKSUMS,
    CLI_RECIPE_CUTOUT,
    CLI_RECIPE_NO_FLIP,
    CLI_RECIPE_NO_CROP
};

/* Entries of a command's table of options. CLI_RECIPE_NETWORK_OPTIONS leaves out which epochs are trained and evaluated. */
/* clang-format off */
#define CLI_RECIPE_NETWORK_OPTIONS                                                                                                    \
    {"channels", CLI_RECIPE_CHANNELS, "C", 0, "Channels of the first stage. Default: 16", 0},                                         \
    {"cells", CLI_RECIPE_CELLS, "N", 0, "Cells in each of the three stages. Default: 5", 0},                                          \
    {"batch", CLI_RECIPE_BATCH, "IMAGES", 0, "Images in a training batch. Default: 256", 0},                                          \
    {"lr", CLI_RECIPE_LR, "RATE", 0, "Learning rate of the first epoch. Default: 0.1", 0},                                            \
    {"lr-by-step", CLI_RECIPE_LR_BY_STEP, NULL, 0, "Lower the learning rate at every step, not only after every epoch", 0},           \
    {"momentum", CLI_RECIPE_MOMENTUM, "M", 0, "Nesterov momentum. Default: 0.9", 0},                                                  \
    {"weight-decay", CLI_RECIPE_WEIGHT_DECAY, "W", 0, "Default: 0.0005", 0},                                                          \
    {"images", CLI_RECIPE_IMAGES, "N", 0, "Train on the first N images only", 0},                                                     \
    {"eval-images", CLI_RECIPE_EVAL_IMAGES, "N", 0, "Evaluate on the first N images of each set only", 0},                            \
    {"resolution", CLI_RECIPE_RESOLUTION, "PIXELS", 0, "Average the images down to that side, for example 16", 0},                    \
    {"cutout", CLI_RECIPE_CUTOUT, "PIXELS", 0, "Cut squares of that side out of training images. Default: 0, none", 0},               \
    {"no-flip", CLI_RECIPE_NO_FLIP, NULL, 0, "Do not mirror training images", 0},                                                     \
    {"no-crop", CLI_RECIPE_NO_CROP, NULL, 0, "Do not crop training images at random", 0},                                             \
    {"no-checksums", CLI_RECIPE_NO_CHECKSUMS, NULL, 0, "Take data files that differ from the published ones", 0}

#define CLI_RECIPE_OPTIONS(default_schedule)                                                                                          \
    {"schedule", CLI_RECIPE_SCHEDULE, "EPOCHS", 0, "12, 200 or any number of epochs. Default: " default_schedule, 0},                 \
    CLI_RECIPE_NETWORK_OPTIONS,                                                                                                       \
    {"evaluate", CLI_RECIPE_EVALUATE, "WHEN", 0, "After every epoch (every, the default), half and last, last, or after each so many", 0}
/* clang-format on */

/* For parsers: takes an option of the table above; false for a key that is none of them. */
bool cli_parse_recipe(int key, const char *arg, const struct argp_state *state, nb_train_options *train, nb_dataset_options *data);

#endif
