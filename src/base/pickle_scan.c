#include "base/pickle_scan.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Opcodes by byte, from the comment blocks of CPython's pickletools. INST 'i', OBJ 'o', PERSID 'P', EXT1..4 and the out-of-band buffers of
 * protocol 5 are left out: no file in question has them, and the first two call classes by name. */
const uint8_t nb_pickle_arguments[256] = {
    ['('] = NB_PICKLE_ARG_NONE,       [')'] = NB_PICKLE_ARG_NONE,       ['.'] = NB_PICKLE_ARG_NONE,       ['0'] = NB_PICKLE_ARG_NONE,
    ['1'] = NB_PICKLE_ARG_NONE,       ['2'] = NB_PICKLE_ARG_NONE,       ['B'] = NB_PICKLE_ARG_COUNTED_4,  ['C'] = NB_PICKLE_ARG_COUNTED_1,
    ['F'] = NB_PICKLE_ARG_LINE,       ['G'] = NB_PICKLE_ARG_8,          ['I'] = NB_PICKLE_ARG_LINE,       ['J'] = NB_PICKLE_ARG_4,
    ['K'] = NB_PICKLE_ARG_1,          ['L'] = NB_PICKLE_ARG_LINE,       ['M'] = NB_PICKLE_ARG_2,          ['N'] = NB_PICKLE_ARG_NONE,
    ['Q'] = NB_PICKLE_ARG_NONE,       ['R'] = NB_PICKLE_ARG_NONE,       ['S'] = NB_PICKLE_ARG_LINE,       ['T'] = NB_PICKLE_ARG_COUNTED_4,
    ['U'] = NB_PICKLE_ARG_COUNTED_1,  ['V'] = NB_PICKLE_ARG_LINE,       ['X'] = NB_PICKLE_ARG_COUNTED_4,  [']'] = NB_PICKLE_ARG_NONE,
    ['a'] = NB_PICKLE_ARG_NONE,       ['b'] = NB_PICKLE_ARG_NONE,       ['c'] = NB_PICKLE_ARG_TWO_LINES,  ['d'] = NB_PICKLE_ARG_NONE,
    ['e'] = NB_PICKLE_ARG_NONE,       ['g'] = NB_PICKLE_ARG_LINE,       ['h'] = NB_PICKLE_ARG_1,          ['j'] = NB_PICKLE_ARG_4,
    ['l'] = NB_PICKLE_ARG_NONE,       ['p'] = NB_PICKLE_ARG_LINE,       ['q'] = NB_PICKLE_ARG_1,          ['r'] = NB_PICKLE_ARG_4,
    ['s'] = NB_PICKLE_ARG_NONE,       ['t'] = NB_PICKLE_ARG_NONE,       ['u'] = NB_PICKLE_ARG_NONE,       ['}'] = NB_PICKLE_ARG_NONE,
    [0x80] = NB_PICKLE_ARG_1,         [0x81] = NB_PICKLE_ARG_NONE,      [0x85] = NB_PICKLE_ARG_NONE,      [0x86] = NB_PICKLE_ARG_NONE,
    [0x87] = NB_PICKLE_ARG_NONE,      [0x88] = NB_PICKLE_ARG_NONE,      [0x89] = NB_PICKLE_ARG_NONE,      [0x8a] = NB_PICKLE_ARG_COUNTED_1,
    [0x8b] = NB_PICKLE_ARG_COUNTED_4, [0x8c] = NB_PICKLE_ARG_COUNTED_1, [0x8d] = NB_PICKLE_ARG_COUNTED_8, [0x8e] = NB_PICKLE_ARG_COUNTED_8,
    [0x8f] = NB_PICKLE_ARG_NONE,      [0x90] = NB_PICKLE_ARG_NONE,      [0x91] = NB_PICKLE_ARG_NONE,      [0x92] = NB_PICKLE_ARG_NONE,
    [0x93] = NB_PICKLE_ARG_NONE,      [0x94] = NB_PICKLE_ARG_NONE,      [0x95] = NB_PICKLE_ARG_8,
};

/* ---- the plan ---- */

static size_t place_of(const nb_pickle_plan *plan, uint32_t id)
{
    size_t mask = plan->capacity - 1;
    size_t place = (size_t)(id * UINT64_C(0x9E3779B97F4A7C15) >> 32) & mask;
    while (plan->entries[place].uses != 0 && plan->entries[place].id != id)
        place = (place + 1) & mask;
    return place;
}

nb_pickle_memo_entry *nb_pickle_plan_find(const nb_pickle_plan *plan, uint32_t id)
{
    if (!nb_pickle_is_fetched(plan, id))
        return NULL;
    nb_pickle_memo_entry *entry = &plan->entries[place_of(plan, id)];
    return entry->uses ? entry : NULL;
}

static nb_status out_of_memory(nb_error *err)
{
    return nb_fail(err, NB_ERR_MEMORY, "no memory for the memo of a pickle");
}

