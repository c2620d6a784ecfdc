/* Numbers made by PyTorch and kept in a safetensors file, and the comparison of a network with them. tests/golden/make_nn_golden.py says
 * how they are made and named. */
#ifndef NB_TESTS_NN_GOLDEN_H
#define NB_TESTS_NN_GOLDEN_H

#include "nn_networks.h"

#include "base/file.h"
#include "base/safetensors.h"
#include "nn/optimiser.h"

typedef struct golden {
    nb_file_map map;
    nb_safetensors file;
} golden;

/* For the set-up of a test program: *state becomes the golden file. */
static inline int open_golden_file(const char *path, void **state)
{
    static golden g;
    nb_error err;
    if (nb_file_map_open(path, &g.map, &err) != NB_OK || nb_safetensors_parse(g.map.data, g.map.size, path, &g.file, &err) != NB_OK)
        return -1;
    *state = &g;
    return 0;
}

static inline int close_golden(void **state)
{
    golden *g = *state;
    nb_safetensors_free(&g->file);
    nb_file_map_close(&g->map);
    return 0;
}

/* The tensor of that name in doubles; the caller frees. */
static inline double *wanted(const golden *g, const char *name, size_t *count)
{
    const nb_st_tensor *tensor = nb_safetensors_find(&g->file, name);
    if (!tensor)
        fail_msg("no golden tensor %s", name);
    *count = tensor->size / sizeof(float);
    return to_doubles(tensor->data, *count);
}

/* random_sample() of numpy, scaled to -1 .. 1 and rounded to float. */
static inline float next_uniform(nb_mt19937 *random)
{
    return (float)(2 * nb_mt19937_uniform(random) - 1);
}

/* The same numbers as the script gives the network: parameters in their order, then images and labels. */
static inline void fill_params(nb_params *params, nb_mt19937 *random)
{
    for (size_t i = 0; i < params->tensor_count; i++) {
        const nb_tensor *t = &params->tensors[i];
        if (t->kind == NB_TENSOR_COUNTER)
            continue;
        float *values = t->kind == NB_TENSOR_PARAMETER ? params->values + t->offset : params->buffers + t->offset;
        size_t name = strlen(t->name);
        for (size_t k = 0; k < t->count; k++) {
            if (t->kind == NB_TENSOR_BUFFER)
                values[k] = strcmp(t->name + name - 3, "var") == 0 ? 1 : 0;
            else if (t->dims > 1)
                values[k] = next_uniform(random) / (float)sqrt((double)(t->count / (size_t)t->shape[0]));
            else /* of a batch norm, except for the bias of the linear layer: all are 0.25 u, weights of batch norms plus 1 */
                values[k] = next_uniform(random) * 0.25F + (strcmp(t->name + name - 6, "weight") == 0 ? 1.0F : 0.0F);
        }
    }
}

/* Compares a tensor of the network with every k-th number of it in the golden file. */
static inline void check_tensor(const golden *g, const char *cell_name, const char *what, const nb_tensor *tensor, const float *values,
                                double scale)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s/%s", cell_name, what, tensor->name);
    if (!nb_safetensors_find(&g->file, name))
        return; /* running statistics that nothing depends on */
    size_t count, step = (tensor->count + 23) / 24;
    double *expected = wanted(g, name, &count);
    assert_int_equal(count, (tensor->count + step - 1) / step);
    float thinned[24];
    for (size_t i = 0; i < count; i++)
        thinned[i] = values[i * step];
    assert_close(name, thinned, expected, count, 1e-4, scale);
    free(expected);
}

/* Loss and logits of one step. */
static inline void check_forward(const golden *g, const char *cell_name, int step, const comparison *c, double loss)
{
    char name[160];
    size_t count;
    nb_node logits = c->g->ops[c->g->loss].inputs[0];
    snprintf(name, sizeof name, "%s/loss/%d", cell_name, step);
    double *expected = wanted(g, name, &count);
    if (fabs(loss - expected[0]) > 1e-4 * expected[0])
        fail_msg("%s: %.9g, PyTorch %.9g", name, loss, expected[0]);
    free(expected);
    snprintf(name, sizeof name, "%s/logits/%d", cell_name, step);
    expected = wanted(g, name, &count);
    float *got = malloc(count * sizeof *got);
    assert_int_equal(nb_net_read(c->net, logits, got, NULL), NB_OK);
    assert_close(name, got, expected, count, 1e-4, 0);
    free(expected);
    free(got);
}

