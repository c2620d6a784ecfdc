#include "space/space.h"

#include "base/error.h"
#include "base/fixed_text.h"
#include "base/name.h"
#include "base/quote.h"

/* The spaces of this version, in the order they are listed. */
static const nb_space *const spaces[] = {&nb_topology_space, &nb_size_space, &nb_graph_space};

enum { SPACES = sizeof spaces / sizeof *spaces };

static bool answers_to(const nb_space *space, const char *name)
{
    if (nb_same_name(space->name, name))
        return true;
    for (const char *const *alias = space->aliases; *alias; alias++) {
        if (nb_same_name(*alias, name))
            return true;
    }
    return false;
}

static nb_status no_such_space(const char *name, nb_error *err)
{
    char known[256];
    nb_fixed_text text = nb_fixed_text_into(known, sizeof known);
    for (size_t i = 0; i < SPACES; i++) {
        nb_fixed_text_add_string(&text, i > 0 ? "; " : "");
        nb_fixed_text_add_string(&text, spaces[i]->name);
        for (const char *const *alias = spaces[i]->aliases; *alias; alias++) {
            nb_fixed_text_add_string(&text, alias == spaces[i]->aliases ? " (also " : ", ");
            nb_fixed_text_add_string(&text, *alias);
        }
        nb_fixed_text_add_char(&text, ')');
    }
    return nb_fail(err, NB_ERR_NOT_FOUND, "no search space is called %s; known: %s", nb_quote(name, strlen(name)).text, known);
}

static const nb_space *ready(const nb_space *space, nb_error *err)
{
    if (space->prepare && space->prepare(err) != NB_OK)
        return NULL;
    return space;
}

const nb_space *nb_space_find(const char *name, nb_error *err)
{
    if (!name) {
        nb_fail(err, NB_ERR_ARGUMENT, "no name of a search space given");
        return NULL;
    }
    for (size_t i = 0; i < SPACES; i++) {
        if (answers_to(spaces[i], name))
            return ready(spaces[i], err);
    }
    no_such_space(name, err);
    return NULL;
}

const nb_space *nb_space_of(uint8_t id)
{
    for (size_t i = 0; i < SPACES; i++) {
        if (spaces[i]->id == id)
            return ready(spaces[i], NULL);
    }
    return NULL;
}

const nb_space *nb_space_list(size_t position)
{
    return position < SPACES ? ready(spaces[position], NULL) : NULL;
}

nb_space_id nb_space_get_id(const nb_space *space)
{
    return space->id;
}

const char *nb_space_name(const nb_space *space)
{
    return space->name;
}

const char *nb_space_title(const nb_space *space)
{
    return space->title;
}

uint64_t nb_space_size(const nb_space *space)
{
    return space->size;
}

nb_status nb_space_parse(const nb_space *space, const char *text, size_t length, nb_arch *arch, nb_error *err)
{
    return space->parse(text, length, arch, err);
}

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
    }
    return length > 0;
}

/* The number that `length` digits write; UINT64_MAX when it is larger than that. */
static uint64_t number_of(const char *digits, size_t length)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        const uint64_t digit = (uint64_t)(digits[i] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return UINT64_MAX;
        number = number * 10 + digit;
    }
    return number;
}

nb_status nb_space_lookup(const nb_space *space, const char *text, size_t length, nb_arch *arch, nb_error *err)
{
    uint8_t hash[NB_HASH_SIZE];
    if (!all_digits(text, length) || (space->read_hash && space->read_hash(text, length, hash)))
        return space->parse(text, length, arch, err);
    const uint64_t index = number_of(text, length);
    if (index >= space->size)
        return nb_fail(err, NB_ERR_NOT_FOUND, "architecture index %s: %s has 0 to %llu", nb_quote(text, length).text, space->name,
                       (unsigned long long)(space->size - 1));
    return space->at(index, arch, err);
}

size_t nb_space_format(const nb_space *space, const nb_arch *arch, char *text, size_t room)
{
    return space->format(arch, text, room);
}

