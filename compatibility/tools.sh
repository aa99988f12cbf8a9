#!/usr/bin/env bash
# compatibility/tools.sh
# Kafka's own command line tools, 4.3.1 from Maven Central, unmodified, against a Weir server of its own: what
# they print and how they end. SERVER=kafka runs the same cases against Apache Kafka. About five minutes.
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
check "topics: describe --at-min-isr-partitions" -s 'Topic: orders.*Partition: 2.*Isr: 1' -- $topics --describe --at-min-isr-partitions
check "topics: describe --under-min-isr-partitions" -e '' -- $topics --describe --under-min-isr-partitions
$topics --create --topic three --partitions 1 >/dev/null 2>&1
check "topics: more partitions, assigned" -- $topics --alter --topic three --partitions 3 --replica-assignment 1,1,1
check "topics: list --topic" -e three -- $topics --list --topic 'thr.*'
check "topics: delete --topic, a pattern" -- $topics --delete --topic 'thr.*'

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
middle=$(bin/kafka-get-offsets.sh $S --topic-partitions assigned:0 --time latest 2>/dev/null | sed 's/.*://')
between=$(date -u +%FT%T.%3N)
check "console-producer: acks=1, no idempotence" -i lines -- $producer --topic assigned --command-property acks=1 --command-property enable.idempotence=false
printf 'k1\tNULL\n' >nothing
check "console-producer: --sync, acks=1, null.marker" -i nothing -- $producer --topic synced --sync --request-required-acks 1 --reader-property parse.key=true --reader-property null.marker=NULL
check "console-consumer: --offset earliest" -s '^k1	null$' -- $consumer --topic synced --partition 0 --offset earliest --max-messages 1 --formatter-property print.key=true
check "console-consumer: --offset latest" -x any -s 'Processed a total of 0 messages' -- bin/kafka-console-consumer.sh $S --topic synced --partition 0 --offset latest --timeout-ms 3000
check "verifiable-producer" -s '"sent":500,"acked":500' -- bin/kafka-verifiable-producer.sh $S --topic verified --max-messages 500 --acks -1
stamp=$(date -d '1 hour ago' +%s)000
check "verifiable-producer: acks=1, --throughput, keys, times" -s '"key":"4","value":"7\.9",.*"offset":9' -s '"sent":20,"acked":20' -- bin/kafka-verifiable-producer.sh $S --topic timed --max-messages 20 --acks 1 --throughput 1000 --value-prefix 7 --repeating-keys 5 --message-create-time "$stamp"
check "verifiable-producer: its times" -s "^CreateTime:$stamp	0	7\.0\$" -- $consumer --topic timed --from-beginning --max-messages 20 --formatter-property print.key=true --formatter-property print.timestamp=true
bin/kafka-verifiable-consumer.sh $S --topic verified --group-id verifiers --max-messages 500 --reset-policy earliest >verified.out 2>&1 &
CHILDREN+=($!)
until_true grep -q '"name":"offsets_committed".*"offset":500' verified.out
check "verifiable-consumer" -s '"name":"records_consumed".*"count":' -s 'offsets_committed.*"offset":500.*"success":true' -- cat verified.out
kill "${CHILDREN[-1]}" 2>/dev/null
bin/kafka-verifiable-consumer.sh $S --topic verified --group-id verifiers848 --group-protocol consumer --max-messages 500 --reset-policy earliest >verified.out 2>&1 &
CHILDREN+=($!)
until_true grep -q '"name":"offsets_committed".*"offset":500' verified.out
check "verifiable-consumer: group.protocol=consumer" -s 'offsets_committed.*"offset":500.*"success":true' -- cat verified.out
check "verifiable-consumer: --enable-autocommit, --assignment-strategy" -x any -t 40 -s '"partitions_assigned"' -s '"records_consumed".*"count":20' -- timeout 30 bin/kafka-verifiable-consumer.sh $S --topic timed --group-id timers --max-messages 20 --reset-policy earliest \
    --enable-autocommit --assignment-strategy org.apache.kafka.clients.consumer.RoundRobinAssignor
