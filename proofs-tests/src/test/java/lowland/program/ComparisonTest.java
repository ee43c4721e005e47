package lowland.program;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Divergence.Element;
import lowland.program.operation.Add;
import lowland.program.operation.Gaussian;
import lowland.program.operation.LayerNorm;
import lowland.program.operation.Multiply;
import lowland.program.operation.Product;
import lowland.program.operation.Sum;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A comparison passes an honest float executor, and finds a wrong element wherever it is.
final class ComparisonTest {
    private static final int WIDTH = 8;

    private final State w = new State("w", ElementType.REAL, Shape.of(WIDTH, WIDTH), 3);
    private final State gamma = new State("gamma", ElementType.REAL, Shape.of(WIDTH), 3);
    private final State beta = new State("beta", ElementType.REAL, Shape.of(WIDTH), 3);
    private final Inputs inputs = new Inputs().extent("tokens", 8).extent("sequences", 3).ints("starts", 0, 1, 3, 8)
            .reals("x", new float[64]);
    private Program program;
    private FloatExecutor executor;

    @BeforeEach
    void record() {
        CentralDifferences.Model model = p -> {
            Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, Extent.of(WIDTH)));
            Value starts = p.input("starts", ElementType.INT, Shape.of(Extent.STARTS));
            List<Value> results = p.repeat("layers", 3, List.of(x), c -> {
                Value norm = p.layerNorm(c.get(0), p.read(gamma), p.read(beta), 1e-5);
                Value q = p.product(norm, false, p.read(w), true, null);
                return List.of(p.add(c.get(0), p.attention(q, norm, norm, starts, starts, 2, 2, true, null)));
            });
            Value squares = p.sum(p.multiply(results.get(0), results.get(0)));
            return p.scalar(lowland.program.operation.Scalar.Kind.MULTIPLY, squares, p.constant(0.5));
        };
        program = CentralDifferences.programs(model, List.of(w, gamma)).get(1);
        Map<State, double[][]> states = new HashMap<>();
        try (Interpreter.Run session = new Interpreter().open(List.of(program), Map.of())) {
            CentralDifferences.fill(session, program, 5);
            for (State state : program.reads().keySet()) {
                double[][] slices = new double[state.slices()][];
                for (int layer = 0; layer < slices.length; layer++) {
                    slices[layer] = session.values(state, layer);
                }
                states.put(state, slices);
            }
        }
        float[] x = inputs.reals("x");
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.sin(i * i + 1);
        }
        executor = new FloatExecutor(program, inputs, states);
    }

    @Test
    void anHonestExecutorPasses() {
        Comparison comparison = new Comparison();
        executor.run(comparison, (_, _) -> {});
        assertTrue(comparison.compared() > 2000, () -> comparison.compared() + " compared");
        assertTrue(comparison.worst().keySet()
                .containsAll(List.of("layerNorm", "layerNormBackward", "attention", "attentionBackward", "product")));
        comparison.worst().forEach((name, element) -> assertTrue(element.ratio() <= 1, () -> name + " " + element));
        assertTrue(comparison.worst().get("product").ratio() > 0.01);
    }

    private Element divergence(FloatExecutor.Fault fault) {
        return assertThrows(Divergence.class, () -> executor.run(new Comparison(), fault)).element();
    }

    @Test
    void theFirstDivergenceEndsTheRun() {
        Element element = divergence((operation, m) -> {
            if (operation instanceof LayerNorm norm && m.layer() == 1) {
                m.reals(norm.y())[17] += 1e-3;
            }
        });
        assertEquals("norm", element.output());
        assertEquals(17, element.index());
        assertEquals(1, element.layer());
        assertTrue(element.ratio() > 100);
        String text = element.toString();
        assertTrue(text.startsWith("norm = layerNorm(x.2, gamma, beta) epsilon 1.0E-5   real[tokens, 8], layer 1: norm[17] is "), text);
        assertTrue(text.contains("(0x%08x), exact ".formatted(Float.floatToRawIntBits((float) element.actual()))), text);
        assertTrue(text.endsWith(", error " + Math.abs(element.actual() - element.exact()) + ", bound " + element.bound()), text);
    }

    @Test
    void allDivergencesAreCollected() {
        List<Element> found = new ArrayList<>();
        Comparison comparison = new Comparison(found::add);
        executor.run(comparison, (operation, m) -> {
            if (operation instanceof Add add && m.layer() == 2 && add.a().name().startsWith("x")) {
                m.reals(add.y())[3] = Math.nextUp(Math.nextUp((float) m.reals(add.y())[3]));
                m.reals(add.y())[4] = Double.NaN;
            }
        });
        // The rest of the program computes with NaN on both sides.
        assertEquals(List.of(3, 4), found.stream().map(Element::index).toList());
        assertTrue(Double.isNaN(comparison.worst().get("add").actual()));
    }

    @Test
    void whatWasNotANumberOnOneSide() {
        assertEquals(0, divergence((operation, m) -> {
            if (operation instanceof Product product) {
                m.reals(product.y())[0] = Double.NaN;
            }
        }).index());
    }

    @Test
    void aMissingTermIsFound() {
        // One sequence's last key left out of one product's sum: 1 of 8 terms.
        assertFalse(divergence((operation, m) -> {
            if (operation instanceof Product product && !product.transposeA() && product.transposeB()) {
                m.reals(product.y())[5] -= m.reals(product.a())[7] * m.reals(product.b())[5 * WIDTH + 7];
            }
        }).toString().isEmpty());
    }

    /// Products that are exactly zero may be off by what an underflow loses, not by more: the worst of them is kept, the first of equals.
    @Test
    void theWorstIsKept() {
        double bound = Double.MIN_NORMAL;
        assertEquals(4, worst(0, bound / 8, 0, bound / 2, bound, bound / 4).index());
        assertEquals(2, worst(0, bound / 8, bound / 2, 0, -bound / 2, bound / 4).index());
        assertEquals(1, worst(0, Double.POSITIVE_INFINITY, bound, Double.NEGATIVE_INFINITY, 0, 0).index());
        List<Element> diverged = new ArrayList<>();
        multiplied(new Comparison(diverged::add), 0, bound, Math.nextUp(bound), 0, -bound, 0);
        assertEquals(List.of(2), diverged.stream().map(Element::index).toList());
    }

    private static Element worst(double... made) {
        return multiplied(new Comparison(_ -> {}), made).worst().get("multiply");
    }

    /// Compares what a device made of zeros times zeros.
    private static Comparison multiplied(Comparison comparison, double... made) {
        Single m = new Single();
        Shape shape = Shape.of(made.length);
        Multiply multiply = new Multiply(m.small("a", shape), m.small("b", shape), m.small("y", shape, made));
        comparison.before(multiply, m);
        comparison.after(multiply, m);
        return comparison;
    }

    /// The interpreter stands at the device's layer: each has other numbers.
    @Test
    void everyLayer() {
        for (int layer = 0; layer < 3; layer++) {
            Single m = new Single().at(layer);
            Gaussian gaussian = new Gaussian("layer.*.weight", m.ints("key", 7, -9), m.real("y", Shape.of(3)));
            Comparison comparison = new Comparison();
            comparison.before(gaussian, m);
            m.interpret(gaussian);
            comparison.after(gaussian, m);
            assertEquals(0, comparison.worst().get("gaussian").ratio());
        }
    }

    @Test
    void doublesAreHeldToDouble() {
        Element element = divergence((operation, m) -> {
            if (operation instanceof Sum sum) {
                m.reals(sum.y())[0] = (float) m.reals(sum.y())[0];
            }
        });
        assertEquals(ElementType.DOUBLE, element.type());
        assertTrue(element.toString().contains("(0x40"), element.toString());
    }
}
