#include "storage/env/env_check.h"

#include "base/memory.h"
#include "storage/env/env_check_state.h"
#include "storage/env/env_exact.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void env_check_tell(struct env_check *check, const char *format, ...)
{
    char text[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    check->summary->problem_count++;
    check->options->on_problem(check->options->context, text);
}

bool env_check_open(struct env_check *check, struct env_rows *rows, enum table table)
{
    enum status status = env_rows_open(rows, check->visit.env, check->visit.txn, table, slice_empty());

    if (status != STATUS_OK) {
        env_check_tell(check, "table %s: cannot be read: %s", env_table_name(table), status_name(status));
    }
    return status == STATUS_OK;
}

bool env_check_next(struct env_check *check, struct env_rows *rows, enum table table, struct slice *key,
                    struct slice *value)
{
    enum status status = env_rows_next(rows, key, value);

    if (status == STATUS_OK) {
        check->summary->row_counts[table]++;
        if (check->options->on_row != NULL) {
            check->options->on_row(check->options->context, table, *key);
        }
        return true;
    }
    if (status != STATUS_END) {
        env_check_tell(check, "table %s: LMDB cannot walk it beyond row %" PRIu64 ": %s", env_table_name(table),
                       check->summary->row_counts[table], status_name(status));
    }
    return false;
}

bool env_check_find(struct env_check *check, enum table table, struct slice key, struct slice *value)
{
    MDB_val wanted = {.mv_size = key.len, .mv_data = (void *)(uintptr_t)key.data};
    MDB_val found;

    if (mdb_get(check->visit.txn, env_table_handle(check->visit.env, table), &wanted, &found) != MDB_SUCCESS) {
        return false;
    }
    *value = slice_make(found.mv_data, found.mv_size);
    return true;
}

void env_check_add_number(struct env_check_numbers *numbers, uint64_t number)
{
    if (numbers->count == numbers->room) {
        numbers->room = numbers->room == 0 ? 1024 : 2 * numbers->room;
        numbers->numbers = memory_resize(numbers->numbers, numbers->room * sizeof(number));
    }
    numbers->numbers[numbers->count++] = number;
}

static int compare_numbers(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;

    return (first > second) - (first < second);
}

void env_check_sort_numbers(struct env_check_numbers *numbers)
{
    if (numbers->count > 1) {
        qsort(numbers->numbers, numbers->count, sizeof(uint64_t), compare_numbers);
    }
}

bool env_check_has_number(const struct env_check_numbers *numbers, uint64_t number)
{
    return numbers->count > 0 &&
           bsearch(&number, numbers->numbers, numbers->count, sizeof(number), compare_numbers) != NULL;
}

/* K2: what the meta says of the databases. */
static void compare_databases(struct env_check *check)
{
    const struct env_meta *meta = &check->visit.meta;

    for (uint32_t i = 0; i < meta->database_count; i++) {
        const struct env_database *said = &meta->databases[i];
        const struct env_check_database *found = &check->databases[i];

        if (said->key_count != found->key_count) {
            env_check_tell(check, "database %u: the meta says %" PRIu64 " keys, there are %" PRIu64, i, said->key_count,
                           found->key_count);
        }
        if (said->expiry_count != found->expiry_count || said->expiry_sum_ms != found->expiry_sum_ms) {
            env_check_tell(check,
                           "database %u: the meta says %" PRIu64 " keys with expiry (sum %" PRIu64
                           "), there are %" PRIu64 " (%" PRIu64 ")",
                           i, said->expiry_count, said->expiry_sum_ms, found->expiry_count, found->expiry_sum_ms);
        }
        if (said->space >= meta->next_generation) {
            env_check_tell(check, "database %u: its space %" PRIu64 " is not below the next generation %" PRIu64, i,
                           said->space, meta->next_generation);
        }
        for (uint32_t j = 0; j < i; j++) {
            if (meta->databases[j].space == said->space) {
                env_check_tell(check, "databases %u and %u have the same space", j, i);
            }
        }
    }
}

/* K3: a generation belongs to one key at most, and to none if it is an orphan. */
static void compare_generations(struct env_check *check)
{
    const struct env_check_numbers *held = &check->generations;

    for (size_t i = 0; i < held->count; i++) {
        if (i > 0 && held->numbers[i] == held->numbers[i - 1]) {
            env_check_tell(check, "generation %" PRIu64 " belongs to more than one key", held->numbers[i]);
        }
        if (held->numbers[i] >= check->visit.meta.next_generation) {
            env_check_tell(check, "generation %" PRIu64 " is not below the next one, %" PRIu64, held->numbers[i],
                           check->visit.meta.next_generation);
        }
        if (env_check_has_number(&check->lost_generations, held->numbers[i])) {
            env_check_tell(check, "generation %" PRIu64 " belongs to a key and is an orphan", held->numbers[i]);
        }
    }
}

static void run(struct env_check *check)
{
    env_check_orphans(check);
    env_check_keys(check);
    env_check_sort_numbers(&check->generations);
    compare_generations(check);
    env_check_expiry(check);
    env_check_content(check, TABLE_FIELDS);
    env_check_content(check, TABLE_SCORES);
    compare_databases(check);
    check->summary->orphan_count = check->summary->row_counts[TABLE_ORPHANS];
    if (env_check_free_pages(check->visit.txn) != STATUS_OK) { /* Last: it may leave the transaction unusable. */
        env_check_tell(check, "LMDB's list of free pages is damaged: nothing can be written to it");
    }
}

enum status env_check(struct env *env, const struct env_check_options *options, struct env_check_summary *summary)
{
    struct env_check check = {.options = options, .summary = summary, .visit = {.env = env}};
    enum status status;

    *summary = (struct env_check_summary){.problem_count = 0};
    status = env_begin_exact(env, NULL, &check.visit.txn, &check.visit.meta);
    if (status != STATUS_OK) {
        env_check_tell(&check, status == STATUS_BUSY ? "a checkpoint was begun and has not ended: start the server once"
                                                     : "the meta cannot be read");
        return status;
    }
    buf_init(&check.visit.scratch, BUF_NO_CEILING);
    summary->history = check.visit.meta.history;
    summary->position = check.visit.meta.position;
    summary->is_clean = check.visit.meta.is_clean;
    check.databases = memory_allocate_zeroed((check.visit.meta.database_count + 1) * sizeof(*check.databases));
    run(&check);
    mdb_txn_abort(check.visit.txn);
    env_meta_release(&check.visit.meta);
    buf_release(&check.visit.scratch);
    memory_free(check.databases);
    memory_free(check.generations.numbers);
    memory_free(check.lost_generations.numbers);
    memory_free(check.lost_spaces.numbers);
    return STATUS_OK;
}
