package dev.weir.broker.request;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.protocol.WireErrors;
import dev.weir.broker.txn.Transactions;

import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.message.ConsumerGroupDescribeRequestData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.DeleteGroupsRequestData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsRequestData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupRequestData.JoinGroupRequestProtocol;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupRequestData.MemberIdentity;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.types.SchemaException;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.LeaveGroupResponse;
import org.apache.kafka.common.utils.BufferSupplier;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// Membership of consumer groups under both protocols, and the view of groups from outside.
record GroupHandlers(Node node, GroupCalls calls, Transactions transactions) {
    /// What a member may leave with the coordinator: less than `max.message.bytes` of its topic,
    /// since a record holds more than that.
    private static final long MAX_MEMBER_BYTES = 900_000;

    private static final byte GROUP_KEY = 0;
    private static final byte TRANSACTION_KEY = 1;

    /// The first version of FindCoordinator that asks for several keys at a time.
    private static final short FIRST_WITH_KEYS = 4;

    /// The first version of LeaveGroup in which several members may leave at a time.
    private static final short FIRST_WITH_MEMBERS = 3;

    private static final int GROUP_OPERATIONS =
            1 << AclOperation.READ.code()
                    | 1 << AclOperation.DELETE.code()
                    | 1 << AclOperation.DESCRIBE.code();

    void findCoordinator(Exchange exchange) {
        var body = (FindCoordinatorRequestData) exchange.request().body();
        if (body.keyType() == TRANSACTION_KEY) {
            Answers.later(
                    exchange,
                    () ->
                            transactions
                                    .started()
                                    .thenApply(_ -> answer(exchange, ErrorCode.NONE, "")));
            return;
        }
        if (body.keyType() != GROUP_KEY) {
            exchange.reply(
                    answer(
                            exchange,
                            ErrorCode.INVALID_REQUEST,
                            "groups and transactions have coordinators on this broker, share"
                                    + " groups are not served"));
            return;
        }
        calls.ask(
                exchange,
                CompletableFuture::completedFuture,
                _ -> answer(exchange, ErrorCode.NONE, ""));
    }

    private FindCoordinatorResponseData answer(Exchange exchange, short code, String message) {
        var body = (FindCoordinatorRequestData) exchange.request().body();
        boolean found = code == ErrorCode.NONE;
        var response = new FindCoordinatorResponseData();
        if (exchange.request().version() < FIRST_WITH_KEYS) {
            return response.setErrorCode(code)
                    .setErrorMessage(message)
                    .setNodeId(found ? node.id() : -1)
                    .setHost(found ? node.host() : "")
                    .setPort(found ? node.port() : -1);
        }
        for (var key : body.coordinatorKeys()) {
            response.coordinators()
                    .add(
                            new Coordinator()
                                    .setKey(key)
                                    .setErrorCode(code)
                                    .setErrorMessage(message)
                                    .setNodeId(found ? node.id() : -1)
                                    .setHost(found ? node.host() : "")
                                    .setPort(found ? node.port() : -1));
        }
        return response;
    }

