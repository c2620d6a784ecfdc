/* What surrounds the steps: optimisers' formulas, schedules, starting values, checkpoints. */
#include "nn_networks.h"

#include "base/file.h"
#include "nn/checkpoint.h"
#include "nn/optimiser.h"
#include "nn/schedule.h"

static const double pi = 3.14159265358979323846;

static void assert_number(double got, double expected)
{
    if (!(fabs(got - expected) <= 1e-12 * (1 + fabs(expected))))
        fail_msg("%.17g, expected %.17g", got, expected);
}

/* ---------------------------------------------------------------- schedules */

static void cosine_is_constant_in_an_epoch_and_never_reaches_its_end(void **state)
{
    (void)state;
    nb_schedule s = nb_schedule_cosine(0.1, 12);
    assert_number(nb_schedule_rate(&s, 0, 0), 0.1);
    assert_number(nb_schedule_rate(&s, 6, 0), 0.05);
    assert_number(nb_schedule_rate(&s, 6, 0.9), 0.05);
    assert_number(nb_schedule_rate(&s, 11, 0), 0.1 * (1 + cos(pi * 11 / 12)) / 2);
    assert_number(nb_schedule_rate(&s, 12, 0), 0);
}

static void cosine_with_a_short_period_swings(void **state)
{
    (void)state;
    nb_schedule s = nb_schedule_cosine(0.05, 250);
    s.end = 0.0005;
    s.period = 10;
    assert_number(nb_schedule_rate(&s, 10, 0), 0.0005);
    assert_number(nb_schedule_rate(&s, 20, 0), 0.05);
    assert_number(nb_schedule_rate(&s, 5, 0), 0.02525);
}

static void warm_up_grows_with_the_steps(void **state)
{
    (void)state;
    nb_schedule s = nb_schedule_cosine(0.1, 100);
    s.warmup = 5;
    assert_number(nb_schedule_rate(&s, 0, 0), 0);
    assert_number(nb_schedule_rate(&s, 2, 0.5), 0.05);
    assert_number(nb_schedule_rate(&s, 5, 0.5), 0.1);
    assert_number(nb_schedule_rate(&s, 55, 0), 0.1 * (1 + cos(pi * 50 / 100)) / 2);
}

static void the_other_schedules_follow_their_formulas(void **state)
{
    (void)state;
    nb_schedule s = {
        .kind = NB_SCHEDULE_MULTISTEP, .base = 1, .epochs = 100, .milestone_count = 2, .milestones = {30, 60}, .gammas = {0.1, 0.2}};
    assert_number(nb_schedule_rate(&s, 29, 0), 1);
    assert_number(nb_schedule_rate(&s, 30, 0), 0.1);
    assert_number(nb_schedule_rate(&s, 99, 0), 0.02);
    s = (nb_schedule){.kind = NB_SCHEDULE_EXPONENTIAL, .base = 2, .epochs = 100, .gamma = 0.9};
    assert_number(nb_schedule_rate(&s, 3, 0), 2 * 0.9 * 0.9 * 0.9);
    s = (nb_schedule){.kind = NB_SCHEDULE_LINEAR, .base = 0.4, .end = 0.1, .epochs = 10};
    assert_number(nb_schedule_rate(&s, 5, 0), 0.25);
    assert_number(nb_schedule_rate(&s, 10, 0), 0.1);
    s = (nb_schedule){.kind = NB_SCHEDULE_CONSTANT, .base = 0.3, .epochs = 1};
    assert_number(nb_schedule_rate(&s, 1000, 0.5), 0.3);
}

static void impossible_schedules_are_refused(void **state)
{
    (void)state;
    nb_schedule s = nb_schedule_cosine(0, 10);
    assert_int_equal(nb_schedule_check(&s, NULL), NB_ERR_ARGUMENT);
    s = nb_schedule_cosine(0.1, 0);
    assert_int_equal(nb_schedule_check(&s, NULL), NB_ERR_ARGUMENT);
    s = nb_schedule_cosine(0.1, 10);
    assert_int_equal(nb_schedule_check(&s, NULL), NB_OK);
    s = (nb_schedule){.kind = NB_SCHEDULE_MULTISTEP, .base = 1, .epochs = 9, .milestone_count = 2, .milestones = {5, 4}};
    assert_int_equal(nb_schedule_check(&s, NULL), NB_ERR_ARGUMENT);
}

