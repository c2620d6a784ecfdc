/* Completion for bash, written from the commands' descriptions. The kind of an option's value is told by the word that stands for it in
 * the help text: FILE, TABLE and the like complete to file names, DATASET and the like to the well-known names. */
#include <string.h>

#include "cli_help.h"

/* Known values by the word that stands for them. */
static const struct {
    const char *word;
    const char *values;
} known_values[] = {
    {"DATASET", "cifar10-valid cifar10 cifar100 ImageNet16-120"},
    {"SPLIT", "train valid test x-valid x-test ori-test"},
    {"SCHEDULE", "12 200 01 90"},
    {"SPACE", "nasbench201 nats-size"},
    {"METRIC", "accuracy loss time total-time"},
    {"SEED", "mean random all"},
    {"EPOCH", "last"},
    {"FORMAT", "csv json"},
    {"MODEL", "measured flops none"},
    {"TRIALS", "random mean"},
    {"VERSION", "1.0 1.1 1.2 1.3 2.0 nats aa"},
};

static const char *values_of(const char *word)
{
    for (size_t i = 0; i < sizeof known_values / sizeof *known_values; i++) {
        if (strcmp(word, known_values[i].word) == 0)
            return known_values[i].values;
    }
    return NULL;
}

/* One case per option that takes one of a few values. */
static void put_value_cases(const cli_command *command, FILE *out)
{
    for (const struct argp_option *option = command->options; option && (option->name || option->doc); option++) {
        const char *values = option->arg && option->name ? values_of(option->arg) : NULL;
        if (values)
            fprintf(out, "    '%s --%s') values='%s' ;;\n", command->name, option->name, values);
    }
}

static void put_values(const cli_command *command, void *user)
{
    put_value_cases(command, user);
}

static void put_words(const cli_command *command, void *user)
{
    FILE *out = user;
    fprintf(out, "    '%s') words='", command->name);
    for (const cli_command *const *child = command->children; child && *child; child++)
        fprintf(out, "%s ", cli_last_word(*child));
    for (const struct argp_option *option = command->options; option && (option->name || option->doc); option++) {
        if (option->name && !(option->flags & (OPTION_HIDDEN | OPTION_DOC)))
            fprintf(out, "--%s%s ", option->name, option->arg ? "=" : "");
    }
    fputs("--help' ;;\n", out);
}

void cli_print_bash_completion(FILE *out)
{
    fputs("# bash completion for nasbench; written by `nasbench help --bash-completion`\n"
          "_nasbench()\n"
          "{\n"
          "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} words= values= option=\n"
          "  COMPREPLY=()\n"
          "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "    words='--help --version help",
          out);
    for (const cli_group *group = cli_groups; group->title; group++) {
        for (const cli_command *const *command = group->commands; *command; command++) {
            if (strcmp((*command)->name, "help") != 0)
                fprintf(out, " %s", (*command)->name);
        }
    }
    fputs("'\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "    return\n"
          "  fi\n"
          "  case $command in\n",
          out);
    for (const cli_group *group = cli_groups; group->title; group++) {
        for (const cli_command *const *command = group->commands; *command; command++) {
            if ((*command)->children)
                fprintf(out, "    %s) [ \"$COMP_CWORD\" -gt 2 ] && command=\"$command ${COMP_WORDS[2]}\" ;;\n", (*command)->name);
        }
    }
    fputs("  esac\n"
          "  case $previous in\n"
          "    =) option=${COMP_WORDS[COMP_CWORD-2]} ;;\n"
          "    *) option=$previous; [ \"$current\" = = ] && current= ;;\n"
          "  esac\n"
          "  case \"$command $option\" in\n",
          out);
    cli_each_command(put_values, out);
    fputs("  esac\n"
          "  if [ -n \"$values\" ]; then\n"
          "    COMPREPLY=($(compgen -W \"$values\" -- \"$current\"))\n"
          "    return\n"
          "  fi\n"
          "  if [[ $current == -* ]]; then\n"
          "    case $command in\n",
          out);
    cli_each_command(put_words, out);
    fputs("    esac\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
          "    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
          "    return\n"
          "  fi\n"
          "  case $command in\n"
          "    help) words='",
          out);
    for (const cli_group *group = cli_groups; group->title; group++) {
        for (const cli_command *const *command = group->commands; *command; command++)
            fprintf(out, "%s ", (*command)->name);
    }
    fputs("'; COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n", out);
    for (const cli_group *group = cli_groups; group->title; group++) {
        for (const cli_command *const *command = group->commands; *command; command++) {
            if (!(*command)->children)
                continue;
            fprintf(out, "    %s) words='", (*command)->name);
            for (const cli_command *const *child = (*command)->children; *child; child++)
                fprintf(out, "%s ", cli_last_word(*child));
            fputs("'; COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n", out);
        }
    }
    fputs("    *) COMPREPLY=($(compgen -f -- \"$current\")); compopt -o filenames ;;\n"
          "  esac\n"
          "}\n"
          "complete -F _nasbench nasbench\n",
          out);
}
