package lowland.cpu;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import lowland.program.ElementType;
import lowland.program.Ints;
import lowland.program.Size;
import lowland.program.Value;
import lowland.program.operation.*;
import lowland.random.CounterRandom;

/// Binds operations to kernels and storage. Every operation is here: one that is not does not compile.
final class Binding {
    /// Elements that one piece of elementwise work has.
    private static final int GRAIN = 1 << 13;
    /// Columns that one piece of a sum over rows has: a multiple of every vector's lanes.
    private static final int COLUMNS = 64;
    /// Rows that the blocks of a Gram product in one piece of work run over, all together.
    private static final int GRAM_GRAIN = 1 << 15;
    private static final Reals NO_BIAS = new Reals(null, 0);

    private final Workers workers;
    private final Gemm gemm;
    private final Map<Heads, lowland.cpu.Attention> attentions = new HashMap<>();

    private record Heads(int heads, int keyHeads, int width, boolean causal, int longest, int span) {}

    Binding(Workers workers, Gemm gemm) {
        this.workers = workers;
        this.gemm = gemm;
    }

    /// Products that make one sum, see [ProductSums].
    Bound sum(List<Operands> products) {
        return new Products(products, gemm);
    }

    /// Two products that read the same matrix, see [ProductsBeside].
    Bound beside(Operands one, Operands other) {
        Products first = new Products(List.of(one), gemm);
        Products second = new Products(List.of(other), gemm);
        return () -> {
            first.begin();
            gemm.beside();
            second.run();
        };
    }

    /// The operation of an instruction; null for a guard, which computes nothing.
    Bound bind(Operation operation, Operands o) {
        return switch (operation) {
            case Guard _ -> null;
            case Product _ -> sum(List.of(o));
            case Add add -> add.y().type() == ElementType.REAL ? add(add, o) : addDoubles(add, o);
            case Multiply multiply -> multiply.y().type() == ElementType.REAL ? multiply(multiply, o) : multiplyDoubles(multiply, o);
            case Divide divide -> divide(divide, o);
            case RowNorms norms -> rowNorms(norms, o);
            case Gaussian gaussian -> gaussian(gaussian, o);
            case Scale scale -> scale.y().type() == ElementType.REAL ? scale(scale, o) : scaleDoubles(scale, o);
            case Fill fill -> fill.y().type() == ElementType.REAL ? fill(fill, o) : fillDoubles(fill, o);
            case Gather gather -> gather(gather, o);
            case ScatterAdd scatter -> scatter(scatter, o);
            case ColumnSum sum -> columnSum(sum, o);
            case lowland.program.operation.LayerNorm norm -> layerNorm(norm, o);
            case LayerNormBackward backward -> layerNormBackward(backward, o);
            case LayerNormParameters parameters -> layerNormParameters(parameters, o);
            case Gelu gelu -> gelu(gelu, o);
            case GeluBackward backward -> geluBackward(backward, o);
            case Tanh tanh -> tanh(tanh, o);
            case TanhBackward backward -> tanhBackward(backward, o);
            case Relu relu -> relu(relu, o);
            case ReluBackward backward -> reluBackward(backward, o);
            case lowland.program.operation.Attention attention -> attention(attention, o);
            case AttentionBackward backward -> attentionBackward(backward, o);
            case Dropout dropout -> dropout(dropout, o);
            case SegmentMean mean -> segmentMean(mean, o);
            case SegmentSpread spread -> segmentSpread(spread, o);
            case CrossEntropy loss -> crossEntropy(loss, o);
            case CrossEntropyBackward backward -> crossEntropyBackward(backward, o);
            case SquaredError error -> squaredError(error, o);
            case SquaredErrorBackward backward -> squaredErrorBackward(backward, o);
            case Sum sum -> sum(sum, o);
            case SquaredNorm norm -> squaredNorm(norm, o);
            case Gram gram -> gram(gram, o);
            case Constant constant -> constant(constant, o);
            case Scalar scalar -> scalar(scalar, o);
            case SmallProduct product -> smallProduct(product, o);
            case Inner inner -> inner(inner, o);
            case PseudoInverse inverse -> pseudoInverse(inverse, o);
            case ToReal toReal -> toReal(toReal, o);
            case AdamW adamW -> adamW(adamW, o);
            case SgdMomentum sgd -> sgd(sgd, o);
        };
    }

