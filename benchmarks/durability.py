"""What powerloss.py and fulldisk.py share: a server on a disk of its own, a load, and the check of what is left.

The load keeps account of every promise that the server made: records acknowledged with acks=all,
transactions committed, offsets committed by a group, topics made, changed and deleted. `check` then
asks a server for all of them.
"""
import argparse
import collections
import contextlib
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

SKIPPED = 77
PARTITIONS = 4
ITEMS = ["pen", "ink", "cup", "map", "key"]
BIG = 900
# Transactions go to as many partitions of the topic `parts`, from as many producers.
PARTS = 3
TRANSACTIONAL = 3
# Every ABORTED-th transaction is given up by its producer.
ABORTED = 5
# How long clients wait for one answer before they look whether the server is gone for good.
PATIENCE = 5


def skip(reason):
    print("skipped: " + reason, flush=True)
    sys.exit(SKIPPED)


try:
    from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
    from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic
except ImportError:
    skip("python3-confluent-kafka is not installed")

# Clients of a server that is killed have much to complain about.
quiet = logging.getLogger("quiet")
quiet.addHandler(logging.NullHandler())
quiet.propagate = False


def until(what, seconds, condition):
    """Waits for an answer that is true, and returns it."""
    deadline = time.time() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.time() < deadline, what
        time.sleep(0.1)


class Mount:
    """A mounted file system for the server's data."""

    def __init__(self, directory):
        self.mount_point = os.path.join(directory, "disk")
        os.mkdir(self.mount_point)

    @staticmethod
    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            skip(" ".join(command) + ": " + done.stderr.strip())

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
            self.process.wait()
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
        assert code == 0, "the server ended with %d" % code

    def admin(self):
        return AdminClient({"bootstrap.servers": self.kafka, "logger": quiet})

    def create_topics(self, partitions):
        """Makes topics, given as a dictionary from names to counts of partitions."""
        topics = [NewTopic(name, count, 1) for name, count in partitions.items()]
        admin = self.admin()
        for made in admin.create_topics(topics).values():
            made.result(60)

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


class Run:
    """A directory with a mounted disk and, from time to time, a server on it."""

    def __init__(self, command, directory, disk):
        self.command = command
        self.directory = directory
        self.disk = disk
        self.server = None

    def start(self):
        data = os.path.join(self.disk.mount_point, "data")
        self.server = Server(self.command, data, os.path.join(self.directory, "server.log"))
        return self.server

    def kill(self):
        if self.server is not None:
            self.server.kill()
            self.server = None

    def stop(self):
        self.server.stop()
        self.server = None


def options(rounds):
    """The options that the scripts have in common."""
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    parser.add_argument("--keep", action="store_true", help="leave the logs, and an image")
    parser.add_argument("--server", default=os.path.join(here, "..", "weir") + " server")
    return parser


@contextlib.contextmanager
def running(name, given, make_disk, settings=()):
    """A run in a new directory, which stays when the run fails."""
    if os.geteuid() != 0:
        skip("only root may mount")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # unmounts, too
    directory = tempfile.mkdtemp(prefix="weir-%s-" % name)
    command = given.server.split()
    for setting in settings:
        command += ["--set", setting]
    kept = True
    try:
        run = Run(command, directory, make_disk(directory))
        try:
            yield run
            kept = given.keep
        finally:
            run.kill()
            run.disk.unmount()
    except SystemExit:
        kept = given.keep
        raise
    finally:
        if kept:
            print("kept: " + directory, flush=True)
        else:
            shutil.rmtree(directory)


def prepare(server):
    """Makes what the load writes to and the queries that are checked."""
    server.create_topics({"orders": PARTITIONS, "parts": PARTS})
    for statement in (
        "CREATE STREAM orders (p INT, n BIGINT, item VARCHAR, amount INT)"
        " WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON')",
        "CREATE TABLE totals AS SELECT item, COUNT(*) AS c, SUM(amount) AS s"
        " FROM orders GROUP BY item",
        "CREATE STREAM big WITH (KAFKA_TOPIC='big', PARTITIONS=%d, VALUE_FORMAT='JSON') AS"
        " SELECT p, n, amount FROM orders WHERE amount >= %d" % (PARTITIONS, BIG),
    ):
        server.sql(statement)


