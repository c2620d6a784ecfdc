/* NDS: the networks of "On Network Design Spaces for Visual Recognition" (Radosavovic et al., ICCV 2019), as words and as numbers.
 *
 * A *family* is how a network is built: from cells found by search (nas_cell) or from stages of blocks. A *proposer* is the design space
 * it was sampled from, a *generator* how it was sampled. NNI's database says these as words, and the network as two JSON texts:
 * model_spec, and cell_spec for cells. */
#ifndef NASBENCH_NDS_H
#define NASBENCH_NDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Words. --------------------------------------------------------------------------------------------------------------------------------
 */

typedef enum nb_nds_family {
    NB_NDS_CELL,       /* "nas_cell" */
    NB_NDS_BOTTLENECK, /* "residual_bottleneck" */
    NB_NDS_BASIC,      /* "residual_basic" */
    NB_NDS_VANILLA,    /* "vanilla" */
    NB_NDS_FAMILIES
} nb_nds_family;

typedef enum nb_nds_generator {
    NB_NDS_RANDOM,     /* "random": fixed learning rate and weight decay */
    NB_NDS_FIX_W_D,    /* "fix_w_d": width and depth of the network are fixed, too */
    NB_NDS_TUNE_LR_WD, /* "tune_lr_wd": learning rate and weight decay are sampled */
    NB_NDS_GENERATORS
} nb_nds_generator;

typedef enum nb_nds_dataset { NB_NDS_CIFAR10, NB_NDS_IMAGENET, NB_NDS_DATASETS } nb_nds_dataset;

typedef enum nb_nds_proposer {
    NB_NDS_AMOEBA,
    NB_NDS_DARTS,
    NB_NDS_ENAS,
    NB_NDS_NASNET,
    NB_NDS_PNAS, /* up to here: cells */
    NB_NDS_RESNEXT_A,
    NB_NDS_RESNEXT_B,
    NB_NDS_RESNET_B,
    NB_NDS_RESNET,
    NB_NDS_PLAIN, /* "vanilla" */
    NB_NDS_PROPOSERS
} nb_nds_proposer;

/* The words that the database uses; NULL outside the enumeration. */
NB_API const char *nb_nds_family_name(nb_nds_family family);
NB_API const char *nb_nds_generator_name(nb_nds_generator generator);
NB_API const char *nb_nds_dataset_name(nb_nds_dataset dataset);
NB_API const char *nb_nds_proposer_name(nb_nds_proposer proposer);

/* The family of a word, NB_NDS_FAMILIES for none. */
NB_API nb_nds_family nb_nds_family_find(const char *name);

/* Operators of cells: nb_nds_operator_name(0 ..), NULL past the end; the number of a name, -1 for none. */
NB_API const char *nb_nds_operator_name(unsigned op);
NB_API int nb_nds_operator_find(const char *name);

/* The published files. -------------------------------------------------------------------------------------------------------------------
 */

#define NB_NDS_FILES 34

/* What the name of a file says of all networks in it. */
typedef struct nb_nds_file {
    const char *name; /* "DARTS_lr-wd_in", without ".json" */
    nb_nds_proposer proposer;
    nb_nds_generator generator;
    nb_nds_dataset dataset;
} nb_nds_file;

/* The files in the order of NNI's importer, which is the order of rows in its database; NULL past the end. */
NB_API const nb_nds_file *nb_nds_file_at(unsigned i);

/* The number of the file at a path, by its name, letter by letter; -1 for another name. */
NB_API int nb_nds_file_find(const char *path);

/* Design spaces of cells. ----------------------------------------------------------------------------------------------------------------
 */

#define NB_NDS_OPERATORS_MAX 13 /* of one space */

typedef struct nb_nds_cells {
    unsigned operators[NB_NDS_OPERATORS_MAX]; /* [operator_count] numbers for nb_nds_operator_name */
    unsigned operator_count;
    unsigned nodes; /* of a cell, the two inputs not counted */
    bool all_nodes; /* the output concatenates all nodes, else those that no other node uses */
    uint64_t cells; /* how many there are: product over nodes i = 1 .. n of (operators (i + 1))^2 */
} nb_nds_cells;

/* NULL for a proposer that has no cells. */
NB_API const nb_nds_cells *nb_nds_cells_of(nb_nds_proposer proposer);

/* Networks. ------------------------------------------------------------------------------------------------------------------------------
 */

#define NB_NDS_NODES_MAX 16
#define NB_NDS_STAGES_MAX 16

/* A node adds up two operations on earlier states. State 0 and 1 are the outputs of the two previous cells, state i + 2 is node i. */
typedef struct nb_nds_node {
    uint8_t op[2];    /* for nb_nds_operator_name */
    uint8_t input[2]; /* states, less than the node's own */
} nb_nds_node;

typedef struct nb_nds_cell {
    uint8_t nodes;
    uint8_t outputs; /* entries of `output` */
    nb_nds_node node[NB_NDS_NODES_MAX];
    uint8_t output[NB_NDS_NODES_MAX + 2]; /* states that are concatenated */
} nb_nds_cell;

typedef struct nb_nds_stage {
    uint32_t depth, width, stride;
    double bottleneck; /* inner width / outer width; 0 where there is none */
    uint32_t groups;   /* 0 where there are none */
} nb_nds_stage;

typedef struct nb_nds_network {
    nb_nds_family family;
    /* nas_cell */
    uint32_t depth, width; /* cells, channels of the first */
    bool aux;              /* a second classifier half-way */
    double drop_prob;      /* of paths in training */
    nb_nds_cell normal, reduce;
    /* the others */
    uint32_t stages; /* on CIFAR-10 the first one is the stem */
    nb_nds_stage stage[NB_NDS_STAGES_MAX];
} nb_nds_network;

/* Reads a network from the texts of the database. NB_ERR_FORMAT names what is missing or impossible, NB_ERR_UNSUPPORTED what is larger than
 * the limits above. `cell_spec` may be NULL but for nas_cell. */
NB_API nb_status nb_nds_network_parse(nb_nds_family family, const char *model_spec, const char *cell_spec, nb_nds_network *out,
                                      nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