    // ---- element by element ----

    private Bound elementwise(Value y, Operands o, Chunked.Range range) {
        return new Chunked(workers, o.size(y), GRAIN, range);
    }

    private Bound add(Add add, Operands o) {
        Reals a = o.reals(add.a());
        Reals b = o.reals(add.b());
        Reals y = o.reals(add.y());
        return elementwise(add.y(), o, (from, to, _) ->
                Elementwise.add(a.array, a.at + from, b.array, b.at + from, y.array, y.at + from, to - from));
    }

    private Bound multiply(Multiply multiply, Operands o) {
        Reals a = o.reals(multiply.a());
        Reals b = o.reals(multiply.b());
        Reals y = o.reals(multiply.y());
        return elementwise(multiply.y(), o, (from, to, _) ->
                Elementwise.multiply(a.array, a.at + from, b.array, b.at + from, y.array, y.at + from, to - from));
    }

    private Bound divide(Divide divide, Operands o) {
        Reals a = o.reals(divide.a());
        Reals b = o.reals(divide.b());
        Reals y = o.reals(divide.y());
        return elementwise(divide.y(), o, (from, to, _) -> {
            for (int i = from; i < to; i++) {
                y.array[y.at + i] = a.array[a.at + i] / b.array[b.at + i];
            }
        });
    }

    private Bound rowNorms(RowNorms norms, Operands o) {
        Reals w = o.reals(norms.w());
        Reals b = o.reals(norms.b());
        Reals x = o.reals(norms.x());
        Reals y = o.reals(norms.y());
        int n = norms.b().shape().fixed(0);
        int r = norms.b().shape().fixed(1);
        return elementwise(norms.y(), o, (from, to, _) -> {
            for (int i = from; i < to; i++) {
                double sum = w.array[w.at + i];
                for (int k = 0; k < r; k++) {
                    sum += (double) b.array[b.at + i * r + k] * x.array[x.at + k * n + i];
                }
                y.array[y.at + i] = (float) Math.sqrt(sum);
            }
        });
    }

    private Bound gaussian(Gaussian gaussian, Operands o) {
        Ints halves = o.ints(gaussian.key());
        Reals y = o.reals(gaussian.y());
        int layer = o.layer();
        return elementwise(gaussian.y(), o, (from, to, _) -> {
            long elements = Gaussian.elements(Mask.key(halves.array), gaussian.tensor(), layer);
            for (int i = from; i < to; i++) {
                y.array[y.at + i] = (float) CounterRandom.gaussian(CounterRandom.child(elements, i));
            }
        });
    }

    private Bound scale(Scale scale, Operands o) {
        Reals x = o.reals(scale.x());
        Doubles factor = o.doubles(scale.factor());
        Reals y = o.reals(scale.y());
        return elementwise(scale.y(), o, (from, to, _) ->
                Elementwise.scale((float) factor.scalar(), x.array, x.at + from, y.array, y.at + from, to - from));
    }

    private Bound fill(Fill fill, Operands o) {
        Doubles scalar = o.doubles(fill.scalar());
        Reals y = o.reals(fill.y());
        return elementwise(fill.y(), o, (from, to, _) -> Arrays.fill(y.array, y.at + from, y.at + to, (float) scalar.scalar()));
    }

