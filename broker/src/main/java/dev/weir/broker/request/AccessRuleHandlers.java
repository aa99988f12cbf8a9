package dev.weir.broker.request;

import dev.weir.broker.access.Authorizer;
import dev.weir.broker.topic.AccessRule;
import dev.weir.broker.topic.AdminSettings;
import dev.weir.broker.topic.MetadataRecord;

import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.message.CreateAclsRequestData;
import org.apache.kafka.common.message.CreateAclsRequestData.AclCreation;
import org.apache.kafka.common.message.CreateAclsResponseData;
import org.apache.kafka.common.message.CreateAclsResponseData.AclCreationResult;
import org.apache.kafka.common.message.DeleteAclsRequestData;
import org.apache.kafka.common.message.DeleteAclsResponseData;
import org.apache.kafka.common.message.DeleteAclsResponseData.DeleteAclsFilterResult;
import org.apache.kafka.common.message.DeleteAclsResponseData.DeleteAclsMatchingAcl;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.DescribeAclsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeAclsResponse;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourcePatternFilter;
import org.apache.kafka.common.resource.ResourceType;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;

/// Access rules shown and changed. [Guard] holds requests against them if they are enforced.
///
/// @param enforced whether they are, which whoever adds one will want to know
record AccessRuleHandlers(AdminSettings settings, boolean enforced) {
    private static final Logger LOGGER = LoggerFactory.getLogger(AccessRuleHandlers.class);

    void create(Exchange exchange) {
        var body = (CreateAclsRequestData) exchange.request().body();
        var response = new CreateAclsResponseData();
        var present = new LinkedHashSet<>(settings.rules());
        var added = new ArrayList<MetadataRecord.AdminChange>();
        for (var wanted : body.creations()) {
            var result = new AclCreationResult();
            var wrong = wrong(wanted);
            if (wrong != null) {
                result.setErrorCode(Errors.INVALID_REQUEST.code()).setErrorMessage(wrong);
            } else {
                var rule =
                        new AccessRule(
                                wanted.resourceType(),
                                wanted.resourceName(),
                                wanted.resourcePatternType(),
                                wanted.principal(),
                                wanted.host(),
                                wanted.operation(),
                                wanted.permissionType());
                if (present.add(rule)) {
                    added.add(new MetadataRecord.AccessRuleAdded(rule));
                }
            }
            response.results().add(result);
        }
        settings.change(added);
        if (!added.isEmpty() && !enforced) {
            LOGGER.warn(
                    "{} access rules were added; rules are kept but not enforced, because"
                            + " kafka.authorizer is none",
                    added.size());
        }
        exchange.reply(response);
    }

    void describe(Exchange exchange) {
        var body = (DescribeAclsRequestData) exchange.request().body();
        var filter =
                filter(
                        body.resourceTypeFilter(),
                        body.resourceNameFilter(),
                        body.patternTypeFilter(),
                        body.principalFilter(),
                        body.hostFilter(),
                        body.operation(),
                        body.permissionType());
        var response = new DescribeAclsResponseData();
        if (filter.isUnknown()) {
            response.setErrorCode(Errors.INVALID_REQUEST.code())
                    .setErrorMessage("the filter has an element that is not known");
        } else {
            response.setResources(
                    DescribeAclsResponse.aclsResources(
                            settings.rules().stream()
                                    .map(AccessRuleHandlers::binding)
                                    .filter(filter::matches)
                                    .toList()));
        }
        exchange.reply(response);
    }

    void delete(Exchange exchange) {
        var body = (DeleteAclsRequestData) exchange.request().body();
        var response = new DeleteAclsResponseData();
        var gone = new LinkedHashSet<AccessRule>();
        // Each once, or many filters that match everything would make a huge response of a small
        // request.
        var matched = new HashSet<AclBindingFilter>();
        for (var wanted : body.filters()) {
            var filter =
                    filter(
                            wanted.resourceTypeFilter(),
                            wanted.resourceNameFilter(),
                            wanted.patternTypeFilter(),
                            wanted.principalFilter(),
                            wanted.hostFilter(),
                            wanted.operation(),
                            wanted.permissionType());
            var result = new DeleteAclsFilterResult();
            if (filter.isUnknown()) {
                result.setErrorCode(Errors.INVALID_REQUEST.code())
                        .setErrorMessage("the filter has an element that is not known");
            } else if (matched.add(filter)) {
                for (var rule : settings.rules()) {
                    if (filter.matches(binding(rule))) {
                        gone.add(rule);
                        result.matchingAcls().add(matching(rule));
                    }
                }
            }
            response.filterResults().add(result);
        }
        settings.change(gone.stream().map(MetadataRecord.AccessRuleRemoved::new).toList());
        exchange.reply(response);
    }

    /// What is wrong with a rule, null if nothing.
    private static String wrong(AclCreation wanted) {
        var type = ResourceType.fromCode(wanted.resourceType());
        var pattern = PatternType.fromCode(wanted.resourcePatternType());
        var operation = AclOperation.fromCode(wanted.operation());
        var permission = AclPermissionType.fromCode(wanted.permissionType());
        if (type.isUnknown() || type == ResourceType.ANY) {
            return "a rule is about one known kind of resource";
        }
        if (!pattern.isSpecific()) {
            return "a rule is about a literal name or a prefix";
        }
        if (operation.isUnknown() || operation == AclOperation.ANY) {
            return "a rule is about one known operation or all";
        }
        if (permission.isUnknown() || permission == AclPermissionType.ANY) {
            return "a rule allows or denies";
        }
        if (type == ResourceType.CLUSTER && !wanted.resourceName().equals(Authorizer.CLUSTER)) {
            return "the only resource of the kind CLUSTER is " + Authorizer.CLUSTER;
        }
        if (wanted.resourceName().isEmpty()) {
            return "the resource has no name";
        }
        int colon = wanted.principal().indexOf(':');
        if (colon <= 0) {
            return "a principal looks like User:alice";
        }
        return wanted.host().isEmpty() ? "the host is empty" : null;
    }

    private static AclBindingFilter filter(
            byte type,
            String name,
            byte pattern,
            String principal,
            String host,
            byte operation,
            byte permission) {
        return new AclBindingFilter(
                new ResourcePatternFilter(
                        ResourceType.fromCode(type), name, PatternType.fromCode(pattern)),
                new AccessControlEntryFilter(
                        principal,
                        host,
                        AclOperation.fromCode(operation),
                        AclPermissionType.fromCode(permission)));
    }

    private static AclBinding binding(AccessRule rule) {
        return new AclBinding(
                new ResourcePattern(
                        ResourceType.fromCode(rule.resourceType()),
                        rule.resourceName(),
                        PatternType.fromCode(rule.patternType())),
                new AccessControlEntry(
                        rule.principal(),
                        rule.host(),
                        AclOperation.fromCode(rule.operation()),
                        AclPermissionType.fromCode(rule.permission())));
    }

    private static DeleteAclsMatchingAcl matching(AccessRule rule) {
        return new DeleteAclsMatchingAcl()
                .setResourceType(rule.resourceType())
                .setResourceName(rule.resourceName())
                .setPatternType(rule.patternType())
                .setPrincipal(rule.principal())
                .setHost(rule.host())
                .setOperation(rule.operation())
                .setPermissionType(rule.permission());
    }
}
