#include "nasbench/nds.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"

/* ---- words ---- */

static const char *const families[NB_NDS_FAMILIES] = {"nas_cell", "residual_bottleneck", "residual_basic", "vanilla"};
static const char *const generators[NB_NDS_GENERATORS] = {"random", "fix_w_d", "tune_lr_wd"};
static const char *const sets[NB_NDS_DATASETS] = {"cifar10", "imagenet"};
static const char *const proposers[NB_NDS_PROPOSERS] = {"amoeba",    "darts",     "enas",     "nasnet", "pnas",
                                                        "resnext-a", "resnext-b", "resnet-b", "resnet", "vanilla"};

enum {
    OP_NONE,
    OP_SKIP,
    OP_AVG_3,
    OP_MAX_3,
    OP_MAX_5,
    OP_MAX_7,
    OP_CONV_1,
    OP_CONV_3,
    OP_CONV_3X1,
    OP_CONV_7X1,
    OP_DIL_3,
    OP_DIL_5,
    OP_SEP_3,
    OP_SEP_5,
    OP_SEP_7,
    OP_DIL_SEP_3,
    OPERATORS
};
static const char *const operators[OPERATORS] = {
    "none",         "skip_connect", "avg_pool_3x3", "max_pool_3x3", "max_pool_5x5", "max_pool_7x7", "conv_1x1",     "conv_3x3",
    "conv_3x1_1x3", "conv_7x1_1x7", "dil_conv_3x3", "dil_conv_5x5", "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "dil_sep_conv_3x3"};

const char *nb_nds_family_name(nb_nds_family family)
{
    return (unsigned)family < NB_NDS_FAMILIES ? families[family] : NULL;
}

const char *nb_nds_generator_name(nb_nds_generator generator)
{
    return (unsigned)generator < NB_NDS_GENERATORS ? generators[generator] : NULL;
}

const char *nb_nds_dataset_name(nb_nds_dataset dataset)
{
    return (unsigned)dataset < NB_NDS_DATASETS ? sets[dataset] : NULL;
}

const char *nb_nds_proposer_name(nb_nds_proposer proposer)
{
    return (unsigned)proposer < NB_NDS_PROPOSERS ? proposers[proposer] : NULL;
}

nb_nds_family nb_nds_family_find(const char *name)
{
    unsigned family = 0;
    while (family < NB_NDS_FAMILIES && strcmp(families[family], name) != 0)
        family++;
    return (nb_nds_family)family;
}

const char *nb_nds_operator_name(unsigned op)
{
    return op < OPERATORS ? operators[op] : NULL;
}

int nb_nds_operator_find(const char *name)
{
    for (int op = 0; op < OPERATORS; op++)
        if (strcmp(operators[op], name) == 0)
            return op;
    return -1;
}

/* ---- files ---- */

static const nb_nds_file files[NB_NDS_FILES] = {
    {"Amoeba", NB_NDS_AMOEBA, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"Amoeba_in", NB_NDS_AMOEBA, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"DARTS", NB_NDS_DARTS, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"DARTS_fix-w-d", NB_NDS_DARTS, NB_NDS_FIX_W_D, NB_NDS_CIFAR10},
    {"DARTS_in", NB_NDS_DARTS, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"DARTS_lr-wd", NB_NDS_DARTS, NB_NDS_TUNE_LR_WD, NB_NDS_CIFAR10},
    {"DARTS_lr-wd_in", NB_NDS_DARTS, NB_NDS_TUNE_LR_WD, NB_NDS_IMAGENET},
    {"ENAS", NB_NDS_ENAS, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ENAS_fix-w-d", NB_NDS_ENAS, NB_NDS_FIX_W_D, NB_NDS_CIFAR10},
    {"ENAS_in", NB_NDS_ENAS, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"NASNet", NB_NDS_NASNET, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"NASNet_in", NB_NDS_NASNET, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"PNAS", NB_NDS_PNAS, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"PNAS_fix-w-d", NB_NDS_PNAS, NB_NDS_FIX_W_D, NB_NDS_CIFAR10},
    {"PNAS_in", NB_NDS_PNAS, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"ResNeXt-A", NB_NDS_RESNEXT_A, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNeXt-A_in", NB_NDS_RESNEXT_A, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"ResNeXt-B", NB_NDS_RESNEXT_B, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNeXt-B_in", NB_NDS_RESNEXT_B, NB_NDS_RANDOM, NB_NDS_IMAGENET},
    {"ResNet-B", NB_NDS_RESNET_B, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNet", NB_NDS_RESNET, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNet_lr-wd", NB_NDS_RESNET, NB_NDS_TUNE_LR_WD, NB_NDS_CIFAR10},
    {"ResNet_lr-wd_in", NB_NDS_RESNET, NB_NDS_TUNE_LR_WD, NB_NDS_IMAGENET},
    {"ResNet_reruns", NB_NDS_RESNET, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNet_rng1", NB_NDS_RESNET, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNet_rng2", NB_NDS_RESNET, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"ResNet_rng3", NB_NDS_RESNET, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"Vanilla", NB_NDS_PLAIN, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"Vanilla_lr-wd", NB_NDS_PLAIN, NB_NDS_TUNE_LR_WD, NB_NDS_CIFAR10},
    {"Vanilla_lr-wd_in", NB_NDS_PLAIN, NB_NDS_TUNE_LR_WD, NB_NDS_IMAGENET},
    {"Vanilla_reruns", NB_NDS_PLAIN, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"Vanilla_rng1", NB_NDS_PLAIN, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"Vanilla_rng2", NB_NDS_PLAIN, NB_NDS_RANDOM, NB_NDS_CIFAR10},
    {"Vanilla_rng3", NB_NDS_PLAIN, NB_NDS_RANDOM, NB_NDS_CIFAR10},
};

const nb_nds_file *nb_nds_file_at(unsigned i)
{
    return i < NB_NDS_FILES ? &files[i] : NULL;
}

int nb_nds_file_find(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    for (int i = 0; i < NB_NDS_FILES; i++) {
        const size_t length = strlen(files[i].name);
        if (strncmp(name, files[i].name, length) == 0 && strcmp(name + length, ".json") == 0)
            return i;
    }
    return -1;
}

/* ---- design spaces of cells (unnas: pycls/models/nas/genotypes.py) ---- */

static const nb_nds_cells cells[] = {
    [NB_NDS_AMOEBA] =
        {{OP_SKIP, OP_SEP_3, OP_SEP_5, OP_SEP_7, OP_AVG_3, OP_MAX_3, OP_DIL_SEP_3, OP_CONV_7X1}, 8, 5, false, UINT64_C(556627761561600)},
    [NB_NDS_DARTS] = {{OP_NONE, OP_MAX_3, OP_AVG_3, OP_SKIP, OP_SEP_3, OP_SEP_5, OP_DIL_3, OP_DIL_5}, 8, 4, true, UINT64_C(241591910400)},
    [NB_NDS_ENAS] = {{OP_SKIP, OP_SEP_3, OP_SEP_5, OP_AVG_3, OP_MAX_3}, 5, 5, false, UINT64_C(5062500000000)},
    [NB_NDS_NASNET] = {{OP_SKIP, OP_CONV_3X1, OP_CONV_7X1, OP_DIL_3, OP_AVG_3, OP_MAX_3, OP_MAX_5, OP_MAX_7, OP_CONV_1, OP_CONV_3, OP_SEP_3,
                        OP_SEP_5, OP_SEP_7},
                       13,
                       5,
                       false,
                       UINT64_C(71465842174521600)},
    [NB_NDS_PNAS] =
        {{OP_SEP_3, OP_SEP_5, OP_SEP_7, OP_CONV_7X1, OP_SKIP, OP_AVG_3, OP_MAX_3, OP_DIL_3}, 8, 5, true, UINT64_C(556627761561600)},
};

const nb_nds_cells *nb_nds_cells_of(nb_nds_proposer proposer)
{
    return (unsigned)proposer <= NB_NDS_PNAS ? &cells[proposer] : NULL;
}

/* ---- networks ---- */

static nb_status load_object(const char *what, const char *text, json_t **out, nb_error *err)
{
    json_error_t problem;
    json_t *value = text ? json_loads(text, 0, &problem) : NULL;
    if (!json_is_object(value)) {
        json_decref(value);
        return nb_fail(err, NB_ERR_FORMAT, "%s: a JSON object expected", what);
    }
    *out = value;
    return NB_OK;
}

/* A whole number from `low` to `high`. */
static nb_status whole_of(const json_t *value, const char *name, json_int_t low, json_int_t high, uint32_t *out, nb_error *err)
{
    const json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < low || number > high)
        return nb_fail(err, NB_ERR_FORMAT, "%s: a whole number from %d to %d expected", name, (int)low, (int)high);
    *out = (uint32_t)number;
    return NB_OK;
}

#define SIZE_MAX_BELIEVED 1000000 /* depth, width, stride, groups */

/* ---- stages ---- */

/* The list `name` has one number for each stage; an optional one may be missing. */
static nb_status check_list(const json_t *model, const char *name, bool optional, uint32_t stages, const json_t **list, nb_error *err)
{
    *list = json_object_get(model, name);
    if (!*list && optional)
        return NB_OK;
    if (!json_is_array(*list) || json_array_size(*list) != stages)
        return nb_fail(err, NB_ERR_FORMAT, "model_spec: %s: a list of %u numbers expected", name, stages);
    return NB_OK;
}

static nb_status read_sizes(const json_t *model, const char *name, bool optional, nb_nds_network *network, size_t offset, nb_error *err)
{
    const json_t *list;
    NB_TRY(check_list(model, name, optional, network->stages, &list, err));
    for (uint32_t i = 0; list && i < network->stages; i++) {
        uint32_t *place = (uint32_t *)(void *)((char *)&network->stage[i] + offset);
        NB_TRY(whole_of(json_array_get(list, i), name, 1, SIZE_MAX_BELIEVED, place, err));
    }
    return NB_OK;
}

static nb_status read_stages(const json_t *model, nb_nds_network *network, nb_error *err)
{
    const json_t *list = json_object_get(model, "ds");
    if (!json_is_array(list) || json_array_size(list) == 0)
        return nb_fail(err, NB_ERR_FORMAT, "model_spec: ds: a list of depths expected");
    if (json_array_size(list) > NB_NDS_STAGES_MAX)
        return nb_fail(err, NB_ERR_UNSUPPORTED, "model_spec: %zu stages, at most %d expected", json_array_size(list), NB_NDS_STAGES_MAX);
    network->stages = (uint32_t)json_array_size(list);
    NB_TRY(read_sizes(model, "ds", false, network, offsetof(nb_nds_stage, depth), err));
    NB_TRY(read_sizes(model, "ws", false, network, offsetof(nb_nds_stage, width), err));
    NB_TRY(read_sizes(model, "ss", false, network, offsetof(nb_nds_stage, stride), err));
    NB_TRY(read_sizes(model, "num_gs", true, network, offsetof(nb_nds_stage, groups), err));
    NB_TRY(check_list(model, "bot_muls", true, network->stages, &list, err));
    for (uint32_t i = 0; list && i < network->stages; i++) {
        const json_t *value = json_array_get(list, i);
        if (!json_is_number(value) || !(json_number_value(value) >= 0))
            return nb_fail(err, NB_ERR_FORMAT, "model_spec: bot_muls: numbers from 0 expected");
        network->stage[i].bottleneck = json_number_value(value);
    }
    return NB_OK;
}

/* ---- cells ---- */

static nb_status read_edge(const json_t *spec, const char *type, uint32_t i, int side, nb_nds_node *node, nb_error *err)
{
    char key[48];
    uint32_t input = 0;
    snprintf(key, sizeof key, "%s_%u_op_%c", type, i, "xy"[side]);
    const char *name = json_string_value(json_object_get(spec, key));
    int op = name ? nb_nds_operator_find(name) : -1;
    if (op < 0)
        return nb_fail(err, NB_ERR_FORMAT, "cell_spec: %s: an operator expected, found %.40s", key, name ? name : "none");
    snprintf(key, sizeof key, "%s_%u_input_%c", type, i, "xy"[side]);
    NB_TRY(whole_of(json_object_get(spec, key), key, 0, i + 1, &input, err));
    node->op[side] = (uint8_t)op;
    node->input[side] = (uint8_t)input;
    return NB_OK;
}

static nb_status read_cell(const json_t *spec, const char *type, uint32_t nodes, nb_nds_cell *cell, nb_error *err)
{
    char key[48];
    for (uint32_t i = 0; i < nodes; i++)
        for (int side = 0; side < 2; side++)
            NB_TRY(read_edge(spec, type, i, side, &cell->node[i], err));
    snprintf(key, sizeof key, "%s_concat", type);
    const json_t *list = json_object_get(spec, key);
    if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > NB_NDS_NODES_MAX + 2)
        return nb_fail(err, NB_ERR_FORMAT, "cell_spec: %s: a list of states expected", key);
    for (size_t i = 0; i < json_array_size(list); i++) {
        uint32_t state = 0;
        NB_TRY(whole_of(json_array_get(list, i), key, 0, nodes + 1, &state, err));
        cell->output[i] = (uint8_t)state;
    }
    cell->nodes = (uint8_t)nodes;
    cell->outputs = (uint8_t)json_array_size(list);
    return NB_OK;
}

