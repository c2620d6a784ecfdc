#include "base/pickle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/pickle_call.h"
#include "base/pickle_object.h"
#include "base/pickle_scan.h"
#include "base/quote.h"

#define DEFAULT_MAX_MEMORY ((size_t)1 << 30)

/* Read at a time when a length in the file is not yet backed by bytes. */
#define CHUNK ((size_t)1 << 20)

#define NO_STREAM SIZE_MAX

typedef struct mark {
    size_t at;  /* stack height when the mark was set */
    bool eager; /* items behind it went into the dict below already: only SETITEMS may close it */
} mark;

/* The stack machine. Every entry of the stack holds a reference. */
typedef struct machine {
    nb_stream *in;
    nb_pickle_options options;
    nb_pickle_site site;
    nb_pickle_plan plan;
    nb_pickle_value *stack;
    size_t count, capacity;
    mark *marks;
    size_t mark_count, mark_capacity;
    size_t floor;        /* height of the last mark: nothing below is popped */
    uint64_t memo_count; /* for MEMOIZE */
    size_t stream_at;    /* place in the stack of the dict that is handed out item by item; NO_STREAM when it is not there */
    size_t stream_marks; /* marks below it */
    uint64_t reported;   /* see nb_pickle_watch */
} machine;

/* ---- the stack ---- */

static nb_status no_memory(const machine *m)
{
    return nb_pickle_refused(&m->site, NB_PICKLE_NO_MEMORY);
}

static nb_status grow_stack(machine *m)
{
    size_t more = m->capacity ? m->capacity * 2 : 256;
    if (!nb_pickle_charge(&m->site.heap, (more - m->capacity) * sizeof *m->stack))
        return no_memory(m);
    nb_pickle_value *grown = realloc(m->stack, more * sizeof *m->stack);
    if (!grown)
        return no_memory(m);
    m->stack = grown;
    m->capacity = more;
    return NB_OK;
}

/* Pushes a value and takes its reference over, also on failure. */
static inline nb_status push(machine *m, nb_pickle_value value)
{
    if (m->count == m->capacity) {
        nb_status status = grow_stack(m);
        if (status != NB_OK) {
            nb_pickle_release(&m->site.heap, value);
            return status;
        }
    }
    m->stack[m->count++] = value;
    return NB_OK;
}

/* Pushes what a maker gave: NONE means that memory gave out. */
static nb_status push_made(machine *m, nb_pickle_value value)
{
    return value.kind == NB_PICKLE_NONE ? no_memory(m) : push(m, value);
}

/* At least `count` values above the last mark. */
static nb_status need_values(const machine *m, size_t count)
{
    if (m->count - m->floor < count)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "%zu values expected on the stack, found %zu", count, m->count - m->floor);
    return NB_OK;
}

/* Drops the values from `height` on. */
static void cut_stack(machine *m, size_t height)
{
    while (m->count > height)
        nb_pickle_release(&m->site.heap, m->stack[--m->count]);
}

static nb_status set_mark(machine *m, bool eager)
{
    if (m->mark_count == m->mark_capacity) {
        size_t more = m->mark_capacity ? m->mark_capacity * 2 : 32;
        if (!nb_pickle_charge(&m->site.heap, (more - m->mark_capacity) * sizeof *m->marks))
            return no_memory(m);
        mark *grown = realloc(m->marks, more * sizeof *m->marks);
        if (!grown)
            return no_memory(m);
        m->marks = grown;
        m->mark_capacity = more;
    }
    m->marks[m->mark_count++] = (mark){.at = m->count, .eager = eager};
    m->floor = m->count;
    return NB_OK;
}

/* Takes the last mark away; the values behind it are stack[*from .. count - 1]. */
static nb_status take_mark(machine *m, bool eager_allowed, size_t *from)
{
    *from = m->count;
    if (m->mark_count == 0)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "no mark on the stack");
    mark last = m->marks[--m->mark_count];
    if (last.eager && !eager_allowed)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "the items of a dict are followed by something else than SETITEMS");
    m->floor = m->mark_count ? m->marks[m->mark_count - 1].at : 0;
    *from = last.at;
    return NB_OK;
}

/* ---- items that are handed out one by one ---- */

/* True when a dict that is pushed now is the value under `stream_key` in the outermost dict: the stack is [dict, (mark, key, value ...)
 * stream_key]. */
static bool is_streamed_dict(const machine *m)
{
    if (!m->options.stream_key || m->stream_at != NO_STREAM || m->count < 2 || m->stack[0].kind != NB_PICKLE_DICT)
        return false;
    bool single = m->mark_count == 0 && m->count == 2;
    bool batch = m->mark_count == 1 && m->marks[0].at == 1 && m->count % 2 == 0;
    return (single || batch) && nb_pickle_is_text(m->stack[m->count - 1], m->options.stream_key);
}