    private Bound gelu(Gelu gelu, Operands o) {
        Reals x = o.reals(gelu.x());
        Reals y = o.reals(gelu.y());
        return elementwise(gelu.y(), o, switch (gelu.form()) {
            case ERF -> (from, to, _) -> Activations.geluErf(x.array, x.at + from, y.array, y.at + from, to - from);
            case TANH -> (from, to, _) -> Activations.geluTanh(x.array, x.at + from, y.array, y.at + from, to - from);
        });
    }

    private Bound geluBackward(GeluBackward backward, Operands o) {
        Reals x = o.reals(backward.x());
        Reals g = o.reals(backward.g());
        Reals dx = o.reals(backward.dx());
        return elementwise(backward.dx(), o, switch (backward.form()) {
            case ERF -> (from, to, _) -> Activations.geluErfBackward(x.array, x.at + from, g.array, g.at + from,
                    dx.array, dx.at + from, to - from);
            case TANH -> (from, to, _) -> Activations.geluTanhBackward(x.array, x.at + from, g.array, g.at + from,
                    dx.array, dx.at + from, to - from);
        });
    }

    private Bound tanh(Tanh tanh, Operands o) {
        Reals x = o.reals(tanh.x());
        Reals y = o.reals(tanh.y());
        return elementwise(tanh.y(), o, (from, to, _) -> Activations.tanh(x.array, x.at + from, y.array, y.at + from, to - from));
    }

    private Bound tanhBackward(TanhBackward backward, Operands o) {
        Reals y = o.reals(backward.y());
        Reals g = o.reals(backward.g());
        Reals dx = o.reals(backward.dx());
        return elementwise(backward.dx(), o, (from, to, _) ->
                Activations.tanhBackward(y.array, y.at + from, g.array, g.at + from, dx.array, dx.at + from, to - from));
    }

    private Bound relu(Relu relu, Operands o) {
        Reals x = o.reals(relu.x());
        Reals y = o.reals(relu.y());
        return elementwise(relu.y(), o, (from, to, _) -> Activations.relu(x.array, x.at + from, y.array, y.at + from, to - from));
    }

    private Bound reluBackward(ReluBackward backward, Operands o) {
        Reals y = o.reals(backward.y());
        Reals g = o.reals(backward.g());
        Reals dx = o.reals(backward.dx());
        return elementwise(backward.dx(), o, (from, to, _) ->
                Activations.reluBackward(y.array, y.at + from, g.array, g.at + from, dx.array, dx.at + from, to - from));
    }

    private Bound adamW(AdamW adamW, Operands o) {
        Reals p = o.reals(adamW.p());
        Reals gradient = o.reals(adamW.gradient());
        Reals m = o.reals(adamW.m());
        Reals v = o.reals(adamW.v());
        Reals nextP = o.reals(adamW.nextP());
        Reals nextM = o.reals(adamW.nextM());
        Reals nextV = o.reals(adamW.nextV());
        Doubles scale = o.doubles(adamW.scale());
        Doubles rate = o.doubles(adamW.learningRate());
        Doubles correction1 = o.doubles(adamW.correction1());
        Doubles correction2 = o.doubles(adamW.correction2());
        Descents.Coefficients now = new Descents.Coefficients();
        Bound update = elementwise(adamW.nextP(), o, (from, to, _) ->
                Descents.adamW(now, adamW.constants(), p, gradient, m, v, nextP, nextM, nextV, from, to));
        return () -> {
            now.set(scale.scalar(), rate.scalar(), correction1.scalar(), correction2.scalar());
            update.run();
        };
    }

    private Bound sgd(SgdMomentum sgd, Operands o) {
        Reals p = o.reals(sgd.p());
        Reals gradient = o.reals(sgd.gradient());
        Reals u = o.reals(sgd.u());
        Reals nextP = o.reals(sgd.nextP());
        Reals nextU = o.reals(sgd.nextU());
        Doubles scale = o.doubles(sgd.scale());
        Doubles rate = o.doubles(sgd.learningRate());
        Descents.Coefficients now = new Descents.Coefficients();
        Bound update = elementwise(sgd.nextP(), o, (from, to, _) -> Descents.sgd(now, sgd, p, gradient, u, nextP, nextU, from, to));
        return () -> {
            now.set(scale.scalar(), rate.scalar(), 1, 1);
            update.run();
        };
    }

