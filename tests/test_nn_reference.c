/* The reference executor's gradients against finite differences, in double: every operator and whole networks. It is the oracle of the
 * compiled networks, so this is where the formulas themselves are checked. */
#include "nn_networks.h"

typedef struct probe {
    nb_reference *ref;
    const double *images;
    const int32_t *labels;
    int smooth, kinks; /* places looked at where the loss is, and is not, smooth */
} probe;

static double loss_at(const probe *p)
{
    return nb_reference_forward(p->ref, p->images, p->labels);
}

/* Central difference of the loss for one number; the second one at half the step shows whether a ReLU or a maximum flips in between. */
static double difference(const probe *p, double *number, double step)
{
    const double before = *number;
    *number = before + step;
    double up = loss_at(p);
    *number = before - step;
    double down = loss_at(p);
    *number = before;
    return (up - down) / (2 * step);
}

static void assert_slope(const char *network_name, const char *what, probe *p, double *number, double gradient)
{
    double coarse = difference(p, number, 1e-5), fine = difference(p, number, 5e-6);
    if (fabs(coarse - fine) > 1e-6 * (1 + fabs(fine))) {
        p->kinks++;
        return;
    }
    p->smooth++;
    if (fabs(fine - gradient) > 1e-6 * (1 + fabs(fine)))
        fail_msg("%s, %s: gradient %.10g, finite difference %.10g", network_name, what, gradient, fine);
}

/* Some numbers of every parameter, all edge weights and some of the image. */
static void check_network(const char *name, nb_graph *g, int count, bool training, uint64_t seed)
{
    comparison c = compare(g, count, (nb_net_options){.batch = count, .training = training}, seed);
    nb_reference *ref = c.ref;
    probe p = {ref, c.images_double, c.labels, 0, 0};
    double *buffers = to_doubles(c.params->buffers, c.params->buffer_size);
    loss_at(&p);
    memcpy(ref->buffers, buffers, c.params->buffer_size * sizeof *buffers);
    nb_reference_backward(ref);
    double *gradients = malloc((c.params->size + 1) * sizeof *gradients);
    memcpy(gradients, ref->gradients, c.params->size * sizeof *gradients);
    for (size_t i = 0; i < c.params->tensor_count; i++) {
        const nb_tensor *t = &c.params->tensors[i];
        for (size_t k = 0; k < t->count && t->kind == NB_TENSOR_PARAMETER; k += 1 + t->count / 3)
            assert_slope(name, t->name, &p, &ref->values[t->offset + k], gradients[t->offset + k]);
    }
    for (int i = 0; i < g->edge_weights; i++)
        assert_slope(name, "edge weight", &p, &ref->edge_weights[i], ref->edge_gradients[i]);
    size_t numbers = (size_t)count * numbers_of(nb_graph_shape(g, g->input));
    for (size_t i = 0; i < numbers; i += 1 + numbers / 7)
        assert_slope(name, "image", &p, &c.images_double[i], ref->grads[g->input][i]);
    assert_true(p.smooth > 5 * p.kinks);
    free(gradients);
    free(buffers);
    comparison_free(&c);
}

static void gradients_of_every_operator_are_slopes(void **state)
{
    (void)state;
    for (size_t i = 0; i < NETWORKS - 1; i++) {
        check_network(networks[i].name, networks[i].build(3, 5), 4, true, 7 + i);
        check_network(networks[i].name, networks[i].build(2, 4), 3, false, 8 + i);
    }
}

static void gradients_of_whole_networks_are_slopes(void **state)
{
    (void)state;
    static const int cells[3][6] = {{3, 3, 3, 3, 3, 3}, {3, 2, 4, 1, 3, 0}, {1, 2, 4, 1, 0, 3}};
    for (size_t i = 0; i < 3; i++)
        check_network("tiny network", tiny_network(cells[i], 2, 1, 4, 3), 4, true, 20 + i);
}

static void label_smoothing_is_in_the_loss_and_its_gradient(void **state)
{
    (void)state;
    nb_graph *g = nb_graph_new();
    nb_node x = nb_graph_input(g, 7, 1, 1);
    nb_graph_cross_entropy(g, nb_graph_linear(g, x, 6, "linear"), 0.1);
    check_network("smoothed loss", g, 5, true, 1);
}

static void known_losses_come_out(void **state)
{
    (void)state;
    nb_graph *g = nb_graph_new();
    nb_graph_cross_entropy(g, nb_graph_input(g, 4, 1, 1), 0);
    nb_params *params;
    nb_reference *ref;
    assert_int_equal(nb_params_new(g, &params, NULL), NB_OK);
    assert_int_equal(nb_reference_new(g, params, 2, true, &ref, NULL), NB_OK);
    const double logits[8] = {0, 0, 0, 0, log(1), log(2), log(3), log(4)};
    const int32_t labels[2] = {3, 2};
    double loss = nb_reference_forward(ref, logits, labels);
    assert_true(fabs(loss - (log(4) + log(10) - log(3)) / 2) < 1e-12);
    assert_int_equal(ref->top1, 0); /* of equal logits the first class wins; of the second image class 3 */
    assert_int_equal(ref->top5, 2);
    nb_reference_free(ref);
    nb_params_free(params);
    nb_graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_of_every_operator_are_slopes),
        cmocka_unit_test(gradients_of_whole_networks_are_slopes),
        cmocka_unit_test(label_smoothing_is_in_the_loss_and_its_gradient),
        cmocka_unit_test(known_losses_come_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
