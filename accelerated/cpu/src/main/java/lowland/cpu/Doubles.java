package lowland.cpu;

/// Where a slice of doubles lives.
record Doubles(double[] array, int at) {
    double scalar() {
        return array[at];
    }

    void set(double value) {
        array[at] = value;
    }
}
