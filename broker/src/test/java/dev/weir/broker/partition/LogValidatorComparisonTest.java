package dev.weir.broker.partition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.error.RecordError;
import dev.weir.broker.log.CompactionConfig;
import dev.weir.broker.log.LogConfig;
import dev.weir.broker.log.TimestampBounds;
import dev.weir.broker.record.BatchHeader;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.ByteBufferOutputStream;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.server.record.BrokerCompressionType;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// What clients send is judged as by Apache Kafka's own `LogValidator`: honest batches of every
/// codec, and such in which something was changed and the checksum mended, so that nothing but a
/// look at the records tells. Half of the topics have a codec of their own; what is stored there
/// has the same records and the same head as Kafka's, but for what compressing them anew makes of
/// their bytes.
///
/// Weir is meant to differ in this, and in nothing else:
///
/// - Kafka does not look how long a compressed record says it is. A batch that Kafka's own consumer
///   cannot read is refused here.
/// - Records whose offsets do not count up from 0 are numbered anew. Kafka does so where it gives
///   them another codec; it stores uncompressed ones as they are, and is caught by surprise by
///   those that have the topic's codec.
/// - So it is by negative timestamps of records that it gives another codec.
/// - Where else Kafka is caught by surprise (`UNKNOWN_SERVER_ERROR`), it is `INVALID_RECORD`.
///
/// `-Dweir.seeds=N` tries N seeds, `-Dweir.seed=S` just that one.
class LogValidatorComparisonTest {
    private static final int SEEDS = 6000;
    private static final long NOW_MS = 1_700_000_000_000L;
    private static final int ATTRIBUTES = 21;
    private static final int LAST_OFFSET_DELTA = 23;
    private static final int BASE_TIMESTAMP = 27;
    private static final int MAX_TIMESTAMP = 35;
    private static final int BASE_SEQUENCE = 53;
    private static final int COUNT = 57;
    private static final TopicPartition AT = new TopicPartition("t", 0);

    /// What became of a batch.
    ///
    /// @param errors the records named, by index
    /// @param stored the batch as it would be stored, null if it is refused
    private record Verdict(short code, List<Integer> errors, ByteBuffer stored) {}

    @Test
    void clients_batches_are_judged_as_by_kafka() throws IOException {
        long only = Long.getLong("weir.seed", -1);
        long last = only >= 0 ? only : Long.getLong("weir.seeds", SEEDS);
        Map<Kind, Integer> met = new EnumMap<>(Kind.class);
        for (long seed = only >= 0 ? only : 1; seed <= last; seed++) {
            try {
                met.merge(compare(new Random(seed)), 1, Integer::sum);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
            }
        }
        if (only < 0) {
            assertThat(met).as("what came of the batches").containsOnlyKeys(Kind.values());
        }
    }

    private enum Kind {
        TAKEN,
        TAKEN_WITH_ANOTHER_TIMESTAMP,
        REFUSED,
        REFUSED_FOR_RECORDS,
        REFUSED_FOR_TIMESTAMPS,
        SURPRISE,
        UNREADABLE,
        WRITTEN_ANEW,
        RENUMBERED,
        RENUMBERED_UNLIKE_KAFKA,
        BEFORE_1970
    }

