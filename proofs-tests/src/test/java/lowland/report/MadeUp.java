package lowland.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import lowland.program.Session;
import lowland.random.CounterRandom;
import lowland.train.DemoMethod;
import lowland.train.DemoPlan;
import lowland.train.DemoResult;
import lowland.train.Landscape;
import lowland.train.StepRecord;

/// A demonstration's result that nobody measured: smooth curves with some noise, different for each method and seed.
final class MadeUp {
    private static final int ROWS = 6330;

    private MadeUp() {}

    static DemoResult result(List<Long> seeds) {
        DemoPlan plan = DemoPlan.verbSupersense(DemoMethod.usual(), seeds, false);
        List<DemoResult.Method> methods = new ArrayList<>();
        for (int i = 0; i < DemoMethod.usual().size(); i++) {
            DemoMethod method = DemoMethod.usual().get(i);
            List<DemoResult.Run> runs = new ArrayList<>();
            for (long seed : seeds) {
                runs.add(run(plan, method, i, seed));
            }
            double[][] loss = new double[plan.side()][plan.side()];
            int middle = plan.side() / 2;
            for (int x = 0; x < plan.side(); x++) {
                for (int y = 0; y < plan.side(); y++) {
                    loss[x][y] = 1.2 + 0.02 * i + (0.1 - 0.008 * i) * ((x - middle) * (x - middle) + 0.6 * (y - middle) * (y - middle) + 0.4 * x - y);
                }
            }
            methods.add(new DemoResult.Method(method, runs, new Session.Planned(49_000_000 + 100_000L * i, 108_000_000, 42_000_000),
                    new Landscape(plan.reach(), loss)));
        }
        return new DemoResult(plan, "verb-supersense", 12276, 702, ROWS,
                List.of(new DemoResult.Baseline("majority", hits(0.1839, 0), 0.0207, "always \"change\", the most frequent in training"),
                        new DemoResult.Baseline("frozen features", hits(0.5361, 0), 0.4777, "linear head on features")),
                methods, 290.4);
    }

    /// LoRA and LoRA-SAM alone, of whose rows the second gains some and loses others with each seed.
    ///
    /// @param gained for each seed
    /// @param lost   for each seed
    static DemoResult pair(int rows, int[] gained, int[] lost) {
        DemoResult of = result(List.of(0L, 1L, 2L, 3L, 4L).subList(0, gained.length));
        List<DemoResult.Method> methods = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            List<DemoResult.Run> runs = new ArrayList<>();
            for (int seed = 0; seed < gained.length; seed++) {
                double[] hits = new double[rows];
                Arrays.fill(hits, 0, rows / 2, 1);
                if (i == 1) {
                    Arrays.fill(hits, 0, lost[seed], 0);
                    Arrays.fill(hits, rows / 2, rows / 2 + gained[seed], 1);
                }
                DemoResult.Run run = of.methods().get(i).runs().get(seed);
                runs.add(new DemoResult.Run(run.seed(), run.steps(), run.gradients(), run.dev(), hits, run.macroF1(), run.testLoss(), run.sharpness()));
            }
            DemoResult.Method method = of.methods().get(i);
            methods.add(new DemoResult.Method(method.method(), runs, method.planned(), method.landscape()));
        }
        double[] frozen = new double[rows];
        Arrays.fill(frozen, 0, rows / 4, 1);
        return new DemoResult(of.plan(), of.task(), of.trainRows(), of.devRows(), rows,
                List.of(new DemoResult.Baseline("frozen features", frozen, 0.2, "a head")), methods, 1);
    }

    /// LoRA and LoRA-SAM alone, with these values of sharpness, a seed each.
    static DemoResult sharpness(double[] lora, double[] sam) {
        DemoResult of = result(List.of(0L, 1L, 2L, 3L, 4L).subList(0, lora.length));
        List<DemoResult.Method> methods = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DemoResult.Method method = of.methods().get(i);
            List<DemoResult.Run> runs = new ArrayList<>();
            for (int seed = 0; seed < lora.length; seed++) {
                DemoResult.Run run = method.runs().get(seed);
                runs.add(new DemoResult.Run(run.seed(), run.steps(), run.gradients(), run.dev(), run.hits(), run.macroF1(), run.testLoss(),
                        (i == 0 ? lora : sam)[seed]));
            }
            methods.add(new DemoResult.Method(method.method(), runs, method.planned(), method.landscape()));
        }
        return new DemoResult(of.plan(), of.task(), of.trainRows(), of.devRows(), of.testRows(), of.baselines(), methods, 1);
    }

    /// As many right answers as an accuracy comes to, from a row on.
    private static double[] hits(double accuracy, int from) {
        double[] hits = new double[ROWS];
        for (int i = 0; i < Math.round(accuracy * ROWS); i++) {
            hits[(from + i) % ROWS] = 1;
        }
        return hits;
    }

    private static DemoResult.Run run(DemoPlan plan, DemoMethod method, int number, long seed) {
        List<StepRecord> steps = new ArrayList<>();
        List<DemoResult.Point> dev = new ArrayList<>();
        int count = plan.steps() * method.steps();
        for (int step = 1; step <= count; step++) {
            double noise = CounterRandom.gaussian(CounterRandom.child(CounterRandom.tensorKey(seed, method.name()), step));
            steps.add(new StepRecord(step, (double) step * plan.batchSize() / plan.trainRows(),
                    1.25 + 1.5 * Math.exp(-5.0 * step / count) + 0.1 * noise, plan.learningRate(), method.rho(), 1.1,
                    method.rho() == 0 ? 0 : 0.05 + 0.01 * number + 0.004 * noise, true, false, 150,
                    method.gradients() * (0.06 + 0.004 * Math.abs(noise)), Map.of("drift", 1.0)));
            if (step % (plan.devEvery() * method.steps()) == 0) {
                dev.add(new DemoResult.Point(step, 1.35 + 1.2 * Math.exp(-5.0 * step / count) + 0.01 * number, 0.5));
            }
        }
        double wobble = 0.004 * CounterRandom.gaussian(CounterRandom.child(7 * number, seed));
        // The last method is far better with every seed, by nearly the same amount.
        double accuracy = 0.57 + 0.002 * number + (number == 5 ? 0.08 + 0.0003 * seed : wobble);
        return new DemoResult.Run(seed, steps, count * method.gradients(), dev, hits(accuracy, 5 * number), accuracy - 0.06, 1.3,
                1.5e-4 - 1e-5 * number + 1e-6 * CounterRandom.gaussian(CounterRandom.child(11 + number, seed)));
    }
}
