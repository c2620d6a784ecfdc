/* Result files in small, with the layout of the published ones and values by a formula, so that a test knows every number without having
 * to read it from somewhere. Damage is put in on request. */
#ifndef NB_TESTS_RESULT_FILES_H
#define NB_TESTS_RESULT_FILES_H

#include "support.h"

#include <math.h>

#include "nasbench/space.h"
#include "nasbench/table.h"
#include "pickle_writer.h"

/* What a file looks like. */
typedef enum layout { LAYOUT_1_0, LAYOUT_1_1, LAYOUT_NATS, LAYOUT_AA, LAYOUT_RECORDS } layout;

/* What is wrong with it; {0}: nothing. */
typedef struct damage {
    bool missing_trial;  /* dataset_seed names a trial that is not there */
    bool extra_trial;    /* a trial that dataset_seed does not name */
    bool repeated_arch;  /* one architecture comes twice */
    bool missing_arch;   /* evaluated_indexes names one more */
    bool repeated_text;  /* meta_archs holds one string twice */
    bool wrong_index;    /* arch_index is not the key */
    bool wrong_text;     /* arch_str is another architecture's */
    bool wrong_type;     /* eval_acc1es is a list */
    bool text_value;     /* a loss is a text */
    bool wrong_seed;     /* the trial calls itself after another seed */
    bool late_epoch;     /* a value of an epoch past the end */
    bool cycle;          /* the results contain themselves */
    bool foreign_global; /* a name that is not allowed */
    bool no_meta;        /* meta_archs is missing */
    bool bad_schedule;   /* neither full nor less */
    bool absurd_length;  /* a text longer than the file */
    bool nan_loss;       /* not damage: a diverged run */
    bool late_meta;      /* not damage: meta_archs comes last */
} damage;

typedef struct file_plan {
    layout layout;
    const nb_space *space;
    const uint32_t *rows; /* [count] architectures that have results */
    size_t count;
    uint32_t meta_count; /* strings in meta_archs, from official index 0 on */
    damage damage;
} file_plan;

/* A test that wants other lengths defines them before it includes this. */
#ifndef FULL_EPOCHS
#define FULL_EPOCHS 5
#define LESS_EPOCHS 3
#endif

/* One number of the invented benchmark. */
static inline double made_value(uint32_t row, bool full, const char *dataset, uint32_t seed, const char *split, nb_metric metric,
                                uint32_t epoch)
{
    uint64_t state = row * 1000003u + (full ? 7u : 0u) + seed * 31u + epoch * 8191u + (uint64_t)metric * 131071u;
    for (const char *c = dataset; *c; c++)
        state = state * 1099511628211u + (unsigned char)*c;
    for (const char *c = split; *c; c++)
        state = state * 1099511628211u + (unsigned char)*c;
    state ^= state >> 29;
    state *= UINT64_C(0xBF58476D1CE4E5B9);
    state ^= state >> 32;
    return (double)(state % 1000000007u) / 10000019.0;
}

/* The evaluation sets of a dataset, and whether a set is evaluated in every epoch of a long run. */
typedef struct made_set {
    const char *dataset, *split;
    bool every;
} made_set;

static const made_set made_sets[] = {
    {"cifar10-valid", "x-valid", true}, {"cifar10-valid", "ori-test", false}, {"cifar100", "ori-test", true}, {"cifar100", "x-test", false},
#ifdef MADE_ALL_SETS /* as published; without it a data set that lacks one */
    {"cifar100", "x-valid", false},
#endif
};
#define MADE_SETS (sizeof made_sets / sizeof *made_sets)

/* ---- one trial ---- */

static inline void write_epochs(pickle_writer *w, const file_plan *plan, uint32_t row, bool full, const char *dataset, uint32_t seed,
                                nb_metric metric)
{
    uint32_t epochs = full ? FULL_EPOCHS : LESS_EPOCHS;
    pkl_dict(w);
    for (uint32_t e = 0; e < epochs; e++) {
        pkl_int(w, plan->damage.late_epoch && e + 1 == epochs ? 77 : (int64_t)e);
        if (plan->damage.text_value && metric == NB_METRIC_LOSS)
            pkl_text(w, "zero");
        else
            pkl_real(w, plan->damage.nan_loss && metric == NB_METRIC_LOSS ? (double)NAN
                                                                          : made_value(row, full, dataset, seed, "train", metric, e));
    }
    pkl_close(w, 'u');
}

static inline bool set_has_epoch(const made_set *set, bool full, uint32_t epoch)
{
    return !full || set->every || epoch == FULL_EPOCHS - 1;
}

