#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns files into a C table, so that the program carries them inside.

usage: embed_files.py OUT.c HEADER PREFIX FOLDER FILE...
Writes `const struct PREFIX_file PREFIX_files[]` as HEADER declares it; paths are relative to FOLDER.
"""
import os
import sys


def main(out, header, prefix, folder, files):
    with open(out, "w", encoding="ascii") as c:
        c.write(f'#include "{header}"\n\n')
        for number, path in enumerate(files):
            data = open(path, "rb").read()
            c.write(f"static const unsigned char file_{number}[] = {{")
            for at in range(0, len(data), 16):
                c.write("\n    " + ", ".join(str(byte) for byte in data[at:at + 16]) + ",")
            c.write("\n};\n")
        c.write(f"\nconst struct {prefix}_file {prefix}_files[] = {{\n")
        for number, path in enumerate(files):
            name = os.path.relpath(path, folder)
            if os.path.basename(name) == "gitignore":  # a dot file would hide in the source tree
                name = os.path.join(os.path.dirname(name), ".gitignore")
            c.write(f'    {{"{name}", file_{number}, sizeof file_{number}}},\n')
        c.write(f"}};\nconst size_t {prefix}_file_count = {len(files)};\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5:])