    // ---- row by row ----

    /// Work on rows of a value, in pieces of about [#GRAIN] elements.
    private Bound rows(Value y, Operands o, Chunked.Range range) {
        return new Chunked(workers, o.axis(y, 0), Math.max(1, GRAIN / y.shape().fixed(1)), range);
    }

    /// Work on the columns of a value, in pieces of [#COLUMNS].
    private Bound columns(Value y, int axis, Operands o, Chunked.Range range) {
        return new Chunked(workers, o.axis(y, axis), COLUMNS, range);
    }

    private Bound gather(Gather gather, Operands o) {
        Reals table = o.reals(gather.table());
        Size rows = o.axis(gather.table(), 0);
        Ints indices = o.ints(gather.indices());
        Reals y = o.reals(gather.y());
        int channels = gather.y().shape().fixed(1);
        return rows(gather.y(), o, (from, to, _) ->
                Rows.gather(table.array, table.at, rows.get(), channels, indices.array, 0, y.array, y.at, from, to));
    }

    private Bound scatter(ScatterAdd scatter, Operands o) {
        Reals x = o.reals(scatter.x());
        Ints indices = o.ints(scatter.indices());
        Reals addend = o.reals(scatter.addend());
        Reals y = o.reals(scatter.y());
        Size tokens = o.axis(scatter.x(), 0);
        Size rows = o.axis(scatter.y(), 0);
        int channels = scatter.y().shape().fixed(1);
        Bound add = columns(scatter.y(), 1, o, (from, to, _) -> Rows.scatterAdd(x.array, x.at, indices.array, 0, tokens.get(),
                y.array, y.at, rows.get(), channels, from, to));
        return () -> {
            if (!addend.is(y)) {
                System.arraycopy(addend.array, addend.at, y.array, y.at, rows.get() * channels);
            }
            add.run();
        };
    }

    private Bound columnSum(ColumnSum sum, Operands o) {
        Reals x = o.reals(sum.x());
        Reals addend = sum.addend() == null ? null : o.reals(sum.addend());
        Reals y = o.reals(sum.y());
        Size rows = o.axis(sum.x(), 0);
        int channels = sum.x().shape().fixed(1);
        return columns(sum.y(), 0, o, (from, to, _) -> {
            if (addend == null) {
                Arrays.fill(y.array, y.at + from, y.at + to, 0f);
            } else if (!addend.is(y)) {
                System.arraycopy(addend.array, addend.at + from, y.array, y.at + from, to - from);
            }
            Elementwise.addColumnSums(x.array, x.at, channels, rows.get(), from, to, y.array, y.at);
        });
    }

    private Bound layerNorm(lowland.program.operation.LayerNorm norm, Operands o) {
        Reals x = o.reals(norm.x());
        Reals gamma = o.reals(norm.gamma());
        Reals beta = o.reals(norm.beta());
        Reals y = o.reals(norm.y());
        int channels = norm.y().shape().fixed(1);
        float epsilon = (float) norm.epsilon();
        return rows(norm.y(), o, (from, to, _) -> LayerNorm.forward(x.array, x.at, gamma.array, gamma.at, beta.array, beta.at, epsilon,
                y.array, y.at, channels, from, to));
    }

    private Bound layerNormBackward(LayerNormBackward backward, Operands o) {
        Reals x = o.reals(backward.x());
        Reals gamma = o.reals(backward.gamma());
        Reals g = o.reals(backward.g());
        Reals dx = o.reals(backward.dx());
        int channels = backward.dx().shape().fixed(1);
        float epsilon = (float) backward.epsilon();
        return rows(backward.dx(), o, (from, to, _) -> LayerNorm.backward(x.array, x.at, gamma.array, gamma.at, epsilon, g.array, g.at,
                dx.array, dx.at, channels, from, to));
    }

