#include "train/catalogue.h"

#include <stddef.h>
#include <string.h>

#include "train/splits.h"

#define FOLDERS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define FILES(...) ((const nb_source_file[]){__VA_ARGS__, {NULL, NULL, 0}})

/* SHA-256 of the binary files; MD5 of the pickles as torchvision has them. */
static const nb_source_layout cifar10_layouts[] = {
    {
        .format = NB_IMAGES_CIFAR_BIN,
        .label_bytes = 1,
        .folders = FOLDERS("", "cifar-10-batches-bin", "cifar.python/cifar-10-batches-bin"),
        .train = FILES({"data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5", 10000},
                       {"data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed", 10000},
                       {"data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67", 10000},
                       {"data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48", 10000},
                       {"data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add", 10000}),
        .test = FILES({"test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b", 10000}),
    },
    {
        .format = NB_IMAGES_PICKLE,
        .label_key = "labels",
        .folders = FOLDERS("", "cifar-10-batches-py", "cifar.python/cifar-10-batches-py"),
        .train =
            FILES({"data_batch_1", "c99cafc152244af753f735de768cd75f", 10000}, {"data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec", 10000},
                  {"data_batch_3", "54ebc095f3ab1f0389bbae665268c751", 10000}, {"data_batch_4", "634d18415352ddfa80567beed471001a", 10000},
                  {"data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb", 10000}),
        .test = FILES({"test_batch", "40351d587109b95175f43aff81a1287e", 10000}),
    },
};

static const nb_source cifar10 = {
    .title = "CIFAR-10",
    .channels = 3,
    .side = 32,
    .classes = 10,
    .layouts = cifar10_layouts,
    .layout_count = 2,
    .how_to_get = "unpack cifar-10-binary.tar.gz or cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    .flip = true,
    .mean = {125.3 / 255, 123.0 / 255, 113.9 / 255},
    .deviation = {63.0 / 255, 62.1 / 255, 66.7 / 255},
};

/* As NAS-Bench-101 normalises it. */
static const nb_source cifar10_of_101 = {
    .title = "CIFAR-10",
    .channels = 3,
    .side = 32,
    .classes = 10,
    .layouts = cifar10_layouts,
    .layout_count = 2,
    .how_to_get = "unpack cifar-10-binary.tar.gz or cifar-10-python.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    .flip = true,
    .mean = {125.31 / 255, 122.95 / 255, 113.87 / 255},
    .deviation = {62.99 / 255, 62.09 / 255, 66.70 / 255},
};

/* Nobody published checksums of the members of the binary archive; their sizes and labels are checked all the same. */
static const nb_source_layout cifar100_layouts[] = {
    {
        .format = NB_IMAGES_PICKLE,
        .label_key = "fine_labels",
        .folders = FOLDERS("", "cifar-100-python", "cifar.python/cifar-100-python"),
        .train = FILES({"train", "16019d7e3df5f24257cddd939b257f8d", 50000}),
        .test = FILES({"test", "f0ef6b0ae62326f3e7ffdfab6717acfc", 10000}),
    },
    {
        .format = NB_IMAGES_CIFAR_BIN,
        .label_bytes = 2,
        .folders = FOLDERS("", "cifar-100-binary", "cifar.python/cifar-100-binary"),
        .train = FILES({"train.bin", NULL, 50000}),
        .test = FILES({"test.bin", NULL, 10000}),
    },
};

static const nb_source cifar100 = {
    .title = "CIFAR-100",
    .channels = 3,
    .side = 32,
    .classes = 100,
    .layouts = cifar100_layouts,
    .layout_count = 2,
    .how_to_get = "unpack cifar-100-python.tar.gz or cifar-100-binary.tar.gz from https://www.cs.toronto.edu/~kriz/cifar.html",
    .flip = true,
    .mean = {129.3 / 255, 124.1 / 255, 112.4 / 255},
    .deviation = {68.2 / 255, 65.4 / 255, 70.4 / 255},
};

/* The classes 1 to 120 of the 1,000: how many images each file has of them is known only for all files together. */
static const nb_source_layout imagenet16_layouts[] = {
    {
        .format = NB_IMAGES_PICKLE,
        .label_key = "labels",
        .first_label = 1,
        .select = true,
        .folders = FOLDERS("", "ImageNet16", "cifar.python/ImageNet16"),
        .train = FILES(
            {"train_data_batch_1", "27846dcaa50de8e21a7d1a35f30f0e91", 151700},
            {"train_data_batch_2", "c7254a054e0e795c69120a5727050e3f", 0}, {"train_data_batch_3", "4333d3df2e5ffb114b05d2ffc19b1e87", 0},
            {"train_data_batch_4", "1620cdf193304f4a92677b695d70d10f", 0}, {"train_data_batch_5", "348b3c2fdbb3940c4e9e834affd3b18d", 0},
            {"train_data_batch_6", "6e765307c242a1b3d7d5ef9139b48945", 0}, {"train_data_batch_7", "564926d8cbf8fc4818ba23d2faac7564", 0},
            {"train_data_batch_8", "f4755871f718ccb653440b9dd0ebac66", 0}, {"train_data_batch_9", "bb6dd660c38c58552125b1a92f86b5d4", 0},
            {"train_data_batch_10", "8f03f34ac4b42271a294f91bf480f29b", 0}),
        .test = FILES({"val_data", "3410e3017fdaefba8d5073aaa65e4bd6", 6000}),
    },
};

