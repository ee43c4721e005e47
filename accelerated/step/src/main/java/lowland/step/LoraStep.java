package lowland.step;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;

/// LoRA (Hu et al., arXiv 2106.09685v2) as operations: descent on both factors and the head.
record LoraStep(List<Factors> pairs) implements RuleStep {
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
        descending.descend(p, pairs, head);
    }
}
