package dev.weir.broker.request;

import dev.weir.broker.group.Groups;
import dev.weir.broker.topic.Topics;
import dev.weir.broker.txn.ProducerIdentity;
import dev.weir.broker.txn.Transactions;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnResult;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.InitProducerIdRequestData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AddPartitionsToTxnResponse;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/// What transactional producers ask of the coordinator.
record TransactionHandlers(Topics topics, Groups groups, Transactions transactions) {
    /// The first version of AddPartitionsToTxn that brokers send, with several transactions.
    private static final short FIRST_BATCHED = 4;

    /// The most partitions that one request may add to transactions.
    private static final int MAX_PARTITIONS = 10_000;

    /// The first version of EndTxn whose client takes a new epoch with each end.
    private static final short FIRST_BUMPING = 5;

    /// The versions from which on clients know `PRODUCER_FENCED`.
    private static final short INIT_WITH_FENCED = 4;

    private static final short OTHERS_WITH_FENCED = 2;

    static boolean isTransactional(Exchange exchange) {
        return ((InitProducerIdRequestData) exchange.request().body()).transactionalId() != null;
    }

    void initProducerId(Exchange exchange) {
        var body = (InitProducerIdRequestData) exchange.request().body();
        var expected = new ProducerIdentity(body.producerId(), body.producerEpoch());
        Answers.later(
                exchange,
                () -> {
                    if ((expected.producerId() == -1) != (expected.epoch() == -1)) {
                        return CompletableFuture.failedFuture(
                                Errors.INVALID_REQUEST.exception(
                                        "producer id and epoch must be given together"));
                    }
                    return transactions
                            .initialize(
                                    body.transactionalId(), body.transactionTimeoutMs(), expected)
                            .handle((producer, failure) -> {
                                var error = error(exchange, failure, INIT_WITH_FENCED);
                                var now = failure == null ? producer : ProducerIdentity.NONE;
                                return new InitProducerIdResponseData()
                                        .setErrorCode(error.code())
                                        .setProducerId(now.producerId())
                                        .setProducerEpoch(now.epoch());
                            });
                });
    }

    void addPartitions(Exchange exchange) {
        var body = (AddPartitionsToTxnRequestData) exchange.request().body();
        if (isTooMuch(body)) {
            exchange.close("more than " + MAX_PARTITIONS + " partitions in AddPartitionsToTxn");
            return;
        }
        if (exchange.request().version() < FIRST_BATCHED) {
            var asked =
                    new AddPartitionsToTxnTransaction()
                            .setTransactionalId(body.v3AndBelowTransactionalId())
                            .setProducerId(body.v3AndBelowProducerId())
                            .setProducerEpoch(body.v3AndBelowProducerEpoch())
                            .setTopics(body.v3AndBelowTopics());
            Answers.later(
                    exchange,
                    () ->
                            add(exchange, asked)
                                    .thenApply(result ->
                                            new AddPartitionsToTxnResponseData()
                                                    .setResultsByTopicV3AndBelow(
                                                            result.topicResults())));
            return;
        }
        Answers.later(
                exchange,
                () -> {
                    var results = new ArrayList<CompletableFuture<AddPartitionsToTxnResult>>();
                    for (var asked : body.transactions()) {
                        results.add(
                                asked.verifyOnly()
                                        ? verify(exchange, asked)
                                        : add(exchange, asked));
                    }
                    return CompletableFuture.allOf(results.toArray(CompletableFuture<?>[]::new))
                            .thenApply(_ -> {
                                var response = new AddPartitionsToTxnResponseData();
                                for (var each : results) {
                                    response.resultsByTransaction().add(each.join());
                                }
                                return response;
                            });
                });
    }

    private CompletableFuture<AddPartitionsToTxnResult> add(
            Exchange exchange, AddPartitionsToTxnTransaction asked) {
        var partitions = partitions(asked.topics());
        var refused = new HashMap<TopicPartition, Errors>();
        for (var each : partitions) {
            var topic = topics.find(each.topic());
            if (topic.isEmpty()
                    || each.partition() < 0
                    || each.partition() >= topic.get().partitions().size()) {
                refused.put(each, Errors.UNKNOWN_TOPIC_OR_PARTITION);
            } else if (topic.get().isInternal()) {
                refused.put(each, Errors.INVALID_TOPIC_EXCEPTION);
            }
        }
        var id = asked.transactionalId();
        if (!refused.isEmpty()) {
            partitions.forEach(each -> refused.putIfAbsent(each, Errors.OPERATION_NOT_ATTEMPTED));
            return CompletableFuture.completedFuture(
                    AddPartitionsToTxnResponse.resultForTransaction(id, refused));
        }
        return transactions
                .add(
                        id,
                        new ProducerIdentity(asked.producerId(), asked.producerEpoch()),
                        partitions)
                .handle((_, failure) ->
                        all(id, partitions, error(exchange, failure, OTHERS_WITH_FENCED)));
    }