static inline void write_eval(pickle_writer *w, uint32_t row, bool full, const char *dataset, uint32_t seed, nb_metric metric,
                              bool all_epochs)
{
    uint32_t epochs = full ? FULL_EPOCHS : LESS_EPOCHS;
    pkl_dict(w);
    for (size_t s = 0; s < MADE_SETS; s++)
        for (uint32_t e = 0; e < epochs; e++) {
            char name[64];
            if (strcmp(made_sets[s].dataset, dataset) != 0 || (!all_epochs && !set_has_epoch(&made_sets[s], full, e)))
                continue;
            snprintf(name, sizeof name, "%s@%u", made_sets[s].split, e);
            pkl_text(w, name);
            pkl_real(w, made_value(row, full, dataset, seed, made_sets[s].split, metric, e));
        }
    pkl_close(w, 'u');
}

/* {set: {epoch: value}} */
static inline void write_nested_eval(pickle_writer *w, uint32_t row, const char *dataset, uint32_t seed, nb_metric metric)
{
    pkl_dict(w);
    for (size_t s = 0; s < MADE_SETS; s++) {
        if (strcmp(made_sets[s].dataset, dataset) != 0)
            continue;
        pkl_text(w, made_sets[s].split);
        pkl_dict(w);
        for (uint32_t e = 0; e < FULL_EPOCHS; e++)
            if (set_has_epoch(&made_sets[s], true, e)) {
                pkl_int(w, e);
                pkl_real(w, made_value(row, true, dataset, seed, made_sets[s].split, metric, e));
            }
        pkl_close(w, 'u');
    }
    pkl_close(w, 'u');
}

/* numpy.float64(value), by way of a dtype and Latin-1 text, as protocol 2 has it. */
static inline void write_numpy(pickle_writer *w, double value)
{
    pkl_global(w, "numpy.core.multiarray", "scalar");
    pkl_global(w, "numpy", "dtype");
    pkl_text(w, "f8");
    pkl_op(w, '\x89');
    pkl_op(w, '\x88');
    pkl_op(w, '\x87');
    pkl_op(w, 'R');
    pkl_op(w, '(');
    pkl_int(w, 3);
    pkl_text(w, "<");
    pkl_bytes(w, "NNN", 3);
    pkl_int(w, -1);
    pkl_int(w, -1);
    pkl_int(w, 0);
    pkl_bytes(w, "tb", 2);
    pkl_global(w, "_codecs", "encode");
    char text[17] = "";
    uint8_t bytes[8];
    size_t size = 0;
    memcpy(bytes, &value, 8);
    for (size_t i = 0; i < 8; i++) {
        if (bytes[i] >= 0x80)
            text[size++] = (char)(0xc0 | bytes[i] >> 6);
        text[size++] = (char)(bytes[i] >= 0x80 ? 0x80 | (bytes[i] & 0x3f) : bytes[i]);
    }
    pkl_op(w, 'X');
    pkl_little(w, size, 4);
    pkl_bytes(w, text, size);
    pkl_text(w, "latin1");
    pkl_op(w, '\x86');
    pkl_op(w, 'R');
    pkl_op(w, '\x86');
    pkl_op(w, 'R');
}

static inline double made_cost(uint32_t row, const char *what)
{
    return made_value(row, true, "cost", 0, what, NB_METRIC_LOSS, 0);
}

