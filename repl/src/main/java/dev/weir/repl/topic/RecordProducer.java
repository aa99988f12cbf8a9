package dev.weir.repl.topic;

import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

import java.util.Properties;
import java.util.concurrent.atomic.AtomicReference;

/// Records sent in order and without duplicates (acks=all, idempotent). The first failure stops it:
/// every later call throws it. Used by one thread.
public final class RecordProducer implements AutoCloseable {
    private final KafkaProducer<byte[], byte[]> producer;
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    /// @param bootstrap `host:port` of the broker
    public RecordProducer(String bootstrap) {
        this(new Connection(bootstrap).properties());
    }

    /// @param properties of Kafka's producer, over the defaults set here
    RecordProducer(Properties properties) {
        Properties all = new Properties();
        all.put("acks", "all");
        all.put("enable.idempotence", "true");
        all.put("delivery.timeout.ms", "60000");
        all.put("max.block.ms", "30000");
        all.putAll(properties);
        producer = new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /// @param partition null to choose it by the key
    /// @param timestampMs null for the time of sending
    /// @param key null for none
    /// @param value null for a deletion
    /// @throws KafkaException when this or an earlier record could not be stored
    public void send(String topic, Integer partition, Long timestampMs, byte[] key, byte[] value) {
        throwFailure();
        // The callback takes the failures; the future would only hold them a second time.
        var _ =
                producer.send(
                        new ProducerRecord<>(topic, partition, timestampMs, key, value),
                        (_, e) -> {
                            if (e != null) {
                                failure.compareAndSet(null, e);
                            }
                        });
    }

    /// Waits until everything sent is stored.
    ///
    /// @throws KafkaException when something could not be stored
    public void flush() {
        producer.flush();
        throwFailure();
    }

    private void throwFailure() {
        Exception e = failure.get();
        if (e != null) {
            throw e instanceof KafkaException kafka ? kafka : new KafkaException(e);
        }
    }

    @Override
    public void close() {
        producer.close();
    }
}
