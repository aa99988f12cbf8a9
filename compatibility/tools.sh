#!/usr/bin/env bash
# compatibility/tools.sh
# Kafka's own command line tools, 4.3.1 from Maven Central, unmodified, against a Weir server of its own: what
# they print and how they end. SERVER=kafka runs the same cases against Apache Kafka. About three minutes.
# See common.sh for the settings.
. "$(dirname "$0")/common.sh"
start_server
S="--bootstrap-server $B"
# shellcheck disable=SC2086 # $S is two words everywhere below

# --- topics ----------------------------------------------------------------------------------------
topics="bin/kafka-topics.sh $S"
check "topics: create" -s 'Created topic orders\.' -- $topics --create --topic orders --partitions 3 --config retention.ms=3600000
check "topics: create what is there" -x 1 -s 'TopicExistsException' -- $topics --create --topic orders
check "topics: create --if-not-exists" -- $topics --create --topic orders --if-not-exists
check "topics: create with a bad name" -x 1 -s 'InvalidTopicException' -- $topics --create --topic 'a b'
check "topics: create with three replicas" -x 1 -s 'InvalidReplicationFactorException' -- $topics --create --topic three --replication-factor 3
check "topics: create with an unknown setting" -x 1 -s 'nknown topic config(uration)? name: no\.such' -- $topics --create --topic odd --config no.such=1
check "topics: create with a bad value" -x 1 -s 'retention\.ms' -- $topics --create --topic odd --config retention.ms=x
check "topics: create --replica-assignment" -s 'Created topic assigned' -- $topics --create --topic assigned --replica-assignment 1,1
check "topics: list" -s '^orders$' -s '^assigned$' -n '^odd$' -- $topics --list
check "topics: describe" -s 'Topic: orders.*TopicId: [A-Za-z0-9_-]{22}.*PartitionCount: 3.*ReplicationFactor: 1.*Configs: .*retention.ms=3600000' \
    -s 'Topic: orders.*Partition: 2.*Leader: 1.*Replicas: 1.*Isr: 1' -- $topics --describe --topic orders
check "topics: describe all" -s 'Topic: assigned.*PartitionCount: 2' -- $topics --describe
id=$($topics --describe --topic orders 2>/dev/null | sed -n 's/.*TopicId: \([^\t ]*\).*/\1/p')
check "topics: describe --topic-id" -s 'Topic: orders.*PartitionCount: 3' -- $topics --describe --topic-id "$id"
check "topics: describe what is not there" -x 1 -s "Topic 'nothing' does not exist as expected" -- $topics --describe --topic nothing
check "topics: describe --topics-with-overrides" -s 'Topic: orders' -- $topics --describe --topics-with-overrides
check "topics: describe --under-replicated-partitions" -e '' -- $topics --describe --under-replicated-partitions
check "topics: describe --unavailable-partitions" -e '' -- $topics --describe --unavailable-partitions
check "topics: more partitions" -- $topics --alter --topic orders --partitions 6
check "topics: fewer partitions" -x 1 -s 'InvalidPartitionsException' -- $topics --alter --topic orders --partitions 2
check "topics: after it" -s 'PartitionCount: 6' -- $topics --describe --topic orders

# --- produce and consume ---------------------------------------------------------------------------
producer="bin/kafka-console-producer.sh $S"
consumer="bin/kafka-console-consumer.sh $S --timeout-ms 15000"
seq 100 | sed 's/.*/line &/' >lines
sed 's/line \(.*\)/\1\t&/' lines >spread # by their keys, over both partitions
printf 'h1:a,h2:b\tpen\tFountain pen\nh1:c\tink\tBlue ink\n' >headed
check "console-producer" -i spread -- $producer --topic assigned --reader-property parse.key=true
check "console-consumer: --from-beginning, a group" -s '^line 1$' -s '^line 100$' -s 'Processed a total of 100 messages' -- $consumer --topic assigned --from-beginning --max-messages 100 --group readers
check "console-consumer: the group goes on" -s 'Processed a total of 0 messages' -x any -- bin/kafka-console-consumer.sh $S --topic assigned --group readers --timeout-ms 6000
check "console-consumer: group.protocol=consumer" -s 'Processed a total of 100 messages' -- $consumer --topic assigned --from-beginning --max-messages 100 --group readers848 --command-property group.protocol=consumer
check "console-producer: keys and headers" -i headed -- $producer --topic keyed --reader-property parse.headers=true --reader-property parse.key=true
check "console-consumer: properties" -s 'Partition:0.*Offset:0.*h1:a,h2:b.*pen.*Fountain pen' -s 'CreateTime:[0-9]+.*h1:c.*ink' -- $consumer --topic keyed --from-beginning --max-messages 2 \
    --formatter-property print.key=true --formatter-property print.headers=true --formatter-property print.timestamp=true --formatter-property print.offset=true --formatter-property print.partition=true