/* ---------------------------------------------------------------- optimisers */

static void rmsprop_puts_epsilon_under_the_root_and_starts_from_one(void **state)
{
    (void)state;
    const nb_optimiser_options options = nb_rmsprop_tf(0.9, 0.9, 1.0, 1e-4);
    nb_optimiser *optimiser;
    assert_int_equal(nb_optimiser_new_flat(&options, 1, &optimiser, NULL), NB_OK);
    double w = 0.5, mean_square = 1, momentum = 0;
    float value = 0.5F;
    for (int step = 0; step < 6; step++) {
        float gradient = 0.7F - 0.3F * (float)step;
        double g = (double)gradient + 1e-4 * w;
        mean_square = 0.9 * mean_square + 0.1 * g * g;
        momentum = 0.9 * momentum + 0.2 * g / sqrt(mean_square + 1.0);
        w -= momentum;
        nb_optimiser_step_flat(optimiser, &value, &gradient, 0.2);
    }
    assert_true(fabs((double)value - w) < 1e-6);
    nb_optimiser_free(optimiser);
}

/* PyTorch has no gradient for a parameter that no loss has depended on, and its optimisers pass it over. */
static void parameters_never_seen_are_left_alone(void **state)
{
    (void)state;
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 2, 1, 1);
    nb_graph_conv(g, x, 2, 1, 1, 0, "a");
    nb_graph_conv(g, x, 2, 1, 1, 0, "b");
    nb_rng rng = nb_rng_seed(1, 0);
    nb_params *params = random_params(g, &rng), *before;
    assert_int_equal(nb_params_clone(params, &before, NULL), NB_OK);
    params->tensors[0].seen = true;
    const nb_optimiser_options options = nb_sgd(0.9, true, 0.1);
    nb_optimiser *optimiser;
    assert_int_equal(nb_optimiser_new(&options, params, &optimiser, NULL), NB_OK);
    nb_optimiser_step(optimiser, params, 0.1);
    assert_true(params->values[0] != before->values[0]);
    assert_memory_equal(params->values + 16, before->values + 16, 4 * sizeof(float));
    nb_optimiser_free(optimiser);
    nb_params_free(before);
    nb_params_free(params);
    nb_graph_free(g);
}

/* ---------------------------------------------------------------- starting values */

static void moments_of(const float *values, size_t count, double *mean, double *deviation, double *largest)
{
    double sum = 0, squares = 0;
    *largest = 0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
        *largest = fmax(*largest, fabs((double)values[i]));
    }
    *mean = sum / (double)count;
    *deviation = sqrt(squares / (double)count - *mean * *mean);
}

static nb_params *initial(nb_init_scheme scheme, uint64_t seed)
{
    nb_graph *g = nb_graph_new();
    nb_graph_init_scheme(g, scheme);
    nb_node x = nb_graph_input(g, 40, 1, 1);
    x = nb_graph_batch_norm(g, nb_graph_conv(g, x, 90, 3, 1, 1, "conv"), "norm");
    nb_graph_linear(g, x, 100, "linear");
    nb_params *params;
    nb_error err;
    if (nb_params_new(g, &params, &err) != NB_OK)
        fail_msg("%s", err.message);
    nb_rng rng = nb_rng_seed(seed, 0);
    nb_params_init(params, &rng);
    nb_graph_free(g);
    return params;
}

