package dev.weir.broker.partition;

import dev.weir.broker.log.DiskHealth;
import dev.weir.broker.storage.FileSystem;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;

/// What is left of deleted partitions: their directories, renamed to `.deleted.<random>`, which no
/// topic can be called, until their bytes are deleted. Any thread.
final class DeletedPartitions {
    private static final Logger LOG = LoggerFactory.getLogger(DeletedPartitions.class);
    private static final String DELETED = ".deleted.";

    private final FileSystem files;
    private final Path directory;
    private final DiskHealth health;

    DeletedPartitions(FileSystem files, Path directory, DiskHealth health) {
        this.files = files;
        this.directory = directory;
        this.health = health;
    }

    /// Takes the directory of a partition, if there is one, durably.
    void take(String partition) throws IOException {
        Path path = directory.resolve(partition);
        if (files.exists(path)) {
            files.rename(path, directory.resolve(DELETED + UUID.randomUUID()));
            health.syncDirectory(files, directory);
        }
    }

    /// Deletes what was taken, also before the last start.
    ///
    /// @param entries of the log directory
    void deleteFiles(List<Path> entries) {
        for (Path entry : entries) {
            if (entry.getFileName().toString().startsWith(DELETED)) {
                try {
                    files.deleteRecursively(entry);
                } catch (IOException e) {
                    LOG.warn("cannot delete {}: {}", entry, e.getMessage());
                }
            }
        }
    }
}
