/* What is trained: an architecture named by a user, as the network it stands for and under the names that a record keeps. */
#ifndef NB_TRAIN_SUBJECT_H
#define NB_TRAIN_SUBJECT_H

#include "base/error.h"
#include "nasbench/dataset.h"
#include "nasbench/train.h"
#include "train/network.h"

typedef struct nb_subject {
    nb_network network;
    const char *space;                /* "nasbench201", "nats-size", "nasbench101"; "" for a cell outside both */
    char arch[NB_GENOTYPE_TEXT_SIZE]; /* the string of the architecture or cell */
    const char *genotype;             /* size space: the fixed cell; else "" */
} nb_subject;

/* Reads `arch` in the space of the options, for images of the data set. */
nb_status nb_subject_find(const char *arch, const nb_train_options *options, const nb_dataset_info *images, nb_subject *out, nb_error *err);

#endif
