# Debian packages: what is missing is installed, nothing else is touched.

# packages_wanted PURPOSE…: names and known versions of those for the purposes; one whose command is
# there already, from wherever, is left out.
packages_wanted() {
  local name known what command
  while read -r name known what; do
    command=${what#"${what%%:*}"}
    [[ " $* " == *" ${what%%:*} "* ]] || continue
    [[ -n $command ]] && command -v "${command#:}" >/dev/null && continue
    echo "$name $known"
  done < <(sed -E '/^(#|$)/d' "$WEIR_ROOT/driver/packages.txt")
}

packages_missing() { # PURPOSE…
  local installed
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p')
  comm -23 <(packages_wanted "$@" | awk '{print $1}' | sort) <(sort <<<"$installed")
}

packages_warn_of_versions() { # PURPOSE…
  local name known version
  while read -r name known; do
    version=$(dpkg-query -W -f='${Version}' "$name")
    [[ $version == "$known"* ]] || warn "$name is $version; Weir is known to work with $known*"
  done < <(packages_wanted "$@")
}

as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

packages_need_root() {
  ((EUID == 0)) && return
  command -v sudo >/dev/null && { [[ -t 0 ]] || sudo -n true 2>/dev/null; } && return
  fail "$EXIT_UNAVAILABLE" "installing needs root: run as root, or have it done:" \
    "apt-get install --no-install-recommends" "$@"
}

# Debian starts the servers that it installs. Weir runs its own, privately: the system's PostgreSQL
# gets no cluster, and policy-rc.d (if the machine has none of its own) refuses starts meanwhile.
POLICY=/usr/sbin/policy-rc.d
POLICY_MARK='# written by ./weir setup for the length of an installation'

packages_keep_servers_down() {
  as_root mkdir -p /etc/postgresql-common
  [[ -e /etc/postgresql-common/createcluster.conf ]] ||
    echo 'create_main_cluster = false' |
    as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
  [[ -e $POLICY ]] && return
  trap packages_let_servers_up EXIT
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" | as_root tee "$POLICY" >/dev/null
  as_root chmod +x "$POLICY"
}

packages_let_servers_up() {
  if grep -qsxF "$POLICY_MARK" "$POLICY"; then as_root rm -f "$POLICY"; fi
}

packages_setup() { # PURPOSE…
  local missing
  mapfile -t missing < <(packages_missing "$@")
  if ((${#missing[@]})); then
    packages_need_root "${missing[@]}"
    packages_let_servers_up # one that a killed run left
    packages_keep_servers_down
    step "installing ${#missing[@]} Debian packages"
    fold -s -w 90 <<<"${missing[*]}" | sed 's/^/    /'
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-repair as_root dpkg --configure -a
    quietly apt-update as_root apt-get update
    quietly apt-install as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${missing[@]}"
    packages_let_servers_up
  else
    step "Debian packages: all there"
  fi
  packages_warn_of_versions "$@"
}
