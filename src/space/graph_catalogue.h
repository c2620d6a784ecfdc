/* The catalogue of NAS-Bench-101: its 2,494 unlabelled matrices in stored form, and which labellings of each are cells. */
#ifndef NB_SPACE_GRAPH_CATALOGUE_H
#define NB_SPACE_GRAPH_CATALOGUE_H

#include "nasbench/nasbench101.h"

#define NB_CELL101_MATRICES 2494
#define NB_CELL101_LABELLINGS 243 /* 3^5: the most that a matrix can have */
#define NB_LABELLING_WORDS 4

/* One matrix. A labelling is numbered as its labels read as a number to base 3, first interior vertex most significant. */
typedef struct nb_cell101_matrix {
    uint32_t edges; /* as in nb_cell101 */
    uint8_t vertices;
    uint16_t labellings;               /* cells of this matrix */
    uint32_t first;                    /* index of the first of them */
    uint64_t kept[NB_LABELLING_WORDS]; /* bit i: labelling i is a cell of its own */
} nb_cell101_matrix;

/* [NB_CELL101_MATRICES] in catalogue order; built once. */
const nb_cell101_matrix *nb_cell101_matrices(void);

/* The labels of labelling `number` of a matrix with `interior` vertices inside. */
void nb_labelling(int number, int interior, uint8_t label[NB_CELL101_INTERIOR]);

#endif
