package lowland.step;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import lowland.program.Recording;
import lowland.program.State;

/// What an update rule adds to a training step. One record a rule.
sealed interface RuleStep permits LoraStep, LoraPlusStep, LoraOBarStep, LoraNBarStep, FlatLoraStep, LoraSamStep, FmLoraStep,
        EfmLoraStep, BiLoraStep, FullSamStep, FullFineTuningStep {
    /// How adapted layers compute while gradients are taken.
    LinearForm form();

    /// The factors whose gradients the rule needs.
    List<State> differentiated();

    /// Whether a second gradient is taken, after [#perturb].
    default boolean perturbs() {
        return false;
    }

    /// Perturbations that start every step at zero.
    default List<State> cleared() {
        return List.of();
    }

    /// Records what else happens before the first gradient of a step.
    default void begin(Recording p) {}

    /// States of the rule that outlive a step.
    default List<State> carried() {
        return List.of();
    }

    /// Records what happens between two gradients.
    default void perturb(Recording p) {
        throw new UnsupportedOperationException("one gradient a step: nothing to perturb between two");
    }

    /// Records the update of the factors, of what is trained beside them (head, magnitudes) and of the rule's own state.
    void descend(Recording p, Descending descending, List<State> head);

    static LinearForm form(List<Factors> pairs, List<State> perturbed) {
        Map<Linear, List<Factors>> factors = new LinkedHashMap<>();
        for (Factors pair : pairs) {
            factors.computeIfAbsent(pair.linear(), _ -> new ArrayList<>()).add(pair);
        }
        return new LinearForm(factors, perturbed);
    }

    static List<State> both(List<Factors> pairs) {
        List<State> states = new ArrayList<>();
        for (Factors pair : pairs) {
            states.add(pair.a());
            states.add(pair.b());
        }
        return states;
    }
}
