package lowland.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import lowland.cpu.EquivalenceTraining;
import lowland.cpu.EquivalenceTraining.Sizes;
import lowland.descent.AdamW;
import lowland.model.Bert;
import lowland.program.Comparison;
import lowland.program.Device;
import lowland.program.ElementType;
import lowland.program.Inputs;
import lowland.program.Interpreter;
import lowland.program.Observer;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import lowland.rule.UpdateRule;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whole training steps as task graphs: every operation on the device's own inputs within its bound; then the stages as graphs, which must
/// give the same bits as one graph an operation, and run freely beside the interpreter. Nearly all of the time goes into compiling kernels.
class TrainingTest {
    private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01);
    static final Sizes SIZES = new Sizes(36, 3, 40, 50, 4, 2, true);

    private static EquivalenceTraining open(Device device, UpdateRule rule, Sizes sizes, Bert.Pooling model) {
        return new EquivalenceTraining(device, rule, ADAMW, sizes, EquivalenceTraining.CAPACITY, model);
    }

    /// BERT and RoBERTa, which differ in their heads, with the papers' rules. The other rules are in [RulesCheck].
    @ParameterizedTest
    @EnumSource(names = {"MEAN", "FIRST"})
    void stepsAreWithinTheirBoundsAndStagesGiveTheBitsOfTheirOperations(Bert.Pooling model) {
        List<Program> programs = new ArrayList<>();
        for (UpdateRule rule : EquivalenceTraining.RULES) {
            try (EquivalenceTraining plain = open(new Interpreter(), rule, SIZES, model)) {
                programs.addAll(plain.step.programs());
            }
        }
        try (Together watched = new Together(Tornado.device(true), programs); Together staged = new Together(Tornado.device(false), programs)) {
            for (UpdateRule rule : EquivalenceTraining.RULES) {
                String what = (model == Bert.Pooling.FIRST ? "RoBERTa" : "BERT") + ", " + rule.getClass().getSimpleName();
                assertSteps(what, open(watched, rule, SIZES, model), open(staged, rule, SIZES, model), open(new Interpreter(), rule, SIZES, model));
            }
        }
    }

    /// The programs of several rules in one session: those that rules have in common, the gradient above all, are compiled once.
    private static final class Together implements Device, AutoCloseable {
        private final Session session;
        private final Map<String, String> names = new HashMap<>();

        Together(Device device, List<Program> programs) {
            List<Program> different = new ArrayList<>();
            for (Program program : programs) {
                if (names.putIfAbsent(program.toString(), "p" + names.size()) == null) {
                    different.add(new Program(names.get(program.toString()), program.inputs(), program.reads(), program.stages(),
                            program.updates(), program.outputs()));
                }
            }
            session = device.open(different, EquivalenceTraining.CAPACITY);
        }

        @Override
        public String name() {
            return "together";
        }

        /// A rule's part of the session, with states at zero as in one of its own.
        @Override
        public Session open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
            Map<String, String> own = new HashMap<>();
            for (Program program : programs) {
                own.put(program.name(), names.get(program.toString()));
                for (State state : program.reads().keySet()) {
                    for (int layer = 0; layer < state.slices() && state.type() == ElementType.REAL; layer++) {
                        session.write(state, layer, new float[state.size()]);
                    }
                }
            }
            return new Part(session, own);
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /// A session under other names of its programs; closing it closes nothing.
    private record Part(Session session, Map<String, String> names) implements Session {
        @Override
        public void write(State state, int layer, int from, float[] values, int count) {
            session.write(state, layer, from, values, count);
        }

        @Override
        public float[] read(State state, int layer) {
            return session.read(state, layer);
        }

        @Override
        public boolean run(String program, Inputs inputs) {
            return session.run(names.get(program), inputs);
        }

        @Override
        public boolean run(String program, Inputs inputs, Observer observer) {
            return session.run(names.get(program), inputs, observer);
        }

        @Override
        public double scalar(String program, String output) {
            return session.scalar(names.get(program), output);
        }

        @Override
        public void copy(String program, String output, float[] into) {
            session.copy(names.get(program), output, into);
        }

        @Override
        public Planned planned() {
            return session.planned();
        }

        @Override
        public void close() {}
    }

    static void assertSteps(UpdateRule rule, Sizes sizes) {
        Bert.Pooling model = Bert.Pooling.MEAN;
        try (EquivalenceTraining watched = open(Tornado.device(true), rule, sizes, model);
                EquivalenceTraining staged = open(Tornado.device(false), rule, sizes, model);
                EquivalenceTraining doubles = open(new Interpreter(), rule, sizes, model)) {
            assertSteps(rule.getClass().getSimpleName() + (sizes.decomposed() ? " under DoRA" : ""), watched, staged, doubles);
        }
    }

    /// Twenty steps from the same states, the first two of them watched. The drift from the interpreter is reported: no bound holds end to end,
    /// since AdamW's first update is the gradient's sign.
    private static void assertSteps(String what, EquivalenceTraining watched, EquivalenceTraining staged, EquivalenceTraining doubles) {
        Comparison comparison = new Comparison();
        StringBuilder drifts = new StringBuilder();
        for (int t = 1; t <= 20; t++) {
            assertTrue(staged.train(t, 0.05), what);
            assertTrue(doubles.train(t, 0.05), what);
            if (t <= 2) {
                assertTrue(watched.train(t, 0.05, comparison), what);
                assertSameBits(what + ", step " + t, watched, staged);
            }
            double drift = drift(staged.values(staged.results()), doubles.values(doubles.results()));
            if (t == 1 || t == 10 || t == 20) {
                drifts.append(" %d: %.1e".formatted(t, drift));
            }
        }
        report(what, comparison);
        System.out.println(what + ": largest difference of a factor from the interpreter's after steps" + drifts);
    }

    /// Of the losses, and of all that a step changes.
    private static void assertSameBits(String what, EquivalenceTraining expected, EquivalenceTraining actual) {
        assertEquals(Double.doubleToLongBits(expected.loss()), Double.doubleToLongBits(actual.loss()), what + ": loss");
        List<float[]> values = expected.values(expected.changing());
        List<float[]> same = actual.values(actual.changing());
        for (int i = 0; i < values.size(); i++) {
            assertArrayEquals(values.get(i), same.get(i), what + ": state " + i);
        }
    }

    private static void report(String what, Comparison comparison) {
        assertTrue(comparison.compared() > 60_000, "compared " + comparison.compared());
        TreeMap<String, String> ratios = new TreeMap<>();
        comparison.worst().forEach((operation, element) -> ratios.put(operation, "%.2f".formatted(element.ratio())));
        System.out.println(what + ": error/bound " + ratios);
    }

    private static double drift(List<float[]> a, List<float[]> b) {
        double largest = 0;
        for (int i = 0; i < a.size(); i++) {
            for (int j = 0; j < a.get(i).length; j++) {
                double away = Math.abs((double) a.get(i)[j] - b.get(i)[j]);
                assertTrue(Double.isFinite(away));
                largest = Math.max(largest, away);
            }
        }
        return largest;
    }
}