check "console-consumer: --partition --offset" -s 'Blue ink' -n 'Fountain' -- $consumer --topic keyed --partition 0 --offset 1 --max-messages 1
check "console-consumer: --include" -s 'Processed a total of 100 messages' -- $consumer --include 'assig.*' --from-beginning --max-messages 100
for codec in gzip snappy lz4 zstd; do
    check "console-producer: $codec" -i lines -- $producer --topic "in-$codec" --compression-codec "$codec"
    check "console-consumer: $codec, read_committed" -s '^line 57$' -s 'Processed a total of 100 messages' -- $consumer --topic "in-$codec" --from-beginning --max-messages 100 --isolation-level read_committed
done
check "console-producer: acks=1, no idempotence" -i lines -- $producer --topic assigned --command-property acks=1 --command-property enable.idempotence=false
check "verifiable-producer" -s '"sent":500,"acked":500' -- bin/kafka-verifiable-producer.sh $S --topic verified --max-messages 500 --acks -1
bin/kafka-verifiable-consumer.sh $S --topic verified --group-id verifiers --max-messages 500 --reset-policy earliest >verified.out 2>&1 &
CHILDREN+=($!)
until_true grep -q '"name":"offsets_committed".*"offset":500' verified.out
check "verifiable-consumer" -s '"name":"records_consumed".*"count":' -s 'offsets_committed.*"offset":500.*"success":true' -- cat verified.out
kill "${CHILDREN[-1]}" 2>/dev/null
bin/kafka-verifiable-consumer.sh $S --topic verified --group-id verifiers848 --group-protocol consumer --max-messages 500 --reset-policy earliest >verified.out 2>&1 &
CHILDREN+=($!)
until_true grep -q '"name":"offsets_committed".*"offset":500' verified.out
check "verifiable-consumer: group.protocol=consumer" -s 'offsets_committed.*"offset":500.*"success":true' -- cat verified.out
kill "${CHILDREN[-1]}" 2>/dev/null
check "producer-perf" -s '20000 records sent, [0-9.]+ records/sec' -- bin/kafka-producer-perf-test.sh $S --topic perf --num-records 20000 --record-size 100 --throughput -1
check "producer-perf: transactions" -s '2000 records sent' -- bin/kafka-producer-perf-test.sh $S --topic perf --num-records 2000 --record-size 100 --throughput -1 --transactional-id perf --transaction-duration-ms 50
check "consumer-perf" -s ', 2[0-9]{4}, ' -- bin/kafka-consumer-perf-test.sh $S --topic perf --num-records 20000 --timeout 20000
check "e2e-latency" -s 'Avg latency: [0-9.]+ ms' -s 'Percentiles' -- bin/kafka-e2e-latency.sh $S --topic e2e --num-records 100 --producer-acks all --record-size 100

