#!/usr/bin/env bash
# compatibility/connect.sh
# Kafka Connect 4.3.1, unmodified, on a Weir server of its own: a standalone worker with the file connectors; a
# distributed worker with exactly-once sources (the file source; java/CountingSource.java, which says itself where its
# transactions end) and a sink, driven by REST. The worker and the server are killed (kill -9) while records flow, and
# a read_committed consumer finds each record once. SERVER=kafka runs the same against Apache Kafka. About three
# minutes. Needs curl. See common.sh for the settings.
. "$(dirname "$0")/common.sh"
CLASSES=$TARGET/classes
mkdir -p "$CLASSES"
"$JAVA_HOME/bin/javac" -nowarn -proc:none -d "$CLASSES" -cp "$KAFKA_CP" "$HERE/java/CountingSource.java" || exit 1
WORKER=
start_worker() { # CLASS ARGUMENT...
    "$JAVA" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$KAFKA_CP:$CLASSES" "$@" >>worker.log 2>&1 &
    WORKER=$!
    CHILDREN+=($WORKER)
}
kill_worker() {
    kill -9 $WORKER 2>/dev/null
    wait $WORKER 2>/dev/null
}
lines_of() { wc -l <"$1" 2>/dev/null || echo 0; }
has_lines() { [ "$(lines_of "$1")" -ge "$2" ]; }
judge() { # NAME CONDITION...: FAILED if the condition does not hold in time
    local name=$1
    shift
    if until_true "$@"; then verdict "$name"; else verdict "$name" "not within ${WITHIN:-120} s: $*"; fi
}

start_server
common="bootstrap.servers=$B
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
offset.flush.interval.ms=500"

# --- standalone ------------------------------------------------------------------------------------
cat >standalone.properties <<PROPERTIES
$common
offset.storage.file.filename=$WORK/standalone.offsets
listeners=http://127.0.0.1:$(free_port)
PROPERTIES
printf 'name=source\nconnector.class=FileStreamSource\ntasks.max=1\nfile=%s\ntopic=lines\n' "$WORK/in.txt" >source.properties
printf 'name=sink\nconnector.class=FileStreamSink\ntasks.max=1\nfile=%s\ntopics=lines\n' "$WORK/out.txt" >sink.properties
seq 1000 | sed 's/^/line /' >in.txt
standalone() { start_worker org.apache.kafka.connect.cli.ConnectStandalone standalone.properties source.properties sink.properties; }
standalone
judge "standalone: a file to a topic to a file" cmp in.txt out.txt
seq 1001 1100 | sed 's/^/line /' >>in.txt
judge "standalone: lines that are added" cmp in.txt out.txt
kill $WORKER
wait $WORKER 2>/dev/null
seq 1101 1200 | sed 's/^/line /' >>in.txt
standalone
judge "standalone: stopped and started, it goes on" cmp in.txt out.txt
kill_worker

# --- distributed, exactly once ---------------------------------------------------------------------
REST=http://127.0.0.1:$(free_port)
cat >distributed.properties <<PROPERTIES
$common
group.id=connect
offset.storage.topic=connect-offsets
offset.storage.replication.factor=1
config.storage.topic=connect-configs
config.storage.replication.factor=1
status.storage.topic=connect-status
status.storage.replication.factor=1
exactly.once.source.support=enabled
session.timeout.ms=6000
heartbeat.interval.ms=2000
scheduled.rebalance.max.delay.ms=0
listeners=$REST
PROPERTIES
answers() { curl -sf "$REST/connectors"; }
distributed() {
    start_worker org.apache.kafka.connect.cli.ConnectDistributed distributed.properties
    until_true answers
}
rest() { # METHOD PATH [BODY]
    curl -sS -m 60 -X "$1" -H 'Content-Type: application/json' ${3:+-d "$3"} "$REST$2"
}
state() { rest GET "/connectors/$1/status" | grep -qE "\"tasks\":\[\{\"id\":0,\"state\":\"$2\""; }
export -f rest
export REST
distributed
judge "distributed: the worker answers" sh -c "curl -sf $REST/ | grep -q '\"version\":\"4.3.1\"'"
check "REST: plugins" -s 'FileStreamSourceConnector' -s 'CountingSource' -- bash -c 'rest GET /connector-plugins'
check "REST: validate" -s '"error_count":1' -- bash -c "rest PUT /connector-plugins/CountingSource/config/validate '{\"connector.class\":\"CountingSource\",\"name\":\"c\",\"topic\":\"counted\"}'"
: >fed.txt
check "REST: a file source, exactly once" -s '"name":"fed"' -- bash -c "rest PUT /connectors/fed/config '{\"connector.class\":\"FileStreamSource\",\"tasks.max\":\"1\",\"file\":\"$WORK/fed.txt\",\"topic\":\"fed\",\"batch.size\":\"100\",\"exactly.once.support\":\"required\"}'"
check "REST: a source with its own transactions" -s '"name":"counting"' -- bash -c "rest PUT /connectors/counting/config '{\"connector.class\":\"CountingSource\",\"tasks.max\":\"1\",\"topic\":\"counted\",\"last\":\"1000000000\",\"exactly.once.support\":\"required\",\"transaction.boundary\":\"connector\"}'"
check "REST: a sink that reads committed" -s '"name":"kept"' -- bash -c "rest PUT /connectors/kept/config '{\"connector.class\":\"FileStreamSink\",\"tasks.max\":\"1\",\"file\":\"$WORK/kept.txt\",\"topics\":\"counted\",\"consumer.override.isolation.level\":\"read_committed\"}'"
check "REST: a connector of an unknown class is refused" -s 'Failed to find any class' -- bash -c "rest PUT /connectors/odd/config '{\"connector.class\":\"NoSuch\"}'"
for each in fed counting kept; do judge "REST: $each runs" state $each RUNNING; done

