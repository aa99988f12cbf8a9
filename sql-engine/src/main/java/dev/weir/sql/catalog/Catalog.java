package dev.weir.sql.catalog;

import java.util.Collection;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/// An immutable snapshot of all relations. Names are unique ignoring case.
public final class Catalog {
    public static final Catalog EMPTY = new Catalog(new TreeMap<>());

    private final SortedMap<String, Relation> relations;

    private Catalog(SortedMap<String, Relation> relations) {
        this.relations = relations;
    }

    /// The relation of that name, ignoring case.
    public Optional<Relation> relation(String name) {
        return Optional.ofNullable(relations.get(fold(name)));
    }

    /// All relations in the order of their names.
    public Collection<Relation> relations() {
        return Collections.unmodifiableCollection(relations.values());
    }

    /// This catalog with a relation added or replaced.
    public Catalog with(Relation relation) {
        TreeMap<String, Relation> next = new TreeMap<>(relations);
        next.put(fold(relation.name()), relation);
        return new Catalog(next);
    }

    /// This catalog without the relation of that name.
    public Catalog without(String name) {
        TreeMap<String, Relation> next = new TreeMap<>(relations);
        next.remove(fold(name));
        return new Catalog(next);
    }

    /// A view by folded name, for lookups of many.
    public Map<String, Relation> byFoldedName() {
        return Collections.unmodifiableMap(relations);
    }

    private static String fold(String name) {
        return name.toLowerCase(Locale.ROOT);
    }
}
