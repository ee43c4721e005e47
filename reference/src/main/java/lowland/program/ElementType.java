package lowland.program;

/// What the elements of a value are.
public enum ElementType {
    /// The executor's precision: double in the interpreter, float on a device.
    REAL,
    /// Double everywhere: Gram matrices, small matrices, norms and scalars.
    DOUBLE,
    /// 32-bit integers: token ids, positions, starts, labels, keys.
    INT;

    @Override
    public String toString() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
