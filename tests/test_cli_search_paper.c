/* nasbench search on the benchmark's own accuracies finds what the paper's searches found. */
#include "cli_run.h"

#include <math.h>

#define COLUMNS                                                                                                                            \
    "--column", "c10_valid_12=cifar10-valid/12/x-valid/accuracy", "--column", "c10_test_200=cifar10/200/ori-test/accuracy", "--column",    \
        "c100_test_200=cifar100/200/x-test/accuracy", "--column", "in16_test_200=ImageNet16-120/200/x-test/accuracy"

/* Test accuracy after 200 epochs of the main table of NAS-Bench-201 (ICLR 2020): mean and deviation of 500 runs of 12,000 s. */
static const struct {
    const char *algorithm;
    double mean, deviation;
} paper[] = {{"rea", 93.92, 0.30}, {"random", 93.70, 0.36}, {"reinforce", 93.85, 0.37}, {"bohb", 93.61, 0.52}};

static double at(const json_t *summary, const char *dataset, const char *number)
{
    const json_t *test = json_object_get(json_object_get(json_object_get(summary, "results"), dataset), "test");
    return json_number_value(json_object_get(test, number));
}

static void five_hundred_runs_of_each_method_are_in_the_bands_of_the_paper(void **state)
{
    (void)state;
    skip_without_shared();
    char *table = scratch_path("nb201.safetensors");
    free(expect_text(RUN("import", shared_path("data/nasbench201-tables/nb201_accuracy.csv"), "-o", table, COLUMNS)));
    double means[4];
    for (size_t i = 0; i < 4; i++) {
        json_t *summary = expect_json(
            RUN("search", paper[i].algorithm, "--table", table, "--dataset", "cifar10", "--budget", "12000", "--seed", "1", "--json"));
        means[i] = at(summary, "cifar10", "mean");
        if (fabs(means[i] - paper[i].mean) > paper[i].deviation)
            fail_msg("%s: %.2f, not %.2f +- %.2f", paper[i].algorithm, means[i], paper[i].mean, paper[i].deviation);
        const double cost = 12000 / json_number_value(json_object_get(summary, "evaluations"));
        assert_true(cost > 105 && cost < 125); /* seconds for an evaluation: 110 on average over the space */
        assert_true(at(summary, "cifar100", "mean") > 70 && at(summary, "ImageNet16-120", "mean") > 44);
        json_decref(summary);
    }
    assert_true(means[0] > means[1] && means[1] > means[3]); /* R-EA before random search before BOHB, as there */
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_hundred_runs_of_each_method_are_in_the_bands_of_the_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
