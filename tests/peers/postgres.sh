#!/usr/bin/env bash
# usage: postgres.sh PID
# Starts a throw-away PostgreSQL in a temporary directory on a free port, prints its address, and stops and removes it
# once the process PID is gone. Exits with 3 when PostgreSQL is not installed.
set -euo pipefail
watched=$1

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$bin" ] || bin=$(dirname "$(readlink -f "$(command -v initdb || true)")" 2>/dev/null || true)
[ -x "$bin/initdb" ] || { echo "PostgreSQL is not installed" >&2; exit 3; }

home=$(mktemp -d)
# PostgreSQL refuses to run as root.
as=()
if [ "$(id -u)" = 0 ]; then
  id postgres >/dev/null 2>&1 || useradd --system --no-create-home postgres
  chown postgres "$home"
  as=(runuser -u postgres --)
fi
cd "$home"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"${as[@]}" "$bin/initdb" --pgdata="$home/data" --auth=trust --username=yagura --encoding=UTF8 --no-sync >/dev/null
"${as[@]}" "$bin/pg_ctl" --pgdata="$home/data" --wait --silent --log="$home/log" --options="\
  -p $port -k $home -c listen_addresses=127.0.0.1 -c fsync=${YAGURA_POSTGRES_FSYNC:-off} -c max_connections=300 \
  ${YAGURA_POSTGRES_OPTIONS:-}" start >/dev/null

stop() {
  while kill -0 "$watched" 2>/dev/null; do sleep 0.5; done
  "${as[@]}" "$bin/pg_ctl" --pgdata="$home/data" --mode=immediate --silent stop || true
  rm -rf "$home"
}
stop </dev/null >/dev/null 2>&1 &
disown
echo "postgres://yagura@127.0.0.1:$port/postgres"
