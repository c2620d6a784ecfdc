#include "store/db_schema.h"

/* Statements as SQLite keeps them of what NNI's model definitions create (peewee 3.14). */

static const char nb101trialconfig_sql[] = "CREATE TABLE \"nb101trialconfig\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                           "\"arch\" JSON NOT NULL, \"num_vertices\" INTEGER NOT NULL, \"hash\" VARCHAR(64) NOT NULL, "
                                           "\"num_epochs\" INTEGER NOT NULL)";

static const nb_db_index nb101trialconfig_indexes[] = {
    {"nb101trialconfig_arch", "CREATE INDEX \"nb101trialconfig_arch\" ON \"nb101trialconfig\" (\"arch\")"},
    {"nb101trialconfig_num_vertices", "CREATE INDEX \"nb101trialconfig_num_vertices\" ON \"nb101trialconfig\" (\"num_vertices\")"},
    {"nb101trialconfig_hash", "CREATE INDEX \"nb101trialconfig_hash\" ON \"nb101trialconfig\" (\"hash\")"},
    {"nb101trialconfig_num_epochs", "CREATE INDEX \"nb101trialconfig_num_epochs\" ON \"nb101trialconfig\" (\"num_epochs\")"},
};

static const char nb101trialstats_sql[] = "CREATE TABLE \"nb101trialstats\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                          "\"config_id\" INTEGER NOT NULL, \"train_acc\" REAL NOT NULL, \"valid_acc\" REAL NOT NULL, "
                                          "\"test_acc\" REAL NOT NULL, \"parameters\" REAL NOT NULL, \"training_time\" REAL NOT NULL, "
                                          "FOREIGN KEY (\"config_id\") REFERENCES \"nb101trialconfig\" (\"id\"))";

static const nb_db_index nb101trialstats_indexes[] = {
    {"nb101trialstats_config_id", "CREATE INDEX \"nb101trialstats_config_id\" ON \"nb101trialstats\" (\"config_id\")"},
};

static const char nb101intermediatestats_sql[] = "CREATE TABLE \"nb101intermediatestats\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                                 "\"trial_id\" INTEGER NOT NULL, \"current_epoch\" INTEGER NOT NULL, "
                                                 "\"train_acc\" REAL NOT NULL, \"valid_acc\" REAL NOT NULL, \"test_acc\" REAL NOT NULL, "
                                                 "\"training_time\" REAL NOT NULL, "
                                                 "FOREIGN KEY (\"trial_id\") REFERENCES \"nb101trialstats\" (\"id\"))";

static const nb_db_index nb101intermediatestats_indexes[] = {
    {"nb101intermediatestats_trial_id", "CREATE INDEX \"nb101intermediatestats_trial_id\" ON \"nb101intermediatestats\" (\"trial_id\")"},
    {"nb101intermediatestats_current_epoch",
     "CREATE INDEX \"nb101intermediatestats_current_epoch\" ON \"nb101intermediatestats\" (\"current_epoch\")"},
};

static const char nb201trialconfig_sql[] = "CREATE TABLE \"nb201trialconfig\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                           "\"arch\" JSON NOT NULL, \"num_epochs\" INTEGER NOT NULL, \"num_channels\" INTEGER NOT NULL, "
                                           "\"num_cells\" INTEGER NOT NULL, \"dataset\" VARCHAR(20) NOT NULL)";

static const nb_db_index nb201trialconfig_indexes[] = {
    {"nb201trialconfig_arch", "CREATE INDEX \"nb201trialconfig_arch\" ON \"nb201trialconfig\" (\"arch\")"},
    {"nb201trialconfig_num_epochs", "CREATE INDEX \"nb201trialconfig_num_epochs\" ON \"nb201trialconfig\" (\"num_epochs\")"},
    {"nb201trialconfig_dataset", "CREATE INDEX \"nb201trialconfig_dataset\" ON \"nb201trialconfig\" (\"dataset\")"},
};

