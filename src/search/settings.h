/* Settings of algorithms from text: "population=20". */
#ifndef NB_SEARCH_SETTINGS_H
#define NB_SEARCH_SETTINGS_H

#include "nasbench/search.h"

enum { NB_PARAMETERS_MAX = 32 }; /* of one algorithm */

/* Fills values[info->parameter_count] with the defaults, then with what the `count` texts say; words become their positions.
 * NB_ERR_ARGUMENT names the setting, what was found and what is expected. */
nb_status nb_settings_read(const nb_algorithm_info *info, const char *const *texts, size_t count, double *values, nb_error *err);

#endif
