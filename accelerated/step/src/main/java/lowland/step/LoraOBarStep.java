package lowland.step;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;

/// LoRA-oBAR (arXiv 2410.14802) as operations: before the descent the larger factor of a layer shrinks and the smaller grows.
record LoraOBarStep(List<Factors> pairs) implements RuleStep {
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
        Balance balance = Balance.record(p);
        descending.descend(p, pairs, head, clip, pair -> balance.shrinking(p, pair, p.squaredNorm(p.read(pair.b())),
                p.squaredNorm(p.read(pair.a()))));
    }
}
