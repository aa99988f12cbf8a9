"""Administration, transactions and a group of two members with confluent-kafka (librdkafka).

Prints what it finds; OtherClientsTest holds it against what Kafka would answer.
"""

import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewPartitions, NewTopic

SERVERS = {"bootstrap.servers": sys.argv[1]}
admin = AdminClient(SERVERS)


def result(futures):
    return next(iter(futures.values())).result(30)


topic = [NewTopic("librdkafka", 4, 1, config={"retention.ms": "3600000"})]
result(admin.create_topics(topic))
try:
    result(admin.create_topics(topic))
except KafkaException as e:
    print(e.args[0].name())
changed = ConfigResource("topic", "librdkafka", set_config={"retention.ms": "7200000"})
result(admin.alter_configs([changed]))
described = result(admin.describe_configs([ConfigResource("topic", "librdkafka")]))
print("retention.ms", described["retention.ms"].value)
result(admin.create_partitions([NewPartitions("librdkafka", 6)]))


def send(producer, first, last):
    for i in range(first, last):
        producer.produce("librdkafka", value=str(i), partition=i % 6)


producer = Producer({**SERVERS, "enable.idempotence": True})
send(producer, 0, 60)
print("unsent", producer.flush(30))
transactional = Producer({**SERVERS, "transactional.id": "confluent"})
transactional.init_transactions(30)
transactional.begin_transaction()
send(transactional, 60, 90)
transactional.abort_transaction(30)
transactional.begin_transaction()
send(transactional, 90, 120)
transactional.commit_transaction(30)


def member():
    consumer = Consumer(
        {
            **SERVERS,
            "group.id": "confluent",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe(["librdkafka"])
    return consumer


def read(consumer, count):
    values = []
    while len(values) < count:
        message = consumer.poll(30)
        if message is None or message.error():
            raise SystemExit("read %d of %d: %s" % (len(values), count, message))
        values.append(int(message.value()))
    return values


def assigned(consumer):
    return {tp.partition for tp in consumer.assignment()}


def wait(condition, *consumers):
    deadline = time.time() + 60
    while not condition() and time.time() < deadline:
        for consumer in consumers:
            consumer.poll(0.05)
    return condition()


one = member()
print("committed only", sorted(read(one, 90)) == [*range(60), *range(90, 120)])
one.commit(asynchronous=False)
two = member()
print(
    "two share",
    wait(lambda: len(assigned(one)) == 3 and assigned(one) | assigned(two) == {*range(6)}, one, two),
)
one.close()
print("two takes over", wait(lambda: len(assigned(two)) == 6, two))

# Records and the offsets they were read at go in one transaction.
send(producer, 120, 150)
producer.flush(30)
print("goes on", sorted(read(two, 30)) == [*range(120, 150)])
transactional.begin_transaction()
transactional.produce("copied", value="30 records")
transactional.send_offsets_to_transaction(
    two.position(two.assignment()), two.consumer_group_metadata(), 30
)
transactional.commit_transaction(30)
partitions = [TopicPartition("librdkafka", i) for i in range(6)]
ends = {i: two.get_watermark_offsets(TopicPartition("librdkafka", i))[1] for i in range(6)}
print("offsets", {tp.partition: tp.offset for tp in two.committed(partitions, 30)} == ends)
two.close()
result(admin.delete_topics(["librdkafka"]))
print("left", "librdkafka" in admin.list_topics(timeout=30).topics)
