/* Any bytes as a CSV of results. */
#include "fuzz.h"

#include "touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_stream in;
    nb_error err;
    if (nb_stream_over(&in, data, size, "fuzz", &err) != NB_OK)
        return 0;
    touch_import(&in, TOUCH_CSV);
    nb_stream_close(&in);
    return 0;
}
