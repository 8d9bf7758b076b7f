/* SPDX-License-Identifier: Apache-2.0
 *
 * fair: see fair.h. A flow is one caller in one lane. Tags count thousandths of a token, so that
 * weights up to 1000 divide them. A flow without items is kept for its tag while there is room; the
 * one that rests longest makes place for a new one. */
#include "core/quota/fair.h"

#include "base/mem.h"

enum { ITEMS_MAX = 1 << 24, PARTS = 1000 };

static const uint64_t TAG_MAX = UINT64_C(1) << 62;

/* Numbers of items and flows are kept plus one, so that zeroed memory holds none. */
struct fair_item {
    uint32_t flow; /* + 1; 0: not in the queue */
    uint32_t next;
    uint32_t previous;
    uint32_t cost;
    bool charged;
};

struct fair_flow {
    uint64_t caller;
    uint64_t start;  /* tag of its first item, while it has any */
    uint64_t finish; /* tag of the end of what it was served last */
    uint64_t turn;
    uint32_t lane;
    uint32_t weight;
    uint32_t first; /* items */
    uint32_t last;
    uint32_t count;
    uint32_t place; /* in the heap, while it has items */
    uint32_t hash_next;
    uint32_t next; /* at rest, or free */
    uint32_t previous;
};

struct fair_lane {
    uint64_t time; /* start tag of what was served last */
    uint32_t heap_count;
    uint32_t items;
};

/* ---- the heap of a lane --------------------------------------------------------------------- */

static uint32_t *heap_of(const struct fair *fair, uint32_t lane)
{
    return fair->heaps + (size_t)lane * fair->flows_max;
}

static bool comes_before(const struct fair *fair, uint32_t a, uint32_t b)
{
    const struct fair_flow *one = &fair->flows[a];
    const struct fair_flow *other = &fair->flows[b];

    return one->start != other->start ? one->start < other->start : one->turn < other->turn;
}

static void heap_put(struct fair *fair, uint32_t *heap, uint32_t place, uint32_t flow)
{
    heap[place] = flow;
    fair->flows[flow].place = place;
}

static void move_up(struct fair *fair, uint32_t *heap, uint32_t place, uint32_t flow)
{
    for (; place > 0 && comes_before(fair, flow, heap[(place - 1) / 2]); place = (place - 1) / 2)
        heap_put(fair, heap, place, heap[(place - 1) / 2]);
    heap_put(fair, heap, place, flow);
}

static void move_down(struct fair *fair, uint32_t *heap, uint32_t count, uint32_t place,
                      uint32_t flow)
{
    for (uint32_t child = 2 * place + 1; child < count; child = 2 * place + 1) {
        if (child + 1 < count && comes_before(fair, heap[child + 1], heap[child]))
            child++;
        if (!comes_before(fair, heap[child], flow))
            break;
        heap_put(fair, heap, place, heap[child]);
        place = child;
    }
    heap_put(fair, heap, place, flow);
}

static void heap_add(struct fair *fair, uint32_t flow)
{
    struct fair_lane *lane = &fair->lanes[fair->flows[flow].lane];

    move_up(fair, heap_of(fair, fair->flows[flow].lane), lane->heap_count++, flow);
}

static void heap_remove(struct fair *fair, uint32_t flow)
{
    struct fair_lane *lane = &fair->lanes[fair->flows[flow].lane];
    uint32_t *heap = heap_of(fair, fair->flows[flow].lane);
    uint32_t place = fair->flows[flow].place;
    uint32_t last = heap[--lane->heap_count];

    if (last == flow)
        return;
    if (place > 0 && comes_before(fair, last, heap[(place - 1) / 2]))
        move_up(fair, heap, place, last);
    else
        move_down(fair, heap, lane->heap_count, place, last);
}

/* ---- flows ---------------------------------------------------------------------------------- */

