#!/usr/bin/env bash
# benchmarks/kafka.sh [RUNS=3]
# Produce, fetch and round trips against Weir and an Apache Kafka 4.3.1 broker from Maven Central, in turn
# on the same machine; prints medians and the ratio Weir/Kafka of each figure. About twenty minutes.
# CPU is the broker's own, in seconds per million records, after WARM=2 runs of each case whose figures do
# not count. ONLY=REGEX picks cases. Weir fsyncs before it acknowledges, Kafka does not, except where a case
# says that both do (Kafka's topic has flush.messages=1) or that neither does (log.durability=os). The cases
# named "partitions" write to all partitions of a topic at once, and tell how many times a second Weir syncs a log.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
ROOT=$(dirname "$HERE")
RUNS=${1:-3}
WARM=${WARM:-2}
# shellcheck source=/dev/null
cd "$ROOT" && . ./.ci/jdk
JAVA=$JAVA_HOME/bin/java
WORK=$(mktemp -d)
KPORT=${KPORT:-29092}
WPORT=${WPORT:-29192}

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
group.initial.rebalance.delay.ms=0
PROPERTIES
"$JAVA" -cp "$PEER" kafka.tools.StorageTool format -t "$("$JAVA" -cp "$PEER" kafka.tools.StorageTool random-uuid)" -c "$WORK/kafka.properties" >/dev/null
"$JAVA" -Xms1g -Xmx1g -XX:+UseG1GC -cp "$PEER" kafka.Kafka "$WORK/kafka.properties" >"$WORK/kafka.log" 2>&1 &
KPID=$!
# Weir with its start-up cache, which holds profiles too; it is not made while something is measured.
cached() { compgen -G "$ROOT/target/aot/server-*.aot" >/dev/null && ! compgen -G "$ROOT/target/aot/server-*.making/pid" >/dev/null; }
"$ROOT/weir" server --data "$WORK/first" --set kafka.listen=127.0.0.1:0 --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 >/dev/null 2>&1 &
FIRST=$!
sleep 2
for _ in $(seq 120); do cached && break || sleep 1; done
kill "$FIRST" && wait "$FIRST" || true
: >"$WORK/weir.out"
"$ROOT/weir" server --data "$WORK/weir" --set kafka.listen=127.0.0.1:"$WPORT" --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 >"$WORK/weir.out" 2>"$WORK/weir.log" &
WPID=$!
OPID=
trap 'kill $KPID $WPID $OPID 2>/dev/null; wait 2>/dev/null; rm -rf "$WORK"' EXIT
for _ in $(seq 600); do
    grep -q '^weir ready' "$WORK/weir.out" && (exec 3<>"/dev/tcp/127.0.0.1/$KPORT") 2>/dev/null && break
    sleep 0.1
done
without_fsync() { # starts a Weir that leaves it to the operating system, as Kafka does
    : >"$WORK/os.out"
    "$ROOT/weir" server --data "$WORK/os" --set log.durability=os --set kafka.listen=127.0.0.1:$((WPORT + 1)) --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 >"$WORK/os.out" 2>"$WORK/os.log" &
    OPID=$!
    until grep -q '^weir ready' "$WORK/os.out"; do sleep 0.1; done
}

