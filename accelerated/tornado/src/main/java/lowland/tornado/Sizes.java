package lowland.tornado;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import lowland.program.Extent;
import lowland.program.Shape;
import lowland.program.Size;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// The sizes that kernels ask for, each at a place of its own in `control`.
final class Sizes {
    private final Size.Bindings bindings;
    private final Map<String, Integer> capacity;
    private final List<Shape> shapes = new ArrayList<>();
    private final List<Size> sizes = new ArrayList<>();

    Sizes(Map<String, Integer> capacity) {
        this.capacity = Map.copyOf(capacity);
        bindings = new Size.Bindings(capacity);
    }

    Size.Bindings bindings() {
        return bindings;
    }

    Map<String, Integer> capacity() {
        return capacity;
    }

    /// Where the number of elements of a shape stands.
    int place(Shape shape) {
        int index = shapes.indexOf(shape);
        if (index < 0) {
            index = shapes.size();
            shapes.add(shape);
            sizes.add(Size.of(bindings, shape));
        }
        return Row.SIZES + index;
    }

    int place(Extent extent) {
        return place(Shape.of(extent));
    }

    int most(Shape shape) {
        return shape.size(capacity);
    }

    int most(Extent extent) {
        return extent.size(capacity);
    }

    /// Integers of `control`.
    int length() {
        return Row.SIZES + shapes.size();
    }

    /// Writes the sizes of the run under way.
    void write(IntArray control) {
        for (int i = 0; i < sizes.size(); i++) {
            control.set(Row.SIZES + i, sizes.get(i).get());
        }
    }
}
