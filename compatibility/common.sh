# Sourced by the scripts beside it: a server on loopback ports that lives as long as the script, Kafka's tools
# under their usual names in bin/, and `check`, which prints one line a case. Works in a directory of its own.
#
#   WEIR=PATH      the launcher to start the server with; otherwise the one of this clone
#   SERVER=kafka   run the same cases against Apache Kafka 4.3.1: what is expected of Weir is what Kafka does
#   KAFKA_PORT=N   the port of the server; otherwise one that is free
#   KEEP=1         keep the working directory: the output of every case, the server's log
set -uo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(dirname "$HERE")
SERVER=${SERVER:-weir}
WEIR=${WEIR:-$ROOT/weir}
cd "$ROOT" || exit 1
# shellcheck source=/dev/null
. ./.ci/jdk
JAVA=$JAVA_HOME/bin/java
WORK=$(mktemp -d)
OUTPUT=$WORK/output
TARGET=$HERE/target
mkdir -p "$TARGET" "$WORK/bin" "$OUTPUT"
cd "$WORK" || exit 1

# --- what is run -----------------------------------------------------------------------------------

# The class path of a pom, resolved once: class_path NAME POM [MAVEN ARGUMENT...]
class_path() {
    local file=$TARGET/$1.cp pom=$2
    shift 2
    if [ ! -s "$file" ] || [ "$file" -ot "$pom" ]; then
        MAVEN_OPTS="${MAVEN_OPTS:-} --sun-misc-unsafe-memory-access=allow" \
            mvn -q -B -f "$pom" "$@" dependency:build-classpath -Dmdep.outputFile="$file" >&2 || exit 1
        touch "$file" # Maven leaves a file alone that would not change
    fi
    cat "$file"
}
KAFKA_CP=$(class_path kafka "$HERE/pom.xml") || exit 1
# Most cases are the start of a JVM: it starts faster without the second compiler and with classes read from an
# archive. Neither changes what the tools do.
JVM=(-Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -XX:SharedArchiveFile="$TARGET/kafka.jsa" -Xlog:disable -Xlog:all=off
    -Dorg.slf4j.simpleLogger.defaultLogLevel=error)

# bin/NAME, as in Kafka's distribution.
tool() {
    printf '#!/bin/sh\nexec "%s" %s -cp "%s" %s "$@"\n' "$JAVA" "${JVM[*]}" "$KAFKA_CP:${CLASSES:-}" "$2" >"bin/$1"
    chmod +x "bin/$1"
}
tool kafka-run-class.sh ''
while read -r name class; do tool "$name" "$class"; done <<'TOOLS'
kafka-acls.sh org.apache.kafka.tools.AclCommand
kafka-broker-api-versions.sh org.apache.kafka.tools.BrokerApiVersionsCommand
kafka-client-metrics.sh org.apache.kafka.tools.ClientMetricsCommand
kafka-cluster.sh org.apache.kafka.tools.ClusterTool
kafka-configs.sh kafka.admin.ConfigCommand
kafka-console-consumer.sh org.apache.kafka.tools.consumer.ConsoleConsumer
kafka-console-producer.sh org.apache.kafka.tools.ConsoleProducer
kafka-console-share-consumer.sh org.apache.kafka.tools.consumer.ConsoleShareConsumer
kafka-consumer-groups.sh org.apache.kafka.tools.consumer.group.ConsumerGroupCommand
kafka-consumer-perf-test.sh org.apache.kafka.tools.ConsumerPerformance
kafka-delegation-tokens.sh org.apache.kafka.tools.DelegationTokenCommand
kafka-delete-records.sh org.apache.kafka.tools.DeleteRecordsCommand
kafka-dump-log.sh org.apache.kafka.tools.DumpLogSegments
kafka-e2e-latency.sh org.apache.kafka.tools.EndToEndLatency
kafka-features.sh org.apache.kafka.tools.FeatureCommand
kafka-get-offsets.sh org.apache.kafka.tools.GetOffsetShell
kafka-groups.sh org.apache.kafka.tools.GroupsCommand
kafka-leader-election.sh org.apache.kafka.tools.LeaderElectionCommand
kafka-log-dirs.sh org.apache.kafka.tools.LogDirsCommand
kafka-metadata-quorum.sh org.apache.kafka.tools.MetadataQuorumCommand
kafka-producer-perf-test.sh org.apache.kafka.tools.ProducerPerformance
kafka-reassign-partitions.sh org.apache.kafka.tools.reassign.ReassignPartitionsCommand
kafka-replica-verification.sh org.apache.kafka.tools.ReplicaVerificationTool
kafka-share-groups.sh org.apache.kafka.tools.consumer.group.ShareGroupCommand
kafka-storage.sh kafka.tools.StorageTool
kafka-streams-application-reset.sh org.apache.kafka.tools.StreamsResetter
kafka-streams-groups.sh org.apache.kafka.tools.streams.StreamsGroupCommand
kafka-topics.sh org.apache.kafka.tools.TopicCommand
kafka-transactions.sh org.apache.kafka.tools.TransactionsCommand
kafka-verifiable-consumer.sh org.apache.kafka.tools.VerifiableConsumer
kafka-verifiable-producer.sh org.apache.kafka.tools.VerifiableProducer
connect-distributed.sh org.apache.kafka.connect.cli.ConnectDistributed
connect-standalone.sh org.apache.kafka.connect.cli.ConnectStandalone
TOOLS

