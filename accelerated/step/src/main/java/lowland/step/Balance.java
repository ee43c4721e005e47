package lowland.step;

import static lowland.program.operation.Scalar.Kind.ADD;
import static lowland.program.operation.Scalar.Kind.DIVIDE_OR_ZERO;
import static lowland.program.operation.Scalar.Kind.MAXIMUM;
import static lowland.program.operation.Scalar.Kind.MULTIPLY;
import static lowland.program.operation.Scalar.Kind.SUBTRACT;

import lowland.program.Recording;
import lowland.program.Value;

/// What LoRA-oBAR and LoRA-nBAR share: one factor of a pair times 1 + αη, the other times 1 − αη.
///
/// @param rate η
/// @param decay αη
record Balance(Value rate, Value decay) {
    static Balance record(Recording p) {
        p.stage("balance");
        Value rate = p.scalar("learningRate");
        return new Balance(rate, p.scalar(MULTIPLY, p.scalar("barAlpha"), rate));
    }

    /// B times 1 + αη if b ≥ a, else 1 − αη; A the other way round.
    Descending.From growing(Recording p, Factors pair, Value b, Value a) {
        return from(p, pair, p.scalar(MULTIPLY, sign(p, b, a), decay));
    }

    /// B times 1 − αη if b ≥ a, else 1 + αη; A the other way round.
    Descending.From shrinking(Recording p, Factors pair, Value b, Value a) {
        return from(p, pair, p.scalar(MULTIPLY, sign(p, b, a), p.scalar(SUBTRACT, p.constant(0), decay)));
    }

    private Descending.From from(Recording p, Factors pair, Value growth) {
        Value b = p.scale(p.read(pair.b()), p.scalar(ADD, p.constant(1), growth));
        Value a = p.scale(p.read(pair.a()), p.scalar(SUBTRACT, p.constant(1), growth));
        return new Descending.From(a, b, rate, rate);
    }

    /// 1 if b ≥ a, else −1: d/|d| of d = b − a, and 1 where d = 0.
    private static Value sign(Recording p, Value b, Value a) {
        Value difference = p.scalar(SUBTRACT, b, a);
        Value size = p.scalar(MAXIMUM, difference, p.scalar(SUBTRACT, p.constant(0), difference));
        Value sign = p.scalar(DIVIDE_OR_ZERO, difference, size);
        return p.scalar(ADD, sign, p.scalar(SUBTRACT, p.constant(1), p.scalar(MULTIPLY, sign, sign)));
    }
}
