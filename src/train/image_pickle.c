#include "train/image_pickle.h"

#include "base/pickle.h"

#define MAX_MEMORY ((size_t)2 << 30) /* of the values in one file; the largest published one has 105 MB */

static nb_status find_pixels(nb_pickle_value dict, const char *name, size_t image_bytes, const nb_pickle_array **out, nb_error *err)
{
    nb_pickle_value value;
    if (!nb_pickle_find(dict, "data", &value))
        return nb_fail(err, NB_ERR_FORMAT, "%s: %s without the key 'data', expected a dict with images", name,
                       nb_pickle_kind_name(dict.kind));
    const nb_pickle_array *array = nb_pickle_as_array(value);
    if (!array)
        return nb_fail(err, NB_ERR_FORMAT, "%s: 'data' is %s, expected a numpy array", name, nb_pickle_kind_name(value.kind));
    if (array->dtype.kind != 'u' || array->dtype.size != 1 || array->fortran || array->dims != 2 || array->shape[1] != image_bytes)
        return nb_fail(err, NB_ERR_FORMAT, "%s: 'data' has %u dimensions of type %c%u, expected unsigned bytes [images][%zu]", name,
                       array->dims, array->dtype.kind, array->dtype.size, image_bytes);
    *out = array;
    return NB_OK;
}

static nb_status find_labels(nb_pickle_value dict, const char *name, const char *key, uint64_t images, nb_pickle_value *out, nb_error *err)
{
    if (!nb_pickle_find(dict, key, out) || out->kind != NB_PICKLE_LIST)
        return nb_fail(err, NB_ERR_FORMAT, "%s: no list '%s', expected one label for each of %llu images", name, key,
                       (unsigned long long)images);
    if (nb_pickle_count(*out) != images)
        return nb_fail(err, NB_ERR_FORMAT, "%s: '%s' has %zu labels, expected one for each of %llu images", name, key,
                       nb_pickle_count(*out), (unsigned long long)images);
    return NB_OK;
}

static nb_status add_images(nb_pickle_value dict, const char *name, const char *label_key, uint32_t first_label, bool select,
                            nb_image_set *set, nb_error *err)
{
    const nb_pickle_array *pixels = NULL;
    nb_pickle_value labels;
    size_t image_bytes = nb_image_set_native_bytes(set);
    NB_TRY(find_pixels(dict, name, image_bytes, &pixels, err));
    NB_TRY(find_labels(dict, name, label_key, pixels->shape[0], &labels, err));
    for (size_t i = 0; i < pixels->shape[0]; i++) {
        nb_pickle_value label = nb_pickle_item(labels, i);
        if (label.kind != NB_PICKLE_INT)
            return nb_fail(err, NB_ERR_FORMAT, "%s: '%s'[%zu] is %s, expected an integer", name, label_key, i,
                           nb_pickle_kind_name(label.kind));
        int64_t class = label.number - (int64_t)first_label;
        bool known = label.number >= (int64_t)first_label && class < (int64_t)set->classes;
        if (!known && select)
            continue;
        if (!known)
            return nb_fail(err, NB_ERR_FORMAT, "%s: '%s'[%zu] is %lld, expected %u to %u", name, label_key, i, (long long)label.number,
                           first_label, first_label + set->classes - 1);
        NB_TRY(nb_image_set_add(set, pixels->data + i * image_bytes, (uint32_t) class, err));
    }
    return NB_OK;
}

nb_status nb_image_pickle_parse(const uint8_t *data, size_t size, const char *name, const char *label_key, uint32_t first_label,
                                bool select, nb_image_set *set, nb_error *err)
{
    nb_stream in;
    NB_TRY(nb_stream_over(&in, data, size, name, err));
    nb_pickle_value dict;
    nb_status status = nb_pickle_read(&in, &(nb_pickle_options){.max_memory = MAX_MEMORY}, &dict, err);
    nb_stream_close(&in);
    if (status != NB_OK)
        return status;
    status = add_images(dict, name, label_key, first_label, select, set, err);
    nb_pickle_drop(dict);
    return status;
}
