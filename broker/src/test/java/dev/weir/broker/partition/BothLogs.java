package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.record.BatchHeader;

import org.apache.kafka.common.errors.ApiException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.OptionalLong;

/// Our log of a partition and Apache Kafka's own (`UnifiedLog` of `kafka-storage`), in directories
/// side by side and with one clock. Ours counts as synced when the test says so. Owned by one
/// thread.
final class BothLogs implements AutoCloseable {
    private final HastyFileSystem files = new HastyFileSystem();
    private final Path data;
    private final LogConfig config;
    private long nowMs = 1_000_000_000;
    private long closedStart;
    private long closedEnd;

    private LogDirectory directory;
    private Partition ours;
    private KafkaLog kafka;

    /// How an append ended: with an error code, or 0 and offsets.
    record Outcome(short code, long first, long last, boolean duplicate) {
        static Outcome refused(short code) {
            return new Outcome(code, -1, -1, false);
        }
    }

    /// @param data a directory that is not there yet
    BothLogs(Path data, LogConfig config) throws IOException {
        this.data = data;
        this.config = config;
        Files.createDirectories(data.resolve("kafka"));
        openOurs();
        kafka = KafkaLog.open(kafkaPath(), config, this::nowMs);
    }

    Partition ours() {
        return ours;
    }

    KafkaLog kafka() {
        return kafka;
    }

    LogDirectory directory() {
        return directory;
    }

    /// The files of ours.
    Path ourPath() {
        return data.resolve("ours/t-0");
    }

    /// The files of Kafka's.
    Path kafkaPath() {
        return data.resolve("kafka/t-0");
    }

    long nowMs() {
        return nowMs;
    }

    void pass(long ms) {
        nowMs += ms;
    }

    /// Makes all of ours durable; Kafka's takes that for replicated.
    void sync() throws IOException {
        ours.syncNow();
        kafka.highWatermark(ours.highWatermark());
    }

    /// Offers a batch of a client to ours.
    ///
    /// @param verified what ours said when it was asked about a batch of a transaction
    Outcome offerToOurs(ByteBuffer batch, OptionalLong verified) {
        try {
            var result =
                    ours.append(
                            copy(batch),
                            AppendOrigin.CLIENT,
                            verified.orElse(Partition.UNVERIFIED));
            if (config.logAppendTime() && !result.duplicate()) {
                assertThat(result.logAppendTimeMs()).isEqualTo(nowMs);
            }
            return new Outcome(
                    (short) 0, result.firstOffset(), result.lastOffset(), result.duplicate());
        } catch (BrokerException e) {
            return Outcome.refused(e.code());
        }
    }

    /// Offers a batch of a client to Kafka's.
    Outcome offerToKafka(ByteBuffer batch) {
        long end = kafka.log().logEndOffset();
        try {
            var result = kafka.append(copy(batch));
            return new Outcome(
                    (short) 0,
                    result.firstOffset(),
                    result.lastOffset(),
                    result.firstOffset() < end);
        } catch (ApiException e) {
            return Outcome.refused(KafkaLog.code(e));
        }
    }

    /// Appends the same batch of a client to both, which must take it. One of a transaction is
    /// verified.
    ///
    /// @return what ours said
    AppendResult append(ByteBuffer batch) {
        var copy = copy(batch);
        var verified =
                BatchHeader.isTransactional(batch, 0)
                        ? ours.verification(
                                BatchHeader.producerId(batch, 0),
                                BatchHeader.producerEpoch(batch, 0))
                        : OptionalLong.empty();
        var result = ours.append(batch, AppendOrigin.CLIENT, verified.orElse(Partition.UNVERIFIED));
        kafka.append(copy);
        return result;
    }

    /// Ends the transaction of a producer in both.
    void mark(long producer, int epoch, boolean commit) {
        ours.appendMarker(producer, (short) epoch, commit, 0, false, nowMs);
        kafka.appendMarker(producer, (short) epoch, commit, 0, false, nowMs);
    }

    /// Stops both and opens them again.
    void restart() throws IOException {
        close();
        openAgain();
    }

    /// Opens both after [#close].
    void openAgain() throws IOException {
        openOurs();
        kafka = KafkaLog.reopen(kafkaPath(), config, closedStart, closedEnd, this::nowMs);
        kafka.highWatermark(ours.highWatermark());
    }

    /// Both processes die: nothing is written any more until [#recover].
    void kill() {
        files.kill();
        kafka.kill();
    }

    /// Opens both after their death.
    ///
    /// @param start where Kafka's log began
    /// @param recoveryPoint what Kafka's broker has noted as durable
    void recover(long start, long recoveryPoint) throws IOException {
        openOurs();
        kafka = KafkaLog.recover(kafkaPath(), config, start, recoveryPoint, this::nowMs);
        kafka.highWatermark(ours.highWatermark());
    }

    private void openOurs() {
        directory =
                LogDirectory.open(
                        files,
                        data.resolve("ours"),
                        LogDirectoryConfig.DEFAULT.withSyncThreads(0),
                        () -> Instant.ofEpochMilli(nowMs));
        ours = directory.open("t", 0, config);
    }

    @Override
    public void close() {
        closedStart = kafka.log().logStartOffset();
        closedEnd = kafka.log().logEndOffset();
        directory.close();
        kafka.close();
    }

    static ByteBuffer copy(ByteBuffer batch) {
        return ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
    }
}
