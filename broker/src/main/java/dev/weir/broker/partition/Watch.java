package dev.weir.broker.partition;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Waits for one change of a [Partition], is told of it once, and can then be given to the
/// partition again. It is a link of the partition's list itself, so that waiting for a thousand
/// partitions makes no objects.
///
/// Any thread may tell it.
public abstract class Watch {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    // All three are guarded by the list it is in, or was in last.
    private Watch previous;
    private Watch next;
    private boolean listed;

    /// The high watermark, the last stable offset or the log start moved, or the partition ended.
    /// Called without locks by whichever thread did it; must be quick.
    protected abstract void changed();

    /// The watches of one partition. Any thread.
    static final class Watches {
        private volatile Watch first; // written under this lock

        boolean isEmpty() {
            return first == null;
        }

        synchronized void add(Watch watch) {
            if (watch.listed) {
                return;
            }
            watch.listed = true;
            watch.next = first;
            if (first != null) {
                first.previous = watch;
            }
            first = watch;
        }

        synchronized void remove(Watch watch) {
            if (!watch.listed) {
                return;
            }
            if (watch.previous == null) {
                first = watch.next;
            } else {
                watch.previous.next = watch.next;
            }
            if (watch.next != null) {
                watch.next.previous = watch.previous;
            }
            clear(watch);
        }

        /// Empties the list and then tells those that were in it.
        void tellAll() {
            if (first == null) {
                return;
            }
            Watch[] told;
            synchronized (this) {
                int count = 0;
                for (Watch each = first; each != null; each = each.next) {
                    count++;
                }
                told = new Watch[count];
                Watch each = first;
                for (int i = 0; i < count; i++) {
                    told[i] = each;
                    Watch following = each.next;
                    clear(each);
                    each = following;
                }
                first = null;
            }
            // Without the lock, since a watch may be added again while it is told.
            for (Watch watch : told) {
                try {
                    watch.changed();
                } catch (RuntimeException e) {
                    LOG.error("a watch threw", e);
                }
            }
        }

        private static void clear(Watch watch) {
            watch.previous = null;
            watch.next = null;
            watch.listed = false;
        }
    }
}