# --- the server ------------------------------------------------------------------------------------

free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}
PORT=${KAFKA_PORT:-$(free_port)}
B=127.0.0.1:$PORT
SERVER_PID=
if [ "$SERVER" = kafka ]; then
    cat >server.properties <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$(free_port)
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=$WORK/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
PROPERTIES
    echo "listeners=PLAINTEXT://$B,CONTROLLER://$(sed -n 's/.*@//p' server.properties)" >>server.properties
    bin/kafka-storage.sh format -t AAAAAAAAAAAAAAAAAAAAAA -c server.properties >/dev/null 2>&1 ||
        bin/kafka-storage.sh format -t "$(bin/kafka-storage.sh random-uuid)" -c server.properties >/dev/null || exit 1
fi

start_server() {
    : >server.out
    if [ "$SERVER" = kafka ]; then
        "$JAVA" -Xmx1g -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$KAFKA_CP" kafka.Kafka server.properties >server.out 2>>server.log &
    else
        "$WEIR" server --data "$WORK/data" --set kafka.listen="$B" --set postgres.listen=127.0.0.1:0 --set http.listen=127.0.0.1:0 >server.out 2>>server.log &
    fi
    SERVER_PID=$!
    local deadline=$((SECONDS + 900)) # the first start builds
    while [ $SECONDS -lt $deadline ] && kill -0 "$SERVER_PID" 2>/dev/null; do
        if [ "$SERVER" = kafka ]; then
            bin/kafka-broker-api-versions.sh --bootstrap-server "$B" >/dev/null 2>&1 && break
        else
            grep -q '^weir ready' server.out && break
        fi
        sleep 0.1
    done
    if [ $SECONDS -ge $deadline ] || ! kill -0 "$SERVER_PID" 2>/dev/null; then
        echo "the server did not start; the end of its log:" >&2
        tail -20 server.log >&2
        exit 1
    fi
    [ -s "$TARGET/kafka.jsa" ] ||
        "$JAVA" "${JVM[@]/-XX:SharedArchiveFile/-XX:ArchiveClassesAtExit}" -cp "$KAFKA_CP" org.apache.kafka.tools.TopicCommand --bootstrap-server "$B" --list >/dev/null 2>&1
}
kill_server() { # kill -9, at once
    kill -9 "$SERVER_PID" 2>/dev/null
    wait "$SERVER_PID" 2>/dev/null
}
CHILDREN=()
finish() {
    for pid in "${CHILDREN[@]}"; do kill -9 "$pid" 2>/dev/null; done
    [ -n "$SERVER_PID" ] && kill "$SERVER_PID" 2>/dev/null
    wait 2>/dev/null
    if [ -n "${KEEP:-}" ]; then echo "kept: $WORK" >&2; else rm -rf "$WORK"; fi
}
trap finish EXIT
trap 'exit 130' INT TERM

