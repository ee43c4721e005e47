package lowland.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import lowland.program.operation.AdamW;
import lowland.program.operation.SgdMomentum;

/// The optimisers' updates of parameters `from` … `to` − 1. Outputs may lie over their inputs. Scalars are rounded to float once. Each
/// operation rounds (no fused multiply-add), so that an element's bits are the same in a vector and in the ragged end.
final class Descents {
    private static final VectorSpecies<Float> V = Lanes.FLOATS;
    private static final int L = Lanes.COUNT;

    private Descents() {}

    /// The three coefficients that change with every step, made in double.
    static final class Coefficients {
        private float scale;
        private float rate;
        private float correction1;
        private float correction2;

        void set(double scale, double rate, double correction1, double correction2) {
            this.scale = (float) scale;
            this.rate = (float) rate;
            this.correction1 = (float) correction1;
            this.correction2 = (float) correction2;
        }
    }

    static void adamW(Coefficients now, AdamW.Constants constants, Reals p, Reals gradient, Reals m, Reals v, Reals nextP, Reals nextM,
            Reals nextV, int from, int to) {
        adamW(now, constants, p.array, p.at + from, gradient.array, gradient.at + from, m.array, m.at + from, v.array, v.at + from,
                nextP.array, nextP.at + from, nextM.array, nextM.at + from, nextV.array, nextV.at + from, to - from);
    }

    private static void adamW(Coefficients now, AdamW.Constants constants, float[] p, int po, float[] gradient, int go, float[] m, int mo,
            float[] v, int vo, float[] nextP, int npo, float[] nextM, int nmo, float[] nextV, int nvo, int n) {
        float scale = now.scale;
        float rate = now.rate;
        float correction1 = now.correction1;
        float correction2 = now.correction2;
        float beta1 = (float) constants.beta1();
        float new1 = (float) (1 - constants.beta1());
        float beta2 = (float) constants.beta2();
        float new2 = (float) (1 - constants.beta2());
        float epsilon = (float) constants.epsilon();
        float decay = (float) constants.weightDecay();
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector g = FloatVector.fromArray(V, gradient, go + i).mul(scale);
            FloatVector mNew = FloatVector.fromArray(V, m, mo + i).mul(beta1).add(g.mul(new1));
            FloatVector vNew = FloatVector.fromArray(V, v, vo + i).mul(beta2).add(g.mul(g).mul(new2));
            FloatVector direction = mNew.div(correction1).div(vNew.div(correction2).sqrt().add(epsilon));
            FloatVector old = FloatVector.fromArray(V, p, po + i);
            old.sub(old.mul(decay).add(direction).mul(rate)).intoArray(nextP, npo + i);
            mNew.intoArray(nextM, nmo + i);
            vNew.intoArray(nextV, nvo + i);
        }
        for (int i = whole; i < n; i++) {
            float g = gradient[go + i] * scale;
            float mNew = m[mo + i] * beta1 + g * new1;
            float vNew = v[vo + i] * beta2 + g * g * new2;
            float direction = mNew / correction1 / ((float) Math.sqrt(vNew / correction2) + epsilon);
            float old = p[po + i];
            nextP[npo + i] = old - (old * decay + direction) * rate;
            nextM[nmo + i] = mNew;
            nextV[nvo + i] = vNew;
        }
    }

    static void sgd(Coefficients now, SgdMomentum constants, Reals p, Reals gradient, Reals u, Reals nextP, Reals nextU, int from, int to) {
        sgd(now, constants, p.array, p.at + from, gradient.array, gradient.at + from, u.array, u.at + from, nextP.array, nextP.at + from,
                nextU.array, nextU.at + from, to - from);
    }

    private static void sgd(Coefficients now, SgdMomentum constants, float[] p, int po, float[] gradient, int go, float[] u, int uo,
            float[] nextP, int npo, float[] nextU, int nuo, int n) {
        float scale = now.scale;
        float rate = now.rate;
        float momentum = (float) constants.momentum();
        float decay = (float) constants.weightDecay();
        int whole = Lanes.whole(n);
        for (int i = 0; i < whole; i += L) {
            FloatVector old = FloatVector.fromArray(V, p, po + i);
            FloatVector uNew = FloatVector.fromArray(V, u, uo + i).mul(momentum)
                    .add(FloatVector.fromArray(V, gradient, go + i).mul(scale)).add(old.mul(decay));
            old.sub(uNew.mul(rate)).intoArray(nextP, npo + i);
            uNew.intoArray(nextU, nuo + i);
        }
        for (int i = whole; i < n; i++) {
            float old = p[po + i];
            float uNew = u[uo + i] * momentum + gradient[go + i] * scale + old * decay;
            nextP[npo + i] = old - uNew * rate;
            nextU[nuo + i] = uNew;
        }
    }
}
