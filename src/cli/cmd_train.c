/* nasbench train: one network from scratch, by the benchmark's recipe. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <nasbench/space.h>
#include <nasbench/train.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_columns.h"
#include "cli_json.h"
#include "cli_number.h"
#include "cli_progress.h"
#include "cli_recipe.h"
#include "commands.h"

enum { OPTION_DATASET = 256, OPTION_DATA, OPTION_SEED, OPTION_THREADS, OPTION_SPACE, OPTION_RESUME, OPTION_JSON };

typedef struct options {
    const char *arch;
    const char *dataset;
    const char *output;
    nb_dataset_options data;
    nb_train_options train;
    bool json;
} options;

/* Options of this command alone; false for a key that is none of them. */
static bool parse_own(int key, const char *arg, const struct argp_state *state, options *opts)
{
    switch (key) {
    case OPTION_DATASET:
        opts->dataset = arg;
        return true;
    case OPTION_DATA:
        opts->data.folder = arg;
        return true;
    case OPTION_SPACE:
        opts->train.space = arg;
        return true;
    case OPTION_SEED:
        opts->train.seed = (uint32_t)cli_parse_unsigned(state, "--seed", arg, 0, UINT32_MAX);
        return true;
    case OPTION_THREADS:
        opts->train.threads = (uint32_t)cli_parse_unsigned(state, "--threads", arg, 1, 1024);
        return true;
    case OPTION_RESUME:
        opts->train.resume = true;
        return true;
    default:
        return false;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *opts = state->input;
    if (parse_own(key, arg, state, opts) || cli_parse_recipe(key, arg, state, &opts->train, &opts->data))
        return 0;
    switch (key) {
    case OPTION_JSON:
        opts->json = true;
        return 0;
    case 'o':
        opts->output = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (opts->arch)
            return ARGP_ERR_UNKNOWN;
        opts->arch = arg;
        return 0;
    case ARGP_KEY_END:
        if (!opts->arch)
            cli_bad_usage(state, "ARCH is missing");
        if (opts->train.resume && !opts->output)
            cli_bad_usage(state, "--resume needs -o OUT: the state of the run is in OUT.checkpoint");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- epoch by epoch ---- */

/* What the lines about epochs are written with while the bar is on the screen. */
typedef struct epoch_lines {
    cli_columns columns;
    cli_progress *progress;
} epoch_lines;

static void head_epochs(cli_columns *columns, const nb_dataset *dataset, char heads[NB_DATASET_MAX_SPLITS][64])
{
    cli_columns_head(columns, "epoch", 'r');
    cli_columns_head(columns, "learning rate", 'r');
    cli_columns_head(columns, "train loss", 'r');
    cli_columns_head(columns, "train accuracy [%]", 'r');
    for (uint32_t i = 1; nb_dataset_split(dataset, i); i++) {
        snprintf(heads[i], 64, "%s accuracy [%%]", nb_dataset_split(dataset, i)->name);
        cli_columns_head(columns, heads[i], 'r');
    }
    cli_columns_head(columns, "train time [s]", 'r');
    cli_columns_head(columns, "images/s", 'r');
}

static void print_epoch(void *user, const nb_train_epoch *epoch)
{
    epoch_lines *lines = user;
    cli_columns *columns = &lines->columns;
    cli_columns_unsigned(columns, epoch->epoch);
    cli_columns_real(columns, epoch->learning_rate, 5);
    cli_columns_real(columns, epoch->loss, 4);
    cli_columns_real(columns, epoch->accuracy, 2);
    size_t splits = columns->column_count - 6;
    for (size_t i = 0; i < splits; i++)
        cli_columns_real(columns, epoch->evaluated ? epoch->split_accuracy[i] : (double)NAN, 2);
    cli_columns_real(columns, epoch->seconds, 1);
    cli_columns_real(columns, epoch->images_per_second, 0);
    cli_progress_end(lines->progress);
    cli_columns_print(columns, stdout);
    fflush(stdout);
}

/* ---- the result ---- */

/* The value of the last epoch; NaN when not measured. */
static double final_value(const nb_record *record, const char *split, nb_metric metric)
{
    double value;
    nb_record_value(record, split, metric, record->epochs - 1, &value);
    return value;
}

/* Seconds of all epochs of a split; NaN when none was measured. */
static double total_time(const nb_record *record, const char *split)
{
    double sum = 0, value;
    bool measured = false;
    for (uint32_t epoch = 0; epoch < record->epochs; epoch++) {
        if (!nb_record_value(record, split, NB_METRIC_TIME, epoch, &value))
            continue;
        sum += value;
        measured = true;
    }
    return measured ? sum : (double)NAN;
}

static void print_result(const nb_record *record, const char *output)
{
    char number_text[CLI_NUMBER_SIZE];
    cli_columns columns = {0};
    cli_columns_head(&columns, "split", 'l');
    cli_columns_head(&columns, "loss", 'r');
    cli_columns_head(&columns, "accuracy [%]", 'r');
    cli_columns_head(&columns, "time of all epochs [s]", 'r');
    for (size_t i = 0; i < record->curve_count; i++) {
        const nb_record_curve *curve = &record->curves[i];
        if (curve->metric != NB_METRIC_ACCURACY)
            continue;
        cli_columns_text(&columns, curve->split);
        cli_columns_real(&columns, final_value(record, curve->split, NB_METRIC_LOSS), 4);
        cli_columns_real(&columns, curve->values[record->epochs - 1], 2);
        cli_columns_real(&columns, total_time(record, curve->split), 1);
    }
    printf("\narchitecture  %s\n", record->arch);
    printf("setup         %s, %s epochs, seed %u\n", record->dataset, record->schedule, record->seed);
    printf("costs         %s million %s, ", cli_shortest(record->flops, number_text),
           strcmp(record->space, "nasbench101") == 0 ? "FLOPs" : "multiply-accumulates");
    printf("%s million parameters", cli_shortest(record->params, number_text));
    double latency = nb_latency_mean(record->latency, record->latency_count);
    if (!isnan(latency))
        printf(", %s s for a batch of 256", cli_fixed(latency, 4, number_text));
    printf("\n\n");
    cli_columns_print(&columns, stdout);
    cli_columns_free(&columns);
    if (output)
        printf("\n%s holds the record; 'nasbench import' makes a table of records.\n", output);
}

static void json_curve(cli_json *json, const nb_record *record, const nb_record_curve *curve)
{
    cli_json_key(json, nb_metric_name(curve->metric));
    cli_json_begin_array(json, CLI_JSON_INLINE);
    for (uint32_t epoch = 0; epoch < record->epochs; epoch++)
        cli_json_real(json, curve->values[epoch]);
    cli_json_end(json);
}

static void json_curves(cli_json *json, const nb_record *record)
{
    cli_json_key(json, "curves");
    cli_json_begin_object(json, CLI_JSON_LINES);
    const char *open = NULL;
    for (size_t i = 0; i < record->curve_count; i++) {
        const nb_record_curve *curve = &record->curves[i];
        if (!open || strcmp(open, curve->split) != 0) {
            if (open)
                cli_json_end(json);
            open = curve->split;
            cli_json_key(json, open);
            cli_json_begin_object(json, CLI_JSON_LINES);
        }
        json_curve(json, record, curve);
    }
    if (open)
        cli_json_end(json);
    cli_json_end(json);
}

static void print_json(const nb_record *record, const char *output)
{
    cli_json json = {.out = stdout};
    cli_json_begin_object(&json, CLI_JSON_LINES);
    cli_json_put_string(&json, "arch", record->arch);
    cli_json_put_string(&json, "space", *record->space ? record->space : NULL);
    cli_json_put_string(&json, "dataset", record->dataset);
    cli_json_put_string(&json, "schedule", record->schedule);
    cli_json_put_unsigned(&json, "epochs", record->epochs);
    cli_json_put_unsigned(&json, "seed", record->seed);
    cli_json_put_real(&json, "flops", record->flops);
    cli_json_put_real(&json, "params", record->params);
    cli_json_put_real(&json, "latency", nb_latency_mean(record->latency, record->latency_count));
    cli_json_put_string(&json, "record", output);
    cli_json_key(&json, "settings");
    cli_json_begin_object(&json, CLI_JSON_LINES);
    for (size_t i = 0; i < record->setting_count; i++)
        cli_json_put_string(&json, record->settings[i].name, record->settings[i].value);
    cli_json_end(&json);
    json_curves(&json, record);
    cli_json_end(&json);
}

/* ---- the run ---- */

/* The record that --resume finds finished: nothing is left to do. */
static bool is_finished(const options *opts, nb_record **record)
{
    return opts->train.resume && access(opts->output, F_OK) == 0 &&
           nb_record_read(opts->output, NB_RECORD_WITHOUT_WEIGHTS, record, NULL) == NB_OK;
}

static int say_how_it_ended(const nb_error *err, const char *checkpoint)
{
    int code = cli_fail_with(err);
    if (checkpoint && access(checkpoint, F_OK) == 0)
        fprintf(stderr, "nasbench: %s holds the last complete epoch; the same command with --resume goes on from there\n", checkpoint);
    return code;
}

static int train(const options *opts, const char *checkpoint, nb_record **record)
{
    nb_error err;
    nb_dataset *dataset;
    cli_progress progress;
    cli_progress_begin(&progress, "loading");
    nb_status status = nb_dataset_load(opts->dataset, &opts->data, &progress.progress, &dataset, &err);
    cli_progress_end(&progress);
    if (status != NB_OK)
        return cli_fail_with(&err);
    char heads[NB_DATASET_MAX_SPLITS][64];
    epoch_lines lines = {.progress = &progress};
    nb_train_options train_options = opts->train;
    train_options.checkpoint = checkpoint;
    if (!opts->json) {
        head_epochs(&lines.columns, dataset, heads);
        train_options.epoch_done = print_epoch;
        train_options.user = &lines;
    }
    cli_progress_begin(&progress, "training");
    status = nb_train(dataset, opts->arch, &train_options, &progress.progress, record, &err);
    cli_progress_end(&progress);
    cli_columns_free(&lines.columns);
    nb_dataset_free(dataset);
    return status == NB_OK ? CLI_OK : say_how_it_ended(&err, checkpoint);
}

/* Hours of training should not end with "no such folder". */
static int check_folder(const char *output)
{
    const char *slash = strrchr(output, '/');
    char *folder = slash ? cli_format("%.*s/", (int)(slash - output), output) : cli_strdup(".");
    int code = access(folder, W_OK | X_OK) == 0 ? CLI_OK : cli_fail("%s: cannot be written: %s", output, strerror(errno));
    free(folder);
    return code;
}

/* Puts the record in its place; the checkpoint has served its purpose then. */
static int keep(const nb_record *record, const char *output, const char *checkpoint)
{
    nb_error err;
    if (nb_record_write(record, output, &err) != NB_OK)
        return say_how_it_ended(&err, checkpoint);
    unlink(checkpoint);
    return CLI_OK;
}

/* The recipe is that of the space, which may be named after the options that change the recipe: arguments are read for the space first,
 * then once more on top of its recipe. */
static void read_arguments(const cli_command *self, int argc, char **argv, options *opts)
{
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    options first = {.train = nb_train_defaults()};
    cli_parse(self, argc, argv, parse, &first);
    *opts = (options){.dataset = "cifar10-valid", .train = nb_train_defaults()};
    const nb_space *space = nb_space_find(first.train.space, NULL); /* training will say that there is no such space */
    if (space && nb_space_get_id(space) == NB_SPACE_GRAPH)
        opts->dataset = "cifar10-101";
    if (space)
        nb_train_defaults_for(first.train.space, &opts->train, NULL);
    opts->train.threads = processors > 0 && processors <= 1024 ? (uint32_t)processors : 1;
    cli_parse(self, argc, argv, parse, opts);
}

static int run(const cli_command *self, int argc, char **argv)
{
    options opts;
    read_arguments(self, argc, argv, &opts);
    char *checkpoint = opts.output ? cli_format("%s.checkpoint", opts.output) : NULL;
    nb_record *record = NULL;
    int code = CLI_OK;
    if (!is_finished(&opts, &record)) {
        code = opts.output ? check_folder(opts.output) : CLI_OK;
        if (code == CLI_OK)
            code = train(&opts, checkpoint, &record);
        if (code == CLI_OK && opts.output)
            code = keep(record, opts.output, checkpoint);
    }
    if (code == CLI_OK && opts.json)
        print_json(record, opts.output);
    else if (code == CLI_OK)
        print_result(record, opts.output);
    nb_record_free(record);
    free(checkpoint);
    return code;
}

static const struct argp_option option_table[] = {
    {"dataset", OPTION_DATASET, "KEY", 0,
     "cifar10-valid (default), cifar10, cifar10-101 (default of nasbench101), cifar100, ImageNet16-120, fashion-mnist, "
     "fashion-mnist-valid, mnist or mnist-valid",
     0},
    {"data", OPTION_DATA, "DIR", 0, "Where its files are. Default: $TORCH_HOME, ~/.torch, /usr/share/datasets", 0},
    {"seed", OPTION_SEED, "SEED", 0, "Default: 777", 0},
    CLI_RECIPE_OPTIONS("12"),
    {"space", OPTION_SPACE, "SPACE", 0, "What ARCH is of: nasbench201 (default), nats-size or nasbench101", 0},
    {"threads", OPTION_THREADS, "N", 0, "Default: all processors. The result does not depend on it", 0},
    {"output", 'o', "OUT", 0, "The record to write; the state after each epoch is kept in OUT.checkpoint until then", 0},
    {"resume", OPTION_RESUME, NULL, 0, "Go on from OUT.checkpoint if it is there; do nothing if OUT is", 0},
    {"no-weights", CLI_RECIPE_NO_WEIGHTS, NULL, 0, "Leave the trained weights out of the record", 0},
    {"json", OPTION_JSON, NULL, 0, "Print one JSON object at the end: costs, settings and every curve", 0},
    {0},
};

const cli_command cmd_train = {
    .name = "train",
    .summary = "train one network from scratch",
    .usage = "ARCH [-o OUT]",
    .description =
        "Trains the network of an architecture with NAS-Bench-201's recipe and evaluates it: SGD with Nesterov momentum, learning rate "
        "along "
        "a cosine, mirrored and cropped images, batches of 256. ARCH is an index or string of the space, the name of a cell (resnet, "
        "all_c3x3, all_c1x1, all_idnt, all_full), or any cell of the reference's operations.\n\nWith --space nasbench101 the network and "
        "the "
        "recipe are NAS-Bench-101's: 128 channels, 3 cells per stack, RMSProp with learning rate 0.2 and weight decay 1e-4, 4 epochs, "
        "evaluated half-way and at the end; ARCH is an index, a graph hash or a JSON object with the keys matrix and ops.\n\nThe record "
        "OUT has everything that the "
        "benchmark's own files have of a run: loss, accuracy and time of every epoch on every set, FLOPs, parameters, latency, and the "
        "weights under PyTorch's names. 'nasbench import' makes a table of records.\n\nThe same command gives the same weights, "
        "whatever the number of threads and however often it was interrupted and resumed.",
    .options = option_table,
    .examples = "train resnet --dataset fashion-mnist --schedule 3 --channels 8 --cells 1 --resolution 16\ta minute on a laptop\n"
                "train 1 --schedule 12 --seed 111 -o arch-1.safetensors\tone run of the benchmark, with CIFAR-10 in ~/.torch\n"
                "train 1 --schedule 12 --seed 111 -o arch-1.safetensors --resume\tgo on after an interruption\n"
                "train 28cfc7874f6d200472e1a9dcd8650aa0 --space nasbench101 --schedule 4 -o cell.safetensors\ta cell of NAS-Bench-101\n"
                "train 8:16:32:16:64 --space nats-size --schedule 01 --dataset cifar100\ta network of the size space\n",
    .run = run,
};
