#include "base/quote.h"

#include <stdbool.h>

#include "base/fixed_text.h"

nb_quoted nb_quote(const char *bytes, size_t size)
{
    nb_quoted quoted;
    const size_t most = NB_QUOTE_SIZE - 3; /* two quotes and a zero */
    const bool cut = size > most;
    const size_t shown = cut ? most - 3 : size;
    nb_fixed_text text = nb_fixed_text_into(quoted.text, sizeof quoted.text);
    nb_fixed_text_add_char(&text, '\'');
    for (size_t i = 0; i < shown; i++)
        nb_fixed_text_add_char(&text, bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?');
    nb_fixed_text_add_string(&text, cut ? "...'" : "'");
    return quoted;
}
