#!/usr/bin/env bash
# demo_test.sh [OPTION…]: the quickstart's promise: `./weir demo` ends by itself with exit code 0, and all of its counts agree.
# ctest gives WEIR_BIN and WEIR_PARTS; the home is a fresh one.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export WEIR_HOME
WEIR_HOME=$(mktemp -d)
clean_up() {
  "$root/weir" down >/dev/null 2>&1 || true
  rm -rf "$(readlink -m "$WEIR_HOME/demo/volumes/quota")" "$(readlink -m "$WEIR_HOME/demo/nginx")" "$WEIR_HOME"
}
trap clean_up EXIT

"$root/weir" demo "$@" | tee "$WEIR_HOME/output"

promise() { grep -q -- "$1" "$WEIR_HOME/output" || { echo "not in the demo's output: $1" >&2; exit 1; }; }
promise 'usage of each subscription'
promise 'p95 [0-9]* ms'
promise 'weir-billing run: exit code 75'
promise 'all counts agree'
counts=$(sed -n '/==> summary/,/all counts agree/s/.* \([0-9][0-9]*\)$/\1/p' "$WEIR_HOME/output" | sort -u)
[[ $(wc -l <<<"$counts") == 1 && $counts -gt 0 ]] || { echo "the counts differ: $counts" >&2; exit 1; }
for record in "$WEIR_HOME"/demo/run/*; do
  [[ ! -e $record ]] || { echo "still recorded as running: ${record##*/}" >&2; exit 1; }
done
