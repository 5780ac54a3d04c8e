# The demo: the whole of Weir on this machine, from live traffic to a bill, and to a bill that is held.
#
# Every number that it prints is read from a running process: the load generator's report, nginx's
# log, the quota and analytics endpoints, and weir-billing. In the end they must agree.
source "$WEIR_ROOT/driver/up.sh"
source "$WEIR_ROOT/driver/traffic.sh"
source "$WEIR_ROOT/driver/show.sh"

PERIOD_SECONDS=15 GRACE_SECONDS=3 # of the pace `short`
TRAFFIC_SECONDS=20

weir_demo() {
  deployment_options "$@"
  [[ -z ${NAMED:-} ]] || fail "$EXIT_USAGE" "the demo has a home of its own, and no name"
  stream_known "$STREAM"
  local keep=0
  case "${OPTIONS[*]}" in
    '') ;;
    --keep) keep=1 ;;
    --incidents) incidents_demo; return ;;
    *) fail "$EXIT_USAGE" "usage: ./weir demo [--keep | --incidents] [--stream file|kafka]" ;;
  esac
  [[ -n $WEIR_BIN_GIVEN ]] || weir_build_programs "$STREAM"
  local began=$SECONDS
  use_home "$WEIR_HOME/demo"
  take_lock services now
  trap demo_ended EXIT
  forget_last_demo
  stream_choose "$STREAM"
  demo_steps
  note "the demo took $((SECONDS - began)) s"
  if ((keep)); then
    trap - EXIT
    what_to_try
  fi
}

# The three incidents, with the original design beside Weir: mounts and a second cluster need root.
incidents_demo() {
  ((EUID == 0)) || fail "$EXIT_UNAVAILABLE" "the incidents mount small volumes: run this as root"
  [[ -n $WEIR_BIN_GIVEN ]] || weir_build_programs "$STREAM" show-incidents old-way
  local began=$SECONDS code=0 servers=(postgres) home=$WEIR_HOME/incidents
  [[ $STREAM != kafka ]] || servers+=(kafka)
  "$WEIR_ROOT/tests/with_services.sh" "$home" --start "${servers[@]}"
  WEIR_TEST_STREAM=${STREAM:-file} WEIR_BIN=$WEIR_BIN \
    "$WEIR_ROOT/tests/with_services.sh" "$home" "$WEIR_BIN/show-incidents" || code=$?
  "$WEIR_ROOT/tests/with_services.sh" "$home" --stop
  note "the incidents took $((SECONDS - began)) s"
  return "$code"
}

# What a former demo left running or lying about.
forget_last_demo() {
  services_stop
  rm -rf "$(readlink -m "$WEIR_VOLUMES/quota")" "$(readlink -m "$WEIR_HOME/nginx")"
  find "$WEIR_HOME" -mindepth 1 -maxdepth 1 ! -name '*.lock' -exec rm -rf {} +
}

# However the demo ends, nothing of it stays running.
demo_ended() {
  local code=$?
  trap - EXIT
  ((code == 0)) || warn "the demo failed; logs: $WEIR_LOGS"
  step "stopping everything that was started"
  services_stop
  exit "$code"
}

demo_steps() {
  bring_up short "${PERIOD_SECONDS}s" "$PERIOD_SECONDS"
  DEMO_FROM=$(sed -n 's/^from = "\(.*\)"/\1/p' "$WEIR_ETC/catalog.toml" | head -n 1)
  nginx_start "$(traffic_keys)"
  process_start tail weir-ingest tail "$(nginx_log)" --format nginx_json --tenant acme --gateway nginx

  step "$TRAFFIC_SECONDS s of live traffic: four customers, a slow route, a failing one"
  traffic_run main "$TRAFFIC_SECONDS"
  show_usage
  show_quota northwind-pro
  show_analytics

  step "billing, when the running period is over"
  wait_for_period
  bill_must_end 0
  show_invoices
  show_an_invoice globex
  step "the same billing run again: it must charge nothing twice"
  charges_must_stay bill_must_end 0

  step "the quota consumer is stopped, and traffic goes on"
  halt quota
  traffic_run held 4
  wait_for_period
  charges_must_stay bill_must_end "$EXIT_HELD"
  show_held
  step "the quota consumer is back: the held period closes"
  process_start quota weir-quota run
  process_ready quota
  usage_arrived
  bill_must_end 0
  show_invoices
  show_summary
}

# Until the period in which the last request fell is over, and the grace after it.
wait_for_period() {
  local until=$(($(date +%s) / PERIOD_SECONDS * PERIOD_SECONDS + PERIOD_SECONDS + GRACE_SECONDS))
  note "waiting until $(date -u +%H:%M:%S -d "@$until") UTC: the period's end, and $GRACE_SECONDS s of grace"
  while (($(date +%s) <= until)); do sleep 0.2; done
}

# bill_must_end CODE: one billing run, as cron would start it, whose exit code must be this one.
bill_must_end() {
  local want=$1 code=0
  weir_billing run 2>"$WEIR_LOGS/billing.log" | sed 's/^/    /' || code=${PIPESTATUS[0]}
  note "weir-billing run: exit code $code"
  ((code == want)) || { cat "$WEIR_LOGS/billing.log" >&2; fail 1 "expected exit code $want"; }
}

# No charge may reach the provider during this.
charges_must_stay() {
  local before=$(charges_made) after
  "$@"
  after=$(charges_made)
  note "charges at the provider: $before before, $after after"
  [[ $after == "$before" ]] || fail 1 "this run must not have charged anybody"
}
charges_made() { cat "$WEIR_HOME/charges.ndjson" 2>/dev/null | wc -l; }
