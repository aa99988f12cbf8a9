package dev.weir.broker.access;

import dev.weir.broker.partition.Registration;
import dev.weir.broker.topic.AdminSettings;

import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.ResourceType;

/// Decides by Kafka's rules: whom any matching rule denies is refused, then whom any allows may;
/// whom no rule is about is refused, unless [AccessConfig#openWithoutRules] and there is no rule
/// about the resource at all. Rules are about whole names, beginnings of names or, as `*`, about
/// all; about a principal or `User:*`; about an address or `*`. To read, write, delete or alter
/// something one may describe it, and to alter its settings see them.
///
/// Rules hold from the moment they are on disk. Any thread may call; nothing waits.
public final class Authorizer implements AutoCloseable {
    /// The name of the one resource of the kind `CLUSTER`.
    public static final String CLUSTER = "kafka-cluster";

    private final AccessConfig config;
    private final AdminSettings settings;
    private final Registration registration;
    private volatile RuleTable table;
    private volatile long rulesNumber; // written after the table it is of

    public Authorizer(AccessConfig config, AdminSettings settings) {
        this.config = config;
        this.settings = settings;
        this.registration = settings.onChange(this::reload);
        reload();
    }

    /// Whether anybody needs to be asked about at all. Never changes.
    public boolean isEnforced() {
        return config.enforced();
    }

    /// Another number after the rules may have changed. Who takes it before asking [#allows] knows
    /// that the answers hold while it stays the same.
    public long rulesNumber() {
        return rulesNumber;
    }

    /// Whether somebody may do something.
    public boolean allows(
            Caller caller, AclOperation operation, ResourceType type, String resource) {
        return !config.enforced()
                || config.superUsers().contains(caller.principal())
                || table.decide(caller, operation, type, resource, config.openWithoutRules());
    }

    /// Whether there is a resource of a kind with which somebody may do something, existing or not.
    public boolean allowsSome(Caller caller, AclOperation operation, ResourceType type) {
        return !config.enforced()
                || config.superUsers().contains(caller.principal())
                || table.decideSome(caller, operation, type, config.openWithoutRules());
    }

    @Override
    public void close() {
        registration.close();
    }

    private void reload() {
        synchronized (this) {
            table = new RuleTable(settings.rules());
            rulesNumber = rulesNumber + 1;
        }
    }
}
