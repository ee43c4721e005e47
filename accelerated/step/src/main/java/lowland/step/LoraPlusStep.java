package lowland.step;

import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.LoraPlus;

/// LoRA+ (arXiv 2402.12354v1) as operations: B descends at λ·η.
record LoraPlusStep(LoraPlus rule, List<Factors> pairs) implements RuleStep {
    @Override
    public LinearForm form() {
        return RuleStep.form(pairs, List.of());
    }

    @Override
    public List<State> differentiated() {
        return RuleStep.both(pairs);
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> head) {
        Value clip = descending.clipped(p, RuleStep.both(pairs), head, "");
        p.stage("rates");
        Value rateA = p.scalar("learningRate");
        Value rateB = p.scalar(MULTIPLY, rateA, p.constant(rule.ratio()));
        descending.descend(p, pairs, head, clip,
                pair -> new Descending.From(p.read(pair.a()), p.read(pair.b()), rateA, rateB));
    }
}
