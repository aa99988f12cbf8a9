package dev.weir.sql.error;

import java.util.function.Supplier;

/// A moment at which the planning of a statement can be ended from outside. Who plans comes by such
/// moments all the time: at each word, expression and rule; who lets it plan says what happens
/// there. Without that nothing does, as when the journal is replayed.
@FunctionalInterface
public interface Checkpoint {
    /// Called by the planning thread.
    ///
    /// @throws RuntimeException to end the planning; as planning may take it for a failure of the
    ///   part it is in, it must be thrown again at each later checkpoint
    void reached();

    /// Does some work whose checkpoints are this one.
    static <T> T during(Checkpoint checkpoint, Supplier<T> work) {
        return ScopedValue.where(Current.CHECKPOINT, checkpoint).call(work::get);
    }

    /// The work of this thread has come to a checkpoint.
    static void pass() {
        if (Current.CHECKPOINT.isBound()) {
            Current.CHECKPOINT.get().reached();
        }
    }

    /// Holds what an interface cannot hide.
    final class Current {
        private static final ScopedValue<Checkpoint> CHECKPOINT = ScopedValue.newInstance();

        private Current() {}
    }
}
