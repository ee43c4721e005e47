package lowland.audit;

import java.util.function.DoubleUnaryOperator;

/// A derivative at 0 by central differences of fourth order: (8(f(h) − f(−h)) − (f(2h) − f(−2h)))/12h, its error h⁴f⁽⁵⁾/30.
final class Slope {

    private Slope() {
    }

    static double of(DoubleUnaryOperator f, double h) {
        return (8 * (f.applyAsDouble(h) - f.applyAsDouble(-h)) - (f.applyAsDouble(2 * h) - f.applyAsDouble(-2 * h))) / (12 * h);
    }
}
