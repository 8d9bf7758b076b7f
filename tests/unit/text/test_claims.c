/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/claims.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "text/claims.h"

enum { WORDS_SIZE = 4096, ROOM = 1 << 24 };

static struct claims cut(struct arena *arena, const char *answer)
{
    struct claims claims;

    arena_init(arena, ROOM);
    assert_int_equal(claims_of(arena, view_of(answer), &claims), 0);
    return claims;
}

/* The claims with a tilde between them. */
static void assert_claims(const char *answer, const char *expected)
{
    struct arena arena;
    struct claims claims = cut(&arena, answer);
    char said[WORDS_SIZE] = "";

    for (size_t i = 0; i < claims.count; i++) {
        const struct claim *claim = &claims.items[i];
        size_t len = strlen(said);
        (void)snprintf(said + len, sizeof said - len, "%s%.*s", i > 0 ? "~" : "",
                       VIEW_ARG(claim->text));
        if (claim->offsets == NULL)
            assert_true(
                view_equal(claim->text, view_slice(view_of(answer), claim->start, claim->end)));
    }
    assert_string_equal(said, expected);
    arena_release(&arena);
}

static void assert_role(const char *sentence, enum claim_role role)
{
    struct arena arena;
    struct claims claims = cut(&arena, sentence);

    if (claims.count != 1 || claims.items[0].role != role)
        fail_msg("%s: %zu claims, role %d rather than %d", sentence, claims.count,
                 claims.count > 0 ? (int)claims.items[0].role : -1, (int)role);
    arena_release(&arena);
}

static void sentences_end_where_readers_say(void **state)
{
    (void)state;

    assert_claims("第1巻は600円です。在庫はあります！送料は？無料です",
                  "第1巻は600円です。~在庫はあります！~送料は？~無料です");
    assert_claims("It costs 3.50 dollars. Ships in 2 days! Ok?",
                  "It costs 3.50 dollars.~Ships in 2 days!~Ok?");
    assert_claims("Mr. Smith wrote No. 3 in the U.S. Army. It sold well.",
                  "Mr. Smith wrote No. 3 in the U.S. Army.~It sold well.");
    assert_claims("彼は「行く。帰る。」と言った。終わり", "彼は「行く。帰る。」と言った。~終わり");
    assert_claims("一行目\n二行目\r\n\n三行目", "一行目~二行目~三行目");
}

static void markers_are_no_part_of_a_claim(void **state)
{
    (void)state;

    assert_claims(
        "# 1. 概要\n- 価格は600円\n* 在庫3冊\n・送料無料\n1. 手順A\n2) 手順B\n① 手順C\n１．手順D",
        "概要~価格は600円~在庫3冊~送料無料~手順A~手順B~手順C~手順D");
    assert_claims("Step 3: Pay 5 dollars\n**ステップ2：** 支払う", ": Pay 5 dollars~：** 支払う");
    assert_claims("3.5キロ歩く", "3.5キロ歩く");
    assert_claims("> 引用です", "引用です");
}

static void rows_of_a_table_are_claims_and_its_ruler_is_none(void **state)
{
    (void)state;

    assert_claims("| 巻 | 価格 |\n| --- | --- |\n| 1 | 600円 |\n| 2 | 620円 |",
                  "| 巻 | 価格 |~| 1 | 600円 |~| 2 | 620円 |");
}

static void fenced_code_claims_nothing(void **state)
{
    (void)state;

    assert_claims("例です。\n```python\nprice = 600\n```\n以上です。", "例です。~以上です。");
}

static void lists_are_counted(void **state)
{
    struct arena arena;
    struct claims claims = cut(&arena, "候補:\n- A\n- B\n  - B1\n- C\n\n以上\n\n1. x\n2. y\n");
    (void)state;

    assert_true((claims.lists >> 3 & 1) == 1 && (claims.lists >> 2 & 1) == 1);
    assert_true((claims.lists >> 4 & 1) == 0);
    arena_release(&arena);
    claims = cut(&arena, "| 巻 |\n|---|\n| 1 |\n| 2 |\n| 3 |\n");
    assert_true((claims.lists >> 3 & 1) == 1);
    arena_release(&arena);
}

