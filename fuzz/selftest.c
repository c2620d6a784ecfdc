/* A "reader" that misbehaves on purpose for some inputs, to see that the soak driver notices. The environment says how. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void *volatile lost;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *fault = getenv("FAULT");
    if (!fault || size < 2 || data[1] != 0xFF)
        return 0;
    if (strcmp(fault, "leak") == 0)
        lost = malloc(10);
    if (strcmp(fault, "crash") == 0)
        abort();
    while (strcmp(fault, "hang") == 0)
        __asm__ volatile("");
    return 0;
}
