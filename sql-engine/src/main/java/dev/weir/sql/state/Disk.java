package dev.weir.sql.state;

import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.Checkpoint;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.FlushOptions;
import org.rocksdb.IndexType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.Snapshot;
import org.rocksdb.Status;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteBufferManager;
import org.rocksdb.WriteOptions;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// The RocksDB behind the maps: two column families, no write-ahead log, memory bounded by one
/// write-buffer manager that charges memtables to the block cache.
///
/// A write on a full disk fails with [NoRoomException], and so does every later one until RocksDB,
/// which looks for itself, has found room and written what it holds in memory; reads go on.
///
/// Disk keys are {operator, 4 bytes big-endian; shard, 1 byte; key}. Gets may come from any thread;
/// writes from one at a time.
final class Disk implements AutoCloseable {
    static {
        RocksDB.loadLibrary();
    }

    static final int HEAD = 5;
    static final int POINT = 0;
    static final int ORDERED = 1;

    /// How much of an index or a filter is read and cached at once. A filter in one piece has more
    /// than a byte for each key of a file, and one too large for its share of the cache would be
    /// read whole for every get: a megabyte for a file of a million keys.
    private static final int FILTER_BLOCK_BYTES = 4 << 10;

    private final List<AutoCloseable> natives = new ArrayList<>();
    private final Set<DiskScan> scans = new HashSet<>();
    private final ReadWriteLock use = new ReentrantReadWriteLock();
    private final RocksDB db;
    private final ColumnFamilyHandle[] families = new ColumnFamilyHandle[2];
    private final WriteOptions writeOptions = keep(new WriteOptions().setDisableWAL(true));
    private volatile boolean closed;

