#include "train/subject.h"

#include <stdio.h>
#include <string.h>

static nb_status find_sized(const nb_space *space, const char *arch, nb_subject *out, nb_error *err)
{
    nb_arch found;
    NB_TRY(nb_space_lookup(space, arch, strlen(arch), &found, err));
    for (int i = 0; i < NB_SIZE_LAYERS; i++)
        out->network.widths[i] = found.code[i];
    nb_space_format(space, &found, out->arch, sizeof out->arch);
    out->space = nb_space_name(space);
    out->genotype = nb_size_space_cell;
    return nb_train_cell_find(nb_size_space_cell, &out->network.cell, err);
}

/* An index or string of the space, or any other cell. */
static nb_status find_cell(const nb_space *space, const char *arch, nb_subject *out, nb_error *err)
{
    nb_arch found;
    bool is_index = *arch != '\0' && arch[strspn(arch, "0123456789")] == '\0';
    if (is_index || nb_space_parse(space, arch, strlen(arch), &found, NULL) == NB_OK) {
        NB_TRY(nb_space_lookup(space, arch, strlen(arch), &found, err));
        nb_space_format(space, &found, out->arch, sizeof out->arch);
        out->space = nb_space_name(space);
        return nb_genotype_from_arch(&found, &out->network.cell, err);
    }
    NB_TRY(nb_train_cell_find(arch, &out->network.cell, err));
    nb_train_cell_format(&out->network.cell, out->arch, sizeof out->arch);
    /* A name such as all_c3x3 may stand for an architecture of the space. */
    if (nb_space_parse(space, out->arch, strlen(out->arch), &found, NULL) == NB_OK)
        out->space = nb_space_name(space);
    return NB_OK;
}

/* The network is that of the pruned cell in its own order. */
static nb_status find_graph(const nb_space *space, const char *arch, nb_subject *out, nb_error *err)
{
    nb_arch found;
    NB_TRY(nb_space_lookup(space, arch, strlen(arch), &found, err));
    nb_space_format(space, &found, out->arch, sizeof out->arch);
    out->space = nb_space_name(space);
    nb_cell101_from_arch(&found, &out->network.graph);
    return NB_OK;
}

nb_status nb_subject_find(const char *arch, const nb_train_options *options, const nb_dataset_info *images, nb_subject *out, nb_error *err)
{
    const nb_space *space = nb_space_find(options->space ? options->space : "nasbench201", err);
    if (!space)
        return NB_ERR_NOT_FOUND;
    *out = (nb_subject){
        .space = "", .genotype = "", .network = {.input_channels = images->channels, .side = images->side, .classes = images->classes}};
    switch (nb_space_get_id(space)) {
    case NB_SPACE_SIZE:
        return find_sized(space, arch, out, err);
    case NB_SPACE_TOPOLOGY:
        out->network.channels = options->channels;
        out->network.cells = options->cells;
        return find_cell(space, arch, out, err);
    case NB_SPACE_GRAPH:
        out->network.channels = options->channels;
        out->network.cells = options->cells;
        return find_graph(space, arch, out, err);
    default:
        return nb_fail(err, NB_ERR_UNSUPPORTED, "networks of the %s are not trained here", nb_space_title(space));
    }
}
