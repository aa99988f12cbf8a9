package dev.weir.sql.exec;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Statement;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What a checkpoint of state belongs to: everything the journal said up to then. With it the
/// journal before [#journalOffset] is not needed any more.
///
/// ```
/// 2 | step | journal offset | producer id | next sequence | next query | next operator
///   | entries: statement, fate, error | positions: relation, offsets | output ends
/// ```
///
/// framed as [Wire] says.
///
/// @param step the last step in the state
/// @param journalOffset the first record that is not
/// @param producerId the engine's producer
/// @param nextSequence number of the next statement that changes the catalog
/// @param nextQuery number of the next query
/// @param nextOperator next id for an operator's state
/// @param entries the relations, in the order in which they were made
/// @param positions next offsets of the relations that persistent queries read
/// @param outputEnds how far outputs were journalled
record Mark(
        long step,
        long journalOffset,
        long producerId,
        long nextSequence,
        long nextQuery,
        int nextOperator,
        List<Entry> entries,
        Map<String, long[]> positions,
        List<OutputEnd> outputEnds) {
    /// Raised with the layout of the state too: 2 has the values of MIN and MAX in their group's
    /// shard.
    private static final int VERSION = 2;

    /// A relation by the statement that made it, and what became of its query.
    ///
    /// @param error why it failed, else empty
    record Entry(Statement statement, Fate fate, String error) {}

    /// What became of a query.
    enum Fate {
        RUNNING,
        TERMINATED,
        FAILED
    }

    byte[] write() {
        ByteSink out = new ByteSink();
        out.put(VERSION);
        out.putVarLong(step);
        out.putVarLong(journalOffset);
        out.putVarLong(producerId);
        out.putVarLong(nextSequence);
        out.putVarLong(nextQuery);
        out.putVarLong(nextOperator);
        out.putVarLong(entries.size());
        for (Entry entry : entries) {
            JournalFormat.writeStatement(entry.statement, out);
            Wire.text(out, entry.fate.name());
            Wire.text(out, entry.error);
        }
        out.putVarLong(positions.size());
        positions.forEach((relation, offsets) -> {
            Wire.text(out, relation);
            out.putVarLong(offsets.length);
            for (long offset : offsets) {
                out.putVarLong(offset);
            }
        });
        JournalFormat.writeEnds(outputEnds, out);
        return Wire.sealed(out);
    }

    static Mark read(byte[] bytes) {
        ByteBuffer in = Wire.open(bytes, VERSION, "mark of the checkpoint");
        long step = Wire.number(in);
        long journalOffset = Wire.number(in);
        long producerId = Wire.number(in);
        long nextSequence = Wire.number(in);
        long nextQuery = Wire.number(in);
        int nextOperator = Wire.count(in);
        List<Entry> entries = new ArrayList<>();
        for (int n = Wire.count(in); n > 0; n--) {
            entries.add(
                    new Entry(
                            JournalFormat.readStatement(in),
                            Fate.valueOf(Wire.text(in)),
                            Wire.text(in)));
        }
        Map<String, long[]> positions = new LinkedHashMap<>();
        for (int n = Wire.count(in); n > 0; n--) {
            String relation = Wire.text(in);
            long[] offsets = new long[Wire.count(in)];
            for (int p = 0; p < offsets.length; p++) {
                offsets[p] = Wire.number(in);
            }
            positions.put(relation, offsets);
        }
        return new Mark(
                step,
                journalOffset,
                producerId,
                nextSequence,
                nextQuery,
                nextOperator,
                entries,
                positions,
                JournalFormat.readEnds(in));
    }
}
