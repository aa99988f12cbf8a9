package dev.weir.broker.storage;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/// A disk in memory that loses power on demand.
///
/// Each file keeps what was synced beside the writes since; each directory its synced names beside
/// its present ones. [#crash] keeps of the un-synced writes a random choice: none, a prefix, or any
/// of their sectors, so that holes and torn batches appear; of the un-synced names a prefix, as a
/// journalling file system would. Handles from before the crash are dead.
///
/// Random choices come from the seed alone, the times of files from [#clock]. Any thread may call.
public final class SimulatedFileSystem implements FileSystem {
    private static final int SECTOR = 512;

    private final Random random;
    private final Directory root = new Directory();
    private final List<NameChange> pendingNames = new ArrayList<>();
    private long generation;
    private long capacity = Long.MAX_VALUE;
    private long used;
    private long syncs;
    private long syncsUntilFailure = Long.MAX_VALUE;
    private long writesUntilFailure = Long.MAX_VALUE;
    private long namesUntilFailure = Long.MAX_VALUE;
    private long reads;
    private long writes;
    private long bytesRead;
    private Runnable duringNextSync = () -> {};
    private LongSupplier nowMs = () -> 0;

    public SimulatedFileSystem(long seed) {
        random = new Random(seed);
    }

    /// Loses power: drops what was not synced, except a random part of it.
    public synchronized void crash() {
        int kept = random.nextInt(3) == 0 ? 0 : random.nextInt(pendingNames.size() + 1);
        for (NameChange change : pendingNames.subList(0, kept)) {
            change.harden();
        }
        pendingNames.clear();
        root.crash(random);
        used = root.bytes();
        generation++;
        duringNextSync = () -> {};
        healFaults();
    }

    /// Lets the n-th sync from now (1 is the next) fail, and every one after it.
    public synchronized void failSyncsFrom(long nth) {
        syncsUntilFailure = nth;
    }

    /// Lets the n-th write from now (1 is the next) fail after a part of it, and every one after.
    public synchronized void failWritesFrom(long nth) {
        writesUntilFailure = nth;
    }

    /// Lets the n-th renaming or deletion from now (1 is the next) fail, and every one after it.
    public synchronized void failNameChangesFrom(long nth) {
        namesUntilFailure = nth;
    }

    /// Runs something once while the next sync of a file is under way: what it writes is not
    /// covered by that sync any more.
    public synchronized void duringNextSync(Runnable event) {
        duringNextSync = event;
    }

    /// Sets the clock that tells when files are changed; without one it is always 0.
    public synchronized void clock(LongSupplier clockMs) {
        nowMs = clockMs;
    }

    /// Ends failures asked for.
    public synchronized void healFaults() {
        syncsUntilFailure = Long.MAX_VALUE;
        writesUntilFailure = Long.MAX_VALUE;
        namesUntilFailure = Long.MAX_VALUE;
    }

    /// Sets how many bytes fit besides those already there.
    public synchronized void setFree(long bytes) {
        capacity = used + bytes;
    }

    /// Takes the limit of [#setFree] away.
    public synchronized void setUnlimited() {
        capacity = Long.MAX_VALUE;
    }

    /// Flips bits of a stored byte, as a failing disk would.
    public synchronized void corrupt(Path path, long position, int mask) throws IOException {
        Data data = data(path);
        int at = Math.toIntExact(position);
        if (at >= data.size) {
            throw new IllegalArgumentException(path + " has " + data.size + " bytes, not " + at);
        }
        data.bytes[at] ^= (byte) mask;
        if (at < data.durableSize) {
            data.durable[at] ^= (byte) mask;
        }
    }

    /// Syncs of files and directories that succeeded.
    public synchronized long syncs() {
        return syncs;
    }

    /// Calls that wrote to a file or tried to.
    public synchronized long writes() {
        return writes;
    }

    /// Calls that read from a file.
    public synchronized long reads() {
        return reads;
    }

    /// Bytes read from files.
    public synchronized long bytesRead() {
        return bytesRead;
    }