# --- consumer groups -------------------------------------------------------------------------------
groups="bin/kafka-consumer-groups.sh $S"
check "consumer-groups: list" -s '^readers$' -s '^readers848$' -- $groups --list
check "consumer-groups: list --state" -s 'readers +Empty' -- $groups --list --state
check "consumer-groups: list --type" -s '^readers848 ' -n '^readers ' -- $groups --list --type consumer
check "consumer-groups: describe" -s "Consumer group 'readers' has no active members" -s 'readers +assigned +[01] +[0-9]+ +[0-9]+ +[0-9]+ ' -- $groups --describe --group readers
check "consumer-groups: describe --state" -s 'readers848 +.* Empty +0' -- $groups --describe --group readers848 --state
check "consumer-groups: describe --offsets" -s 'assigned +0 +' -- $groups --describe --group readers848 --offsets
check "consumer-groups: describe what is not there" -x any -s "(Consumer group 'nobody' does not exist|GroupIdNotFoundException)" -- $groups --describe --group nobody
bin/kafka-console-consumer.sh $S --topic assigned --group living >living.out 2>&1 &
CHILDREN+=($!)
bin/kafka-console-consumer.sh $S --topic assigned --group living848 --command-property group.protocol=consumer >living848.out 2>&1 &
CHILDREN+=($!)
until_true sh -c "$groups --describe --group living --state 2>/dev/null | grep -q Stable"
until_true sh -c "$groups --describe --group living848 --state 2>/dev/null | grep -q Stable"
check "consumer-groups: describe --members" -s 'living +console-consumer-[^ ]+ +/?127.0.0.1 +console-consumer +2' -- $groups --describe --group living --members
check "consumer-groups: describe --members --verbose" -s 'assigned:0,1' -- $groups --describe --group living848 --members --verbose
check "consumer-groups: describe --all-groups --state" -s 'living +.*range +Stable +1' -s 'living848 +.*uniform +Stable +1' -- $groups --describe --all-groups --state
check "consumer-groups: reset while it lives" -x any -s "(inactive|current state is Stable)" -- $groups --reset-offsets --group living --topic assigned --to-earliest --execute
check "consumer-groups: delete while it lives" -x any -s 'GroupNotEmptyException' -- $groups --delete --group living
kill "${CHILDREN[-1]}" "${CHILDREN[-2]}" 2>/dev/null
reset() { # NAME REGEX ARGUMENT...
    local name=$1 says=$2
    shift 2
    check "consumer-groups: reset $name" -s "$says" -- $groups --reset-offsets --group readers "$@"
}
ends=$(bin/kafka-get-offsets.sh $S --topic assigned --time latest 2>/dev/null)
end=$(sed -n 's/assigned:0://p' <<<"$ends")
reset --to-earliest 'readers +assigned +0 +0' --topic assigned --to-earliest --execute
reset --to-latest "readers +assigned +0 +$end" --topic assigned --to-latest --execute
reset --to-offset 'readers +assigned +0 +7' --topic assigned:0 --to-offset 7 --execute
reset --shift-by 'readers +assigned +0 +10' --topic assigned:0 --shift-by 3 --execute
reset --to-current 'readers +assigned +0 +10' --topic assigned:0 --to-current --dry-run
reset --to-datetime 'readers +assigned +0 +0' --topic assigned --to-datetime 2020-01-01T00:00:00.000 --dry-run
reset --by-duration 'readers +assigned +0 +0' --topic assigned --by-duration PT10H --dry-run
reset --all-topics "readers +assigned +1 +0" --all-topics --to-earliest --dry-run
check "consumer-groups: reset --export" -s '^"?assigned"?,0,10' -- $groups --reset-offsets --group readers --topic assigned:0 --to-current --export --dry-run
echo 'assigned,0,3' >plan.csv
reset --from-file 'readers +assigned +0 +3' --from-file plan.csv --execute
check "consumer-groups: what was reset holds" -s 'readers +assigned +0 +3 ' -- $groups --describe --group readers
check "consumer-groups: delete-offsets" -s 'assigned +[01] +Successful' -- $groups --delete-offsets --group readers --topic assigned
check "consumer-groups: delete" -s 'Deletion of requested consumer groups .*readers.* was successful' -- $groups --delete --group readers
check "consumer-groups: delete what is gone" -x any -s 'GroupIdNotFoundException' -- $groups --delete --group readers
check "consumer-groups: validate-regex" -- $groups --validate-regex 'ord.*'
check "groups: list" -s 'readers848 +Consumer +consumer' -s 'verifiers +Consumer|verifiers +Classic' -- bin/kafka-groups.sh $S --list

