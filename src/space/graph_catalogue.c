#include "space/graph_catalogue.h"

#include <pthread.h>
#include <string.h>

/* The edges that come into vertex y, bit x for an edge x -> y. */
static uint32_t in_mask(uint32_t edges, int y)
{
    return edges >> (y * (y - 1) / 2) & ((1u << y) - 1);
}

/* ---------------------------------------------------------------------------------------------------- orderings of a matrix */

/* Walks all orderings of the interior vertices in which every edge still points forwards. */
typedef struct walk {
    uint8_t vertices;
    uint32_t in[NB_CELL101_VERTICES]; /* of the original vertices */
    int place[NB_CELL101_VERTICES];   /* new number of each original vertex */
    int order[NB_CELL101_VERTICES];   /* the vertex at each new place */
    void *user;
    bool (*visit)(void *user, const struct walk *walk, uint32_t edges); /* false: stop */
} walk;

static uint32_t image_of(const walk *w, int vertex)
{
    uint32_t image = 0;
    for (uint32_t in = w->in[vertex]; in; in &= in - 1)
        image |= 1u << w->place[__builtin_ctz(in)];
    return image;
}

static bool walk_from(walk *w, int position, uint32_t placed, uint32_t edges)
{
    int last = w->vertices - 1;
    if (position == last)
        return w->visit(w->user, w, edges | image_of(w, last) << (last * (last - 1) / 2));
    for (int v = 1; v < last; v++) {
        if (placed >> v & 1 || w->in[v] & ~placed)
            continue;
        w->place[v] = position;
        w->order[position] = v;
        if (!walk_from(w, position + 1, placed | 1u << v, edges | image_of(w, v) << (position * (position - 1) / 2)))
            return false;
    }
    return true;
}

/* Returns false when the visitor stopped it. */
static bool walk_orderings(uint32_t edges, uint8_t vertices, bool (*visit)(void *, const walk *, uint32_t), void *user)
{
    walk w = {.vertices = vertices, .user = user, .visit = visit};
    for (int y = 1; y < vertices; y++)
        w.in[y] = in_mask(edges, y);
    w.place[vertices - 1] = w.order[vertices - 1] = vertices - 1;
    return walk_from(&w, 1, 1, 0);
}

/* ---------------------------------------------------------------------------------------------------- stored form */

typedef struct best_form {
    const nb_cell101 *cell;
    nb_cell101 best;
} best_form;

static bool keep_smaller(void *user, const walk *w, uint32_t edges)
{
    best_form *form = user;
    if (edges > form->best.edges)
        return true;
    uint8_t label[NB_CELL101_INTERIOR] = {0};
    for (int position = 1; position < w->vertices - 1; position++)
        label[position - 1] = form->cell->label[w->order[position] - 1];
    if (edges < form->best.edges || memcmp(label, form->best.label, sizeof label) < 0) {
        form->best.edges = edges;
        memcpy(form->best.label, label, sizeof label);
    }
    return true;
}

nb_cell101 nb_cell101_stored(const nb_cell101 *cell)
{
    best_form form = {.cell = cell, .best = *cell};
    walk_orderings(cell->edges, cell->vertices, keep_smaller, &form);
    return form.best;
}

/* ---------------------------------------------------------------------------------------------------- catalogue */

void nb_labelling(int number, int interior, uint8_t label[NB_CELL101_INTERIOR])
{
    memset(label, 0, NB_CELL101_INTERIOR);
    for (int i = interior; i-- > 0; number /= NB_LABELS101)
        label[i] = (uint8_t)(number % NB_LABELS101);
}

static int labelling_number(const uint8_t *label, int interior)
{
    int number = 0;
    for (int i = 0; i < interior; i++)
        number = NB_LABELS101 * number + label[i];
    return number;
}

static int labellings_of(int interior)
{
    int count = 1;
    for (int i = 0; i < interior; i++)
        count *= NB_LABELS101;
    return count;
}

/* Every vertex but the last leads somewhere and every vertex but the first is led to: pruning would remove nothing. */
static bool is_full(uint32_t edges, int vertices)
{
    uint32_t leads = 0;
    for (int y = 1; y < vertices; y++) {
        uint32_t in = in_mask(edges, y);
        if (in == 0)
            return false;
        leads |= in;
    }
    return leads == (1u << (vertices - 1)) - 1;
}

/* Automorphisms of a matrix: at which old interior vertex each place of the interior looks. */
typedef struct automorphisms {
    uint32_t edges;
    int count;
    uint8_t from[120][NB_CELL101_INTERIOR];
} automorphisms;

/* Stops at an ordering that makes the matrix smaller: then it is not the stored one. */
static bool collect_automorphism(void *user, const walk *w, uint32_t edges)
{
    automorphisms *found = user;
    if (edges < found->edges)
        return false;
    if (edges == found->edges) {
        for (int position = 1; position < w->vertices - 1; position++)
            found->from[found->count][position - 1] = (uint8_t)(w->order[position] - 1);
        found->count++;
    }
    return true;
}

