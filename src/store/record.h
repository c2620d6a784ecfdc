/* A record as the trial that a table's writer takes. */
#ifndef NB_STORE_RECORD_H
#define NB_STORE_RECORD_H

#include "nasbench/record.h"

/* Points into the record, which must outlive it. */
typedef struct nb_record_trial {
    nb_trial trial;
    nb_curve *curves;
    const char **names;
    uint8_t *present; /* [curves][epochs] */
} nb_record_trial;

nb_status nb_record_trial_init(nb_record_trial *out, const nb_record *record, uint32_t row, nb_error *err);
void nb_record_trial_free(nb_record_trial *trial);

#endif
