package lowland.cpu;

/// One operation at one layer, bound to its storage: what a run executes. It allocates nothing.
interface Bound {
    void run();
}
