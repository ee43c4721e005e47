package lowland.program;

import lowland.program.Approximate.Total;
import lowland.program.Approximate.Unit;
import lowland.program.operation.*;
import org.ejml.simple.SimpleEVD;
import org.ejml.simple.SimpleMatrix;

/// How far a device's result may lie from the exact one, derived for each operation from its formula and its inputs.
///
/// REAL results are computed in float (u = 2⁻²⁴), DOUBLE ones in double from the same inputs; the device has the inputs exactly,
/// but rounds DOUBLE scalars and constants to float where it uses them in float. Sums may run in any order: γ_k = ku/(1 − ku) with
/// k the number of terms plus two, times Σ|terms|. Everything else is a running error analysis, see [Approximate]: magnitudes are
/// taken from the inputs, so a cancellation (x − μ, dP − rowsum) or a large exponent shows in the bound. exp, tanh and 1/√ may be
/// off by 4 ulp, 1 + erf by 4u. There is no floor but what an underflow may lose: 2⁻¹²⁶ a product.
public final class ErrorBound {
    private final Memory m;
    private final Unit unit;
    private final Value output;
    private final double[] exact;
    private final double[] bound;

    private ErrorBound(Value output, Memory m) {
        this.m = m;
        this.output = output;
        this.unit = output.type() == ElementType.REAL ? Unit.FLOAT : Unit.DOUBLE;
        this.exact = m.reals(output);
        this.bound = new double[m.size(output)];
    }

    /// Bounds each element of |device's output − exact output|.
    ///
    /// @param m holds the operation's inputs and, interpreted in double, its outputs; it is only read
    public static double[] of(Operation operation, Value output, Memory m) {
        ErrorBound e = new ErrorBound(output, m);
        e.bound(operation);
        return e.bound;
    }

    private void bound(Operation operation) {
        switch (operation) {
            // Exact: nothing is computed, or something is chosen.
            case Constant _, Gather _, Guard _, Relu _, ReluBackward _ -> { }
            case Fill f -> fill(unit.rounded(m.scalar(f.scalar())).error());
            // A double matrix is rounded once.
            case ToReal _ -> roundings(1, 1);
            case Add _ -> roundings(1, 0);
            case Multiply _ -> roundings(1, 1);
            case Divide _ -> roundings(2, 1);
            // Made in double, rounded once.
            case Gaussian _ -> roundings(1, 1);
            case RowNorms r -> rowNorms(r);
            // Two roundings: the factor's and the product's.
            case Scale _ -> roundings(3, 2);
            // The kept factor 1/(1 − p): three roundings, and the product's.
            case Dropout _ -> roundings(4, 1);
            // A length that is exact, a quotient or a product with a reciprocal.
            case SegmentSpread _ -> roundings(3, 1);
            // Differences of exact operands are relatively exact: no conditioning.
            case SquaredError _ -> roundings(4, 1);
            case SquaredErrorBackward _ -> roundings(4, 2);
            case Scalar _ -> roundings(4, 1);
            case Tanh _ -> roundings(8, 1);
            case TanhBackward t -> tanhBackward(t);
            case Product p -> product(p);
            case ColumnSum c -> columnSum(c);
            case SmallProduct p -> dot(m.reals(p.a()), m.extent(p.a(), 1), 1, m.reals(p.b()), 1, m.extent(p.b(), 1), m.extent(p.a(), 1));
            case Gram g -> gram(g);
            case Inner i -> only(products(m.reals(i.a()), m.reals(i.b()), m.size(i.a())));
            case SquaredNorm s -> only(products(m.reals(s.x()), m.reals(s.x()), m.size(s.x())));
            case Sum s -> sum(s);
            case ScatterAdd s -> scatterAdd(s);
            case SegmentMean s -> segmentMean(s);
            case LayerNorm l -> layerNorm(l);
            case LayerNormBackward l -> layerNormBackward(l);
            case LayerNormParameters l -> layerNormParameters(l);
            case Gelu g -> gelu(g);
            case GeluBackward g -> geluBackward(g);
            case Attention a -> attention(a);
            case AttentionBackward a -> attentionBackward(a);
            case CrossEntropy c -> crossEntropy(c);
            case CrossEntropyBackward c -> crossEntropyBackward(c);
            case AdamW a -> adamW(a);
            case SgdMomentum s -> sgdMomentum(s);
            case PseudoInverse p -> pseudoInverse(p);
        }
    }

