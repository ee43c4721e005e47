package lowland.step;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trace;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;
import org.junit.jupiter.api.Test;

/// The program of every rule computes what the literal rule of `lowland.rule` computes, on gradients that share no code.
final class RuleEquivalenceProperties {
    private static final int STEPS = 20;

    @Test
    void everyRuleForcedToTheReferencesStateOfEachStep() {
        Map<String, Double> worst = new HashMap<>();
        int compared = 0;
        int leftOut = 0;
        List<UpdateRule> rules = Trial.rules();
        for (int i = 0; i < rules.size(); i++) {
            for (int rank = 1; rank <= 8; rank += 4) {
                Trial trial = Trial.draw(rules.get(i), 1 + (rank - 1 + i) % 8, 100 * i + rank);
                ProgramRun run = new ProgramRun(trial);
                Trainables trainables = trial.trainables();
                RuleState state = trial.initialState();
                for (int t = 1; t <= STEPS; t++) {
                    StepInputs inputs = trial.inputs(t);
                    StepResult expected = trial.rule().step(trainables, state, inputs, trial.descent(), trial.oracle());
                    assertFalse(expected.skipped(), trial + " skipped step " + t);
                    run.put(trainables, state);
                    assertTrue(run.run(inputs), trial + " skipped by the program, step " + t);
                    if (illConditioned(expected.trace(), trainables)) {
                        leftOut++;
                    } else {
                        compared++;
                        Agreement agreement = Agreement.of(run, trainables, state, inputs, expected);
                        agreement.ratios().forEach((name, ratio) -> worst.merge(name, ratio, Math::max));
                        int step = t;
                        if (!agreement.rejected().isEmpty()) System.out.println(trial + ", step " + step + ": " + agreement.rejected() + agreement.ratios());
                    }
                    trainables = expected.next();
                    state = expected.state();
                }
            }
        }
        System.out.println(compared + " " + leftOut + " " + worst);
    }

    /// κ > 1000 of any factor, where the bound would prove little.
    private static boolean illConditioned(Trace trace, Trainables trainables) {
        return trace instanceof Trace.FmLoraTrace && Agreement.condition(trainables.pairs()) > 1000
                || trace instanceof Trace.EfmLoraTrace efm && Agreement.condition(efm.perturbed().pairs()) > 1000;
    }
}
