/* MD5 (RFC 1321): only to recognise data files whose publishers give MD5 sums, never for security. */
#ifndef NB_BASE_MD5_H
#define NB_BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

#define NB_MD5_SIZE 16      /* bytes of a digest */
#define NB_MD5_TEXT_SIZE 33 /* a digest in hexadecimal digits, with the zero at the end */

typedef struct nb_md5 {
    uint32_t state[4];
    uint64_t length;   /* bytes taken in so far */
    uint8_t block[64]; /* the last length % 64 of them */
} nb_md5;

void nb_md5_init(nb_md5 *hash);
void nb_md5_add(nb_md5 *hash, const void *data, size_t size);
/* Ends the message. The state is of no further use without nb_md5_init(). */
void nb_md5_finish(nb_md5 *hash, uint8_t digest[NB_MD5_SIZE]);

/* The digest of one buffer in lower-case hexadecimal digits. */
void nb_md5_text(const void *data, size_t size, char text[NB_MD5_TEXT_SIZE]);

#endif
