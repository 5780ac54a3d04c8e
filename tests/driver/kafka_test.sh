#!/usr/bin/env bash
# The promises of driver/kafka.sh that need no broker.
set -euo pipefail
WEIR_ROOT=$(cd "$(dirname "$0")/../.." && pwd)
WEIR_HOME=$(mktemp -d)
trap 'rm -rf "$WEIR_HOME"' EXIT
source "$WEIR_ROOT/driver/common.sh"
source "$WEIR_ROOT/driver/process.sh"
source "$WEIR_ROOT/driver/kafka.sh"

# In base64 these bytes are all '+', and all '/': the two that an id for a command line may not begin with.
for bytes in '\373\357\276' '\377\377\377'; do
  id=$(for _ in 1 2 3 4 5 6; do printf "$bytes"; done | kafka_cluster_id)
  [[ $id =~ ^[A-Za-z0-9][A-Za-z0-9_-]{21}$ ]] || { echo "no cluster id for a command line: $id" >&2; exit 1; }
done
