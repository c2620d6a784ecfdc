/* Any bytes as what is inside a NATS-Bench file: the pickle of a benchmark, of one architecture, or of a training run. (The compression
 * around it has a fuzzer of its own: behind its checksums mutated bytes would hardly ever arrive here.) */
#include "fuzz.h"

#include "touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_stream in;
    nb_error err;
    if (nb_stream_over(&in, data, size, "fuzz", &err) != NB_OK)
        return 0;
    touch_import(&in, TOUCH_OBJECTS);
    nb_stream_close(&in);
    return 0;
}
