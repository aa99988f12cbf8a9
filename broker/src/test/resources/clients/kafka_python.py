"""Administration, partitioning and a group of two members with kafka-python.

Prints what it finds; OtherClientsTest holds it against what Kafka would answer.
"""

import sys
import threading
import time

from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient
from kafka.admin import NewPartitions, NewTopic
from kafka.errors import TopicAlreadyExistsError

servers = sys.argv[1]
admin = KafkaAdminClient(bootstrap_servers=servers)
topic = [NewTopic("python-group", 4, 1, topic_configs={"retention.ms": "3600000"})]
admin.create_topics(topic)
try:
    admin.create_topics(topic)
except TopicAlreadyExistsError:
    print("created once")


def resource(configs):
    return ConfigResource(ConfigResourceType.TOPIC, "python-group", configs=configs)


admin.alter_configs([resource({"retention.ms": "7200000"})])
admin.create_partitions({"python-group": NewPartitions(6)})
described = admin.describe_configs([resource({"retention.ms": None})])[0].resources[0][4]
print("retention.ms", *[entry[1] for entry in described if entry[0] == "retention.ms"])
print("partitions", len(admin.describe_topics(["python-group"])[0]["partitions"]))

producer = KafkaProducer(bootstrap_servers=servers, acks="all")
sent = [producer.send("python-group", key=b"k%d" % i, value=b"v") for i in range(120)]
producer.flush()
ends = {send.get().partition: 0 for send in sent}
for send in sent:
    ends[send.get().partition] = max(ends[send.get().partition], send.get().offset + 1)


class Member(threading.Thread):
    def __init__(self):
        super().__init__()
        self.stopping = threading.Event()
        self.assigned = set()
        self.read = set()

    def run(self):
        consumer = KafkaConsumer(
            "python-group",
            bootstrap_servers=servers,
            group_id="python",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            session_timeout_ms=6000,
            heartbeat_interval_ms=300,
        )
        while not self.stopping.is_set():
            for records in consumer.poll(timeout_ms=100).values():
                self.read.update((record.partition, record.offset) for record in records)
                consumer.commit()
            self.assigned = {tp.partition for tp in consumer.assignment()}
        consumer.close()


def wait(condition):
    deadline = time.time() + 60
    while not condition() and time.time() < deadline:
        time.sleep(0.02)
    return condition()


one, two = Member(), Member()
one.start()
print("one reads all", wait(lambda: len(one.read) == 120))
two.start()
print(
    "two share",
    wait(
        lambda: len(one.assigned) == 3
        and len(two.assigned) == 3
        and not one.assigned & two.assigned
    ),
)
one.stopping.set()
one.join()
print("two takes over", wait(lambda: len(two.assigned) == 6))
two.stopping.set()
two.join()
print("read twice", len(two.read))
offsets = admin.list_consumer_group_offsets("python")
print("committed", {tp.partition: o.offset for tp, o in offsets.items()} == ends)
admin.delete_consumer_groups(["python"])
admin.delete_topics(["python-group"])
print("left", "python-group" in admin.list_topics())
