package dev.weir.broker.group;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.error.ErrorCode;
import dev.weir.broker.group.GroupView.Member;
import dev.weir.broker.group.GroupView.Position;
import dev.weir.broker.topic.Topics;

import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData.ListedGroup;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.SchemaException;
import org.apache.kafka.coordinator.group.GroupCoordinator;

import java.net.InetAddress;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/// Puts together what the coordinator and the logs know of groups, for readers in this process.
///
/// Any thread may ask; the answers come on the coordinator's threads. A group that ends between two
/// questions is left out.
public final class GroupViews {
    private static final Comparator<TopicPartition> ORDER =
            Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);
    private static final String CLASSIC = "Classic";
    private static final String CONSUMER = "Consumer";

    private final Groups groups;
    private final Topics topics;

    public GroupViews(Groups groups, Topics topics) {
        this.groups = groups;
        this.topics = topics;
    }

    /// The groups by name, at most so many.
    public CompletableFuture<List<GroupView>> first(int most) {
        return listed().thenCompose(all ->
                views(
                        all.stream()
                                .sorted(Comparator.comparing(ListedGroup::groupId))
                                .limit(most)
                                .toList()));
    }

    /// The group of that name; none if there is no such group.
    public CompletableFuture<List<GroupView>> named(String name) {
        return listed().thenCompose(
                        all -> views(all.stream().filter(g -> g.groupId().equals(name)).toList()));
    }

    /// How many groups there are by type and state, as in `Consumer`, `Stable`.
    public CompletableFuture<Map<String, Map<String, Integer>>> counts() {
        return listed().thenApply(all -> {
            var counts = new TreeMap<String, Map<String, Integer>>();
            for (var each : all) {
                counts.computeIfAbsent(each.groupType(), _ -> new TreeMap<>())
                        .merge(each.groupState(), 1, Integer::sum);
            }
            return counts;
        });
    }

    private CompletableFuture<List<ListedGroup>> listed() {
        if (!groups.everUsed()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return groups.coordinator()
                .thenCompose(to ->
                        to.listGroups(caller(ApiKeys.LIST_GROUPS), new ListGroupsRequestData()))
                .thenApply(answer -> {
                    if (answer.errorCode() != ErrorCode.NONE) {
                        throw new BrokerException(
                                answer.errorCode(), "the groups cannot be listed now");
                    }
                    return answer.groups();
                });
    }

    private CompletableFuture<List<GroupView>> views(List<ListedGroup> wanted) {
        if (wanted.isEmpty()) {
            return CompletableFuture.completedFuture(List.of());
        }
        return groups.coordinator().thenCompose(to -> views(to, wanted));
    }

    private CompletableFuture<List<GroupView>> views(
            GroupCoordinator coordinator, List<ListedGroup> wanted) {
        var classic =
                coordinator
                        .describeGroups(caller(ApiKeys.DESCRIBE_GROUPS), names(wanted, CLASSIC))
                        .thenApply(GroupViews::classicMembers);
        var consumer =
                coordinator
                        .consumerGroupDescribe(
                                caller(ApiKeys.CONSUMER_GROUP_DESCRIBE), names(wanted, CONSUMER))
                        .thenApply(GroupViews::consumerMembers);
        var offsets = new ArrayList<CompletableFuture<OffsetFetchResponseGroup>>();
        for (var each : wanted) {
            offsets.add(
                    coordinator.fetchOffsets(
                            caller(ApiKeys.OFFSET_FETCH),
                            new OffsetFetchRequestGroup()
                                    .setGroupId(each.groupId())
                                    .setTopics(null),
                            false));
        }
        var all = new ArrayList<CompletableFuture<?>>(offsets);
        all.add(classic);
        all.add(consumer);
        return CompletableFuture.allOf(all.toArray(CompletableFuture<?>[]::new))
                .thenApply(_ -> {
                    var members = new HashMap<>(classic.join());
                    members.putAll(consumer.join());
                    var views = new ArrayList<GroupView>();
                    for (int i = 0; i < wanted.size(); i++) {
                        views.add(
                                view(
                                        wanted.get(i),
                                        members.getOrDefault(
                                                wanted.get(i).groupId(), Described.NONE),
                                        offsets.get(i).join()));
                    }
                    return views;
                });
    }

    private static List<String> names(List<ListedGroup> groups, String type) {
        return groups.stream()
                .filter(g -> g.groupType().equalsIgnoreCase(type))
                .map(ListedGroup::groupId)
                .toList();
    }

    /// What the description of a group adds to its listing.
    private record Described(String protocol, List<Member> members) {
        static final Described NONE = new Described("", List.of());
    }

    private static Map<String, Described> classicMembers(
            List<DescribeGroupsResponseData.DescribedGroup> described) {
        var found = new HashMap<String, Described>();
        for (var group : described) {
            var members = new ArrayList<Member>();
            boolean consumers = group.protocolType().equals(ConsumerProtocol.PROTOCOL_TYPE);
            for (var each : group.members()) {
                members.add(
                        new Member(
                                each.memberId(),
                                orEmpty(each.groupInstanceId()),
                                each.clientId(),
                                each.clientHost(),
                                consumers ? assigned(each.memberAssignment()) : List.of()));
            }
            var protocol = group.protocolData();
            found.put(
                    group.groupId(),
                    new Described(protocol.isEmpty() ? group.protocolType() : protocol, members));
        }
        return found;
    }

    /// Written by the group's leader; whatever it is, it must not hide the group.
    private static List<TopicPartition> assigned(byte[] assignment) {
        if (assignment.length == 0) {
            return List.of();
        }
        try {
            return ConsumerProtocol.deserializeAssignment(ByteBuffer.wrap(assignment)).partitions();
        } catch (SchemaException | BufferUnderflowException _) {
            return List.of();
        }
    }

    private static Map<String, Described> consumerMembers(
            List<ConsumerGroupDescribeResponseData.DescribedGroup> described) {
        var found = new HashMap<String, Described>();
        for (var group : described) {
            var members = new ArrayList<Member>();
            for (var each : group.members()) {
                var assigned = new ArrayList<TopicPartition>();
                for (var topic : each.assignment().topicPartitions()) {
                    for (int partition : topic.partitions()) {
                        assigned.add(new TopicPartition(topic.topicName(), partition));
                    }
                }
                members.add(
                        new Member(
                                each.memberId(),
                                orEmpty(each.instanceId()),
                                each.clientId(),
                                each.clientHost(),
                                assigned));
            }
            found.put(group.groupId(), new Described(group.assignorName(), members));
        }
        return found;
    }

    private static String orEmpty(String text) {
        return text == null ? "" : text;
    }

    private GroupView view(ListedGroup listed, Described described, OffsetFetchResponseGroup said) {
        var committed = new TreeMap<TopicPartition, Long>(ORDER);
        var readers = new HashMap<TopicPartition, Member>();
        for (var member : described.members) {
            for (var partition : member.assigned()) {
                readers.put(partition, member);
                committed.put(partition, GroupView.NONE);
            }
        }
        for (var topic : said.topics()) {
            for (var partition : topic.partitions()) {
                if (partition.errorCode() == ErrorCode.NONE) {
                    committed.put(
                            new TopicPartition(topic.name(), partition.partitionIndex()),
                            partition.committedOffset());
                }
            }
        }
        var positions = new ArrayList<Position>();
        committed.forEach((partition, offset) ->
                positions.add(
                        new Position(partition, offset, end(partition), readers.get(partition))));
        return new GroupView(
                listed.groupId(),
                listed.groupType(),
                described.protocol.isEmpty() ? listed.protocolType() : described.protocol,
                listed.groupState(),
                described.members,
                positions);
    }

    private long end(TopicPartition partition) {
        try {
            return topics.partition(partition.topic(), partition.partition()).highWatermark();
        } catch (BrokerException _) {
            return GroupView.NONE; // it was deleted, or its log is damaged
        }
    }

    /// The broker itself.
    private static GroupCaller caller(ApiKeys api) {
        return new GroupCaller(
                "internal",
                InetAddress.getLoopbackAddress(),
                api.id,
                api.latestVersion(),
                "weir",
                0);
    }
}
