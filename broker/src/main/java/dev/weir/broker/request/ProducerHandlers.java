package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.Groups;
import dev.weir.broker.partition.OwnProducers;
import dev.weir.broker.topic.TopicNames;
import dev.weir.broker.topic.Topics;
import dev.weir.broker.txn.Markers;
import dev.weir.broker.txn.ProducerIdentity;
import dev.weir.broker.txn.Transactions;
import dev.weir.broker.txn.Transactions.Description;

import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.DescribeProducersRequestData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData.PartitionResponse;
import org.apache.kafka.common.message.DescribeProducersResponseData.ProducerState;
import org.apache.kafka.common.message.DescribeProducersResponseData.TopicResponse;
import org.apache.kafka.common.message.DescribeTransactionsRequestData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TopicData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData.TransactionState;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData;
import org.apache.kafka.common.message.WriteTxnMarkersRequestData.WritableTxnMarker;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerPartitionResult;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerResult;
import org.apache.kafka.common.message.WriteTxnMarkersResponseData.WritableTxnMarkerTopicResult;
import org.apache.kafka.common.protocol.Errors;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/// Producers and transactions seen from outside, and the end of those that hang.
record ProducerHandlers(Topics topics, Transactions transactions, Markers markers) {

    void describeProducers(Exchange exchange) {
        var body = (DescribeProducersRequestData) exchange.request().body();
        var response = new DescribeProducersResponseData();
        var described = new HashSet<TopicPartition>();
        for (var wanted : body.topics()) {
            var topic = new TopicResponse().setName(wanted.name());
            for (int index : wanted.partitionIndexes()) {
                if (!described.add(new TopicPartition(wanted.name(), index))) {
                    continue; // a small request must not make a huge response
                }
                topic.partitions().add(describe(wanted.name(), index));
            }
            response.topics().add(topic);
        }
        exchange.reply(response);
    }

    private PartitionResponse describe(String topic, int index) {
        var response = new PartitionResponse().setPartitionIndex(index);
        try {
            for (var each : topics.partition(topic, index).producers()) {
                response.activeProducers()
                        .add(
                                new ProducerState()
                                        .setProducerId(each.producerId())
                                        .setProducerEpoch(each.producerEpoch())
                                        .setLastSequence(each.lastSequence())
                                        .setLastTimestamp(each.lastUpdateMs())
                                        .setCoordinatorEpoch(each.coordinatorEpoch())
                                        .setCurrentTxnStartOffset(each.transactionStart()));
            }
        } catch (BrokerException e) {
            response.setErrorCode(e.code()).setErrorMessage(e.getMessage());
        }
        return response;
    }

