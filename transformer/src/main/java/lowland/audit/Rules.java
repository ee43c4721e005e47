package lowland.audit;

import lowland.descent.Descent;
import lowland.rule.GradientOracle;
import lowland.rule.RuleState;
import lowland.rule.StepInputs;
import lowland.rule.StepResult;
import lowland.rule.Trainables;
import lowland.rule.UpdateRule;

/// How a rule makes its step: what a claim examines. The proofs put broken rules here, which the claims must reject.
@FunctionalInterface
public interface Rules {

    /// The rules as they are written after the papers.
    Rules LITERAL = UpdateRule::step;

    /// See [UpdateRule#step].
    StepResult step(UpdateRule rule, Trainables trainables, RuleState state, StepInputs inputs, Descent descent, GradientOracle oracle);
}
