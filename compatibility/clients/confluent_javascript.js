// Administration, a transaction and both kinds of groups with @confluentinc/kafka-javascript (librdkafka).
// Prints what it finds: node confluent_javascript.js BOOTSTRAP
const {
    KafkaJS: { Kafka },
    features, // of the librdkafka it was compiled with
} = require('@confluentinc/kafka-javascript');

const topic = 'confluent-javascript';
const kafka = new Kafka({ kafkaJS: { clientId: topic, brokers: [process.argv[2]], logLevel: 1 } });

function messages(prefix, count) {
    return Array.from({ length: count }, (_, i) => ({ key: `${i}`, value: `${prefix} ${i}`, headers: { h: prefix } }));
}

async function group(protocol, expected) {
    const settings = { 'group.id': `${topic}-${protocol}`, 'auto.offset.reset': 'earliest', 'group.protocol': protocol };
    const consumer = kafka.consumer(settings);
    await consumer.connect();
    await consumer.subscribe({ topics: [topic] });
    const values = new Set();
    await new Promise((resolve, reject) => {
        const patience = setTimeout(() => reject(new Error(`${protocol}: ${values.size} of ${expected}`)), 45000);
        consumer
            .run({
                eachMessage: async ({ message }) => {
                    values.add(message.value.toString());
                    if (values.size === expected) {
                        clearTimeout(patience);
                        resolve();
                    }
                },
            })
            .catch(reject);
    });
    await consumer.disconnect();
    console.log(protocol, 'committed only', [...values].every((each) => each.startsWith('committed')));
}

async function main() {
    const admin = kafka.admin();
    await admin.connect();
    console.log('created', await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1 }] }));
    const producer = kafka.producer({ 'transactional.id': topic });
    await producer.connect();
    const aborted = await producer.transaction();
    await aborted.send({ topic, messages: messages('aborted', 50) });
    await aborted.abort();
    const committed = await producer.transaction();
    await committed.send({ topic, messages: messages('committed', 100) });
    await committed.commit();
    await producer.disconnect();
    const codecs = ['gzip', 'snappy', 'lz4', 'zstd'].filter((each) => features.includes(each));
    for (const codec of codecs) {
        const plain = kafka.producer({ 'compression.codec': codec, 'enable.idempotence': true });
        await plain.connect();
        await plain.send({ topic, messages: messages(`committed ${codec}`, 100) });
        await plain.disconnect();
    }
    for (const protocol of ['classic', 'consumer']) {
        await group(protocol, 100 * (1 + codecs.length));
    }
    const { groups } = await admin.listGroups();
    console.log('groups', groups.filter((each) => each.groupId.startsWith(topic)).length);
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
}

main().catch((e) => {
    console.error(e);
    process.exit(1);
});
