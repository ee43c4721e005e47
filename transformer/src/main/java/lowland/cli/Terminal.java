package lowland.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/// What the process is connected to, by the C library's own functions: Java knows only whether all three streams are a terminal.
final class Terminal {
    private static final int STANDARD_ERROR = 2;

    private Terminal() {}

    /// The virtual machine writes a warning about its vector module before any code of ours runs. The launcher starts it with
    /// standard error led through a filter and the real one kept as another descriptor; this switches that on again.
    ///
    /// @param kept the descriptor that keeps it
    static void restoreStandardError(int kept) {
        call("dup2", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT), kept, STANDARD_ERROR);
    }

    /// Whether standard error is a terminal; no where the C library does not tell.
    static boolean standardError() {
        return call("isatty", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT), STANDARD_ERROR) == 1;
    }

    /// Columns of the terminal, as the shell says, else 100.
    static int columns() {
        String columns = System.getenv().getOrDefault("COLUMNS", "");
        return columns.matches("[1-9]\\d{1,3}") ? Integer.parseInt(columns) : 100;
    }

    @SuppressWarnings("restricted")
    private static int call(String name, FunctionDescriptor type, Object... arguments) {
        try {
            Optional<MemorySegment> function = Linker.nativeLinker().defaultLookup().find(name);
            if (function.isEmpty()) {
                return -1;
            }
            MethodHandle handle = Linker.nativeLinker().downcallHandle(function.get(), type);
            return (int) handle.invokeWithArguments(arguments);
        } catch (Throwable _) {
            return -1; // no C library of this kind: no terminal
        }
    }
}
