package lowland.program.operation;

/// The error function in double precision.
///
///     erf(x) = 2/√π · e^(−x²) · Σ_{n≥0} 2ⁿ·x^(2n+1) / (1·3·5·…·(2n+1))
///
/// All terms of this series have one sign, so nothing cancels; from |x| = 6 on, 1 − |erf| is below 2⁻⁵⁴.
final class Erf {
    private Erf() {}

    static double erf(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        if (Math.abs(x) >= 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * StrictMath.exp(-x * x) * sum;
    }
}
