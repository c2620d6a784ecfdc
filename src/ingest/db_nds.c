#include "ingest/db_nds.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

#include "base/sha256.h"
#include "ingest/nds_run.h"

/* ---- configs ---- */

#define KEY_SIZE 16 /* bytes of a config's digest that are compared */

/* Configs that were written, by digest: the importer shares one between runs that differ in nothing but seed or file. */
typedef struct known_config {
    uint8_t key[KEY_SIZE];
    int64_t id; /* 0: the place is free */
} known_config;

typedef struct known_configs {
    known_config *places; /* [capacity], a power of two */
    size_t count, capacity;
} known_configs;

static size_t place_of(const known_configs *known, const uint8_t key[KEY_SIZE])
{
    uint64_t start;
    memcpy(&start, key, sizeof start);
    size_t at = (size_t)start & (known->capacity - 1);
    while (known->places[at].id != 0 && memcmp(known->places[at].key, key, KEY_SIZE) != 0)
        at = (at + 1) & (known->capacity - 1);
    return at;
}

static nb_status make_room(known_configs *known, nb_error *err)
{
    if (known->capacity > 0 && known->count < known->capacity / 2)
        return NB_OK;
    known_configs grown = {.count = known->count, .capacity = known->capacity ? 2 * known->capacity : 1024};
    grown.places = calloc(grown.capacity, sizeof *grown.places);
    if (!grown.places)
        return nb_fail(err, NB_ERR_MEMORY, "no memory for %zu configs", grown.capacity);
    for (size_t i = 0; i < known->capacity; i++)
        if (known->places[i].id != 0)
            grown.places[place_of(&grown, known->places[i].key)] = known->places[i];
    free(known->places);
    *known = grown;
    return NB_OK;
}

static void hash_text(nb_sha256 *hash, const char *text)
{
    nb_sha256_add(hash, text, strlen(text) + 1);
}

static void hash_real(nb_sha256 *hash, double value)
{
    value += 0.0; /* -0 and 0 are equal to SQL */
    nb_sha256_add(hash, &value, sizeof value);
}

/* A digest of all nine columns. */
static void key_of(const nb_db_config *config, uint8_t key[KEY_SIZE])
{
    nb_sha256 hash;
    uint8_t digest[NB_SHA256_SIZE];
    nb_sha256_init(&hash);
    hash_text(&hash, config->model_family);
    hash_text(&hash, config->model_spec);
    hash_text(&hash, config->cell_spec);
    hash_text(&hash, config->dataset);
    hash_text(&hash, config->generator);
    hash_text(&hash, config->proposer);
    hash_real(&hash, config->base_lr);
    hash_real(&hash, config->weight_decay);
    nb_sha256_add(&hash, &config->num_epochs, sizeof config->num_epochs);
    nb_sha256_finish(&hash, digest);
    memcpy(key, digest, KEY_SIZE);
}

/* ---- runs ---- */

typedef struct builder {
    nb_db_writer *writer;
    const nb_nds_file *file;
    known_configs known;
    nb_db_point *points; /* [capacity] */
    size_t capacity;
} builder;

static nb_status config_of(builder *b, const nb_nds_run *run, int64_t *id, nb_error *err)
{
    const nb_db_config config = {.model_family = nb_nds_family_name(run->family),
                                 .model_spec = run->model_spec,
                                 .cell_spec = run->cell_spec,
                                 .dataset = nb_nds_dataset_name(b->file->dataset),
                                 .generator = nb_nds_generator_name(b->file->generator),
                                 .proposer = nb_nds_proposer_name(b->file->proposer),
                                 .base_lr = run->base_lr,
                                 .weight_decay = run->weight_decay,
                                 .num_epochs = run->num_epochs};
    uint8_t key[KEY_SIZE];
    NB_TRY(make_room(&b->known, err));
    key_of(&config, key);
    known_config *place = &b->known.places[place_of(&b->known, key)];
    if (place->id == 0) {
        NB_TRY(nb_db_writer_config(b->writer, &config, &place->id, err));
        memcpy(place->key, key, KEY_SIZE);
        b->known.count++;
    }
    *id = place->id;
    return NB_OK;
}

/* The smallest number that is not NaN; NaN when all are. */
static double smallest(const double *values, size_t count)
{
    double least = (double)NAN;
    for (size_t i = 0; i < count; i++)
        if (!(values[i] >= least))
            least = isnan(values[i]) ? least : values[i];
    return least;
}

static nb_status fill_points(builder *b, const nb_nds_run *run, nb_error *err)
{
    const size_t epochs = (size_t)run->num_epochs;
    if (epochs > b->capacity) {
        nb_db_point *points = realloc(b->points, epochs * sizeof *points);
        if (!points)
            return nb_fail(err, NB_ERR_MEMORY, "no memory for a curve of %zu epochs", epochs);
        b->points = points;
        b->capacity = epochs;
    }
    for (size_t i = 0; i < epochs; i++)
        b->points[i] = (nb_db_point){.current_epoch = (int64_t)i + 1,
                                     .train_loss = run->train_loss[i],
                                     .train_acc = 100 - run->train_error[i],
                                     .test_acc = 100 - run->test_error[i]};
    return NB_OK;
}

static nb_status take_run(void *user, const nb_nds_run *run, nb_error *err)
{
    builder *b = user;
    const size_t epochs = (size_t)run->num_epochs;
    int64_t config = 0;
    NB_TRY(fill_points(b, run, err));
    NB_TRY(config_of(b, run, &config, err));
    const nb_db_trial trial = {.seed = run->seed,
                               .final_train_acc = b->points[epochs - 1].train_acc,
                               .final_train_loss = run->train_loss[run->loss_count - 1],
                               .final_test_acc = b->points[epochs - 1].test_acc,
                               .best_train_acc = 100 - smallest(run->train_error, epochs),
                               .best_train_loss = smallest(run->train_loss, run->loss_count),
                               .best_test_acc = 100 - smallest(run->test_error, epochs),
                               .parameters = run->params / 1e6,
                               .flops = run->flops / 1e6,
                               .iter_time = run->iter_time,
                               .points = b->points,
                               .point_count = epochs};
    return nb_db_writer_trial(b->writer, config, &trial, err);
}

