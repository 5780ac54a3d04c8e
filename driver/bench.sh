# bench: runs the programs named *_bench, and the scripts bench/*_bench.sh, one after the other. pipeline,
# close, ready and apart_bench need the broker and PostgreSQL: they get servers of their own, in
# WEIR_HOME/bench, which are stopped and emptied whatever happens. An option (a word that begins
# with -) and all behind it go to the benches.

weir_bench() {
  local names=() bench name found=0
  while (($#)) && [[ $1 != -* ]]; do names+=("$1"); shift; done
  weir_build
  export WEIR_PARTS WEIR_BIN WEIR_SOURCE=$WEIR_ROOT
  for bench in "$WEIR_BIN"/*_bench "$WEIR_ROOT"/bench/*_bench.sh; do
    name=${bench##*/}
    [[ -x $bench ]] && { ((${#names[@]} == 0)) || matches_any "$name" "${names[@]}"; } || continue
    found=1
    step "$name"
    case $name in
      *pipeline_bench | *close_bench | *ready_bench | *apart_bench) bench_with_servers "$bench" "$@" ;;
      *) "$bench" "$@" ;;
    esac
  done
  ((found)) || fail "$EXIT_USAGE" "no bench has such a name; they are $WEIR_BIN/*_bench and bench/*_bench.sh"
}

bench_with_servers() {
  trap bench_servers_stop EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  "$WEIR_ROOT/tests/with_services.sh" "$WEIR_HOME/bench" --start
  "$WEIR_ROOT/tests/with_services.sh" "$WEIR_HOME/bench" "$@"
  bench_servers_stop
  trap - EXIT INT TERM
}

bench_servers_stop() {
  "$WEIR_ROOT/tests/with_services.sh" "$WEIR_HOME/bench" --stop
  rm -rf "$WEIR_HOME/bench/kafka"
}

matches_any() { # NAME PATTERN…
  local name=$1 pattern; shift
  for pattern in "$@"; do [[ $name =~ $pattern ]] && return; done
  return 1
}
