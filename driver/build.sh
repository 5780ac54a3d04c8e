# setup, build, test, check; bench has a file of its own.
source "$WEIR_ROOT/driver/packages.sh"
source "$WEIR_ROOT/driver/parts.sh"
source "$WEIR_ROOT/driver/bench.sh"

# weir_setup [run] [kafka] [test]: what is needed to build and run Weir, and to do so on Kafka, and to test.
weir_setup() {
  local purposes=(run "$@") purpose
  for purpose in "$@"; do
    case $purpose in
      run) ;;
      kafka | test) purposes+=(kafka) ;; # the tests run on both
      *) fail "$EXIT_USAGE" "usage: ./weir setup [run] [kafka] [test]" ;;
    esac
  done
  take_lock setup
  packages_setup "${purposes[@]}"
  [[ " ${purposes[*]} " != *' kafka '* ]] || kafka_setup
  duckdb_setup
  drop_lock
}

compile() {
  # Clones share what they compiled; the paths in the symbols may then be of another clone.
  export CCACHE_BASEDIR=$WEIR_ROOT CCACHE_NOHASHDIR=1
  local began=$SECONDS
  step "building into ${WEIR_BUILD#"$WEIR_ROOT/"}"
  take_lock setup
  (cd "$WEIR_ROOT" && quietly cmake cmake --preset release -DWEIR_PARTS="$WEIR_PARTS" 9>&-)
  ninja -C "$WEIR_BUILD" "$@" 9>&-
  drop_lock
  note "built in $((SECONDS - began)) s"
}

# What `up` and `demo` run. Tests and benches are built when they are asked for.
WEIR_PROGRAMS=(weir-ingest weir-quota weir-analytics weir-billing weir-demo-upstream)

weir_build() {
  weir_setup test
  compile "$@"
}

# What `up` and `demo` need, and no more.
weir_build_programs() { # STREAM [FURTHER-TARGET…]
  if [[ $1 == kafka ]]; then weir_setup kafka; else weir_setup; fi
  compile "${WEIR_PROGRAMS[@]}" "${@:2}"
}

# The names become one expression for ctest: `./weir test money codec` runs both.
weir_test() {
  weir_build
  local names=()
  (($#)) && names=(-R "$(IFS='|'; echo "$*")")
  step "testing"
  export WEIR_SOURCE=$WEIR_ROOT WEIR_PARTS WEIR_BIN=$WEIR_BUILD/bin
  unset WEIR_HOME
  # One more than there are processors: some tests only wait.
  exec ctest --test-dir "$WEIR_BUILD" --output-on-failure --no-tests=error -j "$(($(nproc) + 1))" \
    "${names[@]}"
}

tracked_sources() { git -C "$WEIR_ROOT" ls-files --cached --others --exclude-standard -- "$@"; }

weir_check() {
  weir_build
  cd "$WEIR_ROOT"
  step "formatting"
  tracked_sources '*.h' '*.cc' | xargs -r -d '\n' clang-format-16 --dry-run -Werror
  step "static analysis"
  tracked_sources '*.cc' | grep -v '^tests/\|_test\.cc$' | xargs -r -d '\n' -n 4 -P "$(nproc)" \
    clang-tidy-16 --quiet -p "$WEIR_BUILD" --extra-arg=-w 2>&1 | grep -v ' generated\.$' ||
    ((${PIPESTATUS[2]} == 0)) || fail 1 "clang-tidy found something (above)"
  step "direction of dependencies, dead files, words"
  ctest --test-dir "$WEIR_BUILD" --output-on-failure --no-tests=error -R '^tidy'
}
