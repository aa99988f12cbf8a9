#!/usr/bin/env bash
# benchmarks/recovery.sh [GB=2] [PARTITIONS=4]
# How long a server needs after kill -9, by how much of its log was written since the last checkpoints: nothing to
# speak of, 50 MB, and what heavy writing leaves. A log of so many GB is written once; for each case the server is
# started, written to, killed, and started again. Printed is the time from exec to the ready line, and to the first
# record read from the middle of the log, and what recovery read and took (/metrics) beside the size of all logs.
# With 64 partitions the last case shows whether upkeep keeps up with many that are written at once.
# COMMAND starts another server than ./weir server. Needs kcat and curl.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
GB=${1:-2}
PARTITIONS=${2:-4}
COMMAND=${COMMAND:-$(dirname "$HERE")/weir server}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/weir-recovery-XXXXXX")
PID=
trap '[ -n "$PID" ] && kill -9 "$PID" 2>/dev/null; wait 2>/dev/null; rm -rf "$WORK"' EXIT
command -v kcat >/dev/null || { echo "skipped: kcat is not installed" && exit 77; }

now() { date +%s%3N; }
start() { # sets PID, KAFKA, HTTP and READY, in ms since exec
    : >"$WORK/ready"
    T0=$(now)
    $COMMAND --data "$WORK/data" --set kafka.listen=127.0.0.1:0 --set postgres.listen=127.0.0.1:0 \
        --set http.listen=127.0.0.1:0 >"$WORK/ready" 2>>"$WORK/log" &
    PID=$!
    until grep -q '^weir ready' "$WORK/ready"; do
        kill -0 "$PID" 2>/dev/null || { tail -5 "$WORK/log" >&2 && exit 1; }
        sleep 0.005
    done
    READY=$(($(now) - T0))
    KAFKA=$(sed 's/.* kafka=\([^ ]*\).*/\1/' "$WORK/ready")
    HTTP=$(sed 's/.* http=\([^ ]*\).*/\1/' "$WORK/ready")
}
crash() { # the server itself, also where PID is of a script that started it
    kill -9 "$PID"
    wait "$PID" 2>/dev/null || true
    PID=
}
metric() { curl -sf "http://$HTTP/metrics" | awk -v name="$1" '$1 == name {printf "%.3f\n", $2}'; }
write() { # MB, over all partitions: values of 1 KiB that do not compress
    local each=$(($1 * 1024 / PARTITIONS))
    seq 0 $((PARTITIONS - 1)) |
        xargs -P 8 -I{} sh -c 'head -n "$1" "$2" | kcat -P -b "$3" -t log -p "$4" -X acks=all -X linger.ms=20 \
            -X message.timeout.ms=600000 -X queue.buffering.max.kbytes=65536' _ "$each" "$WORK/lines" "$KAFKA" {}
}
report() {
    local name=$1 first
    start
    local old=$((GB * 1024 * 1024 / PARTITIONS / 2))
    kcat -C -b "$KAFKA" -t log -p 0 -o "$old" -c 1 -e -q -X fetch.wait.max.ms=10 >"$WORK/first" || true
    first=$(($(now) - T0))
    [ -s "$WORK/first" ] || { echo "offset $old of partition 0 cannot be read" >&2 && exit 1; }
    printf '%-28s %8d ms %8d ms %12.1f MB %10.3f s %12.1f MB\n' "$name" "$READY" "$first" \
        "$(metric weir_log_recovered_bytes_total | awk '{print $1 / 1e6}')" "$(metric weir_log_open_seconds_total)" \
        "$(metric weir_log_size_bytes | awk '{print $1 / 1e6}')"
}

# As many lines as the largest share of a partition at once needs.
ROUND=$((GB * 1024 < 512 ? GB * 1024 : 512)) # MB written in one go
head -c $((ROUND * 1024 * 1024 * 3 / 4 + (1 << 20))) /dev/urandom | base64 -w 1023 >"$WORK/lines"
start
curl -sf "http://$HTTP/statement" -d "{\"sql\": \"CREATE STREAM log (line VARCHAR) WITH (KAFKA_TOPIC='log', \
VALUE_FORMAT='JSON', PARTITIONS=$PARTITIONS)\"}" >/dev/null
for _ in $(seq $((GB * 1024 / ROUND))); do write "$ROUND"; done
kill "$PID" && wait "$PID" || true # checkpoints everything
PID=

printf '%-28s %11s %11s %15s %12s %15s\n' "written since a checkpoint" ready "old read" recovered opening logs
start && crash && report nothing
write 50 && crash && report "50 MB"
for _ in 1 2; do write "$ROUND"; done
crash && report "$((2 * ROUND)) MB, as fast as it goes"
kill "$PID" && wait "$PID" || true
PID=