static nb_status grow_entries(nb_pickle_plan *plan, nb_error *err)
{
    nb_pickle_plan grown = *plan;
    grown.capacity = plan->capacity ? plan->capacity * 2 : 256;
    grown.entries = calloc(grown.capacity, sizeof *grown.entries);
    if (!grown.entries)
        return out_of_memory(err);
    for (size_t i = 0; i < plan->capacity; i++)
        if (plan->entries[i].uses)
            grown.entries[place_of(&grown, plan->entries[i].id)] = plan->entries[i];
    free(plan->entries);
    *plan = grown;
    return NB_OK;
}

static nb_status mark_fetched(nb_pickle_plan *plan, uint64_t id, nb_error *err)
{
    if (id / 8 >= plan->fetched_size) {
        uint64_t size = (id / 8 + 1) * 3 / 2 + 64;
        uint8_t *grown = realloc(plan->fetched, size);
        if (!grown)
            return out_of_memory(err);
        memset(grown + plan->fetched_size, 0, size - plan->fetched_size);
        plan->fetched = grown;
        plan->fetched_size = size;
    }
    plan->fetched[id / 8] |= (uint8_t)(1U << id % 8);
    return NB_OK;
}

static nb_status count_fetch(nb_pickle_plan *plan, uint32_t id, nb_error *err)
{
    if (plan->count * 4 >= plan->capacity * 3)
        NB_TRY(grow_entries(plan, err));
    nb_pickle_memo_entry *entry = &plan->entries[place_of(plan, id)];
    if (entry->uses == 0) {
        NB_TRY(mark_fetched(plan, id, err));
        entry->id = id;
        plan->count++;
    }
    if (entry->uses < UINT32_MAX) /* with so many uses it is kept for good */
        entry->uses++;
    return NB_OK;
}

void nb_pickle_plan_free(nb_pickle_heap *heap, nb_pickle_plan *plan)
{
    for (size_t i = 0; i < plan->capacity; i++)
        if (plan->entries[i].stored)
            nb_pickle_release(heap, plan->entries[i].value);
    free(plan->entries);
    free(plan->fetched);
    *plan = (nb_pickle_plan){0};
}

/* ---- the scan ---- */

typedef struct scan {
    nb_stream *in;
    nb_pickle_plan *plan;
    uint64_t start;      /* offset of the pickle */
    uint64_t place;      /* of the opcode at hand */
    uint64_t memo_count; /* entries put so far, if they were numbered one by one */
    uint64_t memo_next;  /* one more than the highest number put */
    nb_error *err;
} scan;

