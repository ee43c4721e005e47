package lowland.train;

import java.util.List;
import java.util.Map;
import lowland.program.Device;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Gelu;
import lowland.program.operation.Scalar;
import lowland.random.CounterRandom;

/// A small program run on a device and by the interpreter: products, attention, layer norm, the double side, an update. It tells whether a
/// device works at all on this machine; that every operation is exact enough is what the tests show.
///
/// @param difference the largest one relative to the largest value
/// @param seconds from opening to the last result, compilation with it
public record SelfTest(double difference, double seconds) {
    /// Float sums of a few hundred terms through four layers stay well below.
    private static final double MOST = 1e-4;
    private static final int CHANNELS = 24;
    private static final int TOKENS = 13;
    private static final State WEIGHT = new State("weight", ElementType.REAL, Shape.of(CHANNELS, CHANNELS), 0);
    private static final State NARROW = new State("narrow", ElementType.REAL, Shape.of(CHANNELS, 4), 0);
    private static final State GAMMA = new State("gamma", ElementType.REAL, Shape.of(CHANNELS), 0);

    public static SelfTest of(Device device) {
        long began = System.nanoTime();
        float[] actual = run(device);
        double seconds = (System.nanoTime() - began) * 1e-9;
        float[] exact = run(new Interpreter());
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < exact.length; i++) {
            largest = Math.max(largest, Math.abs(exact[i]));
            double away = Math.abs((double) actual[i] - exact[i]);
            // NaN is the worst.
            difference = away <= difference ? difference : away;
        }
        return new SelfTest(difference / largest, seconds);
    }

    public boolean passed() {
        return difference <= MOST;
    }

    @Override
    public String toString() {
        return "%s: differs by %.1e from double precision, %.1f s".formatted(passed() ? "passed" : "failed", difference, seconds);
    }

    /// The weight after two updates.
    private static float[] run(Device device) {
        Program program = program();
        try (Session session = device.open(List.of(program), Map.of("tokens", 2 * TOKENS, "sequences", 4))) {
            session.write(WEIGHT, 0, random(1, WEIGHT.size(), 0));
            session.write(NARROW, 0, random(4, NARROW.size(), 0));
            session.write(GAMMA, 0, random(2, GAMMA.size(), 1));
            Inputs inputs = new Inputs().extent("tokens", TOKENS).extent("sequences", 2).reals("x", random(3, TOKENS * CHANNELS, 0))
                    .ints("starts", 0, 8, TOKENS).scalar("rate", 0.1);
            for (int step = 0; step < 2; step++) {
                session.run("self-test", inputs);
            }
            return session.read(WEIGHT, 0);
        }
    }

    private static Program program() {
        Recording p = new Recording("self-test");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(CHANNELS)));
        Value starts = p.input("starts", ElementType.INT, Shape.of(Extent.STARTS));
        Value weight = p.read(WEIGHT);
        Value gamma = p.read(GAMMA);
        Value y = p.product(x, false, weight, true, null);
        y = p.attention(y, x, x, starts, starts, 3, 3, false, null);
        y = p.gelu(p.layerNorm(p.add(y, x), gamma, gamma, 1e-5), Gelu.Form.ERF);
        Value gradient = p.product(y, true, x, false, null);
        Value small = p.gram(p.product(y, false, p.read(NARROW), false, null), y, 0);
        Value inverse = p.pseudoInverse(p.gram(p.read(NARROW), p.read(NARROW), 0)).getFirst();
        Value flat = p.product(p.product(gradient, false, p.read(NARROW), false, null), false, p.toReal(p.smallProduct(inverse, small)),
                false, gradient);
        Value scale = p.scalar(Scalar.Kind.DIVIDE, p.scalar("rate"), p.squareRoot(p.squaredNorm(flat)));
        p.update(WEIGHT, p.add(weight, p.scale(flat, scale)));
        return p.finish();
    }

    private static float[] random(long key, int count, double mean) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (mean + 0.5 * CounterRandom.gaussian(CounterRandom.child(key, i)));
        }
        return values;
    }
}
