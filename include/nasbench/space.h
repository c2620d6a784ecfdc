/* Architectures and search spaces.
 *
 * An architecture is a small value, a space an immutable description that is reached by name. Search algorithms, tables and trainers
 * know only this interface; what is particular to one space is in a header of its own (<nasbench/topology.h>). All functions are
 * thread-safe; none but the first nb_space_find allocates or computes more than its answer.
 *
 *     const nb_space *space = nb_space_find("nasbench201", &err);
 *     nb_arch arch;
 *     nb_space_parse(space, text, strlen(text), &arch, &err);
 *     int64_t index = nb_space_index(space, &arch); */
#ifndef NASBENCH_SPACE_H
#define NASBENCH_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "nasbench/error.h"
#include "nasbench/random.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nb_space_id {
    NB_SPACE_NONE = 0,     /* no architecture: what {0} gives */
    NB_SPACE_TOPOLOGY = 1, /* "nasbench201": NAS-Bench-201, NATS-Bench's topology space; 5^6 = 15,625 */
    NB_SPACE_SIZE = 2,     /* "nats-size": NATS-Bench's size space; 8^5 = 32,768 */
    NB_SPACE_GRAPH = 3,    /* "nasbench101": NAS-Bench-101's cells up to isomorphism; 423,624 */
} nb_space_id;

#define NB_ARCH_CODES 24

/* One architecture: 32 bytes, no heap, copied and compared as bytes. Everything a space does not use is zero.
 *
 * topology  code[6] = operation (nb_op) of the edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2
 * size      code[5] = channels of the five layers: 8, 16, .. 64
 * graph     code[count] = labels of the interior vertices, edges = the matrix (<nasbench/nasbench101.h>) */
typedef struct nb_arch {
    uint8_t space; /* nb_space_id */
    uint8_t count; /* entries of `code` in use */
    uint8_t reserved[2];
    uint32_t edges; /* adjacency bit set, for spaces of free graphs */
    uint8_t code[NB_ARCH_CODES];
} nb_arch;

