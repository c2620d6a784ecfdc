/* nasbench compare and nasbench space TABLE, as a user types them. */
#include "cli_run.h"

#include <dirent.h>
#include <math.h>
#include <unistd.h>

#include "nasbench/compare.h"
#include "nasbench/landscape.h"

static char *table_path, *random_path, *rea_path;

/* A table of all cells: accuracies are a formula of the index with some order in it. */
static char *make_table(void)
{
    char *csv = scratch_path("made-up.csv"), *path = scratch_path("made-up.safetensors");
    FILE *file = fopen(csv, "w");
    assert_non_null(file);
    fputs("index,cifar10-valid/12/x-valid/accuracy,cifar10/200/ori-test/accuracy,cifar100/200/x-test/accuracy\n", file);
    for (int i = 0; i < 15625; i++) {
        const double base = i * 7919 % 9973 / 250.0;
        fprintf(file, "%d,%.4f,%.4f,%.4f\n", i, 45 + base + i % 13 * 0.1, 54 + base, 30 + 0.9 * base + i % 7 * 0.3);
    }
    fclose(file);
    free(expect_text(RUN("import", csv, "-o", path)));
    free(csv);
    return path;
}

static char *search(const char *algorithm, const char *seed)
{
    char name[64];
    snprintf(name, sizeof name, "%s-%s.jsonl", algorithm, seed);
    char *path = scratch_path(name);
    free(expect_text(RUN("search", algorithm, "--table", table_path, "--dataset", "cifar10", "--runs", "12", "--seed", seed, "-o", path)));
    return path;
}

