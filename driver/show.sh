# What the demo shows: answers of the running system as small tables, and the sums that must agree.

ask() { # PROCESS PATH-AND-QUERY
  curl -fsS -m 10 -H "Authorization: Bearer $(api_key)" "http://127.0.0.1:$(port "$1")$2"
}
demo_range() { echo "from=$DEMO_FROM&to=$(date -u +%Y-%m-%dT%H:%M:%SZ -d '+60 seconds')"; }
freshly() { jq -r '"    as of \(.as_of), complete through \(.complete_through // "—"), lag \(.lag_s // "—") s"'; }

usage_of() { # SUBSCRIPTION
  ask quota "/v1/subscriptions/$1/usage?$(demo_range)" | jq '[.usage[].units] | add // 0'
}
usage_total() {
  local subscription total=0
  for subscription in $(subscriptions); do total=$((total + $(usage_of "$subscription"))); done
  echo "$total"
}
usage_is_whole() { [[ $(usage_total) == "$(requests_sent '*')" ]]; }
usage_arrived() {
  until_true 30 usage_is_whole ||
    fail 1 "usage is $(usage_total) after 30 s, but $(requests_sent '*') requests were sent"
}

show_usage() {
  local subscription
  step "usage of each subscription, from the quota endpoint"
  usage_arrived
  note "$(printf '%-18s %8s %8s' subscription sent usage)"
  for subscription in $(subscriptions); do
    note "$(printf '%-18s %8d %8d' "$subscription" "$(requests_sent "$subscription")" "$(usage_of "$subscription")")"
  done
}

show_quota() { # SUBSCRIPTION
  local answer
  step "the quota of $1"
  answer=$(ask quota "/v1/subscriptions/$1/quota")
  jq -r '"    plan \(.plan), period \(.period.from) to \(.period.to)",
    (.limits[] | "    \(.kind) of \(.meter): \(.used // 0) used of \(.limit), \(.remaining) left\(if .hard then "" else " (soft)" end)")' \
    <<<"$answer"
  freshly <<<"$answer"
}

analytics() { ask analytics-serve "/v1/query?$(demo_range)&$1"; }
analytics_total() { analytics 'metrics=requests' | jq '.rows[0].requests // 0'; }
analytics_is_whole() { [[ $(analytics_total) == "$(requests_sent '*')" ]]; }
analytics_arrived() {
  until_true 30 analytics_is_whole ||
    fail 1 "analytics counts $(analytics_total) after 30 s, but $(requests_sent '*') requests were sent"
}

show_analytics() {
  local answer milliseconds='def ms: if . == null then "—" else "\(. / 1000 | round) ms" end;'
  step "what happened, from the analytics endpoint"
  analytics_arrived
  answer=$(analytics 'metrics=requests,error_rate,p50,p95,p99')
  jq -r "$milliseconds"' .rows[0] |
    "    \(.requests) requests, \(.error_rate * 1000 | round / 10) % errors, p50 \(.p50 | ms), p95 \(.p95 | ms), p99 \(.p99 | ms)"' \
    <<<"$answer"
  note "slowest routes:"
  analytics 'metrics=requests,p95&group_by=method,route&order_by=-p95&limit=3&other=false' |
    jq -r "$milliseconds"' .rows[] | "      \(.method) \(.route): p95 \(.p95 | ms), \(.requests) requests"'
  note "most failing routes:"
  analytics 'metrics=requests,errors,error_rate&group_by=method,route&order_by=-errors&limit=3&other=false' |
    jq -r '.rows[] | select(.errors > 0) | "      \(.method) \(.route): \(.errors) of \(.requests) failed (\(.error_rate * 1000 | round / 10) %)"'
  freshly <<<"$answer"
}

show_invoices() { weir_billing invoices | sed 's/^/    /'; }
show_an_invoice() { # CUSTOMER: its greatest
  local id
  id=$(weir_billing invoices --json |
    jq -r --arg customer "$1" '[.invoices[] | select(.customer == $customer)] | max_by(.total | tonumber).id')
  weir_billing show "$id" | sed 's/^/    /'
}
show_held() { weir_billing held | sed 's/^/    /'; }

invoiced_units() { weir_billing invoices --json | jq '[.. | objects | .added? // empty] | add // 0'; }

# The five counts, each from another place. They must be the same number.
show_summary() {
  local sent logged used counted invoiced
  analytics_arrived
  sent=$(requests_sent '*') logged=$(requests_logged) used=$(usage_total)
  counted=$(analytics_total) invoiced=$(invoiced_units)
  step "summary"
  printf '    %-42s %8d\n' 'requests, says the load generator' "$sent" \
    'lines of the access log of nginx' "$logged" 'usage, says quota' "$used" \
    'requests, says analytics' "$counted" 'units on the invoices' "$invoiced"
  [[ $sent -gt 0 && $sent == "$logged" && $sent == "$used" && $sent == "$counted" && $sent == "$invoiced" ]] ||
    fail 1 "the counts differ: this must never happen"
  note "all counts agree"
}
