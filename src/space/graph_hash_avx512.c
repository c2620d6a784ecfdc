#if defined(__AVX512F__)
#define HASH_LABELLINGS nb_hash_labellings_avx512
#include "space/graph_hash_lanes.inc"
#else
typedef int nb_modelspec_hash_avx512_is_not_built;
#endif