    private void fill(double error) {
        java.util.Arrays.fill(bound, error);
    }

    private void only(Total total) {
        bound[0] = total.sum().error();
    }

    /// |error| ≤ γ_k·|y|, plus what so many underflowing products may lose.
    private void roundings(int k, int products) {
        for (int i = 0; i < bound.length; i++) {
            bound[i] = unit.gamma(k) * Math.abs(exact[i]) + products * unit.tiny();
        }
    }

    private Total products(double[] a, double[] b, int count) {
        Total total = new Total(unit);
        for (int i = 0; i < count; i++) {
            total.product(a[i], b[i]);
        }
        return total;
    }

    private void sum(Sum s) {
        Total total = new Total(unit);
        double[] x = m.reals(s.x());
        for (int i = 0; i < m.size(s.x()); i++) {
            total.add(x[i]);
        }
        only(total);
    }

    /// γ_{K+2}·(|A|·|B|) with strides of A's rows and depth, B's depth and columns.
    private void dot(double[] a, int aRow, int aDepth, double[] b, int bColumn, int bDepth, int depth) {
        int columns = m.extent(output, 1);
        for (int i = 0; i < m.extent(output, 0); i++) {
            for (int j = 0; j < columns; j++) {
                double magnitude = 0;
                for (int k = 0; k < depth; k++) {
                    magnitude += Math.abs(a[i * aRow + k * aDepth] * b[j * bColumn + k * bDepth]);
                }
                bound[i * columns + j] = unit.gamma(depth + 2) * magnitude + (magnitude == 0 ? 0 : depth * unit.tiny());
            }
        }
    }

    /// γ_{K+2}·(|A|·|B| + |addend|).
    private void product(Product p) {
        int rows = m.extent(p.y(), 0);
        int columns = m.extent(p.y(), 1);
        int depth = m.extent(p.a(), p.transposeA() ? 0 : 1);
        dot(m.reals(p.a()), p.transposeA() ? 1 : depth, p.transposeA() ? rows : 1,
                m.reals(p.b()), p.transposeB() ? depth : 1, p.transposeB() ? 1 : columns, depth);
        if (p.addend() != null) {
            double[] addend = m.reals(p.addend());
            for (int i = 0; i < bound.length; i++) {
                bound[i] += unit.gamma(depth + 2) * Math.abs(addend[p.bias() ? i % columns : i]);
            }
        }
    }

    private void gram(Gram g) {
        int depth = m.extent(g.a(), g.axis());
        int rows = m.extent(g.y(), 0);
        int columns = m.extent(g.y(), 1);
        if (g.axis() == 0) {
            dot(m.reals(g.a()), 1, rows, m.reals(g.b()), 1, columns, depth);
        } else {
            dot(m.reals(g.a()), depth, 1, m.reals(g.b()), depth, 1, depth);
        }
    }

    private void columnSum(ColumnSum c) {
        double[] x = m.reals(c.x());
        for (int j = 0; j < bound.length; j++) {
            Total total = new Total(unit);
            for (int i = 0; i < m.extent(c.x(), 0); i++) {
                total.add(x[i * bound.length + j]);
            }
            if (c.addend() != null) {
                total.add(m.reals(c.addend())[j]);
            }
            bound[j] = total.sum().error();
        }
    }

    /// A sum for each row: its addend and what is scattered to it.
    private void scatterAdd(ScatterAdd s) {
        int columns = m.extent(s.x(), 1);
        double[] magnitudes = java.util.Arrays.copyOf(m.reals(s.addend()), bound.length);
        int[] counts = new int[bound.length / columns];
        int[] indices = m.ints(s.indices());
        double[] x = m.reals(s.x());
        for (int i = 0; i < bound.length; i++) {
            magnitudes[i] = Math.abs(magnitudes[i]);
        }
        for (int i = 0; i < m.extent(s.x(), 0); i++) {
            counts[indices[i]]++;
            for (int j = 0; j < columns; j++) {
                magnitudes[indices[i] * columns + j] += Math.abs(x[i * columns + j]);
            }
        }
        for (int i = 0; i < bound.length; i++) {
            int count = counts[i / columns];
            bound[i] = count == 0 ? 0 : unit.gamma(count + 2) * magnitudes[i];
        }
    }

