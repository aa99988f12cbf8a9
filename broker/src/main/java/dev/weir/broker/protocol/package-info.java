/// The one adapter over Apache Kafka's generated codec: requests read, responses written.
///
/// Start at [Codec]. Nobody else encodes, decodes or looks at header versions; handlers only fill
/// in the generated data classes. Record batches pass through untouched: those of a produce request
/// stay slices of the frame, those of a fetch response leave as [RecordRegion]s. All calls are
/// stateless and made on the connection's event loop.
package dev.weir.broker.protocol;