/* To be called before a dict is pushed: when it is the streamed one, its place is noted and the caller told. */
static nb_status notice_streamed_dict(machine *m)
{
    if (!is_streamed_dict(m))
        return NB_OK;
    m->stream_at = m->count;
    m->stream_marks = m->mark_count;
    if (!m->options.begin)
        return NB_OK;
    nb_status status = m->options.begin(m->options.user, m->stack[0], m->stack + 1, m->count - 2, m->site.err);
    return status == NB_OK ? NB_OK : nb_prefix(m->site.err, status, "%s: offset %" PRIu64, m->site.name, m->site.offset);
}

static nb_status push_dict(machine *m)
{
    NB_TRY(notice_streamed_dict(m));
    return push_made(m, nb_pickle_new_dict(&m->site.heap));
}

/* Hands the item to the caller and drops it. Takes both references over. */
static nb_status hand_out(machine *m, nb_pickle_value key, nb_pickle_value value)
{
    nb_status status;
    if (key.kind != NB_PICKLE_INT) {
        status = nb_pickle_fail(&m->site, NB_ERR_FORMAT, "a key in '%s' is %s, an integer expected", m->options.stream_key,
                                nb_pickle_kind_name(key.kind));
    } else {
        if (nb_pickle_is_object(value))
            value.object->closed = true;
        status = m->options.item(m->options.user, key.number, value, m->site.err);
        if (status != NB_OK && status != NB_ERR_CANCELLED)
            nb_prefix(m->site.err, status, "%s: offset %" PRIu64 ": %s[%" PRId64 "]", m->site.name, m->site.offset, m->options.stream_key,
                      key.number);
    }
    nb_pickle_release(&m->site.heap, key);
    nb_pickle_release(&m->site.heap, value);
    return status;
}

/* Hands out the pair on top of the stack. */
static nb_status hand_out_top(machine *m)
{
    nb_pickle_value value = m->stack[--m->count];
    nb_pickle_value key = m->stack[--m->count];
    return hand_out(m, key, value);
}

/* An integer is pushed. Right behind [streamed dict, mark, key, value] it is the next key, because the values have no integer keys: the
 * pair before it is complete. */
static nb_status push_int(machine *m, int64_t number)
{
    if (m->stream_at != NO_STREAM && m->count == m->stream_at + 3 && m->mark_count == m->stream_marks + 1 && m->floor == m->stream_at + 1)
        NB_TRY(hand_out_top(m));
    return push(m, (nb_pickle_value){.kind = NB_PICKLE_INT, .number = number});
}

/* ---- the memo ---- */

static nb_status memo_put(machine *m, uint64_t id)
{
    NB_TRY(need_values(m, 1));
    m->memo_count++;
    if (!nb_pickle_is_fetched(&m->plan, id))
        return NB_OK;
    nb_pickle_memo_entry *entry = nb_pickle_plan_find(&m->plan, (uint32_t)id);
    if (!entry)
        return NB_OK;
    if (entry->stored)
        nb_pickle_release(&m->site.heap, entry->value);
    entry->value = nb_pickle_keep(m->stack[m->count - 1]);
    entry->stored = true;
    return NB_OK;
}

/* Fetches a memo entry, with a reference for the caller; after its last use it is forgotten. */
static nb_status memo_get(machine *m, uint64_t id, nb_pickle_value *out)
{
    nb_pickle_memo_entry *entry = id <= UINT32_MAX ? nb_pickle_plan_find(&m->plan, (uint32_t)id) : NULL;
    if (!entry || !entry->stored)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "memo entry %" PRIu64 " is fetched but was never stored", id);
    *out = nb_pickle_keep(entry->value);
    if (entry->uses == UINT32_MAX || --entry->uses > 0)
        return NB_OK;
    nb_pickle_release(&m->site.heap, entry->value);
    entry->stored = false;
    entry->uses = UINT32_MAX; /* the place in the hash table stays taken */
    return NB_OK;
}

/* ---- arguments ---- */

static nb_status take_bytes(machine *m, size_t size, const uint8_t **out)
{
    NB_TRY(nb_stream_need(m->in, size, m->site.err));
    *out = m->in->next;
    m->in->next += size;
    return NB_OK;
}

