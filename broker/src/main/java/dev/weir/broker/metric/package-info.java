/// What the broker counts and how it is read: the pieces of which `/metrics` is made.
///
/// Start at [Metric], one name with its meaning; [MetricVisitor] takes the samples of one reading.
/// Any thread counts, any thread reads; counting takes no lock and allocates nothing. A leaf: it
/// knows no other package.
package dev.weir.broker.metric;