static void pytorch_starts_uniformly_within_the_fan_in(void **state)
{
    (void)state;
    nb_params *params = initial(NB_INIT_PYTORCH, 5);
    const nb_tensor *conv = nb_params_find(params, "conv.weight"), *linear = nb_params_find(params, "linear.weight");
    double mean, deviation, largest, bound = 1 / sqrt(360);
    moments_of(params->values + conv->offset, conv->count, &mean, &deviation, &largest);
    assert_true(fabs(mean) < 0.01 * bound && fabs(deviation - bound / sqrt(3)) < 0.01 * bound && largest <= bound &&
                largest > 0.999 * bound);
    bound = 1 / sqrt(90);
    moments_of(params->values + linear->offset, linear->count + 12, &mean, &deviation, &largest); /* the bias follows */
    assert_true(fabs(deviation - bound / sqrt(3)) < 0.02 * bound && largest <= bound);
    const nb_tensor *weight = nb_params_find(params, "norm.weight"), *variance = nb_params_find(params, "norm.running_var");
    assert_true(params->values[weight->offset + 89] == 1 && params->buffers[variance->offset + 89] == 1);
    assert_true(params->values[nb_params_find(params, "norm.bias")->offset] == 0);
    nb_params_free(params);
}

static void tensorflow_starts_from_a_truncated_normal_and_glorot(void **state)
{
    (void)state;
    nb_params *params = initial(NB_INIT_TENSORFLOW, 6);
    const nb_tensor *conv = nb_params_find(params, "conv.weight"), *linear = nb_params_find(params, "linear.weight");
    double mean, deviation, largest, wanted = 1 / sqrt(360);
    moments_of(params->values + conv->offset, conv->count, &mean, &deviation, &largest);
    assert_true(fabs(mean) < 0.02 * wanted && fabs(deviation - wanted) < 0.02 * wanted);
    assert_true(largest <= 2 * wanted / 0.8796256610342398 + 1e-6 && largest > 2 * wanted);
    double bound = sqrt(6.0 / 190);
    moments_of(params->values + linear->offset, linear->count, &mean, &deviation, &largest);
    assert_true(fabs(deviation - bound / sqrt(3)) < 0.02 * bound && largest <= bound);
    assert_true(params->values[nb_params_find(params, "linear.bias")->offset] == 0);
    nb_params_free(params);
}

static void starting_values_depend_on_the_seed_alone(void **state)
{
    (void)state;
    nb_params *a = initial(NB_INIT_PYTORCH, 5), *b = initial(NB_INIT_PYTORCH, 5), *c = initial(NB_INIT_PYTORCH, 6);
    assert_memory_equal(a->values, b->values, a->size * sizeof(float));
    assert_memory_not_equal(a->values, c->values, a->size * sizeof(float));
    nb_params_free(a);
    nb_params_free(b);
    nb_params_free(c);
}

static void tensors_are_listed_as_in_pytorchs_state_dict(void **state)
{
    (void)state;
    static const int cell_operations[6] = {3, 4, 1, 2, 0, 1};
    static const char *const expected[] = {
        "stem.0.weight",
        "stem.1.weight",
        "stem.1.bias",
        "stem.1.running_mean",
        "stem.1.running_var",
        "stem.1.num_batches_tracked",
        "cells.0.layers.0.op.1.weight",
        "cells.0.layers.0.op.2.weight",
        "cells.0.layers.0.op.2.bias",
        "cells.0.layers.0.op.2.running_mean",
        "cells.0.layers.0.op.2.running_var",
        "cells.0.layers.0.op.2.num_batches_tracked",
        "cells.0.layers.3.op.1.weight",
    };
    nb_graph *g = tiny_network(cell_operations, 4, 1, 8, 10);
    nb_params *params;
    assert_int_equal(nb_params_new(g, &params, NULL), NB_OK);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_string_equal(params->tensors[i].name, expected[i]);
    assert_string_equal(params->tensors[params->tensor_count - 1].name, "classifier.bias");
    nb_params_free(params);
    nb_graph_free(g);
}

/* ---------------------------------------------------------------- checkpoints */

/* A training run that can be stopped. */
typedef struct training_run {
    comparison c;
    nb_optimiser *optimiser;
    nb_rng rng;
    double losses[8];
    nb_checkpoint_array curve;
    nb_st_metadata settings;
    nb_checkpoint checkpoint;
} training_run;

