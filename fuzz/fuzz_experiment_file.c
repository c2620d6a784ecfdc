/* Any bytes as the file of an experiment, compared with itself. */
#include "fuzz.h"

#include "nasbench/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_experiment_file *file;
    if (nb_experiment_file_parse(data, size, "fuzz", &file, NULL) != NB_OK)
        return 0;
    const nb_experiment_file *const files[] = {file, file};
    for (nb_compare_test test = NB_TEST_MANN_WHITNEY; test <= NB_TEST_SIGNED_RANK; test++) {
        nb_comparison *comparison;
        if (nb_compare(files, 2, &(nb_compare_options){.test = test, .points = 9}, &comparison, NULL) == NB_OK)
            nb_comparison_free(comparison);
    }
    nb_experiment_file_free(file);
    return 0;
}
