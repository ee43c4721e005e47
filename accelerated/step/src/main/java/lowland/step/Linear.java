package lowland.step;

import lowland.program.ElementType;
import lowland.program.Shape;
import lowland.program.State;

/// A linear layer of a model, y = W·x + bias: what an adapter may adapt.
///
/// @param module the module's name in the checkpoint, with `*` for the layer's number if it is stacked
/// @param weight W, [out, in]
/// @param bias [out], or null
public record Linear(String module, State weight, State bias) {
    /// ‖W_i‖² of each row of W, [out, 1]: for what asks for the norms of adapted rows. Whoever writes W writes it.
    public State squaredRowNorms() {
        return new State(module + ".squaredRowNorms", ElementType.REAL, Shape.of(out(), 1), layers());
    }

    public int layers() {
        return weight.repeat();
    }

    public int out() {
        return weight.shape().fixed(0);
    }

    public int in() {
        return weight.shape().fixed(1);
    }

    /// The module's name within its layer: `attention.self.query` of `bert.encoder.layer.*.attention.self.query`; all of it where no layer
    /// is named.
    public String moduleInLayer() {
        int star = module.indexOf("*.");
        return star < 0 ? module : module.substring(star + 2);
    }

    /// The module's name at a layer.
    public String module(int layer) {
        return module.replace("*", Integer.toString(layer));
    }
}
