/// The functions Weir has beyond Calcite's: ksqlDB's spellings, text and time, and the windows.
///
/// Start at [Functions]: the operator table the validator reads. The functions themselves are
/// static methods by family, called from compiled kernels on any thread; they keep no state.
package dev.weir.sql.function;
