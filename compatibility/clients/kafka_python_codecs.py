"""Each codec kafka-python has a library for, written and read back; prints it: kafka_python_codecs.py BOOTSTRAP"""

import sys
import time

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.codec import has_lz4, has_snappy

SERVERS = sys.argv[1]
WRITTEN_MS = int(time.time() * 1000) - 100000
codecs = [None, "gzip"] + ["snappy"] * has_snappy() + ["lz4"] * has_lz4()
for codec in codecs:
    topic = "python-%s" % codec
    sent = [b"%s %d" % (topic.encode(), i) for i in range(2000)]
    producer = KafkaProducer(bootstrap_servers=SERVERS, acks="all", compression_type=codec)
    for value in sent:
        producer.send(topic, value, partition=0, headers=[("h", b"x")], timestamp_ms=WRITTEN_MS)
    producer.close()
    one = TopicPartition(topic, 0)
    consumer = KafkaConsumer(bootstrap_servers=SERVERS)
    consumer.assign([one])
    consumer.seek_to_beginning(one)
    end = consumer.end_offsets([one])[one]
    got = []
    while consumer.position(one) < end:
        for records in consumer.poll(timeout_ms=1000).values():
            got += records
    consumer.close()
    if [r.value for r in got] != sent or {(r.timestamp, r.headers[0]) for r in got} != {(WRITTEN_MS, ("h", b"x"))}:
        raise SystemExit("%s: read something else than was written" % codec)
    print(codec)
