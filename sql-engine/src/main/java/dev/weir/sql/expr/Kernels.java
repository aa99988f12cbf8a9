package dev.weir.sql.expr;

import dev.weir.sql.batch.Schema;
import dev.weir.sql.error.Checkpoint;
import dev.weir.sql.error.SqlException;
import dev.weir.sql.error.SqlState;

import org.apache.calcite.jdbc.JavaTypeFactoryImpl;
import org.apache.calcite.rex.RexBuilder;
import org.apache.calcite.rex.RexNode;
import org.codehaus.commons.compiler.CompileException;
import org.codehaus.commons.compiler.InternalCompilerException;
import org.codehaus.janino.SimpleCompiler;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.reflect.Constructor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Compiles expressions to kernels.
///
/// The source is written by [KernelWriter] and compiled by Janino. Its text is the digest under
/// which the class is kept, so equal expressions over equal schemas share machine code.
public final class Kernels {
    private static final Logger LOG = LoggerFactory.getLogger(Kernels.class);
    private static final String CLASS_NAME = "CompiledKernel";
    private static final int MOST_KEPT = 1_000;

    private static final Map<String, Constructor<?>> CLASSES =
            new LinkedHashMap<>(64, 0.75f, true) {
                @Override
                protected boolean removeEldestEntry(Map.Entry<String, Constructor<?>> eldest) {
                    return size() > MOST_KEPT;
                }
            };

    private Kernels() {}

    /// A kernel that keeps the rows whose condition is TRUE and computes the projections.
    ///
    /// @param condition a boolean expression over `in`, or null to keep every row
    /// @param projections one expression for each column of `out`
    /// @param clock what CURRENT_TIMESTAMP and NOW() read, once a batch
    /// @throws SqlException FEATURE_NOT_SUPPORTED when an expression cannot be compiled
    public static Kernel compile(
            RexNode condition, List<RexNode> projections, Schema in, Schema out, StepClock clock) {
        if (projections.size() != out.size()) {
            throw new IllegalArgumentException(
                    projections.size() + " projections for " + out.size() + " columns");
        }
        JavaTypeFactoryImpl types = new JavaTypeFactoryImpl();
        KernelWriter writer =
                new KernelWriter(condition, projections, in, out, new RexBuilder(types), types);
        String source = writer.write(CLASS_NAME);
        try {
            return (Kernel) kernelClass(source).newInstance(writer.constants(), clock);
        } catch (InternalCompilerException | StackOverflowError tooLarge) {
            throw tooLarge(tooLarge);
        } catch (CompileException | ReflectiveOperationException uncompilable) {
            if (String.valueOf(uncompilable.getMessage()).contains("nested too deeply")) {
                throw tooLarge(uncompilable);
            }
            LOG.debug("cannot compile a kernel: {}\n{}", uncompilable.getMessage(), source);
            throw new SqlException(
                    SqlState.FEATURE_NOT_SUPPORTED,
                    null,
                    "an expression of this query cannot be compiled: " + uncompilable.getMessage(),
                    null,
                    uncompilable);
        }
    }

    /// A method of the JVM has at most 64 KiB of code, and Janino follows what is nested by
    /// recursion.
    private static SqlException tooLarge(Throwable cause) {
        return new SqlException(
                SqlState.LIMIT_EXCEEDED,
                null,
                "the columns or conditions of this query are too many, or too deeply nested, to be"
                        + " compiled",
                "Split it: fewer columns at a time, shorter expressions.",
                cause);
    }

    private static Constructor<?> kernelClass(String source)
            throws CompileException, ReflectiveOperationException {
        synchronized (CLASSES) {
            Constructor<?> known = CLASSES.get(source);
            if (known != null) {
                return known;
            }
        }
        // Outside the lock: compiling takes milliseconds, and twice does no harm.
        Checkpoint.pass();
        SimpleCompiler compiler = new SimpleCompiler();
        compiler.setParentClassLoader(Kernels.class.getClassLoader());
        compiler.cook(source);
        Constructor<?> made =
                compiler.getClassLoader()
                        .loadClass("dev.weir.sql.expr." + CLASS_NAME)
                        .getConstructor(Object[].class, StepClock.class);
        synchronized (CLASSES) {
            CLASSES.put(source, made);
        }
        return made;
    }
}
