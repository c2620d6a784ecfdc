#include "cli_arch.h"

#include "cli_graph.h"

#include <string.h>

const nb_space *cli_parse_space(const struct argp_state *state, const char *name)
{
    nb_error err;
    const nb_space *space = nb_space_find(name, &err);
    if (!space)
        cli_bad_usage(state, "--space: %s", err.message);
    return space;
}

/* A string belongs to the one space that reads it. */
static bool read_in_any_space(const char *text, nb_arch *arch)
{
    const nb_space *space;
    for (size_t i = 0; (space = nb_space_list(i)) != NULL; i++) {
        if (nb_space_parse(space, text, strlen(text), arch, NULL) == NB_OK)
            return true;
    }
    return false;
}

int cli_read_arch(const nb_space *space, const char *text, nb_arch *arch)
{
    uint64_t index;
    if (!space && !cli_is_unsigned(text, &index) && read_in_any_space(text, arch))
        return CLI_OK;
    nb_error err;
    if (!space) /* the message is about the space that the text most resembles */
        space = nb_space_of(cli_is_graph(text)                        ? NB_SPACE_GRAPH
                            : strchr(text, ':') && !strchr(text, '|') ? NB_SPACE_SIZE
                                                                      : NB_SPACE_TOPOLOGY);
    if (nb_space_lookup(space, text, strlen(text), arch, &err) != NB_OK)
        return cli_fail_with(&err);
    return CLI_OK;
}

cli_arch_text cli_arch_string(const nb_arch *arch)
{
    cli_arch_text string = {{0}};
    nb_space_format(nb_space_of(arch->space), arch, string.text, sizeof string.text);
    return string;
}
