/// The file-system seam: every byte the broker keeps passes through here. Start at [FileSystem].
/// [RealFileSystem] is the disk; [SimulatedFileSystem] is a disk in memory that forgets what was
/// not synced when told to crash, tears writes, fills up and fails calls.
///
/// A leaf. Files may be used by any thread; positional reads and writes keep no cursor. Who opens a
/// file closes it.
package dev.weir.broker.storage;