static bool is_smallest_labelling(int number, int interior, const automorphisms *same)
{
    uint8_t label[NB_CELL101_INTERIOR], other[NB_CELL101_INTERIOR] = {0};
    nb_labelling(number, interior, label);
    for (int a = 0; a < same->count; a++) {
        for (int i = 0; i < interior; i++)
            other[i] = label[same->from[a][i]];
        if (memcmp(other, label, (size_t)interior) < 0)
            return false;
    }
    return true;
}

static void fill_labellings(nb_cell101_matrix *matrix, const automorphisms *same)
{
    int interior = matrix->vertices - 2, count = labellings_of(interior);
    for (int number = 0; number < count; number++)
        if (is_smallest_labelling(number, interior, same)) {
            matrix->kept[number / 64] |= UINT64_C(1) << (number % 64);
            matrix->labellings++;
        }
}

typedef struct catalogue {
    nb_cell101_matrix matrix[NB_CELL101_MATRICES];
    uint32_t first_with[NB_CELL101_VERTICES + 2]; /* the first matrix with so many vertices */
} catalogue;

static catalogue the_catalogue; /* constant once built */
static pthread_once_t catalogue_once = PTHREAD_ONCE_INIT;

static void build_catalogue(void)
{
    uint32_t matrices = 0, cells = 0;
    for (int vertices = 2; vertices <= NB_CELL101_VERTICES; vertices++) {
        the_catalogue.first_with[vertices] = matrices;
        uint32_t all = 1u << (vertices * (vertices - 1) / 2);
        for (uint32_t edges = 1; edges < all; edges++) {
            if (__builtin_popcount(edges) > NB_CELL101_EDGES || !is_full(edges, vertices))
                continue;
            automorphisms same = {.edges = edges};
            if (!walk_orderings(edges, (uint8_t)vertices, collect_automorphism, &same))
                continue;
            nb_cell101_matrix *matrix = &the_catalogue.matrix[matrices++];
            *matrix = (nb_cell101_matrix){.edges = edges, .vertices = (uint8_t)vertices, .first = cells};
            fill_labellings(matrix, &same);
            cells += matrix->labellings;
        }
    }
    the_catalogue.first_with[NB_CELL101_VERTICES + 1] = matrices;
}

static const catalogue *built_catalogue(void)
{
    pthread_once(&catalogue_once, build_catalogue);
    return &the_catalogue;
}

const nb_cell101_matrix *nb_cell101_matrices(void)
{
    return built_catalogue()->matrix;
}

/* Position of the n-th set bit. */
static int nth_bit(const uint64_t *words, uint32_t n)
{
    int word = 0;
    for (uint32_t here; n >= (here = (uint32_t)__builtin_popcountll(words[word])); word++)
        n -= here;
    uint64_t bits = words[word];
    while (n-- > 0)
        bits &= bits - 1;
    return 64 * word + __builtin_ctzll(bits);
}

static uint32_t bits_before(const uint64_t *words, int position)
{
    uint32_t count = 0;
    for (int word = 0; word < position / 64; word++)
        count += (uint32_t)__builtin_popcountll(words[word]);
    uint64_t below = (UINT64_C(1) << (position % 64)) - 1;
    return count + (uint32_t)__builtin_popcountll(words[position / 64] & below);
}

nb_cell101 nb_cell101_at(uint32_t index)
{
    const nb_cell101_matrix *matrix = nb_cell101_matrices();
    uint32_t low = 0, high = NB_CELL101_MATRICES;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (matrix[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    nb_cell101 cell = {.vertices = matrix[low].vertices, .edges = matrix[low].edges};
    nb_labelling(nth_bit(matrix[low].kept, index - matrix[low].first), cell.vertices - 2, cell.label);
    return cell;
}

/* The matrix of a stored form, or NULL. */
static const nb_cell101_matrix *find_matrix(const nb_cell101 *stored)
{
    const catalogue *all = built_catalogue();
    uint32_t low = all->first_with[stored->vertices], high = all->first_with[stored->vertices + 1];
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (all->matrix[middle].edges < stored->edges)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == all->first_with[stored->vertices + 1] || all->matrix[low].edges != stored->edges)
        return NULL;
    return &all->matrix[low];
}

int64_t nb_cell101_index(const nb_cell101 *cell)
{
    int interior = cell->vertices - 2;
    if (interior < 0 || interior > NB_CELL101_INTERIOR || cell->edges >> (cell->vertices * (cell->vertices - 1) / 2))
        return -1;
    for (int i = 0; i < interior; i++)
        if (cell->label[i] >= NB_LABELS101)
            return -1;
    nb_cell101 stored = nb_cell101_stored(cell);
    const nb_cell101_matrix *matrix = find_matrix(&stored);
    if (!matrix)
        return -1;
    return matrix->first + bits_before(matrix->kept, labelling_number(stored.label, interior));
}
