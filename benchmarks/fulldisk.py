#!/usr/bin/python3
"""Fills the disk of a running server, again and again, and checks that it goes on by itself.

A tmpfs of --size is mounted, and a server keeps its data there, with little memory for the state of
its queries, so that state has to leave it for the same disk. In each round a ballast file takes
all but a few megabytes; idempotent producers (acks=all), a transactional one and the queries take
the rest. While the disk is full

  - a producer must get an error that may be tried again;
  - a statement that needs room must be refused with SQLSTATE 53100, one that reads be answered;
  - the server must live on. In every third round it is killed with kill -9 instead.

Then the ballast is removed. Without a restart (but where it was killed) the producers' retries must
succeed, and there must be every acknowledged record, once and in order, every acknowledged
transaction whole, and results of the queries that equal a computation over the records.

Needs root, tmpfs and python3-confluent-kafka. Without them it says so and ends with 77.

  benchmarks/fulldisk.py [--rounds 6] [--size 256] [--hold 5] [--seed N] [--keep] [--server COMMAND]
"""
import argparse
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
from powerloss import PARTITIONS, Load, Server, check, quiet, read, skip
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewTopic

SETTINGS = {
    "sql.state.memory.bytes": 2 << 20,
    "sql.checkpoint.interval.ms": 1000,
}
# Clients try again after these; librdkafka tells so of errors of transactions only.
RETRIABLE = {"KAFKA_STORAGE_ERROR"}


class Full:
    """A file system that can be made full, and be given room again."""

    def __init__(self, directory, megabytes):
        self.mount_point = os.path.join(directory, "disk")
        self.ballast = os.path.join(self.mount_point, "ballast")
        os.mkdir(self.mount_point)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "tmpfs", self.mount_point],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            skip("mount -t tmpfs: " + done.stderr.strip())

    def free(self):
        now = os.statvfs(self.mount_point)
        return now.f_bavail * now.f_frsize

    def leave(self, count):
        with open(self.ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free() - count))

    def give_room(self):
        os.unlink(self.ballast)

    def unmount(self):
        for _ in range(100):
            if subprocess.run(["umount", self.mount_point], capture_output=True).returncode == 0:
                return
            time.sleep(0.1)
        raise RuntimeError("cannot unmount " + self.mount_point)


class PatientLoad(Load):
    """A load whose producers try again for as long as it takes."""

    def run(self, server, dice):
        self.abandoned = False
        super().run(server, dice)

    def transact(self, server):
        producer = Producer(
            {
                "bootstrap.servers": server.kafka,
                "transactional.id": "pairs",
                "transaction.timeout.ms": 600000,
                "message.timeout.ms": 600000,
                "logger": quiet,
            }
        )
        self.patiently(producer.init_transactions, 10)
        while not self.stopping.is_set():
            number = self.next_transaction
            self.next_transaction += 1
            producer.begin_transaction()
            for partition in range(2):
                producer.produce("pairs", str(number).encode(), partition=partition)
            if number % 5 == 4:
                self.patiently(producer.abort_transaction, 10)
            else:
                try:
                    if self.patiently(producer.commit_transaction, 10):
                        self.committed.add(number)
                except KafkaException as failure:
                    if not failure.args[0].txn_requires_abort():
                        raise
                    self.patiently(producer.abort_transaction, 10)
        producer.purge()

    def patiently(self, call, *arguments):
        """Whether it succeeded, rather than the server was killed."""
        while True:
            try:
                call(*arguments)
                return True
            except KafkaException as failure:
                if not failure.args[0].retriable():
                    raise
                if self.abandoned:
                    return False


