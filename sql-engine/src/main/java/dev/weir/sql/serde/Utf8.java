package dev.weir.sql.serde;

/// UTF-8 as RFC 3629 allows it: nothing overlong, no surrogates, nothing above U+10FFFF.
final class Utf8 {
    private Utf8() {}

    /// The length of the character of several bytes at `at`; 0 if it is none.
    static int lengthAt(byte[] data, int at, int end) {
        int first = data[at] & 0xFF;
        int length = first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
        if (length == 0 || at + length > end) {
            return 0;
        }
        int second = data[at + 1] & 0xFF;
        int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
        int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
        if (second < low || second > high) {
            return 0;
        }
        for (int i = at + 2; i < at + length; i++) {
            if ((data[i] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return length;
    }

    /// The position of the first byte that is not UTF-8, -1 if there is none.
    static int firstInvalid(byte[] data, int offset, int length) {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            if (data[at] >= 0) {
                at++;
                continue;
            }
            int size = lengthAt(data, at, end);
            if (size == 0) {
                return at;
            }
            at += size;
        }
        return -1;
    }

    /// Writes a code point.
    ///
    /// @return the position after it
    static int put(int point, byte[] target, int at) {
        if (point < 0x80) {
            target[at] = (byte) point;
            return at + 1;
        }
        if (point < 0x800) {
            target[at] = (byte) (0xC0 | point >> 6);
            target[at + 1] = (byte) (0x80 | (point & 0x3F));
            return at + 2;
        }
        if (point < 0x10000) {
            target[at] = (byte) (0xE0 | point >> 12);
            target[at + 1] = (byte) (0x80 | (point >> 6 & 0x3F));
            target[at + 2] = (byte) (0x80 | (point & 0x3F));
            return at + 3;
        }
        target[at] = (byte) (0xF0 | point >> 18);
        target[at + 1] = (byte) (0x80 | (point >> 12 & 0x3F));
        target[at + 2] = (byte) (0x80 | (point >> 6 & 0x3F));
        target[at + 3] = (byte) (0x80 | (point & 0x3F));
        return at + 4;
    }
}
