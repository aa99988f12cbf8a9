package dev.weir.broker.protocol;

import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.AlterReplicaLogDirsResponseData;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.CreateAclsResponseData;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.DeleteAclsResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DeleteRecordsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DescribeAclsResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeClusterResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.DescribeLogDirsResponseData;
import org.apache.kafka.common.message.DescribeProducersResponseData;
import org.apache.kafka.common.message.DescribeTopicPartitionsResponseData;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.message.ElectLeadersResponseData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.message.InitProducerIdResponseData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.ListOffsetsResponseData;
import org.apache.kafka.common.message.ListPartitionReassignmentsResponseData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.message.MetadataResponseData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetFetchResponseData;
import org.apache.kafka.common.message.OffsetForLeaderEpochResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.protocol.ApiMessage;

/// Tells clients in a response how long they have to be quiet. Most responses have a field for it,
/// but the generated classes share no way to set it.
public final class ThrottleTimes {
    private ThrottleTimes() {}

    /// Sets the time if the response has a field for it; a client whose response has none finds out
    /// by not being read from.
    public static void set(ApiMessage response, int millis) {
        switch (response) {
            case AddOffsetsToTxnResponseData it -> it.setThrottleTimeMs(millis);
            case AddPartitionsToTxnResponseData it -> it.setThrottleTimeMs(millis);
            case AlterClientQuotasResponseData it -> it.setThrottleTimeMs(millis);
            case AlterConfigsResponseData it -> it.setThrottleTimeMs(millis);
            case AlterReplicaLogDirsResponseData it -> it.setThrottleTimeMs(millis);
            case AlterUserScramCredentialsResponseData it -> it.setThrottleTimeMs(millis);
            case ApiVersionsResponseData it -> it.setThrottleTimeMs(millis);
            case ConsumerGroupDescribeResponseData it -> it.setThrottleTimeMs(millis);
            case ConsumerGroupHeartbeatResponseData it -> it.setThrottleTimeMs(millis);
            case CreateAclsResponseData it -> it.setThrottleTimeMs(millis);
            case CreatePartitionsResponseData it -> it.setThrottleTimeMs(millis);
            case CreateTopicsResponseData it -> it.setThrottleTimeMs(millis);
            case DeleteAclsResponseData it -> it.setThrottleTimeMs(millis);
            case DeleteGroupsResponseData it -> it.setThrottleTimeMs(millis);
            case DeleteRecordsResponseData it -> it.setThrottleTimeMs(millis);
            case DeleteTopicsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeAclsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeClientQuotasResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeClusterResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeConfigsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeGroupsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeLogDirsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeProducersResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeTopicPartitionsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeTransactionsResponseData it -> it.setThrottleTimeMs(millis);
            case DescribeUserScramCredentialsResponseData it -> it.setThrottleTimeMs(millis);
            case ElectLeadersResponseData it -> it.setThrottleTimeMs(millis);
            case EndTxnResponseData it -> it.setThrottleTimeMs(millis);
            case FetchResponseData it -> it.setThrottleTimeMs(millis);
            case FindCoordinatorResponseData it -> it.setThrottleTimeMs(millis);
            case HeartbeatResponseData it -> it.setThrottleTimeMs(millis);
            case IncrementalAlterConfigsResponseData it -> it.setThrottleTimeMs(millis);
            case InitProducerIdResponseData it -> it.setThrottleTimeMs(millis);
            case JoinGroupResponseData it -> it.setThrottleTimeMs(millis);
            case LeaveGroupResponseData it -> it.setThrottleTimeMs(millis);
            case ListConfigResourcesResponseData it -> it.setThrottleTimeMs(millis);
            case ListGroupsResponseData it -> it.setThrottleTimeMs(millis);
            case ListOffsetsResponseData it -> it.setThrottleTimeMs(millis);
            case ListPartitionReassignmentsResponseData it -> it.setThrottleTimeMs(millis);
            case ListTransactionsResponseData it -> it.setThrottleTimeMs(millis);
            case MetadataResponseData it -> it.setThrottleTimeMs(millis);
            case OffsetCommitResponseData it -> it.setThrottleTimeMs(millis);
            case OffsetDeleteResponseData it -> it.setThrottleTimeMs(millis);
            case OffsetFetchResponseData it -> it.setThrottleTimeMs(millis);
            case OffsetForLeaderEpochResponseData it -> it.setThrottleTimeMs(millis);
            case ProduceResponseData it -> it.setThrottleTimeMs(millis);
            case SyncGroupResponseData it -> it.setThrottleTimeMs(millis);
            case TxnOffsetCommitResponseData it -> it.setThrottleTimeMs(millis);
            case UpdateFeaturesResponseData it -> it.setThrottleTimeMs(millis);
            default -> {}
        }
    }
}