kill "${CHILDREN[-1]}" 2>/dev/null
check "producer-perf" -s '20000 records sent, [0-9.]+ records/sec' -- bin/kafka-producer-perf-test.sh $S --topic perf --num-records 20000 --record-size 100 --throughput -1
check "producer-perf: transactions" -s '2000 records sent' -- bin/kafka-producer-perf-test.sh $S --topic perf --num-records 2000 --record-size 100 --throughput -1 --transactional-id perf --transaction-duration-ms 50
check "consumer-perf" -s ', 2[0-9]{4}, ' -- bin/kafka-consumer-perf-test.sh $S --topic perf --num-records 20000 --timeout 20000
printf 'one\ntwo\n' >payload
check "producer-perf: --payload-file, --print-metrics" -s '1000 records sent' -s 'producer-metrics:record-send-total' -- bin/kafka-producer-perf-test.sh $S --topic perf2 --num-records 1000 --payload-file payload --throughput 5000 --print-metrics
check "producer-perf: --payload-monotonic, --warmup-records" -s '1000 records sent' -s '900 steady state records sent' -- bin/kafka-producer-perf-test.sh $S --topic perf2 --num-records 1000 --payload-monotonic --throughput -1 --warmup-records 100
check "consumer-perf: --include, --show-detailed-stats" -s 'time, threadId, data.consumed.in.MB' -n 'rror' -- bin/kafka-consumer-perf-test.sh $S --include 'perf2' --num-records 1900 --show-detailed-stats --reporting-interval 100 --timeout 20000
check "e2e-latency" -s 'Avg latency: [0-9.]+ ms' -s 'Percentiles' -- bin/kafka-e2e-latency.sh $S --topic e2e --num-records 100 --producer-acks all --record-size 100

