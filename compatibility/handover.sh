#!/usr/bin/env bash
# compatibility/handover.sh
# The directory of a Weir server that was killed goes to Apache Kafka 4.3.1, then that of the killed Kafka to Weir: topics
# of every codec, several segments, compacted, with LogAppendTime, deleted records, transactions (committed, aborted,
# open), offsets of groups. A client sees the same before and after (java/Handover.java lists every record, offsets by
# timestamp, producers, transactions, groups), and producers that live on while the directory goes from one to the
# other lose and repeat nothing: an idempotent one, and one whose transaction began with the one server and is
# committed by the other. About three minutes. See common.sh for the settings; SERVER is not one of them here.
SERVER=kafka # so that its directory is made
. "$(dirname "$0")/common.sh"
mkdir -p "$TARGET/classes"
"$JAVA_HOME/bin/javac" -nowarn -proc:none -d "$TARGET/classes" -cp "$KAFKA_CP" "$HERE/java/Handover.java" || exit 1
printf '#!/bin/sh\ncommand=$1\nshift\nexec "%s" %s -cp "%s" Handover "$command" %s "$@"\n' "$JAVA" "${JVM[*]}" "$KAFKA_CP:$TARGET/classes" "$B" >bin/handover
chmod +x bin/handover
KAFKA=$WORK/kafka
mv data "$KAFKA"
sed -i "s|^log.dirs=.*|log.dirs=$KAFKA|" server.properties
# As many as Weir has: a group or a transaction belongs to the partition of its hash.
printf '%s\n' offsets.topic.num.partitions=8 transaction.state.log.num.partitions=8 auto.create.topics.enable=false >>server.properties
start() { # weir|kafka
    SERVER=$1
    start_server
}
stop() { # in order
    kill "$SERVER_PID"
    wait "$SERVER_PID" 2>/dev/null
}
# No more compaction from here on, so that a list stays true.
UNCOMPACTED="bin/kafka-configs.sh --bootstrap-server $B --alter --entity-type topics --entity-name compacted --add-config min.compaction.lag.ms=86400000"
list() { # NAME: to NAME.list
    check "$1: all is listed" -t 200 -s '^plain-0 earliest' -s '^transactions-1 ' -s '^transaction survivor' -s '^group survivors|^group readers' -n 'Exception' -- bin/handover list
    cp "$OUTPUT"/*"-$1--all-is-listed" "$1.list"
}
same() { # NAME LIST LIST
    if diff "$2.list" "$3.list" >"$OUTPUT/differences"; then
        verdict "$1, $(grep -c ' rest ' "$3.list") records"
    else
        verdict "$1" "$(grep -c '^[<>]' "$OUTPUT/differences") lines differ"
        head -${LINES_SHOWN:-12} "$OUTPUT/differences" | cut -c1-300 | sed 's/^/        /'
    fi
}
is_own() { # what only the one server has
    case $1 in __cluster_metadata-* | _weir_*) ;; *) return 1 ;; esac
}
# The files of all partitions of one server take the place of those of another, which is stopped.
move() { # FROM TO
    local partition
    for partition in "$2"/*-*[0-9]; do
        is_own "${partition##*/}" && continue
        find "$partition" -type f ! -name partition.metadata -delete
    done
    for partition in "$1"/*-*[0-9]; do
        is_own "${partition##*/}" && continue
        mkdir -p "$2/${partition##*/}"
        find "$partition" -type f ! -name weir.state ! -name partition.metadata ! -name leader-epoch-checkpoint \
            -exec cp {} "$2/${partition##*/}/" \;
    done
}