static void free_builder(builder *b)
{
    free(b->known.places);
    free(b->points);
}

nb_status nb_db_nds_add_stream(nb_db_writer *writer, nb_stream *in, const nb_nds_file *file, nb_error *err)
{
    builder b = {.writer = writer, .file = file};
    nb_status status = nb_nds_read(in, take_run, &b, NULL, err);
    free_builder(&b);
    return status;
}

/* ---- files ---- */

/* Where each of the published files is. */
typedef struct place {
    char *path;   /* NULL: it was not given */
    char *member; /* of the zip at `path`; NULL: `path` is the file */
} place;

typedef struct places {
    place files[NB_NDS_FILES];
    uint32_t count;
} places;

static void free_places(places *all)
{
    for (int i = 0; i < NB_NDS_FILES; i++) {
        free(all->files[i].path);
        free(all->files[i].member);
    }
}

static nb_status add_place(places *all, int number, const char *path, const char *member, nb_error *err)
{
    place *file = &all->files[number];
    if (file->path)
        return nb_fail(err, NB_ERR_EXISTS, "%s: %s.json was already found in %s", path, nb_nds_file_at((unsigned)number)->name, file->path);
    file->path = strdup(path);
    file->member = member ? strdup(member) : NULL;
    if (!file->path || (member && !file->member))
        return nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", path);
    all->count++;
    return NB_OK;
}

static nb_status add_members(places *all, const char *path, nb_error *err)
{
    int code;
    nb_status status = NB_OK;
    zip_t *archive = zip_open(path, ZIP_RDONLY, &code);
    if (!archive)
        return nb_fail(err, NB_ERR_FORMAT, "%s: not a readable zip archive", path);
    const zip_int64_t count = zip_get_num_entries(archive, 0);
    for (zip_int64_t i = 0; i < count && status == NB_OK; i++) {
        const char *name = zip_get_name(archive, (zip_uint64_t)i, 0);
        const int number = name ? nb_nds_file_find(name) : -1;
        if (number >= 0)
            status = add_place(all, number, path, name, err);
    }
    zip_discard(archive);
    return status;
}

static nb_status add_folder(places *all, const char *path, nb_error *err)
{
    DIR *folder = opendir(path);
    nb_status status = NB_OK;
    if (!folder)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot open the folder", path);
    for (const struct dirent *entry; status == NB_OK && (entry = readdir(folder));) {
        const int number = nb_nds_file_find(entry->d_name);
        char *file = NULL;
        if (number < 0)
            continue;
        if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
            status = nb_fail(err, NB_ERR_MEMORY, "%s: no memory for a file name", path);
        else
            status = add_place(all, number, file, NULL, err);
        free(file);
    }
    closedir(folder);
    return status;
}

static bool is_zip(const char *path)
{
    char head[4] = "";
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    const bool found = fread(head, 1, sizeof head, file) == sizeof head && memcmp(head, "PK\3\4", sizeof head) == 0;
    fclose(file);
    return found;
}

static nb_status add_source(places *all, const char *path, nb_error *err)
{
    struct stat facts;
    if (stat(path, &facts) != 0)
        return nb_fail_errno(err, errno == ENOENT ? NB_ERR_NOT_FOUND : NB_ERR_IO, errno, "%s: cannot be read", path);
    if (S_ISDIR(facts.st_mode))
        return add_folder(all, path, err);
    if (is_zip(path))
        return add_members(all, path, err);
    const int number = nb_nds_file_find(path);
    if (number < 0)
        return nb_fail(err, NB_ERR_ARGUMENT,
                       "%s: none of the names of NDS's files (Amoeba.json, DARTS_fix-w-d.json, ...), which say what is in them", path);
    return add_place(all, number, path, NULL, err);
}

static nb_status read_place(builder *b, const place *file, const nb_progress *progress, nb_error *err)
{
    nb_stream in;
    NB_TRY(file->member ? nb_stream_open_zip_member(&in, file->path, file->member, err) : nb_stream_open_file(&in, file->path, err));
    nb_status status = nb_nds_read(&in, take_run, b, progress, err);
    nb_stream_close(&in);
    return status;
}

static nb_status read_places(nb_db_writer *writer, const places *all, const nb_progress *progress, nb_error *err)
{
    builder b = {.writer = writer};
    nb_status status = NB_OK;
    for (int i = 0; i < NB_NDS_FILES && status == NB_OK; i++) {
        if (!all->files[i].path)
            continue;
        b.file = nb_nds_file_at((unsigned)i);
        status = read_place(&b, &all->files[i], progress, err);
    }
    free_builder(&b);
    return status;
}

nb_status nb_db_nds_add(nb_db_writer *writer, const char *const *sources, size_t count, uint32_t *files, const nb_progress *progress,
                        nb_error *err)
{
    places all = {0};
    nb_status status = NB_OK;
    for (size_t i = 0; i < count && status == NB_OK; i++)
        status = add_source(&all, sources[i], err);
    if (status == NB_OK && all.count == 0)
        status = nb_fail(err, NB_ERR_NOT_FOUND, "%s: none of NDS's files in it", sources[0]);
    if (status == NB_OK)
        status = read_places(writer, &all, progress, err);
    *files = all.count;
    free_places(&all);
    return status;
}
