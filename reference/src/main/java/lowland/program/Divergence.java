package lowland.program;

/// A device's result that is farther from the exact one than it may be.
public final class Divergence extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Element element;

    /// One element of an operation's output.
    ///
    /// @param operation the line of the listing
    /// @param output the name of the output
    /// @param actual what the device made
    /// @param exact what the operation means, in double
    /// @param bound how far they may be apart
    public record Element(String operation, int layer, String output, ElementType type, int index, double actual, double exact,
            double bound) {

        /// The error in units of its bound.
        public double ratio() {
            double error = Math.abs(actual - exact);
            return error == 0 ? 0 : error / bound;
        }

        @Override
        public String toString() {
            return operation + ", layer " + layer + ": " + output + "[" + index + "] is "
                    + bits(actual) + ", exact " + bits(exact) + ", error " + Math.abs(actual - exact) + ", bound " + bound;
        }

        private String bits(double x) {
            return type == ElementType.REAL ? (float) x + " (0x%08x)".formatted(Float.floatToRawIntBits((float) x))
                    : x + " (0x%016x)".formatted(Double.doubleToRawLongBits(x));
        }
    }

    Divergence(Element element) {
        super(element.toString());
        this.element = element;
    }

    public Element element() {
        return element;
    }
}
