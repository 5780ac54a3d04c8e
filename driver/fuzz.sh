# fuzz: libFuzzer over every decoder and parser that reads bytes of strangers (tests/fuzz).
#
# Each target runs for so many seconds, under the address and undefined-behaviour sanitizers, from the
# corpus in the repository; what it learns is kept in build/fuzz/corpus and used the next time. An
# input that stops a target is left in build/fuzz/findings, and the exit code is 1.
source "$WEIR_ROOT/driver/build.sh"

FUZZ_BUILD=$WEIR_ROOT/build/fuzz

fuzz_build() {
  export CCACHE_BASEDIR=$WEIR_ROOT CCACHE_NOHASHDIR=1
  step "building into ${FUZZ_BUILD#"$WEIR_ROOT/"}"
  take_lock setup
  (cd "$WEIR_ROOT" && quietly cmake-fuzz cmake --preset fuzz -DWEIR_PARTS="$WEIR_PARTS" 9>&-)
  ninja -C "$FUZZ_BUILD" fuzz_all 9>&-
  drop_lock
}

fuzz_one() { # NAME SECONDS
  local learned=$FUZZ_BUILD/corpus/$1 log=$FUZZ_BUILD/$1.log
  mkdir -p "$learned" "$FUZZ_BUILD/findings"
  if "$FUZZ_BUILD/fuzzers/fuzz_$1" -max_total_time="$2" -max_len=65536 -rss_limit_mb=4096 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="$FUZZ_BUILD/findings/$1-" \
    "$learned" "$WEIR_ROOT/tests/fuzz/corpus/$1" >"$log" 2>&1; then
    note "$1: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
    return
  fi
  warn "$1: an input stopped it (findings/$1-*; all of its output: $log)"
  return 1
}

# [SECONDS] [NAME…]
weir_fuzz() {
  local seconds=60 name failed=0
  if [[ ${1:-} =~ ^[0-9]+$ ]]; then seconds=$1; shift; fi
  weir_setup test
  fuzz_build
  (($#)) || set -- $(cd "$WEIR_ROOT/tests/fuzz/corpus" && printf '%s\n' *)
  step "fuzzing, $seconds s each"
  for name in "$@"; do
    [[ -x $FUZZ_BUILD/fuzzers/fuzz_$name ]] || fail "$EXIT_USAGE" "no such fuzz target: $name"
    fuzz_one "$name" "$seconds" || failed=1
  done
  return "$failed"
}