    private Bound layerNormParameters(LayerNormParameters parameters, Operands o) {
        Reals x = o.reals(parameters.x());
        Reals g = o.reals(parameters.g());
        Reals dGamma = o.reals(parameters.dGamma());
        Reals dBeta = o.reals(parameters.dBeta());
        Size tokens = o.axis(parameters.x(), 0);
        int channels = parameters.x().shape().fixed(1);
        float epsilon = (float) parameters.epsilon();
        float[] statistics = new float[2 * (o.most(parameters.x()) / channels)];
        Bound measure = rows(parameters.x(), o, (from, to, _) ->
                LayerNorm.statistics(x.array, x.at, epsilon, channels, from, to, statistics, 0));
        Bound sums = columns(parameters.dGamma(), 0, o, (from, to, _) -> {
            Arrays.fill(dGamma.array, dGamma.at + from, dGamma.at + to, 0f);
            Arrays.fill(dBeta.array, dBeta.at + from, dBeta.at + to, 0f);
            LayerNorm.addParameterGradients(x.array, x.at, statistics, 0, g.array, g.at, channels, tokens.get(), from, to,
                    dGamma.array, dGamma.at, dBeta.array, dBeta.at);
        });
        return () -> {
            measure.run();
            sums.run();
        };
    }

    private Bound dropout(Dropout dropout, Operands o) {
        Reals x = o.reals(dropout.x());
        Reals y = o.reals(dropout.y());
        Ints sequences = o.ints(dropout.sequences());
        Ints positions = o.ints(dropout.positions());
        Masked mask = new Masked(dropout.mask(), o);
        int channels = dropout.y().shape().fixed(1);
        long[] rowKeys = new long[o.most(dropout.y()) / channels];
        return rows(dropout.y(), o, (from, to, _) -> {
            long key = mask.key();
            for (int i = from; i < to; i++) {
                rowKeys[i] = CounterRandom.child(CounterRandom.child(key, sequences.array[i]), positions.array[i]);
            }
            DropoutMask.apply(x.array, x.at, rowKeys, 0, mask.threshold(), mask.kept(), y.array, y.at, channels, from, to);
        });
    }

    /// A mask at one layer.
    private static final class Masked {
        private final Ints halves;
        private final int site;
        private final int layer;
        private final long threshold;
        private final float kept;

        /// @param mask null drops nothing
        Masked(Mask mask, Operands o) {
            halves = mask == null ? null : o.ints(mask.key());
            site = mask == null ? 0 : mask.site();
            layer = o.layer();
            threshold = mask == null ? 0 : CounterRandom.dropThreshold(mask.probability());
            kept = mask == null ? 1 : (float) (1 / (1 - mask.probability()));
        }

        /// The key of all sequences of this run.
        long key() {
            return halves == null ? 0 : CounterRandom.child(CounterRandom.child(Mask.key(halves.array), site), layer);
        }

        long threshold() {
            return threshold;
        }

        float kept() {
            return kept;
        }
    }

    // ---- sequence by sequence ----

    private lowland.cpu.Attention kernel(lowland.program.operation.Attention attention, Operands o) {
        int width = attention.q().shape().fixed(1) / attention.heads();
        int longest = o.most(attention.k()) / attention.k().shape().fixed(1);
        int span = attention.bias() == null ? 0 : attention.span();
        return attentions.computeIfAbsent(new Heads(attention.heads(), attention.keyHeads(), width, attention.causal(), longest, span),
                h -> new lowland.cpu.Attention(workers, h.heads(), h.keyHeads(), h.width(), h.causal(),
                        (float) (1 / Math.sqrt(h.width())), h.longest(), h.span()));
    }

