/* Records of training runs. */
#include "fuzz.h"

#include "nasbench/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_record *record;
    if (nb_record_parse(data, size, "record", NB_RECORD_ALL, &record, NULL) == NB_OK)
        nb_record_free(record);
    return 0;
}
