#!/usr/bin/env bash
# The alert rules of deploy/prometheus: Prometheus takes them, each fires when it should and not before, each
# has a page, and no rule asks for a metric that nothing gives.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
rules=$root/deploy/prometheus/weir.rules.yml
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
broken() { echo "broken: $*" >&2; exit 1; }

promtool check rules "$rules" >"$folder/out" 2>&1 || broken "$(cat "$folder/out")"
sed "s|@RULES@|$rules|" "$root/tests/deploy/weir.rules.test.yml" >"$folder/test.yml"
promtool test rules "$folder/test.yml" >"$folder/out" 2>&1 || broken "$(cat "$folder/out")"

for alert in $(sed -n 's/.*- alert: //p' "$rules"); do
  grep -A2 "alertname: $alert\$" "$folder/test.yml" | grep -q 'exp_labels' || broken "$alert never fires in the test"
  grep -q "alertname: $alert, exp_alerts: \[\]" "$folder/test.yml" || [[ $alert == WeirConsumerBehind ]] ||
    broken "$alert is never silent in the test"
done
for page in $(sed -n 's/.*runbook: //p' "$rules" | sort -u); do
  [[ -s $root/$page ]] || broken "there is no $page"
done
for page in "$root"/docs/runbooks/*.md; do
  grep -q "runbook: docs/runbooks/${page##*/}\$" "$rules" || broken "no alert leads to ${page##*/}"
done
for metric in $(grep -o 'weir_[a-z_]*' <<<"$(grep 'expr:' "$rules")" | sort -u); do
  # A watch of a volume puts its names together.
  grep -rqF -e "\"$metric\"" -e "\"${metric#weir_volume_}\"" --include=*.cc \
    "$root"/{base,ingest,quota,analytics,billing} || broken "nothing gives $metric"
done
