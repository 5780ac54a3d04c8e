#!/usr/bin/env bash
# What does one box cost at the seed's load? All of Weir and its PostgreSQL on the file log, 700 requests a
# second as a gateway logs them, through `weir-ingest tail`; then, beside it, further deployments at rest.
# Target: at most 400 MiB resident and 5 % of a core, everything together.
#
#   footprint_bench.sh [--seconds N] [--rate N] [--further N]
#
# Resident: `pss` shares pages between the processes that map them, `rss` counts them for each. CPU is what
# the kernel charged to the processes, the dead ones that they waited for included; the load generator's is
# not in it. Exit 1 when a target is missed (by rss, the stricter) or a request is not counted.
set -euo pipefail
WEIR_ROOT=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd)
export WEIR_HOME=${WEIR_HOME:-$WEIR_ROOT/.weir}/bench/footprint
export WEIR_BIN=${WEIR_BIN:-$WEIR_ROOT/build/release/bin}
rm -rf "$WEIR_HOME"
source "$WEIR_ROOT/driver/common.sh"
source "$WEIR_ROOT/driver/up.sh"

seconds=60 rate=700 further=2
while (($#)); do
  case $1 in
    --seconds) seconds=$2 ;;
    --rate) rate=$2 ;;
    --further) further=$2 ;;
    *) fail "$EXIT_USAGE" "usage: footprint_bench.sh [--seconds N] [--rate N] [--further N]" ;;
  esac
  shift 2
done

homes_used=("$WEIR_HOME")
clean_up() {
  local home
  for home in "${homes_used[@]}"; do
    use_home "$home"
    services_stop
    rm -rf "$(readlink -m "$WEIR_VOLUMES/quota")"
  done
  rm -rf "$WEIR_FIRST_HOME"
}
trap clean_up EXIT

# Every process of this home: those that were recorded, and their children.
pids() {
  local record pid
  for record in "$WEIR_RUN"/*; do
    pid=$(pid_of "${record##*/}") || continue
    echo "$pid"
    pgrep -P "$pid" || true
  done
}
# Kernel ticks so far; a parent's include its dead children's.
cpu_ticks() {
  local pid stat sum=0
  for pid in $(pids); do
    { read -r stat <"/proc/$pid/stat"; } 2>/dev/null || continue
    read -ra stat <<<"${stat##*) }"
    sum=$((sum + stat[11] + stat[12] + stat[13] + stat[14]))
  done
  echo "$sum"
}
memory_kib() { # Pss|Rss
  local pid sum=0 kib
  for pid in $(pids); do
    kib=$(awk -v what="^$1:" '$0 ~ what { print $2 }' "/proc/$pid/smaps_rollup" 2>/dev/null) || continue
    sum=$((sum + ${kib:-0}))
  done
  echo "$sum"
}
mib() { echo "$((($1 + 1023) / 1024)) MiB"; }

# RATE lines a second for SECONDS, ten times a second, in nginx's form.
log_lines() {
  local round=0 began
  began=$(date +%s%N)
  while ((round < seconds * 10)); do
    awk -v n=$((rate / 10)) -v round=$round -v now="$(date +%s.%3N)" 'BEGIN { for (i = 0; i < n; i++) printf \
      "{\"msec\":\"%s\",\"request_id\":\"%d-%d\",\"tenant\":\"acme\",\"subscription\":\"%s\",\"api\":\"shop\"," \
      "\"method\":\"GET\",\"uri\":\"/v1/orders/%d\",\"status\":\"200\",\"request_time\":\"0.007\"," \
      "\"upstream_response_time\":\"0.007\",\"request_length\":\"187\",\"bytes_sent\":\"307\"," \
      "\"remote_addr\":\"127.0.0.1\",\"http_user_agent\":\"bench\"}\n", \
      now, round, i, (i % 3 ? "northwind-pro" : "globex-pro"), i }' >>"$WEIR_HOME/access.log"
    round=$((round + 1))
    local ahead=$((round * 100 - ($(date +%s%N) - began) / 1000000))
    ((ahead <= 0)) || sleep "$(printf '0.%03d' "$ahead")"
  done
}
next_edge() { date -u +%FT%TZ -d "@$((($(date +%s) / 900 + 1) * 900))"; } # of a bucket
counted() {
  curl -fsS -m 10 -H "Authorization: Bearer $(api_key)" \
    "http://127.0.0.1:$(port quota)/v1/subscriptions/$1/usage?from=$FROM&to=$(next_edge)" |
    jq '[.usage[].units] | add // 0'
}
all_counted() { (($(counted northwind-pro) + $(counted globex-pro) == seconds * 10 * (rate / 10))); }

up_quietly() { stream_choose file; take_lock services now; bring_up usual 15m 900 >"$WEIR_LOGS/up.log"; }

mkdir -p "$WEIR_LOGS"
step "one box on the file log"
up_quietly
FROM=$(sed -n 's/^from = "\(.*\)"/\1/p' "$WEIR_ETC/catalog.toml" | head -n 1)
touch "$WEIR_HOME/access.log"
process_start tail weir-ingest tail "$WEIR_HOME/access.log" --format nginx_json --tenant acme --gateway bench
sleep 5 # starting is not part of the question
rest=$(memory_kib Pss)

step "$rate requests a second for $seconds s"
before=$(cpu_ticks)
log_lines &
pss=0 rss=0
while kill -0 $! 2>/dev/null; do
  now=$(memory_kib Pss); ((now <= pss)) || pss=$now
  now=$(memory_kib Rss); ((now <= rss)) || rss=$now
  sleep 2
done
ticks=$(($(cpu_ticks) - before))
cpu=$((ticks * 1000 / $(getconf CLK_TCK) / seconds)) # thousandths of a core
until_true 60 all_counted || fail 1 "after 60 s not every request is counted"
note "resident    pss $(mib "$pss") (at rest $(mib "$rest")), rss $(mib "$rss"); target 400 MiB"
note "CPU         $((cpu / 10)).$((cpu % 10)) % of a core; target 5 %"
missed=0
((rss <= 400 * 1024 && cpu <= 50)) || missed=1

for ((i = 1; i <= further; ++i)); do
  use_home "$WEIR_FIRST_HOME/named/further-$i"
  homes_used+=("$WEIR_HOME")
  mkdir -p "$WEIR_LOGS"
  drop_lock
  began=$SECONDS
  up_quietly
  sleep 5
  before=$(cpu_ticks)
  sleep 10
  ticks=$(($(cpu_ticks) - before))
  note "further $i   pss $(mib "$(memory_kib Pss)"), rss $(mib "$(memory_kib Rss)"), CPU at rest" \
    "$((ticks * 100 / $(getconf CLK_TCK) / 10)).$((ticks * 1000 / $(getconf CLK_TCK) / 10 % 10)) %," \
    "$(du -sm --apparent-size "$(readlink -f "$WEIR_VOLUMES/quota")" "$WEIR_HOME" | awk '{ s += $1 } END { print s }') MiB of disk," \
    "up in $((SECONDS - began - 15)) s"
done
exit "$missed"
