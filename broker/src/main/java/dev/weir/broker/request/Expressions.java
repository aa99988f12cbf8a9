package dev.weir.broker.request;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;

import dev.weir.broker.error.BrokerException;
import dev.weir.broker.protocol.WireErrors;

/// Regular expressions that clients send. They are RE2's, as on Kafka: to match takes time linear
/// in the text whatever they are. To compile takes memory that grows with the square of their
/// length, so that long ones are refused.
final class Expressions {
    static final int MAX_LENGTH = 1000;

    private Expressions() {}

    /// @throws BrokerException `INVALID_REGULAR_EXPRESSION` if it is too long
    static void checkLength(String expression) {
        if (expression.length() > MAX_LENGTH) {
            throw new BrokerException(
                    WireErrors.INVALID_REGULAR_EXPRESSION,
                    "a regular expression of "
                            + expression.length()
                            + " characters, more than "
                            + MAX_LENGTH);
        }
    }

    /// @throws BrokerException `INVALID_REGULAR_EXPRESSION` if it is none, or too long
    static Pattern compile(String expression) {
        checkLength(expression);
        try {
            return Pattern.compile(expression);
        } catch (PatternSyntaxException e) {
            throw new BrokerException(WireErrors.INVALID_REGULAR_EXPRESSION, e.getMessage(), e);
        }
    }
}
