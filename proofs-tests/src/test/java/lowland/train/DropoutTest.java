package lowland.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import lowland.checkpoint.BertConfig;
import lowland.cpu.CpuDevice;
import lowland.model.Bert;
import lowland.program.Program;
import lowland.program.Stage;
import lowland.program.State;
import lowland.program.Value;
import lowland.program.operation.Attention;
import lowland.program.operation.Dropout;
import lowland.program.operation.Mask;
import lowland.program.operation.Operation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Dropout as the configuration says: each where transformers has it and at its own rate, LoRA's on its input, none in evaluation.
class DropoutTest {
    private static final double HIDDEN = 0.125;
    private static final double ATTENTION = 0.25;
    private static final double HEAD = 0.375;
    private static final double LORA = 0.5;

    private static Pretrained pretrained(double hidden, double attention, double head, Bert.Pooling pooling) {
        BertConfig c = Tiny.CONFIG;
        BertConfig config = new BertConfig(c.family(), c.layers(), c.hidden(), c.heads(), c.intermediate(), c.vocabulary(), c.positions(),
                c.types(), c.padId(), c.layerNormEpsilon(), hidden, attention, head);
        return new Pretrained("tiny", config, pooling, Tiny.pretrained().weights(), List.of(), 0, null, null);
    }

    /// @param dropout of every site of the model; NaN for the model's own
    private static Training training(Pretrained pretrained, double dropout, double lora, long seed, double rate, int classes) {
        Settings s = TrainingFixtures.settings();
        Settings.Optimisation o = s.optimisation();
        Settings settings = new Settings(s.rule(), s.rho(), new Settings.Pairs(List.of("query", "output.dense"), new Settings.Size(2, 4)),
                new Settings.Optimisation(o.descent(), rate, rate, o.schedule(), o.clipNorm()), s.batching(),
                new Settings.Regularisation(dropout, lora, 0), seed);
        Rows rows = Tiny.rows(4, "train");
        return new Training(pretrained, settings, rows, classes, false, rows.mostTokens(4), new CpuDevice(1));
    }

    private static Operation producer(Program program, Value value) {
        for (Stage stage : program.stages()) {
            for (Operation operation : stage.operations()) {
                if (operation.outputs().contains(value)) {
                    return operation;
                }
            }
        }
        return null;
    }

    /// The dropouts of the forward stages: stage, rate, and what makes the value that is dropped.
    private static List<String> sites(Program program) {
        List<String> sites = new ArrayList<>();
        Set<List<Integer>> numbers = new HashSet<>();
        for (Stage stage : program.stages()) {
            if (stage.name().equals("loss")) {
                break;
            }
            for (Operation operation : stage.operations()) {
                if (operation instanceof Attention attention && attention.mask() != null) {
                    sites.add(stage.name() + " " + attention.mask().probability() + " probabilities");
                    assertOwn(stage, attention.mask(), numbers);
                } else if (operation instanceof Dropout dropout) {
                    Operation made = producer(program, dropout.x());
                    sites.add(stage.name() + " " + dropout.mask().probability() + " "
                            + (made == null ? "carried" : made.getClass().getSimpleName()));
                    assertOwn(stage, dropout.mask(), numbers);
                }
            }
        }
        return sites;
    }

    /// A mask goes by its site and its layer.
    private static void assertOwn(Stage stage, Mask mask, Set<List<Integer>> seen) {
        for (int iteration = 0; iteration < stage.iterations(); iteration++) {
            assertTrue(seen.add(List.of(mask.site(), stage.layer(iteration))), "two dropouts share a mask");
        }
    }

    @ParameterizedTest
    @EnumSource(Bert.Pooling.class)
    void eachSiteOfTheModelHasItsOwnRate(Bert.Pooling pooling) {
        Bert model = pretrained(HIDDEN, ATTENTION, HEAD, pooling).bert(Double.NaN, 3, false, 0, true);
        lowland.program.Recording p = new lowland.program.Recording("forward");
        model.forward(p, lowland.step.LinearForm.PLAIN, true);
        List<String> expected = new ArrayList<>(List.of("embeddings " + HIDDEN + " LayerNorm", "layers " + ATTENTION + " probabilities",
                "layers " + HIDDEN + " Product", "layers " + HIDDEN + " Product"));
        if (pooling != Bert.Pooling.MEAN) {
            expected.addAll(List.of("last layer " + ATTENTION + " probabilities", "last layer " + HIDDEN + " Product",
                    "last layer " + HIDDEN + " Product"));
        }
        // Transformers: BERT drops what its pooler says; RoBERTa the first token before the dense layer, and what that says.
        expected.addAll(switch (pooling) {
            case MEAN -> List.of("head " + HEAD + " SegmentMean");
            case POOLER -> List.of("head " + HEAD + " Tanh");
            case MASK -> List.of();
            case FIRST -> List.of("head " + HEAD + " carried", "head " + HEAD + " Tanh");
        });
        assertEquals(expected, sites(p.finish()));
    }

