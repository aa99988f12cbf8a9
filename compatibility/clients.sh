#!/usr/bin/env bash
# compatibility/clients.sh
# Clients nobody here wrote, unmodified, against a Weir server of their own: kcat, kafka-python, confluent-kafka
# for Python (Debian's packages kcat, python3-kafka, python3-confluent-kafka), kafkajs and
# @confluentinc/kafka-javascript (npm; the second is compiled, two minutes, and needs g++ and the headers of
# OpenSSL, curl, zlib, zstd and lz4), and Kafka's Java clients from 2.1 to 4.3. What is not installed is skipped and said.
# SERVER=kafka runs the same cases against Apache Kafka. About three minutes. See common.sh for the settings.
. "$(dirname "$0")/common.sh"
SCRIPTS=$ROOT/broker/src/test/resources/clients # the broker's own tests run them too
PYTHON=${PYTHON:-/usr/bin/python3}
start_server

# --- kcat (librdkafka) -----------------------------------------------------------------------------
if command -v kcat >/dev/null; then
    version=$(kcat -V 2>&1 | sed -n 's/^Version \([^ ]*\).*librdkafka \([^ ]*\).*/\1, librdkafka \2/p')
    echo "        kcat $version"
    k="kcat -b $B"
    seq 5000 | sed 's/.*/line &/' >lines
    for codec in none gzip snappy lz4 zstd; do
        check "kcat: produce $codec, idempotent" -- $k -P -t "kcat-$codec" -z $codec -X enable.idempotence=true -l lines
        check "kcat: consume $codec" -e "$(cat lines)" -- $k -C -t "kcat-$codec" -e -q -o beginning
    done
    check "kcat: acks=0" -- $k -P -t kcat-none -X acks=0 -l lines
    check "kcat: acks=1" -- $k -P -t kcat-none -X acks=1 -l lines
    bin/kafka-topics.sh --bootstrap-server "$B" --create --topic kcat --partitions 3 >/dev/null 2>&1
    check "kcat: metadata" -s 'topic "kcat" with 3 partitions' -s "broker 1 at 127.0.0.1:$PORT" -- $k -L
    check "kcat: metadata as JSON" -s '"topic":"kcat-gzip"' -- $k -L -J
    printf 'a\tone\nb\ttwo\nc\t\n' >keyed
    check "kcat: keys, a header, nulls, a partition" -i keyed -- $k -P -t kcat -p 1 -K '\t' -H origin=here -Z
    check "kcat: format" -e "$(printf '1/0 a one origin=here\n1/1 b two origin=here\n1/2 c  origin=here')" -- $k -C -t kcat -p 1 -e -q -f '%p/%o %k %s %h\n'
    check "kcat: as JSON" -s '"key":"c","payload":null' -- $k -C -t kcat -p 1 -e -q -J
    check "kcat: the last two" -e "$(printf 'b\nc')" -- $k -C -t kcat -p 1 -o -2 -e -q -f '%k\n'
    check "kcat: offset query, latest" -s '^kcat \[1\] offset 3$' -- $k -Q -t kcat:1:-1
    check "kcat: offset query, earliest" -s '^kcat \[1\] offset 0$' -- $k -Q -t kcat:1:-2
    check "kcat: offset query, a time" -s '^kcat \[1\] offset 0$' -- $k -Q -t kcat:1:1000
    check "kcat: offset query, a time to come" -s '^kcat \[1\] offset -1$' -- $k -Q -t kcat:1:4000000000000
    check "kcat: from a time to a time" -e "$(printf 'a\nb\nc')" -- $k -C -t kcat -p 1 -o s@1000 -o e@4000000000000 -e -q -f '%k\n'
    check "kcat: a transaction" -i lines -- $k -P -t kcat-txn -X transactional.id=kcat
    check "kcat: read_committed" -e "$(cat lines)" -- $k -C -t kcat-txn -e -q -X isolation.level=read_committed
    check "kcat: read_uncommitted" -e "$(cat lines)" -- $k -C -t kcat-txn -e -q -X isolation.level=read_uncommitted
    group() { timeout 60 $k -q -e -X auto.offset.reset=earliest -X session.timeout.ms=6000 "$@" 2>/dev/null | sort; }
    for strategy in range roundrobin cooperative-sticky; do
        [ "$(group -X partition.assignment.strategy=$strategy -G "kcat-$strategy" kcat-gzip)" = "$(sort lines)" ]
        if [ $? -eq 0 ]; then verdict "kcat: a group, $strategy"; else verdict "kcat: a group, $strategy" "did not read each line once"; fi
    done
    [ "$(group -G kcat-range kcat-gzip)" = "" ]
    if [ $? -eq 0 ]; then verdict "kcat: the group goes on"; else verdict "kcat: the group goes on" "read again what was committed"; fi
    check "kcat: an unknown topic, no auto-creation" -x any -s 'Unknown topic|Broker: Unknown' -- $k -C -t nowhere -e -X allow.auto.create.topics=false
