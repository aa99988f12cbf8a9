package dev.weir.sql.exec;

import java.util.List;
import java.util.Map;

/// What the worker hands the committer: journal records that happen together, what they write, and
/// who is to be told when they have happened.
///
/// @param records to be journalled, in order; a step's output ends are still missing; empty when
///   nothing is to be made durable
/// @param outputs what the step writes, or null
/// @param step the last step computed
/// @param positions next offsets by relation after this; the arrays are not changed any more
/// @param clockMs the time of the records
/// @param published called by the committer when others may see it; must not fail or block
/// @param holding what it means for outputs that are held back
record Commit(
        List<JournalRecord> records,
        StepOutputs outputs,
        long step,
        Map<String, long[]> positions,
        long clockMs,
        List<Runnable> published,
        Holding holding) {

    /// Outputs of a query whose first step takes long are written ahead of its journal record, and
    /// held back until that is there. A query is named by the number of its statement.
    sealed interface Holding {
        /// Nothing is held back by this.
        record Nothing() implements Holding {}

        /// These outputs are held back; dead letters are not.
        record Keep(long statement) implements Holding {}

        /// What was held back becomes part of this step.
        record End(long statement) implements Holding {}

        /// What was held back has not happened.
        record Abort(long statement) implements Holding {}
    }
}
