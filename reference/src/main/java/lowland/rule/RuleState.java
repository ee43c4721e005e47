package lowland.rule;

import java.util.List;
import org.ejml.simple.SimpleMatrix;

/// What a rule remembers between steps, beside the trainables themselves. A rule's `initialState` makes its own kind.
public sealed interface RuleState {

    /// The descent's moments of the trainables.
    TrainableMoments moments();

    /// Of [Lora], [LoraPlus], [LoraOBar], [LoraNBar], [LoraSam], [FmLora], [FullSam] and [FullFineTuning]: the descent's moments
    /// and nothing else.
    record Descending(TrainableMoments moments) implements RuleState {
    }

    /// Of [FlatLora].
    ///
    /// @param start W0 of each layer, which never changes
    record Noisy(TrainableMoments moments, List<SimpleMatrix> start) implements RuleState {

        public Noisy {
            start = List.copyOf(start);
        }
    }

    /// Of [EfmLora].
    ///
    /// @param average Ê of each layer, the perturbed factor's shape
    record Averaging(TrainableMoments moments, List<SimpleMatrix> average) implements RuleState {

        public Averaging {
            average = List.copyOf(average);
        }
    }

    /// Of [BiLora].
    ///
    /// @param auxiliaries      B2, A2 of each layer
    /// @param auxiliaryMoments the ascent's moments of each, those of the negated gradient
    record Adversarial(TrainableMoments moments, List<LoraPair> auxiliaries, List<PairMoments> auxiliaryMoments) implements RuleState {

        public Adversarial {
            auxiliaries = List.copyOf(auxiliaries);
            auxiliaryMoments = List.copyOf(auxiliaryMoments);
        }
    }

    /// This state as the kind that a rule needs.
    ///
    /// @throws IllegalArgumentException if another rule made it
    default <S extends RuleState> S as(Class<S> kind) {
        if (!kind.isInstance(this)) {
            throw new IllegalArgumentException("expected a state of kind " + kind.getSimpleName() + ", found "
                    + getClass().getSimpleName() + ": start from the rule's own initialState");
        }
        return kind.cast(this);
    }
}
