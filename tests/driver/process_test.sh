#!/usr/bin/env bash
# The promises of driver/process.sh about a process that is being killed.
#   process_test.sh HALF_DEAD    the program of half_dead.cc
set -euo pipefail
WEIR_ROOT=$(cd "$(dirname "$0")/../.." && pwd)
half_dead=$1
WEIR_HOME=$(mktemp -d)
source "$WEIR_ROOT/driver/common.sh"
source "$WEIR_ROOT/driver/process.sh"
trap 'halt dying; rm -rf "$WEIR_HOME"' EXIT

promise() { local what=$1; shift; "$@" || { echo "broken: $what" >&2; exit 1; }; }
first_thread_ended() { local stat; read -r stat <"/proc/$1/stat" && [[ ${stat##*) } == Z* ]]; }
is() { [[ $1 == "$2" ]]; }
not() { ! "$@"; }

chosen=$(port dying)
launch dying - "$half_dead" "$chosen"
pid=$(pid_of dying)
until_true 10 port_taken "$chosen"
until_true 10 first_thread_ended "$pid"

promise 'it runs while a thread of it does' running dying
promise 'something is left of it' not nothing_left_of dying
promise 'its port stays its own while it dies, and is no stranger'\''s' is "$(port dying)" "$chosen"

kill -KILL -- "-$pid"
promise 'it ends' until_true 10 nothing_left_of dying
promise 'its port is free then' not port_taken "$chosen"
promise 'its port is kept for its next start' is "$(port dying)" "$chosen"

# A stranger that took the port meanwhile is not fought for it.
"$half_dead" "$chosen" 9>&- &
stranger=$!
disown
until_true 10 port_taken "$chosen"
promise 'a port that a stranger has taken is given up' not is "$(port dying)" "$chosen"
kill -KILL "$stranger"
