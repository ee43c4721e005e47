package lowland.tornado;

import java.util.ArrayList;
import java.util.List;
import lowland.program.ElementType;
import lowland.program.Extent;
import lowland.program.Shape;
import lowland.program.Unrolling.Instruction;
import lowland.program.Value;
import lowland.program.operation.*;
import lowland.random.CounterRandom;
import uk.ac.manchester.tornado.api.KernelContext;

/// Chooses the kernels of an operation.
final class Binding {
    static final KernelContext C = new KernelContext();

    private final Layout layout;
    private final Rows rows;
    private final Sizes sizes;
    private final MatrixProduct product;

    Binding(Layout layout, Rows rows, Sizes sizes, MatrixProduct product) {
        this.layout = layout;
        this.rows = rows;
        this.sizes = sizes;
        this.product = product;
    }

    /// The tasks of an operation, one behind the other.
    List<Task> bind(Site site) {
        return switch (site.operation()) {
            case Add o -> List.of(add(site, o));
            case Multiply o -> List.of(multiply(site, o));
            case Divide o -> List.of(divide(site, o));
            case Scale o -> List.of(scale(site, o));
            case Fill o -> List.of(fill(site, o.scalar(), o.y()));
            case Constant o -> List.of(constant(site, o));
            case ToReal o -> List.of(toReal(site, o));
            case Tanh o -> List.of(tanh(site, o));
            case TanhBackward o -> List.of(tanhBackward(site, o));
            case Relu o -> List.of(relu(site, o));
            case ReluBackward o -> List.of(reluBackward(site, o));
            case Gelu o -> List.of(gelu(site, o));
            case GeluBackward o -> List.of(geluBackward(site, o));
            case Dropout o -> List.of(dropout(site, o));
            case Gaussian o -> List.of(gaussian(site, o));
            case AdamW o -> List.of(adamW(site, o));
            case SgdMomentum o -> List.of(sgd(site, o));
            case Product o -> product.tasks(site, o, sizes);
            case ColumnSum o -> List.of(columnSum(site, o));
            case LayerNorm o -> List.of(layerNorm(site, o));
            case LayerNormBackward o -> List.of(layerNormBackward(site, o));
            case LayerNormParameters o -> layerNormParameters(site, o);
            case RowNorms o -> List.of(rowNorms(site, o));
            case Gather o -> List.of(gather(site, o));
            case ScatterAdd o -> List.of(scatterAdd(site, o));
            case SegmentMean o -> List.of(segmentMean(site, o));
            case SegmentSpread o -> List.of(segmentSpread(site, o));
            case CrossEntropy o -> List.of(crossEntropy(site, o));
            case CrossEntropyBackward o -> List.of(crossEntropyBackward(site, o));
            case SquaredError o -> List.of(squaredError(site, o));
            case SquaredErrorBackward o -> List.of(squaredErrorBackward(site, o));
            case lowland.program.operation.Attention o -> List.of(attention(site, o));
            case AttentionBackward o -> attentionBackward(site, o);
            case Gram o -> List.of(gram(site, o));
            case SmallProduct o -> List.of(smallProduct(site, o));
            case Inner o -> List.of(inner(site, o));
            case Sum o -> total(site, o.x(), o.y(), 0);
            case SquaredNorm o -> total(site, o.x(), o.y(), 1);
            case PseudoInverse o -> List.of(pseudoInverse(site, o));
            case Scalar _ -> List.of(scalars(List.of(site)));
            case Guard _ -> throw new IllegalStateException("a guard is asked by the host");
        };
    }

    private int size(Value value) {
        return sizes.place(value.shape());
    }

    private int axis(Value value, int axis) {
        return sizes.place(value.shape().extent(axis));
    }

    private int most(Value value) {
        return sizes.most(value.shape());
    }

    private int most(Value value, int axis) {
        return sizes.most(value.shape().extent(axis));
    }

