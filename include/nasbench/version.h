/* Which library this is. */
#ifndef NASBENCH_VERSION_H
#define NASBENCH_VERSION_H

#include "nasbench/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the library that is running, for example "0.1.0". */
NB_API const char *nb_version(void);

#ifdef __cplusplus
}
#endif
#endif
