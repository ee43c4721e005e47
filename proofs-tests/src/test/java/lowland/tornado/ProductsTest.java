package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

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
    private static final Extent IN = Extent.of(24);
    private static final Extent OUT = Extent.of(40);
    private static final State WEIGHT = new State("weight", ElementType.REAL, Shape.of(OUT, IN), LAYERS);
    private static final State SMALL = new State("small", ElementType.REAL, Shape.of(NARROW, IN), LAYERS);

    private static Program program() {
        Recording p = new Recording("products");
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.TOKENS, IN));
        Value g = p.input("g", ElementType.REAL, Shape.of(Extent.TOKENS, OUT));
        Value bias = p.input("bias", ElementType.REAL, Shape.of(OUT));
        Value other = p.input("other", ElementType.REAL, Shape.of(IN));
        // Stacked weights, each layer's behind the other's: forward, to rank 8 and back, each way with every addend.
        Value last = p.repeat("layers", LAYERS, List.of(x), carried -> {
            Value w = p.read(WEIGHT);
            Value a = p.read(SMALL);
            Value y = p.product(carried.getFirst(), false, w, true, bias);
            Value summed = p.product(carried.getFirst(), false, w, true, y);
            Value low = p.product(carried.getFirst(), false, a, true, null);
            Value back = p.product(p.add(y, summed), false, w, false, other);
            return List.of(p.product(low, false, a, false, back));
        }).getFirst();
        p.output("last", last);
        Value d = p.product(x, true, g, false, null);
        p.output("added", p.product(x, true, g, false, d));
        p.output("row", p.product(x, true, g, false, bias));
        p.output("down", p.product(g, true, x, false, null));
        p.output("alone", p.product(g, false, p.input("square", ElementType.REAL, Shape.of(OUT, IN)), false, x));
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
        return new Inputs().extent("tokens", tokens).reals("x", random(24 * tokens, 1)).reals("g", random(40 * tokens, 2))
                .reals("bias", random(40, 3)).reals("other", random(24, 4)).reals("square", random(24 * 40, 5));
    }

    private static void initialise(Session session) {
        for (int layer = 0; layer < LAYERS; layer++) {
            session.write(WEIGHT, layer, random(40 * 24, 6 + layer));
            session.write(SMALL, layer, random(8 * 24, 8 + layer));
        }
    }

    @Test
    void productsOfVectorsAreWithinTheirBounds() {
        Comparison comparison = new Comparison();
        int runs = 0;
        try (Session session = Tornado.device(true).open(List.of(program()), Map.of("tokens", MOST))) {
            initialise(session);
            for (int tokens : new int[] {1, 2, 5, 8, MOST}) {
                assertTrue(session.run("products", inputs(tokens), comparison), "tokens " + tokens);
                runs++;
            }
        }
        assertTrue(comparison.compared() > runs * 1000, "compared " + comparison.compared());
        System.out.println("products of vectors: error/bound %.2f".formatted(comparison.worst().get("product").ratio()));
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
