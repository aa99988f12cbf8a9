package dev.weir.sql.exec;

import dev.weir.sql.codec.ByteSink;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;
import dev.weir.sql.exec.JournalRecord.Cut;
import dev.weir.sql.exec.JournalRecord.Failed;
import dev.weir.sql.exec.JournalRecord.Opened;
import dev.weir.sql.exec.JournalRecord.OutputEnd;
import dev.weir.sql.exec.JournalRecord.Statement;
import dev.weir.sql.exec.JournalRecord.Step;
import dev.weir.sql.io.TopicPartition;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/// Journal records as bytes: the values of the records of the topic `_weir_journal`.
///
/// ```
/// opened    = 1: producer id, producer id of inserts
/// statement = 2: sequence, text, fold up, query number, first operator, properties, topics,
///                topic id
/// step      = 3: number, scope, joins, clock ms, cuts (source, partition, from, length),
///                outputs (topic, partition, end)
/// failed    = 4: relation, error
/// ```
///
/// framed as [Wire] says.
final class JournalFormat {
    private static final int VERSION = 4;
    private static final int OPENED = 1;
    private static final int STATEMENT = 2;
    private static final int STEP = 3;
    private static final int FAILED = 4;
    private static final String NAME = "journal record";

    private JournalFormat() {}

    static byte[] write(JournalRecord record) {
        ByteSink out = new ByteSink();
        out.put(VERSION);
        switch (record) {
            case Opened(Producers(long main, long inserts)) -> {
                out.put(OPENED);
                out.putVarLong(main);
                out.putVarLong(inserts);
            }
            case Statement statement -> {
                out.put(STATEMENT);
                writeStatement(statement, out);
            }
            case Step step -> {
                out.put(STEP);
                out.putVarLong(step.number());
                Wire.text(out, step.scope());
                out.put(step.joins() ? 1 : 0);
                out.putVarLong(step.clockMs());
                out.putVarLong(step.cuts().size());
                for (Cut cut : step.cuts()) {
                    Wire.text(out, cut.source());
                    out.putVarLong(cut.partition());
                    out.putVarLong(cut.from());
                    out.putVarLong(cut.to() - cut.from());
                }
                writeEnds(step.outputs(), out);
            }
            case Failed(String relation, String error) -> {
                out.put(FAILED);
                Wire.text(out, relation);
                Wire.text(out, error);
            }
        }
        return Wire.sealed(out);
    }

    static JournalRecord read(byte[] bytes) {
        ByteBuffer in = Wire.open(bytes, VERSION, NAME);
        int kind = in.get();
        return switch (kind) {
            case OPENED -> new Opened(new Producers(Wire.number(in), Wire.number(in)));
            case STATEMENT -> readStatement(in);
            case STEP -> {
                long number = Wire.number(in);
                String scope = Wire.text(in);
                boolean joins = Wire.flag(in);
                long clockMs = Wire.number(in);
                List<Cut> cuts = new ArrayList<>();
                for (int n = Wire.count(in); n > 0; n--) {
                    String source = Wire.text(in);
                    int partition = Wire.count(in);
                    long from = Wire.number(in);
                    cuts.add(new Cut(source, partition, from, from + Wire.number(in)));
                }
                yield new Step(number, scope, joins, clockMs, cuts, readEnds(in));
            }
            case FAILED -> new Failed(Wire.text(in), Wire.text(in));
            default ->
                    throw new SqlException(
                            SqlState.IO_ERROR, "the " + NAME + " has the unknown kind " + kind);
        };
    }

    static void writeStatement(Statement statement, ByteSink out) {
        out.putVarLong(statement.sequence());
        Wire.text(out, statement.text());
        out.put(statement.foldUp() ? 1 : 0);
        out.putVarLong(statement.queryNumber());
        out.putVarLong(statement.firstOperator());
        Wire.texts(out, statement.properties());
        Wire.numbers(out, statement.topics());
        Wire.text(out, statement.topicId());
    }

    static Statement readStatement(ByteBuffer in) {
        return new Statement(
                Wire.number(in),
                Wire.text(in),
                Wire.flag(in),
                Wire.number(in),
                Wire.count(in),
                Wire.texts(in),
                Wire.numbers(in),
                Wire.text(in));
    }

    static void writeEnds(List<OutputEnd> ends, ByteSink out) {
        out.putVarLong(ends.size());
        for (OutputEnd output : ends) {
            Wire.text(out, output.partition().topic());
            out.putVarLong(output.partition().partition());
            out.putVarLong(output.end());
        }
    }

    static List<OutputEnd> readEnds(ByteBuffer in) {
        List<OutputEnd> ends = new ArrayList<>();
        for (int n = Wire.count(in); n > 0; n--) {
            ends.add(
                    new OutputEnd(
                            new TopicPartition(Wire.text(in), Wire.count(in)), Wire.number(in)));
        }
        return ends;
    }
}