    private static Kind compare(Random random) throws IOException {
        var config =
                LogConfig.DEFAULT
                        .withLogAppendTime(random.nextInt(4) == 0)
                        .withTimestamps(
                                new TimestampBounds(
                                        random.nextBoolean() ? Long.MAX_VALUE : 50_000,
                                        random.nextInt(8) == 0 ? Long.MAX_VALUE : 1900))
                        .withCompression(RandomBatches.compression(random))
                        .withCompaction(
                                random.nextInt(3) == 0
                                        ? EagerCompaction.after(0)
                                        : CompactionConfig.OFF);
        var batch = new Damage(random).batch();
        var theirs = kafka(copy(batch), config);
        var mine = weir(copy(batch), config);
        boolean looked =
                theirs.code == ErrorCode.NONE
                        || theirs.code == ErrorCode.UNKNOWN_SERVER_ERROR
                        || !theirs.errors.isEmpty();
        var found = looked ? read(batch) : null;
        if (theirs.code == ErrorCode.UNKNOWN_SERVER_ERROR) {
            if (mine.code == ErrorCode.NONE) {
                assertThat(found).as("readable").isNotNull();
                assertThat(found.consecutive && !found.before1970).as("nothing odd").isFalse();
                assertThat(read(mine.stored).records).isEqualTo(found.numberedAnew(config));
                return found.before1970 ? Kind.BEFORE_1970 : Kind.RENUMBERED_UNLIKE_KAFKA;
            }
            assertThat(mine.code).isIn(ErrorCode.INVALID_RECORD, ErrorCode.MESSAGE_TOO_LARGE);
            return Kind.SURPRISE;
        }
        if (looked && found == null) {
            assertThat(mine).isEqualTo(new Verdict(ErrorCode.INVALID_RECORD, List.of(), null));
            return Kind.UNREADABLE;
        }
        if (theirs.code == ErrorCode.NONE) {
            var codec = CompressionType.forId(BatchHeader.codec(batch, 0));
            boolean anew = config.compression().codecOf(codec) != codec;
            if (anew || !found.consecutive) {
                assertThat(mine.code).isEqualTo(ErrorCode.NONE);
                var stored = read(mine.stored);
                assertThat(stored.records).isEqualTo(found.numberedAnew(config));
                assertThat(BatchHeader.isIntact(mine.stored, 0, mine.stored.limit())).isTrue();
                if (!anew) {
                    return Kind.RENUMBERED_UNLIKE_KAFKA;
                }
                assertThat(stored.records).isEqualTo(read(theirs.stored).records);
                assertThat(head(mine.stored)).isEqualTo(head(theirs.stored));
                return found.consecutive ? Kind.WRITTEN_ANEW : Kind.RENUMBERED;
            }
        } else {
            assertThat(mine).isEqualTo(theirs);
            return theirs.errors.isEmpty()
                    ? Kind.REFUSED
                    : theirs.code == ErrorCode.INVALID_TIMESTAMP
                            ? Kind.REFUSED_FOR_TIMESTAMPS
                            : Kind.REFUSED_FOR_RECORDS;
        }
        assertThat(mine).isEqualTo(theirs);
        return config.logAppendTime()
                        || BatchHeader.maxTimestamp(batch, 0)
                                == BatchHeader.maxTimestamp(mine.stored, 0)
                ? Kind.TAKEN
                : Kind.TAKEN_WITH_ANOTHER_TIMESTAMP;
    }

    private static Verdict weir(ByteBuffer batch, LogConfig config) {
        try {
            var direct = ByteBuffer.allocateDirect(batch.remaining()).put(batch).flip();
            var stored =
                    BatchCheck.check(
                            direct, dev.weir.broker.partition.AppendOrigin.CLIENT, config, NOW_MS);
            if (config.logAppendTime()) {
                BatchHeader.stampLogAppendTime(stored, 0, NOW_MS);
            }
            BatchHeader.assign(stored, 0, 0, 0);
            return new Verdict(ErrorCode.NONE, List.of(), copy(stored));
        } catch (BrokerException e) {
            return new Verdict(
                    e.code(), e.recordErrors().stream().map(RecordError::index).toList(), null);
        }
    }

    private static Verdict kafka(ByteBuffer batch, LogConfig config) {
        var type =
                config.logAppendTime() ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
        var codec = CompressionType.forId(BatchHeader.codec(batch, 0));
        var target =
                BrokerCompressionType.targetCompression(
                        KafkaLog.kafkaConfig(config).compression, codec);
        var validator =
                new LogValidator(
                        MemoryRecords.readableRecords(batch),
                        AT,
                        new KafkaLog.Clock(() -> NOW_MS),
                        codec,
                        target,
                        config.compaction().enabled(),
                        BatchHeader.MAGIC,
                        type,
                        config.timestamps().beforeMaxMs(),
                        config.timestamps().afterMaxMs(),
                        0,
                        AppendOrigin.CLIENT);
        try {
            var result =
                    validator.validateMessagesAndAssignOffsets(
                            PrimitiveRef.ofLong(0), new Unmeasured(), BufferSupplier.create());
            var stored = result.validatedRecords().buffer();
            boolean tooLarge =
                    result.messageSizeMaybeChanged()
                            && stored.remaining() > config.maxMessageBytes();
            return tooLarge // says UnifiedLog
                    ? new Verdict(ErrorCode.MESSAGE_TOO_LARGE, List.of(), null)
                    : new Verdict(ErrorCode.NONE, List.of(), stored);
        } catch (RecordValidationException e) {
            return new Verdict(
                    Errors.forException(e.invalidException()).code(),
                    e.recordErrors().stream().map(each -> each.batchIndex).toList(),
                    null);
        } catch (ApiException e) {
            return new Verdict(Errors.forException(e).code(), List.of(), null);
        } catch (RuntimeException | Error e) { // snappy and zstd throw errors
            return new Verdict(ErrorCode.UNKNOWN_SERVER_ERROR, List.of(), null);
        }
    }