bool nb_space_has(const nb_space *space, const nb_arch *arch)
{
    return space->has(arch);
}

int64_t nb_space_index(const nb_space *space, const nb_arch *arch)
{
    return space->index(arch);
}

int64_t nb_space_index_of_text(const nb_space *space, const char *text, size_t length)
{
    return space->index_of_text(text, length);
}

nb_status nb_space_at(const nb_space *space, uint64_t index, nb_arch *arch, nb_error *err)
{
    if (index >= space->size)
        return nb_fail(err, NB_ERR_NOT_FOUND, "architecture index %llu: %s has 0 to %llu", (unsigned long long)index, space->name,
                       (unsigned long long)(space->size - 1));
    return space->at(index, arch, err);
}

size_t nb_space_decision_count(const nb_space *space)
{
    return space->decision_count;
}

const nb_decision *nb_space_decision(const nb_space *space, size_t position)
{
    return position < space->decision_count ? &space->decisions[position] : NULL;
}

/* A foreign or malformed architecture where a function has a way to say so. */
static nb_status not_of_this_space(const nb_space *space, nb_error *err)
{
    return nb_fail(err, NB_ERR_ARGUMENT, "the architecture is not one of the space %s", space->name);
}

nb_status nb_space_encode(const nb_space *space, const nb_arch *arch, uint8_t *choices, nb_error *err)
{
    if (!space->has(arch))
        return not_of_this_space(space, err);
    space->encode(arch, choices);
    return NB_OK;
}

nb_status nb_space_decode(const nb_space *space, const uint8_t *choices, nb_arch *arch, nb_error *err)
{
    for (size_t i = 0; i < space->decision_count; i++) {
        const nb_decision *decision = &space->decisions[i];
        if (choices[i] >= decision->choices)
            return nb_fail(err, NB_ERR_ARGUMENT, "decision %zu (%s): choice %u, expected 0 to %u", i, decision->name, (unsigned)choices[i],
                           (unsigned)decision->choices - 1);
    }
    space->decode(choices, arch);
    return NB_OK;
}

nb_arch nb_space_sample(const nb_space *space, nb_rng *rng)
{
    return space->sample(rng);
}

nb_arch nb_space_mutate(const nb_space *space, const nb_arch *parent, nb_rng *rng)
{
    return space->mutate(parent, rng);
}

size_t nb_space_neighbours(const nb_space *space, const nb_arch *arch, nb_arch *neighbours, size_t room)
{
    return space->neighbours(arch, neighbours, room);
}

bool nb_space_is_valid(const nb_space *space, const nb_arch *arch)
{
    return space->is_valid(arch);
}

size_t nb_space_key(const nb_space *space, const nb_arch *arch, char *text, size_t room)
{
    return space->key(arch, text, room);
}

int64_t nb_space_canonical(const nb_space *space, const nb_arch *arch)
{
    return space->canonical(arch);
}

nb_status nb_space_shape(const nb_space *space, const char *dataset, nb_shape *shape, nb_error *err)
{
    return space->shape(dataset, shape, err);
}

nb_status nb_space_costs(const nb_space *space, const nb_arch *arch, const nb_shape *shape, nb_costs *costs, nb_error *err)
{
    if (!space->has(arch))
        return not_of_this_space(space, err);
    return space->costs(arch, shape, costs, err);
}

void nb_space_pack(const nb_space *space, const nb_arch *arch, uint8_t *codes)
{
    if (space->pack)
        space->pack(arch, codes);
    else
        memcpy(codes, arch->code, space->code_count);
}

bool nb_space_unpack(const nb_space *space, const uint8_t *codes, nb_arch *arch)
{
    if (space->unpack)
        return space->unpack(codes, arch);
    *arch = (nb_arch){.space = (uint8_t)space->id, .count = (uint8_t)space->code_count};
    memcpy(arch->code, codes, space->code_count);
    return space->has(arch);
}
