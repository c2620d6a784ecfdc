#include "search/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

/* ---------------------------------------------------------------- reading */

/* False for a line that is not an entry, such as one that a crash cut short. */
static bool read_entry(const char *line, size_t size, nb_journal_entry *out)
{
    json_int_t run, step, index, epochs;
    json_t *object = json_loadb(line, size, 0, NULL);
    const bool good = object && json_unpack(object, "{s:I, s:I, s:I, s:I, s:F, s:F}", "run", &run, "step", &step, "index", &index, "epochs",
                                            &epochs, "accuracy", &out->evaluation.accuracy, "seconds", &out->evaluation.seconds) == 0;
    json_decref(object);
    if (!good || run < 0 || run > UINT32_MAX || step < 0 || epochs < 0 || epochs > UINT32_MAX)
        return false;
    out->run = (uint32_t)run;
    out->step = (uint64_t)step;
    out->index = index;
    out->epochs = (uint32_t)epochs;
    return true;
}

static nb_status keep_entry(nb_journal *journal, const nb_journal_entry *entry, nb_error *err)
{
    if ((journal->count & (journal->count - 1)) == 0) { /* a power of two: full */
        const size_t room = journal->count > 0 ? 2 * journal->count : 1;
        nb_journal_entry *entries = realloc(journal->entries, room * sizeof *entries);
        if (!entries)
            return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", journal->path);
        journal->entries = entries;
    }
    journal->entries[journal->count++] = *entry;
    return NB_OK;
}

/* Keeps the entries of `text` and returns in *used how far the complete lines go; 0 when it is of another experiment. */
static nb_status read_entries(nb_journal *journal, const char *text, size_t size, const char *header, size_t *used, nb_error *err)
{
    const size_t header_size = strlen(header);
    nb_journal_entry entry;
    *used = 0;
    if (size < header_size || memcmp(text, header, header_size) != 0)
        return NB_OK;
    *used = header_size;
    const char *end;
    while ((end = memchr(text + *used, '\n', size - *used)) != NULL) {
        const size_t length = (size_t)(end - text) - *used;
        if (!read_entry(text + *used, length, &entry))
            return NB_OK;
        NB_TRY(keep_entry(journal, &entry, err));
        *used += length + 1;
    }
    return NB_OK;
}

/* ---------------------------------------------------------------- the file */

static nb_status append(nb_journal *journal, const char *text, size_t size, nb_error *err)
{
    while (size > 0) {
        const ssize_t written = write(journal->fd, text, size);
        if (written < 0 && errno != EINTR)
            return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot write", journal->path);
        text += written > 0 ? written : 0;
        size -= written > 0 ? (size_t)written : 0;
    }
    if (fdatasync(journal->fd) != 0 && errno != EINVAL)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot sync", journal->path);
    return NB_OK;
}

static nb_status open_file(nb_journal *journal, const char *header, nb_error *err)
{
    uint8_t *text;
    size_t size, used = 0;
    journal->fd = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (journal->fd < 0)
        return nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot open for writing", journal->path);
    NB_TRY(nb_file_read(journal->path, SIZE_MAX / 2, &text, &size, err));
    nb_status status = read_entries(journal, (const char *)text, size, header, &used, err);
    free(text);
    if (status == NB_OK && ftruncate(journal->fd, (off_t)used) != 0)
        status = nb_fail_errno(err, NB_ERR_IO, errno, "%s: cannot cut to %zu bytes", journal->path, used);
    if (status == NB_OK && used == 0)
        status = append(journal, header, strlen(header), err);
    return status;
}

nb_status nb_journal_open(const char *path, const char *header, nb_journal *out, nb_error *err)
{
    *out = (nb_journal){.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
    if (asprintf(&out->path, "%s.journal", path) < 0) {
        out->path = NULL;
        return nb_fail(err, NB_ERR_MEMORY, "%s: out of memory", path);
    }
    nb_status status = open_file(out, header, err);
    if (status != NB_OK)
        nb_journal_close(out, false);
    return status;
}

const nb_journal_entry *nb_journal_find(const nb_journal *journal, uint32_t run, uint64_t step)
{
    for (size_t i = 0; i < journal->count; i++)
        if (journal->entries[i].run == run && journal->entries[i].step == step)
            return &journal->entries[i];
    return NULL;
}

nb_status nb_journal_add(nb_journal *journal, const nb_journal_entry *entry, nb_error *err)
{
    nb_text line = {0};
    nb_text_printf(&line, "{\"run\": %u, \"step\": %llu, \"index\": %lld, \"epochs\": %u, \"accuracy\": ", entry->run,
                   (unsigned long long)entry->step, (long long)entry->index, entry->epochs);
    nb_text_json_number(&line, entry->evaluation.accuracy);
    nb_text_puts(&line, ", \"seconds\": ");
    nb_text_json_number(&line, entry->evaluation.seconds);
    nb_text_puts(&line, "}\n");
    nb_status status = nb_text_check(&line, err);
    if (status == NB_OK) {
        pthread_mutex_lock(&journal->lock);
        status = append(journal, line.data, line.size, err);
        pthread_mutex_unlock(&journal->lock);
    }
    nb_text_free(&line);
    return status;
}

void nb_journal_close(nb_journal *journal, bool remove)
{
    if (journal->fd >= 0) {
        if (remove)
            unlink(journal->path);
        close(journal->fd);
    }
    free(journal->path);
    free(journal->entries);
    *journal = (nb_journal){.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
}
