package lowland.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiFunction;
import lowland.checkpoint.PeftAdapter;
import lowland.checkpoint.Tensor;
import lowland.program.Session;
import lowland.rule.LoraPair;
import lowland.rule.ResidualStart;
import lowland.step.Factors;
import lowland.step.Linear;
import org.ejml.simple.SimpleMatrix;

/// Pairs that did not start at zero, by module: what is needed to write them as plain LoRA on the original weights.
final class ResidualStarts {
    private final Map<String, ResidualStart> starts = new LinkedHashMap<>();

    /// Lets each adapted matrix start so: its pair and its residual are written.
    ///
    /// @param start of a pair at a layer, from its W0
    void write(Training training, BiFunction<Place, SimpleMatrix, ResidualStart> start) {
        Session session = training.session();
        for (Factors pair : training.program().adapter()) {
            Linear linear = pair.linear();
            for (int layer = 0; layer < linear.weight().slices(); layer++) {
                SimpleMatrix weight = matrix(linear.out(), linear.in(), session.read(linear.weight(), layer));
                ResidualStart made = start.apply(new Place(pair, layer), weight);
                starts.put(linear.module(layer), rounded(made, weight));
                session.write(pair.a(), layer, floats(starts.get(linear.module(layer)).pair().a()));
                session.write(pair.b(), layer, floats(starts.get(linear.module(layer)).pair().b()));
                training.writeWeight(linear, layer, floats(starts.get(linear.module(layer)).residual()));
            }
        }
    }

    /// A layer of a stacked pair.
    record Place(Factors pair, int layer) {
        String module() {
            return pair.linear().module(layer);
        }
    }

    boolean isEmpty() {
        return starts.isEmpty();
    }

    /// A trained pair of a module on the original weight: of twice the rank.
    PeftAdapter.Factors onStart(String module, double scaling, Tensor a, Tensor b) {
        LoraPair trained = new LoraPair(module, scaling, matrix(a.shape()[0], a.shape()[1], a.data()),
                matrix(b.shape()[0], b.shape()[1], b.data()));
        LoraPair plain = starts.get(module).onStart(trained);
        return new PeftAdapter.Factors(Tensor.matrix(plain.a().getNumRows(), plain.a().getNumCols(), floats(plain.a())),
                Tensor.matrix(plain.b().getNumRows(), plain.b().getNumCols(), floats(plain.b())));
    }

    /// The factors as floats hold them, and the residual of those.
    private static ResidualStart rounded(ResidualStart start, SimpleMatrix weight) {
        LoraPair pair = start.pair();
        LoraPair held = new LoraPair(pair.name(), pair.scaling(), rounded(pair.a()), rounded(pair.b()));
        return new ResidualStart(held, weight.minus(held.weightChange()));
    }

    private static SimpleMatrix rounded(SimpleMatrix matrix) {
        return matrix.elementOp((int _, int _, double x) -> (float) x);
    }

    static SimpleMatrix matrix(int rows, int columns, float[] values) {
        SimpleMatrix matrix = new SimpleMatrix(rows, columns);
        for (int i = 0; i < values.length; i++) {
            matrix.set(i, values[i]);
        }
        return matrix;
    }

    static float[] floats(SimpleMatrix matrix) {
        float[] values = new float[matrix.getNumElements()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) matrix.get(i);
        }
        return values;
    }
}
