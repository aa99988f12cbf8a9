// Administration, transactions and a group of two members with kafkajs.
// Prints what it finds; OtherClientsTest holds it against what Kafka would answer.
const { Kafka, logLevel, ConfigResourceTypes, CompressionTypes } = require('kafkajs');

const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING });

async function wait(condition) {
    const deadline = Date.now() + 60_000;
    while (!condition() && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return condition();
}

async function member() {
    const consumer = kafka.consumer({
        groupId: 'js',
        sessionTimeout: 6000,
        rebalanceTimeout: 6000,
        heartbeatInterval: 300,
    });
    const state = { read: [], assigned: [], leave: () => consumer.disconnect() };
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
        state.assigned = payload.memberAssignment.js ?? [];
    });
    await consumer.connect();
    await consumer.subscribe({ topic: 'js', fromBeginning: true });
    await consumer.run({
        eachMessage: async ({ message }) => state.read.push(message.value.toString()),
    });
    return state;
}

async function main() {
    const admin = kafka.admin();
    await admin.connect();
    const topic = { topic: 'js', numPartitions: 6, replicationFactor: 1 };
    console.log('created', await admin.createTopics({ topics: [topic] }));
    console.log('created', await admin.createTopics({ topics: [topic] }));
    const resource = { type: ConfigResourceTypes.TOPIC, name: 'js' };
    await admin.alterConfigs({
        validateOnly: false,
        resources: [{ ...resource, configEntries: [{ name: 'retention.ms', value: '7200000' }] }],
    });
    const described = await admin.describeConfigs({
        includeSynonyms: false,
        resources: [{ ...resource, configNames: ['retention.ms'] }],
    });
    console.log('retention.ms', described.resources[0].configEntries[0].configValue);

    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const messages = [...Array(60).keys()].map((i) => ({ key: `k${i}`, value: `v${i}` }));
    await producer.send({ topic: 'js', compression: CompressionTypes.GZIP, messages });
    const transactional = kafka.producer({
        transactionalId: 'js',
        idempotent: true,
        maxInFlightRequests: 1,
    });
    await transactional.connect();
    const aborted = await transactional.transaction();
    await aborted.send({ topic: 'js', messages: [{ value: 'aborted' }] });
    await aborted.abort();
    const committed = await transactional.transaction();
    await committed.send({ topic: 'js', messages: [{ value: 'committed' }] });
    await committed.sendOffsets({
        consumerGroupId: 'other',
        topics: [{ topic: 'js', partitions: [{ partition: 0, offset: '5' }] }],
    });
    await committed.commit();
    const offsets = await admin.fetchOffsets({ groupId: 'other', topics: ['js'] });
    console.log('in the transaction', offsets[0].partitions.find((p) => p.partition === 0).offset);

    const one = await member();
    console.log('one reads all', await wait(() => one.read.includes('committed') && one.read.length >= 61));
    console.log('aborted', one.read.includes('aborted'));
    const two = await member();
    console.log('two share', await wait(() => one.assigned.length === 3 && two.assigned.length === 3));
    await one.leave();
    console.log('two takes over', await wait(() => two.assigned.length === 6));
    await producer.send({ topic: 'js', messages: [{ value: 'last' }] });
    console.log('two goes on', await wait(() => two.read.includes('last')), two.read.length);
    await two.leave();
    await admin.deleteGroups(['js']);
    await admin.deleteTopics({ topics: ['js'] });
    console.log('left', (await admin.listTopics()).includes('js'));
    await Promise.all([admin, producer, transactional].map((client) => client.disconnect()));
}

main().catch((e) => {
    console.error(e);
    process.exit(1);
});
