package lowland.train;

import lowland.random.CounterRandom;

/// The order of the rows: an endless sequence of epochs, each a permutation by Fisher and Yates keyed (seed, epoch), or the file's.
final class Order {
    private final int rows;
    private final boolean shuffled;
    private final long key;
    private final int[] permutation;
    private long epoch = -1;

    Order(int rows, boolean shuffled, long seed) {
        this.rows = rows;
        this.shuffled = shuffled;
        this.key = CounterRandom.tensorKey(seed, "order");
        this.permutation = new int[rows];
    }

    /// The row at a place of the sequence.
    int row(long place) {
        if (place / rows != epoch) {
            epoch = place / rows;
            permute();
        }
        return permutation[(int) (place % rows)];
    }

    private void permute() {
        long epochKey = CounterRandom.child(key, epoch);
        for (int i = 0; i < rows; i++) {
            permutation[i] = i;
        }
        for (int i = rows - 1; shuffled && i > 0; i--) {
            int j = (int) (CounterRandom.uniform(CounterRandom.child(epochKey, i)) * (i + 1));
            int other = permutation[j];
            permutation[j] = permutation[i];
            permutation[i] = other;
        }
    }
}
