package dev.weir.broker.partition;

import dev.weir.broker.log.AbortedTransaction;

import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.storage.internals.log.FetchDataInfo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a client that reads committed records shows of what our log, or Kafka's, gives it.
final class CommittedReads {
    private CommittedReads() {}

    /// An answer to a fetch.
    record Fetched(ByteBuffer bytes, List<AbortedTransaction> aborted) {
        static Fetched of(ReadResult read) throws IOException {
            return new Fetched(read.slice().toBuffer(), read.aborted());
        }

        /// Of Kafka's log, whose answers name only the producers and first offsets of transactions.
        static Fetched of(FetchDataInfo read) throws IOException {
            var bytes = ByteBuffer.allocate(0);
            if (!read.firstEntryIncomplete && read.records instanceof FileRecords file) {
                bytes = ByteBuffer.allocate(file.sizeInBytes());
                file.readInto(bytes, 0);
            }
            var aborted =
                    KafkaLog.aborted(read).stream()
                            .map(one ->
                                    new AbortedTransaction(
                                            one.producerId(), one.firstOffset(), 0, 0))
                            .toList();
            return new Fetched(bytes, aborted);
        }
    }

    /// Gives what follows an offset.
    @FunctionalInterface
    interface Log {
        Fetched fetch(long offset) throws IOException;
    }

    /// Base offsets of the batches that are shown of an answer, by the rule of Kafka's consumer:
    /// aborted from the first offset on, up to the marker.
    static List<Long> shown(Fetched fetched) {
        var ahead =
                new ArrayDeque<>(
                        fetched.aborted.stream()
                                .sorted(Comparator.comparingLong(AbortedTransaction::firstOffset))
                                .toList());
        Set<Long> aborting = new HashSet<>();
        List<Long> shown = new ArrayList<>();
        for (var batch : batches(fetched)) {
            while (!ahead.isEmpty() && ahead.peek().firstOffset() <= batch.lastOffset()) {
                aborting.add(ahead.remove().producerId());
            }
            if (batch.isControlBatch()) {
                aborting.remove(batch.producerId());
            } else if (!batch.isTransactional() || !aborting.contains(batch.producerId())) {
                shown.add(batch.baseOffset());
            }
        }
        return shown;
    }

    /// What is shown of all from an offset on, fetch by fetch.
    static List<Long> shownFrom(long offset, Log log) throws IOException {
        List<Long> shown = new ArrayList<>();
        long next = offset;
        while (true) {
            var fetched = log.fetch(next);
            long after = next;
            for (var batch : batches(fetched)) {
                after = batch.nextOffset();
            }
            if (after == next) {
                return shown;
            }
            shown.addAll(shown(fetched));
            next = after;
        }
    }

    private static Iterable<MutableRecordBatch> batches(Fetched fetched) {
        return MemoryRecords.readableRecords(fetched.bytes.duplicate()).batches();
    }
}
