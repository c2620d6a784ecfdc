# shellcheck shell=sh
# Sourced by check and ci: runs named steps, shows the output of those that fail, counts, and says how it went in the last line.
passed=0
failed=0
failures=
step_log=$(mktemp /tmp/nasbench-step-XXXXXX)
trap 'rm -f "$step_log"' EXIT

step() { # step NAME COMMAND...
    name=$1
    shift
    printf '%-58s' "$name"
    begin=$(date +%s)
    if "$@" >"$step_log" 2>&1; then
        passed=$((passed + 1))
        printf ' ok %5d s\n' $(($(date +%s) - begin))
        # What the step itself calls its result, such as ctest's closing line.
        grep -E '^(100% tests passed|[0-9]+ passed|skipped:|soak_)' "$step_log" | tail -n 20 | sed 's/^/    /' || true
    else
        failed=$((failed + 1))
        failures="$failures '$name'"
        printf ' FAILED after %d s\n' $(($(date +%s) - begin))
        tail -n 200 "$step_log" | sed 's/^/    /'
    fi
}

finish() {
    [ "$failed" -eq 0 ] || echo "failed:$failures"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
