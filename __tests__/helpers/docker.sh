#!/usr/bin/env bash
# A replacement for `docker` and `docker-compose`: `docker.sh docker logs indexer`. It knows one service,
# `indexer`, which is the example in a process of its own; its logs are files, one for each stream as Docker keeps them, and
# its memory is the process's. STAND_IN is the folder of its state, with the service's environment in the file `env`.

set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
pid() { cat "$STAND_IN/pid" 2> /dev/null; }
# A process that has ended and was not waited for is none.
is_up() { [ -n "$(pid)" ] && [[ $(ps -o stat= -p "$(pid)") == [^Z]* ]]; }

stop() {
  is_up || return 0
  kill "$(pid)"
  while is_up; do command -p sleep 0.02; done
}

down() {
  stop
  rm -f "$STAND_IN"/{pid,out,err}
}

# Starts the service anew with what `.env` says now, and returns when it serves.
up() {
  down
  (
    set -a
    . "$STAND_IN/env"
    [ ! -f .env ] || . ./.env
    exec nohup node "$root/examples/indexer" < /dev/null > "$STAND_IN/out" 2> "$STAND_IN/err"
  ) &
  echo $! > "$STAND_IN/pid"
  while is_up && ! grep -q "Memory Leak Tracker" "$STAND_IN/out"; do command -p sleep 0.02; done
}

case "$1 $2" in
  "docker-compose up") up ;;
  "docker-compose stop") stop ;;
  "docker-compose down") down ;;
  "docker logs")
    cat "$STAND_IN/out"
    cat "$STAND_IN/err" >&2
    ;;
  "docker stats")
    echo "NAME      MEM USAGE"
    echo "indexer   $(($(ps -o rss= -p "$(pid)") / 1024))MiB"
    ;;
  "docker ps")
    echo "NAMES     STATUS"
    if is_up; then echo "indexer   Up 2 days"; else echo "indexer   Exited (0)"; fi
    ;;
  "docker exec") "${@:4}" ;; # the folder at hand is the image's
  *)
    echo "unsupported docker command: $*" >&2
    exit 64
    ;;
esac
