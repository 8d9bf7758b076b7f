/* SPDX-License-Identifier: Apache-2.0
 *
 * The promises of text/personal.h: what counts as personal data, what does not although it looks
 * like it, and where it starts and ends in text without spaces. */
#include "rules.h"

#include <stdio.h>
#include <string.h>

#include "text/personal.h"

static struct strbuf found;

static int set_up(void **state)
{
    (void)state;
    strbuf_init(&found, 1024 * 1024);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_release(&found);
    return 0;
}

static const char *search(enum personal_kind kind, const char *text)
{
    size_t count = 0;
    const struct scan_rule *rules = personal_rules(kind, &count);

    strbuf_reset(&found);
    rules_collect(rules, count, text, &found);
    strbuf_add_byte(&found, '\0');
    assert_int_equal(strbuf_status(&found), 0);
    return strbuf_text(&found);
}

/* Exactly these, each followed by '|'. */
static void finds(enum personal_kind kind, const char *text, const char *expected)
{
    const char *what = search(kind, text);

    if (strcmp(what, expected) != 0)
        fail_msg("in \"%s\": \"%s\", not \"%s\"", text, what, expected);
}

/* Nothing of any kind that is looked for by default. */
static void ignores(const char *text)
{
    for (int kind = 0; kind < PERSONAL_KIND_COUNT; kind++)
        if (personal_kind_is_default((enum personal_kind)kind))
            finds((enum personal_kind)kind, text, "");
}

static void kinds_have_names_labels_and_rules_of_bounded_width(void **state)
{
    (void)state;
    enum personal_kind kind = PERSONAL_KIND_COUNT;

    assert_true(personal_kind_named((struct view)VIEW("postal_code"), &kind));
    assert_int_equal(kind, PERSONAL_POSTAL_CODE);
    assert_false(personal_kind_named((struct view)VIEW("name"), &kind));
    assert_true(view_is(personal_label(PERSONAL_EMAIL), "EMAIL"));
    assert_true(personal_kind_is_secret(PERSONAL_CARD));
    assert_false(personal_kind_is_default(PERSONAL_URL));
    for (int i = 0; i < PERSONAL_KIND_COUNT; i++) {
        size_t count = 0;
        const struct scan_rule *rules = personal_rules((enum personal_kind)i, &count);
        assert_true(count > 0);
        rules_fit(rules, count, PERSONAL_WIDTH_MAX);
        for (size_t at = 0; at < count; at++) {
            assert_true(view_starts(rules[at].name, (struct view)VIEW("personal_data.")));
            assert_true(view_ends(rules[at].name, personal_kind_name((enum personal_kind)i)));
        }
    }
}