    private Bound attention(lowland.program.operation.Attention attention, Operands o) {
        lowland.cpu.Attention kernel = kernel(attention, o);
        Reals q = o.reals(attention.q());
        Reals k = o.reals(attention.k());
        Reals v = o.reals(attention.v());
        Reals y = o.reals(attention.y());
        Ints queryStarts = o.ints(attention.queryStarts());
        Ints keyStarts = o.ints(attention.keyStarts());
        Size starts = o.axis(attention.queryStarts(), 0);
        Masked mask = new Masked(attention.mask(), o);
        Reals bias = attention.bias() == null ? NO_BIAS : o.reals(attention.bias());
        return () -> {
            kernel.bias(bias.array, bias.at, null, 0);
            kernel.forward(q.array, q.at, k.array, k.at, v.array, v.at, queryStarts.array, keyStarts.array, starts.get() - 1,
                    mask.key(), mask.threshold(), mask.kept(), y.array, y.at);
        };
    }

    private Bound attentionBackward(AttentionBackward backward, Operands o) {
        lowland.program.operation.Attention forward = backward.forward();
        lowland.cpu.Attention kernel = kernel(forward, o);
        Reals q = o.reals(forward.q());
        Reals k = o.reals(forward.k());
        Reals v = o.reals(forward.v());
        Reals g = o.reals(backward.g());
        Reals dq = o.reals(backward.dq());
        Reals dk = o.reals(backward.dk());
        Reals dv = o.reals(backward.dv());
        Ints queryStarts = o.ints(forward.queryStarts());
        Ints keyStarts = o.ints(forward.keyStarts());
        Size starts = o.axis(forward.queryStarts(), 0);
        Masked mask = new Masked(forward.mask(), o);
        Reals bias = forward.bias() == null ? NO_BIAS : o.reals(forward.bias());
        Reals dBias = backward.dBias() == null ? NO_BIAS : o.reals(backward.dBias());
        if (backward.dBias() != null) {
            kernel.plan(o.most(forward.queryStarts()) - 1);
        }
        return () -> {
            kernel.bias(bias.array, bias.at, dBias.array, dBias.at);
            kernel.backward(q.array, q.at, k.array, k.at, v.array, v.at, queryStarts.array, keyStarts.array, starts.get() - 1,
                    mask.key(), mask.threshold(), mask.kept(), g.array, g.at, dq.array, dq.at, dk.array, dk.at, dv.array, dv.at);
        };
    }

    private Bound segmentMean(SegmentMean mean, Operands o) {
        Reals x = o.reals(mean.x());
        Reals y = o.reals(mean.y());
        Ints starts = o.ints(mean.starts());
        int channels = mean.y().shape().fixed(1);
        return rows(mean.y(), o, (from, to, _) -> Rows.means(x.array, x.at, starts.array, 0, channels, y.array, y.at, from, to));
    }

    private Bound segmentSpread(SegmentSpread spread, Operands o) {
        Reals g = o.reals(spread.g());
        Reals dx = o.reals(spread.dx());
        Ints starts = o.ints(spread.starts());
        int channels = spread.g().shape().fixed(1);
        return rows(spread.g(), o, (from, to, _) ->
                Rows.meansBackward(g.array, g.at, starts.array, 0, channels, dx.array, dx.at, from, to));
    }

    // ---- losses: one short row a sequence ----

    private Bound crossEntropy(CrossEntropy loss, Operands o) {
        Reals logits = o.reals(loss.logits());
        Ints labels = o.ints(loss.labels());
        Reals losses = o.reals(loss.losses());
        Size rows = o.axis(loss.losses(), 0);
        int classes = loss.logits().shape().fixed(1);
        float[] work = new float[classes];
        float smoothing = (float) loss.smoothing();
        return () -> Losses.crossEntropy(logits.array, logits.at, labels.array, 0, smoothing, losses.array, losses.at, classes,
                0, rows.get(), work, 0);
    }

