/// Record batches of magic 2, read and written in place. Start at [BatchHeader] for the fixed head,
/// [RecordValidator] for what clients send, [BatchRewriter] for what is not stored as it was sent,
/// [RecordBatchReader] to walk the records of a batch, [RecordBatchWriter] to build one. Readers
/// and writers belong to one thread and are reused; the header's methods are stateless. Kafka's
/// classes serve here for compression only.
package dev.weir.broker.record;
