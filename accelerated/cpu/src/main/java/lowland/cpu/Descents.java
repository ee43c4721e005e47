package lowland.cpu;

import lowland.program.operation.AdamW;
import lowland.program.operation.SgdMomentum;

/// The optimisers' updates of parameters `from` … `to` − 1. Outputs may lie over their inputs. Scalars are rounded to float once.
final class Descents {
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
        for (int i = 0; i < n; i++) {
            float g = scale * gradient[go + i];
            float mNew = beta1 * m[mo + i] + new1 * g;
            float vNew = beta2 * v[vo + i] + new2 * (g * g);
            float direction = mNew / correction1 / ((float) Math.sqrt(vNew / correction2) + epsilon);
            float old = p[po + i];
            nextP[npo + i] = old - rate * (decay * old + direction);
            nextM[nmo + i] = mNew;
            nextV[nvo + i] = vNew;
        }
    }

    static void sgd(Coefficients now, SgdMomentum constants, Reals p, Reals gradient, Reals u, Reals nextP, Reals nextU, int from, int to) {
        float scale = now.scale;
        float rate = now.rate;
        float momentum = (float) constants.momentum();
        float decay = (float) constants.weightDecay();
        for (int i = from; i < to; i++) {
            float old = p.array[p.at + i];
            float uNew = momentum * u.array[u.at + i] + scale * gradient.array[gradient.at + i] + decay * old;
            nextP.array[nextP.at + i] = old - rate * uNew;
            nextU.array[nextU.at + i] = uNew;
        }
    }
}
