package lowland.cpu;

import lowland.program.Size;

/// A sum in double that is cut into the chunks of [DoubleSums]: one partial result a chunk, joined in order, whoever made them.
final class Reduction implements Bound {
    /// Writes the partial result of a chunk to `partials`, from `at` on.
    interface Part {
        void sum(int chunk, double[] partials, int at);
    }

    private final Workers workers;
    private final Size length;
    private final int width;
    private final Part part;
    private final double[] partials;
    private final Doubles y;
    private final Workers.Chunk chunk = this::chunk;

    /// @param length how many elements or rows are summed
    /// @param most the largest length of any run
    /// @param width the numbers of a result
    Reduction(Workers workers, Size length, int most, int width, Part part, Doubles y) {
        this.workers = workers;
        this.length = length;
        this.width = width;
        this.part = part;
        this.y = y;
        partials = new double[DoubleSums.chunks(most) * width];
    }

    @Override
    public void run() {
        int chunks = DoubleSums.chunks(length.get());
        if (chunks == 1) {
            chunk(0, 0);
        } else {
            workers.run(chunks, chunk);
        }
        for (int i = 0; i < width; i++) {
            double sum = 0;
            for (int c = 0; c < chunks; c++) {
                sum += partials[c * width + i];
            }
            y.array()[y.at() + i] = sum;
        }
    }

    private void chunk(int chunk, int worker) {
        part.sum(chunk, partials, chunk * width);
    }
}
