#!/usr/bin/python3
"""Takes the power from a running server, again and again, and checks what is left.

A file system image is mounted by loop, and a server keeps its data there. Under the load of
idempotent and transactional producers (acks=all), of administration and of SQL queries the file
system is shut down in an instant (ioctl EXT4_IOC_SHUTDOWN / XFS_IOC_GOINGDOWN with NOLOGFLUSH):
neither dirty pages nor the journal in memory reach the image any more, as when the power goes. Then
the server is killed, the image is mounted again, which replays the journal, and a new server must
have

  - every acknowledged record, once and in order, and none that was not sent;
  - every committed transaction whole, with the offset committed in it, and no part of any other;
  - every acknowledged topic, setting, deletion and offset of a group;
  - tables and streams of queries that equal a computation over the records that are there.

Every producer of transactions has committed some between two cuts. What is answered after the cut
has begun does not count: the kernel answers an fsync that is under way then as if it had succeeded,
seldom, but on both file systems (a program of eight threads with a file each saw it twelve times in
forty cuts of ext4 and once in twenty of xfs), and without power nobody would hear the answer.

Needs root, loop devices and python3-confluent-kafka. Without them it says so and ends with 77.

  benchmarks/powerloss.py [--rounds 10] [--seconds 8] [--fs ext4|xfs] [--seed N] [--keep]
                          [--server COMMAND]
"""
import fcntl
import os
import random
import shutil
import struct
import sys
import time

sys.dont_write_bytecode = True
from durability import Load, Mount, check, options, prepare, running, skip, until

# include/uapi: _IOR('X', 125, __u32); the same number for ext4 and xfs.
SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
# ext4 would otherwise go on making the file system while it is in use.
MAKE = {
    "ext4": ["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0"],
    "xfs": ["mkfs.xfs", "-q"],
}


class Disk(Mount):
    """An image, its loop mount, and the plug to pull."""

    def __init__(self, directory, fs):
        super().__init__(directory)
        self.image = os.path.join(directory, "disk.img")
        with open(self.image, "wb") as image:
            image.truncate(4 << 30)
        self.run(*MAKE[fs], self.image)
        self.mount()

    def mount(self):
        self.run("mount", "-o", "loop", self.image, self.mount_point)

    def cut_power(self):
        root = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(root, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)


def main():
    parser = options(rounds=10)
    parser.add_argument("--seconds", type=float, default=8, help="the most load before a cut")
    parser.add_argument("--fs", choices=sorted(MAKE), default="ext4")
    given = parser.parse_args()
    if shutil.which("mkfs." + given.fs) is None:
        skip("mkfs." + given.fs + " is not installed")
    print("seed %d, %s" % (given.seed, given.fs), flush=True)
    dice = random.Random(given.seed)
    with running("powerloss", given, lambda directory: Disk(directory, given.fs)) as run:
        server = run.start()
        prepare(server)
        load = Load()
        for turn in range(1, given.rounds + 1):
            load.run(server, dice)
            until("no transactions, or no topics are made", 60, load.under_way)
            time.sleep(dice.uniform(0, given.seconds))
            load.abandon()
            run.disk.cut_power()
            # The server lives on for a moment over a dead disk. What it says now does not count: an
            # fsync that is under way may return as if it had succeeded, without Weir, too.
            time.sleep(dice.uniform(0, 0.5))
            run.kill()
            load.stop()
            run.disk.unmount()
            run.disk.mount()
            begun = time.time()
            server = run.start()
            ready = time.time() - begun
            print(
                "round %d: ready again in %.2f s; %s" % (turn, ready, check(server, load)),
                flush=True,
            )
        run.stop()
    print("%d power cuts: nothing acknowledged was lost, nothing was doubled" % given.rounds)


if __name__ == "__main__":
    main()
