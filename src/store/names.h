/* Names inside a table file: metrics, flavours, schedules, tensors. docs/table-format.md is the description for others. */
#ifndef NB_STORE_NAMES_H
#define NB_STORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nasbench/table.h"

#define NB_TABLE_FORMAT "nasbench-table"
#define NB_TABLE_FORMAT_VERSION "1"

/* Keys of "__metadata__". */
#define NB_META_FORMAT "format"
#define NB_META_VERSION "format_version"
#define NB_META_SPACE "space"
#define NB_META_FLAVOUR "flavour"
#define NB_META_BENCHMARK "benchmark"
#define NB_META_SOURCE "source"
#define NB_META_DATASETS "datasets"
#define NB_META_SETUPS "setups"
#define NB_META_DATASET_ORDERS "dataset_orders"
#define NB_META_CHECKSUMS "checksums" /* "none": written by a program that does not compute them */

/* Tensors of the whole table. */
#define NB_TENSOR_CHECKSUM "checksum"
#define NB_TENSOR_ARCH "arch"
#define NB_TENSOR_ARCH_INDEX "arch.index"
#define NB_TENSOR_ARCH_HASH "arch.hash"
#define NB_TENSOR_ARCH_HASH_SLOTS "arch.hash.slots"
#define NB_TENSOR_EVALUATED "evaluated"
#define NB_TENSOR_DATASET_ORDER "dataset_order"
#define NB_TENSOR_SOURCE_ORDER "source_order"
#define NB_TENSOR_ROW_PARAMS "row.params"
#define NB_TENSOR_ROW_FLOPS "row.flops"

/* Tensors of a setup, after "<dataset>/<schedule>/". */
#define NB_TENSOR_FIRST "first"
#define NB_TENSOR_SEED "seed"
#define NB_TENSOR_EPOCHS "epochs"
#define NB_TENSOR_FLOPS "flops"
#define NB_TENSOR_PARAMS "params"
#define NB_TENSOR_LATENCY "latency"
#define NB_TENSOR_LATENCY_FIRST "latency.first"
#define NB_TENSOR_EVAL_ORDER "eval_order"
#define NB_TENSOR_POINT_EPOCH "epoch" /* with NB_SUFFIX_POINT */
#define NB_TENSOR_TOTAL_TIME "total_time"

/* What follows the metric in the name of a curve that is not stored by epoch. */
#define NB_SUFFIX_LAST ".last"
#define NB_SUFFIX_CONSTANT ".constant"
#define NB_SUFFIX_MEASURED ".measured"
#define NB_SUFFIX_TOTAL ".total" /* time only: the sum over all epochs of a trial, added left to right */

#define NB_SUFFIX_POINT ".p" /* and the number of the point, one digit */

#define NB_SPLIT_TRAIN "train"

/* In the tensor dataset_order/<schedule>: the table's own dataset order. */
#define NB_ORDER_DEFAULT 255

#define NB_NAME_MAX 63            /* bytes of a dataset, schedule or split name */
#define NB_EPOCHS_MAX 1000000     /* of a trial */
#define NB_DATASETS_MAX 64        /* of a table */
#define NB_SPLITS_MAX 64          /* of a setup */
#define NB_EVAL_ORDERS_MAX 255    /* of a setup */
#define NB_DATASET_ORDERS_MAX 255 /* of a table */

/* "less" and "full" are "12" and "200"; other names are themselves. */
const char *nb_schedule_canonical(const char *name);

/* Ascending number of epochs, then names that are no number; names that mean the same number compare equal only if they are equal. */
int nb_schedule_compare(const char *a, const char *b);

/* Whether both name the same number of epochs, as "01" and "1" do. */
bool nb_schedule_same_epochs(const char *a, const char *b);

#endif