static inline bool nb_arch_equal(const nb_arch *a, const nb_arch *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* A search space. */
typedef struct nb_space nb_space;

/* The space of a name, letter case and '-', '_', blanks aside. Known names:
 * nasbench201, nas-bench-201, 201, nas-bench-102, 102, aa-nas, aa-nas-bench, nats-tss, tss, topology, nats-topology;
 * nats-size, nats-sss, sss, size;
 * nasbench101, nas-bench-101, 101.
 * NULL with NB_ERR_NOT_FOUND and a message that lists the spaces. The space lives as long as the program. */
NB_API const nb_space *nb_space_find(const char *name, nb_error *err);

/* The space that an nb_arch's tag names; NULL for an unknown tag. */
NB_API const nb_space *nb_space_of(uint8_t id);

/* The spaces of this version, by position; NULL past the end. */
NB_API const nb_space *nb_space_list(size_t position);

NB_API nb_space_id nb_space_get_id(const nb_space *space);
NB_API const char *nb_space_name(const nb_space *space);  /* the name to write into files: "nasbench201" */
NB_API const char *nb_space_title(const nb_space *space); /* for people: "NAS-Bench-201 topology space" */
NB_API uint64_t nb_space_size(const nb_space *space);     /* number of architectures = indices */

/* Text. ---------------------------------------------------------------------------------------------------------------------------- */

/* Room for the text of any architecture and any key, the final zero included. */
#define NB_ARCH_TEXT_SIZE 256

/* Reads the official string of an architecture, `length` bytes, exactly as the benchmark writes it: a string that is accepted here is
 * formatted back to the same bytes. NB_ERR_FORMAT names the position in the text, what was found and what was expected. Other ways of
 * writing a cell (edges in another order, missing or repeated) are read by nb_genotype_parse of <nasbench/genotype.h>.
 *
 * graph: there is no official string. Written is a JSON object with the keys matrix and ops and no blanks; read are such objects in any
 * layout and of up to 32 vertices, and graph hashes (the stored form of their cell). NB_ERR_ARGUMENT for a graph out of the domain. */
NB_API nb_status nb_space_parse(const nb_space *space, const char *text, size_t length, nb_arch *arch, nb_error *err);

/* What a user types for an architecture: what nb_space_parse reads, or its index in decimal. NB_ERR_FORMAT, or NB_ERR_NOT_FOUND for an
 * index past the end. */
NB_API nb_status nb_space_lookup(const nb_space *space, const char *text, size_t length, nb_arch *arch, nb_error *err);

/* Writes the official string, cut to room - 1 bytes and a zero, and returns its whole length; 0 when the architecture is not of this
 * space. */
NB_API size_t nb_space_format(const nb_space *space, const nb_arch *arch, char *text, size_t room);

/* Indices. ------------------------------------------------------------------------------------------------------------------------- */

/* Whether the architecture is well-formed and of this space. The functions below take only such ones: given others they answer
 * nothing of value, but harm nothing. */
NB_API bool nb_space_has(const nb_space *space, const nb_arch *arch);

/* The official index, 0 .. size - 1; -1 when the space does not have the architecture. */
NB_API int64_t nb_space_index(const nb_space *space, const nb_arch *arch);

/* nb_space_parse and nb_space_index in one, without a message: -1 for a text that is not the string of an architecture. */
NB_API int64_t nb_space_index_of_text(const nb_space *space, const char *text, size_t length);

/* The architecture at an official index; NB_ERR_NOT_FOUND past the end. */
NB_API nb_status nb_space_at(const nb_space *space, uint64_t index, nb_arch *arch, nb_error *err);

/* Decisions: an architecture as independent choices, for samplers and encodings. ---------------------------------------------------- */

#define NB_DECISIONS_MAX 64

typedef struct nb_decision {
    const char *name;                /* "1<-0" */
    uint32_t choices;                /* how many there are to choose from */
    const char *const *choice_names; /* [choices] "none", "skip_connect", ... */
} nb_decision;

/* How many decisions make an architecture, at most NB_DECISIONS_MAX; and the one at a position, NULL past the end. */
NB_API size_t nb_space_decision_count(const nb_space *space);
NB_API const nb_decision *nb_space_decision(const nb_space *space, size_t position);

/* The choices [decision count] that make an architecture, and back. NB_ERR_ARGUMENT for a choice out of range. graph: every choice makes
 * an architecture, so that algorithms may take decisions one by one. Choices that are out of the domain are mended: while there are more
 * than nine edges after pruning, the last in the order of decisions that can go without disconnecting the graph goes; a disconnected graph
 * gets the edge from input to output. */
NB_API nb_status nb_space_encode(const nb_space *space, const nb_arch *arch, uint8_t *choices, nb_error *err);
NB_API nb_status nb_space_decode(const nb_space *space, const uint8_t *choices, nb_arch *arch, nb_error *err);

/* Moves. --------------------------------------------------------------------------------------------------------------------------- */

/* A uniformly random architecture. graph: all matrices of 7 vertices in the domain and all labels alike, as the reference draws them; cells
 * with many such forms come more often. */
NB_API nb_arch nb_space_sample(const nb_space *space, nb_rng *rng);

/* One random step, distributed as in the benchmark's own evolution code:
 * topology: a node of 1..3 uniformly, one of its edges uniformly, one of the four other operations uniformly;
 * size: a layer uniformly, one of all eight widths uniformly, so that one in eight children equals its parent;
 * graph: on 7 vertices, each possible edge turns with probability 1/7, each operation with 1/5 into one of the two others; anew until the
 * child is in the domain. The cell may be the parent's. */
NB_API nb_arch nb_space_mutate(const nb_space *space, const nb_arch *parent, nb_rng *rng);

/* All architectures that differ in exactly one decision. Writes the first `room` of them and returns how many there are (topology 24,
 * size 35; graph at most 31: those in the domain whose cell is another); NB_NEIGHBOURS_MAX are enough for every space. */
#define NB_NEIGHBOURS_MAX 64
NB_API size_t nb_space_neighbours(const nb_space *space, const nb_arch *arch, nb_arch *neighbours, size_t room);

/* What an architecture is. ----------------------------------------------------------------------------------------------------------- */

/* Whether the output depends on the input at all (15,284 of the topology space). */
NB_API bool nb_space_is_valid(const nb_space *space, const nb_arch *arch);

/* A text that isomorphic architectures share, by the space's published rule; as nb_space_format. topology: the benchmark's unique
 * string with zero operations removed (6,466 classes); size: the string itself. */
NB_API size_t nb_space_key(const nb_space *space, const nb_arch *arch, char *text, size_t room);

/* The lowest index among the architectures of the same key: one representative per class. -1 as nb_space_index. */
NB_API int64_t nb_space_canonical(const nb_space *space, const nb_arch *arch);

/* Costs. ----------------------------------------------------------------------------------------------------------------------------- */

/* What costs depend on besides the architecture. */
typedef struct nb_shape {
    uint32_t input_channels; /* 3 */
    uint32_t height, width;  /* pixels of an input image; multiples of 4 */
    uint32_t classes;
    uint32_t channels; /* of the first stage: 16, graph 128; not used where the architecture sets the widths */
    uint32_t cells;    /* per stage: 5, graph 3; likewise */
} nb_shape;

typedef struct nb_costs {
    double flops;  /* millions of multiply-accumulates for one image, counted as the benchmark counts them; graph: of operations, of which a
                      multiply-accumulate is two (nb_cell101_cost) */
    double params; /* millions of learnable numbers */
} nb_costs;

/* The shape under which a dataset key is benchmarked: cifar10-valid, cifar10, cifar100, ImageNet16-120, and ImageNet16-150, -200,
 * ImageNet16, mnist and fashion-mnist (28 x 28, one channel) for one's own training. NB_ERR_NOT_FOUND lists the keys. */
NB_API nb_status nb_space_shape(const nb_space *space, const char *dataset, nb_shape *shape, nb_error *err);

/* Exact: equal to the published doubles for the published shapes. graph: of the pruned cell in the order of vertices given; published are
 * those of the stored form. NB_ERR_ARGUMENT for a shape that the network cannot have. */
NB_API nb_status nb_space_costs(const nb_space *space, const nb_arch *arch, const nb_shape *shape, nb_costs *costs, nb_error *err);

#ifdef __cplusplus
}
#endif
#endif
