#!/usr/bin/env bash
# compatibility/quickstart.sh
# The commands of Apache Kafka's own quick starts (the broker, Connect, Streams), as they are written there but for
# the port, against a Weir server of its own; and ./weir topic with the options of the tools they name. With
# KAFKA_PORT=9092 the port is that of the texts, too. About a minute. See common.sh for the settings.
. "$(dirname "$0")/common.sh"
start_server
written() { echo "${1//localhost:9092/localhost:$PORT}"; }
run() { # NAME COMMAND [ARGUMENT OF check]...
    local name=$1 command
    command=$(written "$2")
    shift 2
    check "$name" "$@" -- bash -c "$command"
}
# Reads until a line comes, then ends it, as the texts do with Ctrl-C: read_until REGEX COMMAND
read_until() {
    local reader
    # shellcheck disable=SC2046 # words of the command
    $(written "$2") >read 2>&1 &
    reader=$!
    until_true grep -qE "$1" read
    kill $reader
    wait $reader
}

# --- kafka.apache.org/quickstart -------------------------------------------------------------------
run "create a topic" 'bin/kafka-topics.sh --create --topic quickstart-events --bootstrap-server localhost:9092' -s 'Created topic quickstart-events'
run "describe it" 'bin/kafka-topics.sh --describe --topic quickstart-events --bootstrap-server localhost:9092' -s 'Topic: quickstart-events.*PartitionCount: 1.*ReplicationFactor: 1'
printf 'This is my first event\nThis is my second event\n' >events
run "write events" 'bin/kafka-console-producer.sh --topic quickstart-events --bootstrap-server localhost:9092' -i events
read_until 'This is my second event' 'bin/kafka-console-consumer.sh --topic quickstart-events --from-beginning --bootstrap-server localhost:9092'
check "read events" -s '^This is my first event$' -s '^This is my second event$' -s 'Processed a total of 2 messages' -- cat read

# --- Connect, as the quick start does it -----------------------------------------------------------
mkdir config
cat >config/connect-standalone.properties <<PROPERTIES
bootstrap.servers=localhost:$PORT
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=true
value.converter.schemas.enable=true
offset.storage.file.filename=$WORK/connect.offsets
offset.flush.interval.ms=10000
listeners=http://127.0.0.1:$(free_port)
PROPERTIES
printf 'name=local-file-source\nconnector.class=FileStreamSource\ntasks.max=1\nfile=test.txt\ntopic=connect-test\n' >config/connect-file-source.properties
printf 'name=local-file-sink\nconnector.class=FileStreamSink\ntasks.max=1\nfile=test.sink.txt\ntopics=connect-test\n' >config/connect-file-sink.properties
echo -e "foo\nbar" >test.txt
bin/connect-standalone.sh config/connect-standalone.properties config/connect-file-source.properties config/connect-file-sink.properties >connect.log 2>&1 &
CHILDREN+=($!)
until_true cmp test.txt test.sink.txt
run "Connect: the sink's file" 'cat test.sink.txt' -e "$(printf 'foo\nbar')"
run "Connect: the topic" 'bin/kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic connect-test --from-beginning --max-messages 2' -s '\{"schema":\{"type":"string","optional":false\},"payload":"foo"\}' -s '"payload":"bar"'
echo Another line >>test.txt
until_true cmp test.txt test.sink.txt
run "Connect: another line" 'cat test.sink.txt' -e "$(printf 'foo\nbar\nAnother line')"
kill "${CHILDREN[-1]}"

# --- Streams: kafka.apache.org/documentation/streams/quickstart ------------------------------------
run "Streams: the input topic" 'bin/kafka-topics.sh --create --bootstrap-server localhost:9092 --replication-factor 1 --partitions 1 --topic streams-plaintext-input' -s 'Created topic streams-plaintext-input'
run "Streams: the output topic" 'bin/kafka-topics.sh --create --bootstrap-server localhost:9092 --replication-factor 1 --partitions 1 --topic streams-wordcount-output --config cleanup.policy=compact' -s 'Created topic streams-wordcount-output'
run "Streams: describe them" 'bin/kafka-topics.sh --bootstrap-server localhost:9092 --describe' -s 'Topic: streams-wordcount-output.*Configs: .*cleanup.policy=compact'
# The demo has localhost:9092 in it, and a state directory that would outlive this server; a file of settings says otherwise.
printf "bootstrap.servers=localhost:%s\nstate.dir=%s\n" "$PORT" "$WORK/state" >demo.properties
bin/kafka-run-class.sh org.apache.kafka.streams.examples.wordcount.WordCountDemo demo.properties >demo.log 2>&1 &
CHILDREN+=($!)
printf 'all streams lead to kafka\nhello kafka streams\njoin kafka summit\n' >input
run "Streams: write" 'bin/kafka-console-producer.sh --bootstrap-server localhost:9092 --topic streams-plaintext-input' -i input
read_until '^summit' 'bin/kafka-console-consumer.sh --bootstrap-server localhost:9092 --topic streams-wordcount-output --from-beginning --formatter-property print.key=true --formatter-property print.value=true --formatter-property key.deserializer=org.apache.kafka.common.serialization.StringDeserializer --formatter-property value.deserializer=org.apache.kafka.common.serialization.LongDeserializer'
check "Streams: read" -s '^summit	1$' -s '^kafka	3$' -s '^streams	2$' -- cat read
kill "${CHILDREN[-1]}"

# --- ./weir topic, with the options of the tools ---------------------------------------------------
for option in --bootstrap-server --broker-list --server -b; do
    run "weir topic produce $option" "'$WEIR' topic produce $option localhost:9092 weir-test" -i events
done
run "kafka-console-producer, the same topic" 'bin/kafka-console-producer.sh --bootstrap-server localhost:9092 --topic weir-test' -i events
run "weir topic consume" "'$WEIR' topic consume --bootstrap-server localhost:9092 --from-beginning --exit weir-test" -s 'This is my first event'
summary