static uint64_t little_endian(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    for (size_t i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static nb_status note_put(scan *s, uint64_t id)
{
    /* A put takes two bytes, so a writer that counts from 0 cannot be further. */
    if (id > s->place - s->start)
        return nb_fail(s->err, NB_ERR_FORMAT, "%s: offset %" PRIu64 ": memo number %" PRIu64 " is absurdly high", s->in->name, s->place,
                       id);
    if (id >= s->memo_next)
        s->memo_next = id + 1;
    return NB_OK;
}

static nb_status note_get(scan *s, uint64_t id)
{
    if (id >= s->memo_next || id > UINT32_MAX)
        return nb_fail(s->err, NB_ERR_FORMAT, "%s: offset %" PRIu64 ": memo entry %" PRIu64 " is fetched but was never stored", s->in->name,
                       s->place, id);
    return count_fetch(s->plan, (uint32_t)id, s->err);
}

/* Moves behind the next newline; the first digits before it are the number of a text-form put or get. */
static nb_status skip_line(scan *s, uint64_t *number)
{
    uint64_t value = 0;
    for (;;) {
        NB_TRY(nb_stream_need(s->in, 1, s->err));
        const uint8_t *newline = memchr(s->in->next, '\n', nb_stream_ready(s->in));
        const uint8_t *stop = newline ? newline : s->in->end;
        for (const uint8_t *p = s->in->next; p < stop && value < UINT32_MAX; p++)
            value = *p >= '0' && *p <= '9' ? value * 10 + (uint64_t)(*p - '0') : value;
        s->in->next = newline ? newline + 1 : s->in->end;
        if (newline)
            break;
    }
    *number = value;
    return NB_OK;
}

/* Moves past the argument of an opcode; *number is what stands in it when it is a fixed number or a line of digits. */
static nb_status skip_argument(scan *s, uint8_t opcode, uint64_t *number)
{
    static const uint8_t fixed[] = {
        [NB_PICKLE_ARG_1] = 1,         [NB_PICKLE_ARG_2] = 2,         [NB_PICKLE_ARG_4] = 4,        [NB_PICKLE_ARG_8] = 8,
        [NB_PICKLE_ARG_COUNTED_1] = 1, [NB_PICKLE_ARG_COUNTED_4] = 4, [NB_PICKLE_ARG_COUNTED_8] = 8};
    nb_pickle_argument form = nb_pickle_arguments[opcode];
    switch (form) {
    case NB_PICKLE_ARG_NONE:
        return NB_OK;
    case NB_PICKLE_ARG_1:
    case NB_PICKLE_ARG_2:
    case NB_PICKLE_ARG_4:
    case NB_PICKLE_ARG_8:
    case NB_PICKLE_ARG_COUNTED_1:
    case NB_PICKLE_ARG_COUNTED_4:
    case NB_PICKLE_ARG_COUNTED_8:
        NB_TRY(nb_stream_need(s->in, fixed[form], s->err));
        *number = little_endian(s->in->next, fixed[form]);
        s->in->next += fixed[form];
        return form <= NB_PICKLE_ARG_8 ? NB_OK : nb_stream_skip(s->in, *number, s->err);
    case NB_PICKLE_ARG_TWO_LINES:
        NB_TRY(skip_line(s, number));
        return skip_line(s, number);
    case NB_PICKLE_ARG_LINE:
        return skip_line(s, number);
    default:
        return nb_fail(s->err, NB_ERR_FORMAT, "%s: offset %" PRIu64 ": byte 0x%02x is no pickle opcode that is read here", s->in->name,
                       s->place, opcode);
    }
}

static nb_status note_memo(scan *s, uint8_t opcode, uint64_t number)
{
    switch (opcode) {
    case 'q':
    case 'r':
    case 'p':
        NB_TRY(note_put(s, number));
        s->memo_count++;
        return NB_OK;
    case 0x94: /* MEMOIZE: the number is the count of entries, which is known only if they came one by one */
        if (s->memo_count != s->memo_next)
            return nb_fail(s->err, NB_ERR_UNSUPPORTED, "%s: offset %" PRIu64 ": MEMOIZE after memo entries out of order", s->in->name,
                           s->place);
        NB_TRY(note_put(s, s->memo_count));
        s->memo_count++;
        return NB_OK;
    case 'h':
    case 'j':
    case 'g':
        return note_get(s, number);
    default:
        return NB_OK;
    }
}

/* Longest item that skip_curve() passes over at a time, with a text of at most 64 bytes. */
#define CURVE_ITEM_MAX 96

/* The fast path: moves past items "small integer, float" and "short text, put, float" that lie in the window, as long as they come. These
 * make up more than nine tenths of the benchmark files. What it does not know is left to the general path. */
static void skip_curve(scan *s)
{
    if (nb_stream_ready(s->in) < CURVE_ITEM_MAX)
        return;
    const uint8_t *p = s->in->next;
    const uint8_t *last = s->in->end - CURVE_ITEM_MAX;
    uint64_t start_offset = s->in->end_offset - (uint64_t)(s->in->end - p) - s->start;
    uint64_t next = s->memo_next;
    uint64_t count = s->memo_count;
    const uint8_t *begin = p;
    while (p <= last) {
        if (p[0] == 'K' && p[2] == 'G') {
            p += 11;
        } else if (p[0] == 'X') {
            uint64_t size = little_endian(p + 1, 4);
            if (size > 64 || p[5 + size] != 'r' || p[10 + size] != 'G')
                break;
            uint64_t id = little_endian(p + 6 + size, 4);
            if (id != next || id > start_offset + (uint64_t)(p - begin)) /* out of order: let note_put() look at it */
                break;
            next++;
            count++;
            p += 19 + size;
        } else if (p[0] == 0x8c && p[1] <= 64 && p[2 + p[1]] == 0x94 && p[3 + p[1]] == 'G' && count == next) {
            next++;
            count++;
            p += 12 + p[1];
        } else {
            break;
        }
    }
    s->in->next = p;
    s->memo_next = next;
    s->memo_count = count;
}

/* Bytes between two reports: at some hundred MB/s these are some tens of reports a second. */
#define REPORT_EVERY ((uint64_t)16 << 20)

nb_status nb_pickle_watch(const nb_stream *in, const nb_progress *progress, int pass, uint64_t *reported, nb_error *err)
{
    NB_TRY(nb_progress_check(progress, in->name, err));
    uint64_t offset = nb_stream_offset(in);
    if (offset - *reported < REPORT_EVERY)
        return NB_OK;
    *reported = offset;
    bool known = in->size != UINT64_MAX;
    uint64_t before = pass == 2 && known ? in->size : 0;
    nb_progress_report(progress, before + offset, known ? 2 * in->size : 0, NULL);
    return NB_OK;
}

nb_status nb_pickle_scan(nb_stream *in, const nb_progress *progress, nb_pickle_plan *plan, nb_error *err)
{
    *plan = (nb_pickle_plan){0};
    scan s = {.in = in, .plan = plan, .start = nb_stream_offset(in), .err = err};
    uint64_t checked = in->end_offset;
    uint64_t reported = 0;
    for (;;) {
        s.place = nb_stream_offset(in);
        NB_TRY(nb_stream_need(in, 1, err));
        uint8_t opcode = *in->next++;
        if (opcode == '.')
            break;
        uint64_t number = 0;
        NB_TRY(skip_argument(&s, opcode, &number));
        NB_TRY(note_memo(&s, opcode, number));
        if (opcode == '(' || opcode == 'G')
            skip_curve(&s);
        if (in->end_offset != checked) {
            checked = in->end_offset;
            NB_TRY(nb_pickle_watch(in, progress, 1, &reported, err));
        }
    }
    plan->end_offset = nb_stream_offset(in);
    return NB_OK;
}
