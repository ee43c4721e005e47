package lowland.step;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.descent.BarSchedule;
import lowland.descent.Descent;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import lowland.program.State;
import lowland.rule.BiLora;
import lowland.rule.Dora;
import lowland.rule.EfmLora;
import lowland.rule.EmaStart;
import lowland.rule.Estimate;
import lowland.rule.Factor;
import lowland.rule.FlatLora;
import lowland.rule.FmLora;
import lowland.rule.FullFineTuning;
import lowland.rule.FullSam;
import lowland.rule.Lora;
import lowland.rule.LoraNBar;
import lowland.rule.LoraOBar;
import lowland.rule.LoraPair;
import lowland.rule.LoraPlus;
import lowland.rule.LoraSam;
import lowland.rule.NormScope;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import org.ejml.simple.SimpleMatrix;

/// A rule, a descent, a network and where they start: what both sides are given.
///
/// @param frozen weights and biases by name, layers numbered
/// @param trainables one pair for each target and layer, in the order of the targets
/// @param auxiliaries Bi-LoRA's, else none
/// @param whole names of what is trained whole, in the order of the trainables: weights, biases, or magnitudes
record Trial(UpdateRule rule, Descent descent, Network network, Rows rows, Map<String, SimpleMatrix> frozen, List<Factors> targets,
        List<Factors> auxiliaryTargets, Trainables trainables, List<LoraPair> auxiliaries, List<String> whole, double learningRate,
        double rho, double clipNorm) {
    static final long NOISE_KEY = 77;
    static final double[] SCALINGS = {0.25, 1, 2, 16, -1.5};

    /// Every rule with every option that it has.
    static List<UpdateRule> rules() {
        List<UpdateRule> rules = new ArrayList<>();
        rules.add(new Lora());
        for (NormScope scope : NormScope.values()) {
            rules.add(new LoraSam(scope));
        }
        for (NormScope scope : List.of(NormScope.GLOBAL, NormScope.LAYER)) {
            for (Estimate estimate : Estimate.values()) {
                for (Factor perturbed : Factor.values()) {
                    rules.add(new FmLora(scope, estimate, perturbed));
                    rules.add(new EfmLora(scope, estimate, perturbed, 0.9, EmaStart.ZERO));
                    rules.add(new EfmLora(scope, estimate, perturbed, 0.3, EmaStart.FIRST));
                }
            }
        }
        for (boolean scaleInNorm : new boolean[] {true, false}) {
            rules.add(new BiLora(AdamW.defaults(), 1, scaleInNorm));
            rules.add(new BiLora(new AdamW(0.9, 0.999, 1e-8, 0.1), 0.5, scaleInNorm));
            rules.add(new BiLora(Sgd.defaults(), 2, scaleInNorm));
            rules.add(new BiLora(new Sgd(0.9, 0.1), 1, scaleInNorm));
        }
        rules.add(new LoraPlus(1));
        rules.add(new LoraPlus(4));
        for (Schedule.Shape shape : Schedule.Shape.values()) {
            rules.add(new LoraOBar(new BarSchedule(shape, 2)));
            rules.add(new LoraNBar(new BarSchedule(shape, 2)));
        }
        rules.add(new BiLora(AdamW.defaults(), 1, true, BiLora.Role.DESCEND, BiLora.Clip.GLOBAL));
        rules.add(new BiLora(AdamW.defaults(), 1, true, BiLora.Role.ASCEND, BiLora.Clip.LAYER));
        rules.add(new BiLora(Sgd.defaults(), 1, false, BiLora.Role.ASCEND, BiLora.Clip.LAYER));
        rules.add(new BiLora(Sgd.defaults(), 1, true, BiLora.Role.ASCEND, BiLora.Clip.NONE));
        rules.add(new BiLora(AdamW.defaults(), 1, true, BiLora.Role.RANDOM, BiLora.Clip.GLOBAL));
        rules.add(FlatLora.defaults());
        rules.add(FullSam.defaults());
        rules.add(new FullSam(NormScope.LAYER));
        rules.add(FullFineTuning.defaults());
        return rules;
    }

    /// Whether a rule has a perturbation, and so is LoRA at ρ = 0.
    static boolean perturbs(UpdateRule rule) {
        return switch (rule) {
            case Lora _, LoraPlus _, LoraOBar _, LoraNBar _, FullFineTuning _ -> false;
            case FlatLora _, LoraSam _, FmLora _, EfmLora _, BiLora _, FullSam _ -> true;
        };
    }

    static final List<Descent> DESCENTS = List.of(AdamW.defaults(), new AdamW(0.9, 0.999, 1e-6, 0.1), Sgd.defaults(), new Sgd(0.9, 0.01));

    /// A trial of a rule, the rest drawn. Ranks count round from `rank` over the targets; the A of each second layer is deficient
    /// and of quarters of integers in half of the trials; B = 0 in half.
    static Trial draw(UpdateRule rule, int rank, long seed) {
        Random random = new Random(seed);
        boolean regression = random.nextInt(3) == 0;
        Network network = new Network(5, 9, 11, 1 + random.nextInt(3), 8, regression ? 1 : 3, regression, random.nextInt(3) > 0, 0);
        return draw(rule, DESCENTS.get(random.nextInt(DESCENTS.size())), network, rank, random.nextBoolean(), random.nextBoolean(), random);
    }

    static Trial draw(UpdateRule rule, Descent descent, Network network, int rank, boolean zeroB, boolean deficientA, Random random) {
        Map<String, SimpleMatrix> frozen = new HashMap<>();
        for (State state : network.frozen()) {
            for (int layer = 0; layer < state.slices(); layer++) {
                boolean bias = state.shape().rank() == 1;
                int rows = bias ? 1 : state.shape().fixed(0);
                int columns = state.shape().fixed(bias ? 0 : 1);
                frozen.put(state.name().replace("*", Integer.toString(layer)), normal(rows, columns, 1 / Math.sqrt(columns), random));
            }
        }
        List<Linear> adapted = new ArrayList<>(List.of(network.up(), network.down(), network.lastLinear()));
        if (random.nextInt(4) == 0) {
            adapted.remove(random.nextInt(3));
        }
        List<Factors> targets = new ArrayList<>();
        List<Factors> auxiliaryTargets = new ArrayList<>();
        List<LoraPair> pairs = new ArrayList<>();
        List<LoraPair> auxiliaries = new ArrayList<>();
        if (rule instanceof FullFineTuning) {
            adapted.clear();
        }
        for (int i = 0; i < adapted.size(); i++) {
            Linear linear = adapted.get(i);
            Factors target = new Factors(linear, Factors.PRIMARY, 1 + (rank - 1 + 3 * i) % 8, SCALINGS[random.nextInt(SCALINGS.length)]);
            targets.add(target);
            for (int layer = 0; layer < Math.max(1, linear.layers()); layer++) {
                pairs.add(pair(target, layer, zeroB, deficientA && layer == linear.layers() - 1, random));
            }
            if (rule instanceof BiLora) {
                Factors auxiliary = new Factors(linear, Factors.AUXILIARY, 1 + (rank + 2 * i) % 8,
                        SCALINGS[random.nextInt(SCALINGS.length)]);
                auxiliaryTargets.add(auxiliary);
                for (int layer = 0; layer < Math.max(1, linear.layers()); layer++) {
                    auxiliaries.add(pair(auxiliary, layer, zeroB, false, random));
                }
            }
        }
        List<SimpleMatrix> others = List.of(normal(network.classes(), network.last(), 0.5, random),
                normal(1, network.classes(), 0.5, random));
        // Gradients carry s, and what a step adds to W carries it again: rates and radii that keep tanh from saturating. The radius of
        // FMLoRA and Bi-LoRA is W's own; EFMLoRA's average leaves its ball when A moves.
        double largest = 1;
        for (LoraPair pair : pairs) {
            largest = Math.max(largest, Math.abs(pair.scaling()));
        }
        double learningRate = switch (descent) {
            case AdamW _ -> 0.02 / largest;
            case Sgd sgd -> 0.05 * (1 - sgd.momentum()) / (largest * largest);
        };
        double rho = new double[] {0.01, 0.1, 0.5}[random.nextInt(3)] / (rule instanceof LoraSam || rule instanceof EfmLora ? largest : 1);
        double clipNorm = new double[] {0, 0.05, 1, 1e6}[random.nextInt(4)];
        return new Trial(rule, descent, network, Rows.draw(network, 12, random), frozen, targets, auxiliaryTargets,
                new Trainables(pairs, others), auxiliaries, List.of(), learningRate, rho, clipNorm).withWeights();
    }

    /// Full fine-tuning trains every weight and bias; the other rules none.
    private Trial withWeights() {
        List<String> names = new ArrayList<>();
        if (rule instanceof FullFineTuning) {
            for (State state : network.frozen()) {
                for (int layer = 0; layer < state.slices(); layer++) {
                    names.add(state.name().replace("*", Integer.toString(layer)));
                }
            }
        }
        return new Trial(rule, descent, network, rows, frozen, targets, auxiliaryTargets,
                new Trainables(trainables.pairs(), names.stream().map(frozen::get).toList(), trainables.others()), auxiliaries, names,
                learningRate, rho, clipNorm);
    }

    /// The same under DoRA, with magnitudes that are not the norms.
    Trial decomposed() {
        List<Factors> decomposed = new ArrayList<>();
        targets.forEach(pair -> decomposed.add(new Factors(pair.linear(), pair.name(), pair.rank(), pair.scaling(), true)));
        List<String> names = new ArrayList<>();
        List<SimpleMatrix> magnitudes = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            names.add(pair.name() + ".magnitude");
            SimpleMatrix magnitude = Dora.initialMagnitude(frozen.get(pair.name() + ".weight"));
            for (int i = 0; i < magnitude.getNumElements(); i++) {
                magnitude.set(i, magnitude.get(i) * (0.7 + 0.1 * (i % 5)));
            }
            magnitudes.add(magnitude);
        }
        return new Trial(rule, descent, network, rows, frozen, decomposed, auxiliaryTargets,
                new Trainables(trainables.pairs(), magnitudes, trainables.others()), auxiliaries, names, learningRate, rho, clipNorm);
    }

    private static LoraPair pair(Factors target, int layer, boolean zeroB, boolean deficientA, Random random) {
        int rank = target.rank();
        int in = target.linear().in();
        int out = target.linear().out();
        SimpleMatrix a = normal(rank, in, 1 / Math.sqrt(in), random);
        if (deficientA) {
            // The last row is the sum of the others: exactly, and zero at rank 1.
            for (int j = 0; j < in; j++) {
                double sum = 0;
                for (int i = 0; i < rank - 1; i++) {
                    a.set(i, j, (random.nextInt(5) - 2) / 4.0);
                    sum += a.get(i, j);
                }
                a.set(rank - 1, j, sum);
            }
        }
        double deviation = 0.5 / (Math.sqrt(rank) * Math.max(1, Math.abs(target.scaling())));
        SimpleMatrix b = zeroB ? new SimpleMatrix(out, rank) : normal(out, rank, deviation, random);
        return new LoraPair(target.linear().module(layer), target.scaling(), a, b);
    }

    static SimpleMatrix normal(int rows, int columns, double deviation, Random random) {
        SimpleMatrix matrix = new SimpleMatrix(rows, columns);
        for (int i = 0; i < rows * columns; i++) {
            matrix.set(i, deviation * random.nextGaussian());
        }
        return matrix;
    }

    RuleState initialState() {
        return switch (rule) {
            case Lora lora -> lora.initialState(trainables);
            case FlatLora flatLora -> flatLora.initialState(trainables,
                    trainables.pairs().stream().map(pair -> frozen.get(pair.name() + ".weight")).toList());
            case FullSam fullSam -> fullSam.initialState(trainables);
            case FullFineTuning full -> full.initialState(trainables);
            case LoraPlus loraPlus -> loraPlus.initialState(trainables);
            case LoraOBar bar -> bar.initialState(trainables);
            case LoraNBar bar -> bar.initialState(trainables);
            case LoraSam loraSam -> loraSam.initialState(trainables);
            case FmLora fmLora -> fmLora.initialState(trainables);
            case EfmLora efmLora -> efmLora.initialState(trainables);
            case BiLora biLora -> biLora.initialState(trainables, auxiliaries);
        };
    }

    StepInputs inputs(int t) {
        return new StepInputs(t, learningRate, 2 * learningRate, rho, clipNorm, Math.min(1, (t - 1) / 20.0), NOISE_KEY);
    }

    DenseNetwork oracle() {
        return new DenseNetwork(network, rows, frozen, whole);
    }

    TrainingStep program() {
        return TrainingStep.of(rule, descent, network, targets, auxiliaryTargets);
    }

    /// The same for another rule; one without second pairs gets none.
    Trial withRule(UpdateRule other) {
        boolean paired = other instanceof BiLora;
        return new Trial(other, descent, network, rows, frozen, targets, paired ? auxiliaryTargets : List.of(), trainables,
                paired ? auxiliaries : List.of(), whole, learningRate, rho, clipNorm);
    }

    Trial withRho(double other) {
        return new Trial(rule, descent, network, rows, frozen, targets, auxiliaryTargets, trainables, auxiliaries, whole,
                learningRate, other, clipNorm);
    }

    Trial withClipNorm(double other) {
        return new Trial(rule, descent, network, rows, frozen, targets, auxiliaryTargets, trainables, auxiliaries, whole,
                learningRate, rho, other);
    }

    @Override
    public String toString() {
        return rule + ", " + descent + ", " + network + ", ranks and scalings "
                + targets.stream().map(t -> t.rank() + " " + t.scaling()).toList() + ", rho " + rho + ", clip " + clipNorm;
    }
}