static inline uint64_t little_endian(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static nb_status take_number(machine *m, size_t size, uint64_t *out)
{
    const uint8_t *bytes;
    NB_TRY(take_bytes(m, size, &bytes));
    *out = little_endian(bytes, size);
    return NB_OK;
}

static inline double big_endian_double(const uint8_t *bytes)
{
    uint64_t bits;
    memcpy(&bits, bytes, sizeof bits);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    bits = __builtin_bswap64(bits);
#endif
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* Points *out at a line without its newline. Lines beyond NB_STREAM_NEED_MAX are not read. */
static nb_status take_line(machine *m, const char **out, size_t *size)
{
    for (size_t ahead = 256;; ahead *= 2) {
        NB_TRY(nb_stream_fill(m->in, ahead, m->site.err));
        size_t ready = nb_stream_ready(m->in);
        const uint8_t *newline = memchr(m->in->next, '\n', ready);
        if (newline) {
            *out = (const char *)m->in->next;
            *size = (size_t)(newline - m->in->next);
            m->in->next = newline + 1;
            return NB_OK;
        }
        if (ready < ahead)
            return nb_pickle_fail(&m->site, NB_ERR_TRUNCATED, "the end comes before the line's end");
        if (ahead == NB_STREAM_NEED_MAX)
            return nb_pickle_fail(&m->site, NB_ERR_UNSUPPORTED, "a line of more than %zu bytes", NB_STREAM_NEED_MAX);
    }
}

/* Reads a string of `size` bytes. Memory is taken as the bytes come, so that an absurd length costs nothing. */
static nb_status take_string(machine *m, nb_pickle_kind kind, uint64_t size, nb_pickle_value *out)
{
    nb_pickle_heap *heap = &m->site.heap;
    if (size > heap->limit)
        return nb_pickle_fail(&m->site, NB_ERR_MEMORY, "a length of %" PRIu64 " bytes is more than the bound of %zu", size, heap->limit);
    size_t have = 0;
    size_t room = size < CHUNK || m->in->size != UINT64_MAX ? (size_t)size : CHUNK;
    if (m->in->size != UINT64_MAX && size > m->in->size - nb_stream_offset(m->in))
        return nb_pickle_fail(&m->site, NB_ERR_TRUNCATED, "a length of %" PRIu64 " bytes, %" PRIu64 " left", size,
                              m->in->size - nb_stream_offset(m->in));
    nb_pickle_value value = nb_pickle_nothing;
    for (;;) {
        const char *old = nb_pickle_text(value, NULL);
        nb_pickle_value larger = nb_pickle_new_string(heap, kind, NULL, room);
        nb_pickle_string *string = (nb_pickle_string *)larger.object;
        if (larger.kind != NB_PICKLE_NONE && have > 0)
            memcpy(string->bytes, old, have);
        nb_pickle_release(heap, value);
        if (larger.kind == NB_PICKLE_NONE)
            return no_memory(m);
        value = larger;
        nb_status status = nb_stream_read(m->in, string->bytes + have, room - have, m->site.err);
        if (status != NB_OK) {
            nb_pickle_release(heap, value);
            return status;
        }
        have = room;
        if (have == size)
            break;
        room = size - have < have ? (size_t)size : 2 * have;
    }
    *out = value;
    return NB_OK;
}

/* A string whose length stands before it in `length_size` bytes. */
static nb_status push_string(machine *m, nb_pickle_kind kind, size_t length_size)
{
    uint64_t size;
    nb_pickle_value value;
    NB_TRY(take_number(m, length_size, &size));
    NB_TRY(take_string(m, kind, size, &value));
    return push(m, value);
}

/* ---- integers and text forms ---- */

/* LONG1 and LONG4: two's complement of any size. */
static nb_status push_long(machine *m, size_t length_size)
{
    uint64_t size;
    NB_TRY(take_number(m, length_size, &size));
    if (size > 8) {
        nb_pickle_value value;
        NB_TRY(take_string(m, NB_PICKLE_INTEGER, size, &value));
        return push(m, value);
    }
    uint64_t bits;
    NB_TRY(take_number(m, (size_t)size, &bits));
    if (size > 0 && size < 8 && bits >> (8 * size - 1))
        bits |= UINT64_MAX << 8 * size;
    return push_int(m, (int64_t)bits);
}

/* A decimal number in a line of its own: INT "12" or the truth values "00" and "01", LONG "12L". */
static nb_status push_int_line(machine *m, bool is_long)
{
    const char *line;
    size_t size;
    NB_TRY(take_line(m, &line, &size));
    if (!is_long && size == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return push(m, (nb_pickle_value){.kind = NB_PICKLE_BOOL, .number = line[1] - '0'});
    if (is_long && size > 0 && line[size - 1] == 'L')
        size--;
    int64_t number;
    if (!nb_number_parse_int(line, size, &number))
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "%s is no integer of 64 bits", nb_quote(line, size).text);
    return push_int(m, number);
}

static nb_status push_float_line(machine *m)
{
    const char *line;
    size_t size;
    NB_TRY(take_line(m, &line, &size));
    double real;
    if (!nb_number_parse_double(line, size, &real))
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "%s is no float", nb_quote(line, size).text);
    return push(m, (nb_pickle_value){.kind = NB_PICKLE_FLOAT, .real = real});
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Writes a code point as UTF-8; returns the number of bytes. */
static size_t put_utf8(char *out, uint32_t point)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[more] | point >> 6 * more);
    for (size_t i = 1; i <= more; i++)
        out[i] = (char)(0x80 | (point >> 6 * (more - i) & 0x3f));
    return more + 1;
}