    private Task add(Site site, Add o) {
        int at = site.row(o.a(), o.b(), o.y());
        int size = size(o.y());
        return o.y().type() == ElementType.REAL
                ? Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelAdd, C, b.control, b.table, b.work, at, size))
                : Task.elements(most(o.y()), (g, t, b) -> g.task(t, SmallMatrices::kernelAddDouble, C, b.control, b.table, b.small, at,
                        size));
    }

    private Task multiply(Site site, Multiply o) {
        int at = site.row(o.a(), o.b(), o.y());
        int size = size(o.y());
        return o.y().type() == ElementType.REAL
                ? Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelMultiply, C, b.control, b.table, b.work, at, size))
                : Task.elements(most(o.y()),
                        (g, t, b) -> g.task(t, SmallMatrices::kernelMultiplyDouble, C, b.control, b.table, b.small, at, size));
    }

    private Task divide(Site site, Divide o) {
        int at = site.row(o.a(), o.b(), o.y());
        int size = size(o.y());
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelDivide, C, b.control, b.table, b.work, at, size));
    }

    private Task scale(Site site, Scale o) {
        int at = site.row(o.x(), o.factor(), o.y());
        int size = size(o.y());
        return o.y().type() == ElementType.REAL
                ? Task.elements(most(o.y()),
                        (g, t, b) -> g.task(t, Elementwise::kernelScale, C, b.control, b.table, b.work, b.small, at, size))
                : Task.elements(most(o.y()), (g, t, b) -> g.task(t, SmallMatrices::kernelScaleDouble, C, b.control, b.table, b.small, at,
                        size));
    }

    private Task fill(Site site, Value scalar, Value y) {
        int at = site.row(scalar, y);
        int size = size(y);
        return y.type() == ElementType.REAL
                ? Task.elements(most(y), (g, t, b) -> g.task(t, Elementwise::kernelFillReal, C, b.control, b.table, b.small, b.work, at,
                        size))
                : Task.elements(most(y), (g, t, b) -> g.task(t, SmallMatrices::kernelFillDouble, C, b.control, b.table, b.small, at, size));
    }

    /// A constant that becomes a state: all others are uploaded once.
    private Task constant(Site site, Constant o) {
        int at = site.row(o.y());
        return Task.one((g, t, b) -> g.task(t, SmallMatrices::kernelConstant, C, b.control, b.table, b.small, at, o.value()));
    }

    private Task toReal(Site site, ToReal o) {
        int at = site.row(o.x(), o.y());
        int size = size(o.y());
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelToReal, C, b.control, b.table, b.small, b.work, at,
                size));
    }

    private Task tanh(Site site, Tanh o) {
        int at = site.row(o.x(), o.y());
        int size = size(o.y());
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelTanh, C, b.control, b.table, b.work, at, size));
    }

    private Task tanhBackward(Site site, TanhBackward o) {
        int at = site.row(o.y(), o.g(), o.dx());
        int size = size(o.dx());
        return Task.elements(most(o.dx()), (g, t, b) -> g.task(t, Elementwise::kernelTanhBackward, C, b.control, b.table, b.work, at,
                size));
    }

    private Task relu(Site site, Relu o) {
        int at = site.row(o.x(), o.y());
        int size = size(o.y());
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelRelu, C, b.control, b.table, b.work, at, size));
    }

    private Task reluBackward(Site site, ReluBackward o) {
        int at = site.row(o.y(), o.g(), o.dx());
        int size = size(o.dx());
        return Task.elements(most(o.dx()), (g, t, b) -> g.task(t, Elementwise::kernelReluBackward, C, b.control, b.table, b.work, at,
                size));
    }

    private Task gelu(Site site, Gelu o) {
        int at = site.row(o.x(), o.y());
        int size = size(o.y());
        return Task.elements(most(o.y()), switch (o.form()) {
            case ERF -> (g, t, b) -> g.task(t, Elementwise::kernelGeluErf, C, b.control, b.table, b.work, at, size);
            case TANH -> (g, t, b) -> g.task(t, Elementwise::kernelGeluTanh, C, b.control, b.table, b.work, at, size);
        });
    }

    private Task geluBackward(Site site, GeluBackward o) {
        int at = site.row(o.x(), o.g(), o.dx());
        int size = size(o.dx());
        return Task.elements(most(o.dx()), switch (o.form()) {
            case ERF -> (g, t, b) -> g.task(t, Elementwise::kernelGeluErfBackward, C, b.control, b.table, b.work, at, size);
            case TANH -> (g, t, b) -> g.task(t, Elementwise::kernelGeluTanhBackward, C, b.control, b.table, b.work, at, size);
        });
    }

    private Task dropout(Site site, Dropout o) {
        int at = site.row(o.x(), o.sequences(), o.positions(), o.mask().key(), o.y());
        int size = size(o.y());
        int columns = axis(o.x(), 1);
        Mask mask = o.mask();
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelDropout, C, b.control, b.table, b.work, b.ints, at,
                size,
                columns, mask.site(), CounterRandom.dropThreshold(mask.probability()), kept(mask)));
    }

    private static float kept(Mask mask) {
        return (float) (1 / (1 - mask.probability()));
    }

    private Task gaussian(Site site, Gaussian o) {
        int at = site.row(new Value[] {o.key(), o.y()}, layer -> Mask.halves(Gaussian.hash(o.tensor(), layer)));
        int size = size(o.y());
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Elementwise::kernelGaussian, C, b.control, b.table, b.ints, b.work, at,
                size));
    }

    private Task adamW(Site site, AdamW o) {
        int at = site.row(o.p(), o.gradient(), o.m(), o.v(), o.scale(), o.learningRate(), o.correction1(), o.correction2(), o.nextP(),
                o.nextM(), o.nextV());
        int size = size(o.p());
        AdamW.Constants k = o.constants();
        return Task.elements(most(o.p()), (g, t, b) -> g.task(t, Elementwise::kernelAdamW, C, b.control, b.table, b.work, b.small, at, size,
                (float) k.beta1(), (float) (1 - k.beta1()), (float) k.beta2(), (float) (1 - k.beta2()), (float) k.epsilon(),
                (float) k.weightDecay()));
    }

    private Task sgd(Site site, SgdMomentum o) {
        int at = site.row(o.p(), o.gradient(), o.u(), o.scale(), o.learningRate(), o.nextP(), o.nextU());
        int size = size(o.p());
        return Task.elements(most(o.p()), (g, t, b) -> g.task(t, Elementwise::kernelSgd, C, b.control, b.table, b.work, b.small, at, size,
                (float) o.momentum(), (float) o.weightDecay()));
    }

    private Task columnSum(Site site, ColumnSum o) {
        int at = site.row(o.x(), o.y(), o.addend());
        int rowsAt = axis(o.x(), 0);
        int columnsAt = axis(o.x(), 1);
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Products::kernelColumnSum, C, b.control, b.table, b.work, at, rowsAt,
                columnsAt, o.addend() == null ? 0 : 1));
    }

    private Task layerNorm(Site site, LayerNorm o) {
        int at = site.row(o.x(), o.gamma(), o.beta(), o.y());
        int rowsAt = axis(o.x(), 0);
        int columnsAt = axis(o.x(), 1);
        int gamma = site.buffer(o.gamma());
        int beta = site.buffer(o.beta());
        return Task.rows(most(o.x(), 0), (g, t, b) -> g.task(t, Norms::kernelLayerNorm, C, b.control, b.table, b.reals(gamma),
                b.reals(beta),
                b.work, at, rowsAt, columnsAt, (float) o.epsilon()));
    }

    private Task layerNormBackward(Site site, LayerNormBackward o) {
        int at = site.row(o.x(), o.gamma(), o.g(), o.dx());
        int rowsAt = axis(o.x(), 0);
        int columnsAt = axis(o.x(), 1);
        int gamma = site.buffer(o.gamma());
        return Task.rows(most(o.x(), 0), (g, t, b) -> g.task(t, Norms::kernelLayerNormBackward, C, b.control, b.table, b.reals(gamma),
                b.work, at, rowsAt, columnsAt, (float) o.epsilon()));
    }

    private List<Task> layerNormParameters(Site site, LayerNormParameters o) {
        int at = site.row(new Value[] {o.x(), o.g(), o.dGamma(), o.dBeta()}, layout.realScratch());
        int rowsAt = axis(o.x(), 0);
        int columnsAt = axis(o.x(), 1);
        return List.of(
                Task.rows(most(o.x(), 0), (g, t, b) -> g.task(t, Norms::kernelRowStatistics, C, b.control, b.table, b.work, at, rowsAt,
                        columnsAt, (float) o.epsilon())),
                Task.elements(most(o.x(), 1), (g, t, b) -> g.task(t, Norms::kernelLayerNormParameters, C, b.control, b.table, b.work, at,
                        rowsAt, columnsAt)));
    }

    private Task rowNorms(Site site, RowNorms o) {
        int at = site.row(o.w(), o.b(), o.x(), o.y());
        int rowsAt = axis(o.b(), 0);
        int rankAt = axis(o.b(), 1);
        return Task.rows(most(o.y()), (g, t, b) -> g.task(t, Norms::kernelRowNorms, C, b.control, b.table, b.work, at, rowsAt, rankAt));
    }

    private Task gather(Site site, Gather o) {
        int at = site.row(o.table(), o.indices(), o.y());
        int size = size(o.y());
        int columnsAt = axis(o.y(), 1);
        int from = site.buffer(o.table());
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Tables::kernelGather, C, b.control, b.table, b.reals(from), b.ints, b.work,
                at, size, columnsAt));
    }

    private Task scatterAdd(Site site, ScatterAdd o) {
        int at = site.row(o.x(), o.indices(), o.addend(), o.y());
        int size = size(o.y());
        int rowsAt = axis(o.x(), 0);
        int columnsAt = axis(o.y(), 1);
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Tables::kernelScatterAdd, C, b.control, b.table, b.work, b.ints, at, size,
                rowsAt, columnsAt));
    }

    private Task segmentMean(Site site, SegmentMean o) {
        int at = site.row(o.x(), o.starts(), o.y());
        int size = size(o.y());
        int columnsAt = axis(o.y(), 1);
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, Tables::kernelSegmentMean, C, b.control, b.table, b.work, b.ints, at, size,
                columnsAt));
    }

    private Task segmentSpread(Site site, SegmentSpread o) {
        int at = site.row(o.g(), o.starts(), o.dx());
        int size = size(o.g());
        int columnsAt = axis(o.g(), 1);
        return Task.elements(most(o.g()), (g, t, b) -> g.task(t, Tables::kernelSegmentSpread, C, b.control, b.table, b.work, b.ints, at,
                size, columnsAt));
    }

    private Task crossEntropy(Site site, CrossEntropy o) {
        int at = site.row(o.logits(), o.labels(), o.losses());
        int rowsAt = axis(o.logits(), 0);
        int classesAt = axis(o.logits(), 1);
        return Task.rows(most(o.losses()), (g, t, b) -> g.task(t, Losses::kernelCrossEntropy, C, b.control, b.table, b.work, b.ints, at,
                rowsAt, classesAt, (float) (1 - o.smoothing()), (float) o.smoothing()));
    }

    private Task crossEntropyBackward(Site site, CrossEntropyBackward o) {
        int at = site.row(o.logits(), o.labels(), o.g(), o.dLogits());
        int rowsAt = axis(o.logits(), 0);
        int classesAt = axis(o.logits(), 1);
        double other = o.smoothing() / o.logits().shape().fixed(1);
        return Task.rows(most(o.g()), (g, t, b) -> g.task(t, Losses::kernelCrossEntropyBackward, C, b.control, b.table, b.work, b.ints, at,
                rowsAt, classesAt, (float) (1 - o.smoothing() + other), (float) other));
    }

    private Task squaredError(Site site, SquaredError o) {
        int at = site.row(o.predictions(), o.targets(), o.losses());
        int rowsAt = size(o.losses());
        return Task.elements(most(o.losses()), (g, t, b) -> g.task(t, Losses::kernelSquaredError, C, b.control, b.table, b.work, at,
                rowsAt));
    }

    private Task squaredErrorBackward(Site site, SquaredErrorBackward o) {
        int at = site.row(o.predictions(), o.targets(), o.g(), o.dPredictions());
        int rowsAt = size(o.g());
        return Task.elements(most(o.g()),
                (g, t, b) -> g.task(t, Losses::kernelSquaredErrorBackward, C, b.control, b.table, b.work, at, rowsAt));
    }

    /// What all kernels of one attention are told.
    private record Heads(int heads, int keyHeads, int width, int causal, int span, int site, long threshold, float kept, float scale) {
        static Heads of(lowland.program.operation.Attention o) {
            int width = o.q().shape().fixed(1) / o.heads();
            return new Heads(o.heads(), o.keyHeads(), width, o.causal() ? 1 : 0, o.bias() == null ? -1 : o.span(),
                    o.mask() == null ? 0 : o.mask().site(), o.mask() == null ? -1 : CounterRandom.dropThreshold(o.mask().probability()),
                    o.mask() == null ? 1 : Binding.kept(o.mask()), (float) (1 / Math.sqrt(width)));
        }
    }

    private Task attention(Site site, lowland.program.operation.Attention o) {
        int at = site.row(o.q(), o.k(), o.v(), o.queryStarts(), o.keyStarts(), o.mask() == null ? null : o.mask().key(), o.bias(), o.y());
        int rowsAt = axis(o.q(), 0);
        Heads h = Heads.of(o);
        return Task.rows(most(o.q(), 0) * h.heads(), (g, t, b) -> g.task(t, Attention::kernelAttention, C, b.control, b.table, b.work,
                b.ints,
                at, rowsAt, h.heads(), h.keyHeads(), h.width(), h.causal(), h.span(), h.site(), h.threshold(), h.kept(), h.scale()));
    }

    private List<Task> attentionBackward(Site site, AttentionBackward o) {
        lowland.program.operation.Attention f = o.forward();
        int at = site.row(new Value[] {f.q(), f.k(), f.v(), f.queryStarts(), f.keyStarts(), f.mask() == null ? null : f.mask().key(),
                f.bias(),
            o.g(), o.dq(), o.dk(), o.dv(), o.dBias()}, layout.realScratch());
        int queriesAt = axis(f.q(), 0);
        int keysAt = axis(f.k(), 0);
        int startsAt = axis(f.queryStarts(), 0);
        Heads h = Heads.of(f);
        List<Task> tasks = new ArrayList<>();
        tasks.add(Task.rows(most(f.q(), 0) * h.heads(), (g, t, b) -> g.task(t, Attention::kernelAttentionQueries, C, b.control, b.table,
                b.work, b.ints, at, queriesAt, h.heads(), h.keyHeads(), h.width(), h.causal(), h.span(), h.site(), h.threshold(), h.kept(),
                h.scale())));
        tasks.add(Task.rows(most(f.k(), 0) * h.keyHeads(), (g, t, b) -> g.task(t, Attention::kernelAttentionKeys, C, b.control, b.table,
                b.work, b.ints, at, keysAt, h.heads(), h.keyHeads(), h.width(), h.causal(), h.span(), h.site(), h.threshold(), h.kept(),
                h.scale())));
        if (o.dBias() != null) {
            tasks.add(Task.rows(most(o.dBias()), (g, t, b) -> g.task(t, Attention::kernelAttentionBias, C, b.control, b.table, b.work,
                    b.ints,
                    at, startsAt, h.heads(), h.keyHeads(), h.width(), h.causal(), h.span(), h.site(), h.threshold(), h.kept(), h.scale())));
        }
        return tasks;
    }

    private Task gram(Site site, Gram o) {
        int at = site.row(o.a(), o.b(), o.y());
        int rowsAt = axis(o.y(), 0);
        int columnsAt = axis(o.y(), 1);
        int depthAt = axis(o.a(), o.axis());
        return Task.rows(most(o.y()), (g, t, b) -> g.task(t, SmallMatrices::kernelGram, C, b.control, b.table, b.work, b.small, at, rowsAt,
                columnsAt, depthAt, o.axis()));
    }

    private Task smallProduct(Site site, SmallProduct o) {
        int at = site.row(o.a(), o.b(), o.y());
        int rowsAt = axis(o.y(), 0);
        int columnsAt = axis(o.y(), 1);
        int depthAt = axis(o.a(), 1);
        return Task.elements(most(o.y()), (g, t, b) -> g.task(t, SmallMatrices::kernelSmallProduct, C, b.control, b.table, b.small, at,
                rowsAt,
                columnsAt, depthAt));
    }

    private Task inner(Site site, Inner o) {
        int at = site.row(o.a(), o.b(), o.y());
        int size = size(o.a());
        return Task.one((g, t, b) -> g.task(t, SmallMatrices::kernelInner, C, b.control, b.table, b.small, at, size));
    }

    private List<Task> total(Site site, Value x, Value y, int squared) {
        int at = site.row(new Value[] {x, y}, layout.doubleScratch());
        int size = size(x);
        int parts = Math.min(Layout.PARTS, Math.ceilDiv(most(x), 16));
        return List.of(
                Task.rows(parts, (g, t, b) -> g.task(t, SmallMatrices::kernelPartialSums, C, b.control, b.table, b.work, b.small, at, size,
                        parts, squared)),
                Task.one((g, t, b) -> g.task(t, SmallMatrices::kernelTotal, C, b.control, b.table, b.small, at, parts)));
    }

    private Task pseudoInverse(Site site, PseudoInverse o) {
        int at = site.row(new Value[] {o.x(), o.y(), o.root()}, layout.doubleScratch());
        int rankAt = axis(o.x(), 0);
        return Task.one((g, t, b) -> g.task(t, SmallMatrices::kernelPseudoInverse, C, b.control, b.table, b.small, at, rankAt));
    }

    /// One task for scalar operations that follow one another: a launch each would cost more than all of them.
    Task scalars(List<Site> run) {
        int at = rows.slot();
        for (Site site : run) {
            for (Instruction instruction : site.layers()) {
                int[] row = new int[Row.WIDTH];
                if (instruction != null) {
                    Scalar scalar = (Scalar) instruction.operation();
                    row[0] = 1;
                    row[1] = code(scalar.kind());
                    row[2] = site.offset(instruction, scalar.a());
                    row[3] = scalar.kind() == Scalar.Kind.SQUARE_ROOT ? row[2] : site.offset(instruction, scalar.b());
                    row[4] = site.offset(instruction, scalar.y());
                }
                rows.add(row);
            }
        }
        int count = run.size();
        int stride = run.getFirst().layers().length * Row.WIDTH;
        return Task.one((g, t, b) -> g.task(t, SmallMatrices::kernelScalars, C, b.control, b.table, b.small, at, count, stride));
    }

    private static int code(Scalar.Kind kind) {
        return switch (kind) {
            case ADD -> SmallMatrices.ADD;
            case SUBTRACT -> SmallMatrices.SUBTRACT;
            case MULTIPLY -> SmallMatrices.MULTIPLY;
            case DIVIDE -> SmallMatrices.DIVIDE;
            case MINIMUM -> SmallMatrices.MINIMUM;
            case MAXIMUM -> SmallMatrices.MAXIMUM;
            case DIVIDE_OR_ZERO -> SmallMatrices.DIVIDE_OR_ZERO;
            case SQUARE_ROOT -> SmallMatrices.SQUARE_ROOT;
            case CLIP -> SmallMatrices.CLIP;
            case UNLESS_ZERO -> SmallMatrices.UNLESS_ZERO;
        };
    }
}