# --- settings --------------------------------------------------------------------------------------
configs="bin/kafka-configs.sh $S"
check "configs: topic, describe --all" -s 'retention.ms=3600000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention.ms=3600000' -s 'segment.bytes=1073741824.*DEFAULT_CONFIG' -- $configs --describe --entity-type topics --entity-name orders --all
check "configs: topic, add" -s 'Completed updating config for topic orders' -- $configs --alter --entity-type topics --entity-name orders --add-config max.message.bytes=2000000,cleanup.policy=compact
check "configs: topic, delete" -s 'Completed updating config for topic orders' -- $configs --alter --entity-type topics --entity-name orders --delete-config retention.ms
check "configs: topic, after it" -s 'max.message.bytes=2000000' -n 'retention.ms' -- $configs --describe --entity-type topics --entity-name orders
check "configs: topic, a bad value" -x any -s 'InvalidConfigurationException|ConfigException' -- $configs --alter --entity-type topics --entity-name orders --add-config cleanup.policy=burn
check "configs: --topic" -s 'max.message.bytes=2000000' -- $configs --describe --topic orders
check "configs: broker, describe --all" -s 'log.dirs?=|num.partitions=' -- $configs --describe --entity-type brokers --entity-name 1 --all
check "configs: broker defaults" -- $configs --describe --entity-type brokers --entity-default
brokers="--entity-type brokers --entity-name 1"
check "configs: broker, add" -s 'Completed updating config for broker 1' -- $configs --alter $brokers --add-config log.retention.ms=7200000
check "configs: all brokers, add" -s 'Completed updating default config for brokers' -- $configs --alter --entity-type brokers --entity-default --add-config message.max.bytes=3000000
check "configs: broker, describe" -s 'log.retention.ms=7200000 sensitive=false synonyms=\{DYNAMIC_BROKER_CONFIG:log.retention.ms=7200000' -n 'message.max.bytes' -- $configs --describe $brokers
check "configs: all brokers, describe" -s 'message.max.bytes=3000000 sensitive=false synonyms=\{DYNAMIC_DEFAULT_BROKER_CONFIG:message.max.bytes=3000000\}' -- $configs --describe --entity-type brokers --entity-default
check "configs: a topic by its broker" -s 'max.message.bytes=3000000 sensitive=false synonyms=\{DYNAMIC_DEFAULT_BROKER_CONFIG:message.max.bytes=3000000, DEFAULT_CONFIG:message.max.bytes=1048588\}' -s ' retention.ms=7200000 sensitive=false synonyms=\{DYNAMIC_BROKER_CONFIG:log.retention.ms=7200000' -- $configs --describe --entity-type topics --entity-name assigned --all
check "configs: broker, a list" -s 'Completed updating config for broker 1' -- $configs --alter $brokers --add-config 'log.cleanup.policy=[compact,delete]'
for wrong in log.dirs=/tmp/elsewhere controller.quota.window.num=5 log.retention.ms=soon log.cleanup.policy=burn; do
    check "configs: broker, refused: $wrong" -x any -s 'InvalidRequestException' -- $configs --alter $brokers --add-config "$wrong"