# --- consumer groups -------------------------------------------------------------------------------
groups="bin/kafka-consumer-groups.sh $S"
check "consumer-groups: list" -s '^readers$' -s '^readers848$' -- $groups --list
check "consumer-groups: list --state" -s 'readers +Empty' -- $groups --list --state
check "consumer-groups: list --type" -s '^readers848 ' -n '^readers ' -- $groups --list --type consumer
check "consumer-groups: list --state Empty" -s '^readers +Empty' -n 'Stable' -- $groups --list --state Empty
check "consumer-groups: list --type classic" -s '^readers +Classic' -n '^readers848' -- $groups --list --type classic
check "consumer-groups: describe" -s "Consumer group 'readers' has no active members" -s 'readers +assigned +[01] +[0-9]+ +[0-9]+ +[0-9]+ ' -- $groups --describe --group readers
check "consumer-groups: describe --state" -s 'readers848 +.* Empty +0' -- $groups --describe --group readers848 --state
check "consumer-groups: describe --offsets" -s 'assigned +0 +' -- $groups --describe --group readers848 --offsets
check "consumer-groups: describe --offsets --verbose" -s 'PARTITION +LEADER-EPOCH +CURRENT-OFFSET' -s 'readers848 +assigned +0 +0 +[0-9]+ ' -- $groups --describe --group readers848 --offsets --verbose
check "consumer-groups: describe --state --verbose" -s 'GROUP-EPOCH +TARGET-ASSIGNMENT-EPOCH' -s "readers +127.0.0.1:$PORT +\\(1\\) .* Empty " -- $groups --describe --group readers --state --verbose
check "consumer-groups: describe --all-groups" -s "Consumer group 'readers848' has no active members" -s 'readers +assigned +1 ' -- $groups --describe --all-groups
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
check "consumer-groups: delete-offsets while it lives" -x any -s 'assigned +0 +Error: .*GroupSubscribedToTopicException' -- $groups --delete-offsets --group living --topic assigned
check "consumer-groups: describe --all-groups --members" -s 'living +console-consumer-[^ ]+ +/127.0.0.1 +console-consumer +2' -- $groups --describe --all-groups --members
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
reset "--to-datetime, between" "readers +assigned +0 +$middle\$" --topic assigned:0 --to-datetime "$between" --execute
reset "--to-datetime, to come" "readers +assigned +0 +$end\$" --topic assigned:0 --to-datetime 2100-01-01T00:00:00.000 --dry-run
reset "--by-duration, none" "readers +assigned +0 +$end\$" --topic assigned:0 --by-duration PT0S --execute
reset "--shift-by, back" "readers +assigned +0 +$((end - 2))\$" --topic assigned:0 --shift-by -2 --execute
reset "--shift-by, before the beginning" 'readers +assigned +0 +0$' --topic assigned:0 --shift-by -100000 --execute
reset "--to-offset, beyond the end" "readers +assigned +0 +$end\$" --topic assigned:0 --to-offset 100000 --execute
reset "several topics" 'readers +keyed +0 +2$' --topic assigned:0,1 --topic keyed --to-latest --execute
reset "a topic that is not there" 'UnknownTopicOrPartitionException' --topic nowhere --to-earliest --execute
reset "--to-offset, as it was" 'readers +assigned +0 +10$' --topic assigned:0 --to-offset 10 --execute
check "consumer-groups: reset --all-groups" -s 'readers848 +assigned +1 +0$' -s 'verifiers +verified +0 +0$' -- $groups --reset-offsets --all-groups --all-topics --to-earliest --dry-run
check "consumer-groups: reset of a group that is not there yet" -s 'newborn +keyed +0 +1$' -- $groups --reset-offsets --group newborn --topic keyed --to-offset 1 --execute
check "consumer-groups: reset without a scenario" -x 1 -s 'requires one of the following scenarios' -- $groups --reset-offsets --group readers --topic assigned --execute
reset --by-duration 'readers +assigned +0 +0' --topic assigned --by-duration PT10H --dry-run
reset --all-topics "readers +assigned +1 +0" --all-topics --to-earliest --dry-run
check "consumer-groups: reset --export" -s '^"?assigned"?,0,10' -- $groups --reset-offsets --group readers --topic assigned:0 --to-current --export --dry-run
check "consumer-groups: reset --export, two groups" -s '^readers,assigned,0,10$' -s '^newborn,keyed,0,1$' -- $groups --reset-offsets --group readers --group newborn --all-topics --to-current --export --dry-run
printf 'readers,assigned,0,4\nnewborn,keyed,0,2\n' >groups.csv
check "consumer-groups: reset --from-file, two groups" -s 'readers +assigned +0 +4$' -s 'newborn +keyed +0 +2$' -- $groups --reset-offsets --group readers --group newborn --from-file groups.csv --execute
echo 'assigned,0,3' >plan.csv
reset --from-file 'readers +assigned +0 +3' --from-file plan.csv --execute
check "consumer-groups: what was reset holds" -s 'readers +assigned +0 +3 ' -- $groups --describe --group readers
check "consumer-groups: delete-offsets, a partition" -s 'assigned +1 +Successful' -n 'assigned +0' -- $groups --delete-offsets --group readers --topic assigned:1
check "consumer-groups: delete-offsets, the others are there" -s 'readers +assigned +0 +3 ' -n 'readers +assigned +1 ' -- $groups --describe --group readers
check "consumer-groups: delete-offsets, a topic that is not there" -x any -s 'nowhere .*UnknownTopicOrPartitionException' -- $groups --delete-offsets --group readers --topic nowhere
check "consumer-groups: delete-offsets" -s 'assigned +[01] +Successful' -- $groups --delete-offsets --group readers --topic assigned
check "consumer-groups: delete two" -s "Deletion of requested consumer groups \\('(newborn', 'timers|timers', 'newborn)'\\) was successful" -- $groups --delete --group newborn --group timers
check "consumer-groups: delete" -s 'Deletion of requested consumer groups .*readers.* was successful' -- $groups --delete --group readers
check "consumer-groups: delete what is gone" -x any -s 'GroupIdNotFoundException' -- $groups --delete --group readers
check "consumer-groups: validate-regex" -- $groups --validate-regex 'ord.*'
check "groups: list" -s 'readers848 +Consumer +consumer' -s 'verifiers +Consumer|verifiers +Classic' -- bin/kafka-groups.sh $S --list
check "groups: list --group-type" -s '^readers848 +Consumer' -n 'Classic' -- bin/kafka-groups.sh $S --list --group-type consumer
check "groups: list --consumer" -s '^readers848 ' -s '^verifiers ' -- bin/kafka-groups.sh $S --list --consumer
check "groups: list --protocol" -s '^verifiers ' -- bin/kafka-groups.sh $S --list --protocol consumer
check "groups: list --share" -n '^readers' -- bin/kafka-groups.sh $S --list --share

