# up, down, status: the same processes as in production, on this machine.
source "$WEIR_ROOT/driver/build.sh"
source "$WEIR_ROOT/driver/services.sh"
source "$WEIR_ROOT/driver/config.sh"
source "$WEIR_ROOT/driver/nginx.sh"

TOPIC_PARTITIONS=4

weir_ingest() { "$WEIR_BIN/weir-ingest" "$@" --config "$WEIR_TOML"; }
weir_quota() { "$WEIR_BIN/weir-quota" "$@" --config "$WEIR_TOML"; }
weir_billing() { "$WEIR_BIN/weir-billing" "$@" --config "$WEIR_TOML"; }

# process_start NAME BINARY COMMAND…: runs until `down`; ready when it says so itself.
process_start() {
  local name=$1 binary=$2; shift 2
  launch "$name" "$(cat "$WEIR_TOML")" "$WEIR_BIN/$binary" "$@" --config "$WEIR_TOML"
}
process_ready() { # NAME
  ready "$1" 60 curl -fsS "http://127.0.0.1:$(port "$1")/readyz"
  note "$1 on 127.0.0.1:$(port "$1")"
}

# From nothing, or from whatever a crash has left, to all processes running. PACE as in config.sh.
bring_up() { # PACE PERIOD PERIOD-SECONDS
  postgres_start
  [[ $(stream_kind) == file ]] || kafka_start
  config_write "$1"
  step "topic, schemas, API key, catalogue"
  api_key >/dev/null
  catalog_write "$2" "$3"
  quietly topic weir_ingest topic create --partitions "$TOPIC_PARTITIONS"
  quietly migrate-quota weir_quota migrate
  quietly migrate-billing weir_billing migrate
  quietly catalog-quota weir_quota catalog apply "$WEIR_ETC/catalog.toml"
  quietly catalog-billing weir_billing catalog apply "$WEIR_ETC/catalog.toml"
  step "Weir's processes; volumes $WEIR_VOLUMES/{stream,quota,analytics}"
  process_start ingest weir-ingest serve
  process_start quota weir-quota run
  process_start analytics-consume weir-analytics consume
  process_start analytics-serve weir-analytics serve
  process_start analytics-compact weir-analytics compact
  local name
  for name in ingest quota analytics-{consume,serve,compact}; do process_ready "$name"; done
}

# deployment_options [--name NAME] [--stream KIND] REST…: enters the deployment's home, and leaves the rest
# in OPTIONS. One that has no name is the home itself.
deployment_options() {
  STREAM='' OPTIONS=()
  local name='' home=$WEIR_HOME
  while (($#)); do
    case $1 in
      --name | --stream) (($# > 1)) || fail "$EXIT_USAGE" "$1 wants a word behind it" ;;&
      --name) name=$2; shift ;;
      --stream) STREAM=$2; shift ;;
      *) OPTIONS+=("$1") ;;
    esac
    shift
  done
  [[ -z $name ]] && return
  [[ $name =~ ^[a-z0-9][a-z0-9-]{0,30}$ ]] ||
    fail "$EXIT_USAGE" "a deployment's name is of a-z, 0-9 and -, 31 at most: not $name"
  NAMED=$name
  use_home "$home/named/$name"
}