    /// A sum and a quotient.
    /// δ = γ_{r+2}·(|w| + Σ|b·x|) of the square becomes δ/√(y² − δ), or the root itself where the square may vanish, and the root rounds.
    private void rowNorms(RowNorms n) {
        int rows = m.extent(n.b(), 0);
        int rank = m.extent(n.b(), 1);
        for (int i = 0; i < rows; i++) {
            double magnitude = Math.abs(m.reals(n.w())[i]);
            for (int k = 0; k < rank; k++) {
                magnitude += Math.abs(m.reals(n.b())[i * rank + k] * m.reals(n.x())[k * rows + i]);
            }
            double delta = unit.gamma(rank + 2) * magnitude + rank * unit.tiny();
            double square = exact[i] * exact[i];
            double carried = square > delta ? delta / Math.sqrt(square - delta) : Math.sqrt(square + delta);
            bound[i] = carried + unit.gamma(2) * (exact[i] + carried);
        }
    }

    private void segmentMean(SegmentMean s) {
        int columns = m.extent(s.x(), 1);
        double[] x = m.reals(s.x());
        int[] starts = m.ints(s.starts());
        for (int n = 0; n < m.extent(s.y(), 0); n++) {
            for (int j = 0; j < columns; j++) {
                Total total = new Total(unit);
                for (int i = starts[n]; i < starts[n + 1]; i++) {
                    total.add(x[i * columns + j]);
                }
                bound[n * columns + j] = total.sum().over(unit.exact(starts[n + 1] - starts[n])).error();
            }
        }
    }

    /// g·(1 − y²): 1 − y² cancels near saturation.
    private void tanhBackward(TanhBackward t) {
        double[] y = m.reals(t.y());
        double[] g = m.reals(t.g());
        for (int i = 0; i < bound.length; i++) {
            Approximate one = unit.exact(y[i]);
            bound[i] = unit.exact(1).minus(one.times(one)).times(unit.exact(g[i])).error();
        }
    }

    /// x̂ of a row, and behind it 1/√(σ² + ε): μ by a sum, x − μ with μ's error, σ² by a sum of squares.
    private Approximate[] normalised(double[] x, int row, int columns, double epsilon) {
        Total sum = new Total(unit);
        for (int j = 0; j < columns; j++) {
            sum.add(x[row * columns + j]);
        }
        Approximate count = unit.exact(columns);
        Approximate mean = sum.sum().over(count);
        Approximate[] normal = new Approximate[columns + 1];
        Total squares = new Total(unit);
        for (int j = 0; j < columns; j++) {
            normal[j] = unit.exact(x[row * columns + j]).minus(mean);
            squares.add(normal[j].times(normal[j]));
        }
        Approximate variance = squares.sum().over(count).plus(unit.rounded(epsilon));
        normal[columns] = variance.reciprocalRoot(epsilon * (1 - 4 * unit.u()));
        for (int j = 0; j < columns; j++) {
            normal[j] = normal[j].times(normal[columns]);
        }
        return normal;
    }

    /// γ·x̂ + β.
    private void layerNorm(LayerNorm l) {
        int columns = m.extent(l.x(), 1);
        double[] gamma = m.reals(l.gamma());
        double[] beta = m.reals(l.beta());
        for (int i = 0; i < m.extent(l.x(), 0); i++) {
            Approximate[] normal = normalised(m.reals(l.x()), i, columns, l.epsilon());
            for (int j = 0; j < columns; j++) {
                bound[i * columns + j] = normal[j].times(unit.exact(gamma[j])).plus(unit.exact(beta[j])).error();
            }
        }
    }

    /// (h − mean(h) − x̂·mean(h ⊙ x̂))/√(σ² + ε): both differences cancel, their operands' errors remain.
    private void layerNormBackward(LayerNormBackward l) {
        int columns = m.extent(l.x(), 1);
        double[] gamma = m.reals(l.gamma());
        double[] g = m.reals(l.g());
        Approximate count = unit.exact(columns);
        for (int i = 0; i < m.extent(l.x(), 0); i++) {
            Approximate[] normal = normalised(m.reals(l.x()), i, columns, l.epsilon());
            Approximate[] h = new Approximate[columns];
            Total sum = new Total(unit);
            Total normalSum = new Total(unit);
            for (int j = 0; j < columns; j++) {
                h[j] = unit.exact(gamma[j]).times(unit.exact(g[i * columns + j]));
                sum.add(h[j]);
                normalSum.add(h[j].times(normal[j]));
            }
            Approximate mean = sum.sum().over(count);
            Approximate meanNormal = normalSum.sum().over(count);
            for (int j = 0; j < columns; j++) {
                Approximate away = normal[j].times(meanNormal);
                // The two subtrahends may be added first.
                double order = unit.u() * (mean.magnitude() + away.magnitude());
                bound[i * columns + j] = h[j].minus(mean).minus(away).blurred(order).times(normal[columns]).error();
            }
        }
    }

