# The configuration of a home: weir.toml for all of Weir's processes, the API key, the catalogue.
#
# PACE says how long a close waits: `usual` leaves the product's defaults (15-minute buckets, charged
# ten minutes later); `short` lowers the inputs, never the rule, so that a demo sees bills at once.

config_write() { # PACE
  mkdir -p "$WEIR_ETC" "$WEIR_VOLUMES"/{analytics,stream} "$WEIR_HOME/ingest"
  shared_folder volumes/quota
  postgres_connection weir_quota | private_file quota.database
  postgres_connection weir_billing | private_file billing.database
  secret identity >/dev/null
  config_text "$1" >"$WEIR_TOML.new"
  mv "$WEIR_TOML.new" "$WEIR_TOML"
}

# stream_choose [KIND]: what the stream of this home is, `file` unless said; once it holds usage, that stays.
stream_choose() {
  local file=$WEIR_ETC/stream now
  now=$(cat "$file" 2>/dev/null || true)
  stream_known "${1:-}"
  [[ -z $now || -z ${1:-} || $now == "$1" ]] ||
    fail "$EXIT_USAGE" "the stream of $WEIR_HOME is $now, and its usage was counted from it;" \
      "for one on $1 use another name: ./weir up --name NAME --stream $1"
  mkdir -p "$WEIR_ETC"
  [[ -n $now ]] || echo "${1:-file}" >"$file"
}
stream_known() {
  case $1 in
    '' | file | kafka) ;;
    *) fail "$EXIT_USAGE" "no such stream: $1; --stream file or --stream kafka" ;;
  esac
}
stream_kind() { cat "$WEIR_ETC/stream"; }

private_file() { (umask 077 && cat >"$WEIR_ETC/secrets/$1"); }

config_text() {
  local quota='' wait=30s permitted_future=5m delivery_timeout=30s grace=10m seal_interval=5s
  if [[ $1 == short ]]; then
    permitted_future=1s delivery_timeout=2s grace=3s wait=6s seal_interval=1s
    quota='bucket = "1s"
permitted_future = "1s"
delivery_timeout = "2s"
grace = "3s"'
  fi
  cat <<TOML
# Written by ./weir for the processes of this folder; written anew at each start.

[stream]
kind = "$(stream_kind)"
folder = "$WEIR_VOLUMES/stream"
delivery_timeout = "$delivery_timeout"
$([[ $(stream_kind) == file ]] || printf '[kafka]\nbrokers = "%s"\n' "$(kafka_address)")

[identity]
secret_file = "$WEIR_ETC/secrets/identity"

[keys]
file = "$WEIR_ETC/keys.toml"

[ingest]
listen = "127.0.0.1:$(port ingest)"
state_folder = "$WEIR_HOME/ingest"
permitted_future = "$permitted_future"
seal_interval = "$seal_interval"

[quota]
listen = "127.0.0.1:$(port quota)"
database_file = "$WEIR_ETC/secrets/quota.database"
volume = "$WEIR_VOLUMES/quota"
$quota

[analytics]
listen = "127.0.0.1:$(port analytics-serve)"
consumer_listen = "127.0.0.1:$(port analytics-consume)"
compact_listen = "127.0.0.1:$(port analytics-compact)"
volume = "$WEIR_VOLUMES/analytics"
permitted_future = "$permitted_future"
grace = "$grace"

[billing]
database_file = "$WEIR_ETC/secrets/billing.database"
charges_file = "$WEIR_HOME/charges.ndjson"
wait = "$wait"
analytics_url = "http://127.0.0.1:$(port analytics-serve)"
analytics_keys_file = "$WEIR_ETC/secrets/api-key"
TOML
}

# The tenant's key, made once: weir-ingest prints it at that moment only, and keeps its hash.
api_key() {
  local file=$WEIR_ETC/secrets/api-key
  if [[ ! -s $file ]]; then
    "$WEIR_BIN/weir-ingest" keys new --tenant acme --name driver --file "$WEIR_ETC/keys.toml" \
      2>"$WEIR_LOGS/keys.log" |
      grep -o 'weir_[0-9a-f]\{40\}' | private_file api-key
  fi
  cat "$file"
}

# catalog_write PERIOD: the catalogue of deploy/demo, beginning with the period that runs now. Once
# written it stays, and may be edited.
catalog_write() {
  local file=$WEIR_ETC/catalog.toml from
  [[ -s $file ]] && return
  from=$(date -u +%Y-%m-%dT%H:%M:%SZ -d "@$(($(date +%s) / $2 * $2))")
  sed -e "s|@FROM@|$from|; s|@PERIOD@|$1|" "$WEIR_ROOT/deploy/demo/catalog.toml" >"$file.new"
  mv "$file.new" "$file"
}