no_further_options() { # USAGE
  ((${#OPTIONS[@]} == 0)) || fail "$EXIT_USAGE" "usage: $1"
}

weir_up() {
  deployment_options "$@"
  no_further_options './weir up [--name NAME] [--stream file|kafka]'
  stream_choose "$STREAM"
  [[ -n $WEIR_BIN_GIVEN ]] || weir_build_programs "$(stream_kind)"
  take_lock services now
  bring_up usual 15m 900
  what_to_try
}

what_to_try() {
  local bearer='Authorization: Bearer $KEY'
  cat <<TEXT

  Running. Addresses: collector http://127.0.0.1:$(port ingest)   quota http://127.0.0.1:$(port quota)
             analytics http://127.0.0.1:$(port analytics-serve)   stream $(stream_address)

  Things to try:
    KEY=$(api_key)
    CONFIG="--config $WEIR_TOML"; PATH="$WEIR_BIN:\$PATH"
    # send an event, ask what is used, what is left, and what happened
    curl -H "$bearer" -H 'Content-Type: application/json' http://127.0.0.1:$(port ingest)/v1/events \\
      -d '{"source":"me","id":"1","time":"'\$(date -u +%FT%TZ)'","subscription":"globex-pro","route":"/hello","method":"GET","status":200,"latency_us":1500}'
    curl -H "$bearer" http://127.0.0.1:$(port quota)/v1/subscriptions/globex-pro/usage
    curl -H "$bearer" http://127.0.0.1:$(port quota)/v1/subscriptions/globex-pro/quota
    curl -H "$bearer" 'http://127.0.0.1:$(port analytics-serve)/v1/query?metrics=requests,error_rate,p95&group_by=route'
$(what_to_try_on_the_stream)
    # a log file; may we charge; charge
    weir-ingest load --help
    weir-billing check \$CONFIG; weir-billing run \$CONFIG; weir-billing invoices \$CONFIG
    $WEIR_ROOT/weir status; $WEIR_ROOT/weir down${NAMED:+ --name $NAMED}
TEXT
}

stream_address() {
  if [[ $(stream_kind) == file ]]; then echo "$WEIR_VOLUMES/stream"; else echo "Kafka at $(kafka_address)"; fi
}

what_to_try_on_the_stream() {
  if [[ $(stream_kind) == file ]]; then
    cat <<TEXT
    # is the stream's log whole, and what does it hold
    weir-ingest log verify $WEIR_VOLUMES/stream/weir.requests
TEXT
    return
  fi
  cat <<TEXT
    # a plain Kafka producer is a full citizen, when it partitions as Java does
    echo 'globex-pro|{"tenant":"acme","source":"me","id":"2","time":"'\$(date -u +%FT%TZ)'","subscription":"globex-pro"}' |
      kcat -P -b $(kafka_address) -t weir.requests -K '|' -X topic.partitioner=murmur2_random
TEXT
}

# Homes that may have something running: the named one; or this one, the demo's inside it, and all named.
homes() {
  local home
  printf '%s\n' "$WEIR_HOME"
  [[ -z ${NAMED:-} ]] || return 0
  for home in "$WEIR_HOME/demo" "$WEIR_HOME"/named/*; do [[ ! -d $home ]] || echo "$home"; done
}

weir_down() {
  deployment_options "$@"
  no_further_options './weir down [--name NAME]'
  local home
  for home in $(homes); do
    [[ -d $home/run ]] || continue
    use_home "$home"
    take_lock services now
    step "stopping what runs in $home"
    services_stop
    drop_lock
  done
}

weir_status() {
  deployment_options "$@"
  no_further_options './weir status [--name NAME]'
  local home record name found=0 ill=0
  for home in $(homes); do
    compgen -G "$home/run/*" >/dev/null || continue
    found=1
    use_home "$home"
    step "$home"
    for record in "$WEIR_RUN"/*; do status_of "${record##*/}" || ill=1; done
    freshness || ill=1
  done
  ((found)) || { echo 'nothing was started; ./weir up starts it'; return 1; }
  return "$ill"
}

status_of() { # NAME
  local name=$1 health
  if ! running "$name"; then
    note "$(printf '%-18s DEAD      ./weir up starts it again; its log: %s' "$name" "$WEIR_LOGS/$name.log")"
    return 1
  fi
  health=$(health_of "$name")
  note "$(printf '%-18s running   process %-7s %-22s %s' "$name" "$(pid_of "$name")" \
    "$([[ -e $WEIR_ETC/ports/$name ]] && echo "127.0.0.1:$(port "$name")")" "$health")"
  [[ $health != ill* ]]
}

health_of() { # NAME
  local reply
  case $1 in
    postgres) postgres_sql -d weir -c 'SELECT 1' >/dev/null 2>&1 && echo well || echo ill ;;
    kafka) kafka_answers && echo well || echo ill ;;
    nginx) curl -fsS -m 3 "http://127.0.0.1:$(port nginx)/nginx-health" >/dev/null && echo well || echo ill ;;
    ingest | quota | analytics-* | upstream)
      reply=$(curl -sS -m 3 -w '\n%{http_code}' "http://127.0.0.1:$(port "$1")/readyz" 2>&1 || true)
      [[ ${reply##*$'\n'} == 200 ]] && echo well || echo "ill: ${reply%$'\n'*}"
      ;;
  esac
}

# How far behind the two consumers are, in their own words.
freshness() {
  freshness_of quota /v1/freshness
  freshness_of analytics-serve '/v1/query?metrics=requests'
}
freshness_of() { # NAME PATH
  local reply
  running "$1" || return 0
  reply=$(curl -fsS -m 3 -H "Authorization: Bearer $(api_key)" "http://127.0.0.1:$(port "$1")$2" 2>/dev/null) ||
    return 0
  jq -r --arg name "$1" '"    \($name): complete through \(.complete_through // "—"), lag \(.lag_s // "—") s"' \
    <<<"$reply"
}
