package lowland.program.operation;

import java.util.List;
import lowland.program.Memory;
import lowland.program.Shape;
import lowland.program.Value;

/// The Gaussian error linear unit (Hendrycks and Gimpel, arXiv 1606.08415v5), elementwise.
///
///     ERF:  y = x·Φ(x) = x/2·(1 + erf(x/√2))                        (BERT, RoBERTa)
///     TANH: y = x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))            (GPT-2)
public record Gelu(Value x, Form form, Value y) implements Operation {
    public enum Form { ERF, TANH }

    public static Shape shape(Value x) {
        Require.that(x.type() == lowland.program.ElementType.REAL, "gelu", "a real value", x);
        return x.shape();
    }

    @Override
    public List<Value> inputs() {
        return List.of(x);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        double[] x = m.reals(this.x);
        double[] y = m.reals(this.y);
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i] * gate(x[i], form);
        }
    }

    /// What x is multiplied by: Φ(x), or its approximation.
    public static double gate(double x, Form form) {
        return switch (form) {
            case ERF -> 0.5 * (1 + Erf.erf(x / Math.sqrt(2)));
            case TANH -> 0.5 * (1 + StrictMath.tanh(inner(x)));
        };
    }

    /// The derivative of x·gate(x).
    static double slope(double x, Form form) {
        return gate(x, form) + x * switch (form) {
            case ERF -> StrictMath.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
            case TANH -> {
                double tanh = StrictMath.tanh(inner(x));
                yield 0.5 * (1 - tanh * tanh) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
            }
        };
    }

    private static double inner(double x) {
        return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
    }

    @Override
    public void differentiate(Tape tape) {
        tape.add(x, tape.record().geluBackward(x, tape.gradient(y), form));
    }

    @Override
    public String attributes() {
        return form.name().toLowerCase(java.util.Locale.ROOT);
    }
}
