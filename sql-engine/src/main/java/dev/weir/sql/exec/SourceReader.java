package dev.weir.sql.exec;

import dev.weir.sql.batch.Batch;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.Schema;
import dev.weir.sql.catalog.Relation;
import dev.weir.sql.catalog.ScanColumn;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.io.RecordBlock;
import dev.weir.sql.io.TopicLog;
import dev.weir.sql.io.TopicPartition;
import dev.weir.sql.operator.Output;
import dev.weir.sql.serde.Decoders;
import dev.weir.sql.serde.RecordDecoder;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;

/// Reads and decodes the topic of one relation, each record once however many scans want it.
///
/// Lanes share the work: what a step brings, partition after partition, is cut into as many parts
/// of the same size, so that each lane has one however few partitions there are, and lane after
/// lane the records come as one would read them alone. Belongs to the thread that steps, but for
/// [#take(int, Output, Undecoded)], which each lane calls.
final class SourceReader {
    private static final Logger LOG = LoggerFactory.getLogger(SourceReader.class);

    /// Records decoded before they are handed on: enough to make loops long, few enough for the
    /// columns to stay in the processor's cache.
    private static final int CHUNK_RECORDS = 8192;

    private static final int CHUNK_BYTES = 2 << 20;

    private final Relation relation;
    private final TopicLog log;
    private final TopicPartition[] partitions;
    private final long[] positions;
    private final List<Part> parts = new ArrayList<>();
    private long skipped = -1;

    /// Told of a record that could not be decoded.
    @FunctionalInterface
    interface Undecoded {
        void record(TopicPartition partition, RecordBlock block, int record, String error);
    }

    /// What one lane reads, and with what.
    private static final class Part {
        final Origin origin;
        final RecordBlock block = new RecordBlock();
        final long[] from;
        final long[] to;
        RecordDecoder decoder;
        Batch batch;
        boolean reading;

        Part(Origin origin, int partitions) {
            this.origin = origin;
            from = new long[partitions];
            to = new long[partitions];
        }
    }

    /// @param origins one for each lane
    SourceReader(Relation relation, TopicLog log, List<Origin> origins) {
        this.relation = relation;
        this.log = log;
        partitions = new TopicPartition[relation.partitions()];
        for (int p = 0; p < partitions.length; p++) {
            partitions[p] = new TopicPartition(relation.topic(), p);
        }
        positions = new long[partitions.length];
        for (Origin origin : origins) {
            parts.add(new Part(origin, partitions.length));
        }
    }

    Relation relation() {
        return relation;
    }

    TopicPartition[] partitions() {
        return partitions;
    }

    /// Passes over what a producer has written from here on.
    void skip(long producerId) {
        skipped = producerId;
    }

    /// The next offset to read of each partition; a copy.
    long[] positions() {
        return positions.clone();
    }

    long position(int partition) {
        return positions[partition];
    }

    void seek(long[] to) {
        System.arraycopy(to, 0, positions, 0, positions.length);
    }

    void seek(int partition, long to) {
        positions[partition] = to;
    }

    void seekToStart() {
        for (int p = 0; p < partitions.length; p++) {
            positions[p] = start(p);
        }
    }

    /// True when records it has yet to read are not there any more.
    boolean isOvertaken() {
        for (int p = 0; p < partitions.length; p++) {
            if (positions[p] < start(p)) {
                return true;
            }
        }
        return false;
    }

    /// Passes over what is not there any more.
    void atLeastStart() {
        for (int p = 0; p < partitions.length; p++) {
            long start = start(p);
            if (positions[p] < start) {
                LOG.warn(
                        "offsets {} to {} of {} were removed before {} could read them",
                        positions[p],
                        start,
                        partitions[p],
                        relation.name());
                positions[p] = start;
            }
        }
    }

    private long start(int partition) {
        try {
            return log.startOffset(partitions[partition]);
        } catch (SqlException e) {
            if (e.state() == SqlState.UNDEFINED_OBJECT) {
                return 0;
            }
            throw e;
        }
    }

    /// Where each partition can be read to now; where it stands if the topic is gone.
    ///
    /// @param ownProducers the engine's producer ids when it writes this topic itself: what it has
    ///   written but not yet committed is no input yet
    long[] ends(long... ownProducers) {
        long[] ends = new long[partitions.length];
        for (int p = 0; p < ends.length; p++) {
            ends[p] = positions[p];
            long end;
            try {
                end = log.endOffset(partitions[p]);
            } catch (SqlException e) {
                if (e.state() == SqlState.UNDEFINED_OBJECT) {
                    continue;
                }
                throw e;
            }
            for (long ownProducer : ownProducers) {
                // Asked after the end: what was open below it is either still open now, or its
                // marker is written and it can be read.
                end = Math.min(end, log.openFrom(partitions[p], ownProducer));
            }
            ends[p] = Math.max(end, positions[p]);
        }
        return ends;
    }