static uint32_t *hash_of(const struct fair *fair, uint64_t caller, uint32_t lane)
{
    uint64_t mixed = (caller ^ (uint64_t)lane << 56) * UINT64_C(0x9e3779b97f4a7c15);

    mixed = (mixed ^ mixed >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
    return &fair->hashes[(mixed ^ mixed >> 32) & (fair->hash_count - 1)];
}

static void rest_remove(struct fair *fair, struct fair_flow *flow)
{
    if (flow->previous != 0)
        fair->flows[flow->previous - 1].next = flow->next;
    else
        fair->rest_first = flow->next;
    if (flow->next != 0)
        fair->flows[flow->next - 1].previous = flow->previous;
    else
        fair->rest_last = flow->previous;
    flow->next = 0;
    flow->previous = 0;
}

static void rest_add(struct fair *fair, struct fair_flow *flow)
{
    uint32_t number = (uint32_t)(flow - fair->flows) + 1;

    flow->previous = fair->rest_last;
    if (fair->rest_last != 0)
        fair->flows[fair->rest_last - 1].next = number;
    else
        fair->rest_first = number;
    fair->rest_last = number;
}

static struct fair_flow *find(const struct fair *fair, uint64_t caller, uint32_t lane)
{
    uint32_t number = *hash_of(fair, caller, lane);

    while (number != 0) {
        struct fair_flow *flow = &fair->flows[number - 1];
        if (flow->caller == caller && flow->lane == lane)
            return flow;
        number = flow->hash_next;
    }
    return NULL;
}

/* The flow that rests longest is forgotten. */
static void forget_one(struct fair *fair)
{
    uint32_t number = fair->rest_first;
    struct fair_flow *flow = &fair->flows[number - 1];
    uint32_t *at = hash_of(fair, flow->caller, flow->lane);

    while (*at != number)
        at = &fair->flows[*at - 1].hash_next;
    *at = flow->hash_next;
    rest_remove(fair, flow);
    *flow = (struct fair_flow){.next = fair->free_first};
    fair->free_first = number;
}

/* A new flow, at rest; NULL where all have items. */
static struct fair_flow *make(struct fair *fair, uint64_t caller, uint32_t lane)
{
    if (fair->free_first == 0 && fair->rest_first == 0)
        return NULL;
    if (fair->free_first == 0)
        forget_one(fair);

    uint32_t number = fair->free_first;
    struct fair_flow *flow = &fair->flows[number - 1];
    uint32_t *hash = hash_of(fair, caller, lane);
    fair->free_first = flow->next;
    *flow = (struct fair_flow){.caller = caller, .lane = lane, .hash_next = *hash};
    *hash = number;
    rest_add(fair, flow);
    return flow;
}

/* Tags have grown near their end: the present becomes 0, for all flows of the lane. */
static void start_over(struct fair *fair, uint32_t lane)
{
    uint64_t time = fair->lanes[lane].time;

    for (uint32_t i = 0; i < fair->flows_max; i++) {
        struct fair_flow *flow = &fair->flows[i];
        if (flow->lane != lane)
            continue;
        flow->start = flow->start > time ? flow->start - time : 0;
        flow->finish = flow->finish > time ? flow->finish - time : 0;
    }
    fair->lanes[lane].time = 0;
}

/* ---- items ---------------------------------------------------------------------------------- */

static void link_item(struct fair *fair, struct fair_flow *flow, uint32_t number, bool first)
{
    struct fair_item *item = &fair->items[number - 1];

    item->previous = first ? 0 : flow->last;
    item->next = first ? flow->first : 0;
    if (item->previous != 0)
        fair->items[item->previous - 1].next = number;
    else
        flow->first = number;
    if (item->next != 0)
        fair->items[item->next - 1].previous = number;
    else
        flow->last = number;
}

int fair_add(struct fair *fair, const struct fair_request *request)
{
    assert_always(request->item < fair->settings.items_max && !fair_has(fair, request->item));
    assert_always(request->lane < fair->settings.lanes && request->weight <= FAIR_WEIGHT_MAX);
    assert_always(request->cost <= UINT32_MAX);
    struct fair_flow *flow = find(fair, request->caller, request->lane);
    if (flow == NULL)
        flow = make(fair, request->caller, request->lane);
    if (flow == NULL || (!request->first && flow->count >= fair->settings.per_caller_max))
        return ERR_BUSY;

    uint32_t number = (uint32_t)(flow - fair->flows);
    struct fair_lane *lane = &fair->lanes[request->lane];
    fair->items[request->item] = (struct fair_item){
        .flow = number + 1,
        .cost = request->cost == 0 ? 1 : (uint32_t)request->cost,
        .charged = request->charged,
    };
    link_item(fair, flow, request->item + 1, request->first);
    flow->weight = request->weight == 0 ? 1 : request->weight;
    if (flow->count++ == 0) {
        rest_remove(fair, flow);
        flow->start = flow->finish > lane->time ? flow->finish : lane->time;
        flow->turn = fair->turns++;
        heap_add(fair, number);
    }
    lane->items++;
    fair->count++;
    return 0;
}

bool fair_first(const struct fair *fair, uint32_t lane, uint32_t *ret_item)
{
    assert_always(lane < fair->settings.lanes);
    if (fair->lanes[lane].heap_count == 0)
        return false;
    *ret_item = fair->flows[heap_of(fair, lane)[0]].first - 1;
    return true;
}

/* Takes an item out of its flow. The flow is out of the heap, and comes back with `start`. */
static void take_out(struct fair *fair, uint32_t number, uint64_t start)
{
    struct fair_item *item = &fair->items[number];
    struct fair_flow *flow = &fair->flows[item->flow - 1];

    if (item->previous != 0)
        fair->items[item->previous - 1].next = item->next;
    else
        flow->first = item->next;
    if (item->next != 0)
        fair->items[item->next - 1].previous = item->previous;
    else
        flow->last = item->previous;
    *item = (struct fair_item){0};
    fair->lanes[flow->lane].items--;
    fair->count--;
    if (--flow->count == 0) {
        rest_add(fair, flow);
        return;
    }
    flow->start = start;
    heap_add(fair, (uint32_t)(flow - fair->flows));
}

void fair_serve(struct fair *fair, uint32_t item)
{
    assert_always(fair_has(fair, item));
    uint32_t number = fair->items[item].flow - 1;
    struct fair_flow *flow = &fair->flows[number];
    struct fair_lane *lane = &fair->lanes[flow->lane];
    assert_always(heap_of(fair, flow->lane)[0] == number && flow->first == item + 1);

    uint64_t cost = fair->items[item].charged ? 0 : fair->items[item].cost;
    heap_remove(fair, number);
    lane->time = flow->start;
    flow->finish = flow->start + cost * PARTS / flow->weight;
    flow->turn = fair->turns++;
    take_out(fair, item, flow->finish);
    if (lane->time > TAG_MAX)
        start_over(fair, flow->lane);
}

void fair_remove(struct fair *fair, uint32_t item)
{
    assert_always(fair_has(fair, item));
    uint32_t number = fair->items[item].flow - 1;

    heap_remove(fair, number);
    take_out(fair, item, fair->flows[number].start);
}

bool fair_has(const struct fair *fair, uint32_t item)
{
    assert_always(item < fair->settings.items_max);
    return fair->items[item].flow != 0;
}

uint32_t fair_waiting(const struct fair *fair, uint32_t lane)
{
    assert_always(lane < fair->settings.lanes);
    return fair->lanes[lane].items;
}

/* ---- life ----------------------------------------------------------------------------------- */

int fair_init(struct fair *fair, const struct fair_settings *settings)
{
    uint32_t lanes = settings->lanes == 0 ? 1 : settings->lanes;
    if (settings->items_max < 1 || settings->items_max > ITEMS_MAX || lanes > FAIR_LANES_MAX)
        return ERR_LIMIT;

    *fair = (struct fair){.settings = *settings, .hash_count = 1};
    fair->settings.lanes = lanes;
    if (settings->per_caller_max == 0)
        fair->settings.per_caller_max = settings->items_max;
    fair->flows_max =
        settings->items_max < FAIR_FLOWS_MAX ? settings->items_max : (uint32_t)FAIR_FLOWS_MAX;
    while (fair->hash_count < fair->flows_max)
        fair->hash_count *= 2;
    fair->items = mem_new(settings->items_max, sizeof *fair->items);
    fair->flows = mem_new(fair->flows_max, sizeof *fair->flows);
    fair->lanes = mem_new(lanes, sizeof *fair->lanes);
    fair->heaps = mem_new((size_t)lanes * fair->flows_max, sizeof *fair->heaps);
    fair->hashes = mem_new(fair->hash_count, sizeof *fair->hashes);
    if (fair->items == NULL || fair->flows == NULL || fair->lanes == NULL || fair->heaps == NULL
        || fair->hashes == NULL) {
        fair_release(fair);
        return ERR_MEMORY;
    }
    for (uint32_t i = fair->flows_max; i > 0; i--) {
        fair->flows[i - 1].next = fair->free_first;
        fair->free_first = i;
    }
    return 0;
}

void fair_release(struct fair *fair)
{
    mem_free(fair->items);
    mem_free(fair->flows);
    mem_free(fair->lanes);
    mem_free(fair->heaps);
    mem_free(fair->hashes);
    *fair = (struct fair){0};
}
