#include "cli_table.h"

#include <nasbench/space.h>
#include <stdlib.h>
#include <string.h>

int cli_open_table(const char *path, nb_table **table)
{
    nb_error err;
    switch (nb_table_open(path, table, &err)) {
    case NB_OK:
        return CLI_OK;
    case NB_ERR_FORMAT: /* most likely a published file that was not imported yet */
        return cli_fail("%s; 'nasbench import' makes tables of published files", err.message);
    default:
        return cli_fail_with(&err);
    }
}

int cli_find_row(const nb_table *table, const char *arch, uint32_t *row)
{
    const nb_table_info *info = nb_table_get_info(table);
    uint64_t index;
    const bool hash = nb_table_hash(table, 0) && strlen(arch) == (size_t)2 * NB_TABLE_HASH_SIZE; /* which may have no letter in it */
    if (!hash && cli_is_unsigned(arch, &index)) {
        if (index >= info->rows)
            return cli_fail("%s: no architecture %s, the table has 0 to %u", info->name, arch, info->rows > 0 ? info->rows - 1 : 0);
        *row = (uint32_t)index;
        return CLI_OK;
    }
    int64_t found = nb_table_row_of_string(table, arch);
    if (found >= 0) {
        *row = (uint32_t)found;
        return CLI_OK;
    }
    nb_arch parsed;
    nb_error err;
    if (nb_space_parse(info->space, arch, strlen(arch), &parsed, &err) != NB_OK)
        return cli_fail_with(&err);
    return cli_fail("%s: the table does not have %s", info->name, arch);
}

int cli_check_dataset(const nb_table *table, const char *dataset)
{
    const nb_table_info *info = nb_table_get_info(table);
    const char **names = cli_alloc((info->datasets + 1) * sizeof *names);
    char *list = cli_strdup("");
    int code = CLI_FAILED;
    for (uint32_t i = 0; i < info->datasets; i++) {
        names[i] = nb_table_dataset(table, i);
        if (strcmp(names[i], dataset) == 0)
            code = CLI_OK;
        char *longer = cli_format("%s%s%s", list, i > 0 ? ", " : "", names[i]);
        free(list);
        list = longer;
    }
    if (code != CLI_OK)
        cli_fail("%s: no dataset '%s'; the table has %s", info->name, dataset, info->datasets > 0 ? list : "none");
    free(list);
    free(names);
    return code;
}
