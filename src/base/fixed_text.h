/* Writing text into a buffer of the caller that may be too short. <base/text.h> is the one that grows. */
#ifndef NB_BASE_FIXED_TEXT_H
#define NB_BASE_FIXED_TEXT_H

#include <stddef.h>
#include <string.h>

/* Text being written; what does not fit is counted and dropped. The buffer always ends with a zero, unless room is 0. */
typedef struct nb_fixed_text {
    char *start; /* may be NULL when room is 0 */
    size_t room;
    size_t length; /* of the whole text, also of the part that did not fit */
} nb_fixed_text;

static inline nb_fixed_text nb_fixed_text_into(char *start, size_t room)
{
    if (room > 0)
        start[0] = '\0';
    return (nb_fixed_text){.start = start, .room = room};
}

static inline void nb_fixed_text_add(nb_fixed_text *text, const char *bytes, size_t size)
{
    if (text->length + 1 < text->room) {
        const size_t left = text->room - 1 - text->length;
        const size_t part = size < left ? size : left;
        memcpy(text->start + text->length, bytes, part);
        text->start[text->length + part] = '\0';
    }
    text->length += size;
}

static inline void nb_fixed_text_add_string(nb_fixed_text *text, const char *string)
{
    nb_fixed_text_add(text, string, strlen(string));
}

static inline void nb_fixed_text_add_char(nb_fixed_text *text, char c)
{
    nb_fixed_text_add(text, &c, 1);
}

/* Decimal digits. */
static inline void nb_fixed_text_add_number(nb_fixed_text *text, unsigned long number)
{
    char digits[24];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    nb_fixed_text_add(text, digits + at, sizeof digits - at);
}

#endif
