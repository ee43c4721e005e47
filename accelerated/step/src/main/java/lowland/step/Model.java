package lowland.step;

import java.util.List;
import lowland.program.Recording;
import lowland.program.State;
import lowland.program.Value;

/// A model: its states and its forward pass, recorded in straight-line Java.
public interface Model {
    /// Every frozen weight, as named in the checkpoint.
    List<State> frozen();

    /// The head: trained beside the adapter, never perturbed.
    List<State> head();

    /// Layers that were put into the model to be trained in its place, at the factors' learning rate; never perturbed.
    default List<State> inserted() {
        return List.of();
    }

    /// The linear layers that an adapter may target.
    List<Linear> linears();

    /// Records the forward pass.
    ///
    /// @param training whether dropout is on
    Forward forward(Recording p, LinearForm form, boolean training);

    /// @param logits [sequences, classes]
    /// @param losses [sequences], one a row of the batch
    record Forward(Value logits, Value losses) {}
}
