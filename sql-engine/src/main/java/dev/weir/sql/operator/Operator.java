package dev.weir.sql.operator;

import dev.weir.sql.batch.Batch;

/// One node of a running circuit, in one lane. Never called concurrently.
public interface Operator {
    /// Takes part of a step's delta on one of its inputs (numbered from 0). The batch is valid
    /// during the call only.
    void accept(int input, Batch delta);

    /// All inputs of the step have been delivered: emits what is still owed. Called once a step, in
    /// an order in which every operator comes after those that feed it.
    void endStep();
}
