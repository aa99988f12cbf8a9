#!/usr/bin/env bash
# benchmarks/nexmark.sh [EVENTS=2000000] [RUNS=3]
# Nexmark q0 and a count per auction in ten-second windows: Weir (events in a topic, results committed to a
# topic, state checkpointed) and Flink SQL 2.3 (events in files, results dropped, RocksDB), one after the other
# on the same machine over the same events; prints medians and the ratio of their rates.
# Needs a JDK 17 for Flink (JAVA_HOME_17 or the system's JVM folder).
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(dirname "$HERE")
EVENTS=${1:-2000000}
RUNS=${2:-3}
# shellcheck source=/dev/null
cd "$ROOT" && . ./.ci/jdk
JAVA=$JAVA_HOME/bin/java
JAVA17=
for candidate in "${JAVA_HOME_17:-}" /usr/lib/jvm/*; do
    grep -qs '^JAVA_VERSION="17[."]' "$candidate/release" && JAVA17=$candidate/bin/java && break
done
[ -n "$JAVA17" ] || { echo "no JDK 17 found for Flink: set JAVA_HOME_17" >&2; exit 1; }
WORK=$(mktemp -d)
WPID=
trap '[ -n "$WPID" ] && kill $WPID 2>/dev/null; wait 2>/dev/null; rm -rf "$WORK"' EXIT

[ -s "$HERE/peers/flink/target/cp.txt" ] ||
    mvn -q -B -f "$HERE/peers/flink/pom.xml" package dependency:build-classpath -Dmdep.outputFile="$HERE/peers/flink/target/cp.txt"
[ -d "$HERE/target/lib" ] || mvn -q -B -T1C -DskipTests package
OWN="$HERE/target/classes:$HERE/target/lib/*"

"$JAVA" -cp "$OWN" dev.weir.benchmarks.nexmark.NexmarkEvents "$WORK" "$EVENTS" 2 42

OPENS=()
for package in lang util nio time; do OPENS+=(--add-opens "java.base/java.$package=ALL-UNNAMED"); done
"$JAVA17" -Xms5g -Xmx5g "${OPENS[@]}" -cp "$HERE/peers/flink/target/classes:$(cat "$HERE/peers/flink/target/cp.txt")" \
    dev.weir.benchmarks.flink.FlinkPeer "$WORK" "$RUNS" | tee "$WORK/flink.txt"

: >"$WORK/weir.out"
export WEIR_AOT=off # no start-up cache is made while something is measured
"$ROOT/weir" server --data "$WORK/weir" --set kafka.listen=127.0.0.1:0 --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 \
    >"$WORK/weir.out" 2>"$WORK/weir.log" &
WPID=$!
for _ in $(seq 600); do grep -q '^weir ready' "$WORK/weir.out" && break; sleep 0.1; done
address() { sed -n "s/^weir ready.* $1=\([^ ]*\).*/\1/p" "$WORK/weir.out"; }
"$JAVA" -Xmx512m -cp "$OWN" dev.weir.benchmarks.nexmark.NexmarkRun "$WORK" "$RUNS" "$(address http)" "$(address kafka)" 2>"$WORK/run.log" |
    tee "$WORK/weir.txt" || { cat "$WORK/run.log" >&2; exit 1; }

awk -v n="$EVENTS" '{s[$1,$2]=$3; q[$2]=1}
    END {for (k in q) printf "%-6s flink %9.0f ev/s  weir %9.0f ev/s  ratio %.2f\n", k, n/s["flink",k], n/s["weir",k], s["flink",k]/s["weir",k]}' \
    "$WORK/flink.txt" "$WORK/weir.txt"
