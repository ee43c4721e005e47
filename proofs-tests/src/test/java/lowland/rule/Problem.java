package lowland.rule;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import lowland.descent.AdamW;
import lowland.descent.BarSchedule;
import lowland.descent.Schedule;
import lowland.descent.Sgd;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import org.ejml.simple.SimpleMatrix;

/// A few adapted matrices of different shapes and two others, with a quadratic loss.
///
/// @param trainables  the primary pairs, B = 0 in some problems, and the others
/// @param auxiliaries Bi-LoRA's, B2 = 0
record Problem(Trainables trainables, List<LoraPair> auxiliaries, QuadraticOracle oracle) {

    static final List<UpdateRule> RULES = List.of(Lora.defaults(), new LoraPlus(4), LoraOBar.defaults(), FlatLora.defaults(),
            FullSam.defaults(), new FullSam(NormScope.LAYER),
            new LoraNBar(new BarSchedule(Schedule.Shape.CONSTANT, 2)),
            LoraSam.defaults(), new LoraSam(NormScope.LAYER), new LoraSam(NormScope.FACTOR),
            FmLora.defaults(), new FmLora(NormScope.GLOBAL, Estimate.A, Factor.A), new FmLora(NormScope.GLOBAL, Estimate.B, Factor.B),
            EfmLora.defaults(), new EfmLora(NormScope.GLOBAL, Estimate.MEAN, Factor.A, 0.3, EmaStart.FIRST),
            BiLora.defaults(), new BiLora(Sgd.defaults(), 2, false), new BiLora(new AdamW(0.9, 0.999, 1e-8, 0.1), 1, true),
            new BiLora(AdamW.defaults(), 1, true, BiLora.Role.DESCEND, BiLora.Clip.LAYER),
            new BiLora(Sgd.defaults(), 1, true, BiLora.Role.ASCEND, BiLora.Clip.NONE),
            new BiLora(Sgd.defaults(), 1, true, BiLora.Role.RANDOM, BiLora.Clip.GLOBAL));

    /// Rules without a perturbation where what sets them apart from LoRA is nothing.
    static final List<UpdateRule> DEGENERATE = List.of(new LoraPlus(1), new LoraOBar(new BarSchedule(Schedule.Shape.CONSTANT, 0)),
            new LoraNBar(new BarSchedule(Schedule.Shape.COSINE, 0)));

    /// Whether a rule has a perturbation, and so is LoRA at ρ = 0.
    static boolean perturbs(UpdateRule rule) {
        return switch (rule) {
            case Lora _, LoraPlus _, LoraOBar _, LoraNBar _ -> false;
            case FullFineTuning _ -> throw new IllegalArgumentException("no pairs, no LoRA");
            case FlatLora _, LoraSam _, FmLora _, EfmLora _, BiLora _, FullSam _ -> true;
        };
    }

    static Arbitrary<Problem> any() {
        return Combinators.combine(Arbitraries.integers().between(1, 4), Arbitraries.integers().between(1, 4),
                Arbitraries.of(true, false).withoutEdgeCases(), Arbitraries.longs().withoutEdgeCases()).as(Problem::draw);
    }

    static Problem draw(int layers, int rank, boolean zeroB, long seed) {
        Random random = new Random(seed);
        List<LoraPair> pairs = new ArrayList<>();
        List<LoraPair> auxiliaries = new ArrayList<>();
        Map<String, SimpleMatrix> start = new LinkedHashMap<>();
        Map<String, SimpleMatrix> target = new LinkedHashMap<>();
        for (int j = 0; j < layers; j++) {
            String name = "layer." + j;
            int in = 2 + random.nextInt(8);
            int out = 2 + random.nextInt(8);
            double scaling = new double[] {0.25, 1, 2, -1.5}[random.nextInt(4)];
            LoraPair pair = Initialization.pair(seed, name, scaling, rank, in, out);
            pairs.add(zeroB ? pair : pair.withB(Layer.normal(out, rank, random)));
            auxiliaries.add(Initialization.auxiliaryPair(seed, name, 2, rank + 1, in, out));
            start.put(name, Layer.normal(out, in, random));
            target.put(name, Layer.normal(out, in, random));
        }
        List<SimpleMatrix> others = List.of(Layer.normal(3, 2, random), Layer.normal(1, 4, random));
        List<SimpleMatrix> otherTargets = List.of(Layer.normal(3, 2, random), Layer.normal(1, 4, random));
        return new Problem(new Trainables(pairs, others), auxiliaries, new QuadraticOracle(start, target, otherTargets));
    }

    RuleState initialState(UpdateRule rule) {
        return switch (rule) {
            case Lora lora -> lora.initialState(trainables);
            case FlatLora flatLora -> flatLora.initialState(trainables,
                    trainables.pairs().stream().map(pair -> oracle.start().get(pair.name())).toList());
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
}
