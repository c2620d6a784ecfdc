#include "base/pool.h"

#define HASH_LABELLINGS nb_hash_labellings_plain
#include "space/graph_hash_lanes.inc"

static nb_hash_labellings *best_for_this_machine(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return nb_hash_labellings_avx512;
    if (__builtin_cpu_supports("avx2"))
        return nb_hash_labellings_avx2;
#endif
    return nb_hash_labellings_plain;
}

/* All cells of one matrix: hashes[matrix->labellings][16]. */
static void hash_matrix(nb_hash_labellings *hash, const nb_cell101_matrix *matrix, uint8_t *hashes)
{
    int batch[NB_HASH_LANES], held = 0;
    for (int number = 0; number < NB_CELL101_LABELLINGS; number++) {
        if (matrix->kept[number / 64] >> (number % 64) & 1)
            batch[held++] = number;
        if (held == NB_HASH_LANES || (held > 0 && number == NB_CELL101_LABELLINGS - 1)) {
            hash(matrix, batch, held, hashes);
            hashes += NB_CELL101_HASH_SIZE * held;
            held = 0;
        }
    }
}

static void hash_part(void *user, int part, int parts, int thread)
{
    (void)thread;
    uint8_t *hashes = user;
    nb_hash_labellings *hash = best_for_this_machine();
    const nb_cell101_matrix *matrices = nb_cell101_matrices();
    const int begin = NB_CELL101_MATRICES * part / parts, end = NB_CELL101_MATRICES * (part + 1) / parts;
    for (int m = begin; m < end; m++)
        hash_matrix(hash, &matrices[m], hashes + (size_t)matrices[m].first * NB_CELL101_HASH_SIZE);
}

void nb_cell101_hashes(uint8_t *hashes)
{
    enum { PARTS = 64, THREADS_MAX = 8 };
    const int threads = nb_processors();
    nb_workers *workers = NULL; /* without them the caller does it all */
    (void)nb_workers_new(threads < THREADS_MAX ? threads : THREADS_MAX, &workers, NULL);
    nb_workers_run(workers, hash_part, hashes, PARTS);
    nb_workers_free(workers);
}
