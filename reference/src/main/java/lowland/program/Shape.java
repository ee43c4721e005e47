package lowland.program;

import java.util.List;
import java.util.Map;

/// The extents of a value, outermost first; row-major. A scalar has none.
public record Shape(List<Extent> extents) {
    public static final Shape SCALAR = new Shape(List.of());

    public Shape {
        extents = List.copyOf(extents);
    }

    public static Shape of(Extent... extents) {
        return new Shape(List.of(extents));
    }

    public static Shape of(int... sizes) {
        Extent[] extents = new Extent[sizes.length];
        for (int i = 0; i < sizes.length; i++) {
            extents[i] = Extent.of(sizes[i]);
        }
        return of(extents);
    }

    public int rank() {
        return extents.size();
    }

    public Extent extent(int axis) {
        return extents.get(axis);
    }

    /// The fixed size of an axis.
    /// @throws IllegalArgumentException if the extent is a symbol
    public int fixed(int axis) {
        Extent extent = extents.get(axis);
        if (extent.symbol() != null) {
            throw new IllegalArgumentException("axis " + axis + " of " + this + " has no fixed size");
        }
        return extent.constant();
    }

    /// The fixed sizes of all axes.
    /// @throws IllegalArgumentException if an extent is a symbol
    public int[] fixed() {
        int[] sizes = new int[rank()];
        for (int axis = 0; axis < sizes.length; axis++) {
            sizes[axis] = fixed(axis);
        }
        return sizes;
    }

    /// The number of elements under these bindings.
    /// @throws ArithmeticException if it exceeds an int
    public int size(Map<String, Integer> bindings) {
        int size = 1;
        for (Extent extent : extents) {
            size = Math.multiplyExact(size, extent.size(bindings));
        }
        return size;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("[");
        for (int i = 0; i < extents.size(); i++) {
            text.append(i == 0 ? "" : ", ").append(extents.get(i));
        }
        return text.append(']').toString();
    }
}