/* Reads `digits` hexadecimal digits at `text`. Negative when they are not there. */
static int64_t hex_number(const char *text, size_t left, size_t digits)
{
    int64_t value = 0;
    for (size_t i = 0; i < digits; i++) {
        int digit = i < left ? hex_digit(text[i]) : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* One backslash escape of a Python 2 byte string at text[0] == '\\'. Returns the bytes read, 0 when it is not understood. */
static size_t byte_escape(const char *text, size_t left, char *out, size_t *made)
{
    static const char from[] = "\\'\"abfnrtv";
    static const char to[] = "\\'\"\a\b\f\n\r\t\v";
    if (left < 2)
        return 0;
    *made = 1;
    if (text[1] == 'x') {
        int64_t value = hex_number(text + 2, left - 2, 2);
        *out = (char)value;
        return value < 0 ? 0 : 4;
    }
    const char *known = strchr(from, text[1]);
    if (!known || text[1] == '\0')
        return 0;
    *out = to[known - from];
    return 2;
}

/* One escape of a unicode line: \uXXXX or \UXXXXXXXX; other backslashes stand for themselves. */
static size_t unicode_escape(const char *text, size_t left, char *out, size_t *made)
{
    size_t digits = left > 1 && text[1] == 'u' ? 4 : left > 1 && text[1] == 'U' ? 8 : 0;
    int64_t point = digits ? hex_number(text + 2, left - 2, digits) : '\\';
    if (point < 0 || point > 0x10ffff)
        return 0;
    *made = put_utf8(out, (uint32_t)point);
    return digits ? 2 + digits : 1;
}

/* STRING 'abc\n' in quotes, or UNICODE without. */
static nb_status push_text_line(machine *m, nb_pickle_kind kind)
{
    const char *line;
    size_t size;
    NB_TRY(take_line(m, &line, &size));
    if (kind == NB_PICKLE_BYTES) {
        if (size < 2 || (line[0] != '\'' && line[0] != '"') || line[size - 1] != line[0])
            return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "a string without quotes");
        line++;
        size -= 2;
    }
    char *text = malloc(2 * size + 4); /* a raw byte >= 0x80 of a UNICODE line becomes two */
    if (!text)
        return no_memory(m);
    size_t count = 0;
    for (size_t i = 0; i < size;) {
        size_t step = 1;
        size_t made = 1;
        if (line[i] == '\\')
            step = kind == NB_PICKLE_BYTES ? byte_escape(line + i, size - i, text + count, &made)
                                           : unicode_escape(line + i, size - i, text + count, &made);
        else if (kind == NB_PICKLE_TEXT)
            made = put_utf8(text + count, (uint8_t)line[i]);
        else
            text[count] = line[i];
        if (step == 0) {
            free(text);
            return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "byte %zu of the string: an escape that is not understood", i);
        }
        i += step;
        count += made;
    }
    nb_pickle_value value = nb_pickle_new_string(&m->site.heap, kind, text, count);
    free(text);
    return push_made(m, value);
}

/* ---- the fast path for curves ---- */

/* The longest item that take_curve() reads: length, text, put, float. */
#define CURVE_TEXT_MAX 56
#define CURVE_ITEM_MAX (5 + CURVE_TEXT_MAX + 5 + 9)

/* The key that continues a run, as text. */
typedef struct next_name {
    char text[CURVE_TEXT_MAX + 8];
    size_t size; /* 0: none */
} next_name;

/* Counts the decimal number at the end of the text up by one. */
static void count_up(next_name *next)
{
    size_t i = next->size;
    while (next->text[i - 1] == '9')
        next->text[--i] = '0';
    if (next->text[i - 1] != '@') {
        next->text[i - 1]++;
        return;
    }
    memmove(next->text + i + 1, next->text + i, next->size - i);
    next->text[i] = '1';
    next->size++;
}

static bool same_bytes(const uint8_t *a, const char *b, size_t size)
{
    if (size < 8 || size > 16)
        return memcmp(a, b, size) == 0;
    uint64_t head_a, head_b, tail_a, tail_b;
    memcpy(&head_a, a, 8);
    memcpy(&head_b, b, 8);
    memcpy(&tail_a, a + size - 8, 8);
    memcpy(&tail_b, b + size - 8, 8);
    return head_a == head_b && tail_a == tail_b;
}

/* Adds the value to the run that the last item belongs to. The caller knows that the key continues it. */
static inline bool extend_run(machine *m, nb_pickle_dict *dict, double real)
{
    if (!nb_pickle_pack_room(&m->site.heap, dict))
        return false;
    dict->runs[dict->run_count - 1].count++;
    dict->values[dict->count++] = real;
    return true;
}

/* Reads one item with an integer key at `p` (all of it is there). Returns its length, 0 when it is something else. */
static size_t take_numbered(machine *m, nb_pickle_dict *dict, const uint8_t *p, bool *good)
{
    size_t size = p[0] == 'K' ? 2 : 3;
    if ((p[0] != 'K' && p[0] != 'M') || p[size] != 'G')
        return 0;
    int64_t number = (int64_t)little_endian(p + 1, size - 1);
    double real = big_endian_double(p + size + 1);
    const nb_pickle_run *run = dict->run_count ? &dict->runs[dict->run_count - 1] : NULL;
    if (run && !run->named && number == run->first + run->count)
        *good = extend_run(m, dict, real);
    else
        *good = nb_pickle_pack(&m->site.heap, dict, false, NULL, 0, number, real);
    return size + 9;
}

