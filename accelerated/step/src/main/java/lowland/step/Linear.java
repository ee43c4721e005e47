package lowland.step;

import lowland.program.State;

/// A linear layer of a model, y = W·x + bias: what an adapter may adapt.
///
/// @param module the module's name in the checkpoint, with `*` for the layer's number if it is stacked
/// @param weight W, [out, in]
/// @param bias [out], or null
public record Linear(String module, State weight, State bias) {
    public int layers() {
        return weight.repeat();
    }

    public int out() {
        return weight.shape().fixed(0);
    }

    public int in() {
        return weight.shape().fixed(1);
    }

    /// The module's name within its layer: `attention.self.query` of `bert.encoder.layer.*.attention.self.query`.
    public String moduleInLayer() {
        return module.substring(module.indexOf("*.") + 2);
    }

    /// The module's name at a layer.
    public String module(int layer) {
        return module.replace("*", Integer.toString(layer));
    }
}