# --- Weir ------------------------------------------------------------------------------------------
start weir
check "Weir: topics" -- bin/handover topics || summary
check "Weir: records, transactions, groups" -t 200 -s '^seed ' -- bin/handover fill
echo '{"partitions":[{"topic":"rolled","partition":0,"offset":100}],"version":1}' >delete.json
check "Weir: delete-records" -s 'low_watermark: 100' -- bin/kafka-delete-records.sh --bootstrap-server "$B" --offset-json-file delete.json
WEIR_LOGS=$(dirname "$(find "$WORK/data" -type d -name plain-0)")
compacted() { [ "$(cat "$WEIR_LOGS"/compacted-0/*.log | wc -c)" -lt 1000000 ]; } # of five times as much
until_true compacted
if compacted; then verdict "Weir: compaction"; else verdict "Weir: compaction" "there was none"; fi
check "Weir: no more compaction" -s Completed -- $UNCOMPACTED
mkfifo commands
bin/handover live <commands >lives.out 2>lives.err &
LIVE=$!
CHILDREN+=($LIVE)
exec 9>commands
done_so_far=0
tell() { # COMMAND
    echo "$1" >&9
    done_so_far=$((done_so_far + 1))
    until_true enough_done
    check "${2:-$SERVER}: the living producers: $1" -s "^done $1\$" -- tail -1 lives.out
}
enough_done() { [ "$(grep -c '^done' lives.out)" -ge $done_so_far ]; }
until_true grep -q living lives.out
tell write
list weir
# The list takes longer than files are left with room, so these come behind it.
check "Weir: the last records" -- bin/handover last
kill_server
if [ "$(tail -c 4096 "$WEIR_LOGS"/last-0/*0.log | tr -d '\0' | wc -c)" = 0 ]; then
    verdict "the killed Weir left room behind them"
else
    verdict "the killed Weir left room behind them" "the file ends where they end"
fi
last_records() {
    check "$SERVER: the last records are there" -e "$(seq 0 29 | sed 's/^/last/')" -- \
        bash -c "bin/kafka-console-consumer.sh --bootstrap-server $B --topic last --partition 0 --offset earliest --max-messages 30 --timeout-ms 15000 2>/dev/null"
}

# --- to Kafka --------------------------------------------------------------------------------------
start kafka
check "Kafka: topics" -- bin/handover topics
check "Kafka: no compaction" -s Completed -- $UNCOMPACTED
for topic in __consumer_offsets __transaction_state; do
    bin/kafka-topics.sh --bootstrap-server "$B" --create --topic $topic --partitions 8 --config cleanup.policy=compact --config compression.type=producer >/dev/null 2>&1
done
# A Kafka that gave away no producer ids yet would give those away that Weir did. It takes a thousand at a time, and
# others after a restart.
check "Kafka: a producer id" -- bin/handover fresh "of no consequence"
stop
move "$WEIR_LOGS" "$KAFKA"
rm -f "$KAFKA"/.kafka_cleanshutdown "$KAFKA"/*-checkpoint
# Where logs begin after DeleteRecords is not in them.
sed -n 's/^\(.*\)-\([0-9]*\) earliest \([0-9]*\) .*/\1 \2 \3/p' weir.list >starts
{ echo 0 && wc -l <starts && cat starts; } >"$KAFKA/log-start-offset-checkpoint"
start kafka
list kafka
same "Kafka has what the killed Weir had" weir kafka
last_records
tell commit
tell write
tell abort
check "Kafka: a new producer" -- bin/handover fresh of-kafka
list kafka-later
check "Kafka: the transaction that began with Weir is committed" -s '^transaction survivor .* Ongoing' -- cat kafka-later.list
kill_server

# --- and back --------------------------------------------------------------------------------------
cp server.log kafka.log
: >server.log
move "$KAFKA" "$WEIR_LOGS"
start weir
# Weir cannot be told where logs begin, but deleting once more can.
check "Weir: delete-records, once more" -s 'low_watermark: 100' -- bin/kafka-delete-records.sh --bootstrap-server "$B" --offset-json-file delete.json
list weir-again
same "Weir has what the killed Kafka had" kafka-later weir-again
last_records
tell commit
tell write
check "Weir: a new producer" -- bin/handover fresh of-weir
check "none of the new producers' records was taken for another's" -e "$(printf 'of-kafka\nof-weir')" -- \
    bash -c "bin/kafka-console-consumer.sh --bootstrap-server $B --topic plain --partition 0 --offset earliest --timeout-ms 8000 2>/dev/null | grep '^of-'"
list weir-later
for partition in 0 1 2; do
    check "each record of the living producer once, in order: partition $partition" -e "$(seq 0 79 | sed 's/^/live/')" -- \
        bash -c "bin/kafka-console-consumer.sh --bootstrap-server $B --topic plain --partition $partition --offset earliest --timeout-ms 8000 2>/dev/null | grep '^live'"
done
echo quit >&9
exec 9>&-
summary
