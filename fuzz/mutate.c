#include "mutate.h"

#include <string.h>

/* An input that is being changed. */
typedef struct buffer {
    uint8_t *data;
    size_t size;
    size_t capacity;
} buffer;

uint64_t dice_roll(dice *d)
{
    d->state += 0x9E3779B97F4A7C15U;
    uint64_t z = d->state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
}

size_t dice_below(dice *d, size_t sides)
{
    return (size_t)(dice_roll(d) % sides);
}

/* Lengths of changed pieces: mostly a few bytes, sometimes up to the whole. */
static size_t piece(dice *d, size_t limit)
{
    if (limit <= 1)
        return limit;
    size_t most = dice_below(d, 4) == 0 ? limit : (limit < 16 ? limit : 16);
    return 1 + dice_below(d, most);
}

static void flip_bit(dice *d, buffer *b)
{
    if (b->size > 0)
        b->data[dice_below(d, b->size)] ^= (uint8_t)(1U << dice_below(d, 8));
}

static void set_byte(dice *d, buffer *b)
{
    static const uint8_t telling[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, '\n', '"', '0', '9', '-', '{', '[', '|', ' '};
    if (b->size == 0)
        return;
    size_t at = dice_below(d, b->size);
    b->data[at] = dice_below(d, 2) ? telling[dice_below(d, sizeof telling)] : (uint8_t)dice_roll(d);
}

static void cut_tail(dice *d, buffer *b)
{
    if (b->size > 0)
        b->size -= piece(d, b->size);
}

static void remove_piece(dice *d, buffer *b)
{
    if (b->size == 0)
        return;
    size_t at = dice_below(d, b->size);
    size_t length = piece(d, b->size - at);
    memmove(b->data + at, b->data + at + length, b->size - at - length);
    b->size -= length;
}

/* Inserts `length` bytes at `at`, or as many as there is room for. `from` is not inside the buffer. */
static void insert(buffer *b, size_t at, const uint8_t *from, size_t length)
{
    if (length > b->capacity - b->size)
        length = b->capacity - b->size;
    memmove(b->data + at + length, b->data + at, b->size - at);
    memcpy(b->data + at, from, length);
    b->size += length;
}

static void splice(dice *d, buffer *b, const sample *other)
{
    if (other->size == 0)
        return;
    size_t from = dice_below(d, other->size);
    size_t length = piece(d, other->size - from);
    size_t at = dice_below(d, b->size + 1);
    if (dice_below(d, 2) && at + length <= b->size)
        memcpy(b->data + at, other->data + from, length);
    else
        insert(b, at, other->data + from, length);
}

static void repeat_piece(dice *d, buffer *b)
{
    uint8_t copy[256];
    if (b->size == 0)
        return;
    size_t at = dice_below(d, b->size);
    size_t length = piece(d, b->size - at < sizeof copy ? b->size - at : sizeof copy);
    memcpy(copy, b->data + at, length);
    for (size_t times = 1 + dice_below(d, 4); times > 0; times--)
        insert(b, at, copy, length);
}

/* A length or count that lies: one of the values where arithmetic breaks, in 1, 2, 4 or 8 bytes, either byte order. */
static void lie_about_length(dice *d, buffer *b)
{
    static const uint64_t telling[] = {0,
                                       1,
                                       0x7F,
                                       0x80,
                                       0xFF,
                                       0x100,
                                       0x7FFF,
                                       0x8000,
                                       0xFFFF,
                                       0x10000,
                                       0x7FFFFFFF,
                                       0x80000000,
                                       0xFFFFFFFF,
                                       0x100000000,
                                       0x1FFFFFFFFFFFFFFF,
                                       0x2000000000000000,
                                       0x7FFFFFFFFFFFFFFF,
                                       0x8000000000000000,
                                       0xFFFFFFFFFFFFFFF8,
                                       0xFFFFFFFFFFFFFFFF};
    size_t width = (size_t)1 << dice_below(d, 4);
    if (b->size < width)
        return;
    size_t at = dice_below(d, b->size - width + 1);
    int big_endian = dice_below(d, 4) == 0;
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++)
        value |= (uint64_t)b->data[at + (big_endian ? width - 1 - i : i)] << (8 * i);
    switch (dice_below(d, 4)) {
    case 0:
        value += dice_below(d, 17) - 8U;
        break;
    case 1:
        value = b->size - at + dice_below(d, 3) - 1U;
        break;
    default:
        value = telling[dice_below(d, sizeof telling / sizeof telling[0])];
        break;
    }
    for (size_t i = 0; i < width; i++)
        b->data[at + (big_endian ? width - 1 - i : i)] = (uint8_t)(value >> (8 * i));
}

/* The same lie in text: replaces a run of digits by a number that does not fit. */
static void lie_in_digits(dice *d, buffer *b)
{
    static const char *const telling[] = {"0",   "-1", "1e999", "NaN",    "4294967296", "18446744073709551616", "9223372036854775807",
                                          "0.1", "\"", "00",    "1e-400", "null",       "2147483648",           "-9223372036854775808"};
    if (b->size == 0)
        return;
    size_t start = dice_below(d, b->size);
    while (start < b->size && (b->data[start] < '0' || b->data[start] > '9'))
        start++;
    size_t end = start;
    while (end < b->size && b->data[end] >= '0' && b->data[end] <= '9')
        end++;
    if (start == b->size)
        return;
    memmove(b->data + start, b->data + end, b->size - end);
    b->size -= end - start;
    const char *text = telling[dice_below(d, sizeof telling / sizeof telling[0])];
    insert(b, start, (const uint8_t *)text, strlen(text));
}

size_t mutate(dice *d, const sample *samples, size_t count, uint8_t *out, size_t capacity)
{
    const sample *first = &samples[dice_below(d, count)];
    buffer b = {.data = out, .size = first->size < capacity ? first->size : capacity, .capacity = capacity};
    memcpy(out, first->data, b.size);
    for (size_t changes = 1 + dice_below(d, 8); changes > 0; changes--) {
        switch (dice_below(d, 9)) {
        case 0:
            flip_bit(d, &b);
            break;
        case 1:
            set_byte(d, &b);
            break;
        case 2:
            cut_tail(d, &b);
            break;
        case 3:
            remove_piece(d, &b);
            break;
        case 4:
            repeat_piece(d, &b);
            break;
        case 5:
            lie_in_digits(d, &b);
            break;
        case 6:
            splice(d, &b, &samples[dice_below(d, count)]);
            break;
        default:
            lie_about_length(d, &b);
            break;
        }
    }
    return b.size;
}
