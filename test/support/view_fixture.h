/* A view over a new environment in a scratch folder, with a checkpoint that runs in the test's own thread. */
#ifndef TEST_SUPPORT_VIEW_FIXTURE_H
#define TEST_SUPPORT_VIEW_FIXTURE_H

#include "storage/env/env.h"
#include "storage/memtable/view.h"
#include "support/sorted_model.h"

struct view_fixture {
    char *folder;
    char *path;
    struct env *env;
    struct view *view;
    const struct memtable *frozen; /* The view's; NULL when there is none. */
    struct sorted_model model;     /* What the view must show. */
    struct random random;
};

void view_fixture_open(struct view_fixture *fixture, uint64_t seed);
void view_fixture_close(struct view_fixture *fixture);
/* Put or delete a random key of `table` in view and model. */
void view_fixture_change(struct view_fixture *fixture, enum table table);
void view_fixture_freeze(struct view_fixture *fixture);
/* Commit the frozen memtable, as the checkpoint thread does, and let the view drop it. */
void view_fixture_commit_frozen(struct view_fixture *fixture);

#endif
