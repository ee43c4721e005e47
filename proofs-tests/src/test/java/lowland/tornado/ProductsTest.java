package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.program.Comparison;
import lowland.program.Device;
import lowland.program.DeviceFailure;
import lowland.program.DeviceProvider.Description;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Inputs;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Session;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import org.junit.jupiter.api.Test;

/// Products whose rows are whole vectors, with numbers of tokens that are not: [OperationsTest] has those of all other sizes.
class ProductsTest {
    private static final int LAYERS = 2;
    private static final int MOST = 11;
    private static final Extent NARROW = Extent.of(8);
    private static final Extent IN = Extent.of(40);
    private static final Extent OUT = Extent.of(24);
    private static final Extent CLASSES = Extent.of(6);
    private static final State WEIGHT = new State("weight", ElementType.REAL, Shape.of(OUT, IN), LAYERS);
    private static final State DOWN = new State("down", ElementType.REAL, Shape.of(NARROW, IN), LAYERS);
    private static final State UP = new State("up", ElementType.REAL, Shape.of(OUT, NARROW), LAYERS);
    /// A weight on the left, of something that is none.
    private static final State FIXED = new State("fixed", ElementType.REAL, Shape.of(NARROW, IN), 0);
    /// Trained, so not among the frozen weights.
    private static final State A = new State("a", ElementType.REAL, Shape.of(NARROW, IN), LAYERS);
    private static final State B = new State("b", ElementType.REAL, Shape.of(OUT, NARROW), LAYERS);

