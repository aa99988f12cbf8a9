/// Records to rows and back: JSON, Kafka's primitive serializers, delimited text.
///
/// Start at [Decoders] and [Encoders]. A decoder takes only the wanted columns straight from the
/// record's bytes; it appends a whole row or nothing. Decoders and encoders have scratch space:
/// each belongs to one thread. [RowValues] turns rows into what people and their drivers see.
package dev.weir.sql.serde;