def refused(server):
    """The SQLSTATE a statement is refused with, or None."""
    statement = "INSERT INTO notes (id, note) VALUES (1, '%s')" % ("x" * 100000)
    request = urllib.request.Request(
        server.http + "/statement", json.dumps({"sql": statement}).encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            body = answer.read().decode()
    except urllib.error.HTTPError as failure:
        body = failure.read().decode()
    return "53100" if "53100" in body else (body if "rror" in body else None)


def probe(server):
    """The error that a producer which does not try again gets, or None."""
    told = []
    producer = Producer(
        {
            "bootstrap.servers": server.kafka,
            "acks": "all",
            "retries": 0,
            "message.timeout.ms": 20000,
            "logger": quiet,
        }
    )
    producer.produce("notes", b"x" * 200000, on_delivery=lambda error, _: told.append(error))
    producer.flush(30)
    return told[0]


def by_order(server):
    """Waits until the table with a row for each record is right; says how many there are."""
    rows = [json.loads(v) for part in read(server, "orders", PARTITIONS) for v in part]
    wanted = collections.Counter(row["n"] * PARTITIONS + row["p"] for row in rows)
    deadline = time.time() + 120
    while True:
        found = server.sql("SELECT COUNT(*) AS keys, SUM(c) AS records FROM by_order")
        line = [row for each in found for row in each.get("rows", [])]
        if line and line[0] == [len(wanted), sum(wanted.values())]:
            return len(wanted)
        assert time.time() < deadline, "by_order is %s, not %d" % (line, len(wanted))
        time.sleep(0.5)


def until(what, seconds, condition):
    deadline = time.time() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.time() < deadline, what
        time.sleep(0.1)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=6)
    options.add_argument("--size", type=int, default=256, help="of the disk, in MiB")
    options.add_argument("--hold", type=float, default=5, help="seconds for which it stays full")
    options.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    options.add_argument("--keep", action="store_true", help="leave the log")
    options.add_argument("--server", default=os.path.join(here, "..", "weir") + " server")
    given = options.parse_args()
    if os.geteuid() != 0:
        skip("only root may mount")
    print("seed %d, %d MiB" % (given.seed, given.size), flush=True)
    dice = random.Random(given.seed)
    directory = tempfile.mkdtemp(prefix="weir-fulldisk-")
    log = os.path.join(directory, "server.log")
    data = os.path.join(directory, "disk", "data")
    command = given.server.split()
    for name, value in SETTINGS.items():
        command += ["--set", "%s=%d" % (name, value)]
    disk = Full(directory, given.size)
    failed = True
    server = None
    try:
        server = Server(command, data, log)
        admin = AdminClient({"bootstrap.servers": server.kafka, "logger": quiet})
        for made in admin.create_topics(
            [NewTopic("orders", PARTITIONS, 1), NewTopic("pairs", 2, 1), NewTopic("notes", 1, 1)]
        ).values():
            made.result(60)
        for statement in (
            "CREATE STREAM orders (p INT, n BIGINT, item VARCHAR, amount INT)"
            " WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON')",
            "CREATE STREAM notes (id INT, note VARCHAR)"
            " WITH (KAFKA_TOPIC='notes', VALUE_FORMAT='JSON')",
            "CREATE TABLE totals AS SELECT item, COUNT(*) AS c, SUM(amount) AS s"
            " FROM orders GROUP BY item",
            "CREATE TABLE by_order AS SELECT n * %d + p AS id, COUNT(*) AS c"
            " FROM orders GROUP BY n * %d + p" % (PARTITIONS, PARTITIONS),
            "CREATE STREAM big WITH (KAFKA_TOPIC='big', PARTITIONS=%d, VALUE_FORMAT='JSON') AS"
            " SELECT p, n, amount FROM orders WHERE amount >= 900" % PARTITIONS,
        ):
            server.sql(statement)
        load = PatientLoad()
        for turn in range(1, given.rounds + 1):
            before = sum(map(len, load.acknowledged))
            disk.leave(dice.randrange(2 << 20, 8 << 20))
            load.run(server, dice)
            error = until("the disk does not become full", 120, lambda: probe(server))
            assert error.name() in RETRIABLE, "a producer got %s, which is final" % error
            state = until("no statement is refused", 30, lambda: refused(server))
            assert state == "53100", "a statement was refused with " + state
            assert server.sql("SELECT item FROM totals"), "nothing is read from a full disk"
            time.sleep(given.hold)
            assert server.process.poll() is None, "the server has ended"
            killed = turn % 3 == 0
            if killed:
                server.kill()
                load.abandoned = True
                load.stopping.set()
                load.stop()
            disk.give_room()
            begun = time.time()
            if killed:
                server = Server(command, data, log)
                load.run(server, dice)
            reached = sum(map(len, load.acknowledged))
            until(
                "producers do not go on",
                60,
                lambda: sum(map(len, load.acknowledged)) > reached + 500,
            )
            on = time.time() - begun
            load.stop()
            print(
                "round %d: %s, %s; %s after %.2f s; %d acknowledged meanwhile; %s, %d keys"
                % (
                    turn,
                    error.name(),
                    state,
                    "killed and restarted, on" if killed else "on",
                    on,
                    sum(map(len, load.acknowledged)) - before,
                    check(server, load),
                    by_order(server),
                ),
                flush=True,
            )
            assert load.committed, "no transaction was committed"
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
    print("%d times full: nothing acknowledged was lost, and all went on" % given.rounds)


if __name__ == "__main__":
    main()
