package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import lowland.cpu.CpuDevice;
import lowland.model.Bert;
import lowland.program.Device;
import lowland.program.Interpreter;
import lowland.random.CounterRandom;
import lowland.rule.Scaling;
import lowland.step.Linear;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SharpnessTest {
    private static final double SHARE = 0.01;

    private static Training trained(Device device, DemoMethod method, int steps) {
        DemoTask task = Tiny.task();
        Training training = new Training(Tiny.pretrained(), Tiny.plan(List.of(method), 0L).settings(method, 0), task.train(), 3, false,
                task.test().mostTokens(1), device);
        for (int step = 0; step < steps; step++) {
            training.step();
        }
        return training;
    }

    private static List<float[]> weights(Training training) {
        List<float[]> weights = new ArrayList<>();
        for (Linear linear : training.model().linears()) {
            for (int layer = 0; layer < linear.layers(); layer++) {
                weights.add(training.session().read(linear.weight(), layer));
            }
        }
        return weights;
    }

    private static Directions directions(Training training) {
        return new Directions(training.session(), training.model().linears(), 2, SHARE);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void weightsAreAfterwardsWhatTheyWere(boolean cpu) {
        try (Training training = trained(cpu ? new CpuDevice(1) : new Interpreter(), DemoMethod.usual().getFirst(), 2)) {
            Rows rows = Tiny.rows(6, "sharpness");
            List<float[]> before = weights(training);
            float[][] logits = training.evaluate(rows).logits();
            Directions directions = directions(training);
            Sharpness.of(training, rows, directions);
            Landscape.of(training, rows, directions, 3, 10, () -> {});
            List<float[]> after = weights(training);
            for (int i = 0; i < before.size(); i++) {
                assertArrayEquals(before.get(i), after.get(i));
            }
            float[][] again = training.evaluate(rows).logits();
            for (int row = 0; row < logits.length; row++) {
                assertArrayEquals(logits[row], again[row]);
            }
        }
    }

    /// The definition once more, without [Directions]: each matrix of a fresh model set by hand to W ± δ.
    @Test
    void isTheMeanRiseOverPerturbationsOfEveryMatrix() {
        Rows rows = Tiny.rows(8, "sharpness");
        try (Training training = trained(new Interpreter(), DemoMethod.usual().get(1), 3)) {
            double measured = Sharpness.of(training, rows, directions(training));
            double at = training.evaluate(rows).loss();
            List<float[]> own = weights(training);
            double sum = 0;
            for (int k = 0; k < 2; k++) {
                for (int sign : new int[] {1, -1}) {
                    int number = 0;
                    for (Linear linear : training.model().linears()) {
                        for (int layer = 0; layer < linear.layers(); layer++) {
                            training.session().write(linear.weight(), layer,
                                    perturbed(own.get(number++), CounterRandom.tensorKey(k, linear.module(layer) + ".weight"), sign));
                        }
                    }
                    sum += training.evaluate(rows).loss() - at;
                }
            }
            double expected = sum / 4;
            // Weights differ by roundings of W ± δ to float: 2⁻²⁴ of W, where δ is 10⁻² of it; second differences of the loss see that
            // as its slope times it, far below a thousandth of the rise.
            assertEquals(expected, measured, 1e-3 * Math.abs(expected));
            assertTrue(Math.abs(expected) > 1e-8, "nothing rose: " + expected);
        }
    }

    /// Full fine-tuning changes the matrices, PiSSA takes its start out of them, DoRA and Flat-LoRA read their rows' norms: each is moved from what it has, along
    /// the directions of the checkpoint, and is afterwards what it was.
    @ParameterizedTest
    @ValueSource(strings = {"full", "pissa", "dora", "flat-lora"})
    void aMethodIsMovedFromItsOwnWeights(String name) {
        Rows rows = Tiny.rows(8, "sharpness");
        DemoMethod method = DemoMethod.of(name).getLast();
        Settings usual = Tiny.plan(List.of(method), 0L).settings(method, 0);
        // Twice the rank has to fit a width of 12.
        Settings settings = new Settings(usual.rule(), usual.rho(), new Settings.Pairs(List.of("all-linear"), Scaling.STANDARD,
                new Settings.Size(4, 8), new Settings.Size(4, 8), method.form()), usual.optimisation(), usual.batching(),
                usual.regularisation(), 0);
        try (Training plain = trained(new CpuDevice(1), DemoMethod.usual().getFirst(), 1);
                Training training = new Training(Tiny.pretrained(), settings, Tiny.task().train(), 3, false, 40, new CpuDevice(1))) {
            Directions directions = directions(plain);
            training.step();
            training.step();
            List<float[]> own = weights(training);
            float[][] logits = training.evaluate(rows).logits();
            try (Directions.Moved moved = directions.from(training)) {
                moved.to(1, 0);
                List<float[]> now = weights(training);
                for (int i = 0; i < own.size(); i++) {
                    double difference = 0;
                    double norm = 0;
                    float[] checkpoint = weights(plain).get(i);
                    for (int j = 0; j < checkpoint.length; j++) {
                        norm += Math.pow(checkpoint[j], 2);
                        difference += Math.pow((double) now.get(i)[j] - own.get(i)[j], 2);
                    }
                    assertEquals(SHARE, Math.sqrt(difference / norm), SHARE * 1e-3);
                }
                boolean norms = name.equals("dora") || name.equals("flat-lora");
                for (Linear linear : training.model().linears()) {
                    for (int layer = 0; layer < linear.layers() && norms; layer++) {
                        float[] w = training.session().read(linear.weight(), layer);
                        float first = 0;
                        for (int j = 0; j < linear.in(); j++) {
                            first += w[j] * w[j];
                        }
                        assertEquals(first, training.session().read(linear.squaredRowNorms(), layer)[0], 1e-5f * first);
                    }
                }
            }
            Sharpness.of(training, rows, directions);
            Landscape.of(training, rows, directions, 3, 10, () -> {});
            List<float[]> after = weights(training);
            for (int i = 0; i < own.size(); i++) {
                assertArrayEquals(own.get(i), after.get(i));
            }
            assertArrayEquals(logits, training.evaluate(rows).logits());
        }
    }

    private static float[] perturbed(float[] weight, long key, int sign) {
        double norm = 0;
        double own = 0;
        for (int i = 0; i < weight.length; i++) {
            double g = CounterRandom.gaussian(CounterRandom.child(key, i));
            norm += g * g;
            own += (double) weight[i] * weight[i];
        }
        float[] moved = new float[weight.length];
        for (int i = 0; i < moved.length; i++) {
            moved[i] = (float) (weight[i] + sign * SHARE * Math.sqrt(own / norm) * CounterRandom.gaussian(CounterRandom.child(key, i)));
        }
        return moved;
    }

    @Test
    void everyMethodIsMovedAlongTheSameDirectionsOfTheirNorm() {
        List<List<float[]>> moved = new ArrayList<>();
        for (DemoMethod method : DemoMethod.usual()) {
            try (Training training = trained(new Interpreter(), method, 2)) {
                List<float[]> own = weights(training);
                List<float[]> now;
                try (Directions.Moved away = directions(training).from(training)) {
                    away.to(1, 0);
                    now = weights(training);
                }
                for (int i = 0; i < own.size(); i++) {
                    double norm = 0;
                    double difference = 0;
                    for (int j = 0; j < own.get(i).length; j++) {
                        norm += Math.pow(own.get(i)[j], 2);
                        difference += Math.pow((double) now.get(i)[j] - own.get(i)[j], 2);
                    }
                    // Roundings of the sum to float: 2⁻²⁴ of W in each element, of a difference that is 10⁻² of W.
                    assertEquals(SHARE, Math.sqrt(difference / norm), SHARE * 1e-4);
                }
                moved.add(now);
            }
        }
        for (List<float[]> one : moved) {
            for (int i = 0; i < one.size(); i++) {
                assertArrayEquals(moved.getFirst().get(i), one.get(i));
            }
        }
    }

    @Test
    void directionsDifferByNumberAndMatrix() {
        try (Training training = trained(new Interpreter(), DemoMethod.usual().getFirst(), 0)) {
            Bert model = training.model();
            float[] own = training.session().read(model.query().weight(), 0);
            float[] key = training.session().read(model.key().weight(), 0);
            try (Directions.Moved moved = directions(training).from(training)) {
                moved.to(1, 0);
                float[] first = training.session().read(model.query().weight(), 0);
                assertNotEquals(first[0] - own[0], training.session().read(model.key().weight(), 0)[0] - key[0]);
                moved.to(0, 1);
                assertNotEquals(first[0], training.session().read(model.query().weight(), 0)[0]);
            }
        }
    }

    @Test
    void theMiddleOfTheLandscapeIsTheModelItself() {
        Rows rows = Tiny.rows(6, "landscape");
        try (Training training = trained(new Interpreter(), DemoMethod.usual().getFirst(), 2)) {
            int[] points = {0};
            Landscape landscape = Landscape.of(training, rows, directions(training), 3, 10, () -> points[0]++);
            assertEquals(9, points[0]);
            assertEquals(training.evaluate(rows).loss(), landscape.center());
            try (Directions.Moved moved = directions(training).from(training)) {
                moved.to(10, -10);
                assertEquals(training.evaluate(rows).loss(), landscape.loss()[2][0]);
            }
        }
    }
}