/* What the network under test is made of: how many images it gets and with which numbers. */
typedef struct golden_network {
    const char *name; /* of its tensors in the file */
    int images, classes;
    uint32_t seed;
} golden_network;

static inline void fill_batch(comparison *c, const golden_network *subject, nb_mt19937 *random)
{
    size_t numbers = (size_t)subject->images * numbers_of(nb_graph_shape(c->g, c->g->input));
    for (size_t i = 0; i < numbers; i++)
        c->images[i] = 2 * next_uniform(random);
    for (int i = 0; i < subject->images; i++)
        c->labels[i] = (int32_t)(nb_mt19937_uniform(random) * subject->classes);
}

/* How close the inputs of ReLUs come to zero, with the parameters as they are now. */
static inline double narrowest_relu(comparison *c)
{
    double narrowest = 1;
    size_t numbers = (size_t)c->count * numbers_of(nb_graph_shape(c->g, c->g->input));
    for (size_t i = 0; i < numbers; i++)
        c->images_double[i] = (double)c->images[i];
    for (size_t i = 0; i < c->params->size; i++)
        c->ref->values[i] = (double)c->params->values[i];
    nb_reference_forward(c->ref, c->images_double, c->labels);
    for (nb_node i = 0; i < c->g->op_count; i++) {
        size_t count = (size_t)c->count * numbers_of(nb_graph_shape(c->g, i));
        for (size_t k = 0; c->g->ops[i].kind == NB_OP_RELU && k < count; k++)
            narrowest = fmin(narrowest, fabs(c->ref->outputs[c->g->ops[i].inputs[0]][k]));
    }
    return narrowest;
}

/* Float rounding cannot put an input of a ReLU on the other side of zero: the golden numbers are those of every correct network. */
static inline void assert_relus_decided(comparison *c)
{
    double narrowest = narrowest_relu(c);
    if (narrowest <= 4e-6)
        fail_msg("an input of a ReLU is %.3g: another seed is needed", narrowest);
}

/* Two steps: loss and logits of both, gradients of the first, parameters and running statistics after the second. */
static inline void check_steps(const golden *g, const golden_network *subject, comparison *c, const nb_optimiser_options *recipe,
                               const double rates[2])
{
    nb_mt19937 random;
    nb_mt19937_seed_word(&random, subject->seed);
    fill_params(c->params, &random);
    fill_batch(c, subject, &random);
    nb_optimiser *optimiser;
    assert_int_equal(nb_optimiser_new(recipe, c->params, &optimiser, NULL), NB_OK);
    for (int step = 0; step < 2; step++) {
        nb_net_result result;
        assert_relus_decided(c);
        assert_int_equal(nb_net_step(c->net, c->images, c->labels, subject->images, &result, NULL), NB_OK);
        check_forward(g, subject->name, step, c, result.loss);
        for (size_t i = 0; step == 0 && i < c->params->tensor_count; i++)
            if (c->params->tensors[i].kind == NB_TENSOR_PARAMETER)
                check_tensor(g, subject->name, "gradient", &c->params->tensors[i], c->params->gradients + c->params->tensors[i].offset,
                             1e-2);
        nb_optimiser_step(optimiser, c->params, rates[step]);
    }
    for (size_t i = 0; i < c->params->tensor_count; i++) {
        const nb_tensor *t = &c->params->tensors[i];
        if (t->kind != NB_TENSOR_COUNTER)
            check_tensor(g, subject->name, "after", t,
                         (t->kind == NB_TENSOR_PARAMETER ? c->params->values : c->params->buffers) + t->offset, 0);
        else
            assert_true(c->params->counters[t->offset] == 2 || c->params->counters[t->offset] == 0);
    }
    nb_optimiser_free(optimiser);
}

#endif