    /// Column sums of G ⊙ x̂, or of G.
    private void layerNormParameters(LayerNormParameters l) {
        int columns = m.extent(l.x(), 1);
        double[] g = m.reals(l.g());
        Total[] totals = new Total[columns];
        for (int i = 0; i < m.extent(l.x(), 0); i++) {
            Approximate[] normal = normalised(m.reals(l.x()), i, columns, l.epsilon());
            for (int j = 0; j < columns; j++) {
                totals[j] = totals[j] == null ? new Total(unit) : totals[j];
                Approximate gradient = unit.exact(g[i * columns + j]);
                totals[j].add(output.equals(l.dBeta()) ? gradient : gradient.times(normal[j]));
            }
        }
        for (int j = 0; j < columns; j++) {
            bound[j] = totals[j] == null ? 0 : totals[j].sum().error();
        }
    }

    /// Φ(x): 1 + erf off by 4u of 1, and by the argument's error times the largest slope near it; or the form with tanh.
    private Approximate gate(double x, Gelu.Form form) {
        Approximate half = unit.exact(0.5);
        return switch (form) {
            case ERF -> {
                Approximate z = unit.exact(x).times(1 / Math.sqrt(2));
                double nearest = Math.max(0, Math.abs(z.value()) - z.error());
                double slope = 2 / Math.sqrt(Math.PI) * Math.exp(-nearest * nearest);
                yield unit.exact(2 * Gelu.gate(x, form)).blurred(4 * unit.u() + slope * z.error()).times(half);
            }
            case TANH -> unit.exact(1).plus(inner(x).tanh()).times(half);
        };
    }

    /// √(2/π)·(x + 0.044715·x³): both terms have one sign.
    private Approximate inner(double x) {
        Approximate exact = unit.exact(x);
        return exact.times(exact).times(exact).times(0.044715).plus(exact).times(Math.sqrt(2 / Math.PI));
    }

    private void gelu(Gelu g) {
        double[] x = m.reals(g.x());
        for (int i = 0; i < bound.length; i++) {
            bound[i] = gate(x[i], g.form()).times(unit.exact(x[i])).blurred(unit.u() * Math.abs(exact[i])).error();
        }
    }

    /// G·(Φ(x) + x·φ(x)): the sum cancels for negative x, its terms' errors remain.
    private void geluBackward(GeluBackward b) {
        double[] x = m.reals(b.x());
        double[] g = m.reals(b.g());
        for (int i = 0; i < bound.length; i++) {
            Approximate at = unit.exact(x[i]);
            Approximate slope = switch (b.form()) {
                case ERF -> at.times(at).times(unit.exact(-0.5)).exp().times(1 / Math.sqrt(2 * Math.PI));
                case TANH -> {
                    Approximate tanh = inner(x[i]).tanh();
                    Approximate rest = at.times(at).times(3 * 0.044715).plus(unit.exact(1)).times(Math.sqrt(2 / Math.PI));
                    yield unit.exact(1).minus(tanh.times(tanh)).times(unit.exact(0.5)).times(rest);
                }
            };
            bound[i] = gate(x[i], b.form()).plus(slope.times(at)).times(unit.exact(g[i])).error();
        }
    }

    /// softmax of scores that have errors. A score's error, the rounding of score − maximum (twice: the maximum may be found on the
    /// way) and the exponential's 8u are the relative error d_j of each exponential; their sum has at most log Σ p·e^d, and γ of its
    /// terms. The maximum itself cancels, whichever is taken.
    private Approximate[] softmax(Approximate[] scores) {
        double largest = Double.NEGATIVE_INFINITY;
        double smallest = Double.POSITIVE_INFINITY;
        double error = 0;
        for (Approximate score : scores) {
            largest = Math.max(largest, score.value());
            smallest = Math.min(smallest, score.value());
            error = Math.max(error, score.error());
        }
        double[] p = new double[scores.length];
        double total = 0;
        for (int j = 0; j < p.length; j++) {
            p[j] = Math.exp(scores[j].value() - largest);
            total += p[j];
        }
        double common = 2 * unit.u() * (largest - smallest + 2 * error) + unit.gamma(scores.length + 12);
        double spread = 0;
        for (int j = 0; j < p.length; j++) {
            p[j] /= total;
            spread += p[j] * Math.exp(scores[j].error() + common);
        }
        Approximate[] softmax = new Approximate[p.length];
        for (int j = 0; j < p.length; j++) {
            double relative = Math.expm1(scores[j].error() + common + Math.log(spread));
            softmax[j] = unit.exact(p[j]).blurred(p[j] * relative + 2 * unit.tiny());
        }
        return softmax;
    }

