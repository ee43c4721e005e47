package lowland.step;

import java.util.Random;
import lowland.program.Inputs;

/// Rows of a [Network]'s data, as floats: both sides see the very same numbers.
///
/// @param x N×inputs, row-major
/// @param maskKey of the dropout masks, two halves
record Rows(int count, float[] x, float[] targets, int[] labels, int[] maskKey) {
    static Rows draw(Network network, int count, Random random) {
        Rows rows = new Rows(count, new float[count * network.inputs()], new float[count], new int[count],
                new int[] {random.nextInt(), random.nextInt()});
        for (int i = 0; i < rows.x.length; i++) {
            rows.x[i] = (float) random.nextGaussian();
        }
        for (int i = 0; i < count; i++) {
            rows.targets[i] = (float) random.nextGaussian();
            rows.labels[i] = random.nextInt(network.classes());
        }
        return rows;
    }

    /// Rows from..to−1 as a micro-batch; each keeps the number that its masks are made of.
    Inputs inputs(int from, int to) {
        int width = x.length / count;
        int[] numbers = new int[to - from];
        for (int i = from; i < to; i++) {
            numbers[i - from] = i;
        }
        return new Inputs().extent("sequences", to - from)
                .reals("x", java.util.Arrays.copyOfRange(x, from * width, to * width))
                .reals("targets", java.util.Arrays.copyOfRange(targets, from, to))
                .ints("labels", java.util.Arrays.copyOfRange(labels, from, to))
                .ints("rows", numbers).ints("places", new int[to - from]).ints("maskKey", maskKey)
                .scalar("lossWeight", 1.0 / count);
    }
}
