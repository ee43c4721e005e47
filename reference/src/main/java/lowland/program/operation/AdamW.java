package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// One step of AdamW (Loshchilov and Hutter, arXiv 1711.05101v3, with bias correction), elementwise:
///
///     g ← scale·gradient      m' = β₁·m + (1 − β₁)·g      v' = β₂·v + (1 − β₂)·g²
///     p' = p − η·(λ·p + (m'/(1 − β₁ᵗ)) / (√(v'/(1 − β₂ᵗ)) + ε))
///
/// `scale` carries the clip of the gradient norm, and the sign of an ascent. `correction1` = 1 − β₁ᵗ, `correction2` = 1 − β₂ᵗ.
/// All of `p`, `gradient`, `m`, `v` have one shape; `scale`, `learningRate` and the corrections are DOUBLE scalars.
public record AdamW(Value p, Value gradient, Value m, Value v, Value scale, Value learningRate, Value correction1, Value correction2,
        Constants constants, Value nextP, Value nextM, Value nextV) implements Operation {

    /// β₁, β₂, ε and λ.
    public record Constants(double beta1, double beta2, double epsilon, double weightDecay) {}

    public static Shape shape(Value p, Value gradient, Value m, Value v, Value scale, Value learningRate, Value correction1,
            Value correction2) {
        Require.that(p.type() == ElementType.REAL, "adamW", "real parameters", p);
        Require.same("adamW", p, gradient);
        Require.same("adamW", p, m);
        Require.scalar("adamW", scale);
        Require.scalar("adamW", learningRate);
        Require.scalar("adamW", correction1);
        Require.scalar("adamW", correction2);
        return Require.same("adamW", p, v);
    }

    @Override
    public List<Value> inputs() {
        return List.of(p, gradient, m, v, scale, learningRate, correction1, correction2);
    }

    @Override
    public List<Value> outputs() {
        return List.of(nextP, nextM, nextV);
    }

    @Override
    public void interpret(Memory memory) {
        double[] p = memory.reals(this.p);
        double[] gradient = memory.reals(this.gradient);
        double[] m = memory.reals(this.m);
        double[] v = memory.reals(this.v);
        double[] nextP = memory.reals(this.nextP);
        double[] nextM = memory.reals(this.nextM);
        double[] nextV = memory.reals(this.nextV);
        double scale = memory.scalar(this.scale);
        double rate = memory.scalar(learningRate);
        double correction1 = memory.scalar(this.correction1);
        double correction2 = memory.scalar(this.correction2);
        for (int i = 0; i < nextP.length; i++) {
            double g = scale * gradient[i];
            double mNew = constants.beta1 * m[i] + (1 - constants.beta1) * g;
            double vNew = constants.beta2 * v[i] + (1 - constants.beta2) * g * g;
            double direction = mNew / correction1 / (Math.sqrt(vNew / correction2) + constants.epsilon);
            nextP[i] = p[i] - rate * (constants.weightDecay * p[i] + direction);
            nextM[i] = mNew;
            nextV[i] = vNew;
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(p, m, v);
    }

    @Override
    public String attributes() {
        return "beta1 " + constants.beta1 + ", beta2 " + constants.beta2 + ", epsilon " + constants.epsilon + ", weight decay "
                + constants.weightDecay;
    }
}
