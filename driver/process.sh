# Processes that live on after the driver: started detached, recorded, found again, stopped.
#
# A record (run/NAME) holds the process id, its start time in the kernel's ticks, the boot and a digest of
# the command and of the configuration: together they say whether the process with that id is the one
# that was started, and started so. The child writes its record itself before it becomes the command,
# so a driver killed at any moment leaves no process without one. Each is the leader of a group.

boot_id() { tr -d - </proc/sys/kernel/random/boot_id; }

# Only its exit code is left of the process whose `stat` was read. The first thread of a killed process
# may be a zombie while its others still hold the sockets, for as long as 50 threads take to die.
zombie() { [[ ${stat[0]} == Z ]] && ((stat[17] <= 1)); }

# The kernel's start time of a process; empty when there is none, or only a zombie.
start_time() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 0
  read -ra stat <<<"${stat##*) }"
  zombie || echo "${stat[19]}"
}

# record_of NAME: sets pid, ticks, boot, digest from its record; fails when there is none.
record_of() {
  pid='' ticks='' boot='' digest=''
  { read -r pid ticks boot digest <"$WEIR_RUN/$1"; } 2>/dev/null && [[ -n $digest ]]
}

# running NAME: the very process that was recorded is alive.
running() {
  local pid ticks boot digest
  record_of "$1" && [[ $boot == "$(boot_id)" && $(start_time "$pid") == "$ticks" ]]
}

pid_of() { local pid ticks boot digest; record_of "$1" && echo "$pid"; }

# Members of a recorded group whose leader is dead (a killed nginx leaves its workers). The group's
# number cannot have been given to others while a member lives; a live process of that number and
# another start time is a stranger, and then the group is his.
group_left_of() {
  local pid ticks boot digest member stat
  record_of "$1" && [[ $boot == "$(boot_id)" ]] || return 0
  [[ -d /proc/$pid && $(start_time "$pid") != "" && $(start_time "$pid") != "$ticks" ]] && return
  for member in /proc/[0-9]*; do
    { read -r stat <"$member/stat"; } 2>/dev/null || continue
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[2]} == "$pid" ]] && ! zombie && echo "${member#/proc/}"
  done
  return 0
}

# launch NAME DIGEST COMMAND…: starts it unless it runs already with this digest. Its log is logs/NAME.log.
launch() {
  local name=$1 want=$2 pid ticks boot digest; shift 2
  want=$(printf '%s\0' "$want" "$@" | sha256sum | cut -c1-16)
  if running "$name"; then
    record_of "$name"
    [[ $digest == "$want" ]] && return
    note "$name: its configuration changed; restarting it"
  fi
  halt "$name"
  mkdir -p "$WEIR_RUN" "$WEIR_LOGS"
  setsid bash -c '
    read -r stat </proc/$$/stat; read -ra stat <<<"${stat##*) }"
    echo "$$ ${stat[19]} $1 $2" >"$3.new" && mv "$3.new" "$3" && shift 3 && exec "$@"' \
    launch "$(boot_id)" "$want" "$WEIR_RUN/$name" "$@" \
    </dev/null >>"$WEIR_LOGS/$name.log" 2>&1 9>&- &
  disown
  until_true 5 record_of "$name" || exited_early "$name"
}

exited_early() {
  tail -n 15 "$WEIR_LOGS/$1.log" >&2
  fail "$EXIT_UNAVAILABLE" "$1 does not run (its log: $WEIR_LOGS/$1.log)"
}

# ready NAME SECONDS COMMAND…: waits until COMMAND succeeds, and gives up when NAME has exited.
ready() {
  local name=$1 end=$((SECONDS + $2)); shift 2
  until "$@" >/dev/null 2>&1; do
    running "$name" || exited_early "$name"
    ((SECONDS < end)) || exited_early "$name"
    sleep 0.1
  done
}

not_running() { ! running "$1"; }
# A killed process that init has not buried yet still answers to kill -0, which lock files go by.
buried() { [[ ! -d /proc/$1 || -n $(start_time "$1") ]]; }
nothing_left_of() { ! running "$1" && [[ -z $(group_left_of "$1") ]]; }

# halt NAME [SIGNAL]: asks it to end (SIGTERM), waits 15 s, then kills its whole group.
halt() {
  local name=$1 pid='' ticks boot digest
  if running "$name"; then
    record_of "$name"
    kill -"${2:-TERM}" "$pid" 2>/dev/null || true
    kill -CONT "$pid" 2>/dev/null || true
    until_true 15 not_running "$name" || warn "$name did not end within 15 s; killing it"
  fi
  if record_of "$name" && [[ -n $(group_left_of "$name") ]]; then
    kill -KILL -- "-$pid" 2>/dev/null || true
    until_true 5 nothing_left_of "$name" || fail "$EXIT_UNAVAILABLE" "$name cannot be killed ($pid)"
  fi
  [[ -z $pid ]] || until_true 10 buried "$pid" || true
  rm -f "$WEIR_RUN/$name"
}

# port NAME[.PURPOSE]: the port of the process NAME on 127.0.0.1, chosen free once and then kept. When
# a stranger has taken it while NAME was down, another is chosen.
port() {
  local name=${1%%.*} file=$WEIR_ETC/ports/$1 chosen
  mkdir -p "$WEIR_ETC/ports"
  chosen=$(cat "$file" 2>/dev/null || true)
  if [[ -z $chosen ]] || { nothing_left_of "$name" && port_taken "$chosen"; }; then
    until chosen=$((20000 + RANDOM % 12000)) && ! port_taken "$chosen" &&
      ! grep -qsx "$chosen" "$WEIR_ETC"/ports/*; do :; done
    echo "$chosen" >"$file"
  fi
  echo "$chosen"
}
port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