    @Override
    public synchronized StorageFile open(Path path, OpenMode mode) throws IOException {
        Directory parent = parent(path);
        String name = path.getFileName().toString();
        Node node = parent.names.get(name);
        if (node == null) {
            if (mode != OpenMode.CREATE) {
                throw new FileNotFoundException(path.toString());
            }
            if (used >= capacity) {
                throw new DiskFullException("No space left on device");
            }
            node = new Data(nowMs.getAsLong());
            change(new NameChange(null, null, parent, name, node));
        }
        if (!(node instanceof Data data)) {
            throw new IOException(path + " is a directory");
        }
        return new SimulatedFile(path, data, generation);
    }

    @Override
    public synchronized List<Path> list(Path directory) throws IOException {
        Node node = find(directory);
        if (node == null) {
            return List.of();
        }
        if (!(node instanceof Directory found)) {
            throw new NotDirectoryException(directory.toString());
        }
        return found.names.keySet().stream().map(directory::resolve).toList();
    }

    @Override
    public synchronized boolean exists(Path path) throws IOException {
        return find(path) != null;
    }

    @Override
    public synchronized boolean isDirectory(Path path) throws IOException {
        return find(path) instanceof Directory;
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        Directory source = parent(from);
        Directory target = parent(to);
        Node node = source.names.get(from.getFileName().toString());
        if (node == null) {
            throw new FileNotFoundException(from.toString());
        }
        countNameChange();
        change(
                new NameChange(
                        source,
                        from.getFileName().toString(),
                        target,
                        to.getFileName().toString(),
                        node));
    }

    @Override
    public synchronized void delete(Path path) throws IOException {
        Directory parent = parent(path);
        String name = path.getFileName().toString();
        Node node = parent.names.get(name);
        if (node == null) {
            return;
        }
        countNameChange();
        if (node instanceof Directory directory && !directory.names.isEmpty()) {
            throw new DirectoryNotEmptyException(path.toString());
        }
        if (node instanceof Data data) {
            used -= data.held.cardinality();
        }
        change(new NameChange(parent, name, null, null, node));
    }

    @Override
    public synchronized void createDirectories(Path directory) throws IOException {
        Directory current = root;
        for (Path part : absolute(directory)) {
            Node next = current.names.get(part.toString());
            if (next == null) {
                next = new Directory();
                change(new NameChange(null, null, current, part.toString(), next));
                harden(current);
            }
            if (!(next instanceof Directory found)) {
                throw new NotDirectoryException(directory.toString());
            }
            current = found;
        }
    }

    @Override
    public synchronized void createDirectory(Path directory) throws IOException {
        Directory parent = parent(directory);
        String name = directory.getFileName().toString();
        Node node = parent.names.get(name);
        if (node == null) {
            if (used >= capacity) {
                throw new DiskFullException("No space left on device");
            }
            change(new NameChange(null, null, parent, name, new Directory()));
        } else if (!(node instanceof Directory)) {
            throw new NotDirectoryException(directory.toString());
        }
    }

    @Override
    public synchronized void syncDirectory(Path directory) throws IOException {
        if (!(find(directory) instanceof Directory found)) {
            throw new FileNotFoundException(directory.toString());
        }
        countSync();
        harden(found);
    }

    @Override
    public synchronized long lastModifiedMs(Path path) throws IOException {
        return data(path).modifiedMs;
    }

    @Override
    public synchronized void setLastModifiedMs(Path path, long ms) throws IOException {
        data(path).modifiedMs = ms;
    }

    @Override
    public synchronized long usableSpace(Path path) {
        return Math.max(0, capacity - used);
    }

    private void harden(Directory directory) {
        for (Iterator<NameChange> changes = pendingNames.iterator(); changes.hasNext(); ) {
            NameChange change = changes.next();
            if (change.source == directory || change.target == directory) {
                change.harden();
                changes.remove();
            }
        }
    }

    private void change(NameChange change) {
        change.applyTo(true);
        pendingNames.add(change);
    }

    private void countNameChange() throws IOException {
        if (--namesUntilFailure <= 0) {
            throw new IOException("Input/output error");
        }
    }

    private void countSync() throws IOException {
        if (--syncsUntilFailure <= 0) {
            throw new IOException("Input/output error");
        }
        syncs++;
    }

    private Data data(Path path) throws IOException {
        if (find(path) instanceof Data data) {
            return data;
        }
        throw new FileNotFoundException(path.toString());
    }

