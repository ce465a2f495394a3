/* The small command set (small_store.h) on a naive model that knows nothing of storage. */
#ifndef TEST_SUPPORT_SMALL_MODEL_H
#define TEST_SUPPORT_SMALL_MODEL_H

#include "support/small_line.h"
#include "support/sorted_model.h"

struct small_model {
    struct sorted_model rows; /* Database and key -> expiry and content, as text; the database is the record's table. */
    uint32_t selected_db;
};
void small_model_init(struct small_model *model);
void small_model_release(struct small_model *model);
void small_model_run(struct small_model *model, const char *line);
char *small_model_text(const struct small_model *model);

#endif
