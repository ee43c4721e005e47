package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// One step of stochastic gradient descent with momentum (torch's, no dampening), elementwise:
///
///     u' = μ·u + scale·gradient + λ·p      p' = p − η·u'
///
/// `p`, `gradient`, `u` have one shape; `scale` and `learningRate` are DOUBLE scalars.
public record SgdMomentum(Value p, Value gradient, Value u, Value scale, Value learningRate, double momentum, double weightDecay,
        Value nextP, Value nextU) implements Operation {

    public static Shape shape(Value p, Value gradient, Value u, Value scale, Value learningRate) {
        Require.that(p.type() == ElementType.REAL, "sgdMomentum", "real parameters", p);
        Require.same("sgdMomentum", p, gradient);
        Require.scalar("sgdMomentum", scale);
        Require.scalar("sgdMomentum", learningRate);
        return Require.same("sgdMomentum", p, u);
    }

    @Override
    public List<Value> inputs() {
        return List.of(p, gradient, u, scale, learningRate);
    }

    @Override
    public List<Value> outputs() {
        return List.of(nextP, nextU);
    }

    @Override
    public void interpret(Memory m) {
        double[] p = m.reals(this.p);
        double[] gradient = m.reals(this.gradient);
        double[] u = m.reals(this.u);
        double[] nextP = m.reals(this.nextP);
        double[] nextU = m.reals(this.nextU);
        double scale = m.scalar(this.scale);
        double rate = m.scalar(learningRate);
        for (int i = 0; i < nextP.length; i++) {
            double uNew = momentum * u[i] + scale * gradient[i] + weightDecay * p[i];
            nextP[i] = p[i] - rate * uNew;
            nextU[i] = uNew;
        }
    }

    @Override
    public List<Value> aliases() {
        return List.of(p, u);
    }

    @Override
    public String attributes() {
        return "momentum " + momentum + ", weight decay " + weightDecay;
    }
}