static int set_up(void **state)
{
    (void)state;
    table_path = make_table();
    random_path = search("random", "1");
    rea_path = search("rea", "1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(table_path);
    free(random_path);
    free(rea_path);
    return 0;
}

static void skip_without_gnuplot(void)
{
    if (system("gnuplot --version >/dev/null 2>&1") == 0) /* NOLINT(cert-env33-c): a fixed command */
        return;
    fprintf(stderr, "skipped: gnuplot is not installed\n");
    skip();
}

static char *text_of(const char *path)
{
    size_t size;
    char *text = (char *)read_file(path, &size);
    text = realloc(text, size + 1);
    assert_non_null(text);
    text[size] = '\0';
    return text;
}

static size_t count_in_text(const char *text, const char *part)
{
    size_t count = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        count++;
    return count;
}

/* ---------------------------------------------------------------- comparisons */

static void tables_name_methods_accuracies_and_tests(void **state)
{
    (void)state;
    char *text = expect_text(RUN("compare", random_path, rea_path));
    expect_in(text, "method  runs  evaluations");
    expect_in(text, "\nRS        12 ");
    expect_in(text, "cifar10 test accuracy [%], best of the table 93.89");
    expect_in(text, "cifar100 test accuracy [%]");
    expect_in(text, "feedback accuracy [%]"); /* the table has no validation after 200 epochs */
    expect_in(text, "Mann-Whitney U test, two-sided; Holm's correction over 1 pair; better: p <= 0.05");
    expect_in(text, "best of the table");
    free(text);
    text = expect_text(RUN("compare", random_path, rea_path, "--test", "signed-rank", "--alpha", "0.5"));
    expect_in(text, "Wilcoxon signed-rank test on pairs of runs, two-sided; Holm's correction over 1 pair; better: p <= 0.5");
    expect_in(text, "rank-biserial");
    free(text);
}

static const json_t *member(const json_t *value, const char *name)
{
    const json_t *found = json_object_get(value, name);
    if (!found)
        fail_msg("no '%s'", name);
    return found;
}

static void json_has_the_library_s_numbers(void **state)
{
    (void)state;
    json_t *json = expect_json(RUN("compare", random_path, rea_path, "--json"));
    nb_experiment_file *files[2];
    nb_comparison *comparison;
    assert_int_equal(nb_experiment_file_read(random_path, &files[0], NULL), NB_OK);
    assert_int_equal(nb_experiment_file_read(rea_path, &files[1], NULL), NB_OK);
    assert_int_equal(nb_compare((const nb_experiment_file *const *)files, 2, &(nb_compare_options){0}, &comparison, NULL), NB_OK);
    assert_int_equal(json_array_size(member(json, "measures")), comparison->measure_count);
    for (size_t i = 0; i < comparison->measure_count; i++) {
        const nb_compared_measure *measure = &comparison->measures[i];
        const json_t *found = json_array_get(member(json, "measures"), i), *pair = json_array_get(member(found, "pairs"), 0);
        const json_t *rea = json_array_get(member(found, "methods"), 1);
        const json_t *curves = member(member(found, "curves"), "seconds");
        const json_t *median = member(json_array_get(member(curves, "methods"), 1), "median");
        assert_string_equal(json_string_value(member(rea, "label")), "REA");
        assert_true(json_number_value(member(rea, "mean")) == measure->methods[1].final.mean);
        assert_true(json_number_value(member(rea, "mean_rank")) == measure->methods[1].mean_rank);
        assert_true(json_number_value(member(pair, "p")) == measure->pairs[0].test.p);
        assert_true(json_number_value(member(pair, "effect")) == measure->pairs[0].test.effect);
        assert_int_equal(json_array_size(member(curves, "places")), comparison->place_count[NB_AXIS_SECONDS]);
        assert_true(json_number_value(json_array_get(median, 200)) == measure->methods[1].curves[NB_AXIS_SECONDS].median[200]);
    }
    assert_string_equal(json_string_value(member(json_array_get(member(json, "methods"), 0), "algorithm")), "random");
    nb_comparison_free(comparison);
    nb_experiment_file_free(files[0]);
    nb_experiment_file_free(files[1]);
    json_decref(json);
}

static void different_budgets_are_pointed_out(void **state)
{
    (void)state;
    char *path = scratch_path("short.jsonl");
    free(
        expect_text(RUN("search", "random", "--table", table_path, "--dataset", "cifar10", "--runs", "3", "--budget", "3000", "-o", path)));
    cli_run run = RUN("compare", rea_path, path);
    expect_code(&run, 0);
    expect_in(run.err, "budgets differ");
    free_run(&run);
    free(path);
}

static void bad_requests_are_explained(void **state)
{
    (void)state;
    char *other = search("random", "2");
    expect_failure(RUN("compare"), 2, "OUT is missing");
    expect_failure(RUN("compare", "/nowhere.jsonl"), 1, "/nowhere.jsonl");
    expect_failure(RUN("compare", table_path), 1, "made-up.safetensors");
    expect_failure(RUN("compare", rea_path, "--test", "t-test"), 2, "'t-test' is not a test");
    expect_failure(RUN("compare", rea_path, "--alpha", "2"), 2, "--alpha");
    expect_failure(RUN("compare", rea_path, other, "--test", "signed-rank"), 1, "a signed-rank test needs runs that belong together");
    expect_failure(RUN("compare", rea_path, "--report", "/nowhere/r.html"), 1, "/nowhere/r.html");
    free(other);
}

/* ---------------------------------------------------------------- reports */

/* One document: every figure has its drawing, every colour follows the page, nothing is fetched and nothing runs. */
static void expect_report(const char *text, size_t least_figures)
{
    const size_t figures = count_in_text(text, "<figure>");
    assert_true(figures >= least_figures);
    assert_int_equal(count_in_text(text, "<svg class=\"plot\" role=\"img\""), figures);
    assert_int_equal(count_in_text(text, "</figure>"), figures);
    assert_int_equal(count_in_text(text, "Gnuplot</title>"), 0);
    assert_int_equal(count_in_text(text, "rgb("), 0);
    assert_int_equal(count_in_text(text, "<script"), 0);
    assert_int_equal(count_in_text(text, "src="), 0);
    assert_int_equal(count_in_text(text, "url("), 0);
    assert_int_equal(count_in_text(text, "@import"), 0);
    assert_int_equal(count_in_text(text, "://"), 2 * figures); /* the names of SVG and XLink, which are no addresses */
    expect_in(text, "prefers-color-scheme: dark");
    expect_in(text, "@media print");
    expect_in(text, "</html>\n");
}

static void a_report_is_one_file_with_all_plots(void **state)
{
    (void)state;
    skip_without_gnuplot();
    char *path = scratch_path("compare.html"), *again = scratch_path("again.html");
    free(expect_text(RUN("compare", random_path, rea_path, "--report", path)));
    free(expect_text(RUN("compare", random_path, rea_path, "--report", again)));
    char *text = text_of(path), *repeated = text_of(again);
    expect_report(text, 11); /* two with regret, one without */
    expect_in(text, "var(--series-1)");
    expect_in(text, "<h2>cifar100 test accuracy</h2>");
    assert_string_equal(text, repeated);
    free(text);
    free(repeated);
    free(path);
    free(again);
}

static void plots_are_files_of_their_own(void **state)
{
    (void)state;
    skip_without_gnuplot();
    char *folder = scratch_path("figures"), *file = scratch_path("figures/cifar10-test-time.svg");
    free(expect_text(RUN("compare", random_path, rea_path, "--plots", folder)));
    char *text = text_of(file);
    assert_int_equal(strncmp(text, "<?xml", 5), 0);
    expect_in(text, "#0072b2");
    expect_in(text, ">REA</text>");
    assert_int_equal(count_in_text(text, "var("), 0);
    assert_int_equal(count_in_text(text, "<title>"), 1);
    free(text);
    free(folder);
    free(file);
}

/* Names come from files that anybody may have written. */
static void names_cannot_break_out_of_a_report(void **state)
{
    (void)state;
    skip_without_gnuplot();
    static const char lines[] =
        "{\"format\": \"nasbench search 1\", \"algorithm\": \"x\", \"title\": \"<script>alert(1)</script> '\\\" `touch x` \\n "
        "rgb(1,2,3)\", "
        "\"settings\": {}, \"space\": \"nasbench201\", \"budget\": {\"seconds\": 50, \"evaluations\": null}, \"own_time\": false, "
        "\"runs\": 1, "
        "\"seed\": 1, \"objective\": {}, \"optimum\": {\"<img src=x>'\": {\"valid\": null, \"test\": 95}}}\n"
        "{\"run\": 0, \"evaluations\": 2, \"seconds\": 40, \"results\": {\"<img src=x>'\": {\"valid\": null, \"test\": 93}}, "
        "\"incumbents\": {\"step\": [0, 1], \"<img src=x>'\": {\"valid\": [null, null], \"test\": [91, 93]}}, \"accuracy\": [80, 84], "
        "\"clock\": [10, 40]}\n";
    char *path = scratch_path("hostile.jsonl"), *report = scratch_path("hostile.html"), *folder = scratch_path("hostile");
    write_file(path, lines, sizeof lines - 1);
    free(expect_text(RUN("compare", path, "--report", report, "--plots", folder)));
    char *text = text_of(report);
    assert_int_equal(count_in_text(text, "<script"), 0);
    assert_int_equal(count_in_text(text, "<img"), 0);
    expect_in(text, "&lt;script&gt;alert(1)&lt;/script&gt; '&quot; `touch x`");
    expect_in(text, "rgb(1,2,3)</text>"); /* a label is a label */
    DIR *entries = opendir(folder);
    assert_non_null(entries);
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        assert_true(entry->d_name[0] != '-' && strcspn(entry->d_name, "<>' /=") == strlen(entry->d_name));
    closedir(entries);
    free(text);
    free(path);
    free(report);
    free(folder);
}

static void without_gnuplot_its_package_is_named(void **state)
{
    (void)state;
    char *path = scratch_path("none.html"), *old = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    cli_run run = RUN("compare", random_path, rea_path, "--report", path);
    setenv("PATH", old, 1);
    expect_failure(run, 1, "gnuplot, which is not installed: apt-get install gnuplot-nox");
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
    free(old);
}

/* ---------------------------------------------------------------- landscapes */

static void a_landscape_is_described(void **state)
{
    (void)state;
    char *text = expect_text(RUN("space", table_path));
    expect_in(text, "15,625 architectures of the NAS-Bench-201 topology space");
    expect_in(text, "FLOPs [M]");
    expect_in(text, "cifar10 test  cifar100 test");
    expect_in(text, "fitness-distance");
    expect_in(text, "x-valid             12      12");
    free(text);
}

static void json_of_a_landscape_has_the_library_s_numbers(void **state)
{
    (void)state;
    json_t *json = expect_json(RUN("space", table_path, "--json", "--dataset", "cifar100"));
    nb_table *table;
    nb_landscape *landscape;
    assert_int_equal(nb_table_open(table_path, &table, NULL), NB_OK);
    assert_int_equal(nb_landscape_of_table(table, (const char *const[]){"cifar100"}, 1, NULL, &landscape, NULL), NB_OK);
    const nb_landscape_dataset *set = &landscape->datasets[0];
    const json_t *datasets = member(json, "datasets"), *found = json_array_get(datasets, 0);
    assert_int_equal(json_array_size(datasets), 1);
    assert_string_equal(json_string_value(member(found, "name")), "cifar100");
    assert_true(json_number_value(member(found, "fitness_distance")) == set->fitness_distance);
    assert_true(json_number_value(json_array_get(member(found, "autocorrelation"), 3)) == set->autocorrelation[3]);
    const json_t *flops = member(member(found, "costs"), "flops");
    assert_true(json_number_value(member(flops, "kendall")) == set->costs[NB_COST_FLOPS].with.kendall);
    assert_int_equal(json_array_size(member(flops, "front")), set->costs[NB_COST_FLOPS].front_count);
    assert_true(json_is_null(member(member(found, "costs"), "latency")));
    nb_landscape_free(landscape);
    nb_table_close(table);
    json_decref(json);
}

static void a_landscape_has_a_report_and_plots(void **state)
{
    (void)state;
    skip_without_gnuplot();
    char *path = scratch_path("landscape.html"), *folder = scratch_path("views"), *file = scratch_path("views/cifar10-test-flops.svg");
    free(expect_text(RUN("space", table_path, "--report", path, "--plots", folder)));
    char *text = text_of(path), *svg = text_of(file);
    expect_report(text, 9); /* four for each data set, and the walks */
    expect_in(text, "<h2>Locality</h2>");
    assert_true(count_in_text(svg, "<polygon") > 100);
    free(text);
    free(svg);
    free(path);
    free(folder);
    free(file);
}

static void spaces_and_tables_are_told_apart(void **state)
{
    (void)state;
    char *text = expect_text(RUN("space", "nasbench201"));
    expect_in(text, "decisions");
    free(text);
    expect_failure(RUN("space", "./nothing.safetensors"), 1, "./nothing.safetensors");
    expect_failure(RUN("space", "nasbench20"), 2, "nasbench20");
    expect_failure(RUN("space", "nasbench201", "--report", "x.html"), 2, "--report and --plots are for the landscape of a table");
    expect_failure(RUN("space", table_path, "list"), 2, "list");
    expect_failure(RUN("space", table_path, "--dataset", "mnist"), 1, "no accuracies of a data set 'mnist'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_name_methods_accuracies_and_tests),
        cmocka_unit_test(json_has_the_library_s_numbers),
        cmocka_unit_test(different_budgets_are_pointed_out),
        cmocka_unit_test(bad_requests_are_explained),
        cmocka_unit_test(a_report_is_one_file_with_all_plots),
        cmocka_unit_test(plots_are_files_of_their_own),
        cmocka_unit_test(names_cannot_break_out_of_a_report),
        cmocka_unit_test(without_gnuplot_its_package_is_named),
        cmocka_unit_test(a_landscape_is_described),
        cmocka_unit_test(json_of_a_landscape_has_the_library_s_numbers),
        cmocka_unit_test(a_landscape_has_a_report_and_plots),
        cmocka_unit_test(spaces_and_tables_are_told_apart),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
