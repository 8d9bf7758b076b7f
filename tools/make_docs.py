#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes manual pages and shell completions out of `assay --dump-tables`.

usage: make_docs.py ASSAY FOLDER
Writes FOLDER/man/assay.1, FOLDER/man/assay-COMMAND.1 and FOLDER/completions/{assay.bash,_assay,assay.fish}.
The tables in the program are the only source: nothing here knows a command or an option.
"""
import json
import os
import subprocess
import sys


def roff(text):
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def man_option(option):
    names = ([f"\\-{option['letter']}"] if option["letter"] else []) + [f"\\-\\-{roff(option['name'])}"]
    value = f" \\fI{roff(option['value'])}\\fR" if option["value"] else ""
    bold = ", ".join(f"\\fB{name}\\fR" for name in names)
    return f".TP\n{bold}{value}\n{roff(option['help'])}\n"


def man_head(name, version, summary):
    return (f'.TH {name.upper().replace("-", chr(92) + "-")} 1 "" "assay {version}" "assay manual"\n'
            f".SH NAME\n{roff(name)} \\- {roff(summary)}\n")


def man_command(tables, command):
    name = f"assay-{command['name']}"
    page = man_head(name, tables["assay"], command["summary"])
    words = f"\\fBassay {roff(command['name'])}\\fR [\\fIoptions\\fR] {roff(command['operands'])}"
    page += f".SH SYNOPSIS\n{words}\n"
    page += ".SH DESCRIPTION\n" + "\n.PP\n".join(roff(p) for p in command["details"].split("\n\n")) + "\n"
    page += ".SH OPTIONS\n" + "".join(man_option(o) for o in command["options"] + tables["common_options"])
    if command["examples"]:
        page += ".SH EXAMPLES\n.nf\n" + roff(command["examples"].rstrip("\n")) + "\n.fi\n"
    others = [c["name"] for c in tables["commands"] if c["name"] != command["name"]]
    pages = ["\\fBassay\\fR(1)"] + [f"\\fBassay\\-{roff(o)}\\fR(1)" for o in others]
    page += ".SH SEE ALSO\n" + ", ".join(pages) + "\n"
    return page


EXIT = [("0", "passed"),
        ("1", "the gate failed: a critical regression, too many major ones, a failed check of an entry without "
              "a baseline, statistics that fail"),
        ("2", "usage or configuration error"),
        ("3", "a target, store or file could not be used"),
        ("4", "passed, but a major regression waits for sign-off"),
        ("130", "interrupted; what was measured is reported")]


def man_overview(tables):
    page = man_head("assay", tables["assay"], "tests applications built on foundation models")
    page += ".SH SYNOPSIS\n\\fBassay\\fR \\fICOMMAND\\fR [\\fIoptions\\fR]\n.br\n"
    page += "\\fBassay\\fR \\-\\-version\n.SH COMMANDS\n"
    for command in tables["commands"]:
        page += f".TP\n\\fBassay\\-{roff(command['name'])}\\fR(1)\n{roff(command['summary'])}\n"
    page += ".SH EXIT STATUS\nWhere several hold, the first of 130, 2, 1, 3, 4 counts.\n"
    for status, meaning in EXIT:
        page += f".TP\n\\fB{status}\\fR\n{roff(meaning)}\n"
    return page


def bash(tables):
    names = " ".join(c["name"] for c in tables["commands"])
    out = ["# bash completion for assay", "_assay() {",
           '    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} options=',
           "    if [ \"$COMP_CWORD\" = 1 ]; then",
           f"        COMPREPLY=($(compgen -W '{names} --help --version' -- \"$cur\")); return", "    fi",
           "    case ${COMP_WORDS[1]} in",
           f"        help) COMPREPLY=($(compgen -W '{names}' -- \"$cur\")); return ;;"]
    choices = {}
    for command in tables["commands"]:
        options = command["options"] + tables["common_options"]
        words = " ".join("--" + o["name"] for o in options)
        out.append(f"        {command['name']}) options='{words}' ;;")
        for o in options:
            if o["choices"]:
                choices[o["name"]] = o["choices"].replace(",", " ")
    out += ["    esac", "    case $prev in"]
    out += [f"        --{name}) COMPREPLY=($(compgen -W '{words}' -- \"$cur\")); return ;;"
            for name, words in sorted(choices.items())]
    out += ["    esac", "    case $cur in",
            "        -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;",
            "        *) COMPREPLY=($(compgen -f -- \"$cur\")) ;;", "    esac", "}",
            "complete -o filenames -F _assay assay", ""]
    return "\n".join(out)


def quoted(text):
    return text.replace("'", "'\\''")


def zsh(tables):
    out = ["#compdef assay", "_assay() {", "  local -a commands", "  commands=("]
    out += [f"    '{c['name']}:{quoted(c['summary'])}'" for c in tables["commands"]]
    out += ["  )", "  if (( CURRENT == 2 )); then _describe command commands; return; fi", "  case $words[2] in"]
    for command in tables["commands"]:
        out.append(f"    {command['name']}) _arguments \\")
        for o in command["options"] + tables["common_options"]:
            text = quoted(o["help"]).replace("[", "(").replace("]", ")").replace(":", ";")
            action = ""
            if o["value"]:
                values = "(" + o["choices"].replace(",", " ") + ")" if o["choices"] else "_files"
                action = f":{quoted(o['value'])}:{values}"
            many = "*" if o["kind"] == "list" else ""
            out.append(f"      '{many}--{o['name']}[{text}]{action}' \\")
        out.append("      '*:file:_files' ;;")
    out += ["  esac", "}", '_assay "$@"', ""]
    return "\n".join(out)


def fish(tables):
    out = ["# fish completion for assay"]
    none = "not __fish_seen_subcommand_from " + " ".join(c["name"] for c in tables["commands"])
    for command in tables["commands"]:
        out.append(f"complete -c assay -f -n '{none}' -a {command['name']} -d '{quoted(command['summary'])}'")
        for o in command["options"] + tables["common_options"]:
            line = f"complete -c assay -n '__fish_seen_subcommand_from {command['name']}'"
            line += f" -l {o['name']} -d '{quoted(o['help'])}'"
            if o["letter"]:
                line += f" -s {o['letter']}"
            if o["value"]:
                line += " -r" + (f" -f -a '{o['choices'].replace(',', ' ')}'" if o["choices"] else "")
            out.append(line)
    return "\n".join(out) + "\n"


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(assay, folder):
    tables = json.loads(subprocess.run([assay, "--dump-tables"], check=True, stdout=subprocess.PIPE).stdout)
    write(folder, "man/assay.1", man_overview(tables))
    for command in tables["commands"]:
        write(folder, f"man/assay-{command['name']}.1", man_command(tables, command))
    write(folder, "completions/assay.bash", bash(tables))
    write(folder, "completions/_assay", zsh(tables))
    write(folder, "completions/assay.fish", fish(tables))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
