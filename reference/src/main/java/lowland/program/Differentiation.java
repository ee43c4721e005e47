package lowland.program;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import lowland.program.operation.Operation;
import lowland.program.operation.Tape;

/// Writes the backward stages of a program from its forward ones (reverse mode).
///
/// A stage that runs once becomes one that runs its operations' derivatives in reverse; a repeated stage becomes one that repeats in the
/// other direction, for the same layers, and carries the gradients of what the forward one carried. Only values that depend on a trainable
/// state get a gradient. Gradients of states are added to gradient states, so that micro-batches accumulate. A forward stage must not patch;
/// a stage that runs for some layers may read states of all, and of what other stages made what was made for its layers alone.
public final class Differentiation {
    private final Recording p;
    private final List<Stage> forward;
    private final Set<Value> active = new HashSet<>();
    private Map<Value, Value> gradients = new HashMap<>();

    private Differentiation(Recording p) {
        this.p = p;
        this.forward = p.stages();
    }

    /// Appends the derivative of a DOUBLE scalar `loss` to the recording: each trainable state's gradient state becomes itself plus
    /// ∂loss/∂state. Call it once, behind the forward pass.
    ///
    /// @param trainables the gradient state of each trainable state
    public static void append(Recording p, Value loss, Map<State, State> trainables) {
        new Differentiation(p).append(loss, trainables);
    }

    private void append(Value loss, Map<State, State> trainables) {
        Map<State, Value> read = new LinkedHashMap<>();
        for (Map.Entry<State, State> trainable : trainables.entrySet()) {
            Value value = p.reading(trainable.getKey());
            if (value != null) {
                read.put(trainable.getKey(), value);
                active.add(value);
                gradients.put(value, p.read(trainable.getValue()));
            }
        }
        forward.forEach(this::requireDerivative);
        forward.forEach(this::activate);
        if (!active.contains(loss)) {
            throw new IllegalArgumentException("the loss depends on no trainable state; trainable are "
                    + trainables.keySet().stream().map(State::name).toList());
        }
        p.stage("backward");
        gradients.put(loss, p.constant(1));
        for (Stage stage : forward.reversed()) {
            if (stage.repeat() == 0) {
                p.stage(stage.name() + " backward");
                backward(stage);
            } else {
                repeated(stage);
            }
        }
        read.forEach((state, value) -> p.update(trainables.get(state), gradients.get(value)));
    }

    private void requireDerivative(Stage stage) {
        if (!stage.patches().isEmpty()) {
            throw new IllegalArgumentException("stage '" + stage.name() + "' patches '" + stage.patches().getFirst().result()
                    + "': a patch has no derivative");
        }
    }

    /// Marks what depends on a trainable state, going round a repeated stage until nothing changes.
    private void activate(Stage stage) {
        int before;
        do {
            before = active.size();
            for (Carry carry : stage.carries()) {
                if (active.contains(carry.initial()) || active.contains(carry.output())) {
                    active.add(carry.input());
                }
            }
            for (Operation operation : stage.operations()) {
                if (operation.inputs().stream().anyMatch(active::contains)) {
                    active.addAll(operation.outputs());
                }
            }
            for (Carry carry : stage.carries()) {
                if (active.contains(carry.output())) {
                    active.add(carry.result());
                }
            }
        } while (active.size() > before);
    }

    private void backward(Stage stage) {
        for (Operation operation : stage.operations().reversed()) {
            if (operation.outputs().stream().anyMatch(output -> active.contains(output) && gradients.containsKey(output))) {
                operation.differentiate(tape);
            }
        }
    }

    private void repeated(Stage stage) {
        if (stage.operations().stream().flatMap(operation -> operation.outputs().stream()).noneMatch(active::contains)
                && stage.carries().stream().noneMatch(carry -> active.contains(carry.input()))) {
            return;
        }
        // What is received may depend on a trainable state though what is handed on does not: by the first iteration alone.
        List<Carry> carries = stage.carries().stream().filter(carry -> active.contains(carry.input())).toList();
        List<Value> shared = shared(stage);
        p.stage(stage.name() + " backward, before");
        List<Value> initial = new ArrayList<>();
        for (Carry carry : carries) {
            initial.add(gradientOrZeros(carry.result()));
        }
        for (Value value : shared) {
            initial.add(gradientOrZeros(value));
        }
        Map<Value, Value> outside = gradients;
        Map<Value, Value> inside = new HashMap<>(outside);
        gradients = inside;
        List<Value> results = p.repeat(stage.name() + " backward", stage.repeat(), stage.from(), stage.to(), !stage.reversed(), initial,
                carried -> {
            for (int i = 0; i < carries.size(); i++) {
                tape.add(carries.get(i).output(), carried.get(i));
            }
            for (int i = 0; i < shared.size(); i++) {
                inside.put(shared.get(i), carried.get(carries.size() + i));
            }
            backward(stage);
            List<Value> handed = new ArrayList<>();
            for (Carry carry : carries) {
                handed.add(gradientOrZeros(carry.input()));
            }
            shared.forEach(value -> handed.add(inside.get(value)));
            return handed;
        });
        gradients = outside;
        Set<Value> own = new HashSet<>();
        stage.operations().forEach(operation -> own.addAll(operation.outputs()));
        stage.carries().forEach(carry -> own.add(carry.input()));
        inside.entrySet().stream().sorted(Comparator.comparingInt(entry -> entry.getKey().id())).forEach(entry -> {
            Value before = outside.get(entry.getKey());
            // Nobody needs the gradient of what the stage itself makes any more.
            if (entry.getKey().stacked() && entry.getValue() != before && !own.contains(entry.getKey())) {
                boolean patches = before != null && p.whole(before) && stage.iterations() < stage.repeat();
                outside.put(entry.getKey(), patches ? p.patch(before, entry.getValue()) : entry.getValue());
            }
        });
        for (int i = 0; i < shared.size(); i++) {
            outside.put(shared.get(i), results.get(carries.size() + i));
        }
        p.stage(stage.name() + " backward, after");
        for (int i = 0; i < carries.size(); i++) {
            if (active.contains(carries.get(i).initial())) {
                tape.add(carries.get(i).initial(), results.get(i));
            }
        }
    }

    /// Plain values that a repeated stage reads and that need a gradient: every layer adds to it.
    private List<Value> shared(Stage stage) {
        Set<Value> shared = new LinkedHashSet<>();
        for (Operation operation : stage.operations()) {
            for (Value input : operation.inputs()) {
                if (!input.stacked() && active.contains(input)) {
                    shared.add(input);
                }
            }
        }
        return List.copyOf(shared);
    }

    private Value gradientOrZeros(Value value) {
        Value gradient = gradients.get(value);
        return gradient == null ? p.zeros(value.type(), value.shape()) : gradient;
    }

    private final Tape tape = new Tape() {
        @Override
        public Recording record() {
            return p;
        }

        @Override
        public Value gradient(Value output) {
            return gradientOrZeros(output);
        }

        @Override
        public boolean wants(Value input) {
            return active.contains(input);
        }

        @Override
        public void contribute(Value input, UnaryOperator<Value> contribution) {
            if (wants(input)) {
                gradients.put(input, contribution.apply(gradients.get(input)));
            }
        }
    };
}
