#include "cli_db.h"

#include <stdlib.h>

int cli_open_db(const char *name, nb_db **out)
{
    nb_db_kind kind;
    nb_error err;
    char *found = NULL;
    if (nb_db_kind_parse(name, &kind, NULL) == NB_OK && nb_db_find(kind, &found, &err) != NB_OK)
        return cli_fail_with(&err);
    nb_status status = nb_db_open(found ? found : name, out, &err);
    free(found);
    return status == NB_OK ? CLI_OK : cli_fail_with(&err);
}
