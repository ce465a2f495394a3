/* The folders of a fault_file disk: names as readers see them and as they are on disk, and the changes between. */
#ifndef TEST_SUPPORT_FAULT_TREE_H
#define TEST_SUPPORT_FAULT_TREE_H

#include "base/status.h"
#include "support/fault_content.h"

struct fault_node;

struct fault_name {
    char *text; /* Owned. */
    struct fault_node *node;
};

/* The names of a folder, as readers see them or as they are on disk. */
struct fault_names {
    struct fault_name *items;
    size_t count;
    size_t capacity;
};

/* A file or a folder. Nodes live until a sweep finds that nothing leads to them. */
struct fault_node {
    struct fault_node *next; /* All nodes of the tree. */
    size_t open_count;       /* Open files. */
    bool is_folder;
    bool is_reached; /* By the mark phase of a sweep. */
    struct fault_content content;
    struct fault_names cached;
    struct fault_names durable;
};

/* One change of names that no folder sync has made durable: `from` loses its name, `to` gets it. A creation has no
 * `from`, a removal no `to`. A rename is one change, so a crash keeps or drops both its sides. */
struct fault_name_change {
    struct fault_node *from_folder;
    char *from;
    struct fault_node *to_folder;
    char *to;
    struct fault_node *node; /* What `to` names then. */
    bool is_chosen;          /* By the sync of a folder. */
};

struct fault_tree {
    struct fault_node *nodes;
    struct fault_node *root;
    struct fault_name_change *changes; /* In order. */
    size_t change_count;
    size_t change_capacity;
};

/* Where a path leads: the folder and the last name in it, which may not be there yet. The root has no name. */
struct fault_place {
    struct fault_node *folder;
    char name[256];
    struct fault_node *node; /* NULL if the name is not there. */
};

void fault_tree_init(struct fault_tree *tree);
void fault_tree_release(struct fault_tree *tree);
/* STATUS_NOT_FOUND if a folder on the way is not there. */
MUST_CHECK enum status fault_tree_find(struct fault_tree *tree, const char *path, struct fault_place *place);
/* A node that has no name yet. */
struct fault_node *fault_tree_create_node(struct fault_tree *tree, bool is_folder);
/* Take the name from `from` (or nobody) and give `node` to `to` (or nobody), for readers now and for the disk later. */
void fault_tree_change_name(struct fault_tree *tree, const struct fault_place *from, const struct fault_place *to,
                            struct fault_node *node);
/* Make the pending changes of the folder's names durable. */
void fault_tree_sync_folder(struct fault_tree *tree, struct fault_node *folder);
/* Names and contents become what a crash leaves. */
void fault_tree_crash(struct fault_tree *tree, enum fault_survival survival, struct random *random);

#endif
