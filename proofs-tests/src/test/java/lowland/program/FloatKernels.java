package lowland.program;

import lowland.program.operation.*;

/// Plain float executions of the operations whose rounding is not a matter of one line, for testing the bounds. What is left to the
/// interpreter is rounded once.
final class FloatKernels {
    private FloatKernels() {}

    static void execute(Operation operation, Memory m) {
        switch (operation) {
            case Product p -> product(p, m);
            case ColumnSum c -> columnSum(c, m);
            case ScatterAdd s -> scatterAdd(s, m);
            case SegmentMean s -> segmentMean(s, m);
            case LayerNorm l -> layerNorm(l, m);
            case LayerNormBackward l -> layerNormBackward(l, m);
            case LayerNormParameters l -> layerNormParameters(l, m);
            case Gelu g -> gelu(g, m);
            case GeluBackward g -> geluBackward(g, m);
            case TanhBackward t -> {
                for (int i = 0; i < m.reals(t.dx()).length; i++) {
                    float y = f(m, t.y(), i);
                    m.reals(t.dx())[i] = f(m, t.g(), i) * (1 - y * y);
                }
            }
            case Attention a -> attention(a, m);
            case AttentionBackward a -> attentionBackward(a, m);
            case CrossEntropy c -> crossEntropy(c, m);
            case CrossEntropyBackward c -> crossEntropyBackward(c, m);
            case AdamW a -> adamW(a, m);
            case SgdMomentum s -> sgdMomentum(s, m);
            case Scale s when s.y().type() == ElementType.REAL -> {
                for (int i = 0; i < m.reals(s.y()).length; i++) {
                    m.reals(s.y())[i] = (float) m.scalar(s.factor()) * f(m, s.x(), i);
                }
            }
            case Divide _, Gaussian _, RowNorms _, Dropout _, Constant _, Fill _, ToReal _, Gather _, Guard _, Add _, Multiply _,
                 Scale _, SegmentSpread _, SquaredError _,
                 SquaredErrorBackward _, Relu _, ReluBackward _, Scalar _, Tanh _, SmallProduct _, Gram _, Inner _, SquaredNorm _, Sum _, PseudoInverse _ ->
                operation.interpret(m);
        }
        for (Value output : operation.outputs()) {
            double[] y = m.reals(output);
            for (int i = 0; output.type() == ElementType.REAL && i < y.length; i++) {
                y[i] = (float) y[i];
            }
        }
    }

    private static float f(Memory m, Value value, int i) {
        return (float) m.reals(value)[i];
    }

    private static float root(float x) {
        return (float) Math.sqrt(x);
    }

    private static float exp(float x) {
        return (float) Math.exp(x);
    }