static const nb_source imagenet16 = {
    .title = "ImageNet16-120",
    .channels = 3,
    .side = 16,
    .classes = 120,
    .layouts = imagenet16_layouts,
    .layout_count = 1,
    .how_to_get = "unpack the 16x16 down-sampled ImageNet (Imagenet16_train.zip, Imagenet16_val.zip) from "
                  "https://image-net.org/download-images.php",
    .flip = true,
    .mean = {122.68 / 255, 116.66 / 255, 104.01 / 255},
    .deviation = {63.22 / 255, 61.26 / 255, 65.09 / 255},
};

static const nb_source_layout fashion_mnist_layouts[] = {
    {
        .format = NB_IMAGES_IDX,
        .folders = FOLDERS("", "fashion-mnist", "FashionMNIST/raw"),
        .train = FILES({"train-images-idx3-ubyte", "f4a8712d7a061bf5bd6d2ca38dc4d50a", 60000},
                       {"train-labels-idx1-ubyte", "9018921c3c673c538a1fc5bad174d6f9", 0}),
        .test = FILES({"t10k-images-idx3-ubyte", "8181f5470baa50b63fa0f6fddb340f0a", 10000},
                      {"t10k-labels-idx1-ubyte", "15d484375f8d13e6eb1aabb0c3f46965", 0}),
    },
};

static const nb_source fashion_mnist = {
    .title = "Fashion-MNIST",
    .channels = 1,
    .side = 28,
    .classes = 10,
    .layouts = fashion_mnist_layouts,
    .layout_count = 1,
    .system_folder = "/usr/share/datasets/fashion-mnist",
    .how_to_get =
        "on Debian and Ubuntu 'apt-get install dataset-fashion-mnist'; else from https://github.com/zalandoresearch/fashion-mnist",
    .flip = true,
    .mean = {0.2860},
    .deviation = {0.3530},
};

static const nb_source_layout mnist_layouts[] = {
    {
        .format = NB_IMAGES_IDX,
        .folders = FOLDERS("", "mnist", "MNIST/raw"),
        .train = FILES({"train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", 60000},
                       {"train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", 0}),
        .test = FILES({"t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", 10000},
                      {"t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", 0}),
    },
};

static const nb_source mnist = {
    .title = "MNIST",
    .channels = 1,
    .side = 28,
    .classes = 10,
    .layouts = mnist_layouts,
    .layout_count = 1,
    .system_folder = "/usr/share/datasets/mnist",
    .how_to_get = "the four files from http://yann.lecun.com/exdb/mnist/",
    .mean = {0.1307},
    .deviation = {0.3081},
};

const nb_dataset_kind nb_dataset_kinds[] = {
    {"cifar10-valid", &cifar10, NB_DIVISION_HALVES, NULL},
    {"cifar10", &cifar10, NB_DIVISION_WHOLE, NULL},
    {"cifar10-101", &cifar10_of_101, NB_DIVISION_LAST_FIFTH, NULL},
    {"cifar100", &cifar100, NB_DIVISION_TEST_HALVES, nb_cifar100_test_xvalid},
    {"ImageNet16-120", &imagenet16, NB_DIVISION_TEST_HALVES, nb_imagenet16_test_xvalid},
    {"fashion-mnist", &fashion_mnist, NB_DIVISION_WHOLE, NULL},
    {"fashion-mnist-valid", &fashion_mnist, NB_DIVISION_HALVES, NULL},
    {"mnist", &mnist, NB_DIVISION_WHOLE, NULL},
    {"mnist-valid", &mnist, NB_DIVISION_HALVES, NULL},
    {NULL, NULL, NB_DIVISION_WHOLE, NULL},
};

const nb_dataset_kind *nb_dataset_kind_find(const char *key)
{
    for (const nb_dataset_kind *kind = nb_dataset_kinds; kind->key; kind++)
        if (strcmp(kind->key, key) == 0)
            return kind;
    return NULL;
}

uint32_t nb_source_count(const nb_source_file *files)
{
    uint32_t count = 0;
    for (; files->name; files++)
        count += files->images;
    return count;
}
