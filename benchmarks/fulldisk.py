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
succeed, and there must be all that powerloss.py checks: every acknowledged record, once and in order,
every committed transaction whole, topics, settings and offsets, and results of the queries that
equal a computation over the records.

Needs root, tmpfs and python3-confluent-kafka. Without them it says so and ends with 77.

  benchmarks/fulldisk.py [--rounds 6] [--size 256] [--hold 5] [--seed N] [--keep] [--server COMMAND]
"""
import collections
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
from durability import PARTITIONS, Load, Mount, check, options, prepare, quiet, read, running, until
from confluent_kafka import Producer

SETTINGS = ["sql.state.memory.bytes=%d" % (2 << 20), "sql.checkpoint.interval.ms=1000"]
# Clients try again after these; librdkafka tells so of errors of transactions only.
RETRIABLE = {"KAFKA_STORAGE_ERROR"}


class Full(Mount):
    """A file system that can be made full, and be given room again."""

    def __init__(self, directory, megabytes):
        super().__init__(directory)
        self.ballast = os.path.join(self.mount_point, "ballast")
        self.run("mount", "-t", "tmpfs", "-o", "size=%dm" % megabytes, "tmpfs", self.mount_point)

    def free(self):
        now = os.statvfs(self.mount_point)
        return now.f_bavail * now.f_frsize

    def leave(self, count):
        with open(self.ballast, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free() - count))

    def give_room(self):
        os.unlink(self.ballast)


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


def main():
    parser = options(rounds=6)
    parser.add_argument("--size", type=int, default=256, help="of the disk, in MiB")
    parser.add_argument("--hold", type=float, default=5, help="seconds for which it stays full")
    given = parser.parse_args()
    print("seed %d, %d MiB" % (given.seed, given.size), flush=True)
    dice = random.Random(given.seed)
    with running("fulldisk", given, lambda directory: Full(directory, given.size), SETTINGS) as run:
        server = run.start()
        prepare(server)
        server.create_topics({"notes": 1})
        for statement in (
            "CREATE STREAM notes (id INT, note VARCHAR)"
            " WITH (KAFKA_TOPIC='notes', VALUE_FORMAT='JSON')",
            "CREATE TABLE by_order AS SELECT n * %d + p AS id, COUNT(*) AS c"
            " FROM orders GROUP BY n * %d + p" % (PARTITIONS, PARTITIONS),
        ):
            server.sql(statement)
        load = Load()
        for turn in range(1, given.rounds + 1):
            before = sum(map(len, load.acknowledged))
            run.disk.leave(dice.randrange(2 << 20, 8 << 20))
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
                load.abandon()
                run.kill()
                load.stop()
            run.disk.give_room()
            begun = time.time()
            if killed:
                server = run.start()
                load.run(server, dice)
            reached = sum(map(len, load.acknowledged))
            until(
                "producers do not go on",
                60,
                lambda: sum(map(len, load.acknowledged)) > reached + 500,
            )
            on = time.time() - begun
            until("no transactions, or no topics are made", 60, load.under_way)
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
        run.stop()
    print("%d times full: nothing acknowledged was lost, and all went on" % given.rounds)


if __name__ == "__main__":
    main()
