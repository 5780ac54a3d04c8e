#!/usr/bin/env bash
# The servers that Weir needs, started privately on this machine. Sourced by up and demo; run by the
# integration tests' fixture, with a WEIR_HOME of its own:
#
#   services.sh start postgres kafka     starts them, prints their addresses as NAME=VALUE lines
#   services.sh stop                     stops whatever runs in this home
#   services.sh kill postgres            kill -9 of the whole group, for tests of recovery
if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  WEIR_ROOT=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
  source "$WEIR_ROOT/driver/common.sh"
fi
source "$WEIR_ROOT/driver/process.sh"
source "$WEIR_ROOT/driver/postgres.sh"
source "$WEIR_ROOT/driver/kafka.sh"

services_environment() {
  if running postgres; then
    echo "WEIR_TEST_POSTGRES_PORT=$(port postgres)"
    echo "WEIR_TEST_POSTGRES_ADMIN=$(postgres_connection postgres)"
    echo "WEIR_TEST_POSTGRES_QUOTA=$(postgres_connection weir_quota)"
    echo "WEIR_TEST_POSTGRES_BILLING=$(postgres_connection weir_billing)"
  fi
  if running kafka; then echo "WEIR_TEST_KAFKA_BROKERS=$(kafka_address)"; fi
}

services_stop() {
  local record
  for record in "$WEIR_RUN"/*; do
    [[ -e $record ]] || continue
    case ${record##*/} in
      *.new) rm -f "$record" ;;
      postgres | kafka) ;; # last: the others talk to them
      *) halt "${record##*/}" ;;
    esac
  done
  kafka_stop
  postgres_stop
}

# A process given as its name is killed as a power cut would: no warning, the group at once. Its ports
# are free when this returns.
services_kill() {
  local name pid
  for name in "$@"; do
    running "$name" || continue
    pid=$(pid_of "$name")
    kill -KILL -- "-$pid"
    until_true 15 nothing_left_of "$name" || fail "$EXIT_UNAVAILABLE" "$name cannot be killed ($pid)"
  done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  action=${1:-}
  (($#)) && shift
  case $action in
    start)
      take_lock services
      for service in "$@"; do "${service}_start" >&2; done
      services_environment
      ;;
    stop) take_lock services && services_stop ;;
    kill) services_kill "$@" ;;
    *) fail "$EXIT_USAGE" "usage: services.sh start postgres kafka | stop | kill NAME…" ;;
  esac
fi
