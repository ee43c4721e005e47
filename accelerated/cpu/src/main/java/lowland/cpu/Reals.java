package lowland.cpu;

/// Where a slice of floats lives. An input's array is set at every run, all others stay.
final class Reals {
    float[] array;
    final int at;

    Reals(float[] array, int at) {
        this.array = array;
        this.at = at;
    }

    boolean is(Reals other) {
        return array == other.array && at == other.at;
    }
}
