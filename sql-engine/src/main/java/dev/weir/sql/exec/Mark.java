package dev.weir.sql.exec;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Statement;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// What a checkpoint of state belongs to: everything the journal said up to then. With it the
/// journal before [#journalOffset] is not needed any more.
///
/// ```
/// 5 | step | journal offset | producer id | producer id of inserts | next sequence | next query
///   | next operator | entries: statement, fate, error, filling: started, positions
///   | positions: relation, offsets | output ends
/// ```
///
/// framed as [Wire] says.
///
/// @param step the last step in the state
/// @param journalOffset the first record that is not
/// @param producers the engine's
/// @param nextSequence number of the next statement that changes the catalog
/// @param nextQuery number of the next query
/// @param nextOperator next id for an operator's state
/// @param entries the relations, in the order in which they were made
/// @param positions next offsets of the relations that persistent queries read
/// @param outputEnds how far outputs were journalled
record Mark(
        long step,
        long journalOffset,
        Producers producers,
        long nextSequence,
        long nextQuery,
        int nextOperator,
        List<Entry> entries,
        Map<String, long[]> positions,
        List<OutputEnd> outputEnds) {
    /// Raised with the layout of the state too: 2 has the values of MIN and MAX in their group's
    /// shard, 3 says how far queries have been filled, 4 names topics by their ids, 5 knows two
    /// producers.
    private static final int VERSION = 6;

    /// A relation by the statement that made it, and what became of its query.
    ///
    /// @param error why it failed, before it was ended perhaps; else empty
    /// @param filling how far it had been filled, when it was being filled
    record Entry(Statement statement, Fate fate, String error, Optional<Filling> filling) {
        Entry(Statement statement, Fate fate, String error) {
            this(statement, fate, error, Optional.empty());
        }
    }

    /// A query on its way to be level.
    ///
    /// @param started whether its tables had been delivered; if not, it begins again
    /// @param positions next offsets of the streams it reads; empty when that is not settled
    record Filling(boolean started, Map<String, long[]> positions) {}

    /// What became of a query.
    enum Fate {
        RUNNING,
        BACKFILLING,
        TERMINATED,
        FAILED
    }

    byte[] write() {
        ByteSink out = new ByteSink();
        out.put(VERSION);
        out.putVarLong(step);
        out.putVarLong(journalOffset);
        out.putVarLong(producers.main());
        out.putVarLong(producers.inserts());
        out.putVarLong(nextSequence);
        out.putVarLong(nextQuery);
        out.putVarLong(nextOperator);
        out.putVarLong(entries.size());
        for (Entry entry : entries) {
            JournalFormat.writeStatement(entry.statement, out);
            Wire.text(out, entry.fate.name());
            Wire.text(out, entry.error);
            out.put(entry.filling.isPresent() ? 1 : 0);
            entry.filling.ifPresent(filling -> {
                out.put(filling.started ? 1 : 0);
                write(filling.positions, out);
            });
        }
        write(positions, out);
        JournalFormat.writeEnds(outputEnds, out);
        return Wire.sealed(out);
    }

    private static void write(Map<String, long[]> positions, ByteSink out) {
        out.putVarLong(positions.size());
        positions.forEach((relation, offsets) -> {
            Wire.text(out, relation);
            out.putVarLong(offsets.length);
            for (long offset : offsets) {
                out.putVarLong(offset);
            }
        });
    }

    private static Map<String, long[]> readPositions(ByteBuffer in) {
        Map<String, long[]> positions = new LinkedHashMap<>();
        for (int n = Wire.count(in); n > 0; n--) {
            String relation = Wire.text(in);
            long[] offsets = new long[Wire.count(in)];
            for (int p = 0; p < offsets.length; p++) {
                offsets[p] = Wire.number(in);
            }
            positions.put(relation, offsets);
        }
        return positions;
    }

    static Mark read(byte[] bytes) {
        ByteBuffer in = Wire.open(bytes, VERSION, "mark of the checkpoint");
        long step = Wire.number(in);
        long journalOffset = Wire.number(in);
        Producers producers = new Producers(Wire.number(in), Wire.number(in));
        long nextSequence = Wire.number(in);
        long nextQuery = Wire.number(in);
        int nextOperator = Wire.count(in);
        List<Entry> entries = new ArrayList<>();
        for (int n = Wire.count(in); n > 0; n--) {
            entries.add(
                    new Entry(
                            JournalFormat.readStatement(in),
                            Fate.valueOf(Wire.text(in)),
                            Wire.text(in),
                            Wire.flag(in)
                                    ? Optional.of(new Filling(Wire.flag(in), readPositions(in)))
                                    : Optional.empty()));
        }
        Map<String, long[]> positions = readPositions(in);
        return new Mark(
                step,
                journalOffset,
                producers,
                nextSequence,
                nextQuery,
                nextOperator,
                entries,
                positions,
                JournalFormat.readEnds(in));
    }
}
