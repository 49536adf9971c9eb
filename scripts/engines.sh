# Sourced by scripts/test: start_engines sets IMPACT_TEST_POSTGRES and IMPACT_TEST_MARIADB (socket folder and socket of
# scratch servers); stop_engines stops the servers and removes their folder.

need_package() { # need_package PROGRAM PACKAGE
  command -v "$1" >/dev/null && return
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "$1 is missing; install the package $2" >&2; exit 1; }
  if [ -z "${apt_updated:-}" ]; then
    apt-get update -qq
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}

as_user() { # servers refuse to run as root
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=65534 --regid=65534 --clear-groups env HOME="$engines" "$@"
  else
    "$@"
  fi
}

start_engines() {
  export PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1):/usr/sbin"
  command -v initdb >/dev/null || { need_package initdb postgresql; export PATH="$PATH:$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)"; }
  need_package mariadbd mariadb-server
  need_package mariadb mariadb-client
  engines=$(mktemp -d /tmp/impact-engines.XXXXXX)
  if [ "$(id -u)" = 0 ]; then chown 65534:65534 "$engines"; fi
  as_user initdb -D "$engines/pg" -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N >"$engines/pg.log" 2>&1
  as_user pg_ctl -D "$engines/pg" -l "$engines/pg-server.log" -w -t 60 -o "-c listen_addresses= -c unix_socket_directories=$engines -c fsync=off -c timezone=UTC" start >/dev/null
  export IMPACT_TEST_POSTGRES=$engines
  as_user mariadb-install-db --no-defaults --auth-root-authentication-method=normal --datadir="$engines/my" >"$engines/my.log" 2>&1
  as_user mariadbd --no-defaults --datadir="$engines/my" --socket="$engines/my.sock" --pid-file="$engines/my.pid" --skip-networking --innodb-flush-log-at-trx-commit=0 >>"$engines/my.log" 2>&1 &
  for _ in $(seq 120); do
    mariadb --no-defaults -u root -S "$engines/my.sock" -e 'SELECT 1' >/dev/null 2>&1 && break
    sleep 0.5
  done
  mariadb --no-defaults -u root -S "$engines/my.sock" -e 'SELECT 1' >/dev/null || { tail "$engines/my.log" >&2; exit 1; }
  export IMPACT_TEST_MARIADB=$engines/my.sock
}

stop_engines() {
  as_user pg_ctl -D "$engines/pg" -m immediate stop >/dev/null 2>&1 || true
  [ ! -f "$engines/my.pid" ] || kill "$(cat "$engines/my.pid")" 2>/dev/null || true
  for _ in $(seq 40); do [ -f "$engines/my.pid" ] || break; sleep 0.25; done
  rm -rf "$engines"
}