# --- settings --------------------------------------------------------------------------------------
configs="bin/kafka-configs.sh $S"
check "configs: topic, describe --all" -s 'retention.ms=3600000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention.ms=3600000' -s 'segment.bytes=1073741824.*DEFAULT_CONFIG' -- $configs --describe --entity-type topics --entity-name orders --all
check "configs: topic, add" -s 'Completed updating config for topic orders' -- $configs --alter --entity-type topics --entity-name orders --add-config max.message.bytes=2000000,cleanup.policy=compact
check "configs: topic, delete" -s 'Completed updating config for topic orders' -- $configs --alter --entity-type topics --entity-name orders --delete-config retention.ms
check "configs: topic, after it" -s 'max.message.bytes=2000000' -n 'retention.ms' -- $configs --describe --entity-type topics --entity-name orders
check "configs: topic, a bad value" -x any -s 'InvalidConfigurationException|ConfigException' -- $configs --alter --entity-type topics --entity-name orders --add-config cleanup.policy=burn
check "configs: --topic" -s 'max.message.bytes=2000000' -- $configs --describe --topic orders
printf 'segment.ms=7654321\n' >topic.properties
check "configs: topic, --add-config-file" -s 'Completed updating config for topic orders' -- $configs --alter --entity-type topics --entity-name orders --add-config-file topic.properties
check "configs: topic, from the file" -s 'segment.ms=7654321 ' -- $configs --describe --entity-type topics --entity-name orders
check "configs: topic, delete what is not set" -s 'Completed updating config for topic orders' -- $configs --alter --entity-type topics --entity-name orders --delete-config flush.ms,segment.ms
check "configs: a topic that is not there, describe" -s "The topic 'nowhere' doesn't exist" -- $configs --describe --entity-type topics --entity-name nowhere
check "configs: a topic that is not there, add" -x 1 -s 'UnknownTopicOrPartitionException' -- $configs --alter --entity-type topics --entity-name nowhere --add-config retention.ms=1
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
check "configs: group, delete" -s 'Completed updating config for group readers848' -- $configs --alter --entity-type groups --entity-name readers848 --delete-config consumer.session.timeout.ms
check "configs: group, describe --all" -s 'consumer.session.timeout.ms=45000 .*DEFAULT_CONFIG' -n 'DYNAMIC_GROUP' -- $configs --describe --entity-type groups --entity-name readers848 --all
check "configs: client quota" -s 'Completed updating config for client mobile' -- $configs --alter --entity-type clients --entity-name mobile --add-config producer_byte_rate=1000000
check "configs: user and client quota" -s 'Completed updating config' -- $configs --alter --entity-type users --entity-name ann --entity-type clients --entity-default --add-config consumer_byte_rate=5000,request_percentage=50
check "configs: quotas, describe" -s "client-id 'mobile' are producer_byte_rate=1000000" -- $configs --describe --entity-type clients
check "configs: user and client quota, describe" -s "user-principal 'ann', the default client-id are .*consumer_byte_rate=5000" -- $configs --describe --entity-type users --entity-name ann --entity-type clients --entity-default
check "configs: quota, delete" -s 'Completed updating config' -- $configs --alter --entity-type clients --entity-name mobile --delete-config producer_byte_rate
check "configs: quota, gone" -n producer_byte_rate -- $configs --describe --entity-type clients --entity-name mobile
check "configs: ip quota" -s 'Completed updating config' -- $configs --alter --entity-type ips --entity-name 10.1.1.1 --add-config connection_creation_rate=100
check "configs: ip quota, describe" -s "ip '?10.1.1.1'? are connection_creation_rate=100" -- $configs --describe --entity-type ips
check "configs: quota of all users" -s 'Completed updating default config for users' -- $configs --alter --entity-type users --entity-default --add-config producer_byte_rate=7000
check "configs: quota of all clients" -s 'Completed updating default config for clients' -- $configs --alter --entity-type clients --entity-default --add-config consumer_byte_rate=8000
check "configs: quota of all addresses" -s 'Completed updating default config for ips' -- $configs --alter --entity-type ips --entity-default --add-config connection_creation_rate=900
check "configs: user quota" -s 'Completed updating config for user cat' -- $configs --alter --entity-type users --entity-name cat --add-config controller_mutation_rate=5
check "configs: --user --client-defaults" -s 'Completed updating config for user bob' -- $configs --alter --user bob --client-defaults --add-config request_percentage=20
check "configs: quotas of users, describe" -s 'the default user-principal are producer_byte_rate=7000' -s "user-principal 'cat' are controller_mutation_rate=5" -n "'bob'" -- $configs --describe --entity-type users
check "configs: quotas of users and clients, describe" -s "user-principal 'bob', the default client-id are request_percentage=20" -n "'cat'" -- $configs --describe --entity-type users --entity-type clients
check "configs: --user-defaults, describe" -s 'the default user-principal are producer_byte_rate=7000' -- $configs --describe --user-defaults
check "configs: quota of all addresses, describe" -s 'the default ip are connection_creation_rate=900' -- $configs --describe --entity-type ips --entity-default
check "configs: quota below 0" -x 1 -s 'InvalidRequestException' -- $configs --alter --entity-type users --entity-name cat --add-config producer_byte_rate=-1
check "configs: quotas of all, delete" -s 'Completed updating default config for users' -- $configs --alter --entity-type users --entity-default --delete-config producer_byte_rate
check "configs: quotas of all clients, delete" -s 'Completed updating default config for clients' -- $configs --alter --entity-type clients --entity-default --delete-config consumer_byte_rate
check "configs: quotas of all addresses, delete" -s 'Completed updating default config for ips' -- $configs --alter --entity-type ips --entity-default --delete-config connection_creation_rate
check "configs: quotas of all, gone" -n 'byte_rate=[78]000' -- $configs --describe --entity-type users --entity-type clients
check "configs: SCRAM" -s 'Completed updating config for user ann' -- $configs --alter --entity-type users --entity-name ann --add-config 'SCRAM-SHA-256=[iterations=8192,password=secret]'
check "configs: SCRAM, another mechanism" -s 'Completed updating config for user ann' -- $configs --alter --entity-type users --entity-name ann --add-config 'SCRAM-SHA-512=[password=secret]'
# Documented so; Apache Kafka with KRaft refuses it as naming the user twice.
[ "$SERVER" = kafka ] || check "configs: SCRAM, both mechanisms at once" -s 'Completed updating config for user bob' -- $configs --alter --entity-type users --entity-name bob --add-config 'SCRAM-SHA-256=[password=a],SCRAM-SHA-512=[password=b]'
check "configs: SCRAM, describe" -s "SCRAM credential configs for user-principal 'ann' are SCRAM-SHA-256=iterations=8192, SCRAM-SHA-512=iterations=4096" -n secret -- $configs --describe --entity-type users
check "configs: SCRAM, delete" -s 'Completed updating config' -- $configs --alter --entity-type users --entity-name ann --delete-config SCRAM-SHA-256
check "configs: SCRAM, deleted" -s "'ann' are SCRAM-SHA-512=iterations=4096" -n 'SHA-256' -- $configs --describe --entity-type users --entity-name ann
check "configs: SCRAM, delete what is gone" -x 1 -s 'ResourceNotFoundException' -- $configs --alter --entity-type users --entity-name ann --delete-config SCRAM-SHA-256
check "configs: SCRAM, too few iterations" -x 1 -s 'less than the minimum 4096' -- $configs --alter --entity-type users --entity-name ann --add-config 'SCRAM-SHA-256=[iterations=10,password=x]'
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
check "acls: add --cluster" -s 'resourceType=CLUSTER, name=kafka-cluster' -- $acls --add --allow-principal User:ann --operation ClusterAction --cluster
check "acls: add --producer --transactional-id --idempotent" -s 'resourceType=TRANSACTIONAL_ID, name=tx' -s 'operation=IDEMPOTENT_WRITE' -- $acls --add --allow-principal User:ann --producer --topic orders --transactional-id tx --idempotent
check "acls: add of all users and topics" -s 'resourceType=TOPIC, name=\*' -- $acls --add --allow-principal 'User:*' --operation Read --operation Describe --topic '*'
check "acls: add --user-principal" -s 'resourceType=USER, name=User:bob' -- $acls --add --allow-principal User:ann --operation CreateTokens --user-principal User:bob
check "acls: list --transactional-id" -s 'operation=WRITE' -s 'operation=DESCRIBE' -n 'CLUSTER' -- $acls --list --transactional-id tx
check "acls: list --cluster" -s 'operation=CLUSTER_ACTION' -s 'operation=IDEMPOTENT_WRITE' -n 'TOPIC' -- $acls --list --cluster
check "acls: list --resource-pattern-type any" -s 'operation=CREATE,' -n 'User:\*' -- $acls --list --topic orders --resource-pattern-type any
check "acls: an operation that groups do not have" -x 1 -s 'ResourceType GROUP only supports operations' -- $acls --add --allow-principal User:ann --operation Write --group g
check "acls: remove of all topics" -- $acls --remove --force --topic '*'
check "acls: remove --producer --transactional-id --idempotent" -- $acls --remove --force --allow-principal User:ann --producer --topic orders --transactional-id tx --idempotent
check "acls: remove --cluster" -- $acls --remove --force --cluster
check "acls: remove --user-principal" -- $acls --remove --force --user-principal User:bob
check "acls: none is left" -n 'User:' -- $acls --list

