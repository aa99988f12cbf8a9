package dev.weir.repl.shell;

import dev.weir.repl.client.ResultColumn;
import dev.weir.repl.client.ResultHead;
import dev.weir.repl.client.Row;
import dev.weir.repl.render.LiveTable;
import dev.weir.repl.render.Palette;
import dev.weir.repl.render.Repaint;
import dev.weir.repl.render.ResultWriter;

import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;

import java.util.List;
import java.util.concurrent.TimeUnit;

/// A live table on a terminal, repainted in place until the query ends.
///
/// The thread that runs the statement brings changes and ends the view; a thread of its own paints,
/// [#FRAMES_PER_SECOND] times at most, so that a busy query costs no more than a quiet one. What
/// both touch is guarded by this. Meanwhile typed characters are not echoed, since they would land
/// in the table.
final class LiveTableView implements ResultWriter {
    private static final int FRAMES_PER_SECOND = 20;
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1) / FRAMES_PER_SECOND;

    private final Terminal terminal;
    private final LiveTable table;
    private final Repaint repaint = new Repaint();
    private Thread painter;
    private Attributes attributesBefore;
    private Terminal.SignalHandler resizeBefore;

    // Guarded by this.
    private boolean dirty;
    private boolean resized;
    private boolean ended;

    LiveTableView(Terminal terminal, ResultHead head, Palette palette) {
        this.terminal = terminal;
        this.table = new LiveTable(head, palette);
    }

    /// True when the terminal can move its cursor.
    static boolean isPossibleOn(Terminal terminal) {
        return !terminal.getType().startsWith(Terminal.TYPE_DUMB);
    }

    @Override
    public void begin(List<ResultColumn> columns, boolean live) {
        attributesBefore = terminal.getAttributes();
        Attributes silent = new Attributes(attributesBefore);
        silent.setLocalFlag(Attributes.LocalFlag.ECHO, false);
        silent.setLocalFlag(Attributes.LocalFlag.ICANON, false);
        terminal.setAttributes(silent);
        resizeBefore = terminal.handle(Terminal.Signal.WINCH, _ -> resized());
        dirty = true;
        painter = Thread.ofPlatform().daemon().name("live-table").start(this::paintOnAndOn);
    }

    @Override
    public synchronized void rows(List<Row> rows) {
        table.apply(rows);
        dirty = true;
        notifyAll();
    }

    private synchronized void resized() {
        resized = true;
        notifyAll();
    }

    @Override
    public void end() {
        synchronized (this) {
            ended = true;
            notifyAll();
        }
        boolean interrupted = false;
        while (painter.isAlive()) {
            try {
                painter.join();
            } catch (InterruptedException _) {
                interrupted = true;
            }
        }
        synchronized (this) {
            paint(true);
        }
        terminal.handle(Terminal.Signal.WINCH, resizeBefore);
        terminal.setAttributes(attributesBefore);
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void paintOnAndOn() {
        try {
            while (!ended) {
                if (dirty || resized) {
                    paint(false);
                    pause();
                } else {
                    wait();
                }
            }
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /// Lets changes gather before the next frame.
    private synchronized void pause() throws InterruptedException {
        long until = System.nanoTime() + PAUSE_NANOS;
        for (long left = PAUSE_NANOS; left > 0 && !ended; left = until - System.nanoTime()) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
    }

    private synchronized void paint(boolean last) {
        Size size = terminal.getSize();
        // A terminal that does not tell its size.
        int width = size.getColumns() > 0 ? size.getColumns() : 80;
        int height = size.getRows() > 0 ? size.getRows() : 24;
        List<String> frame = table.frame(width, height, last);
        terminal.writer().write(resized ? repaint.afresh(frame) : repaint.next(frame));
        terminal.writer().flush();
        dirty = false;
        resized = false;
    }
}
