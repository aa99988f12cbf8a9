package dev.weir.server.pgwire;

import java.util.List;

/// A statement with values, and how far its result was read. One conversation's.
final class Portal implements AutoCloseable {
    private final DoorStatement statement;
    private final List<Object> values;
    private final Formats formats;
    private final boolean held;
    private Answer answer;
    private boolean finished;

    /// @param held it outlives its transaction
    Portal(DoorStatement statement, List<Object> values, Formats formats, boolean held) {
        this.statement = statement;
        this.values = values;
        this.formats = formats;
        this.held = held;
    }

    DoorStatement statement() {
        return statement;
    }

    /// May hold null for NULL.
    List<Object> values() {
        return values;
    }

    Formats formats() {
        return formats;
    }

    boolean isHeld() {
        return held;
    }

    /// What it answered, null before it was carried out.
    Answer answer() {
        return answer;
    }

    void answered(Answer given) {
        answer = given;
    }

    /// True once all its rows were read.
    boolean isFinished() {
        return finished;
    }

    void finish() {
        finished = true;
    }

    @Override
    public void close() {
        if (answer instanceof Answer.Table table) {
            table.rows().close();
        }
    }
}