# --- cases -----------------------------------------------------------------------------------------

PASSED=0
FAILED=0
SKIPPED=0
verdict() { # NAME [REASON]: ok without a reason
    if [ $# -eq 1 ]; then
        PASSED=$((PASSED + 1))
        printf 'ok      %s\n' "$1"
    else
        FAILED=$((FAILED + 1))
        printf 'FAILED  %s: %s\n' "$1" "$2"
    fi
}
skip() { # NAME REASON
    SKIPPED=$((SKIPPED + 1))
    printf 'skipped %s: %s\n' "$1" "$2"
}

# check NAME [-x STATUS] [-t SECONDS] [-i FILE] [-s REGEX]... [-n REGEX]... [-e LINES] -- COMMAND ARGUMENT...
# Runs a command and judges its exit status (0 unless -x says otherwise; "-x any" does not care) and its
# output, standard output and error together: -s must match a line, -n must not, -e is all of it.
check() {
    local name=$1 status=0 seconds=150 input=/dev/null says=() not=() exact= whole= reason= out actual pattern
    shift
    while [ "$1" != -- ]; do
        case $1 in
        -x) status=$2 ;;
        -t) seconds=$2 ;;
        -i) input=$2 ;;
        -s) says+=("$2") ;;
        -n) not+=("$2") ;;
        -e) whole=1 exact=$2 ;;
        *)
            echo "check $name: what is $1?" >&2
            exit 2
            ;;
        esac
        shift 2
    done
    shift
    out=$OUTPUT/$((PASSED + FAILED + 100))-${name//[^A-Za-z0-9_-]/-}
    echo "\$ $*" >"$out.command"
    timeout -k 5 "$seconds" "$@" >"$out" 2>&1 <"$input"
    actual=$?
    [ "$actual" = 124 ] && [ "$status" != any ] && [ "$status" != 124 ] && reason="no end after $seconds s"
    [ -z "$reason" ] && [ "$status" != any ] && [ "$actual" != "$status" ] && reason="exit status $actual instead of $status"
    if [ -z "$reason" ]; then
        for pattern in "${says[@]}"; do grep -qE -- "$pattern" "$out" || reason="does not say \"$pattern\""; done
        for pattern in "${not[@]}"; do grep -qE -- "$pattern" "$out" && reason="says \"$pattern\""; done
        [ -n "$whole" ] && [ "$(cat "$out")" != "$exact" ] && reason="says something else than expected"
    fi
    if [ -z "$reason" ]; then
        verdict "$name"
    else
        verdict "$name" "$reason"
        { cat "$out.command" && tail -${LINES_SHOWN:-12} "$out"; } | cut -c1-300 | sed 's/^/        /'
        return 1
    fi
}
# Waits for a condition, at most two minutes: until_true COMMAND ARGUMENT...
until_true() {
    local deadline=$((SECONDS + ${WITHIN:-120}))
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.2
    done
}
summary() {
    echo "$PASSED passed, $FAILED failed, $SKIPPED skipped in $SECONDS s (${SERVER})"
    # What the server calls unexpected is a fault even where every client was satisfied.
    if [ "$SERVER" = weir ] && grep -E ' ERROR |Exception' server.log >"$OUTPUT/errors"; then
        echo "the server's log has errors:"
        head -5 "$OUTPUT/errors" | cut -c1-300
        exit 1
    fi
    [ $FAILED -eq 0 ]
    exit $?
}
