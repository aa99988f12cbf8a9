/// Expressions compiled to loops over columns.
///
/// Start at [Kernels]: Calcite's RexNodes in, a [Kernel] out. Kernels are stateless classes cached
/// by the digest of their expressions; any thread may compile, each operator owns its instance.
package dev.weir.sql.expr;