static void what_a_sentence_is_for_is_told(void **state)
{
    (void)state;

    assert_role("定価は600円です。", CLAIM_STATEMENT);
    assert_role("他にご質問はありますか？", CLAIM_QUESTION);
    assert_role("他にご質問はございますか。", CLAIM_QUESTION);
    assert_role("お問い合わせありがとうございます。", CLAIM_GREETING);
    assert_role("どうぞお気軽にお申し付けください。", CLAIM_GREETING);
    assert_role("申し訳ございませんが、在庫がございません。", CLAIM_REFUSAL);
    assert_role("与えられた情報からは判断できません。", CLAIM_REFUSAL);
    assert_role("特徴は次のとおりです：", CLAIM_LEAD_IN);
    assert_role("Hello there, and welcome.", CLAIM_GREETING);
    assert_role("The sources do not mention the price.", CLAIM_REFUSAL);
    assert_role("The features are:", CLAIM_LEAD_IN);
    assert_role("What would you like?", CLAIM_QUESTION);
}

static void the_scalars_of_json_are_claims_with_their_places(void **state)
{
    static const char answer[] = "{\"title\": \"\\u9b3c\\u6ec5\\n第1巻\", \"price\": 600, "
                                 "\"tags\": [\"a\\\"b\"], \"x\": null}";
    struct arena arena;
    struct claims claims = cut(&arena, answer);
    size_t start = 0;
    size_t end = 0;
    (void)state;

    assert_int_equal(claims.count, 3);
    assert_true(view_is(claims.items[0].text, "鬼滅\n第1巻"));
    claim_source(&claims.items[0], 3, 6, &start, &end); /* 滅 */
    assert_true(view_is(view_slice(view_of(answer), start, end), "\\u6ec5"));
    claim_source(&claims.items[0], 7, 14, &start, &end);
    assert_true(view_is(view_slice(view_of(answer), start, end), "第1巻"));
    assert_true(view_is(claims.items[1].text, "600"));
    assert_true(
        view_is(view_slice(view_of(answer), claims.items[1].start, claims.items[1].end), "600"));
    assert_true(view_is(claims.items[2].text, "a\"b"));
    arena_release(&arena);
}

static void fenced_json_stands_among_the_prose(void **state)
{
    (void)state;

    assert_claims("結果です。\n```json\n{\"price\": 600}\n```\n以上です。",
                  "結果です。~600~以上です。");
}

static void what_stands_behind_the_last_claim_is_part_of_it(void **state)
{
    static const char sentence[] = "はい。";
    static const char rest[] = "\n980円です。\n|990円|";
    enum { LEN = sizeof sentence - 1, SENTENCES = CLAIMS_MAX + 5 };
    static char answer[SENTENCES * LEN + 32];
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < SENTENCES; i++)
        memcpy(answer + i * LEN, sentence, LEN);
    memcpy(answer + (size_t)SENTENCES * LEN, rest, sizeof rest);
    arena_init(&arena, (size_t)16 * ROOM);
    struct claims claims;
    assert_int_equal(claims_of(&arena, view_of(answer), &claims), 0);
    assert_int_equal(claims.count, CLAIMS_MAX);
    assert_true(view_ends(claims.items[CLAIMS_MAX - 1].text, view_of(rest)));
    assert_false(claims.is_partial);
    arena_release(&arena);
}

static void an_empty_answer_claims_nothing(void **state)
{
    (void)state;

    assert_claims("", "");
    assert_claims("  \n\n---\n***\n", "");
    assert_claims("！？。", "");
}

static void memory_that_runs_out_is_told(void **state)
{
    struct arena arena;
    struct claims claims;
    (void)state;

    arena_init(&arena, 16);
    assert_int_equal(claims_of(&arena, view_of("一。二。三。"), &claims), ERR_MEMORY);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_end_where_readers_say),
        cmocka_unit_test(markers_are_no_part_of_a_claim),
        cmocka_unit_test(rows_of_a_table_are_claims_and_its_ruler_is_none),
        cmocka_unit_test(fenced_code_claims_nothing),
        cmocka_unit_test(lists_are_counted),
        cmocka_unit_test(what_a_sentence_is_for_is_told),
        cmocka_unit_test(the_scalars_of_json_are_claims_with_their_places),
        cmocka_unit_test(fenced_json_stands_among_the_prose),
        cmocka_unit_test(what_stands_behind_the_last_claim_is_part_of_it),
        cmocka_unit_test(an_empty_answer_claims_nothing),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
