#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/text/han_sets.inc: which ideographs (U+4E00 to U+9FFF) which character sets hold.

    tools/han_sets.py > src/text/han_sets.inc

The sets are those of Python's codecs. One bit an ideograph, 64 to a word, the lowest bit first.
"""
FIRST, LAST = 0x4E00, 0x9FFF


def encoded(char, codec):
    try:
        return char.encode(codec)
    except UnicodeEncodeError:
        return b""


def in_jis_level_1(char):
    code = encoded(char, "euc_jp")
    return len(code) == 2 and 0xB0 <= code[0] <= 0xCF


def in_big5_frequent(char):
    code = encoded(char, "big5")
    return len(code) == 2 and 0xA4 <= code[0] <= 0xC6


SETS = {
    "in_cp932": lambda char: bool(encoded(char, "cp932")),
    "in_gb2312": lambda char: bool(encoded(char, "gb2312")),
    # common in Traditional Chinese, neither simplified Chinese nor everyday Japanese
    "traditional": lambda char: (in_big5_frequent(char) and not encoded(char, "gb2312")
                                 and not in_jis_level_1(char)),
}


def main():
    print("/* SPDX-License-Identifier: Apache-2.0\n *\n"
          " * Made by tools/han_sets.py; one bit for each of U+4E00 to U+9FFF. */")
    for name, belongs in SETS.items():
        words = [sum(1 << i for i in range(64) if belongs(chr(start + i)))
                 for start in range(FIRST, LAST + 1, 64)]
        print(f"static const uint64_t {name}[] = {{")
        for i in range(0, len(words), 4):
            print("    " + " ".join(f"0x{word:016x}," for word in words[i:i + 4]))
        print("};")


if __name__ == "__main__":
    main()