static const char nb201trialstats_sql[] = "CREATE TABLE \"nb201trialstats\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                          "\"config_id\" INTEGER NOT NULL, \"seed\" INTEGER NOT NULL, \"train_acc\" REAL NOT NULL, "
                                          "\"valid_acc\" REAL NOT NULL, \"test_acc\" REAL NOT NULL, \"ori_test_acc\" REAL NOT NULL, "
                                          "\"train_loss\" REAL, \"valid_loss\" REAL, \"test_loss\" REAL, \"ori_test_loss\" REAL, "
                                          "\"parameters\" REAL NOT NULL, \"latency\" REAL NOT NULL, \"flops\" REAL NOT NULL, "
                                          "\"training_time\" REAL NOT NULL, \"valid_evaluation_time\" REAL NOT NULL, "
                                          "\"test_evaluation_time\" REAL NOT NULL, \"ori_test_evaluation_time\" REAL NOT NULL, "
                                          "FOREIGN KEY (\"config_id\") REFERENCES \"nb201trialconfig\" (\"id\"))";

static const nb_db_index nb201trialstats_indexes[] = {
    {"nb201trialstats_config_id", "CREATE INDEX \"nb201trialstats_config_id\" ON \"nb201trialstats\" (\"config_id\")"},
};

static const char nb201intermediatestats_sql[] = "CREATE TABLE \"nb201intermediatestats\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                                 "\"trial_id\" INTEGER NOT NULL, \"current_epoch\" INTEGER NOT NULL, \"train_acc\" REAL, "
                                                 "\"valid_acc\" REAL, \"test_acc\" REAL, \"ori_test_acc\" REAL, \"train_loss\" REAL, "
                                                 "\"valid_loss\" REAL, \"test_loss\" REAL, \"ori_test_loss\" REAL, "
                                                 "FOREIGN KEY (\"trial_id\") REFERENCES \"nb201trialstats\" (\"id\"))";

static const nb_db_index nb201intermediatestats_indexes[] = {
    {"nb201intermediatestats_trial_id", "CREATE INDEX \"nb201intermediatestats_trial_id\" ON \"nb201intermediatestats\" (\"trial_id\")"},
    {"nb201intermediatestats_current_epoch",
     "CREATE INDEX \"nb201intermediatestats_current_epoch\" ON \"nb201intermediatestats\" (\"current_epoch\")"},
};

static const char ndstrialconfig_sql[] = "CREATE TABLE \"ndstrialconfig\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                         "\"model_family\" VARCHAR(20) NOT NULL, \"model_spec\" JSON NOT NULL, \"cell_spec\" JSON, "
                                         "\"dataset\" VARCHAR(15) NOT NULL, \"generator\" VARCHAR(15) NOT NULL, "
                                         "\"proposer\" VARCHAR(15) NOT NULL, \"base_lr\" REAL NOT NULL, \"weight_decay\" REAL NOT NULL, "
                                         "\"num_epochs\" INTEGER NOT NULL)";

static const nb_db_index ndstrialconfig_indexes[] = {
    {"ndstrialconfig_model_family", "CREATE INDEX \"ndstrialconfig_model_family\" ON \"ndstrialconfig\" (\"model_family\")"},
    {"ndstrialconfig_model_spec", "CREATE INDEX \"ndstrialconfig_model_spec\" ON \"ndstrialconfig\" (\"model_spec\")"},
    {"ndstrialconfig_cell_spec", "CREATE INDEX \"ndstrialconfig_cell_spec\" ON \"ndstrialconfig\" (\"cell_spec\")"},
    {"ndstrialconfig_dataset", "CREATE INDEX \"ndstrialconfig_dataset\" ON \"ndstrialconfig\" (\"dataset\")"},
    {"ndstrialconfig_generator", "CREATE INDEX \"ndstrialconfig_generator\" ON \"ndstrialconfig\" (\"generator\")"},
    {"ndstrialconfig_proposer", "CREATE INDEX \"ndstrialconfig_proposer\" ON \"ndstrialconfig\" (\"proposer\")"},
};

static const char ndstrialstats_sql[] = "CREATE TABLE \"ndstrialstats\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                        "\"config_id\" INTEGER NOT NULL, \"seed\" INTEGER NOT NULL, \"final_train_acc\" REAL NOT NULL, "
                                        "\"final_train_loss\" REAL, \"final_test_acc\" REAL NOT NULL, "
                                        "\"best_train_acc\" REAL NOT NULL, \"best_train_loss\" REAL, \"best_test_acc\" REAL NOT NULL, "
                                        "\"parameters\" REAL NOT NULL, \"flops\" REAL NOT NULL, \"iter_time\" REAL NOT NULL, "
                                        "FOREIGN KEY (\"config_id\") REFERENCES \"ndstrialconfig\" (\"id\"))";

