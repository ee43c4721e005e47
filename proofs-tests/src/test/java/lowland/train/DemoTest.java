package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.Failure;
import lowland.cpu.CpuDevice;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.program.Program;
import lowland.program.Session;
import lowland.program.State;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoTest {
    private static final class Told implements DemoProgress {
        private long work;
        private final List<String> steps = new ArrayList<>();
        private final List<String> trained = new ArrayList<>();

        @Override
        public void advance(long by, String what, String where) {
            work += by;
            if (what.startsWith("step")) {
                assertTrue(what.matches("step \\d+/\\d+  loss \\d+\\.\\d{3}  [\\d,]+ tokens/s"), what);
                steps.add(what + " " + where);
            }
        }

        @Override
        public void trained(DemoMethod method, Training training) {
            assertTrue(training.finished());
            trained.add(method.name());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void runsAllMethodsFromEndToEnd(boolean cpu) {
        Device device = cpu ? new CpuDevice(2) : new Interpreter();
        DemoTask task = Tiny.task();
        DemoPlan plan = Tiny.plan(DemoMethod.usual(), 0L, 1L);
        Told told = new Told();
        DemoResult result = Demo.run(Tiny.pretrained(), task, plan, device, told);
        assertEquals(Demo.work(task, plan), told.work);
        assertEquals(2 * plan.steps() * plan.methods().stream().mapToInt(DemoMethod::steps).sum(), told.steps.size());
        assertTrue(told.steps.getLast().endsWith("seed 2/2, tiny"), told.steps.getLast());
        assertEquals(DemoMethod.usual().stream().map(DemoMethod::name).toList(), told.trained);
        for (DemoResult.Method method : result.methods()) {
            assertEquals(2, method.runs().size());
            for (DemoResult.Run run : method.runs()) {
                assertEquals(plan.steps() * method.method().steps(), run.steps().size());
                assertEquals(2, run.dev().size());
                assertEquals(run.steps().size(), run.dev().getLast().step());
                assertTrue(Double.isFinite(run.sharpness()) && run.accuracy() >= 0 && run.accuracy() <= 1);
            }
            assertTrue(method.stepSeconds() > 0);
            assertTrue(method.planned().total() > 0);
            boolean plain = method.method().name().startsWith("lora") && !method.method().name().equals("lora-sam");
            assertEquals(plain, method.perturbation() == 0, method.method().name());
        }
        assertEquals(0, result.differences().get(result.methods().indexOf(result.base())).mean());
        assertEquals(1, result.ratio(result.base()));
    }

    /// Side by side or alone: a method's run is the same.
    @Test
    void methodsDoNotInfluenceEachOther() {
        DemoTask task = Tiny.task();
        DemoResult all = Demo.run(Tiny.pretrained(), task, Tiny.plan(DemoMethod.usual(), 3L), new Interpreter(), new Told());
        DemoResult one = Demo.run(Tiny.pretrained(), task, Tiny.plan(DemoMethod.of("efmlora"), 3L), new Interpreter(), new Told());
        DemoResult.Method among = all.methods().get(3);
        DemoResult.Method alone = one.methods().get(1);
        assertEquals("efmlora", among.method().name());
        assertEquals("efmlora", alone.method().name());
        assertArrayEquals(losses(among), losses(alone));
        assertEquals(among.sharpness(), alone.sharpness());
        assertEquals(among.accuracy(), alone.accuracy());
    }

    private static double[] losses(DemoResult.Method method) {
        return method.runs().getFirst().steps().stream().mapToDouble(StepRecord::loss).toArray();
    }

    @Test
    void gradientsAreThoseOfTheStep() {
        for (DemoMethod method : fitting()) {
            DemoTask task = Tiny.task();
            try (Training training = new Training(Tiny.pretrained(), Tiny.plan(List.of(method), 0L).settings(method, 0), task.train(), 3, false, 0,
                    new Interpreter())) {
                assertEquals(training.program().gradients(), method.gradients(), method.name());
            }
        }
        DemoMethod sam = DemoMethod.of("lora-sam").getLast();
        DemoMethod twice = DemoMethod.of("lora-twice").getLast();
        assertEquals(sam.steps() * sam.gradients(), twice.steps() * twice.gradients());
    }

    /// What is there on demand trains, and is measured, as the usual ones are.
    @Test
    void everyMethodRuns() {
        List<DemoMethod> more = new ArrayList<>(List.of(DemoMethod.usual().getFirst()));
        more.addAll(fitting().subList(DemoMethod.usual().size(), fitting().size()));
        DemoResult result = Demo.run(Tiny.pretrained(), Tiny.task(), Tiny.plan(more, 3L), new Interpreter(), new Told());
        for (DemoResult.Method method : result.methods().subList(1, more.size())) {
            assertTrue(Double.isFinite(method.sharpness()), method.method().name());
            assertFalse(Arrays.equals(losses(result.methods().getFirst()), losses(method)), method.method().name() + " did what LoRA does");
        }
    }

    /// Those that the tiny model, 12 channels wide, is wide enough for: PiSSA and LoRA-GA save twice the rank 8.
    private static List<DemoMethod> fitting() {
        return DemoMethod.all().stream().filter(method -> !method.form().residual()).toList();
    }

    @Test
    void theHeadOnFrozenFeaturesLearns() {
        DemoTask task = Tiny.task();
        float[][] features = FrozenFeatures.of(Tiny.pretrained(), task.train(), new Interpreter());
        FrozenFeatures frozen = FrozenFeatures.fit(features, task.train(), 3);
        DemoResult.Baseline baseline = frozen.baseline(FrozenFeatures.of(Tiny.pretrained(), task.test(), new Interpreter()), task.test());
        assertTrue(baseline.accuracy() > 0.5, baseline.toString());
    }

    /// A channel at 1e-30 of the others' size may tell the labels as well as they do: a weight for it would be 1e30.
    @Test
    void aDeadChannelGetsNoWeight() {
        DemoTask task = Tiny.task();
        float[][] features = FrozenFeatures.of(Tiny.pretrained(), task.train(), new Interpreter());
        for (int row = 0; row < features.length; row++) {
            features[row][1] = 1e-30f * (1 + task.train().examples().get(row).label());
        }
        FrozenFeatures frozen = FrozenFeatures.fit(features, task.train(), 3);
        for (int k = 0; k < 3; k++) {
            assertEquals(0, frozen.weight()[k * features[0].length + 1]);
            assertTrue(frozen.weight()[k * features[0].length] != 0);
        }
    }

    /// A run that starts from the head answers as the head on frozen features does: the features are those that the head sees.
    @Test
    void aRunStartsFromTheHeadOnFrozenFeatures() {
        DemoTask task = Tiny.task();
        FrozenFeatures frozen = FrozenFeatures.fit(FrozenFeatures.of(Tiny.pretrained(), task.train(), new Interpreter()), task.train(), 3);
        DemoResult.Baseline baseline = frozen.baseline(FrozenFeatures.of(Tiny.pretrained(), task.test(), new Interpreter()), task.test());
        DemoPlan plan = Tiny.plan(DemoMethod.of("lora"), 0L);
        try (Training training = new Training(Tiny.pretrained(), plan.settings(plan.methods().getFirst(), 0), task.train(), 3, false,
                task.test().mostTokens(1), new Interpreter())) {
            double without = training.evaluate(task.test()).loss();
            frozen.start(training);
            Evaluation start = training.evaluate(task.test());
            assertEquals(baseline.accuracy(), start.metrics().get("accuracy"));
            assertEquals(baseline.macroF1(), start.metrics().get("macroF1"));
            assertTrue(start.loss() < without, start.loss() + ", without " + without);
        }
    }

    /// A method trains on the sample to which the head was fitted, not on all rows.
    @Test
    void methodsSeeTheRowsOfTheFrozenHead() {
        DemoTask task = Tiny.task();
        DemoPlan plan = Tiny.plan(DemoMethod.of("lora"), 0L);
        Rows sample = DemoTask.sample(task.train(), plan.trainRows(), "training");
        assertTrue(sample.size() < task.train().size());
        FrozenFeatures frozen = FrozenFeatures.fit(FrozenFeatures.of(Tiny.pretrained(), sample, new Interpreter()), sample, 3);
        DemoResult result = Demo.run(Tiny.pretrained(), task, plan, new Interpreter(), new Told());
        assertEquals(sample.size(), result.trainRows());
        try (Training training = new Training(Tiny.pretrained(), plan.settings(plan.methods().getFirst(), 0), sample, 3, false,
                Math.max(task.dev().mostTokens(1), task.test().mostTokens(1)), new Interpreter())) {
            frozen.start(training);
            assertEquals(training.step().loss(), losses(result.base())[0]);
        }
    }

    /// The table's count is of what ran, and a start from the head shows in the first loss.
    @Test
    void gradientsAreCounted() {
        DemoResult result = Demo.run(Tiny.pretrained(), Tiny.task(), Tiny.plan(DemoMethod.usual(), 3L), new Interpreter(), new Told());
        for (DemoResult.Method method : result.methods()) {
            assertEquals(method.method().gradients(), method.gradientsPerStep(), method.method().name());
            assertEquals(0, method.skipped());
            assertTrue(method.runs().getFirst().steps().getFirst().loss() < Math.log(3), method.method().name());
        }
    }

    /// A demo that fails leaves no session open: their threads would live on.
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 40, 100})
    void aFailureClosesEverySession(int runs) {
        Failing device = new Failing(runs);
        assertThrows(IllegalStateException.class,
                () -> Demo.run(Tiny.pretrained(), Tiny.task(), Tiny.plan(DemoMethod.usual(), 0L), device, new Told()));
        assertTrue(device.opened > 0);
        assertEquals(device.opened, device.closed);
    }

    /// The interpreter, until it has run programs that often.
    private static final class Failing implements Device {
        private int runs;
        private int opened;
        private int closed;

        private Failing(int runs) {
            this.runs = runs;
        }

        @Override
        public String name() {
            return "failing";
        }

        @Override
        public Session open(List<Program> programs, Set<State> frozen, Map<String, Integer> capacity) {
            Session session = new Interpreter().open(programs, frozen, capacity);
            opened++;
            return (Session) Proxy.newProxyInstance(Session.class.getClassLoader(), new Class<?>[] {Session.class}, (_, method, arguments) -> {
                if (method.getName().equals("close")) {
                    closed++;
                }
                if (method.getName().equals("run") && runs-- == 0) {
                    throw new IllegalStateException("the device fails");
                }
                return method.invoke(session, arguments);
            });
        }
    }

    @Test
    void samplesHaveNoRowTwice() {
        Rows rows = Tiny.rows(50, "rows");
        Rows sample = DemoTask.sample(rows, 30, "sample");
        assertEquals(30, sample.examples().stream().map(lowland.data.Example::row).distinct().count());
        assertEquals(sample.examples(), DemoTask.sample(rows, 30, "sample").examples());
        for (int i = 0; i < 30; i++) {
            assertEquals(rows.encodings().get(sample.examples().get(i).row() - 1), sample.encodings().get(i));
        }
    }

    @Test
    void anUnknownMethodIsAUsageError() {
        Failure failure = Assertions.assertThrows(Failure.class, () -> DemoMethod.of("lora,sam"));
        assertEquals(2, failure.exitCode());
        assertEquals(DemoMethod.all(), DemoMethod.of("all"));
        assertEquals(List.of("lora", "bi-lora+dora"), DemoMethod.of("bi-lora+dora").stream().map(DemoMethod::name).toList());
        assertEquals(List.of("lora", "bi-lora"), DemoMethod.of("bi-lora").stream().map(DemoMethod::name).toList());
    }
}
