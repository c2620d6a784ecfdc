/* The pickle reader: every opcode of protocols 0 to 4, the names it knows, and what it refuses. */
#include "support.h"

#include <inttypes.h>
#include <math.h>
#include <unistd.h>

#include "base/pickle.h"

/* ---- helpers ---- */

static nb_status try_read(const void *bytes, size_t size, const nb_pickle_options *options, nb_pickle_value *out, nb_error *err)
{
    nb_stream in;
    assert_int_equal(nb_stream_over(&in, bytes, size, "test.pkl", err), NB_OK);
    nb_status status = nb_pickle_read(&in, options, out, err);
    if (status == NB_OK)
        assert_int_equal(nb_stream_offset(&in), size);
    nb_stream_close(&in);
    return status;
}

static nb_pickle_value read_bytes(const void *bytes, size_t size)
{
    nb_pickle_value value = {.kind = NB_PICKLE_NONE};
    nb_error err;
    if (try_read(bytes, size, NULL, &value, &err) != NB_OK)
        fail_msg("%s", err.message);
    return value;
}

/* The pickle in a string literal. */
#define READ(literal) read_bytes(literal, sizeof(literal) - 1)

static void refuse_bytes(const void *bytes, size_t size, nb_status status, const char *message)
{
    nb_pickle_value value;
    nb_error err = {0};
    assert_int_equal(try_read(bytes, size, NULL, &value, &err), status);
    assert_string_equal(err.message, message);
}

#define REFUSE(literal, status, message) refuse_bytes(literal, sizeof(literal) - 1, status, message)

/* A growing text. */
typedef struct text {
    char *bytes;
    size_t size, room;
} text;