def size_of(transaction):
    """How many records a transaction has in each partition."""
    return 1 + transaction % 7


class Turn:
    """The clients of one server process, from their start to their end."""

    def __init__(self, server):
        self.server = server
        self.stopping = threading.Event()
        self.abandoned = False
        self.failures = []


class Load:
    """Clients of all kinds, and what the server promised them, in all rounds so far."""

    def __init__(self):
        self.next = [0] * PARTITIONS
        self.acknowledged = [set() for _ in range(PARTITIONS)]
        self.next_transaction = [0] * TRANSACTIONAL
        self.committed = [set() for _ in range(TRANSACTIONAL)]
        self.next_topic = 0
        self.topics = {}
        self.offset = 0
        self.next_offset = 1

    def run(self, server, dice):
        """Starts the clients."""
        turn = Turn(server)
        self.turn = turn
        self.begun = [len(each) for each in self.committed]
        self.offset_begun = self.offset
        tasks = [(self.send, dice.getrandbits(32)), (self.administer,)]
        tasks += [(self.transact, number) for number in range(TRANSACTIONAL)]
        self.threads = [
            threading.Thread(target=self.guarded, args=(task, turn, *more), daemon=True)
            for task, *more in tasks
        ]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def guarded(task, turn, *arguments):
        try:
            task(turn, *arguments)
        except KafkaException as failure:
            if not turn.abandoned:
                turn.failures.append(failure)
        except Exception as failure:
            turn.failures.append(failure)

    def abandon(self):
        """Says that the server or its disk is about to be lost.

        Clients need not come to an end with it, and what they are told from now on is no promise.
        """
        self.turn.abandoned = True

    def stop(self):
        """Ends the clients; raises what one of them met that it could not go on after."""
        self.turn.stopping.set()
        for thread in self.threads:
            # librdkafka may wait for a server that is gone for ever; nobody waits for it then.
            thread.join(2 * PATIENCE if self.turn.abandoned else None)
        if self.turn.failures:
            raise self.turn.failures[0]

    def transactions(self):
        return sum(map(len, self.committed))

    def under_way(self):
        """Whether every client but the simple producer has been answered since the last start."""
        assert not self.turn.failures, self.turn.failures
        return self.offset > self.offset_begun and all(
            len(now) > then for now, then in zip(self.committed, self.begun)
        )

    def send(self, turn, seed):
        dice = random.Random(seed)
        producer = Producer(
            {
                "bootstrap.servers": turn.server.kafka,
                "enable.idempotence": True,
                "linger.ms": 2,
                "message.timeout.ms": 60000,
                "logger": quiet,
            }
        )

        def told(partition, number):
            def callback(error, _):
                if error is None and not turn.abandoned:
                    self.acknowledged[partition].add(number)

            return callback

        while not turn.stopping.is_set():
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

    def transact(self, turn, who):
        """Transactions of records in all partitions and of the offset behind them."""
        producer = transactional(turn.server, who)
        group = Consumer(
            {"bootstrap.servers": turn.server.kafka, "group.id": group_of(who), "logger": quiet}
        )
        metadata = group.consumer_group_metadata()
        if not self.patiently(turn, producer.init_transactions):
            return
        while not turn.stopping.is_set():
            number = self.next_transaction[who]
            self.next_transaction[who] += 1
            producer.begin_transaction()
            for index in range(size_of(number)):
                for partition in range(PARTS):
                    record = json.dumps([who, number, index]).encode()
                    producer.produce("parts", record, partition=partition)
            try:
                behind = [TopicPartition("parts", 0, number + 1)]
                if not self.patiently(turn, producer.send_offsets_to_transaction, behind, metadata):
                    return
                if number % ABORTED == ABORTED - 1:
                    producer.flush(1)  # what is written is given up, not only what waits here
                    if not self.patiently(turn, producer.abort_transaction):
                        return
                elif not self.patiently(turn, producer.commit_transaction):
                    return
                elif not turn.abandoned:
                    self.committed[who].add(number)
            except KafkaException as failure:
                if not failure.args[0].txn_requires_abort():
                    raise
                if not self.patiently(turn, producer.abort_transaction):
                    return
        group.close()

    @staticmethod
    def patiently(turn, call, *arguments):
        """Whether a call succeeded, however long it took, rather than the server was lost."""
        while True:
            try:
                call(*arguments, PATIENCE)
                return True
            except KafkaException as failure:
                if turn.abandoned:
                    return False
                if not failure.args[0].retriable():
                    raise

    def administer(self, turn):
        """Makes topics, changes one of three, deletes another; commits an offset after each."""
        admin = turn.server.admin()

        def promise(name, retentions):
            if not turn.abandoned:
                self.topics[name] = retentions

        def committed(error, offsets):
            told.append(error)
            if error is None and not turn.abandoned:
                self.offset = max(self.offset, offsets[0].offset)

        consumer = Consumer(
            {
                "bootstrap.servers": turn.server.kafka,
                "group.id": "reader",
                "on_commit": committed,
                "logger": quiet,
            }
        )
        told = []
        soon = {"request_timeout": PATIENCE}
        while not turn.stopping.wait(0.1):
            name = "topic-%d" % self.next_topic
            self.next_topic += 1
            try:
                retention = 3600000 + self.next_topic
                # None until the answer: it may be there or not.
                self.topics[name] = None
                setting = {"retention.ms": str(retention)}
                admin.create_topics([NewTopic(name, 2, 1, config=setting)], **soon)[name].result()
                promise(name, {retention})
                if self.next_topic % 3 == 1:
                    if self.topics[name]:
                        self.topics[name] = {retention, retention + 1}
                    changed = ConfigResource("topic", name)
                    changed.set_config("retention.ms", str(retention + 1))
                    admin.alter_configs([changed], **soon)[changed].result()
                    promise(name, {retention + 1})
                elif self.next_topic % 3 == 2:
                    self.topics[name] = None
                    admin.delete_topics([name], **soon)[name].result()
                    promise(name, set())
                told.clear()
                behind = [TopicPartition("orders", 0, self.next_offset)]
                self.next_offset += 1
                consumer.commit(offsets=behind)
                while not told and not turn.stopping.is_set():
                    consumer.poll(0.1)
            except KafkaException:
                # A full disk or one without power: what is not acknowledged may be there or not.
                pass
        consumer.close()