/* Where the parts of a named item lie. */
typedef struct named_item {
    const uint8_t *text;
    size_t size;   /* of the text */
    size_t length; /* of the whole item */
    bool stored;   /* it has a put, of number `id` */
    uint64_t id;
} named_item;

/* Recognises text, optional put, float at `p`. */
static bool find_named(const machine *m, const uint8_t *p, named_item *item)
{
    if (p[0] == 'X') {
        uint64_t size = little_endian(p + 1, 4);
        if (size > CURVE_TEXT_MAX)
            return false;
        item->text = p + 5;
        item->size = (size_t)size;
    } else if (p[0] == 0x8c && p[1] <= CURVE_TEXT_MAX) {
        item->text = p + 2;
        item->size = p[1];
    } else {
        return false;
    }
    const uint8_t *q = item->text + item->size;
    item->stored = true;
    if (*q == 'r') {
        item->id = little_endian(q + 1, 4);
        q += 5;
    } else if (*q == 0x94) {
        item->id = m->memo_count;
        q += 1;
    } else if (*q == 'q') {
        item->id = q[1];
        q += 2;
    } else {
        item->stored = false;
    }
    item->length = (size_t)(q + 9 - p);
    return *q == 'G' && !(item->stored && nb_pickle_is_fetched(&m->plan, item->id));
}

static size_t take_named(machine *m, nb_pickle_dict *dict, const uint8_t *p, next_name *next, bool *good)
{
    named_item item;
    if (!find_named(m, p, &item))
        return 0;
    double real = big_endian_double(p + item.length - 8);
    if (next->size > 0 && item.size == next->size && same_bytes(item.text, next->text, item.size)) {
        *good = extend_run(m, dict, real);
    } else {
        size_t prefix_size;
        int64_t number;
        const char *text = (const char *)item.text;
        if (!nb_pickle_split_name(text, item.size, &prefix_size, &number))
            return 0;
        *good = nb_pickle_pack(&m->site.heap, dict, true, text, prefix_size, number, real);
        memcpy(next->text, text, item.size);
        next->size = item.size;
    }
    count_up(next);
    m->memo_count += item.stored;
    return item.length;
}

/* Reads the items that follow a mark straight into the packed dict below it, as long as they are floats under numbers or under names that
 * end in one. More than nine tenths of a benchmark file pass through here. *any: at least one was read. */
static nb_status take_curve(machine *m, nb_pickle_dict *dict, bool *any)
{
    next_name next = {.size = 0};
    uint32_t before = dict->count;
    for (;;) {
        NB_TRY(nb_stream_fill(m->in, CURVE_ITEM_MAX, m->site.err));
        const uint8_t *p = m->in->next;
        if (nb_stream_ready(m->in) < CURVE_ITEM_MAX)
            break; /* the general path reads what stands near the end of the source */
        const uint8_t *last = m->in->end - CURVE_ITEM_MAX;
        size_t size = 1;
        bool good = true;
        while (p <= last && good) {
            if (*p == 'K' || *p == 'M') {
                size = take_numbered(m, dict, p, &good);
                next.size = 0;
            } else {
                size = take_named(m, dict, p, &next, &good);
            }
            if (size == 0)
                break;
            p += size;
        }
        m->in->next = p;
        if (!good)
            return no_memory(m);
        if (size == 0)
            break;
    }
    *any = dict->count > before;
    return NB_OK;
}

static nb_status op_mark(machine *m)
{
    bool any = false;
    if (m->count > m->floor && m->stack[m->count - 1].kind == NB_PICKLE_DICT) {
        nb_pickle_dict *dict = (nb_pickle_dict *)m->stack[m->count - 1].object;
        if (dict->packed && !dict->head.closed)
            NB_TRY(take_curve(m, dict, &any));
    }
    return set_mark(m, any);
}

/* ---- opcodes that make containers ---- */

/* Replaces the values from `from` on by one sequence of them. */
static nb_status gather(machine *m, nb_pickle_kind kind, size_t from)
{
    nb_pickle_refusal refusal = NB_PICKLE_TAKEN;
    nb_pickle_object probe = {0};
    for (size_t i = from; i < m->count && refusal == NB_PICKLE_TAKEN; i++)
        refusal = nb_pickle_adopt(&probe, m->stack[i]);
    NB_TRY(nb_pickle_refused(&m->site, refusal));
    size_t count = m->count - from;
    m->count = from;
    const nb_pickle_value *items = count > 0 ? m->stack + from : NULL; /* the stack may not exist yet */
    nb_pickle_value made = nb_pickle_new_sequence(&m->site.heap, kind, items, count);
    if (made.kind == kind)
        made.object->depth = probe.depth;
    return push_made(m, made);
}