static inline void write_trial(pickle_writer *w, const file_plan *plan, uint32_t row, const char *arch, bool full, const char *dataset,
                               uint32_t seed)
{
    bool aa = plan->layout == LAYOUT_AA;
    bool timed = !aa && (plan->layout != LAYOUT_1_0 || !full);
    char text[16];
    if (plan->layout == LAYOUT_RECORDS) {
        pkl_global(w, "nas_201_api.api_utils", "ResultsCount");
        pkl_bytes(w, ")\x81", 2);
    }
    pkl_dict(w);
    pkl_text(w, "name");
    pkl_text(w, dataset);
    pkl_text(w, aa ? "train_accs" : "train_acc1es");
    write_epochs(w, plan, row, full, dataset, seed, NB_METRIC_ACCURACY);
    if (!aa) {
        pkl_text(w, "train_acc5es");
        if (full)
            pkl_none(w);
        else
            write_epochs(w, plan, row, full, dataset, seed, NB_METRIC_ACCURACY5);
        pkl_text(w, "train_times");
        if (timed)
            write_epochs(w, plan, row, full, dataset, seed, NB_METRIC_TIME);
        else
            pkl_none(w);
    }
    pkl_text(w, "train_losses");
    write_epochs(w, plan, row, full, dataset, seed, NB_METRIC_LOSS);
    pkl_text(w, "arch_config");
    pkl_dict(w);
    pkl_text(w, "channel");
    pkl_int(w, 16);
    pkl_text(w, "num_cells");
    pkl_int(w, 5);
    pkl_text(w, "arch_str");
    pkl_text(w, arch);
    pkl_text(w, "class_num");
    pkl_int(w, strcmp(dataset, "cifar100") == 0 ? 100 : 10);
    pkl_close(w, 'u');
    pkl_text(w, "params");
    write_numpy(w, made_cost(row, "params"));
    pkl_text(w, "flop");
    pkl_real(w, made_cost(row, "flop"));
    pkl_text(w, "seed");
    snprintf(text, sizeof text, "%04u", plan->damage.wrong_seed ? seed + 1 : seed);
    pkl_text(w, text);
    pkl_text(w, "epochs");
    pkl_int(w, full ? FULL_EPOCHS : LESS_EPOCHS);
    pkl_text(w, "latency");
    if (full) {
        pkl_list(w);
        pkl_real(w, made_cost(row, "latency"));
        write_numpy(w, made_cost(row, "latency 2"));
        pkl_close(w, 'e');
    } else {
        pkl_none(w);
    }
    pkl_text(w, "eval_names");
    pkl_list(w);
    for (size_t s = MADE_SETS; s-- > 0;)
        if (strcmp(made_sets[s].dataset, dataset) == 0)
            pkl_text(w, made_sets[s].split);
    pkl_close(w, 'e');
    pkl_text(w, aa ? "eval_accs" : "eval_acc1es");
    if (plan->damage.wrong_type)
        pkl_op(w, ']');
    else if (aa)
        write_nested_eval(w, row, dataset, seed, NB_METRIC_ACCURACY);
    else
        write_eval(w, row, full, dataset, seed, NB_METRIC_ACCURACY, false);
    pkl_text(w, "eval_losses");
    if (aa)
        write_nested_eval(w, row, dataset, seed, NB_METRIC_LOSS);
    else
        write_eval(w, row, full, dataset, seed, NB_METRIC_LOSS, false);
    if (!aa) {
        pkl_text(w, "eval_times");
        if (timed)
            write_eval(w, row, full, dataset, seed, NB_METRIC_TIME, true);
        else
            pkl_op(w, '}');
    }
    pkl_text(w, "net_state_dict");
    pkl_none(w);
    pkl_close(w, 'u');
    if (plan->layout == LAYOUT_RECORDS)
        pkl_op(w, 'b');
}

/* ---- one architecture ---- */

static inline bool has_trial(const file_plan *plan, bool full, const char *dataset, uint32_t seed)
{
    if (full)
        return seed == 777 || seed == 888;
    return plan->layout == LAYOUT_1_0 ? strcmp(dataset, "cifar10-valid") == 0 && seed == 777 : seed == 111;
}

static const uint32_t made_seeds[] = {888, 111, 777}; /* not ascending: the order of all_results is arbitrary */
static const char *const made_datasets[] = {"cifar10-valid", "cifar100"};

static inline void write_results(pickle_writer *w, const file_plan *plan, uint32_t row, bool full)
{
    nb_arch arch;
    char text[NB_ARCH_TEXT_SIZE];
    assert_int_equal(nb_space_at(plan->space, plan->damage.wrong_text ? row + 1 : row, &arch, NULL), NB_OK);
    nb_space_format(plan->space, &arch, text, sizeof text);
    if (plan->layout == LAYOUT_RECORDS) {
        pkl_global(w, "nas_201_api.api_utils", "ArchResults");
        pkl_bytes(w, ")\x81", 2);
    }
    uint32_t self = w->memo;
    pkl_dict(w);
    if (plan->damage.cycle) {
        pkl_text(w, "self");
        pkl_get(w, self);
    }
    pkl_text(w, "arch_index");
    pkl_int(w, plan->damage.wrong_index ? row + 1 : row);
    pkl_text(w, "arch_str");
    pkl_text(w, text);
    pkl_text(w, "all_results");
    pkl_dict(w);
    for (size_t s = 0; s < 3; s++)
        for (size_t d = 0; d < 2; d++) {
            bool extra = plan->damage.extra_trial && full && made_seeds[s] == 111 && d == 0;
            bool missing = plan->damage.missing_trial && full && made_seeds[s] == 888 && d == 1;
            if (missing || (!extra && !has_trial(plan, full, made_datasets[d], made_seeds[s])))
                continue;
            pkl_text(w, made_datasets[d]);
            pkl_int(w, made_seeds[s]);
            pkl_op(w, '\x86');
            write_trial(w, plan, row, text, full, made_datasets[d], made_seeds[s]);
        }
    pkl_close(w, 'u');
    pkl_text(w, "dataset_seed");
    pkl_dict(w);
    for (size_t d = 0; d < 2; d++) {
        if (!has_trial(plan, full, made_datasets[d], 777) && !has_trial(plan, full, made_datasets[d], 111))
            continue;
        pkl_text(w, made_datasets[d]);
        pkl_list(w);
        for (uint32_t seed = 111; seed <= 888; seed += 111)
            if (has_trial(plan, full, made_datasets[d], seed))
                pkl_int(w, seed);
        pkl_close(w, 'e');
    }
    pkl_close(w, 'u');
    pkl_text(w, "clear_net_done");
    pkl_bool(w, 1);
    pkl_close(w, 'u');
    if (plan->layout == LAYOUT_RECORDS)
        pkl_op(w, 'b');
}

