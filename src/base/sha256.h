/* SHA-256 (FIPS 180-4): checksums of data files and of lists that a benchmark publishes. */
#ifndef NB_BASE_SHA256_H
#define NB_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define NB_SHA256_SIZE 32      /* bytes of a digest */
#define NB_SHA256_TEXT_SIZE 65 /* a digest in hexadecimal digits, with the zero at the end */

typedef struct nb_sha256 {
    uint32_t state[8];
    uint64_t length;   /* bytes taken in so far */
    uint8_t block[64]; /* the last length % 64 of them */
} nb_sha256;

void nb_sha256_init(nb_sha256 *hash);
void nb_sha256_add(nb_sha256 *hash, const void *data, size_t size);
/* Ends the message. The state is of no further use without nb_sha256_init(). */
void nb_sha256_finish(nb_sha256 *hash, uint8_t digest[NB_SHA256_SIZE]);

/* The digest of one buffer in lower-case hexadecimal digits. */
void nb_sha256_text(const void *data, size_t size, char text[NB_SHA256_TEXT_SIZE]);

#endif