static void put(text *out, const char *format, ...)
{
    char piece[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(piece, sizeof piece, format, args);
    va_end(args);
    assert_in_range(size, 0, sizeof piece - 1);
    if (out->size + (size_t)size + 1 > out->room) {
        out->room = 2 * out->room + (size_t)size + 1;
        out->bytes = realloc(out->bytes, out->room);
        assert_non_null(out->bytes);
    }
    memcpy(out->bytes + out->size, piece, (size_t)size + 1);
    out->size += (size_t)size;
}

static void put_hex(text *out, const char *prefix, nb_pickle_value value)
{
    size_t size;
    const char *bytes = nb_pickle_text(value, &size);
    put(out, "%s", prefix);
    for (size_t i = 0; i < size; i++)
        put(out, "%02x", (unsigned char)bytes[i]);
}

static void put_real(text *out, double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    put(out, "f%016" PRIx64, bits);
}

/* Writes a value in a form that a Python script can write too (see random_values_agree_with_python). */
static void render(text *out, nb_pickle_value value)
{
    size_t count = nb_pickle_count(value);
    const double *reals;
    size_t run_count;
    const nb_pickle_run *runs = nb_pickle_runs(value, &run_count, &reals);
    nb_pickle_value key, item;
    switch (value.kind) {
    case NB_PICKLE_NONE:
        put(out, "n");
        break;
    case NB_PICKLE_BOOL:
        put(out, "t%d", (int)value.number);
        break;
    case NB_PICKLE_INT:
        put(out, "i%" PRId64, value.number);
        break;
    case NB_PICKLE_FLOAT:
        put_real(out, value.real);
        break;
    case NB_PICKLE_TEXT:
        put_hex(out, "u", value);
        break;
    case NB_PICKLE_BYTES:
        put_hex(out, "b", value);
        break;
    case NB_PICKLE_INTEGER:
        put_hex(out, "l", value);
        break;
    case NB_PICKLE_LIST:
    case NB_PICKLE_TUPLE:
    case NB_PICKLE_SET:
        put(out, "%s", value.kind == NB_PICKLE_LIST ? "[" : value.kind == NB_PICKLE_TUPLE ? "(" : "<");
        for (size_t i = 0; i < count; i++) {
            render(out, nb_pickle_item(value, i));
            put(out, ",");
        }
        put(out, "%s", value.kind == NB_PICKLE_LIST ? "]" : value.kind == NB_PICKLE_TUPLE ? ")" : ">");
        break;
    case NB_PICKLE_DICT:
        put(out, "{");
        for (size_t i = 0; nb_pickle_entry(value, i, &key, &item); i++) {
            render(out, key);
            put(out, ":");
            render(out, item);
            put(out, ",");
        }
        for (size_t r = 0; r < run_count; r++)
            for (uint32_t i = 0; i < runs[r].count; i++) {
                if (runs[r].named) {
                    put(out, "u");
                    for (size_t c = 0; c < runs[r].prefix_size; c++)
                        put(out, "%02x", (unsigned char)runs[r].prefix[c]);
                    char number[32];
                    snprintf(number, sizeof number, "@%" PRId64, runs[r].first + i);
                    for (const char *c = number; *c; c++)
                        put(out, "%02x", (unsigned char)*c);
                } else {
                    put(out, "i%" PRId64, runs[r].first + i);
                }
                put(out, ":");
                put_real(out, reals[runs[r].start + i]);
                put(out, ",");
            }
        put(out, "}");
        break;
    default:
        put(out, "?%s", nb_pickle_kind_name(value.kind));
    }
}

/* Reads a pickle and compares its rendering. */
static void expect_bytes(const void *bytes, size_t size, const char *rendering)
{
    nb_pickle_value value = read_bytes(bytes, size);
    text out = {0};
    render(&out, value);
    assert_string_equal(out.bytes, rendering);
    free(out.bytes);
    nb_pickle_drop(value);
}

#define EXPECT(literal, rendering) expect_bytes(literal, sizeof(literal) - 1, rendering)

/* ---- atoms ---- */

static void numbers_of_every_form_are_read(void **state)
{
    (void)state;
    EXPECT("N.", "n");
    EXPECT("\x80\x02\x88.", "t1");
    EXPECT("\x80\x02\x89.", "t0");
    EXPECT("K\xff.", "i255");
    EXPECT("M\x01\x02.", "i513");
    EXPECT("J\xff\xff\xff\xff.", "i-1");
    EXPECT("\x8a\x00.", "i0");
    EXPECT("\x8a\x01\x80.", "i-128");
    EXPECT("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f.", "i9223372036854775807");
    EXPECT("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", "l6cfc9c46f9206aa85019");
    EXPECT("\x8b\x02\x00\x00\x00\x00\x80.", "i-32768");
    EXPECT("I01\n.", "t1");
    EXPECT("I00\n.", "t0");
    EXPECT("I-12\n.", "i-12");
    EXPECT("L12L\n.", "i12");
    EXPECT("F1.5\n.", "f3ff8000000000000");
    EXPECT("G\x40\x09\x21\xfb\x54\x44\x2d\x18.", "f400921fb54442d18");
}

static void strings_of_every_form_are_read(void **state)
{
    (void)state;
    EXPECT("X\x02\x00\x00\x00\xc3\xa9.", "uc3a9");
    EXPECT("\x8c\x01\x61.", "u61");
    EXPECT("\x8d\x01\x00\x00\x00\x00\x00\x00\x00\x61.", "u61");
    EXPECT("U\x01\x61.", "b61");
    EXPECT("T\x01\x00\x00\x00\x61.", "b61");
    EXPECT("C\x02\x00\xff.", "b00ff");
    EXPECT("B\x01\x00\x00\x00\x61.", "b61");
    EXPECT("\x8e\x01\x00\x00\x00\x00\x00\x00\x00\x61.", "b61");
    EXPECT("S'a\\n\\x41\\''\n.", "b610a4127");
    EXPECT("S\"it's\"\n.", "b69742773");
    EXPECT("Va\\u00e9\\U0001f600\xe9\n.", "u61c3a9f09f9880c3a9");
}

/* ---- containers ---- */

static void containers_of_every_form_are_read(void **state)
{
    (void)state;
    EXPECT("(K\x01K\x02l.", "[i1,i2,]");
    EXPECT("](K\x01K\x02"
           "e.",
           "[i1,i2,]");
    EXPECT("]K\x01"
           "a.",
           "[i1,]");
    EXPECT("(K\x01K\x02t.", "(i1,i2,)");
    EXPECT(").", "()");
    EXPECT("(t.", "()");
    EXPECT("K\x01\x85.", "(i1,)");
    EXPECT("K\x01K\x02\x86.", "(i1,i2,)");
    EXPECT("K\x01K\x02K\x03\x87.", "(i1,i2,i3,)");
    EXPECT("\x8f(K\x01K\x02\x90.", "<i1,i2,>");
    EXPECT("(K\x01K\x02\x91.", "<i1,i2,>");
    EXPECT("(K\x01Nd.", "{i1:n,}");
    EXPECT("}K\x01Ns.", "{i1:n,}");
    EXPECT("}(K\x01NK\x02Nu.", "{i1:n,i2:n,}");
    EXPECT("}.", "{}");
    EXPECT("c__builtin__\nset\n](K\x01K\x02"
           "e\x85R.",
           "<i1,i2,>");
    EXPECT("ccollections\nOrderedDict\n)RK\x01Ns.", "{i1:n,}");
    EXPECT("ccollections\nOrderedDict\n](](K\x01Ne](K\x02Nee\x85R.", "{i1:n,i2:n,}");
    EXPECT("\x8c\x0b"
           "collections\x8c\x0bOrderedDict\x93)R.",
           "{}");
}

static void values_come_back_from_the_memo(void **state)
{
    (void)state;
    EXPECT("](U\x01\x61q\x05h\x05h\x05"
           "e.",
           "[b61,b61,b61,]");
    EXPECT("](X\x01\x00\x00\x00\x61r\x05\x00\x00\x00j\x05\x00\x00\x00"
           "e.",
           "[u61,u61,]");
    EXPECT("(lp0\nS'a'\np1\nag1\na.", "[b61,b61,]");
    EXPECT("\x80\x04]\x94(\x8c\x01\x61\x94h\x01\x8c\x01\x62\x94h\x02"
           "e.",
           "[u61,u61,u62,u62,]");
    EXPECT("](](K\x01"
           "eq\x01h\x01"
           "e.",
           "[[i1,],[i1,],]");
}

static void rare_stack_opcodes_work(void **state)
{
    (void)state;
    EXPECT("K\x01K\x02"
           "0.",
           "i1");
    EXPECT("K\x01(K\x02K\x03"
           "1.",
           "i1");
    EXPECT("K\x01"
           "2\x86.",
           "(i1,i1,)");
    EXPECT("\x80\x04\x95\x02\x00\x00\x00\x00\x00\x00\x00N.", "n");
}

/* ---- curves ---- */

static void a_dict_of_numbered_floats_is_packed_into_runs(void **state)
{
    (void)state;
#define ONE "G\x3f\xf0\x00\x00\x00\x00\x00\x00"
#define TWO "G\x40\x00\x00\x00\x00\x00\x00\x00"
    /* the fast path needs some bytes ahead: the list behind the dict gives them */
    nb_pickle_value root = READ("](}(K\x00" ONE "K\x01" TWO "K\x07" ONE "X\x03\x00\x00\x00"
                                "a@9" ONE "X\x04\x00\x00\x00"
                                "a@10" TWO "u(" ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE "le.");
    size_t count;
    const double *values;
    const nb_pickle_run *runs = nb_pickle_runs(nb_pickle_item(root, 0), &count, &values);
    assert_non_null(runs);
    assert_int_equal(count, 3);
    assert_int_equal(runs[0].first, 0);
    assert_int_equal(runs[0].count, 2);
    assert_false(runs[0].named);
    assert_int_equal(runs[1].first, 7);
    assert_int_equal(runs[1].start, 2);
    assert_true(runs[2].named);
    assert_string_equal(runs[2].prefix, "a");
    assert_int_equal(runs[2].first, 9);
    assert_int_equal(runs[2].count, 2);
    assert_true(values[0] == 1 && values[1] == 2 && values[2] == 1 && values[3] == 1 && values[4] == 2);
    nb_pickle_drop(root);
}

static void a_dict_unpacks_when_something_else_comes(void **state)
{
    (void)state;
#define PADDING "(" ONE ONE ONE ONE ONE ONE ONE ONE ONE ONE "le."
    EXPECT("](}(K\x00" ONE "X\x03\x00\x00\x00"
           "a@9" ONE "X\x01\x00\x00\x00"
           "b" ONE "K\x05Nu" PADDING,
           "[{i0:f3ff0000000000000,u614039:f3ff0000000000000,u62:f3ff0000000000000,i5:n,},[f3ff0000000000000,f3ff0000000000000,"
           "f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,"
           "f3ff0000000000000,f3ff0000000000000,],]");
}

static void names_that_are_not_written_as_python_writes_numbers_stay_names(void **state)
{
    (void)state;
    EXPECT("}(X\x04\x00\x00\x00"
           "a@01" ONE "u.",
           "{u61403031:f3ff0000000000000,}");
    EXPECT("}(X\x02\x00\x00\x00"
           "a@" ONE "u.",
           "{u6140:f3ff0000000000000,}");
    EXPECT("}(X\x01\x00\x00\x00"
           "1" ONE "u.",
           "{u31:f3ff0000000000000,}");
    EXPECT("}(X\x02\x00\x00\x00"
           "@1" ONE "u.",
           "{u4031:f3ff0000000000000,}");
}

static void an_empty_name_is_a_name(void **state)
{
    (void)state;
    EXPECT("](}(X\x00\x00\x00\x00" ONE "u" PADDING,
           "[{u:f3ff0000000000000,},[f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,"
           "f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,"
           "f3ff0000000000000,],]");
}

static void a_name_in_a_run_can_be_fetched_from_the_memo_later(void **state)
{
    (void)state;
    EXPECT("](}(X\x03\x00\x00\x00"
           "a@0q\x01" ONE "X\x03\x00\x00\x00"
           "a@1q\x02" ONE "u}(h\x01" TWO "h\x02" TWO "u" PADDING,
           "[{u614030:f3ff0000000000000,u614031:f3ff0000000000000,},{u614030:f4000000000000000,u614031:f4000000000000000,},"
           "[f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,"
           "f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,f3ff0000000000000,],]");
}

static void items_of_a_dict_may_be_found_by_name(void **state)
{
    (void)state;
    nb_pickle_value root = READ("}(U\x06labels](K\x03K\x04"
                                "eX\x04\x00\x00\x00nameNX\x04\x00\x00\x00nameK\x05u.");
    nb_pickle_value found;
    assert_true(nb_pickle_find(root, "labels", &found));
    assert_int_equal(nb_pickle_count(found), 2);
    assert_int_equal(nb_pickle_item(found, 1).number, 4);
    assert_int_equal(nb_pickle_item(found, 2).kind, NB_PICKLE_NONE);
    assert_true(nb_pickle_find(root, "name", &found)); /* the later one, as in Python */
    assert_int_equal(found.number, 5);
    assert_false(nb_pickle_find(root, "nam", &found));
    assert_false(nb_pickle_find(found, "name", &found));
    nb_pickle_drop(root);
}

/* ---- known names ---- */

#define F8                                                                                                                                 \
    "cnumpy\ndtype\nX\x02\x00\x00\x00"                                                                                                     \
    "f8K\x00K\x01\x87Rq\x01(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"

static void a_numpy_scalar_is_a_float(void **state)
{
    (void)state;
    EXPECT("\x80\x04"
           "cnumpy.core.multiarray\nscalar\n" F8 "C\x08\x18\x2d\x44\x54\xfb\x21\x09\x40\x86R.",
           "f400921fb54442d18");
    /* protocol 2 has no bytes: they come as Latin-1 text */
    EXPECT("cnumpy.core.multiarray\nscalar\n" F8 "c_codecs\nencode\nX\x09\x00\x00\x00\x18-DT\xc3\xbb!\t@X\x06\x00\x00\x00latin1\x86R\x86R.",
           "f400921fb54442d18");
}

static void a_numpy_array_has_its_shape_and_bytes(void **state)
{
    (void)state;
    /* as Python 2 wrote it in the CIFAR files */
    nb_pickle_value root = READ("}U\x04"
                                "datacnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01"
                                "b\x87R(K\x01K\x02K\x03\x86"
                                "cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x06"
                                "abcdeftbs.");
    nb_pickle_value data;
    assert_true(nb_pickle_find(root, "data", &data));
    const nb_pickle_array *array = nb_pickle_as_array(data);
    assert_non_null(array);
    assert_int_equal(array->dims, 2);
    assert_int_equal(array->shape[0], 2);
    assert_int_equal(array->shape[1], 3);
    assert_int_equal(array->dtype.kind, 'u');
    assert_int_equal(array->dtype.size, 1);
    assert_false(array->fortran);
    assert_int_equal(array->size, 6);
    assert_memory_equal(array->data, "abcdef", 6);
    nb_pickle_drop(root);
}

static void a_tensor_names_its_storage(void **state)
{
    (void)state;
    nb_pickle_value root = READ("ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x02\x00\x00\x00"
                                "77X\x03\x00\x00\x00"
                                "cpuK\x0cNtQK\x02(K\x02K\x05t(K\x05K\x01t\x89"
                                "ccollections\nOrderedDict\n)RtR.");
    const nb_pickle_tensor *tensor = nb_pickle_as_tensor(root);
    assert_non_null(tensor);
    assert_string_equal(tensor->storage->key, "77");
    assert_int_equal(tensor->storage->element, NB_PICKLE_F32);
    assert_int_equal(tensor->storage->count, 12);
    assert_int_equal(tensor->offset, 2);
    assert_int_equal(tensor->dims, 2);
    assert_int_equal(tensor->shape[0], 2);
    assert_int_equal(tensor->shape[1], 5);
    assert_int_equal(tensor->strides[0], 5);
    assert_int_equal(tensor->strides[1], 1);
    nb_pickle_drop(root);
}

static void a_record_has_attributes(void **state)
{
    (void)state;
    nb_pickle_value root = READ("cnas_201_api.api_utils\nArchResults\n)\x81}X\x0a\x00\x00\x00"
                                "arch_indexK\x05sb.");
    nb_pickle_value index;
    assert_string_equal(nb_pickle_class(root), "ArchResults");
    assert_true(nb_pickle_find(root, "arch_index", &index));
    assert_int_equal(index.number, 5);
    nb_pickle_drop(root);
}

/* ---- items handed out one by one ---- */

typedef struct handed {
    int count;
    int64_t keys[8];
    size_t sizes[8];
    nb_status answer;
} handed;

static nb_status take_item(void *user, int64_t key, nb_pickle_value value, nb_error *err)
{
    handed *items = user;
    items->keys[items->count] = key;
    items->sizes[items->count] = nb_pickle_count(value);
    items->count++;
    if (items->answer != NB_OK)
        nb_prefix(err, items->answer, "no good");
    return items->answer;
}

#define STREAMED                                                                                                                           \
    "}(X\x04\x00\x00\x00metaNX\x01\x00\x00\x00s}(K\x05}X\x01\x00\x00\x00"                                                                  \
    "aNsK\x06}(X\x01\x00\x00\x00"                                                                                                          \
    "aNX\x01\x00\x00\x00"                                                                                                                  \
    "bNuuX\x01\x00\x00\x00tK\x01u."

static void streamed_items_are_handed_out_in_order(void **state)
{
    (void)state;
    handed items = {0};
    nb_pickle_options options = {.stream_key = "s", .item = take_item, .user = &items};
    nb_pickle_value root;
    nb_error err;
    assert_int_equal(try_read(STREAMED, sizeof STREAMED - 1, &options, &root, &err), NB_OK);
    assert_int_equal(items.count, 2);
    assert_int_equal(items.keys[0], 5);
    assert_int_equal(items.sizes[0], 1);
    assert_int_equal(items.keys[1], 6);
    assert_int_equal(items.sizes[1], 2);
    text out = {0};
    render(&out, root);
    assert_string_equal(out.bytes, "{u6d657461:n,u73:{},u74:i1,}");
    free(out.bytes);
    nb_pickle_drop(root);
}

static void a_failing_item_ends_the_reading_and_names_the_place(void **state)
{
    (void)state;
    handed items = {.answer = NB_ERR_FORMAT};
    nb_pickle_options options = {.stream_key = "s", .item = take_item, .user = &items};
    nb_pickle_value root;
    nb_error err = {.message = "x"};
    assert_int_equal(try_read(STREAMED, sizeof STREAMED - 1, &options, &root, &err), NB_ERR_FORMAT);
    assert_int_equal(items.count, 1);
    assert_string_equal(err.message, "test.pkl: offset 31: s[5]: no good: x");
}

/* ---- refusals ---- */

static void names_that_could_run_code_are_refused(void **state)
{
    (void)state;
    REFUSE("cos\nsystem\n(S'ls'\ntR.", NB_ERR_REFUSED,
           "test.pkl: offset 0: the pickle names os.system, which is not allowed: it could run code");
    REFUSE("N0\x8c\x08"
           "builtins\x8c\x04"
           "eval\x93.",
           NB_ERR_REFUSED, "test.pkl: offset 18: the pickle names builtins.eval, which is not allowed: it could run code");
    REFUSE("ctorch\nFloatStorage\n)R.", NB_ERR_REFUSED, "test.pkl: offset 21: torch.FloatStorage is called, which is not allowed");
    REFUSE("(S'x'\nios\nsystem\n.", NB_ERR_FORMAT, "test.pkl: offset 6: byte 0x69 is no pickle opcode that is read here");
}

static void cycles_are_refused(void **state)
{
    (void)state;
#define CYCLE "a container is changed after it became part of another one: a cycle, or no pickle of plain data"
    REFUSE("]q\x00h\x00"
           "a.",
           NB_ERR_FORMAT, "test.pkl: offset 5: " CYCLE);
    REFUSE("]q\x00]h\x00"
           "aa.",
           NB_ERR_FORMAT, "test.pkl: offset 7: " CYCLE);
    REFUSE("]q\x00(]h\x00"
           "aea.",
           NB_ERR_FORMAT, "test.pkl: offset 8: " CYCLE);
    REFUSE("}q\x00K\x01h\x00s.", NB_ERR_FORMAT, "test.pkl: offset 7: " CYCLE);
    REFUSE("]q\x00h\x00\x85"
           "0](K\x01"
           "e.",
           NB_ERR_FORMAT, "test.pkl: offset 12: the pickle ends with 2 values and 0 marks, one value expected");
}

static void nesting_has_a_bound(void **state)
{
    (void)state;
    uint8_t deep[201];
    memset(deep, ']', 100);
    memset(deep + 100, 'a', 100);
    deep[199] = '.';
    nb_pickle_value value;
    nb_error err;
    assert_int_equal(try_read(deep, 200, NULL, &value, &err), NB_ERR_FORMAT);
    assert_string_equal(err.message, "test.pkl: offset 164: values are nested more than 64 deep");
}

static void lengths_are_not_believed(void **state)
{
    (void)state;
    REFUSE("X\xff\xff\xff\xff"
           "abc.",
           NB_ERR_TRUNCATED, "test.pkl: offset 5: 4294967295 bytes expected, 4 left");
    REFUSE("\x8d\xff\xff\xff\xff\xff\xff\xff\xff"
           "abc.",
           NB_ERR_TRUNCATED, "test.pkl: offset 9: 18446744073709551615 bytes expected, 4 left");
    REFUSE("Nr\xff\xff\xff\x7f.", NB_ERR_FORMAT, "test.pkl: offset 1: memo number 2147483647 is absurdly high");
}

static void memory_has_a_bound(void **state)
{
    (void)state;
    uint8_t many[2001];
    memset(many, ']', 2000);
    many[2000] = '.';
    nb_pickle_options options = {.max_memory = 64 * 1024};
    nb_pickle_value value;
    nb_error err;
    assert_int_equal(try_read(many, sizeof many, &options, &value, &err), NB_ERR_MEMORY);
    assert_non_null(strstr(err.message, "need more than 0 MiB"));
}

static void malformed_stacks_are_refused(void **state)
{
    (void)state;
    REFUSE(".", NB_ERR_FORMAT, "test.pkl: offset 0: the pickle ends with 0 values and 0 marks, one value expected");
    REFUSE("NN.", NB_ERR_FORMAT, "test.pkl: offset 2: the pickle ends with 2 values and 0 marks, one value expected");
    REFUSE("(N.", NB_ERR_FORMAT, "test.pkl: offset 2: the pickle ends with 1 values and 1 marks, one value expected");
    REFUSE("t.", NB_ERR_FORMAT, "test.pkl: offset 0: no mark on the stack");
    REFUSE("Na.", NB_ERR_FORMAT, "test.pkl: offset 1: 2 values expected on the stack, found 1");
    REFUSE("NNa.", NB_ERR_FORMAT, "test.pkl: offset 2: items for a list come without it");
    REFUSE("}(K\x01u.", NB_ERR_FORMAT, "test.pkl: offset 4: a key without a value");
    REFUSE("}]Ns.", NB_ERR_FORMAT, "test.pkl: offset 3: a dict's key is of a kind that cannot be one");
    REFUSE("h\x01.", NB_ERR_FORMAT, "test.pkl: offset 0: memo entry 1 is fetched but was never stored");
    REFUSE("](q\x01"
           "eh\x01.",
           NB_ERR_FORMAT, "test.pkl: offset 2: 1 values expected on the stack, found 0");
    REFUSE("\x80\x06N.", NB_ERR_UNSUPPORTED, "test.pkl: offset 0: pickle protocol 6, at most 5 is read");
    REFUSE("K\x01K\x02R.", NB_ERR_FORMAT, "test.pkl: offset 4: an integer is called with an integer");
    REFUSE("K\x01Nb.", NB_ERR_FORMAT, "test.pkl: offset 3: an integer is given a state");
}

static void a_pickle_cut_anywhere_is_truncated(void **state)
{
    (void)state;
    static const char good[] = "\x80\x02}q\x00(X\x04\x00\x00\x00metaq\x01]q\x02(K\x01M\x01\x02" ONE "eX\x01\x00\x00\x00"
                               "accollections\nOrderedDict\n)Ru.";
    for (size_t size = 0; size + 1 < sizeof good; size++) {
        nb_pickle_value value;
        nb_error err;
        assert_int_equal(try_read(good, size, NULL, &value, &err), NB_ERR_TRUNCATED);
        assert_memory_equal(err.message, "test.pkl: offset ", 17);
    }
    nb_pickle_drop(READ(good));
}

/* ---- against Python itself ---- */

static const char *const python_script =
    "import pickle, random, struct, sys, collections\n"
    "r = random.Random(int(sys.argv[2]))\n"
    "def real():\n"
    "    return r.choice([0.0, -0.0, float('inf'), float('nan'), r.random(), r.gauss(0, 1e10)])\n"
    "def atom():\n"
    "    return r.choice([None, True, False, r.randint(-5, 300), r.randint(-2**40, 2**40), 2**70 + r.randint(0, 9), real(), 'x' * "
    "r.randint(0, 300),\n"
    "                     'caf\\u00e9\\U0001f600\\n\\\\', 'a@%d' % r.randint(0, 11), bytes(r.randrange(256) for _ in range(r.randint(0, "
    "5)))])\n"
    "def key():\n"
    "    return r.choice([r.randint(0, 9), 'k%d' % r.randint(0, 9), 'x-valid@%d' % r.randint(0, 99), (1, 'a')])\n"
    "def curve():\n"
    "    n = r.randint(0, 40)\n"
    "    d = {}\n"
    "    for name in r.sample(['', 'ori-test', 'x'], r.randint(1, 3)):\n"
    "        for e in range(r.choice([0, 0, 8, 98]), 100 + n):\n"
    "            d[e if not name else '%s@%d' % (name, e)] = real()\n"
    "            if r.random() < .01: d[key()] = atom()\n"
    "    return d\n"
    "pool = []\n"
    "def value(depth):\n"
    "    k = r.randint(0, 9)\n"
    "    if pool and r.random() < .1: return r.choice(pool)\n"
    "    if k < 3 or depth > 5: v = atom()\n"
    "    elif k == 3: v = [value(depth + 1) for _ in range(r.randint(0, 5))]\n"
    "    elif k == 4: v = tuple(value(depth + 1) for _ in range(r.randint(0, 5)))\n"
    "    elif k == 5: v = {key(): value(depth + 1) for _ in range(r.randint(0, 5))}\n"
    "    elif k == 6: v = collections.OrderedDict((key(), value(depth + 1)) for _ in range(r.randint(0, 5)))\n"
    "    elif k == 7: v = curve()\n"
    "    elif k == 8: v = list(range(r.choice([0, 3, 1500])))\n"
    "    else: v = {key() for _ in range(3)}\n"
    "    pool.append(v)\n"
    "    return v\n"
    "def show(v):\n"
    "    if v is None: return 'n'\n"
    "    if isinstance(v, bool): return 't%d' % v\n"
    "    if isinstance(v, int): return 'i%d' % v if -2**63 <= v < 2**63 else 'l' + v.to_bytes(9, 'little', signed=True).hex()\n"
    "    if isinstance(v, float): return 'f' + struct.pack('>d', v).hex()\n"
    "    if isinstance(v, str): return 'u' + v.encode().hex()\n"
    "    if isinstance(v, bytes): return 'b' + v.hex()\n"
    "    if isinstance(v, list): return '[' + ''.join(show(x) + ',' for x in v) + ']'\n"
    "    if isinstance(v, tuple): return '(' + ''.join(show(x) + ',' for x in v) + ')'\n"
    "    if isinstance(v, set): return '<' + ''.join(show(x) + ',' for x in v) + '>'\n"
    "    return '{' + ''.join(show(k) + ':' + show(x) + ',' for k, x in v.items()) + '}'\n"
    "def plain(v, protocol):\n" /* what older protocols cannot write as such */
    "    if protocol < 2 and isinstance(v, int) and not -2**63 <= v < 2**63: return 7\n"
    "    if isinstance(v, list): return [plain(x, protocol) for x in v]\n"
    "    if isinstance(v, tuple): return tuple(plain(x, protocol) for x in v)\n"
    "    if type(v) is dict: return {k: plain(x, protocol) for k, x in v.items()}\n"
    "    if isinstance(v, dict): return collections.OrderedDict((k, plain(x, protocol)) for k, x in v.items())\n"
    "    return v\n"
    "with open(sys.argv[1], 'wb') as out, open(sys.argv[1] + '.txt', 'w') as text:\n"
    "    for n in range(400):\n"
    "        pool.clear()\n"
    "        protocol = n % 5\n"
    "        v = value(0)\n"
    "        v = plain(v, protocol) if protocol < 2 or n % 3 == 0 else v\n"
    "        (pickle._dump if n % 7 == 0 else pickle.dump)(v, out, protocol)\n"
    "        text.write(show(v) + '\\n')\n";

static void random_values_agree_with_python(void **state)
{
    (void)state;
    if (access("/usr/bin/python3", X_OK) != 0) {
        fprintf(stderr, "skipped: no /usr/bin/python3\n");
        skip();
    }
    char *script = scratch_path("values.py");
    char *pickles = scratch_path("values.pkl");
    char command[1024];
    write_file(script, python_script, strlen(python_script));
    snprintf(command, sizeof command, "/usr/bin/python3 %s %s 1", script, pickles);
    assert_int_equal(system(command), 0);
    snprintf(command, sizeof command, "%s.txt", pickles);
    FILE *lines = fopen(command, "r");
    nb_stream in;
    nb_error err;
    char *line = NULL;
    size_t room = 0;
    int count = 0;
    assert_non_null(lines);
    assert_int_equal(nb_stream_open_file(&in, pickles, &err), NB_OK);
    while (getline(&line, &room, lines) > 0) {
        line[strcspn(line, "\n")] = '\0';
        nb_pickle_value value;
        text out = {0};
        if (nb_pickle_read(&in, NULL, &value, &err) != NB_OK)
            fail_msg("value %d: %s", count, err.message);
        render(&out, value);
        if (strcmp(out.bytes, line) != 0) {
            size_t at = 0;
            while (out.bytes[at] == line[at])
                at++;
            at = at < 40 ? 0 : at - 40;
            fail_msg("value %d: at %zu ...%.120s\nexpected ...%.120s", count, at, out.bytes + at, line + at);
        }
        free(out.bytes);
        nb_pickle_drop(value);
        count++;
    }
    assert_int_equal(count, 400);
    nb_stream_close(&in);
    fclose(lines);
    free(line);
    free(script);
    free(pickles);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_every_form_are_read),
        cmocka_unit_test(strings_of_every_form_are_read),
        cmocka_unit_test(containers_of_every_form_are_read),
        cmocka_unit_test(values_come_back_from_the_memo),
        cmocka_unit_test(rare_stack_opcodes_work),
        cmocka_unit_test(a_dict_of_numbered_floats_is_packed_into_runs),
        cmocka_unit_test(a_dict_unpacks_when_something_else_comes),
        cmocka_unit_test(names_that_are_not_written_as_python_writes_numbers_stay_names),
        cmocka_unit_test(an_empty_name_is_a_name),
        cmocka_unit_test(a_name_in_a_run_can_be_fetched_from_the_memo_later),
        cmocka_unit_test(items_of_a_dict_may_be_found_by_name),
        cmocka_unit_test(a_numpy_scalar_is_a_float),
        cmocka_unit_test(a_numpy_array_has_its_shape_and_bytes),
        cmocka_unit_test(a_tensor_names_its_storage),
        cmocka_unit_test(a_record_has_attributes),
        cmocka_unit_test(streamed_items_are_handed_out_in_order),
        cmocka_unit_test(a_failing_item_ends_the_reading_and_names_the_place),
        cmocka_unit_test(names_that_could_run_code_are_refused),
        cmocka_unit_test(cycles_are_refused),
        cmocka_unit_test(nesting_has_a_bound),
        cmocka_unit_test(lengths_are_not_believed),
        cmocka_unit_test(memory_has_a_bound),
        cmocka_unit_test(malformed_stacks_are_refused),
        cmocka_unit_test(a_pickle_cut_anywhere_is_truncated),
        cmocka_unit_test(random_values_agree_with_python),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
