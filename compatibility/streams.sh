#!/usr/bin/env bash
# compatibility/streams.sh [RECORDS=40000]
# A Kafka Streams 4.3.1 application (java/CountWords.java) with exactly_once_v2, a repartition topic and a
# changelog, on a Weir server of its own. While records keep coming, the application is killed (kill -9), the
# server is killed, then both; with its state directory and without. In the end each record was counted once, in order.
# SERVER=kafka runs the same against Apache Kafka. About two minutes. See common.sh for the settings.
RECORDS=${1:-40000}
. "$(dirname "$0")/common.sh"
CLASSES=$TARGET/classes
mkdir -p "$CLASSES"
"$JAVA_HOME/bin/javac" -nowarn -proc:none -d "$CLASSES" -cp "$KAFKA_CP" "$HERE/java/CountWords.java" || exit 1
words() { "$JAVA" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error --enable-native-access=ALL-UNNAMED -cp "$KAFKA_CP:$CLASSES" CountWords "$@"; }
APPLICATION=
start_application() {
    "$JAVA" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn --enable-native-access=ALL-UNNAMED -cp "$KAFKA_CP:$CLASSES" CountWords run "$B" "$WORK/state" >>application.log 2>&1 &
    APPLICATION=$!
    CHILDREN+=($APPLICATION)
}
kill_application() {
    kill -9 $APPLICATION 2>/dev/null
    wait $APPLICATION 2>/dev/null
}
export -f words
export JAVA KAFKA_CP CLASSES

start_server
check "topics" -- bash -c "words topics $B"
words produce "$B" "$RECORDS" $((RECORDS / 40)) >producer.log 2>&1 &
PRODUCER=$!
CHILDREN+=($PRODUCER)
start_application
check "it counts" -t 170 -s 'records=' -- bash -c "words await $B $((RECORDS / 10))"
kill_application
start_application
check "the application killed, it goes on" -t 170 -s 'records=' -- bash -c "words await $B $((RECORDS * 3 / 10))"
kill_server
start_server
check "the server killed, it goes on" -t 170 -s 'records=' -- bash -c "words await $B $((RECORDS * 5 / 10))"
kill_application
kill_server
start_server
start_application
check "both killed, it goes on" -t 170 -s 'records=' -- bash -c "words await $B $((RECORDS * 7 / 10))"
kill_application
rm -rf state
start_application
check "killed and without its state, it goes on from the changelog" -t 170 -s 'records=' -- bash -c "words await $B $((RECORDS * 8 / 10))"
wait $PRODUCER
check "all was sent" -e "sent $RECORDS" -- cat producer.log
check "each record was counted once, in order" -t 170 -e "counted $RECORDS, out of order 0" -- bash -c "words judge $B $RECORDS"
kill $APPLICATION # an orderly end
wait $APPLICATION 2>/dev/null
check "its topics" -s '^count-words-store-changelog$' -s '^count-words-store-repartition$' -- bin/kafka-topics.sh --bootstrap-server "$B" --list
check "its group" -s 'count-words +words +[0-3] +[0-9]+ +[0-9]+ +0 ' -- bin/kafka-consumer-groups.sh --bootstrap-server "$B" --describe --group count-words
check "streams-application-reset" -s 'Deleting (all )?internal.*topics|Done\.' -- bin/kafka-streams-application-reset.sh --bootstrap-server "$B" --application-id count-words --input-topics words --force
check "what the reset took away" -n 'count-words' -- bin/kafka-topics.sh --bootstrap-server "$B" --list
summary
