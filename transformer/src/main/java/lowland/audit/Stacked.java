package lowland.audit;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import lowland.rule.Gradients;
import lowland.rule.LoraPair;
import lowland.rule.PairGradient;
import lowland.rule.Trainables;
import org.ejml.simple.SimpleMatrix;

/// All factors, or anything of their shapes, as one vector: B before A, layer by layer.
final class Stacked {

    private Stacked() {
    }

    static SimpleMatrix factors(Trainables trainables) {
        List<SimpleMatrix> all = new ArrayList<>();
        for (LoraPair pair : trainables.pairs()) {
            all.add(pair.b());
            all.add(pair.a());
        }
        return of(all);
    }

    static SimpleMatrix gradient(Gradients gradients) {
        List<SimpleMatrix> all = new ArrayList<>();
        for (PairGradient pair : gradients.pairs()) {
            all.add(pair.dB());
            all.add(pair.dA());
        }
        return of(all);
    }

    /// ε_B, ε_A of each layer.
    static SimpleMatrix alternating(List<SimpleMatrix> ofB, List<SimpleMatrix> ofA) {
        List<SimpleMatrix> all = new ArrayList<>();
        for (int j = 0; j < ofB.size(); j++) {
            all.add(ofB.get(j));
            all.add(ofA.get(j));
        }
        return of(all);
    }

    static SimpleMatrix of(List<SimpleMatrix> matrices) {
        int size = 0;
        for (SimpleMatrix x : matrices) {
            size += x.getNumElements();
        }
        SimpleMatrix vector = new SimpleMatrix(size, 1);
        int at = 0;
        for (SimpleMatrix x : matrices) {
            for (int i = 0; i < x.getNumElements(); i++) {
                vector.set(at++, x.get(i));
            }
        }
        return vector;
    }

    /// The factors of these trainables with the elements of a vector in their place.
    static Trainables unstacked(Trainables shapes, SimpleMatrix vector) {
        List<LoraPair> pairs = new ArrayList<>();
        int at = 0;
        for (LoraPair pair : shapes.pairs()) {
            SimpleMatrix b = pair.b().createLike();
            SimpleMatrix a = pair.a().createLike();
            for (int i = 0; i < b.getNumElements(); i++) {
                b.set(i, vector.get(at++));
            }
            for (int i = 0; i < a.getNumElements(); i++) {
                a.set(i, vector.get(at++));
            }
            pairs.add(pair.withB(b).withA(a));
        }
        return shapes.withPairs(pairs);
    }

    /// A random unit vector of that many elements.
    static SimpleMatrix direction(int size, Random random) {
        SimpleMatrix d = Layer.normal(size, 1, random);
        return d.divide(d.normF());
    }
}