static void start(training_run *run, const char *seed_text)
{
    static const int cell_operations[6] = {3, 2, 4, 1, 3, 2};
    nb_net_options options = {.batch = 20, .training = true, .gradients = true};
    const nb_optimiser_options recipe = nb_adam(0.9, 0.999, 1e-8, 1e-3);
    *run = (training_run){.c = compare(tiny_network(cell_operations, 4, 1, 8, 10), 20, options, 3), .rng = nb_rng_seed(1, 1)};
    assert_int_equal(nb_optimiser_new(&recipe, run->c.params, &run->optimiser, NULL), NB_OK);
    run->curve = (nb_checkpoint_array){"losses", 8, run->losses};
    run->settings = (nb_st_metadata){"seed", seed_text};
    run->checkpoint = (nb_checkpoint){.params = run->c.params,
                                      .optimiser = run->optimiser,
                                      .rngs = &run->rng,
                                      .rng_count = 1,
                                      .arrays = &run->curve,
                                      .array_count = 1,
                                      .metadata = &run->settings,
                                      .metadata_count = 1};
}

/* Steps until `end`, each on images that the random generator gives. */
static void train_until(training_run *run, int64_t end)
{
    for (; run->checkpoint.step < end; run->checkpoint.step++) {
        for (size_t i = 0; i < 20 * 192; i++)
            run->c.images[i] = (float)nb_rng_normal(&run->rng);
        nb_net_result result;
        assert_int_equal(nb_net_step(run->c.net, run->c.images, run->c.labels, 20, &result, NULL), NB_OK);
        nb_optimiser_step(run->optimiser, run->c.params, 0.01);
        run->losses[run->checkpoint.step] = result.loss;
    }
}

static void end_run(training_run *run)
{
    nb_optimiser_free(run->optimiser);
    comparison_free(&run->c);
}

static void a_resumed_run_ends_with_the_same_bits(void **state)
{
    (void)state;
    char *path = scratch_path("resumed.safetensors");
    training_run whole, first, second;
    start(&whole, "1");
    train_until(&whole, 8);
    start(&first, "1");
    train_until(&first, 3);
    first.checkpoint.epoch = 5;
    assert_int_equal(nb_checkpoint_save(path, &first.checkpoint, NULL), NB_OK);
    start(&second, "1");
    memset(second.c.params->values, 0, second.c.params->size * sizeof(float));
    nb_error err;
    if (nb_checkpoint_load(path, &second.checkpoint, &err) != NB_OK)
        fail_msg("%s", err.message);
    assert_int_equal(second.checkpoint.epoch, 5);
    assert_int_equal(second.checkpoint.step, 3);
    train_until(&second, 8);
    assert_memory_equal(second.c.params->values, whole.c.params->values, whole.c.params->size * sizeof(float));
    assert_memory_equal(second.c.params->buffers, whole.c.params->buffers, whole.c.params->buffer_size * sizeof(float));
    assert_memory_equal(second.c.params->counters, whole.c.params->counters, whole.c.params->counter_count * sizeof(int64_t));
    assert_memory_equal(second.optimiser->second, whole.optimiser->second, whole.c.params->size * sizeof(float));
    assert_memory_equal(second.losses, whole.losses, sizeof whole.losses);
    end_run(&whole);
    end_run(&first);
    end_run(&second);
    free(path);
}

static void weights_alone_can_be_loaded_from_a_checkpoint(void **state)
{
    (void)state;
    char *path = scratch_path("weights.safetensors");
    training_run run;
    start(&run, "1");
    train_until(&run, 1);
    assert_int_equal(nb_checkpoint_save(path, &run.checkpoint, NULL), NB_OK);
    nb_params *params;
    assert_int_equal(nb_params_new(run.c.g, &params, NULL), NB_OK);
    nb_checkpoint weights = {.params = params};
    assert_int_equal(nb_checkpoint_load(path, &weights, NULL), NB_OK);
    assert_memory_equal(params->values, run.c.params->values, params->size * sizeof(float));
    nb_params_free(params);
    end_run(&run);
    free(path);
}

