package lowland.rule;

/// What a step gives.
///
/// A step whose loss, gradient or perturbation norm is not finite is skipped whole: `next` and `state` are then the very objects that
/// the step was given, and [StepInputs#t] must not advance (the caller's job; data and schedules do).
///
/// @param next    the trainables after the step
/// @param state   the rule's state after the step
/// @param trace   the paper's intermediates, or [Trace.Skipped]
/// @param skipped whether nothing was changed
public record StepResult(Trainables next, RuleState state, Trace trace, boolean skipped) {

    static StepResult of(Trainables next, RuleState state, Trace trace) {
        return new StepResult(next, state, trace, false);
    }

    static StepResult skip(Trainables trainables, RuleState state, String reason, double loss) {
        return new StepResult(trainables, state, new Trace.Skipped(reason, loss), true);
    }
}