static nb_status gather_marked(machine *m, nb_pickle_kind kind)
{
    size_t from;
    NB_TRY(take_mark(m, false, &from));
    return gather(m, kind, from);
}

static nb_status gather_last(machine *m, nb_pickle_kind kind, size_t count)
{
    NB_TRY(need_values(m, count));
    return gather(m, kind, m->count - count);
}

/* Appends the values from `from` on to the list or set below them. */
static nb_status append_from(machine *m, nb_pickle_kind kind, size_t from)
{
    if (from <= m->floor || m->stack[from - 1].kind != kind)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "items for %s come without it", nb_pickle_kind_name(kind));
    nb_pickle_sequence *list = (nb_pickle_sequence *)m->stack[from - 1].object;
    nb_status status = NB_OK;
    size_t i = from;
    for (; i < m->count && status == NB_OK; i++)
        status = nb_pickle_refused(&m->site, nb_pickle_append(&m->site.heap, list, m->stack[i]));
    for (; i < m->count; i++)
        nb_pickle_release(&m->site.heap, m->stack[i]);
    m->count = from;
    return status;
}

static nb_status append_marked(machine *m, nb_pickle_kind kind)
{
    size_t from;
    NB_TRY(take_mark(m, false, &from));
    return append_from(m, kind, from);
}

/* Puts the pairs from `from` on into the dict at `at`, or hands them out when that is the streamed one. */
static nb_status set_items_from(machine *m, size_t at, size_t from)
{
    if ((m->count - from) % 2 != 0)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "a key without a value");
    nb_pickle_dict *dict = (nb_pickle_dict *)m->stack[at].object;
    nb_status status = NB_OK;
    size_t i = from;
    for (; i < m->count && status == NB_OK; i += 2) {
        if (at == m->stream_at)
            status = hand_out(m, m->stack[i], m->stack[i + 1]);
        else
            status = nb_pickle_refused(&m->site, nb_pickle_set_item(&m->site.heap, dict, m->stack[i], m->stack[i + 1]));
    }
    for (; i < m->count; i++)
        nb_pickle_release(&m->site.heap, m->stack[i]);
    m->count = from;
    return status;
}

static nb_status op_setitems(machine *m, size_t from)
{
    if (from <= m->floor || m->stack[from - 1].kind != NB_PICKLE_DICT)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "items for a dict come without it");
    return set_items_from(m, from - 1, from);
}

static nb_status op_setitems_marked(machine *m)
{
    size_t from;
    NB_TRY(take_mark(m, true, &from));
    return op_setitems(m, from);
}

/* DICT: a dict of the values behind the mark (protocol 0). */
static nb_status op_dict(machine *m)
{
    size_t from;
    NB_TRY(take_mark(m, false, &from));
    nb_pickle_value dict = nb_pickle_new_dict(&m->site.heap);
    NB_TRY(push_made(m, dict));
    memmove(m->stack + from + 1, m->stack + from, (m->count - 1 - from) * sizeof *m->stack);
    m->stack[from] = dict;
    return set_items_from(m, from, from + 1);
}

/* ---- opcodes that call ---- */

/* GLOBAL: module and name in two lines. */
static nb_status op_global(machine *m)
{
    const char *line;
    char module[128];
    size_t module_size, name_size;
    NB_TRY(take_line(m, &line, &module_size));
    if (module_size > sizeof module)
        return nb_pickle_fail(&m->site, NB_ERR_REFUSED, "the pickle names a module of %zu letters", module_size);
    memcpy(module, line, module_size);
    NB_TRY(take_line(m, &line, &name_size));
    nb_pickle_value value;
    NB_TRY(nb_pickle_resolve(&m->site, module, module_size, line, name_size, &value));
    return push(m, value);
}

/* STACK_GLOBAL: module and name from the stack. */
static nb_status op_stack_global(machine *m)
{
    NB_TRY(need_values(m, 2));
    size_t module_size, name_size;
    const char *module = nb_pickle_text(m->stack[m->count - 2], &module_size);
    const char *name = nb_pickle_text(m->stack[m->count - 1], &name_size);
    if (!module || !name)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "a name is no text");
    nb_pickle_value value;
    NB_TRY(nb_pickle_resolve(&m->site, module, module_size, name, name_size, &value));
    cut_stack(m, m->count - 2);
    return push(m, value);
}

/* REDUCE and NEWOBJ: callable, arguments -> value. NEWOBJ_EX has an empty dict of named arguments behind them. */
static nb_status op_call(machine *m, size_t values)
{
    NB_TRY(need_values(m, values));
    const nb_pickle_value *at = &m->stack[m->count - values];
    nb_pickle_value made;
    if (values == 3 && (at[2].kind != NB_PICKLE_DICT || nb_pickle_count(at[2]) != 0))
        return nb_pickle_fail(&m->site, NB_ERR_REFUSED, "a call with named arguments");
    NB_TRY(nb_pickle_call(&m->site, at[0], at[1], &made));
    cut_stack(m, m->count - values);
    nb_status status = made.kind == NB_PICKLE_DICT ? notice_streamed_dict(m) : NB_OK;
    if (status != NB_OK) {
        nb_pickle_release(&m->site.heap, made);
        return status;
    }
    return push(m, made);
}

