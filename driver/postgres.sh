# PostgreSQL as a private cluster on the quota volume: data checksums on, loopback only, one database
# `weir`, and two roles that each own a schema: weir_quota and weir_billing.

POSTGRES_BIN=/usr/lib/postgresql/15/bin
postgres_data() { echo "$WEIR_VOLUMES/quota/postgres"; }

# The server refuses root; user postgres can enter the shared folder but not the way to it.
as_postgres() {
  if ((EUID != 0)); then "$@"; return; fi
  (cd / && setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
}

# secret NAME: a random password of this home, made at the first call.
secret() {
  local file=$WEIR_ETC/secrets/$1
  if [[ ! -s $file ]]; then
    (umask 077 && mkdir -p "$WEIR_ETC/secrets" &&
      head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$file.new" && mv "$file.new" "$file")
  fi
  cat "$file"
}

postgres_create() {
  local data=$1 volume=$WEIR_VOLUMES/quota password
  step "creating the PostgreSQL cluster on the quota volume"
  rm -rf "$volume"/postgres.new
  mkdir "$volume/postgres.new"
  password=$volume/postgres.password
  (umask 077 && secret postgres >"$password")
  if ((EUID == 0)); then chown postgres: "$(readlink -f "$volume")"/postgres.{new,password}; fi
  quietly initdb as_postgres "$POSTGRES_BIN/initdb" -D "$(readlink -f "$volume")/postgres.new" \
    --data-checksums --encoding=UTF8 --locale=C.UTF-8 --username=postgres \
    --auth=scram-sha-256 --pwfile="$(readlink -f "$volume")/postgres.password"
  rm "$password"
  mv "$volume/postgres.new" "$data"
}

postgres_sql() { # [psql's options]
  PGPASSWORD=$(secret postgres) PGCONNECT_TIMEOUT=5 PGOPTIONS='-c client_min_messages=warning' psql \
    -h 127.0.0.1 -p "$(port postgres)" -U postgres -qXAt -v ON_ERROR_STOP=1 "$@"
}

# Nothing bounds a role's damage by default; these do. Run again they set the same again.
postgres_role() { # NAME CONNECTIONS STATEMENT-TIMEOUT
  postgres_sql -d weir <<SQL
DO \$\$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '$1') THEN CREATE ROLE $1; END IF;
END \$\$;
ALTER ROLE $1 LOGIN PASSWORD '$(secret "$1")' CONNECTION LIMIT $2;
ALTER ROLE $1 SET statement_timeout = '$3';
ALTER ROLE $1 SET lock_timeout = '10s';
ALTER ROLE $1 SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE $1 SET temp_file_limit = '1GB';
GRANT CONNECT, CREATE ON DATABASE weir TO $1;
SQL
}

postgres_start() {
  local data port
  shared_folder volumes/quota
  data=$(postgres_data)
  [[ -d $data ]] || postgres_create "$data"
  data=$(readlink -f "$data")
  port=$(port postgres)
  step "PostgreSQL on 127.0.0.1:$port"
  # After a crash one syncfs, not an fsync of every file: with a hundred databases that took 20 s.
  local server=("$POSTGRES_BIN/postgres" -D "$data" -p "$port" -c listen_addresses=127.0.0.1
    -c unix_socket_directories= -c max_connections=100 -c shared_buffers=64MB -c synchronous_commit=on
    -c wal_compression=on -c max_wal_size=512MB -c log_timezone=UTC -c timezone=UTC
    -c recovery_init_sync_method=syncfs)
  ((EUID != 0)) ||
    server=(env -C "$data" setpriv --reuid=postgres --regid=postgres --clear-groups "${server[@]}")
  # After a kill -9 of the server its children need a moment to notice; until then a start is refused.
  local attempt
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    (launch postgres - "${server[@]}" && ready postgres 60 postgres_sql -d postgres -c 'SELECT 1') \
      2>/dev/null && break
    sleep 1
  done
  running postgres || exited_early postgres
  [[ $(postgres_sql -d postgres -c "SELECT count(*) FROM pg_database WHERE datname = 'weir'") == 1 ]] ||
    postgres_sql -d postgres -c 'CREATE DATABASE weir'
  postgres_sql -d weir -c 'REVOKE ALL ON DATABASE weir FROM PUBLIC; REVOKE ALL ON SCHEMA public FROM PUBLIC'
  postgres_role weir_quota 40 60s
  postgres_role weir_billing 20 120s
}

# Fast shutdown: running transactions are rolled back. SIGTERM would wait for clients to go.
postgres_stop() { halt postgres INT; }

# The connection string of a role, password included.
postgres_connection() {
  echo "host=127.0.0.1 port=$(port postgres) dbname=weir user=$1 password=$(secret "$1")"
}
