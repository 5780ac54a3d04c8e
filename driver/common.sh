# Where things are, and how the driver speaks. Sourced by everything else; needs WEIR_ROOT.
#
#   WEIR_HOME   state: configuration, volumes, logs, running processes     (default: ROOT/.weir)
#   WEIR_PARTS  pinned third-party parts, which several homes may share     (default: HOME/parts)
#   WEIR_BIN    Weir's binaries; when given, up and demo build nothing (default: ROOT/build/release/bin)

EXIT_USAGE=64 EXIT_DATA=65 EXIT_UNAVAILABLE=69 EXIT_HELD=75

use_home() { # FOLDER
  mkdir -p "$1"
  WEIR_HOME=$(cd "$1" && pwd)
  WEIR_ETC=$WEIR_HOME/etc WEIR_RUN=$WEIR_HOME/run WEIR_LOGS=$WEIR_HOME/logs
  WEIR_VOLUMES=$WEIR_HOME/volumes WEIR_TOML=$WEIR_HOME/etc/weir.toml
}
use_home "${WEIR_HOME:-$WEIR_ROOT/.weir}"
WEIR_FIRST_HOME=$WEIR_HOME # where no deployment was named
WEIR_PARTS=${WEIR_PARTS:-$WEIR_HOME/parts}
WEIR_BUILD=$WEIR_ROOT/build/release
WEIR_BIN_GIVEN=${WEIR_BIN:-}
WEIR_BIN=${WEIR_BIN:-$WEIR_BUILD/bin}

if [[ -t 1 ]]; then BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' PLAIN=$'\e[0m'
else BOLD='' DIM='' RED='' PLAIN=''; fi

step() { printf '%s==> %s%s\n' "$BOLD" "$*" "$PLAIN"; }
note() { printf '    %s\n' "$*"; }
warn() { printf '%sweir: warning: %s%s\n' "$RED" "$*" "$PLAIN" >&2; }
fail() { local code=$1; shift; printf '%sweir: %s%s\n' "$RED" "$*" "$PLAIN" >&2; exit "$code"; }

# Runs a command that is only worth reading when it fails: its output goes to logs/NAME.log.
quietly() {
  local name=$1 log; shift
  mkdir -p "$WEIR_LOGS"
  log=$WEIR_LOGS/$name.log
  "$@" >"$log" 2>&1 && return
  local code=$?
  tail -n 30 "$log" >&2
  fail "$code" "failed: $1 (all of its output: $log)"
}

# until_true SECONDS COMMAND…: asks every 100 ms until it succeeds; fails when the time is over.
until_true() {
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

# take_lock NAME: one driver at a time does NAME in this home; the others wait, or with `now` fail. All
# deployments of a home share `setup`.
# The lock is file descriptor 9; what is started to live on must be started with 9>&-.
take_lock() {
  local home=$WEIR_HOME
  [[ $1 != setup ]] || home=$WEIR_FIRST_HOME
  exec 9>"$home/$1.lock"
  if [[ ${2:-} == now ]]; then
    flock -n 9 || fail "$EXIT_HELD" "another ./weir is at work in $WEIR_HOME; wait for it to end"
  else
    flock 9
  fi
}
drop_lock() { exec 9>&-; }

# A folder of this home that other users can enter. As root, PostgreSQL and nginx's workers run as
# users of their own, who cannot enter a home of mode 700: such folders lie in /var/lib/weir and are
# linked from the home.
shared_folder() {
  local link=$WEIR_HOME/$1 target
  if ((EUID != 0)); then mkdir -p "$link"; return; fi
  target=/var/lib/weir/$(printf %s "$WEIR_HOME" | sha256sum | cut -c1-12)/$1
  if [[ ! -L $link && -d $target ]]; then
    mv "$target" "$target.lost-$(date +%s)"
    warn "$link was deleted by hand; what it held is in $target.lost-*"
  fi
  mkdir -p "$target" "$(dirname "$link")"
  [[ -L $link ]] || ln -s "$target" "$link"
}
