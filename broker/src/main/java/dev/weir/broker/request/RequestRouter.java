package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.GroupSettings;
import dev.weir.broker.group.Groups;
import dev.weir.broker.protocol.Codec;
import dev.weir.broker.protocol.ServedApis;
import dev.weir.broker.protocol.WireRequest;
import dev.weir.broker.quota.Quotas;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.Topics;
import dev.weir.broker.txn.Markers;
import dev.weir.broker.txn.Transactions;

import org.apache.kafka.common.protocol.ApiKeys;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.EnumMap;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/// Gives each request to the handler of its API. What has no handler is not served.
public final class RequestRouter {
    private static final Logger LOGGER = LoggerFactory.getLogger(RequestRouter.class);

    private final EnumMap<ApiKeys, Handler> handlers = new EnumMap<>(ApiKeys.class);
    private final ServedApis served;
    private final ProduceHandler produce;
    private final Quotas quotas;
    private final RequestMetrics metrics;
    private final Guard guard;

    /// @param groupSettings which settings groups can have
    /// @param producerIds gives ids nobody had before
    /// @param threads run what would hold up an event loop
    public RequestRouter(
            ServingConfig config,
            Topics topics,
            AdminSettings admins,
            Quotas quotas,
            Authorizer authorizer,
            Groups groups,
            GroupSettings groupSettings,
            Transactions transactions,
            Markers markers,
            ProducerIdSource producerIds,
            FetchSessions sessions,
            RequestMetrics metrics,
            RequestThreads threads) {
        this.quotas = quotas;
        this.metrics = metrics;
        this.produce = new ProduceHandler(topics, transactions, metrics);
        this.guard =
                authorizer.isEnforced()
                        ? new Guard(authorizer, topics, config.autoCreateTopics())
                        : null;
        Executor admin = threads.admin();
        Executor lookup = threads.lookup();
        var cluster = new ClusterHandlers(config, topics, admin);
        var offsets = new OffsetHandlers(topics);
        var changes = new TopicHandlers(config, topics);
        var settings = new ConfigHandlers(config, topics, admins, groupSettings);
        var limits = new QuotaHandlers(admins);
        var users = new UserHandlers(admins);
        var rules = new AccessRuleHandlers(admins, authorizer.isEnforced());
        var directories = new DirectoryHandlers(config, topics);

        var calls = new GroupCalls(groups);
        var members = new GroupHandlers(config.node(), calls, transactions);
        var committed = new GroupOffsetHandlers(topics, calls);

        var ofTransactions = new TransactionHandlers(topics, groups, transactions);
        var producers = new ProducerHandlers(topics, transactions, markers);

        handlers.put(ApiKeys.PRODUCE, produce);
        handlers.put(
                ApiKeys.FETCH,
                new FetchHandler(topics, sessions, authorizer, config.node(), metrics));
        handlers.put(ApiKeys.METADATA, cluster::metadata);
        handlers.put(ApiKeys.DESCRIBE_CLUSTER, cluster::describeCluster);
        handlers.put(ApiKeys.DESCRIBE_TOPIC_PARTITIONS, cluster::describeTopicPartitions);
        handlers.put(ApiKeys.LIST_PARTITION_REASSIGNMENTS, cluster::listReassignments);
        handlers.put(ApiKeys.DESCRIBE_QUORUM, cluster::describeQuorum);
        handlers.put(ApiKeys.ELECT_LEADERS, cluster::electLeaders);
        handlers.put(ApiKeys.DESCRIBE_LOG_DIRS, on(lookup, directories::describe));
        handlers.put(ApiKeys.ALTER_REPLICA_LOG_DIRS, directories::move);
        Handler searching = on(lookup, offsets::search);
        handlers.put(
                ApiKeys.LIST_OFFSETS,
                exchange -> {
                    if (OffsetHandlers.searches(exchange)) {
                        searching.handle(exchange);
                    } else {
                        offsets.listEnds(exchange);
                    }
                });
        handlers.put(ApiKeys.OFFSET_FOR_LEADER_EPOCH, offsets::offsetForLeaderEpoch);
        handlers.put(
                ApiKeys.DELETE_RECORDS,
                new DeleteRecordsHandler(topics, threads.deletion(), threads.deletionThreads()));
        handlers.put(ApiKeys.CREATE_TOPICS, on(admin, changes::create));
        handlers.put(ApiKeys.DELETE_TOPICS, on(admin, changes::delete));
        handlers.put(ApiKeys.CREATE_PARTITIONS, on(admin, changes::createPartitions));
        handlers.put(ApiKeys.DESCRIBE_CONFIGS, settings::describe);
        handlers.put(ApiKeys.ALTER_CONFIGS, on(admin, settings::alter));
        handlers.put(ApiKeys.INCREMENTAL_ALTER_CONFIGS, on(admin, settings::incrementalAlter));
        handlers.put(ApiKeys.LIST_CONFIG_RESOURCES, settings::list);
        handlers.put(ApiKeys.DESCRIBE_CLIENT_QUOTAS, limits::describe);
        handlers.put(ApiKeys.ALTER_CLIENT_QUOTAS, on(admin, limits::alter));
        handlers.put(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, users::describe);
        handlers.put(ApiKeys.ALTER_USER_SCRAM_CREDENTIALS, on(admin, users::alter));
        handlers.put(ApiKeys.DESCRIBE_ACLS, rules::describe);
        handlers.put(ApiKeys.CREATE_ACLS, on(admin, rules::create));
        handlers.put(ApiKeys.DELETE_ACLS, on(admin, rules::delete));
        Handler idempotent =
                new InitProducerIdHandler(
                        producerIds,
                        on(
                                threads.producerIds(),
                                exchange ->
                                        InitProducerIdHandler.give(
                                                exchange, producerIds.allocate())));
        handlers.put(
                ApiKeys.INIT_PRODUCER_ID,
                exchange -> {
                    if (TransactionHandlers.isTransactional(exchange)) {
                        ofTransactions.initProducerId(exchange);
                    } else {
                        idempotent.handle(exchange);
                    }
                });
        handlers.put(ApiKeys.ADD_PARTITIONS_TO_TXN, ofTransactions::addPartitions);
        handlers.put(ApiKeys.ADD_OFFSETS_TO_TXN, ofTransactions::addOffsets);
        handlers.put(ApiKeys.END_TXN, ofTransactions::end);
        handlers.put(ApiKeys.TXN_OFFSET_COMMIT, committed::commitInTransaction);
        handlers.put(ApiKeys.WRITE_TXN_MARKERS, producers::writeMarkers);
        handlers.put(ApiKeys.DESCRIBE_PRODUCERS, producers::describeProducers);
        handlers.put(ApiKeys.DESCRIBE_TRANSACTIONS, producers::describeTransactions);
        handlers.put(ApiKeys.LIST_TRANSACTIONS, producers::listTransactions);
        handlers.put(ApiKeys.FIND_COORDINATOR, members::findCoordinator);
        handlers.put(ApiKeys.JOIN_GROUP, members::joinGroup);
        handlers.put(ApiKeys.SYNC_GROUP, members::syncGroup);
        handlers.put(ApiKeys.HEARTBEAT, members::heartbeat);
        handlers.put(ApiKeys.LEAVE_GROUP, members::leaveGroup);
        handlers.put(ApiKeys.CONSUMER_GROUP_HEARTBEAT, members::consumerGroupHeartbeat);
        handlers.put(ApiKeys.LIST_GROUPS, members::listGroups);
        handlers.put(ApiKeys.DESCRIBE_GROUPS, members::describeGroups);
        handlers.put(ApiKeys.CONSUMER_GROUP_DESCRIBE, members::describeConsumerGroups);
        handlers.put(ApiKeys.DELETE_GROUPS, members::deleteGroups);
        handlers.put(ApiKeys.OFFSET_COMMIT, committed::commit);
        handlers.put(ApiKeys.OFFSET_FETCH, committed::fetch);
        handlers.put(ApiKeys.OFFSET_DELETE, committed::delete);
        handlers.put(
                ApiKeys.UPDATE_FEATURES,
                exchange -> new FeatureHandlers(served()).update(exchange));
        handlers.put(
                ApiKeys.API_VERSIONS,
                exchange -> new ApiVersionsHandler(served()).handle(exchange));
        this.served = new ServedApis(handlers.keySet());
    }

