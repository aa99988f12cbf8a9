#!/usr/bin/env bash
# benchmarks/sync.sh [DIRECTORY=a new one] [WRITES=5000]
# What a small durable write costs on this disk, whoever makes it: a write and an fdatasync, one after the other, in
# a file that grows and in one that was made longer before. It is the least that a record with acks=all costs a
# client that waits for each answer. Half a minute.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(dirname "$HERE")
# shellcheck source=/dev/null
cd "$ROOT" && . ./.ci/jdk
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
[ -d "$HERE/target/lib" ] || mvn -q -B -T1C -DskipTests package
for bytes in 200 4096 16384; do
    "$JAVA_HOME/bin/java" -cp "$HERE/target/classes:$HERE/target/lib/*" dev.weir.benchmarks.broker.SyncFloor \
        "${1:-$WORK}" "${2:-5000}" "$bytes"
done