    /// The probabilities of one query row, before dropout: scores are dot products of D terms, divided by √D.
    private Approximate[] probabilities(Attention a, int n, int h, int i) {
        int width = m.extent(a.q(), 1) / a.heads();
        int keyChannels = a.keyHeads() * width;
        double[] q = m.reals(a.q());
        double[] k = m.reals(a.k());
        int query = i * a.heads() * width + h * width;
        int key = m.ints(a.keyStarts())[n] * keyChannels + h * a.keyHeads() / a.heads() * width;
        Approximate[] scores = new Approximate[a.seen(m, n, i)];
        for (int j = 0; j < scores.length; j++) {
            Total total = new Total(unit);
            for (int d = 0; d < width; d++) {
                total.product(q[query + d], k[key + j * keyChannels + d]);
            }
            scores[j] = total.sum().times(1 / Math.sqrt(width));
            if (a.bias() != null) {
                scores[j] = scores[j].plus(unit.exact(a.biased(m, n, h, i, j)));
            }
        }
        return softmax(scores);
    }

    /// Σ_j P_j·M_j·v_j with the errors of P.
    private void attention(Attention a) {
        int width = m.extent(a.q(), 1) / a.heads();
        int keyChannels = a.keyHeads() * width;
        double[] v = m.reals(a.v());
        a.eachQuery(m, a.queryStarts(), (n, h, i) -> {
            Approximate[] p = probabilities(a, n, h, i);
            int key = m.ints(a.keyStarts())[n] * keyChannels + h * a.keyHeads() / a.heads() * width;
            for (int j = 0; j < p.length; j++) {
                p[j] = p[j].times(a.dropped(m, n, h, i, j));
            }
            for (int d = 0; d < width; d++) {
                bound[i * a.heads() * width + h * width + d] = weighted(p, v, key + d, keyChannels).error();
            }
        });
    }

    private Approximate weighted(Approximate[] p, double[] v, int from, int stride) {
        Total total = new Total(unit);
        for (int j = 0; j < p.length; j++) {
            total.add(p[j].times(unit.exact(v[from + j * stride])));
        }
        return total.sum();
    }

    /// dS = P ⊙ (dP − rowsum(P ⊙ dP)), with the errors of P and of the difference, and over √D; the row sum may be taken as ⟨G, y⟩. dq, dk,
    /// dv and dBias are sums over keys, over the queries of all heads that share a key head, or over all pairs at a distance.
    private void attentionBackward(AttentionBackward b) {
        Attention a = b.forward();
        int width = m.extent(a.q(), 1) / a.heads();
        int keyChannels = a.keyHeads() * width;
        double[] q = m.reals(a.q());
        double[] k = m.reals(a.k());
        double[] v = m.reals(a.v());
        double[] g = m.reals(b.g());
        Total[] totals = new Total[bound.length];
        for (int i = 0; i < totals.length; i++) {
            totals[i] = new Total(unit);
        }
        double scale = 1 / Math.sqrt(width);
        a.eachQuery(m, a.queryStarts(), (n, h, i) -> {
            Approximate[] p = probabilities(a, n, h, i);
            int query = i * a.heads() * width + h * width;
            int key = m.ints(a.keyStarts())[n] * keyChannels + h * a.keyHeads() / a.heads() * width;
            Approximate[] dropped = new Approximate[p.length];
            Approximate[] dp = new Approximate[p.length];
            Total rowSum = new Total(unit);
            for (int j = 0; j < p.length; j++) {
                double factor = a.dropped(m, n, h, i, j);
                dropped[j] = p[j].times(factor);
                Total total = new Total(unit);
                for (int d = 0; d < width; d++) {
                    total.product(g[query + d], v[key + j * keyChannels + d]);
                }
                dp[j] = total.sum().times(factor);
                rowSum.add(p[j].times(dp[j]));
            }
            Total inner = new Total(unit);
            for (int d = 0; d < width; d++) {
                inner.add(weighted(dropped, v, key + d, keyChannels).times(unit.exact(g[query + d])));
            }
            Approximate mean = rowSum.sum();
            mean = mean.blurred(Math.max(0, inner.sum().error() - mean.error()));
            for (int j = 0; j < p.length; j++) {
                Approximate dScore = dp[j].minus(mean).times(p[j]);
                if (output.equals(b.dBias())) {
                    totals[a.biasIndex(m, n, h, i, j)].add(dScore);
                    continue;
                }
                Approximate ds = dScore.times(scale);
                for (int d = 0; d < width; d++) {
                    int at = key + j * keyChannels + d;
                    if (output.equals(b.dq())) {
                        totals[query + d].add(ds.times(unit.exact(k[at])));
                    } else if (output.equals(b.dk())) {
                        totals[at].add(ds.times(unit.exact(q[query + d])));
                    } else {
                        totals[at].add(dropped[j].times(unit.exact(g[query + d])));
                    }
                }
            }
        });
        for (int i = 0; i < bound.length; i++) {
            bound[i] = totals[i].sum().error();
        }
    }