    /// What [#handle] may be given.
    public ServedApis served() {
        return served;
    }

    /// Serves a request. Called on the event loop of its connection; a request that fails is
    /// answered with its error and harms nothing else.
    public void handle(Exchange exchange) {
        var handler =
                guard == null
                        ? handlers.get(exchange.request().api())
                        : guarded(handlers.get(exchange.request().api()));
        if (quotas.limitClients()) {
            var metered = new MeteredExchange(exchange, quotas, metrics, System::nanoTime);
            metered.begin();
            metered.run(() -> answer(handler, metered));
        } else {
            answer(handler, exchange);
        }
    }

    /// Whether a request may be given to [#handleTogether]. While clients have quotas each is
    /// counted by itself, and while access rules are enforced each is let in by itself.
    public boolean canShare(WireRequest request) {
        return ProduceHandler.canShare(request) && guard == null && !quotas.limitClients();
    }

    /// Serves requests of one connection that arrived one after another, in their order, with less
    /// work for the disk than each would make by itself. Called on its event loop.
    public void handleTogether(List<Exchange> exchanges) {
        var round = produce.new Round(exchanges.getFirst().syncTurn());
        exchanges.forEach(exchange -> answer(round::add, exchange));
        round.append();
        exchanges.forEach(exchange -> answer(round::finish, exchange));
    }

    private Handler on(Executor executor, Handler handler) {
        return exchange -> {
            exchange.holdFollowing();
            try {
                executor.execute(exchange.counted(() -> answer(handler, exchange)));
            } catch (RejectedExecutionException e) {
                exchange.close("the broker is shutting down");
            }
        };
    }

    private Handler guarded(Handler handler) {
        return exchange -> {
            var admitted = guard.admit(exchange);
            if (admitted != null) {
                handler.handle(admitted);
            }
        };
    }

    private void answer(Handler handler, Exchange exchange) {
        var request = exchange.request();
        try {
            handler.handle(exchange);
        } catch (BrokerException e) {
            fail(exchange, e.code(), e.getMessage());
        } catch (RuntimeException e) {
            LOGGER.error(
                    "{} request of version {} from client \"{}\" failed",
                    request.api().name,
                    request.version(),
                    request.clientId(),
                    e);
            fail(exchange, ErrorCode.UNKNOWN_SERVER_ERROR, null);
        }
    }

    private static void fail(Exchange exchange, short code, String message) {
        try {
            Codec.failure(exchange.request(), code, message)
                    .ifPresentOrElse(
                            exchange::reply,
                            () ->
                                    exchange.close(
                                            "a request without a response failed: " + message));
        } catch (RuntimeException e) {
            LOGGER.error("cannot say that a request failed", e);
            exchange.close("a failed request could not be answered");
        }
    }
}