# --- offsets, directories, records -----------------------------------------------------------------
offsets="bin/kafka-get-offsets.sh $S"
check "get-offsets: latest (-1)" -s '^keyed:0:2$' -- $offsets --topic keyed --time -1
check "get-offsets: earliest (-2)" -s '^keyed:0:0$' -- $offsets --topic keyed --time -2
check "get-offsets: max-timestamp (-3)" -s '^keyed:0:[01]$' -- $offsets --topic keyed --time -3
check "get-offsets: a timestamp" -s '^keyed:0:0$' -- $offsets --topic-partitions keyed:0 --time 1000
check "get-offsets: a timestamp to come" -e '' -- $offsets --topic-partitions keyed:0 --time 4000000000000
check "get-offsets: earliest-local (-4)" -e keyed:0:0 -- $offsets --topic keyed --time earliest-local
check "get-offsets: latest-tiered (-5)" -e '' -- $offsets --topic keyed --time -5
check "get-offsets: earliest-pending-upload (-6)" -e '' -- $offsets --topic keyed --time earliest-pending-upload
check "get-offsets: max-timestamp, by name" -s '^keyed:0:[01]$' -- $offsets --topic keyed --time max-timestamp
check "get-offsets: --topic, a pattern, --partitions" -s '^assigned:1:[0-9]+$' -n ':0:' -- $offsets --topic 'assi.*' --partitions 1
check "get-offsets: --topic-partitions, ranges" -e "$(printf 'assigned:1:%s\nkeyed:0:2' "$(sed -n 's/assigned:1://p' <<<"$ends")")" -- $offsets --topic-partitions 'assigned:1-,keyed:0-1'
check "get-offsets: a topic that is not there" -x 1 -s 'Could not match any topic-partitions' -- $offsets --topic nowhere
check "get-offsets: all topics" -s '^assigned:1:' -n '^__consumer_offsets' -- $offsets --exclude-internal-topics
check "log-dirs" -s '"partition":"keyed-0","size":[1-9]' -- bin/kafka-log-dirs.sh $S --describe --topic-list keyed
check "log-dirs: all" -s '"error":null' -s '"partition":"assigned-1"' -- bin/kafka-log-dirs.sh $S --describe
check "log-dirs: --broker-list" -s '"partition":"keyed-0"' -n nowhere -- bin/kafka-log-dirs.sh $S --describe --broker-list 1 --topic-list keyed,nowhere
check "log-dirs: a broker that is not there" -x 1 -s 'do not exist from --broker-list: 7' -- bin/kafka-log-dirs.sh $S --describe --broker-list 7
echo '{"partitions":[{"topic":"keyed","partition":0,"offset":1}],"version":1}' >delete.json
check "delete-records" -s 'partition: keyed-0.*low_watermark: 1' -- bin/kafka-delete-records.sh $S --offset-json-file delete.json
check "delete-records: after it" -s '^keyed:0:1$' -- $offsets --topic keyed --time earliest
echo '{"partitions":[{"topic":"keyed","partition":0,"offset":1000}],"version":1}' >delete.json
check "delete-records: beyond the end" -x any -s 'OffsetOutOfRange|not within the range|error' -- bin/kafka-delete-records.sh $S --offset-json-file delete.json
echo '{"partitions":[{"topic":"synced","partition":0,"offset":-1}],"version":1}' >delete.json
check "delete-records: all" -s 'partition: synced-0.*low_watermark: 1' -- bin/kafka-delete-records.sh $S --offset-json-file delete.json
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
"$JAVA" -cp "$KAFKA_CP" "$HERE/java/OpenTransaction.java" "$B" old older >older.out 2>&1 &
CHILDREN+=($!)
until_true grep -q written older.out
producer_id=$($txns describe --transactional-id older 2>/dev/null | sed -n 's/^1\s*older\s*\([0-9]*\)\s.*/\1/p')
check "transactions: describe, open" -s "^1\\s+older\\s+$producer_id\\s+0\\s+Ongoing\\s+60000\\s+[0-9]{13}\\s+[0-9]+\\s+old-0" -- $txns describe --transactional-id older
check "transactions: abort as of older brokers" -n 'rror' -- $txns abort --topic old --partition 0 --producer-id "$producer_id" --producer-epoch 0 --coordinator-epoch 0
check "transactions: aborted as of older brokers" -s "^$producer_id\\s+0\\s+0\\s+0\\s+[0-9]{13}\\s+None" -- $txns describe-producers --topic old --partition 0
check "transactions: find-hanging without a scope" -x 1 -s 'requires either --topic or --broker-id' -- $txns find-hanging