    private CompletableFuture<AddPartitionsToTxnResult> verify(
            Exchange exchange, AddPartitionsToTxnTransaction asked) {
        var partitions = partitions(asked.topics());
        var id = asked.transactionalId();
        return transactions
                .missing(
                        id,
                        new ProducerIdentity(asked.producerId(), asked.producerEpoch()),
                        partitions)
                .handle((missing, failure) -> {
                    var result = new HashMap<TopicPartition, Errors>();
                    var error = error(exchange, failure, OTHERS_WITH_FENCED);
                    partitions.forEach(each -> result.put(each, error));
                    if (missing != null) {
                        missing.forEach(each -> result.put(each, Errors.TRANSACTION_ABORTABLE));
                    }
                    return AddPartitionsToTxnResponse.resultForTransaction(id, result);
                });
    }

    private static AddPartitionsToTxnResult all(
            String id, Set<TopicPartition> partitions, Errors error) {
        Map<TopicPartition, Errors> result = new HashMap<>();
        partitions.forEach(each -> result.put(each, error));
        return AddPartitionsToTxnResponse.resultForTransaction(id, result);
    }

    /// Whether a request names more partitions than there can be in earnest. Kafka's classes take
    /// time with the square of their number to answer it.
    private static boolean isTooMuch(AddPartitionsToTxnRequestData body) {
        long count = count(body.v3AndBelowTopics());
        for (var each : body.transactions()) {
            count += count(each.topics());
        }
        return count > MAX_PARTITIONS;
    }

    private static long count(AddPartitionsToTxnTopicCollection topics) {
        return topics.stream().mapToLong(topic -> topic.partitions().size()).sum();
    }

    private static Set<TopicPartition> partitions(AddPartitionsToTxnTopicCollection wanted) {
        var partitions = new HashSet<TopicPartition>();
        for (var topic : wanted) {
            for (int index : topic.partitions()) {
                partitions.add(new TopicPartition(topic.name(), index));
            }
        }
        return partitions;
    }

    void addOffsets(Exchange exchange) {
        var body = (AddOffsetsToTxnRequestData) exchange.request().body();
        Answers.later(
                exchange,
                () ->
                        groups.coordinator()
                                .thenCompose(coordinator ->
                                        transactions.add(
                                                body.transactionalId(),
                                                new ProducerIdentity(
                                                        body.producerId(), body.producerEpoch()),
                                                Set.of(
                                                        new TopicPartition(
                                                                Groups.TOPIC,
                                                                coordinator.partitionFor(
                                                                        body.groupId())))))
                                .handle((_, failure) ->
                                        new AddOffsetsToTxnResponseData()
                                                .setErrorCode(
                                                        error(exchange, failure, OTHERS_WITH_FENCED)
                                                                .code())));
    }

    void end(Exchange exchange) {
        var body = (EndTxnRequestData) exchange.request().body();
        boolean bumping = exchange.request().version() >= FIRST_BUMPING;
        Answers.later(
                exchange,
                () ->
                        transactions
                                .end(
                                        body.transactionalId(),
                                        new ProducerIdentity(
                                                body.producerId(), body.producerEpoch()),
                                        body.committed(),
                                        bumping)
                                .handle((producer, failure) -> {
                                    var error = error(exchange, failure, OTHERS_WITH_FENCED);
                                    var response =
                                            new EndTxnResponseData().setErrorCode(error.code());
                                    if (bumping && failure == null) {
                                        response.setProducerId(producer.producerId())
                                                .setProducerEpoch(producer.epoch());
                                    }
                                    return response;
                                }));
    }

    /// What a failure is called in the version of the request; none where there is none.
    private static Errors error(Exchange exchange, Throwable failure, short firstWithFenced) {
        if (failure == null) {
            return Errors.NONE;
        }
        var error = Answers.error(exchange, failure);
        return switch (error) {
            case PRODUCER_FENCED ->
                    exchange.request().version() < firstWithFenced
                            ? Errors.INVALID_PRODUCER_EPOCH
                            : error;
            // What keeps the coordinator from writing is the coordinator's trouble: clients look it
            // up again and ask again.
            case REQUEST_TIMED_OUT -> Errors.COORDINATOR_NOT_AVAILABLE;
            case KAFKA_STORAGE_ERROR, NOT_LEADER_OR_FOLLOWER -> Errors.NOT_COORDINATOR;
            default -> error;
        };
    }
}
