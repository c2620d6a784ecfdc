/* Any bytes as an architecture: index or string of every space, and a genotype. What is accepted must come back as the same bytes, or,
 * where a space has no official string, as bytes that are read as the same architecture. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "nasbench/genotype.h"

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void try_space(const nb_space *space, const char *text, size_t length)
{
    nb_arch arch, again;
    nb_error err;
    const int64_t index = nb_space_index_of_text(space, text, length);
    const bool parsed = nb_space_parse(space, text, length, &arch, &err) == NB_OK;
    require(parsed == (index >= 0));
    if (parsed) {
        char back[NB_ARCH_TEXT_SIZE];
        require(nb_space_index(space, &arch) == index);
        const size_t size = nb_space_format(space, &arch, back, sizeof back);
        require(nb_space_at(space, (uint64_t)index, &again, &err) == NB_OK && nb_space_index(space, &again) == index);
        if (nb_space_get_id(space) == NB_SPACE_GRAPH)
            require(nb_space_parse(space, back, size, &again, &err) == NB_OK && nb_arch_equal(&arch, &again));
        else
            require(size == length && memcmp(back, text, length) == 0 && nb_arch_equal(&arch, &again));
    }
    if (nb_space_lookup(space, text, length, &arch, &err) == NB_OK)
        require(nb_space_has(space, &arch));
}

static void try_genotype(const char *text, size_t length)
{
    nb_genotype cell, again, other;
    nb_error err;
    if (nb_genotype_find(text, length, &cell, &err) != NB_OK)
        return;
    char back[NB_GENOTYPE_TEXT_SIZE], key[64];
    const size_t size = nb_genotype_format(&cell, back, sizeof back);
    require(size > 0 && size < sizeof back);
    require(nb_genotype_parse(back, size, &again, &err) == NB_OK && memcmp(&cell, &again, sizeof cell) == 0);

    const nb_shape shape = {.input_channels = 3, .height = 32, .width = 32, .classes = 10, .channels = 16, .cells = 5};
    nb_costs costs;
    nb_arch arch;
    require(nb_genotype_costs(&cell, &shape, &costs, &err) == NB_OK && costs.flops >= 7.78305 && costs.params >= 0.073306);
    if (cell.nodes <= NB_TOPOLOGY_NODES) /* beyond, keys may take megabytes and the fuzzer's time */
        (void)nb_genotype_key(&cell, NB_KEY_ZERO, key, sizeof key, NULL, &err);
    if (nb_genotype_fill(&cell, NB_OP_NONE, &other, &err) == NB_OK)
        require(other.edges >= cell.edges && nb_genotype_is_valid(&other) == nb_genotype_is_valid(&cell));
    if (nb_genotype_without(&cell, NB_OP_NONE, &other))
        require(other.edges <= cell.edges);
    if (nb_genotype_to_arch(&cell, &arch, &err) == NB_OK)
        require(nb_space_has(nb_space_of(NB_SPACE_TOPOLOGY), &arch));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const nb_space *space;
    for (size_t i = 0; (space = nb_space_list(i)) != NULL; i++)
        try_space(space, text, size);
    try_genotype(text, size);
    return 0;
}