static nb_status op_build(machine *m)
{
    NB_TRY(need_values(m, 2));
    NB_TRY(nb_pickle_build(&m->site, m->stack[m->count - 2], m->stack[m->count - 1]));
    cut_stack(m, m->count - 1);
    return NB_OK;
}

static nb_status op_persistent(machine *m)
{
    NB_TRY(need_values(m, 1));
    nb_pickle_value made;
    NB_TRY(nb_pickle_persistent(&m->site, m->stack[m->count - 1], &made));
    cut_stack(m, m->count - 1);
    return push(m, made);
}

/* ---- the rest ---- */

static nb_status op_put(machine *m, size_t number_size)
{
    uint64_t id;
    NB_TRY(take_number(m, number_size, &id));
    return memo_put(m, id);
}

static nb_status op_get(machine *m, size_t number_size)
{
    uint64_t id;
    nb_pickle_value value;
    NB_TRY(take_number(m, number_size, &id));
    NB_TRY(memo_get(m, id, &value));
    return push(m, value);
}

/* PUT and GET of protocol 0 have their number in a line. */
static nb_status op_memo_line(machine *m, bool put)
{
    const char *line;
    size_t size;
    NB_TRY(take_line(m, &line, &size));
    uint64_t id = 0;
    for (size_t i = 0; i < size; i++) {
        if (line[i] < '0' || line[i] > '9' || size > 10)
            return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "'%.*s' is no memo number", size > 20 ? 20 : (int)size, line);
        id = id * 10 + (uint64_t)(line[i] - '0');
    }
    if (put)
        return memo_put(m, id);
    nb_pickle_value value;
    NB_TRY(memo_get(m, id, &value));
    return push(m, value);
}

static nb_status op_proto(machine *m)
{
    uint64_t version;
    NB_TRY(take_number(m, 1, &version));
    if (version > 5)
        return nb_pickle_fail(&m->site, NB_ERR_UNSUPPORTED, "pickle protocol %" PRIu64 ", at most 5 is read", version);
    return NB_OK;
}

/* FRAME: a hint for buffering, of no use here. */
static nb_status op_frame(machine *m)
{
    const uint8_t *size;
    return take_bytes(m, 8, &size);
}

static nb_status op_pop(machine *m)
{
    if (m->count == m->floor && m->mark_count > 0) { /* POP on a mark takes the mark */
        size_t from;
        return take_mark(m, false, &from);
    }
    NB_TRY(need_values(m, 1));
    cut_stack(m, m->count - 1);
    return NB_OK;
}

static nb_status op_pop_mark(machine *m)
{
    size_t from;
    NB_TRY(take_mark(m, false, &from));
    cut_stack(m, from);
    return NB_OK;
}

static nb_status op_dup(machine *m)
{
    NB_TRY(need_values(m, 1));
    return push(m, nb_pickle_keep(m->stack[m->count - 1]));
}

static nb_status push_small_int(machine *m, size_t size)
{
    uint64_t bits;
    NB_TRY(take_number(m, size, &bits));
    return push_int(m, size == 4 ? (int32_t)(uint32_t)bits : (int64_t)bits);
}

static nb_status push_float(machine *m)
{
    const uint8_t *bytes;
    NB_TRY(take_bytes(m, 8, &bytes));
    return push(m, (nb_pickle_value){.kind = NB_PICKLE_FLOAT, .real = big_endian_double(bytes)});
}

static nb_status push_bool(machine *m, int64_t number)
{
    return push(m, (nb_pickle_value){.kind = NB_PICKLE_BOOL, .number = number});
}

/* Atoms: numbers and strings. */
static nb_status run_atom(machine *m, uint8_t opcode)
{
    switch (opcode) {
    case 'N':
        return push(m, nb_pickle_nothing);
    case 0x88:
    case 0x89:
        return push_bool(m, opcode == 0x88);
    case 'J':
        return push_small_int(m, 4);
    case 'K':
        return push_small_int(m, 1);
    case 'M':
        return push_small_int(m, 2);
    case 'G':
        return push_float(m);
    case 0x8a:
        return push_long(m, 1);
    case 0x8b:
        return push_long(m, 4);
    case 'I':
        return push_int_line(m, false);
    case 'L':
        return push_int_line(m, true);
    case 'F':
        return push_float_line(m);
    case 'S':
        return push_text_line(m, NB_PICKLE_BYTES);
    case 'V':
        return push_text_line(m, NB_PICKLE_TEXT);
    case 0x8c:
        return push_string(m, NB_PICKLE_TEXT, 1);
    case 'X':
        return push_string(m, NB_PICKLE_TEXT, 4);
    case 0x8d:
        return push_string(m, NB_PICKLE_TEXT, 8);
    case 'C':
    case 'U':
        return push_string(m, NB_PICKLE_BYTES, 1);
    case 'B':
    case 'T':
        return push_string(m, NB_PICKLE_BYTES, 4);
    case 0x8e:
        return push_string(m, NB_PICKLE_BYTES, 8);
    default:
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "byte 0x%02x is no pickle opcode that is read here", opcode);
    }
}