    private Bound crossEntropyBackward(CrossEntropyBackward backward, Operands o) {
        Reals logits = o.reals(backward.logits());
        Ints labels = o.ints(backward.labels());
        Reals g = o.reals(backward.g());
        Reals dLogits = o.reals(backward.dLogits());
        Size rows = o.axis(backward.g(), 0);
        int classes = backward.logits().shape().fixed(1);
        float smoothing = (float) backward.smoothing();
        return () -> Losses.crossEntropyBackward(logits.array, logits.at, labels.array, 0, smoothing, g.array, g.at,
                dLogits.array, dLogits.at, classes, 0, rows.get());
    }

    private Bound squaredError(SquaredError error, Operands o) {
        Reals predictions = o.reals(error.predictions());
        Reals targets = o.reals(error.targets());
        Reals losses = o.reals(error.losses());
        Size rows = o.axis(error.losses(), 0);
        return () -> Losses.squaredError(predictions.array, predictions.at, targets.array, targets.at, losses.array, losses.at,
                0, rows.get());
    }

    private Bound squaredErrorBackward(SquaredErrorBackward backward, Operands o) {
        Reals predictions = o.reals(backward.predictions());
        Reals targets = o.reals(backward.targets());
        Reals g = o.reals(backward.g());
        Reals dPredictions = o.reals(backward.dPredictions());
        Size rows = o.axis(backward.g(), 0);
        return () -> Losses.squaredErrorBackward(predictions.array, predictions.at, targets.array, targets.at, g.array, g.at,
                dPredictions.array, dPredictions.at, 0, rows.get());
    }

    // ---- sums in double ----

    private Bound sum(Sum sum, Operands o) {
        Reals x = o.reals(sum.x());
        Size size = o.size(sum.x());
        return new Reduction(workers, size, o.most(sum.x()), 1, (chunk, partials, at) -> {
            int from = chunk * DoubleSums.CHUNK;
            int to = Math.min(size.get(), from + DoubleSums.CHUNK);
            double total = 0;
            for (int i = from; i < to; i++) {
                total += x.array[x.at + i];
            }
            partials[at] = total;
        }, o.doubles(sum.y()));
    }

    private Bound squaredNorm(SquaredNorm norm, Operands o) {
        Reals x = o.reals(norm.x());
        Size size = o.size(norm.x());
        return new Reduction(workers, size, o.most(norm.x()), 1,
                (chunk, partials, at) -> partials[at] = DoubleSums.squaredNorm(x.array, x.at, size.get(), chunk), o.doubles(norm.y()));
    }

    private Bound gram(Gram gram, Operands o) {
        Reals a = o.reals(gram.a());
        Reals b = o.reals(gram.b());
        Doubles y = o.doubles(gram.y());
        int p = gram.y().shape().fixed(0);
        int q = gram.y().shape().fixed(1);
        Size length = o.axis(gram.a(), gram.axis());
        int blocks = GramProducts.blocks(p, q);
        int grain = Math.max(1, GRAM_GRAIN * p / o.most(gram.a()));
        return gram.axis() == 0
                ? new Chunked(workers, Size.of(blocks), grain, (from, to, _) -> GramProducts.ofColumns(
                        a.array, a.at, p, b.array, b.at, q, length.get(), from, to, y.array(), y.at()))
                : new Chunked(workers, Size.of(blocks), grain, (from, to, _) -> GramProducts.ofRows(
                        a.array, a.at, p, b.array, b.at, q, length.get(), from, to, y.array(), y.at()));
    }

    // ---- small matrices and scalars: plain double on the caller's thread ----

    private Bound constant(Constant constant, Operands o) {
        Doubles y = o.doubles(constant.y());
        return () -> y.set(constant.value());
    }

    private Bound scalar(Scalar scalar, Operands o) {
        Doubles a = o.doubles(scalar.a());
        Doubles b = scalar.inputs().size() == 1 ? a : o.doubles(scalar.b());
        Doubles y = o.doubles(scalar.y());
        return () -> y.set(scalar.kind().of(a.scalar(), b.scalar()));
    }