def transactional(server, who):
    return Producer(
        {
            "bootstrap.servers": server.kafka,
            "transactional.id": "transactional-%d" % who,
            "transaction.timeout.ms": 600000,
            "message.timeout.ms": 600000,
            "logger": quiet,
        }
    )


def group_of(who):
    return "group-%d" % who


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


def offset_of(server, group, topic):
    """The offset a group committed for partition 0, or 0."""
    consumer = Consumer(
        {
            "bootstrap.servers": server.kafka,
            "group.id": group,
            "isolation.level": "read_committed",
            "logger": quiet,
        }
    )
    found = consumer.committed([TopicPartition(topic, 0)], 30)[0]
    consumer.close()
    assert found.error is None, "offset of %s: %s" % (group, found.error)
    return max(found.offset, 0)


def check(server, load):
    """Raises when anything is missing, doubled, out of order or wrong; else says how much is there."""
    rows = check_records(server, load)
    transactions = check_transactions(server, load)
    topics = check_topics(server, load)
    written = check_queries(server, rows)
    return "%d records (%d acknowledged), %d transactions (%d), %d topics, %d rows of big" % (
        len(rows),
        sum(map(len, load.acknowledged)),
        transactions,
        load.transactions(),
        topics,
        written,
    )


def check_records(server, load):
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
    return [row for part in orders for row in part]


