#include "base/base64.h"

#include <stdbool.h>

#include "base/quote.h"

/* The value of a character plus one; 0: not in the alphabet. */
static const uint8_t values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11,
    ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22,
    ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33,
    ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44,
    ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55,
    ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static void put(uint8_t *bytes, uint32_t group)
{
    bytes[0] = (uint8_t)(group >> 16);
    bytes[1] = (uint8_t)(group >> 8);
    bytes[2] = (uint8_t)group;
}

/* Decodes groups of four characters as long as they are plain; returns how many characters that were. */
static size_t decode_plain(const char *text, size_t size, uint8_t **bytes)
{
    const uint8_t *from = (const uint8_t *)text;
    size_t at = 0;
    for (; at + 4 <= size; at += 4) {
        uint32_t a = values[from[at]], b = values[from[at + 1]], c = values[from[at + 2]], d = values[from[at + 3]];
        if (a == 0 || b == 0 || c == 0 || d == 0)
            break;
        put(*bytes, (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1));
        *bytes += 3;
    }
    return at;
}

/* A group that is not plain: characters with line breaks between them, or padding. */
typedef struct open_group {
    uint32_t bits;
    int characters;
    int padding; /* of these */
} open_group;

static nb_status take_character(open_group *group, char c, size_t at, nb_error *err)
{
    if (c == '=' && group->characters >= 2) {
        group->padding++;
        group->bits <<= 6;
    } else if (c == '=' || values[(uint8_t)c] == 0 || group->padding > 0) {
        return nb_fail(err, NB_ERR_FORMAT, "base64: character %zu is %s: %s", at, nb_quote(&c, 1).text,
                       group->padding > 0 ? "only padding may follow padding" : "outside the alphabet");
    } else {
        group->bits = group->bits << 6 | (values[(uint8_t)c] - 1u);
    }
    group->characters++;
    return NB_OK;
}

static nb_status refuse_end(const char *text, size_t size, size_t at, nb_error *err)
{
    while (at < size && (text[at] == '\n' || text[at] == '\r'))
        at++;
    if (at == size)
        return NB_OK;
    return nb_fail(err, NB_ERR_FORMAT, "base64: character %zu is %s after the padding that ends the text", at, nb_quote(text + at, 1).text);
}

nb_status nb_base64_decode(const char *text, size_t size, uint8_t *bytes, size_t *decoded, nb_error *err)
{
    uint8_t *to = bytes;
    size_t at = decode_plain(text, size, &to);
    open_group group = {0};
    while (at < size) {
        char c = text[at];
        if (c != '\n' && c != '\r')
            NB_TRY(take_character(&group, c, at, err));
        at++;
        if (group.characters == 4) {
            put(to, group.bits);
            to += 3 - group.padding;
            if (group.padding > 0) {
                *decoded = (size_t)(to - bytes);
                return refuse_end(text, size, at, err);
            }
            group = (open_group){0};
        }
        if (group.characters == 0)
            at += decode_plain(text + at, size - at, &to);
    }
    if (group.characters > 0)
        return nb_fail(err, NB_ERR_FORMAT, "base64: the text ends inside a group: %d of 4 characters", group.characters);
    *decoded = (size_t)(to - bytes);
    return NB_OK;
}
