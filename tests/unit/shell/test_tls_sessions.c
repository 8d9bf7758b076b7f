/* SPDX-License-Identifier: Apache-2.0
 *
 * Which sessions a client keeps and offers: both sides of TLS in memory, no sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "shell/net/tls.h"
#include "tls_files.h"

struct rig {
    struct tls_files files;
    struct tls_trusts *trusts;
    struct tls_port *port;
};

static int setup(void **state)
{
    static struct rig rig;
    const struct tls_port_wish wish = {.alpn = VIEW("\x08http/1.1"),
                                       .certificate_file = rig.files.certificate,
                                       .key_file = rig.files.key};

    tls_files_make(&rig.files);
    assert_int_equal(tls_trusts_new(&rig.trusts), 0);
    assert_int_equal(tls_port_new(&wish, &rig.port, NULL), 0);
    *state = &rig;
    return 0;
}

static int teardown(void **state)
{
    struct rig *rig = *state;

    tls_port_free(rig->port);
    tls_trusts_free(rig->trusts);
    tls_files_remove(&rig->files);
    return 0;
}

static struct tls *client_of(struct rig *rig, const char *host)
{
    const struct tls_wish wish = {.host = host, .port = 1, .ca_file = rig->files.authority};
    struct tls *client;

    assert_int_equal(tls_new(rig->trusts, &wish, &client, NULL), 0);
    return client;
}

/* Carries what one side has to say to the other. */
static void carry(struct tls *from, struct tls *to)
{
    struct strbuf bytes;

    strbuf_init(&bytes, 1 << 20);
    tls_take(from, &bytes);
    assert_int_equal(tls_feed(to, strbuf_view(&bytes)), 0);
    strbuf_release(&bytes);
}

/* A whole conversation; true where a session was resumed. */
static bool converse(struct rig *rig, const char *host)
{
    struct tls *client = client_of(rig, host);
    struct tls *server;
    char room[100];
    size_t len;
    int done = ERR_BUSY;

    assert_int_equal(tls_accept(rig->port, &server, NULL), 0);
    for (int i = 0; i < 6 && done != 0; i++) {
        done = tls_handshake(client, NULL);
        carry(client, server);
        int theirs = tls_handshake(server, NULL);
        assert_true(theirs == 0 || theirs == ERR_BUSY);
        carry(server, client);
    }
    assert_int_equal(done, 0);
    assert_int_equal(tls_write(server, view_of("hello")), 0);
    carry(server, client);
    assert_int_equal(tls_read(client, room, sizeof room, &len, NULL), 0);
    bool resumed = tls_resumed(client);
    tls_free(client);
    tls_free(server);
    return resumed;
}

static void a_session_is_resumed_with_the_peer_that_gave_it(void **state)
{
    assert_false(converse(*state, "localhost"));
    assert_true(tls_trusts_sessions(((struct rig *)*state)->trusts) > 0);
    assert_true(converse(*state, "localhost"));
    assert_false(converse(*state, "127.0.0.1")); /* another name, though the same peer */
}

static void who_breaks_off_a_handshake_is_offered_no_session_again(void **state)
{
    struct rig *rig = *state;

    assert_false(converse(rig, "localhost"));
    assert_true(tls_trusts_sessions(rig->trusts) > 0);
    struct tls *client = client_of(rig, "localhost");
    assert_int_equal(tls_handshake(client, NULL), ERR_BUSY);
    tls_free(client); /* the peer closed before it answered */
    assert_int_equal(tls_trusts_sessions(rig->trusts), 0);
    assert_false(converse(rig, "localhost"));
    assert_true(converse(rig, "localhost"));
}

static void a_name_with_its_roots_dot_is_the_same_name(void **state)
{
    assert_false(converse(*state, "localhost."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_session_is_resumed_with_the_peer_that_gave_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(who_breaks_off_a_handshake_is_offered_no_session_again,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_with_its_roots_dot_is_the_same_name, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
