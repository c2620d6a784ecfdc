/* The policy that REINFORCE learns: for every decision a table of logits, whose softmax is the probability of each choice. */
#ifndef NB_SEARCH_POLICY_H
#define NB_SEARCH_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "nasbench/space.h"

/* Adam (Kingma and Ba, 2015) without weight decay. */
typedef struct nb_adam_rule {
    double learning_rate, beta1, beta2, epsilon;
} nb_adam_rule;

/* Arrays are [logits]: one row of choices per decision, one row after the other, and share the block that `theta` begins. */
typedef struct nb_policy {
    size_t decisions, logits;
    uint32_t choices[NB_DECISIONS_MAX]; /* of each decision */
    double *theta;
    double *probability;    /* softmax of theta's rows when nb_policy_draw last ran */
    double *first, *second; /* Adam's moments */
    double power1, power2;  /* beta1^t, beta2^t after t steps */
} nb_policy;

/* Logits start as normal deviates times `scale`. */
nb_status nb_policy_start(nb_policy *policy, const nb_space *space, double scale, nb_rng *rng, nb_error *err);
void nb_policy_stop(nb_policy *policy);

/* Draws a choice for every decision: picked[decisions]. */
void nb_policy_draw(nb_policy *policy, nb_rng *rng, uint8_t *picked);

/* One step down the gradient of -log p(picked) * advantage, where p is the probability at the last draw. */
void nb_policy_learn(nb_policy *policy, const uint8_t *picked, double advantage, const nb_adam_rule *rule);

/* The likeliest choice of every decision, the first among equals: picked[decisions]. */
void nb_policy_likeliest(const nb_policy *policy, uint8_t *picked);

#endif
