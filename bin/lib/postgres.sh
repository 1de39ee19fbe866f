# shellcheck shell=sh
# A PostgreSQL of one's own for minutes, on a free port of this machine; sourced after setup.sh.

cluster=

postgres_programs() { # where initdb lives: Debian keeps it off the PATH
  for folder in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV) "$(dirname "$(command -v initdb || echo /none)")"; do
    [ -x "$folder/initdb" ] && [ -x "$folder/postgres" ] && echo "$folder" && return 0
  done
  return 1
}

# start_postgres LOG [OPTIONS OF THE SERVER]: sets `server` to its address, or prints the log and fails.
start_postgres() {
  log=$1
  shift
  programs=$(postgres_programs)
  cluster=$(mktemp -d /tmp/handschlag-postgres.XXXXXX)
  as_owner=
  if [ "$(id -u)" = 0 ]; then # PostgreSQL refuses to run as root
    chown postgres: "$cluster"
    as_owner="runuser -u postgres --"
  fi
  port=$("$PY" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  (
    cd "$cluster" &&
      $as_owner "$programs/initdb" -D data -U handschlag -A trust -E UTF8 --locale=C.UTF-8 --no-sync &&
      $as_owner "$programs/pg_ctl" -D data -l log -w -t 60 \
        -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= $*" start
  ) >"$log" 2>&1 </dev/null || {
    cat "$log" "$cluster/log" 2>/dev/null
    return 1
  }
  server=postgres://handschlag@127.0.0.1:$port/postgres
}

stop_postgres() {
  pid=$(head -n 1 "$cluster/data/postmaster.pid" 2>/dev/null || :)
  if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null || : # at once: the data goes anyway
    waited=0
    while kill -0 "$pid" 2>/dev/null && [ "$waited" -lt 50 ]; do
      sleep 0.2
      waited=$((waited + 1))
    done
  fi
  rm -rf "$cluster"
  cluster=
}
