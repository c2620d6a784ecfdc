/* The house: which room may include which, read from the sources themselves. ARCHITECTURE.md explains the table. */
#include "support.h"

#include <glob.h>

/* A room may include the rooms named here, the public headers of those rooms, and itself. The command is no room: it stands outside. */
static const struct {
    const char *room;
    const char *below; /* words */
} house[] = {
    {"base", ""},
    {"space", "base"},
    {"store", "base space"},
    {"ingest", "base space store"},
    {"nn", "base"},
    {"train", "base space store nn"},
    {"search", "base space store nn train"},
    {"rank", "base space store nn"},
};
enum { ROOMS = sizeof house / sizeof house[0] };

/* Public headers that are named for what users call the thing, not for one source. */
static const struct {
    const char *stem;
    const char *room;
} named_otherwise[] = {
    {"nasbench101", "space"}, /* graph*.c */
    {"import", "ingest"},
    {"query", "store"},
};

/* What a public header may need besides other public headers: the C standard library. */
static const char *const standard_headers[] = {"stddef.h",    "stdint.h", "stdbool.h", "stdio.h",  "stdarg.h", "inttypes.h",
                                               "stdatomic.h", "atomic",   "time.h",    "limits.h", "string.h"};

static int complaints;

static void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    complaints++;
}

static int start(void **state)
{
    (void)state;
    complaints = 0;
    return 0;
}

static bool has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at += length) {
        bool begins = at == words || at[-1] == ' ';
        if (begins && (at[length] == ' ' || at[length] == '\0'))
            return true;
    }
    return false;
}

static bool exists(const char *format, const char *a, const char *b)
{
    char path[4096];
    snprintf(path, sizeof path, format, a, b);
    FILE *file = fopen(path, "r");
    if (file)
        fclose(file);
    return file != NULL;
}

/* The number of the room called `name` (of `length` letters), or -1. */
static int room_number(const char *name, size_t length)
{
    for (int i = 0; i < ROOMS; i++)
        if (strlen(house[i].room) == length && strncmp(house[i].room, name, length) == 0)
            return i;
    return -1;
}

/* A public header belongs to the room with the source or header of its name. -1: to none. */
static int room_of_public_header(const char *name)
{
    char stem[128];
    snprintf(stem, sizeof stem, "%.*s", (int)strcspn(name, "."), name);
    int same = room_number(stem, strlen(stem));
    if (same >= 0)
        return same;
    for (size_t i = 0; i < sizeof named_otherwise / sizeof named_otherwise[0]; i++)
        if (strcmp(stem, named_otherwise[i].stem) == 0)
            return room_number(named_otherwise[i].room, strlen(named_otherwise[i].room));
    for (int i = 0; i < ROOMS; i++) {
        if (exists(NB_SOURCE_DIR "/src/%s/%s.c", house[i].room, stem) || exists(NB_SOURCE_DIR "/src/%s/%s.h", house[i].room, stem))
            return i;
    }
    return -1;
}

typedef void visitor(const char *path, const char *included, char kind, void *user);

/* Calls visit for every #include of a file: kind is '"' or '<'. */
static void each_include(const char *path, visitor *visit, void *user)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char line[4096];
    char kind;
    char name[1024];
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, " # include %c%1023[^\">]", &kind, name) == 2 && (kind == '"' || kind == '<'))
            visit(path, name, kind, user);
    }
    fclose(file);
}

/* The same for all files that match a pattern below the checkout. Returns how many there are. */
static size_t each_file(const char *pattern, visitor *visit, void *user)
{
    char full[1024];
    glob_t found;
    snprintf(full, sizeof full, "%s/%s", NB_SOURCE_DIR, pattern);
    if (glob(full, 0, NULL, &found) != 0)
        return 0;
    size_t count = found.gl_pathc;
    for (size_t i = 0; i < count; i++)
        each_include(found.gl_pathv[i], visit, user);
    globfree(&found);
    return count;
}

static const char *short_path(const char *path)
{
    return path + strlen(NB_SOURCE_DIR) + 1;
}

/* One #include inside the room number *user. */
static void check_room_include(const char *path, const char *included, char kind, void *user)
{
    int room = *(const int *)user;
    int target;
    if (strncmp(included, "nasbench/", 9) == 0) {
        target = room_of_public_header(included + 9);
        if (strcmp(included, "nasbench/nasbench.h") == 0)
            complain("%s includes everything (\"%s\"): include what it needs", short_path(path), included);
        else if (target < 0)
            complain("%s includes \"%s\", which belongs to no room", short_path(path), included);
    } else if (kind == '<') {
        return;
    } else {
        const char *slash = strchr(included, '/');
        target = slash ? room_number(included, (size_t)(slash - included)) : -1;
        if (target < 0)
            complain("%s includes \"%s\": expected \"ROOM/NAME.h\"", short_path(path), included);
    }
    if (target >= 0 && target != room && !has_word(house[room].below, house[target].room))
        complain("%s includes \"%s\": %s may include only: %s", short_path(path), included, house[room].room, house[room].below);
}

static void each_room_includes_only_rooms_below_it(void **state)
{
    (void)state;
    size_t files = 0;
    for (int room = 0; room < ROOMS; room++) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "src/%s/*.[ch]", house[room].room);
        files += each_file(pattern, check_room_include, &room);
    }
    assert_true(files > 0);
    assert_int_equal(complaints, 0);
}

