#!/usr/bin/env bash
# benchmarks/footprint.sh [RUNS=3]
# What a broker costs before it does anything: from exec to the first produced record, resident memory when
# idle, 1,000 topics created and described, memory after, and a restart with them. Weir (the whole server, with
# its start-up cache) and an Apache Kafka 4.3.1 broker from Maven Central, in turn; prints medians and ratios.
# Needs kcat.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(dirname "$HERE")
RUNS=${1:-3}
# shellcheck source=/dev/null
cd "$ROOT" && . ./.ci/jdk
JAVA=$JAVA_HOME/bin/java
WORK=$(mktemp -d)
KPORT=${KPORT:-29092}
WPORT=${WPORT:-29192}
PID=
trap '[ -n "$PID" ] && kill "$PID" 2>/dev/null; wait 2>/dev/null; rm -rf "$WORK"' EXIT

[ -s "$HERE/peers/kafka/target/cp.txt" ] ||
    mvn -q -B -f "$HERE/peers/kafka/pom.xml" dependency:build-classpath -Dmdep.outputFile="$HERE/peers/kafka/target/cp.txt"
PEER=$(cat "$HERE/peers/kafka/target/cp.txt")
[ -d "$HERE/target/lib" ] || mvn -q -B -T1C -DskipTests package
OWN="$HERE/target/classes:$HERE/target/lib/*"

cat >"$WORK/kafka.properties" <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$((KPORT + 1))
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$KPORT,CONTROLLER://127.0.0.1:$((KPORT + 1))
inter.broker.listener.name=PLAINTEXT
log.dirs=$WORK/kafka
offsets.topic.replication.factor=1
PROPERTIES

now() { date +%s%3N; }
resident() { awk '/^VmRSS/ {print $2}' "/proc/$1/status"; } # KiB
median() { sort -g | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
start() { # kafka|weir: sets PID and PORT
    if [ "$1" = kafka ]; then
        PORT=$KPORT
        "$JAVA" -Xms1g -Xmx1g -XX:+UseG1GC -cp "$PEER" kafka.Kafka "$WORK/kafka.properties" >>"$WORK/kafka.log" 2>&1 &
    else
        PORT=$WPORT
        "$ROOT/weir" server --data "$WORK/weir" --set kafka.listen=127.0.0.1:"$WPORT" --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 >>"$WORK/weir.log" 2>&1 &
    fi
    PID=$!
}
stop() { kill "$PID" && wait "$PID" 2>/dev/null || true; PID=; }
first() { # until a record was produced
    until echo x | kcat -P -b "127.0.0.1:$PORT" -t first -X topic.metadata.refresh.interval.ms=50 -X reconnect.backoff.ms=5 \
        -X reconnect.backoff.max.ms=20 -X message.timeout.ms=20000 2>/dev/null; do sleep 0.02; done
}
record() { echo "$3" >>"$WORK/$1.$2"; }

"$ROOT/weir" version >/dev/null
for run in $(seq 0 "$RUNS"); do # run 0 warms the file cache and makes Weir's start-up cache
    for who in kafka weir; do
        rm -rf "${WORK:?}/$who"
        [ $who = kafka ] && "$JAVA" -cp "$PEER" kafka.tools.StorageTool format -t "$("$JAVA" -cp "$PEER" kafka.tools.StorageTool random-uuid)" -c "$WORK/kafka.properties" >/dev/null 2>&1
        start $who && first && sleep 2 && stop # the first boot makes the directories
        t0=$(now) && start $who && first && t1=$(now)
        sleep 10
        idle=$(resident "$PID")
        created=$("$JAVA" -Xmx256m -cp "$OWN" dev.weir.benchmarks.broker.CreateTopics "127.0.0.1:$PORT" 1000 2>/dev/null | awk '{print $1}')
        sleep 5
        after=$(resident "$PID")
        stop
        t2=$(now) && start $who && first && t3=$(now)
        stop
        [ "$run" = 0 ] && continue
        record $who first $((t1 - t0))
        record $who idle $((idle / 1024))
        record $who create "$created"
        if [ $who = weir ]; then # and without the rest of the server
            PORT=$((WPORT + 1))
            "$JAVA" -XX:+UseG1GC -XX:+UseCompactObjectHeaders -cp "$OWN" dev.weir.benchmarks.broker.BrokerAlone "$WORK/alone" "$PORT" >"$WORK/alone.log" 2>&1 &
            PID=$!
            first && sleep 10
            alone=$(resident "$PID")
            stop
            rm -rf "$WORK/alone"
        else
            alone=$idle
        fi
        record $who alone $((alone / 1024))
        record $who partition $(((after - idle) / 1000))
        record $who restart $((t3 - t2))
    done
done
show() { # figure unit name
    local k w
    k=$(median <"$WORK/kafka.$1") w=$(median <"$WORK/weir.$1")
    awk -v n="$3" -v u="$2" -v k="$k" -v w="$w" 'BEGIN {printf "%-44s kafka %6d %-3s  weir %6d %-3s  ratio %.2f\n", n, k, u, w, u, w / (k ? k : 1)}'
}
show first ms "exec to first produced record"
show alone MB "resident memory, idle, the broker alone"
show idle MB "resident memory, idle, the whole server"
show create ms "1,000 topics created and described"
show partition KB "memory per partition at 1,000"
show restart ms "restart with 1,000 to first produce"