done
check "configs: broker, delete" -s 'Completed updating config for broker 1' -- $configs --alter $brokers --delete-config log.retention.ms,log.cleanup.policy
check "configs: all brokers, delete" -s 'Completed updating default config' -- $configs --alter --entity-type brokers --entity-default --delete-config message.max.bytes
check "configs: broker, after it" -n 'log.retention.ms=7200000' -- $configs --describe $brokers
check "configs: group, add" -s 'Completed updating config for group readers848' -- $configs --alter --entity-type groups --entity-name readers848 --add-config consumer.session.timeout.ms=50000
check "configs: group, describe" -s 'consumer.session.timeout.ms=50000' -- $configs --describe --entity-type groups --entity-name readers848
check "configs: client quota" -s 'Completed updating config for client mobile' -- $configs --alter --entity-type clients --entity-name mobile --add-config producer_byte_rate=1000000
check "configs: user and client quota" -s 'Completed updating config' -- $configs --alter --entity-type users --entity-name ann --entity-type clients --entity-default --add-config consumer_byte_rate=5000,request_percentage=50
check "configs: quotas, describe" -s "client-id 'mobile' are producer_byte_rate=1000000" -- $configs --describe --entity-type clients
check "configs: user and client quota, describe" -s "user-principal 'ann', the default client-id are .*consumer_byte_rate=5000" -- $configs --describe --entity-type users --entity-name ann --entity-type clients --entity-default
check "configs: quota, delete" -s 'Completed updating config' -- $configs --alter --entity-type clients --entity-name mobile --delete-config producer_byte_rate
check "configs: quota, gone" -n producer_byte_rate -- $configs --describe --entity-type clients --entity-name mobile
check "configs: ip quota" -s 'Completed updating config' -- $configs --alter --entity-type ips --entity-name 10.1.1.1 --add-config connection_creation_rate=100
check "configs: ip quota, describe" -s "ip '?10.1.1.1'? are connection_creation_rate=100" -- $configs --describe --entity-type ips
check "configs: SCRAM" -s 'Completed updating config for user ann' -- $configs --alter --entity-type users --entity-name ann --add-config 'SCRAM-SHA-256=[iterations=8192,password=secret]'
check "configs: SCRAM, another mechanism" -s 'Completed updating config for user ann' -- $configs --alter --entity-type users --entity-name ann --add-config 'SCRAM-SHA-512=[password=secret]'
# Documented so; Apache Kafka with KRaft refuses it as naming the user twice.
[ "$SERVER" = kafka ] || check "configs: SCRAM, both mechanisms at once" -s 'Completed updating config for user bob' -- $configs --alter --entity-type users --entity-name bob --add-config 'SCRAM-SHA-256=[password=a],SCRAM-SHA-512=[password=b]'
check "configs: SCRAM, describe" -s "SCRAM credential configs for user-principal 'ann' are SCRAM-SHA-256=iterations=8192, SCRAM-SHA-512=iterations=4096" -n secret -- $configs --describe --entity-type users
check "configs: SCRAM, delete" -s 'Completed updating config' -- $configs --alter --entity-type users --entity-name ann --delete-config SCRAM-SHA-256
check "client-metrics: alter" -s 'Altered client metrics config for m1' -- bin/kafka-client-metrics.sh $S --alter --name m1 --metrics org.apache.kafka.producer. --interval 1000
check "client-metrics: describe" -s 'm1' -s 'interval.ms=1000' -- bin/kafka-client-metrics.sh $S --describe --name m1
check "client-metrics: list" -s '^m1$' -- bin/kafka-client-metrics.sh $S --list
check "client-metrics: delete" -s 'Deleted client metrics config for m1' -- bin/kafka-client-metrics.sh $S --delete --name m1

# --- access rules ----------------------------------------------------------------------------------
acls="bin/kafka-acls.sh $S"
check "acls: add" -s 'Adding ACLs for resource' -- $acls --add --allow-principal User:ann --operation Read --topic orders
check "acls: add --producer, prefixed" -s 'patternType=PREFIXED' -- $acls --add --allow-principal User:bob --producer --topic ord --resource-pattern-type prefixed
check "acls: add --consumer" -s 'resourceType=GROUP' -- $acls --add --allow-principal User:bob --consumer --topic orders --group g
check "acls: add --deny-principal --deny-host" -s 'User:eve' -- $acls --add --deny-host 10.0.0.1 --deny-principal User:eve --operation All --topic orders
check "acls: list" -s 'principal=User:ann, host=\*, operation=READ, permissionType=ALLOW' -s 'User:eve, host=10.0.0.1' -- $acls --list
check "acls: list --topic --resource-pattern-type match" -s 'User:bob' -s 'name=ord,' -- $acls --list --topic orders --resource-pattern-type match
check "acls: list --principal" -s 'User:eve' -n 'User:ann' -- $acls --list --principal User:eve
check "acls: remove" -- $acls --remove --force --allow-principal User:ann --operation Read --topic orders
check "acls: remove all of a topic" -- $acls --remove --force --topic orders --resource-pattern-type match
check "acls: remove all of a group" -- $acls --remove --force --group g
check "acls: gone" -n 'User:' -- $acls --list

