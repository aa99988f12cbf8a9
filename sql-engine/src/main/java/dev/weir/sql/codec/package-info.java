/// Rows and keys as bytes, for state: compact rows and memcomparable keys.
///
/// Start at [RowCodec] and [KeyCodec]. Codecs are immutable but for scratch space: one per owner. A
/// leaf above `batch`: knows nothing of topics, formats or SQL.
package dev.weir.sql.codec;