    Disk(Path dir, long memoryBytes) {
        Cache cache = keep(new LRUCache(memoryBytes));
        WriteBufferManager buffers = keep(new WriteBufferManager(memoryBytes / 2, cache));
        DBOptions options =
                keep(
                        new DBOptions()
                                .setCreateIfMissing(true)
                                .setCreateMissingColumnFamilies(true)
                                .setAtomicFlush(true)
                                .setAvoidFlushDuringShutdown(true)
                                .setWriteBufferManager(buffers)
                                .setMaxBackgroundJobs(2)
                                .setMaxOpenFiles(512)
                                .setStatsDumpPeriodSec(0)
                                .setStatsPersistPeriodSec(0)
                                .setKeepLogFileNum(2)
                                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL));
        ColumnFamilyOptions familyOptions =
                keep(
                        new ColumnFamilyOptions()
                                .setWriteBufferSize(Math.max(1L << 20, memoryBytes / 8))
                                .setCompressionType(CompressionType.LZ4_COMPRESSION)
                                .setTableFormatConfig(
                                        new BlockBasedTableConfig()
                                                .setBlockCache(cache)
                                                .setBlockSize(8 << 10)
                                                .setIndexType(IndexType.kTwoLevelIndexSearch)
                                                .setFilterPolicy(keep(new BloomFilter(10)))
                                                .setPartitionFilters(true)
                                                .setMetadataBlockSize(FILTER_BLOCK_BYTES)
                                                .setPinTopLevelIndexAndFilter(true)
                                                .setCacheIndexAndFilterBlocks(true)
                                                .setPinL0FilterAndIndexBlocksInCache(true)));
        List<ColumnFamilyHandle> handles = new ArrayList<>();
        List<ColumnFamilyDescriptor> descriptors =
                List.of(
                        new ColumnFamilyDescriptor(RocksDB.DEFAULT_COLUMN_FAMILY, familyOptions),
                        new ColumnFamilyDescriptor(
                                "point".getBytes(StandardCharsets.US_ASCII), familyOptions),
                        new ColumnFamilyDescriptor(
                                "ordered".getBytes(StandardCharsets.US_ASCII), familyOptions));
        try {
            db = RocksDB.open(options, dir.toString(), descriptors, handles);
        } catch (RocksDBException e) {
            closeNatives();
            throw failed("cannot open state in " + dir, e);
        }
        for (ColumnFamilyHandle handle : handles) {
            keep(handle);
        }
        families[POINT] = handles.get(1);
        families[ORDERED] = handles.get(2);
    }

    private <T extends AutoCloseable> T keep(T resource) {
        natives.add(resource);
        return resource;
    }

    private static UncheckedIOException failed(String what, RocksDBException cause) {
        IOException failure = new IOException(what + ": " + cause.getMessage(), cause);
        Status status = cause.getStatus();
        return status != null && status.getSubCode() == Status.SubCode.NoSpace
                ? new NoRoomException(failure)
                : new UncheckedIOException(failure);
    }

    static void putOperator(byte[] key, int operator) {
        key[0] = (byte) (operator >>> 24);
        key[1] = (byte) (operator >>> 16);
        key[2] = (byte) (operator >>> 8);
        key[3] = (byte) operator;
    }

    /// The first key after all keys of an operator's shards.
    private static byte[] end(int operator, Shards shards) {
        return shards.to() == Shards.COUNT ? end(operator) : shard(operator, shards.to());
    }

    private static byte[] start(int operator, Shards shards) {
        return shard(operator, shards.from());
    }

    private static byte[] shard(int operator, int shard) {
        byte[] key = new byte[HEAD];
        putOperator(key, operator);
        key[4] = (byte) shard;
        return key;
    }

    /// The first key after all keys of an operator.
    private static byte[] end(int operator) {
        if (operator == -1) {
            return new byte[] {-1, -1, -1, -1, -1, -1};
        }
        byte[] key = new byte[4];
        putOperator(key, operator + 1);
        return key;
    }

    private static byte[] start(int operator) {
        byte[] key = new byte[4];
        putOperator(key, operator);
        return key;
    }

    /// The value, or null.
    byte[] get(int family, byte[] key, int length) {
        use.readLock().lock();
        try {
            checkOpen();
            return db.get(families[family], key, 0, length);
        } catch (RocksDBException e) {
            throw failed("cannot read state", e);
        } finally {
            use.readLock().unlock();
        }
    }

    boolean hasAny(int family, int operator, Shards shards) {
        try (DiskScan scan = scan(family, operator, shards, false)) {
            return scan.valid();
        }
    }

    /// All keys of an operator's shards in order, starting at the first.
    ///
    /// @param fixed whether it shall not see writes after this call
    DiskScan scan(int family, int operator, Shards shards, boolean fixed) {
        use.readLock().lock();
        try {
            checkOpen();
            DiskScan scan = new DiskScan(family, operator, shards, fixed);
            synchronized (scans) {
                scans.add(scan);
            }
            return scan;
        } finally {
            use.readLock().unlock();
        }
    }

    Writer writer() {
        return new Writer();
    }

    /// Makes memtables files.
    void flush() {
        use.readLock().lock();
        try (FlushOptions options =
                new FlushOptions().setWaitForFlush(true).setAllowWriteStall(true)) {
            checkOpen();
            db.flush(options, List.of(families));
        } catch (RocksDBException e) {
            throw failed("cannot flush state", e);
        } finally {
            use.readLock().unlock();
        }
    }

    /// Hard-links the present state into a new directory.
    void link(Path target) {
        use.readLock().lock();
        try (Checkpoint checkpoint = Checkpoint.create(db)) {
            checkOpen();
            checkpoint.createCheckpoint(target.toString());
        } catch (RocksDBException e) {
            throw failed("cannot write checkpoint " + target, e);
        } finally {
            use.readLock().unlock();
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("state store is closed");
        }
    }

    @Override
    public void close() {
        use.writeLock().lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            synchronized (scans) {
                for (DiskScan scan : scans) {
                    scan.release();
                }
                scans.clear();
            }
            for (ColumnFamilyHandle family : families) {
                family.close();
            }
            db.close();
            closeNatives();
        } finally {
            use.writeLock().unlock();
        }
    }

    private void closeNatives() {
        for (int i = natives.size() - 1; i >= 0; i--) {
            try {
                natives.get(i).close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
        natives.clear();
    }

    /// Collects writes and applies them some megabytes at a time.
    final class Writer implements AutoCloseable {
        private static final long BATCH_BYTES = 4 << 20;

        private final WriteBatch batch = new WriteBatch();

        void put(int family, byte[] key, byte[] value) {
            try {
                batch.put(families[family], key, value);
                if (batch.getDataSize() >= BATCH_BYTES) {
                    apply();
                }
            } catch (RocksDBException e) {
                throw failed("cannot write state", e);
            }
        }

        void delete(int family, byte[] key) {
            try {
                batch.delete(families[family], key);
                if (batch.getDataSize() >= BATCH_BYTES) {
                    apply();
                }
            } catch (RocksDBException e) {
                throw failed("cannot write state", e);
            }
        }

        void drop(int operator) {
            try {
                batch.deleteRange(families[POINT], start(operator), end(operator));
                batch.deleteRange(families[ORDERED], start(operator), end(operator));
            } catch (RocksDBException e) {
                throw failed("cannot write state", e);
            }
        }

        void apply() {
            use.readLock().lock();
            try {
                checkOpen();
                db.write(writeOptions, batch);
                batch.clear();
            } catch (RocksDBException e) {
                throw failed("cannot write state", e);
            } finally {
                use.readLock().unlock();
            }
        }

        @Override
        public void close() {
            batch.close();
        }
    }

    /// An iterator over one operator's keys. One thread at a time.
    final class DiskScan implements AutoCloseable {
        private final Snapshot snapshot;
        private final Slice upperBound;
        private final ReadOptions options;
        private final RocksIterator iterator;
        private boolean released;

        private DiskScan(int family, int operator, Shards shards, boolean fixed) {
            snapshot = fixed ? db.getSnapshot() : null;
            upperBound = new Slice(end(operator, shards));
            options = new ReadOptions().setIterateUpperBound(upperBound);
            if (fixed) {
                options.setSnapshot(snapshot);
            }
            iterator = db.newIterator(families[family], options);
            iterator.seek(start(operator, shards));
        }

        /// Holds off closing of the database while the iterator is used.
        void enter() {
            use.readLock().lock();
            if (released) {
                use.readLock().unlock();
                throw new IllegalStateException("state store is closed");
            }
        }

        void exit() {
            use.readLock().unlock();
        }

        boolean valid() {
            if (iterator.isValid()) {
                return true;
            }
            try {
                iterator.status();
            } catch (RocksDBException e) {
                throw failed("cannot read state", e);
            }
            return false;
        }

        /// Moves to the first key not below the given one.
        void seek(byte[] key) {
            iterator.seek(key);
        }

        /// Sees all writes so far.
        void refresh() {
            try {
                iterator.refresh();
            } catch (RocksDBException e) {
                throw failed("cannot read state", e);
            }
        }

        void next() {
            iterator.next();
        }

        byte[] key() {
            return iterator.key();
        }

        byte[] value() {
            return iterator.value();
        }

        private void release() {
            released = true;
            iterator.close();
            options.close();
            upperBound.close();
            if (snapshot != null) {
                db.releaseSnapshot(snapshot);
            }
        }

        @Override
        public void close() {
            use.readLock().lock();
            try {
                if (released) {
                    return;
                }
                synchronized (scans) {
                    scans.remove(this);
                }
                release();
            } finally {
                use.readLock().unlock();
            }
        }
    }
}