# Lines go into the file as long as it lasts.
TOTAL=6000
(for i in $(seq $TOTAL); do
    echo "line $i"
    [ $((i % 50)) -ne 0 ] || sleep 0.5
done >>fed.txt) &
CHILDREN+=($!)
committed() { # TOPIC: what is committed now
    bin/kafka-console-consumer.sh --bootstrap-server "$B" --topic "$1" --from-beginning --isolation-level read_committed --timeout-ms 4000 2>/dev/null
}
WITHIN=180
judge "the sink has a thousand" has_lines kept.txt 1000
kill_worker
committed counted >now.txt
if [ $(($(lines_of now.txt) % 50)) -eq 0 ]; then
    verdict "the worker killed, whole transactions of 50 are seen"
else
    verdict "the worker killed, whole transactions of 50 are seen" "$(lines_of now.txt) records"
fi
distributed
before=$(lines_of kept.txt)
judge "the worker started, it goes on" has_lines kept.txt $((before + 1000))
kill_server
start_server
before=$(lines_of kept.txt)
judge "the server killed and started, it goes on" has_lines kept.txt $((before + 1000))
kill_worker
distributed
before=$(lines_of kept.txt)
judge "the worker killed once more, it goes on" has_lines kept.txt $((before + 1000))
check "REST: stop" -- bash -c 'rest PUT /connectors/counting/stop'
judge "REST: it is stopped" sh -c "curl -s $REST/connectors/counting/status | grep -q '\"connector\":{\"state\":\"STOPPED\".*\"tasks\":\[\]'"
committed counted >counted.out
LAST=$(lines_of counted.out)
seq 0 $((LAST - 1)) >expected
check "the source with its own transactions: each record once, in order" -- cmp counted.out expected
check "its last transaction is whole" -e 0 -- sh -c "echo $((LAST % 50))"
judge "the sink has each of them" sh -c "sort -un $WORK/kept.txt | cmp - $WORK/expected"
judge "the file is complete" sh -c "[ \$(wc -l <$WORK/fed.txt) -eq $TOTAL ]"
fed_once() { committed fed >fed.out && [ "$(lines_of fed.out)" -ge $TOTAL ]; }
judge "the topic of the file has as many records" fed_once
check "the file source: each line once, in order" -- cmp fed.txt fed.out

# --- REST ------------------------------------------------------------------------------------------
check "REST: connectors" -s '\["?.*"fed"' -- bash -c 'rest GET /connectors'
check "REST: offsets of a source" -s '"position":[0-9]+' -- bash -c 'rest GET /connectors/fed/offsets'
check "REST: offsets of a sink" -s '"kafka_topic":"counted"' -- bash -c 'rest GET /connectors/kept/offsets'
check "REST: pause" -- bash -c 'rest PUT /connectors/fed/pause'
judge "REST: it is paused" state fed PAUSED
check "REST: resume" -- bash -c 'rest PUT /connectors/fed/resume'
judge "REST: it runs again" state fed RUNNING
check "REST: offsets set back" -s 'have been altered successfully|plugin-managed offsets' -- bash -c "rest PATCH /connectors/counting/offsets '{\"offsets\":[{\"partition\":{\"counter\":\"only\"},\"offset\":{\"next\":$((LAST - 10))}}]}'"
check "REST: another setting" -s '"name":"counting"' -- bash -c "rest PUT /connectors/counting/config '{\"connector.class\":\"CountingSource\",\"tasks.max\":\"1\",\"topic\":\"counted\",\"last\":\"$((LAST - 1))\",\"exactly.once.support\":\"required\",\"transaction.boundary\":\"connector\"}'"
check "REST: started again" -- bash -c 'rest PUT /connectors/counting/resume'
again() { committed counted >counted.out && [ "$(lines_of counted.out)" -eq $((LAST + 10)) ]; }
judge "the last ten are written again" again
check "REST: restart with tasks" -s '"name":"counting"' -- bash -c 'rest POST "/connectors/counting/restart?includeTasks=true&onlyFailed=false"'
judge "REST: it runs again after the restart" state counting RUNNING
check "REST: delete" -- bash -c 'rest DELETE /connectors/fed'
check "REST: it is gone" -n '"fed"' -- bash -c 'rest GET /connectors'
kill $WORKER # an orderly end
wait $WORKER 2>/dev/null
check "transactions of the tasks are complete" -n 'Ongoing|Prepare' -- bin/kafka-transactions.sh --bootstrap-server "$B" list
summary
