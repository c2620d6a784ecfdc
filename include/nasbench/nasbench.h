/* Everything: the public headers of all rooms, in the order a newcomer needs them. */
#ifndef NASBENCH_NASBENCH_H
#define NASBENCH_NASBENCH_H

#include "nasbench/error.h"
#include "nasbench/version.h"

#include "nasbench/progress.h"
#include "nasbench/random.h"
#include "nasbench/statistics.h"

#include "nasbench/distribution.h"

#include "nasbench/space.h"

#include "nasbench/topology.h"

#include "nasbench/genotype.h"

#include "nasbench/nasbench101.h"

#include "nasbench/nds.h"

#include "nasbench/table.h"

#include "nasbench/nasbench101_api.h"

#include "nasbench/record.h"

#include "nasbench/query.h"

#include "nasbench/db.h"

#include "nasbench/import.h"

#include "nasbench/db_build.h"

#include "nasbench/dataset.h"

#include "nasbench/generate.h"
#include "nasbench/train.h"

#include "nasbench/objective.h"

#include "nasbench/search.h"

#include "nasbench/outcome.h"

#include "nasbench/experiment.h"

#include "nasbench/landscape.h"

#include "nasbench/compare.h"

#endif
