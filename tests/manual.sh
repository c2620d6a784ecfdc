#!/bin/bash
# Every command that `nasbench --help` lists has a man page that formats without a warning, explains itself, and is completed by bash.
# usage: manual.sh NASBENCH MANUAL_FOLDER
set -eu
nasbench=$1
manual=$2
failures=0
complain() {
    echo "$*"
    failures=$((failures + 1))
}

commands=$("$nasbench" --help | sed -n 's/^  \([a-z][a-z0-9-]*\)  .*/\1/p')
[ -n "$commands" ] || complain "nasbench --help lists no commands"

# What bash offers after `nasbench WORDS...`: the last word is the one being completed.
complete -r
# shellcheck source=/dev/null
source "$manual/completion/nasbench"
compopt() { :; }
offers() {
    COMP_WORDS=(nasbench "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _nasbench nasbench
    printf '%s\n' "${COMPREPLY[@]}"
}

for command in $commands; do
    page=$manual/man1/nasbench-$command.1
    [ -s "$page" ] || complain "no man page for $command"
    "$nasbench" "$command" --help >/dev/null || complain "nasbench $command --help fails"
    offers "$command" | grep -qx -- "$command" || complain "bash does not complete $command"
    for option in $("$nasbench" "$command" --help | grep -o -E '^ +(-[A-Za-z?], )?--[a-z][a-z0-9-]*' | grep -o -E -- '--[a-z0-9-]+'); do
        grep -q -F -- "${option//-/\\-}" "$page" || complain "nasbench-$command.1 does not mention $option"
        offers "$command" "$option" | grep -qE -- "^$option=?$" || complain "bash does not complete $command $option"
    done
done

if command -v groff >/dev/null; then
    for page in "$manual"/man1/*.1; do
        warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1 || true)
        [ -z "$warnings" ] || complain "$page: $warnings"
    done
fi
echo "$(echo "$commands" | wc -w) commands, $failures complaints"
[ "$failures" -eq 0 ]
