/// What Apache Kafka's coordinator runtime needs of a broker, lent by this one: partitions of a
/// topic to write to ([LogWriter]) and to load from ([LogLoader]), the time, and a start when it is
/// first asked for ([LateStart]). Used by the coordinators of groups and of transactions, which
/// differ only in what their records mean.
package dev.weir.broker.coordinator;
