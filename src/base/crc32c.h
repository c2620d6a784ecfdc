/* CRC-32C (Castagnoli; reflected polynomial 0x82F63B78, start and end inverted): the checksum of TFRecord files. */
#ifndef NB_BASE_CRC32C_H
#define NB_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Of one buffer: with the processor's instruction where it has one. "123456789" gives e3069283. */
uint32_t nb_crc32c(const void *data, size_t size);

/* The same in plain C, eight bytes at a time: what other machines use, and the check of the instruction. */
uint32_t nb_crc32c_plain(const void *data, size_t size);

/* As TFRecord stores it: rotated and shifted, so that a file of checksums does not check itself. */
static inline uint32_t nb_crc32c_masked(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

#endif
