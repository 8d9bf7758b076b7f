# SPDX-License-Identifier: Apache-2.0
"""Personal data as people in Japan write it, made up with a fixed seed, and numbers that are none.

Made from what the numbers are, not from what the program looks for: area codes and the towns they
belong to, prefectures, cities and towns as they are, 日本郵便's postal codes, the check digits of My
Number and of cards computed by other code, and the ways in which they get written: widths, dashes,
brackets, numerals, spaces, invisible characters. Sentences have no spaces where Japanese has none.
Every person and number is invented; some numbers may exist.

`plain` is the usual spelling; `hard` is one or two of the unusual ones. Standard library only.
"""

import random

# Area code, prefecture, city, town: a place each.
PLACES = [
    ("03", "東京都", "千代田区", "丸の内", "100"), ("03", "東京都", "渋谷区", "神南", "150"),
    ("03", "東京都", "世田谷区", "三軒茶屋", "154"), ("03", "東京都", "足立区", "千住", "120"),
    ("0422", "東京都", "武蔵野市", "吉祥寺本町", "180"), ("042", "東京都", "八王子市", "旭町", "192"),
    ("042", "東京都", "あきる野市", "秋川", "197"), ("04992", "東京都", "大島町", "元町", "100"),
    ("06", "大阪府", "大阪市北区", "梅田", "530"), ("06", "大阪府", "大阪市中央区", "難波", "542"),
    ("072", "大阪府", "堺市堺区", "南瓦町", "590"), ("075", "京都府", "京都市左京区", "吉田本町", "606"),
    ("075", "京都府", "京都市中京区", "寺町通御池上る上本能寺前町", "604"), ("0774", "京都府", "宇治市", "宇治琵琶", "611"),
    ("011", "北海道", "札幌市豊平区", "月寒東", "062"), ("0138", "北海道", "函館市", "東雲町", "040"),
    ("0155", "北海道", "帯広市", "西五条南", "080"), ("0136", "北海道", "虻田郡倶知安町", "北三条東", "044"),
    ("01267", "北海道", "空知郡南幌町", "栄町", "069"), ("017", "青森県", "青森市", "中央", "030"),
    ("0178", "青森県", "八戸市", "内丸", "031"), ("0173", "青森県", "つがる市", "木造若緑", "038"),
    ("019", "岩手県", "盛岡市", "内丸", "020"), ("022", "宮城県", "仙台市青葉区", "国分町", "980"),
    ("018", "秋田県", "秋田市", "山王", "010"), ("0184", "秋田県", "にかほ市", "平沢", "018"),
    ("023", "山形県", "山形市", "旅篭町", "990"), ("024", "福島県", "福島市", "五老内町", "960"),
    ("0246", "福島県", "いわき市", "平字梅本", "970"), ("029", "茨城県", "つくば市", "研究学園", "305"),
    ("029", "茨城県", "ひたちなか市", "東石川", "312"), ("028", "栃木県", "宇都宮市", "旭", "320"),
    ("028", "栃木県", "さくら市", "氏家", "329"), ("027", "群馬県", "前橋市", "大手町", "371"),
    ("048", "埼玉県", "さいたま市浦和区", "常盤", "330"), ("049", "埼玉県", "ふじみ野市", "福岡", "356"),
    ("043", "千葉県", "千葉市中央区", "千葉港", "260"), ("04", "千葉県", "柏市", "柏", "277"),
    ("0470", "千葉県", "いすみ市", "大原", "298"), ("045", "神奈川県", "横浜市中区", "本町", "231"),
    ("045", "神奈川県", "横浜市青葉区", "市ケ尾町", "225"), ("0466", "神奈川県", "藤沢市", "朝日町", "251"),
    ("0467", "神奈川県", "鎌倉市", "御成町", "248"), ("025", "新潟県", "新潟市中央区", "学校町通", "951"),
    ("076", "富山県", "富山市", "新桜町", "930"), ("076", "石川県", "金沢市", "広坂", "920"),
    ("0776", "福井県", "福井市", "大手", "910"), ("055", "山梨県", "甲府市", "丸の内", "400"),
    ("026", "長野県", "長野市", "大字鶴賀緑町", "380"), ("0263", "長野県", "松本市", "丸の内", "390"),
    ("058", "岐阜県", "岐阜市", "司町", "500"), ("054", "静岡県", "静岡市葵区", "追手町", "420"),
    ("052", "愛知県", "名古屋市中区", "三の丸", "460"), ("0565", "愛知県", "豊田市", "西町", "471"),
    ("059", "三重県", "津市", "西丸之内", "514"), ("0599", "三重県", "志摩市", "阿児町鵜方", "517"),
    ("077", "滋賀県", "大津市", "御陵町", "520"), ("078", "兵庫県", "神戸市中央区", "加納町", "650"),
    ("0791", "兵庫県", "たつの市", "龍野町富永", "679"), ("0742", "奈良県", "奈良市", "二条大路南", "630"),
    ("073", "和歌山県", "和歌山市", "七番丁", "640"), ("0857", "鳥取県", "鳥取市", "幸町", "680"),
    ("0852", "島根県", "松江市", "末次町", "690"), ("08512", "島根県", "隠岐郡隠岐の島町", "城北町", "685"),
    ("086", "岡山県", "岡山市北区", "大供", "700"), ("082", "広島県", "広島市中区", "国泰寺町", "730"),
    ("083", "山口県", "山口市", "亀山町", "753"), ("088", "徳島県", "徳島市", "幸町", "770"),
    ("087", "香川県", "高松市", "番町", "760"), ("0879", "香川県", "さぬき市", "志度", "769"),
    ("089", "愛媛県", "松山市", "二番町", "790"), ("088", "高知県", "高知市", "はりまや町", "780"),
    ("092", "福岡県", "福岡市中央区", "天神", "810"), ("0944", "福岡県", "みやま市", "瀬高町小川", "835"),
    ("0952", "佐賀県", "佐賀市", "栄町", "840"), ("095", "長崎県", "長崎市", "魚の町", "850"),
    ("096", "熊本県", "熊本市中央区", "手取本町", "860"), ("097", "大分県", "大分市", "荷揚町", "870"),
    ("0985", "宮崎県", "宮崎市", "橘通西", "880"), ("099", "鹿児島県", "鹿児島市", "山下町", "892"),
    ("09969", "鹿児島県", "薩摩川内市", "上甑町中甑", "896"), ("098", "沖縄県", "那覇市", "泉崎", "900"),
    ("0980", "沖縄県", "名護市", "港", "905"), ("098", "沖縄県", "うるま市", "みどり町", "904"),
]

