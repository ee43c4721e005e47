package lowland.program;

/// The integers that a run was given for an input.
public final class Ints {
    public final String name;
    public int[] array;

    public Ints(String name) {
        this.name = name;
    }
}
