/* Base64 (RFC 4648) as found in files: the standard alphabet, line breaks allowed anywhere, everything else refused. */
#ifndef NB_BASE_BASE64_H
#define NB_BASE_BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The most bytes that `size` characters can stand for. */
static inline size_t nb_base64_room(size_t size)
{
    return size / 4 * 3 + 3;
}

/* Decodes `size` characters into `bytes`, which has nb_base64_room(size) bytes. NB_ERR_FORMAT names the character, its place in the text
 * and what is wrong: outside the alphabet, a length that is no multiple of four, padding in the middle. */
nb_status nb_base64_decode(const char *text, size_t size, uint8_t *bytes, size_t *decoded, nb_error *err);

#endif
