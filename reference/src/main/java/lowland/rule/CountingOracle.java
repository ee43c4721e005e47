package lowland.rule;

/// An oracle that counts how often it is asked: the cost of a rule.
public final class CountingOracle implements GradientOracle {

    private final GradientOracle oracle;
    private int evaluations;

    public CountingOracle(GradientOracle oracle) {
        this.oracle = oracle;
    }

    @Override
    public Gradients at(Trainables trainables) {
        evaluations++;
        return oracle.at(trainables);
    }

    /// Gradient evaluations so far.
    public int evaluations() {
        return evaluations;
    }
}
