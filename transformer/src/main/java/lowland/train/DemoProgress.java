package lowland.train;

/// Is told how a demonstration gets on.
public interface DemoProgress {
    /// Some work is done.
    ///
    /// @param work  in the units of the whole
    /// @param what  is being done: step, loss and tokens a second while a method trains
    /// @param where method, seed and task, as far as there are any
    void advance(long work, String what, String where);

    /// A method has been trained with the first seed; its training is still open.
    void trained(DemoMethod method, Training training);
}
