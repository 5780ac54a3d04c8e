#!/usr/bin/env bash
# The units of deploy/systemd: systemd takes them without a word, they are confined, each process has bounds
# of its own, and the very command of each takes the configuration that lies beside them.
#   systemd_test.sh BIN    the folder of Weir's binaries
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
broken() { echo "broken: $*" >&2; exit 1; }

cp -r "$root/deploy/systemd/." "$folder"
sed -i "s|/usr/local/bin|$bin|" "$folder"/*.service
# The colon: the system's own units are looked up behind these.
export SYSTEMD_UNIT_PATH=$folder:

said=$(systemd-analyze verify "$folder"/*.service "$folder"/*.timer 2>&1) || broken "verify fails: $said"
[[ -z $said ]] || broken "verify says: $said"

systemd-sysusers --dry-run "$folder/weir.sysusers" >/dev/null || broken 'sysusers refuses weir.sysusers'

for unit in "$folder"/*.service; do
  name=${unit##*/}
  # 0 is as confined as can be, 100 not at all.
  systemd-analyze security --offline=true --no-pager --threshold=15 "$unit" >"$folder/security" ||
    broken "$name is too exposed: $(cat "$folder/security")"
  # Its heavy queries lower their own priority; nobody else has a use for that.
  if [[ $name == weir-analytics-serve.service ]]; then
    grep -q 'setpriority is allowed' "$folder/security" || broken "$name may not lower its priority"
  elif grep -q 'setpriority is allowed' "$folder/security"; then
    broken "$name may change priorities"
  fi
  for bound in MemoryHigh MemoryMax CPUWeight IOWeight TasksMax; do
    grep -q "^$bound=[1-9]" "$unit" || broken "$name has no $bound"
  done
  user=$(sed -n 's/^User=//p' "$unit")
  for other in weir-ingest weir-quota weir-analytics weir-billing; do
    [[ $other == "$user" ]] || grep -q "^InaccessiblePaths=.*-/var/lib/$other\b" "$unit" ||
      broken "$name may look into $other's volume"
  done

  # As systemd would: the credentials' folder stands for %d.
  mkdir -p "$folder/credentials"
  echo secret-of-at-least-sixteen-bytes >"$folder/credentials/identity"
  echo 'host=127.0.0.1 dbname=weir' | tee "$folder/credentials/quota.database" >"$folder/credentials/billing.database"
  : >"$folder/credentials/keys"
  environment=()
  while IFS= read -r line; do environment+=("${line//%d/$folder/credentials}"); done \
    < <(sed -n 's/^Environment=//p' "$unit")
  read -ra command <<<"$(sed -n 's/^ExecStart=//p' "$unit")"
  command=("${command[@]/#\/etc\/weir/$folder}")
  env -i "${environment[@]}" "${command[@]}" --check-config >"$folder/out" 2>&1 ||
    broken "${command[*]}: $(cat "$folder/out")"
done
