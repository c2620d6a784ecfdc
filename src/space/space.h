/* What a search space provides: the struct behind <nasbench/space.h>. A new space is one file that fills this struct, and its line in
 * space.c. */
#ifndef NB_SPACE_SPACE_H
#define NB_SPACE_SPACE_H

#include "base/hash_slots.h"
#include "nasbench/space.h"

struct nb_space {
    nb_space_id id;
    const char *name;
    const char *title;
    const char *const *aliases; /* other names, NULL at the end */
    uint64_t size;
    const nb_decision *decisions;
    size_t decision_count;
    size_t code_count; /* bytes by which tables store an architecture: nb_arch.code unless there is `pack` */

    /* Computes the space's tables, once; called before the space is given out. NULL: nothing to do. */
    nb_status (*prepare)(nb_error *err);

    /* Each as the public function of the same name. All get architectures of any content and only their own space. */
    bool (*has)(const nb_arch *arch);
    nb_status (*parse)(const char *text, size_t length, nb_arch *arch, nb_error *err);
    size_t (*format)(const nb_arch *arch, char *text, size_t room);
    int64_t (*index)(const nb_arch *arch);
    int64_t (*index_of_text)(const char *text, size_t length);
    nb_status (*at)(uint64_t index, nb_arch *arch, nb_error *err); /* index < size */
    void (*encode)(const nb_arch *arch, uint8_t *choices);         /* only if has(arch) */
    void (*decode)(const uint8_t *choices, nb_arch *arch);         /* only choices in range */
    nb_arch (*sample)(nb_rng *rng);
    nb_arch (*mutate)(const nb_arch *parent, nb_rng *rng);
    size_t (*neighbours)(const nb_arch *arch, nb_arch *neighbours, size_t room);
    bool (*is_valid)(const nb_arch *arch);
    size_t (*key)(const nb_arch *arch, char *text, size_t room);
    int64_t (*canonical)(const nb_arch *arch);
    nb_status (*shape)(const char *dataset, nb_shape *shape, nb_error *err);
    nb_status (*costs)(const nb_arch *arch, const nb_shape *shape, nb_costs *costs, nb_error *err); /* only if has(arch) */

    /* For spaces whose architectures are more than nb_arch.code, else NULL: as nb_space_pack and nb_space_unpack. */
    void (*pack)(const nb_arch *arch, uint8_t *codes);
    bool (*unpack)(const uint8_t *codes, nb_arch *arch);

    /* For spaces whose architectures have published hashes of NB_HASH_SIZE bytes, else NULL: those of `count` indices, of all
     * indices from 0 when the list is NULL. */
    void (*hashes)(const uint32_t *indices, uint32_t count, uint8_t *hashes);
    bool (*read_hash)(const char *text, size_t length, uint8_t *hash); /* false: the text is no hash */
};

/* The bytes that tables keep of an architecture, codes[code_count], and back; false when they are of no architecture. */
void nb_space_pack(const nb_space *space, const nb_arch *arch, uint8_t *codes);
bool nb_space_unpack(const nb_space *space, const uint8_t *codes, nb_arch *arch);

extern const nb_space nb_topology_space;
extern const nb_space nb_size_space;
extern const nb_space nb_graph_space;

#endif
