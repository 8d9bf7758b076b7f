/* SPDX-License-Identifier: Apache-2.0
 *
 * list: a doubly linked list whose links are members of the items, so that an item leaves a list
 * in constant time and nothing is allocated.
 *
 * Memory: the items'. Threads: one owner. */
#ifndef ASSAY_CORE_POOL_LIST_H
#define ASSAY_CORE_POOL_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct list_link {
    struct list_link *previous;
    struct list_link *next;
};

/* Zeroed, it is empty. */
struct list {
    struct list_link *first;
    struct list_link *last;
    uint32_t count;
};

/* The item of type `type` whose member `member` is `link`. */
#define LIST_ITEM(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void list_add_first(struct list *list, struct list_link *link)
{
    link->previous = NULL;
    link->next = list->first;
    if (list->first != NULL)
        list->first->previous = link;
    else
        list->last = link;
    list->first = link;
    list->count++;
}

static inline void list_add_last(struct list *list, struct list_link *link)
{
    link->next = NULL;
    link->previous = list->last;
    if (list->last != NULL)
        list->last->next = link;
    else
        list->first = link;
    list->last = link;
    list->count++;
}

/* Behind `after`, which is in this very list. */
static inline void list_add_after(struct list *list, struct list_link *link,
                                  struct list_link *after)
{
    if (after->next == NULL) {
        list_add_last(list, link);
        return;
    }
    link->previous = after;
    link->next = after->next;
    after->next->previous = link;
    after->next = link;
    list->count++;
}

/* The link must be in this very list. */
static inline void list_remove(struct list *list, struct list_link *link)
{
    assert_always(list->count > 0);
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        list->first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    else
        list->last = link->previous;
    link->previous = NULL;
    link->next = NULL;
    list->count--;
}

#endif