DASHES = ["-", "－", "‐", "−", "–", "ー", "―"]
NUMERALS = "〇一二三四五六七八九"
NAMES = ["taro.yamada", "hanako", "sato_k", "m-suzuki", "info+manga", "kenji1985", "y.tanaka.jp", "aoi", "r2d2",
         "TAKAHASHI"]
DOMAINS = ["example.jp", "example.co.jp", "mail.example.ne.jp", "example.com", "docomo.example.jp",
           "ezweb.example.ne.jp", "manga-shop.example.com", "u-tokyo.example.ac.jp", "example.org", "example.tokyo"]

# Sentences around a value; {} is where it stands.
TEMPLATES = {
    "email": ["連絡先は{}です。", "{}までご連絡ください", "ご登録のメールアドレス（{}）に確認メールを送りました。", "メール:{}、返信不要",
              "お客様の{}宛に発送通知をお送りします。", "山田さんは{}を使っています", "『鬼滅の刃』の在庫確認は{}へ"],
    "phone": ["お電話は{}までお願いします。", "連絡先は{}です", "店舗の番号は{}、営業時間は10時からです。", "お急ぎの方は{}へおかけください。",
              "TEL:{}", "電話番号（{}）をご確認ください", "山田様、{}にお電話しました。", "本人の携帯が{}で、"],
    "postal_code": ["〒{}", "郵便番号は{}です。", "お届け先の郵便番号{}を確認しました", "住所:〒{}になります", "郵便番号（{}）を入力してください。"],
    "address": ["お届け先は{}です。", "住所:{}", "{}に発送しました。", "現在のご登録住所は{}で、変更はありません。",
                "山田様のご自宅（{}）までお届けします", "「{}」宛に送付済みです"],
    "my_number": ["マイナンバーは{}です。", "個人番号:{}", "お客様の番号{}を受け取りました。", "マイナンバー（{}）は送らないでください",
                  "申請書には{}と書かれています"],
    "card": ["カード番号は{}です。", "{}で決済しました", "登録済みのカード（{}）に請求します。", "お支払いは{}でよろしいですか",
             "カード:{}、有効期限は来月です"],
    "passport": ["パスポート番号は{}です", "旅券番号:{}", "パスポート（{}）の写しを受け取りました。"],
    "driver_licence": ["運転免許証の番号は{}です。", "免許証番号{}を確認", "運転免許証番号:{}"],
    "residence_card": ["在留カード番号は{}です", "カード（{}）の期限は来年です。", "番号{}を控えました"],
    "bank_account": ["口座番号は{}です。", "普通預金{}に振り込みました", "普通 {} ヤマダタロウ", "返金先の口座番号:{}"],
    "birth_date": ["生年月日は{}です。", "生年月日:{}", "お客様の生年月日（{}）を確認しました"],
}


