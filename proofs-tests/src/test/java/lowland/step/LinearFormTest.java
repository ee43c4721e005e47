package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.operation.Mask;
import org.ejml.simple.SimpleMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// An adapted layer by itself.
final class LinearFormTest {
    private static final int TOKENS = 7;
    private static final int IN = 6;
    private static final int OUT = 5;
    private static final int[] SEQUENCES = {0, 0, 0, 1, 1, 2, 2};
    private static final int[] PLACES = {0, 1, 2, 0, 1, 0, 1};

    private static Linear linear(String module) {
        return new Linear(module, new State(module + ".weight", ElementType.REAL, Shape.of(OUT, IN), 0),
                new State(module + ".bias", ElementType.REAL, Shape.of(OUT), 0));
    }

    /// y = x·Wᵀ + bias + Σ s·((mask ⊙ x)·Aᵀ)·Bᵀ: W sees all of x, all pairs one mask, whose site is of the module's name alone.
    @ParameterizedTest
    @ValueSource(strings = {"query", "pooler.dense", "encoder.dense", "classifier"}) // hashes with bits 31 and 30 set and not
    void droppedInputsAreThePairs(String module) {
        Random random = new Random(1);
        Linear linear = linear(module);
        List<Factors> pairs = List.of(new Factors(linear, Factors.PRIMARY, 2, -1.5), new Factors(linear, Factors.AUXILIARY, 3, 2));
        LinearForm form = RuleStep.form(pairs, List.of()).withDropout(0.4);
        Recording p = new Recording("layer");
        p.output("y", form.apply(p, p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(IN))), linear));
        int[] key = {3, -5};
        float[] x = new float[TOKENS * IN];
        SimpleMatrix all = new SimpleMatrix(TOKENS, IN);
        SimpleMatrix seen = new SimpleMatrix(TOKENS, IN);
        // 30 bits of the name's hash, above the model's own sites.
        int site = Math.floorMod(module.hashCode(), 1 << 30) + (1 << 30);
        Mask mask = new Mask(0.4, site, new Recording("key").input("maskKey", ElementType.INT, Shape.of(2)));
        for (int i = 0; i < TOKENS; i++) {
            long row = Mask.row(Mask.key(key), site, 0, SEQUENCES[i], PLACES[i]);
            for (int j = 0; j < IN; j++) {
                x[i * IN + j] = (float) random.nextGaussian();
                all.set(i, j, x[i * IN + j]);
                seen.set(i, j, x[i * IN + j] * mask.factor(row, j));
            }
        }
        try (Interpreter.Run session = new Interpreter().open(List.of(p.finish()), Map.of())) {
            SimpleMatrix expected = all.mult(drawn(session, linear.weight(), random).transpose());
            SimpleMatrix bias = drawn(session, linear.bias(), random);
            SimpleMatrix ones = new SimpleMatrix(TOKENS, 1);
            ones.fill(1);
            expected = expected.plus(ones.mult(bias));
            for (Factors pair : pairs) {
                SimpleMatrix down = seen.mult(drawn(session, pair.a(), random).transpose()).scale(pair.scaling());
                expected = expected.plus(down.mult(drawn(session, pair.b(), random).transpose()));
            }
            assertTrue(session.run("layer", new Inputs().extent("tokens", TOKENS).reals("x", x).ints("sequences", SEQUENCES)
                    .ints("places", PLACES).ints("maskKey", key)));
            SimpleMatrix y = new SimpleMatrix(TOKENS, OUT, true, session.output("layer", "y"));
            assertEquals(0, expected.minus(y).normF(), 64 * 0x1p-53 * expected.normF());
        }
    }

    private static SimpleMatrix drawn(Interpreter.Run session, State state, Random random) {
        boolean vector = state.shape().rank() == 1;
        double[] values = session.values(state, 0);
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian();
        }
        return new SimpleMatrix(vector ? 1 : state.shape().fixed(0), state.shape().fixed(vector ? 0 : 1), true, values.clone());
    }

    @Test
    void namesOfStackedLayers() {
        Linear query = linear("bert.encoder.layer.*.attention.self.query");
        assertEquals("attention.self.query", query.moduleInLayer());
        assertEquals("bert.encoder.layer.11.attention.self.query", query.module(11));
        assertEquals("pooler.dense", linear("pooler.dense").moduleInLayer());
    }
}