    /// log Σ exp(x): the sum's relative error becomes absolute, and the maximum is added back.
    private Approximate logSumExp(double[] x, int from, int count) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int k = 0; k < count; k++) {
            largest = Math.max(largest, x[from + k]);
        }
        Total total = new Total(unit);
        for (int k = 0; k < count; k++) {
            total.add(unit.exact(x[from + k]).minus(unit.exact(largest)).exp());
        }
        Approximate sum = total.sum();
        double log = Math.log(sum.value());
        // The sum is at least 1 on the machine too, as one of its terms is e^0.
        double relative = -Math.log1p(-Math.min(0.5, sum.error() / sum.value()));
        return unit.exact(log).blurred(relative + 8 * unit.u() * Math.abs(log)).plus(unit.exact(largest))
                .blurred(unit.u() * Math.abs(largest));
    }

    /// (1 − α)·(L − x_label) + α·mean(L − x) with L = log Σ exp(x), whose error is absolute: it does not shrink with the loss.
    private void crossEntropy(CrossEntropy c) {
        int classes = m.extent(c.logits(), 1);
        double[] x = m.reals(c.logits());
        int[] labels = m.ints(c.labels());
        for (int i = 0; i < bound.length; i++) {
            Approximate normaliser = logSumExp(x, i * classes, classes);
            Total total = new Total(unit);
            for (int k = 0; k < classes; k++) {
                total.add(normaliser.minus(unit.exact(x[i * classes + k])));
            }
            // mean(L − x) may be taken as L − mean(x).
            Approximate mean = total.sum().over(unit.exact(classes)).blurred(2 * unit.gamma(classes + 2) * normaliser.magnitude());
            Approximate loss = normaliser.minus(unit.exact(x[i * classes + labels[i]]));
            bound[i] = (c.smoothing() == 0 ? loss : loss.times(1 - c.smoothing()).plus(mean.times(c.smoothing()))).error();
        }
    }

    /// G·(softmax − target): cancels where the label is certain, softmax's error remains. softmax may be taken as e^(x − L).
    private void crossEntropyBackward(CrossEntropyBackward c) {
        int classes = m.extent(c.logits(), 1);
        double[] x = m.reals(c.logits());
        double[] g = m.reals(c.g());
        int[] labels = m.ints(c.labels());
        for (int i = 0; i < bound.length / classes; i++) {
            Approximate[] scores = new Approximate[classes];
            for (int k = 0; k < classes; k++) {
                scores[k] = unit.exact(x[i * classes + k]);
            }
            Approximate[] p = softmax(scores);
            Approximate normaliser = logSumExp(x, i * classes, classes);
            for (int k = 0; k < classes; k++) {
                double other = scores[k].minus(normaliser).exp().error();
                double target = c.smoothing() / classes + (k == labels[i] ? 1 - c.smoothing() : 0);
                bound[i * classes + k] = p[k].blurred(Math.max(0, other - p[k].error()))
                        .minus(c.smoothing() == 0 ? unit.exact(target) : unit.rounded(target).blurred(2 * unit.u() * target))
                        .times(unit.exact(g[i])).error();
            }
        }
    }

    /// The formulas in turn. The step may be taken as p·(1 − ηλ) − (η/correction1)·m'/(…): three more roundings of p and of the step.
    private void adamW(AdamW a) {
        AdamW.Constants c = a.constants();
        Approximate scale = unit.rounded(m.scalar(a.scale()));
        Approximate rate = unit.rounded(m.scalar(a.learningRate()));
        Approximate correction1 = unit.rounded(m.scalar(a.correction1()));
        Approximate correction2 = unit.rounded(m.scalar(a.correction2()));
        for (int i = 0; i < bound.length; i++) {
            Approximate g = unit.exact(m.reals(a.gradient())[i]).times(scale);
            Approximate nextM = unit.exact(m.reals(a.m())[i]).times(c.beta1()).plus(g.times(1 - c.beta1()));
            Approximate nextV = unit.exact(m.reals(a.v())[i]).times(c.beta2()).plus(g.times(g).times(1 - c.beta2()));
            Approximate p = unit.exact(m.reals(a.p())[i]);
            Approximate root = nextV.over(correction2).squareRoot().plus(unit.rounded(c.epsilon()));
            Approximate step = nextM.over(correction1).over(root);
            Approximate nextP = p.minus(p.times(c.weightDecay()).plus(step).times(rate));
            double regrouped = unit.gamma(3) * (p.magnitude() + step.times(rate).magnitude());
            bound[i] = output.equals(a.nextM()) ? nextM.error() : output.equals(a.nextV()) ? nextV.error() : nextP.error() + regrouped;
        }
    }

    private void sgdMomentum(SgdMomentum s) {
        Approximate scale = unit.rounded(m.scalar(s.scale()));
        Approximate rate = unit.rounded(m.scalar(s.learningRate()));
        for (int i = 0; i < bound.length; i++) {
            Approximate p = unit.exact(m.reals(s.p())[i]);
            Total total = new Total(unit);
            total.add(unit.exact(m.reals(s.u())[i]).times(s.momentum()));
            total.add(unit.exact(m.reals(s.gradient())[i]).times(scale));
            total.add(p.times(s.weightDecay()));
            Approximate nextU = total.sum();
            bound[i] = output.equals(s.nextU()) ? nextU.error() : p.minus(nextU.times(rate)).error();
        }
    }

    /// A backward stable method inverts X + E, ‖E‖ ≤ δ = 8r²·2⁻⁵³·‖X‖, with error 4‖E‖·‖X⁺‖² (Wedin, BIT 13, 1973) on the eigenvalues
    /// that are kept. An eigenvalue within δ of the cut may be kept or not: then the error may be its reciprocal. The root has divided
    /// differences of at most λ^(−3/2)/2 between eigenvalues that are kept, λ^(−3/2) to those that are not: 4‖E‖·‖X⁺‖^(3/2).
    private void pseudoInverse(PseudoInverse p) {
        int r = m.extent(p.x(), 0);
        double[] x = m.reals(p.x());
        double largest = 0;
        double[] eigenvalues = new double[r];
        for (double element : x) {
            if (!Double.isFinite(element)) {
                fill(Double.NaN);
                return;
            }
        }
        SimpleEVD<SimpleMatrix> evd = new SimpleMatrix(r, r, true, x).eig();
        for (int k = 0; k < r; k++) {
            eigenvalues[k] = evd.getEigenvalue(k).getReal();
            largest = Math.max(largest, Math.abs(eigenvalues[k]));
        }
        double delta = 8.0 * r * r * 0x1p-53 * largest;
        double cut = PseudoInverse.CUT * largest;
        double inverse = 0;
        double doubtful = 0;
        for (double eigenvalue : eigenvalues) {
            if (Math.abs(eigenvalue - cut) <= delta) {
                doubtful = 1 / Math.max(cut - delta, Double.MIN_NORMAL);
            } else if (eigenvalue > cut) {
                inverse = Math.max(inverse, 1 / eigenvalue);
            }
        }
        if (output.equals(p.root())) {
            fill(largest == 0 ? 0 : 4 * delta * inverse * Math.sqrt(inverse) + 2 * Math.sqrt(doubtful));
        } else {
            fill(largest == 0 ? 0 : 4 * delta * inverse * inverse + 2 * doubtful);
        }
    }
}