def full_width(value):
    """Digits, Latin letters and signs in full width."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in value)


def digits(source, count):
    return "".join(source.choice("0123456789") for _ in range(count))


# ---- values: plain, with the separators as '-' ---------------------------------------------------

def phone(source):
    """Groups of digits, and whether it is a mobile."""
    kind = source.random()
    if kind < .4:
        return [source.choice(["090", "080", "070", "050"]), str(source.randint(1000, 9999)), digits(source, 4)]
    if kind < .5:
        first = source.choice(["0120", "0800", "0570"])
        return [first, digits(source, 3), digits(source, 4 if first == "0800" else 3)]
    area = source.choice(PLACES)[0]
    middle = 10 - len(area) - 4
    return [area, str(source.randint(2, 9)) + digits(source, middle - 1), digits(source, 4)]


def my_number(source):
    """Eleven digits and the twelfth, by the ordinance: weights from the right 2 … 7, 2 … 6."""
    body = digits(source, 11)
    rest = sum(int(sign) * weight for sign, weight in zip(body, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) % 11
    return body + str((11 - rest) % 11 % 10 if rest > 1 else 0)


def card(source):
    """A number of an issuer's length whose Luhn sum is right."""
    prefix, length = source.choice([("4", 16), ("4", 16), ("51", 16), ("55", 16), ("2720", 16), ("37", 15), ("34", 15),
                                    ("3566", 16), ("3528", 16), ("36", 14), ("6011", 16), ("62", 16)])
    body = prefix + digits(source, length - len(prefix) - 1)
    total = sum(sum(divmod(2 * int(sign), 10)) if place % 2 == 0 else int(sign)
                for place, sign in enumerate(reversed(body)))
    return body + str(-total % 10)


def card_groups(number):
    if len(number) == 16:
        return [number[at:at + 4] for at in range(0, 16, 4)]
    return [number[:4], number[4:10], number[10:]]


def kanji(number, counted):
    """7 → 七; 23 → 二十三 where it is counted, 二三 where it is spelled."""
    if not counted or number >= 100:
        return "".join(NUMERALS[int(sign)] for sign in str(number))
    tens, ones = divmod(number, 10)
    before = "" if tens == 0 else "十" if tens == 1 else NUMERALS[tens] + "十"
    return before + (NUMERALS[ones] if ones or not tens else "")


def street(source, hard):
    block, lot, house = source.randint(1, 6), source.randint(1, 38), source.randint(1, 25)
    if not hard:
        return source.choice([f"{block}-{lot}-{house}", f"{block}丁目{lot}-{house}", f"{block}丁目{lot}番{house}号",
                              f"{lot * 11}番地", f"{lot}-{house}"])
    return source.choice([
        f"{kanji(block, True)}丁目{kanji(lot, True)}番{kanji(house, True)}号",
        f"{kanji(block, True)}丁目{lot}番{house}号", f"{kanji(block, True)}丁目{lot}-{house}",
        f"{kanji(block, False)}ー{kanji(lot, False)}ー{kanji(house, False)}", f"{block}丁目{lot}番地の{house}",
        f"{lot * 11}番地{house}", f"{block}の{lot}の{house}", f"{block}−{lot}−{house}",
        full_width(f"{block}-{lot}-{house}"), f"{block} - {lot} - {house}", f"{block}丁目の{lot}の{house}",
        full_width(f"{block}") + "丁目" + full_width(f"{lot}-{house}"), f"{block}丁目{lot}ー{house}",
        f"{kanji(block, True)}丁目{kanji(lot, True)}ノ{kanji(house, True)}", f"{block}-{lot}番地{house}"])


def address(source, hard):
    _, prefecture, city, town, _ = source.choice(PLACES)
    space = source.choice(["", " ", "　"]) if hard else ""
    lead = "" if hard and source.random() < .25 else prefecture
    return lead + (space if lead else "") + city + town + street(source, hard)


# ---- ways to write them --------------------------------------------------------------------------