static void a_checkpoint_that_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    char *path = scratch_path("other.safetensors");
    training_run run, other;
    nb_error err;
    start(&run, "1");
    start(&other, "2");
    assert_int_equal(nb_checkpoint_load(path, &run.checkpoint, &err), NB_ERR_NOT_FOUND);
    train_until(&other, 1);
    assert_int_equal(nb_checkpoint_save(path, &other.checkpoint, NULL), NB_OK);
    nb_params *before;
    assert_int_equal(nb_params_clone(run.c.params, &before, NULL), NB_OK);
    assert_int_equal(nb_checkpoint_load(path, &run.checkpoint, &err), NB_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "other.safetensors: from a run with seed = 2, but this one has 1"));
    nb_checkpoint weights = {.params = other.c.params};
    assert_int_equal(nb_checkpoint_save(path, &weights, NULL), NB_OK);
    run.checkpoint.metadata_count = 0;
    assert_int_equal(nb_checkpoint_load(path, &run.checkpoint, &err), NB_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "there is no tensor \"training/first/stem.0.weight\""));
    assert_memory_equal(run.c.params->values, before->values, before->size * sizeof(float));
    nb_params_free(before);
    end_run(&run);
    end_run(&other);
    free(path);
}

static void a_checkpoint_of_another_width_is_refused_by_name_and_shape(void **state)
{
    (void)state;
    char *path = scratch_path("width.safetensors");
    nb_params *narrow, *wide;
    static const int cell_operations[6] = {3, 2, 4, 1, 3, 2};
    nb_graph *a = tiny_network(cell_operations, 4, 1, 8, 10), *b = tiny_network(cell_operations, 6, 1, 8, 10);
    assert_int_equal(nb_params_new(a, &narrow, NULL), NB_OK);
    assert_int_equal(nb_params_new(b, &wide, NULL), NB_OK);
    nb_error err;
    assert_int_equal(nb_checkpoint_save(path, &(nb_checkpoint){.params = narrow}, NULL), NB_OK);
    assert_int_equal(nb_checkpoint_load(path, &(nb_checkpoint){.params = wide}, &err), NB_ERR_FORMAT);
    assert_non_null(strstr(err.message, "tensor \"stem.0.weight\" is F32 [4, 3, 3, 3], expected F32 [6, 3, 3, 3]"));
    nb_params_free(narrow);
    nb_params_free(wide);
    nb_graph_free(a);
    nb_graph_free(b);
    free(path);
}

static void a_cut_or_altered_checkpoint_is_an_error(void **state)
{
    (void)state;
    char *path = scratch_path("cut.safetensors");
    training_run run;
    start(&run, "1");
    assert_int_equal(nb_checkpoint_save(path, &run.checkpoint, NULL), NB_OK);
    size_t size;
    uint8_t *bytes = read_file(path, &size);
    for (size_t length = 0; length < size; length += 1 + size / 50) {
        write_file(path, bytes, length);
        assert_int_not_equal(nb_checkpoint_load(path, &run.checkpoint, NULL), NB_OK);
    }
    free(bytes);
    end_run(&run);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cosine_is_constant_in_an_epoch_and_never_reaches_its_end),
        cmocka_unit_test(cosine_with_a_short_period_swings),
        cmocka_unit_test(warm_up_grows_with_the_steps),
        cmocka_unit_test(the_other_schedules_follow_their_formulas),
        cmocka_unit_test(impossible_schedules_are_refused),
        cmocka_unit_test(rmsprop_puts_epsilon_under_the_root_and_starts_from_one),
        cmocka_unit_test(parameters_never_seen_are_left_alone),
        cmocka_unit_test(pytorch_starts_uniformly_within_the_fan_in),
        cmocka_unit_test(tensorflow_starts_from_a_truncated_normal_and_glorot),
        cmocka_unit_test(starting_values_depend_on_the_seed_alone),
        cmocka_unit_test(tensors_are_listed_as_in_pytorchs_state_dict),
        cmocka_unit_test(a_resumed_run_ends_with_the_same_bits),
        cmocka_unit_test(weights_alone_can_be_loaded_from_a_checkpoint),
        cmocka_unit_test(a_checkpoint_that_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(a_checkpoint_of_another_width_is_refused_by_name_and_shape),
        cmocka_unit_test(a_cut_or_altered_checkpoint_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
