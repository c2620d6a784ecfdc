#include "ingest/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/quote.h"

void nb_rows_free(nb_rows *rows)
{
    free(rows->archs);
    *rows = (nb_rows){0};
}

const nb_space *nb_rows_space_of_text(const char *text, size_t size)
{
    const nb_space *space;
    for (size_t i = 0; (space = nb_space_list(i)) != NULL; i++)
        if (nb_space_index_of_text(space, text, size) >= 0)
            return space;
    return NULL;
}

void nb_rows_set_official(nb_rows *rows, const nb_space *space)
{
    nb_rows_free(rows);
    rows->space = space;
    rows->count = (uint32_t)nb_space_size(space);
}

/* ---- a list of strings ---- */

/* Reads the list into archs[] and checks that no architecture comes twice. `first_at` [size of the space] is scratch. */
static nb_status read_list(const nb_space *space, nb_pickle_value list, nb_arch *archs, uint32_t *first_at, nb_error *err)
{
    memset(first_at, 0xff, nb_space_size(space) * sizeof *first_at);
    for (size_t i = 0; i < nb_pickle_count(list); i++) {
        size_t size;
        const char *text = nb_pickle_text(nb_pickle_item(list, i), &size);
        if (!text)
            return nb_fail(err, NB_ERR_FORMAT, "meta_archs[%zu] is %s, an architecture string expected", i,
                           nb_pickle_kind_name(nb_pickle_item(list, i).kind));
        nb_status status = nb_space_parse(space, text, size, &archs[i], err);
        if (status != NB_OK)
            return nb_prefix(err, status, "meta_archs[%zu]", i);
        int64_t index = nb_space_index(space, &archs[i]);
        if (first_at[index] != UINT32_MAX)
            return nb_fail(err, NB_ERR_FORMAT, "meta_archs[%zu] is the architecture of meta_archs[%u] again: %s", i, first_at[index],
                           nb_quote(text, size).text);
        first_at[index] = (uint32_t)i;
    }
    return NB_OK;
}

static bool is_official(const nb_space *space, const nb_arch *archs, size_t count)
{
    if (count != nb_space_size(space))
        return false;
    for (size_t i = 0; i < count; i++)
        if (nb_space_index(space, &archs[i]) != (int64_t)i)
            return false;
    return true;
}

/* Puts the new rows in place, or compares them with the known ones. Takes `archs` over. */
static nb_status adopt_rows(nb_rows *rows, const nb_space *space, nb_arch *archs, size_t count, nb_error *err)
{
    nb_rows fresh = {.space = space, .archs = archs, .count = (uint32_t)count};
    if (is_official(space, archs, count)) {
        free(archs);
        fresh.archs = NULL;
    }
    if (!rows->space) {
        *rows = fresh;
        return NB_OK;
    }
    bool same = rows->space == fresh.space && rows->count == fresh.count && (rows->archs == NULL) == (fresh.archs == NULL) &&
                (!rows->archs || memcmp(rows->archs, fresh.archs, fresh.count * sizeof *fresh.archs) == 0);
    nb_rows_free(&fresh);
    return same ? NB_OK : nb_fail(err, NB_ERR_FORMAT, "meta_archs: an order of architectures that differs from the one before");
}

nb_status nb_rows_set_list(nb_rows *rows, nb_pickle_value meta_archs, nb_error *err)
{
    size_t count = nb_pickle_count(meta_archs);
    if (meta_archs.kind != NB_PICKLE_LIST || count == 0)
        return nb_fail(err, NB_ERR_FORMAT, "meta_archs: a list of architecture strings expected, found %s of %zu",
                       nb_pickle_kind_name(meta_archs.kind), count);
    size_t size;
    const char *text = nb_pickle_text(nb_pickle_item(meta_archs, 0), &size);
    const nb_space *space = text ? nb_rows_space_of_text(text, size) : NULL;
    if (!space)
        return nb_fail(err, NB_ERR_FORMAT, "meta_archs[0] is no architecture of a known space: %s",
                       text ? nb_quote(text, size).text : "not a text");
    if (count > nb_space_size(space))
        return nb_fail(err, NB_ERR_FORMAT, "meta_archs has %zu architectures, the space %" PRIu64, count, nb_space_size(space));
    nb_arch *archs = malloc(count * sizeof *archs);
    uint32_t *first_at = malloc(nb_space_size(space) * sizeof *first_at);
    nb_status status = archs && first_at ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for %zu architectures", count);
    if (status == NB_OK)
        status = read_list(space, meta_archs, archs, first_at, err);
    free(first_at);
    if (status != NB_OK) {
        free(archs);
        return status;
    }
    return adopt_rows(rows, space, archs, count, err);
}

