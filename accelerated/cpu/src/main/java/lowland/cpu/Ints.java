package lowland.cpu;

/// The integers that a run was given for an input.
final class Ints {
    final String name;
    int[] array;

    Ints(String name) {
        this.name = name;
    }
}