static void an_address_of_mail_ends_where_the_kana_begin(void **state)
{
    (void)state;

    finds(PERSONAL_EMAIL, "連絡先はtaro@example.jpです", "taro@example.jp|");
    finds(PERSONAL_EMAIL, "Write to taro.yamada+manga@mail.example.co.jp.",
          "taro.yamada+manga@mail.example.co.jp|");
    finds(PERSONAL_EMAIL, "（ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ）", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ|");
    finds(PERSONAL_EMAIL, "ta\xe2\x80\x8bro@exa\xe2\x81\xa0mple.jpへ",
          "ta\xe2\x80\x8bro@exa\xe2\x81\xa0mple.jp|");
    finds(PERSONAL_EMAIL, "hanako [at] example.comまで", "hanako [at] example.com|");
    finds(PERSONAL_EMAIL, "taro☆example.jpの☆を@に", "taro☆example.jp|");
    finds(PERSONAL_EMAIL, "a@b.jpとc@d.comに", "a@b.jp|c@d.com|");
}

static void what_only_has_an_at_sign_is_no_mail(void **state)
{
    (void)state;

    ignores("公式アカウントは@manga_shopです");
    ignores("icon@2x.pngを使います");
    ignores("react@18.2.0とvue@latest");
    ignores("git clone git@github.com:example/manga.git");
    ignores("1冊@500円、2冊@900円");
}

static void japanese_telephone_numbers_are_found_however_they_are_written(void **state)
{
    static const char *const written[] = {
        "03-1234-5678",
        "０３－１２３４－５６７８",
        "03ー1234ー5678",
        "(03)1234-5678",
        "０３（１２３４）５６７８",
        "03(1234)5678",
        "03 1234 5678",
        "0312345678",
        "090-1234-5678",
        "09012345678",
        "０９０１２３４５６７８",
        "090‐1234‐5678",
        "050-1234-5678",
        "0120-123-456",
        "0800-123-4567",
        "0570-012-345",
        "0422-12-3456",
        "04992-2-1234",
        "045-123-4567",
        "+81-90-1234-5678",
        "+81 3 1234 5678",
        "+81(0)3-1234-5678",
        "+819012345678",
        "〇三-一二三四-五六七八",
        "０９０ー１２３４ー５６７８",
        "03−1234−5678",
        NULL,
    };
    (void)state;
    char text[256];
    char expected[128];

    for (size_t i = 0; written[i] != NULL; i++) {
        snprintf(text, sizeof text, "お急ぎの方は%sまでお願いします", written[i]);
        snprintf(expected, sizeof expected, "%s|", written[i]);
        finds(PERSONAL_PHONE, text, expected);
    }
    finds(PERSONAL_PHONE, "TEL03-1234-5678", "03-1234-5678|");
    finds(PERSONAL_PHONE, "電話番号（090-1234-5678）を確認", "090-1234-5678|");
}

static void numbers_abroad_are_found_by_their_plan(void **state)
{
    (void)state;

    finds(PERSONAL_PHONE, "Call 212-555-0123 now", "212-555-0123|");
    finds(PERSONAL_PHONE, "at (579)888-3058x12.", "(579)888-3058x12|");
    finds(PERSONAL_PHONE, "番号は+44 20 7946 0958です", "+44 20 7946 0958|");
    finds(PERSONAL_PHONE, "+1-903-555-4508", "+1-903-555-4508|");
    finds(PERSONAL_PHONE, "+1 (212) 555-0199", "+1 (212) 555-0199|");
    finds(PERSONAL_PHONE, "at (604)-822-2510 or", "(604)-822-2510|");
    finds(PERSONAL_PHONE, "07700 063 966", "07700 063 966|");
    finds(PERSONAL_PHONE, "my phone number is 781 1704.", "781 1704|");
    ignores("the range 100-200-3000 and 212-055-0123");
    ignores("約+1000000円の増収");
    ignores("+28 12 345 678 901");
}

static void numbers_of_a_shop_are_no_telephone_numbers(void **state)
{
    (void)state;

    ignores("お会計は1,234,567円です");
    ignores("注文番号0312345678を確認しました");
    ignores("ご注文番号はORD-2024-001234です。");
    ignores("型番はMA-0312-3456です");
    ignores("ISBN 978-4-06-123456-0の新刊");
    ignores("書籍コードは9784061234567です");
    ignores("旧版は4061234563という番号でした");
    ignores("発売日は2024-01-15です。受付は10:00-18:00");
    ignores("123-4567ページを参照、01-23巻");
    ignores("バージョン10.2.30.4に更新");
    ignores("試合は03-12で、090年代の作品");
    ignores("0120-12-34-56-78という並び");
}

static void postal_codes_need_their_sign_a_word_or_a_place(void **state)
{
    (void)state;

    finds(PERSONAL_POSTAL_CODE, "〒100-0005東京", "〒100-0005|");
    finds(PERSONAL_POSTAL_CODE, "〒１００ー０００５", "〒１００ー０００５|");
    finds(PERSONAL_POSTAL_CODE, "〒1000005", "〒1000005|");
    finds(PERSONAL_POSTAL_CODE, "郵便番号は100-0005です", "100-0005|");
    finds(PERSONAL_POSTAL_CODE, "お届け先は100-0005、", "100-0005|");
    finds(PERSONAL_POSTAL_CODE, "100-0005 東京都千代田区", "100-0005|");
    finds(PERSONAL_POSTAL_CODE, "郵便番号（1000005）", "1000005|");
    finds(PERSONAL_POSTAL_CODE, "宛先 1000005 東京都", "1000005|");
    ignores("型番100-0005の在庫");
    ignores("123-4567ページ");
    ignores("A123-4567とB-123-4567");
    ignores("約100-2000円の差");
}

static void japanese_addresses_are_found_to_their_last_number(void **state)
{
    static const char *const written[] = {
        "東京都千代田区丸の内1-9-1",
        "東京都千代田区丸の内１丁目９番１号",
        "東京都千代田区丸の内一丁目九番一号",
        "東京都千代田区丸の内1ー9ー1",
        "京都府京都市中京区寺町通御池上る上本能寺前町488番地",
        "北海道札幌市中央区北1条西2丁目",
        "北海道虻田郡倶知安町北一条東三丁目二番地",
        "高知県高知市はりまや町30-2",
        "茨城県つくば市研究学園一丁目1番地1",
        "沖縄県那覇市泉崎1の1の1",
        "横浜市中区本町6丁目50番地の10",
        "渋谷区神南1-2-3",
        "大阪府大阪市北区梅田三丁目1-3",
        "岩手県花巻市第8地割12番地3",
        NULL,
    };
    (void)state;
    char text[512];
    char expected[256];

    for (size_t i = 0; written[i] != NULL; i++) {
        snprintf(text, sizeof text, "お届け先は%sです。", written[i]);
        snprintf(expected, sizeof expected, "%s|", written[i]);
        finds(PERSONAL_ADDRESS, text, expected);
    }
    finds(PERSONAL_ADDRESS, "ship to 1-9-1 Marunouchi, Chiyoda-ku, Tokyo",
          "1-9-1 Marunouchi, Chiyoda-ku|");
    finds(PERSONAL_ADDRESS, "Chiyoda-ku, Marunouchi 1-9-1です", "Chiyoda-ku, Marunouchi 1-9-1|");
    finds(PERSONAL_ADDRESS, "市民会館は横浜市中区本町6-50-10です", "横浜市中区本町6-50-10|");
    finds(PERSONAL_ADDRESS, "千葉の市川市八幡1-1-1へ", "市川市八幡1-1-1|");
    finds(PERSONAL_ADDRESS, "神奈川県横浜市青葉区市ケ尾町5丁目11-8へ",
          "神奈川県横浜市青葉区市ケ尾町5丁目11-8|");
}

static void places_in_prose_are_no_addresses(void **state)
{
    (void)state;

    ignores("東京都千代田区の人口は約67,000人です");
    ignores("東京都では2-3日でお届けします");
    ignores("大阪府大阪市内2-3か所の書店");
    ignores("京都市は1-2月に雪が降ります");
    ignores("北海道の第1-2回大会");
    ignores("東京都渋谷区で2020-10-01に開店");
    ignores("銀座4丁目の交差点");
    ignores("都市部の1-2割が漫画を読みます");
    ignores("神奈川県の国道1号線");
    ignores("福岡県は9州で1番人気");
}

static void my_number_needs_its_check_digit(void **state)
{
    (void)state;

    finds(PERSONAL_MY_NUMBER, "マイナンバーは123456789018です", "123456789018|");
    finds(PERSONAL_MY_NUMBER, "番号1234-5678-9018。", "1234-5678-9018|");
    finds(PERSONAL_MY_NUMBER, "番号1234・5678・9018。", "1234・5678・9018|");
    finds(PERSONAL_MY_NUMBER, "個人番号:１２３４　５６７８　９０１８",
          "１２３４　５６７８　９０１８|");
    finds(PERSONAL_MY_NUMBER,
          "1234\xe2\x80\x8b"
          "56789018を",
          "1234\xe2\x80\x8b"
          "56789018|");
    for (int last = 0; last < 10; last++) {
        char text[64];
        snprintf(text, sizeof text, "番号は12345678901%dです", last);
        if (last != 8)
            finds(PERSONAL_MY_NUMBER, text, "");
    }
}

static void twelve_digits_of_something_else_are_no_my_number(void **state)
{
    (void)state;

    ignores("お問い合わせ伝票番号は1234-5678-9018です");
    ignores("注文番号123456789018を発送");
    ignores("arn:aws:iam::123456789018:role/manga");
    ignores("法人番号は1123456789018です");
    ignores("商品コードA123456789018");
    ignores("売上は123456789018円");
    ignores("000000000000");
}

static void cards_need_luhn_and_an_issuer(void **state)
{
    (void)state;

    finds(PERSONAL_CARD, "カードは4111111111111111です", "4111111111111111|");
    finds(PERSONAL_CARD, "4111 1111 1111 1111 12/27", "4111 1111 1111 1111|");
    finds(PERSONAL_CARD, "５５５５ー５５５５ー５５５５ー４４４４で",
          "５５５５ー５５５５ー５５５５ー４４４４|");
    finds(PERSONAL_CARD, "3782 822463 10005", "3782 822463 10005|");
    finds(PERSONAL_CARD, "JCB3530111333300000", "");
    finds(PERSONAL_CARD, "JCB:3530111333300000", "3530111333300000|");
    ignores("4111111111111112で決済");
    ignores("9111111111111112という番号");
    ignores("1234567812345670という番号");
    ignores("バーコードは4901234567894です");
    ignores("ISBN9784061234567");
    ignores("41111111111111111111111");
}

static void ibans_are_cut_at_their_countrys_length(void **state)
{
    (void)state;

    finds(PERSONAL_IBAN, "IBANはGB29NWBK60161331926819です", "GB29NWBK60161331926819|");
    finds(PERSONAL_IBAN, "DE89 3704 0044 0532 0130 00 bitte", "DE89 3704 0044 0532 0130 00|");
    finds(PERSONAL_IBAN, "gb29nwbk60161331926819", "gb29nwbk60161331926819|");
    ignores("GB28NWBK60161331926819");
    ignores("ZZ29NWBK60161331926819");
    ignores("GB29NWBK601613319268190123");
}

static void social_security_numbers_have_valid_parts(void **state)
{
    (void)state;

    finds(PERSONAL_US_SSN, "SSNは514-69-0360です", "514-69-0360|");
    finds(PERSONAL_US_SSN, "my SSN is 514690360.", "514690360|");
    finds(PERSONAL_US_SSN, "SSN: 514 69 0360", "514 69 0360|");
    ignores("000-12-3456と666-12-3456と900-12-3456");
    ignores("514-00-0360、514-69-0000");
    ignores("514 69 0360");
    ignores("A514-69-0360とX-514-69-0360");
}

static void network_addresses_are_no_versions_and_no_times(void **state)
{
    (void)state;

    finds(PERSONAL_IP, "接続元は203.0.113.9です", "203.0.113.9|");
    finds(PERSONAL_IP, "from 2001:db8::8a2e:370:7334 on", "2001:db8::8a2e:370:7334|");
    finds(PERSONAL_IP, "6e40:4041:c617:e898:c11:40d2:c669:2eb4",
          "6e40:4041:c617:e898:c11:40d2:c669:2eb4|");
    finds(PERSONAL_IP, "バージョン1.2.3.4とv1.2.3.4とChrome/120.0.0.0", "");
    finds(PERSONAL_IP, "256.1.1.1と1.2.3.4.5と127.0.0.1", "");
    finds(PERSONAL_IP, "12:34:56とstd::vectorとa::b", "");
}

static void links_end_before_the_sentences_sign(void **state)
{
    (void)state;

    finds(PERSONAL_URL, "https://example.jp/a?b=1を見て", "https://example.jp/a?b=1|");
    finds(PERSONAL_URL, "See https://www.example.com/.", "https://www.example.com/|");
    finds(PERSONAL_URL, "（www.example.jp）", "www.example.jp|");
    finds(PERSONAL_URL, "httpsとwwwについて", "");
}

static void papers_count_beside_their_word_only(void **state)
{
    (void)state;

    finds(PERSONAL_PASSPORT, "パスポート番号はTK1234567です", "TK1234567|");
    finds(PERSONAL_PASSPORT, "品番TK1234567", "");
    finds(PERSONAL_DRIVER_LICENCE, "免許証番号:１２３４５６７８９０１２",
          "１２３４５６７８９０１２|");
    finds(PERSONAL_DRIVER_LICENCE, "番号123456789012", "");
    finds(PERSONAL_RESIDENCE_CARD, "在留カードAB12345678CDです", "AB12345678CD|");
    finds(PERSONAL_BANK_ACCOUNT, "普通 1234567 ヤマダ", "1234567|");
    finds(PERSONAL_BANK_ACCOUNT, "1234567冊", "");
    finds(PERSONAL_BIRTH_DATE, "生年月日は昭和60年1月2日です", "昭和60年1月2日|");
    finds(PERSONAL_BIRTH_DATE, "生年月日（平成元年10月3日）", "平成元年10月3日|");
    finds(PERSONAL_BIRTH_DATE, "発売日は2024年1月2日", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_names_labels_and_rules_of_bounded_width),
        cmocka_unit_test(an_address_of_mail_ends_where_the_kana_begin),
        cmocka_unit_test(what_only_has_an_at_sign_is_no_mail),
        cmocka_unit_test(japanese_telephone_numbers_are_found_however_they_are_written),
        cmocka_unit_test(numbers_abroad_are_found_by_their_plan),
        cmocka_unit_test(numbers_of_a_shop_are_no_telephone_numbers),
        cmocka_unit_test(postal_codes_need_their_sign_a_word_or_a_place),
        cmocka_unit_test(japanese_addresses_are_found_to_their_last_number),
        cmocka_unit_test(places_in_prose_are_no_addresses),
        cmocka_unit_test(my_number_needs_its_check_digit),
        cmocka_unit_test(twelve_digits_of_something_else_are_no_my_number),
        cmocka_unit_test(cards_need_luhn_and_an_issuer),
        cmocka_unit_test(ibans_are_cut_at_their_countrys_length),
        cmocka_unit_test(social_security_numbers_have_valid_parts),
        cmocka_unit_test(network_addresses_are_no_versions_and_no_times),
        cmocka_unit_test(links_end_before_the_sentences_sign),
        cmocka_unit_test(papers_count_beside_their_word_only),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
