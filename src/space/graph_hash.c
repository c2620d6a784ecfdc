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

void nb_cell101_hashes(uint8_t *hashes)
{
    nb_hash_labellings *hash = best_for_this_machine();
    const nb_cell101_matrix *matrices = nb_cell101_matrices();
    for (int m = 0; m < NB_CELL101_MATRICES; m++) {
        int batch[NB_HASH_LANES], held = 0;
        for (int number = 0; number < NB_CELL101_LABELLINGS; number++) {
            if (matrices[m].kept[number / 64] >> (number % 64) & 1)
                batch[held++] = number;
            if (held == NB_HASH_LANES || (held > 0 && number == NB_CELL101_LABELLINGS - 1)) {
                hash(&matrices[m], batch, held, hashes);
                hashes += NB_CELL101_HASH_SIZE * held;
                held = 0;
            }
        }
    }
}
