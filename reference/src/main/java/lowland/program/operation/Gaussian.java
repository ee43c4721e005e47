package lowland.program.operation;

import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Memory;
import lowland.program.Value;
import lowland.random.CounterRandom;

/// Standard normal numbers that are a function of where they stand: nothing is stored, every executor sees the same ones.
///
/// Element i (row-major) is [CounterRandom#gaussian] of `child(child(key, hash(tensor)), i)`, rounded once. `key` is an INT pair, the
/// halves of a key of (seed, step), see [Mask].
///
/// @param tensor what they are for, with `*` for the number of the layer
public record Gaussian(String tensor, Value key, Value y) implements Operation {
    public Gaussian {
        Require.shape("gaussian", key, ElementType.INT, Extent.of(2));
        Require.that(y.type() == ElementType.REAL, "gaussian", "a real result", y);
    }

    /// The key of a layer's elements.
    public static long elements(long key, String tensor, int layer) {
        return CounterRandom.child(key, hash(tensor, layer));
    }

    /// What a layer's tensor adds to the key.
    public static long hash(String tensor, int layer) {
        return CounterRandom.hash(tensor.replace("*", Integer.toString(layer)));
    }

    @Override
    public List<Value> inputs() {
        return List.of(key);
    }

    @Override
    public List<Value> outputs() {
        return List.of(y);
    }

    @Override
    public void interpret(Memory m) {
        long elements = elements(Mask.key(m.ints(key)), tensor, m.layer());
        double[] y = m.reals(this.y);
        for (int i = 0; i < y.length; i++) {
            y[i] = CounterRandom.gaussian(CounterRandom.child(elements, i));
        }
    }

    @Override
    public String attributes() {
        return "for " + tensor;
    }
}