def spelled(source, groups, hard):
    """Groups of digits with what parts them."""
    if not hard:
        return source.choice(["-".join(groups), "-".join(groups), "".join(groups)])
    way = source.randrange(8)
    if way == 0:
        return full_width(source.choice(["-", "", " "]).join(groups))
    if way == 1:
        return source.choice(DASHES[1:]).join(groups)
    if way == 2:
        return " ".join(groups)
    if way == 3:
        return full_width("".join(groups[:1])) + source.choice(DASHES) + "‐".join(groups[1:])
    if way == 4:
        return source.choice(["\u200b", "\u200d", "\u2060", "\ufeff"]).join("-".join(groups))
    if way == 5:
        return source.choice(["・", "／", ".", "_"]).join(groups)
    if way == 6:
        return "-\n".join(["-".join(groups[:-1]), groups[-1]])
    return source.choice(["\u00a0", "\u3000", "\u2009"]).join(groups)


def hard_phone(source, groups):
    way = source.randrange(8)
    local = groups[0].lstrip("0")
    if way == 0 and not groups[0].startswith(("0120", "0800", "0570")):
        return source.choice(["+81-{}-{}-{}", "+81 {} {} {}", "+81{}{}{}", "＋８１－{}－{}－{}", "+81(0){}-{}-{}",
                              "+81 (0) {} {} {}", "0081-{}-{}-{}", "81-{}-{}-{}"]).format(local, *groups[1:])
    if way == 1:
        return source.choice(["{}({}){}", "{}（{}）{}", "({}){}-{}", "（{}）{}ー{}", "({}) {}-{}", "{}-{}({})",
                              "{} ({}) {}"]).format(*groups)
    if way == 2:
        return source.choice("ー－-").join("".join(NUMERALS[int(sign)] for sign in group) for group in groups)
    return spelled(source, groups, True)


def email(source, hard):
    value = source.choice(NAMES) + "@" + source.choice(DOMAINS)
    if not hard:
        return value
    return source.choice([
        full_width(value), value.replace("@", "＠"), value.replace(".", "．"), value.replace("@", " [at] "),
        value.upper(), value.replace("@", "(at)"), value.replace("@", "@\u200b"), "\u200b".join(value),
        value.replace("@", "（アット）"), value.replace("@", " @ "), value.replace("@", "☆"),
        value.replace("@", "@\n"), value.replace("@", "{at}")])


def value_of(kind, source, hard):
    """A value of the kind, as it is written."""
    if kind == "email":
        return email(source, hard)
    if kind == "phone":
        groups = phone(source)
        return hard_phone(source, groups) if hard else spelled(source, groups, False)
    if kind == "postal_code":
        return spelled(source, [source.choice(PLACES)[4], digits(source, 4)], hard)
    if kind == "address":
        return address(source, hard)
    if kind == "my_number":
        number = my_number(source)
        return spelled(source, [number[:4], number[4:8], number[8:]], hard)
    if kind == "card":
        return spelled(source, card_groups(card(source)), hard)
    if kind == "birth_date":
        year, month, day = source.randint(1940, 2012), source.randint(1, 12), source.randint(1, 28)
        forms = [f"{year}年{month}月{day}日", f"{year}/{month:02}/{day:02}", f"{year}-{month:02}-{day:02}"]
        return source.choice(forms) if not hard else source.choice(
            [f"昭和{source.randint(10, 63)}年{month}月{day}日", full_width(forms[0]), full_width(forms[1]),
             f"平成元年{month}月{day}日", f"{year}{month:02}{day:02}", f"S{source.randint(10, 63)}.{month}.{day}",
             f"昭和{kanji(source.randint(10, 63), True)}年{kanji(month, True)}月{kanji(day, True)}日"])
    value = {"passport": lambda: source.choice(["TK", "TR", "TZ", "MU"]) + digits(source, 7),
             "driver_licence": lambda: source.choice(["30", "62", "45", "10"]) + digits(source, 10),
             "residence_card": lambda: (source.choice(["AB", "CD", "UE"]) + digits(source, 8)
                                        + source.choice(["EA", "XK"])),
             "bank_account": lambda: digits(source, 7)}[kind]()
    return full_width(value) if hard else value


def people(kind, count, seed, hard=False):
    """`count` texts with one value of the kind each: (text, start, end), offsets in bytes."""
    source = random.Random(f"{kind} {seed} {hard}")
    made = []
    while len(made) < count:
        value = value_of(kind, source, hard)
        before, _, behind = source.choice(TEMPLATES[kind]).partition("{}")
        if hard and source.random() < .3:
            before = source.choice(["ﾔﾏﾀﾞ様の件。", "ご注文ありがとうございます。", "【重要】", "1点目、", "Re:"]) + before
        start = len(before.encode())
        made.append((before + value + behind, start, start + len(value.encode())))
    return made


