#include "store/points.h"

#include <math.h>

#include "store/table.h"

/* How many epochs are complete at a point: its epoch rounded up, since the last step of training may fall a little short. */
static uint32_t epochs_done(const nb_setup *setup, uint32_t point, uint32_t trial)
{
    double epoch = ceil(nb_column_at(&nb_setup_point(setup, point)[NB_POINT_EPOCH], trial));
    if (!(epoch > 0))
        return 0;
    return epoch < setup->info.epochs ? (uint32_t)epoch : setup->info.epochs;
}

int nb_setup_find_point(const nb_setup *setup, uint32_t trial, uint32_t epoch)
{
    for (uint32_t point = setup->points; point-- > 0;)
        if (epochs_done(setup, point, trial) == epoch + 1)
            return (int)point;
    return -1;
}

bool nb_setup_point_value(const nb_setup *setup, const nb_curve_view *curve, uint32_t trial, uint32_t epoch, double *out)
{
    uint32_t number = (uint32_t)(curve - setup->curves);
    int point = nb_setup_find_point(setup, trial, epoch);
    *out = (double)NAN;
    if (point < 0)
        return false;
    const nb_column *columns = nb_setup_point(setup, (uint32_t)point);
    if (number % NB_METRIC_COUNT == NB_METRIC_TIME)
        *out = nb_column_at(&columns[NB_POINT_TIME], trial) / (epoch + 1);
    else
        *out = 100 * nb_column_at(&columns[NB_POINT_ACCURACY + number / NB_METRIC_COUNT], trial);
    return true;
}
