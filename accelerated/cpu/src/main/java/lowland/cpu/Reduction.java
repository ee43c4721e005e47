package lowland.cpu;

/// A sum over elements in double: pieces of fixed size, then the pieces in order, whoever summed them.
final class Reduction implements Bound {
    /// Σ over the elements `from` … `to` − 1.
    interface Part {
        double sum(int from, int to);
    }

    private static final int GRAIN = 1 << 13;

    private final Chunked parts;
    private final Size elements;
    private final double[] sums;
    private final Doubles y;

    /// @param most the most elements of any run
    Reduction(Workers workers, Size elements, int most, Part part, Doubles y) {
        this.elements = elements;
        this.y = y;
        sums = new double[pieces(most)];
        parts = new Chunked(workers, elements, GRAIN, (from, to, _) -> sums[from / GRAIN] = part.sum(from, to));
    }

    private static int pieces(int elements) {
        return (elements + GRAIN - 1) / GRAIN;
    }

    @Override
    public void run() {
        parts.run();
        double total = 0;
        for (int i = 0; i < pieces(elements.get()); i++) {
            total += sums[i];
        }
        y.set(total);
    }
}
