package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.Set;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.Stage;
import lowland.program.State;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.Operation;
import lowland.program.operation.Product;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.runtime.common.TornadoXPUDevice;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryContext;
import uk.ac.manchester.tornado.runtime.library.spi.LibraryInvocation;
import uk.ac.manchester.tornado.runtime.library.spi.TornadoLibraryProvider;

/// What cuBLAS is told, without it: a column-major sgemm of this test's own, written from the BLAS standard, takes its place and must give
/// what the interpreter means by a product. Operands are small whole numbers, so that equal means equal.
class CuBlasProductTest {
    private enum Addend {
        NONE, BIAS, MATRIX, IN_PLACE
    }

    /// Buffers at addresses as far apart as a device's.
    private static final long[] ADDRESSES = {1L << 40, 2L << 40, 3L << 40};
    private static final int LAYERS = 3;
    private static final int LAYER = 2;
    private static final int SLOT = 3;
    private static final int AT = Row.WIDTH;
    private static final int ROWS = Row.SIZES;
    private static final int COLUMNS = Row.SIZES + 1;
    private static final int DEPTH = Row.SIZES + 2;
    private static final int SIZE = Row.SIZES + 3;

    /// In place of TornadoVM's own provider: finds the operands by their addresses.
    private static final class ColumnMajor implements TornadoLibraryProvider {
        private final FloatArray[] buffers;
        private int calls;

        ColumnMajor(FloatArray... buffers) {
            this.buffers = buffers;
        }

        private int element(LibraryInvocation call, int argument) {
            int buffer = (int) (call.getDevicePointer(argument) >> 40) - 1;
            assertSame(buffers[buffer], call.getArg(argument));
            return Math.toIntExact((call.getDevicePointer(argument) - ADDRESSES[buffer]) / 4);
        }

        /// C(i, j) = α·Σ op(A)(i, l)·op(B)(l, j) + β·C(i, j), where X(i, j) is x[i + j·ldx]; leading dimensions as the standard demands.
        @Override
        public void dispatch(String function, LibraryInvocation call) {
            assertEquals("cublasSgemm", function);
            assertEquals(13, call.getNumArgs());
            calls++;
            boolean transposeA = (int) call.getArg(0) == 1;
            boolean transposeB = (int) call.getArg(1) == 1;
            int m = (int) call.getArg(2);
            int n = (int) call.getArg(3);
            int k = (int) call.getArg(4);
            float alpha = (float) call.getArg(5);
            FloatArray a = (FloatArray) call.getArg(6);
            int lda = (int) call.getArg(7);
            FloatArray b = (FloatArray) call.getArg(8);
            int ldb = (int) call.getArg(9);
            float beta = (float) call.getArg(10);
            FloatArray c = (FloatArray) call.getArg(11);
            int ldc = (int) call.getArg(12);
            assertTrue(lda >= Math.max(1, transposeA ? k : m) && ldb >= Math.max(1, transposeB ? n : k) && ldc >= Math.max(1, m));
            int aAt = element(call, 6);
            int bAt = element(call, 8);
            int cAt = element(call, 11);
            for (int j = 0; j < n; j++) {
                for (int i = 0; i < m; i++) {
                    float sum = 0;
                    for (int l = 0; l < k; l++) {
                        sum += a.get(aAt + (transposeA ? l + i * lda : i + l * lda)) * b.get(bAt + (transposeB ? j + l * ldb : l + j * ldb));
                    }
                    int at = cAt + i + j * ldc;
                    c.set(at, alpha * sum + (beta == 0 ? 0 : beta * c.get(at)));
                }
            }
        }

        @Override
        public String libraryName() {
            return "column-major";
        }

        @Override
        public boolean canHandle(TornadoXPUDevice device) {
            return true;
        }

        @Override
        public LibraryContext createContext(TornadoXPUDevice device, long plan) {
            return null;
        }

        @Override
        public void destroyContext(LibraryContext context) {}
    }

    private static FloatArray array(int size, Random random) {
        FloatArray array = new FloatArray(size);
        for (int i = 0; i < size; i++) {
            array.set(i, random.nextInt(19) - 9);
        }
        return array;
    }