    void describeTransactions(Exchange exchange) {
        var body = (DescribeTransactionsRequestData) exchange.request().body();
        Answers.later(
                exchange,
                () -> {
                    var answers = new ArrayList<CompletableFuture<TransactionState>>();
                    for (var id : new LinkedHashSet<>(body.transactionalIds())) {
                        answers.add(describe(exchange, id));
                    }
                    return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new))
                            .thenApply(_ -> {
                                var response = new DescribeTransactionsResponseData();
                                for (var each : answers) {
                                    response.transactionStates().add(each.join());
                                }
                                return response;
                            });
                });
    }

    private CompletableFuture<TransactionState> describe(Exchange exchange, String id) {
        return transactions
                .describe(id)
                .handle((found, failure) -> {
                    var state = new TransactionState().setTransactionalId(id);
                    if (failure != null) {
                        return state.setErrorCode(Answers.error(exchange, failure).code());
                    }
                    return found.map(each -> fill(state, each))
                            .orElseGet(() ->
                                    state.setErrorCode(Errors.TRANSACTIONAL_ID_NOT_FOUND.code()));
                });
    }

    private static TransactionState fill(TransactionState state, Description found) {
        var partitions = new TreeMap<String, List<Integer>>();
        for (var each : found.partitions()) {
            partitions.computeIfAbsent(each.topic(), _ -> new ArrayList<>()).add(each.partition());
        }
        partitions.forEach((topic, indexes) ->
                state.topics().add(new TopicData().setTopic(topic).setPartitions(indexes)));
        return state.setProducerId(found.producer().producerId())
                .setProducerEpoch(found.producer().epoch())
                .setTransactionState(found.state())
                .setTransactionTimeoutMs(found.timeoutMs())
                .setTransactionStartTimeMs(found.startMs());
    }

    void listTransactions(Exchange exchange) {
        var body = (ListTransactionsRequestData) exchange.request().body();
        var pattern = body.transactionalIdPattern();
        Predicate<String> ids =
                pattern == null || pattern.isEmpty()
                        ? _ -> true
                        : Expressions.compile(pattern)::matches;
        Answers.later(
                exchange,
                () ->
                        transactions
                                .list()
                                .thenApply(all -> {
                                    var response = new ListTransactionsResponseData();
                                    body.stateFilters().stream()
                                            .filter(state -> !isState(state))
                                            .forEach(response.unknownStateFilters()::add);
                                    for (var each : all) {
                                        if (ids.test(each.transactionalId())
                                                && passes(body, each)) {
                                            response.transactionStates().add(listed(each));
                                        }
                                    }
                                    return response;
                                }));
    }

    private boolean passes(ListTransactionsRequestData body, Description each) {
        if (!body.stateFilters().isEmpty() && !body.stateFilters().contains(each.state())) {
            return false;
        }
        if (!body.producerIdFilters().isEmpty()
                && !body.producerIdFilters().contains(each.producer().producerId())) {
            return false;
        }
        // Kafka counts from the start of the last transaction, whether it has ended or not.
        return body.durationFilter() < 0 || transactions.ageMs(each) > body.durationFilter();
    }

    private static ListTransactionsResponseData.TransactionState listed(Description each) {
        return new ListTransactionsResponseData.TransactionState()
                .setTransactionalId(each.transactionalId())
                .setProducerId(each.producer().producerId())
                .setTransactionState(each.state());
    }

    private static boolean isState(String name) {
        return org.apache.kafka.clients.admin.TransactionState.parse(name)
                != org.apache.kafka.clients.admin.TransactionState.UNKNOWN;
    }

    /// Ends transactions in partitions without the coordinator, for operators whose coordinator
    /// lost them. Transactions of the server's own are refused, and so are topics that take part in
    /// nobody's transactions.
    void writeMarkers(Exchange exchange) {
        var body = (WriteTxnMarkersRequestData) exchange.request().body();
        Answers.later(
                exchange,
                () -> {
                    var response = new WriteTxnMarkersResponseData();
                    var writes = new ArrayList<CompletableFuture<Void>>();
                    for (var marker : body.markers()) {
                        var result =
                                new WritableTxnMarkerResult().setProducerId(marker.producerId());
                        for (var topic : marker.topics()) {
                            var ofTopic = new WritableTxnMarkerTopicResult().setName(topic.name());
                            for (int index : topic.partitionIndexes()) {
                                var ofPartition =
                                        new WritableTxnMarkerPartitionResult()
                                                .setPartitionIndex(index);
                                ofTopic.partitions().add(ofPartition);
                                writes.add(
                                        write(
                                                exchange,
                                                new TopicPartition(topic.name(), index),
                                                marker,
                                                ofPartition));
                            }
                            result.topics().add(ofTopic);
                        }
                        response.markers().add(result);
                    }
                    return CompletableFuture.allOf(writes.toArray(CompletableFuture<?>[]::new))
                            .thenApply(_ -> response);
                });
    }

    private CompletableFuture<Void> write(
            Exchange exchange,
            TopicPartition at,
            WritableTxnMarker marker,
            WritableTxnMarkerPartitionResult result) {
        if (OwnProducers.include(marker.producerId())) {
            // Its transactions are ended by the engine alone, which knows what they belong to.
            result.setErrorCode(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
            return CompletableFuture.completedFuture(null);
        }
        if (TopicNames.isInternal(at.topic()) && !at.topic().equals(Groups.TOPIC)) {
            // Whoever keeps its state there would no longer know what its own log holds.
            result.setErrorCode(ErrorCode.INVALID_TOPIC_EXCEPTION);
            return CompletableFuture.completedFuture(null);
        }
        if (marker.producerId() < 0 || marker.producerEpoch() < 0) {
            result.setErrorCode(Errors.INVALID_PRODUCER_ID_MAPPING.code());
            return CompletableFuture.completedFuture(null);
        }
        var end =
                new Markers.End(
                        new ProducerIdentity(marker.producerId(), marker.producerEpoch()),
                        OptionalInt.of(marker.coordinatorEpoch()),
                        marker.transactionResult(),
                        marker.transactionVersion());
        return markers.write(at, end)
                .handle((_, failure) -> {
                    result.setErrorCode(
                            failure == null
                                    ? Errors.NONE.code()
                                    : forCoordinators(Answers.error(exchange, failure)).code());
                    return null;
                });
    }

    /// As in Kafka: whoever writes markers does not expect errors of the coordinator of groups.
    private static Errors forCoordinators(Errors error) {
        return switch (error) {
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR ->
                    Errors.NOT_LEADER_OR_FOLLOWER;
            default -> error;
        };
    }
}
