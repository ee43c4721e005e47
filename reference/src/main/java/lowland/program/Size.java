package lowland.program;

import java.util.List;
import java.util.Map;

/// The size of an axis or of a whole value in the run under way.
public final class Size {
    private final Bindings bindings;
    private final int[] symbols;
    private final int[] constants;

    private Size(Bindings bindings, List<Extent> extents) {
        this.bindings = bindings;
        symbols = new int[extents.size()];
        constants = new int[extents.size()];
        for (int i = 0; i < symbols.length; i++) {
            Extent extent = extents.get(i);
            symbols[i] = extent.symbol() == null ? -1 : bindings.index(extent.symbol());
            constants[i] = extent.constant();
        }
    }

    /// The same in every run.
    public static Size of(int constant) {
        return new Size(null, List.of(Extent.of(constant)));
    }

    public static Size of(Bindings bindings, Extent extent) {
        return new Size(bindings, List.of(extent));
    }

    /// The number of elements.
    public static Size of(Bindings bindings, Shape shape) {
        return new Size(bindings, shape.extents());
    }

    public int get() {
        int size = 1;
        for (int i = 0; i < symbols.length; i++) {
            size *= symbols[i] < 0 ? constants[i] : bindings.sizes[symbols[i]] + constants[i];
        }
        return size;
    }

    /// What the symbols of a session stand for in the run under way.
    public static final class Bindings {
        private final String[] names;
        private final int[] capacity;
        private final int[] sizes;

        public Bindings(Map<String, Integer> capacity) {
            names = capacity.keySet().stream().sorted().toArray(String[]::new);
            sizes = new int[names.length];
            this.capacity = new int[names.length];
            for (int i = 0; i < names.length; i++) {
                this.capacity[i] = capacity.get(names[i]);
                if (this.capacity[i] < 1) {
                    throw new IllegalArgumentException("the capacity of '" + names[i] + "' is " + this.capacity[i]
                            + ": expected at least 1");
                }
            }
        }

        private int index(String name) {
            for (int i = 0; i < names.length; i++) {
                if (names[i].equals(name)) {
                    return i;
                }
            }
            throw new IllegalArgumentException("no capacity is given for '" + name + "'; given are " + List.of(names));
        }

        /// Takes the sizes of a run; a symbol that the run leaves out counts as zero.
        public void bind(Map<String, Integer> extents, boolean[] needed) {
            for (int i = 0; i < names.length; i++) {
                Integer size = extents.get(names[i]);
                if (size == null && needed[i]) {
                    throw new IllegalArgumentException("extent '" + names[i] + "' is not bound; bound are " + extents.keySet());
                }
                if (size != null && needed[i] && (size < 1 || size > capacity[i])) {
                    throw new IllegalArgumentException("extent '" + names[i] + "' is " + size + ": expected 1 to " + capacity[i]
                            + ", the capacity that the session was opened for");
                }
                sizes[i] = size == null ? 0 : size;
            }
        }

        /// Marks the symbols of a shape.
        public void mark(Shape shape, boolean[] needed) {
            for (Extent extent : shape.extents()) {
                if (extent.symbol() != null) {
                    needed[index(extent.symbol())] = true;
                }
            }
        }

        public int symbols() {
            return names.length;
        }
    }
}
