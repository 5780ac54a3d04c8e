#!/usr/bin/env bash
# Private tenancy: ten deployments on one host at once. Each has its own folders, ports, database and keys;
# what one is sent, no other counts; one is stopped alone. ctest gives WEIR_BIN and WEIR_PARTS.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export WEIR_HOME
WEIR_HOME=$(mktemp -d)
names=(a b c d e f g h i j)
clean_up() {
  "$root/weir" down >/dev/null 2>&1 || true
  local home
  for home in "$WEIR_HOME"/named/*; do rm -rf "$(readlink -m "$home/volumes/quota")"; done
  rm -rf "$WEIR_HOME"
}
trap clean_up EXIT
fail() { echo "$*" >&2; exit 1; }

# Two at a time, as there are cores: together they would only wait for one another.
printf '%s\n' "${names[@]}" |
  xargs -P 2 -I NAME bash -c '"$1" up --name "$2" >"$3/up-$2.log" 2>&1 || { cat "$3/up-$2.log" >&2; exit 1; }' \
    up "$root/weir" NAME "$WEIR_HOME" || fail 'not all of them came up'

home() { echo "$WEIR_HOME/named/$1"; }
port() { cat "$(home "$1")/etc/ports/$2"; }
key() { cat "$(home "$1")/etc/secrets/api-key"; }
status_of() { # KEY-OF URL
  curl -sS -m 10 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(key "$1")" "$2"
}
usage_of() { # NAME
  curl -fsS -m 10 -H "Authorization: Bearer $(key "$1")" \
    "http://127.0.0.1:$(port "$1" quota)/v1/subscriptions/globex-pro/usage" | jq '[.usage[].units] | add // 0'
}

# Nothing is shared: every port and every secret is there once.
ports=$(cat "$WEIR_HOME"/named/*/etc/ports/* | sort | uniq -d)
[[ -z $ports ]] || fail "ports that two deployments have: $ports"
for secret in api-key identity postgres weir_quota; do
  (($(sort -u "$WEIR_HOME"/named/*/etc/secrets/$secret | wc -l) == ${#names[@]})) ||
    fail "two deployments have the same $secret"
done

# The first is sent 1 event, the second 2, and so on: each counts its own.
number=0
for name in "${names[@]}"; do
  number=$((number + 1))
  events=$(seq "$number" | jq -c --arg now "$(date -u +%FT%TZ)" \
    '{source: "test", id: tostring, time: $now, subscription: "globex-pro"}' | jq -sc .)
  curl -fsS -m 10 -H "Authorization: Bearer $(key "$name")" -H 'Content-Type: application/json' \
    -d "$events" "http://127.0.0.1:$(port "$name" ingest)/v1/events" >/dev/null
done
number=0
for name in "${names[@]}"; do
  number=$((number + 1))
  for ((try = 0; try < 300; ++try)); do [[ $(usage_of "$name") == "$number" ]] && break; sleep 0.1; done
  [[ $(usage_of "$name") == "$number" ]] || fail "$name counts $(usage_of "$name") instead of $number"
done

# Another's key opens nothing; another's configuration names another database.
[[ $(status_of a "http://127.0.0.1:$(port b quota)/v1/freshness") == 401 ]] || fail "b takes a's key"
[[ $(status_of b "http://127.0.0.1:$(port b quota)/v1/freshness") == 200 ]] || fail "b does not take its own"

# One goes, the others stay.
"$root/weir" down --name a >/dev/null
"$root/weir" status --name a >/dev/null && fail 'a is said to run'
"$root/weir" status --name b >/dev/null || fail 'b is not well any more'
[[ $(usage_of j) == 10 ]] || fail 'j lost count'