# --- offsets, directories, records -----------------------------------------------------------------
offsets="bin/kafka-get-offsets.sh $S"
check "get-offsets: latest (-1)" -s '^keyed:0:2$' -- $offsets --topic keyed --time -1
check "get-offsets: earliest (-2)" -s '^keyed:0:0$' -- $offsets --topic keyed --time -2
check "get-offsets: max-timestamp (-3)" -s '^keyed:0:[01]$' -- $offsets --topic keyed --time -3
check "get-offsets: a timestamp" -s '^keyed:0:0$' -- $offsets --topic-partitions keyed:0 --time 1000
check "get-offsets: a timestamp to come" -e '' -- $offsets --topic-partitions keyed:0 --time 4000000000000
check "get-offsets: all topics" -s '^assigned:1:' -n '^__consumer_offsets' -- $offsets --exclude-internal-topics
check "log-dirs" -s '"partition":"keyed-0","size":[1-9]' -- bin/kafka-log-dirs.sh $S --describe --topic-list keyed
check "log-dirs: all" -s '"error":null' -s '"partition":"assigned-1"' -- bin/kafka-log-dirs.sh $S --describe
echo '{"partitions":[{"topic":"keyed","partition":0,"offset":1}],"version":1}' >delete.json
check "delete-records" -s 'partition: keyed-0.*low_watermark: 1' -- bin/kafka-delete-records.sh $S --offset-json-file delete.json
check "delete-records: after it" -s '^keyed:0:1$' -- $offsets --topic keyed --time earliest
echo '{"partitions":[{"topic":"keyed","partition":0,"offset":1000}],"version":1}' >delete.json
check "delete-records: beyond the end" -x any -s 'OffsetOutOfRange|not within the range|error' -- bin/kafka-delete-records.sh $S --offset-json-file delete.json
check "replica-verification" -t 12 -x any -s 'max lag is 0 for partition' -- timeout 9 bin/kafka-replica-verification.sh --broker-list "$B" --topics-include keyed --report-interval-ms 1000
check "dump-log" -s 'baseOffset: [0-9]+ lastOffset: .* isvalid: true' -n 'isvalid: false' -- bin/kafka-dump-log.sh --deep-iteration --print-data-log --files "$(find "$WORK/data" -path '*/assigned-0/*.log' | head -1)"
check "dump-log: __consumer_offsets" -s 'readers848' -- bin/kafka-dump-log.sh --offsets-decoder --files "$(find "$WORK/data" -path '*/__consumer_offsets-*/*.log' | tr '\n' ',' | sed 's/,$//')"
check "console-consumer: __consumer_offsets" -x any -s '"group":"readers848"' -- bin/kafka-console-consumer.sh $S --topic __consumer_offsets --from-beginning --timeout-ms 5000 --formatter org.apache.kafka.tools.consumer.OffsetsMessageFormatter

# --- transactions ----------------------------------------------------------------------------------
txns="bin/kafka-transactions.sh $S"
seq 1000 >thousand
$producer --topic source <thousand >/dev/null 2>&1
check "TransactionalMessageCopier" -s '"consumed":1000' -- bin/kafka-run-class.sh org.apache.kafka.tools.TransactionalMessageCopier --broker-list "$B" --input-topic source --input-partition 0 \
    --output-topic copied --transactional-id copier --consumer-group copiers --transaction-size 100 --max-messages 1000 --enable-random-aborts
check "TransactionalMessageCopier: each once" -e 1000 -- sh -c "$consumer --topic copied --from-beginning --max-messages 1000 --isolation-level read_committed 2>/dev/null | sort -un | wc -l"
check "transactions: list" -s '^copier\s.*CompleteCommit' -- $txns list
check "transactions: list --transactional-id-pattern" -s '^copier' -n '^perf' -- $txns list --transactional-id-pattern 'cop.*'
check "transactions: list --duration-filter" -s '^copier' -- $txns list --duration-filter 0
check "transactions: list --duration-filter, younger" -n '^copier' -- $txns list --duration-filter 3600000
check "transactions: describe" -s '^1\s+copier\s+[0-9]+\s+[0-9]+\s+CompleteCommit' -- $txns describe --transactional-id copier
check "transactions: describe what is not there" -x any -s 'failed because the ID could not be found' -- $txns describe --transactional-id nobody
check "transactions: describe-producers" -s '^[0-9]+\s+[0-9]+\s+-?[0-9]+\s+-1\s+[0-9]{13}\s+None' -- $txns describe-producers --topic copied --partition 0
check "transactions: find-hanging" -s '^Topic\s+Partition\s+ProducerId' -n '^copied' -- $txns find-hanging --broker-id 1
check "console-consumer: __transaction_state" -x any -s '"transactionalId":"copier"' -- bin/kafka-console-consumer.sh $S --topic __transaction_state --from-beginning --timeout-ms 5000 --formatter org.apache.kafka.tools.consumer.TransactionLogMessageFormatter
check "dump-log: __transaction_state" -s 'copier' -- bin/kafka-dump-log.sh --transaction-log-decoder --files "$(find "$WORK/data" -path '*/__transaction_state-*/*.log' | tr '\n' ',' | sed 's/,$//')"
"$JAVA" -cp "$KAFKA_CP" "$HERE/java/OpenTransaction.java" "$B" copied opened >opened.out 2>&1 &
CHILDREN+=($!)
until_true grep -q written opened.out
check "transactions: list an open one" -s '^opened\s.*Ongoing' -- $txns list
check "transactions: forceTerminateTransaction" -- $txns forceTerminateTransaction --transactionalId opened
check "transactions: it is gone" -s '^opened\s.*(CompleteAbort|Empty)' -- $txns list
check "transactions: abort what is not open" -x any -s 'Could not find any open transactions|nothing|not find' -- $txns abort --topic copied --partition 0 --start-offset 0

