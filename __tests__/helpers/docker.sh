#!/usr/bin/env bash
# A replacement for `docker` and `docker-compose`: `docker.sh docker logs fitnessally-oip-gpu-1`. It knows one service, `oip-gpu`
# of the profile `gpu`, which is the indexer in the folder at hand in a process of its own; its logs are files, one for each
# stream as Docker keeps them, and its memory is the process's. FAKE_STATE is the folder of its state, with the service's
# environment in the file `env`.

set -u
container=fitnessally-oip-gpu-1
pid() { cat "$FAKE_STATE/pid" 2> /dev/null; }
# A process that has ended and was not waited for is none.
is_up() { [ -n "$(pid)" ] && [[ $(ps -o stat= -p "$(pid)") == [^Z]* ]]; }

stop() {
  is_up || return 0
  kill "$(pid)"
  while is_up; do command -p sleep 0.02; done
}

down() {
  stop
  rm -f "$FAKE_STATE"/{pid,out,err}
}

# Starts the service with what `.env` says now, and returns when it serves. A restart keeps the log.
start() {
  (
    set -a
    . "$FAKE_STATE/env"
    [ ! -f .env ] || . ./.env
    exec nohup node . < /dev/null >> "$FAKE_STATE/out" 2>> "$FAKE_STATE/err"
  ) &
  echo $! > "$FAKE_STATE/pid"
  local lines
  lines=$(grep -c "Indexer listening" "$FAKE_STATE/out" 2> /dev/null || true)
  while is_up && [ "$(grep -c "Indexer listening" "$FAKE_STATE/out")" = "${lines:-0}" ]; do command -p sleep 0.02; done
}

unknown() {
  echo "unsupported docker command: $*" >&2
  exit 64
}

case "$1 $2" in
  "docker-compose --profile")
    [ "$3 ${*: -1}" = "gpu oip-gpu" ] || unknown "$@"
    case "$4" in
      up) down && start ;;
      stop) stop ;;
      restart) stop && start ;;
      down) down ;;
      *) unknown "$@" ;;
    esac
    ;;
  "docker logs")
    [ "$3" = "$container" ] || unknown "$@"
    cat "$FAKE_STATE/out"
    cat "$FAKE_STATE/err" >&2
    ;;
  "docker stats")
    echo "NAME      MEM USAGE"
    echo "$container   $(($(ps -o rss= -p "$(pid)") / 1024))MiB"
    ;;
  "docker ps")
    echo "NAMES     STATUS"
    if is_up; then echo "$container   Up 2 days"; else echo "$container   Exited (0)"; fi
    ;;
  "docker exec") "${@:4}" ;; # the folder at hand is the image's
  *) unknown "$@" ;;
esac
