# What each command does, in the words of `./weir help`.

declare -A HELP=(
  [setup]='[kafka] [test]  install what building and running needs: Debian packages (as root or by sudo)
and DuckDB, pinned and verified; on request also what Kafka needs (Java), or what the tests need. Does
nothing, and needs no network, when all is there.'
  [build]='setup, then compile everything (release) into build/release.'
  [test]='[NAME…]  setup, build, then run the tests: all, or those whose names match.
The exit code is the test runner'\''s.'
  [demo]='[--keep | --incidents] [--stream file|kafka]  setup, build, then the whole thing on this
machine: real traffic through nginx, the stream, quota, analytics, to invoices; then a held bill. Ends by
itself with a summary. The stream is a log of files, or on request a real Kafka. --keep leaves everything running and prints
what to try; `./weir down` ends it. --incidents shows the three incidents that Weir exists for instead,
with the original design beside it (as root, under three minutes).'
  [up]='[--name NAME] [--stream file|kafka]  start PostgreSQL and Weir'\''s processes and leave them running
(with --stream kafka also Kafka); prints addresses and commands to try. Run again after a crash: it
starts what is missing. Each NAME is a deployment of its own: folders, ports, database, keys.'
  [down]='[--name NAME]  stop what `up` or `demo --keep` started. The data stays.'
  [status]='[--name NAME]  show each process: running or not, health, lag. Exit code 0 when all are well.'
  [bench]='[NAME…] [--OPTION…]  build, then run the benches: all, or those whose names match. Options go
to the benches: `./weir bench pipeline --events 200000 --rounds 1`.'
  [fuzz]='[SECONDS] [NAME…]  build the fuzz targets (clang, sanitizers), then run each for so many
seconds (60). Inputs that stop one are left in build/fuzz/findings.'
  [check]='formatting, static analysis, direction of dependencies.'
)
HELP_ORDER=(setup build test demo up down status bench fuzz check)

print_help() {
  if [[ -n ${1:-} ]]; then
    [[ -n ${HELP[$1]:-} ]] || fail "$EXIT_USAGE" "no such command: $1"
    printf './weir %s %s\n' "$1" "${HELP[$1]}"
    return
  fi
  printf 'usage: ./weir COMMAND\n\n'
  local command line
  for command in "${HELP_ORDER[@]}"; do
    local label=$command
    while IFS= read -r line; do
      printf '  %-8s %s\n' "$label" "$line"
      label=''
    done <<<"${HELP[$command]}"
  done
  printf '\nState lives under .weir/, or $WEIR_HOME. `./weir help COMMAND` prints one of these.\n'
}