    private static void product(Product p, Memory m) {
        int rows = m.extent(p.y(), 0);
        int columns = m.extent(p.y(), 1);
        int depth = m.extent(p.a(), p.transposeA() ? 0 : 1);
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < columns; j++) {
                float sum = p.addend() == null ? 0 : f(m, p.addend(), p.bias() ? j : i * columns + j);
                for (int k = 0; k < depth; k++) {
                    sum += f(m, p.a(), p.transposeA() ? k * rows + i : i * depth + k)
                            * f(m, p.b(), p.transposeB() ? j * depth + k : k * columns + j);
                }
                m.reals(p.y())[i * columns + j] = sum;
            }
        }
    }

    private static void columnSum(ColumnSum c, Memory m) {
        int columns = m.extent(c.y(), 0);
        for (int j = 0; j < columns; j++) {
            float sum = c.addend() == null ? 0 : f(m, c.addend(), j);
            for (int i = 0; i < m.extent(c.x(), 0); i++) {
                sum += f(m, c.x(), i * columns + j);
            }
            m.reals(c.y())[j] = sum;
        }
    }

    private static void scatterAdd(ScatterAdd s, Memory m) {
        int columns = m.extent(s.x(), 1);
        double[] y = m.reals(s.y());
        System.arraycopy(m.reals(s.addend()), 0, y, 0, y.length);
        for (int i = m.extent(s.x(), 0) - 1; i >= 0; i--) {
            for (int j = 0; j < columns; j++) {
                int at = m.ints(s.indices())[i] * columns + j;
                y[at] = (float) y[at] + f(m, s.x(), i * columns + j);
            }
        }
    }

    private static void segmentMean(SegmentMean s, Memory m) {
        int columns = m.extent(s.x(), 1);
        int[] starts = m.ints(s.starts());
        for (int n = 0; n + 1 < m.extent(s.starts(), 0); n++) {
            for (int j = 0; j < columns; j++) {
                float sum = 0;
                for (int i = starts[n]; i < starts[n + 1]; i++) {
                    sum += f(m, s.x(), i * columns + j);
                }
                m.reals(s.y())[n * columns + j] = sum * (1f / (starts[n + 1] - starts[n]));
            }
        }
    }

    private static float[] normalised(Memory m, Value x, int row, int columns, double epsilon) {
        float mean = 0;
        for (int j = 0; j < columns; j++) {
            mean += f(m, x, row * columns + j);
        }
        mean *= 1f / columns;
        float variance = 0;
        for (int j = 0; j < columns; j++) {
            float deviation = f(m, x, row * columns + j) - mean;
            variance += deviation * deviation;
        }
        float[] normal = new float[columns + 1];
        normal[columns] = 1 / root(variance / columns + (float) epsilon);
        for (int j = 0; j < columns; j++) {
            normal[j] = (f(m, x, row * columns + j) - mean) * normal[columns];
        }
        return normal;
    }

    private static void layerNorm(LayerNorm l, Memory m) {
        int columns = m.extent(l.x(), 1);
        for (int i = 0; i < m.extent(l.x(), 0); i++) {
            float[] normal = normalised(m, l.x(), i, columns, l.epsilon());
            for (int j = 0; j < columns; j++) {
                m.reals(l.y())[i * columns + j] = f(m, l.gamma(), j) * normal[j] + f(m, l.beta(), j);
            }
        }
    }

    private static void layerNormBackward(LayerNormBackward l, Memory m) {
        int columns = m.extent(l.x(), 1);
        for (int i = 0; i < m.extent(l.x(), 0); i++) {
            float[] normal = normalised(m, l.x(), i, columns, l.epsilon());
            float mean = 0;
            float meanNormal = 0;
            for (int j = 0; j < columns; j++) {
                float h = f(m, l.gamma(), j) * f(m, l.g(), i * columns + j);
                mean += h;
                meanNormal += h * normal[j];
            }
            mean /= columns;
            meanNormal /= columns;
            for (int j = 0; j < columns; j++) {
                float h = f(m, l.gamma(), j) * f(m, l.g(), i * columns + j);
                m.reals(l.dx())[i * columns + j] = (h - (mean + normal[j] * meanNormal)) * normal[columns];
            }
        }
    }

    private static void layerNormParameters(LayerNormParameters l, Memory m) {
        int columns = m.extent(l.x(), 1);
        float[] dGamma = new float[columns];
        float[] dBeta = new float[columns];
        for (int i = 0; i < m.extent(l.x(), 0); i++) {
            float[] normal = normalised(m, l.x(), i, columns, l.epsilon());
            for (int j = 0; j < columns; j++) {
                dGamma[j] += f(m, l.g(), i * columns + j) * normal[j];
                dBeta[j] += f(m, l.g(), i * columns + j);
            }
        }
        for (int j = 0; j < columns; j++) {
            m.reals(l.dGamma())[j] = dGamma[j];
            m.reals(l.dBeta())[j] = dBeta[j];
        }
    }

    private static float inner(float x) {
        return (float) Math.sqrt(2 / Math.PI) * (x + 0.044715f * x * x * x);
    }

    /// 1 + erf or 1 + tanh with the function itself rounded to float.
    private static float gate(float x, Gelu.Form form) {
        return switch (form) {
            case ERF -> 0.5f * (1 + (float) (2 * Gelu.gate(x * (float) Math.sqrt(0.5) * Math.sqrt(2), form) - 1));
            case TANH -> 0.5f * (1 + (float) Math.tanh(inner(x)));
        };
    }

    private static void gelu(Gelu g, Memory m) {
        for (int i = 0; i < m.reals(g.y()).length; i++) {
            float x = f(m, g.x(), i);
            m.reals(g.y())[i] = x * gate(x, g.form());
        }
    }

    private static void geluBackward(GeluBackward g, Memory m) {
        for (int i = 0; i < m.reals(g.dx()).length; i++) {
            float x = f(m, g.x(), i);
            float slope = switch (g.form()) {
                case ERF -> (float) (1 / Math.sqrt(2 * Math.PI)) * exp(-0.5f * x * x);
                case TANH -> {
                    float tanh = (float) Math.tanh(inner(x));
                    yield 0.5f * (1 - tanh * tanh) * (float) Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715f * x * x);
                }
            };
            m.reals(g.dx())[i] = f(m, g.g(), i) * (gate(x, g.form()) + x * slope);
        }
    }

    private static float[] softmax(float[] scores) {
        float largest = Float.NEGATIVE_INFINITY;
        for (float score : scores) {
            largest = Math.max(largest, score);
        }
        float sum = 0;
        for (int j = 0; j < scores.length; j++) {
            scores[j] = exp(scores[j] - largest);
            sum += scores[j];
        }
        for (int j = 0; j < scores.length; j++) {
            scores[j] *= 1 / sum;
        }
        return scores;
    }

    private static float[] probabilities(Attention a, Memory m, int n, int h, int i) {
        int width = m.extent(a.q(), 1) / a.heads();
        float[] scores = new float[a.seen(m, n, i)];
        for (int j = 0; j < scores.length; j++) {
            float sum = 0;
            for (int d = 0; d < width; d++) {
                sum += f(m, a.q(), (i * a.heads() + h) * width + d) * (1 / root(width)) * f(m, a.k(), key(a, m, n, h, j, width) + d);
            }
            scores[j] = sum + (float) a.biased(m, n, h, i, j);
        }
        return softmax(scores);
    }

    private static int key(Attention a, Memory m, int n, int h, int j, int width) {
        return ((m.ints(a.keyStarts())[n] + j) * a.keyHeads() + h * a.keyHeads() / a.heads()) * width;
    }

    private static void attention(Attention a, Memory m) {
        int width = m.extent(a.q(), 1) / a.heads();
        a.eachQuery(m, a.queryStarts(), (n, h, i) -> {
            float[] p = probabilities(a, m, n, h, i);
            for (int d = 0; d < width; d++) {
                float sum = 0;
                for (int j = 0; j < p.length; j++) {
                    sum += p[j] * (float) a.dropped(m, n, h, i, j) * f(m, a.v(), key(a, m, n, h, j, width) + d);
                }
                m.reals(a.y())[(i * a.heads() + h) * width + d] = sum;
            }
        });
    }

    private static void attentionBackward(AttentionBackward b, Memory m) {
        Attention a = b.forward();
        int width = m.extent(a.q(), 1) / a.heads();
        float[] dq = new float[m.size(b.dq())];
        float[] dk = new float[m.size(b.dk())];
        float[] dv = new float[m.size(b.dv())];
        float[] dBias = new float[b.dBias() == null ? 0 : m.size(b.dBias())];
        a.eachQuery(m, a.queryStarts(), (n, h, i) -> {
            float[] p = probabilities(a, m, n, h, i);
            float[] dp = new float[p.length];
            int query = (i * a.heads() + h) * width;
            float mean = 0;
            for (int j = 0; j < p.length; j++) {
                int key = key(a, m, n, h, j, width);
                float factor = (float) a.dropped(m, n, h, i, j);
                for (int d = 0; d < width; d++) {
                    dp[j] += f(m, b.g(), query + d) * f(m, a.v(), key + d);
                    dv[key + d] += factor * p[j] * f(m, b.g(), query + d);
                }
                dp[j] *= factor;
                mean += p[j] * dp[j];
            }
            for (int j = 0; j < p.length; j++) {
                int key = key(a, m, n, h, j, width);
                if (b.dBias() != null) {
                    dBias[a.biasIndex(m, n, h, i, j)] += p[j] * (dp[j] - mean);
                }
                float ds = p[j] * (dp[j] - mean) / root(width);
                for (int d = 0; d < width; d++) {
                    dq[query + d] += ds * f(m, a.k(), key + d);
                    dk[key + d] += ds * f(m, a.q(), query + d);
                }
            }
        });
        set(m.reals(b.dq()), dq);
        set(m.reals(b.dk()), dk);
        set(m.reals(b.dv()), dv);
        if (b.dBias() != null) {
            set(m.reals(b.dBias()), dBias);
        }
    }

    private static void set(double[] to, float[] from) {
        for (int i = 0; i < to.length; i++) {
            to[i] = from[i];
        }
    }

    private static float logSumExp(Memory m, Value x, int from, int count) {
        float largest = Float.NEGATIVE_INFINITY;
        for (int k = 0; k < count; k++) {
            largest = Math.max(largest, f(m, x, from + k));
        }
        float sum = 0;
        for (int k = 0; k < count; k++) {
            sum += exp(f(m, x, from + k) - largest);
        }
        return largest + (float) Math.log(sum);
    }

    private static void crossEntropy(CrossEntropy c, Memory m) {
        int classes = m.extent(c.logits(), 1);
        for (int i = 0; i < m.extent(c.logits(), 0); i++) {
            float normaliser = logSumExp(m, c.logits(), i * classes, classes);
            float mean = 0;
            for (int k = 0; k < classes; k++) {
                mean += normaliser - f(m, c.logits(), i * classes + k);
            }
            float loss = normaliser - f(m, c.logits(), i * classes + m.ints(c.labels())[i]);
            m.reals(c.losses())[i] = (float) (1 - c.smoothing()) * loss + (float) c.smoothing() * (mean / classes);
        }
    }

    private static void crossEntropyBackward(CrossEntropyBackward c, Memory m) {
        int classes = m.extent(c.logits(), 1);
        for (int i = 0; i < m.extent(c.logits(), 0); i++) {
            float normaliser = logSumExp(m, c.logits(), i * classes, classes);
            for (int k = 0; k < classes; k++) {
                float target = (float) c.smoothing() / classes + (k == m.ints(c.labels())[i] ? (float) (1 - c.smoothing()) : 0);
                m.reals(c.dLogits())[i * classes + k] = f(m, c.g(), i) * (exp(f(m, c.logits(), i * classes + k) - normaliser) - target);
            }
        }
    }

    private static void adamW(AdamW a, Memory m) {
        float beta1 = (float) a.constants().beta1();
        float beta2 = (float) a.constants().beta2();
        float rate = (float) m.scalar(a.learningRate());
        for (int i = 0; i < m.reals(a.nextP()).length; i++) {
            float g = (float) m.scalar(a.scale()) * f(m, a.gradient(), i);
            float nextM = beta1 * f(m, a.m(), i) + (float) (1 - a.constants().beta1()) * g;
            float nextV = beta2 * f(m, a.v(), i) + (float) (1 - a.constants().beta2()) * g * g;
            float direction = nextM / (float) m.scalar(a.correction1())
                    / (root(nextV / (float) m.scalar(a.correction2())) + (float) a.constants().epsilon());
            m.reals(a.nextP())[i] = f(m, a.p(), i) - rate * ((float) a.constants().weightDecay() * f(m, a.p(), i) + direction);
            m.reals(a.nextM())[i] = nextM;
            m.reals(a.nextV())[i] = nextV;
        }
    }

    private static void sgdMomentum(SgdMomentum s, Memory m) {
        float rate = (float) m.scalar(s.learningRate());
        for (int i = 0; i < m.reals(s.nextP()).length; i++) {
            float nextU = (float) s.momentum() * f(m, s.u(), i) + (float) m.scalar(s.scale()) * f(m, s.gradient(), i)
                    + (float) s.weightDecay() * f(m, s.p(), i);
            m.reals(s.nextP())[i] = f(m, s.p(), i) - rate * nextU;
            m.reals(s.nextU())[i] = nextU;
        }
    }
}