static const nb_db_index ndstrialstats_indexes[] = {
    {"ndstrialstats_config_id", "CREATE INDEX \"ndstrialstats_config_id\" ON \"ndstrialstats\" (\"config_id\")"},
};

static const char ndsintermediatestats_sql[] = "CREATE TABLE \"ndsintermediatestats\" (\"id\" INTEGER NOT NULL PRIMARY KEY, "
                                               "\"trial_id\" INTEGER NOT NULL, \"current_epoch\" INTEGER NOT NULL, \"train_loss\" REAL, "
                                               "\"train_acc\" REAL NOT NULL, \"test_acc\" REAL NOT NULL, "
                                               "FOREIGN KEY (\"trial_id\") REFERENCES \"ndstrialstats\" (\"id\"))";

static const nb_db_index ndsintermediatestats_indexes[] = {
    {"ndsintermediatestats_trial_id", "CREATE INDEX \"ndsintermediatestats_trial_id\" ON \"ndsintermediatestats\" (\"trial_id\")"},
    {"ndsintermediatestats_current_epoch",
     "CREATE INDEX \"ndsintermediatestats_current_epoch\" ON \"ndsintermediatestats\" (\"current_epoch\")"},
};

#define FIELD(row, member, type, nullable)                                                                                                 \
    {                                                                                                                                      \
#member, NB_DB_##type, nullable, offsetof(row, member)                                                                             \
    }

static const nb_db_field nb101trialconfig_fields[] = {
    FIELD(nb_db_config, id, INTEGER, false),           FIELD(nb_db_config, arch, JSON, false),
    FIELD(nb_db_config, num_vertices, INTEGER, false), FIELD(nb_db_config, hash, TEXT, false),
    FIELD(nb_db_config, num_epochs, INTEGER, false),
};

static const nb_db_field nb101trialstats_fields[] = {
    FIELD(nb_db_trial, id, INTEGER, false),    FIELD(nb_db_trial, train_acc, REAL, false),  FIELD(nb_db_trial, valid_acc, REAL, false),
    FIELD(nb_db_trial, test_acc, REAL, false), FIELD(nb_db_trial, parameters, REAL, false), FIELD(nb_db_trial, training_time, REAL, false),
};

static const nb_db_field nb101intermediatestats_fields[] = {
    FIELD(nb_db_point, id, INTEGER, false),     FIELD(nb_db_point, current_epoch, INTEGER, false),
    FIELD(nb_db_point, train_acc, REAL, false), FIELD(nb_db_point, valid_acc, REAL, false),
    FIELD(nb_db_point, test_acc, REAL, false),  FIELD(nb_db_point, training_time, REAL, false),
};

static const nb_db_field nb201trialconfig_fields[] = {
    FIELD(nb_db_config, id, INTEGER, false),         FIELD(nb_db_config, arch, JSON, false),
    FIELD(nb_db_config, num_epochs, INTEGER, false), FIELD(nb_db_config, num_channels, INTEGER, false),
    FIELD(nb_db_config, num_cells, INTEGER, false),  FIELD(nb_db_config, dataset, TEXT, false),
};

static const nb_db_field nb201trialstats_fields[] = {
    FIELD(nb_db_trial, id, INTEGER, false),
    FIELD(nb_db_trial, seed, INTEGER, false),
    FIELD(nb_db_trial, train_acc, REAL, false),
    FIELD(nb_db_trial, valid_acc, REAL, false),
    FIELD(nb_db_trial, test_acc, REAL, false),
    FIELD(nb_db_trial, ori_test_acc, REAL, false),
    FIELD(nb_db_trial, train_loss, REAL, true),
    FIELD(nb_db_trial, valid_loss, REAL, true),
    FIELD(nb_db_trial, test_loss, REAL, true),
    FIELD(nb_db_trial, ori_test_loss, REAL, true),
    FIELD(nb_db_trial, parameters, REAL, false),
    FIELD(nb_db_trial, latency, REAL, false),
    FIELD(nb_db_trial, flops, REAL, false),
    FIELD(nb_db_trial, training_time, REAL, false),
    FIELD(nb_db_trial, valid_evaluation_time, REAL, false),
    FIELD(nb_db_trial, test_evaluation_time, REAL, false),
    FIELD(nb_db_trial, ori_test_evaluation_time, REAL, false),
};

