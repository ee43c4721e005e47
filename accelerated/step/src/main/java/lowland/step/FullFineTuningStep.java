package lowland.step;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;

/// Full fine-tuning as operations: the model as it is, every weight of it trained whole.
record FullFineTuningStep(List<Factors> pairs) implements RuleStep {
    FullFineTuningStep {
        if (!pairs.isEmpty()) {
            throw new IllegalArgumentException("full fine-tuning trains weights whole, and no pair; found " + pairs.size());
        }
    }

    @Override
    public LinearForm form() {
        return LinearForm.PLAIN;
    }

    @Override
    public List<State> differentiated() {
        return List.of();
    }

    @Override
    public void descend(Recording p, Descending descending, List<State> beside) {
        descending.descend(p, pairs, beside);
    }
}
