/* JSON as Python spells it: json.dumps(value, sort_keys=True) without its blanks. Texts that are compared byte by byte depend on this
 * spelling: keys in the order of their code points at every level, whole numbers plain, other numbers as repr() writes a float ("0.0",
 * "0.25", "1e-05", "1e+16"), everything that is not ASCII escaped. */
#ifndef NB_BASE_PYTHON_JSON_H
#define NB_BASE_PYTHON_JSON_H

#include <jansson.h>

#include "base/error.h"
#include "base/number.h"
#include "base/text.h"

/* repr() of a finite float: the shortest decimal that reads back as it. Returns its length. */
size_t nb_python_float(double value, char text[NB_NUMBER_SIZE]);

/* Appends the text of a value. */
void nb_python_json(nb_text *out, const json_t *value);

/* Appends the text of the value that `text` writes in any layout. NB_ERR_FORMAT when it is no JSON; `name` is for messages. */
nb_status nb_python_json_respell(const char *text, size_t size, const char *name, nb_text *out, nb_error *err);

#endif