# Transactions that hang: their coordinator's log is lost, as a disk may be.
"$JAVA" -cp "$KAFKA_CP" "$HERE/java/OpenTransaction.java" "$B" hung lost >lost.out 2>&1 &
LOST=$!
CHILDREN+=("$LOST")
until_true grep -q written lost.out
kill -9 "$LOST"
wait "$LOST" 2>/dev/null
check "transactions: find-hanging, a transaction the coordinator knows" -s '^Topic\s+Partition' -n '^hung' -- $txns find-hanging --broker-id 1 --max-transaction-timeout 0
kill_server
find "$WORK/data" -type d -name '__transaction_state-*' -prune -exec rm -r {} +
start_server
until_true $txns list
check "transactions: find-hanging, one it does not know" -s '^hung\s+0\s+[0-9]+\s+0\s+-1\s+0\s+[0-9]{13}\s' -- $txns find-hanging --broker-id 1 --max-transaction-timeout 0
check "transactions: find-hanging --topic --partition" -s '^hung\s+0\s' -- $txns find-hanging --topic hung --partition 0 --max-transaction-timeout 0
check "transactions: find-hanging, not for 15 minutes" -n '^hung' -- $txns find-hanging --broker-id 1
check "transactions: describe, lost" -x 1 -s 'failed because the ID could not be found' -- $txns describe --transactional-id lost
check "transactions: abort at another offset" -x 1 -s 'Could not find any open transactions starting at offset 5' -- $txns abort --topic hung --partition 0 --start-offset 5
check "transactions: describe-producers, hanging" -s '^[0-9]+\s+0\s+-1\s+0\s+[0-9]{13}\s+0\s*$' -- $txns describe-producers --topic hung --partition 0
check "transactions: abort, hanging" -n 'rror' -- $txns abort --topic hung --partition 0 --start-offset 0
check "transactions: describe-producers after it" -s '\s0\s+0\s+[0-9]{13}\s+None' -- $txns describe-producers --topic hung --partition 0
check "transactions: find-hanging after it" -n '^hung' -- $txns find-hanging --broker-id 1 --max-transaction-timeout 0
check "transactions: readers go on" -s 'Processed a total of 0 messages' -x any -- $consumer --topic hung --from-beginning --isolation-level read_committed
check "transactions: offset behind the marker" -s '^hung:0:2$' -- $offsets --topic hung --time -1

