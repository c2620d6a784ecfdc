#include "search/policy.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"

nb_status nb_policy_start(nb_policy *policy, const nb_space *space, double scale, nb_rng *rng, nb_error *err)
{
    *policy = (nb_policy){.decisions = nb_space_decision_count(space), .power1 = 1, .power2 = 1};
    for (size_t d = 0; d < policy->decisions; d++) {
        policy->choices[d] = nb_space_decision(space, d)->choices;
        policy->logits += policy->choices[d];
    }
    policy->theta = calloc(4 * policy->logits, sizeof *policy->theta);
    if (!policy->theta)
        return nb_fail(err, NB_ERR_MEMORY, "a policy of %zu logits: out of memory", policy->logits);
    policy->probability = policy->theta + policy->logits;
    policy->first = policy->probability + policy->logits;
    policy->second = policy->first + policy->logits;
    for (size_t i = 0; i < policy->logits; i++)
        policy->theta[i] = scale * nb_rng_normal(rng);
    return NB_OK;
}

void nb_policy_stop(nb_policy *policy)
{
    free(policy->theta);
    policy->theta = NULL;
}

static void softmax(const double *logits, size_t count, double *probability)
{
    double highest = logits[0], sum = 0;
    for (size_t i = 1; i < count; i++)
        highest = logits[i] > highest ? logits[i] : highest;
    for (size_t i = 0; i < count; i++) {
        probability[i] = exp(logits[i] - highest);
        sum += probability[i];
    }
    for (size_t i = 0; i < count; i++)
        probability[i] /= sum;
}

/* Where the cumulated probability passes a uniform number; what rounding leaves over belongs to the last choice. */
static uint8_t draw(const double *probability, size_t count, nb_rng *rng)
{
    double left = nb_rng_uniform(rng);
    size_t i = 0;
    while (i + 1 < count && left >= probability[i])
        left -= probability[i++];
    return (uint8_t)i;
}

void nb_policy_draw(nb_policy *policy, nb_rng *rng, uint8_t *picked)
{
    const double *theta = policy->theta;
    double *probability = policy->probability;
    for (size_t d = 0; d < policy->decisions; d++) {
        softmax(theta, policy->choices[d], probability);
        picked[d] = draw(probability, policy->choices[d], rng);
        theta += policy->choices[d];
        probability += policy->choices[d];
    }
}

void nb_policy_learn(nb_policy *policy, const uint8_t *picked, double advantage, const nb_adam_rule *rule)
{
    policy->power1 *= rule->beta1;
    policy->power2 *= rule->beta2;
    size_t i = 0;
    for (size_t d = 0; d < policy->decisions; d++) {
        for (uint32_t choice = 0; choice < policy->choices[d]; choice++, i++) {
            const double is_picked = choice == picked[d] ? 1 : 0;
            const double gradient = (policy->probability[i] - is_picked) * advantage; /* d(-log softmax)/d logit */
            policy->first[i] = rule->beta1 * policy->first[i] + (1 - rule->beta1) * gradient;
            policy->second[i] = rule->beta2 * policy->second[i] + (1 - rule->beta2) * gradient * gradient;
            const double mean = policy->first[i] / (1 - policy->power1);
            const double deviation = sqrt(policy->second[i] / (1 - policy->power2));
            policy->theta[i] -= rule->learning_rate * mean / (deviation + rule->epsilon);
        }
    }
}

void nb_policy_likeliest(const nb_policy *policy, uint8_t *picked)
{
    const double *theta = policy->theta;
    for (size_t d = 0; d < policy->decisions; d++) {
        picked[d] = 0;
        for (uint32_t i = 1; i < policy->choices[d]; i++)
            if (theta[i] > theta[picked[d]])
                picked[d] = (uint8_t)i;
        theta += policy->choices[d];
    }
}