    private static float[] values(FloatArray array, int from, int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = array.get(from + i);
        }
        return values;
    }

    private static float[] meant(int rows, int columns, int depth, boolean transposeA, boolean transposeB, Addend addend, float[] a,
            float[] b, float[] added) {
        Recording p = new Recording("p");
        Value left = p.input("a", ElementType.REAL, transposeA ? Shape.of(depth, rows) : Shape.of(rows, depth));
        Value right = p.input("b", ElementType.REAL, transposeB ? Shape.of(columns, depth) : Shape.of(depth, columns));
        Value addition = addend == Addend.NONE ? null
                : p.input("addend", ElementType.REAL, addend == Addend.BIAS ? Shape.of(columns) : Shape.of(rows, columns));
        p.output("y", p.product(left, transposeA, right, transposeB, addition));
        float[] y = new float[rows * columns];
        try (Interpreter.Run run = new Interpreter().open(List.of(p.finish()), Map.of())) {
            run.run("p", new Inputs().reals("a", a).reals("b", b).reals("addend", added));
            run.copy("p", "y", y);
        }
        return y;
    }

    private static void check(int rows, int columns, int depth, boolean transposeA, boolean transposeB, Addend addend, boolean needed) {
        Random random = new Random(rows + 10 * columns + 100 * depth);
        int aAt = 5;
        int bAt = 11;
        int yAt = 7;
        int addedAt = addend == Addend.IN_PLACE ? yAt : yAt + rows * columns + 3;
        FloatArray a = array(aAt + rows * depth + 2, random);
        FloatArray b = array(bAt + depth * columns + 2, random);
        FloatArray work = array(2 * (yAt + rows * columns) + 9, random);
        int addedSize = addend == Addend.BIAS ? columns : rows * columns;
        float[] expected = meant(rows, columns, depth, transposeA, transposeB, addend, values(a, aAt, rows * depth),
                values(b, bAt, depth * columns), values(work, addedAt, addedSize));
        float[] before = values(work, 0, work.getSize());

        IntArray control = new IntArray(Row.SIZES + 4);
        control.set(Row.LAYER, LAYER);
        control.set(Row.SLOTS + SLOT, AT);
        control.set(ROWS, rows);
        control.set(COLUMNS, columns);
        control.set(DEPTH, depth);
        control.set(SIZE, rows * columns);
        IntArray table = new IntArray(AT + LAYERS * Row.WIDTH);
        table.init(-1000);
        int row = AT + LAYER * Row.WIDTH;
        int[] places = {needed ? 1 : 0, aAt, bAt, yAt, addedAt};
        for (int i = 0; i < places.length; i++) {
            table.set(row + i, places[i]);
        }
        if (addend == Addend.BIAS || addend == Addend.MATRIX) {
            for (int i = 0; i < rows * columns + 5; i++) {
                Products.start(control, table, work, work, row, SIZE, COLUMNS, addend == Addend.BIAS ? 1 : 0, i);
            }
        }
        CuBlasProduct.Call call = new CuBlasProduct.Call(control, table, SLOT, ROWS, COLUMNS, DEPTH, transposeA, transposeB,
                addend != Addend.NONE);
        ColumnMajor sgemm = new ColumnMajor(a, b, work);
        new CuBlasProvider(sgemm).dispatch("product", new LibraryInvocation(new Object[] {a, b, work}, ADDRESSES.clone(),
                new boolean[] {true, true, true}, null, 1, null, call));

        String what = rows + "×" + columns + "×" + depth + " " + transposeA + " " + transposeB + " " + addend;
        assertEquals(needed ? 1 : 0, sgemm.calls, what);
        if (needed) {
            System.arraycopy(expected, 0, before, yAt, expected.length);
        }
        assertArrayEquals(before, values(work, 0, work.getSize()), what);
    }

    @Test
    void everyTranspositionSizeAndAddendIsToldRightly() {
        int[] sizes = {1, 2, 3, 5, 8};
        for (int rows : sizes) {
            for (int columns : sizes) {
                for (int depth : sizes) {
                    for (Addend addend : Addend.values()) {
                        for (int transposed = 0; transposed < 4; transposed++) {
                            check(rows, columns, depth, (transposed & 1) == 1, (transposed & 2) == 2, addend, true);
                        }
                    }
                }
            }
        }
    }

    @Test
    void aLayerThatDoesNotNeedTheProductCallsNothing() {
        for (Addend addend : Addend.values()) {
            check(3, 5, 2, false, true, addend, false);
        }
    }

    /// How many tasks the product has that makes each value.
    private static Map<Value, Integer> tasks(Program program, Set<State> frozen) {
        Liveness plan = new Liveness(program, Map.of());
        Layout layout = new Layout(Map.of(program, plan), frozen, Map.of(), Integer.MAX_VALUE);
        Map<Value, Integer> tasks = new HashMap<>();
        for (Stage stage : program.stages()) {
            for (Operation operation : stage.operations()) {
                if (operation instanceof Product product) {
                    Instruction[] layers = plan.instructions().stream().filter(i -> i.operation() == product).toArray(Instruction[]::new);
                    Site site = new Site(plan, layout, new Rows(), layers);
                    tasks.put(product.y(), new CuBlasProduct().tasks(site, product, new Sizes(Map.of())).size());
                }
            }
        }
        return tasks;
    }

    /// Where an addend is in the result's place at every layer the product is one call; elsewhere a kernel brings it there first.
    @Test
    void anAddendThatIsThereAlreadyIsNotBrought() {
        Shape square = Shape.of(4, 4);
        State weight = new State("weight", ElementType.REAL, square, 0);
        State start = new State("start", ElementType.REAL, square, 0);
        State bias = new State("bias", ElementType.REAL, Shape.of(4), 0);
        Recording p = new Recording("p");
        Value x = p.input("x", ElementType.REAL, square);
        Value w = p.read(weight);
        Value plain = p.product(x, false, w, true, null);
        Value over = p.product(x, false, w, false, plain);
        Value beside = p.product(x, true, w, false, over);
        Value other = p.product(over, false, w, true, p.read(start));
        Value biased = p.product(beside, false, other, false, p.read(bias));
        Value[] repeated = new Value[2];
        List<Value> sums = p.repeat("layers", 3, List.of(x, biased), carried -> {
            for (int i = 0; i < 2; i++) {
                repeated[i] = p.product(x, false, w, true, carried.get(i));
            }
            return List.of(repeated);
        });
        p.output("y", p.add(sums.get(0), sums.get(1)));

        Map<Value, Integer> tasks = tasks(p.finish(), Set.of(weight, start));
        assertEquals(1, tasks.get(plain), "no addend");
        assertEquals(1, tasks.get(over), "an addend that nobody reads later");
        assertEquals(2, tasks.get(beside), "an addend that is read later");
        assertEquals(2, tasks.get(other), "an addend among the weights");
        assertEquals(2, tasks.get(biased), "a bias");
        assertEquals(2, tasks.get(repeated[0]), "an input at the first layer");
        assertEquals(1, tasks.get(repeated[1]), "at each layer what the one before left");
    }

    /// Offsets count in each buffer anew: here one that is equal to the result's means nothing.
    @Test
    void anAddendAmongTheWeightsIsAlwaysBrought() {
        for (int before = 1; before <= 12; before++) {
            State other = new State("other", ElementType.REAL, Shape.of(4, 4 * before), 0);
            State start = new State("start", ElementType.REAL, Shape.of(4, 4), 0);
            Recording p = new Recording("p");
            Value x = p.input("x", ElementType.REAL, Shape.of(4, 4));
            p.output("norm", p.squaredNorm(p.product(x, false, p.read(other), false, null)));
            Value y = p.product(x, false, x, false, p.read(start));
            p.output("y", y);
            assertEquals(2, tasks(p.finish(), Set.of(other, start)).get(y), before + " matrices before it");
        }
    }

    /// TornadoVM looks for providers of libraries by their service files, on the class path too.
    @Test
    void tornadoFindsTheProvider() {
        assertTrue(ServiceLoader.load(TornadoLibraryProvider.class).stream().anyMatch(found -> found.type() == CuBlasProvider.class));
    }
}