    private Directory parent(Path path) throws IOException {
        Path parent = absolute(path).getParent();
        if (parent != null && find(parent) instanceof Directory directory) {
            return directory;
        }
        throw new FileNotFoundException(parent + ", the directory of " + path.getFileName());
    }

    private Node find(Path path) {
        Node current = root;
        for (Path part : absolute(path)) {
            if (!(current instanceof Directory directory)) {
                return null;
            }
            current = directory.names.get(part.toString());
            if (current == null) {
                return null;
            }
        }
        return current;
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    private sealed interface Node permits Directory, Data {}

    /// A creation (no source), deletion (no target) or rename.
    private record NameChange(
            Directory source, String oldName, Directory target, String newName, Node node) {
        void applyTo(boolean present) {
            if (source != null) {
                (present ? source.names : source.durableNames).remove(oldName);
            }
            if (target != null) {
                (present ? target.names : target.durableNames).put(newName, node);
            }
        }

        void harden() {
            applyTo(false);
        }
    }

    private static final class Directory implements Node {
        final TreeMap<String, Node> names = new TreeMap<>();
        final TreeMap<String, Node> durableNames = new TreeMap<>();

        void crash(Random random) {
            names.clear();
            names.putAll(durableNames);
            for (Node node : names.values()) {
                switch (node) {
                    case Directory directory -> directory.crash(random);
                    case Data data -> data.crash(random);
                }
            }
        }

        long bytes() {
            long sum = 0;
            for (Node node : names.values()) {
                sum +=
                        switch (node) {
                            case Directory directory -> directory.bytes();
                            case Data data -> data.held.cardinality();
                        };
            }
            return sum;
        }
    }

    private sealed interface Unsynced {
        record Written(int position, byte[] bytes) implements Unsynced {}

        record Cut(int size) implements Unsynced {}
    }

    private static final class Data implements Node {
        byte[] bytes = new byte[0];
        int size;
        byte[] durable = new byte[0];
        int durableSize;
        final List<Unsynced> unsynced = new ArrayList<>();
        final BitSet held = new BitSet(); // bytes that were written: the others take no room
        long modifiedMs;

        Data(long nowMs) {
            modifiedMs = nowMs;
        }

        /// How many bytes of a range take no room yet.
        int missing(int from, int to) {
            return to - from - held.get(from, to).cardinality();
        }

        void write(int position, byte[] written) {
            held.set(position, position + written.length);
            bytes = grown(bytes, position + written.length);
            System.arraycopy(written, 0, bytes, position, written.length);
            size = Math.max(size, position + written.length);
            unsynced.add(new Unsynced.Written(position, written));
        }

        void truncate(int to) {
            if (to < size) {
                Arrays.fill(bytes, to, size, (byte) 0);
                held.clear(to, size);
                size = to;
                unsynced.add(new Unsynced.Cut(to));
            }
        }

        void sync() {
            for (Unsynced change : unsynced) {
                switch (change) {
                    case Unsynced.Written(int position, byte[] written) ->
                            harden(position, written, 0, written.length);
                    case Unsynced.Cut(int to) -> hardenCut(to);
                }
            }
            unsynced.clear();
        }

        void crash(Random random) {
            int mode = random.nextInt(4);
            int kept = mode == 0 ? 0 : random.nextInt(unsynced.size() + 1);
            for (int i = 0; i < (mode == 3 ? unsynced.size() : kept); i++) {
                switch (unsynced.get(i)) {
                    case Unsynced.Written(int position, byte[] written) -> {
                        if (mode == 3) {
                            hardenSomeSectors(position, written, random);
                        } else if (mode == 2 && i == kept - 1) {
                            harden(position, written, 0, random.nextInt(written.length + 1));
                        } else {
                            harden(position, written, 0, written.length);
                        }
                    }
                    case Unsynced.Cut(int to) -> hardenCut(to);
                }
            }
            unsynced.clear();
            bytes = Arrays.copyOf(durable, durableSize);
            size = durableSize;
            held.clear();
            held.set(0, size);
        }

        private void hardenSomeSectors(int position, byte[] written, Random random) {
            for (int from = 0; from < written.length; ) {
                int to = Math.min(written.length, from + SECTOR - (position + from) % SECTOR);
                if (random.nextBoolean()) {
                    harden(position, written, from, to);
                }
                from = to;
            }
        }

        private void harden(int position, byte[] written, int from, int to) {
            if (from == to) {
                return;
            }
            durable = grown(durable, position + to);
            System.arraycopy(written, from, durable, position + from, to - from);
            durableSize = Math.max(durableSize, position + to);
        }

        private void hardenCut(int to) {
            if (to < durableSize) {
                Arrays.fill(durable, to, durableSize, (byte) 0);
                durableSize = to;
            }
        }

        private static byte[] grown(byte[] array, int needed) {
            return array.length >= needed
                    ? array
                    : Arrays.copyOf(array, Math.max(needed, array.length * 2));
        }
    }

    private final class SimulatedFile implements StorageFile {
        private final Data data;
        private final long opened;
        private volatile Path path;
        private boolean closed;

        SimulatedFile(Path path, Data data, long opened) {
            this.path = path;
            this.data = data;
            this.opened = opened;
        }

        @Override
        public Path path() {
            return path;
        }

        @Override
        public void rename(Path to) throws IOException {
            synchronized (SimulatedFileSystem.this) {
                checkOpen();
                SimulatedFileSystem.this.rename(path, to);
                path = to;
            }
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            synchronized (SimulatedFileSystem.this) {
                checkOpen();
                reads++;
                if (position >= data.size) {
                    return 0;
                }
                int count = (int) Math.min(target.remaining(), data.size - position);
                target.put(data.bytes, (int) position, count);
                bytesRead += count;
                return count;
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            synchronized (SimulatedFileSystem.this) {
                checkOpen();
                writes++;
                int at = Math.toIntExact(position);
                int count = source.remaining();
                long free = capacity - used;
                long growth = data.missing(at, at + count);
                boolean broken = --writesUntilFailure <= 0;
                boolean full = growth > free;
                if (full) {
                    count = 0;
                    while (data.missing(at, at + count + 1) <= free) {
                        count++;
                    }
                } else if (broken) {
                    count = random.nextInt(count + 1);
                }
                byte[] written = new byte[count];
                source.get(written);
                if (count > 0) {
                    used += data.missing(at, at + count);
                    data.write(at, written);
                    data.modifiedMs = nowMs.getAsLong();
                }
                if (full) {
                    throw new DiskFullException("No space left on device");
                }
                if (broken) {
                    throw new IOException("Input/output error");
                }
            }
        }

        @Override
        public void write(List<ByteBuffer> sources, long position) throws IOException {
            int size = sources.stream().mapToInt(ByteBuffer::remaining).sum();
            ByteBuffer joined = ByteBuffer.allocate(size);
            sources.forEach(joined::put);
            write(joined.flip(), position);
        }

        @Override
        public long size() throws IOException {
            synchronized (SimulatedFileSystem.this) {
                checkOpen();
                return data.size;
            }
        }

        @Override
        public void truncate(long size) throws IOException {
            synchronized (SimulatedFileSystem.this) {
                checkOpen();
                int before = data.held.cardinality();
                if (size < data.size) {
                    data.modifiedMs = nowMs.getAsLong();
                }
                data.truncate(Math.toIntExact(size));
                used += data.held.cardinality() - before;
            }
        }

        @Override
        public void sync() throws IOException {
            Runnable event;
            synchronized (SimulatedFileSystem.this) {
                checkOpen();
                countSync();
                data.sync();
                event = duringNextSync;
                duringNextSync = () -> {};
            }
            event.run();
        }

        @Override
        public long transferTo(long position, long count, WritableByteChannel target)
                throws IOException {
            ByteBuffer copy = ByteBuffer.allocate(Math.toIntExact(Math.min(count, 1 << 20)));
            read(copy, position);
            return target.write(copy.flip());
        }

        @Override
        public FileChannel channel() {
            return null;
        }

        @Override
        public void close() {
            synchronized (SimulatedFileSystem.this) {
                closed = true;
            }
        }

        private void checkOpen() throws IOException {
            if (closed || opened != generation) {
                throw new ClosedChannelException();
            }
        }
    }
}
