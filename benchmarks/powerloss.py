#!/usr/bin/python3
"""Takes the power from a running server, again and again, and checks what is left.

A file system image is mounted by loop, and a server keeps its data there. Under the load of
idempotent and transactional producers (acks=all) and of SQL queries the file system is shut down in
an instant (ioctl EXT4_IOC_SHUTDOWN / XFS_IOC_GOINGDOWN with NOLOGFLUSH): neither dirty pages nor the
journal in memory reach the image any more, as when the power goes. Then the server is killed, the
image is mounted again, which replays the journal, and a new server must have

  - every acknowledged record, once and in order, and none that was not sent;
  - every acknowledged transaction whole, and no part of any other;
  - tables and streams of queries that equal a computation over the records that are there.

Needs root, loop devices and python3-confluent-kafka. Without them it says so and ends with 77.

  benchmarks/powerloss.py [--rounds 10] [--seconds 8] [--fs ext4|xfs] [--seed N] [--keep]
                          [--server COMMAND]
"""
import argparse
import collections
import fcntl
import json
import logging
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PARTITIONS = 4
ITEMS = ["pen", "ink", "cup", "map", "key"]
BIG = 900
# include/uapi: _IOR('X', 125, __u32); the same number for ext4 and xfs.
SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
SKIPPED = 77


def skip(reason):
    print("skipped: " + reason, flush=True)
    sys.exit(SKIPPED)


try:
    from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, NewTopic
except ImportError:
    skip("python3-confluent-kafka is not installed")


