#include "base/name.h"

/* The next character that counts, in lower case; zero at the end. Moves *at past it. */
static char next_significant(const char **at)
{
    while (**at == '-' || **at == '_' || **at == ' ')
        (*at)++;
    const char c = **at;
    if (c != '\0')
        (*at)++;
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool nb_same_name(const char *a, const char *b)
{
    char c;
    do {
        c = next_significant(&a);
        if (c != next_significant(&b))
            return false;
    } while (c != '\0');
    return true;
}
