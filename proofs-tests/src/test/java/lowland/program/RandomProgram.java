package lowland.program;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.program.operation.Gelu;
import lowland.program.operation.Scalar;

/// A program drawn from a seed: stages that run once, three times and for some of three layers, in both directions, carries, patches,
/// guards, updates.
final class RandomProgram {
    static final int WIDTH = 4;
    static final int LAYERS = 3;

    private final Random random;
    private final Recording p = new Recording("random");
    private final Shape rows = Shape.of(Extent.TOKENS, Extent.of(WIDTH));
    private final Shape square = Shape.of(WIDTH, WIDTH);
    private final List<State> plainStates = new ArrayList<>();
    private final List<State> stackedStates = new ArrayList<>();
    /// Values that the open stage may read.
    private List<Value> pool = new ArrayList<>();
    private final List<Value> stacked = new ArrayList<>();

    private RandomProgram(long seed) {
        random = new Random(seed);
    }

    static Program of(long seed) {
        return new RandomProgram(seed).build();
    }

    private Program build() {
        pool.add(p.input("x", ElementType.REAL, rows));
        pool.add(p.scalar("factor"));
        for (int i = 0; i < 4; i++) {
            State state = new State("w" + i, ElementType.REAL, square, 0);
            plainStates.add(state);
            pool.add(p.read(state));
            State layers = new State("s" + i, ElementType.REAL, square, LAYERS);
            stackedStates.add(layers);
            stacked.add(p.read(layers));
        }
        int stages = 1 + random.nextInt(4);
        for (int s = 0; s < stages; s++) {
            if (random.nextBoolean()) {
                p.stage("once " + s);
                operations(1 + random.nextInt(12));
            } else {
                repeated("layers " + s);
            }
        }
        p.stage("end");
        operations(random.nextInt(4));
        for (State state : plainStates) {
            update(state, pool);
        }
        for (State state : stackedStates) {
            update(state, stacked);
        }
        List<Value> made = pool.subList(6, pool.size());
        for (int i = 0; i < 3 && !made.isEmpty(); i++) {
            p.output("output " + i, made.get(random.nextInt(made.size())));
        }
        return p.finish();
    }

    private void repeated(String name) {
        List<Value> initial = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            initial.add(pick(pool));
        }
        int first = random.nextBoolean() ? 0 : random.nextInt(LAYERS);
        int end = random.nextBoolean() ? LAYERS : first + 1 + random.nextInt(LAYERS - first);
        List<Value> outside = pool;
        List<Value> made = new ArrayList<>();
        List<Value> results = p.repeat(name, LAYERS, first, end, random.nextBoolean(), initial, carried -> {
            List<Value> inside = new ArrayList<>(carried);
            inside.addAll(stacked);
            pool = new ArrayList<>(outside);
            pool.addAll(inside);
            int from = pool.size();
            operations(1 + random.nextInt(11));
            inside.addAll(pool.subList(from, pool.size()));
            made.addAll(carried);
            made.addAll(pool.subList(from, pool.size()));
            List<Value> handed = new ArrayList<>();
            for (Value value : carried) {
                handed.add(pick(inside.stream().filter(v -> end - first == 1 || alike(v, value)).toList()));
            }
            return handed;
        });
        if (end - first == LAYERS) {
            stacked.addAll(made);
        } else {
            for (Value value : made) {
                List<Value> whole = stacked.stream().filter(v -> alike(v, value)).toList();
                if (random.nextBoolean() && !whole.isEmpty()) {
                    stacked.add(p.patch(pick(whole), value));
                }
            }
        }
        pool = outside;
        pool.addAll(results);
    }

    private void operations(int count) {
        for (int i = 0; i < count; i++) {
            operation();
        }
    }

    private void operation() {
        Value a = pick(pool);
        List<Value> alike = pool.stream().filter(v -> v.type() == a.type() && v.shape().equals(a.shape())).toList();
        List<Value> squares = pool.stream().filter(v -> v.shape().equals(square)).toList();
        List<Value> scalars = pool.stream().filter(v -> v.type() == ElementType.DOUBLE).toList();
        if (a.type() == ElementType.DOUBLE) {
            switch (random.nextInt(4)) {
                case 0 -> p.guard(a, pick(scalars));
                case 1 -> pool.add(p.scale(a, pick(scalars)));
                default -> pool.add(p.scalar(random.nextBoolean() ? Scalar.Kind.ADD : Scalar.Kind.CLIP, a, pick(alike)));
            }
            return;
        }
        switch (random.nextInt(10)) {
            case 0 -> pool.add(p.add(a, pick(alike)));
            case 1 -> pool.add(p.multiply(a, pick(alike)));
            case 2 -> pool.add(p.scale(a, pick(scalars)));
            case 3 -> pool.add(p.tanh(a));
            case 4 -> pool.add(p.gelu(a, Gelu.Form.TANH));
            case 5 -> pool.add(p.squaredNorm(a));
            case 6 -> pool.add(p.product(a, false, pick(squares), random.nextBoolean(), null));
            case 7 -> pool.add(p.product(a, false, pick(squares), random.nextBoolean(), pick(alike)));
            case 8 -> pool.add(p.product(a, true, pick(alike), false, random.nextBoolean() ? pick(squares) : null));
            case 9 -> pool.add(p.relu(a));
            default -> pool.addAll(p.sgdMomentum(a, pick(alike), pick(alike), pick(scalars), pick(scalars), 0.9, 0.01));
        }
    }

    private void update(State state, List<Value> from) {
        List<Value> fitting = from.stream().filter(v -> v.shape().equals(square) && v.repeat() == state.repeat()).toList();
        if (random.nextInt(4) != 0 && !fitting.isEmpty()) {
            p.update(state, pick(fitting));
        }
    }

    private static boolean alike(Value a, Value b) {
        return a.type() == b.type() && a.shape().equals(b.shape());
    }

    private Value pick(List<Value> values) {
        return values.get(random.nextInt(values.size()));
    }
}
