import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

import java.util.Map;

/// Begins a transaction, writes one record in it and leaves it open until it is killed: bootstrap,
/// topic, transactional id.
final class OpenTransaction {
    public static void main(String[] arguments) throws Exception {
        var settings =
                Map.<String, Object>of(
                        "bootstrap.servers", arguments[0], "transactional.id", arguments[2]);
        try (var producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(arguments[1], 0, "k", "never committed")).get();
            System.out.println("written");
            Thread.sleep(Long.MAX_VALUE);
        }
    }
}