    private static Program program() {
        Recording p = new Recording("products");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, IN));
        Value bias = p.input("bias", ElementType.REAL, Shape.of(OUT));
        Value other = p.input("other", ElementType.REAL, Shape.of(IN));
        // Stacked states, each layer's behind the other's, with every addend.
        Value last = p.repeat("layers", LAYERS, List.of(x), carried -> {
            Value h = carried.getFirst();
            Value w = p.read(WEIGHT);
            Value a = p.read(A);
            Value b = p.read(B);
            // Forward: along rows, and to a low depth.
            Value y = p.product(h, false, w, true, bias);
            Value summed = p.product(h, false, w, true, y);
            Value frozen = p.product(h, false, p.read(DOWN), true, null);
            Value low = p.product(h, false, a, true, frozen);
            Value g = p.product(low, false, b, true, summed);
            g = p.product(frozen, false, p.read(UP), true, p.add(g, summed));
            // Back, and the factors' gradients.
            Value dLow = p.product(g, false, b, false, low);
            Value dB = p.product(g, true, low, false, null);
            Value dA = p.product(dLow, true, h, false, a);
            Value dh = p.product(g, false, w, false, other);
            p.update(A, dA);
            p.update(B, p.add(b, dB));
            return List.of(p.product(dLow, false, a, false, dh));
        }).getFirst();
        p.output("last", last);
        Value g = p.input("g", ElementType.REAL, Shape.of(Extent.TOKENS, OUT));
        Value square = p.input("square", ElementType.REAL, Shape.of(IN, IN));
        p.output("row", p.product(g, true, x, false, other));
        p.output("along", p.product(x, false, square, true, other));
        p.output("both", p.product(p.product(x, true, g, false, null), true, square, true, null));
        p.output("transposed", p.product(p.input("pairs", ElementType.REAL, Shape.of(NARROW, OUT)), true,
                p.input("more", ElementType.REAL, Shape.of(IN, NARROW)), true, other));
        p.output("across", p.product(square, false, x, true, null));
        p.output("left", p.product(p.read(FIXED), false, square, false, null));
        // Along rows to columns that are no whole block, as those of a head are.
        p.output("classes", p.product(x, false, p.input("head", ElementType.REAL, Shape.of(CLASSES, IN)), true, null));
        return p.finish();
    }

    private static float[] random(int size, int seed) {
        Random random = new Random(seed);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    private static Inputs inputs(int tokens) {
        return new Inputs().extent("tokens", tokens).reals("x", random(40 * tokens, 1)).reals("g", random(24 * tokens, 2))
                .reals("bias", random(24, 3)).reals("other", random(40, 4)).reals("square", random(40 * 40, 5))
                .reals("pairs", random(8 * 24, 6)).reals("more", random(40 * 8, 7)).reals("head", random(6 * 40, 10));
    }

    private static void initialise(Session session) {
        for (State state : List.of(WEIGHT, DOWN, UP, A, B)) {
            for (int layer = 0; layer < LAYERS; layer++) {
                session.write(state, layer, random(state.size(), 8 + state.name().hashCode() + layer));
            }
        }
        session.write(FIXED, 0, random(FIXED.size(), 9));
    }

    @Test
    void productsOfVectorsAreWithinTheirBounds() {
        Comparison comparison = new Comparison();
        int runs = 0;
        try (Session session = Tornado.device(true).open(List.of(program()), Map.of("tokens", MOST))) {
            for (int tokens : new int[] {1, 2, 5, 8, MOST}) {
                initialise(session);
                assertTrue(session.run("products", inputs(tokens), comparison), "tokens " + tokens);
                runs++;
            }
        }
        assertTrue(comparison.compared() > runs * 1000, "compared " + comparison.compared());
        System.out.println("products of vectors: error/bound %.2f".formatted(comparison.worst().get("product").ratio()));
    }

    /// Blocks that reach beyond the last row or column write nothing there: right behind each result lies a state that stays as it was.
    @Test
    void aProductWritesItsResultAlone() {
        // Rows, columns, depth, 1 for a transposed b; each result ends where an alignment does.
        int[][] products = {{2, 16, 9, 0}, {4, 24, 9, 0}, {18, 8, 9, 1}, {3, 16, 40, 1}, {16, 6, 40, 1}, {16, 6, 9, 1}};
        Recording p = new Recording("alone");
        Inputs inputs = new Inputs();
        List<State> results = new ArrayList<>();
        List<State> neighbours = new ArrayList<>();
        for (int i = 0; i < products.length; i++) {
            int rows = products[i][0];
            int columns = products[i][1];
            int depth = products[i][2];
            boolean transposed = products[i][3] == 1;
            State result = new State("result" + i, ElementType.REAL, Shape.of(rows, columns), 0);
            State neighbour = new State("neighbour" + i, ElementType.REAL, Shape.of(64), 0);
            p.read(result);
            p.read(neighbour);
            Value a = p.input("a" + i, ElementType.REAL, Shape.of(rows, depth));
            Value b = p.input("b" + i, ElementType.REAL, transposed ? Shape.of(columns, depth) : Shape.of(depth, columns));
            p.update(result, p.product(a, false, b, transposed, null));
            // A state that only products read would lie apart, among the weights.
            p.output("sum" + i, p.sum(p.read(neighbour)));
            inputs.reals("a" + i, filled(rows * depth, 1)).reals("b" + i, filled(columns * depth, 2));
            results.add(result);
            neighbours.add(neighbour);
        }
        try (Session session = Tornado.device(false).open(List.of(p.finish()), Map.of())) {
            neighbours.forEach(neighbour -> session.write(neighbour, 0, filled(64, 7)));
            assertTrue(session.run("alone", inputs));
            for (int i = 0; i < products.length; i++) {
                assertArrayEquals(filled(results.get(i).size(), 2 * products[i][2]), session.read(results.get(i), 0), "product " + i);
                assertArrayEquals(filled(64, 7), session.read(neighbours.get(i), 0), "behind product " + i);
            }
        }
    }

    private static float[] filled(int size, float value) {
        float[] values = new float[size];
        Arrays.fill(values, value);
        return values;
    }

    /// A product that is asked for and cannot be is refused; no other kernel runs in its place.
    @Test
    void aLibraryThatADeviceLacksIsNotReplaced() {
        Device device = Tornado.device(false);
        Description description = Tornado.provider().devices().getFirst();
        assumeTrue(!description.platform().contains("CUDA"), "this device has it");
        for (String choice : List.of("cublas", "none")) {
            System.setProperty("lowland.tornado.product", choice);
            try {
                DeviceFailure failure = assertThrows(DeviceFailure.class,
                        () -> device.open(List.of(program()), Map.of("tokens", MOST)).close());
                String told = choice.equals("cublas") ? "cublas needs TornadoVM's CUDA backend" : "blocked or cublas, not none";
                assertTrue(failure.getMessage().contains(told), failure.getMessage());
                assertTrue(failure.getMessage().lines().count() == 1, failure.getMessage());
            } finally {
                System.clearProperty("lowland.tornado.product");
            }
        }
    }
}
