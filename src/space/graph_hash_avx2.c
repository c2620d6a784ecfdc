#if defined(__AVX2__)
#define HASH_LABELLINGS nb_hash_labellings_avx2
#include "space/graph_hash_lanes.inc"
#else
typedef int nb_modelspec_hash_avx2_is_not_built;
#endif
