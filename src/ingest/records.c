/* Our own records of single training runs (nasbench/record.h). */
#include <stdio.h>
#include <string.h>

#include "base/quote.h"
#include "ingest/importer.h"
#include "nasbench/genotype.h"
#include "store/record.h"

bool nb_is_record_file(const char *path)
{
    uint8_t head[9];
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    bool read = fread(head, 1, sizeof head, file) == sizeof head;
    fclose(file);
    /* The length of the JSON header, less than 2^32, and the header's first character. */
    return read && head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] == 0 && head[8] == '{';
}

static uint8_t op_between(const nb_genotype *genotype, uint8_t target, uint8_t source)
{
    for (uint16_t i = 0; i < genotype->edges; i++)
        if (genotype->edge[i].target == target && genotype->edge[i].source == source)
            return genotype->edge[i].op;
    return NB_OP_NONE;
}

/* The architecture that computes what the cell does: an edge that is missing, as in `resnet`, is one that gives zeros. Fails for cells with
 * two edges between the same nodes, with more nodes, or with operations that the space does not have. */
static nb_status arch_of_cell(const char *text, nb_arch *arch)
{
    nb_genotype cell, full = {.nodes = NB_TOPOLOGY_NODES};
    NB_TRY(nb_genotype_parse(text, strlen(text), &cell, NULL));
    int used = 0;
    for (uint8_t target = 1; target < NB_TOPOLOGY_NODES; target++)
        for (uint8_t source = 0; source < target; source++) {
            uint8_t op = op_between(&cell, target, source);
            full.edge[full.edges++] = (nb_genotype_edge){target, source, op};
            used += op != NB_OP_NONE;
        }
    for (uint16_t i = 0; i < cell.edges; i++)
        used -= cell.edge[i].op != NB_OP_NONE;
    return cell.nodes == full.nodes && used == 0 ? nb_genotype_to_arch(&full, arch, NULL) : NB_ERR_UNSUPPORTED;
}

/* The row of the record's architecture. The first record settles the space. */
static nb_status place_record(nb_importer *importer, const nb_record *record, uint32_t *row, nb_error *err)
{
    nb_arch arch;
    char filled[NB_ARCH_TEXT_SIZE];
    const char *name = record->space, *text = record->arch;
    if (*name == '\0') {
        if (arch_of_cell(text, &arch) != NB_OK)
            return nb_fail(err, NB_ERR_UNSUPPORTED, "the cell %s is in no space: it has no place in a table",
                           nb_quote(text, strlen(text)).text);
        name = "nasbench201";
        nb_space_format(nb_space_find(name, NULL), &arch, filled, sizeof filled);
        text = filled;
    }
    const nb_space *space = nb_space_find(name, err);
    if (!space)
        return NB_ERR_FORMAT;
    if (!importer->rows.space)
        nb_rows_set_official(&importer->rows, space);
    if (importer->rows.space != space)
        return nb_fail(err, NB_ERR_FORMAT, "of the space %s, but the files before are of %s", nb_space_name(space),
                       nb_space_name(importer->rows.space));
    int64_t found = nb_rows_find(&importer->rows, text, strlen(text));
    if (found < 0)
        return nb_fail(err, NB_ERR_FORMAT, "%s is no architecture of %s", nb_quote(text, strlen(text)).text, nb_space_name(space));
    *row = (uint32_t)found;
    return NB_OK;
}

static nb_status import_record(nb_importer *importer, const nb_record *record, nb_error *err)
{
    uint32_t row = 0;
    nb_record_trial trial;
    NB_TRY(place_record(importer, record, &row, err));
    NB_TRY(nb_importer_open(importer, NB_SOURCE_RUN, err));
    NB_TRY(nb_record_trial_init(&trial, record, row, err));
    nb_status status = nb_importer_add(importer, &trial.trial, err);
    nb_record_trial_free(&trial);
    if (status == NB_OK && importer->read_from[row] == 0) { /* other datasets and seeds of the same architecture may follow */
        importer->read_from[row] = (uint32_t)importer->file + 1;
        importer->summary.architectures++;
    }
    return status;
}

nb_status nb_import_record_file(nb_importer *importer, const char *path, nb_error *err)
{
    nb_record *record;
    NB_TRY(nb_record_read(path, NB_RECORD_WITHOUT_WEIGHTS, &record, err));
    nb_status status = import_record(importer, record, err);
    nb_record_free(record);
    return status == NB_OK ? NB_OK : nb_prefix(err, status, "%s", path);
}
