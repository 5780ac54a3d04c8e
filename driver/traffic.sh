# The demo's traffic: four customers' applications, each with its API key, call the small API through
# nginx. `hey` sends them; each run ends by count, so that what was sent is known exactly.

# subscription | method | path | workers | requests a second and worker
TRAFFIC='
northwind-pro    | GET  | /v1/orders/4711       | 4 | 12
northwind-pro    | GET  | /v1/reports/2026-03-01| 2 | 1
globex-pro       | GET  | /v1/orders/81         | 4 | 10
globex-pro       | POST | /v1/payments          | 2 | 3
initech-starter  | GET  | /v1/products/12       | 3 | 8
initech-starter  | GET  | /v1/products/90       | 1 | 2
umbrella-metered | GET  | /v1/products/7        | 3 | 10
umbrella-metered | POST | /v1/payments          | 1 | 2'

traffic_lines() { sed 's/ *| */|/g; /^$/d' <<<"$TRAFFIC"; }
subscriptions() { traffic_lines | cut -d'|' -f1 | sort -u; }

traffic_keys() { # nginx's map: API key → subscription
  local subscription
  for subscription in $(subscriptions); do
    printf '%s %s;\n' "$(secret "gateway-$subscription")" "$subscription"
  done
}

# traffic_run NAME SECONDS: all lines of the table at once; fails when any request got no answer.
traffic_run() {
  local folder=$WEIR_HOME/traffic/$1 seconds=$2 line=0 base sent
  local subscription method path workers rate
  base=http://127.0.0.1:$(port nginx)
  mkdir -p "$folder"
  while IFS='|' read -r subscription method path workers rate; do
    line=$((line + 1))
    hey -n $((workers * rate * seconds)) -c "$workers" -q "$rate" -m "$method" \
      -H "X-Api-Key: $(secret "gateway-$subscription")" "$base$path" \
      >"$folder/$line.$subscription" 2>&1 9>&- &
  done < <(traffic_lines)
  wait $(jobs -rp)
  grep -l 'Error distribution' "$folder"/* && fail 1 "the load generator had errors (above)"
  sent=$(requests_sent '*' "$1")
  note "hey reports $sent requests answered"
}

# requests_sent SUBSCRIPTION [RUN]: what the load generator's own reports add up to.
requests_sent() {
  cat "$WEIR_HOME"/traffic/${2:-*}/*.$1 | awk '/^ *\[[0-9]+\]\t[0-9]+ responses/ { n += $2 } END { print n + 0 }'
}

requests_logged() { wc -l <"$(nginx_log)"; }