    /// Sets which columns are decoded.
    void columns(List<ScanColumn> columns) {
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < columns.size(); i++) {
            fields.add(new Field("c" + i, ScanView.type(relation, columns.get(i))));
        }
        for (Part part : parts) {
            part.decoder = Decoders.of(relation, columns);
            part.batch = Batch.of(new Schema(fields));
        }
    }

    /// Reads from the positions up to `to` and hands the rows on, in chunks; the positions are `to`
    /// afterwards. For a reader that no lanes share.
    ///
    /// @return the records read
    long take(long[] to, Output output, Undecoded undecoded) {
        divide(to, 1);
        long taken = take(0, output, undecoded);
        arrive(to);
        return taken;
    }

    /// Says which lane reads what from the positions up to `to`.
    ///
    /// @param lanes how many read; the others find nothing to read
    void divide(long[] to, int lanes) {
        long all = 0;
        for (int p = 0; p < partitions.length; p++) {
            all += Math.max(0, to[p] - positions[p]);
        }
        for (int lane = 0; lane < parts.size(); lane++) {
            Part part = parts.get(lane);
            long begin = lane < lanes ? all * lane / lanes : all;
            long end = lane < lanes ? all * (lane + 1) / lanes : all;
            long before = 0;
            for (int p = 0; p < partitions.length; p++) {
                long count = Math.max(0, to[p] - positions[p]);
                part.from[p] = positions[p] + Math.clamp(begin - before, 0, count);
                part.to[p] = positions[p] + Math.clamp(end - before, 0, count);
                before += count;
            }
        }
    }

    /// All lanes have read their parts of what leads to `to`.
    void arrive(long[] to) {
        for (int p = 0; p < partitions.length; p++) {
            positions[p] = Math.max(positions[p], to[p]);
        }
    }

    /// Reads a lane's part and hands the rows on, in chunks. That lane's thread.
    ///
    /// @return the records read
    long take(int lane, Output output, Undecoded undecoded) {
        Part part = parts.get(lane);
        RecordBlock block = part.block;
        Origin origin = part.origin;
        long taken = 0;
        block.clear();
        origin.begin(relation.name(), block);
        for (int p = 0; p < partitions.length; p++) {
            long position = part.from[p];
            long to = part.to[p];
            while (position < to) {
                origin.run(block.count(), partitions[p]);
                part.reading = true;
                long next =
                        log.read(
                                partitions[p],
                                position,
                                to,
                                skipped,
                                block,
                                CHUNK_RECORDS,
                                CHUNK_BYTES);
                part.reading = false;
                if (next <= position || next > to) {
                    throw new IllegalStateException(
                            partitions[p]
                                    + " read from "
                                    + position
                                    + " to "
                                    + to
                                    + " went on at "
                                    + next);
                }
                position = next;
                if (block.count() >= CHUNK_RECORDS || block.bytes() >= CHUNK_BYTES) {
                    taken += flush(part, output, undecoded);
                }
            }
        }
        taken += flush(part, output, undecoded);
        origin.end();
        return taken;
    }

    private long flush(Part part, Output output, Undecoded undecoded) {
        RecordBlock block = part.block;
        Batch batch = part.batch;
        Origin origin = part.origin;
        int count = block.count();
        batch.clear();
        int run = 0;
        for (int i = 0; i < count; i++) {
            run = origin.run(i, run);
            TopicPartition partition = origin.partitionOfRun(run);
            if (part.decoder.decode(block, i, partition.partition(), batch)) {
                origin.row(i);
            } else if (!part.decoder.isSkipped()) {
                undecoded.record(partition, block, i, part.decoder.error());
            }
        }
        if (!batch.isEmpty()) {
            output.emit(batch);
        }
        block.clear();
        origin.begin(relation.name(), block);
        return count;
    }

    /// True when what [#take] threw in a lane came from the log, and not from those it hands rows
    /// to: then it is not their fault. A topic that is gone is the fault of the relation, and so is
    /// one with records that were never readable.
    boolean isLogFailure(int lane, RuntimeException thrown) {
        Part part = parts.get(lane);
        boolean fromLog = part.reading;
        part.reading = false;
        return fromLog
                && !(thrown instanceof SqlException known
                        && (known.state() == SqlState.UNDEFINED_OBJECT
                                || known.state() == SqlState.DATA_CORRUPTED));
    }

    /// Offsets between the positions and those ends.
    long lag(long[] ends) {
        long lag = 0;
        for (int p = 0; p < ends.length; p++) {
            lag += ends[p] - positions[p];
        }
        return lag;
    }
}
