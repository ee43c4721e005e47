package lowland.audit;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import lowland.descent.Sgd;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Liveness;
import lowland.program.Program;
import lowland.program.Recording;
import lowland.program.Shape;
import lowland.program.State;
import lowland.program.Value;
import lowland.rule.UpdateRule;
import lowland.step.Factors;
import lowland.step.Linear;
import lowland.step.LinearForm;
import lowland.step.Model;
import lowland.step.TrainingStep;
import lowland.theory.OperationCount;

/// A model of one n×m matrix and nothing else: what a rule costs a layer is counted on its training step.
record OneMatrix(int n, int m) implements Model {
    static final Map<String, Integer> SIZES = Map.of("sequences", 1);

    @Override
    public List<State> frozen() {
        return List.of(linear().weight());
    }

    @Override
    public List<State> head() {
        return List.of();
    }

    @Override
    public List<Linear> linears() {
        return List.of(linear());
    }

    private Linear linear() {
        return new Linear("w", new State("w.weight", ElementType.REAL, Shape.of(n, m), 0), null);
    }

    @Override
    public Forward forward(Recording p, LinearForm form, boolean training) {
        Value x = p.input("x", ElementType.REAL, Shape.of(Extent.SEQUENCES, Extent.of(m)));
        Value logits = form.apply(p, x, linear());
        return new Forward(logits, p.crossEntropy(logits, p.input("labels", ElementType.INT, Shape.of(Extent.SEQUENCES)), 0));
    }

    TrainingStep step(UpdateRule rule, int rank) {
        return TrainingStep.of(rule, Sgd.defaults(), this, List.of(new Factors(linear(), Factors.PRIMARY, rank, 2)), List.of());
    }

    /// Elements of all states that a training step keeps, the frozen weight too.
    static long elements(TrainingStep step) {
        Set<State> states = new HashSet<>();
        for (Program program : step.programs()) {
            states.addAll(program.reads().keySet());
            states.addAll(program.updates().keySet());
        }
        long elements = 0;
        for (State state : states) {
            elements += (long) state.slices() * state.size();
        }
        return elements;
    }

    /// Elements of the storage that a program's own values share while it runs.
    static long arena(Program program) {
        Liveness liveness = new Liveness(program, SIZES);
        return (long) liveness.arena(ElementType.REAL) + liveness.arena(ElementType.DOUBLE);
    }

    /// What a step does beside gradients and descent: `perturb`, and what its `descend` does beyond LoRA's.
    static OperationCount beside(TrainingStep step, TrainingStep lora) {
        OperationCount descend = OperationCount.of(step.descend(), SIZES);
        OperationCount plain = OperationCount.of(lora.descend(), SIZES);
        OperationCount perturb = step.perturb() == null ? new OperationCount(0, 0, 0) : OperationCount.of(step.perturb(), SIZES);
        return new OperationCount(descend.flops() - plain.flops() + perturb.flops(), descend.inverses() + perturb.inverses(),
                Math.max(descend.largest(), perturb.largest()));
    }
}