static const nb_db_field nb201intermediatestats_fields[] = {
    FIELD(nb_db_point, id, INTEGER, false),     FIELD(nb_db_point, current_epoch, INTEGER, false),
    FIELD(nb_db_point, train_acc, REAL, true),  FIELD(nb_db_point, valid_acc, REAL, true),
    FIELD(nb_db_point, test_acc, REAL, true),   FIELD(nb_db_point, ori_test_acc, REAL, true),
    FIELD(nb_db_point, train_loss, REAL, true), FIELD(nb_db_point, valid_loss, REAL, true),
    FIELD(nb_db_point, test_loss, REAL, true),  FIELD(nb_db_point, ori_test_loss, REAL, true),
};

static const nb_db_field ndstrialconfig_fields[] = {
    FIELD(nb_db_config, id, INTEGER, false),        FIELD(nb_db_config, model_family, TEXT, false),
    FIELD(nb_db_config, model_spec, JSON, false),   FIELD(nb_db_config, cell_spec, JSON, true),
    FIELD(nb_db_config, dataset, TEXT, false),      FIELD(nb_db_config, generator, TEXT, false),
    FIELD(nb_db_config, proposer, TEXT, false),     FIELD(nb_db_config, base_lr, REAL, false),
    FIELD(nb_db_config, weight_decay, REAL, false), FIELD(nb_db_config, num_epochs, INTEGER, false),
};

static const nb_db_field ndstrialstats_fields[] = {
    FIELD(nb_db_trial, id, INTEGER, false),           FIELD(nb_db_trial, seed, INTEGER, false),
    FIELD(nb_db_trial, final_train_acc, REAL, false), FIELD(nb_db_trial, final_train_loss, REAL, true),
    FIELD(nb_db_trial, final_test_acc, REAL, false),  FIELD(nb_db_trial, best_train_acc, REAL, false),
    FIELD(nb_db_trial, best_train_loss, REAL, true),  FIELD(nb_db_trial, best_test_acc, REAL, false),
    FIELD(nb_db_trial, parameters, REAL, false),      FIELD(nb_db_trial, flops, REAL, false),
    FIELD(nb_db_trial, iter_time, REAL, false),
};

static const nb_db_field ndsintermediatestats_fields[] = {
    FIELD(nb_db_point, id, INTEGER, false),     FIELD(nb_db_point, current_epoch, INTEGER, false),
    FIELD(nb_db_point, train_loss, REAL, true), FIELD(nb_db_point, train_acc, REAL, false),
    FIELD(nb_db_point, test_acc, REAL, false),
};

/* clang-format off */
#define TABLE(table, parent)                                                                                                          \
    {#table, table##_sql, parent, table##_indexes, sizeof table##_indexes / sizeof *table##_indexes, table##_fields,                  \
     sizeof table##_fields / sizeof *table##_fields}
/* clang-format on */

static const nb_db_table tables[NB_DB_KIND_COUNT][NB_DB_ROLES] = {
    [NB_DB_NASBENCH101] = {TABLE(nb101trialconfig, NULL), TABLE(nb101trialstats, "config_id"), TABLE(nb101intermediatestats, "trial_id")},
    [NB_DB_NASBENCH201] = {TABLE(nb201trialconfig, NULL), TABLE(nb201trialstats, "config_id"), TABLE(nb201intermediatestats, "trial_id")},
    [NB_DB_NDS] = {TABLE(ndstrialconfig, NULL), TABLE(ndstrialstats, "config_id"), TABLE(ndsintermediatestats, "trial_id")},
};

const nb_db_table *nb_db_table_of(nb_db_kind kind, nb_db_role role)
{
    return &tables[kind][role];
}

static const nb_db_field *fields_of(nb_db_kind kind, nb_db_role role, size_t *count)
{
    if ((unsigned)kind >= NB_DB_KIND_COUNT) {
        *count = 0;
        return NULL;
    }
    *count = tables[kind][role].field_count;
    return tables[kind][role].fields;
}

const nb_db_field *nb_db_config_fields(nb_db_kind kind, size_t *count)
{
    return fields_of(kind, NB_DB_CONFIGS, count);
}

const nb_db_field *nb_db_trial_fields(nb_db_kind kind, size_t *count)
{
    return fields_of(kind, NB_DB_TRIALS, count);
}

const nb_db_field *nb_db_point_fields(nb_db_kind kind, size_t *count)
{
    return fields_of(kind, NB_DB_POINTS, count);
}
