package dev.weir.sql.function;

import org.apache.calcite.schema.impl.ScalarFunctionImpl;
import org.apache.calcite.sql.SqlIdentifier;
import org.apache.calcite.sql.SqlKind;
import org.apache.calcite.sql.parser.SqlParserPos;
import org.apache.calcite.sql.validate.SqlUserDefinedFunction;

import java.lang.reflect.Method;

/// A function of Weir's own: a method and what SQL sees of it.
public final class WeirFunction extends SqlUserDefinedFunction {
    private final Method method;
    private final Signature signature;

    WeirFunction(Method method, Signature signature) {
        super(
                new SqlIdentifier(signature.name(), SqlParserPos.ZERO),
                SqlKind.OTHER_FUNCTION,
                signature.result(),
                (binding, _, types) -> signature.infer(binding.getTypeFactory(), types),
                signature,
                ScalarFunctionImpl.create(method));
        this.method = method;
        this.signature = signature;
    }

    public Method method() {
        return method;
    }

    /// Arguments passed one by one; those behind come as one `Object[]`.
    public int fixed() {
        return signature.fixed();
    }

    public boolean isVariadic() {
        return signature.isVariadic();
    }

    /// Whether all arguments are converted to the type of the result.
    public boolean unifies() {
        return signature.unifies();
    }

    /// `NAME(parameter TYPE, …) TYPE`.
    String text() {
        return signature.text();
    }

    String doc() {
        return method.getAnnotation(Sql.class).doc();
    }
}
