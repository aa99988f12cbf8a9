#!/usr/bin/env bash
# benchmarks/latency.sh [RECORDS=2000] [RUNS=3]
# How long after it was sent is a record visible in the result of a query, on an idle server: one record at a
# time, sent with acks=all, until a read_committed Kafka consumer has what the query made of it. Beside it the
# same round trip through the log alone. Prints the medians of the runs.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(dirname "$HERE")
RECORDS=${1:-2000}
RUNS=${2:-3}
# shellcheck source=/dev/null
cd "$ROOT" && . ./.ci/jdk
JAVA=$JAVA_HOME/bin/java
WORK=$(mktemp -d)
WPID=
trap '[ -n "$WPID" ] && kill $WPID 2>/dev/null; wait 2>/dev/null; rm -rf "$WORK"' EXIT
[ -d "$HERE/target/lib" ] || mvn -q -B -T1C -DskipTests package
OWN="$HERE/target/classes:$HERE/target/lib/*"

: >"$WORK/weir.out"
export WEIR_AOT=off # no start-up cache is made while something is measured
"$ROOT/weir" server --data "$WORK/weir" --set kafka.listen=127.0.0.1:0 --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 \
    >"$WORK/weir.out" 2>"$WORK/weir.log" &
WPID=$!
for _ in $(seq 600); do grep -q '^weir ready' "$WORK/weir.out" && break; sleep 0.1; done
address() { sed -n "s/^weir ready.* $1=\([^ ]*\).*/\1/p" "$WORK/weir.out"; }
kafka=$(address kafka)
"$ROOT/weir" sql --server "http://$(address http)" >/dev/null -e "
    CREATE STREAM readings (sensor VARCHAR, value DOUBLE) WITH (KAFKA_TOPIC='readings', VALUE_FORMAT='JSON', PARTITIONS=1);
    CREATE STREAM warm AS SELECT sensor, value FROM readings WHERE value > 20 EMIT CHANGES;
    CREATE TABLE counted AS SELECT sensor, COUNT(*) AS n FROM readings GROUP BY sensor EMIT CHANGES;"

median() { sort -g | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
measure() { # name argument...
    local name=$1
    shift
    for _ in $(seq "$RUNS"); do "$JAVA" -Xmx256m -cp "$OWN" dev.weir.benchmarks.broker.RoundTrips "$kafka" "$@" 2>/dev/null; done >"$WORK/runs"
    printf '%-28s p50 %6d us  p99 %6d us\n' "$name" "$(awk '{print $2}' "$WORK/runs" | median)" "$(awk '{print $5}' "$WORK/runs" | median)"
}
measure "the log alone" roundtrip "$RECORDS"
measure "through a filter" readings "$RECORDS" warm '{"sensor":"a","value":21.5}'
measure "through a GROUP BY" readings "$RECORDS" counted '{"sensor":"a","value":21.5}'
