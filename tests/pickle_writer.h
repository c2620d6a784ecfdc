/* Writes pickles of protocol 2, opcode by opcode, so that tests can make files that no Python would write. */
#ifndef NB_TESTS_PICKLE_WRITER_H
#define NB_TESTS_PICKLE_WRITER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct pickle_writer {
    uint8_t *bytes;
    size_t size, room;
    uint32_t memo; /* the next number */
} pickle_writer;

static inline void pkl_bytes(pickle_writer *w, const void *bytes, size_t size)
{
    if (w->size + size > w->room) {
        w->room = 2 * w->room + size + 64;
        w->bytes = realloc(w->bytes, w->room);
        assert_non_null(w->bytes);
    }
    memcpy(w->bytes + w->size, bytes, size);
    w->size += size;
}

static inline void pkl_op(pickle_writer *w, char opcode)
{
    pkl_bytes(w, &opcode, 1);
}

static inline void pkl_little(pickle_writer *w, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(number >> 8 * i);
        pkl_bytes(w, &byte, 1);
    }
}

/* Stores the top of the stack in the memo and returns its number. */
static inline uint32_t pkl_put(pickle_writer *w)
{
    pkl_op(w, 'r');
    pkl_little(w, w->memo, 4);
    return w->memo++;
}

static inline void pkl_get(pickle_writer *w, uint32_t id)
{
    pkl_op(w, 'j');
    pkl_little(w, id, 4);
}

static inline void pkl_text(pickle_writer *w, const char *text)
{
    pkl_op(w, 'X');
    pkl_little(w, strlen(text), 4);
    pkl_bytes(w, text, strlen(text));
    pkl_put(w);
}

static inline void pkl_int(pickle_writer *w, int64_t number)
{
    pkl_op(w, 'J');
    pkl_little(w, (uint64_t)number, 4);
}

static inline void pkl_real(pickle_writer *w, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    pkl_op(w, 'G');
    for (size_t i = 8; i-- > 0;) {
        uint8_t byte = (uint8_t)(bits >> 8 * i);
        pkl_bytes(w, &byte, 1);
    }
}

static inline void pkl_none(pickle_writer *w)
{
    pkl_op(w, 'N');
}

static inline void pkl_bool(pickle_writer *w, int truth)
{
    pkl_op(w, truth ? '\x88' : '\x89');
}

/* Items follow in pairs, then pkl_close(w, 'u'). */
static inline void pkl_dict(pickle_writer *w)
{
    pkl_op(w, '}');
    pkl_put(w);
    pkl_op(w, '(');
}

/* Items follow, then pkl_close(w, 'e'). */
static inline void pkl_list(pickle_writer *w)
{
    pkl_op(w, ']');
    pkl_put(w);
    pkl_op(w, '(');
}

static inline void pkl_global(pickle_writer *w, const char *module, const char *name)
{
    pkl_op(w, 'c');
    pkl_bytes(w, module, strlen(module));
    pkl_op(w, '\n');
    pkl_bytes(w, name, strlen(name));
    pkl_op(w, '\n');
}

static inline void pkl_close(pickle_writer *w, char opcode)
{
    pkl_op(w, opcode);
}

#endif