class Disk:
    """An image, its loop mount, and the plug to pull."""

    def __init__(self, directory, fs):
        self.image = os.path.join(directory, "disk.img")
        self.mount_point = os.path.join(directory, "disk")
        self.fs = fs
        os.mkdir(self.mount_point)
        with open(self.image, "wb") as image:
            image.truncate(4 << 30)
        self.run("mkfs." + fs, "-q", self.image)
        self.mount()

    @staticmethod
    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            skip(" ".join(command) + ": " + done.stderr.strip())

    def mount(self):
        self.run("mount", "-o", "loop", self.image, self.mount_point)

    def cut_power(self):
        root = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(root, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)

    def unmount(self):
        for _ in range(100):
            if subprocess.run(["umount", self.mount_point], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("cannot unmount " + self.mount_point)


class Server:
    """A server process and where it listens."""

    def __init__(self, command, data, log):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            command
            + ["--data", data]
            + [
                word
                for door in ("kafka", "postgres", "http")
                for word in ("--set", door + ".listen=127.0.0.1:0")
            ],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        line = self.process.stdout.readline()
        if not line.startswith("weir ready"):
            raise RuntimeError("the server did not start; see " + log)
        doors = dict(word.split("=") for word in line.split()[2:])
        self.kafka = doors["kafka"]
        self.http = "http://" + doors["http"]

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.log.close()
        return code

    def sql(self, statement):
        request = urllib.request.Request(
            self.http + "/statement", json.dumps({"sql": statement}).encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            lines = [json.loads(line) for line in answer.read().decode().splitlines()]
        for line in lines:
            if isinstance(line, dict) and "error" in line:
                raise RuntimeError(statement + ": " + str(line["error"]))
        return lines


class Load:
    """What was sent and what was acknowledged, of all rounds so far."""

    def __init__(self):
        self.next = [0] * PARTITIONS
        self.acknowledged = [set() for _ in range(PARTITIONS)]
        self.next_transaction = 0
        self.committed = set()
        self.stopping = threading.Event()

    def run(self, server, dice):
        self.stopping.clear()
        self.threads = [
            threading.Thread(target=self.send, args=(server, dice.getrandbits(32)), daemon=True),
            threading.Thread(target=self.transact, args=(server,), daemon=True),
        ]
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def send(self, server, seed):
        dice = random.Random(seed)
        producer = Producer(
            {
                "bootstrap.servers": server.kafka,
                "enable.idempotence": True,
                "linger.ms": 2,
                "message.timeout.ms": 60000,
                "logger": quiet,
            }
        )

        def told(partition, number):
            def callback(error, _):
                if error is None:
                    self.acknowledged[partition].add(number)

            return callback

        while not self.stopping.is_set():
            for _ in range(200):
                partition = dice.randrange(PARTITIONS)
                number = self.next[partition]
                value = {
                    "p": partition,
                    "n": number,
                    "item": dice.choice(ITEMS),
                    "amount": dice.randrange(1000),
                }
                try:
                    producer.produce(
                        "orders",
                        json.dumps(value).encode(),
                        partition=partition,
                        on_delivery=told(partition, number),
                    )
                except BufferError:
                    break
                self.next[partition] += 1
            producer.poll(0.01)
        producer.purge()
        producer.poll(0)

    def transact(self, server):
        producer = Producer(
            {
                "bootstrap.servers": server.kafka,
                "transactional.id": "pairs",
                "transaction.timeout.ms": 60000,
                "logger": quiet,
            }
        )
        try:
            producer.init_transactions(60)
            while not self.stopping.is_set():
                number = self.next_transaction
                self.next_transaction += 1
                producer.begin_transaction()
                for partition in range(2):
                    producer.produce("pairs", str(number).encode(), partition=partition)
                if number % 5 == 4:
                    producer.abort_transaction(20)
                else:
                    producer.commit_transaction(20)
                    self.committed.add(number)
        except KafkaException:
            pass  # the power is gone
        producer.purge()




quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def read(server, topic, partitions):
    """All committed records of a topic, as a list per partition."""
    consumer = Consumer(
        {
            "bootstrap.servers": server.kafka,
            "group.id": "unused",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
    records = [[] for _ in range(partitions)]
    ended = set()
    deadline = time.time() + 120
    while len(ended) < partitions:
        if time.time() > deadline:
            raise RuntimeError("cannot read " + topic + " to its end")
        for message in consumer.consume(10000, 0.5):
            if message.error():
                if message.error().name() != "_PARTITION_EOF":
                    raise RuntimeError(topic + ": " + str(message.error()))
                ended.add(message.partition())
            else:
                records[message.partition()].append(message.value())
    consumer.close()
    return records


def check(server, load):
    """Raises when anything is missing, doubled, out of order or wrong; else says how much is there."""
    orders = [[json.loads(v) for v in part] for part in read(server, "orders", PARTITIONS)]
    for partition, rows in enumerate(orders):
        numbers = [row["n"] for row in rows]
        assert all(row["p"] == partition for row in rows), "a record in the wrong partition"
        assert all(a < b for a, b in zip(numbers, numbers[1:])), "doubled or out of order"
        missing = load.acknowledged[partition].difference(numbers)
        assert not missing, "%d acknowledged records of partition %d are gone: %s" % (
            len(missing),
            partition,
            sorted(missing)[:10],
        )
        assert not numbers or numbers[-1] < load.next[partition], "a record nobody sent"
    first, second = ([int(v) for v in part] for part in read(server, "pairs", 2))
    assert first == second, "a transaction is there in part"
    assert all(a < b for a, b in zip(first, first[1:])), "a transaction twice or out of order"
    assert not load.committed.difference(first), "committed transactions are gone"
    assert all(n % 5 != 4 for n in first), "an aborted transaction is there"

    rows = [row for part in orders for row in part]
    expected = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        expected[row["item"]][0] += 1
        expected[row["item"]][1] += row["amount"]
    wanted = sorted([item, c, s] for item, (c, s) in expected.items())
    deadline = time.time() + 60
    while True:
        answer = server.sql("SELECT item, c, s FROM totals")
        found = sorted(row for line in answer for row in line.get("rows", []))
        if found == wanted:
            break
        assert time.time() < deadline, "totals is %s, not %s" % (found, wanted)
        time.sleep(0.2)
    big = collections.Counter((r["p"], r["n"]) for r in rows if r["amount"] >= BIG)
    while True:
        written = [json.loads(v) for part in read(server, "big", PARTITIONS) for v in part]
        got = collections.Counter((r["p"], r["n"]) for r in written)
        if got == big:
            break
        assert time.time() < deadline, "big has %d rows, not %d" % (len(written), sum(big.values()))
        time.sleep(0.2)
    return "%d records (%d acknowledged), %d transactions, %d rows of big" % (
        len(rows),
        sum(map(len, load.acknowledged)),
        len(first),
        len(written),
    )


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=10)
    options.add_argument("--seconds", type=float, default=8, help="the most load between two cuts")
    options.add_argument("--fs", choices=["ext4", "xfs"], default="ext4")
    options.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    options.add_argument("--keep", action="store_true", help="leave image and logs")
    options.add_argument("--server", default=os.path.join(here, "..", "weir") + " server")
    given = options.parse_args()
    if os.geteuid() != 0:
        skip("only root may mount")
    if shutil.which("mkfs." + given.fs) is None:
        skip("mkfs." + given.fs + " is not installed")
    print("seed %d, %s" % (given.seed, given.fs), flush=True)
    dice = random.Random(given.seed)
    directory = tempfile.mkdtemp(prefix="weir-powerloss-")
    log = os.path.join(directory, "server.log")
    data = os.path.join(directory, "disk", "data")
    command = given.server.split()
    disk = Disk(directory, given.fs)
    failed = True
    server = None
    try:
        server = Server(command, data, log)
        admin = AdminClient({"bootstrap.servers": server.kafka, "logger": quiet})
        for made in admin.create_topics(
            [NewTopic("orders", PARTITIONS, 1), NewTopic("pairs", 2, 1)]
        ).values():
            made.result(30)
        server.sql(
            "CREATE STREAM orders (p INT, n BIGINT, item VARCHAR, amount INT)"
            " WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON')"
        )
        server.sql(
            "CREATE TABLE totals AS SELECT item, COUNT(*) AS c, SUM(amount) AS s"
            " FROM orders GROUP BY item"
        )
        server.sql(
            "CREATE STREAM big WITH (KAFKA_TOPIC='big', PARTITIONS=%d, VALUE_FORMAT='JSON') AS"
            " SELECT p, n, amount FROM orders WHERE amount >= %d" % (PARTITIONS, BIG)
        )
        load = Load()
        for turn in range(1, given.rounds + 1):
            load.run(server, dice)
            time.sleep(dice.uniform(0.5, given.seconds))
            disk.cut_power()
            # The server lives on for a moment over a dead disk: what it says now must hold, too.
            time.sleep(dice.uniform(0, 0.5))
            server.kill()
            load.stop()
            disk.unmount()
            disk.mount()
            begun = time.time()
            server = Server(command, data, log)
            ready = time.time() - begun
            print(
                "round %d: ready again in %.2f s; %s" % (turn, ready, check(server, load)),
                flush=True,
            )
        code = server.stop()
        assert code == 0, "the server ended with %d" % code
        server = None
        failed = False
    finally:
        if server is not None:
            server.kill()
        disk.unmount()
        if failed or given.keep:
            print("kept: " + directory, flush=True)
        else:
            shutil.rmtree(directory)
    print("%d power cuts: nothing acknowledged was lost, nothing was doubled" % given.rounds)


if __name__ == "__main__":
    main()
