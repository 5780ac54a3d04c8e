#!/usr/bin/env bash
# with_services.sh HOME COMMAND…: runs COMMAND with the addresses of the servers that run in HOME.
#   with_services.sh HOME --start [SERVER…]   starts them, PostgreSQL and Kafka unless told otherwise, and
#                                             writes HOME/environment
#   with_services.sh HOME --stop
set -euo pipefail
root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)
home=$1
shift
mkdir -p "$home"
export WEIR_PARTS=${WEIR_PARTS:-$root/.weir/parts}
case $1 in
  --start)
    shift
    (($#)) || set -- postgres kafka
    WEIR_HOME=$home "$root/driver/services.sh" start "$@" >"$home/environment.new"
    mv "$home/environment.new" "$home/environment"
    ;;
  --stop) WEIR_HOME=$home "$root/driver/services.sh" stop ;;
  *)
    while IFS='=' read -r name value; do export "$name=$value"; done <"$home/environment"
    export WEIR_TEST_POSTGRES=$WEIR_TEST_POSTGRES_ADMIN
    [[ -z ${WEIR_TEST_KAFKA_BROKERS:-} ]] || export WEIR_TEST_KAFKA=$WEIR_TEST_KAFKA_BROKERS
    # For tests that kill the servers and start them again.
    export WEIR_TEST_SERVICES_HOME=$home WEIR_TEST_DRIVER=$root/driver/services.sh
    exec "$@"
    ;;
esac