    void joinGroup(Exchange exchange) {
        var body = (JoinGroupRequestData) exchange.request().body();
        requireRoom(
                body.groupId(),
                body.protocols().stream().mapToLong(each -> each.metadata().length).sum());
        var names = body.protocols().stream().map(JoinGroupRequestProtocol::name).toList();
        if (distinct(names).size() < names.size()) {
            // Counted as often as it is named, it would be taken for one that all members support.
            throw new BrokerException(
                    WireErrors.INCONSISTENT_GROUP_PROTOCOL,
                    "a member of group \"" + body.groupId() + "\" names a protocol twice");
        }
        if (body.protocolType().equals(ConsumerProtocol.PROTOCOL_TYPE)
                && !body.protocols().stream().allMatch(each -> isReadable(each.metadata()))) {
            throw new BrokerException(
                    ErrorCode.INVALID_REQUEST,
                    "what a member of group \"" + body.groupId() + "\" subscribes to is broken");
        }
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.joinGroup(
                                GroupCalls.caller(exchange), body, BufferSupplier.NO_CACHING),
                // Old versions have no null for the name of the protocol.
                joined -> {
                    if (joined.errorCode() == Errors.UNKNOWN_SERVER_ERROR.code()) {
                        // All that the coordinator has for a static member with the id of a dynamic
                        // one that has yet to come back, who should begin anew, and for a
                        // subscription that is cut off in a group of KIP-848.
                        joined.setErrorCode(
                                body.groupInstanceId() == null
                                        ? WireErrors.INCONSISTENT_GROUP_PROTOCOL
                                        : Errors.UNKNOWN_MEMBER_ID.code());
                    }
                    return new JoinGroupResponse(joined, exchange.request().version()).data();
                });
    }

    /// Whether the coordinator can read a subscription, in its own version and, as it does when all
    /// have joined, in version 0. Where it cannot the whole group would never be ready. What is
    /// only cut off, or not there, it does without in classic groups.
    private static boolean isReadable(byte[] subscription) {
        try {
            var _ =
                    ConsumerProtocol.deserializeConsumerProtocolSubscription(
                            ByteBuffer.wrap(subscription));
            var bytes = ByteBuffer.wrap(subscription);
            var _ = ConsumerProtocol.deserializeVersion(bytes);
            var _ = ConsumerProtocol.deserializeConsumerProtocolSubscription(bytes, (short) 0);
            return true;
        } catch (SchemaException _) {
            return true;
        } catch (RuntimeException _) {
            return false;
        }
    }

    /// Refuses what cannot be in one record of `__consumer_offsets`.
    private static void requireRoom(String group, long bytes) {
        if (bytes > MAX_MEMBER_BYTES) {
            throw new BrokerException(
                    ErrorCode.MESSAGE_TOO_LARGE,
                    "a request for group \""
                            + group
                            + "\" with "
                            + bytes
                            + " bytes to be kept, more than "
                            + MAX_MEMBER_BYTES);
        }
    }

    void syncGroup(Exchange exchange) {
        var body = (SyncGroupRequestData) exchange.request().body();
        requireRoom(
                body.groupId(),
                body.assignments().stream().mapToLong(each -> each.assignment().length).sum());
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.syncGroup(
                                GroupCalls.caller(exchange), body, BufferSupplier.NO_CACHING),
                synced -> synced);
    }

    void heartbeat(Exchange exchange) {
        var body = (HeartbeatRequestData) exchange.request().body();
        calls.ask(
                exchange,
                coordinator -> coordinator.heartbeat(GroupCalls.caller(exchange), body),
                beat -> beat);
    }

    void leaveGroup(Exchange exchange) {
        short version = exchange.request().version();
        var asked = (LeaveGroupRequestData) exchange.request().body();
        var body =
                version >= FIRST_WITH_MEMBERS
                        ? asked
                        : new LeaveGroupRequestData()
                                .setGroupId(asked.groupId())
                                .setMembers(
                                        List.of(
                                                new MemberIdentity()
                                                        .setMemberId(asked.memberId())));
        calls.ask(
                exchange,
                coordinator -> coordinator.leaveGroup(GroupCalls.caller(exchange), body),
                left -> new LeaveGroupResponse(left, version).data());
    }

    void consumerGroupHeartbeat(Exchange exchange) {
        var body = (ConsumerGroupHeartbeatRequestData) exchange.request().body();
        if (body.subscribedTopicNames() != null) {
            requireRoom(
                    body.groupId(),
                    body.subscribedTopicNames().stream().mapToLong(String::length).sum());
        }
        if (body.subscribedTopicRegex() != null) {
            Expressions.checkLength(body.subscribedTopicRegex());
        }
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.consumerGroupHeartbeat(GroupCalls.caller(exchange), body),
                beat -> beat);
    }

    void listGroups(Exchange exchange) {
        var body = (ListGroupsRequestData) exchange.request().body();
        if (!calls.groups().everUsed()) {
            exchange.reply(new ListGroupsResponseData());
            return;
        }
        calls.ask(
                exchange,
                coordinator -> coordinator.listGroups(GroupCalls.caller(exchange), body),
                listed -> listed);
    }

    void describeGroups(Exchange exchange) {
        var body = (DescribeGroupsRequestData) exchange.request().body();
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.describeGroups(
                                GroupCalls.caller(exchange), distinct(body.groups())),
                groups -> {
                    if (body.includeAuthorizedOperations()) {
                        groups.stream()
                                .filter(group -> group.errorCode() == ErrorCode.NONE)
                                .forEach(group -> group.setAuthorizedOperations(GROUP_OPERATIONS));
                    }
                    return new DescribeGroupsResponseData().setGroups(groups);
                });
    }

    void describeConsumerGroups(Exchange exchange) {
        var body = (ConsumerGroupDescribeRequestData) exchange.request().body();
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.consumerGroupDescribe(
                                GroupCalls.caller(exchange), distinct(body.groupIds())),
                groups -> {
                    if (body.includeAuthorizedOperations()) {
                        groups.stream()
                                .filter(group -> group.errorCode() == ErrorCode.NONE)
                                .forEach(group -> group.setAuthorizedOperations(GROUP_OPERATIONS));
                    }
                    return new ConsumerGroupDescribeResponseData().setGroups(groups);
                });
    }

    void deleteGroups(Exchange exchange) {
        var body = (DeleteGroupsRequestData) exchange.request().body();
        // Twice the same name would be two results for one deletion.
        var names = distinct(body.groupsNames());
        calls.ask(
                exchange,
                coordinator ->
                        coordinator.deleteGroups(
                                GroupCalls.caller(exchange), names, BufferSupplier.NO_CACHING),
                results -> new DeleteGroupsResponseData().setResults(results));
    }

    /// Each name once, so that a request for one thing many times has no huge response.
    private static List<String> distinct(List<String> names) {
        return new ArrayList<>(new LinkedHashSet<>(names));
    }
}