static void check_command_include(const char *path, const char *included, char kind, void *user)
{
    (void)user;
    if (strncmp(included, "nasbench/", 9) == 0 || kind == '<')
        return;
    if (strchr(included, '/') || !exists("%s/src/cli/%s", NB_SOURCE_DIR, included))
        complain("%s includes \"%s\": the command may use only <nasbench/...> and its own headers", short_path(path), included);
}

static void the_command_uses_only_public_headers_and_its_own(void **state)
{
    (void)state;
    assert_true(each_file("src/cli/*.[ch]", check_command_include, NULL) > 0);
    assert_int_equal(complaints, 0);
}

static void check_public_include(const char *path, const char *included, char kind, void *user)
{
    (void)user;
    const char *name = strrchr(path, '/') + 1;
    bool is_public = strncmp(included, "nasbench/", 9) == 0;
    if (kind == '<' && !is_public) {
        for (size_t i = 0; i < sizeof standard_headers / sizeof standard_headers[0]; i++)
            if (strcmp(included, standard_headers[i]) == 0)
                return;
        complain("%s includes <%s>: users would need it too", short_path(path), included);
        return;
    }
    if (!is_public) {
        complain("%s includes \"%s\", which is not installed", short_path(path), included);
        return;
    }
    int room = room_of_public_header(name);
    if (room >= 0)
        check_room_include(path, included, kind, &room);
}

static void public_headers_need_only_each_other_and_the_c_library(void **state)
{
    (void)state;
    assert_true(each_file("include/nasbench/*.h", check_public_include, NULL) > 0);
    assert_int_equal(complaints, 0);
}

static void remember_name(const char *path, const char *included, char kind, void *user)
{
    (void)path;
    (void)kind;
    char *names = user;
    const char *slash = strrchr(included, '/');
    strcat(strcat(names, slash ? slash + 1 : included), " ");
}

static void every_public_header_has_a_room_and_is_in_nasbench_h(void **state)
{
    (void)state;
    char names[8192] = "";
    glob_t found;
    each_file("include/nasbench/nasbench.h", remember_name, names);
    assert_int_equal(glob(NB_SOURCE_DIR "/include/nasbench/*.h", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        if (strcmp(name, "nasbench.h") == 0)
            continue;
        if (!has_word(names, name))
            complain("include/nasbench/nasbench.h does not include \"nasbench/%s\"", name);
        if (room_of_public_header(name) < 0)
            complain("include/nasbench/%s: no room has a source or header of this name", name);
    }
    globfree(&found);
    assert_int_equal(complaints, 0);
}

/* Headers as a graph: who includes whom. */
enum { MAX_HEADERS = 1024 };
typedef struct graph {
    char *paths[MAX_HEADERS];
    size_t count;
    bool edge[MAX_HEADERS][MAX_HEADERS];
    char colour[MAX_HEADERS]; /* 0 new, 1 on the way, 2 done */
} graph;

static void find_headers(graph *g, const char *pattern)
{
    char full[1024];
    glob_t found;
    snprintf(full, sizeof full, "%s/%s", NB_SOURCE_DIR, pattern);
    if (glob(full, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        assert_true(g->count < MAX_HEADERS);
        g->paths[g->count++] = strdup(found.gl_pathv[i]);
    }
    globfree(&found);
}

static void add_edge(const char *path, const char *included, char kind, void *user)
{
    (void)kind;
    graph *g = user;
    size_t from = 0;
    while (strcmp(g->paths[from], path) != 0)
        from++;
    char tail[1100];
    snprintf(tail, sizeof tail, "/%s", included);
    for (size_t to = 0; to < g->count; to++) {
        size_t length = strlen(g->paths[to]);
        if (length >= strlen(tail) && strcmp(g->paths[to] + length - strlen(tail), tail) == 0)
            g->edge[from][to] = true;
    }
}

static void walk(graph *g, size_t node)
{
    g->colour[node] = 1;
    for (size_t next = 0; next < g->count; next++) {
        if (!g->edge[node][next])
            continue;
        if (g->colour[next] == 1)
            complain("%s and %s include each other", short_path(g->paths[node]), short_path(g->paths[next]));
        else if (g->colour[next] == 0)
            walk(g, next);
    }
    g->colour[node] = 2;
}

static void no_header_includes_itself_through_others(void **state)
{
    (void)state;
    graph *g = calloc(1, sizeof *g);
    assert_non_null(g);
    find_headers(g, "include/nasbench/*.h");
    find_headers(g, "src/*/*.h");
    for (size_t i = 0; i < g->count; i++)
        each_include(g->paths[i], add_edge, g);
    for (size_t i = 0; i < g->count; i++)
        if (g->colour[i] == 0)
            walk(g, i);
    for (size_t i = 0; i < g->count; i++)
        free(g->paths[i]);
    free(g);
    assert_int_equal(complaints, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_room_includes_only_rooms_below_it, start),
        cmocka_unit_test_setup(the_command_uses_only_public_headers_and_its_own, start),
        cmocka_unit_test_setup(public_headers_need_only_each_other_and_the_c_library, start),
        cmocka_unit_test_setup(every_public_header_has_a_room_and_is_in_nasbench_h, start),
        cmocka_unit_test_setup(no_header_includes_itself_through_others, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