    /// What Kafka's consumer reads.
    private record Seen(
            long offset, long timestamp, ByteBuffer key, ByteBuffer value, List<Header> headers) {}

    /// What Kafka's consumer would make of a batch.
    private record Found(List<Seen> records, boolean consecutive, boolean before1970) {
        /// The same records as they should be stored.
        List<Seen> numberedAnew(LogConfig config) {
            var anew = new ArrayList<Seen>();
            for (var each : records) {
                anew.add(
                        new Seen(
                                anew.size(),
                                config.logAppendTime() ? NOW_MS : each.timestamp,
                                each.key,
                                each.value,
                                each.headers));
            }
            return anew;
        }
    }

    /// Null if it cannot be read.
    private static Found read(ByteBuffer bytes) {
        var batch = MemoryRecords.readableRecords(bytes.duplicate()).batches().iterator().next();
        var seen = new ArrayList<Seen>();
        boolean consecutive = true;
        boolean before1970 = false;
        try (var records = batch.streamingIterator(BufferSupplier.create())) {
            while (records.hasNext()) {
                Record record = records.next();
                consecutive &= record.offset() == seen.size();
                before1970 |= record.timestamp() < -1;
                seen.add(
                        new Seen(
                                record.offset(),
                                record.timestamp(),
                                record.key(),
                                record.value(),
                                List.of(record.headers())));
            }
        } catch (RuntimeException | Error e) { // snappy and zstd throw errors
            return null;
        }
        return new Found(seen, consecutive, before1970);
    }

    /// What the head says, but for how long the batch is and its checksum.
    private static List<Object> head(ByteBuffer batch) {
        return List.of(
                BatchHeader.baseOffset(batch, 0),
                BatchHeader.attributes(batch, 0),
                BatchHeader.lastOffsetDelta(batch, 0),
                BatchHeader.baseTimestamp(batch, 0),
                BatchHeader.maxTimestamp(batch, 0),
                BatchHeader.producerId(batch, 0),
                BatchHeader.producerEpoch(batch, 0),
                BatchHeader.baseSequence(batch, 0),
                BatchHeader.recordCount(batch, 0));
    }

    private static ByteBuffer copy(ByteBuffer batch) {
        return ByteBuffer.allocate(batch.remaining()).put(batch.duplicate()).flip();
    }

    /// Makes batches, and of most of them something that nobody should send.
    private static final class Damage {
        private final Random random;
        private final RandomBatches honest;

        Damage(Random random) {
            this.random = random;
            honest = new RandomBatches(random);
            if (random.nextBoolean()) {
                honest.withKeys();
            }
        }

        ByteBuffer batch() throws IOException {
            var batch = honest(random.nextInt(30) == 0 ? 300_000 : 300);
            int times = random.nextInt(4);
            for (int i = 0; i < times; i++) {
                batch =
                        switch (random.nextInt(4)) {
                            case 0 -> inHead(batch);
                            case 1 -> compressedAgain(inRecords(uncompressed(batch)));
                            default -> inRecords(batch);
                        };
            }
            batch.putInt(8, batch.limit() - BatchHeader.LOG_OVERHEAD);
            return sign(batch);
        }

        private ByteBuffer honest(int maxBytes) {
            if (random.nextInt(4) == 0) {
                return honest.batch(NOW_MS, maxBytes, 1, (short) 0, 0, random.nextBoolean());
            }
            return honest.plain(NOW_MS, maxBytes);
        }

        private ByteBuffer inHead(ByteBuffer batch) {
            switch (random.nextInt(8)) {
                case 0 -> batch.putInt(COUNT, batch.getInt(COUNT) + random.nextInt(5) - 2);
                case 1 -> {
                    int count = random.nextBoolean() ? random.nextInt(8) : random.nextInt();
                    batch.putInt(COUNT, count).putInt(LAST_OFFSET_DELTA, count - 1);
                }
                case 2 -> batch.putInt(LAST_OFFSET_DELTA, random.nextInt());
                case 3 -> batch.putLong(MAX_TIMESTAMP, oddTimestamp());
                case 4 -> batch.putLong(BASE_TIMESTAMP, oddTimestamp());
                case 5 -> batch.putInt(BASE_SEQUENCE, random.nextInt(3) - 2);
                case 6 -> batch.putShort(ATTRIBUTES, (short) (batch.getShort(ATTRIBUTES) ^ 0x20));
                default ->
                        batch.putShort(
                                ATTRIBUTES,
                                (short) ((batch.getShort(ATTRIBUTES) & ~7) | random.nextInt(5)));
            }
            return batch;
        }

