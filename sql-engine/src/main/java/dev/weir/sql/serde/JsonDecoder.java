package dev.weir.sql.serde;

import dev.weir.sql.batch.BytesColumn;
import dev.weir.sql.batch.Column;
import dev.weir.sql.batch.DoubleColumn;
import dev.weir.sql.batch.Field;
import dev.weir.sql.batch.LongColumn;
import dev.weir.sql.batch.ObjectColumn;
import dev.weir.sql.batch.Primitive;
import dev.weir.sql.batch.SqlType;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.math.BigDecimal;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Takes the wanted fields out of a JSON text in one pass over its bytes: no String, no tree.
///
/// The whole text is checked against RFC 8259, unwanted parts too, except that a number may not
/// have more than a thousand digits where its value is wanted, nesting goes to 500 levels, and
/// escapes of half a surrogate pair are refused, having no UTF-8.
///
/// Names: a member whose name equals the field's wins over one that equals it ignoring case; of
/// several with equal right the last wins; those that lose must fit the type too. Members nearly
/// always come in the same order, so each name seen remembers which came after it last time; a
/// right guess costs one comparison of bytes, a wrong one a hash lookup.
///
/// Conversions, as ksqlDB's where they lose nothing: text to numbers; any value to VARCHAR (as it
/// is written); whole numbers to DATE (days), TIME and TIMESTAMP (milliseconds), or ISO text to
/// these; BYTES from Base64.
final class JsonDecoder implements ValueDecoder {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int MOST_NESTED = 500;
    private static final int MOST_NAMES = 1_024;
    private static final int EXACT = 2;
    private static final int IGNORING_CASE = 1;
    private static final double[] POWERS = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22
    };

    // What a slot holds.
    private static final byte ABSENT = 0;
    private static final byte NUMBER = 1;
    private static final byte REAL = 2;
    private static final byte SLICE = 3;
    private static final byte ESCAPED = 4;
    private static final byte OBJECT = 5;

    private final Node root;
    private final boolean bare;
    private final int[] slotOf;
    private final byte[] states;
    private final long[] numbers;
    private final int[] lengths;
    private final Object[] objects;
    // A slot beyond the wanted ones, for values inside arrays and maps.
    private final int scratch;

    private byte[] data;
    private int base;
    private int pos;
    private int end;
    private int nested;
    private long scopes;
    private Node current;
    private String error;

    // The string last scanned.
    private boolean escaped;

    // The number last scanned.
    private int numberStart;
    private long mantissa;
    private int digits;
    private int exponent;
    private boolean negative;
    private boolean whole;

    /// @param bare true when the text is the only column's value, not an object of columns
    JsonDecoder(List<Wanted> wanted, boolean bare) {
        this.bare = bare;
        this.root = new Node("");
        this.slotOf = new int[wanted.size()];
        List<Node> leaves = new ArrayList<>();
        for (Wanted column : wanted) {
            Node node = bare ? root : root.child(column.name());
            for (String name : column.path()) {
                node = node.child(name);
            }
            node.type = column.leaf();
            leaves.add(node);
        }
        int slots = root.number(0);
        for (int i = 0; i < slotOf.length; i++) {
            slotOf[i] = leaves.get(i).slot;
        }
        scratch = slots;
        states = new byte[slots + 1];
        numbers = new long[slots + 1];
        lengths = new int[slots + 1];
        objects = new Object[slots + 1];
    }

    @Override
    public boolean parse(byte[] text, int offset, int length) {
        data = text;
        base = offset;
        pos = offset;
        end = offset + length;
        nested = 0;
        current = root;
        Arrays.fill(states, ABSENT);
        try {
            blanks();
            if (bare) {
                member(root);
            } else if (peek() == '{') {
                object(root);
            } else {
                throw failure("expected an object");
            }
            blanks();
            if (pos != end) {
                throw failure("unexpected text after the value");
            }
            return true;
        } catch (DecodeFailure failure) {
            error = failure.getMessage();
            return false;
        }
    }

    @Override
    public String error() {
        return error;
    }

    @Override
    public void append(int column, Column into) {
        int slot = slotOf[column];
        switch (states[slot]) {
            case ABSENT -> into.appendNull();
            case NUMBER -> ((LongColumn) into).append(numbers[slot]);
            case REAL -> ((DoubleColumn) into).append(Double.longBitsToDouble(numbers[slot]));
            case SLICE -> ((BytesColumn) into).append(data, (int) numbers[slot], lengths[slot]);
            case ESCAPED -> {
                BytesColumn bytes = (BytesColumn) into;
                bytes.reserve(lengths[slot]);
                int from = (int) numbers[slot];
                bytes.commit(unescape(from, from + lengths[slot], bytes.arena(), bytes.end()));
            }
            default -> {
                if (into instanceof BytesColumn bytes) {
                    byte[] decoded = (byte[]) objects[slot];
                    bytes.append(decoded, 0, decoded.length);
                } else {
                    ((ObjectColumn) into).append(objects[slot]);
                }
            }
        }
    }

    // Objects

    private void object(Node node) {
        deeper();
        pos++;
        long scope = ++scopes;
        blanks();
        if (peek() == '}') {
            pos++;
            nested--;
            return;
        }
        Name previous = null;
        Name guess = node.first;
        while (true) {
            Name name = guess;
            if (name != null && matches(name)) {
                pos += name.quoted.length;
            } else {
                name = lookUp(node);
                if (previous == null) {
                    node.first = name;
                } else {
                    previous.next = name;
                }
            }
            previous = name;
            guess = name.next;
            if (pos < end && data[pos] == ':') {
                pos++;
            } else {
                colon();
            }
            blanks();
            Node child = name.node;
            if (child == null) {
                skip();
            } else {
                wanted(child, name.right, scope);
            }
            byte next = afterValue();
            if (next == '}') {
                nested--;
                return;
            }
            if (next != ',') {
                pos--;
                throw failure("expected ',' or '}'");
            }
            blanks();
            if (peek() != '"') {
                throw failure("expected a name in quotes");
            }
        }
    }

    private void wanted(Node child, int right, long scope) {
        if (child.seenScope == scope) {
            if (right < child.seenRight) {
                skip();
                return;
            }
            Arrays.fill(states, child.slot, child.endSlot, ABSENT);
        }
        child.seenScope = scope;
        child.seenRight = right;
        member(child);
    }

    private void colon() {
        blanks();
        if (peek() != ':') {
            throw failure("expected ':' after the name");
        }
        pos++;
    }

    /// Skips blanks, takes the next byte.
    private byte afterValue() {
        if (pos < end && data[pos] > ' ') {
            return data[pos++];
        }
        blanks();
        byte next = peek();
        pos++;
        return next;
    }

    private boolean matches(Name name) {
        byte[] quoted = name.quoted;
        int to = pos + quoted.length;
        if (quoted.length > 16 || pos + 8 > end) {
            return to <= end && Arrays.equals(data, pos, to, quoted, 0, quoted.length);
        }
        if (((long) LONG.get(data, pos) & name.headMask) != name.head) {
            return false;
        }
        return quoted.length <= 8 || (to <= end && (long) LONG.get(data, to - 8) == name.tail);
    }

    /// The name at the position, in the order-free way.
    private Name lookUp(Node node) {
        if (peek() != '"') {
            throw failure("expected a name in quotes");
        }
        int from = pos;
        string();
        int hash = 1;
        for (int i = from; i < pos; i++) {
            hash = hash * 31 + data[i];
        }
        for (Name known = node.names[hash & (node.names.length - 1)];
                known != null;
                known = known.sameBucket) {
            if (Arrays.equals(data, from, pos, known.quoted, 0, known.quoted.length)) {
                return known;
            }
        }
        String text = decodedString(from + 1, pos - 1, escaped);
        Name made = node.resolve(Arrays.copyOfRange(data, from, pos), text);
        node.remember(made, hash);
        return made;
    }

    private void member(Node node) {
        current = node;
        int start = pos;
        if (node.type != null) {
            value(node.type, node.slot);
            if (node.children.isEmpty()) {
                return;
            }
            // Wanted as a whole and by its fields: read a second time.
            pos = start;
        }
        if (peek() == '{') {
            object(node);
        } else if (data[pos] == 'n') {
            literal("null");
        } else {
            throw failure("expected an object");
        }
    }

    // Values

    /// Reads a value into a slot.
    private void value(SqlType type, int slot) {
        byte first = peek();
        if (first == 'n') {
            literal("null");
            states[slot] = ABSENT;
            return;
        }
        if (type instanceof Primitive primitive) {
            primitive(primitive, first, slot);
        } else {
            objects[slot] = composite(type, first);
            states[slot] = OBJECT;
        }
    }

    private void primitive(Primitive type, byte first, int slot) {
        switch (type) {
            case BIGINT -> {
                numbers[slot] = first == '"' ? wholeText() : wholeNumber();
                states[slot] = NUMBER;
            }
            case VARCHAR -> {
                if (first == '"') {
                    int from = pos + 1;
                    string();
                    slice(slot, from, pos - 1, escaped);
                } else {
                    int from = pos;
                    skip();
                    slice(slot, from, pos, false);
                }
            }
            case DOUBLE -> {
                double real = first == '"' ? realText() : realNumber();
                numbers[slot] = Double.doubleToRawLongBits(real);
                states[slot] = REAL;
            }
            case INT -> {
                long number = first == '"' ? wholeText() : wholeNumber();
                if ((int) number != number) {
                    throw failure(number + " is out of range for INT");
                }
                numbers[slot] = number;
                states[slot] = NUMBER;
            }
            case BOOLEAN -> {
                if (first == 't') {
                    literal("true");
                    numbers[slot] = 1;
                } else if (first == 'f') {
                    literal("false");
                    numbers[slot] = 0;
                } else {
                    throw failure("expected true or false");
                }
                states[slot] = NUMBER;
            }
            case TIMESTAMP, DATE, TIME -> {
                numbers[slot] = first == '"' ? timeText(type) : timeNumber(type);
                states[slot] = NUMBER;
            }
            case BYTES -> {
                if (first != '"') {
                    throw failure("expected text in Base64");
                }
                String text = text();
                try {
                    objects[slot] = Base64.getDecoder().decode(text);
                } catch (IllegalArgumentException bad) {
                    throw failure("invalid Base64");
                }
                states[slot] = OBJECT;
            }
        }
    }

    private void slice(int slot, int from, int to, boolean withEscapes) {
        numbers[slot] = from;
        lengths[slot] = to - from;
        states[slot] = withEscapes ? ESCAPED : SLICE;
    }

    /// The string at the position, as a String.
    private String text() {
        int from = pos + 1;
        string();
        return decodedString(from, pos - 1, escaped);
    }

    private long wholeText() {
        String text = text();
        try {
            return TextValues.whole(text);
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    private double realText() {
        String text = text();
        try {
            return TextValues.real(text);
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    private long timeText(Primitive type) {
        int from = pos + 1;
        string();
        byte[] text = data;
        int to = pos - 1;
        if (escaped) {
            text = new byte[to - from];
            to = unescape(from, to, text, 0);
            from = 0;
        }
        try {
            return switch (type) {
                case DATE -> TextValues.date(text, from, to);
                case TIME -> TextValues.time(text, from, to);
                default -> TextValues.timestamp(text, from, to);
            };
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    private long timeNumber(Primitive type) {
        long number = wholeNumber();
        if (type == Primitive.DATE && (int) number != number) {
            throw failure(number + " is out of range for DATE");
        }
        if (type == Primitive.TIME) {
            try {
                TextValues.checkTime(number);
            } catch (DecodeFailure bad) {
                throw failure(bad.getMessage());
            }
        }
        return number;
    }

    // Numbers

    private long wholeNumber() {
        number();
        if (whole && digits <= 18) {
            return negative ? -mantissa : mantissa;
        }
        String text = TextValues.text(data, numberStart, pos);
        try {
            return TextValues.whole(text);
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    private double realNumber() {
        number();
        if (digits <= 15 && exponent >= -22 && exponent <= 22) {
            // Both are exact doubles, so one operation rounds correctly (Clinger's fast path).
            double value =
                    exponent < 0 ? mantissa / POWERS[-exponent] : mantissa * POWERS[exponent];
            return negative ? -value : value;
        }
        String text = TextValues.text(data, numberStart, pos);
        try {
            return TextValues.real(text);
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    private BigDecimal decimal(SqlType.Decimal type, byte first) {
        String text;
        if (first == '"') {
            text = text();
        } else {
            number();
            text = TextValues.text(data, numberStart, pos);
        }
        try {
            return TextValues.fit(TextValues.decimal(text), type.precision(), type.scale());
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    /// Scans a number: mantissa (as far as it fits), decimal exponent, and where it lies.
    private void number() {
        int at = pos;
        numberStart = at;
        negative = data[at] == '-';
        if (negative) {
            at++;
        }
        long value = 0;
        int first = at;
        int digit;
        while (at < end && (digit = data[at] - '0') >= 0 && digit <= 9) {
            value = value * 10 + digit;
            at++;
        }
        int count = at - first;
        if (count == 0) {
            throw failure(at < end && negative ? "expected a digit" : "expected a number");
        }
        if (data[first] == '0') {
            if (count > 1) {
                throw failure("a number may not begin with 0");
            }
            count = 0;
        }
        int power = 0;
        whole = true;
        if (at < end && data[at] == '.') {
            whole = false;
            first = ++at;
            while (at < end && (digit = data[at] - '0') >= 0 && digit <= 9) {
                value = value * 10 + digit;
                at++;
            }
            if (at == first) {
                pos = at;
                throw failure("expected a digit after the point");
            }
            power = first - at;
            count += at - first;
        }
        if (at < end && (data[at] | 0x20) == 'e') {
            whole = false;
            at++;
            boolean down = at < end && data[at] == '-';
            if (at < end && (data[at] == '-' || data[at] == '+')) {
                at++;
            }
            first = at;
            int given = 0;
            while (at < end && (digit = data[at] - '0') >= 0 && digit <= 9) {
                given = Math.min(given * 10 + digit, 1_000_000);
                at++;
            }
            if (at == first) {
                pos = at;
                throw failure("expected a digit in the exponent");
            }
            power += down ? -given : given;
        }
        mantissa = value;
        digits = count;
        exponent = power;
        pos = at;
    }

    // Arrays, maps, structs: as objects

    /// A value in storage form, or null.
    private Object nestedValue(SqlType type) {
        byte first = peek();
        if (first == 'n') {
            literal("null");
            return null;
        }
        if (!(type instanceof Primitive primitive)) {
            return composite(type, first);
        }
        primitive(primitive, first, scratch);
        return switch (states[scratch]) {
            case NUMBER -> numbers[scratch];
            case REAL -> Double.longBitsToDouble(numbers[scratch]);
            case OBJECT -> objects[scratch];
            default -> {
                int from = (int) numbers[scratch];
                yield decodedString(from, from + lengths[scratch], states[scratch] == ESCAPED);
            }
        };
    }

    private Object composite(SqlType type, byte first) {
        return switch (type) {
            case Primitive primitive -> throw new IllegalStateException("flat: " + primitive);
            case SqlType.Decimal decimal -> decimal(decimal, first);
            case SqlType.Array(SqlType element) -> array(element, first);
            case SqlType.MapOf(SqlType key, SqlType value) -> map(key, value, first);
            case SqlType.Struct(List<Field> fields) -> struct(fields, first);
        };
    }

    private List<Object> array(SqlType element, byte first) {
        if (first != '[') {
            throw failure("expected an array");
        }
        deeper();
        pos++;
        List<Object> list = new ArrayList<>();
        blanks();
        if (peek() == ']') {
            pos++;
            nested--;
            return list;
        }
        while (true) {
            blanks();
            list.add(nestedValue(element));
            if (endOf(']', "expected ',' or ']'")) {
                return list;
            }
        }
    }

    private Map<Object, Object> map(SqlType keyType, SqlType valueType, byte first) {
        Map<Object, Object> map = new LinkedHashMap<>();
        if (openObject(first)) {
            return map;
        }
        while (true) {
            Object key = mapKey(keyType, memberName());
            map.put(key, nestedValue(valueType));
            if (endOf('}', "expected ',' or '}'")) {
                return map;
            }
        }
    }

    private Object mapKey(SqlType type, String name) {
        try {
            return switch (type) {
                case Primitive.VARCHAR -> name;
                case Primitive.INT, Primitive.BIGINT -> TextValues.whole(name);
                case Primitive.DOUBLE -> TextValues.real(name);
                case Primitive.BOOLEAN -> TextValues.truth(name) ? 1L : 0L;
                default -> throw new DecodeFailure("keys of type " + type.sql() + " in JSON");
            };
        } catch (DecodeFailure bad) {
            throw failure(bad.getMessage());
        }
    }

    private List<Object> struct(List<Field> fields, byte first) {
        Object[] values = new Object[fields.size()];
        if (openObject(first)) {
            return Arrays.asList(values);
        }
        int[] rights = new int[values.length];
        while (true) {
            String name = memberName();
            int field = -1;
            int right = 0;
            for (int i = 0; i < values.length && right != EXACT; i++) {
                if (fields.get(i).name().equals(name)) {
                    field = i;
                    right = EXACT;
                } else if (field < 0 && fields.get(i).name().equalsIgnoreCase(name)) {
                    field = i;
                    right = IGNORING_CASE;
                }
            }
            if (field < 0 || right < rights[field]) {
                skip();
            } else {
                rights[field] = right;
                values[field] = nestedValue(fields.get(field).type());
            }
            if (endOf('}', "expected ',' or '}'")) {
                return Arrays.asList(values);
            }
        }
    }

    /// Enters an object.
    ///
    /// @return true when it is empty, and left again
    private boolean openObject(byte first) {
        if (first != '{') {
            throw failure("expected an object");
        }
        deeper();
        pos++;
        blanks();
        if (peek() == '}') {
            pos++;
            nested--;
            return true;
        }
        return false;
    }

    /// Reads the name and colon of a member.
    private String memberName() {
        blanks();
        if (peek() != '"') {
            throw failure("expected a name in quotes");
        }
        String name = text();
        colon();
        blanks();
        return name;
    }

    /// Reads the comma or the closing bracket after a value.
    private boolean endOf(char bracket, String expected) {
        byte next = afterValue();
        if (next == bracket) {
            nested--;
            return true;
        }
        if (next != ',') {
            pos--;
            throw failure(expected);
        }
        return false;
    }

    // Unwanted values: checked all the same

    private void skip() {
        byte first = peek();
        switch (first) {
            case '"' -> string();
            case '{' -> {
                if (openObject(first)) {
                    return;
                }
                do {
                    blanks();
                    if (peek() != '"') {
                        throw failure("expected a name in quotes");
                    }
                    string();
                    colon();
                    blanks();
                    skip();
                } while (!endOf('}', "expected ',' or '}'"));
            }
            case '[' -> {
                deeper();
                pos++;
                blanks();
                if (peek() == ']') {
                    pos++;
                    nested--;
                    return;
                }
                do {
                    blanks();
                    skip();
                } while (!endOf(']', "expected ',' or ']'"));
            }
            case 't' -> literal("true");
            case 'f' -> literal("false");
            case 'n' -> literal("null");
            default -> {
                if (first != '-' && (first < '0' || first > '9')) {
                    throw failure("expected a value");
                }
                number();
            }
        }
    }

    private void deeper() {
        if (++nested > MOST_NESTED) {
            throw failure("nested deeper than " + MOST_NESTED + " levels");
        }
    }

    private void literal(String word) {
        for (int i = 0; i < word.length(); i++) {
            if (pos + i >= end || data[pos + i] != word.charAt(i)) {
                throw failure("expected " + word);
            }
        }
        pos += word.length();
    }

    // Strings

    /// Passes the string at the position, checking it; says in `escaped` whether it has escapes.
    private void string() {
        int at = pos + 1;
        boolean withEscapes = false;
        while (true) {
            while (at + 8 <= end) {
                long special = specials((long) LONG.get(data, at));
                if (special != 0) {
                    at += Long.numberOfTrailingZeros(special) >>> 3;
                    break;
                }
                at += 8;
            }
            if (at >= end) {
                pos = end;
                throw failure("text without closing quote");
            }
            byte next = data[at];
            if (next == '"') {
                pos = at + 1;
                escaped = withEscapes;
                return;
            }
            if (next == '\\') {
                withEscapes = true;
                at = passEscape(at);
            } else if (next < 0) {
                at = passCharacter(at);
            } else if (next < ' ') {
                pos = at;
                throw failure("control character in text");
            } else {
                at++;
            }
        }
    }

    /// Marks, at least, the first byte of eight that is a quote, a backslash, a control character
    /// or not ASCII (Mycroft's test for a zero byte).
    private static long specials(long word) {
        long quote = word ^ 0x2222222222222222L;
        long backslash = word ^ 0x5c5c5c5c5c5c5c5cL;
        return (word
                        | ((quote - 0x0101010101010101L) & ~quote)
                        | ((backslash - 0x0101010101010101L) & ~backslash)
                        | ((word - 0x2020202020202020L) & ~word))
                & 0x8080808080808080L;
    }

    private int passEscape(int at) {
        int kind = at + 1 < end ? data[at + 1] : 0;
        switch (kind) {
            case '"', '\\', '/', 'b', 'f', 'n', 'r', 't' -> {
                return at + 2;
            }
            case 'u' -> {
                int unit = hex(at + 2);
                if (Character.isLowSurrogate((char) unit)) {
                    pos = at;
                    throw failure("half a surrogate pair");
                }
                if (!Character.isHighSurrogate((char) unit)) {
                    return at + 6;
                }
                if (at + 7 < end
                        && data[at + 6] == '\\'
                        && data[at + 7] == 'u'
                        && Character.isLowSurrogate((char) hex(at + 8))) {
                    return at + 12;
                }
                pos = at;
                throw failure("half a surrogate pair");
            }
            default -> {
                pos = at;
                throw failure("invalid escape");
            }
        }
    }

    private int hex(int at) {
        int value = 0;
        for (int i = at; i < at + 4; i++) {
            int digit = i < end && data[i] > 0 ? Character.digit(data[i], 16) : -1;
            if (digit < 0) {
                pos = Math.min(i, end);
                throw failure("expected four hexadecimal digits");
            }
            value = value << 4 | digit;
        }
        return value;
    }

    /// Passes one character of two to four bytes.
    private int passCharacter(int at) {
        int length = Utf8.lengthAt(data, at, end);
        if (length == 0) {
            pos = at;
            throw failure("invalid UTF-8");
        }
        return at + length;
    }

    private String decodedString(int from, int to, boolean withEscapes) {
        if (!withEscapes) {
            return TextValues.text(data, from, to);
        }
        byte[] target = new byte[to - from];
        return new String(target, 0, unescape(from, to, target, 0), StandardCharsets.UTF_8);
    }

    /// Writes the characters of a checked string; they are never longer than their escapes.
    ///
    /// @return how many bytes
    private int unescape(int from, int to, byte[] target, int offset) {
        int out = offset;
        int at = from;
        while (at < to) {
            byte next = data[at++];
            if (next != '\\') {
                target[out++] = next;
                continue;
            }
            byte kind = data[at++];
            if (kind != 'u') {
                target[out++] =
                        switch (kind) {
                            case 'b' -> '\b';
                            case 'f' -> '\f';
                            case 'n' -> '\n';
                            case 'r' -> '\r';
                            case 't' -> '\t';
                            default -> kind;
                        };
                continue;
            }
            int point = hex(at);
            at += 4;
            if (Character.isHighSurrogate((char) point)) {
                point = Character.toCodePoint((char) point, (char) hex(at + 2));
                at += 6;
            }
            out = Utf8.put(point, target, out);
        }
        return out - offset;
    }

    // The ground

    private byte peek() {
        if (pos >= end) {
            throw failure("the text ends too early");
        }
        return data[pos];
    }

    private void blanks() {
        while (pos < end) {
            byte next = data[pos];
            if (next > ' ' || (next != ' ' && next != '\n' && next != '\r' && next != '\t')) {
                return;
            }
            pos++;
        }
    }

    private DecodeFailure failure(String what) {
        String field = current.name.isEmpty() ? "" : "field \"" + current.name + "\": ";
        return new DecodeFailure("invalid JSON at byte " + (pos - base) + ": " + field + what);
    }

    /// A place in the text where wanted values lie.
    private static final class Node {
        private final String name;
        private final List<Node> children = new ArrayList<>();
        // The type of the value wanted as a whole, null when only fields of it are.
        private SqlType type;
        private int slot;
        private int endSlot;

        // Names seen in the object, and the one it began with last time.
        private final Name[] names = new Name[128];
        private int remembered;
        private Name first;

        // With what right a member of this name was last seen, and in which object.
        private long seenScope = -1;
        private int seenRight;

        Node(String name) {
            this.name = name;
        }

        Node child(String childName) {
            for (Node child : children) {
                if (child.name.equals(childName)) {
                    return child;
                }
            }
            Node made = new Node(childName);
            children.add(made);
            return made;
        }

        /// Numbers the slots of this node and those below it.
        int number(int from) {
            slot = from;
            int next = type == null ? from : from + 1;
            for (Node child : children) {
                next = child.number(next);
            }
            endSlot = next;
            return next;
        }

        Name resolve(byte[] quoted, String text) {
            for (Node child : children) {
                if (child.name.equals(text)) {
                    return new Name(quoted, child, EXACT);
                }
            }
            for (Node child : children) {
                if (child.name.equalsIgnoreCase(text)) {
                    return new Name(quoted, child, IGNORING_CASE);
                }
            }
            return new Name(quoted, null, 0);
        }

        void remember(Name made, int hash) {
            if (remembered < MOST_NAMES) {
                int bucket = hash & (names.length - 1);
                made.sameBucket = names[bucket];
                names[bucket] = made;
                remembered++;
            }
        }
    }

    /// A name seen, as written between and with its quotes.
    private static final class Name {
        private final byte[] quoted;
        private final Node node;
        private final int right;
        // The first bytes, up to eight, and the last eight, to compare up to 16 in two steps.
        private final long head;
        private final long headMask;
        private final long tail;
        private Name next;
        private Name sameBucket;

        Name(byte[] quoted, Node node, int right) {
            this.quoted = quoted;
            this.node = node;
            this.right = right;
            this.headMask = quoted.length >= 8 ? -1L : (1L << (8 * quoted.length)) - 1;
            this.head = (long) LONG.get(Arrays.copyOf(quoted, Math.max(8, quoted.length)), 0);
            this.tail = quoted.length < 8 ? 0 : (long) LONG.get(quoted, quoted.length - 8);
        }
    }
}