HPORT=$(sed -n 's/^weir ready.* http=[^ ]*:\([0-9]*\).*/\1/p' "$WORK/weir.out")
syncs() { curl -s "http://127.0.0.1:$HPORT/metrics" | awk '$1 ~ /^weir_log_sync_seconds_count/ {n += $2} END {printf "%d\n", n}'; }
ticks() { awk '{sub(/^.*\) /,""); print $12+$13}' "/proc/$1/stat"; }
median() { sort -g | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
tool() { "$JAVA" -Xmx512m -cp "$PEER" "$@" 2>/dev/null; }
own() { "$JAVA" -Xmx512m -cp "$OWN" "$@" 2>/dev/null; }

WHO="k w" # Kafka, and Weir or o: Weir without fsync
measure() { # name kind records command... : runs it on both in turn, RUNS times after those to warm up
    local name=$1 kind=$2 records=$3
    shift 3
    [[ $name =~ ${ONLY:-.} ]] || return 0
    : >"$WORK/k" && : >"$WORK/w" && : >"$WORK/kc" && : >"$WORK/wc" && : >"$WORK/ws"
    for run in $(seq "$((1 - WARM))" "$RUNS"); do
        for who in $WHO; do
            local port=$KPORT pid=$KPID c0 c1 s0=0 line value
            [ "$who" = w ] && port=$WPORT pid=$WPID
            [ "$who" = o ] && port=$((WPORT + 1)) pid=$OPID who=w
            [[ $who = w && $name = *partitions* ]] && s0=$(syncs)
            c0=$(ticks "$pid")
            line=$("$@" "127.0.0.1:$port")
            c1=$(ticks "$pid")
            case $kind in
            rate) value=$(sed -n 's/.*[^0-9.]\([0-9.]*\) records\/sec.*/\1/p; s/^\([0-9.]*\) records\/sec.*/\1/p' <<<"$line" | tail -1) ;;
            p50) value=$(awk '{print $2}' <<<"$line") ; echo "  $who $line" >&2 ;;
            esac
            [ "$run" -le 0 ] && continue
            echo "$value" >>"$WORK/$who"
            [[ $who = w && $name = *partitions* ]] &&
                awk -v a="$s0" -v b="$(syncs)" -v rate="$value" -v n="$records" 'BEGIN {print (b-a)*rate/n}' >>"$WORK/ws"
            awk -v a="$c0" -v b="$c1" -v n="$records" 'BEGIN {print (b-a)/100*1e6/n}' >>"$WORK/${who}c"
        done
    done
    awk -v name="$name" -v kind="$kind" -v k="$(median <"$WORK/k")" -v w="$(median <"$WORK/w")" -v kc="$(median <"$WORK/kc")" -v wc="$(median <"$WORK/wc")" \
        'BEGIN {printf "%-34s %-5s kafka %10.0f  weir %10.0f  ratio %5.2f   cpu-s/M kafka %6.2f  weir %6.2f  ratio %5.2f", name, kind, k, w, w/k, kc, wc, wc/kc}'
    [ -s "$WORK/ws" ] && printf '   weir syncs/s %6.0f' "$(median <"$WORK/ws")"
    echo
}
TOPIC=bench # what the topics' names begin with
produce() { # size count extra... server
    local size=$1 count=$2 server=${*: -1}
    shift 2
    set -- "${@:1:$#-1}"
    tool org.apache.kafka.tools.ProducerPerformance --bootstrap-server "$server" --topic "$TOPIC-$size" --num-records "$count" --record-size "$size" --throughput -1 --command-property "$@" | tail -1
}
fetch() { own dev.weir.benchmarks.broker.FetchAll "$3" "bench-$1" "$2"; }
roundtrip() { own dev.weir.benchmarks.broker.RoundTrips "$2" "$TOPIC-roundtrip" "$1"; }
spread() { own dev.weir.benchmarks.broker.ProduceRoundRobin "$3" "$1" "$2"; } # partitions count server
flushed() { # topic: on Kafka with an fsync for each append
    tool org.apache.kafka.tools.TopicCommand --bootstrap-server "127.0.0.1:$KPORT" --create --topic "$1" --config flush.messages=1 >/dev/null
}

page_cache() { # what 1 GiB into new pages costs whoever writes it; the pages of the last one are given up first
    local name="1 KiB acks=1: page cache alone" TIMEFORMAT=%S
    [[ $name =~ ${ONLY:-.} ]] || return 0
    for _ in 1 2 3; do
        sleep 20
        { time dd if=/dev/zero of="$WORK/pages" bs=64k count=16384 2>/dev/null; } 2>&1
        rm "$WORK/pages"
    done | median | awk -v name="$name" '{printf "%-34s cpu-s/M %.2f (dd, medians of 3)\n", name, $1 * 1000000 / 1048576}'
}

measure "produce 100 B acks=1" rate 2000000 produce 100 2000000 acks=1
measure "produce 100 B acks=all" rate 2000000 produce 100 2000000 acks=all
measure "produce 1 KiB acks=1" rate 500000 produce 1024 500000 acks=1
page_cache
measure "produce 1 KiB acks=all" rate 500000 produce 1024 500000 acks=all
measure "produce 100 B, batch.size 150" rate 200000 produce 100 200000 acks=all batch.size=150 linger.ms=0
for partitions in 1 100 1000; do
    measure "produce 100 B, partitions $partitions" rate 1000000 spread "$partitions" 1000000
done
measure "fetch 100 B" rate 2000000 fetch 100 2000000
measure "fetch 1 KiB" rate 500000 fetch 1024 500000
measure "round trip acks=all (us)" p50 10000 roundtrip 10000
TOPIC=flushed
[[ "batch.size 150, both fsync" =~ ${ONLY:-.} ]] && flushed flushed-100
[[ "round trip, both fsync (us)" =~ ${ONLY:-.} ]] && flushed flushed-roundtrip
measure "batch.size 150, both fsync" rate 50000 produce 100 50000 acks=all batch.size=150 linger.ms=0
measure "round trip, both fsync (us)" p50 10000 roundtrip 10000
TOPIC=bench
WHO="k o"
[[ "batch.size 150, neither fsyncs" =~ ${ONLY:-.} || "round trip, neither fsyncs (us)" =~ ${ONLY:-.} ]] && without_fsync
measure "batch.size 150, neither fsyncs" rate 200000 produce 100 200000 acks=all batch.size=150 linger.ms=0
measure "round trip, neither fsyncs (us)" p50 10000 roundtrip 10000
