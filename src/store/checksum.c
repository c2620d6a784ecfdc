#include "store/checksum.h"

#include <string.h>

#define SUM_OF(type)                                                                                                                       \
    for (size_t i = 0; i < count; i++) {                                                                                                   \
        type element;                                                                                                                      \
        memcpy(&element, bytes + i * sizeof element, sizeof element);                                                                      \
        sum += (uint64_t)element * (2 * (position + i) + 1);                                                                               \
    }

uint64_t nb_checksum(const void *elements, size_t width, size_t count, uint64_t position)
{
    const uint8_t *bytes = elements;
    uint64_t sum = 0;
    switch (width) {
    case 8:
        SUM_OF(uint64_t)
        break;
    case 4:
        SUM_OF(uint32_t)
        break;
    case 2:
        SUM_OF(uint16_t)
        break;
    default:
        SUM_OF(uint8_t)
    }
    return sum;
}