        private long oddTimestamp() {
            return switch (random.nextInt(4)) {
                case 0 -> -1 - random.nextInt(3);
                case 1 -> random.nextLong();
                case 2 -> random.nextBoolean() ? Long.MIN_VALUE : Long.MAX_VALUE;
                default -> NOW_MS - 100_000 + random.nextInt(200_000);
            };
        }

        private ByteBuffer inRecords(ByteBuffer batch) {
            int size = batch.limit();
            if (size == BatchHeader.BYTES) {
                return batch;
            }
            int at = BatchHeader.BYTES + random.nextInt(size - BatchHeader.BYTES);
            if (random.nextBoolean()) { // the numbers of the first record
                at = Math.min(size - 1, BatchHeader.BYTES + random.nextInt(12));
            }
            return switch (random.nextInt(6)) {
                case 0 -> batch.put(at, (byte) random.nextInt());
                case 1 -> batch.put(at, (byte) (batch.get(at) ^ 1 << random.nextInt(8)));
                case 2 -> batch.put(at, (byte) (batch.get(at) + (random.nextBoolean() ? 2 : -2)));
                case 3 -> spliced(batch, at, Math.min(size, at + 1 + random.nextInt(3)), 0);
                case 4 -> spliced(batch, at, at, 1 + random.nextInt(3));
                default -> spliced(batch, at, size, random.nextInt(3));
            };
        }

        /// Cuts bytes out and puts others in.
        private ByteBuffer spliced(ByteBuffer batch, int from, int to, int inserted) {
            var bytes = new byte[inserted];
            random.nextBytes(bytes);
            return ByteBuffer.allocate(batch.limit() - (to - from) + inserted)
                    .put(batch.slice(0, from))
                    .put(bytes)
                    .put(batch.slice(to, batch.limit() - to))
                    .flip();
        }

        /// The same batch without compression, or as it is if it cannot be read.
        private static ByteBuffer uncompressed(ByteBuffer batch) {
            int codec = BatchHeader.codec(batch, 0);
            if (codec == 0) {
                return batch;
            }
            var records = batch.slice(BatchHeader.BYTES, batch.limit() - BatchHeader.BYTES);
            try (var stream =
                    Compression.of(CompressionType.forId(codec))
                            .build()
                            .wrapForInput(records, BatchHeader.MAGIC, BufferSupplier.create())) {
                var bytes = stream.readAllBytes();
                var plain =
                        ByteBuffer.allocate(BatchHeader.BYTES + bytes.length)
                                .put(batch.slice(0, BatchHeader.BYTES))
                                .put(bytes)
                                .flip();
                return plain.putShort(ATTRIBUTES, (short) (plain.getShort(ATTRIBUTES) & ~7));
            } catch (IOException | RuntimeException | Error e) { // damaged already
                return batch;
            }
        }

        private ByteBuffer compressedAgain(ByteBuffer batch) throws IOException {
            int codec = random.nextInt(5);
            if (codec == 0 || BatchHeader.codec(batch, 0) != 0) {
                return batch;
            }
            var out = new ByteBufferOutputStream(batch.limit() + 64);
            try (var stream =
                    Compression.of(CompressionType.forId(codec))
                            .build()
                            .wrapForOutput(out, BatchHeader.MAGIC)) {
                var bytes = new byte[batch.limit() - BatchHeader.BYTES];
                batch.get(BatchHeader.BYTES, bytes);
                stream.write(bytes);
            }
            var records = out.buffer().flip();
            var again =
                    ByteBuffer.allocate(BatchHeader.BYTES + records.remaining())
                            .put(batch.slice(0, BatchHeader.BYTES))
                            .put(records)
                            .flip();
            return again.putShort(ATTRIBUTES, (short) (again.getShort(ATTRIBUTES) | codec));
        }

        private static ByteBuffer sign(ByteBuffer batch) {
            return batch.putInt(17, BatchHeader.computedCrc(batch, 0, batch.limit()));
        }
    }

    private static final class Unmeasured implements LogValidator.MetricsRecorder {
        @Override
        public void recordInvalidMagic() {}

        @Override
        public void recordInvalidOffset() {}

        @Override
        public void recordInvalidSequence() {}

        @Override
        public void recordInvalidChecksums() {}

        @Override
        public void recordNoKeyCompactedTopic() {}
    }
}