    private Bound addDoubles(Add add, Operands o) {
        Doubles a = o.doubles(add.a());
        Doubles b = o.doubles(add.b());
        Doubles y = o.doubles(add.y());
        Size size = o.size(add.y());
        return () -> {
            for (int i = 0; i < size.get(); i++) {
                y.array()[y.at() + i] = a.array()[a.at() + i] + b.array()[b.at() + i];
            }
        };
    }

    private Bound multiplyDoubles(Multiply multiply, Operands o) {
        Doubles a = o.doubles(multiply.a());
        Doubles b = o.doubles(multiply.b());
        Doubles y = o.doubles(multiply.y());
        Size size = o.size(multiply.y());
        return () -> {
            for (int i = 0; i < size.get(); i++) {
                y.array()[y.at() + i] = a.array()[a.at() + i] * b.array()[b.at() + i];
            }
        };
    }

    private Bound scaleDoubles(Scale scale, Operands o) {
        Doubles x = o.doubles(scale.x());
        Doubles factor = o.doubles(scale.factor());
        Doubles y = o.doubles(scale.y());
        Size size = o.size(scale.y());
        return () -> {
            double by = factor.scalar();
            for (int i = 0; i < size.get(); i++) {
                y.array()[y.at() + i] = by * x.array()[x.at() + i];
            }
        };
    }

    private Bound fillDoubles(Fill fill, Operands o) {
        Doubles scalar = o.doubles(fill.scalar());
        Doubles y = o.doubles(fill.y());
        Size size = o.size(fill.y());
        return () -> Arrays.fill(y.array(), y.at(), y.at() + size.get(), scalar.scalar());
    }

    private Bound smallProduct(SmallProduct product, Operands o) {
        Doubles a = o.doubles(product.a());
        Doubles b = o.doubles(product.b());
        Doubles y = o.doubles(product.y());
        int rows = product.y().shape().fixed(0);
        int columns = product.y().shape().fixed(1);
        int depth = product.a().shape().fixed(1);
        return () -> {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    double sum = 0;
                    for (int k = 0; k < depth; k++) {
                        sum += a.array()[a.at() + i * depth + k] * b.array()[b.at() + k * columns + j];
                    }
                    y.array()[y.at() + i * columns + j] = sum;
                }
            }
        };
    }

    private Bound inner(Inner inner, Operands o) {
        Doubles a = o.doubles(inner.a());
        Doubles b = o.doubles(inner.b());
        Doubles y = o.doubles(inner.y());
        Size size = o.size(inner.a());
        return () -> {
            double sum = 0;
            for (int i = 0; i < size.get(); i++) {
                sum += a.array()[a.at() + i] * b.array()[b.at() + i];
            }
            y.set(sum);
        };
    }

    private Bound pseudoInverse(PseudoInverse inverse, Operands o) {
        Doubles x = o.doubles(inverse.x());
        Doubles y = o.doubles(inverse.y());
        Doubles root = o.doubles(inverse.root());
        int r = inverse.x().shape().fixed(0);
        double[] a = new double[r * r];
        double[] vectors = new double[r * r];
        double[] result = new double[r * r];
        double[] rootResult = new double[r * r];
        return () -> {
            System.arraycopy(x.array(), x.at(), a, 0, r * r);
            PseudoInverse.of(a, r, vectors, result, rootResult);
            System.arraycopy(result, 0, y.array(), y.at(), r * r);
            System.arraycopy(rootResult, 0, root.array(), root.at(), r * r);
        };
    }

    private Bound toReal(ToReal toReal, Operands o) {
        Doubles x = o.doubles(toReal.x());
        Reals y = o.reals(toReal.y());
        Size size = o.size(toReal.y());
        return () -> {
            for (int i = 0; i < size.get(); i++) {
                y.array[y.at + i] = (float) x.array()[x.at() + i];
            }
        };
    }
}
