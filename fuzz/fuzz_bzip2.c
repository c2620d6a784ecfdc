/* Any bytes as a bzip2 file. */
#include "fuzz.h"

#include "base/stream.h"

/* Bytes that are read out at most: some hundred bytes can stand for gigabytes. */
#define OUTPUT_MAX ((uint64_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    nb_stream in;
    nb_error err;
    if (nb_stream_open_bzip2(&in, fuzz_file(0, data, size), &err) != NB_OK)
        return 0;
    while (nb_stream_offset(&in) < OUTPUT_MAX && nb_stream_fill(&in, 1, &err) == NB_OK && nb_stream_ready(&in) > 0)
        in.next = in.end;
    if (nb_stream_seek(&in, 10, &err) == NB_OK)
        (void)nb_stream_need(&in, 100, &err);
    nb_stream_close(&in);
    return 0;
}
