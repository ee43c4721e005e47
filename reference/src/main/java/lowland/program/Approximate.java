package lowland.program;

/// A number, and how far from it a machine's result may lie: a running error analysis (Higham, Accuracy and Stability of Numerical
/// Algorithms, 2nd ed., §3.3), with the exact value in place of the computed one.
///
/// Each operation takes the errors of its operands through the formula, then adds its own rounding, u·|result|, and what an
/// underflow may lose. Fused multiply-adds only lose roundings, so they stay within.
///
/// @param value the exact value
/// @param error a bound on |machine's value − value|; not negative, infinite where nothing can be said
/// @param unit the unit roundoff and the smallest normal number of the machine's type
record Approximate(double value, double error, Unit unit) {
    /// A machine's arithmetic.
    ///
    /// @param u the unit roundoff
    /// @param tiny the smallest normal number: what an underflowing product may lose
    record Unit(double u, double tiny) {
        static final Unit FLOAT = new Unit(0x1p-24, Float.MIN_NORMAL);
        /// Twice 2⁻⁵³: the interpreter that stands for the exact result rounds as well.
        static final Unit DOUBLE = new Unit(0x1p-52, Double.MIN_NORMAL);

        /// γ_k = ku/(1 − ku): the relative error of k roundings, in any order.
        double gamma(double k) {
            return k * u < 1 ? k * u / (1 - k * u) : Double.POSITIVE_INFINITY;
        }

        /// An operand that the machine has exactly.
        Approximate exact(double value) {
            return new Approximate(value, 0, this);
        }

        /// An operand that the machine rounds from double.
        Approximate rounded(double value) {
            return new Approximate(value, u * Math.abs(value) + (value == 0 ? 0 : tiny), this);
        }
    }

    /// The largest magnitude that the machine may have.
    double magnitude() {
        return Math.abs(value) + error;
    }

    /// This with further error.
    Approximate blurred(double more) {
        return new Approximate(value, error + more, unit);
    }

    private Approximate result(double exact, double carried, double roundings, double underflow) {
        return new Approximate(exact, carried + unit.gamma(roundings) * (Math.abs(exact) + carried) + underflow, unit);
    }

    Approximate plus(Approximate b) {
        return result(value + b.value, error + b.error, 1, 0);
    }

    Approximate minus(Approximate b) {
        return result(value - b.value, error + b.error, 1, 0);
    }

    Approximate times(Approximate b) {
        double carried = Math.abs(value) * b.error + Math.abs(b.value) * error + error * b.error;
        double product = value * b.value;
        return result(product, carried, 1, product == 0 && carried == 0 ? 0 : unit.tiny);
    }

    /// A product with a constant that the machine rounds.
    Approximate times(double constant) {
        return times(unit.rounded(constant));
    }

    /// Three roundings, so that multiplying by a rounded reciprocal is within.
    Approximate over(Approximate b) {
        double least = Math.abs(b.value) - b.error;
        double quotient = value / b.value;
        if (value == 0 && error == 0) {
            return new Approximate(quotient, 0, unit);
        }
        double carried = least > 0 ? (error + Math.abs(quotient) * b.error) / least : Double.POSITIVE_INFINITY;
        return result(quotient, carried, 3, unit.tiny * (1 + 1 / least));
    }

    /// √ of a value that is not negative on the machine either.
    Approximate squareRoot() {
        double root = Math.sqrt(value);
        double below = root - Math.sqrt(Math.max(0, value - error));
        double above = error == 0 ? 0 : error / (root + Math.sqrt(value + error));
        return result(root, Math.max(below, above), 1, 0);
    }

    /// 1/√ within 4 ulp, of a value that the machine does not take below `least` > 0.
    Approximate reciprocalRoot(double least) {
        double root = 1 / Math.sqrt(value);
        double above = 1 / Math.sqrt(Math.max(least, value - error)) - root;
        double below = root - 1 / Math.sqrt(value + error);
        return result(root, Math.max(Math.max(above, below), 0), 8, 0);
    }

    /// e^x within 4 ulp (8u): an absolute error d of the argument is the relative error e^d − 1.
    Approximate exp() {
        double power = Math.exp(value);
        return result(power, power * Math.expm1(error), 8, unit.tiny);
    }

    /// tanh x within 4 ulp; its slope is the largest where the argument may be nearest to zero.
    Approximate tanh() {
        double nearest = Math.tanh(Math.max(0, Math.abs(value) - error));
        return result(Math.tanh(value), Math.min(2, error * (1 - nearest * nearest)), 8, value == 0 && error == 0 ? 0 : unit.tiny);
    }

    /// Σ of terms that are summed in any order.
    static final class Total {
        private final Unit unit;
        private double value;
        private double error;
        private double magnitude;
        private int count;

        Total(Unit unit) {
            this.unit = unit;
        }

        Total add(Approximate term) {
            value += term.value;
            error += term.error;
            magnitude += term.magnitude();
            count++;
            return this;
        }

        /// An exact term.
        Total add(double term) {
            value += term;
            magnitude += Math.abs(term);
            count++;
            return this;
        }

        /// a·b of exact operands, as a term: the rounding of the product is one more of the sum's.
        Total product(double a, double b) {
            value += a * b;
            magnitude += Math.abs(a * b);
            error += a == 0 || b == 0 ? 0 : unit.tiny;
            count++;
            return this;
        }

        /// γ_{n+2}·Σ|terms|: n − 1 additions, a product, and two to spare for a first addend and a last scaling.
        Approximate sum() {
            return new Approximate(value, error + unit.gamma(count + 2) * magnitude, unit);
        }
    }
}
