package dev.weir.broker.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/// What the broker needs of a file system, with durability made explicit: contents are durable
/// after [StorageFile#sync], names (creation, rename, deletion) after [#syncDirectory] of their
/// directory.
public interface FileSystem {
    /// How a file is opened.
    enum OpenMode {
        /// Existing file, read only.
        READ,
        /// Existing file, read and write.
        WRITE,
        /// Read and write; created empty if absent.
        CREATE
    }

    /// Opens a file.
    ///
    /// @throws FileNotFoundException if it is absent and the mode does not create it
    StorageFile open(Path path, OpenMode mode) throws IOException;

    /// The full paths of the entries of a directory, sorted by name; empty when it does not exist.
    List<Path> list(Path directory) throws IOException;

    boolean exists(Path path) throws IOException;

    boolean isDirectory(Path path) throws IOException;

    /// Renames a file or directory, replacing a file of the new name.
    void rename(Path from, Path to) throws IOException;

    /// Deletes a file or an empty directory; nothing happens when it is absent.
    void delete(Path path) throws IOException;

    /// Creates a directory and its missing parents. Each new name is durable on return.
    void createDirectories(Path directory) throws IOException;

    /// Creates a directory in an existing one unless it is there. Its name is durable after a sync
    /// of the one it is in.
    void createDirectory(Path directory) throws IOException;

    /// Makes the names inside a directory durable.
    void syncDirectory(Path directory) throws IOException;

    /// When the contents of a file were last changed, in milliseconds since 1970, or what
    /// [#setLastModifiedMs] said since. Other than the contents it may be another after a crash.
    long lastModifiedMs(Path path) throws IOException;

    /// Gives a file a time at which its contents were last changed.
    void setLastModifiedMs(Path path, long ms) throws IOException;

    /// Bytes that can still be written where the path lies.
    long usableSpace(Path path) throws IOException;

    /// Deletes a file, or a directory with everything in it.
    default void deleteRecursively(Path path) throws IOException {
        if (isDirectory(path)) {
            for (Path child : list(path)) {
                deleteRecursively(child);
            }
        }
        delete(path);
    }

    /// The contents of a small file.
    default byte[] readFully(Path path) throws IOException {
        try (StorageFile file = open(path, OpenMode.READ)) {
            ByteBuffer contents = ByteBuffer.allocate(Math.toIntExact(file.size()));
            file.read(contents, 0);
            byte[] bytes = new byte[contents.position()];
            contents.flip().get(bytes);
            return bytes;
        }
    }

    /// Replaces a small file so that after a crash it holds either the old or the new contents; the
    /// new contents are durable on return. A file of the same name with `.tmp` appended is used.
    default void replace(Path path, ByteBuffer contents) throws IOException {
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try (StorageFile file = open(temporary, OpenMode.CREATE)) {
            file.truncate(0);
            file.write(contents, 0);
            file.sync();
        }
        rename(temporary, path);
        Path directory = path.getParent();
        if (directory != null) {
            syncDirectory(directory);
        }
    }
}