# --- the cluster -----------------------------------------------------------------------------------
check "features: describe" -s 'Feature: transaction.version.*FinalizedVersionLevel: 2' -s 'Feature: group.version.*FinalizedVersionLevel: 1' -- bin/kafka-features.sh $S describe
check "cluster: cluster-id" -s 'Cluster ID: [A-Za-z0-9_-]{22}' -- bin/kafka-cluster.sh cluster-id $S
check "cluster: list-endpoints" -s "127.0.0.1 +$PORT" -- bin/kafka-cluster.sh list-endpoints $S
check "metadata-quorum: describe --status" -s 'LeaderId: +1' -s 'CurrentVoters: .*1' -- bin/kafka-metadata-quorum.sh $S describe --status
check "metadata-quorum: describe --replication" -s '^1 .*Leader' -- bin/kafka-metadata-quorum.sh $S describe --replication
check "leader-election: all" -x any -n 'UnsupportedVersion' -- bin/kafka-leader-election.sh $S --election-type preferred --all-topic-partitions
check "leader-election: one" -s 'Valid replica already elected for partitions' -- bin/kafka-leader-election.sh $S --election-type preferred --topic keyed --partition 0
echo '{"topics":[{"topic":"keyed"}],"version":1}' >move.json
check "reassign-partitions: --list" -s 'No partition reassignments found' -- bin/kafka-reassign-partitions.sh $S --list
check "reassign-partitions: --generate" -s '"topic":"keyed","partition":0,"replicas":\[1\]' -- bin/kafka-reassign-partitions.sh $S --generate --topics-to-move-json-file move.json --broker-list 1
echo '{"version":1,"partitions":[{"topic":"keyed","partition":0,"replicas":[1]}]}' >plan.json
check "reassign-partitions: --verify" -s 'keyed-0 is (complete|completed)' -- bin/kafka-reassign-partitions.sh $S --verify --reassignment-json-file plan.json
check "broker-api-versions" -s "127.0.0.1:$PORT \(id: 1 rack: .*\) -> \(" -s 'Produce\(0\): 0 to 13 \[usable: 13\]' -s 'Fetch\(1\): 4 to 18' -- bin/kafka-broker-api-versions.sh $S
check "streams-application-reset" -s 'Done\.|Deleting' -- bin/kafka-streams-application-reset.sh $S --application-id nothing --input-topics keyed --force
# Not offered by Weir: said so, soon, and without a trace on the server.
if [ "$SERVER" = weir ]; then
    check "share-groups: refused" -t 40 -x any -s 'UnsupportedVersion|not support' -- bin/kafka-share-groups.sh $S --describe --group s
    check "streams-groups: refused" -t 40 -x any -s 'UnsupportedVersion|not support' -- bin/kafka-streams-groups.sh $S --describe --group s
    check "console-share-consumer: refused" -t 40 -x any -s 'UnsupportedVersion|not support|Processed a total of 0' -- bin/kafka-console-share-consumer.sh $S --topic keyed --group s --timeout-ms 5000
    check "delegation-tokens: refused" -t 40 -x any -s 'UnsupportedVersion|not support|DelegationToken' -- bin/kafka-delegation-tokens.sh $S --describe --command-config /dev/null
fi

# --- the end ---------------------------------------------------------------------------------------
check "topics: delete" -- $topics --delete --topic orders
check "topics: it is gone" -n '^orders$' -- $topics --list
check "topics: delete what is gone" -x 1 -s "Topic 'orders' does not exist as expected" -- $topics --delete --topic orders
check "topics: delete --if-exists" -- $topics --delete --topic orders --if-exists

# --- what a stopped server leaves ------------------------------------------------------------------
kill "$SERVER_PID"
wait "$SERVER_PID" 2>/dev/null
files_of() { find "$WORK/data" -path '*-[0-9]*/*' -not -path '*-delete/*' -name "$1" -size +0 | tr '\n' ',' | sed 's/,$//'; }
check "dump-log: all segments" -s 'isvalid: true' -n 'isvalid: false' -n 'Found|Mismatch|Exception' -- bin/kafka-dump-log.sh --deep-iteration --files "$(files_of '*.log')"
check "dump-log: time indexes" -s '^timestamp: [0-9]+ offset: [0-9]+' -n 'Found|Mismatch|Exception' -- bin/kafka-dump-log.sh --files "$(files_of '*.timeindex')"
check "dump-log: --index-sanity-check" -s 'passed sanity check' -n 'Found|Mismatch|Exception' -- bin/kafka-dump-log.sh --index-sanity-check --files "$(files_of '*index')"
check "dump-log: --verify-index-only" -n 'Found|Mismatch|Exception' -- bin/kafka-dump-log.sh --verify-index-only --files "$(files_of '*index')"
check "dump-log: producer snapshots" -s 'producerId: [0-9]+ producerEpoch: [0-9]+' -n 'Found|Mismatch|Exception' -- bin/kafka-dump-log.sh --files "$(files_of '*.snapshot')"
summary
