package dev.weir.sql.parse;

import dev.weir.sql.error.Position;

/// One `NAME = value` of a WITH clause.
///
/// @param value as text, without quotes
/// @param valuePosition where the value stands
public record Property(Name name, String value, Position valuePosition) {}