/* ---- single architectures ---- */

int64_t nb_rows_find(const nb_rows *rows, const char *text, size_t size)
{
    nb_arch arch;
    if (!rows->archs)
        return nb_space_index_of_text(rows->space, text, size);
    if (nb_space_parse(rows->space, text, size, &arch, NULL) != NB_OK)
        return -1;
    for (uint32_t row = 0; row < rows->count; row++)
        if (nb_arch_equal(&arch, &rows->archs[row]))
            return row;
    return -1;
}

bool nb_rows_agree(const nb_rows *rows, int64_t index, const char *text, size_t size)
{
    nb_arch arch;
    if (!rows->space || index < 0 || index >= (int64_t)rows->count)
        return false;
    if (!rows->archs)
        return nb_space_index_of_text(rows->space, text, size) == index;
    return nb_space_parse(rows->space, text, size, &arch, NULL) == NB_OK && nb_arch_equal(&arch, &rows->archs[index]);
}

nb_status nb_rows_check(const nb_rows *rows, int64_t index, const char *text, size_t size, nb_error *err)
{
    if (nb_rows_agree(rows, index, text, size))
        return NB_OK;
    if (!rows->space || index < 0 || index >= (int64_t)rows->count)
        return nb_fail(err, NB_ERR_FORMAT, "architecture index %" PRId64 " is not within 0 to %" PRId64, index, (int64_t)rows->count - 1);
    nb_arch arch;
    nb_status status = nb_space_parse(rows->space, text, size, &arch, err);
    if (status != NB_OK)
        return nb_prefix(err, status, "architecture %" PRId64, index);
    char expected[NB_ARCH_TEXT_SIZE] = "";
    if (rows->archs)
        arch = rows->archs[index];
    else
        NB_TRY(nb_space_at(rows->space, (uint64_t)index, &arch, err));
    nb_space_format(rows->space, &arch, expected, sizeof expected);
    return nb_fail(err, NB_ERR_FORMAT, "architecture %" PRId64 " is %.*s, but that index is %s", index, size > 120 ? 120 : (int)size, text,
                   expected);
}

nb_status nb_rows_set_places(nb_rows *rows, const nb_space *space, const nb_row_place *places, size_t count, nb_error *err)
{
    size_t size = nb_space_size(space);
    nb_arch *archs = calloc(size, sizeof *archs); /* space 0: the row is free */
    bool *used = calloc(size, sizeof *used);
    nb_status status = archs && used ? NB_OK : nb_fail(err, NB_ERR_MEMORY, "no memory for %zu architectures", size);
    for (size_t i = 0; i < count && status == NB_OK; i++) {
        int64_t index = nb_space_index(space, &places[i].arch);
        if (index < 0 || places[i].row >= size)
            status = nb_fail(err, NB_ERR_FORMAT, "architecture %u is not of the space %s, which has %zu", places[i].row,
                             nb_space_name(space), size);
        else if (archs[places[i].row].space || used[index])
            status = nb_fail(err, NB_ERR_EXISTS, "architecture %u comes twice, under this index or another", places[i].row);
        else {
            archs[places[i].row] = places[i].arch;
            used[index] = true;
        }
    }
    for (size_t row = 0, next = 0; row < size && status == NB_OK; row++) {
        if (archs[row].space)
            continue;
        while (used[next])
            next++;
        status = nb_space_at(space, next++, &archs[row], err);
    }
    free(used);
    if (status != NB_OK) {
        free(archs);
        return status;
    }
    nb_rows_free(rows);
    return adopt_rows(rows, space, archs, size, err);
}
