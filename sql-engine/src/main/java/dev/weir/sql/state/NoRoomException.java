package dev.weir.sql.state;

import java.io.IOException;
import java.io.UncheckedIOException;

/// State that had to leave memory and found no room on the disk. It is whole in memory still, and
/// what was tried can be tried again: RocksDB goes on by itself once there is room.
public final class NoRoomException extends UncheckedIOException {
    private static final long serialVersionUID = 1L;

    NoRoomException(IOException cause) {
        super(cause);
    }
}