    @Test
    void lorasIsOnTheInputOfItsPairsAndNothingIsDroppedOutsideOfTheGradient() {
        try (Training training = training(pretrained(HIDDEN, ATTENTION, HEAD, Bert.Pooling.MEAN), 0, LORA, 0, 1e-2, 3)) {
            assertEquals(List.of("layers " + LORA + " carried", "layers " + LORA + " Attention", "layers " + LORA + " Gelu"),
                    sites(training.program().gradient()), "query, attention.output.dense, output.dense");
            for (Program program : List.of(training.program().clear(), training.program().descend(), training.program().evaluate())) {
                assertEquals(List.of(), sites(program), program.name());
            }
        }
        try (Training training = training(pretrained(HIDDEN, ATTENTION, HEAD, Bert.Pooling.MEAN), 0.75, 0, 0, 1e-2, 3)) {
            List<String> all = sites(training.program().gradient());
            assertEquals(5, all.size());
            assertTrue(all.stream().allMatch(site -> site.contains(" 0.75 ")), "one rate for all: " + all);
        }
    }

    /// With the identity as the classifier a logit is a channel of the mean: dropped or divided by 1 − p, as often as it should be.
    @Test
    void theHeadSeesItsInputDroppedAtItsRate() {
        int channels = Tiny.CONFIG.hidden();
        int kept = 0;
        int count = 0;
        try (Training training = training(pretrained(0, 0, HEAD, Bert.Pooling.MEAN), Double.NaN, 0, 0, 0, channels)) {
            float[] identity = new float[channels * channels];
            for (int c = 0; c < channels; c++) {
                identity[c * channels + c] = 1;
            }
            State weight = training.model().head().getFirst();
            training.session().write(weight, 0, identity);
            float[][] means = training.evaluate(Tiny.rows(4, "train")).logits();
            float[] logits = new float[4 * channels];
            for (int step = 0; step < 100; step++) {
                training.step();
                training.session().copy("gradient", "logits", logits);
                for (int i = 0; i < logits.length; i++) {
                    // The order is the file's: row i of the batch is row i of the rows.
                    double mean = means[i / channels][i % channels];
                    assertTrue(logits[i] == 0 || Math.abs(logits[i] - mean / (1 - HEAD)) <= 0x1p-20 * Math.abs(mean), "element " + i);
                    kept += logits[i] == 0 ? 0 : 1;
                    count++;
                }
            }
        }
        // Five standard deviations of a binomial.
        assertEquals(count * (1 - HEAD), kept, 5 * Math.sqrt(count * HEAD * (1 - HEAD)));
    }

    private static double[] losses(Pretrained pretrained, double lora, long seed) {
        try (Training training = training(pretrained, Double.NaN, lora, seed, 1e-2, 3)) {
            // The start and the order go by the seed too: only the masks are to differ.
            for (State state : training.model().head()) {
                float[] values = new float[state.size()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) Math.sin(i);
                }
                training.session().write(state, 0, values);
            }
            training.program().adapter().forEach(pair -> {
                for (int layer = 0; layer < pair.linear().layers(); layer++) {
                    for (State factor : List.of(pair.a(), pair.b())) {
                        float[] values = new float[factor.size()];
                        Arrays.fill(values, 0.1f);
                        training.session().write(factor, layer, values);
                    }
                }
            });
            return new double[] {training.step().loss(), training.step().loss()};
        }
    }

    @Test
    void aloneEachActsWithItsSeedAndNoneActsWithoutARate() {
        double[] none = losses(pretrained(0, 0, 0, Bert.Pooling.FIRST), 0, 1);
        assertArrayEquals(none, losses(pretrained(0, 0, 0, Bert.Pooling.FIRST), 0, 2), "no dropout, nothing random");
        for (double[] rates : new double[][] {{0.5, 0, 0, 0}, {0, 0.5, 0, 0}, {0, 0, 0.5, 0}, {0, 0, 0, 0.5}}) {
            Pretrained pretrained = pretrained(rates[0], rates[1], rates[2], Bert.Pooling.FIRST);
            double[] once = losses(pretrained, rates[3], 1);
            assertArrayEquals(once, losses(pretrained, rates[3], 1), "the same seed");
            assertFalse(Arrays.equals(once, losses(pretrained, rates[3], 2)), "another seed");
            assertNotEquals(none[0], once[0], "applied at all: " + Arrays.toString(rates));
        }
    }

    @Test
    void evaluationKnowsNoDropout() {
        Rows rows = Tiny.rows(5, "dev");
        try (Training dropped = training(pretrained(HIDDEN, ATTENTION, HEAD, Bert.Pooling.MEAN), Double.NaN, LORA, 0, 1e-2, 3);
                Training plain = training(pretrained(0, 0, 0, Bert.Pooling.MEAN), 0, 0, 0, 1e-2, 3)) {
            assertArrayEquals(plain.evaluate(rows).logits(), dropped.evaluate(rows).logits());
        }
    }
}
