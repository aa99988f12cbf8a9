package dev.weir.server.pgwire;

import dev.weir.server.net.PacedWriter;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/// Collects the server's messages and sends them, at the latest when they fill a buffer. Belongs to
/// the thread of the conversation.
final class BackendMessages {
    private static final int PART_BYTES = 32 << 10;

    private final ByteBufAllocator allocator;
    private final PacedWriter writer;
    private ByteBuf out;

    BackendMessages(ByteBufAllocator allocator, PacedWriter writer) {
        this.allocator = allocator;
        this.writer = writer;
    }

    /// Sends what was collected; waits for a slow client.
    ///
    /// @throws dev.weir.server.net.ClientGoneException when there is none any more
    void flush() {
        if (out != null) {
            ByteBuf part = out;
            out = null;
            writer.write(part, part.readableBytes());
        }
    }

    /// Forgets what was collected.
    void discard() {
        if (out != null) {
            out.release();
            out = null;
        }
    }

    void authenticationOk() {
        int at = begin('R');
        out.writeInt(0);
        end(at);
    }

    /// @param minor the newest minor version of protocol 3 that is spoken here
    void negotiateProtocol(int minor, List<String> unknownOptions) {
        int at = begin('v');
        out.writeInt(minor);
        out.writeInt(unknownOptions.size());
        unknownOptions.forEach(this::text);
        end(at);
    }

    void parameterStatus(String name, String value) {
        int at = begin('S');
        text(name);
        text(value);
        end(at);
    }

    void backendKey(int processId, int secret) {
        int at = begin('K');
        out.writeInt(processId);
        out.writeInt(secret);
        end(at);
    }

    /// @param status I idle, T in a transaction, E in a failed one
    void readyForQuery(char status) {
        int at = begin('Z');
        out.writeByte(status);
        end(at);
    }

    void commandComplete(String tag) {
        int at = begin('C');
        text(tag);
        end(at);
    }

    void emptyQuery() {
        end(begin('I'));
    }

    void parseComplete() {
        end(begin('1'));
    }

    void bindComplete() {
        end(begin('2'));
    }

    void closeComplete() {
        end(begin('3'));
    }

    void noData() {
        end(begin('n'));
    }

    void portalSuspended() {
        end(begin('s'));
    }

    /// @param types oids
    void parameterDescription(List<Integer> types) {
        int at = begin('t');
        out.writeShort(types.size());
        types.forEach(out::writeInt);
        end(at);
    }

    void rowDescription(List<ResultColumn> columns, Formats formats) {
        int at = begin('T');
        out.writeShort(columns.size());
        for (int i = 0; i < columns.size(); i++) {
            PostgresType type = columns.get(i).type();
            text(columns.get(i).name());
            out.writeInt(0);
            out.writeShort(0);
            out.writeInt(type.oid());
            out.writeShort(type.size());
            out.writeInt(type.modifier());
            out.writeShort(formats.isBinary(i) ? 1 : 0);
        }
        end(at);
    }

    void dataRow(Object[] values, List<ResultColumn> columns, Formats formats) {
        int at = begin('D');
        out.writeShort(values.length);
        for (int i = 0; i < values.length; i++) {
            if (values[i] == null) {
                out.writeInt(-1);
                continue;
            }
            int lengthAt = out.writerIndex();
            out.writeInt(0);
            if (formats.isBinary(i)) {
                BinaryFormat.write(out, values[i], columns.get(i).type());
            } else {
                ByteBufUtil.writeUtf8(out, TextFormat.text(values[i], columns.get(i).type()));
            }
            out.setInt(lengthAt, out.writerIndex() - lengthAt - 4);
        }
        end(at);
    }

    void copyOut(int columns) {
        copyBegin('H', columns);
    }

    void copyIn(int columns) {
        copyBegin('G', columns);
    }

    private void copyBegin(char type, int columns) {
        int at = begin(type);
        out.writeByte(0);
        out.writeShort(columns);
        out.writeZero(2 * columns);
        end(at);
    }

    /// @param line with its line end
    void copyData(CharSequence line) {
        int at = begin('d');
        ByteBufUtil.writeUtf8(out, line);
        end(at);
    }

    void copyDone() {
        end(begin('c'));
    }

    /// An ErrorResponse, or a NoticeResponse for warnings.
    void problem(Problem problem) {
        boolean isError = problem.severity().equals("ERROR") || problem.severity().equals("FATAL");
        int at = begin(isError ? 'E' : 'N');
        field('S', problem.severity());
        field('V', problem.severity());
        field('C', problem.code());
        field('M', problem.message());
        problem.hint().ifPresent(hint -> field('H', hint));
        problem.position().ifPresent(position -> field('P', Integer.toString(position)));
        out.writeByte(0);
        end(at);
    }

    void parameterStatuses(Map<String, String> parameters) {
        parameters.forEach(this::parameterStatus);
    }

    private void field(char name, String value) {
        out.writeByte(name);
        text(value);
    }

    private void text(String value) {
        out.writeCharSequence(value, StandardCharsets.UTF_8);
        out.writeByte(0);
    }

    /// @return where the message's length goes
    private int begin(char type) {
        if (out == null) {
            out = allocator.buffer(1 << 10);
        }
        out.writeByte(type);
        int at = out.writerIndex();
        out.writeInt(0);
        return at;
    }

    private void end(int lengthAt) {
        out.setInt(lengthAt, out.writerIndex() - lengthAt);
        if (out.readableBytes() >= PART_BYTES) {
            flush();
        }
    }
}
