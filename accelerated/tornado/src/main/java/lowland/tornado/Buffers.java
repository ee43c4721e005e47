package lowland.tornado;

import java.util.List;
import java.util.stream.IntStream;
import uk.ac.manchester.tornado.api.types.arrays.DoubleArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// The arrays of a session. Those that stay on the device are shared by all graphs; the others go there or come back with each execution
/// of the graphs that name them.
final class Buffers {
    /// Floats that one execution brings to the device, or back.
    static final int MOST_IN = 1 << 18;
    static final int MOST_OUT = 1 << 14;

    final FloatArray work;
    final List<FloatArray> weights;
    final DoubleArray small;
    final IntArray ints;
    final IntArray table;

    final IntArray control;
    final FloatArray givenReals;
    final DoubleArray givenDoubles;
    final FloatArray in;
    final FloatArray out;
    final IntArray wanted;
    final DoubleArray answers;

    /// @param wanted the most double scalars that are asked for at once
    Buffers(Layout layout, Sizes sizes, int[] rows, int wanted) {
        work = new FloatArray(layout.work());
        weights = layout.weights().stream().map(size -> new FloatArray(size.intValue())).toList();
        small = new DoubleArray(layout.small());
        ints = new IntArray(layout.ints());
        table = IntArray.fromArray(rows);
        control = new IntArray(sizes.length());
        givenReals = new FloatArray(layout.givenReals());
        givenDoubles = new DoubleArray(layout.givenDoubles());
        in = new FloatArray(MOST_IN);
        out = new FloatArray(MOST_OUT);
        this.wanted = new IntArray(wanted + 1);
        answers = new DoubleArray(wanted + 1);
        for (int i = 0; i < layout.constants().size(); i++) {
            small.set(layout.constantsAt() + i, layout.constants().get(i));
        }
    }

    /// What stays on the device.
    Object[] shared() {
        return IntStream.range(0, 4 + weights.size()).mapToObj(i -> switch (i) {
            case 0 -> work;
            case 1 -> small;
            case 2 -> ints;
            case 3 -> table;
            default -> weights.get(i - 4);
        }).toArray();
    }

    /// The buffer of this number of the weights, or `work` for −1.
    FloatArray reals(int buffer) {
        return buffer < 0 ? work : weights.get(buffer);
    }
}