static nb_status read_cells(const json_t *model, const char *cell_spec, nb_nds_network *network, nb_error *err)
{
    uint32_t normal = 0, reduce = 0;
    json_t *spec = NULL;
    const json_t *drop = json_object_get(model, "drop_prob"), *aux = json_object_get(model, "aux");
    NB_TRY(whole_of(json_object_get(model, "depth"), "model_spec: depth", 1, SIZE_MAX_BELIEVED, &network->depth, err));
    NB_TRY(whole_of(json_object_get(model, "width"), "model_spec: width", 1, SIZE_MAX_BELIEVED, &network->width, err));
    NB_TRY(whole_of(json_object_get(model, "num_nodes_normal"), "model_spec: num_nodes_normal", 1, NB_NDS_NODES_MAX, &normal, err));
    NB_TRY(whole_of(json_object_get(model, "num_nodes_reduce"), "model_spec: num_nodes_reduce", 1, NB_NDS_NODES_MAX, &reduce, err));
    if (!json_is_number(drop) || !json_is_boolean(aux))
        return nb_fail(err, NB_ERR_FORMAT, "model_spec: drop_prob: a number, aux: true or false expected");
    network->drop_prob = json_number_value(drop);
    network->aux = json_is_true(aux);
    NB_TRY(load_object("cell_spec", cell_spec, &spec, err));
    nb_status status = read_cell(spec, "normal", normal, &network->normal, err);
    if (status == NB_OK)
        status = read_cell(spec, "reduce", reduce, &network->reduce, err);
    json_decref(spec);
    return status;
}

nb_status nb_nds_network_parse(nb_nds_family family, const char *model_spec, const char *cell_spec, nb_nds_network *out, nb_error *err)
{
    json_t *model = NULL;
    nb_nds_network network = {.family = family};
    if ((unsigned)family >= NB_NDS_FAMILIES)
        return nb_fail(err, NB_ERR_ARGUMENT, "nds: %d is no family", (int)family);
    NB_TRY(load_object("model_spec", model_spec, &model, err));
    nb_status status = family == NB_NDS_CELL ? read_cells(model, cell_spec, &network, err) : read_stages(model, &network, err);
    json_decref(model);
    if (status == NB_OK)
        *out = network;
    return status;
}