/* Everything else. */
static nb_status run(machine *m, uint8_t opcode)
{
    switch (opcode) {
    case 0x80:
        return op_proto(m);
    case 0x95:
        return op_frame(m);
    case '(':
        return op_mark(m);
    case 'q':
        return op_put(m, 1);
    case 'r':
        return op_put(m, 4);
    case 0x94:
        return memo_put(m, m->memo_count);
    case 'p':
        return op_memo_line(m, true);
    case 'h':
        return op_get(m, 1);
    case 'j':
        return op_get(m, 4);
    case 'g':
        return op_memo_line(m, false);
    case '}':
        return push_dict(m);
    case ']':
        return push_made(m, nb_pickle_new_sequence(&m->site.heap, NB_PICKLE_LIST, NULL, 0));
    case ')':
        return push_made(m, nb_pickle_new_sequence(&m->site.heap, NB_PICKLE_TUPLE, NULL, 0));
    case 0x8f:
        return push_made(m, nb_pickle_new_sequence(&m->site.heap, NB_PICKLE_SET, NULL, 0));
    case 0x85:
    case 0x86:
    case 0x87:
        return gather_last(m, NB_PICKLE_TUPLE, (size_t)opcode - 0x84);
    case 't':
        return gather_marked(m, NB_PICKLE_TUPLE);
    case 'l':
        return gather_marked(m, NB_PICKLE_LIST);
    case 0x91:
        return gather_marked(m, NB_PICKLE_SET);
    case 'd':
        return op_dict(m);
    case 'a':
        NB_TRY(need_values(m, 2));
        return append_from(m, NB_PICKLE_LIST, m->count - 1);
    case 'e':
        return append_marked(m, NB_PICKLE_LIST);
    case 0x90:
        return append_marked(m, NB_PICKLE_SET);
    case 's':
        NB_TRY(need_values(m, 3));
        return op_setitems(m, m->count - 2);
    case 'u':
        return op_setitems_marked(m);
    case 'c':
        return op_global(m);
    case 0x93:
        return op_stack_global(m);
    case 'R':
    case 0x81:
        return op_call(m, 2);
    case 0x92:
        return op_call(m, 3);
    case 'b':
        return op_build(m);
    case 'Q':
        return op_persistent(m);
    case '0':
        return op_pop(m);
    case '1':
        return op_pop_mark(m);
    case '2':
        return op_dup(m);
    default:
        return run_atom(m, opcode);
    }
}

static nb_status run_to_stop(machine *m, nb_pickle_value *out)
{
    uint64_t checked = m->in->end_offset;
    for (;;) {
        m->site.offset = nb_stream_offset(m->in);
        NB_TRY(nb_stream_need(m->in, 1, m->site.err));
        uint8_t opcode = *m->in->next++;
        if (opcode == '.')
            break;
        NB_TRY(run(m, opcode));
        if (m->in->end_offset != checked) {
            checked = m->in->end_offset;
            NB_TRY(nb_pickle_watch(m->in, m->options.progress, 2, &m->reported, m->site.err));
        }
    }
    if (m->count != 1 || m->mark_count != 0)
        return nb_pickle_fail(&m->site, NB_ERR_FORMAT, "the pickle ends with %zu values and %zu marks, one value expected", m->count,
                              m->mark_count);
    *out = m->stack[--m->count];
    return NB_OK;
}

nb_status nb_pickle_read(nb_stream *in, const nb_pickle_options *options, nb_pickle_value *out, nb_error *err)
{
    machine m = {.in = in, .stream_at = NO_STREAM};
    if (options)
        m.options = *options;
    m.site = (nb_pickle_site){.name = in->name, .err = err};
    m.site.heap.limit = m.options.max_memory ? m.options.max_memory : DEFAULT_MAX_MEMORY;
    uint64_t start = nb_stream_offset(in);
    nb_status status = nb_pickle_scan(in, m.options.progress, &m.plan, err);
    if (status == NB_OK)
        status = nb_stream_seek(in, start, err);
    if (status == NB_OK)
        status = grow_stack(&m);
    if (status == NB_OK)
        status = run_to_stop(&m, out);
    cut_stack(&m, 0);
    nb_pickle_plan_free(&m.site.heap, &m.plan);
    free(m.stack);
    free(m.marks);
    return status;
}

nb_status nb_pickle_read_file(const char *path, nb_pickle_value *out, nb_error *err)
{
    nb_stream in;
    NB_TRY(nb_stream_open_file(&in, path, err));
    nb_status status = nb_pickle_read(&in, NULL, out, err);
    nb_stream_close(&in);
    return status;
}
