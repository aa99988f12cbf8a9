package dev.weir.broker.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.weir.broker.group.Groups;
import dev.weir.broker.group.GroupsConfig;
import dev.weir.broker.partition.AppendOrigin;
import dev.weir.broker.partition.LogDirectory;
import dev.weir.broker.partition.LogDirectoryConfig;
import dev.weir.broker.partition.Partition;
import dev.weir.broker.record.BatchHeader;
import dev.weir.broker.record.RecordBatchWriter;
import dev.weir.broker.storage.HeldSyncs;
import dev.weir.broker.storage.SimulatedFileSystem;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.BrokerSettings;
import dev.weir.broker.topic.MetadataImage;
import dev.weir.broker.topic.MetadataLog;
import dev.weir.broker.topic.NewTopic;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.ConcurrentTransactionsException;
import org.apache.kafka.common.errors.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/// Whatever was decided is finished, also when the decision reached the disk after everybody had
/// been told that it took too long.
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SlowDiskTest {
    private static final TopicPartition AT = new TopicPartition("t", 0);
    private static final int TIMEOUT_MS = 60_000;

    private final HeldSyncs disk = new HeldSyncs(new SimulatedFileSystem(1));
    private final HandTimer timer = new HandTimer();
    private final AtomicLong nowMs = new AtomicLong(1_000_000);
    private final AtomicLong producerIds = new AtomicLong(7);
    private LogDirectory logs;
    private MetadataLog metadata;
    private Groups groups;
    private Transactions transactions;
    private Partition partition;

    @BeforeEach
    void start() {
        logs = LogDirectory.open(disk, Path.of("/data/log"), LogDirectoryConfig.DEFAULT, this::now);
        var image = new MetadataImage();
        metadata = MetadataLog.open(disk, Path.of("/data/meta/metadata.log"), image::apply);
        var topics = new Topics(metadata, image, logs, 1, Map.of());
        var settings = new AdminSettings(metadata, image);
        groups =
                new Groups(
                        topics,
                        settings,
                        new BrokerSettings(settings, "1", Map.of()),
                        GroupsConfig.DEFAULT,
                        this::now,
                        (_, _, _, _, _) -> CompletableFuture.completedFuture(null));
        transactions =
                new Transactions(
                        topics,
                        TransactionsConfig.DEFAULT.withIntervals(10, 60_000),
                        this::now,
                        producerIds::getAndIncrement,
                        new Markers(topics, groups, this::now),
                        () -> timer);
        partition = topics.create(new NewTopic(AT.topic(), 1, Map.of())).partitions().getFirst();
    }

    @AfterEach
    void stop() {
        disk.release();
        transactions.close();
        groups.close();
        metadata.close();
        logs.close();
    }

    private Instant now() {
        return Instant.ofEpochMilli(nowMs.get());
    }

    /// A transaction with one record.
    private ProducerIdentity begin() {
        var producer = transactions.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE).join();
        write(producer);
        return producer;
    }

    private void write(ProducerIdentity producer) {
        transactions.add("id", producer, Set.of(AT)).join();
        var writer = new RecordBatchWriter();
        writer.start(
                nowMs.get(),
                producer.producerId(),
                producer.epoch(),
                BatchHeader.NO_SEQUENCE,
                true);
        writer.append(nowMs.get(), null, 0, -1, new byte[] {1}, 0, 1);
        partition.append(writer.finish(), AppendOrigin.ENGINE);
        partition.syncNow();
    }

    /// Asks while the coordinator's own topic does not reach the disk.
    private void timesOut(CompletableFuture<?> asked) {
        while (!asked.isDone()) {
            timer.expireAll();
            Thread.onSpinWait();
        }
        assertThatThrownBy(asked::join).hasCauseInstanceOf(TimeoutException.class);
        assertThat(partition.lastStableOffset()).isZero();
        assertThat(partition.openTransactions()).isNotEmpty();
        disk.release();
    }

    private void holdDecisions() {
        disk.hold(path -> path.toString().contains("__transaction_state"));
    }

    private void awaitEnd(String state) {
        while (!transactions.describe("id").join().orElseThrow().state().equals(state)) {
            Thread.onSpinWait();
        }
        assertThat(partition.openTransactions()).isEmpty();
        assertThat(partition.lastStableOffset()).isEqualTo(2);
    }

    @Test
    void a_commit_is_finished_that_was_durable_too_late_for_its_client() {
        var producer = begin();
        holdDecisions();
        timesOut(transactions.end("id", producer, true, false));
        awaitEnd("CompleteCommit");

        write(producer);
        assertThat(transactions.end("id", producer, true, false).join()).isEqualTo(producer);
        assertThat(partition.lastStableOffset()).isEqualTo(4);
    }

    @Test
    void a_commit_that_bumps_the_epoch_is_finished_and_can_be_asked_for_again() {
        var producer = begin();
        holdDecisions();
        timesOut(transactions.end("id", producer, true, true));
        awaitEnd("CompleteCommit");

        assertThat(transactions.end("id", producer, true, true).join())
                .isEqualTo(
                        new ProducerIdentity(
                                producer.producerId(), (short) (producer.epoch() + 1)));
    }

    @Test
    void an_abort_for_a_new_owner_is_finished_that_was_durable_too_late_for_him() {
        var producer = begin();
        holdDecisions();
        timesOut(transactions.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE));
        awaitEnd("CompleteAbort");

        var next = transactions.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE).join();
        assertThat(next.producerId()).isEqualTo(producer.producerId());
        assertThat(next.epoch()).isGreaterThan(producer.epoch());
    }

    @Test
    void an_abort_of_what_took_too_long_is_finished_that_was_durable_late() {
        begin();
        holdDecisions();
        int begun = timer.size();
        nowMs.addAndGet(TIMEOUT_MS + 1);
        while (timer.size() == begun) {
            Thread.onSpinWait(); // until the abort is decided and waits for the disk
        }
        var next = transactions.initialize("id", TIMEOUT_MS, ProducerIdentity.NONE);
        assertThatThrownBy(next::join).hasCauseInstanceOf(ConcurrentTransactionsException.class);
        timer.expireAll();
        transactions.describe("id").join(); // asked after the abort has timed out
        disk.release();
        awaitEnd("CompleteAbort");
    }
}
