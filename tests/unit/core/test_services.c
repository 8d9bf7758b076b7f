/* SPDX-License-Identifier: Apache-2.0
 *
 * The services' defaults are what the documentation says. */
#include "pool_rig.h"

#include "core/pool/services.h"

static const uint64_t MS = 1000000;

static void each_service_has_its_limits_and_any_other_the_common_ones(void **state)
{
    (void)state;
    const struct {
        const char *name;
        uint32_t min, max;
        uint64_t connect_ms, read_ms, checkout_ms;
    } expected[] = {
        {"bedrock", 5, 50, 3000, 10000, 2000},   {"dynamodb", 3, 30, 2000, 5000, 5000},
        {"opensearch", 3, 20, 3000, 5000, 5000}, {"redis", 5, 100, 1000, 1000, 500},
        {"anything", 2, 20, 5000, 30000, 5000},
    };

    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct service *service = service_find(view_of(expected[i].name));
        assert_ptr_equal(service, service_at(i));
        assert_int_equal(service->connections_min, expected[i].min);
        assert_int_equal(service->connections_max, expected[i].max);
        assert_int_equal(service->connect_in_ns, expected[i].connect_ms * MS);
        assert_int_equal(service->read_in_ns, expected[i].read_ms * MS);
        assert_int_equal(service->checkout_in_ns, expected[i].checkout_ms * MS);
    }
    assert_null(service_at(sizeof expected / sizeof expected[0]));
}

static void a_pool_can_be_made_of_each(void **state)
{
    (void)state;

    for (size_t i = 0; service_at(i) != NULL; i++) {
        struct pool pool;
        struct pool_settings settings = service_pool(service_at(i), 10, 7);
        rig_start(&pool, &settings);
        assert_true(pool.settings.idle_ns == 300 * SECOND);
        assert_true(pool.settings.check_every_ns == 60 * SECOND);
        pool_release(&pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_service_has_its_limits_and_any_other_the_common_ones),
        cmocka_unit_test(a_pool_can_be_made_of_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
