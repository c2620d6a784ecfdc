/* What is known about the published data sets: where their files lie, what they hold, how they are divided and normalised. Data only. */
#ifndef NB_TRAIN_CATALOGUE_H
#define NB_TRAIN_CATALOGUE_H

#include <stdbool.h>
#include <stdint.h>

/* The format of a file. */
typedef enum nb_image_format {
    NB_IMAGES_CIFAR_BIN, /* cifar_bin.h */
    NB_IMAGES_PICKLE,    /* image_pickle.h */
    NB_IMAGES_IDX        /* idx.h; files come in pairs: images, labels */
} nb_image_format;

typedef struct nb_source_file {
    const char *name;
    const char *checksum; /* SHA-256 or MD5 in hexadecimal digits (IDX: of the decompressed content), NULL: none was published */
    uint32_t images;      /* that are kept; 0 for a file of labels */
} nb_source_file;

/* One form in which a data set is handed out. */
typedef struct nb_source_layout {
    nb_image_format format;
    uint32_t label_bytes;  /* NB_IMAGES_CIFAR_BIN */
    const char *label_key; /* NB_IMAGES_PICKLE: the dictionary key of the labels */
    uint32_t first_label;  /* the label of class 0; images whose label belongs to no class are left out if `select` */
    bool select;
    const char *const *folders;  /* where the files may lie below the folder given, ended by NULL; "" is the folder itself */
    const nb_source_file *train; /* ended by a file without name */
    const nb_source_file *test;  /* the same */
} nb_source_layout;

/* Images and where they come from; several keys share one. */
typedef struct nb_source {
    const char *title;
    uint32_t channels, side, classes;
    const nb_source_layout *layouts; /* [layout_count], the preferred one first */
    uint32_t layout_count;
    const char *system_folder; /* where a Debian package puts the files; NULL: there is none */
    const char *how_to_get;    /* for the message when they are missing */
    bool flip;
    double mean[4], deviation[4]; /* of pixels / 255 */
} nb_source;

/* How the images of a source are divided. */
typedef enum nb_division {
    NB_DIVISION_WHOLE,       /* all training images; ori-test */
    NB_DIVISION_HALVES,      /* half of the training images; the other half x-valid; ori-test */
    NB_DIVISION_TEST_HALVES, /* all training images; ori-test, and its two halves x-valid and x-test by `test_bits` */
    NB_DIVISION_LAST_FIFTH   /* NAS-Bench-101: four fifths of the training images; x-valid of the last fifth, ori-test, and train-1 of the
                                first fifth, of which only whole batches of 256 count */
} nb_division;

typedef struct nb_dataset_kind {
    const char *key;
    const nb_source *source;
    nb_division division;
    const uint8_t *test_bits; /* splits.h */
} nb_dataset_kind;

/* All keys, ended by one without name. */
extern const nb_dataset_kind nb_dataset_kinds[];

/* NULL for an unknown key. */
const nb_dataset_kind *nb_dataset_kind_find(const char *key);

/* Training or test images of a layout in all its files. */
uint32_t nb_source_count(const nb_source_file *files);

#endif
