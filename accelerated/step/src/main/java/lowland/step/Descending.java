package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE;
import static lowland.program.operation.Scalar.Kind.MINIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import lowland.descent.AdamW;
import lowland.descent.Descent;
import lowland.descent.Sgd;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;

/// The base optimiser as operations, with the clip of the joint gradient's norm.
///
///     g ← g·min(1, clipNorm/(‖g‖ + 10⁻⁶))      torch's clip_grad_norm_; clipNorm = ∞ is off
final class Descending {
    private final Descent descent;
    private final Set<State> whole;
    private final List<State> moments;

    /// @param whole what is trained whole at the pairs' learning rate; the rest beside them at the head's
    Descending(Descent descent, List<State> whole) {
        this(descent, Set.copyOf(whole), new ArrayList<>());
    }

    private Descending(Descent descent, Set<State> whole, List<State> moments) {
        this.descent = descent;
        this.whole = whole;
        this.moments = moments;
    }

    /// Another optimiser whose moments are counted here too.
    Descending with(Descent other) {
        return new Descending(other, whole, moments);
    }

    /// Both optimisers of a step get one `correction1` and one `correction2`.
    ///
    /// @throws IllegalArgumentException if both are AdamW and their betas differ
    void requireSameCorrections(Descent other) {
        if (descent instanceof AdamW one && other instanceof AdamW two && (one.beta1() != two.beta1() || one.beta2() != two.beta2())) {
            throw new IllegalArgumentException("the two AdamW of a step need equal betas, have " + one.beta1() + ", " + one.beta2()
                    + " and " + two.beta1() + ", " + two.beta2());
        }
    }

    /// The moments of everything stepped so far.
    List<State> moments() {
        return moments;
    }

    /// The factor by which a gradient of this norm is multiplied.
    static Value clip(Recording p, Value norm) {
        return p.scalar(MINIMUM, p.constant(1), p.scalar(DIVIDE, p.scalar("clipNorm"), p.scalar(ADD, norm, p.constant(1e-6))));
    }

    /// Negates a scale: ascent is descent along −g.
    static Value negated(Recording p, Value scale) {
        return p.scalar(MULTIPLY, scale, p.constant(-1));
    }

    /// What each state becomes after a step along scale·gradient; its moments are updated. Record it in the states' own stage.
    Value step(Recording p, State state, Value scale, Value learningRate) {
        return step(p, state, p.read(state), scale, learningRate);
    }

    /// The same from a parameter that is not the state's own value.
    private Value step(Recording p, State state, Value parameter, Value scale, Value learningRate) {
        Value gradient = p.read(Gradients.of(state));
        return switch (descent) {
            case AdamW adamW -> {
                State m = moment(state, ".adam_m");
                State v = moment(state, ".adam_v");
                List<Value> next = p.adamW(parameter, gradient, p.read(m), p.read(v), scale, learningRate, p.scalar("correction1"),
                        p.scalar("correction2"), new lowland.program.operation.AdamW.Constants(adamW.beta1(), adamW.beta2(),
                                adamW.epsilon(), adamW.weightDecay()));
                p.update(m, next.get(1));
                p.update(v, next.get(2));
                yield next.getFirst();
            }
            case Sgd sgd -> {
                State u = moment(state, ".momentum");
                List<Value> next = p.sgdMomentum(parameter, gradient, p.read(u), scale, learningRate, sgd.momentum(), sgd.weightDecay());
                p.update(u, next.get(1));
                yield next.getFirst();
            }
        };
    }

    /// Where a pair's descent starts, and how fast each factor goes.
    record From(Value a, Value b, Value rateA, Value rateB) {}

    /// What a rule makes of a pair before the descent. Recorded in the pair's own stage.
    interface Before {
        From of(Factors pair);
    }

    /// Steps pairs and head by their gradients, clipped together.
    void descend(Recording p, List<Factors> pairs, List<State> head) {
        descend(p, pairs, head, clipped(p, RuleStep.both(pairs), head, ""));
    }

    /// Steps pairs and head along clip·gradient. Outputs `drift`, which plain LoRA keeps near where it started:
    ///
    ///     √(Σ_layers ‖BᵀB − AAᵀ‖²)
    void descend(Recording p, List<Factors> pairs, List<State> head, Value clip) {
        Value rate = p.scalar("learningRate");
        descend(p, pairs, head, clip, pair -> new From(p.read(pair.a()), p.read(pair.b()), rate, rate));
    }

    /// The same from another point, or at other rates.
    void descend(Recording p, List<Factors> pairs, List<State> head, Value clip, Before before) {
        p.stage("descend");
        Value drift = p.constant(0);
        for (Factors pair : pairs) {
            drift = Layers.fold(p, "step " + pair.linear().module(), pair.linear().layers(), drift, sum -> {
                From from = before.of(pair);
                Value a = step(p, pair.a(), from.a(), clip, from.rateA());
                Value b = step(p, pair.b(), from.b(), clip, from.rateB());
                p.update(pair.a(), a);
                p.update(pair.b(), b);
                Value difference = p.add(p.gram(b, b, 0), p.scale(p.gram(a, a, 1), p.constant(-1)));
                return p.scalar(ADD, sum, p.inner(difference, difference));
            });
        }
        p.stage("drift");
        p.output("drift", p.squareRoot(drift));
        for (State state : head) {
            Value rate = p.scalar(whole.contains(state) ? "learningRate" : "headLearningRate");
            Layers.each(p, "step " + state.name(), state.repeat(), () -> p.update(state, step(p, state, clip, rate)));
        }
    }

    /// Outputs the joint norm and its clip (`gradientNorm`, `clip`, with a prefix), guarded.
    Value clipped(Recording p, List<State> states, List<State> head, String prefix) {
        List<State> gradients = new ArrayList<>();
        states.forEach(state -> gradients.add(Gradients.of(state)));
        head.forEach(state -> gradients.add(Gradients.of(state)));
        p.stage(prefix + "gradient norm");
        Value squared = Layers.squaredNorm(p, gradients);
        p.stage(prefix + "clip");
        Value norm = p.squareRoot(squared);
        Value clip = clip(p, norm);
        p.output(prefix + "gradientNorm", norm);
        p.output(prefix + "clip", clip);
        p.guard(norm, p.scalar("learningRate"), p.scalar("headLearningRate"));
        return clip;
    }

    private State moment(State state, String suffix) {
        State moment = state.like(state.name() + suffix);
        if (!moments.contains(moment)) {
            moments.add(moment);
        }
        return moment;
    }
}
