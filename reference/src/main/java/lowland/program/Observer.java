package lowland.program;

import lowland.program.operation.Operation;

/// Watches a session execute, operation by operation. `before` sees the inputs, `after` the outputs (an operation that works in
/// place has overwritten an input by then).
public interface Observer {
    void before(Operation operation, Memory memory);

    void after(Operation operation, Memory memory);
}
