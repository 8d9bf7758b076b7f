/* SPDX-License-Identifier: Apache-2.0
 *
 * personal_context: see personal_internal.h. The words that tell one number from another. */
#include "text/personal_internal.h"

#include <string.h>

const char *const context_other_numbers[] = {
    "注文",       "受注",       "発注",     "伝票",     "追跡",     "問い合わせ番号",
    "問合せ番号", "送り状",     "荷物",     "会員",     "商品",     "品番",
    "型番",       "管理",       "製造番号", "シリアル", "コード",   "ISBN",
    "JAN",        "EAN",        "UPC",      "ASIN",     "SKU",      "order",
    "tracking",   "invoice",    "請求",     "arn:",     "口座",     "account",
    "法人番号",   "serial",     "part n",   "チケット", "整理番号", "ヤマト",
    "佐川",       "ゆうパック", "宅急便",   "宅配便",   NULL,
};

const char *const context_phone[] = {
    "電話", "でんわ", "tel",    "phone", "fax",   "ファックス", "ファクス", "携帯",
    "連絡", "☎",      "mobile", "cell",  "call ", "直通",       "内線",     NULL,
};

const char *const context_counters[] = {
    "円",     "年",         "月",       "日",   "時",         "分",   "秒",   "人",
    "個",     "件",         "回",       "位",   "歳",         "点",   "枚",   "本",
    "冊",     "巻",         "話",       "倍",   "万",         "億",   "兆",   "台",
    "校",     "社",         "名",       "票",   "票",         "世帯", "世紀", "ドル",
    "ユーロ", "ポイント",   "ページ",   "%",    "km",         "cm",   "mm",   "kg",
    "m2",     "m3",         "対",       "勝",   "敗",         "試合", "度",   "割",
    "割合",   "パーセント", "メートル", "キロ", "ヘクタール", "階",   "室",   NULL,
};

struct view context_before(struct view text, size_t start)
{
    size_t from = start > SCAN_CONTEXT ? start - SCAN_CONTEXT : 0;

    return view_slice(text, from, start);
}

struct view context_behind(struct view text, size_t end)
{
    return view_slice(text, end, end + SCAN_CONTEXT);
}

static bool stands_at(struct view context, size_t at, const char *word)
{
    size_t len = strlen(word);

    return at + len <= context.len
           && view_equal_nocase(view_make(context.ptr + at, len), view_make(word, len));
}

bool context_has(struct view context, const char *const *words)
{
    for (; *words != NULL; words++)
        for (size_t at = 0; at < context.len; at++)
            if (stands_at(context, at, *words))
                return true;
    return false;
}

bool context_starts(struct view context, const char *const *words)
{
    for (; *words != NULL; words++)
        if (stands_at(context, 0, *words))
            return true;
    return false;
}

bool context_ends(struct view context, const char *const *words)
{
    for (; *words != NULL; words++) {
        size_t len = strlen(*words);
        if (len <= context.len && stands_at(context, context.len - len, *words))
            return true;
    }
    return false;
}

static bool is_word_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z')
           || (byte >= 'a' && byte <= 'z');
}

bool context_glued_before(struct view text, size_t start)
{
    return start > 0 && is_word_byte(text.ptr[start - 1]);
}

bool context_glued_behind(struct view text, size_t end)
{
    return end < text.len && is_word_byte(text.ptr[end]);
}
