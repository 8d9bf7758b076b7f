/* SPDX-License-Identifier: Apache-2.0
 *
 * way: what lies between two ends (see end.h): how each place is reached, what is lost, who is cut
 * off when, and what names mean. */
#include <stdio.h>

#include "base/mem.h"
#include "world/end.h"

enum { NAMES_MAX = 1 << 16 };

static const uint64_t GIVE_UP_NS = 60000000000;
static const uint64_t STAGGER_NS = 250000000;

/* ---- links ---------------------------------------------------------------------------------- */

static const struct world_link *link_to(const struct world *world, const char *host, uint16_t port)
{
    for (size_t i = 0; i < world->place_count; i++) {
        const struct world_place *place = &world->places[i];
        if (place->port == port && view_equal_nocase(view_of(place->host), view_of(host)))
            return &place->link;
    }
    return &world->link;
}

void world_aim(struct end *end, const char *host)
{
    if (host != end->host)
        snprintf(end->host, sizeof end->host, "%s", host);
    end->link = *link_to(end->world, end->host, end->port);
}

int world_set_link(struct world *world, struct view host, uint16_t port,
                   const struct world_link *link)
{
    if (host.len == 0 && port == 0) {
        world->link = *link;
        return 0;
    }
    for (size_t i = 0; i < world->place_count; i++) {
        struct world_place *known = &world->places[i];
        if (known->port == port && view_equal_nocase(view_of(known->host), host)) {
            known->link = *link;
            return 0;
        }
    }
    struct world_place *places = mem_resize(world->places, world->place_count + 1, sizeof *places);
    if (places == NULL)
        return ERR_MEMORY;
    world->places = places;
    struct world_place *place = &places[world->place_count++];
    *place = (struct world_place){.port = port, .link = *link};
    snprintf(place->host, sizeof place->host, "%.*s", VIEW_ARG(host));
    return 0;
}

/* ---- partitions ----------------------------------------------------------------------------- */

int world_partition(struct world *world, struct view host, uint16_t port, uint64_t from_ns,
                    uint64_t until_ns)
{
    struct world_gap *gaps = mem_resize(world->gaps, world->gap_count + 1, sizeof *gaps);
    if (gaps == NULL)
        return ERR_MEMORY;
    world->gaps = gaps;
    struct world_gap *gap = &gaps[world->gap_count++];
    *gap = (struct world_gap){.port = port, .from_ns = from_ns, .until_ns = until_ns};
    snprintf(gap->host, sizeof gap->host, "%.*s", VIEW_ARG(host));
    return 0;
}

void world_heal(struct world *world)
{
    world->gap_count = 0;
}

static bool is_cut_off(const struct end *end, uint64_t at_ns)
{
    const struct world *world = end->world;

    for (size_t i = 0; i < world->gap_count; i++) {
        const struct world_gap *gap = &world->gaps[i];
        if (at_ns >= gap->from_ns && at_ns < gap->until_ns
            && (gap->port == 0 || gap->port == end->port)
            && (gap->host[0] == '\0' || view_equal_nocase(view_of(gap->host), view_of(end->host))))
            return true;
    }
    return false;
}

/* ---- sending -------------------------------------------------------------------------------- */

uint64_t world_delay_ns(struct end *end)
{
    const struct world_link *link = &end->link;
    uint64_t delay_ns = link->latency_ns + end->offset_ns;

    if (link->jitter_ns != 0)
        delay_ns += rng_below(&end->rng, link->jitter_ns + 1);
    if (world_chance(&end->rng, link->spike_micro)) {
        delay_ns += link->spike_ns;
        end->world->counts.spikes++;
    }
    return delay_ns;
}

static bool is_lost(struct end *end, uint64_t at_ns)
{
    bool cut_off = is_cut_off(end, at_ns);
    bool lost = end->dark || cut_off || world_chance(&end->rng, end->link.loss_micro);

    end->world->counts.lost += lost ? 1 : 0;
    end->world->counts.cut_off += cut_off ? 1 : 0;
    return lost;
}

bool world_arrives(struct end *end)
{
    return !is_lost(end, end->world->now_ns);
}

uint64_t world_arrival(struct end *end, uint64_t leaves_ns, uint64_t resend_ns,
                       uint64_t *ret_given_up_ns)
{
    uint64_t patience_ns = end->link.give_up_ns != 0 ? end->link.give_up_ns : GIVE_UP_NS;
    uint64_t again_ns = end->link.resend_ns != 0 ? end->link.resend_ns : resend_ns;
    uint64_t at_ns = leaves_ns;

    while (is_lost(end, at_ns)) {
        at_ns += again_ns;
        again_ns *= 2;
        if (at_ns - leaves_ns >= patience_ns) {
            *ret_given_up_ns = leaves_ns + patience_ns;
            return UINT64_MAX;
        }
    }
    return at_ns + world_delay_ns(end);
}

/* ---- names ---------------------------------------------------------------------------------- */

int world_find_name(const struct world *world, const char *host)
{
    for (size_t i = 0; i < world->name_count; i++)
        if (view_equal_nocase(view_of(world->names[i].name), view_of(host)))
            return (int)i;
    return -1;
}

static int add_name(struct world *world, struct view name, int *ret_index)
{
    struct world_entry *names = mem_resize(world->names, world->name_count + 1, sizeof *names);
    if (names == NULL || world->name_count == NAMES_MAX)
        return ERR_MEMORY;
    world->names = names;
    *ret_index = (int)world->name_count;
    names[world->name_count] = (struct world_entry){0};
    snprintf(names[world->name_count++].name, WORLD_HOST_SIZE, "%.*s", VIEW_ARG(name));
    return 0;
}

int world_set_name(struct world *world, struct view name, const struct world_name *entry)
{
    char text[WORLD_HOST_SIZE];

    if (entry->address_count > WORLD_ADDRESSES_MAX)
        return ERR_LIMIT;
    snprintf(text, sizeof text, "%.*s", VIEW_ARG(name));
    int index = world_find_name(world, text);
    int code = index < 0 ? add_name(world, name, &index) : 0;
    if (code != 0)
        return code;
    struct world_entry *known = &world->names[index];
    known->settings = *entry;
    known->settings.addresses = NULL;
    if (entry->stagger_ns == 0)
        known->settings.stagger_ns = STAGGER_NS;
    for (size_t i = 0; i < entry->address_count; i++)
        snprintf(known->addresses[i], WORLD_HOST_SIZE, "%.*s", VIEW_ARG(entry->addresses[i]));
    return 0;
}