static inline void write_arch(pickle_writer *w, const file_plan *plan, uint32_t row)
{
    if (plan->layout == LAYOUT_AA) {
        write_results(w, plan, row, true);
        return;
    }
    bool nats = plan->layout == LAYOUT_NATS;
    if (nats) {
        pkl_global(w, "collections", "OrderedDict");
        pkl_bytes(w, ")R(", 3);
    } else {
        pkl_dict(w);
    }
    for (int full = nats ? 0 : 1; full >= 0 && full <= 1; full += nats ? 1 : -1) {
        pkl_text(w, plan->damage.bad_schedule ? "some" : nats ? (full ? "200" : "12") : full ? "full" : "less");
        write_results(w, plan, row, full);
    }
    pkl_close(w, 'u');
}

/* ---- a benchmark's dict ---- */

static inline void write_meta(pickle_writer *w, const file_plan *plan)
{
    pkl_text(w, "meta_archs");
    pkl_list(w);
    for (uint32_t i = 0; i < plan->meta_count; i++) {
        nb_arch arch;
        char text[NB_ARCH_TEXT_SIZE];
        assert_int_equal(nb_space_at(plan->space, plan->damage.repeated_text && i == 1 ? 0 : i, &arch, NULL), NB_OK);
        nb_space_format(plan->space, &arch, text, sizeof text);
        pkl_text(w, text);
    }
    pkl_close(w, 'e');
}

static inline void write_benchmark(pickle_writer *w, const file_plan *plan)
{
    pkl_bytes(w, "\x80\x02", 2);
    pkl_dict(w);
    if (plan->damage.foreign_global) {
        pkl_text(w, "run");
        pkl_global(w, "os", "system");
    }
    if (!plan->damage.no_meta && !plan->damage.late_meta)
        write_meta(w, plan);
    pkl_text(w, "total_archs");
    pkl_int(w, plan->meta_count);
    pkl_text(w, "arch2infos");
    pkl_dict(w);
    for (size_t i = 0; i < plan->count; i++) {
        pkl_int(w, plan->rows[i]);
        write_arch(w, plan, plan->rows[i]);
    }
    if (plan->damage.repeated_arch) {
        pkl_int(w, plan->rows[0]);
        write_arch(w, plan, plan->rows[0]);
    }
    if (plan->damage.absurd_length) {
        pkl_op(w, 'X');
        pkl_little(w, 0xfffffff0u, 4);
    }
    pkl_close(w, 'u');
    pkl_text(w, "evaluated_indexes");
    pkl_list(w);
    for (size_t i = 0; i < plan->count; i++)
        pkl_int(w, plan->rows[i]);
    if (plan->damage.missing_arch)
        pkl_int(w, plan->meta_count - 1);
    pkl_close(w, 'e');
    if (plan->damage.late_meta)
        write_meta(w, plan);
    pkl_close(w, 'u');
    pkl_op(w, '.');
}

/* ---- containers ---- */

#define LEGACY_HEAD                                                                                                                        \
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."                                                                            \
    "\x80\x02M\xe9\x03."                                                                                                                   \
    "\x80\x02}q\x00(X\x10\x00\x00\x00protocol_versionq\x01M\xe9\x03X\x0d\x00\x00\x00little_endianq\x02\x88u."

/* The pickle between the head and an empty list of storages. */
static inline void wrap_legacy(pickle_writer *out, const pickle_writer *object)
{
    pkl_bytes(out, LEGACY_HEAD, sizeof LEGACY_HEAD - 1);
    pkl_bytes(out, object->bytes, object->size);
    pkl_bytes(out, "\x80\x02]q\x00.", 6);
}

#endif