else
    skip kcat "not installed"
fi

# --- Python ----------------------------------------------------------------------------------------
if "$PYTHON" -c 'import kafka' 2>/dev/null; then
    check "kafka-python $("$PYTHON" -c 'import kafka; print(kafka.__version__)'): administration, groups" -t 120 \
        -e "$(printf '%s\n' 'created once' 'retention.ms 7200000' 'partitions 6' 'one reads all True' 'two share True' 'two takes over True' 'read twice 0' 'committed True' 'left False')" \
        -- "$PYTHON" "$SCRIPTS/kafka_python.py" "$B"
    check "kafka-python: codecs" -s '^gzip$' -- "$PYTHON" "$HERE/clients/kafka_python_codecs.py" "$B"
else
    skip kafka-python "not installed"
fi
if "$PYTHON" -c 'import confluent_kafka' 2>/dev/null; then
    check "confluent-kafka $("$PYTHON" -c 'import confluent_kafka as c; print(c.version()[0] + ", librdkafka " + c.libversion()[0])'): administration, transactions, groups" -t 120 \
        -e "$(printf '%s\n' TOPIC_ALREADY_EXISTS 'retention.ms 7200000' 'unsent 0' 'committed only True' 'two share True' 'two takes over True' 'goes on True' 'offsets True' 'left False')" \
        -- "$PYTHON" "$SCRIPTS/confluent.py" "$B"
else
    skip confluent-kafka "not installed"
fi

# --- Node.js ---------------------------------------------------------------------------------------
export NODE_PATH=${NODE_PATH:-$TARGET/node/node_modules}
npm_has() { # PACKAGE VERSION: there, or installed now
    node -e "require('$1')" 2>/dev/null && return 0
    command -v npm >/dev/null || return 1
    CKJS_LINKING=dynamic npm install --no-audit --no-fund --prefix "$TARGET/node" "$1@$2" >>"$TARGET/npm.log" 2>&1
    node -e "require('$1')" 2>/dev/null
}
if npm_has kafkajs 2.2.4; then
    check "kafkajs 2.2.4: administration, transactions, groups" -t 120 \
        -e "$(printf '%s\n' 'created true' 'created false' 'retention.ms 7200000' 'in the transaction 5' 'one reads all true' 'aborted false' 'two share true' 'two takes over true' 'two goes on true 1' 'left false')" \
        -- node "$SCRIPTS/kafkajs.js" "$B"
else
    skip kafkajs "neither installed nor to be had with npm"
fi
if npm_has @confluentinc/kafka-javascript 1.10.1; then
    check "kafka-javascript 1.10.1: administration, transactions, codecs, classic and KIP-848 groups" -t 150 \
        -e "$(printf '%s\n' 'created true' 'classic committed only true' 'consumer committed only true' 'groups 2')" \
        -- node "$HERE/clients/confluent_javascript.js" "$B"
else
    skip @confluentinc/kafka-javascript "could not be compiled; see $TARGET/npm.log (g++, OpenSSL, curl, zlib, zstd, lz4)"
fi

# --- Java ------------------------------------------------------------------------------------------
java_client() { # VERSION [KEY=VALUE]...
    local version=$1 cp
    shift
    cp=$(class_path "clients-$version" "$HERE/clients/pom.xml" -Dkafka.version="$version") || exit 1
    check "kafka-clients $version${*:+, $*}" -t 200 -e "$(printf '%s\n' administration none gzip snappy lz4 zstd offsets group transaction)" \
        -- "$JAVA" -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow -Dorg.slf4j.simpleLogger.defaultLogLevel=off \
        -cp "$cp" "$HERE/java/JavaClient.java" "$B" "java-$version${*:+-848}" "$@"
}
java_client 4.3.1
java_client 4.3.1 group.protocol=consumer
java_client 3.9.1
java_client 3.9.1 group.protocol=consumer
java_client 2.8.2
java_client 2.1.1
summary