# ---- numbers that are none of it -----------------------------------------------------------------

def with_ean(body):
    total = sum(int(sign) * (1 if place % 2 == 0 else 3) for place, sign in enumerate(body))
    return body + str(-total % 10)


def isbn10(body):
    rest = sum(int(sign) * weight for sign, weight in zip(body, range(10, 1, -1))) % 11
    return body + "0123456789X"[(11 - rest) % 11]


def price(source):
    return f"{source.randint(100, 9_999_999):,}"


def moment(source):
    limits = ((2015, 2030), (1, 12), (1, 28), (0, 23), (0, 59))
    return tuple(source.randint(*limit) for limit in limits)


def broken(source, number):
    """The number with another last digit."""
    return number[:-1] + str((int(number[-1]) + source.randint(1, 9)) % 10)


def at_place(source, sentence):
    """The sentence, {} being a prefecture and its city."""
    return sentence.format("".join(source.choice(PLACES)[1:3]))


OTHERS = {
    "price": lambda s: f"お会計は{price(s)}円です。",
    "ISBN-13": lambda s: f"ISBN{s.choice(['', ':', ' '])}978-4-{digits(s, 2)}-{digits(s, 6)}-{digits(s, 1)}の新刊です",
    "ISBN-13 in one run": lambda s: f"書籍コードは{with_ean('9784' + digits(s, 8))}です。",
    "ISBN-10": lambda s: f"旧版は{isbn10(s.choice('40') + digits(s, 8))}という番号でした。",
    "JAN": lambda s: f"バーコードは{with_ean(s.choice(['45', '49']) + digits(s, 10))}でした。",
    "order id": lambda s: f"ご注文番号は{s.choice(['ORD-', 'MA', '#', ''])}{digits(s, s.choice([8, 10, 12]))}です。",
    "order id, Amazon's form": lambda s: f"注文{digits(s, 3)}-{digits(s, 7)}-{digits(s, 7)}を発送しました",
    "parcel, named": lambda s: f"お問い合わせ伝票番号は{digits(s, 4)}-{digits(s, 4)}-{digits(s, 4)}です。",
    "12 digits, not named": lambda s: f"番号は{digits(s, 4)}-{digits(s, 4)}-{digits(s, 4)}で、確認できます。",
    "date": lambda s: "発売日は{}-{:02}-{:02}です。".format(*moment(s)),
    "moment": lambda s: "更新は{}{:02}{:02}{:02}{:02}00に行いました。".format(*moment(s)),
    "time": lambda s: "受付は{:02}:{:02}:12から".format(*moment(s)[3:]),
    "range": lambda s: f"{s.randint(100, 999)}-{s.randint(1000, 9999)}ページを参照",
    "volumes": lambda s: f"全{s.randint(2, 99)}巻、{s.randint(1, 9)}-{s.randint(10, 30)}巻が在庫あり",
    "version": lambda s: f"バージョン{s.randint(1, 20)}.{s.randint(0, 30)}.{s.randint(0, 9)}に更新",
    "product code": lambda s: f"型番はMA-{digits(s, 4)}-{digits(s, 4)}です。",
    "corporate number": lambda s: f"法人番号は{digits(s, 13)}です。",
    "My Number, wrong check digit": lambda s: f"番号は{broken(s, my_number(s))}です",
    "card, wrong check digit": lambda s: f"番号は{broken(s, card(s))}です",
    "place without numbers": lambda s: at_place(s, f"{{}}にある書店では{s.randint(2, 9)}割が漫画です。"),
    "place with a count": lambda s: at_place(s, f"{{}}では{s.randint(1, 3)}-{s.randint(4, 9)}日でお届けします。"),
    "place with a rank": lambda s: at_place(s, f"{{}}内{s.randint(1, 3)}、{s.randint(4, 9)}位の店"),
    "score": lambda s: f"試合は{s.randint(0, 9)}-{s.randint(0, 9)}で、観客は{price(s)}人でした",
    "population": lambda s: at_place(s, f"{{}}の人口は約{price(s)}人です。"),
    "social handle": lambda s: f"Xの公式アカウントは@{s.choice(NAMES).replace('.', '_')}です",
}


def others(kind, count, seed):
    """`count` texts with a number that is no personal data."""
    source = random.Random(f"{kind} {seed}")
    return [OTHERS[kind](source) for _ in range(count)]