def check_transactions(server, load):
    # As an application does when it starts again. What was not decided is now.
    for who in range(TRANSACTIONAL):
        until_decided(server, who)
    parts = [[json.loads(v) for v in part] for part in read(server, "parts", PARTS)]
    count = 0
    for who in range(TRANSACTIONAL):
        found = [[row[1:] for row in part if row[0] == who] for part in parts]
        numbers = sorted({number for part in found for number, _ in part})
        whole = [[number, index] for number in numbers for index in range(size_of(number))]
        for partition, rows in enumerate(found):
            assert rows == whole, "transactions of %d in partition %d: %s" % (
                who,
                partition,
                difference(rows, whole),
            )
        missing = load.committed[who].difference(numbers)
        assert not missing, "committed transactions of %d are gone: %s" % (who, sorted(missing))
        given_up = [number for number in numbers if number % ABORTED == ABORTED - 1]
        assert not given_up, "aborted transactions of %d are there: %s" % (who, given_up)
        offset = offset_of(server, group_of(who), "parts")
        assert offset == (numbers[-1] + 1 if numbers else 0), (
            "the last transaction of %d is %s, the offset committed with it %d"
            % (who, numbers[-1:], offset)
        )
        count += len(numbers)
    return count


def until_decided(server, who):
    producer = transactional(server, who)
    deadline = time.time() + 60
    while True:
        try:
            producer.init_transactions(PATIENCE)
            return
        except KafkaException as failure:
            if not failure.args[0].retriable() or time.time() > deadline:
                raise


def difference(rows, whole):
    found = collections.Counter(map(tuple, rows))
    wanted = collections.Counter(map(tuple, whole))
    missing, more = sorted((wanted - found).elements()), sorted((found - wanted).elements())
    if not missing and not more:
        return "out of order"
    return "missing %s, too many %s" % (missing[:10], more[:10])


def check_topics(server, load):
    """Topics acknowledged must be there as they were made or changed, deleted ones must not."""
    admin = server.admin()
    there = {name for name in admin.list_topics(timeout=30).topics if name.startswith("topic-")}
    wanted = {name for name, values in load.topics.items() if values}
    unknown = {name for name, values in load.topics.items() if values is None}
    assert not wanted - there, "topics are gone: %s" % sorted(wanted - there)[:10]
    assert not there - wanted - unknown, "deleted topics are there: %s" % (
        sorted(there - wanted - unknown)[:10]
    )
    if wanted:
        asked = [ConfigResource("topic", name) for name in sorted(wanted)]
        for resource, answer in admin.describe_configs(asked).items():
            retention = int(answer.result(30)["retention.ms"].value)
            assert retention in load.topics[resource.name], "%s: retention.ms is %d, not %s" % (
                resource.name,
                retention,
                load.topics[resource.name],
            )
    offset = offset_of(server, "reader", "orders")
    assert load.offset <= offset < load.next_offset, "the committed offset is %d, not %d" % (
        offset,
        load.offset,
    )
    return len(there)


def check_queries(server, rows):
    expected = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        expected[row["item"]][0] += 1
        expected[row["item"]][1] += row["amount"]
    wanted = sorted([item, c, s] for item, (c, s) in expected.items())
    deadline = time.time() + 60
    before = None
    while True:
        answer = server.sql("SELECT item, c, s FROM totals")
        found = sorted(row for line in answer for row in line.get("rows", []))
        if found == wanted:
            break
        if found != before:  # on a busy machine it may take long, but it must not stop
            before = found
            deadline = time.time() + 60
        assert time.time() < deadline, "totals is %s, not %s" % (found, wanted)
        time.sleep(0.2)
    big = collections.Counter((r["p"], r["n"]) for r in rows if r["amount"] >= BIG)
    while True:
        written = [json.loads(v) for part in read(server, "big", PARTITIONS) for v in part]
        got = collections.Counter((r["p"], r["n"]) for r in written)
        if got == big:
            return len(written)
        assert time.time() < deadline, "big has %d rows, not %d" % (len(written), sum(big.values()))
        time.sleep(0.2)