# Transactions that hang: what their coordinator's log said is lost, as a disk may lose it. Empty logs take its place: where
# nothing is, Weir knows that something is missing.
"$JAVA" -cp "$KAFKA_CP" "$HERE/java/OpenTransaction.java" "$B" hung lost >lost.out 2>&1 &
LOST=$!
CHILDREN+=("$LOST")
until_true grep -q written lost.out
kill -9 "$LOST"
wait "$LOST" 2>/dev/null
check "transactions: find-hanging, a transaction the coordinator knows" -s '^Topic\s+Partition' -n '^hung' -- $txns find-hanging --broker-id 1 --max-transaction-timeout 0
kill_server
while read -r partition; do
    find "$partition" -type f ! -name partition.metadata -delete
    : >"$partition/00000000000000000000.log"
done < <(find "$WORK/data" -type d -name '__transaction_state-*')
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
check "features: upgrade --dry-run" -s 'transaction.version can be upgraded to 2' -- bin/kafka-features.sh $S upgrade --feature transaction.version=2 --dry-run
check "features: upgrade to what it is" -s 'group.version was upgraded to 1' -- bin/kafka-features.sh $S upgrade --feature group.version=1
check "features: upgrade of an unknown one" -x 1 -s 'Could not upgrade no.such.feature' -- bin/kafka-features.sh $S upgrade --feature no.such.feature=1
check "features: version-mapping" -s '^metadata.version=30' -s '^transaction.version=2' -- bin/kafka-features.sh $S version-mapping
check "features: feature-dependencies" -s 'transaction.version=2 has no dependencies' -- bin/kafka-features.sh $S feature-dependencies --feature transaction.version=2
check "cluster: cluster-id" -s 'Cluster ID: [A-Za-z0-9_-]{22}' -- bin/kafka-cluster.sh cluster-id $S
check "cluster: list-endpoints" -s "127.0.0.1 +$PORT" -- bin/kafka-cluster.sh list-endpoints $S
check "metadata-quorum: describe --status" -s 'LeaderId: +1' -s 'CurrentVoters: .*1' -- bin/kafka-metadata-quorum.sh $S describe --status
check "metadata-quorum: describe --replication" -s '^1 .*Leader' -- bin/kafka-metadata-quorum.sh $S describe --replication
check "metadata-quorum: --human-readable" -s '^1 .*Leader' -- bin/kafka-metadata-quorum.sh $S describe --replication --human-readable
check "leader-election: all" -x any -n 'UnsupportedVersion' -- bin/kafka-leader-election.sh $S --election-type preferred --all-topic-partitions
check "leader-election: one" -s 'Valid replica already elected for partitions' -- bin/kafka-leader-election.sh $S --election-type preferred --topic keyed --partition 0
echo '{"partitions":[{"topic":"keyed","partition":0}]}' >elect.json
check "leader-election: unclean, --path-to-json-file" -s 'Valid replica already elected for partitions' -- bin/kafka-leader-election.sh $S --election-type unclean --path-to-json-file elect.json
echo '{"topics":[{"topic":"keyed"}],"version":1}' >move.json
check "reassign-partitions: --list" -s 'No partition reassignments found' -- bin/kafka-reassign-partitions.sh $S --list
check "reassign-partitions: --generate" -s '"topic":"keyed","partition":0,"replicas":\[1\]' -- bin/kafka-reassign-partitions.sh $S --generate --topics-to-move-json-file move.json --broker-list 1
echo '{"version":1,"partitions":[{"topic":"keyed","partition":0,"replicas":[1]}]}' >plan.json
check "reassign-partitions: --verify" -s 'keyed-0 is (complete|completed)' -- bin/kafka-reassign-partitions.sh $S --verify --reassignment-json-file plan.json
check "reassign-partitions: --cancel" -s 'None of the specified partition reassignments are active' -- bin/kafka-reassign-partitions.sh $S --cancel --reassignment-json-file plan.json
check "broker-api-versions" -s "127.0.0.1:$PORT \(id: 1 rack: .*\) -> \(" -s 'Produce\(0\): 0 to 13 \[usable: 13\]' -s 'Fetch\(1\): 4 to 18' -- bin/kafka-broker-api-versions.sh $S
check "streams-application-reset" -s 'Done\.|Deleting' -- bin/kafka-streams-application-reset.sh $S --application-id nothing --input-topics keyed --force
$consumer --topic verified --from-beginning --max-messages 100 --group app >/dev/null 2>&1
streams_reset() { # NAME OFFSET ARGUMENT...
    local name=$1 to=$2
    shift 2
    check "streams-application-reset: $name" -s "Topic: verified Partition: 0 Offset: $to\$" -s 'Done\.' -- bin/kafka-streams-application-reset.sh $S --application-id app --input-topics verified --force "$@"
}
streams_reset --to-offset 3 --to-offset 3 --dry-run
streams_reset --to-earliest 0 --to-earliest --dry-run
streams_reset --to-latest 500 --to-latest --dry-run
streams_reset --shift-by 99 --shift-by -1 --dry-run
streams_reset --by-duration 0 --by-duration PT10H --dry-run
streams_reset --to-datetime 0 --to-datetime 2020-01-01T00:00:00.000 --dry-run
echo 'verified,0,9' >app.csv
streams_reset --from-file 9 --from-file app.csv
check "streams-application-reset: what it did" -s 'app +verified +0 +9 ' -- $groups --describe --group app
$topics --create --topic app-store-changelog >/dev/null 2>&1
streams_reset --internal-topics 0 --internal-topics app-store-changelog
check "streams-application-reset: --internal-topics, gone" -n 'app-store-changelog' -- $topics --list
# Not offered by Weir: said so, soon, and without a trace on the server.
if [ "$SERVER" = weir ]; then
    check "share-groups: refused" -t 40 -x any -s 'UnsupportedVersion|not support' -- bin/kafka-share-groups.sh $S --describe --group s
    check "reassign-partitions --execute: refused" -x 1 -s 'The node does not support ALTER_PARTITION_REASSIGNMENTS' -- bin/kafka-reassign-partitions.sh $S --execute --reassignment-json-file plan.json
    check "features: downgrade: refused" -x 1 -s 'only level 2 is supported' -- bin/kafka-features.sh $S downgrade --feature transaction.version=1
    check "cluster unregister: refused" -s 'does not support the broker unregistration API' -- bin/kafka-cluster.sh unregister $S --id 77
    check "configs: broker-loggers: refused" -x 1 -s 'InvalidRequestException' -- $configs --describe --entity-type broker-loggers --entity-name 1
    check "streams-groups: refused" -t 40 -x any -s 'UnsupportedVersion|not support' -- bin/kafka-streams-groups.sh $S --describe --group s
    check "console-share-consumer: refused" -t 40 -x any -s 'UnsupportedVersion|not support|Processed a total of 0' -- bin/kafka-console-share-consumer.sh $S --topic keyed --group s --timeout-ms 5000
    check "delegation-tokens: refused" -t 40 -x any -s 'UnsupportedVersion|not support|DelegationToken' -- bin/kafka-delegation-tokens.sh $S --describe --command-config /dev/null
fi

# --- the end ---------------------------------------------------------------------------------------
check "topics: delete" -- $topics --delete --topic orders
check "topics: it is gone" -n '^orders$' -- $topics --list
check "topics: list --exclude-internal" -s '^assigned$' -n '^__' -- $topics --list --exclude-internal
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
